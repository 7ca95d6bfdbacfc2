"""`qcg import qianchuan-json`: saved responses become exports that decide as the original does."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from qianchuan_guarantee.explain import explain
from qianchuan_guarantee.generate import Order, generate
from tests.conftest import FIXTURES, Decision, by_plan, changes, decide_folder, decided
from tests.official import Writer, rows_of, write_workbooks
from tests.test_cli import qcg

SLICES = FIXTURES / "slices"
TABLES = ("plans", "delivery", "operations")


def pages_of(folder: Path, out: Path, seed: int) -> Path:
    """An export's tables as saved responses."""
    tables = {name: rows_of(folder / f"{name}.csv") for name in TABLES}
    owners = {row["ad_id"]: row["advertiser_id"] for row in tables["plans"]}
    for row in tables["delivery"]:
        row["advertiser_id"] = owners.get(row["ad_id"])
    Writer(out, seed).write(tables)
    return out


def imported(pages: Path, out: Path, *options: str, code: int = 0) -> dict[str, Any]:
    ran = qcg("import", "qianchuan-json", pages, "-o", out, "--json", *options)
    assert ran.code == code, ran.err
    return json.loads(ran.out) if ran.out else {}


def test_the_slices_come_back_with_their_decisions(tmp_path: Path) -> None:
    pages = pages_of(SLICES, tmp_path / "pages", 7)
    said = imported(pages, tmp_path / "exports")
    assert not said["unrecognised"]
    assert not said["refused"]
    found = by_plan(decide_folder(tmp_path / "exports", date(2022, 10, 12))[0])
    for expected in rows_of(SLICES / "expected.csv"):
        row = found[int(str(expected.pop("ad_id")))]
        assert {name: as_in_csv(row[name]) for name in expected} == expected


def as_in_csv(value: Any) -> str | None:
    if isinstance(value, list):
        return " ".join(value) or None
    return None if value is None else str(value)


def test_generated_exports_come_back_with_the_same_decisions(tmp_path: Path) -> None:
    """Also with every page's totals stated as control totals, and with daily partitions."""
    order = Order(200, days=7, seed=11, format="csv", by_slices=True)
    exports, out = tmp_path / "made", tmp_path / "exports"
    generate(order, exports)
    said = imported(pages_of(exports, tmp_path / "pages", 11), out, "--advertiser", "7")
    assert not said["unrecognised"]
    assert (out / "control_totals.csv").exists()
    for name in ("verdicts", "first_deliveries", "restrictions"):
        if (exports / f"{name}.csv").exists():
            shutil.copy(exports / f"{name}.csv", out)
    before, _ = decide_folder(exports, order.as_of)
    after, counts = decide_folder(out, order.as_of)
    assert len(Counter(row["outcome"] for row in before)) >= 4
    assert counts["delivery"]["quarantined"] == 0
    assert changes(before, without_advertiser(before, after)) == {}


def test_generated_exports_come_back_from_workbooks_row_by_row(tmp_path: Path) -> None:
    """Delivery and plans as a console exports them: dates, hours, commas, Chinese headers."""
    made, out = tmp_path / "made", tmp_path / "exports"
    generate(Order(60, days=7, seed=12, format="csv", by_slices=True), made)
    write_workbooks(made, tmp_path / "books")
    ran = qcg("import", "qianchuan-xlsx", tmp_path / "books", "-o", out, "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["refused"] == []
    for name in ("plans", "delivery"):
        assert typed(out / f"{name}.csv") == typed(made / f"{name}.csv")


def typed(path: Path) -> list[tuple[Any, ...]]:
    return duckdb.sql(f"SELECT * FROM read_csv('{path}') ORDER BY ad_id, 2").fetchall()


def without_advertiser(before: list[Decision], after: list[Decision]) -> list[Decision]:
    """Plans that never were delivered have no report row to say whose they are."""
    owners = {row["ad_id"]: row["advertiser_id"] for row in before}
    return [
        {**row, "advertiser_id": owners[row["ad_id"]]} if row["advertiser_id"] == 7 else row
        for row in after
    ]


def test_explain_says_how_exact_counts_per_slice_are() -> None:
    plans = {
        1745000000000701: "4 slices hold conversions; in 0",
        1745000000000703: "in 1 of them",
        1745000000000709: "in 1 of them",
    }
    with decided(SLICES, date(2022, 10, 12), {"slice_bid": "slice_start"}) as answer:
        for plan, said in plans.items():
            notes = explain(answer, plan, "en").notes
            assert any(said in note for note in notes), notes
