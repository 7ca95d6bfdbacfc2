"""JSON lines as CSV, with every number as it was written.

Engines read a JSON number as a binary float: 1e3 becomes 1000.0, and a long decimal loses its
end. Python's parser hands the text of a number over untouched, so the cells stay exact.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from qianchuan_guarantee.engines import Malformed


def lines_of(path: str) -> Iterator[str]:
    """The lines of a text file, plain or gz, UTF-8 with or without BOM; others as GBK."""
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rb") as file:
        for line in file:
            try:
                yield line.decode("utf-8-sig")
            except UnicodeDecodeError:
                yield line.decode("gbk", errors="replace")


def to_csv(path: str, columns: Sequence[str], copy: Path) -> list[Malformed]:
    """Write the objects of `path` to `copy`; returns the lines that are no objects."""
    malformed = []
    number = 0
    with copy.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for line in lines_of(path):
            if not line.strip():
                continue
            number += 1
            cells = cells_of(line, columns)
            if cells is None:
                malformed.append(Malformed(path, number, line.rstrip("\r\n")))
            else:
                writer.writerow(cells)
    return malformed


def cells_of(line: str, columns: Sequence[str]) -> list[str | None] | None:
    """The columns of one object; None where the line is none."""
    row = _object(line)
    return None if row is None else [_cell(row.get(name)) for name in columns]


def _object(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def _cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
