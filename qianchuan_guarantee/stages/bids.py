"""二(一), 三(一): the bid timeline, and what was done to it in the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qianchuan_guarantee.clocks import is_known_on
from qianchuan_guarantee.expressions import beside, ibis
from qianchuan_guarantee.tables import EARLIEST, LATEST

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table, TimestampValue


def known_operations(operations: Table, cycles: Table) -> Table:
    """Operations of covered plans, known at their plan's horizon, with the window they are held
    against."""
    plans = cycles.filter(cycles.is_covered)
    rows = operations.join(
        plans.select("ad_id", "horizon", "first_delivery_at", "window_end"), "ad_id"
    )
    return rows.filter(
        is_known_on(rows.written_on, rows.horizon)
        & (rows.create_time < rows.horizon.cast("timestamp(6)"))
    )


def in_order(rows: Table) -> list[ibis.Value]:
    """The order of operations: by time, then as text (rules.md, Facts)."""
    return [
        rows.create_time,
        rows.log_id,
        rows.old_value.fill_null(""),
        rows.new_value.fill_null(""),
        rows.operation,
    ]


def bid_edits(operations: Table) -> Table:
    """Known operations → the bid edits, with `until` (the next edit), `is_first_step`, and
    `stated_before`: the new value of the edit before."""
    edits = operations.filter(operations.operation == "bid")
    order = ibis.window(group_by="ad_id", order_by=in_order(edits))
    return edits.select(
        "ad_id",
        "create_time",
        "old_bid",
        "first_delivery_at",
        "window_end",
        bid_after=edits.new_bid,
        stated_before=edits.new_bid.lag().over(order),
        until=edits.create_time.lead().over(order),
        is_first_step=ibis.row_number().over(order) == 0,
    )


def initial_bids(operations: Table, edits: Table, cycles: Table) -> Table:
    """Known operations and bid edits → plan: `initial_bid` (yuan), `is_created_twice`.

    The `create` row's value, else the first bid edit's old value, else `cpa_bid` where the plan
    has no bid edits.
    """
    rows = operations.filter((operations.operation == "create") & operations.new_bid.notnull())
    place = ibis.struct({str(at): value for at, value in enumerate(in_order(rows))})
    created = rows.group_by("ad_id").agg(
        created_bid=rows.new_bid.argmin(place),
        is_created_twice=rows.new_bid.min() != rows.new_bid.max(),
    )
    first = edits.filter(edits.is_first_step).select("ad_id", "old_bid", is_edited=True)
    plans = beside(cycles.select("ad_id", "cpa_bid"), [created, first])
    return plans.select(
        "ad_id",
        initial_bid=ibis.coalesce(
            plans.created_bid,
            plans.old_bid,
            ibis.ifelse(plans.is_edited.isnull(), plans.cpa_bid, None),
        ),
        is_created_twice=plans.is_created_twice.fill_null(False),
    )


def bid_steps(edits: Table, initial: Table) -> Table:
    """Bid edits, each with `bid_before` and `is_broken` (四(四): a stated old value that is not
    the bid in force before it)."""
    steps = edits.join(initial.select("ad_id", "initial_bid"), "ad_id")
    before = ibis.ifelse(steps.is_first_step, steps.initial_bid, steps.stated_before)
    return steps.mutate(
        bid_before=before, is_broken=(steps.old_bid != before).fill_null(False)
    ).drop("initial_bid", "stated_before")


def bid_spans(steps: Table, initial: Table) -> Table:
    """Steps → the stretches of time in which a bid is in force: `ad_id`, `bid`, `since` (the
    first one: the earliest time there is), `until` (not included; the last one: the latest)."""
    first = steps.filter(steps.is_first_step).select("ad_id", until=steps.create_time)
    opening = initial.left_join(first, "ad_id")
    opening = opening.select(
        "ad_id",
        bid=opening.initial_bid,
        since=ibis.literal(EARLIEST, type="timestamp(6)"),
        until=opening.until.fill_null(LATEST),
    )
    following = steps.select(
        "ad_id",
        bid=steps.bid_after,
        since=steps.create_time,
        until=steps.until.fill_null(LATEST),
    )
    return opening.union(following)


def is_in_force(spans: Table, at: TimestampValue) -> BooleanValue:
    """An edit at the same instant already counts."""
    return (spans.since <= at) & (at < spans.until)


def bid_facts(steps: Table, spans: Table, initial: Table, cycles: Table) -> Table:
    """Steps and spans → plan: bids at the instants that matter (yuan), and lowering (二(一)).

    Columns: `initial_bid`, `bid_at_first_delivery`, `bid_at_end` (just before the earlier of
    window's end and horizon), `is_timeline_broken`, `is_lowered` (null where a bid that the
    question needs is unknown, or where `lowering=net` cannot be said yet).
    """
    window = cycles.select("ad_id", "first_delivery_at", "window_end", "horizon", "lowering")
    placed = spans.join(window, "ad_id")
    midnight = placed.horizon.cast("timestamp(6)")
    end = ibis.ifelse(placed.window_end < midnight, placed.window_end, midnight)
    before_end = (placed.since < end) & (placed.until >= end)
    at_instants = placed.group_by("ad_id").agg(
        bid_at_first_delivery=placed.bid.max(where=is_in_force(placed, placed.first_delivery_at)),
        bid_at_end=placed.bid.max(where=before_end),
    )
    inside = (steps.create_time >= steps.first_delivery_at) & (steps.create_time < steps.window_end)
    after_first = inside & (steps.create_time > steps.first_delivery_at)
    is_down = steps.bid_after < steps.bid_before
    moves = steps.group_by("ad_id").agg(
        is_timeline_broken=steps.is_broken.max(),
        _down=(inside & is_down).fill_null(False).sum(),
        _unclear=(inside & is_down.isnull()).sum(),
        _highest=steps.bid_after.max(where=after_first),
        _unknown=(after_first & steps.bid_after.isnull()).sum(),
    )
    plans = beside(initial, [at_instants, moves])
    plans = plans.join(window, "ad_id")
    down = plans._down.fill_null(0) > 0
    any_step = ibis.ifelse(
        down, True, ibis.ifelse(plans._unclear.fill_null(0) > 0, ibis.null("boolean"), False)
    )
    return plans.select(
        "ad_id",
        "initial_bid",
        "is_created_twice",
        "bid_at_first_delivery",
        "bid_at_end",
        is_timeline_broken=plans.is_timeline_broken.fill_null(False),
        is_lowered=ibis.ifelse(plans.lowering == "net", _net_lowered(plans), any_step),
    )


def _net_lowered(plans: Table) -> BooleanValue:
    """Ends the window below its highest value in it; said only from the window's end on."""
    highest = ibis.greatest(
        plans.bid_at_first_delivery.fill_null(plans._highest),
        plans._highest.fill_null(plans.bid_at_first_delivery),
    )
    is_below = plans.bid_at_end < highest
    all_known = (
        plans.bid_at_first_delivery.notnull()
        & plans.bid_at_end.notnull()
        & (plans._unknown.fill_null(0) == 0)
    )
    known = ibis.ifelse(
        is_below.fill_null(False), True, ibis.ifelse(all_known, False, ibis.null("boolean"))
    )
    is_over = plans.window_end <= plans.horizon.cast("timestamp(6)")
    return ibis.ifelse(is_over, known, ibis.null("boolean"))
