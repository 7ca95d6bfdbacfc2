"""Ibis, imported when the first expression is written and not before: that takes longer than a
small export takes to be decided, and where all SQL was written ahead of time
(`engines.prepared`) no expression is written at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis as ibis
    from ibis.expr.types import Table
else:

    class _Ibis:
        def __getattr__(self, name: str) -> Any:
            import ibis

            return getattr(ibis, name)

    ibis = _Ibis()


def beside(rows: Table, tables: Sequence[Table], keys: Sequence[str] = ("ad_id",)) -> Table:
    """Rows, each with the columns of its row in every one of the tables; null where a table has
    none. Joined as one chain: a SELECT around every join takes engines long to plan."""
    joined = rows
    for number, table in enumerate(tables):
        joined = joined.left_join(table, list(keys), rname=f"{{name}}_{number}")
    return joined.drop(*(f"{key}_{number}" for number in range(len(tables)) for key in keys))
