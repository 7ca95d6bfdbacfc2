"""四(五): the reasons that apply, the outcome, the status, and what is paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from qianchuan_guarantee.expressions import beside, ibis
from qianchuan_guarantee.tables import DECISIONS
from qianchuan_guarantee.vocabulary import CHEATING, UNKNOWN, reasons_of

if TYPE_CHECKING:
    from ibis.expr.types import ArrayValue, BooleanValue, DecimalValue, Table


@dataclass(frozen=True)
class Troubles:
    """四(四): what is wrong with plans' data, each a row per plan concerned."""

    refused: Table
    refused_plans: Table
    conflicting_plans: Table
    conflicts: Table
    snapshots: Table
    incomplete: Table
    cheating: Table
    released: Table


def with_troubles(plans: Table, of: Troubles) -> Table:
    """Plan → plan with a column per trouble, false where there is none."""
    marked = {
        "is_plan_row_refused": of.refused_plans,
        "is_plan_row_conflict": of.conflicting_plans,
        "is_incomplete": of.incomplete,
        "is_released": of.released,
    }
    flagged = [
        table.select("ad_id").distinct().mutate(**{name: ibis.literal(True)})
        for name, table in marked.items()
    ]
    joined = beside(plans, [*flagged, of.refused, of.conflicts, of.snapshots, of.cheating])
    flags = (
        *marked,
        "is_earlier_delivery",
        "is_quarantined",
        "is_delivery_refused",
        "is_row_conflict",
        "is_delivery_conflict",
        "is_scenario_changed",
        "is_snapshot_conflict",
    )
    return joined.mutate(**{name: joined[name].fill_null(False) for name in flags})


def reason_tests(plans: Table) -> dict[str, BooleanValue]:
    """Reason code → does it apply to the plan's facts? (rules.md, Reason codes)"""
    is_planned = plans.advertiser_id.notnull()
    is_delivered = plans.tentative_at.notnull()
    is_delivery_refused = plans.is_delivery_refused | plans.is_delivery_conflict
    is_cost_control = plans.smart_bid_type == "SMART_BID_CUSTOM"
    # Where slices state no count, other reasons are not kept back for one that may not apply.
    is_zero = ((plans.conversions == 0) | (plans.cost == 0)).fill_null(False)
    needs_first_bid = plans.is_judged & plans.conversions_at_least.isnull()
    base_bid_missing = (plans.conversions > 0) & (
        ((plans.overcost_base == "initial") & plans.initial_bid.isnull())
        | ((plans.overcost_base == "bid_at_end") & plans.bid_at_end.isnull())
    )
    can_be_lowered = (plans.lowering == "any") | (plans.window_end <= plans.midnight)
    lowering_unknown = (
        plans.is_judged
        & plans.asks_lowering
        & can_be_lowered
        & (plans.meets_bid_not_lowered.isnull())
    )
    is_waived = (plans.overcost_at_settlement == "preserved") & plans.is_preserved
    is_contradicted = (plans.logged_at < plans.given_at).fill_null(False) | (
        plans.logged_at < plans.remembered_at
    ).fill_null(False)
    return {
        "NOT_DELIVERED": is_planned & ~is_delivered & ~is_delivery_refused,
        "BID_TYPE_EXPIRED": is_planned & ~is_cost_control,
        "RULE_NOT_IN_FORCE": is_planned & is_delivered & ~plans.is_in_force,
        "SCENE_NOT_COVERED": is_cost_control & (plans.scenario.isnull() | plans.roi_goal.notnull()),
        "PLAN_UNKNOWN": ~is_planned & ~plans.is_plan_row_refused & ~plans.is_plan_row_conflict,
        "DATA_QUARANTINED": plans.is_quarantined,
        "DATA_CONFLICT": plans.is_row_conflict
        | plans.is_earlier_delivery
        | is_contradicted
        | plans.is_snapshot_conflict
        | plans.is_created_twice
        | plans.is_timeline_broken,
        "SCENARIO_CHANGED": plans.is_scenario_changed,
        "FIRST_DELIVERY_UNKNOWN": is_planned & ~plans.is_first_delivery_believed,
        "LOGS_INCOMPLETE": plans.is_incomplete | (plans.is_judged & plans.conversions.isnull()),
        "BID_UNKNOWN": plans.has_unknown_bid
        | base_bid_missing
        | (needs_first_bid & plans.prompting_bid.isnull())
        | lowering_unknown,
        "BID_AMBIGUOUS": plans.has_ambiguous_bid,
        "MANUAL_JUDGE_SPAM": plans.cheating_source == "MANUAL_JUDGE_SPAM",
        "ANTI_SPAM": plans.cheating_source == "ANTI_SPAM",
        "BID_LOWERED": ~plans.meets_bid_not_lowered,
        "BID_CHANGES": ~plans.is_summed & ~plans.meets_bid_edits,
        "AUD_CHANGES": ~plans.is_summed & ~plans.meets_targeting_edits,
        "AUD_BID_CHANGES": plans.is_summed & ~plans.meets_bid_edits,
        "PAUSED_BEFORE_MET": ~plans.meets_pause & ~is_zero,
        "CONVERT_ZERO_OR_COST": is_zero,
        "CONVERT_UNDER_THRESHOLD": ~plans.meets_conversions & ~is_zero,
        "UN_OBERCOST": ~plans.meets_overcost & ~is_zero & ~is_waived,
    }


def status(plans: Table, as_of: date) -> Table:
    """Facts and troubles → the same plans with `outcome`, `compensate_status`, `reasons`,
    `amount` (三, 四(五)). Every question stays a column; no plan is filtered away."""
    today = ibis.literal(as_of, type="date").cast("timestamp(6)")
    plans = plans.mutate(midnight=plans.horizon.cast("timestamp(6)"))
    tests = {code: test.fill_null(False) for code, test in reason_tests(plans).items()}
    # A named person has overruled the hold; what is not known cannot be overruled, also where it
    # became so since.
    is_overruled = plans.is_released & plans.is_settled & plans.payable.notnull()
    for code in reasons_of("held"):
        if code not in UNKNOWN:
            tests[code] &= ~is_overruled.fill_null(False)
    asked = plans.mutate(**{f"has_{code}": test for code, test in tests.items()})
    any_of = {
        kind: ibis.or_(*(asked[f"has_{code}"] for code in reasons_of(kind) if code in tests))
        for kind in ("not_covered", "held", "invalid", "ended")
    }
    is_open = ~asked.is_settled.fill_null(False) & asked.first_delivery_at.notnull()
    is_small = (asked.payable < asked.unit_yuan).fill_null(False)
    nothing_else = ~(
        any_of["not_covered"] | any_of["held"] | any_of["invalid"] | any_of["ended"] | is_open
    )
    asked = asked.mutate(has_CURRENCY_PRECISION=nothing_else & is_small)
    # Not known, or refused: nothing further can be asked of a plan without a row of its own.
    is_alone = asked.advertiser_id.isnull()
    outcome = ibis.cases(
        (is_alone, "held"),
        (any_of["not_covered"], "not_covered"),
        (is_open, "open"),
        (any_of["held"], "held"),
        (any_of["invalid"], "invalid"),
        (any_of["ended"] | asked.has_CURRENCY_PRECISION, "ended"),
        else_="granted",
    )
    decided = asked.mutate(
        outcome=outcome,
        has_invalid=any_of["invalid"],
        # 四(一): a verdict may be lifted again; then this is what is owed (yuan).
        merit=_merit(asked, any_of, tests, is_open),
    )
    return decided.mutate(
        compensate_status=ibis.cases(
            (decided.outcome == "not_covered", "DEFAULT"),
            ((decided.outcome == "open") & decided.has_invalid, "INVALID"),
            ((decided.outcome == "open") & (today < decided.window_end), "IN_EFFECT"),
            (decided.outcome == "invalid", "INVALID"),
            (decided.outcome == "ended", "ENDED"),
            else_="CONFIRMING",
        ),
        reasons=_reasons(decided, tests),
        amount=ibis.ifelse(
            decided.outcome == "granted", decided.payable, ibis.literal(0, type="decimal(18, 2)")
        ),
    )


def _merit(
    asked: Table,
    any_of: Mapping[str, BooleanValue],
    tests: Mapping[str, BooleanValue],
    is_open: BooleanValue,
) -> DecimalValue:
    """What a settled plan is owed apart from cheating verdicts, 0 where it lost or did not earn
    it; null where it is open, held or not covered."""
    none = ibis.literal(0, type="decimal(18, 2)")
    others = [code for code in reasons_of("invalid") if code in tests and code not in CHEATING]
    lost = ibis.or_(any_of["ended"], *(asked[f"has_{code}"] for code in others))
    unsaid = any_of["not_covered"] | any_of["held"] | is_open | asked.advertiser_id.isnull()
    owed = ibis.ifelse(lost, none, asked.payable)
    return ibis.ifelse(unsaid, ibis.null("decimal(18, 2)"), owed)


def _reasons(decided: Table, tests: Mapping[str, BooleanValue]) -> ArrayValue:
    """Every reason that applies, in reporting order. Of a plan that is not covered nothing
    further is asked; an open one lists no ENDED reason; a plan without a row of its own has
    only the reason for that."""
    is_alone = decided.advertiser_id.isnull()
    codes = []
    for kind in ("not_covered", "held", "invalid", "ended"):
        for code in reasons_of(kind):
            if code not in tests and code != "CURRENCY_PRECISION":
                continue
            applies = decided[f"has_{code}"]
            if kind == "not_covered":
                applies &= decided.outcome == "not_covered"
            else:
                applies &= decided.outcome != "not_covered"
            if kind == "ended":
                applies &= decided.outcome != "open"
            if code == "DATA_QUARANTINED":
                applies = ibis.ifelse(is_alone, decided.is_plan_row_refused, applies)
            elif code == "DATA_CONFLICT":
                applies = ibis.ifelse(is_alone, decided.is_plan_row_conflict, applies)
            elif code != "PLAN_UNKNOWN":
                applies &= ~is_alone
            codes.append(ibis.ifelse(applies, code, ibis.null("string")))
    return ibis.array(codes).filter(lambda code: code.notnull())


def decisions(decided: Table) -> Table:
    """The columns of the decisions, in order, exactly typed (data.md, "Decisions")."""
    believed = decided.first_delivery_at.notnull()
    is_covered = decided.outcome != "not_covered"
    columns = {out.name: decided[out.name] for out in DECISIONS if out.name in decided.columns}
    columns |= {
        "scenario": ibis.ifelse(
            is_covered & decided.advertiser_id.notnull(), decided.scenario, None
        ),
        "window_start": decided.first_delivery_at,
        "settle_on": ibis.ifelse(believed, decided.cycle_end_on, None),
        "first_bid": decided.prompting_bid,
    }
    return decided.select(**{out.name: columns[out.name].cast(out.type_name) for out in DECISIONS})
