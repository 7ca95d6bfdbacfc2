"""Every cell read exactly, or refused with a reason: raw rows in, typed rows out, none dropped.

A cell is never rounded, truncated or defaulted on its way in (data.md, "What happens to each
row"). Scales are checked on the text before any cast, because a cast to DECIMAL rounds in
silence. Grain: a row of a file in → the same row out, with its values typed and `_problem`
(`column:reason`, null where the row is accepted).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qianchuan_guarantee.exports.cells import (
    is_always_read,
    is_mostly_plain,
    is_read_whole,
    parsed,
    trimmed,
)
from qianchuan_guarantee.expressions import ibis
from qianchuan_guarantee.tables import EARLIEST, LATEST, MOST, Column, Input

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table, Value


# \z, not $: to Spark, $ also stands before a line break at the end.
def checked_columns(table: Input) -> tuple[Column, ...]:
    """The columns of a checked table: its own, and those derived from them."""
    return (*table.columns, *(_BIDS.values() if table.name == "operations" else ()))


def read_columns(table: Input) -> dict[str, str]:
    """Name and type of the columns that `checked` gives of files, in order."""
    return {
        "_file": "string",
        "_dt": "date",
        **{column.name: column.type_name for column in checked_columns(table)},
        "_is_fine": "boolean",
        "_problem": "string",
        "_ad_id": "int64",
        "_happened_at": "timestamp(6)",
        "_known_at": "timestamp(6)",
    }


def checked(raw: Table, table: Input, names: Sequence[str], answered: Sequence[str] = ()) -> Table:
    """Typed rows of `table` from rows as they stand in files that have the columns `names`;
    cells of the columns `answered` are known to be fine (`exports.bounds`).

    Columns out: those of the table and what is derived from them (`old_bid`, `new_bid`, yuan,
    for operations); what `raw` brings with a leading underscore; `_is_fine`, `_problem`
    (`column:reason`, null where fine); and what can be read of a refused row: `_ad_id`,
    `_happened_at`, `_known_at`. Other values of a row that is not fine mean nothing.
    """
    carried = [name for name in raw.columns if name.startswith("_")]
    present = {c.name: c for c in table.columns if c.name in names}
    known = {
        name
        for name, column in present.items()
        # Statistics speak of the values that are read where these are read as they are.
        if name in answered and is_read_whole(raw[name].type(), column)
    }
    rows = raw.select(
        *carried,
        **{
            f"{name}__raw": raw[name]
            if is_mostly_plain(raw[name].type(), column)
            else trimmed(raw[name], name in known)
            for name, column in present.items()
        },
    )
    if table.name == "operations":
        rows = _with_bid_texts(rows)
        present |= _BIDS
    rows = parsed(rows, present)
    tests = {name: _tests(rows, name, column) for name, column in present.items()}
    values: dict[str, Value] = {
        column.name: rows[f"{column.name}__value"]
        if column.name in present
        else ibis.null(column.type_name)
        for column in checked_columns(table)
    }

    # What can be read of a refused row: asked of often, so written once.
    asked = {"ad_id": "int64", table.happened_at: "timestamp(6)", table.known_by: "timestamp(6)"}
    if table.name == "conversions":
        asked |= dict.fromkeys(_CONVERSION_TIMES, "timestamp(6)")
    rows = rows.mutate(
        **{
            f"{name}__readable": ibis.ifelse(_any(tests[name]), ibis.null(kind), values[name])
            for name, kind in asked.items()
            if name in present
        }
    )

    def readable(name: str | None, kind: str) -> Value:
        """The value of a cell that was not refused."""
        return rows[f"{name}__readable"] if name in present else ibis.null(kind)

    happened_at = readable(table.happened_at, "timestamp(6)")
    known_at = readable(table.known_by, "timestamp(6)")
    order = []
    if table.name == "conversions":
        times = [readable(name, "timestamp(6)") for name in _CONVERSION_TIMES]
        happened_at, known_at = _known_of_refused(times)
        values["received_at"] = values["received_at"].fill_null(values["converted_at"])
        values["valid"] = values["valid"].fill_null(True)
        order = _times_in_order([values[name] for name in _CONVERSION_TIMES])

    every_test = [*(test for some in tests.values() for test in some), *order]
    passes = [
        test
        for name, column in present.items()
        if name not in known
        for test in _passes(rows, name, column)
    ]
    passes += [~test.fill_null(False) for test, _ in order]
    return rows.select(
        *carried,
        **values,
        _is_fine=ibis.and_(*passes) if passes else ibis.literal(True),
        _problem=ibis.cases(*every_test, else_=ibis.null("string")),
        _ad_id=readable("ad_id", "int64"),
        _happened_at=happened_at,
        _known_at=known_at,
    )


def _any(tests: Sequence[tuple[BooleanValue, Value]]) -> BooleanValue:
    return ibis.or_(*(test.fill_null(False) for test, _ in tests))


# The values of `create` and `bid` rows are money; other operations' values are free text.
_BIDS = {
    name: Column(name, "money", "yuan", "元", required=False, positive=True)
    for name in ("old_bid", "new_bid")
}
_SOURCE = {"old_bid": "old_value", "new_bid": "new_value"}


def _with_bid_texts(rows: Table) -> Table:
    is_bid = rows.operation__raw.isin(("create", "bid"))

    def text(name: str) -> Value:
        source = f"{_SOURCE[name]}__raw"
        if source not in rows.columns:
            return ibis.null("string")
        return ibis.ifelse(is_bid, rows[source].cast("string"), ibis.null("string"))

    return rows.mutate(**{f"{name}__raw": text(name) for name in _BIDS})


def _tests(rows: Table, name: str, column: Column) -> list[tuple[BooleanValue, Value]]:
    """What refuses a cell: each test with the `column:reason` it gives, the first that holds."""
    raw, value, unread = (rows[f"{name}__{part}"] for part in ("raw", "value", "unread"))
    source = _SOURCE.get(name, name)
    tests: list[tuple[BooleanValue, Value]] = []
    if column.required:
        tests.append((raw.isnull(), ibis.literal(f"{source}:missing")))
    if not is_always_read(raw.type(), column):
        tests.append((unread.notnull(), ibis.literal(f"{source}:") + unread))
    if column.choices:
        tests.append((~value.isin(column.choices), ibis.literal(f"{source}:unknown_value")))
    out_of_range = ibis.literal(f"{source}:out_of_range")
    if column.kind == "instant":
        tests.append((value < ibis.literal(EARLIEST), out_of_range))
        tests.append((value >= ibis.literal(LATEST), out_of_range))
    if column.kind in ("id", "count", "money"):
        zero = ibis.literal(0, type="int64")
        tests.append((value <= zero if column.positive else value < zero, out_of_range))
    if column.kind == "count":
        tests.append((value > MOST, out_of_range))
    return tests


def _passes(rows: Table, name: str, column: Column) -> list[BooleanValue]:
    """The tests said the other way round: a row is fine if all of these hold, and never null.
    An engine need not look at those that the statistics of a file answer."""
    raw, value, unread = (rows[f"{name}__{part}"] for part in ("raw", "value", "unread"))
    tests: list[BooleanValue] = []
    if column.choices:
        tests.append(value.isin(column.choices))
    if column.kind == "instant":
        tests += [value >= ibis.literal(EARLIEST), value < ibis.literal(LATEST)]
    if column.kind in ("id", "count", "money"):
        zero = ibis.literal(0, type="int64")
        tests.append(value > zero if column.positive else value >= zero)
    if column.kind == "count":
        tests.append(value <= MOST)
    if column.required:
        tests.insert(0, value.notnull())
    else:
        tests = [value.isnull() | test for test in tests]
    read_whole = column.required and is_read_whole(raw.type(), column)
    if not (read_whole or is_always_read(raw.type(), column)):
        tests.append(unread.isnull())
    return tests


_CONVERSION_TIMES = ("billed_at", "converted_at", "received_at")


def _times_in_order(times: Sequence[Value]) -> list[tuple[BooleanValue, Value]]:
    """A conversion is billed, converted and received in that order."""
    billed, converted, received = times
    return [
        (converted < billed, ibis.literal("converted_at:out_of_range")),
        (received < converted, ibis.literal("received_at:out_of_range")),
    ]


def _known_of_refused(times: Sequence[Value]) -> tuple[Value, Value]:
    """When a conversion happened and was known, by those of its times that can be read: it was
    received no earlier than the last of them. Times that contradict each other say nothing."""
    billed, converted, received = times
    is_contradicted = _any([*_times_in_order(times), (received < billed, ibis.literal(""))])
    known_at = ibis.coalesce(received, converted, billed)
    nothing = ibis.null("timestamp(6)")
    return tuple(ibis.ifelse(is_contradicted, nothing, at) for at in (billed, known_at))
