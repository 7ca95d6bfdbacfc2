"""What the statistics in Parquet files say of whole columns, so that rows need not be asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.engines.duckdb_files import literally
from qianchuan_guarantee.exports.find import reader
from qianchuan_guarantee.tables import EARLIEST, LATEST, MOST, Column, Input

if TYPE_CHECKING:
    from qianchuan_guarantee.exports.find import FileGroup

# Not by way of Arrow, which takes longer to import than all files to be asked.
_STATISTICS = """
    SELECT path_in_schema, type, stats_min_value, stats_max_value, stats_null_count
    FROM parquet_metadata(?)
"""
_WHOLE = re.compile(r"-?\d+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
# A time with a zone is still to be converted, and a day is no instant.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")


@dataclass(frozen=True)
class Bounds:
    """The least and the greatest value of a column, and how many rows have none."""

    least: Any
    greatest: Any
    nulls: int

    def answers(self, column: Column) -> bool:
        """Is every cell of the column known to be fine?"""
        if self.nulls and column.required:
            return False
        if column.kind == "text":
            return not column.choices and self.are_words
        if column.kind not in ("id", "count", "money", "instant"):
            return False
        lower, upper = _range_of(column)
        return bool(lower <= self.least and self.greatest <= upper)

    @property
    def are_words(self) -> bool:
        """Does every text begin with a digit or a letter, and so is no mark that means null?"""
        return bool("0" <= self.least <= self.greatest < "{")


def _range_of(column: Column) -> tuple[Any, Any]:
    if column.kind == "instant":
        return EARLIEST, LATEST.replace(year=LATEST.year - 1)  # a year early: never in doubt
    if column.kind == "money":
        step = Decimal(1).scaleb(-column.scale)
        most = Decimal(10) ** (column.digits - column.scale) - step
        return (step if column.positive else Decimal(0)), most
    return (1 if column.positive else 0), MOST if column.kind == "count" else 2**63 - 1


def answered(group: FileGroup, table: Input) -> tuple[str, ...]:
    """The columns whose every cell is fine by the statistics of a group's files."""
    found = bounds(group, table)
    columns = (column for column in table.columns if column.name in found)
    return tuple(column.name for column in columns if found[column.name].answers(column))


def bounds(group: FileGroup, table: Input) -> Mapping[str, Bounds]:
    """Column → bounds over all files of a group; columns without statistics are left out."""
    if group.format != "parquet":
        return {}
    paths = [literally(path) for path in group.paths]
    columns = {column.name: column for column in table.columns}
    found: dict[str, list[Bounds | None]] = {}
    for name, stored_as, *texts, nulls in reader().execute(_STATISTICS, [paths]).fetchall():
        if name not in columns:
            continue
        least, greatest = (_value(columns[name], stored_as, text) for text in texts)
        is_known = least is not None and greatest is not None and nulls is not None
        part = Bounds(least, greatest, nulls) if is_known else None
        found.setdefault(name, []).append(part)
    whole = {name: _of_all(parts) for name, parts in found.items()}
    return {name: bound for name, bound in whole.items() if bound is not None}


def _of_all(parts: Sequence[Bounds | None]) -> Bounds | None:
    """The bounds of all parts; null where they are not known of each."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return Bounds(
        min(part.least for part in known),
        max(part.greatest for part in known),
        sum(part.nulls for part in known),
    )


def _value(column: Column, stored_as: str, text: str | None) -> Any:
    """A value as DuckDB writes it; None where it is of another kind than the column."""
    if text is None or (column.kind == "text") != (stored_as == "BYTE_ARRAY"):
        return None
    if column.kind == "text":
        return text
    if stored_as not in ("INT32", "INT64", "FIXED_LEN_BYTE_ARRAY"):
        return None
    if column.kind == "instant":
        return datetime.fromisoformat(text) if _INSTANT.fullmatch(text) else None
    if column.kind == "money" and _NUMBER.fullmatch(text):
        return Decimal(text)
    return int(text) if _WHOLE.fullmatch(text) else None
