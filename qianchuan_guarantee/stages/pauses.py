"""二(一) FAQ: a managed plan that is paused, and whether its conditions were met before that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qianchuan_guarantee.clocks import stands_on
from qianchuan_guarantee.expressions import beside, ibis
from qianchuan_guarantee.money import times, total
from qianchuan_guarantee.stages.bids import in_order

if TYPE_CHECKING:
    from ibis.expr.types import Table


def pauses(operations: Table, cycles: Table) -> Table:
    """Known operations → the pauses of plans that are asked about theirs under any reading,
    plan × `paused_at`: those that ended an enabled stretch inside the window, and

    `is_left`: the plan was left paused at the window's end (or the horizon, if that is
    earlier), and this is the first pause after the last `enable`.
    """
    asking = cycles.filter(cycles.asks_pause)
    rows = operations.filter(operations.operation.isin(("pause", "enable")))
    rows = rows.semi_join(asking, "ad_id")
    rows = rows.filter(rows.create_time < rows.window_end)
    order = ibis.window(group_by="ad_id", order_by=in_order(rows))
    rows = rows.mutate(
        _before=rows.operation.lag().over(order),
        _order=ibis.row_number().over(order),
    )
    whole = ibis.window(group_by="ad_id")
    is_enable = rows.operation == "enable"
    rows = rows.mutate(
        _last_enable=rows._order.max(where=is_enable).over(whole).fill_null(-1),
        _last=rows._order.max().over(whole),
    )
    # A pause of a plan that is paused already changes nothing.
    starts = rows.filter(
        (rows.operation == "pause") & (rows._before.isnull() | (rows._before == "enable"))
    )
    starts = starts.mutate(
        is_left=(starts._order > starts._last_enable) & (starts._last > starts._last_enable)
    )
    in_window = starts.create_time >= starts.first_delivery_at
    return starts.filter(starts.is_left | in_window).select(
        "ad_id", paused_at="create_time", is_left="is_left"
    )


def asked_pauses(pauses: Table, cycles: Table) -> Table:
    """Pauses → those that the reading of `pause` looks at."""
    rows = pauses.join(cycles.select("ad_id", pause_reading="pause"), "ad_id")
    looked_at = (rows.pause_reading == "any_pause") | (
        (rows.pause_reading == "last_pause") & rows.is_left
    )
    return rows.filter(looked_at).drop("pause_reading")


def costs_before(delivery: Table, asked: Table, cycles: Table) -> Table:
    """Delivery rows of the window that began before a pause → plan × `paused_at`: `cost`."""
    pausing = asked.select("ad_id", "paused_at").distinct()
    rows = delivery.join(pausing, "ad_id")
    rows = rows.join(cycles.select("ad_id", "horizon", "first_delivery_at", "window_end"), "ad_id")
    before = rows.filter(
        stands_on(rows, rows.horizon)
        & (rows.stat_datetime >= rows.first_delivery_at)
        & (rows.stat_datetime < rows.window_end)
        & (rows.stat_datetime < rows.paused_at)
    )
    return before.group_by("ad_id", "paused_at").agg(
        cost_before=before.stat_cost.sum().cast("decimal(38, 5)")
    )


def conversions_before(priced: Table, asked: Table) -> Table:
    """Counted conversions billed and converted before a pause → plan × `paused_at`:
    `conversions_before`, `target_before` (yuan; null where a bid is not known)."""
    pausing = asked.select("ad_id", "paused_at").distinct()
    rows = priced.join(pausing, "ad_id")
    before = rows.filter((rows.billed_at < rows.paused_at) & (rows.converted_at < rows.paused_at))
    amount = times(before.bid, before.conversions)
    facts = (
        before.mutate(_amount=amount)
        .group_by("ad_id", "paused_at")
        .agg(
            conversions_before=lambda t: total(t.conversions),
            _sum=lambda t: t._amount.sum().cast("decimal(38, 2)"),
            _unpriced=lambda t: t.bid.isnull().sum(),
        )
    )
    return facts.select(
        "ad_id",
        "paused_at",
        "conversions_before",
        target_before=ibis.ifelse(facts._unpriced == 0, facts._sum, None),
    )


def uncounted_before(uncounted: Table, asked: Table) -> Table:
    """Slices that do not state their conversions and began before a pause: plan × `paused_at`."""
    rows = uncounted.join(asked.select("ad_id", "paused_at").distinct(), "ad_id")
    before = rows.filter(rows.at < rows.paused_at)
    return before.group_by("ad_id", "paused_at").agg(uncounted_before=before.count())


def pause_tests(asked: Table, costs: Table, conversions: Table, uncounted: Table) -> Table:
    """Plan × pause → what stood at that pause: `cost_before`, and, null where they are not
    known, `conversions_before`, `target_before`."""
    keys = ["ad_id", "paused_at"]
    joined = beside(asked, [costs, conversions, uncounted], keys)
    is_unknown = joined.uncounted_before.notnull()
    counted = joined.conversions_before
    target = ibis.ifelse(
        counted.isnull(), ibis.literal(0, type="decimal(38, 2)"), joined.target_before
    )
    return joined.mutate(
        cost_before=joined.cost_before.fill_null(0),
        conversions_before=ibis.ifelse(is_unknown, None, counted.fill_null(0)),
        target_before=ibis.ifelse(is_unknown, None, target),
    ).drop("uncounted_before")
