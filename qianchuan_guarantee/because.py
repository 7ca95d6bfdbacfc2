"""Why two decisions on one plan differ: the reasons that were lifted or are new, and what of each
reason's question is another: facts, numbers of the rulebook, readings.

Read from the plan's two rows of facts; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from qianchuan_guarantee.rulebook import REGISTER
from qianchuan_guarantee.vocabulary import REASONS

Row = Mapping[str, Any]
What = Literal["lifted", "new", "cycle", "amount"]


@dataclass(frozen=True)
class Asked:
    """What is asked where a reason may apply. `question`: key of the wording; `answer`: the column
    that says yes or no; `compared`: the operands; `behind`: what they come from, numbers and
    readings of the rulebook among it, told only where it differs."""

    question: str
    answer: str | None
    compared: tuple[str, ...]
    behind: tuple[str, ...] = ()


_WINDOW = ("window_days",)
_COUNTED = ("conversion_clock", "late_backflow", *_WINDOW)
_PRICED = (*_COUNTED, "bid_clock", "slice_bid")
_EDITED = ("edit_limit_period", "edit_days_start", "edit_unit", *_WINDOW)

ASKED: dict[str, Asked] = {
    "NOT_DELIVERED": Asked("q_first_delivery", None, ("tentative_at",)),
    "BID_TYPE_EXPIRED": Asked("q_covered", None, ("smart_bid_type",)),
    "RULE_NOT_IN_FORCE": Asked(
        "q_in_force", "is_in_force", ("tentative_at",), ("in_force_from", "in_force_until")
    ),
    "SCENE_NOT_COVERED": Asked("q_covered", None, ("lab_ad_type", "marketing_scene", "roi_goal")),
    "PLAN_UNKNOWN": Asked("q_trusted", None, ("advertiser_id",)),
    "DATA_QUARANTINED": Asked("q_trusted", None, ("is_quarantined",), ("cycle_days",)),
    "DATA_CONFLICT": Asked(
        "q_trusted",
        None,
        (
            "is_row_conflict",
            "is_timeline_broken",
            "is_created_twice",
            "is_snapshot_conflict",
            "is_earlier_delivery",
        ),
        ("cycle_days",),
    ),
    "SCENARIO_CHANGED": Asked("q_trusted", None, ("is_scenario_changed",), ("cycle_days",)),
    "FIRST_DELIVERY_UNKNOWN": Asked("q_first_delivery", "is_first_delivery_believed", ()),
    "LOGS_INCOMPLETE": Asked("q_trusted", None, ("is_incomplete",), ("cycle_days",)),
    "BID_UNKNOWN": Asked(
        "q_trusted",
        None,
        ("has_unknown_bid",),
        (
            "initial_bid",
            "prompting_bid",
            "bid_at_end",
            "is_lowered",
            "overcost_base",
            "first_bid",
            "lowering",
            *_PRICED,
        ),
    ),
    "BID_AMBIGUOUS": Asked("q_trusted", None, ("has_ambiguous_bid",), ("slice_bid", *_WINDOW)),
    "MANUAL_JUDGE_SPAM": Asked("q_cheating", None, ("cheating_source",)),
    "ANTI_SPAM": Asked("q_cheating", None, ("cheating_source",)),
    "BID_LOWERED": Asked(
        "q_lowered",
        "meets_bid_not_lowered",
        ("is_lowered", "bid_at_first_delivery", "bid_at_end"),
        ("lowering", "asks_lowering", *_WINDOW),
    ),
    "BID_CHANGES": Asked(
        "q_bid_edits",
        "meets_bid_edits",
        ("max_daily_bid_edits", "bid_edits_at_most"),
        ("edit_limit_scope", *_EDITED),
    ),
    "AUD_CHANGES": Asked(
        "q_targeting_edits",
        "meets_targeting_edits",
        ("max_daily_targeting_edits", "targeting_edits_at_most"),
        ("edit_limit_scope", *_EDITED),
    ),
    "AUD_BID_CHANGES": Asked(
        "q_together",
        "meets_bid_edits",
        ("max_daily_edits_together", "edits_together_at_most"),
        ("edit_limit_scope", *_EDITED),
    ),
    "PAUSED_BEFORE_MET": Asked(
        "q_pause",
        "meets_pause",
        (
            "paused_at",
            "cost_at_pause",
            "line_at_pause",
            "conversions_at_pause",
            "conversions_required",
        ),
        ("pause", "asks_pause", "overcost_ratio", "overcost_base", "overcost_boundary", *_PRICED),
    ),
    "CONVERT_ZERO_OR_COST": Asked("q_not_zero", None, ("conversions", "cost"), _COUNTED),
    "CONVERT_UNDER_THRESHOLD": Asked(
        "q_conversions",
        "meets_conversions",
        ("conversions", "conversions_required"),
        ("conversions_prompted", "prompting_bid", "conversions_at_least", "first_bid", *_COUNTED),
    ),
    "UN_OBERCOST": Asked(
        "q_overcost",
        "meets_overcost",
        ("cost", "overcost_line"),
        (
            "overcost_base_yuan",
            "conversions",
            "is_preserved",
            "overcost_ratio",
            "overcost_base",
            "overcost_boundary",
            "overcost_at_settlement",
            *_PRICED,
        ),
    ),
    "CURRENCY_PRECISION": Asked(
        "q_amount", None, ("excess", "payable"), ("unit_yuan", "rounding", *_PRICED)
    ),
}
CYCLE = Asked("q_cycle", "is_settled", ("tentative_at", "cycle_end_on"), ("cycle_days", *_WINDOW))
AMOUNT = Asked(
    "q_amount",
    None,
    ("cost", "target_cost", "excess"),
    ("conversions", "unit_yuan", "rounding", *_PRICED),
)

COLUMNS: tuple[str, ...] = tuple(
    dict.fromkeys(
        name
        for asked in (*ASKED.values(), CYCLE, AMOUNT)
        for name in (asked.answer, *asked.compared, *asked.behind)
        if name is not None
    )
)
# What the rulebook says itself; the rest is found by it in the exports.
OF_RULES = frozenset(
    (
        *REGISTER,
        *("window_days", "cycle_days", "in_force_from", "in_force_until", "unit_yuan"),
        *("overcost_ratio", "conversions_at_least", "bid_edits_at_most", "asks_lowering"),
        *("targeting_edits_at_most", "edits_together_at_most", "asks_pause"),
    )
)


@dataclass(frozen=True)
class Cause:
    """One thing that made the difference. `reason`: the code that was lifted or is new; None where
    the cycle now ends earlier or later, or only the amount is another. `operands`: name → before,
    after: of all that is compared, and of what is behind it where that differs."""

    what: What
    reason: str | None
    clause: str
    question: str
    met_before: bool | None
    met_after: bool | None
    operands: dict[str, tuple[Any, Any]]

    @property
    def changed(self) -> list[str]:
        """The operands that differ."""
        return [name for name, (before, after) in self.operands.items() if before != after]


def causes(before: Row, after: Row) -> list[Cause]:
    """What turned the decision of one plan into the other one. Both rows have `outcome`,
    `reasons`, `amount` and `COLUMNS`."""
    if before["outcome"] == after["outcome"]:
        return [_cause("amount", None, AMOUNT, before, after)]
    if (before["outcome"] == "open") != (after["outcome"] == "open") and "not_covered" not in (
        before["outcome"],
        after["outcome"],
    ):
        return [_cause("cycle", None, CYCLE, before, after)]
    decisive = _decisive(before["outcome"], after["outcome"])
    lifted = [code for code in before["reasons"] if code not in after["reasons"]]
    new = [code for code in after["reasons"] if code not in before["reasons"]]
    found: list[Cause] = []
    for what, codes in (("lifted", lifted), ("new", new)):
        for code in codes:
            if REASONS[code].kind in decisive:
                found.append(_cause(what, code, ASKED[code], before, after))  # type: ignore[arg-type]
    return found


# What is asked first decides: the reasons of a later kind do not touch an earlier outcome.
_ORDER = ("not_covered", "open", "held", "invalid", "ended", "granted")


def _decisive(before: str, after: str) -> Iterable[str]:
    """The kinds of reasons that lead to one of the two outcomes and not to the other: those above
    the later one of the two."""
    return _ORDER[: max(_ORDER.index(before), _ORDER.index(after))]


def _cause(what: What, code: str | None, asked: Asked, before: Row, after: Row) -> Cause:
    answer = asked.answer
    operands = {
        name: (_whole(before[name]), _whole(after[name]))
        for name in (*asked.compared, *asked.behind)
        if before[name] != after[name]
        or (name in asked.compared and before[name] not in (None, False))
    }
    return Cause(
        what=what,
        reason=code,
        clause=REASONS[code].clause if code else "三(二)" if what == "cycle" else "三(一)",
        question=asked.question,
        met_before=before[answer] if answer else None,
        met_after=after[answer] if answer else None,
        operands=operands,
    )


def _whole(value: Any) -> Any:
    """Engines count in decimals without places."""
    is_count = isinstance(value, Decimal) and value.as_tuple().exponent == 0
    return int(value) if is_count else value
