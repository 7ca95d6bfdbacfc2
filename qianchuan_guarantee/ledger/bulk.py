"""Very many rows into the database at once, past SQLAlchemy's work on each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

AT_ONCE = 10_000  # values in one question; databases take some 30 000


def insert(
    connection: Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows whose values stand in the order of `names`, as their columns' types say."""
    if rows:
        columns = zip(names, zip(*rows, strict=True), strict=True)
        insert_columns(connection, table, dict(columns))


def insert_columns(
    connection: Connection, table: sa.Table, columns: Mapping[str, Iterable[Any]]
) -> None:
    """Insert rows that are given column by column, each of the same length."""
    dialect = connection.dialect
    values: list[Iterable[Any]] = []
    for name, column in columns.items():
        processor = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        if processor is not None:
            column = list(column)
            texts = {value: processor(value) for value in set(column)}
            column = map(texts.__getitem__, column)
        values.append(column)
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    quote = dialect.identifier_preparer.quote
    into = f"{quote(table.name)} ({', '.join(quote(name) for name in columns)})"
    marks = ", ".join(mark for _ in columns)
    rows = list(zip(*values, strict=True))
    if rows:
        connection.exec_driver_sql(f"INSERT INTO {into} VALUES ({marks})", rows)


def delete(
    connection: Connection, table: sa.Table, names: Sequence[str], keys: Sequence[Sequence[Any]]
) -> None:
    """Delete the rows with these keys."""
    if not keys:
        return
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    quote = connection.dialect.identifier_preparer.quote
    where = " AND ".join(f"{quote(name)} = {mark}" for name in names)
    connection.exec_driver_sql(
        f"DELETE FROM {quote(table.name)} WHERE {where}", [tuple(key) for key in keys]
    )


def unmark(
    connection: Connection, table: sa.Table, mark: str, name: str, keys: Sequence[Sequence[Any]]
) -> None:
    """Take a mark (a boolean column) from the rows that have it and one of these keys."""
    if not keys:
        return
    place = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    quote = connection.dialect.identifier_preparer.quote
    connection.exec_driver_sql(
        f"UPDATE {quote(table.name)} SET {quote(mark)} = (1 = 0) "
        f"WHERE {quote(name)} = {place} AND {quote(mark)}",
        [tuple(key) for key in keys],
    )


def among(column: sa.ColumnElement[int], ids: Iterable[int]) -> sa.TextClause:
    """Is a column of whole numbers one of these? Written out: thousands of parameters cost more
    than the question."""
    return sa.text(f"{column} IN ({', '.join(str(int(one)) for one in ids)})")


def pieces(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Values, so many at a time as one question takes."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]
