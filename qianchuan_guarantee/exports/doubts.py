"""Rows that were refused or contradict each other, of several tables, as one table each: what
the stages ask of them is whose they are, when they happened, and since when they are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qianchuan_guarantee.engines import Rows
from qianchuan_guarantee.exports.read import REFUSED_COLUMNS, CheckedTable
from qianchuan_guarantee.expressions import ibis
from qianchuan_guarantee.tables import Input

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from qianchuan_guarantee.engines import Engine

DOUBT_COLUMNS = {"table": "string"} | {
    name: kind for name, kind in REFUSED_COLUMNS.items() if name not in ("file", "problem")
}


def refused_rows(
    checked: Mapping[str, CheckedTable], engine: Engine, names: Sequence[str]
) -> Table:
    """The refused rows of some tables: `DOUBT_COLUMNS`."""
    return engine.view(_together, names, [checked[name].refused for name in names])


def contradictions(
    checked: Mapping[str, CheckedTable], engine: Engine, names: Sequence[str]
) -> Table:
    """The rows in conflict of some tables: `DOUBT_COLUMNS`, and `conflict_on`."""
    kinds = DOUBT_COLUMNS | {"conflict_on": "date"}
    found = [engine.table(Rows(kinds))]
    for name in names:
        suspects, table = checked[name].suspects, checked[name].table
        if suspects is not None and table.has_plan:
            found.append(engine.view(_conflicting, suspects, table))
    return engine.view(_union, found) if len(found) > 1 else found[0]


def _together(names: Sequence[str], tables: Sequence[Table]) -> Table:
    named = zip(names, tables, strict=True)
    return ibis.union(
        *(rows.mutate(table=ibis.literal(name)).select(*DOUBT_COLUMNS) for name, rows in named)
    )


def _union(tables: Sequence[Table]) -> Table:
    return ibis.union(*tables)


def _conflicting(suspects: Table, table: Input) -> Table:
    rows = suspects.filter(suspects.is_conflict)

    def instant(column: str | None) -> ibis.Value:
        return rows[column] if column else ibis.null("timestamp(6)")

    return rows.select(
        table=ibis.literal(table.name),
        ad_id=rows.ad_id,
        happened_at=instant(table.happened_at),
        known_at=instant(table.known_by),
        written_on=rows.written_on,
        conflict_on=rows.conflict_on,
    )
