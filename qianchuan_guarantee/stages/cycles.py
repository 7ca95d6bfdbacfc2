"""一, 二, 三(二): which plans there are, what each is, and its window and cycle."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from qianchuan_guarantee.clocks import days_after, is_known_on, stands_on
from qianchuan_guarantee.expressions import beside, ibis
from qianchuan_guarantee.stages.deliveries import version_of, whole_tonight

if TYPE_CHECKING:
    from ibis.expr.types import Table


def plan_snapshots(plans: Table, as_of: date, is_daily: bool) -> Table:
    """Snapshots known by `as_of` → plan: its earliest one. Scenario and `cpa_bid` come from it
    (rules.md, Time). Not `is_daily`: a plan has one snapshot."""
    known = plans.filter(is_known_on(plans.written_on, ibis.literal(as_of, type="date")))
    if not is_daily:
        return known.drop("restated_on", "name")
    earliest = known.mutate(
        _order=ibis.row_number().over(ibis.window(group_by="ad_id", order_by="written_on"))
    )
    return earliest.filter(earliest._order == 0).drop("_order", "restated_on", "name")


def named_plans(logs: Sequence[Table], refused: Table, snapshots: Table, as_of: date) -> Table:
    """Every plan that gets a decision, once: `ad_id`.

    `logs`: tables of `ad_id`, `written_on`, `known_at`; a log row not known yet does not even
    name a plan. `refused`: refused rows of the logs and of `plans`.
    """
    today = ibis.literal(as_of, type="date")
    midnight = today.cast("timestamp(6)")
    named = [
        log.filter(is_known_on(log.written_on, today) & (log.known_at < midnight)).select("ad_id")
        for log in logs
    ]
    known = refused.filter(
        refused.ad_id.notnull()
        & is_known_on(refused.written_on, today)
        & (refused.known_at.isnull() | (refused.known_at < midnight))
    )
    planned = snapshots.select("ad_id")
    # Few rows of the logs name a plan that the plan table lacks; only those are many times the
    # same.
    others = (table.anti_join(planned, "ad_id") for table in (*named, known.select("ad_id")))
    return ibis.union(*others).distinct().union(planned)


def asked_again(named: Table, closed: Table, overruled: Table, coverage: Table) -> Table:
    """Plans whose cycle was decided on an earlier night are asked again only where tonight's
    logs have every day of it; those whose hold is overruled, where they have every day that ever
    was there. `closed`: `ad_id`, `day0`, `cycle_end_on`; `overruled` as `trust.overruled` says;
    `coverage` as in `trust.missing_days`."""
    again = whole_tonight(closed, coverage).union(overruled.select("ad_id"))
    return named.anti_join(closed.anti_join(again, "ad_id"), "ad_id")


def cycles(
    named: Table,
    snapshots: Table,
    first: Table,
    versions: Table,
    scenarios: Table,
    as_of: date,
    logs_begin: date | None,
) -> Table:
    """Plan → plan with its snapshot, rulebook version, scenario, window, cycle.

    `first_delivery_at` and what follows from it are null where first delivery is not believed;
    `tentative_at` and `horizon` (a day: the earlier of `as_of` and the cycle's end) are there
    all the same, so that held plans stay the same when they are decided later. A plan whose first
    snapshot is known only after that is taken from it, so the plan table is looked at until
    `plans_horizon`. Of a plan that is not `is_covered` nothing further is asked (rules.md,
    Outcomes), so its conversions and operations are not followed.
    """
    today = ibis.literal(as_of, type="date")
    dated = beside(named, [snapshots, first])
    tentative = ibis.ifelse(
        dated.given_at.isnull() | (dated.logged_at < dated.given_at),
        dated.logged_at,
        dated.given_at,
    )
    dated = dated.mutate(tentative_at=tentative)
    dated = dated.mutate(day0=dated.tentative_at.date())
    asked = version_of(dated, dated.day0.fill_null(today), versions)
    reaches_back = (
        ibis.literal(True)
        if logs_begin is None
        else asked.ad_create_time.date() >= ibis.literal(logs_begin, type="date")
    )
    ends = days_after(asked.day0, asked.cycle_days)
    asked = asked.mutate(
        window_end_on=days_after(asked.day0, asked.window_days),
        cycle_end_on=ends,
        # What is given for a time after the cycle's end came too late to count.
        given_at=ibis.ifelse(asked.given_at < ends.cast("timestamp(6)"), asked.given_at, None),
        is_reached_back=reaches_back.fill_null(False),
        is_in_force=(asked.day0 >= asked.in_force_from)
        & (asked.in_force_until.isnull() | (asked.day0 < asked.in_force_until)),
    )
    asked = asked.mutate(
        is_first_delivery_believed=asked.given_at.notnull()
        | asked.remembered_at.notnull()
        | asked.is_reached_back
    )
    believed = asked.is_first_delivery_believed & asked.advertiser_id.notnull()
    placed = asked.mutate(
        horizon=ibis.ifelse(asked.cycle_end_on < today, asked.cycle_end_on, today),
        first_delivery_at=ibis.ifelse(believed, asked.tentative_at, ibis.null("timestamp(6)")),
        window_end=ibis.ifelse(believed, asked.window_end_on.cast("timestamp(6)"), None),
        cycle_end=ibis.ifelse(believed, asked.cycle_end_on.cast("timestamp(6)"), None),
        is_settled=(asked.cycle_end_on <= today) & believed,
    )
    first_known_on = (placed.written_on + ibis.interval(days=1)).cast("timestamp(6)").date()
    placed = placed.mutate(
        plans_horizon=ibis.cases(
            (placed.advertiser_id.isnull(), today),
            (placed.written_on >= placed.horizon, first_known_on),
            else_=placed.horizon,
        )
    )
    entries = scenarios.rename(_rulebook="rulebook", _lab="lab_ad_type", _scene="marketing_scene")
    found = placed.left_join(
        entries,
        [
            placed.rulebook == entries._rulebook,
            placed.lab_ad_type == entries._lab,
            placed.marketing_scene == entries._scene,
        ],
    )
    is_covered = (
        found.scenario.notnull()
        & (found.smart_bid_type == "SMART_BID_CUSTOM")
        & found.roi_goal.isnull()
        & (found.tentative_at.isnull() | found.is_in_force)
    )
    return found.mutate(is_covered=is_covered.fill_null(False)).drop(
        "_rulebook",
        "_lab",
        "_scene",
        "asked_from",
        "asked_until",
        "in_force_from",
        "in_force_until",
    )


def with_readings(cycles: Table, readings: Table) -> Table:
    """Plan → plan with a column per reading: looked up for each plan, not kept with each."""
    return cycles.join(readings, "rulebook")


def snapshot_troubles(plans: Table, bid_edits: Table, cycles: Table) -> Table:
    """Snapshots known at the horizon → plan: `is_scenario_changed` (二), `is_snapshot_conflict`.

    A `cpa_bid` that differs between two snapshots needs a bid edit between the morning of the
    first one's day and the end of the second one's (四(四)); an advertiser that changes leaves
    open whom a grant would belong to.
    """
    times = plans.group_by("ad_id").agg(_snapshots=plans.count())
    several = plans.semi_join(times.filter(times._snapshots > 1), "ad_id")
    rows = several.join(cycles.select("ad_id", "horizon"), "ad_id")
    rows = rows.filter(stands_on(rows, rows.horizon))
    said = {
        "lab": rows.lab_ad_type,
        "scene": rows.marketing_scene,
        "bid_type": rows.smart_bid_type,
        "goal": rows.roi_goal.isnull().cast("int8"),
        "advertiser": rows.advertiser_id,
    }
    kinds = rows.group_by("ad_id").agg(
        **{f"_{name}": value.min() != value.max() for name, value in said.items()},
    )
    priced = rows.filter(rows.cpa_bid.notnull())
    in_order = ibis.window(group_by="ad_id", order_by="written_on")
    steps = priced.mutate(
        _before=priced.cpa_bid.lag().over(in_order),
        _since=priced.written_on.lag().over(in_order),
    )
    steps = steps.filter(steps._before.notnull() & (steps._before != steps.cpa_bid))
    edited = steps.semi_join(
        bid_edits,
        [
            steps.ad_id == bid_edits.ad_id,
            steps._since.cast("timestamp(6)") <= bid_edits.create_time,
            bid_edits.create_time < (steps.written_on + ibis.interval(days=1)).cast("timestamp(6)"),
        ],
    )
    unexplained = steps.anti_join(edited, ["ad_id", "written_on"])
    unexplained = unexplained.group_by("ad_id").agg(_unexplained=unexplained.count())
    joined = beside(kinds, [unexplained])
    return joined.select(
        "ad_id",
        is_scenario_changed=joined._lab | joined._scene | joined._bid_type | joined._goal,
        is_snapshot_conflict=joined._advertiser | joined._unexplained.notnull(),
    )
