"""The conversions log: a row per conversion, from the model."""

from __future__ import annotations

from qianchuan_guarantee.generate.dice import Dice
from qianchuan_guarantee.generate.hours import PICKS
from qianchuan_guarantee.generate.order import Order
from qianchuan_guarantee.generate.plans import WINDOW_HOURS

_DAY = 86_400


def conversions(order: Order, dice: Dice) -> str:
    """SQL of the conversions received within the logs. Billed in hours of delivery, by their
    weight; converted and received later, some of them too late."""
    ik = ("i", "k")
    delays = [
        (share, dice.roll("delay", hours * 3_600, *ik))
        for share, hours in ((60, 1), (28, 12), (9, 36), (3, 96))
    ]
    reports = [(95, dice.roll("report", 1_800, *ik)), (5, dice.roll("report", 2 * _DAY, *ik))]
    prompt = "(is_prompt OR k = 0)"  # a plan's first one may be dirty: its fate must be known
    is_refused = "is_extra AND dirt = 'refused'"
    return f"""
        SELECT 'c' || ad_id || '-' || k || CASE WHEN {is_refused} THEN 'x' ELSE '' END
                AS conversion_id,
            ad_id, {order.instant("billed")} AS billed_at,
            {order.instant("converted")} AS converted_at,
            {order.instant(f"CASE WHEN {is_refused} THEN billed - 60 ELSE received END")}
                AS received_at,
            {prompt} OR {dice.roll("valid", 100, *ik)} >= 2 AS valid,
            received // {_DAY} AS written_day, CASE WHEN is_extra THEN dirt END AS dirt
        FROM (
            SELECT *, converted + CASE WHEN {prompt} THEN {reports[0][1]}
                ELSE {dice.pick("reporting", reports, *ik)} END AS received
            FROM (
                SELECT *, billed + CASE WHEN {prompt} THEN {delays[0][1]}
                    ELSE {dice.pick("delaying", delays, *ik)} END AS converted
                FROM ({_billed(dice)})))
        WHERE received < {order.days * _DAY}"""


def _billed(dice: Dice) -> str:
    """SQL of the conversions with `billed` (second). Those of the window are all in it, those
    of later days only as long as the plan delivers. An extra one repeats the plan's first."""
    ik = ("i", "k")
    later = f"1 + (greatest(end_hour, {WINDOW_HOURS}) - {WINDOW_HOURS}) // 24"
    day = f"""CASE WHEN k < conversions THEN {dice.roll("billed day", 4, *ik)}
        ELSE 4 + {dice.hash("later day", *ik)} % ({later}) END"""
    return f"""
        SELECT *, (first_day * 24 + CASE
                WHEN k >= conversions THEN h
                WHEN h < first_hour AND h + 24 < anchor_hour THEN h + 24
                WHEN h < first_hour OR h >= anchor_hour THEN first_hour
                ELSE h END) * 3600 + {dice.roll("billed second", 3_600, *ik)} AS billed
        FROM (
            SELECT *,
                24 * ({day}) + hour_of(profile, {dice.roll("billed hour", PICKS, *ik)}) AS h
            FROM (
                SELECT *, n = total AS is_extra, CASE WHEN n = total THEN 0 ELSE n END AS k
                FROM (
                    SELECT *, conversions + later_conversions AS total, unnest(range(total
                        + CASE WHEN dirty_table = 'conversions' THEN 1 ELSE 0 END)) AS n
                    FROM model)))
        WHERE k < conversions OR h < end_hour"""
