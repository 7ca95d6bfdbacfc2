"""Spark: the same stages where one machine is outgrown, in local mode or on a cluster.

Files must lie where every executor sees them under the same path. Parquet is read by Spark
itself. Text files are read by `records`, in Python on the executors, a file at a time: Spark's
own reader of CSV accepts quotes that are never closed. The driver never sees a file's rows.
Executors need Python with pyarrow, but not this package.
"""

from __future__ import annotations

import atexit
import itertools
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt

from qianchuan_guarantee.engines import Malformed, Rows, Step
from qianchuan_guarantee.engines.spark_dialect import Dialect
from qianchuan_guarantee.engines.spark_errors import answers, hush, in_one_sentence, told
from qianchuan_guarantee.engines.spark_files import (
    BAD,
    KEY,
    ROW,
    files_of,
    names_of,
    pattern,
    quoted,
    reading,
    text_schema,
    without_nanoseconds,
)
from qianchuan_guarantee.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import Table
    from pyspark import Accumulator
    from pyspark.sql import DataFrame, SparkSession

    from qianchuan_guarantee.exports.find import FileGroup

_SHARE = 64 << 20  # bytes of text that make a task of their own worth its while

# Of the session: what the expressions mean. No SQL here depends on a cluster's own settings.
_MEANING = {
    "spark.sql.session.timeZone": "UTC",
    # A time is a wall clock without a zone, as in DuckDB; with one, only as read from Parquet.
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    # A cast that does not fit, and a sum or product beyond 38 digits, is an error, never a null.
    "spark.sql.ansi.enabled": "true",
    # With loss allowed, a product with too many digits gives up decimals: it would round.
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.caseSensitive": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
_LOCAL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "4",
}
# A task that fails is told by the exception that follows.
_QUIET = """\
rootLogger.level = error
logger.executor.name = org.apache.spark.executor.Executor
logger.executor.level = off
logger.tasks.name = org.apache.spark.scheduler.TaskSetManager
logger.tasks.level = off
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %p %c{1}: %m%n%ex{1}
"""


class Spark:
    """`master` as Spark writes it (`local[4]`, `spark://…`, `yarn`); None: as the surroundings
    say (spark-submit, spark-defaults.conf), else all cores of this machine."""

    name = "spark"

    def __init__(self, master: str | None = None) -> None:
        try:
            import pyspark
        except ImportError as error:
            raise UserError(
                "--engine spark: pyspark is missing; install qianchuan-guarantee[spark]"
            ) from error
        self._spill = tempfile.TemporaryDirectory(prefix="qcg-")
        self.scratch = Path(self._spill.name)
        # A session that somebody else started is borrowed, and left as it was.
        self._is_ours = pyspark.SparkContext._active_spark_context is None
        try:
            started = _started(master, Path(self._spill.name))
        except Exception as error:
            self._spill.cleanup()
            said = (str(error).splitlines() or [type(error).__name__])[0]
            raise UserError(
                f"--engine spark: Spark does not start ({said}); it needs Java 17 or newer, "
                f"and a master that can be reached (--spark-master {master or 'not given'})"
            ) from error
        if self._is_ours:
            hush(started.sparkContext)
        self.session: SparkSession = started.newSession()
        for key, value in _MEANING.items():
            self.session.conf.set(key, value)
        ibis.options.sql.fuse_selects = False  # as on DuckDB
        self.connection = ibis.pyspark.connect(self.session)
        self.connection.compiler = Dialect()
        # Asked for when all is written: Java, which is not needed then, may not answer any more.
        self._version = f"spark {self.session.version}, ibis {ibis.__version__}"
        self._is_local = (self.session.sparkContext.master or "").startswith("local")
        self._shared = self._folder_that_all_see()
        self._numbers = itertools.count()
        self._views: list[str] = []
        # What executors met on the way: a task done twice counts twice, but none is left out.
        self._malformed: dict[tuple[str, tuple[str, ...]], Accumulator[int]] = {}
        # A command that fails does not come to close us; Java goes after this.
        atexit.register(self.close)

    def version(self) -> str:
        return self._version

    @told
    def read(self, group: FileGroup, *, numbered: bool = False) -> Table:
        """Row numbers leave out malformed lines, as with DuckDB."""
        from pyspark.sql import functions as f

        is_parquet = group.format == "parquet"
        rows = self._parquet(group) if is_parquet else self._text(group).where(f.col(BAD).isNull())
        names = [*names_of(group), "_file", "_dt"]
        kept = [f.col(quoted(name)) for name in names]
        if numbered:
            kept.append(f.col(ROW).alias("_row_number"))
        return self._named(rows.select(*kept))

    def _parquet(self, group: FileGroup) -> DataFrame:
        from pyspark.sql import functions as f

        places = [pattern(path) for path in group.paths]
        rows = without_nanoseconds(self.session.read.parquet(*places), group.paths[0])
        # The metadata has the path as a URI; url_decode also takes + for a space.
        path = f.url_decode(f.replace(f.col("_metadata.file_path"), f.lit("+"), f.lit("%2B")))
        placed = rows.select(
            "*",
            f.regexp_replace(path, "^file:/+", "/").alias(KEY),
            (f.col("_metadata.row_index") + 1).alias(ROW),
        )
        files = self.session.createDataFrame(files_of(group))
        joined = placed.join(f.broadcast(files), KEY, "left")
        # A row whose file is not found again would lose its day without anybody noticing.
        unknown = f.raise_error(f.concat(f.lit("read from a file that was not asked for: "), KEY))
        return joined.withColumn("_file", f.coalesce("_file", unknown.cast("string")))

    def _text(self, group: FileGroup) -> DataFrame:
        """The records of a group of text files, malformed ones with their text in `BAD`, each with
        its number among all records of its file."""
        files = self.session.createDataFrame(files_of(group))
        context = self.session.sparkContext
        size = sum(os.path.getsize(path) for path in group.paths)
        tasks = min(len(group.paths), max(context.defaultParallelism, size // _SHARE))
        count = self._malformed.setdefault((group.table, group.paths), context.accumulator(0))
        return files.repartition(tasks).mapInArrow(reading(group, count), text_schema(group))

    def read_anew(self, group: FileGroup, error: Exception | None = None) -> bool:
        """Executors read every file with care, the first time."""
        if error is not None:
            raise error
        return False

    @told
    def malformed(self, group: FileGroup) -> list[Malformed]:
        """Text files are read a second time for this, if the first time has met any."""
        from pyspark.sql import functions as f

        count = self._malformed.get((group.table, group.paths))
        if count is None or not count.value:
            return []
        bad = self._text(group).where(f.col(BAD).isNotNull()).select("_file", ROW, BAD)
        found = [(row["_file"], row[ROW], row[BAD]) for row in bad.collect()]
        return [Malformed(*line) for line in sorted(found)]

    @told
    def table(self, data: pa.Table | Rows) -> Table:
        if isinstance(data, Rows):
            import pyarrow as pa

            schema = ibis.schema(data.kinds).to_pyarrow()
            data = pa.Table.from_pylist([dict(row) for row in data.rows], schema=schema)
        return self._named(self.session.createDataFrame(data))

    def _folder_that_all_see(self) -> str | None:
        """Our own folder where what is kept outlives an executor: on one machine the scratch, on
        a cluster one below spark.checkpoint.dir; null where a cluster names none."""
        if self._is_local:
            return self.scratch.as_uri()
        place = self.session.sparkContext.getCheckpointDir()
        return None if place is None else f"{place}/{self.scratch.name}"

    def _forget(self) -> None:
        """Delete what was kept, also after a run that failed."""
        for view in self._views:
            self.session.catalog.dropTempView(view)
        if self._shared is not None and not self._is_local:
            context: Any = self.session.sparkContext
            path = context._jvm.org.apache.hadoop.fs.Path(self._shared)
            if self._is_ours:
                path = path.getParent()  # Spark made it, for this session alone
            path.getFileSystem(context._jsc.hadoopConfiguration()).delete(path, True)

    @told
    def keep(self, step: Step, *of: Any) -> Table:
        """Cut off from what it was computed from, so that plans stay small: as Parquet that all
        executors see, of which later steps read the columns they need; without such a folder
        the executors keep the rows, and one that is lost ends the run."""
        rows = self._frame(_expression(step, of))
        if self._shared is None:
            return self._named(rows.localCheckpoint())
        place = f"{self._shared}/kept-{next(self._numbers)}"
        rows.write.parquet(place)
        return self._named(self.session.read.schema(rows.schema).parquet(place))

    @told
    def view(self, step: Step, *of: Any) -> Table:
        return self._named(self._frame(_expression(step, of)))

    @told
    def count(self, table: Table) -> int:
        return int(self._frame(table).count())

    @told
    def arrow(self, step: Step, *of: Any) -> pa.Table:
        expression = _expression(step, of)
        return self._frame(expression).toArrow().cast(expression.schema().to_pyarrow())

    def kinds(self, table: Table) -> Mapping[str, str]:
        return {name: str(kind) for name, kind in table.schema().items()}

    def rows(self, step: Step, *of: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.arrow(step, *of).to_pylist()
        return found

    def batches(self, step: Step, *of: Any) -> Iterator[pa.RecordBatch]:
        """One batch at a time reaches the driver, in order."""
        import pyarrow as pa

        expression = _expression(step, of)
        schema = expression.schema().to_pyarrow()
        with in_one_sentence(self):
            packed = self._frame(expression).mapInArrow(_packing(), "piece binary")
            for (piece,) in packed.toLocalIterator():
                table = pa.ipc.open_stream(piece).read_all()
                yield from table.cast(schema).to_batches()

    def to_parquet(self, table: Table, by: Sequence[str] = ()) -> None:
        """Rows come to the driver, which writes one file."""

    def close(self) -> None:
        atexit.unregister(self.close)
        try:
            if answers(self.session.sparkContext):  # else its session has ended with it
                self._forget()
                if self._is_ours:
                    self.session.stop()
        finally:
            self._spill.cleanup()

    def _frame(self, expression: Table) -> DataFrame:
        return self.session.sql(self.connection.compile(expression))

    def _named(self, rows: DataFrame) -> Table:
        """A table of Ibis, which of Spark's two kinds of time tells neither zone nor digits."""
        name = f"kept_{next(self._numbers)}"
        rows.createOrReplaceTempView(name)
        self._views.append(name)
        table = self.connection.table(name)
        times = {
            "timestamp": dt.Timestamp(timezone="UTC", scale=6),
            "timestamp_ntz": dt.Timestamp(scale=6),
        }
        kinds = {column: times[kind] for column, kind in rows.dtypes if kind in times}
        schema = ibis.schema(dict(table.schema().items()) | kinds)
        return table.op().copy(schema=schema).to_expr()


def _expression(step: Step, of: Sequence[Any]) -> Table:
    return step(*of) if callable(step) else step


def _started(master: str | None, folder: Path) -> SparkSession:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("qianchuan-guarantee")
    if master is not None:
        builder = builder.master(master)
    if master is None or master.startswith("local"):
        # Python on the executors is this one.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if master is not None and master.startswith("local"):
        quiet = folder / "log4j2.properties"
        quiet.write_text(_QUIET, encoding="utf-8")
        for key, value in _LOCAL.items():
            builder = builder.config(key, value)
        builder = builder.config(
            "spark.driver.extraJavaOptions", f"-Dlog4j2.configurationFile={quiet.as_uri()}"
        )
    return builder.getOrCreate()


def _packing() -> Any:
    """A function for the executors: each batch as one cell, in Arrow's stream format. Nested, so
    that it travels with its code; executors need pyarrow only."""

    def pack(batches: Any) -> Any:
        import pyarrow as pa

        for batch in batches:
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema) as stream:
                stream.write_batch(batch)
            yield pa.record_batch([pa.array([sink.getvalue().to_pybytes()])], ["piece"])

    return pack
