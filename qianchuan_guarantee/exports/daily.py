"""The delivery log, by far the largest, in one pass: by plan, day and partition, how many rows
were read and refused, which slices may stand twice, and the sums that the stages need.

Only the days on which a slice may stand twice are looked at row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from ibis.expr.types import Table, Value

    from qianchuan_guarantee.engines import Engine

# The sums of a plan's day that the stages need, from delivery rows.
DayFacts = Callable[["Table"], Mapping[str, "Value"]]


def daily(every: Table, facts: DayFacts, engine: Engine) -> Table:
    """Delivery rows as read → plan × day × partition × `_is_fine`: `facts`, `_rows`, `_costs`
    (Σ stat_cost, yuan), `_is_repeated` (a slice may stand twice). Of refused rows only the
    numbers of rows, and their costs where they can be read, mean anything."""
    names = ("stat_datetime", "show_cnt", "click_cnt", "attribution_convert_cnt")
    fine = {name: ibis.ifelse(every._is_fine, every[name], None) for name in names}
    rows = every.select(
        "stat_cost",
        "_is_fine",
        **fine,
        ad_id=every._ad_id,
        day=fine["stat_datetime"].date(),
        written_on=every._dt,
        # A bit per hour: the sum of a day's rows is their union only if no hour has two.
        _hour=ibis.literal(1, type="int64") << fine["stat_datetime"].hour().cast("int64"),
    )
    return engine.keep(
        rows.group_by("ad_id", "day", "written_on", "_is_fine").agg(
            **facts(rows),
            _rows=rows.count(),
            _costs=rows.stat_cost.sum().cast("decimal(38, 5)"),
            _is_repeated=(rows._hour.sum() != rows._hour.bit_or()),
        )
    )


def doubtful_days(daily: Table, engine: Engine) -> Table | None:
    """The plans and days on which a slice might stand twice (`ad_id`, `day`): in one partition,
    or restated in another one. None where there are none."""
    fine = daily.filter(daily._is_fine)
    days = fine.group_by("ad_id", "day").agg(
        _partitions=fine.count(), _is_repeated=fine._is_repeated.max()
    )
    doubtful = days.filter((days._partitions > 1) | days._is_repeated).select("ad_id", "day")
    kept = engine.keep(doubtful)
    return kept if engine.arrow(kept.limit(1)).num_rows else None


def delivery_days(daily: Table, doubtful: Table | None, standing: Table, facts: DayFacts) -> Table:
    """Plan × day × (`written_on`, `restated_on`): `facts`. `standing`: the delivery rows after
    duplicates, restatements and contradictions were sorted out."""
    never = ibis.null("date")
    fine = daily.filter(daily._is_fine).drop("_is_fine", "_rows", "_costs", "_is_repeated")
    plain = fine if doubtful is None else fine.anti_join(doubtful, ["ad_id", "day"])
    days = plain.mutate(restated_on=never)
    if doubtful is None:
        return days
    rows = standing.mutate(day=standing.stat_datetime.date()).semi_join(doubtful, ["ad_id", "day"])
    grouped = rows.group_by("ad_id", "day", "written_on", "restated_on").agg(**facts(rows))
    return days.union(grouped.select(*days.columns))
