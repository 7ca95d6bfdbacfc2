"""Files as DuckDB reads them: Parquet and plain CSV by itself, other text by way of plain copies
that our own reader makes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from qianchuan_guarantee.engines import Malformed
from qianchuan_guarantee.engines.records import rewrite
from qianchuan_guarantee.errors import UserError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from qianchuan_guarantee.exports.find import FileGroup

_FILE = "_qcg_file"  # the column that says which file a row came from
_NUMBER = "_qcg_number"  # and which of its rows
ROW_NUMBER = "row_number() OVER ()"  # which row of a plain file it is


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def literally(path: str) -> str:
    """A path that is no pattern to DuckDB: else a folder called `2022*` would be read together
    with its neighbours."""
    return re.sub(r"([*?\[])", r"[\1]", path)


def quoted_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Files:
    """The files that a connection reads; copies go to the folder `scratch`."""

    def __init__(self, connection: DuckDBPyConnection, scratch: Path) -> None:
        self.connection = connection
        self.scratch = scratch
        self._copies: dict[str, str] = {}  # text files that are not plain → their copies
        self._malformed: list[Malformed] = []

    def query(self, group: FileGroup, *, numbered: bool) -> str:
        """The rows of a group as `Engine.read` gives them."""
        if group.format == "jsonl":
            self._rewrite(group, group.paths)
        columns = [quoted_name(name) for name in group.columns if not name.startswith("_")]
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
        return " UNION ALL ".join(selects)

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
        return f"CAST({_NUMBER} AS BIGINT)" if is_copy else ROW_NUMBER

    def _path(self, paths: tuple[str, ...]) -> str:
        if paths[0] not in self._copies:
            return _FILE
        cases = (f"WHEN {quoted(self._copies[path])} THEN {quoted(path)}" for path in paths)
        return f"CASE {_FILE} {' '.join(cases)} END"

    def _source(
        self, group: FileGroup, paths: tuple[str, ...], *, is_copy: bool, rejects: bool
    ) -> str:
        names_of = (quoted(literally(self._copies.get(path, path))) for path in paths)
        files = f"[{', '.join(names_of)}]"
        options = [f"filename = '{_FILE}'", "hive_partitioning = false"]
        if group.format == "parquet":
            options.append("file_row_number = true")
            return f"read_parquet({files}, {', '.join(options)})"
        columns = [*group.columns, *([_NUMBER] if is_copy else [])]
        names = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in columns)
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
            found = self.connection.execute(
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
