"""JSON files as documents, exactly as they are written: one a file, or one a line.

Numbers keep the text that they were written in: no binary float is made of them. Each document is
bounded in size; what is no JSON is refused with a sentence (UserError).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from qianchuan_guarantee.errors import UserError

MOST_BYTES = 32 * 2**20  # of a file that is one document, and of a line
ENDINGS = (".json", ".jsonl", ".ndjson", ".txt")
_LINES = (".jsonl", ".ndjson")


def files(paths: Iterable[str | Path], skipped: list[str]) -> Iterator[Path]:
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file())
            for file in inside:
                if file.suffix.lower() in ENDINGS:
                    yield file
                elif not file.name.startswith("."):
                    skipped.append(str(file))
        elif path.is_file():
            yield path
        else:
            raise UserError(f"{path}: no such file or folder; expected saved responses")


def documents(path: Path) -> Iterator[tuple[int, Any]]:
    """Each JSON document of a file with its number, from 1."""
    try:
        if path.suffix.lower() not in _LINES:
            _require_small(path)
            text = _text(path.read_bytes(), path)
            document, is_whole = _parsed_whole(text, path)
            if is_whole:
                yield 1, document
                return
            lines: Iterable[str] = text.splitlines()
        else:
            lines = _lines(path)
        for number, line in enumerate(lines, start=1):
            if line.strip("\ufeff \t\r\n"):
                yield number, _parsed(line, f"{path}:{number}")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error}") from error


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error}") from error


def _require_small(path: Path) -> None:
    size = size_of(path)
    if size > MOST_BYTES:
        raise UserError(
            f"{path}: {size} bytes; a response of more than {MOST_BYTES} is not read. "
            "Many pages go into JSON lines (.jsonl), one a line"
        )


def _lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        while line := file.readline(MOST_BYTES + 1):
            if len(line) > MOST_BYTES:
                raise UserError(f"{path}: a line of more than {MOST_BYTES} bytes")
            yield _text(line, path)


def _text(content: bytes, path: Path) -> str:
    """UTF-8 with or without BOM, or GBK."""
    for beginning, what in _OTHERS.items():
        if content.startswith(beginning):
            raise UserError(f"{path}: {what}; expected saved responses in JSON")
    for encoding in ("utf-8-sig", "gbk"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UserError(f"{path}: neither UTF-8 nor GBK; expected saved responses in JSON")


_OTHERS = {
    b"PK\x03\x04": "a workbook or an archive (`qcg import qianchuan-xlsx` reads workbooks)",
    b"\xd0\xcf\x11\xe0": "an old binary .xls; save it as .xlsx for `qcg import qianchuan-xlsx`",
    b"\x1f\x8b": "compressed; unpack it first",
    b"PAR1": "a Parquet file; it needs no import if it is a table of ours",
}


class _KeyTwiceError(ValueError):
    """An object that says two things of one key."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _KeyTwiceError(f"the key {twice[:60]!r} stands there twice")
    return found


_DECODER = json.JSONDecoder(
    object_pairs_hook=_once, parse_int=str, parse_float=str, parse_constant=str
)


def _parsed_whole(text: str, path: Path) -> tuple[Any, bool]:
    """The document, and True; or None, and False where there is another one behind it."""
    try:
        return _DECODER.decode(text.strip()), True
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return None, False
        raise _no_json(str(path), str(error)) from None
    except (ValueError, RecursionError) as error:
        raise _no_json(str(path), _said(error)) from None


def _parsed(text: str, place: str) -> Any:
    try:
        return _DECODER.decode(text.strip("\ufeff \t\r\n"))
    except (ValueError, RecursionError) as error:
        raise _no_json(place, _said(error)) from None


def _said(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _no_json(place: str, why: str) -> UserError:
    return UserError(f"{place}: not a saved response: {why}; expected JSON, or one JSON a line")
