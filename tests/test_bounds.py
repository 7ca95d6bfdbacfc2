"""Rows are not asked where a Parquet file's statistics answer for all of them: with or without
statistics, the same rows are refused."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.exports.bounds import answered, bounds
from qianchuan_guarantee.exports.check import checked
from qianchuan_guarantee.exports.find import find
from qianchuan_guarantee.tables import INPUTS

FINE = {
    "ad_id": 1,
    "stat_datetime": datetime(2022, 10, 1),
    "stat_cost": Decimal("1.00000"),
    "show_cnt": 1,
    "click_cnt": 0,
    "attribution_convert_cnt": None,
}
SCHEMA = pa.schema(
    [
        ("ad_id", pa.int64()),
        ("stat_datetime", pa.timestamp("us")),
        ("stat_cost", pa.decimal128(21, 6)),
        ("show_cnt", pa.int64()),
        ("click_cnt", pa.int64()),
        ("attribution_convert_cnt", pa.int64()),
    ]
)
EDGES = {
    "ad_id": [None, 0, 1, -1, 2**63 - 1],
    "stat_datetime": [
        None,
        datetime(2015, 12, 31, 23, 59, 59, 999999),
        datetime(2016, 1, 1),
        datetime(2099, 12, 31, 23, 59, 59, 999999),
        datetime(2100, 1, 1),
    ],
    "stat_cost": [
        None,
        Decimal("-0.000010"),
        Decimal("0.000000"),
        Decimal("9999999999999.999990"),
        Decimal("10000000000000.000000"),
        Decimal("0.000001"),
    ],
    "show_cnt": [None, -1, 0, 10**15, 10**15 + 1],
    "attribution_convert_cnt": [None, -1, 0, 10**15, 10**15 + 1],
}
CASES = [(name, value) for name, values in EDGES.items() for value in values]


def refused(folder: Path) -> list[str]:
    """The problems found in the delivery log."""
    engine = DuckDB()
    group = find(str(folder)).tables["delivery"].groups[0]
    known = answered(group, INPUTS["delivery"])
    rows = checked(engine.read(group), INPUTS["delivery"], group.columns, known)
    found = engine.arrow(rows.filter(~rows._is_fine).select("_problem"))["_problem"].to_pylist()
    engine.close()
    return found


def export(folder: Path, rows: list[dict[str, object]], *, scale: int, statistics: bool) -> Path:
    folder.mkdir()
    schema = SCHEMA.set(2, pa.field("stat_cost", pa.decimal128(15 + scale, scale)))
    table = pa.Table.from_pylist(rows, schema=schema)
    pq.write_table(
        table, folder / "delivery.parquet", row_group_size=2, write_statistics=statistics
    )
    for name in ("plans", "operations"):
        columns = [column.name for column in INPUTS[name].columns]
        (folder / f"{name}.csv").write_text(",".join(columns) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(("name", "value"), CASES)
def test_statistics_change_nothing(name: str, value: object, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{**FINE, "ad_id": n} for n in range(1, 6)]
    rows.insert(3, {**FINE, name: value})
    scale = 6 if name == "stat_cost" else 5
    found = {
        statistics: refused(
            export(tmp_path / str(statistics), rows, scale=scale, statistics=statistics)
        )
        for statistics in (True, False)
    }
    assert found[True] == found[False]


def test_a_file_without_a_doubt_is_not_asked_row_by_row(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{**FINE, "ad_id": n} for n in range(1, 6)]
    folder = export(tmp_path / "fine", rows, scale=5, statistics=True)
    group = find(str(folder)).tables["delivery"].groups[0]
    known = bounds(group, INPUTS["delivery"])
    for column in INPUTS["delivery"].columns:
        if column.name != "attribution_convert_cnt":  # nulls only: nothing is said of it
            assert known[column.name].answers(column), column.name
    assert known["stat_datetime"].least.date() == date(2022, 10, 1)


def test_a_text_file_has_no_statistics(tmp_path: Path) -> None:
    folder = export(tmp_path / "fine", [FINE], scale=5, statistics=True)
    group = find(str(folder)).tables["plans"].groups[0]
    assert group.format == "csv"
    assert answered(group, INPUTS["plans"]) == ()


@pytest.mark.parametrize(
    ("ids", "read"),
    [
        (["c1", "c2"], ["c1", "c2"]),
        # Not words, all of them: so each is looked at.
        ([" c1", "c2"], ["c1", "c2"]),
        (["--", "c2"], [None, "c2"]),
        (["c1", "—"], ["c1", None]),
        # Words, all of them; only a blank at the end is still to be looked for.
        (["c1 ", "c2\t"], ["c1", "c2"]),
    ],
)
def test_ids_are_read_without_their_blanks(
    ids: list[str], read: list[str | None], tmp_path: Path
) -> None:
    times = dict.fromkeys(("billed_at", "converted_at"), [datetime(2022, 10, 1)] * 2)
    rows = pa.table({"conversion_id": ids, "ad_id": [1, 2], **times})
    folder = export(tmp_path / "ids", [FINE], scale=5, statistics=True)
    pq.write_table(rows, folder / "conversions.parquet")
    group = find(str(folder)).tables["conversions"].groups[0]
    known = answered(group, INPUTS["conversions"])
    engine = DuckDB()
    found = checked(engine.read(group), INPUTS["conversions"], group.columns, known)
    ordered = engine.arrow(found.order_by("ad_id").select("conversion_id"))
    assert ordered["conversion_id"].to_pylist() == read
    engine.close()
