"""Every kind of cell, as text and as Parquet types: read exactly, or refused with a reason.

In the tables below an answer is the value read, or "!reason" where the row is refused. A kind
is checked in one engine call.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis.expr.types import Table

from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.exports.check import checked
from qianchuan_guarantee.exports.find import FileGroup
from qianchuan_guarantee.exports.versions import versions
from qianchuan_guarantee.tables import INPUTS

MISSING, UNPARSABLE, RANGE = "!missing", "!unparsable", "!out_of_range"
DECIMALS, UNKNOWN = "!too_many_decimals", "!unknown_value"
ROUND_THE_CLOCK = datetime(2022, 10, 1, 10)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    engine = DuckDB()
    yield engine
    engine.close()


def read(engine: DuckDB, raw: Table, table: str, column: str) -> list[Any]:
    """The value of each row in order, or "!reason"; a reason must name the column."""
    names = tuple(name for name in raw.columns if not name.startswith("_"))
    rows = checked(raw, INPUTS[table], names).order_by("_row_number")
    # Other values of a row that is not fine mean nothing.
    value = ibis.ifelse(rows._is_fine, rows[column], ibis.null(rows[column].type()))
    found = []
    for row in engine.arrow(rows.select("_is_fine", "_problem", value=value)).to_pylist():
        named, _, reason = (row["_problem"] or "").partition(":")
        assert row["_is_fine"] is (row["_problem"] is None)
        assert named in ("", column)
        found.append(row["value"] if row["_is_fine"] else f"!{reason}")
    return found


def beside(table: str, column: str, rows: int) -> dict[str, list[int]]:
    """No file has one column only: a plan's id stands beside it."""
    return {"ad_id": [1] * rows} if INPUTS[table].has_plan and column != "ad_id" else {}


def read_texts(engine: DuckDB, table: str, column: str, texts: list[str | None]) -> list[Any]:
    count = len(texts)
    columns = {column: pa.array(texts, pa.string()), **beside(table, column, count)}
    raw = engine.table(pa.table({**columns, "_row_number": list(range(count))}))
    return read(engine, raw, table, column)


NUMBERS: dict[str | None, Any] = {
    "５": UNPARSABLE,
    "１２.5": UNPARSABLE,
    "+5": UNPARSABLE,
    "1e3": UNPARSABLE,
    "1E3": UNPARSABLE,
    "1.75E+15": UNPARSABLE,
    "nan": UNPARSABLE,
    "NaN": UNPARSABLE,
    "inf": UNPARSABLE,
    "-inf": UNPARSABLE,
    "Infinity": UNPARSABLE,
    "0x10": UNPARSABLE,
    "1_000": UNPARSABLE,
    "1 000": UNPARSABLE,
    "1.2.3": UNPARSABLE,
    ".": UNPARSABLE,
    ".5": UNPARSABLE,
    "5.": UNPARSABLE,
    "1,00": UNPARSABLE,
    "12,34": UNPARSABLE,
    ",100": UNPARSABLE,
    "1,000,": UNPARSABLE,
    "1000,000": UNPARSABLE,
    "1，000": UNPARSABLE,
    "5元": UNPARSABLE,
    "¥5": UNPARSABLE,
    "true": UNPARSABLE,
    "null": UNPARSABLE,
    "NULL": UNPARSABLE,
    "N/A": UNPARSABLE,
    "-": UNPARSABLE,
    "---": UNPARSABLE,
    "- -": UNPARSABLE,
    "--5": UNPARSABLE,
    "5-": UNPARSABLE,
    "(5)": UNPARSABLE,
    "'5": UNPARSABLE,
    "-5": RANGE,
    "-1,000": RANGE,
    "-0.01": RANGE,
}
BLANKS = ("", " ", "\t", "--", " -- ", "—", " —\t", None)

MONEY: dict[str, dict[str | None, Any]] = {
    # decimal(18, 5), 0 is fine
    "delivery.stat_cost": {
        **NUMBERS,
        **dict.fromkeys(BLANKS, MISSING),
        "0": Decimal("0"),
        "0.00000": Decimal("0"),
        "5": Decimal("5"),
        " 5 ": Decimal("5"),
        "\t5": Decimal("5"),
        "005": Decimal("5"),
        "0.1": Decimal("0.1"),
        "0.00001": Decimal("0.00001"),
        "123.45678": Decimal("123.45678"),
        "1,234.5": Decimal("1234.5"),
        "12,345,678.00001": Decimal("12345678.00001"),
        "1.000000": Decimal("1"),
        "1.1234500000000000000000": Decimal("1.12345"),
        "1.000001": DECIMALS,
        "1.123456": DECIMALS,
        "0.000005": DECIMALS,
        "0.000000000000000000000000000000000000000001": DECIMALS,
        "9999999999999.99999": Decimal("9999999999999.99999"),
        "9,999,999,999,999.99999": Decimal("9999999999999.99999"),
        "10000000000000": RANGE,
        "1234567890123456": RANGE,
        "9" * 40: RANGE,
    },
    # decimal(18, 2), above 0, may be empty
    "plans.cpa_bid": {
        **NUMBERS,
        **dict.fromkeys(BLANKS, None),
        "0.01": Decimal("0.01"),
        "400": Decimal("400"),
        "400.5": Decimal("400.5"),
        "400.10": Decimal("400.1"),
        "400.100": Decimal("400.1"),
        "1,250.00": Decimal("1250"),
        "400.001": DECIMALS,
        "0.001": DECIMALS,
        "0": RANGE,
        "0.00": RANGE,
        "1234567890123456": Decimal("1234567890123456"),
        "9999999999999999.99": Decimal("9999999999999999.99"),
        "10000000000000000": RANGE,
    },
}
COUNTS: dict[str, dict[str | None, Any]] = {
    "delivery.show_cnt": {
        **NUMBERS,
        **dict.fromkeys(BLANKS, MISSING),
        "0": 0,
        "7": 7,
        "007": 7,
        " 7\t": 7,
        "1,234,567": 1234567,
        "7.0": 7,
        "7.000000": 7,
        "7.5": UNPARSABLE,
        "7.0000001": UNPARSABLE,
        "1000000000000000": 10**15,  # a larger one is no count (docs/choices.md)
        "1000000000000001": RANGE,
        "9223372036854775807": RANGE,
        "9223372036854775808": RANGE,
        "18446744073709551616": RANGE,
        "9" * 40: RANGE,
    },
    "delivery.attribution_convert_cnt": {**dict.fromkeys(BLANKS, None), "3": 3, "-1": RANGE},
    "delivery.ad_id": {
        **NUMBERS,
        **dict.fromkeys(BLANKS, MISSING),
        "0": RANGE,
        "1745000000000101": 1745000000000101,
        "9007199254740993": 9007199254740993,  # a float would make it …992
        "1745000000000101.0": 1745000000000101,
        "1745000000000101.5": UNPARSABLE,
        "9223372036854775807": 9223372036854775807,
        "9223372036854775808": RANGE,
    },
}
TIMES: dict[str, dict[str | None, Any]] = {
    "delivery.stat_datetime": {
        **dict.fromkeys(BLANKS, MISSING),
        "2022-10-01 10:00:00": ROUND_THE_CLOCK,
        "2022-10-01T10:00:00": ROUND_THE_CLOCK,
        " 2022-10-01 10:00:00\t": ROUND_THE_CLOCK,
        "2022-10-01 10:00": ROUND_THE_CLOCK,
        "2022-10-01": datetime(2022, 10, 1),
        "2022-10-01 23:59:59": datetime(2022, 10, 1, 23, 59, 59),
        "2022-10-01 10:00:00.5": datetime(2022, 10, 1, 10, 0, 0, 500_000),
        "2022-10-01T10:00:00.123456": datetime(2022, 10, 1, 10, 0, 0, 123_456),
        "2022-10-01 10:00:00.123456000": datetime(2022, 10, 1, 10, 0, 0, 123_456),
        "2022-10-01 10:00:00.1234567": UNPARSABLE,  # nothing is rounded
        "2022-10-01 24:00": datetime(2022, 10, 2),
        "2022-10-01 24:00:00": datetime(2022, 10, 2),
        "2022-10-01T24:00:00.000": datetime(2022, 10, 2),
        "2022-12-31 24:00:00": datetime(2023, 1, 1),
        "2022-10-01 24:00:01": UNPARSABLE,
        "2022-10-01 24:01": UNPARSABLE,
        "2022-10-01 24:00:00.1": UNPARSABLE,
        "2022-10-01 25:00:00": UNPARSABLE,
        "2022-10-01 23:60:00": UNPARSABLE,
        "2022-10-01 23:59:60": UNPARSABLE,
        "2022-02-30 10:00:00": UNPARSABLE,
        "2022-02-29": UNPARSABLE,
        "2024-02-29": datetime(2024, 2, 29),
        "2022-13-01 00:00:00": UNPARSABLE,
        "2022-00-10 00:00:00": UNPARSABLE,
        "2022-10-00": UNPARSABLE,
        "2022-10-1": UNPARSABLE,
        "2022-10-01 9:00:00": UNPARSABLE,
        "22-10-01 10:00:00": UNPARSABLE,
        "2022/10/01 10:00:00": UNPARSABLE,
        "2022/10/01": UNPARSABLE,
        "2022.10.01": UNPARSABLE,
        "01-10-2022": UNPARSABLE,
        "20221001": UNPARSABLE,
        "20221001T100000": UNPARSABLE,
        "10:00:00": UNPARSABLE,
        "2022-10-01 10:00:00 AM": UNPARSABLE,
        "2022-10-01 10:00:00 Asia/Shanghai": UNPARSABLE,
        "2022年10月1日": UNPARSABLE,
        "２０２２-10-01": UNPARSABLE,
        "yesterday": UNPARSABLE,
        "now": UNPARSABLE,
        "today": UNPARSABLE,
        "epoch": UNPARSABLE,
        "1664589600": UNPARSABLE,  # Unix seconds
        "1664589600000": UNPARSABLE,
        "44835.5": UNPARSABLE,  # a spreadsheet's day
        "2022-10-01T02:00:00Z": ROUND_THE_CLOCK,
        "2022-10-01 02:00:00Z": ROUND_THE_CLOCK,
        "2022-10-01T10:00:00+08:00": ROUND_THE_CLOCK,
        "2022-10-01T10:00:00+0800": ROUND_THE_CLOCK,
        "2022-10-01T11:30:00+09:30": ROUND_THE_CLOCK,
        "2022-09-30T20:30:00-05:30": ROUND_THE_CLOCK,
        "2022-10-01T02:00:00.250000Z": datetime(2022, 10, 1, 10, 0, 0, 250_000),
        "2022-10-01T16:00:00Z": datetime(2022, 10, 2),
        "2022-10-01T24:00:00Z": datetime(2022, 10, 2, 8),
        "2022-10-01T00:30:00+09:00": datetime(2022, 9, 30, 23, 30),
        "2022-10-01T10:00:00+25:00": UNPARSABLE,
        "2022-10-01T10:00:00+08:60": UNPARSABLE,
        "2015-12-31 23:59:59": RANGE,
        "2015-12-31 23:59:59.999999": RANGE,
        "2015-12-31 24:00:00": datetime(2016, 1, 1),
        "2016-01-01": datetime(2016, 1, 1),
        "2016-01-01 00:00:00": datetime(2016, 1, 1),
        "2015-12-31T16:00:00Z": datetime(2016, 1, 1),
        "2015-12-31T15:59:59Z": RANGE,
        "2016-01-01T00:00:00+09:00": RANGE,
        "2099-12-31 23:59:59": datetime(2099, 12, 31, 23, 59, 59),
        "2099-12-31 23:59:59.999999": datetime(2099, 12, 31, 23, 59, 59, 999_999),
        "2099-12-31 24:00:00": RANGE,
        "2100-01-01": RANGE,
        "2099-12-31T16:00:00Z": RANGE,
        "1999-10-01 10:00:00": RANGE,
        "9999-12-31 23:59:59": RANGE,
        "9999-12-31 24:00:00": RANGE,
        "0000-00-00 00:00:00": UNPARSABLE,
    },
    "plans.ad_create_time": {**dict.fromkeys(BLANKS, None), "2022-10-01": datetime(2022, 10, 1)},
}
OTHERS: dict[str, dict[str | None, Any]] = {
    "conversions.valid": {
        **dict.fromkeys(BLANKS, True),  # absent: true
        "true": True,
        "TRUE": True,
        "True": True,
        " true ": True,
        "1": True,
        "false": False,
        "FALSE": False,
        "0": False,
        "yes": UNPARSABLE,
        "no": UNPARSABLE,
        "t": UNPARSABLE,
        "2": UNPARSABLE,
        "-1": UNPARSABLE,
        "1.0": UNPARSABLE,
        "是": UNPARSABLE,
    },
    "plans.marketing_scene": {
        **dict.fromkeys(BLANKS, MISSING),
        "FEED": "FEED",
        " SEARCH\t": "SEARCH",
        "SHOPPING_MALL": "SHOPPING_MALL",
        "ALL": "ALL",
        "feed": UNKNOWN,
        "Feed": UNKNOWN,
        "FEED_": UNKNOWN,
        "通投": UNKNOWN,
        "0": UNKNOWN,
        "null": UNKNOWN,
    },
    "plans.lab_ad_type": {"LAB_AD": "LAB_AD", "NOT_LAB_AD": "NOT_LAB_AD", "lab_ad": UNKNOWN},
    "plans.smart_bid_type": {
        "SMART_BID_CUSTOM": "SMART_BID_CUSTOM",
        "SMART_BID_CONSERVATIVE": "SMART_BID_CONSERVATIVE",
        "SMART_BID_NO_BID": UNKNOWN,
    },
    "operations.operation": {
        **{
            name: name
            for name in ("create", "bid", "targeting", "budget", "pause", "enable", "other")
        },
        "Bid": UNKNOWN,
        "delete": UNKNOWN,
        "": MISSING,
    },
    "verdicts.verdict": {"cheating": "cheating", "cleared": "cleared", "CHEATING": UNKNOWN},
    "conversions.conversion_id": {
        **dict.fromkeys(BLANKS, MISSING),
        "c1": "c1",
        " c1 ": "c1",
        "１": "１",
        "0": "0",
        "null": "null",
    },
    "plans.name": {**dict.fromkeys(BLANKS, None), "通投-01": "通投-01", "- -": "- -"},
    "control_totals.dt": {
        **dict.fromkeys(BLANKS, None),
        "2022-10-01": date(2022, 10, 1),
        "2022-02-30": UNPARSABLE,
        "2022/10/01": UNPARSABLE,
        "20221001": UNPARSABLE,
        "yesterday": UNPARSABLE,
    },
}
TEXTS = MONEY | COUNTS | TIMES | OTHERS


@pytest.mark.parametrize("column", TEXTS)
def test_a_text_is_read_exactly_or_refused_with_its_reason(column: str, engine: DuckDB) -> None:
    table, _, name = column.partition(".")
    expected = TEXTS[column]
    found = read_texts(engine, table, name, list(expected))
    assert dict(zip(expected, found, strict=True)) == expected


@pytest.mark.parametrize("text", ["infinity", "-infinity"])
def test_a_time_without_end_is_refused(text: str, engine: DuckDB) -> None:
    assert read_texts(engine, "delivery", "stat_datetime", [text]) == [UNPARSABLE]


def test_the_values_of_bid_rows_are_money_and_those_of_others_are_free(engine: DuckDB) -> None:
    table: list[tuple[str, str | None, str | None, Any]] = [
        ("bid", "10", "12.50", (Decimal("10"), Decimal("12.5"))),
        ("bid", None, "1,250.00", (None, Decimal("1250"))),
        ("bid", "--", "12", (None, Decimal("12"))),
        ("create", None, "12", (None, Decimal("12"))),
        ("bid", "10", "12.001", "new_value:too_many_decimals"),
        ("bid", "10.001", "12", "old_value:too_many_decimals"),
        ("bid", "10", "0", "new_value:out_of_range"),
        ("bid", "-10", "12", "old_value:out_of_range"),
        ("create", None, "twelve", "new_value:unparsable"),
        ("bid", "1e1", "12", "old_value:unparsable"),
        ("budget", "ten", "1e9", (None, None)),
        ("targeting", "-1", "0", (None, None)),
    ]
    columns = ("operation", "old_value", "new_value")
    arrays = {name: [row[number] for row in table] for number, name in enumerate(columns)}
    raw = engine.table(pa.table({**arrays, "_row": list(range(len(table)))}))
    rows = engine.arrow(checked(raw, INPUTS["operations"], columns).order_by("_row")).to_pylist()
    found = [row["_problem"] or (row["old_bid"], row["new_bid"]) for row in rows]
    assert found == [row[3] for row in table]


def test_a_conversion_is_billed_converted_and_received_in_that_order(engine: DuckDB) -> None:
    ten, later, soon = "2022-10-01 10:00:00", "2022-10-01 10:00:01", "2022-10-01 09:59:59"
    table = [
        (ten, ten, ten, None),
        (ten, later, None, None),
        (ten, later, later, None),
        (ten, soon, ten, "converted_at:out_of_range"),
        (ten, later, ten, "received_at:out_of_range"),
        (ten, ten, soon, "received_at:out_of_range"),
        (ten, "2022-10-01T02:00:00Z", ten, None),
    ]
    columns = ("billed_at", "converted_at", "received_at")
    arrays = {name: [row[number] for row in table] for number, name in enumerate(columns)}
    raw = engine.table(pa.table({**arrays, "_row": list(range(len(table)))}))
    rows = engine.arrow(checked(raw, INPUTS["conversions"], columns).order_by("_row")).to_pylist()
    assert [row["_problem"] for row in rows] == [row[3] for row in table]
    assert [row["_is_fine"] for row in rows] == [row[3] is None for row in table]
    assert rows[1]["received_at"] == rows[1]["converted_at"]


def test_a_refused_conversion_is_known_by_the_last_of_its_times_that_can_be_read(
    engine: DuckDB,
) -> None:
    nine, ten, eleven, noon = (datetime(2022, 10, 1, hour) for hour in (9, 10, 11, 12))
    none = None, None
    # Billed, converted, received; when it happened and was known. "x" cannot be read.
    table: list[tuple[Any, Any, Any, tuple[Any, Any]]] = [
        (ten, "x", None, (ten, ten)),
        (ten, "x", "x", (ten, ten)),
        (ten, "x", noon, (ten, noon)),
        (ten, eleven, "x", (ten, eleven)),
        ("x", eleven, None, (None, eleven)),
        ("x", "x", noon, (None, noon)),
        ("x", "x", "x", none),
        # At one instant it may be billed, converted and received.
        (ten, "x", ten, (ten, ten)),
        ("x", ten, ten, (None, ten)),
        (ten, ten, "x", (ten, ten)),
        # Times that contradict each other say nothing.
        (ten, "x", nine, none),
        ("x", eleven, ten, none),
        (ten, nine, "x", none),
        (ten, nine, noon, none),
        (ten, noon, eleven, none),
    ]
    columns = ("billed_at", "converted_at", "received_at")
    texts = {
        name: [None if row[number] is None else str(row[number]) for row in table]
        for number, name in enumerate(columns)
    }
    raw = engine.table(pa.table({**texts, "_row": list(range(len(table)))}))
    rows = engine.arrow(checked(raw, INPUTS["conversions"], columns).order_by("_row")).to_pylist()
    assert not any(row["_is_fine"] for row in rows)
    assert [(row["_happened_at"], row["_known_at"]) for row in rows] == [row[3] for row in table]


@pytest.mark.parametrize(
    ("days", "restated", "is_conflict"),
    [
        # Of two rows of one file nobody says which is right; a later partition corrects a row, and
        # a grant whose logs were corrected waits for a person.
        ([None, None], [None, None], True),
        ([date(2022, 10, 1), date(2022, 10, 2)], [date(2022, 10, 2), None], False),
    ],
)
def test_rows_of_one_file_do_not_correct_each_other(
    days: list[Any], restated: list[Any], is_conflict: bool, engine: DuckDB
) -> None:
    ten = "2022-10-01 10:00:00"
    cells = {"conversion_id": ["c", "c"], "ad_id": ["1", "1"], "valid": ["true", "false"]}
    times = {name: [ten, ten] for name in ("billed_at", "converted_at", "received_at")}
    raw = engine.table(pa.table({**cells, **times, "_dt": pa.array(days, pa.date32())}))
    table = INPUTS["conversions"]
    suspects = versions(engine.view(checked, raw, table, (*cells, *times)), table, engine).suspects
    assert suspects is not None
    rows = engine.arrow(suspects.order_by(suspects.valid.desc())).to_pylist()
    assert [row["restated_on"] for row in rows] == restated
    assert [row["is_conflict"] for row in rows] == [is_conflict] * 2


# --- Parquet types ----------------------------------------------------------------------------

MAX_INT64 = 2**63 - 1
NAN, INF = float("nan"), float("inf")
DAYS = Decimal("44835.50")  # since 1900, as spreadsheets count them
FLOATS = {NAN: UNPARSABLE, INF: UNPARSABLE, -INF: UNPARSABLE, None: MISSING}

# what: (column, Arrow type, {value: answer})
TYPED: dict[str, tuple[str, pa.DataType, dict[Any, Any]]] = {
    "cost as float64": (
        "delivery.stat_cost",
        pa.float64(),
        {
            **FLOATS,
            0.0: Decimal("0"),
            72.0: Decimal("72"),
            0.1: Decimal("0.1"),
            1e-05: Decimal("0.00001"),
            1234567.89: Decimal("1234567.89"),
            999999.99999: Decimal("999999.99999"),
            1e-06: DECIMALS,
            0.1 + 0.2: DECIMALS,
            33.333333: DECIMALS,
            -0.5: RANGE,
            -1e-06: RANGE,  # it is no cost, whatever its decimals
            1e13: RANGE,
            1e17: RANGE,
            1e300: RANGE,
        },
    ),
    "a large cost as float64": (
        "delivery.stat_cost",
        pa.float64(),
        {100000000000.0: Decimal("100000000000"), 9999999999999.0: Decimal("9999999999999")},
    ),
    "cost as float32": (
        "delivery.stat_cost",
        pa.float32(),
        {
            **FLOATS,
            0.0: Decimal("0"),
            72.0: Decimal("72"),
            0.1: Decimal("0.1"),
            1e-05: Decimal("0.00001"),
            12.34: Decimal("12.34"),
            0.000001: DECIMALS,
            -0.5: RANGE,
            1e17: RANGE,
        },
    ),
    "a large cost as float32": (
        "delivery.stat_cost",
        pa.float32(),
        # By its shortest decimal form, whatever the float nearest to it really is.
        {200.5: Decimal("200.5"), 200.1: Decimal("200.1"), 16777216.0: Decimal("16777216")},
    ),
    "a bid as float64": (
        "plans.cpa_bid",
        pa.float64(),
        {
            None: None,
            400.0: Decimal("400"),
            357.14: Decimal("357.14"),
            0.01: Decimal("0.01"),
            400.001: DECIMALS,
            0.0: RANGE,
            -1.0: RANGE,
            NAN: UNPARSABLE,
        },
    ),
    "cost as decimal(20, 6)": (
        "delivery.stat_cost",
        pa.decimal128(20, 6),
        {
            None: MISSING,
            Decimal("1.000000"): Decimal("1"),
            Decimal("1.123450"): Decimal("1.12345"),
            Decimal("1.000001"): DECIMALS,
            Decimal("0.000005"): DECIMALS,
            Decimal("-0.000001"): RANGE,
            Decimal("-1"): RANGE,
            Decimal("9999999999999.99999"): Decimal("9999999999999.99999"),
            Decimal("10000000000000"): RANGE,
        },
    ),
    "cost as decimal(18, 6)": (  # the range is ours, the decimals are not
        "delivery.stat_cost",
        pa.decimal128(18, 6),
        {Decimal("1.000010"): Decimal("1.00001"), Decimal("1.000001"): DECIMALS},
    ),
    "cost as decimal(38, 10)": (
        "delivery.stat_cost",
        pa.decimal128(38, 10),
        {
            Decimal("1.0000000000"): Decimal("1"),
            Decimal("1.00001"): Decimal("1.00001"),
            Decimal("1.0000000001"): DECIMALS,
            Decimal("1e20"): RANGE,
        },
    ),
    "cost as decimal(18, 5)": (
        "delivery.stat_cost",
        pa.decimal128(18, 5),
        {Decimal("1.00001"): Decimal("1.00001"), Decimal("-0.00001"): RANGE, None: MISSING},
    ),
    "cost as decimal(20, 5)": (  # the decimals are ours, the range is not
        "delivery.stat_cost",
        pa.decimal128(20, 5),
        {Decimal("9999999999999.99999"): Decimal("9999999999999.99999"), Decimal("1e13"): RANGE},
    ),
    "cost as decimal(14, 0)": (
        "delivery.stat_cost",
        pa.decimal128(14, 0),
        {Decimal("9999999999999"): Decimal("9999999999999"), Decimal("1e13"): RANGE},
    ),
    "cost as int32": (
        "delivery.stat_cost",
        pa.int32(),
        {72: Decimal("72"), 0: Decimal("0"), -1: RANGE},
    ),
    "cost as int64": (
        "delivery.stat_cost",
        pa.int64(),
        {72: Decimal("72"), 9999999999999: Decimal("9999999999999"), 10**13: RANGE},
    ),
    "cost as text": (
        "delivery.stat_cost",
        pa.string(),
        {"72": Decimal("72"), "1,234.5": Decimal("1234.5"), "--": MISSING, "1.000001": DECIMALS},
    ),
    "cost as a flag": ("delivery.stat_cost", pa.bool_(), {True: UNPARSABLE}),
    "counts as int32": ("delivery.show_cnt", pa.int32(), {0: 0, 7: 7, -1: RANGE, None: MISSING}),
    "counts as uint8": ("delivery.show_cnt", pa.uint8(), {0: 0, 255: 255}),
    "counts as uint64": (
        "delivery.show_cnt",
        pa.uint64(),
        {7: 7, 10**15: 10**15, MAX_INT64: RANGE, MAX_INT64 + 1: RANGE, 2**64 - 1: RANGE},
    ),
    # Nothing stands for what is too large, or too fine, to be read.
    "counts that may be empty as uint64": (
        "delivery.attribution_convert_cnt",
        pa.uint64(),
        {None: None, 7: 7, 2**64 - 1: RANGE},
    ),
    "times that may be empty as nanoseconds": (
        "plans.ad_create_time",
        pa.timestamp("ns"),
        {np.datetime64("2022-10-01T10:00:00.000000001", "ns"): UNPARSABLE},
    ),
    "a bid as decimal(20, 2)": (
        "plans.cpa_bid",
        pa.decimal128(20, 2),
        {None: None, Decimal("400"): Decimal("400"), Decimal("1e16"): RANGE},
    ),
    "counts as float64": (
        "delivery.show_cnt",
        pa.float64(),
        {
            3.0: 3,
            3.5: UNPARSABLE,
            -3.0: RANGE,
            1e15: 10**15,
            2.0**53: RANGE,
            NAN: UNPARSABLE,
            None: MISSING,
        },
    ),
    "counts as float32": (
        "delivery.show_cnt",
        pa.float32(),
        # Above 2**24 such a float may be the one nearest to another number.
        {3.0: 3, 3.5: UNPARSABLE, 16777216.0: 16777216, 16777218.0: UNPARSABLE},
    ),
    "counts as decimal": (
        "delivery.show_cnt",
        pa.decimal128(20, 2),
        {Decimal("3.00"): 3, Decimal("3.50"): UNPARSABLE, Decimal("-3"): RANGE},
    ),
    "counts as days": ("delivery.show_cnt", pa.date32(), {date(2022, 10, 1): UNPARSABLE}),
    "counts as text": ("delivery.show_cnt", pa.string(), {"3": 3, "3.0": 3, "3.5": UNPARSABLE}),
    "counts as a flag": ("delivery.show_cnt", pa.bool_(), {True: UNPARSABLE}),
    "ids as int64": ("delivery.ad_id", pa.int64(), {1: 1, MAX_INT64: MAX_INT64, 0: RANGE}),
    "ids as uint64": (
        "delivery.ad_id",
        pa.uint64(),
        {1: 1, MAX_INT64: MAX_INT64, MAX_INT64 + 1: RANGE, 2**64 - 1: RANGE, None: MISSING},
    ),
    "ids as float64": (
        "delivery.ad_id",
        pa.float64(),
        {
            1745000000000101.0: 1745000000000101,
            2.0**53: 2**53,
            2.0**53 + 2: UNPARSABLE,  # another id may have been meant
            1.5: UNPARSABLE,
            NAN: UNPARSABLE,
        },
    ),
    "ids as decimal": (
        "delivery.ad_id",
        pa.decimal128(20, 0),
        {
            Decimal("1745000000000101"): 1745000000000101,
            Decimal(MAX_INT64): MAX_INT64,
            Decimal(MAX_INT64 + 1): RANGE,
        },
    ),
    "ids as decimal with decimals": (
        "delivery.ad_id",
        pa.decimal128(20, 1),
        {Decimal("17.0"): 17, Decimal("17.5"): UNPARSABLE},
    ),
    "times as date32": (
        "delivery.stat_datetime",
        pa.date32(),
        {date(2022, 10, 1): datetime(2022, 10, 1), date(2015, 12, 31): RANGE, None: MISSING},
    ),
    "times as seconds": (
        "delivery.stat_datetime",
        pa.timestamp("s"),
        {ROUND_THE_CLOCK: ROUND_THE_CLOCK, datetime(2100, 1, 1): RANGE},
    ),
    "times as milliseconds": (
        "delivery.stat_datetime",
        pa.timestamp("ms"),
        {
            ROUND_THE_CLOCK: ROUND_THE_CLOCK,
            datetime(2015, 12, 31, 23, 59, 59, 999_000): RANGE,
            datetime(2016, 1, 1): datetime(2016, 1, 1),
        },
    ),
    "times as microseconds": (
        "delivery.stat_datetime",
        pa.timestamp("us"),
        {
            datetime(2022, 10, 1, 10, 0, 0, 1): datetime(2022, 10, 1, 10, 0, 0, 1),
            datetime(2099, 12, 31, 23, 59, 59, 999_999): datetime(
                2099, 12, 31, 23, 59, 59, 999_999
            ),
            None: MISSING,
        },
    ),
    "times as nanoseconds": (
        "delivery.stat_datetime",
        pa.timestamp("ns"),
        {
            np.datetime64("2022-10-01T10:00:00", "ns"): ROUND_THE_CLOCK,
            np.datetime64("2022-10-01T10:00:00.000001", "ns"): datetime(2022, 10, 1, 10, 0, 0, 1),
            np.datetime64("2022-10-01T10:00:00.000000001", "ns"): UNPARSABLE,
            np.datetime64("2099-12-31T23:59:59.999999999", "ns"): UNPARSABLE,
            np.datetime64("2015-12-31T23:59:59", "ns"): RANGE,
        },
    ),
    "times in UTC": (
        "delivery.stat_datetime",
        pa.timestamp("us", "UTC"),
        {
            datetime(2022, 10, 1, 2): ROUND_THE_CLOCK,
            datetime(2022, 10, 1, 16): datetime(2022, 10, 2),
            datetime(2015, 12, 31, 16): datetime(2016, 1, 1),
            datetime(2015, 12, 31, 15, 59, 59): RANGE,
            datetime(2099, 12, 31, 16): RANGE,
        },
    ),
    "times in Shanghai": (
        "delivery.stat_datetime",
        pa.timestamp("ms", "Asia/Shanghai"),
        {datetime(2022, 10, 1, 2): ROUND_THE_CLOCK},  # Arrow keeps the instant in UTC
    ),
    "times in UTC as nanoseconds": (
        "delivery.stat_datetime",
        pa.timestamp("ns", "UTC"),
        {np.datetime64("2022-10-01T02:00:00", "ns"): ROUND_THE_CLOCK},
    ),
    "times as Unix seconds": ("delivery.stat_datetime", pa.int64(), {1664589600: UNPARSABLE}),
    "times as decimal": ("delivery.stat_datetime", pa.decimal128(18, 2), {DAYS: UNPARSABLE}),
    "times as a spreadsheet's days": (
        "delivery.stat_datetime",
        pa.float64(),
        {44835.5: UNPARSABLE},
    ),
    "times as text": (
        "delivery.stat_datetime",
        pa.string(),
        {"2022-10-01 10:00": ROUND_THE_CLOCK, "2022-02-30": UNPARSABLE},
    ),
    "days as date32": (
        "control_totals.dt",
        pa.date32(),
        {date(2022, 10, 1): date(2022, 10, 1), None: None},
    ),
    "days as times": (
        "control_totals.dt",
        pa.timestamp("us"),
        {datetime(2022, 10, 1): UNPARSABLE, None: None},
    ),
    "days as decimal": ("control_totals.dt", pa.decimal128(18, 2), {DAYS: UNPARSABLE}),
    "flags": ("conversions.valid", pa.bool_(), {True: True, False: False, None: True}),
    "flags as days": ("conversions.valid", pa.date32(), {date(2022, 10, 1): UNPARSABLE}),
    "flags as numbers": ("conversions.valid", pa.float64(), {0.5: UNPARSABLE}),
    "text as int64": (
        "conversions.conversion_id",
        pa.int64(),
        {1745000000000101: "1745000000000101"},
    ),
    "text as decimal": (
        "conversions.conversion_id",
        pa.decimal128(20, 0),
        {Decimal("17450000000001010001"): "17450000000001010001"},
    ),
    "text as days": ("conversions.conversion_id", pa.date32(), {date(2022, 10, 1): UNPARSABLE}),
    "text as float64": ("conversions.conversion_id", pa.float64(), {1.75e15: UNPARSABLE}),
    "choices as a dictionary": (
        "plans.marketing_scene",
        pa.dictionary(pa.int8(), pa.string()),
        {"FEED": "FEED", "feed": UNKNOWN, None: MISSING},
    ),
    "text of large strings": (
        "plans.marketing_scene",
        pa.large_string(),
        {"FEED": "FEED", "feed": UNKNOWN, None: MISSING},
    ),
    "times as date64": (
        "delivery.stat_datetime",
        pa.date64(),
        {date(2022, 10, 1): datetime(2022, 10, 1)},
    ),
}


def array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return pa.array(np.array(values, "datetime64[ns]")).cast(kind)
    if kind == pa.float32():
        return pa.array(values, pa.float64()).cast(kind)
    return pa.array(values, kind)


@pytest.mark.parametrize("what", TYPED)
def test_a_parquet_column_is_read_exactly_or_refused(
    what: str, engine: DuckDB, tmp_path: Path
) -> None:
    column, kind, expected = TYPED[what]
    table, _, name = column.partition(".")
    path = tmp_path / f"{table}.parquet"
    columns = {name: array(list(expected), kind), **beside(table, name, len(expected))}
    pq.write_table(pa.table(columns), path)
    group = FileGroup(table, 0, "parquet", tuple(columns), (str(path),), False)
    found = read(engine, engine.read(group, numbered=True), table, name)
    shown = list(zip(expected, found, strict=True))
    assert shown == list(expected.items())
