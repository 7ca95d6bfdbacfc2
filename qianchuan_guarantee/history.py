"""What happened to one plan, slice by slice and conversion by conversion, as known at its horizon.

For those who draw it: the rows behind the sums of a decision, held against these sums. What
counts is what the stages say; nothing is decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import ibis

from qianchuan_guarantee.clocks import stands_on
from qianchuan_guarantee.errors import InvariantError
from qianchuan_guarantee.stages.conversions import (
    judged_events,
    received_conversions,
    restated_conversions,
)

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from qianchuan_guarantee.decide import Decided

Row = dict[str, Any]
Fate = Literal["counted", "late", "off_clock", "invalid", "outside", "unasked"]


@dataclass(frozen=True)
class Slice:
    """A delivery row: what it cost (yuan), and whether it lies in the window."""

    start: datetime
    cost: Decimal
    is_counted: bool


@dataclass(frozen=True)
class Won:
    """A conversion; or, where they are known per slice only, those of a slice (`received_at`
    then null). fate: `counted`; `late` (三(二), received too late); `off_clock` (converted after
    the window, where the reading asks); `invalid`; `outside` (billed outside the window);
    `unasked` (no window is known)."""

    billed_at: datetime
    converted_at: datetime
    received_at: datetime | None
    fate: Fate
    bid: Decimal | None
    count: int = 1
    conversion_id: str | None = None


@dataclass(frozen=True)
class History:
    """name: the latest known. slices and conversions in order of time; bid steps as the stages
    give them; edit counts per day (`day`, `bid_edits`, `targeting_edits`)."""

    name: str | None
    slices: list[Slice]
    conversions: list[Won]
    bid_steps: list[Row]
    edit_counts: list[Row]


def history(decided: Decided, facts: Mapping[str, Any]) -> History:
    """The history of the plan of `facts`; an InvariantError where it is not what was summed."""

    def rows(table: Table, order: str) -> list[Row]:
        mine = table.filter(table.ad_id == facts["ad_id"]).order_by(order)
        found: list[Row] = decided.engine.arrow(mine).to_pylist()
        return found

    stages = decided.stages
    told = History(
        name=_name(rows(decided.checked["plans"].rows, "written_on"), decided.question.as_of),
        slices=_slices(decided, facts),
        conversions=_events(decided, facts, rows(stages["priced"], "billed_at"))
        if decided.export.has_conversions
        else [_of_slice(row) for row in rows(stages["priced"], "billed_at")],
        # Of steps at one instant, the one that lasts is the last.
        bid_steps=sorted(
            rows(stages["bid_steps"], "create_time"),
            key=lambda step: (step["create_time"], step["until"] or datetime.max),
        ),
        edit_counts=rows(stages["edit_counts"], "day"),
    )
    cost = sum((s.cost for s in told.slices if s.is_counted), Decimal(0))
    count = sum(won.count for won in told.conversions if won.fate == "counted")
    for name, found in (("cost", cost), ("conversions", count)):
        if facts[name] is not None and facts[name] != found:
            raise InvariantError(f"{facts['ad_id']}: {name} {facts[name]}, its rows say {found}")
    return told


def _name(snapshots: list[Row], as_of: date) -> str | None:
    """The latest name known by the morning of `as_of`."""
    known = [row for row in snapshots if row["written_on"] is None or row["written_on"] < as_of]
    return next((row["name"] for row in reversed(known) if row["name"]), None)


def _slices(decided: Decided, facts: Mapping[str, Any]) -> list[Slice]:
    log = decided.checked["delivery"].rows
    horizon = ibis.literal(facts["horizon"], type="date")
    known = log.filter(
        (log.ad_id == facts["ad_id"])
        & stands_on(log, horizon)
        & (log.stat_datetime < horizon.cast("timestamp(6)"))
    )
    since, until = facts["first_delivery_at"], facts["window_end"]
    rows = decided.engine.arrow(known.order_by("stat_datetime"))
    return [
        Slice(start, cost, since is not None and since <= start < until)
        for start, cost in zip(
            rows["stat_datetime"].to_pylist(), rows["stat_cost"].to_pylist(), strict=True
        )
    ]


def _of_slice(row: Row) -> Won:
    at = row["billed_at"]
    return Won(at, at, None, "counted", row["bid"], row["conversions"])


def _events(decided: Decided, facts: Mapping[str, Any], priced: list[Row]) -> list[Won]:
    """Every conversion known of the plan, with what the stages made of it.

    They keep no ids, which are long; so each row of the log is found again by its clocks."""
    engine, as_of = decided.engine, decided.question.as_of
    log = decided.checked["conversions"].rows
    mine = log.filter(log.ad_id == facts["ad_id"])
    plan = decided.stages["cycles"]
    plan = plan.filter(plan.ad_id == facts["ad_id"])
    received = received_conversions(mine, restated_conversions(mine), plan, as_of)
    sought: Counter[tuple[datetime, datetime, bool]] = Counter()
    fates: dict[tuple[datetime, datetime, bool], tuple[Fate, datetime]] = {}
    for row in engine.arrow(judged_events(received, plan)).to_pylist():
        key = row["billed_at"], row["converted_at"], row["is_late"]
        sought[key] += 1
        fates[key] = _fate(row), row["bid_at"]
    bids = {row["bid_at"]: row["bid"] for row in priced}
    won = []
    for row in engine.arrow(mine.order_by("billed_at", "conversion_id")).to_pylist():
        is_known = _is_known(row, facts["horizon"])
        if not is_known and not _is_known(row, as_of):
            continue
        key = row["billed_at"], row["converted_at"], not is_known
        if row["valid"] and sought[key]:
            sought[key] -= 1
            fate, bid_at = fates[key]
            won.append(_won(row, fate, bids.get(bid_at)))
        elif is_known and not row["valid"]:
            won.append(_won(row, "invalid"))
        elif is_known:
            won.append(_won(row, "outside" if facts["first_delivery_at"] else "unasked"))
    if +sought:
        raise InvariantError(f"{facts['ad_id']}: {sum(sought.values())} conversions have no row")
    return won


def _won(row: Row, fate: Fate, bid: Decimal | None = None) -> Won:
    clocks = row["billed_at"], row["converted_at"], row["received_at"]
    return Won(*clocks, fate, bid, conversion_id=row["conversion_id"])


def _fate(row: Row) -> Fate:
    """What the stages made of a conversion that was billed in the window."""
    if row["is_late"] and not row["counts_late"]:
        return "late"
    return "counted" if row["is_on_clock"] else "off_clock"


def _is_known(row: Row, day: date) -> bool:
    """Does this version stand, and was it received, on the morning of `day`?"""
    return bool(
        (row["written_on"] is None or row["written_on"] < day)
        and (row["restated_on"] is None or row["restated_on"] >= day)
        and row["received_at"].date() < day
    )
