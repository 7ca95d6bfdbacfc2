"""二, 三: the conversions that count, and the bid that belongs to each."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from qianchuan_guarantee.clocks import stands_on
from qianchuan_guarantee.expressions import ibis
from qianchuan_guarantee.money import times, total
from qianchuan_guarantee.stages.bids import is_in_force

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table

_OF_CYCLE = ("ad_id", "horizon", "first_delivery_at", "window_end")


def restated_conversions(conversions: Table) -> Table:
    """The versions of conversions that were restated by a later one."""
    return conversions.filter(conversions.restated_on.notnull())


def received_conversions(
    conversions: Table, restated: Table | None, cycles: Table, as_of: date
) -> Table:
    """Conversions of covered plans → those billed in the window and valid that were in time
    (standing and received at the horizon) or `is_late`, with `is_converted_inside` the window;
    under every reading. Grain: a version of a conversion.

    三(二): late is what was received at or after the cycle's end and is known by `as_of`; but one
    that was in time and then restated as late is not late. `restated`: the versions that were
    restated; null where none was, since ids are long.
    """
    plans = cycles.filter(cycles.is_covered).select(*_OF_CYCLE, "cycle_end")
    today = ibis.literal(as_of, type="date")
    billed = _billed(conversions, plans)
    was_in_time: BooleanValue = ibis.literal(False)
    if restated is not None:
        before = _billed(restated, plans)
        keys = before.filter(_is_in_time(before)).select("conversion_id", "ad_id").distinct()
        billed = billed.left_join(
            keys.mutate(was_in_time=ibis.literal(True)), ["conversion_id", "ad_id"]
        )
        was_in_time = billed.was_in_time.fill_null(False)
    is_late = (
        stands_on(billed, today)
        & (billed.received_at >= billed.cycle_end)
        & (billed.received_at < today.cast("timestamp(6)"))
        & ~was_in_time
    )
    is_in_time = _is_in_time(billed)
    return billed.filter(is_in_time | is_late).select(
        "ad_id",
        "billed_at",
        "converted_at",
        is_late=~is_in_time,
        is_converted_inside=billed.converted_at < billed.window_end,
    )


def _billed(conversions: Table, plans: Table) -> Table:
    rows = conversions.join(plans, "ad_id")
    return rows.filter(
        rows.valid & (rows.billed_at >= rows.first_delivery_at) & (rows.billed_at < rows.window_end)
    )


def _is_in_time(billed: Table) -> BooleanValue:
    return stands_on(billed, billed.horizon) & (
        billed.received_at < billed.horizon.cast("timestamp(6)")
    )


def judged_events(received: Table, cycles: Table) -> Table:
    """Received conversions, and what the plan's readings make of each: `is_on_clock` (by
    conversion_clock), `counts_late` (by late_backflow), `bid_at` (which instant's bid belongs to
    it, by bid_clock). Grain: as it came in."""
    return _judged(received.join(_event_readings(cycles), "ad_id"))


def _event_readings(cycles: Table) -> Table:
    """Readings are compared for each plan, not for each conversion."""
    return cycles.select(
        "ad_id",
        counts_all=cycles.conversion_clock == "billed",
        bids_at_conversion=cycles.bid_clock == "converted",
        counts_late=cycles.late_backflow == "included",
    )


def _judged(rows: Table) -> Table:
    return rows.mutate(
        is_on_clock=rows.counts_all | rows.is_converted_inside,
        bid_at=ibis.ifelse(rows.bids_at_conversion, rows.converted_at, rows.billed_at),
    )


def late_counts(received: Table) -> Table:
    """Conversion → plan: `late_conversions`."""
    late = received.filter(received.is_late)
    return late.group_by("ad_id").agg(late_conversions=late.count())


def priced_events(received: Table, spans: Table, cycles: Table) -> Table:
    """三(一): the conversions that count, once each: `billed_at`, `converted_at`, `bid_at`,
    `conversions` = 1, and `bid`, the one in force at `bid_at` (yuan; null: unknown)."""
    # Plans have few bids and many conversions: these are joined once, to both at a time.
    bids = spans.join(_event_readings(cycles), "ad_id")
    rows = _judged(received.join(bids, "ad_id"))
    is_counted = rows.is_on_clock & (~rows.is_late | rows.counts_late)
    priced = rows.filter(is_counted & is_in_force(rows, rows.bid_at))
    return priced.select(
        "ad_id",
        "billed_at",
        "converted_at",
        "bid_at",
        conversions=ibis.literal(1, type="int64"),
        bid=priced.bid,
    )


def counted_slices(delivery: Table, cycles: Table) -> Table:
    """Conversions known per slice only: delivery rows → slices of the window with conversions.

    All clocks stand at the slice's start. A slice ends with the plan's next one, or after an
    hour; after a day where all of the plan's slices start at midnight.
    """
    rows = delivery.join(cycles.select(*_OF_CYCLE), "ad_id")
    rows = rows.filter(
        stands_on(rows, rows.horizon) & (rows.stat_datetime < rows.horizon.cast("timestamp(6)"))
    )
    same_plan = ibis.window(group_by="ad_id")
    following = rows.stat_datetime.lead().over(
        ibis.window(group_by="ad_id", order_by="stat_datetime")
    )
    is_daily = (rows.stat_datetime == rows.stat_datetime.date().cast("timestamp(6)")).min()
    longest = ibis.ifelse(
        is_daily.over(same_plan),
        rows.stat_datetime + ibis.interval(days=1),
        rows.stat_datetime + ibis.interval(hours=1),
    )
    rows = rows.mutate(_next=following, _longest=longest)
    rows = rows.mutate(slice_end=ibis.ifelse(rows._next < rows._longest, rows._next, rows._longest))
    inside = rows.filter(
        (rows.stat_datetime >= rows.first_delivery_at)
        & (rows.stat_datetime < rows.window_end)
        & (rows.attribution_convert_cnt > 0)
    )
    return inside.select(
        "ad_id",
        billed_at=inside.stat_datetime,
        converted_at=inside.stat_datetime,
        bid_at=inside.stat_datetime,
        conversions=inside.attribution_convert_cnt,
        slice_end=inside.slice_end,
    )


def uncounted_slices(delivery: Table, cycles: Table) -> Table:
    """Slices of the window that do not state their conversions: plan × `at`. What is not stated
    is not a zero."""
    rows = delivery.filter(delivery.attribution_convert_cnt.isnull())
    rows = rows.join(cycles.select("ad_id", "horizon", "first_delivery_at", "window_end"), "ad_id")
    inside = rows.filter(
        stands_on(rows, rows.horizon)
        & (rows.stat_datetime >= rows.first_delivery_at)
        & (rows.stat_datetime < rows.window_end)
        & (rows.stat_datetime < rows.horizon.cast("timestamp(6)"))
    )
    return inside.select("ad_id", at=inside.stat_datetime)


def uncounted_counts(uncounted: Table) -> Table:
    """Slice → plan: `uncounted`, how many slices do not state their conversions."""
    return uncounted.group_by("ad_id").agg(uncounted=uncounted.count())


def no_slices(cycles: Table) -> Table:
    """Where conversions come one by one, no slice need state them."""
    return cycles.select("ad_id", at=cycles.tentative_at).limit(0)


def never_late(cycles: Table) -> Table:
    """Slices do not say when a conversion was received: `late_conversions` = 0."""
    return cycles.select("ad_id", late_conversions=ibis.literal(0, type="int64"))


def priced_slices(slices: Table, spans: Table, cycles: Table) -> Table:
    """三(一), slice_bid: each slice with its `bid`; `is_ambiguous` where the bid changed inside
    it and the reading holds such a plan."""
    slices = slices.join(cycles.select("ad_id", "slice_bid"), "ad_id")
    joined = slices.join(spans, "ad_id")
    at_start = is_in_force(joined, joined.bid_at)
    overlaps = at_start | (
        (joined.since > joined.bid_at)
        & (joined.since < joined.slice_end)
        & (joined.since < joined.until)
    )
    inside = joined.filter(overlaps).mutate(_at_start=at_start)
    bids = inside.group_by(*slices.columns).agg(
        _start=inside.bid.max(where=inside._at_start),
        _lowest=inside.bid.min(),
        _highest=inside.bid.max(),
        _unknown=inside.bid.isnull().sum(),
    )
    at_start_only = bids.slice_bid == "slice_start"
    is_unknown = ibis.ifelse(at_start_only, bids._start.isnull(), bids._unknown > 0)
    # An edit whose new value is not known has changed the bid all the same.
    differs = (bids._lowest != bids._highest) | ((bids._unknown > 0) & bids._lowest.notnull())
    is_ambiguous = differs.fill_null(False) & (bids.slice_bid == "hold")
    chosen = ibis.cases(
        (bids.slice_bid == "lowest", bids._lowest),
        (bids.slice_bid == "highest", bids._highest),
        else_=bids._start,
    )
    return bids.select(
        *(name for name in slices.columns if name not in ("slice_end", "slice_bid")),
        bid=ibis.ifelse(is_unknown | is_ambiguous, ibis.null("decimal(18, 2)"), chosen),
        is_unknown=is_unknown,
        is_ambiguous=is_ambiguous,
    )


def events_by_bid(priced: Table) -> Table:
    """三(一): plan × bid → `conversions`, `amount` (bid × conversions, yuan; null: unknown)."""
    # Counted, not added up: there are millions of them.
    grouped = priced.group_by("ad_id", "bid").agg(conversions=priced.count())
    return grouped.mutate(
        _unknown=grouped.bid.isnull(),
        _ambiguous=ibis.literal(False),
        amount=times(grouped.bid, grouped.conversions),
    )


def slices_by_bid(priced: Table) -> Table:
    """三(一): slices → the columns of `events_by_bid`."""
    grouped = priced.group_by("ad_id", "bid").agg(
        conversions=total(priced.conversions),
        _unknown=priced.is_unknown.any(),
        _ambiguous=priced.is_ambiguous.any(),
    )
    return grouped.mutate(amount=times(grouped.bid, grouped.conversions))


def conversion_facts(by_bid: Table) -> Table:
    """Plan × bid → plan: `conversions`, `target_cost` (Σ bid × conversions, yuan; null where a
    bid is not known), `has_unknown_bid`, `has_ambiguous_bid`."""
    facts = by_bid.group_by("ad_id").agg(
        conversions=total(by_bid.conversions),
        _sum=by_bid.amount.sum().cast("decimal(38, 2)"),
        has_unknown_bid=by_bid._unknown.any(),
        has_ambiguous_bid=by_bid._ambiguous.any(),
        _is_unpriced=by_bid.bid.isnull().any(),
    )
    return facts.select(
        "ad_id",
        "conversions",
        "has_unknown_bid",
        "has_ambiguous_bid",
        target_cost=ibis.ifelse(facts._is_unpriced, ibis.null("decimal(38, 2)"), facts._sum),
    )
