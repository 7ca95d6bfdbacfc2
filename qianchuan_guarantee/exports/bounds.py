"""What the statistics in Parquet files say of whole columns, so that rows need not be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.tables import EARLIEST, LATEST, MOST, Column, Input

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from qianchuan_guarantee.exports.find import FileGroup


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
        return all(
            isinstance(value, (int, Decimal))
            # A time with a zone is still to be converted.
            or (isinstance(value, datetime) and value.tzinfo is None)
            for value in (self.least, self.greatest)
        ) and bool(lower <= self.least and self.greatest <= upper)

    @property
    def are_words(self) -> bool:
        """Does every text begin with a digit or a letter, and so is no mark that means null?"""
        texts = (self.least, self.greatest)
        return all(isinstance(text, str) for text in texts) and "0" <= texts[0] <= texts[1] < "{"


def _range_of(column: Column) -> tuple[Any, Any]:
    if column.kind == "instant":
        return EARLIEST, LATEST.replace(year=LATEST.year - 1)  # a year early: never in doubt
    least = 1 if column.positive and column.kind != "money" else 0
    if column.kind == "money":
        step = Decimal(1).scaleb(-column.scale)
        most = Decimal(10) ** (column.digits - column.scale) - step
        return (step if column.positive else Decimal(0)), most
    return least, MOST if column.kind == "count" else 2**63 - 1


def answered(group: FileGroup, table: Input) -> tuple[str, ...]:
    """The columns whose every cell is fine by the statistics of a group's files."""
    found = bounds(group)
    columns = (column for column in table.columns if column.name in found)
    return tuple(column.name for column in columns if found[column.name].answers(column))


def bounds(group: FileGroup) -> Mapping[str, Bounds]:
    """Column → bounds over all files of a group; columns without statistics are left out."""
    import pyarrow.parquet as pq

    if group.format != "parquet":
        return {}
    found: dict[str, Bounds | None] = {}
    for path in group.paths:
        with pq.ParquetFile(path) as file:
            for number in range(file.metadata.num_row_groups):
                _add(found, file.metadata.row_group(number))
    return {name: bound for name, bound in found.items() if bound is not None}


def _add(found: dict[str, Bounds | None], rows: pq.RowGroupMetaData) -> None:
    for place in range(rows.num_columns):
        chunk = rows.column(place)
        name, said = chunk.path_in_schema, chunk.statistics
        if said is None or not said.has_min_max or not said.has_null_count:
            found[name] = None
            continue
        bound = Bounds(said.min, said.max, said.null_count)
        before = found.setdefault(name, bound)
        if before is not None and before is not bound:
            found[name] = Bounds(
                min(before.least, bound.least),
                max(before.greatest, bound.greatest),
                before.nulls + bound.nulls,
            )
