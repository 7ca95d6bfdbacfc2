"""四(四): which plans' data cannot be trusted. Such a plan is held; no amount moves."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from qianchuan_guarantee.clocks import is_known_on, stands_on
from qianchuan_guarantee.expressions import ibis
from qianchuan_guarantee.stages.deliveries import whole_tonight

if TYPE_CHECKING:
    from ibis.expr.types import DateValue, Table


def refused_rows(refused: Table, cycles: Table, as_of: date) -> Table:
    """Refused rows → plan: `is_quarantined`, `is_delivery_refused`.

    `refused`: `table`, `ad_id`, `written_on`, `known_at`, `happened_at`. A refused row holds its
    plan if it was known in time and its own time lies before the cycle's end or cannot be read.
    Verdicts and remembered first deliveries count whenever they are known.
    """
    rows = refused.join(cycles.select("ad_id", "horizon", "plans_horizon"), "ad_id")
    horizon = _horizon(rows, as_of)
    midnight = horizon.cast("timestamp(6)")
    counts = (
        is_known_on(rows.written_on, horizon)
        & (rows.known_at.isnull() | (rows.known_at < midnight))
        & (rows.happened_at.isnull() | (rows.happened_at < rows.horizon.cast("timestamp(6)")))
    )
    holding = rows.filter(counts)
    return holding.group_by("ad_id").agg(
        is_quarantined=holding.count() > 0,
        is_delivery_refused=(holding.table == "delivery").sum() > 0,
    )


def _horizon(rows: Table, as_of: date) -> DateValue:
    today = ibis.literal(as_of, type="date")
    return ibis.cases(
        (rows.table.isin(("verdicts", "first_deliveries")), today),
        (rows.table == "plans", rows.plans_horizon),
        else_=rows.horizon,
    )


def refused_plans(refused: Table, as_of: date) -> Table:
    """Refused rows → those of `plans` that are known."""
    rows = refused.filter(refused.table == "plans")
    return rows.filter(is_known_on(rows.written_on, ibis.literal(as_of, type="date")))


def conflicting_plans(contradictions: Table, as_of: date) -> Table:
    """Contradictions → those of `plans` that are known."""
    rows = contradictions.filter(contradictions.table == "plans")
    return rows.filter(rows.conflict_on < ibis.literal(as_of, type="date"))


def conflicts(contradictions: Table, cycles: Table, as_of: date) -> Table:
    """Rows that contradict another one of their key → plan: `is_row_conflict`,
    `is_delivery_conflict`.

    `contradictions`: `table`, `ad_id`, `written_on`, `conflict_on`, `happened_at`, `known_at`.
    Verdicts and remembered first deliveries count whenever they are known.
    """
    rows = contradictions.join(cycles.select("ad_id", "horizon", "plans_horizon"), "ad_id")
    horizon = _horizon(rows, as_of)
    midnight = horizon.cast("timestamp(6)")
    holding = rows.filter(
        is_known_on(rows.conflict_on, horizon)
        & is_known_on(rows.written_on, horizon)
        & (rows.happened_at.isnull() | (rows.happened_at < midnight))
        & (rows.known_at.isnull() | (rows.known_at < midnight))
    )
    return holding.group_by("ad_id").agg(
        is_row_conflict=holding.count() > 0,
        is_delivery_conflict=(holding.table == "delivery").sum() > 0,
    )


def missing_days(cycles: Table, coverage: Table, logs_begin: date | None) -> Table:
    """Plans some day of whose logs is missing: plan → `ad_id` (LOGS_INCOMPLETE).

    `coverage`: `day`, and for each day since the logs begin the next day on which a log has no
    partition: `next_missing_on` (of all that were ever seen), `next_missing_tonight_on`,
    `next_left_out_on` (seen before, and not there tonight). The days that matter run from the
    plan's creation (or from where the logs begin, or from first delivery where that was
    remembered from before) to the earlier of the cycle's end and `as_of`; those of the cycle must
    be there tonight.
    """
    none = cycles.select("ad_id").limit(0)
    if logs_begin is None:
        return none
    begin = ibis.literal(logs_begin, type="date")
    created = cycles.ad_create_time.date()
    since = ibis.ifelse(created > begin, created, begin)
    # A day of the cycle counts even if the plan is said to have been created after it, and even
    # if it lies before the logs.
    since = ibis.ifelse(cycles.day0 < since, cycles.day0, since)
    plans = cycles.select("ad_id", "horizon", since=since, started_on=cycles.day0)
    ever = coverage.select("day", "next_missing_on")
    tonight = coverage.select("next_missing_tonight_on", _day0="day")
    found = plans.left_join(ever, plans.since == ever.day)
    found = found.left_join(tonight, [("started_on", "_day0")])
    return found.filter(
        (found.since < begin)
        | (found.next_missing_on < found.horizon)
        | (found.next_missing_tonight_on < found.horizon)
    ).select("ad_id")


def overruled(released: Table, cycles: Table, coverage: Table, logs_begin: date) -> Table:
    """Plans whose hold a named person has overruled: `ad_id`. What never was there is done
    without; a day that was seen before and is not there tonight must be given again.

    `released`: `ad_id`; `cycles`: `ad_id`, `day0`, `cycle_end_on`; `coverage` as in
    `missing_days`.
    """
    begin = ibis.literal(logs_begin, type="date")
    asked = cycles.semi_join(released, "ad_id")
    asked = asked.mutate(day0=ibis.ifelse(asked.day0 < begin, begin, asked.day0))
    return whole_tonight(asked, coverage, "next_left_out_on")


def cheating(verdicts: Table, as_of: date) -> Table:
    """四(一): per plan the latest known verdict stands; `cleared` lifts an earlier one.
    Verdict → plan: `cheating_source`."""
    today = ibis.literal(as_of, type="date")
    known = verdicts.filter(
        stands_on(verdicts, today) & (verdicts.decided_at < today.cast("timestamp(6)"))
    )
    latest_first = ibis.window(group_by="ad_id", order_by=ibis.desc("decided_at"))
    latest = known.mutate(_order=ibis.row_number().over(latest_first))
    standing = latest.filter((latest._order == 0) & (latest.verdict == "cheating"))
    return standing.select("ad_id", cheating_source=standing.source)
