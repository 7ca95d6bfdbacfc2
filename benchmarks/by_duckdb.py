"""Window, facts, checks and amount of every plan, by hand in DuckDB SQL.

`python -m benchmarks.by_duckdb EXPORTS AS_OF OUT.parquet`: clean exports, default readings. It is
the yardstick: two scans of delivery, the second one for the few plans that were left paused, and
windows over small tables only. Money is DECIMAL throughout.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from benchmarks.exports import COLUMNS, arguments, files

_TYPES = {
    "int64": "BIGINT",
    "str": "VARCHAR",
    "ts": "TIMESTAMP",
    "yuan": "DECIMAL(18, 5)",
    "bool": "BOOLEAN",
}


def _source(exports: Path, table: str) -> str:
    """SQL of a view of the table's files, read by its types."""
    paths = files(exports, table)
    columns = COLUMNS[table]
    if paths[0].endswith(".parquet"):
        reader = f"read_parquet({paths})"
    else:
        types = f"types = {{{', '.join(f'{n}: {_TYPES[k]!r}' for n, k in columns.items())}}}"
        reader = f"read_csv({paths}, header = true, {types})"
    return f"CREATE TEMP VIEW {table} AS SELECT {', '.join(columns)} FROM {reader}"


def main() -> None:
    exports, as_of, out = arguments("by_duckdb")
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET enable_progress_bar = false")
    for table in COLUMNS:
        connection.execute(_source(exports, table))
    program = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    connection.execute(program.replace("$as_of", f"TIMESTAMP '{as_of}'").replace("$out", out))


if __name__ == "__main__":
    main()
