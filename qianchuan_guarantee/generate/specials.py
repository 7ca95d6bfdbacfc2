"""Special plans: one in a hundred shows something that chance alone would seldom show, so that
every outcome and every reason code is there."""

from __future__ import annotations

from dataclasses import dataclass, fields

EVERY, REMAINDER = 100, 7  # plan i is special if i % EVERY = REMAINDER


@dataclass(frozen=True)
class Special:
    """What is fixed of a special plan; unless something is said, it is granted.

    `permille`: cost per target cost. `step_percent`, `edit_day` (after first delivery's day):
    of its bid edits. `first_day`: of first delivery, null: drawn. `pause_hour` (from that
    day's midnight): left paused. `states_bid`: is there a create row and a `cpa_bid`?
    `is_created_before`: before the logs begin. `is_remembered`: its first delivery is, in
    `first_deliveries`, from before there was a rule. `verdict`: a source, or `cleared`.
    """

    shows: str
    scene: str = "FEED"
    is_managed: bool = False
    bid_fen: int = 2000
    conversions: int = 20
    permille: int = 1400
    bid_edits: int = 0
    targeting_edits: int = 0
    step_percent: int = 5
    edit_day: int = 2
    first_day: int | None = None
    pause_hour: int | None = None
    is_planned: bool = True
    states_bid: bool = True
    is_created_twice: bool = False
    breaks_old_value: bool = False
    is_created_before: bool = False
    is_remembered: bool = False
    changes_scene: bool = False
    verdict: str = ""


SPECIALS: tuple[Special, ...] = (
    Special("granted"),
    Special("CURRENCY_PRECISION", scene="SEARCH", bid_fen=1, conversions=2, permille=1200),
    Special("CONVERT_ZERO_OR_COST", permille=0),
    Special("PLAN_UNKNOWN", is_planned=False),
    Special("BID_UNKNOWN", states_bid=False),
    Special("DATA_CONFLICT: created twice", is_created_twice=True),
    Special("DATA_CONFLICT: a broken timeline", bid_edits=1, breaks_old_value=True),
    Special("RULE_NOT_IN_FORCE", is_created_before=True, is_remembered=True),
    Special("FIRST_DELIVERY_UNKNOWN, in daily layout", is_created_before=True),
    Special("LOGS_INCOMPLETE, in daily layout", first_day=0),
    Special("SCENARIO_CHANGED, in daily layout", changes_scene=True),
    Special("MANUAL_JUDGE_SPAM", verdict="MANUAL_JUDGE_SPAM"),
    Special("ANTI_SPAM", verdict="ANTI_SPAM"),
    Special("granted: a verdict that was cleared", verdict="cleared"),
    Special("BID_CHANGES", bid_edits=3),
    Special("AUD_CHANGES", targeting_edits=3),
    Special("AUD_BID_CHANGES, where they are summed", bid_edits=2, targeting_edits=1),
    Special("BID_LOWERED", is_managed=True, bid_edits=1, step_percent=-5),
    Special("PAUSED_BEFORE_MET", is_managed=True, conversions=6, pause_hour=30),
    Special("granted: paused after it was met", is_managed=True, conversions=60, pause_hour=70),
    Special("BID_AMBIGUOUS, by slices", conversions=150, bid_edits=1, edit_day=1),
)


def specials_sql() -> str:
    """A table with a row per special: `special` (its number), and its fields."""
    names = [field.name for field in fields(Special)]
    rows = [
        f"({number}, {', '.join(_literal(getattr(special, name)) for name in names)})"
        for number, special in enumerate(SPECIALS)
    ]
    return f"(VALUES {', '.join(rows)}) AS s(special, {', '.join(names)})"


def _literal(value: str | int | bool | None) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bool):
        return str(value)
    return "NULL" if value is None else f"{value}::BIGINT"
