"""Rows of the tables out of cells of any source: names and units are ours by then."""

from __future__ import annotations

import re
from decimal import Decimal, localcontext
from typing import Any

from qianchuan_guarantee.importers import values
from qianchuan_guarantee.importers.made import Import, doubted
from qianchuan_guarantee.importers.values import UnreadError, written
from qianchuan_guarantee.tables import INPUTS

# How much a yuan has of each unit that the platform's files use.
UNITS = {"yuan": Decimal(1), "fen": Decimal(100), "milli-fen": Decimal(100_000)}
_DIGITS = 30  # no amount and no count of ours has more

# Nearly all cells look like this, and need no further reading.
_PLAIN = {
    "id": re.compile("[1-9][0-9]{0,17}"),
    "instant": re.compile("20[0-9]{2}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]"),
    "money": re.compile(r"[0-9]{1,12}(\.[0-9]{1,10})?"),
    "count": re.compile(r"[0-9]{1,12}(\.0)?"),
}


class Filler:
    """Fills rows of one table, cell by cell; a cell that cannot be read is marked, and the row
    is then refused by the check."""

    def __init__(self, into: Import, table: str, place: str) -> None:
        self._into, self._table, self._place = into, table, place
        self._kinds = {c.name: c.kind for c in INPUTS[table].columns}
        self.row: dict[str, str | None] = {}
        self._is_refused = False

    def put(self, column: str, value: Any, unit: str = "yuan") -> None:
        """A cell of a response, or the text of a sheet's."""
        try:
            self.row[column] = self._read(column, values.of_json(value), unit)
        except UnreadError as why:
            self.doubt(column, why)

    def doubt(self, column: str, why: UnreadError) -> None:
        self.row[column] = doubted(why.found)
        self._refused(column, why)

    def _refused(self, column: str, why: UnreadError) -> None:
        self._into.refuse(self._table, self._place, column, why)
        self._is_refused = True

    def done(self) -> dict[str, str | None]:
        table = self._into.table(self._table)
        for column in INPUTS[self._table].columns:
            found = self.row.get(column.name)
            if column.required and found is None:
                self._refused(column.name, UnreadError("missing", column.name))
            elif column.choices and found not in (None, *column.choices) and not self._is_refused:
                self._refused(column.name, UnreadError("choice", found))
        table.add(self.row)
        table.refused += self._is_refused
        return self.row

    def put_long_id(self, column: str, text: str | None, is_number: bool) -> None:
        """An id that has been in a spreadsheet."""
        try:
            found = values.long_id(text, is_number)
            self.row[column] = None if found is None else str(found)
        except UnreadError as why:
            self.doubt(column, why)

    def _read(self, column: str, text: str | None, unit: str) -> str | None:
        if text is None:
            return None
        kind = self._kinds.get(column, "text")
        if unit == "yuan" and kind in _PLAIN and _PLAIN[kind].fullmatch(text):
            return text.rstrip("0").rstrip(".") if "." in text else text
        if values.is_empty(text):
            return None
        if kind == "id":
            found = values.exact_id(text)
            return None if found is None else str(found)
        if kind == "instant":
            at = values.moment(text)
            return None if at is None else at.isoformat(" ")
        if kind in ("money", "count"):
            return _number(text, UNITS[unit] if kind == "money" else Decimal(1))
        return values.plain(text)[:2000] or None


def _number(text: str, per_yuan: Decimal) -> str | None:
    found = values.number(text)
    if found is None:
        return None
    if found.adjusted() > _DIGITS or found.as_tuple().exponent < -_DIGITS:  # type: ignore[operator]
        raise UnreadError("number", text)
    with localcontext(prec=100):
        return written(found / per_yuan)
