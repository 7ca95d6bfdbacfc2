"""Engines: all input, output and dialect, nothing of the rule.

The stages are Ibis expressions; an engine reads files into Ibis tables and carries the
expressions out. DuckDB is embedded and the default; Spark runs the same expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from ibis.expr.types import Table

    from qianchuan_guarantee.exports.find import FileGroup


@dataclass(frozen=True)
class Malformed:
    """A line that does not have the columns of its header. `row_number` counts data rows from 1."""

    path: str
    row_number: int
    line: str


@dataclass(frozen=True)
class Rows:
    """A small table from memory: its columns with their ibis types, and its rows."""

    kinds: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]] = ()


class Plans(tuple[int, ...]):
    """Some plans, by id: as what a step is called with, they change nothing of it but these."""


# An expression, or a pure function that gives one for what it is called with: tables, days,
# words, numbers. Of a function an engine may know the answer beforehand.
Step: TypeAlias = "Table | Callable[..., Table]"


class Engine(Protocol):
    """What the rest of the package asks of an engine."""

    name: str
    scratch: Path  # a folder of the engine's own, emptied by `close`

    def read(self, group: FileGroup, *, numbered: bool = False) -> Table:
        """The rows as they stand in the files: their columns, and `_file`, `_dt`
        (date, null without partitions) and, if `numbered`, `_row_number` from 1."""

    def read_anew(self, group: FileGroup, error: Exception | None = None) -> bool:
        """Text files of the group that turned out to be other than plain (GBK, torn lines, mixed
        line ends) are read with more care from now on; true if there were any, and `read` must
        be called again. `error`: what went wrong; raised again where care is of no help."""

    def malformed(self, group: FileGroup) -> list[Malformed]:
        """Lines left out by `read`; known once the table that `read` gave has been kept."""

    def table(self, data: pa.Table | Rows) -> Table:
        """A small table from memory."""

    def keep(self, step: Step, *of: Any) -> Table:
        """Carry a step out once and keep its rows."""

    def view(self, step: Step, *of: Any) -> Table:
        """A name for a step whose rows are read in one place, so that what is built on it is
        written from there; nothing is carried out."""

    def kinds(self, table: Table) -> Mapping[str, str]:
        """A table's columns with their types, as Ibis writes them."""

    def arrow(self, step: Step, *of: Any) -> pa.Table:
        """The rows of a step."""

    def rows(self, step: Step, *of: Any) -> list[dict[str, Any]]:
        """The rows of a step, where there are few, as Python has them."""

    def count(self, table: Table) -> int:
        """How many rows a table has that was kept."""

    def batches(self, step: Step, *of: Any) -> Iterator[pa.RecordBatch]:
        """The rows of a step, piece by piece, in its order."""

    def to_parquet(self, table: Table, by: Sequence[str] = ()) -> Callable[[Path], int] | None:
        """What writes a table's rows to a file, ordered by some columns, and says how many; the
        same rows give the same bytes. None where the engine can only hand rows on."""

    def version(self) -> str:
        """Name and version, for whoever must repeat the run."""

    def close(self) -> None:
        """Give back what the engine holds."""
