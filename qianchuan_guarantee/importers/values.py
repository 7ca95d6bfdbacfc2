"""Cells as people, spreadsheets and the official interface write them, read exactly or not at all.

Each reader returns None for an empty cell and raises `UnreadError` where a value cannot be read
without guessing. Texts come in as they stand; full-width characters are taken for their plain
ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say

MOST_CHARACTERS = 200  # of a cell that is a number, a time or an id
_EMPTY = {"", "-", "--", "---", "—", "——", "–", "null", "none", "nan", "n/a", "无", "暂无"}
_NUMBER = re.compile(r"-?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?")
_EXPONENT = re.compile(r"-?[0-9]+(\.[0-9]+)?e[+-]?[0-9]{1,2}")
_DIGITS_KEPT = 15  # of a number in a spreadsheet
_ZEROS = "000"  # behind a long id that is text, so many are no accident
_DAY = re.compile(
    r"(20[0-9]{2})(?:-([0-9]{1,2})-|/([0-9]{1,2})/|\.([0-9]{1,2})\.|年([0-9]{1,2})月)"
    r"([0-9]{1,2})日?"
)
_COMPACT_DAY = re.compile(r"(20[0-9]{2})([0-9]{2})([0-9]{2})")
_CLOCK = re.compile(r"([0-9]{1,2})(?:[:时点]([0-9]{2})?分?(?::([0-9]{2})(?:\.0+)?)?)?(?:秒)?")
_RANGE = re.compile(r"\s*(?:-|~|至|到)\s*[0-9]{1,2}[:时点][0-9:]*\Z")
_LITERAL = re.compile(r'="([^"]*)"')  # how some exports make a spreadsheet keep an id's digits
_CONTROL = re.compile(r"[\x00-\x1f\ufeff]")


class UnreadError(Exception):
    """A cell that cannot be read without guessing: why, in the reader's language."""

    def __init__(self, why: str, found: object) -> None:
        super().__init__(why)
        self.why, self.found = why, shortened(str(found))

    def said(self, lang: Language) -> str:
        return say(f"unread_{self.why}", lang, found=self.found)

    def __str__(self) -> str:
        return self.said("en")


def shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def plain(text: str) -> str:
    """Full-width characters as their plain ones, no control characters, no blanks around."""
    if text.isascii() and text.isalnum():
        return text
    literal = _LITERAL.fullmatch(text.strip())
    text = literal[1] if literal else text
    return _CONTROL.sub(" ", unicodedata.normalize("NFKC", text)).strip().removeprefix("'").strip()


def is_empty(text: str | None) -> bool:
    return text is None or plain(text).lower() in _EMPTY


def _bare(text: str | None) -> str | None:
    if text is None:
        return None
    if len(text) > MOST_CHARACTERS:
        raise UnreadError("long", text)
    found = plain(text)
    if found.startswith("="):
        raise UnreadError("formula", found)
    return None if found.lower() in _EMPTY else found


def number(text: str | None, units: tuple[str, ...] = ("元",)) -> Decimal | None:
    """A number with or without thousands commas, sign of the yuan, or one of `units` behind it."""
    found = _bare(text)
    if found is None:
        return None
    bare = found.lstrip("¥￥").strip()
    for unit in units:
        bare = bare.removesuffix(unit).strip()
    if _NUMBER.fullmatch(bare):
        return Decimal(bare.replace(",", ""))
    if _EXPONENT.fullmatch(bare.lower()):
        return Decimal(bare)
    raise UnreadError("number", found)


def percent(text: str | None) -> Decimal | None:
    """A share: `12.5%` is 0.125; without its sign a number is taken as it stands."""
    found = _bare(text)
    if found is None or not found.endswith("%"):
        return number(text)
    read = number(found.removesuffix("%"))
    return None if read is None else read / 100


def whole(text: str | None) -> int | None:
    """A count; one that is given as a float must be whole."""
    found = number(text, ("次", "个"))
    if found is None:
        return None
    if found != found.to_integral_value():
        raise UnreadError("whole", text)
    return int(found)


@lru_cache(100_000)  # the same plans stand in every report
def exact_id(text: str | None) -> int | None:
    """An id as a program writes it; one with an exponent has lost digits, and is refused."""
    found = _bare(text)
    if found is None:
        return None
    if _EXPONENT.fullmatch(found.lower()):
        raise UnreadError("id_exponent", found)
    digits = found.partition(".")[0] if found.rstrip("0").endswith(".") else found
    if not digits.isascii() or not digits.isdigit() or len(digits) > 19 or int(digits) == 0:
        raise UnreadError("id", found)
    return int(digits)


def long_id(text: str | None, is_number: bool = False) -> int | None:
    """An id that has been in a spreadsheet, with all its digits: a spreadsheet keeps 15 of a
    number (`is_number`: the cell was one), and what is lost cannot be known again."""
    found = exact_id(text)
    lost = len(str(found or "")) - _DIGITS_KEPT
    if lost > 0 and str(found).endswith("0" * lost if is_number else _ZEROS):
        raise UnreadError("id_zeros", found)
    return found


def day(text: str | None) -> date | None:
    """`2022-10-01`, `2022/10/1`, `2022.10.01`, `2022年10月1日`, `20221001`."""
    found = moment(text)
    return None if found is None else found.date()


def moment(text: str | None, hour: str | None = None) -> datetime | None:
    """A day, perhaps with a clock (`10:00:00`, `10:00`, `10时`, `10:00-11:00`: its start).
    `hour`: a clock that stands in a cell of its own."""
    found = _bare(text)
    if found is None:
        return None
    match = _DAY.match(found) or _COMPACT_DAY.match(found)
    if match is None:
        raise UnreadError("day", found)
    year, month, day_of_month = (part for part in match.groups() if part is not None)
    behind = found[match.end() :].strip().removeprefix("T").strip()
    if behind and found[match.end()] not in " T":
        raise UnreadError("day", found)
    try:
        start = datetime(int(year), int(month), int(day_of_month))
    except ValueError:
        raise UnreadError("day", found) from None
    clock = _bare(hour)
    if behind and clock:
        raise UnreadError("clock", f"{found} {clock}")
    return start + _clock(clock or behind) if (clock or behind) else start


def _clock(text: str) -> timedelta:
    start = _RANGE.sub("", text)
    match = _CLOCK.fullmatch(start)
    if match is None:
        raise UnreadError("clock", text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    if hours > 23 or minutes > 59 or seconds > 59:
        raise UnreadError("clock", text)
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def as_text(value: Any) -> str | None:
    """A spreadsheet's value as text: its numbers are binary, so their shortest form."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return written(Decimal(repr(value))) if value == value and abs(value) < 1e30 else str(value)
    if isinstance(value, datetime):
        return value.replace(microsecond=0).isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def written(value: Decimal) -> str:
    """Without an exponent, and without zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def of_json(value: Any) -> str | None:
    """A cell of a response as text. Of a pair `{Value, ValueStr}` the text counts; where the two
    disagree it raises."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        names = {str(name).lower().replace("_", ""): name for name in value}
        if "valuestr" in names:
            return _of_pair(of_json(value.get(names.get("value"))), value[names["valuestr"]])
    raise UnreadError("structure", value)


def _of_pair(one: str | None, other: Any) -> str | None:
    if not isinstance(other, str):
        if other is None:
            return one
        raise UnreadError("structure", other)
    if one is None or (is_empty(other) and _as_number(one) in (None, Decimal(0))):
        return other
    left, right = _as_number(one), _as_number(other)
    if left is None or right is None:
        agree = plain(one) == plain(other)
    else:
        # The number is a binary float: its noise lies far behind the digits that mean something.
        agree = abs(left - right) <= max(abs(left), abs(right)) * Decimal("1e-12")
    if not agree:
        raise UnreadError("pair", f"Value {one}, ValueStr {other}")
    return other


def _as_number(text: str) -> Decimal | None:
    try:
        return number(text)
    except UnreadError:
        return None
