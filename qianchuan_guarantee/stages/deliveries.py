"""一: the delivery log by plan and day, and first delivery (首次投放)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from qianchuan_guarantee.clocks import days_after, stands_on
from qianchuan_guarantee.expressions import ibis

if TYPE_CHECKING:
    from ibis.expr.types import Table, Value


def day_facts(rows: Table) -> dict[str, Value]:
    """What the facts need of the delivery rows of a plan's day.

    Every horizon is a midnight and every window begins with first delivery, so days are all
    that the facts need: one pass over the largest log. `first_delivered_at` (earliest slice
    with a show, a click or cost), `cost` (yuan).
    """
    # Said this way round an engine answers it for most rows with the first comparison, and
    # without setting rows apart: a sixth of the whole pass.
    is_idle = (rows.show_cnt == 0) & (rows.click_cnt == 0) & (rows.stat_cost == 0)
    return {
        "first_delivered_at": ibis.ifelse(is_idle, None, rows.stat_datetime).min(),
        "cost": rows.stat_cost.sum().cast("decimal(38, 5)"),
    }


def first_deliveries(days: Table, given: Table, versions: Table, as_of: date) -> Table:
    """Plan × day → plan: `logged_at` (what the logs show), `given_at` (what is remembered).

    一, and rules.md, Time: a row known only after the end of the cycle that it would itself
    start cannot start it, so that deciding later gives the same answer.
    """
    today = ibis.literal(as_of, type="date")
    delivered = days.filter(days.first_delivered_at.notnull() & (days.day < today)).drop("cost")
    lengths = versions.select("asked_from", "asked_until", "cycle_days")
    asked = version_of(delivered, delivered.day, lengths)
    own_end = days_after(asked.day, asked.cycle_days)
    own_horizon = ibis.ifelse(own_end < today, own_end, today)
    logged = (
        asked.filter(stands_on(asked, own_horizon))
        .group_by("ad_id")
        .agg(logged_at=lambda t: t.first_delivered_at.min())
    )
    known = given.filter(
        stands_on(given, today) & (given.first_delivery_at < today.cast("timestamp(6)"))
    )
    remembered = known.group_by("ad_id").agg(given_at=known.first_delivery_at.min())
    both = logged.outer_join(remembered, "ad_id")
    return both.select(
        ad_id=ibis.coalesce(both.ad_id, both.ad_id_right),
        logged_at=both.logged_at,
        given_at=both.given_at,
    )


def with_remembered(first: Table, remembered: Table, believed: Table, coverage: Table) -> Table:
    """First deliveries, and what earlier nights know of them: `remembered` (`ad_id`,
    `remembered_at`, `cycle_end_on`, `is_believed`), `believed` (`ad_id`, `remembered_at`),
    `coverage` as in `trust.missing_days`.

    Where tonight's logs lack a day of the cycle, what was believed is as good as given, and what
    was not is as good as logged. Where they have them
    all, they say when it was, as they may have been restated; that there was none before is what
    is believed.
    """
    nothing = ibis.null("timestamp(6)")
    dated = remembered.mutate(day0=remembered.remembered_at.date())
    unseen = dated.anti_join(whole_tonight(dated, coverage), "ad_id")
    unseen_at = unseen.remembered_at.cast("timestamp(6)")
    both = ibis.union(
        first.mutate(remembered_at=nothing),
        unseen.select(
            "ad_id",
            logged_at=ibis.ifelse(unseen.is_believed, nothing, unseen_at),
            given_at=ibis.ifelse(unseen.is_believed, unseen_at, nothing),
            remembered_at=nothing,
        ),
        believed.select(
            "ad_id",
            logged_at=nothing,
            given_at=nothing,
            remembered_at=believed.remembered_at.cast("timestamp(6)"),
        ),
    )
    return both.group_by("ad_id").agg(
        **{name: both[name].min() for name in ("logged_at", "given_at", "remembered_at")}
    )


def whole_tonight(
    cycles: Table, coverage: Table, missing: str = "next_missing_tonight_on"
) -> Table:
    """Of cycles (`ad_id`, `day0`, `cycle_end_on`) those every day of which is in tonight's logs,
    as far as it has come: `ad_id`. `missing`: the column of `coverage` (see
    `trust.missing_days`) that names the next day that is not."""
    days = coverage.select(_missing_on=missing, _day="day")
    found = cycles.join(days, cycles.day0 == days._day)
    is_whole = found._missing_on.isnull() | (found._missing_on >= found.cycle_end_on)
    return found.filter(is_whole).select("ad_id")


def with_nothing_remembered(first: Table) -> Table:
    """First deliveries where there were no earlier nights."""
    return first.mutate(remembered_at=ibis.null("timestamp(6)"))


def version_of(plans: Table, day: ibis.Value, versions: Table) -> Table:
    """Join each row to the rulebook version asked for its `day`: the one in force, or where
    none is, the nearest one (which then answers RULE_NOT_IN_FORCE)."""
    dated = plans.mutate(_asked_on=day)
    days = dated.select("_asked_on").distinct()
    # There are few days and fewer versions; rows are then joined by equality.
    asked = days.join(
        versions,
        [
            versions.asked_from.isnull() | (days._asked_on >= versions.asked_from),
            versions.asked_until.isnull() | (days._asked_on < versions.asked_until),
        ],
    )
    return dated.join(asked, "_asked_on").drop("_asked_on")


def costs(days: Table, cycles: Table) -> Table:
    """Plan × day → plan: `cost`, and `is_earlier_delivery`, as known at the horizon.

    三(一): Σ stat_cost in the window. Rows before first delivery have no cost, so whole days add
    up to the window. 四(四): a delivered row that was known in the cycle, but too late to start
    it, contradicts first delivery (DATA_CONFLICT).
    """
    plans = cycles.select("ad_id", "horizon", "tentative_at", "day0", "window_end_on")
    known = days.join(plans, "ad_id")
    known = known.filter(stands_on(known, known.horizon))
    is_inside = (
        (known.day >= known.day0) & (known.day < known.window_end_on) & (known.day < known.horizon)
    )
    is_earlier = known.first_delivered_at < known.tentative_at
    return known.group_by("ad_id").agg(
        cost=known.cost.sum(where=is_inside).cast("decimal(38, 5)"),
        is_earlier_delivery=is_earlier.fill_null(False).max(),
    )
