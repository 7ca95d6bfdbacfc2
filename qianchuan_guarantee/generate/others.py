"""The tables that are not logs: plans, verdicts, first deliveries, restrictions."""

from __future__ import annotations

from qianchuan_guarantee.generate.dice import Dice
from qianchuan_guarantee.generate.operations import bid_after, edit_second, yuan
from qianchuan_guarantee.generate.order import Order
from qianchuan_guarantee.generate.plans import (
    FIRST_ADVERTISER,
    MOST_BID_EDITS,
    WINDOW_HOURS,
    advertisers,
)

_DAY = 86_400
# Before there was any rule, and before any logs that can be ordered.
_REMEMBERED = "TIMESTAMP '2016-02-01 08:00:00'"


def plans(order: Order, dice: Dice, day: int | None) -> str:
    """SQL of the plans' snapshots on a day; with None, of the only one, at the end."""
    last = order.days - 1 if day is None else day
    done = " + ".join(
        f"CASE WHEN bid_edits > {edit} AND {edit_second(str(edit), dice)} < {last + 1} * {_DAY} "
        "THEN 1 ELSE 0 END"
        for edit in range(MOST_BID_EDITS)
    )
    alive = f"""created_second < {last + 1} * {_DAY}
        AND {last} <= first_day + greatest(stop_hour, {WINDOW_HOURS}) // 24 + 1"""
    changed = f"changes_scene AND {last} > first_day" if day is not None else "false"
    return f"""
        SELECT ad_id, advertiser_id,
            CASE WHEN is_managed THEN 'LAB_AD' ELSE 'NOT_LAB_AD' END AS lab_ad_type,
            CASE WHEN {changed} THEN 'SEARCH' ELSE scene END AS marketing_scene,
            CASE WHEN is_cost_control THEN 'SMART_BID_CUSTOM'
                ELSE 'SMART_BID_CONSERVATIVE' END AS smart_bid_type,
            CASE WHEN states_bid THEN {yuan(bid_after(done))} END AS cpa_bid,
            (roi_percent * 0.01)::DECIMAL(18, 6) AS roi_goal,
            '计划 ' || (i + 1) AS name,
            CASE WHEN NOT is_remembered THEN {order.instant("created_second")} END
                AS ad_create_time
        FROM model WHERE is_planned AND {"true" if day is None else alive}"""


def verdicts(order: Order, dice: Dice) -> str:
    """SQL of the verdicts decided within the logs; some are lifted a day later."""
    second = f"(first_day + 1 + {dice.roll('verdict day', 3)}) * {_DAY} + 15 * 3600"
    sources = "CASE verdict WHEN 'MANUAL_JUDGE_SPAM' THEN verdict ELSE 'ANTI_SPAM' END"
    lifted = f"{second} + {_DAY}"
    return f"""
        SELECT ad_id, {order.instant("second")} AS decided_at, verdict, source,
            NULL::VARCHAR AS note
        FROM (
            SELECT ad_id, {second} AS second, 'cheating' AS verdict, {sources} AS source
            FROM model WHERE verdict != ''
            UNION ALL
            SELECT ad_id, {lifted}, 'cleared', 'MANUAL_JUDGE_SPAM'
            FROM model WHERE verdict = 'cleared')
        WHERE second < {order.days * _DAY} ORDER BY ad_id, decided_at"""


def first_deliveries() -> str:
    """SQL of what is remembered from before the logs."""
    return f"""SELECT ad_id, {_REMEMBERED} AS first_delivery_at
        FROM model WHERE is_remembered ORDER BY ad_id"""


def restrictions(order: Order, dice: Dice) -> str:
    """SQL of the restrictions of one account in two hundred; some are still running."""
    starts = dice.roll("restricted", order.days * _DAY)
    ends = f"CASE WHEN {dice.roll('lifted', 2)} = 0 THEN {order.instant(f'{starts} + {_DAY}')} END"
    return f"""
        SELECT {FIRST_ADVERTISER} + i AS advertiser_id, {order.instant(starts)} AS starts_at,
            {ends} AS ends_at, NULL::VARCHAR AS reason
        FROM range({advertisers(order)}) AS accounts(i)
        WHERE {dice.roll("account", 200)} = 0 ORDER BY advertiser_id"""
