"""The model: a row per plan with everything that was drawn for it. The tables follow from it.

Times are whole hours from the midnight before first delivery (`…_hour`), days from the first
day of the logs (`…_day`), or seconds from its midnight (`…_second`). Money is whole: bids in
fen, costs in units of 0.00001 yuan.
"""

from __future__ import annotations

from qianchuan_guarantee.generate.dice import Dice
from qianchuan_guarantee.generate.dirt import dirt_sql
from qianchuan_guarantee.generate.hours import ASLEEP, PICKS
from qianchuan_guarantee.generate.order import QUIET_DAYS, Order
from qianchuan_guarantee.generate.specials import EVERY, REMAINDER, SPECIALS, specials_sql

FIRST_PLAN = 1_745_000_000_000_001
FIRST_ADVERTISER = 7_000_001
PLANS_PER_ADVERTISER = 50
WINDOW_HOURS = 96
_DAY = 86_400
MOST_BID_EDITS = 4


def advertisers(order: Order) -> int:
    return max(1, order.plans // PLANS_PER_ADVERTISER)


def model_sql(order: Order, dice: Dice) -> str:
    """SQL of the model, in the order in which plans are written: by id, or shuffled."""
    in_order = "i" if order.order == "plan" else dice.hash("shuffle")
    return f"""
        WITH drawn AS ({_drawn(order, dice)}),
        timed AS ({_timed(order, dice)}),
        spent AS ({_spent(order, dice)})
        SELECT *, {dirt_sql(order, dice)} FROM spent ORDER BY {in_order}, i"""


def _drawn(order: Order, dice: Dice) -> str:
    """What the plan is. Advertisers are skewed: by the cube, a tenth has nearly half the plans."""
    roll = dice.roll("advertiser", 1_000_000)
    scenes = ((70, "'FEED'"), (20, "'SEARCH'"), (6, "'SHOPPING_MALL'"), (4, "'ALL'"))
    edges = ((990, "NULL"), *((2, f"{units}") for units in (-1000, -1, 0, 1, 1000)))
    return f"""
        SELECT i, {FIRST_PLAN} + i AS ad_id,
            {FIRST_ADVERTISER} + {roll} * {roll} // 1000000 * {roll} // 1000000
                * {advertisers(order)} // 1000000 AS advertiser_id,
            special IS NOT NULL AS is_special,
            coalesce(s.is_managed, {dice.roll("managed", 100)} < 30) AS is_managed,
            coalesce(s.scene, {dice.pick("scene", scenes)}) AS scene,
            special IS NOT NULL OR {dice.roll("bid type", 100)} >= 6 AS is_cost_control,
            CASE WHEN special IS NULL AND {dice.roll("roi", 100)} < 4
                THEN {dice.between("goal", 50, 500)} END AS roi_percent,
            coalesce(s.bid_fen, {_bid(dice)}) AS bid_fen,
            coalesce(s.conversions, {_conversions(dice)}) AS conversions,
            CASE WHEN special IS NULL THEN {dice.pick("edge", edges)} END AS edge_units,
            coalesce(s.permille, {dice.between("ratio", 300, 900)}
                + {dice.between("ratio too", 300, 901)}) AS permille,
            {_edits(dice)},
            s.first_day, s.pause_hour,
            coalesce(s.is_planned, true) AS is_planned,
            coalesce(s.states_bid, true) AS states_bid,
            coalesce(s.is_created_twice, false) AS is_created_twice,
            coalesce(s.breaks_old_value, false) AS breaks_old_value,
            coalesce(s.is_created_before, false) AS is_created_before,
            coalesce(s.is_remembered, false) AS is_remembered,
            coalesce(s.changes_scene, false) AS changes_scene,
            coalesce(s.verdict, {_verdict(dice)}) AS verdict
        FROM range({order.plans}) AS plans(i) LEFT JOIN {specials_sql()}
        ON special = CASE WHEN i % {EVERY} = {REMAINDER} THEN i // {EVERY} % {len(SPECIALS)} END"""


def _bid(dice: Dice) -> str:
    """From 0.50 to 3000 yuan, most of them small; some where the prompted count changes."""
    known = [1000, 5000, 33333, 33334, 35714, 35715, 50000, 50001]
    bands = (
        (3, f"({known}::BIGINT[])[{dice.between('known bid', 1, len(known) + 1)}]"),
        (14, dice.between("bid", 50, 500)),
        (38, dice.between("bid", 500, 5_000)),
        (35, dice.between("bid", 5_000, 50_000)),
        (10, dice.between("bid", 50_000, 300_001)),
    )
    return dice.pick("band", bands)


def _conversions(dice: Dice) -> str:
    """In the window: 13 on average, and a long tail."""
    bands = (
        (4, "0"),
        (26, dice.between("conversions", 1, 6)),
        (35, dice.between("conversions", 6, 13)),
        (25, dice.between("conversions", 13, 21)),
        (9, dice.between("conversions", 21, 61)),
        (1, dice.between("conversions", 61, 201)),
    )
    return dice.pick("success", bands)


def _verdict(dice: Dice) -> str:
    sources = ((994, "''"), (3, "'ANTI_SPAM'"), (2, "'MANUAL_JUDGE_SPAM'"), (1, "'cleared'"))
    return dice.pick("verdict", sources)


def _edits(dice: Dice) -> str:
    """Edits of a kind fall on one day: `edit_day` days after first delivery; or in the hour of
    first delivery (-2), or soon after creation (-1)."""
    bids = ((70, "0"), (15, "1"), (9, "2"), (4, "3"), (2, f"{MOST_BID_EDITS}"))
    targetings = ((80, "0"), (12, "1"), (5, "2"), (3, "3"))
    days = ((8, "-2"), (7, "-1"), (25, "1"), (25, "2"), (20, "3"), (15, "5"))
    steps = ((60, "5"), (30, "-5"), (10, "0"))
    return f"""coalesce(s.bid_edits, {dice.pick("bid edits", bids)}) AS bid_edits,
            coalesce(s.targeting_edits, {dice.pick("targeting", targetings)}) AS targeting_edits,
            coalesce(s.step_percent, {dice.pick("step", steps)}) AS step_percent,
            coalesce(s.edit_day, {dice.pick("edit day", days)}) AS edit_day"""


def _timed(order: Order, dice: Dice) -> str:
    """When the plan delivers: `profile`, `first_day`, `first_hour`, `pause_hour` (left paused),
    `wakes` (paused and enabled at night), `life_hours`. Most plans' cycles end in the logs."""
    settled = f"{QUIET_DAYS} + {dice.roll('first day', order.days - QUIET_DAYS - 4)}"
    open_ = f"{order.days - 4} + {dice.roll('late start', 4)}"
    first_day = f"CASE WHEN {dice.roll('open', 100)} < 6 AND NOT is_special THEN {open_} "
    longer = dice.between("longer", WINDOW_HOURS + 6, WINDOW_HOURS + 192)
    shorter = dice.between("shorter", 30, WINDOW_HOURS)
    life = ((25, f"{WINDOW_HOURS}"), (8, shorter), (67, longer))
    profiles = ((60, "0"), (25, "1"), (15, "2"))
    paused = dice.between("pause", 2, 60)
    return f"""
        SELECT * EXCLUDE (pause_hour),
            coalesce(pause_hour, CASE WHEN pausing < 4 AND NOT is_special THEN
                least(first_hour + {paused}, {WINDOW_HOURS - 2}) END) AS pause_hour,
            pausing BETWEEN 4 AND 7 AND profile = {ASLEEP} AND NOT is_special AS wakes,
            CASE WHEN is_special OR edge_units IS NOT NULL THEN {WINDOW_HOURS}
                ELSE {dice.pick("life", life)} END AS life_hours
        FROM (
            SELECT *, greatest(1, hour_of(profile, {dice.roll("first hour", PICKS)}))
                AS first_hour
            FROM (
                SELECT * EXCLUDE (first_day),
                    coalesce(first_day, {first_day} ELSE {settled} END) AS first_day,
                    {dice.pick("profile", profiles)} AS profile,
                    {dice.roll("pausing", 100)} AS pausing,
                    is_special OR {dice.roll("delivered", 100)} >= 3 AS is_delivered
                FROM drawn))"""


def _spent(order: Order, dice: Dice) -> str:
    """What the plan spends: `cost_units` from first delivery to `anchor_hour`, exactly; as fast
    after it, to `end_hour`. The logs show it to `stop_hour`."""
    lag = f"60 * {dice.between('lag', 30, 2160)}"
    earliest = f"CASE WHEN first_day = 0 THEN 0 ELSE {QUIET_DAYS * _DAY} END"
    noise = f"CASE WHEN is_special THEN 0 ELSE {dice.roll('odd units', 1000)} END"
    return f"""
        SELECT * EXCLUDE (life_hours, edge_units, permille),
            CASE WHEN is_delivered
                THEN least(end_hour, ({order.days} - first_day) * 24) ELSE -1 END AS stop_hour,
            weight_until(profile, anchor_hour) - weight_before AS weight_spent,
            CASE WHEN edge_units IS NOT NULL
                THEN greatest(0, bid_fen * conversions * 1200 + edge_units)
                WHEN conversions = 0 THEN bid_fen * {dice.roll("in vain", 3000)}
                ELSE bid_fen * conversions * permille + {noise} END AS cost_units,
            conversions * (greatest(end_hour, {WINDOW_HOURS}) - {WINDOW_HOURS})
                // {WINDOW_HOURS} AS later_conversions,
            {dice.between("price of a show", 2000, 8000)} AS show_units,
            {dice.between("clicks per mille", 5, 45)} AS click_permille,
            CASE WHEN {dice.roll("lead", 100)} < 5 THEN 1 ELSE 0 END AS lead_hours
        FROM (
            SELECT * EXCLUDE (conversions, bid_edits),
                CASE WHEN is_delivered THEN conversions ELSE 0 END AS conversions,
                CASE WHEN edge_units IS NULL THEN bid_edits ELSE 0 END AS bid_edits,
                is_special OR edge_units IS NOT NULL AS is_prompt,
                least(end_hour, {WINDOW_HOURS}) AS anchor_hour,
                weight_until(profile, first_hour) AS weight_before,
                (first_day * 24 + first_hour) * 3600 AS first_second,
                CASE WHEN is_created_before THEN {-20 * _DAY} ELSE greatest(
                    (first_day * 24 + first_hour) * 3600 - {lag},
                    {earliest} + {dice.roll("creation", 3600)}) END AS created_second
            FROM (SELECT *, coalesce(pause_hour + 1, greatest(life_hours, first_hour + 1))
                AS end_hour FROM timed))"""
