"""Text files as records, in plain Python, a file at a time: what Spark's executors run, and what
becomes of a file in which DuckDB has met anything but plain rows.

Spark's own reader of CSV takes a quote that is never closed, and all rows behind it, for one cell
without saying so; DuckDB's counts blank lines here and not there, and stops at mixed line ends;
neither knows what GBK is. Here a record that does not have the columns of its header is
malformed, and quotes that do not fit are an error. Each file streams through; nothing of the
rule, and nothing of Spark, is known here.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Literal

from qianchuan_guarantee.engines import Malformed
from qianchuan_guarantee.engines.jsonl import LONGEST, TOO_LONG, cells_of, lines_of

Record = list[str | None] | str  # the cells, null where empty; or a malformed line as it stands
_REPLACED = "\N{REPLACEMENT CHARACTER}"
_NO_LIMIT = 2**31 - 1  # of Python's parser, which refuses long cells unless told not to


def records(path: str, kind: str, columns: Sequence[str]) -> Iterator[Record]:
    """The records of a CSV or JSON lines file in their order, without header and blank lines;
    ValueError where a quote is not closed, or stands inside a cell."""
    return _csv_records(path, columns) if kind == "csv" else _json_records(path, columns)


def _json_records(path: str, columns: Sequence[str]) -> Iterator[Record]:
    for line in lines_of(path):
        if line.strip():
            cells = cells_of(line, columns)
            yield line.strip("\0\r\n") if cells is None else cells


def rewrite(path: str, kind: str, columns: Sequence[str], copy: Path) -> list[Malformed]:
    """Write the well-formed records of a file to `copy`, as a plain CSV with one more column, the
    number of the record; returns the others."""
    malformed = []
    with copy.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, ""])
        for number, record in enumerate(records(path, kind, columns), start=1):
            if isinstance(record, str):
                malformed.append(Malformed(path, number, record))
            else:
                writer.writerow([*record, number])
    return malformed


def _csv_records(path: str, columns: Sequence[str]) -> Iterator[Record]:
    encoding = _encoding(path)
    name, errors = ("gbk" if encoding == "gbk" else "utf-8-sig"), "strict"
    if encoding is None:
        errors = "replace"  # only the lines with foreign bytes in them are malformed
    with io.TextIOWrapper(_opened(path), name, errors, newline="") as file:
        for cells, lines, number in _parsed(file):
            while cells and len(cells) > len(columns) and not cells[-1]:
                cells.pop()  # empty cells behind the last column say nothing
            is_fine = cells is not None and len(cells) == len(columns)
            if encoding is None and any(_REPLACED in line for line in lines):
                is_fine = False
            if cells and is_fine:
                yield [cell or None for cell in cells]
            elif cells is None or len(lines) > 1:
                # It takes the rows behind it for one cell: no row of such a file can be trusted.
                raise ValueError(
                    f"line {number}: a quote is not closed, or stands inside a cell; "
                    "a quote in a cell is written twice"
                )
            else:
                yield lines[0].rstrip("\r\n")


def _parsed(file: IO[str]) -> Iterator[tuple[list[str] | None, Sequence[str], int]]:
    """Each record behind the header, None where its quotes do not fit; the lines it was read
    from; and the number of the first of them."""
    csv.field_size_limit(_NO_LIMIT)
    lines: list[str] = []
    size = 0

    def noted() -> Iterator[str]:
        nonlocal size
        while line := file.readline(LONGEST + 1):
            lines.append(line)
            size += len(line)
            if len(line) > LONGEST:
                raise ValueError(TOO_LONG)
            if size > LONGEST:
                raise csv.Error("a quote that takes everything behind it")
            yield line

    reader = csv.reader(noted(), strict=True)
    next(reader, None)
    while True:
        lines.clear()
        size = 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield None, lines, reader.line_num - len(lines) + 1
            return
        if cells:
            yield cells, lines, reader.line_num - len(lines) + 1


def _encoding(path: str) -> Literal["utf-8", "gbk"] | None:
    """The encoding that the whole file is in; None where it is neither."""
    kinds: tuple[Literal["utf-8", "gbk"], ...] = ("utf-8", "gbk")
    return next((kind for kind in kinds if _is_all(path, kind)), None)


def _is_all(path: str, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with _opened(path) as file:
            while piece := file.read(1 << 20):
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _opened(path: str) -> IO[bytes]:
    # A file of gzip is one of bytes, though its class does not say so.
    return gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb")  # type: ignore[return-value]
