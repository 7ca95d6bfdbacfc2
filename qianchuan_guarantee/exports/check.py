"""Every cell read exactly, or refused with a reason: raw rows in, typed rows out, none dropped.

A cell is never rounded, truncated or defaulted on its way in (data.md, "What happens to each
row"). Scales are checked on the text before any cast, because a cast to DECIMAL rounds in
silence. Grain: a row of a file in → the same row out, with its values typed and `_problem`
(`column:reason`, null where the row is accepted).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.datatypes as dt

from qianchuan_guarantee.tables import EARLIEST, LATEST, MOST, Column, Input

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, StringValue, Table, TimestampValue, Value

NULL_MARKS = ("", "--", "—")
# \z, not $: to Spark, $ also stands before a line break at the end.
_WHOLE = r"^([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.0+)?\z"
_NUMBER = r"^([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?\z"
_NEGATIVE = r"^-[0-9][0-9,]*(\.[0-9]+)?\z"
_OFFSET = r"(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)"
_CLOCK = r"[ T]([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6}0*)?)?"
_MIDNIGHT_24 = r"[ T]24:00(:00(\.0+)?)?"
_INSTANT = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(({_CLOCK}|{_MIDNIGHT_24}){_OFFSET}?)?\z"
_PLAIN_FLOAT = r"^-?[0-9]+(\.[0-9]+)?\z"
_SHANGHAI_MINUTES = 8 * 60  # Asia/Shanghai is UTC+8 throughout the accepted range of times
_EXACT_FLOAT = {"float32": 2**24, "float64": 2**53}  # beyond these, binary floats skip integers


def checked_columns(table: Input) -> tuple[Column, ...]:
    """The columns of a checked table: its own, and those derived from them."""
    return (*table.columns, *(_BIDS.values() if table.name == "operations" else ()))


def checked(raw: Table, table: Input, names: tuple[str, ...]) -> Table:
    """Typed rows of `table` from rows as they stand in files that have the columns `names`.

    Columns out: those of the table and what is derived from them (`old_bid`, `new_bid`, yuan,
    for operations); what `raw` brings with a leading underscore; `_is_fine`, `_problem`
    (`column:reason`, null where fine); and what can be read of a refused row: `_ad_id`,
    `_happened_at`, `_known_at`. Other values of a row that is not fine mean nothing.
    """
    carried = [name for name in raw.columns if name.startswith("_")]
    present = {c.name: c for c in table.columns if c.name in names}
    rows = raw.select(*carried, **{f"{name}__raw": _trimmed(raw[name]) for name in present})
    if table.name == "operations":
        rows = _with_bid_texts(rows)
        present |= _BIDS
    rows = _parsed(rows, present)
    tests = {name: _tests(rows, name, column) for name, column in present.items()}
    values: dict[str, Value] = {
        column.name: rows[f"{column.name}__value"]
        if column.name in present
        else ibis.null(column.type_name)
        for column in checked_columns(table)
    }
    order = _times_in_order(values) if table.name == "conversions" else []
    if table.name == "conversions":
        is_default = values["received_at"].isnull()
        values["received_at"] = values["received_at"].fill_null(values["converted_at"])
        values["valid"] = values["valid"].fill_null(True)

    def readable(name: str | None, kind: str) -> Value:
        """The value of a cell that was not refused; times that contradict each other say
        nothing about when the row happened."""
        if name not in values:
            return ibis.null(kind)
        failed = _any([*tests.get(name, []), *(order if name != "ad_id" else [])])
        if name == "received_at":  # where it is absent, it is only as good as converted_at
            failed |= is_default & _any(tests.get("converted_at", []))
        return ibis.ifelse(failed, ibis.null(kind), values[name])

    every_test = [*(test for some in tests.values() for test in some), *order]
    return rows.select(
        *carried,
        **values,
        _is_fine=~_any(every_test),
        _problem=ibis.cases(*every_test, else_=ibis.null("string")),
        _ad_id=readable("ad_id", "int64"),
        _happened_at=readable(table.happened_at, "timestamp(6)"),
        _known_at=readable(table.known_by, "timestamp(6)"),
    )


def _any(tests: Sequence[tuple[BooleanValue, Value]]) -> BooleanValue:
    return ibis.or_(ibis.literal(False), *(test.fill_null(False) for test, _ in tests))


def _trimmed(raw: Value) -> Value:
    if not raw.type().is_string():
        return raw
    blanks = (" ", "\t")
    is_padded = ibis.or_(*(raw.startswith(b) | raw.endswith(b) for b in blanks))
    text = ibis.ifelse(is_padded, raw.strip(), raw)
    return ibis.ifelse(text.isin(NULL_MARKS), ibis.null("string"), text)


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


def _parsed(rows: Table, present: Mapping[str, Column]) -> Table:
    """Each column's `__value` of its type, and `__unread`: the reason why it has none.

    Steps are columns of their own, so that each is written, and computed, once.
    """
    texts = {
        name: column
        for name, column in present.items()
        if column.kind in _PLAIN and rows[f"{name}__raw"].type().is_string()
    }
    quick = rows.mutate(
        **{
            f"{name}__quick": rows[f"{name}__raw"].try_cast(c.type_name)
            for name, c in texts.items()
        }
    )
    quick = quick.mutate(
        **{f"{name}__is_plain": _is_plain(quick, name, column) for name, column in texts.items()}
    )
    shapes: dict[str, Value] = {}
    for name, column in texts.items():
        odd = ibis.ifelse(quick[f"{name}__is_plain"], ibis.null("string"), quick[f"{name}__raw"])
        shapes |= {f"{name}__{part}": shape for part, shape in _shape(odd, column).items()}
    shaped = quick.mutate(**shapes) if shapes else quick
    valued = shaped.mutate(
        **{f"{name}__value": _value(shaped, name, column) for name, column in present.items()}
    )
    return valued.mutate(
        **{f"{name}__unread": _unread(valued, name, column) for name, column in present.items()}
    )


# Kinds whose texts mostly have one plain spelling, told by a cheap test; the rest is parsed.
_PLAIN = ("id", "count", "money", "instant")


def _is_plain(rows: Table, name: str, column: Column) -> BooleanValue:
    raw, quick = rows[f"{name}__raw"], rows[f"{name}__quick"]
    if column.kind == "money":
        whole = column.digits - column.scale
        return raw.re_search(rf"^[0-9]{{1,{whole}}}(\.[0-9]{{1,{column.scale}}})?\z")
    is_same = quick.cast("string") == raw
    if column.kind == "instant":
        # Engines have spellings of their own for other ages, and for infinity.
        is_same &= (quick >= ibis.literal(EARLIEST)) & (quick < ibis.literal(LATEST))
    return is_same.fill_null(False)


def _shape(odd: StringValue, column: Column) -> dict[str, Value]:
    """What the parsing of a text that is not plain needs to know of it."""
    if column.kind == "instant":
        return {"odd": odd, **_instant_shape(odd)}
    if column.kind == "money":
        return {"odd": odd, "bare": odd.replace(",", "")}
    return {"odd": odd}


def _value(rows: Table, name: str, column: Column) -> Value:
    """The typed value, null where there is none; nothing is rounded to get one."""
    raw = rows[f"{name}__raw"]
    kind = raw.type()
    if kind.is_string():
        return _value_of_text(rows, name, column)
    if column.kind in ("id", "count") and kind.is_numeric():
        return _whole(raw, kind)
    if column.kind == "money" and kind.is_floating():
        return _shortest(raw, column)
    if column.kind == "money" and kind.is_numeric():
        return raw.try_cast(column.type_name)
    if column.kind == "instant" and kind.is_timestamp():
        return _wall_clock(raw, kind)
    if column.kind == "instant" and kind.is_date():
        return raw.cast("timestamp(6)")
    if (column.kind == "day" and kind.is_date()) or (column.kind == "flag" and kind.is_boolean()):
        return raw
    if column.kind == "text" and (kind.is_integer() or kind.is_decimal()):
        return raw.cast("string")
    return ibis.null(column.type_name)


def _value_of_text(rows: Table, name: str, column: Column) -> Value:
    text = rows[f"{name}__raw"]
    if column.kind in _PLAIN:
        return ibis.ifelse(
            rows[f"{name}__is_plain"], rows[f"{name}__quick"], _value_of_odd(rows, name, column)
        )
    if column.kind == "day":
        fits = text.re_search(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\z")
        return ibis.ifelse(fits, text.try_cast("date"), ibis.null("date"))
    if column.kind == "flag":
        lower = text.lower()
        return ibis.cases((lower.isin(("true", "1")), True), (lower.isin(("false", "0")), False))
    return text


def _value_of_odd(rows: Table, name: str, column: Column) -> Value:
    odd = rows[f"{name}__odd"]
    if column.kind == "instant":
        return _instant(rows, name)
    if column.kind == "money":
        exact = rf"^[0-9]+(\.[0-9]{{1,{column.scale}}})?"
        return rows[f"{name}__bare"].re_extract(exact, 0).try_cast(column.type_name)
    return odd.re_replace(r"\.0+\z", "").replace(",", "").try_cast("int64")


def _unread(rows: Table, name: str, column: Column) -> StringValue:
    """Why a cell that is not empty has no value of its type; null where it has one."""
    raw, value = rows[f"{name}__raw"], rows[f"{name}__value"]
    kind = raw.type()
    missing = raw.notnull() & value.isnull()
    tests: list[tuple[BooleanValue, str]] = []
    if kind.is_string() and column.kind in ("id", "count", "money"):
        odd = rows[f"{name}__odd"]
        tests.append((odd.re_search(_NEGATIVE), "out_of_range"))
        tests.append((~odd.re_search(_NUMBER if column.kind == "money" else _WHOLE), "unparsable"))
        if column.kind == "money":
            fits = rf"^[0-9]+(\.[0-9]{{1,{column.scale}}}0*)?\z"
            tests.append((~rows[f"{name}__bare"].re_search(fits), "too_many_decimals"))
        tests.append((missing, "out_of_range"))
    elif column.kind == "money" and kind.is_numeric():
        tests += _inexact_money(raw, value, kind, column)
    elif column.kind in ("id", "count") and _is_whole(kind):
        tests.append((missing, "out_of_range"))
    else:
        tests.append((missing, "unparsable"))
    return ibis.cases(*tests, else_=ibis.null("string"))


def _inexact_money(
    raw: Value, value: Value, kind: dt.DataType, column: Column
) -> list[tuple[BooleanValue, str]]:
    too_large = raw.notnull() & value.isnull()
    if not kind.is_floating():
        return [
            (raw < 0, "out_of_range"),
            (too_large, "out_of_range"),
            (value.cast(kind) != raw, "too_many_decimals"),
        ]
    text = raw.cast("string")
    fits = text.re_search(rf"^[0-9]+(\.[0-9]{{1,{column.scale}}}0*)?\z")
    # Written with an exponent, it is very small or very large. Then a decimal of that scale is
    # its shortest form if it is the nearest one, reads back as the same float, and the float
    # still tells such decimals apart.
    bound = _EXACT_FLOAT[str(kind.copy(nullable=True))] // 10**column.scale
    is_plain = text.re_search(_PLAIN_FLOAT)
    return [
        (raw.isnan() | raw.isinf(), "unparsable"),
        (raw < 0, "out_of_range"),
        (~is_plain & (raw.abs() >= bound), "out_of_range"),
        (too_large, "out_of_range"),
        (ibis.ifelse(is_plain, ~fits, value.cast(kind) != raw), "too_many_decimals"),
    ]


def _shortest(raw: Value, column: Column) -> Value:
    """A binary float as the decimal that is its shortest form."""
    text = raw.cast("string")
    exact = text.re_extract(rf"^[0-9]+(\.[0-9]{{1,{column.scale}}})?", 0)
    return ibis.ifelse(
        text.re_search(_PLAIN_FLOAT),
        exact.try_cast(column.type_name),
        raw.try_cast(column.type_name),
    )


def _tests(rows: Table, name: str, column: Column) -> list[tuple[BooleanValue, Value]]:
    """What refuses a cell: each test with the `column:reason` it gives, the first that holds."""
    raw, value, unread = (rows[f"{name}__{part}"] for part in ("raw", "value", "unread"))
    source = _SOURCE.get(name, name)
    tests: list[tuple[BooleanValue, Value]] = []
    if column.required:
        tests.append((raw.isnull(), ibis.literal(f"{source}:missing")))
    if not _is_always_read(raw.type(), column):
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


def _is_always_read(kind: dt.DataType, column: Column) -> bool:
    """Types whose every value is one of ours, so that nothing needs to be tested row by row."""
    if column.kind == "text":
        return bool(kind.is_string() or kind.is_integer() or kind.is_decimal())
    if column.kind in ("id", "count"):
        return bool(kind.is_signed_integer())
    if column.kind == "money":
        return (
            isinstance(kind, dt.Decimal)
            and (kind.scale or 0) <= column.scale
            and (kind.precision or 38) - (kind.scale or 0) <= column.digits - column.scale
        )
    if column.kind == "instant":
        return bool(kind.is_date()) or (isinstance(kind, dt.Timestamp) and (kind.scale or 6) <= 6)
    return False


def _is_whole(kind: dt.DataType) -> bool:
    """Not every engine has unsigned integers; such a column is a decimal there."""
    return bool(kind.is_integer()) or (isinstance(kind, dt.Decimal) and kind.scale == 0)


def _whole(raw: Value, kind: dt.DataType) -> Value:
    """An integer from a number column; a float or decimal must be whole."""
    value = raw.try_cast("int64")
    if kind.is_integer():
        return value
    is_whole = value.cast(kind) == raw
    if kind.is_floating():
        is_whole &= raw.abs() <= _EXACT_FLOAT[str(kind.copy(nullable=True))]
    return ibis.ifelse(is_whole, value, ibis.null("int64"))


def _wall_clock(raw: TimestampValue, kind: dt.DataType) -> TimestampValue:
    assert isinstance(kind, dt.Timestamp)
    value = raw.cast("timestamp(6)")
    if kind.timezone is not None:
        # The engines keep an instant with a zone as UTC.
        return (value + ibis.interval(minutes=_SHANGHAI_MINUTES)).cast("timestamp(6)")
    if kind.scale is not None and kind.scale > 6:
        return ibis.ifelse(value.cast(kind) == raw, value, ibis.null("timestamp(6)"))
    return value


def _instant_shape(text: StringValue) -> dict[str, Value]:
    """`YYYY-MM-DD[ T]HH:MM[:SS[.ffffff]][offset]`; 24:00 is the next day's 00:00; a date alone
    is its 00:00; a time with an offset is converted to Asia/Shanghai."""
    return {
        "fits": text.re_search(_INSTANT),
        "offset": ibis.ifelse(
            text.re_search(rf"({_CLOCK}|{_MIDNIGHT_24}){_OFFSET}\z"),
            text.re_extract(rf"{_OFFSET}\z", 0),
            ibis.null("string"),
        ),
        "is_24": text.re_search(_MIDNIGHT_24),
    }


def _instant(rows: Table, name: str) -> TimestampValue:
    text, fits, offset, is_24 = (
        rows[f"{name}__{part}"] for part in ("odd", "fits", "offset", "is_24")
    )
    clock = ibis.ifelse(offset.notnull(), text.re_replace(rf"{_OFFSET}\z", ""), text)
    clock = ibis.ifelse(is_24, clock.re_replace(_MIDNIGHT_24, " 00:00:00"), clock)
    value = ibis.ifelse(fits, clock, ibis.null("string")).try_cast("timestamp(6)")
    digits = offset.re_replace(r"[^0-9]", "")
    hours, minutes_past = (digits.substr(at, 2).try_cast("int64") for at in (0, 2))
    stated = hours * 60 + minutes_past.fill_null(0)
    stated = ibis.cases((offset == "Z", 0), (offset.startswith("-"), -stated), else_=stated)
    minutes = ibis.ifelse(is_24, 24 * 60, 0) + (_SHANGHAI_MINUTES - stated).fill_null(0)
    moved = value + minutes.cast("int64").as_interval("m")
    return ibis.ifelse(is_24 | offset.notnull(), moved, value).cast("timestamp(6)")


def _times_in_order(values: Mapping[str, Value]) -> list[tuple[BooleanValue, Value]]:
    """A conversion is billed, converted and received in that order."""
    billed, converted, received = (
        values[name] for name in ("billed_at", "converted_at", "received_at")
    )
    return [
        (converted < billed, ibis.literal("converted_at:out_of_range")),
        (received < converted, ibis.literal("received_at:out_of_range")),
    ]
