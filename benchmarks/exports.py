"""Where the tables of an export folder are, and what the programs by hand are called with."""

from __future__ import annotations

import sys
from pathlib import Path

# Column → kind; only the columns that the programs by hand need.
COLUMNS = {
    "plans": {
        "ad_id": "int64",
        "lab_ad_type": "str",
        "marketing_scene": "str",
        "smart_bid_type": "str",
        "cpa_bid": "yuan",
        "roi_goal": "str",
    },
    "delivery": {
        "ad_id": "int64",
        "stat_datetime": "ts",
        "stat_cost": "yuan",
        "show_cnt": "int64",
        "click_cnt": "int64",
    },
    "conversions": {
        "ad_id": "int64",
        "billed_at": "ts",
        "converted_at": "ts",
        "received_at": "ts",
        "valid": "bool",
    },
    "operations": {
        "ad_id": "int64",
        "log_id": "str",
        "create_time": "ts",
        "operation": "str",
        "old_value": "str",
        "new_value": "str",
    },
    "verdicts": {"ad_id": "int64", "decided_at": "ts", "verdict": "str"},
    "first_deliveries": {"ad_id": "int64", "first_delivery_at": "ts"},
}


def files(exports: Path, table: str) -> list[str]:
    """The files of a table: `<table>.<format>`, or those in the folder `<table>/`."""
    found = sorted([*exports.glob(f"{table}.*"), *exports.glob(f"{table}/*.*")])
    if not found:
        raise SystemExit(
            f"{exports}: there is no table {table}; expected what `qcg generate` makes"
        )
    return [str(path) for path in found]


def arguments(module: str) -> tuple[Path, str, str]:
    """EXPORTS, AS_OF (YYYY-MM-DD) and OUT from the command line."""
    if len(sys.argv) != 4:
        raise SystemExit(f"usage: python -m benchmarks.{module} EXPORTS AS_OF OUT.parquet")
    exports, as_of, out = sys.argv[1:]
    return Path(exports), as_of, out
