"""Tables to files: Parquet, CSV or workbook by ending; written beside, then renamed.

The same rows give the same bytes: row groups have a fixed size, and workbooks carry no clock.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.errors import InvariantError, UsageError, UserError

if TYPE_CHECKING:
    import pyarrow as pa

ENDINGS = (".parquet", ".csv", ".xlsx")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet begins to reckon at
_ROWS_PER_GROUP = 100_000


def check_ending(path: Path, option: str, endings: Sequence[str] = ENDINGS) -> None:
    """Refuse a file name whose ending says no format, before any work is done."""
    if path.suffix not in endings:
        raise UsageError(f"{option} {path}: unknown ending; expected {', '.join(endings)}")
    if path.is_dir():
        raise UsageError(f"{option} {path}: a folder; expected a file")


@dataclass(frozen=True)
class Sheet:
    """Rows on their way to a file. With `expected_rows`, another number is a defect. For
    workbooks: `notes`, what columns say, and `further` sheets."""

    batches: Iterable[pa.RecordBatch]
    schema: pa.Schema
    path: Path
    expected_rows: int | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    further: Sequence[pa.Table] = ()


@dataclass(frozen=True)
class Copy:
    """Rows that an engine writes to a file by itself, without handing them on."""

    write: Callable[[Path], int]
    path: Path
    expected_rows: int


def write_table(sheet: Sheet) -> int:
    """Write one file; returns its rows."""
    return write_tables([sheet])


def write_tables(sheets: Sequence[Sheet | Copy]) -> int:
    """Write several files: all of them, or, where one of them cannot be written, none. Returns
    the rows of all."""
    rows = 0
    written: list[tuple[Path, Path]] = []
    try:
        for sheet in sheets:
            made = beside(sheet.path)
            written.append((made, sheet.path))
            rows += _write(sheet, made)
        for made, path in written:
            made.replace(path)
        return rows
    except OSError as error:
        path = written[-1][1] if written else sheets[0].path
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        for made, _ in written:
            made.unlink(missing_ok=True)


def beside(path: Path) -> Path:
    """An empty file beside `path`, with the rights that a new file has."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error
    os.close(handle)
    made = Path(name)
    made.chmod(0o666 & ~_umask())
    return made


def _write(sheet: Sheet | Copy, made: Path) -> int:
    rows = sheet.write(made) if isinstance(sheet, Copy) else _write_sheet(sheet, made)
    if sheet.expected_rows is not None and rows != sheet.expected_rows:
        raise InvariantError(f"{sheet.path}: {sheet.expected_rows} rows expected, {rows} written")
    return rows


def _write_sheet(sheet: Sheet, made: Path) -> int:
    writers: dict[str, Callable[..., int]] = {
        ".parquet": _write_parquet,
        ".csv": _write_csv,
        ".xlsx": partial(_write_workbook, notes=sheet.notes, further=sheet.further),
    }
    pieces = _even(sheet.batches, sheet.schema)
    return writers[sheet.path.suffix](pieces, sheet.schema, made)


def write_text(pieces: Iterable[str], path: Path) -> None:
    """Beside, then renamed: a text is there as a whole or not at all."""
    made = beside(path)
    try:
        with made.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)
        made.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        made.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _even(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Pieces of a fixed size, however the engine cut them."""
    import pyarrow as pa

    waiting = pa.Table.from_batches([], schema)
    for batch in batches:
        piece = pa.Table.from_batches([batch]).select(schema.names)
        if piece.schema != schema:
            piece = piece.cast(schema)
        waiting = pa.concat_tables([waiting, piece])
        while waiting.num_rows >= _ROWS_PER_GROUP:
            yield waiting.slice(0, _ROWS_PER_GROUP).combine_chunks()
            waiting = waiting.slice(_ROWS_PER_GROUP)
    yield waiting.combine_chunks()


def _write_parquet(pieces: Iterator[pa.Table], schema: pa.Schema, path: Path) -> int:
    import pyarrow.parquet as pq

    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for piece in pieces:
            if piece.num_rows:
                writer.write_table(piece, row_group_size=_ROWS_PER_GROUP)
            rows += piece.num_rows
    return rows


def as_text(value: Any) -> str:
    """A value as the exports write it: empty is null, lists are joined by spaces."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return str(value)


def _in_csv(value: Any) -> str:
    """People open CSV files in spreadsheets: a text is no formula there, either."""
    text = as_text(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text


def _write_csv(pieces: Iterator[pa.Table], schema: pa.Schema, path: Path) -> int:
    import csv

    rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(schema.names)
        for piece in pieces:
            for row in zip(*(column.to_pylist() for column in piece.columns), strict=True):
                writer.writerow([_in_csv(value) for value in row])
                rows += 1
    return rows


def _write_workbook(
    pieces: Iterator[pa.Table],
    schema: pa.Schema,
    path: Path,
    notes: Mapping[str, str],
    further: Sequence[pa.Table],
) -> int:
    from qianchuan_guarantee.workbook import Book

    book = Book()
    rows = book.add(schema, pieces, notes)
    for table in further:
        book.add(table.schema, [table], notes)
    book.save(path)
    return rows
