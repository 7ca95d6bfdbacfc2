"""One cell read exactly, as its type, or not at all: text and typed columns alike.

A cell is never rounded or truncated on its way in. Scales are checked on the text before any
cast, because a cast to DECIMAL rounds in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qianchuan_guarantee.expressions import ibis
from qianchuan_guarantee.tables import EARLIEST, LATEST, Column

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    from ibis.expr.types import BooleanValue, StringValue, Table, TimestampValue, Value

NULL_MARKS = ("", "--", "—")
_WHOLE = r"^([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.0+)?\z"
_NUMBER = r"^-?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?\z"
_NEGATIVE = r"^-[0-9][0-9,]*(\.[0-9]+)?\z"
_OFFSET = r"(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)"
_CLOCK = r"[ T]([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6}0*)?)?"
_MIDNIGHT_24 = r"[ T]24:00(:00(\.0+)?)?"
_INSTANT = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(({_CLOCK}|{_MIDNIGHT_24}){_OFFSET}?)?\z"
_PLAIN_FLOAT = r"^-?[0-9]+(\.[0-9]+)?\z"
_SHANGHAI_MINUTES = 8 * 60  # Asia/Shanghai is UTC+8 throughout the accepted range of times
_EXACT_FLOAT = {"float32": 2**24, "float64": 2**53}  # beyond these, binary floats skip integers


def parsed(rows: Table, present: Mapping[str, Column]) -> Table:
    """Each column's `__value` of its type, and `__unread`: the reason why it has none.

    Steps are columns of their own, so that each is written, and computed, once.
    """
    texts = {
        name: column
        for name, column in present.items()
        if is_mostly_plain(rows[f"{name}__raw"].type(), column)
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
    # A plain text has no blanks around it, and means something.
    quick = quick.mutate(
        **{
            f"{name}__raw": ibis.ifelse(
                quick[f"{name}__is_plain"], quick[f"{name}__raw"], trimmed(quick[f"{name}__raw"])
            )
            for name in texts
        }
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


def is_mostly_plain(kind: dt.DataType, column: Column) -> bool:
    """Is most of a column told to be fine by a cheap test, so that only the rest is trimmed?"""
    return bool(kind.is_string() and column.kind in _PLAIN)


def trimmed(raw: Value, is_known: bool = False) -> Value:
    """A cell without the blanks around it; null where it is a mark that means null. `is_known`:
    it is no such mark, and does not begin with a blank."""
    if not raw.type().is_string():
        return raw
    blanks = (" ", "\t")
    is_padded = ibis.or_(*(raw.startswith(b) | raw.endswith(b) for b in blanks))
    # Whether there is a blank anywhere is asked in half the time.
    has_blank = ibis.or_(*(raw.contains(b) for b in blanks))
    text = ibis.ifelse(has_blank, ibis.ifelse(is_padded, raw.strip(), raw), raw)
    if is_known:
        return text
    return ibis.ifelse(text.isin(NULL_MARKS), ibis.null("string"), text)


def _is_plain(rows: Table, name: str, column: Column) -> BooleanValue:
    raw, quick = rows[f"{name}__raw"], rows[f"{name}__quick"]
    if column.kind == "money":
        whole = column.digits - column.scale
        fits = raw.re_search(rf"^[0-9]{{1,{whole}}}(\.[0-9]{{1,{column.scale}}})?\z")
        # Money with all its decimals is the same when written again, told in half the time.
        is_same = (quick.cast("string") == raw) & (quick >= 0)
        return ibis.ifelse(is_same.fill_null(False), True, fits)
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
    if column.kind == "money" and kind.is_numeric():
        return _money(raw, kind, column)
    if column.kind == "instant" and kind.is_timestamp():
        return _wall_clock(raw, kind)
    if column.kind == "instant" and kind.is_date():
        return raw.cast("timestamp(6)")
    if (column.kind == "day" and kind.is_date()) or (column.kind == "flag" and kind.is_boolean()):
        return raw
    if column.kind == "flag" and kind.is_integer():  # as databases write them
        return ibis.cases((raw == 1, True), (raw == 0, False))
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


def _fitting(column: Column) -> str:
    """A number that has no more decimals than the column, apart from zeros."""
    return rf"^-?[0-9]+(\.[0-9]{{1,{column.scale}}}0*)?\z"


def _without_zeros(column: Column) -> str:
    """Of such a number, what is left without zeros beyond the scale."""
    return rf"^-?[0-9]+(\.[0-9]{{1,{column.scale}}})?"


def _value_of_odd(rows: Table, name: str, column: Column) -> Value:
    odd = rows[f"{name}__odd"]
    if column.kind == "instant":
        return _instant(rows, name)
    if column.kind == "money":
        # Trailing zeros beyond the scale are left out; what is no money has no value at all.
        bare = rows[f"{name}__bare"]
        exact = bare.re_extract(_without_zeros(column), 0)
        is_money = odd.re_search(_NUMBER) & bare.re_search(_fitting(column))
        return ibis.ifelse(is_money, exact, ibis.null("string")).try_cast(column.type_name)
    return odd.re_replace(r"\.0+\z", "").replace(",", "").try_cast("int64")


def _unread(rows: Table, name: str, column: Column) -> StringValue:
    """Why a cell that is not empty has no value of its type; null where it has one."""
    raw, value = rows[f"{name}__raw"], rows[f"{name}__value"]
    kind = raw.type()
    if is_always_read(kind, column):
        return ibis.null("string")
    missing = raw.notnull() & value.isnull()
    tests: list[tuple[BooleanValue, str]] = []
    if kind.is_string() and column.kind in ("id", "count", "money"):
        odd = rows[f"{name}__odd"]
        tests.append((odd.re_search(_NEGATIVE), "out_of_range"))
        tests.append((~odd.re_search(_NUMBER if column.kind == "money" else _WHOLE), "unparsable"))
        if column.kind == "money":
            fits = rows[f"{name}__bare"].re_search(_fitting(column))
            tests.append((~fits, "too_many_decimals"))
        tests.append((missing, "out_of_range"))
    elif column.kind == "money" and kind.is_numeric():
        tests += _inexact_money(raw, value, kind, column)
    elif column.kind in ("id", "count") and _is_whole(kind):
        tests.append((missing, "out_of_range"))
    else:
        tests.append((missing, "unparsable"))
    return ibis.cases(*tests, else_=ibis.null("string"))


def _money(raw: Value, kind: dt.DataType, column: Column) -> Value:
    """A number as money, if it is that exactly."""
    nearest = _nearest(raw, kind, column)
    if kind.is_integer() or is_read_whole(kind, column):
        return nearest
    return ibis.ifelse(_is_exact(raw, kind, column), nearest, ibis.null(column.type_name))


def _nearest(raw: Value, kind: dt.DataType, column: Column) -> Value:
    """Of a binary float, by the decimal that is its shortest form."""
    if not kind.is_floating():
        return raw.try_cast(column.type_name)
    text = raw.cast("string")
    return ibis.ifelse(
        text.re_search(_PLAIN_FLOAT),
        text.re_extract(_without_zeros(column), 0).try_cast(column.type_name),
        raw.try_cast(column.type_name),
    )


def _is_exact(raw: Value, kind: dt.DataType, column: Column) -> BooleanValue:
    is_same = _nearest(raw, kind, column).cast(kind) == raw
    if not kind.is_floating():
        return is_same
    text = raw.cast("string")
    # Written with an exponent, it is very small or very large. Then a decimal of that scale is
    # its shortest form if it is the nearest one, reads back as the same float, and the float
    # still tells such decimals apart (`_inexact_money`).
    return ibis.ifelse(text.re_search(_PLAIN_FLOAT), text.re_search(_fitting(column)), is_same)


def _inexact_money(
    raw: Value, value: Value, kind: dt.DataType, column: Column
) -> list[tuple[BooleanValue, str]]:
    tests: list[tuple[BooleanValue, str]] = [(raw < 0, "out_of_range")]
    if kind.is_floating():
        bound = _EXACT_FLOAT[str(kind.copy(nullable=True))] // 10**column.scale
        is_plain = raw.cast("string").re_search(_PLAIN_FLOAT)
        tests.insert(0, (raw.isnan() | raw.isinf(), "unparsable"))
        tests.append((~is_plain & (raw.abs() >= bound), "out_of_range"))
    if not kind.is_integer() and not is_read_whole(kind, column):
        tests.append((~_is_exact(raw, kind, column), "too_many_decimals"))
    # What is too large is not even nearly read.
    return [*tests, (raw.notnull() & value.isnull(), "out_of_range")]


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


def is_read_whole(kind: dt.DataType, column: Column) -> bool:
    """Types whose values are read as they are, or (too large, not one of ours) not at all, so
    that a value which is not null and in range was read exactly."""
    if column.kind == "text":
        return bool(kind.is_string() or kind.is_integer() or kind.is_decimal())
    if column.kind in ("id", "count"):
        return _is_whole(kind)
    if column.kind == "money":
        return bool(kind.is_decimal() and (kind.scale or 0) <= column.scale)
    return column.kind == "instant" and bool(kind.is_timestamp() or kind.is_date())


def is_always_read(kind: dt.DataType, column: Column) -> bool:
    """Types whose every value is one of ours, so that nothing needs to be tested row by row."""
    if column.kind == "text":
        return bool(kind.is_string() or kind.is_integer() or kind.is_decimal())
    if column.kind in ("id", "count"):
        return bool(kind.is_signed_integer())
    if column.kind == "money":
        return bool(
            kind.is_decimal()
            and (kind.scale or 0) <= column.scale
            and (kind.precision or 38) - (kind.scale or 0) <= column.digits - column.scale
        )
    if column.kind == "instant":
        return bool(kind.is_date() or (kind.is_timestamp() and (kind.scale or 6) <= 6))
    return False


def _is_whole(kind: dt.DataType) -> bool:
    """Not every engine has unsigned integers; such a column is a decimal there."""
    return bool(kind.is_integer() or (kind.is_decimal() and kind.scale == 0))
