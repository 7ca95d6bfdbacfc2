"""DuckDB, embedded: reads Parquet and text, carries the stages out, spills when memory is short."""

from __future__ import annotations

import functools
import itertools
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler
from ibis.backends.sql.datatypes import DuckDBType

from qianchuan_guarantee.engines import Malformed, Rows, Step
from qianchuan_guarantee.engines.prepared import Call, Prepared, known
from qianchuan_guarantee.engines.records import rewrite
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.tables import Input

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import Table

    from qianchuan_guarantee.exports.find import FileGroup


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_FILE = "_qcg_file"  # the column that says which file a row came from
_NUMBER = "_qcg_number"  # and which of its rows


def _named(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@functools.cache
def _type(text: str) -> dt.DataType:
    return DuckDBType.from_string(text)


@dataclass(frozen=True)
class _Made:
    """A table or view of ours, what it was made of, and the tables and views that this reads."""

    name: str
    query: str
    reads: frozenset[str]
    is_view: bool


def _is_named(step: Step) -> TypeGuard[Table]:
    return isinstance(step, ir.Table) and isinstance(step.op(), ops.DatabaseTable)


class _Dialect(DuckDBCompiler):  # type: ignore[misc]  # Ibis is read without its types
    """Ibis's compiler for DuckDB, mended."""

    def visit_Hash(self, op: Any, *, arg: Any) -> Any:  # noqa: N802
        """As it is, unsigned: Ibis makes an int64 of it by way of a string of bits."""
        return self.f.hash(arg)

    def visit_DropColumns(self, op: Any, *, parent: Any, columns_to_drop: Any) -> Any:  # noqa: N802
        """In one order: the same expression gives the same SQL in every process."""
        names = sorted(columns_to_drop)
        return super().visit_DropColumns(op, parent=parent, columns_to_drop=names)


class DuckDB:
    """An embedded engine; `memory` as DuckDB writes sizes ('2GB'), None for its default."""

    name = "duckdb"

    def __init__(self, memory: str | None = None, threads: int | None = None) -> None:
        ibis.options.sql.fuse_selects = False
        self._spill = tempfile.TemporaryDirectory(prefix="qcg-")
        self.scratch = Path(self._spill.name)
        self.connection = ibis.duckdb.connect(temp_directory=self._spill.name)
        self.connection.compiler = _Dialect()
        self.prepared = Prepared(known())
        self._numbers = itertools.count()
        self._copies: dict[str, str] = {}  # text files that are not plain → their copies
        self._malformed: list[Malformed] = []
        self._made: list[_Made] = []
        # Without this, a hidden default of the machine would decide what 2022-10-01T00:00Z means.
        self.connection.raw_sql("SET TimeZone = 'UTC'")
        self.connection.raw_sql("SET enable_progress_bar = false")
        if threads is not None:
            self.connection.raw_sql(f"SET threads = {threads:d}")
        if memory is not None:
            try:
                self.connection.raw_sql(f"SET memory_limit = {_quoted(memory)}")
            except Exception as error:
                raise UserError(f"--memory {memory}: not a size; expected e.g. 2GB") from error

    def version(self) -> str:
        return f"duckdb {self.connection.version}, ibis {ibis.__version__}"

    def read(self, group: FileGroup, *, numbered: bool = False) -> Table:
        if group.format == "jsonl":
            self._rewrite(group, group.paths)
        columns = [_named(name) for name in group.columns if not name.startswith("_")]
        # Of the path only the partition's own folder says the day, whatever stands above it.
        day = f"regexp_extract({_FILE}, 'dt=([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})/[^/]*$', 1)"
        day = f"CAST({day} AS DATE)" if group.is_partitioned else "CAST(NULL AS DATE)"
        selects = []
        for paths in self._read_alike(group, apart=numbered):
            is_copy = paths[0] in self._copies
            number = f", {self._row_number(group, is_copy=is_copy)} AS _row_number"
            selects.append(
                f"SELECT {', '.join(columns)}, {self._path(paths)} AS _file, {day} AS _dt"
                f"{number if numbered else ''} "
                f"FROM {self._source(group, paths, is_copy=is_copy, rejects=not numbered)}"
            )
        return self._as_known_types(self._view(" UNION ALL ".join(selects)))

    def _read_alike(self, group: FileGroup, *, apart: bool) -> list[tuple[str, ...]]:
        if apart:
            return [(path,) for path in group.paths]
        copied = tuple(path for path in group.paths if path in self._copies)
        plain = tuple(path for path in group.paths if path not in self._copies)
        return [paths for paths in (plain, copied) if paths]

    def _row_number(self, group: FileGroup, *, is_copy: bool) -> str:
        """A plain CSV has neither numbers nor blank or malformed lines, so that its rows can be
        counted; without PARTITION BY this window streams."""
        if group.format == "parquet":
            return "file_row_number + 1"
        return f"CAST({_NUMBER} AS BIGINT)" if is_copy else "row_number() OVER ()"

    def _path(self, paths: tuple[str, ...]) -> str:
        if paths[0] not in self._copies:
            return _FILE
        cases = (f"WHEN {_quoted(self._copies[path])} THEN {_quoted(path)}" for path in paths)
        return f"CASE {_FILE} {' '.join(cases)} END"

    def _view(self, query: str) -> Table:
        name = self._name()
        self.connection.raw_sql(f"CREATE TEMP VIEW {name} AS {query}")
        self._remember(name, query, is_view=True)
        return self._table(name)

    def _remember(self, name: str, query: str, *, is_view: bool) -> None:
        reads = frozenset(re.findall(r"\bkept_\d+\b", query))
        self._made.append(_Made(name, query, reads, is_view))

    def _table(self, name: str) -> Table:
        # As the connection's own `table`, but a type that was read once is not read again.
        columns = self.connection.raw_sql(f"DESCRIBE {name}").fetchall()
        return self._stand_in(name, ibis.schema({it: _type(kind) for it, kind, *_ in columns}))

    def _as_known_types(self, table: Table) -> Table:
        """Columns of a type that ibis does not know (a zoned time in nanoseconds) as text."""
        unknown = [name for name, kind in table.schema().items() if kind.is_unknown()]
        if not unknown:
            return table
        texts = ", ".join(f"CAST({_named(name)} AS VARCHAR) AS {_named(name)}" for name in unknown)
        return self._view(f"SELECT * REPLACE ({texts}) FROM {table.get_name()}")

    def _source(
        self, group: FileGroup, paths: tuple[str, ...], *, is_copy: bool, rejects: bool
    ) -> str:
        files = "[" + ", ".join(_quoted(self._copies.get(path, path)) for path in paths) + "]"
        options = [f"filename = '{_FILE}'", "hive_partitioning = false"]
        if group.format == "parquet":
            options.append("file_row_number = true")
            return f"read_parquet({files}, {', '.join(options)})"
        columns = [*group.columns, *([_NUMBER] if is_copy else [])]
        names = ", ".join(f"{_quoted(name)}: 'VARCHAR'" for name in columns)
        options += [
            f"columns = {{{names}}}",
            "header = true",
            "auto_detect = false",
            "delim = ','",
            "quote = '\"'",
            "escape = '\"'",
        ]
        if not is_copy:
            options.append("ignore_errors = true")
            if rejects:
                table = self._rejects(group)
                options += ["store_rejects = true", f"rejects_table = '{table}'"]
                options.append(f"rejects_scan = '{table}_scan'")
        return f"read_csv({files}, {', '.join(options)})"

    def _rejects(self, group: FileGroup) -> str:
        return f"rejects_{group.table}_{group.number}"

    def read_anew(self, group: FileGroup, error: Exception | None = None) -> bool:
        if group.format != "csv":
            if error is not None:
                raise error
            return False
        if error is None:
            name = self._rejects(group)
            found = self.connection.raw_sql(
                f"SELECT DISTINCT file_path FROM {name} "
                f"JOIN {name}_scan USING (scan_id, file_id) ORDER BY ALL"
            ).fetchall()
            paths = tuple(path for (path,) in found if path not in self._copies.values())
        else:
            paths = group.paths
        self._rewrite(group, paths)
        return bool(paths)

    def _rewrite(self, group: FileGroup, paths: tuple[str, ...]) -> None:
        """Plain copies of files that are not: their records by our own reader, numbered."""
        for path in paths:
            if path in self._copies:
                continue
            folder = Path(path).resolve().parent.name  # a partition's day is kept
            copy = Path(self.scratch, f"copy-{len(self._copies)}", folder, "copy.csv")
            copy.parent.mkdir(parents=True)
            try:
                self._malformed += rewrite(path, group.format, group.columns, copy)
            except ValueError as error:
                raise UserError(f"{path}: {error}") from error
            self._copies[path] = str(copy)

    def malformed(self, group: FileGroup) -> list[Malformed]:
        return [line for line in self._malformed if line.path in group.paths]

    def table(self, data: pa.Table | Rows) -> Table:
        name = self._name()
        if isinstance(data, Rows):
            return self._rows(name, data)
        self.connection.con.register(f"{name}_arrow", data)
        self.connection.raw_sql(f"CREATE TEMP TABLE {name} AS SELECT * FROM {name}_arrow")
        self.connection.con.unregister(f"{name}_arrow")
        return self._table(name)

    def _rows(self, name: str, data: Rows) -> Table:
        # Not by way of Arrow, which imports pandas to look at a list.
        kinds = {it: DuckDBType.to_string(dt.dtype(kind)) for it, kind in data.kinds.items()}
        columns = ", ".join(f"{_named(it)} {kind}" for it, kind in kinds.items())
        self.connection.raw_sql(f"CREATE TEMP TABLE {name} ({columns})")
        self._insert(name, data)
        return self._stand_in(name, ibis.schema({it: _type(kind) for it, kind in kinds.items()}))

    def _insert(self, name: str, data: Rows) -> None:
        kinds = data.kinds
        if data.rows:
            holes = f"({', '.join('?' for _ in kinds)})"
            cells = [row[column] for row in data.rows for column in kinds]
            many = f"INSERT INTO {name} VALUES {', '.join(holes for _ in data.rows)}"
            self.connection.con.execute(many, cells).fetchall()

    def keep(self, step: Step, *of: Any) -> Table:
        # Not create_table: it declares the types that ibis infers and casts to them, which
        # would round a decimal that DuckDB knows to be wider.
        query = self._sql(step, of)
        name = self._name()
        self.connection.raw_sql(f"CREATE TEMP TABLE {name} AS {query}")
        self._remember(name, query, is_view=False)
        return self._table(name)

    def snapshot(self, expression: Table) -> Table:
        """The rows of an expression as they are now, whatever `put` does later."""
        name = self._name()
        query = self.connection.compile(expression)
        self.connection.raw_sql(f"CREATE TEMP TABLE {name} AS {query}")
        return self._table(name)

    def put(self, tables: Mapping[Table, Rows]) -> None:
        """Other rows into tables that `table` gave, with the same columns; what was kept of them
        is carried out once more, by the very statements that it was made by, and nothing else
        is."""
        stale = set()
        for table, data in tables.items():
            name = table.get_name()
            self.connection.raw_sql(f"DELETE FROM {name}")
            self._insert(name, data)
            stale.add(name)
        for made in self._made:
            if made.reads.isdisjoint(stale):
                continue
            stale.add(made.name)
            if not made.is_view:
                query = f"CREATE OR REPLACE TEMP TABLE {made.name} AS {made.query}"
                self.connection.raw_sql(query)

    def view(self, step: Step, *of: Any) -> Table:
        if not of and _is_named(step):
            return step
        return self._view(self._sql(step, of))

    def _sql(self, step: Step, of: Sequence[Any]) -> str:
        if isinstance(step, ir.Table):
            return str(self.connection.compile(step))
        return self.prepared.sql(Call(step, [self._given(value) for value in of]), self._written)

    def _given(self, value: Any) -> Any:
        """What a step is called with, every table of it by name."""
        if isinstance(value, ir.Table):
            return self.view(value)
        if isinstance(value, list | tuple):
            return [self._given(item) for item in value]
        if is_dataclass(value) and not isinstance(value, Input | type):
            return replace(value, **{k: self._given(v) for k, v in vars(value).items()})
        return value

    def _written(self, call: Call) -> str:
        return str(self.connection.compile(call.built(self._stand_in)))

    def _stand_in(self, name: str, schema: ibis.Schema) -> Table:
        place = ops.Namespace(catalog=None, database=None)
        return ops.DatabaseTable(
            name, schema=schema, source=self.connection, namespace=place
        ).to_expr()

    def _name(self) -> str:
        return f"kept_{next(self._numbers)}"

    def arrow(self, step: Step, *of: Any) -> pa.Table:
        if isinstance(step, ir.Table):
            return self.connection.to_pyarrow(step)
        return self.connection.con.sql(self._sql(step, of)).to_arrow_table()

    def count(self, table: Table) -> int:
        name = self.view(table).get_name()
        [(rows,)] = self.connection.raw_sql(f"SELECT count(*) FROM {name}").fetchall()
        return int(rows)

    def batches(self, expression: Table) -> Iterator[pa.RecordBatch]:
        query = self.connection.compile(expression)
        yield from self.connection.con.sql(query).to_arrow_reader(100_000)

    def close(self) -> None:
        self.connection.disconnect()
        self._spill.cleanup()
