"""二: one question, one column. Facts of a plan against the rulebook's numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qianchuan_guarantee.expressions import beside, ibis
from qianchuan_guarantee.money import scaled, times

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, DecimalValue, Table, Value

_MONEY = "decimal(38, 2)"


@dataclass(frozen=True)
class Facts:
    """The tables of facts, each a row per plan that has any."""

    costs: Table
    uncounted: Table
    conversions: Table
    late: Table
    bids: Table
    edits: Table
    bands: Table


def facts(cycles: Table, of: Facts) -> Table:
    """Plan → plan with everything that was counted, 0 where nothing was, null where it cannot
    be known (first delivery not believed, or the plan is not covered)."""
    counted = (of.costs, of.uncounted, of.conversions, of.late, of.bids, of.edits)
    joined = beside(cycles, counted)
    joined = joined.mutate(is_judged=joined.is_covered & joined.first_delivery_at.notnull())
    # A count per slice that is not stated is not a zero.
    is_counted = joined.is_judged & (joined.uncounted.fill_null(0) == 0)
    zero = {"cost": "decimal(38, 5)", "late_conversions": "int64"} | dict.fromkeys(
        ("max_daily_bid_edits", "max_daily_targeting_edits", "max_daily_edits_together"), "int64"
    )
    known = {
        name: ibis.ifelse(
            joined.is_judged,
            joined[name].fill_null(ibis.literal(0, type=kind)),
            ibis.null(kind),
        )
        for name, kind in zero.items()
    }
    no_conversion = joined.conversions.isnull()
    known["conversions"] = ibis.ifelse(
        is_counted, joined.conversions.fill_null(0), ibis.null("int64")
    )
    known["target_cost"] = ibis.ifelse(
        is_counted,
        ibis.ifelse(no_conversion, ibis.literal(0, type="decimal(38, 2)"), joined.target_cost),
        ibis.null("decimal(38, 2)"),
    )
    first_bid = ibis.ifelse(
        joined["first_bid"] == "at_first_delivery",
        joined.bid_at_first_delivery,
        joined.initial_bid,
    )
    known["prompting_bid"] = ibis.ifelse(joined.is_judged, first_bid, None)
    known["bid_at_end"] = ibis.ifelse(joined.is_judged, joined.bid_at_end, None)
    known["initial_bid"] = ibis.ifelse(joined.is_judged, joined.initial_bid, None)
    known["has_unknown_bid"] = joined.has_unknown_bid.fill_null(False)
    known["has_ambiguous_bid"] = joined.has_ambiguous_bid.fill_null(False)
    return _prompted(joined.mutate(**known), of.bands)


def _prompted(plans: Table, bands: Table) -> Table:
    """二(一): the prompted count by first bid, and the least count that suffices."""
    bands = bands.rename(_book="rulebook", _scene="scenario")
    joined = plans.left_join(
        bands,
        [
            plans.rulebook == bands._book,
            plans.scenario == bands._scene,
            plans.prompting_bid >= bands.bid_from,
            bands.bid_until.isnull() | (plans.prompting_bid < bands.bid_until),
        ],
    ).drop("_book", "_scene", "bid_from", "bid_until")
    return joined.mutate(
        conversions_prompted=ibis.ifelse(joined.is_judged, joined.conversions_prompted, None),
        conversions_required=ibis.ifelse(
            joined.is_judged,
            joined.conversions_at_least.fill_null(joined.least_above_prompted),
            None,
        ),
    )


def _measured(plans: Table, target: DecimalValue, conversions: Value) -> DecimalValue:
    """overcost_base: the target that cost is held against (yuan)."""
    return ibis.cases(
        (plans.overcost_base == "weighted", target.cast(_MONEY)),
        (conversions == 0, ibis.literal(0, type=_MONEY)),
        (plans.overcost_base == "initial", times(plans.initial_bid, conversions)),
        else_=times(plans.bid_at_end, conversions),
    )


def _line(plans: Table, target: DecimalValue, conversions: Value) -> DecimalValue:
    """二: the cost at which a plan is over by the ratio: multiplied, never divided."""
    return scaled(_measured(plans, target, conversions), plans.overcost_ratio)


def _reaches(plans: Table, cost: DecimalValue, line: DecimalValue) -> BooleanValue:
    """overcost_boundary: is exactly the ratio enough?"""
    return ibis.ifelse(plans.overcost_boundary == "inclusive", cost >= line, cost > line)


def eligibility(plans: Table, pause_tests: Table) -> Table:
    """Facts → the same plans with `overcost_base_yuan`, `overcost_line`, `paused_at` and a
    `meets_…` column per question, null where it is not asked or cannot be said."""
    base = _measured(plans, plans.target_cost, plans.conversions)
    asked = plans.mutate(
        overcost_base_yuan=base.cast("decimal(38, 2)"),
        overcost_line=_line(plans, plans.target_cost, plans.conversions),
    )
    paused = _pause_facts(asked, pause_tests)
    asked = beside(asked, [paused])
    summed = (asked.edit_limit_scope == "summed") & asked.edits_together_at_most.notnull()
    together = asked.max_daily_edits_together <= asked.edits_together_at_most
    is_pause_asked = asked.is_judged & asked.asks_pause & (asked["pause"] != "ignore")
    was_met = asked.was_met_at_pause.fill_null(False)
    has_no_pause_left = asked.left_paused_at.isnull()
    meets_pause = ibis.cases(
        (~is_pause_asked.fill_null(False), ibis.null("boolean")),
        (has_no_pause_left | was_met, True),
        (asked.is_pause_unclear, ibis.null("boolean")),
        else_=False,
    )
    return asked.mutate(
        meets_overcost=_reaches(asked, asked.cost, asked.overcost_line),
        meets_conversions=asked.conversions >= asked.conversions_required,
        is_summed=summed.fill_null(False),
        meets_bid_edits=ibis.ifelse(
            summed, together, asked.max_daily_bid_edits <= asked.bid_edits_at_most
        ),
        meets_targeting_edits=ibis.ifelse(
            summed, together, asked.max_daily_targeting_edits <= asked.targeting_edits_at_most
        ),
        meets_bid_not_lowered=ibis.ifelse(
            asked.is_judged & asked.asks_lowering, ~asked.is_lowered, ibis.null("boolean")
        ),
        meets_pause=meets_pause,
        paused_at=ibis.ifelse(is_pause_asked, asked.left_paused_at, None),
        is_preserved=is_pause_asked.fill_null(False) & was_met,
    )


def _pause_facts(plans: Table, tests: Table) -> Table:
    """Plan × pause → plan: `left_paused_at`, `was_met_at_pause` (both conditions, at any pause
    that the reading looks at), `is_pause_unclear` (a bid it needs is not known), and what
    stood at the pause that was left: `cost_at_pause`, `conversions_at_pause`, `line_at_pause`."""
    joined = tests.join(plans, "ad_id")
    line = _line(joined, joined.target_before, joined.conversions_before)
    met = (joined.conversions_before >= joined.conversions_required) & _reaches(
        joined, joined.cost_before, line
    )
    tested = joined.mutate(_met=met, _line=line)
    left = tested.is_left
    return tested.group_by("ad_id").agg(
        left_paused_at=tested.paused_at.max(where=left),
        was_met_at_pause=tested._met.fill_null(False).max(),
        is_pause_unclear=tested._met.isnull().max(),
        cost_at_pause=tested.cost_before.max(where=left),
        conversions_at_pause=tested.conversions_before.max(where=left),
        line_at_pause=tested._line.max(where=left),
    )
