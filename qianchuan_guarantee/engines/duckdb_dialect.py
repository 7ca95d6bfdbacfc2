"""SQL for DuckDB as Ibis writes it. Imported only where a statement is not at hand: Ibis takes
longer to import than a small export to be decided."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.operations as ops
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.duckdb import Backend
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler
from ibis.backends.sql.datatypes import DuckDBType

if TYPE_CHECKING:
    from ibis.expr.types import Table


class Dialect(DuckDBCompiler):  # type: ignore[misc]  # Ibis is read without its types
    """Ibis's compiler for DuckDB, mended."""

    def visit_Hash(self, op: Any, *, arg: Any) -> Any:  # noqa: N802
        """As it is, unsigned: Ibis makes an int64 of it by way of a string of bits."""
        return self.f.hash(arg)

    def visit_DropColumns(self, op: Any, *, parent: Any, columns_to_drop: Any) -> Any:  # noqa: N802
        """In one order: the same expression gives the same SQL in every process."""
        names = sorted(columns_to_drop)
        return super().visit_DropColumns(op, parent=parent, columns_to_drop=names)

    def visit_Select(self, op: Any, **parts: Any) -> Any:  # noqa: N802
        """Columns that stay what they were are a star, not names in every step: a third of the
        text, which is parsed and bound on every run."""
        select = super().visit_Select(op, **parts)
        before = tuple(op.parent.schema.names)
        named = list(op.selections.items())
        head, tail = named[: len(before)], named[len(before) :]
        is_wide = len(before) > 2 and not op.is_star_selection()
        if not (is_wide and tuple(name for name, _ in head) == before):
            return select
        written = dict(zip(op.selections, select.expressions, strict=True))
        changed = [written[n] for n, value in head if value != ops.Field(op.parent, n)]
        if 2 * len(changed) > len(before):
            return select
        star = sge.Star(**({"replace": changed} if changed else {}))
        of = sg.to_identifier(parts["parent"].alias_or_name, quoted=True)
        stays = sge.Column(this=star, table=of)
        select.set("expressions", [stays, *(written[name] for name, _ in tail)])
        return select


@functools.cache
def _backend() -> Any:
    """Without a connection: it only writes."""
    # Merged selects are copied expressions: a small run spent most of its time on them.
    ibis.options.sql.fuse_selects = False
    backend = Backend()
    backend.compiler = Dialect()
    return backend


def written(expression: Table) -> str:
    return str(_backend().compile(expression))


def table(name: str, kinds: Mapping[str, str]) -> Table:
    """The expression that stands for a table."""
    place = ops.Namespace(catalog=None, database=None)
    stands_for = ops.DatabaseTable(
        name, schema=ibis.schema(dict(kinds)), source=_backend(), namespace=place
    )
    return stands_for.to_expr()


@functools.cache
def kind_of(type_name: str) -> str:
    """A type of DuckDB's as Ibis writes it."""
    return str(DuckDBType.from_string(type_name))
