"""The files of a made export: written beside, then renamed, so that a half one is never there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.generate import conversions, delivery, operations, others
from qianchuan_guarantee.generate.dice import Dice
from qianchuan_guarantee.generate.dirt import KINDS
from qianchuan_guarantee.generate.hours import definitions
from qianchuan_guarantee.generate.order import QUIET_DAYS, Made, Order
from qianchuan_guarantee.generate.plans import model_sql

Tell = Callable[..., None]
MEMORY = "2GB"
_MOST_THREADS = 8  # each needs its share of the memory
# A day whose operations never landed; only plans that show LOGS_INCOMPLETE are about by then.
MISSING_DAY = QUIET_DAYS - 1


def generate(
    order: Order, out: Path, tell: Tell = lambda key, **words: None, memory: str = MEMORY
) -> Made:
    """Make an export in the folder `out`, which must be new or empty."""
    _require_empty(out)
    made = Made(dirty_rows={kind: {} for kind in KINDS}, dirty_plans=dict.fromkeys(KINDS, 0))
    try:
        with _beside(out) as work, _connected(work, memory) as connection:
            exports = work / "exports"
            exports.mkdir()
            _Export(order, exports, connection, tell, made).write()
            if out.is_dir():
                out.rmdir()
            exports.replace(out)
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise UserError(f"{out}: cannot be written: {error}") from error
    return made


def _require_empty(out: Path) -> None:
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists():
        raise UserError(f"{out}: is there already; expected a new or an empty folder")


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A folder beside `out`, on the same disk, that goes away whatever happens."""
    parent = out.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=parent))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _connected(work: Path, memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with bounded memory, spilling beside the files. Two threads at least: with one,
    row groups would be cut elsewhere, and the same order would not give the same bytes."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "temp_directory": str(work / "spill"),
        "threads": min(max(2, os.cpu_count() or 2), _MOST_THREADS),
        "preserve_insertion_order": True,
    }
    connection = duckdb.connect(config=settings)
    try:
        yield connection
    finally:
        connection.close()


class _Export:
    """An export that is being written."""

    def __init__(
        self,
        order: Order,
        folder: Path,
        connection: duckdb.DuckDBPyConnection,
        tell: Tell,
        made: Made,
    ) -> None:
        self._order = order
        self._folder = folder
        self._connection = connection
        self._tell = tell
        self._made = made
        self._dice = Dice(order.seed)

    def write(self) -> None:
        """Every table, from the model of the plans."""
        order, dice = self._order, self._dice
        self._tell("p_drawing", plans=order.plans)
        for definition in definitions(dice.hash("spending", "i", "t")):
            self._connection.execute(definition)
        self._keep("model", model_sql(order, dice))
        self._plans()
        by_time = "create_time, ad_id, log_id, operation, new_value"
        self._log("operations", operations.operations(order, dice), by_time)
        if not order.by_slices:
            by_time = "received_at, conversion_id"
            self._log("conversions", conversions.conversions(order, dice), by_time)
        self._delivery()
        self._table("verdicts", others.verdicts(order, dice))
        self._table("first_deliveries", others.first_deliveries())
        self._table("restrictions", others.restrictions(order, dice))

    def _plans(self) -> None:
        """One file; or a snapshot of every day, from a plan's creation until it is over."""
        if not self._order.is_daily:
            self._table("plans", others.plans(self._order, self._dice, None))
            return
        self._tell("p_making", table="plans")
        for number in range(self._order.days):
            self._copy("plans", others.plans(self._order, self._dice, number), number)

    def _table(self, table: str, query: str) -> None:
        """A table in one file, unless it has no rows: then it is left out, as it may be."""
        self._tell("p_making", table=table)
        path = self._folder / f"{table}.{self._order.format}"
        if self._write(table, query, path) == 0:
            path.unlink()
            del self._made.tables[table]

    def _log(self, table: str, query: str, by_time: str) -> None:
        """A log that is small enough to be sorted, on disk where memory is short."""
        self._tell("p_making", table=table)
        keys = by_time if self._order.order == "hour" else f"ad_id, {by_time}"
        day = "written_day, " if self._order.is_daily else ""
        self._keep("log", f"SELECT * FROM ({query}) ORDER BY {day}{keys}")
        self._count_dirt(table, "log")
        columns = "SELECT * EXCLUDE (written_day, dirt) FROM log"
        if not self._order.is_daily:
            self._write(table, columns, self._folder / f"{table}.{self._order.format}")
        else:
            for number in range(self._order.days):
                if table != "operations" or number != MISSING_DAY:
                    self._copy(table, f"{columns} WHERE written_day = {number}", number)
        self._connection.execute("DROP TABLE log")

    def _delivery(self) -> None:
        """The largest log: made in the order in which it is written, never sorted. In the order
        of plans and without partitions it is one file, else a file per day."""
        order = self._order
        self._keep("dirty", delivery.dirty(order, self._dice))
        self._count_dirt("delivery", "dirty")
        bad = "SELECT * EXCLUDE (written_day, dirt) FROM dirty"
        if order.order == "plan" and not order.is_daily:
            self._tell("p_making", table="delivery")
            rows = f"{delivery.of_plans(order)} UNION ALL {bad}"
            self._write("delivery", rows, self._folder / f"delivery.{order.format}")
            return
        for number in range(order.days):
            self._tell("p_making_day", table="delivery", day=order.day(number))
            self._keep("model_of_day", delivery.plans_of_day(number))
            rows = f"{delivery.of_day(order, number)} UNION ALL {bad} WHERE written_day = {number}"
            self._copy("delivery", rows, number)

    def _copy(self, table: str, query: str, number: int) -> None:
        """The rows of a day, to its partition; without partitions, to its file."""
        day = self._order.day(number)
        folder = self._folder / table
        name = f"dt={day}/part-0" if self._order.is_daily else f"{day}"
        path = folder / f"{name}.{self._order.format}"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._write(table, query, path)

    def _write(self, table: str, query: str, path: Path) -> int:
        quoted = str(path).replace("'", "''")
        header = ", HEADER" if self._order.format == "csv" else ""
        options = f"FORMAT {self._order.format}{header}"
        copied = self._connection.execute(f"COPY ({query}) TO '{quoted}' ({options})").fetchone()
        rows = int(copied[0]) if copied else 0
        self._made.tables[table] = self._made.tables.get(table, 0) + rows
        return rows

    def _keep(self, name: str, query: str) -> None:
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")

    def _count_dirt(self, table: str, source: str) -> None:
        found = self._connection.execute(
            f"SELECT dirt, count(*), count(DISTINCT ad_id) FROM {source} "
            "WHERE dirt IS NOT NULL GROUP BY dirt ORDER BY dirt"
        ).fetchall()
        for kind, rows, plans in found:
            # Of a conflict, the row that stands in its own place is the other one.
            self._made.dirty_rows[kind][table] = 2 * rows if kind == "conflict" else rows
            self._made.dirty_plans[kind] += plans
