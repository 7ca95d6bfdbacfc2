"""DuckDB, embedded: reads Parquet and text, carries the stages out, spills when memory is short."""

from __future__ import annotations

import gzip
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from qianchuan_guarantee.engines import Malformed
from qianchuan_guarantee.engines.jsonl import to_csv
from qianchuan_guarantee.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import Table

    from qianchuan_guarantee.exports.find import FileGroup


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_FILE = "_qcg_file"  # the column that says which file a row came from


def _named(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class DuckDB:
    """An embedded engine; `memory` as DuckDB writes sizes ('2GB'), None for its default."""

    name = "duckdb"

    def __init__(self, memory: str | None = None, threads: int | None = None) -> None:
        ibis.options.sql.fuse_selects = False
        self._spill = tempfile.TemporaryDirectory(prefix="qcg-")
        self.scratch = Path(self._spill.name)
        self.connection = ibis.duckdb.connect(temp_directory=self._spill.name)
        self._numbers = itertools.count()
        self._recoded: dict[str, str] = {}  # files that are GBK → their copies in UTF-8
        self._unread: list[Malformed] = []  # lines of JSON that are no objects
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
            self._copy_as_csv(group)
        # Of the path only the partition's own folder says the day, whatever stands above it.
        day = f"regexp_extract({_FILE}, 'dt=([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})/[^/]*$', 1)"
        day = f"CAST({day} AS DATE)" if group.is_partitioned else "CAST(NULL AS DATE)"
        columns = [_named(name) for name in group.columns if not name.startswith("_")]
        number = ""
        if numbered:
            # A CSV has no row numbers of its own. Without PARTITION BY this window streams.
            is_parquet = group.format == "parquet"
            number = ", file_row_number + 1" if is_parquet else ", row_number() OVER ()"
            number += " AS _row_number"
        paths = [group.paths] if not numbered else [(path,) for path in group.paths]
        file = _FILE
        if any(path in self._recoded for path in group.paths):
            cases = " ".join(
                f"WHEN {_quoted(copy)} THEN {_quoted(path)}" for path, copy in self._recoded.items()
            )
            file = f"CASE {_FILE} {cases} ELSE {_FILE} END"
        selects = [
            f"SELECT {', '.join(columns)}, {file} AS _file, {day} AS _dt{number} "
            f"FROM {self._source(group, some, rejects=not numbered)}"
            for some in paths
        ]
        return self._as_known_types(self._view(" UNION ALL ".join(selects)))

    def _view(self, query: str) -> Table:
        name = self._name()
        self.connection.raw_sql(f"CREATE TEMP VIEW {name} AS {query}")
        return self.connection.table(name)

    def _as_known_types(self, table: Table) -> Table:
        """Columns of a type that ibis does not know (a zoned time in nanoseconds) as text."""
        unknown = [name for name, kind in table.schema().items() if kind.is_unknown()]
        if not unknown:
            return table
        texts = ", ".join(f"CAST({_named(name)} AS VARCHAR) AS {_named(name)}" for name in unknown)
        return self._view(f"SELECT * REPLACE ({texts}) FROM {table.get_name()}")

    def _source(self, group: FileGroup, paths: tuple[str, ...], *, rejects: bool) -> str:
        files = "[" + ", ".join(_quoted(self._recoded.get(path, path)) for path in paths) + "]"
        options = [f"filename = '{_FILE}'", "hive_partitioning = false"]
        if group.format == "parquet":
            options.append("file_row_number = true")
            return f"read_parquet({files}, {', '.join(options)})"
        names = ", ".join(f"{_quoted(name)}: 'VARCHAR'" for name in group.columns)
        options += [
            f"columns = {{{names}}}",
            "header = true",
            "auto_detect = false",
            "delim = ','",
            "quote = '\"'",
            "escape = '\"'",
            "ignore_errors = true",
        ]
        if rejects:
            options += [
                "store_rejects = true",
                f"rejects_table = '{self._rejects(group)}'",
                f"rejects_scan = '{self._rejects(group)}_scan'",
            ]
        return f"read_csv({files}, {', '.join(options)})"

    def _rejects(self, group: FileGroup) -> str:
        again = "_recoded" if any(path in self._recoded for path in group.paths) else ""
        return f"rejects_{group.table}_{group.number}{again}"

    def _rejected(
        self, group: FileGroup, columns: str, where: str = "true"
    ) -> list[tuple[Any, ...]]:
        name = self._rejects(group)
        found: list[tuple[Any, ...]] = self.connection.raw_sql(
            f"SELECT DISTINCT {columns} FROM {name} "
            f"JOIN {name}_scan USING (scan_id, file_id) WHERE {where} ORDER BY ALL"
        ).fetchall()
        return found

    def _copy_as_csv(self, group: FileGroup) -> None:
        for path in group.paths:
            if path not in self._recoded:
                copy = self._copy_of(path).with_suffix(".csv")
                self._unread += to_csv(path, group.columns, copy)
                self._recoded[path] = str(copy)

    def _copy_of(self, path: str) -> Path:
        """Where a copy of a file goes; its folder's name, a partition's day, is kept."""
        copy = Path(self.scratch, f"recoded-{len(self._recoded)}", *Path(path).parts[-2:])
        copy.parent.mkdir(parents=True, exist_ok=True)
        return copy

    def recode(self, group: FileGroup) -> bool:
        if group.format != "csv":
            return False
        broken = self._rejected(group, "file_path", "error_type = 'INVALID ENCODING'")
        copies = {path: self._as_utf8(path) for (path,) in broken}
        self._recoded.update({path: copy for path, copy in copies.items() if copy is not None})
        return any(copy is not None for copy in copies.values())

    def _as_utf8(self, path: str) -> str | None:
        """A copy of a text file that is GBK as a whole; None where it is not."""
        copy = self._copy_of(path)
        opened = gzip.open if path.endswith(".gz") else open
        try:
            with (
                opened(path, "rt", encoding="gbk", newline="") as text,
                opened(copy, "wt", encoding="utf-8", newline="") as out,
            ):
                shutil.copyfileobj(text, out, 1 << 20)
        except UnicodeDecodeError:
            return None
        return str(copy)

    def malformed(self, group: FileGroup) -> list[Malformed]:
        if group.format == "parquet":
            return []
        unread = [line for line in self._unread if line.path in group.paths]
        self._no_open_quotes(group)
        originals = {copy: path for path, copy in self._recoded.items()}
        found = self._rejected(group, "file_path, line, csv_line")
        # The header is line 1.
        return unread + [
            Malformed(originals.get(path, path), line - 1, text) for path, line, text in found
        ]

    def _no_open_quotes(self, group: FileGroup) -> None:
        """A quote that is never closed takes the rows behind it for one cell: no row of such a
        file can be trusted."""
        open_quote = "error_type = 'UNQUOTED VALUE' OR contains(csv_line, chr(10))"
        for path, line in self._rejected(group, "file_path, line", open_quote)[:1]:
            raise UserError(
                f"{path}: line {line}: a quote is not closed, or stands inside a cell; "
                "a quote in a cell is written twice"
            )

    def table(self, data: pa.Table) -> Table:
        name = self._name()
        self.connection.con.register(f"{name}_arrow", data)
        self.connection.raw_sql(f"CREATE TEMP TABLE {name} AS SELECT * FROM {name}_arrow")
        self.connection.con.unregister(f"{name}_arrow")
        return self.connection.table(name)

    def keep(self, expression: Table) -> Table:
        # Not create_table: it declares the types that ibis infers and casts to them, which
        # would round a decimal that DuckDB knows to be wider.
        name = self._name()
        query = self.connection.compile(expression)
        self.connection.raw_sql(f"CREATE TEMP TABLE {name} AS {query}")
        return self.connection.table(name)

    def view(self, expression: Table) -> Table:
        return self._view(self.connection.compile(expression))

    def _name(self) -> str:
        return f"kept_{next(self._numbers)}"

    def arrow(self, expression: Table) -> pa.Table:
        return self.connection.to_pyarrow(expression)

    def batches(self, expression: Table) -> Iterator[pa.RecordBatch]:
        query = self.connection.compile(expression)
        yield from self.connection.con.sql(query).to_arrow_reader(100_000)

    def close(self) -> None:
        self.connection.disconnect()
        self._spill.cleanup()
