"""The delivery log, by far the largest, in one pass: by plan, day and partition, how many rows
are fine, which slices may stand twice, and the sums that the stages need.

Only the days on which a slice may stand twice are looked at row by row.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from qianchuan_guarantee.expressions import ibis

if TYPE_CHECKING:
    from ibis.expr.types import Table, Value

    from qianchuan_guarantee.engines import Engine


@functools.cache
def _bit_count() -> Callable[[Value], Value]:
    """How many bits are set. Engines carry it out, by this name."""

    def bit_count(bits: int) -> int:
        raise NotImplementedError  # a declaration: its name and types count, nobody calls it

    counted: Callable[[Value], Value] = ibis.udf.scalar.builtin(bit_count)
    return counted


# The sums of a plan's day that the stages need, from delivery rows.
DayFacts = Callable[["Table"], Mapping[str, "Value"]]


def daily(every: Table, facts: DayFacts, engine: Engine, *, is_partitioned: bool) -> Table:
    """Delivery rows as read → plan × day × partition (`written_on`, null without partitions) of
    the rows that are fine: `facts`, `_rows`, `_is_repeated` (a slice may stand twice)."""
    # Engines keep sums in types of their own.
    return engine.view(_as_sums, engine.keep(_summed, every, facts, is_partitioned))


def _summed(every: Table, facts: DayFacts, is_partitioned: bool) -> Table:
    fine = every.filter(every._is_fine)
    # A bit per hour: a day has as many bits as rows only if no hour has two.
    hour = ibis.literal(1, type="int32") << fine.stat_datetime.hour().cast("int32")
    rows = fine.mutate(day=fine.stat_datetime.date(), written_on=fine._dt, _hour=hour)
    # Without partitions there is one of them: a key that says so would cost as much as the sums.
    keys = ["ad_id", "day", *(["written_on"] if is_partitioned else [])]
    summed = rows.group_by(keys).agg(
        **facts(rows),
        _rows=rows.count(),
        _is_repeated=rows.count() != _bit_count()(rows._hour.bit_or()),
    )
    return summed if is_partitioned else summed.mutate(written_on=ibis.null("date"))


def _as_sums(summed: Table) -> Table:
    kinds = summed.schema().items()
    return summed.cast(
        {name: f"decimal(38, {kind.scale})" for name, kind in kinds if kind.is_decimal()}
        | {name: "int64" for name, kind in kinds if kind.is_integer()}
    )


def doubtful_days(daily: Table, engine: Engine, *, is_partitioned: bool) -> Table | None:
    """The plans and days on which a slice might stand twice (`ad_id`, `day`): in one partition,
    or restated in another one. None where there are none."""
    kept = engine.keep(_doubtful if is_partitioned else _repeated_days, daily)
    return kept if engine.count(kept) else None


def _repeated_days(daily: Table) -> Table:
    """Without partitions a plan's day stands once."""
    return daily.filter(daily._is_repeated).select("ad_id", "day")


def _doubtful(daily: Table) -> Table:
    days = daily.group_by("ad_id", "day").agg(
        _partitions=daily.count(), _is_repeated=daily._is_repeated.max()
    )
    return days.filter((days._partitions > 1) | days._is_repeated).select("ad_id", "day")


def delivery_days(
    daily: Table, doubtful: Table | None, standing: Table | None, facts: DayFacts
) -> Table:
    """Plan × day × (`written_on`, `restated_on`): `facts`. `standing`: the delivery rows after
    duplicates, restatements and contradictions were sorted out, if any day is in doubt."""
    never = ibis.null("date")
    fine = daily.drop("_rows", "_is_repeated")
    plain = fine if doubtful is None else fine.anti_join(doubtful, ["ad_id", "day"])
    days = plain.mutate(restated_on=never)
    if doubtful is None or standing is None:
        return days
    rows = standing.mutate(day=standing.stat_datetime.date()).semi_join(doubtful, ["ad_id", "day"])
    grouped = rows.group_by("ad_id", "day", "written_on", "restated_on").agg(**facts(rows))
    return days.union(grouped.select(*days.columns))
