"""Dirt: bad things of known kinds in known numbers, so that what they do can be measured.

A dirty plan has one of them. A dirty delivery row stands at `dirty_hour`, on the day after
first delivery.
"""

from __future__ import annotations

from qianchuan_guarantee.generate.dice import Dice
from qianchuan_guarantee.generate.order import Order

# Kind → what `decide` counts its rows as.
KINDS = {
    "duplicate": "duplicate",  # a row sent twice
    "restated": "superseded",  # the row again, a day later, with another cost
    "late": "accepted",  # a row written a day late, known in time
    "too_late": "accepted",  # a row written after the cycle's end: it does not count
    "refused": "quarantined",  # a row with a value that cannot be
    "conflict": "quarantined",  # two rows of one key with different costs
}
NEED_PARTITIONS = ("restated", "late", "too_late")
CYCLE_DAYS = 5


def dirt_sql(order: Order, dice: Dice) -> str:
    """SQL of the columns `dirt` (kind, null where clean), `dirty_table`, `dirty_hour`, and
    `moved_hour`: the delivery row that is not in its own place. Only plans that deliver all
    their second day and are settled at the end get dirty, so that every row's fate is known."""
    kinds = [kind for kind in KINDS if order.is_daily or kind not in NEED_PARTITIONS]
    drawn = dice.pick("kind of dirt", [(1, f"'{kind}'") for kind in kinds])
    conversions = "delivery" if order.by_slices else "conversions"
    tables = ((1, "'delivery'"), (1, "'operations'"), (1, f"'{conversions}'"))
    return f"""
        CASE WHEN {dice.roll("dirt", 1_000_000)} < {round(order.dirt * 1_000_000)}
            AND NOT is_special AND is_delivered AND stop_hour >= 48
            AND first_day + {CYCLE_DAYS} <= {order.days} THEN {drawn} END AS drawn,
        CASE WHEN drawn = 'too_late' AND first_day + {CYCLE_DAYS} = {order.days} THEN 'late'
            ELSE drawn END AS dirt,
        CASE WHEN dirt IN ('duplicate', 'refused') AND conversions > 0
            THEN {dice.pick("dirty table", tables)}
            WHEN dirt IS NOT NULL THEN 'delivery' END AS dirty_table,
        24 + {dice.between("dirty hour", 12, 20)} AS dirty_hour,
        CASE WHEN dirt IN ('late', 'too_late', 'refused') AND dirty_table = 'delivery'
            THEN dirty_hour ELSE -1 END AS moved_hour"""


def landing_sql(dice: Dice) -> str:
    """SQL of the day on which a dirty delivery row is written, from `day`, its own."""
    return f"""CASE dirt WHEN 'duplicate' THEN day + {dice.roll("sent again", 2)}
        WHEN 'restated' THEN day + 1 WHEN 'late' THEN day + 1
        WHEN 'too_late' THEN first_day + {CYCLE_DAYS} ELSE day END"""
