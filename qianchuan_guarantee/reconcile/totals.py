"""四(四): our logs against the platform's report, day by day of each plan; and cost that lies after
a pause or a deletion.

The report rounds each figure to 0.01 yuan: what lies within half of that, per figure, is no
difference. Its conversions by billing time look back seven days, so those of its last days grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ibis

from qianchuan_guarantee.clocks import stands_on
from qianchuan_guarantee.errors import InvariantError
from qianchuan_guarantee.importers.reported import Reported
from qianchuan_guarantee.stages.bids import in_order

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from qianchuan_guarantee.decide import Decided

LOOKS_BACK = timedelta(days=7)
_HALF = Decimal("0.005")
_NOTHING = Decimal("0.00000")
_DELETED = ("删除", "DELETE")


@dataclass(frozen=True)
class Day:
    """A plan's day on both sides; null: that side does not have it. Cost in yuan; conversions by
    billing time. `is_growing`: the report still looks back to it."""

    ad_id: int
    advertiser_id: int | None
    day: date
    our_cost: Decimal | None
    their_cost: Decimal | None
    our_conversions: int | None
    their_conversions: int | None
    figures: int = 1
    is_growing: bool = False

    @property
    def cost_differs(self) -> bool:
        difference = (self.their_cost or _NOTHING) - (self.our_cost or _NOTHING)
        return abs(difference) > _HALF * self.figures

    @property
    def conversions_differ(self) -> bool:
        if self.our_cost is None:
            return bool(self.their_conversions)
        if self.their_cost is None:
            return bool(self.our_conversions)
        both = (self.our_conversions, self.their_conversions)
        return None not in both and both[0] != both[1]

    @property
    def differs(self) -> bool:
        return self.cost_differs or self.conversions_differ


@dataclass(frozen=True)
class Sum:
    """Days added up, of a plan or of an account."""

    days: int
    differing: int
    our_cost: Decimal
    their_cost: Decimal
    our_conversions: int
    their_conversions: int


@dataclass(frozen=True)
class After:
    """Cost (yuan) in slices that began after a plan was paused, or deleted, and before it was
    enabled again."""

    ad_id: int
    paused_at: datetime
    until: datetime | None
    is_deletion: bool
    cost: Decimal
    slices: int
    last_slice: datetime


@dataclass(frozen=True)
class Totals:
    """Every day of the report, and ours of the same days and accounts; `by_plan`: plans with a day
    that differs; `by_account`: all accounts; null: an account that is not known."""

    days: Sequence[Day]
    by_plan: Mapping[int, Sum]
    by_account: Mapping[int | None, Sum]
    after: Sequence[After]

    @property
    def differing(self) -> list[Day]:
        return [day for day in self.days if day.differs]


def totals(decided: Decided, reported: Sequence[Reported]) -> Totals:
    """Hold the logs of `decided` against the report; an InvariantError where a day is lost."""
    days = _days(decided, reported)
    differing = {day.ad_id for day in days if day.differs}
    plans = _summed((day.ad_id, day) for day in days if day.ad_id in differing)
    accounts = _summed((day.advertiser_id, day) for day in days)
    theirs = sum((row.cost for row in reported), _NOTHING)
    if sum((one.their_cost for one in accounts.values()), _NOTHING) != theirs:
        raise InvariantError(f"the report's rows come to {theirs} yuan, its days do not")
    order = sorted(accounts, key=lambda key: (key is None, key))
    by_account = {key: accounts[key] for key in order}
    return Totals(days, plans, by_account, _after(decided))


def _days(decided: Decided, reported: Sequence[Reported]) -> list[Day]:
    ours = _our_days(decided, min(r.day for r in reported), max(r.day for r in reported))
    whose = _advertisers(decided)
    theirs = {(row.ad_id, row.day): row for row in reported}
    known = {row.ad_id: row.advertiser_id for row in reported if row.advertiser_id is not None}
    accounts = {known.get(plan, whose.get(plan)) for plan, _ in theirs}
    stated = {row.day for row in reported}
    growing = decided.question.as_of - LOOKS_BACK
    found = []
    for plan, day in sorted(ours.keys() | theirs.keys()):
        row, mine = theirs.get((plan, day)), ours.get((plan, day))
        account = known.get(plan, whose.get(plan))
        if row is None and (account not in accounts or day not in stated):
            continue
        found.append(
            Day(
                ad_id=plan,
                advertiser_id=account,
                day=day,
                our_cost=mine[0] if mine else None,
                their_cost=row.cost if row else None,
                our_conversions=mine[1] if mine else None,
                their_conversions=row.conversions if row else None,
                figures=row.figures if row else 1,
                is_growing=day >= growing,
            )
        )
    return found


def _advertisers(decided: Decided) -> dict[int, int]:
    rows = decided.engine.arrow(decided.decisions.select("ad_id", "advertiser_id")).to_pylist()
    return {row["ad_id"]: row["advertiser_id"] for row in rows}


def _our_days(
    decided: Decided, first: date, last: date
) -> dict[tuple[int, date], tuple[Decimal, int | None]]:
    """Plan, day → cost, and conversions billed on it, as known on the morning of `as_of`."""
    log = decided.checked["delivery"]
    today = ibis.literal(decided.question.as_of, type="date")
    rows = log.rows.filter(stands_on(log.rows, today))
    rows = rows.mutate(day=rows.stat_datetime.date())
    summed = rows.group_by("ad_id", "day").agg(
        cost=rows.stat_cost.sum().cast("decimal(38, 5)"),
        won=rows.attribution_convert_cnt.sum().cast("int64"),
    )
    found = {key: (row["cost"], row["won"]) for key, row in _by_day(decided, summed, first, last)}
    if not decided.export.has_conversions:
        return found
    won = decided.checked["conversions"].rows
    won = won.filter(
        stands_on(won, today) & won.valid & (won.received_at < today.cast("timestamp(6)"))
    )
    won = won.mutate(day=won.billed_at.date())
    counted = won.group_by("ad_id", "day").agg(won=won.count())
    found = {key: (cost, 0) for key, (cost, _) in found.items()}
    for key, row in _by_day(decided, counted, first, last):
        found[key] = (found.get(key, (_NOTHING, 0))[0], row["won"])
    return found


def _by_day(
    decided: Decided, rows: Table, first: date, last: date
) -> list[tuple[tuple[int, date], dict[str, Any]]]:
    some = rows.filter((rows.day >= ibis.literal(first)) & (rows.day <= ibis.literal(last)))
    return [((row["ad_id"], row["day"]), row) for row in decided.engine.arrow(some).to_pylist()]


def _summed(days: Iterable[tuple[Any, Day]]) -> dict[Any, Sum]:
    groups: dict[Any, list[Day]] = {}
    for key, day in days:
        groups.setdefault(key, []).append(day)
    return {
        key: Sum(
            days=len(some),
            differing=sum(day.differs for day in some),
            our_cost=sum((day.our_cost or _NOTHING for day in some), _NOTHING),
            their_cost=sum((day.their_cost or _NOTHING for day in some), _NOTHING),
            our_conversions=sum(day.our_conversions or 0 for day in some),
            their_conversions=sum(day.their_conversions or 0 for day in some),
        )
        for key, some in groups.items()
    }


def _after(decided: Decided) -> list[After]:
    """Slices that began after a pause and before the next `enable`."""
    today = ibis.literal(decided.question.as_of, type="date")
    rows = decided.checked["operations"].rows
    rows = rows.filter(
        rows.operation.isin(("pause", "enable"))
        & stands_on(rows, today)
        & (rows.create_time < today.cast("timestamp(6)"))
    )
    order = ibis.window(group_by="ad_id", order_by=in_order(rows))
    rows = rows.mutate(_before=rows.operation.lag().over(order))
    turns = rows.filter(rows._before.isnull() | (rows._before != rows.operation))
    order = ibis.window(group_by="ad_id", order_by=in_order(turns))
    turns = turns.mutate(until=turns.create_time.lead().over(order))
    paused = turns.filter(turns.operation == "pause").select(
        "ad_id", "until", "old_value", "new_value", paused_at="create_time"
    )
    log = decided.checked["delivery"].rows
    spent = log.filter(stands_on(log, today) & (log.stat_cost > 0)).select(
        "ad_id", "stat_datetime", "stat_cost"
    )
    both = spent.join(paused, "ad_id")
    late = both.filter(
        (both.stat_datetime >= both.paused_at)
        & (both.until.isnull() | (both.stat_datetime < both.until))
    )
    found = late.group_by("ad_id", "paused_at", "until", "old_value", "new_value").agg(
        cost=late.stat_cost.sum().cast("decimal(38, 5)"),
        slices=late.count(),
        last_slice=late.stat_datetime.max(),
    )
    listed = decided.engine.arrow(found.order_by(["ad_id", "paused_at"])).to_pylist()
    return [_after_row(row) for row in listed]


def _after_row(row: Mapping[str, Any]) -> After:
    values = f"{row['old_value'] or ''} {row['new_value'] or ''}".upper()
    names = ("cost", "slices", "last_slice")
    is_deletion = any(word in values for word in _DELETED)
    about = (row["ad_id"], row["paused_at"], row["until"], is_deletion)
    return After(*about, *(row[name] for name in names))
