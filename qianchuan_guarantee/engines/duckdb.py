"""DuckDB, embedded: reads Parquet and text, carries the stages out, spills when memory is short."""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb

from qianchuan_guarantee.engines import Malformed, Plans, Rows, Step
from qianchuan_guarantee.engines.duckdb_files import ROW_NUMBER, Files, quoted, quoted_name
from qianchuan_guarantee.engines.kept import Kept
from qianchuan_guarantee.engines.prepared import Call, Prepared, known
from qianchuan_guarantee.errors import UsageError
from qianchuan_guarantee.tables import Input

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import Table

    from qianchuan_guarantee.exports.find import FileGroup


_KINDS = {
    "BIGINT": "int64",
    "INTEGER": "int32",
    "TINYINT": "int8",
    "HUGEINT": "decimal(38, 0)",
    "VARCHAR": "string",
    "DATE": "date",
    "TIMESTAMP": "timestamp(6)",
    "BOOLEAN": "boolean",
    "VARCHAR[]": "array<string>",
}
_TYPES = {kind: type_name for type_name, kind in _KINDS.items()}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_OURS = re.compile(r"\bkept_(\d+)\b")


def _kind(type_name: str) -> str:
    """A type of DuckDB's as Ibis writes it; Ibis is asked of those that are rare."""
    if type_name in _KINDS:
        return _KINDS[type_name]
    if found := _DECIMAL.fullmatch(type_name):
        return f"decimal({found[1]}, {found[2]})"
    from qianchuan_guarantee.engines.duckdb_dialect import kind_of

    return kind_of(type_name)


@dataclass(frozen=True)
class _Made:
    """A table of ours that was carried out: by which statement, and what this reads."""

    name: str
    query: str
    reads: frozenset[str]


class DuckDB:
    """An embedded engine; `memory` as DuckDB writes sizes ('2GB'), None for its default."""

    name = "duckdb"

    def __init__(self, memory: str | None = None, threads: int | None = None) -> None:
        self._spill = tempfile.TemporaryDirectory(prefix="qcg-")
        self.scratch = Path(self._spill.name)
        self.connection = duckdb.connect(config={"temp_directory": self._spill.name})
        self.prepared = Prepared(known())
        self._numbers = itertools.count()
        self._files = Files(self.connection, self.scratch)
        self._made: list[_Made] = []
        self._views: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        # Without this, a hidden default of the machine would decide what 2022-10-01T00:00Z means.
        self.connection.execute("SET TimeZone = 'UTC'")
        # A file that asks for a part that is not here does not have it fetched from a network.
        self.connection.execute("SET autoinstall_known_extensions = false")
        self.connection.execute("SET enable_progress_bar = false")
        self.connection.execute("SET python_enable_replacements = false")
        self.connection.execute("SET preserve_insertion_order = false")
        if threads is not None:
            self.connection.execute(f"SET threads = {threads:d}")
        if memory is not None:
            try:
                self.connection.execute(f"SET memory_limit = {quoted(memory)}")
            except Exception as error:
                raise UsageError(f"--memory {memory}: not a size; expected e.g. 2GB") from error

    def version(self) -> str:
        return f"duckdb {duckdb.__version__}, ibis {metadata.version('ibis-framework')}"

    def read(self, group: FileGroup, *, numbered: bool = False) -> Table:
        return self._as_known_types(self._files.query(group, numbered=numbered))

    def read_anew(self, group: FileGroup, error: Exception | None = None) -> bool:
        return self._files.read_anew(group, error)

    def malformed(self, group: FileGroup) -> list[Malformed]:
        return self._files.malformed(group)

    def _as_known_types(self, query: str) -> Table:
        """Columns of a type that ibis does not know (a zoned time in nanoseconds) as text."""
        kinds = self._described(query)
        unknown = [name for name, kind in kinds.items() if kind.startswith("unknown")]
        if not unknown:
            return self._named(query, kinds)
        texts = ", ".join(f"CAST({n} AS VARCHAR) AS {n}" for n in map(quoted_name, unknown))
        return self._named(
            f"SELECT * REPLACE ({texts}) FROM ({query})", kinds | dict.fromkeys(unknown, "string")
        )

    def _named(self, query: str, kinds: Mapping[str, str]) -> Table:
        """A view: it is not told to DuckDB, but stands in every statement that reads it."""
        name = self._name()
        self._views[name] = query
        return self._table(name, kinds)

    def _table(self, name: str, kinds: Mapping[str, str]) -> Table:
        return cast("Table", Kept(name, kinds, _expression))

    def _described(self, query: str) -> dict[str, str]:
        columns = self.connection.execute(f"DESCRIBE {self._whole(query)}").fetchall()
        return {name: _kind(type_name) for name, type_name, *_ in columns}

    def _whole(self, query: str) -> str:
        """A statement with every view that it reads, and that these read."""
        reads: set[str] = set()
        waiting = [query]
        while waiting:
            found = {name for name in _names(waiting.pop()) if name in self._views} - reads
            reads |= found
            waiting += [self._views[name] for name in found]
        if not reads:
            return query
        views = ", ".join(
            f"{name} AS NOT MATERIALIZED ({self._views[name]})"
            for name in sorted(reads, key=_number)
        )
        # A statement's own WITH goes on where that of its views ends.
        rest = f", {query[5:]}" if query.startswith("WITH ") else f" {query}"
        return f"WITH {views}{rest}"

    def table(self, data: pa.Table | Rows) -> Table:
        name = self._name()
        if isinstance(data, Rows):
            return self._rows(name, data)
        self.connection.register(f"{name}_arrow", data)
        self.connection.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM {name}_arrow")
        self.connection.unregister(f"{name}_arrow")
        return self._table(name, self._described(f"FROM {name}"))

    def _rows(self, name: str, data: Rows) -> Table:
        # Not by way of Arrow, which takes long to import.
        columns = ", ".join(
            f"{quoted_name(it)} {_TYPES.get(kind, kind)}" for it, kind in data.kinds.items()
        )
        self.connection.execute(f"CREATE TEMP TABLE {name} ({columns})")
        self._insert(name, data)
        return self._table(name, data.kinds)

    def _insert(self, name: str, data: Rows) -> None:
        kinds = data.kinds
        if data.rows:
            holes = f"({', '.join('?' for _ in kinds)})"
            cells = [row[column] for row in data.rows for column in kinds]
            many = f"INSERT INTO {name} VALUES {', '.join(holes for _ in data.rows)}"
            self.connection.execute(many, cells)

    def keep(self, step: Step, *of: Any) -> Table:
        # Not create_table: it declares the types that ibis infers and casts to them, which
        # would round a decimal that DuckDB knows to be wider.
        query, kinds = self._query(step, of)
        query = self._whole(query)
        name = self._name()
        self._create(name, query)
        self._made.append(_Made(name, query, frozenset(_names(query))))
        return self._table(name, kinds or self._described(f"FROM {name}"))

    def _create(self, name: str, query: str) -> None:
        # The rows of a file are numbered as they come, so they must come in their order.
        is_numbered = ROW_NUMBER in query
        if is_numbered:
            self.connection.execute("SET preserve_insertion_order = true")
        self.connection.execute(f"CREATE TEMP TABLE {name} AS {query}")
        [(self._counts[name],)] = self.connection.fetchall()
        if is_numbered:
            self.connection.execute("SET preserve_insertion_order = false")

    def snapshot(self, expression: Table) -> Table:
        """The rows of an expression as they are now, whatever `put` does later."""
        name = self._name()
        query, kinds = self._query(expression, ())
        self._create(name, self._whole(query))
        return self._table(name, kinds or self._described(f"FROM {name}"))

    def put(self, tables: Mapping[Table, Rows]) -> None:
        """Other rows into tables that `table` gave, with the same columns; what was kept of them
        is carried out once more, by the very statements that it was made by, and nothing else
        is."""
        stale = set()
        for table, data in tables.items():
            name = table.get_name()
            self.connection.execute(f"DELETE FROM {name}")
            self._insert(name, data)
            stale.add(name)
        for made in self._made:
            if made.reads.isdisjoint(stale):
                continue
            stale.add(made.name)
            self.connection.execute(f"DROP TABLE {made.name}")
            self._create(made.name, made.query)

    def view(self, step: Step, *of: Any) -> Table:
        if isinstance(step, Kept):
            return cast("Table", step)
        query, kinds = self._query(step, of)
        return self._named(query, kinds or self._described(query))

    def kinds(self, table: Table) -> Mapping[str, str]:
        return self._kept(table).kinds

    def _kept(self, table: Table) -> Kept:
        return cast("Kept", self.view(table))

    def _query(self, step: Step, of: Sequence[Any]) -> tuple[str, Mapping[str, str] | None]:
        """SQL of a step, and its columns, where they are known."""
        if isinstance(step, Kept):
            name = step.get_name()
            return self._views.get(name, f"SELECT * FROM {name}"), step.kinds
        if not callable(step):
            return _written(step), None
        call = Call(step, [self._given(value) for value in of])
        return self.prepared.query(call, self._ask, self._described)

    def _given(self, value: Any) -> Any:
        """What a step is called with, every table of it by name."""
        if isinstance(value, Kept | Plans):
            return value
        if isinstance(value, list | tuple):
            return [self._given(item) for item in value]
        if is_dataclass(value) and not isinstance(value, Input | type):
            return replace(value, **{k: self._given(v) for k, v in vars(value).items()})
        return self.view(value) if hasattr(value, "op") else value

    def _ask(self, call: Call) -> str:
        return _written(call.built(_expression))

    def _name(self) -> str:
        return f"kept_{next(self._numbers)}"

    def arrow(self, step: Step, *of: Any) -> pa.Table:
        query, _ = self._query(step, of)
        found: pa.Table = self.connection.sql(self._whole(query)).to_arrow_table()
        if isinstance(step, Kept) or callable(step):
            return found
        return found.cast(step.schema().to_pyarrow())

    def rows(self, step: Step, *of: Any) -> list[dict[str, Any]]:
        query, _ = self._query(step, of)
        self.connection.execute(self._whole(query))
        names = [name for name, *_ in self.connection.description or ()]
        return [dict(zip(names, row, strict=True)) for row in self.connection.fetchall()]

    def count(self, table: Table) -> int:
        name = self._kept(table).get_name()
        if name not in self._counts:
            query = self._whole(f"SELECT count(*) FROM {name}")
            [(rows,)] = self.connection.execute(query).fetchall()
            return int(rows)
        return self._counts[name]

    def batches(self, step: Step, *of: Any) -> Iterator[pa.RecordBatch]:
        query, _ = self._query(step, of)
        # With a cursor of its own: others may ask while the rows are handed on.
        yield from self.connection.sql(self._whole(query)).to_arrow_reader(100_000)

    def to_parquet(self, table: Table, by: Sequence[str] = ()) -> Callable[[Path], int]:
        kept = self._kept(table)
        # Of columns without nulls DuckDB would write that they may have none, and files of two
        # nights would differ in their schema. So there is a row of nulls that never comes.
        nulls = f"SELECT {', '.join('NULL' for _ in kept.kinds)} WHERE random() < 0"
        query = f"SELECT * FROM (FROM {kept.get_name()} UNION ALL {nulls})"
        if by:
            query += f" ORDER BY {', '.join(map(quoted_name, by))}"
        return partial(self._copy, self._whole(query))

    def _copy(self, query: str, path: Path) -> int:
        how = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000, USE_TMP_FILE false"
        self.connection.execute("SET preserve_insertion_order = true")
        self.connection.execute(f"COPY ({query}) TO {quoted(str(path))} ({how})")
        [(rows,)] = self.connection.fetchall()
        self.connection.execute("SET preserve_insertion_order = false")
        return int(rows)

    def close(self) -> None:
        self.connection.close()
        self._spill.cleanup()


def _written(expression: Table) -> str:
    from qianchuan_guarantee.engines import duckdb_dialect

    return duckdb_dialect.written(expression)


def _expression(name: str, kinds: Mapping[str, str]) -> Table:
    from qianchuan_guarantee.engines import duckdb_dialect

    return duckdb_dialect.table(name, kinds)


def _names(query: str) -> set[str]:
    """The tables and views of ours that a statement names."""
    return {found[0] for found in _OURS.finditer(query)}


def _number(name: str) -> int:
    return int(name.rpartition("_")[2])
