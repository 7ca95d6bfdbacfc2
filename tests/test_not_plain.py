"""Text files that are not plain: mixed line ends, torn and blank lines, half characters, nesting
without end. Each row is found, refused with its own number, or read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from qianchuan_guarantee.cli.main import app
from qianchuan_guarantee.engines.records import records
from qianchuan_guarantee.errors import UserError

HEADER = "ad_id,stat_datetime,stat_cost,show_cnt,click_cnt"
PLAN = 1745000000000000


def fine(number: int) -> str:
    return f"{PLAN + number},2022-10-01 0{number}:00:00,1,1,1"


BAD = f"{PLAN + 9},2022-10-01 09:00:00,1x,1,1"
TORN = f"{PLAN + 8},2022-10-01"

# File → its bytes, and the refused rows by number: their reason.
FILES: dict[str, tuple[str, dict[int, str]]] = {
    "crlf.csv": ("\r\n".join((HEADER, fine(1), TORN, fine(2), "")), {2: "malformed"}),
    "blank.csv": (
        "\n".join((HEADER, fine(3), "", fine(4), TORN, "", BAD, "")),
        {3: "malformed", 4: "unparsable"},
    ),
    "mixed.csv": (f"{HEADER}\r\n{fine(5)}\n{BAD}\r\n", {2: "unparsable"}),
    "bare.csv": (f"{HEADER}\n{fine(6)}\rTORN\n", {2: "malformed"}),
    "many.csv": (f"{HEADER}\n{fine(7)},,,\n{TORN},1,1,1,,x\n", {2: "malformed"}),
    "half.jsonl": (
        '{"ad_id": 1, "stat_datetime": "2022-10-01", "stat_cost": "\\ud800", "show_cnt": 1, '
        '"click_cnt": 1}\n',
        {1: "malformed"},
    ),
    "deep.jsonl": ("[" * 100_000 + "\n", {1: "malformed"}),
    "keys.jsonl": (
        json.dumps(
            {
                "ad_id": PLAN + 9,
                "stat_datetime": "2022-10-01",
                "stat_cost": "1x",
                "show_cnt": 1,
                "click_cnt": 1,
                "": 3,
                "Stat_Cost": 4,
                "_x": 5,
            }
        ),
        {1: "unparsable"},
    ),
}
BYTES = {"torn-utf8.jsonl": b'{"ad_id": 1, "stat_cost": "\xff\xfe"}\n'}


@pytest.fixture(scope="module")
def quarantine(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("not-plain")
    (folder / "delivery").mkdir()
    for name, (text, _) in FILES.items():
        (folder / "delivery" / name).write_bytes(text.encode())
    for name, content in BYTES.items():
        (folder / "delivery" / name).write_bytes(content)
    plan = "ad_id,advertiser_id,lab_ad_type,marketing_scene,smart_bid_type\n"
    rows = [f"{PLAN + n},1,NOT_LAB_AD,FEED,SMART_BID_CUSTOM\n" for n in range(1, 10)]
    (folder / "plans.csv").write_text(plan + "".join(rows), encoding="utf-8")
    operations = "log_id,ad_id,create_time,operation,old_value,new_value\n"
    (folder / "operations.csv").write_text(operations, encoding="utf-8")
    conversions = "conversion_id,ad_id,billed_at,converted_at\n"
    (folder / "conversions.csv").write_text(conversions, encoding="utf-8")
    out = folder / "out" / "decisions.parquet"
    arguments = ["decide", str(folder), "--as-of", "2022-10-20", "-o", str(out), "--json"]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    counts = json.loads(result.stdout)["tables"]["delivery"]
    # Seven fine rows, one of each of the refused ones.
    assert counts["accepted"] == 7
    assert counts["quarantined"] == sum(len(bad) for _, bad in FILES.values()) + len(BYTES)
    found: list[dict[str, Any]] = pq.read_table(out.parent / "quarantine.parquet").to_pylist()
    return found


@pytest.mark.parametrize("name", FILES)
def test_each_refused_row_is_named_by_its_number(
    name: str, quarantine: list[dict[str, Any]]
) -> None:
    found = {
        row["row_number"]: row["reason"] for row in quarantine if row["file"] == f"delivery/{name}"
    }
    assert found == FILES[name][1]


def test_a_line_in_no_encoding_is_malformed(quarantine: list[dict[str, Any]]) -> None:
    (row,) = (row for row in quarantine if row["file"] == "delivery/torn-utf8.jsonl")
    assert (row["row_number"], row["reason"]) == (1, "malformed")


def test_an_open_quote_stops_the_run_and_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "delivery.csv"
    path.write_text(f'{HEADER}\n{fine(1)}\n"{fine(2)}\n{fine(3)}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="line 3: a quote is not closed"):
        list(records(str(path), "csv", HEADER.split(",")))
    for name in ("plans", "operations", "conversions"):
        (tmp_path / f"{name}.csv").write_text("", encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert isinstance(result.exception, UserError)
