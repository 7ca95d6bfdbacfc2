"""Workbooks: ids as text, money and dates as what they are, a note on every column, and no text
that a spreadsheet would take for a formula. The same rows give the same bytes."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.write import FORMULA

if TYPE_CHECKING:
    import pyarrow as pa
    from openpyxl import Workbook

_MOST_ROWS = 1_048_575  # what a sheet holds below its header
_NARROW, _WIDE = 10, 60  # characters
_NEVER = datetime(2000, 1, 1)


class Book:
    """A workbook, sheet after sheet."""

    def __init__(self) -> None:
        from openpyxl import Workbook

        self._book = Workbook(write_only=True)

    def add(self, schema: pa.Schema, pieces: Iterable[pa.Table], notes: Mapping[str, str]) -> int:
        """Add a sheet of these rows; returns how many there are."""
        name = str((schema.metadata or {}).get(b"sheet", b"decisions"), "ascii")
        page = _Page(self._book.create_sheet(name), schema, notes)
        for piece in pieces:
            page.append(zip(*(column.to_pylist() for column in piece.columns), strict=True))
        return page.finish()

    def save(self, path: Path) -> None:
        save(self._book, path)


class _Page:
    """One sheet, written row by row."""

    def __init__(self, sheet: Any, schema: pa.Schema, notes: Mapping[str, str]) -> None:
        self._sheet = sheet
        self._sheet.freeze_panes = "B2"
        self._rows = 0
        self._columns = [_Column(self._sheet, number, f) for number, f in enumerate(schema)]
        self._sheet.append([column.header(notes) for column in self._columns])

    def append(self, rows: Iterable[tuple[Any, ...]]) -> None:
        for row in rows:
            self._rows += 1
            if self._rows > _MOST_ROWS:
                raise UserError(
                    f"a workbook holds {_MOST_ROWS} rows; write .parquet or .csv instead"
                )
            self._sheet.append([c.cell(value) for c, value in zip(self._columns, row, strict=True)])

    def finish(self) -> int:
        """Returns the rows."""
        self._sheet.auto_filter.ref = f"A1:{self._columns[-1].letter}{self._rows + 1}"
        return self._rows


class _Column:
    """A column's cells: one is written again and again, since a sheet may have millions."""

    def __init__(self, sheet: Any, number: int, field: pa.Field) -> None:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.utils import get_column_letter

        self._sheet, self._name = sheet, field.name
        self.letter = get_column_letter(number + 1)
        self._is_id = field.name.endswith("_id") or field.name == "id"
        self._cell, self._quoted = WriteOnlyCell(sheet), WriteOnlyCell(sheet)
        self._cell.number_format = "@" if self._is_id else _format(field.type)
        self._quoted.number_format = "@"
        self._quoted.quotePrefix = True
        sheet.column_dimensions[self.letter].width = _width(field)

    def header(self, notes: Mapping[str, str]) -> Any:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.comments import Comment
        from openpyxl.styles import Font

        cell = WriteOnlyCell(self._sheet, self._name)
        cell.font = Font(bold=True)
        if self._name in notes:
            cell.comment = Comment(notes[self._name], "qcg", height=110, width=320)
        return cell

    def cell(self, value: Any) -> Any:
        from qianchuan_guarantee.write import as_text

        if value is None:
            return None
        if self._is_id or isinstance(value, str | list):
            return self._text(as_text(value))
        self._cell.value = value
        return self._cell

    def _text(self, text: str) -> Any:
        cell = self._quoted if text.startswith(FORMULA) else self._cell
        cell.value = printable(text)
        cell.data_type = "s"  # whatever it looks like
        return cell


def printable(text: str) -> str:
    """A text as a workbook can hold it."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    return str(ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", text))


def _format(kind: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_decimal(kind):
        return str("#,##0.00" + "#" * (kind.scale - 2))
    if pa.types.is_timestamp(kind):
        return "yyyy-mm-dd hh:mm:ss"
    if pa.types.is_date(kind):
        return "yyyy-mm-dd"
    return "0" if pa.types.is_integer(kind) else "General"


def _width(field: pa.Field) -> int:
    import pyarrow as pa

    if field.name in ("because", "raw", "question", "meaning", "most_at_stake"):
        return _WIDE
    least = 19 if pa.types.is_timestamp(field.type) or field.name.endswith("_id") else _NARROW
    return max(least, len(field.name) + 4)  # the filter's button takes room, too


def save(book: Workbook, path: Path) -> None:
    """Write a workbook as the same bytes whenever it is written."""
    book.properties.created = book.properties.modified = _NEVER
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "book.xlsx")
        book.save(made)
        _without_clock(made, path)


def _without_clock(source: Path, target: Path) -> None:
    """Copy an archive with every member dated alike."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in sorted(old.namelist()):
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb">\d{4}-\d\d-\d\dT[\d:]+Z<", b">2000-01-01T00:00:00Z<", content)
            member = zipfile.ZipInfo(name, date_time=(2000, 1, 1, 0, 0, 0))
            new.writestr(member, content, zipfile.ZIP_DEFLATED)
