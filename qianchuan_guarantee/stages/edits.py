"""二: how often bid and targeting (定向) were edited in the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qianchuan_guarantee.expressions import ibis
from qianchuan_guarantee.money import total

if TYPE_CHECKING:
    from ibis.expr.types import Table, Value


def edits_in_window(operations: Table, cycles: Table) -> Table:
    """Known operations → the bid and targeting edits that are counted, each with its `day`.

    edit_days_start says whether the window's first day begins with first delivery.
    """
    rows = operations.filter(operations.operation.isin(("bid", "targeting")))
    rows = rows.join(
        cycles.select("ad_id", "edit_days_start", "edit_unit", "edit_limit_period"), "ad_id"
    )
    start = ibis.ifelse(
        rows.edit_days_start == "day",
        rows.first_delivery_at.date().cast("timestamp(6)"),
        rows.first_delivery_at,
    )
    inside = rows.filter((rows.create_time >= start) & (rows.create_time < rows.window_end))
    # One period is the whole window under edit_limit_period=window: then all share a day.
    day = ibis.ifelse(
        inside.edit_limit_period == "window",
        inside.first_delivery_at.date(),
        inside.create_time.date(),
    )
    return inside.mutate(day=day)


def edit_counts(edits: Table) -> Table:
    """Edits → plan × day: `bid_edits`, `targeting_edits`.

    edit_unit: rows of one kind that share a `log_id` are one save, on the day of its first row,
    or each row is one edit.
    """
    is_save = edits.edit_unit == "save"
    together = ibis.ifelse(is_save, edits.log_id, edits.day.cast("string"))
    saves = (
        edits.mutate(_together=together, _is_save=is_save)
        .group_by("ad_id", "operation", "_together")
        .agg(
            day=lambda t: t.day.min(),
            edits=lambda t: ibis.ifelse(t._is_save.max(), 1, t.count()),
        )
    )

    def count(kind: str) -> Value:
        return total(ibis.ifelse(saves.operation == kind, saves.edits, 0))

    return saves.group_by("ad_id", "day").agg(
        bid_edits=count("bid"), targeting_edits=count("targeting")
    )


def edit_facts(counts: Table) -> Table:
    """Plan × day → plan: the most on one day, per kind and together."""
    return counts.group_by("ad_id").agg(
        max_daily_bid_edits=counts.bid_edits.max(),
        max_daily_targeting_edits=counts.targeting_edits.max(),
        max_daily_edits_together=(counts.bid_edits + counts.targeting_edits).max(),
    )
