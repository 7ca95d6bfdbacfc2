"""Rows are not asked where a Parquet file's statistics answer for all of them: with or without
statistics, the same rows are refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.exports import bounds as reading
from qianchuan_guarantee.exports.bounds import answered, bounds
from qianchuan_guarantee.exports.check import checked
from qianchuan_guarantee.exports.find import FileGroup, find
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


def test_rows_of_which_statistics_say_all_are_accepted(tmp_path: Path) -> None:
    folder = export(tmp_path / "fine", [FINE, FINE], scale=5, statistics=True)
    path = folder / "delivery.parquet"
    pq.write_table(pq.read_table(path).drop_columns("attribution_convert_cnt"), path)
    (folder / "conversions.csv").write_text("conversion_id,ad_id,billed_at,converted_at\n")
    group = find(str(folder)).tables["delivery"].groups[0]
    assert set(answered(group, INPUTS["delivery"])) == set(group.columns)
    assert refused(folder) == []


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


NOON = datetime(2022, 10, 1, 12)
# Column, the type it is stored as, a value beside, and values at the edge of what
# is fine. What a file says of its values need not be said of those that are read.
STORED: list[tuple[str, pa.DataType, Any, list[Any]]] = [
    ("delivery.stat_cost", pa.decimal128(20, 5), "1", ["-0.00001", "0", "9999999999999.99999"]),
    ("delivery.stat_cost", pa.decimal128(20, 5), "1", ["1e13", "10000000000000.00001"]),
    ("delivery.stat_cost", pa.decimal128(21, 6), "1", ["-0.00001", "0.00001", "0.000001"]),
    ("delivery.stat_cost", pa.float64(), 1.0, [-1.0, 0.5, 0.000001, 1e13]),
    ("delivery.stat_cost", pa.timestamp("us"), NOON, [NOON]),
    ("delivery.stat_cost", pa.string(), "1", ["5", "five", "-1"]),
    ("plans.cpa_bid", pa.decimal128(20, 2), "1", ["0.00", "0.01", "9999999999999999.99", "1e16"]),
    ("delivery.ad_id", pa.uint64(), 1, [0, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1]),
    ("delivery.ad_id", pa.decimal128(20, 1), "1.0", ["1.5", "2.0"]),
    ("delivery.show_cnt", pa.uint64(), 1, [0, 10**15, 10**15 + 1]),
    ("delivery.show_cnt", pa.date32(), NOON.date(), [NOON.date()]),
    ("delivery.stat_datetime", pa.int64(), 1664589600, [1664589600]),
    # Years before the first, and after the last that is written with four digits.
    ("delivery.stat_datetime", pa.timestamp("us"), NOON, [-(10**17), 10**18]),
    ("plans.marketing_scene", pa.string(), "FEED", ["SEARCH", "feed", "SEARCH "]),
    ("conversions.valid", pa.int8(), 1, [0, 1]),
    ("conversions.conversion_id", pa.int64(), 1, [-1, 5]),
    ("conversions.conversion_id", pa.string(), "c", ["", "--", "—", " ", "0", "{", "~", "c\t"]),
    ("control_totals.dt", pa.date32(), NOON.date(), [NOON.date()]),
]
EDGES_STORED = [
    pytest.param(column, kind, fine, value, id=f"{column} as {kind}: {value!r}")
    for column, kind, fine, values in STORED
    for value in values
]


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    engine = DuckDB()
    yield engine
    engine.close()


@pytest.mark.parametrize(("column", "kind", "fine", "value"), EDGES_STORED)
def test_a_cell_is_refused_whatever_the_statistics_seem_to_say(
    column: str, kind: pa.DataType, fine: Any, value: Any, engine: DuckDB, tmp_path: Path
) -> None:
    table, _, name = column.partition(".")
    cells = [fine, value, fine]
    if pa.types.is_decimal(kind):
        cells = [Decimal(text) for text in cells]
    columns = {name: pa.array(cells, kind), "a column of theirs": [1, 2, 3]}
    if INPUTS[table].has_plan and name != "ad_id":
        columns["ad_id"] = [1, 2, 3]
    path = tmp_path / f"{table}.parquet"
    pq.write_table(pa.table(columns), path)
    group = FileGroup(table, 0, "parquet", tuple(columns), (str(path),), False)

    def read(known: tuple[str, ...]) -> list[dict[str, Any]]:
        rows = checked(engine.read(group, numbered=True), INPUTS[table], group.columns, known)
        # Other values of a row that is not fine mean nothing.
        value = ibis.ifelse(rows._is_fine, rows[name], ibis.null(rows[name].type()))
        asked = rows.order_by("_row_number").select("_is_fine", "_problem", value=value)
        return engine.arrow(asked).to_pylist()

    assert read(answered(group, INPUTS[table])) == read(())


@pytest.mark.parametrize("left_out", range(3))
def test_statistics_that_leave_something_out_say_nothing(
    left_out: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Any] = ["1", "5", 0]
    said[left_out] = None

    class Reader:
        """Writers may leave out each of them, which those at hand do not."""

        def execute(self, *_: object) -> Reader:
            return self

        def fetchall(self) -> list[tuple[Any, ...]]:
            return [("ad_id", "INT64", *said), ("show_cnt", "INT64", "1", "5", 0)]

    monkeypatch.setattr(reading, "reader", Reader)
    group = FileGroup("delivery", 0, "parquet", ("ad_id", "show_cnt"), ("d.parquet",), False)
    assert answered(group, INPUTS["delivery"]) == ("show_cnt",)
