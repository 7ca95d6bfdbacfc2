"""What a store must hold after the nights of `tests.soak`: what the oracle pays, each grant once,
and every plan's history of statuses legal (`soak_statuses`)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from qianchuan_guarantee.audit.verify import verify
from qianchuan_guarantee.ledger import query, schema
from qianchuan_guarantee.ledger.store import Store
from tests import oracle
from tests.oracle import Row
from tests.soak_platform import BASE, Days, Place, Platform, as_exports
from tests.soak_statuses import illegal
from tests.worlds import LOGS, plan_of

SETTLED = ("granted", "ended", "invalid")
CHEATING = ("MANUAL_JUDGE_SPAM", "ANTI_SPAM")
NOTHING = Decimal("0.00")
SECOND = "Second Person"  # who approves and refuses


@dataclass(frozen=True)
class Night:
    """A night that was run, the exports that it was given, and the plans whose hold a person had
    overruled before it."""

    as_of: date
    days: Days
    released: frozenset[int]


@dataclass(frozen=True)
class Answer:
    """What a plan is owed, and the status that it has once all is approved."""

    amount: Decimal
    status: str
    why: str = ""  # how it differs from the whole history, where that is meant


def answer_of(row: Mapping[str, Any]) -> Answer:
    """四(五): a grant that was issued is `PAID`."""
    status = "PAID" if row["outcome"] == "granted" else row["compensate_status"]
    return Answer(row["amount"], status)


# --- The end ----------------------------------------------------------------------------------


def problems(
    place: Path, nights: Sequence[Night], platform: Platform
) -> tuple[list[str], dict[str, int]]:
    """What is wrong at the end, and how much there was to be right."""
    store = Store(str(place))
    entries = query.entries(store)
    with store.reading() as connection:
        standings = list(map(dict, connection.execute(sa.select(schema.plans)).mappings()))
    counts: Counter[str] = Counter(f"entries: {entry['kind']}" for entry in entries)
    wrong = _amounts(standings, entries, nights, platform, counts)
    wrong += _once(entries, store) + _balances(entries, query.balances(store))
    wrong += illegal(store, counts)
    wrong += [f"{e['entry_id']}: still waits" for e in query.entries(store, waiting=True)]
    with store.reading() as connection:
        table = schema.notices.c
        silent = sa.select(table.notice_id).where(table.delivered_at.is_(None))
        wrong += [f"{each}: not delivered" for each in connection.execute(silent).scalars()]
    store.close()
    verified = verify(str(place), None, [])
    wrong += [f"audit verify: {each['file']}: {each['what']}" for each in verified.problems]
    return wrong, dict(sorted(counts.items()))


def _amounts(
    standings: Sequence[Mapping[str, Any]],
    entries: Sequence[Mapping[str, Any]],
    nights: Sequence[Night],
    platform: Platform,
    counts: Counter[str],
) -> list[str]:
    """Plans that have not what the oracle pays on the last morning, given the whole history; or,
    where docs/choices.md means it, what it paid by the logs that could be seen."""
    last, released = nights[-1].as_of, nights[-1].released
    right = as_exports(platform.days(BASE, last))
    whole = oracle.decide(right, last, released=released).decisions
    wanted = {row["ad_id"]: answer_of(row) for row in whole}
    paid, refused = _paid(entries), _refused(entries)
    found = {row["ad_id"]: Answer(paid[row["ad_id"]], row["status"]) for row in standings}
    counts |= Counter(f"plans: {row['outcome']}" for row in whole)
    counts["fen granted"] = int(sum(answer.amount for answer in wanted.values()) * 100)
    wrong = []
    for plan in sorted(wanted.keys() | found.keys()):
        right = _unless_refused(wanted.get(plan), refused.get(plan))
        counts["refused, and not paid"] += right != wanted.get(plan)
        if right == found.get(plan):
            continue
        meant = _unless_refused(ByNights(plan, platform).after(nights), refused.get(plan))
        if meant is not None and plan not in wanted:
            meant = replace(meant, why=UNNAMED)
        if meant is None or not meant.why or found.get(plan) != Answer(meant.amount, meant.status):
            wrong.append(f"plan {plan}: {found.get(plan)}, not {wanted.get(plan)} nor {meant}")
            continue
        counts[f"differ as is meant: {meant.why}"] += 1
    return wrong


def _paid(entries: Sequence[Mapping[str, Any]]) -> dict[int, Decimal]:
    """Σ issued less what was taken back, by plan."""
    signs = {"issued": 1, "supplement": 1, "claw_back": -1}
    paid: dict[int, Decimal] = defaultdict(lambda: NOTHING)
    for entry in entries:
        paid[entry["ad_id"]] += signs.get(entry["kind"], 0) * Decimal(entry["amount"])
    return paid


@dataclass(frozen=True)
class Refused:
    """What a person refused last, of a plan that was issued nothing since: what it was `owed`
    by that, and what it `has`."""

    owed: Decimal
    has: Decimal


def _refused(entries: Sequence[Mapping[str, Any]]) -> dict[int, Refused]:
    signs = {"grant": 1, "supplement": 1, "claw_back": -1}
    stands: dict[int, Refused] = {}
    for number, entry in enumerate(entries):
        plan = entry["ad_id"]
        if entry["kind"] in ("issued", "supplement", "claw_back"):
            stands.pop(plan, None)
        elif entry["kind"] == "refused" and entry["by"] == SECOND:
            has = _paid(entries[:number])[plan]
            stands[plan] = Refused(has + signs[entry["purpose"]] * Decimal(entry["amount"]), has)
    return stands


def _unless_refused(answer: Answer | None, refused: Refused | None) -> Answer | None:
    """三(二): what a person refused is not proposed again, unless something else is owed."""
    if answer is None or refused is None or answer.amount != refused.owed:
        return answer
    if answer.status == "CONFIRMING":  # its cycle is not settled
        return answer
    is_ended = answer.status == "PAID" and not refused.has
    return replace(answer, amount=refused.has, status="ENDED" if is_ended else answer.status)


def _once(entries: Sequence[Mapping[str, Any]], store: Store) -> list[str]:
    """A plan is issued one grant; more is a supplement, after something else was decided."""
    issued = Counter(e["ad_id"] for e in entries if e["kind"] == "issued")
    wrong = [f"plan {plan}: issued {n} times" for plan, n in issued.items() if n > 1]
    for plan in sorted({e["ad_id"] for e in entries if e["kind"] == "supplement"}):
        amounts = {row["amount"] for row in query.history(store, plan)}
        if plan not in issued or len(amounts) < 2:
            wrong.append(f"plan {plan}: a supplement without a cause")
    return wrong


def _balances(
    entries: Sequence[Mapping[str, Any]], balances: Sequence[Mapping[str, Any]]
) -> list[str]:
    """available + frozen − receivable = issued − taken back − spent, for every advertiser."""
    signs = {"issued": 1, "supplement": 1, "claw_back": -1, "used": -1}
    has: dict[int, Decimal] = defaultdict(lambda: NOTHING)
    for entry in entries:
        has[entry["advertiser_id"]] += signs.get(entry["kind"], 0) * Decimal(entry["amount"])
    wrong = []
    for row in balances:
        stands = sum(Decimal(row[name]) for name in ("available", "frozen"))
        stands -= Decimal(row["receivable"])
        if stands != has[row["advertiser_id"]]:
            wrong.append(f"{row}: its entries come to {has[row['advertiser_id']]}")
    return wrong


def frozen_problems(place: Path, nights: Sequence[Night]) -> list[str]:
    """四(三): after a night, a restricted advertiser has nothing available, others nothing
    frozen."""
    rows: dict[tuple[str | None, str | None], Row] = {}
    for night in nights:
        for (table, _), some in sorted(night.days.items(), key=lambda item: item[0]):
            if table == "restrictions":
                rows |= {(r.values["advertiser_id"], r.values["starts_at"]): r for r in some}
    morning = datetime.combine(nights[-1].as_of, datetime.min.time()).isoformat(" ")
    limited = {
        int(row.values["advertiser_id"] or 0)
        for row in rows.values()
        if (row.values["starts_at"] or "") < morning < (row.values["ends_at"] or "9999")
    }
    store = Store(str(place))
    found = query.balances(store)
    store.close()
    return [
        f"{row} is {'' if row['advertiser_id'] in limited else 'not '}restricted"
        for row in found
        if row["available" if row["advertiser_id"] in limited else "frozen"] != "0.00"
    ]


# --- Where night by night is meant to differ --------------------------------------------------

KEPT = "its cycle had left the exports when its logs or its own row were corrected"
HELD = "it was settled, and is held since"
EARLIER = "an earlier first delivery came late"
UNSEEN = "its own row came after its cycle, whose days were not given again"
WAITS = "its hold was overruled, and its cycle was not given again since"
UNNAMED = "only rows that were corrected since named it"


@dataclass
class ByNights:
    """A plan, decided night after night by the oracle on what was exported until then, and by
    what docs/choices.md says of nights: a plan whose cycle was decided is decided again only from
    exports that have its whole cycle, and so is one that was never decided; a verdict counts
    whenever it comes; what was settled and is held now keeps its money; a first delivery earlier
    than the one remembered holds the plan; a hold that was overruled waits for all days of the
    cycle that were ever seen."""

    plan: int
    platform: Platform
    seen: dict[Place, list[Row]] = field(default_factory=dict)
    decided_on: dict[Place, list[Row]] = field(default_factory=dict)
    cycle: set[date] = field(default_factory=set)  # of a plan that was decided
    asked_on: date = BASE  # the night that decided it last
    first: datetime | None = None  # as remembered
    settled: Mapping[str, Any] | None = None  # apart from verdicts
    is_released: bool = False  # and it has been decided so
    latest: Answer | None = None

    def after(self, nights: Sequence[Night]) -> Answer | None:
        right = self.platform.days(BASE, nights[-1].as_of)
        every = [right, *(night.days for night in nights)]
        of_plan = plan_of(self.plan, [rows for days in every for rows in days.values()])
        for night in nights:
            self._take(night, {place: of_plan(rows) for place, rows in night.days.items()})
        if self.latest is not None and self.latest.why == KEPT:
            said = {k: of_plan(rows) for k, rows in right.items() if k[0] in (*LOGS, "plans")}
            if not self._is_corrected(said):
                is_waiting = self.plan in nights[-1].released and not self.is_released
                return replace(self.latest, why=WAITS if is_waiting else "")
        return self.latest

    def _is_corrected(self, right: Days) -> bool:
        """Do its logs or its own rows say something else now, of days that were there when it was
        decided?"""
        past = {place: rows for place, rows in right.items() if place[1] < self.asked_on}
        return any(rows != self.decided_on.get(place, []) for place, rows in past.items())

    def _take(self, night: Night, days: Days) -> None:
        self.seen |= days
        cycle = [(log, day) for log in LOGS for day in self.cycle]
        if self.plan in night.released:  # what never was there is done without
            cycle = [place for place in cycle if place in self.seen]
        is_asked = all(place in days for place in cycle)
        if is_asked:
            self.decided_on, self.asked_on = dict(self.seen), night.as_of
            self.is_released = self.plan in night.released
        verdicts = {place: rows for place, rows in self.seen.items() if place[0] == "verdicts"}
        logs = {k: rows for k, rows in self.decided_on.items() if k[0] != "verdicts"}
        row = self._decide(logs | verdicts, night.as_of)
        if row is None:
            return
        first = row["first_delivery_at"]
        is_earlier = first is not None and self.first is not None and first < self.first
        is_earlier &= not self.is_released
        if row["cycle_end"] is not None and row["settle_on"] <= night.as_of:
            cycle = {first.date() + timedelta(n) for n in range(5)}
            if self.first is None and not all((log, d) in days for log in LOGS for d in cycle):
                self.latest = Answer(NOTHING, "CONFIRMING", UNSEEN)
                return
            self.cycle = cycle
        self._stand(row, self._decide(logs, night.as_of), is_asked, is_earlier)
        if first is not None and not is_earlier:
            self.first = first

    def _stand(self, row: Mapping[str, Any], merit: Any, is_asked: bool, is_earlier: bool) -> None:
        is_held = row["outcome"] == "held" or is_earlier
        if row["outcome"] in SETTLED and not is_held:
            self.settled = merit if merit["outcome"] in SETTLED else row
            self.latest = answer_of(row)
        elif self.settled is None:
            self.latest = Answer(NOTHING, "CONFIRMING") if is_earlier else answer_of(row)
        elif set(row["reasons"]) & set(CHEATING):
            self.latest = Answer(NOTHING, "INVALID")
        else:
            self.latest = answer_of(self.settled)
        why = EARLIER if is_earlier else HELD if is_held and self.settled else ""
        why = why or ("" if is_asked else KEPT)
        assert self.latest is not None
        self.latest = Answer(self.latest.amount, self.latest.status, why)

    def _decide(self, days: Days, as_of: date) -> Mapping[str, Any] | None:
        released = [self.plan] if self.is_released else []
        rows = oracle.decide(as_exports(days), as_of, released=released).decisions
        return next((row for row in rows if row["ad_id"] == self.plan), None)
