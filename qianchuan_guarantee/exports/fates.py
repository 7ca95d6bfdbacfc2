"""What became of each row, counted: read = accepted + duplicate + superseded + quarantined.

A row that was not known at its plan's horizon restates and contradicts nothing: it is accepted
and unused (rules.md, Time).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING

from qianchuan_guarantee.errors import InvariantError
from qianchuan_guarantee.expressions import ibis

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from qianchuan_guarantee.engines import Engine
    from qianchuan_guarantee.exports.read import CheckedTable


@dataclass(frozen=True)
class RowCounts:
    """Numbers of rows of one table."""

    read: int
    accepted: int
    duplicate: int
    superseded: int
    quarantined: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def row_counts(
    checked: Mapping[str, CheckedTable], cycles: Table, as_of: date, engine: Engine
) -> dict[str, RowCounts]:
    """Counts for each table that the exports have."""
    return {
        name: _counts(table, cycles, as_of, engine)
        for name, table in checked.items()
        if table.groups or table.days is not None
    }


def with_fate(suspects: Table, cycles: Table, table_name: str, as_of: date) -> Table:
    """Suspects with `is_quarantined` and `is_superseded`, as known at their plan's horizon."""
    today = ibis.literal(as_of, type="date")
    if "ad_id" in suspects.columns and table_name not in ("verdicts", "first_deliveries"):
        horizon = cycles.plans_horizon if table_name == "plans" else cycles.horizon
        rows = suspects.left_join(cycles.select("ad_id", horizon=horizon), "ad_id")
        rows = rows.drop("ad_id_right").mutate(horizon=rows.horizon.fill_null(today))
    else:
        rows = suspects.mutate(horizon=today)
    in_conflict = (rows.is_conflict & (rows.conflict_on < rows.horizon)).fill_null(False)
    is_known = rows.known_on < rows.horizon
    is_quarantined = in_conflict & is_known
    is_restated = is_known & (rows.restated_on < rows.horizon)
    return rows.mutate(
        # What comes after a contradiction repeats nothing that was accepted.
        duplicates=ibis.ifelse(in_conflict, 0, rows.duplicates),
        is_quarantined=is_quarantined.fill_null(False),
        is_superseded=(~is_quarantined & is_restated).fill_null(False),
    )


def _sums(suspects: Table, cycles: Table, table_name: str, as_of: date) -> Table:
    rows = with_fate(suspects, cycles, table_name, as_of)
    first = rows.copies - rows.duplicates
    return rows.agg(
        conflict=rows.copies.sum(where=rows.is_quarantined),
        duplicate=rows.duplicates.sum(where=~rows.is_quarantined),
        superseded=first.sum(where=rows.is_superseded),
    )


def _counts(table: CheckedTable, cycles: Table, as_of: date, engine: Engine) -> RowCounts:
    duplicate = superseded = conflict = 0
    if table.suspects is not None:
        [sums] = engine.rows(_sums, table.suspects, cycles, table.table.name, as_of)
        conflict, duplicate, superseded = (
            int(sums[name] or 0) for name in ("conflict", "duplicate", "superseded")
        )
    quarantined = table.refused_count + conflict
    accepted = table.read - quarantined - duplicate - superseded
    if table.suspects is None and not accepted == table.read - table.refused_count >= 0:
        raise InvariantError(f"{table.table.name}: rows read and rows accounted for differ")
    return RowCounts(table.read, accepted, duplicate, superseded, quarantined)
