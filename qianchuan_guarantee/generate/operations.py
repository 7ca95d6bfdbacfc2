"""The operations log: what was changed, when, from what to what, from the model."""

from __future__ import annotations

from qianchuan_guarantee.generate.dice import Dice
from qianchuan_guarantee.generate.order import Order

_DAY = 86_400
_EDITS = "(SELECT *, unnest(range({})) AS n FROM model)"


def yuan(fen: str) -> str:
    """SQL of yuan, decimal(18, 2), from fen."""
    return f"(({fen})::DECIMAL(9, 0) * 0.01::DECIMAL(3, 2))::DECIMAL(18, 2)"


def bid_after(edits: str) -> str:
    """SQL of the bid (fen) after so many edits."""
    return f"greatest(1, bid_fen * (100 + step_percent * ({edits})) // 100)"


def edit_second(number: str, dice: Dice) -> str:
    """SQL of when a bid edit is made, the first being number 0; they keep their order."""
    within = dice.between("edit", 1, 3600, "i", number)
    return f"""(CASE edit_day WHEN -1 THEN created_second + 600 * ({number} + 1)
        WHEN -2 THEN first_second + 1200 * ({number} + 1)
        ELSE (first_day + edit_day) * {_DAY} + (9 + 2 * {number}) * 3600 + {within} END)"""


def operations(order: Order, dice: Dice) -> str:
    """SQL of the operations made within the logs: the table's columns, `written_day`, `dirt`."""
    rows = " UNION ALL ".join((*_creations(), *_edits(dice), *_switches(dice), *_others(dice)))
    return f"""
        SELECT ad_id || '-' || save AS log_id, ad_id, {order.instant("second")} AS create_time,
            operation, old_value, new_value, 'u' || advertiser_id AS operator_id,
            second // {_DAY} AS written_day, dirt
        FROM ({rows}) WHERE second BETWEEN 0 AND {order.days * _DAY - 1}"""


def _rows(
    source: str,
    what: tuple[str, str],
    second: str,
    old: str = "NULL",
    new: str = "NULL",
    dirt: str = "NULL",
) -> str:
    """SQL of operations; `what`: SQL of the save's name within its plan, and the operation."""
    save, operation = what
    return f"""SELECT ad_id, advertiser_id, {save} AS save, {second} AS second,
        '{operation}' AS operation, ({old})::VARCHAR AS old_value, ({new})::VARCHAR AS new_value,
        ({dirt})::VARCHAR AS dirt FROM {source}"""


def _creations() -> list[str]:
    """Create rows; a dirty one is sent twice, or followed by an operation that no log knows."""
    again = "model WHERE dirty_table = 'operations' AND dirt = 'duplicate'"
    refused = "model WHERE dirty_table = 'operations' AND dirt = 'refused'"
    create, bid = ("'create'", "create"), yuan("bid_fen")
    other_bid = yuan("bid_fen + 100")
    return [
        _rows("model WHERE states_bid", create, "created_second", new=bid),
        _rows("model WHERE is_created_twice", create, "created_second", new=other_bid),
        _rows(again, create, "created_second", new=bid, dirt="dirt"),
        _rows(refused, ("'resume'", "resume"), "created_second + 60", dirt="dirt"),
    ]


def _edits(dice: Dice) -> list[str]:
    """Edits of the bid, and of targeting: some of these are saved together with one of those."""
    old, new = yuan(f"{bid_after('n')} + CASE WHEN breaks_old_value THEN 1 ELSE 0 END"), "n + 1"
    second = edit_second("n", dice)
    joint = f"(n < bid_edits AND {dice.roll('joint', 2)} = 0)"
    save = f"CASE WHEN {joint} THEN 'bid' ELSE 'targeting' END || n"
    later = f"{second} + CASE WHEN {joint} THEN 0 ELSE 420 END"
    audience = dice.roll("audience", 900, "i", "n")
    return [
        _rows(_EDITS.format("bid_edits"), ("'bid' || n", "bid"), second, old, yuan(bid_after(new))),
        _rows(
            _EDITS.format("targeting_edits"),
            (save, "targeting"),
            later,
            new=f"'人群包 ' || (100 + {audience})",
        ),
    ]


def _switches(dice: Dice) -> list[str]:
    """Pauses: for good, or for a night in which the plan has no delivery anyway."""
    paused = f"(first_day * 24 + pause_hour) * 3600 + {dice.between('paused', 1, 3600)}"
    night = f"(first_day + 1) * {_DAY} + {dice.roll('night', 3600)}"
    wakes = "model WHERE wakes"
    return [
        _rows("model WHERE pause_hour IS NOT NULL", ("'pause'", "pause"), paused),
        _rows(wakes, ("'pause'", "pause"), f"{night}"),
        _rows(wakes, ("'enable'", "enable"), f"{night} + 5 * 3600"),
    ]


def _others(dice: Dice) -> list[str]:
    """What the rule does not ask about: budgets, names."""
    budget = dice.between("budget", 3, 100)
    at = f"first_second + {dice.roll('other', 3 * _DAY)}"
    rolled = dice.roll("others", 100)
    return [
        _rows(
            f"model WHERE {rolled} < 12",
            ("'budget'", "budget"),
            at,
            f"100 * {budget}",
            f"150 * {budget}",
        ),
        _rows(f"model WHERE {rolled} >= 97", ("'other'", "other"), at),
    ]
