"""Lines of JSON, with every number as it was written.

Engines read a JSON number as a binary float: 1e3 becomes 1000.0, and a long decimal loses its
end. Python's parser hands the text of a number over untouched, so the cells stay exact.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from typing import Any

LONGEST = 2**25  # bytes of a line, characters of a record
TOO_LONG = f"a line of more than {LONGEST} bytes; no row is so long"


def lines_of(path: str) -> Iterator[str]:
    """The lines of a text file, plain or gz, UTF-8 with or without BOM; others as GBK. A line
    that is neither has a NUL before it: no line of ours has one. ValueError where one is too long
    to be a row: a small archive may hold a line that fills the memory."""
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rb") as file:
        while line := file.readline(LONGEST + 1):
            if len(line) > LONGEST:
                raise ValueError(TOO_LONG)
            yield _decoded(line)


def _decoded(line: bytes) -> str:
    for encoding in ("utf-8-sig", "gbk"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return "\0" + line.decode("utf-8", errors="replace")


def cells_of(line: str, columns: Sequence[str]) -> list[str | None] | None:
    """The columns of one object; None where the line is none, or holds what is no text."""
    row = object_of(line)
    if row is None:
        return None
    cells = [_cell(row.get(name)) for name in columns]
    return None if "\\u" in line and not _is_text(cells) else cells


def object_of(line: str) -> dict[str, Any] | None:
    """The object of a line, with its numbers as they were written."""
    try:
        row = json.loads(
            line, object_pairs_hook=_once, parse_int=str, parse_float=str, parse_constant=str
        )
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that says two things of one key is none."""
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError("a key stands twice")
    return row


def _is_text(cells: Sequence[str | None]) -> bool:
    """Half a surrogate pair can be escaped, but not be written."""
    try:
        "".join(cell or "" for cell in cells).encode()
    except UnicodeEncodeError:
        return False
    return True


def _cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
