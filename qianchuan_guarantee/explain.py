"""One plan, clause by clause: what was asked, of what, how it compared, and by how much.

Every number is read from the tables that the decision was made from; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.clauses import Clause, Clauses
from qianchuan_guarantee.conditions import Known
from qianchuan_guarantee.engines import Plans
from qianchuan_guarantee.exports.quarantine import quarantined
from qianchuan_guarantee.remaining import Remaining, remaining
from qianchuan_guarantee.rulebook import Rulebook
from qianchuan_guarantee.tables import DECISIONS, LOGS
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from qianchuan_guarantee.decide import Decided

Row = dict[str, Any]


@dataclass(frozen=True)
class Explanation:
    """A decision with the way to it: clauses, bids, days, operations, refused rows, notes.
    `remaining`: what is left to happen, where the plan is open. `facts`: its row of facts, and
    `book`, what it was judged by."""

    decision: Row
    facts: Row
    book: Rulebook
    clauses: list[Clause]
    bids: list[Row]
    days: list[Row]
    operations: list[Row]
    refused: list[Row]
    notes: list[str] = field(default_factory=list)
    remaining: Remaining | None = None

    def document(self) -> Row:
        """What `--json` prints: money as text in yuan, times without zone."""
        return {
            **_plain(self.decision),
            "clauses": [_plain(asdict(clause)) for clause in self.clauses],
            "bids": [_plain(row) for row in self.bids],
            "days": [_plain(row) for row in self.days],
            "operations": [_plain(row) for row in self.operations],
            "refused": [_plain(row) for row in self.refused],
            "notes": self.notes,
            "remaining": _plain(asdict(self.remaining)) if self.remaining else None,
        }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


@dataclass(frozen=True)
class Found:
    """What an explanation is made of: one plan's rows of the tables that its decision was made
    from. `log_days`: of the partitioned logs, the days there were. `delivery` and `priced` are
    empty where the logs themselves are not at hand."""

    decision: Row
    facts: Row
    by_bid: list[Row]
    bid_steps: list[Row]
    operations: list[Row]
    refused: list[Row]
    has_conversions: bool
    log_days: Mapping[str, Collection[date]]
    delivery: list[Row] = field(default_factory=list)
    priced: list[Row] = field(default_factory=list)


def explain(decided: Decided, ad_id: int, lang: Language) -> Explanation:
    """Explain one plan of `decided` (which must have decided it)."""

    def rows(table: Table) -> list[Row]:
        return decided.engine.rows(_of, table, Plans([ad_id]))

    stages, checked = decided.stages, decided.checked
    refused = quarantined(
        decided.export.folder,
        checked,
        stages["cycles"],
        decided.question.as_of,
        decided.engine,
        [ad_id],
    )
    found = Found(
        decision=rows(stages["decisions"])[0],
        facts=rows(stages["facts"])[0],
        by_bid=rows(stages["by_bid"]),
        bid_steps=rows(stages["bid_steps"]),
        operations=rows(stages["operations"]),
        refused=[row for row in refused if row["ad_id"] == ad_id],
        has_conversions=decided.export.has_conversions,
        log_days={n: days for n in LOGS if (days := checked[n].days) is not None},
        delivery=rows(checked["delivery"].rows),
        priced=rows(stages["priced"]),
    )
    return explained(found, decided.question.books, lang)


def _of(table: Table, plans: Plans) -> Table:
    return table.filter(table.ad_id.isin(plans))


def explained(found: Found, books: Sequence[Rulebook], lang: Language) -> Explanation:
    """The explanation that one plan's rows make. `books`: the one it was decided by among them."""
    facts, decision = found.facts, found.decision
    book = next(book for book in books if book.id == facts["rulebook"])
    operations = sorted(found.operations, key=lambda row: row["create_time"])
    steps = sorted(found.bid_steps, key=lambda row: row["create_time"])
    known = Known(decision, facts, steps, found.has_conversions, bool(found.log_days))
    writer = Clauses(decision, facts, book, _troubles(found, steps, lang), lang)
    return Explanation(
        decision={out.name: decision[out.name] for out in DECISIONS},
        facts=facts,
        book=book,
        clauses=writer.all() if facts["advertiser_id"] is not None else [],
        bids=[
            {"bid": row["bid"], "conversions": row["conversions"], "amount": row["amount"]}
            for row in sorted(found.by_bid, key=lambda row: row["bid"] or Decimal(0))
        ]
        if decision["first_delivery_at"] is not None
        else [],
        days=_days(found.delivery, found.priced, facts),
        operations=[
            {
                "at": row["create_time"],
                "operation": row["operation"],
                "from": row["old_value"],
                "to": row["new_value"],
                "log_id": row["log_id"],
            }
            for row in operations
        ],
        refused=found.refused,
        notes=_notes(found, operations, lang),
        remaining=remaining(known, book, lang),
    )


def _days(delivery: list[Row], priced: list[Row], facts: Row) -> list[Row]:
    """Delivery, and the conversions that count by 计费时间, per day known at the horizon."""
    horizon = facts["horizon"]
    days: dict[date, Row] = {}
    for row in delivery:
        is_known = row["written_on"] is None or row["written_on"] < horizon
        is_restated = row["restated_on"] is not None and row["restated_on"] < horizon
        begun = row["stat_datetime"].date()
        if not is_known or is_restated or begun >= horizon:
            continue
        day = days.setdefault(begun, _empty_day(begun))
        for name, column in (("cost", "stat_cost"), ("shows", "show_cnt"), ("clicks", "click_cnt")):
            day[name] += row[column]
    for row in priced:
        billed = row["billed_at"].date()
        day = days.setdefault(billed, _empty_day(billed))
        day["conversions"] += row["conversions"]
    return [days[day] for day in sorted(days)]


def _empty_day(day: date) -> Row:
    return {"day": day, "cost": Decimal("0.00000"), "shows": 0, "clicks": 0, "conversions": 0}


_TROUBLES = (
    "is_quarantined",
    "is_row_conflict",
    "is_timeline_broken",
    "is_created_twice",
    "is_snapshot_conflict",
    "is_earlier_delivery",
    "is_scenario_changed",
    "has_unknown_bid",
    "has_ambiguous_bid",
)


def _troubles(of: Found, steps: list[Row], lang: Language) -> list[str]:
    """四(四): what holds the plan, in particular."""
    found = [say(f"h_{name}", lang) for name in _TROUBLES if of.facts[name]]
    for step in steps:
        if step["is_broken"]:
            words = {"stated": step["old_bid"], "before": step["bid_before"]}
            found.append(say("h_broken_step", lang, at=step["create_time"], **words))
    if of.facts["is_incomplete"]:
        days = ", ".join(_missing_days(of.log_days, of.facts))
        found.append(say("h_is_incomplete", lang, days=days))
    return found


def _missing_days(logs: Mapping[str, Collection[date]], facts: Row) -> list[str]:
    """The days between the plan's creation and its horizon that a log has no partition for."""
    begin = min((min(days) for days in logs.values() if days), default=facts["horizon"])
    since = min(begin, facts["day0"] or begin)
    if facts["ad_create_time"] is not None:
        since = max(since, facts["ad_create_time"].date())
    length = (facts["horizon"] - since).days
    days = [since + timedelta(days=n) for n in range(length)]
    return [f"{day} {name}" for name, there in logs.items() for day in days if day not in there]


def _notes(found: Found, operations: list[Row], lang: Language) -> list[str]:
    notes = []
    first = found.facts["first_delivery_at"]
    if first is not None:
        in_slice = [
            row
            for row in operations
            if row["operation"] in ("bid", "targeting")
            and first <= row["create_time"]
            and row["create_time"].replace(minute=0, second=0, microsecond=0) == first
        ]
        if in_slice:
            notes.append(say("first_slice", lang, n=len(in_slice)))
        if not found.has_conversions:
            notes.append(say("by_slices", lang))
            if found.priced:
                notes.append(say("by_slices_exactly", lang, **_exactness(found)))
    return notes


def _exactness(found: Found) -> dict[str, int]:
    """Of the slices that hold conversions: how many there are, and in how many the bid changed
    (after the slice began: an edit at its start counts for all of it), whatever the reading."""
    starts = sorted(row["stat_datetime"] for row in found.delivery)
    is_daily = all(start.time() == time() for start in starts)
    longest = timedelta(days=1) if is_daily else timedelta(hours=1)
    ends = {
        start: min(following, start + longest)
        for start, following in zip(starts, [*starts[1:], datetime.max], strict=True)
    }
    won = {row["billed_at"] for row in found.priced if row["conversions"]} & ends.keys()
    edits = [step["create_time"] for step in found.bid_steps]
    unclear = sum(any(start < at < ends[start] for at in edits) for start in won)
    return {"slices": len(won), "unclear": unclear}
