"""Which files an export folder holds: table, format, partition day.

A table is either files named `<table>.<ext>`, or a folder `<table>/` with daily partitions
`dt=YYYY-MM-DD/` (or, without partitions, files of any name) below it (data.md).
"""

from __future__ import annotations

import csv
import functools
import itertools
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

import duckdb

from qianchuan_guarantee.engines.duckdb_files import literally
from qianchuan_guarantee.engines.jsonl import lines_of, object_of
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.exports.steady import Stamps, stamps
from qianchuan_guarantee.tables import INPUTS, Input

Format = Literal["parquet", "csv", "jsonl"]
_FORMATS: dict[str, Format] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
}
# A row for the file, for each of its columns, and for each part of those that have parts.
_SCHEMA = """
    SELECT file_name,
        name, type, type_length, converted_type, scale, precision, logical_type, num_children
    FROM parquet_schema(?)
"""
_ENDINGS = ", ".join(_FORMATS)
_MOST_COLUMNS = 2_000
_HEADER_LINES = 100  # that a quoted name may reach over
_PARTITION = re.compile(r"dt=(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True)
class FileGroup:
    """Files of one table that are read alike: same format, same columns, both with or
    without partitions. `columns` are the names as they stand in the files, in their order."""

    table: str
    number: int
    format: Format
    columns: tuple[str, ...]
    paths: tuple[str, ...]
    is_partitioned: bool


@dataclass(frozen=True)
class Found:
    """What was found of one table. `days`: the partitions there are; None without partitions."""

    table: Input
    groups: tuple[FileGroup, ...]
    days: tuple[date, ...] | None
    extra_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Export:
    """An export folder: its tables by name, the files in it that are not ours, and what all
    files were when it was looked at (`steady`)."""

    folder: str
    tables: dict[str, Found]
    ignored: tuple[str, ...] = field(default=())
    stamps: Stamps = field(default_factory=dict)

    @property
    def extra_columns(self) -> dict[str, list[str]]:
        """Table → its columns that are not ours, where there are any."""
        return {
            name: list(found.extra_columns)
            for name, found in self.tables.items()
            if found.extra_columns
        }

    @property
    def has_conversions(self) -> bool:
        return "conversions" in self.tables


def find(folder: str) -> Export:
    """Every table of an export folder; UserError where a table is missing or ambiguous."""
    root = Path(folder)
    if not root.exists():
        raise UserError(f"{folder}: no such folder; expected a folder with an export's tables")
    if not root.is_dir():
        raise UserError(f"{folder}: a file; expected a folder with an export's tables")
    before = stamps(root)
    tables: dict[str, Found] = {}
    ignored: list[str] = []
    for table in INPUTS.values():
        found = _find_table(root, table)
        if found is not None:
            tables[table.name] = found
    for path in sorted(root.iterdir()):
        name = path.name.split(".")[0]
        if path.name in tables or (_is_table(path) and path.is_file()):
            continue
        if _format(path) and path.is_file() and name in INPUTS:
            raise UserError(f"{path}: a part of table {name}? Parts go into a folder {name}/")
        if name.lower() in INPUTS and name.lower() not in tables:
            # Left out in silence, it would look as if there were none of its rows.
            raise UserError(f"{path}: not read as table {name.lower()}; {_expected(name.lower())}")
        if name.lower() in INPUTS or (_format(path) and path.is_file()):
            ignored.append(path.name)
    missing = [t.name for t in INPUTS.values() if not t.optional and t.name not in tables]
    if missing:
        raise UserError(f"{folder}: no table {', '.join(missing)}; {_expected(missing[0])}")
    if "conversions" not in tables and not _has_column(tables["delivery"]):
        raise UserError(
            f"{folder}: nothing says how many conversions there were; expected a table "
            "conversions, or a column attribution_convert_cnt in delivery"
        )
    return Export(folder, tables, tuple(ignored), before)


def _expected(name: str) -> str:
    return f"expected files named {name}.<ext> or a folder {name}/ (ext: {_ENDINGS})"


def _has_column(delivery: Found) -> bool:
    return any("attribution_convert_cnt" in group.columns for group in delivery.groups)


def _is_table(path: Path) -> bool:
    return any(path.name == f"{name}{ending}" for name in INPUTS for ending in _FORMATS)


def _format(path: Path) -> Format | None:
    for ending, kind in _FORMATS.items():
        if path.name.endswith(ending):
            return kind
    return None


def _find_table(root: Path, table: Input) -> Found | None:
    flat = [p for ending in _FORMATS if (p := root / f"{table.name}{ending}").is_file()]
    folder = root / table.name
    partitions = sorted(folder.glob("dt=*")) if folder.is_dir() else []
    inside = _data_files(folder) if folder.is_dir() else []
    ways = [*flat, *([folder] if partitions or inside else [])]
    if len(ways) > 1 or (partitions and inside):
        names = ", ".join(str(p.relative_to(root)) for p in [*ways, *inside[:1]])
        raise UserError(f"{root}: table {table.name} stands there twice ({names}); keep one")
    if folder.is_dir() and not partitions and not inside:
        raise UserError(f"{folder}: an empty folder; expected dt=YYYY-MM-DD/ or files in it")
    if partitions:
        days, paths = _partitions(partitions)
        return _found(table, paths, days)
    paths = flat or inside
    return _found(table, paths, None) if paths else None


def _partitions(folders: list[Path]) -> tuple[tuple[date, ...], list[Path]]:
    """The days that are there, and their files. A folder without any file has not landed."""
    days: list[date] = []
    paths: list[Path] = []
    for folder in folders:
        match = _PARTITION.fullmatch(folder.name)
        try:
            day = date.fromisoformat(match[1]) if match else None
        except ValueError:
            day = None
        if day is None:
            raise UserError(f"{folder}: not a day; expected dt=YYYY-MM-DD")
        files = _data_files(folder)
        if files or (folder / "_SUCCESS").exists():
            days.append(day)
        paths.extend(files)
    return tuple(days), paths


def _data_files(folder: Path) -> list[Path]:
    files = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")) or _PARTITION.fullmatch(path.name):
            continue
        if path.is_dir():
            raise UserError(f"{path}: a folder; expected dt=YYYY-MM-DD/ or files")
        if _format(path) is None:
            raise UserError(f"{path}: not a file of ours; expected {_ENDINGS}")
        if not path.is_file():  # a pipe or a device has no end
            raise UserError(f"{path}: no file; expected {_ENDINGS}")
        files.append(path)
    return files


def _found(table: Input, paths: list[Path], days: tuple[date, ...] | None) -> Found:
    grouped: dict[tuple[Format, tuple[str, ...]], list[str]] = {}
    extra: dict[str, None] = {}
    described = _parquet_columns([path for path in paths if _format(path) == "parquet"])
    for path in paths:
        kind = _format(path)
        assert kind is not None
        columns = described[path] if kind == "parquet" else _text_columns(path, kind)
        if kind == "jsonl" and not columns:  # no line, and no header either: no rows
            columns = tuple(column.name for column in table.columns if column.required)
        grouped.setdefault((kind, columns), []).append(str(path))
    groups = []
    for number, ((kind, names), members) in enumerate(sorted(grouped.items())):
        columns = tuple(name.partition("\0")[0] for name in names)
        _require_columns(table, columns, members[0], kind)
        extra.update(dict.fromkeys(c for c in columns if c not in table.names and c != "dt"))
        groups.append(
            FileGroup(table.name, number, kind, columns, tuple(members), days is not None)
        )
    return Found(table, tuple(groups), days, tuple(extra))


def _require_columns(table: Input, columns: tuple[str, ...], path: str, kind: Format) -> None:
    missing = [c.name for c in table.columns if c.required and c.name not in columns]
    if missing:
        # As they stand in the file, not by their place.
        found = _header(Path(path)) if kind == "csv" else list(columns)
        raise UserError(
            f"{path}: column {', '.join(missing)} is missing; found {', '.join(found) or 'none'}"
        )
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise UserError(f"{path}: column {', '.join(twice)} stands there twice")


def _text_columns(path: Path, kind: Format) -> tuple[str, ...]:
    """The column names of a file."""
    return _csv_columns(path) if kind == "csv" else _jsonl_columns(path)


def _parquet_columns(paths: list[Path]) -> dict[Path, tuple[str, ...]]:
    """The column names of files, each with its type, so that files of other types are read
    apart. All are asked at once: a question takes longer than a file."""
    if not paths:
        return {}
    try:
        rows = reader().execute(_SCHEMA, [[literally(str(path)) for path in paths]]).fetchall()
    except duckdb.Error as error:
        if len(paths) > 1:  # one of them; which is found by asking for each
            return {path: _parquet_columns([path])[path] for path in paths}
        raise UserError(f"{paths[0]}: not a whole Parquet file ({_first_line(error)})") from error
    schemas: dict[str, list[tuple[Any, ...]]] = {}
    for name, *row in rows:
        schemas.setdefault(name, []).append(tuple(row))
    return {path: _described_columns(path, schemas[str(path)]) for path in paths}


def _described_columns(path: Path, schema: list[tuple[Any, ...]]) -> tuple[str, ...]:
    (_, *_, count), *rest = schema
    _require_few(path, count)
    columns = []
    for _ in range(count):
        described, waiting = [rest[0]], rest.pop(0)[-1] or 0
        while waiting:  # what lies within a column that has parts
            described.append(rest[0])
            waiting += (rest.pop(0)[-1] or 0) - 1
        columns.append(f"{described[0][0]}\0{described}")
    return tuple(columns)


@functools.cache
def reader() -> duckdb.DuckDBPyConnection:
    # Not pyarrow, which takes longer to import than a plan to be explained.
    return duckdb.connect(config={"autoinstall_known_extensions": "false"})


def _lines(path: Path) -> Iterator[str]:
    try:
        yield from lines_of(str(path))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read ({_first_line(error)})") from error


def _csv_columns(path: Path) -> tuple[str, ...]:
    header = _header(path)
    _require_few(path, len(header))
    return tuple(_distinct(header))


def _header(path: Path) -> list[str]:
    try:
        header = next(csv.reader(itertools.islice(_lines(path), _HEADER_LINES)), None)
    except csv.Error as error:
        why = "lines end in CR alone; expected LF or CRLF" if "new-line" in str(error) else error
        raise UserError(f"{path}: not a CSV file with a header ({why})") from error
    if header is None:
        raise UserError(f"{path}: an empty file; expected at least a header line")
    if any("\0" in name for name in header):
        raise UserError(f"{path}: not text in UTF-8 or GBK")
    return [name.strip() for name in header]


def _require_few(path: Path, columns: int) -> None:
    if columns > _MOST_COLUMNS:
        raise UserError(f"{path}: {columns} columns; more than {_MOST_COLUMNS} are not read")


def _distinct(header: list[str]) -> list[str]:
    """Names that an engine can tell apart: a nameless column, or one that differs from another
    in case only, is called by its place. One of ours that stands twice is left to be refused."""
    ours = {column.name for table in INPUTS.values() for column in table.columns}
    taken: set[str] = set()
    names = []
    for place, name in enumerate(header, start=1):
        # A leading underscore is ours: where a row stands, and what was found of it.
        is_clear = name in ours or (
            name and not name.startswith("_") and name.lower() not in taken | ours
        )
        names.append(name if is_clear else f"column {place}")
        taken.add(name.lower())
    return names


def _jsonl_columns(path: Path) -> tuple[str, ...]:
    """The keys of all objects. Of those that an engine cannot tell apart, the first stands."""
    ours = {column.name for table in INPUTS.values() for column in table.columns}
    names: dict[str, None] = {}
    for line in _lines(path):
        names.update(dict.fromkeys(object_of(line) or ()))
        _require_few(path, len(names))
    taken = {name.lower() for name in ours if name in names}
    kept = []
    for name in names:
        if name in ours:
            kept.append(name)
        elif name and not name.startswith("_") and name.lower() not in taken:
            kept.append(name)
            taken.add(name.lower())
    return tuple(kept)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
