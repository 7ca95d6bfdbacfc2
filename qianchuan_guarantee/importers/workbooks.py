"""Workbooks and CSV files as sheets whose columns are known by name.

A column is found by its header in any of its spellings, over one header row or two merged ones.
Cells are handed over as texts, unread (`values` reads them); rows of totals and notes are left
out, and counted. What cannot be opened safely is refused with a sentence.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.importers.archive import check_archive
from qianchuan_guarantee.importers.headers import Aliases, Cells, at, header_of, spelled, tidied
from qianchuan_guarantee.importers.values import as_text, is_empty, plain

ENDINGS = (".xlsx", ".xlsm", ".csv", ".tsv", ".txt")
MOST_BYTES = 256 * 2**20
MOST_ROWS, MOST_COLUMNS = 1_048_576, 256  # of a sheet
_BOOKS = (".xlsx", ".xlsm")
_HEADERS_WITHIN = 20  # rows from the top
_TOTAL = re.compile(r"(合计|总计|汇总|小计|共计|总和|全部|total|sum)(\s*[:(-].*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """A row. `number`: as the spreadsheet counts, from 1; `numbers`: the columns whose cells a
    spreadsheet holds as numbers, not as text."""

    number: int
    cells: Mapping[str, str | None]
    numbers: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> str | None:
        return self.cells.get(name)

    @property
    def texts(self) -> dict[str, str | None]:
        return dict(self.cells)


@dataclass
class Sheet:
    """A sheet with its rows. `columns`: name → header as it stands; `units`: name → what stands in
    brackets behind its header; `others`: headers that are none of those asked for; `left_out`:
    rows of totals, and of notes."""

    file: str
    name: str
    columns: dict[str, str]
    units: dict[str, str]
    others: tuple[str, ...]
    lines: list[Line] = field(default_factory=list)
    left_out: int = 0

    @property
    def place(self) -> str:
        return f"{self.file}:{self.name}" if self.name else self.file


def read(paths: Iterable[str | Path], aliases: Aliases, least: int = 2) -> list[Sheet]:
    """Every sheet of these files and folders with at least `least` of the columns. UserError
    where a file has none."""
    known = spelled(aliases)
    sheets: list[Sheet] = []
    for path in _files(paths):
        found = [
            sheet
            for name, rows in _rows_of(path)
            if (sheet := _sheet(path, name, rows, known, least)) is not None
        ]
        if not found:
            wanted = ", ".join(spellings[0] for spellings in aliases.values())
            raise UserError(f"{path}: no header row found; expected some of {wanted}")
        sheets += found
    return sheets


def _files(paths: Iterable[str | Path]) -> Iterator[Path]:
    for path in map(Path, paths):
        if path.is_dir():
            # A file that a spreadsheet has open leaves one with such a name beside it.
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in ENDINGS)
            yield from (p for p in inside if not p.name.startswith(("~$", ".")))
        elif path.is_file():
            yield path
        else:
            raise UserError(f"{path}: no such file or folder; expected {', '.join(ENDINGS)}")


def _rows_of(path: Path) -> Iterator[tuple[str, Iterator[Cells]]]:
    """Each sheet's name and rows, an empty row where there is nothing."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{path}: more than {MOST_BYTES} bytes; split it")
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
    _check_kind(path, head)
    if path.suffix.lower() in _BOOKS:
        yield from _sheets_of_book(path)
    else:
        yield "", _rows_of_text(path)


def _check_kind(path: Path, head: bytes) -> None:
    """The ending must agree with what the file is."""
    is_book = path.suffix.lower() in _BOOKS
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        what = "an old binary workbook, or one with a password; save it as .xlsx without one"
    elif head.startswith(b"PK\x03\x04") != is_book:
        what = "no workbook; name it .csv if it is text" if is_book else "no text; is it .xlsx?"
    elif begin.startswith(b"<"):
        what = "a web page that is called a workbook; save it as .xlsx or .csv"
    elif begin.startswith((b"{", b"[")):
        what = "JSON; `qcg import qianchuan-json` reads saved responses"
    elif path.suffix.lower() not in ENDINGS:
        what = f"an ending that is none of {', '.join(ENDINGS)}"
    else:
        return
    raise UserError(f"{path}: {what}")


def _sheets_of_book(path: Path) -> Iterator[tuple[str, Iterator[Cells]]]:
    import openpyxl

    check_archive(path)
    with telling(path):
        book = openpyxl.load_workbook(path, read_only=True, keep_links=False)
        try:
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # what a file says of its size need not be so
                yield sheet.title, _rows_of_sheet(path, sheet)
        finally:
            book.close()


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Whatever somebody else's parser meets in a file that is broken, in one sentence."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{path}: cannot be read as a workbook: {error!s:.200}") from error


def _rows_of_sheet(path: Path, sheet: Any) -> Iterator[Cells]:
    # Told no bounds, the parser makes up no empty cells to fill them.
    with telling(path):
        for row in itertools.islice(sheet.iter_rows(), MOST_ROWS):
            yield [
                (_text_of(cell), cell.data_type == "n" and not cell.is_date)
                if cell.value is not None
                else _NOTHING
                for cell in row[:MOST_COLUMNS]
            ]


_NOTHING = (None, False)


def _text_of(cell: Any) -> str | None:
    if cell.data_type == "f":
        text = cell.value if isinstance(cell.value, str) else "=…"
        return text if text.startswith("=") else f"={text}"
    return as_text(cell.value)


def _rows_of_text(path: Path) -> Iterator[Cells]:
    text = _decoded(path)
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for row in rows:
            number += 1
            if number > MOST_ROWS or len(row) > MOST_COLUMNS * 10:
                raise UserError(f"{path}:{number}: more than {MOST_ROWS} rows, or a row too wide")
            yield [(cell, False) for cell in row[:MOST_COLUMNS]]
    except csv.Error as error:
        raise UserError(f"{path}:{number + 1}: not a row of CSV: {error}") from None


def _decoded(path: Path) -> str:
    """UTF-8 with or without BOM, UTF-16 with one, or GBK."""
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UserError(f"{path}: no text in UTF-8 or GBK; expected CSV")


def _sheet(
    path: Path,
    name: str,
    rows: Iterator[Cells],
    known: Mapping[str, tuple[str, int]],
    least: int,
) -> Sheet | None:
    top: list[Cells] = []
    for row in rows:
        top.append(row)
        if len(top) == _HEADERS_WITHIN:
            break
    places = header_of(top, known, least)
    if places is None:
        return None
    first, columns, headers, others = places
    units = {column: tidied(header)[1] for column, header in headers.items()}
    sheet = Sheet(str(path), name, headers, {c: u for c, u in units.items() if u}, others)
    for number, row in _numbered(top[first:], first + 1, rows):
        _add(sheet, number, row, columns)
    return sheet


def _numbered(
    some: Sequence[Cells], first: int, rest: Iterator[Cells]
) -> Iterator[tuple[int, Cells]]:
    number = first
    for rows in (some, rest):
        for row in rows:
            yield number, row
            number += 1


def _add(sheet: Sheet, number: int, row: Cells, columns: Mapping[str, int]) -> None:
    texts = [text for text, _ in row if not is_empty(text)]
    if not texts:
        return
    if len(texts) == 1 < len(columns) or _is_total(row, columns):
        sheet.left_out += 1
        return
    cells = {name: at(row, place) for name, place in columns.items()}
    numbers = frozenset(n for n, place in columns.items() if place < len(row) and row[place][1])
    sheet.lines.append(Line(number, cells, numbers))


def _is_total(row: Cells, columns: Mapping[str, int]) -> bool:
    """A row that names itself a total, and no plan."""
    plan = at(row, columns["ad_id"]) if "ad_id" in columns else None
    if plan is not None and any(c.isdigit() for c in plan):
        return False
    return any(text is not None and _TOTAL.fullmatch(plain(text)) for text, _ in row)
