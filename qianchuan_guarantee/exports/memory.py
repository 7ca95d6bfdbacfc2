"""What earlier nights leave for later ones, so that a night needs only the partitions of its
cycle and yet decides as if it had the whole history.

Before its first delivery a plan may have been created, edited and paused; its snapshots may
have changed; rows of it may have been refused. Those rows are remembered as they were read,
until the plan's cycle is decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import Table

    from qianchuan_guarantee.engines import Engine

# Of the other tables only refused rows are remembered: what they say lies within the cycle.
WHOLE = ("plans", "operations", "verdicts", "first_deliveries", "restrictions")


@dataclass(frozen=True)
class Memory:
    """What earlier nights know.

    rows:     table → its rows as they were read (see `CheckedTable.every`), of past partitions.
    days:     table → the partitions that were seen.
    first:    plan: `ad_id`, `remembered_at`, `cycle_end_on`, `is_believed`: its first delivery,
              or (not believed) the earliest one that logs showed.
    believed: plan: `ad_id`, `remembered_at`, as it was believed before this morning: logs that
              show an earlier one contradict it.
    closed:   plan: `ad_id`, `day0`, `cycle_end_on`, whose cycle was decided: it is decided again
              only from exports that have its whole cycle.
    released: plans whose hold a named person has overruled.
    """

    rows: Mapping[str, pa.Table] = field(default_factory=dict)
    days: Mapping[str, tuple[date, ...]] = field(default_factory=dict)
    first: pa.Table | None = None
    believed: pa.Table | None = None
    closed: pa.Table | None = None
    released: Sequence[int] = ()


def first_schema() -> pa.Schema:
    import pyarrow as pa

    kinds = [("cycle_end_on", pa.date32()), ("is_believed", pa.bool_())]
    return pa.unify_schemas([believed_schema(), pa.schema(kinds)])


def believed_schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema([("ad_id", pa.int64()), ("remembered_at", pa.timestamp("us"))])


def closed_schema() -> pa.Schema:
    import pyarrow as pa

    days = [("day0", pa.date32()), ("cycle_end_on", pa.date32())]
    return pa.schema([("ad_id", pa.int64()), *days])


def with_remembered(
    every: Table, old: pa.Table | None, days: Sequence[date], engine: Engine
) -> Table:
    """Rows as they were read tonight, and those of partitions that are not there tonight."""
    if old is None or not old.num_rows:
        return every
    rows = engine.table(old)
    return every.union(rows.filter(~rows._dt.isin(list(days))).select(*every.columns))
