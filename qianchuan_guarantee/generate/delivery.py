"""The delivery log: a row per plan and hour, made hour by hour or plan by plan."""

from __future__ import annotations

from qianchuan_guarantee.generate.dice import Dice
from qianchuan_guarantee.generate.dirt import landing_sql
from qianchuan_guarantee.generate.order import Order

_ONE_YUAN = 100_000  # units
_NEEDED = (
    "ad_id, i, profile, first_day, first_hour, lead_hours, stop_hour, anchor_hour, moved_hour, "
    "weight_before, weight_spent, cost_units, conversions, show_units, click_permille"
)
_CENTURIES = "INTERVAL 130 YEARS"  # beyond what any log can hold


def of_plans(order: Order) -> str:
    """SQL of all rows, plan by plan, from `model`."""
    hours = "unnest(range(first_hour - lead_hours, stop_hour))"
    return _clean(order, f"SELECT *, {hours} AS t FROM model")


def plans_of_day(day: int) -> str:
    """SQL of the plans that have rows on a day, with what their rows are made from."""
    return f"""SELECT {_NEEDED} FROM model
        WHERE first_day <= {day} AND stop_hour > ({day} - first_day) * 24"""


def of_day(order: Order, day: int) -> str:
    """SQL of the rows of a day, from `model_of_day`. In the order of hours this is a scan of
    the day's plans for each hour, so that nothing needs to be sorted."""
    hours = ["unnest(range(24))"] if order.order == "plan" else [str(h) for h in range(24)]
    scans = (
        f"SELECT *, ({day} - first_day) * 24 + {hour} AS t FROM model_of_day" for hour in hours
    )
    return _clean(order, " UNION ALL ".join(scans))


def dirty(order: Order, dice: Dice) -> str:
    """SQL of the dirty rows: the table's columns, `written_day`, `dirt`."""
    source = "SELECT *, dirty_hour AS t FROM model WHERE dirty_table = 'delivery'"
    cost = f"CASE WHEN dirt IN ('restated', 'conflict') THEN units + {_ONE_YUAN} ELSE units END"
    columns = _columns(order) | {"stat_cost": _yuan(cost)}
    columns |= _flawed(order, columns, dice.roll("flaw", 3))
    return f"""SELECT {_named(columns)}, {landing_sql(dice)} AS written_day, dirt
        FROM (SELECT *, first_day + t // 24 AS day FROM ({_cells(source, "true")}))"""


def _flawed(order: Order, columns: dict[str, str], flaw: str) -> dict[str, str]:
    """Columns with a value that cannot be, where the dirt is `refused`. A CSV can hold worse
    than a Parquet file, whose types allow only what is out of range."""
    cost, at, shows = (columns[name] for name in ("stat_cost", "stat_datetime", "show_cnt"))
    if order.format == "parquet":
        flaws = {
            "stat_cost": (cost, f"(-0.01 - {cost})::DECIMAL(18, 5)"),
            "stat_datetime": (at, f"{at} + {_CENTURIES}"),
            "show_cnt": (shows, "-1"),
        }
    else:
        flaws = {
            "stat_cost": (f"({cost})::VARCHAR", f"({cost})::VARCHAR || '001'"),
            "stat_datetime": (f"({at})::VARCHAR", f"replace(({at})::VARCHAR, ':', '.')"),
            "show_cnt": (f"({shows})::VARCHAR", "NULL"),
        }
    return {
        name: f"CASE WHEN dirt = 'refused' AND {flaw} = {number} THEN {bad} ELSE {good} END"
        for number, (name, (good, bad)) in enumerate(flaws.items())
    }


def _clean(order: Order, source: str) -> str:
    return f"SELECT {_named(_columns(order))} FROM ({_cells(source, 't != moved_hour')})"


def _named(columns: dict[str, str]) -> str:
    return ", ".join(f"{value} AS {name}" for name, value in columns.items())


def _columns(order: Order) -> dict[str, str]:
    columns = {
        "ad_id": "ad_id",
        "stat_datetime": order.instant("(first_day * 24 + t) * 3600"),
        "stat_cost": _yuan("units"),
        "show_cnt": "shows",
        "click_cnt": "shows * click_permille // 1000",
    }
    if order.by_slices:
        columns["attribution_convert_cnt"] = "converted"
    return columns


def _yuan(units: str) -> str:
    """Units as the table's decimal(18, 5): both factors and the product fit in 64 bits."""
    return f"({units})::DECIMAL(12, 0) * 0.00001::DECIMAL(6, 5)"


def _cells(source: str, condition: str) -> str:
    """SQL of plans' hours `t` → those with a row: `units` (cost), `shows`, `converted`. What is
    spent until an hour is rounded, and hours are differences: so they add up exactly."""
    until = "spent_until(i, profile, {}, first_hour, anchor_hour, weight_before)"

    def share(total: str) -> str:
        parts = f"{total} * after // weight_spent - {total} * before // weight_spent"
        return f"CASE WHEN t < first_hour THEN 0 ELSE {parts} END"

    return f"""
        SELECT *, CASE WHEN t < first_hour THEN 0
            ELSE 1 + 100 * units // (show_units * (80 + (7 * i + 13 * t) % 41)) END AS shows
        FROM (
            SELECT *, {share("cost_units")} AS units, {share("conversions")} AS converted
            FROM (
                SELECT *, {until.format("t + 1")} AS after, {until.format("t")} AS before
                FROM ({source})
                WHERE t >= first_hour - lead_hours AND t < stop_hour AND {condition}
                    AND (t < first_hour OR weight_of(profile, t) > 0)))"""
