"""A night of a store and the nights before it: what the page shows, read and added up.

Every sum is made of the ledger's entries and of the night's decisions, and held against the
document that the night printed: a page that does not add up is not made.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qianchuan_guarantee.errors import InvariantError, UserError
from qianchuan_guarantee.ledger import acts, schema
from qianchuan_guarantee.ledger.store import Store, as_rows
from qianchuan_guarantee.near import Near, from_document
from qianchuan_guarantee.report.plans import Plans, read_plans

if TYPE_CHECKING:
    from collections.abc import Mapping

NIGHTS = 30
WAITING = 20
FURTHER = 20  # incidents, and grants spent that the ledger does not have
# What an entry's money counts as.
_COUNTS_AS = {"issued": "issued", "supplement": "issued"}
_COUNTS_AS |= {"refused": "refused", "claw_back": "recovered"}


@dataclass(frozen=True)
class Moved:
    """What entries moved, in yuan, and how many of them did."""

    issued: Decimal = Decimal("0.00")
    refused: Decimal = Decimal("0.00")
    recovered: Decimal = Decimal("0.00")
    issued_count: int = 0
    refused_count: int = 0
    recovered_count: int = 0

    def __add__(self, other: Moved) -> Moved:
        return Moved(*(a + b for a, b in zip(_values(self), _values(other), strict=True)))


@dataclass(frozen=True)
class Line:
    """A night of the trend. `label`: its day, and where a day has several runs which one of them;
    `by_people`: between this run and the next; `waiting`: yuan, when the run was done."""

    label: str
    run_id: str
    by_run: Moved
    by_people: Moved
    waiting: Decimal

    @property
    def moved(self) -> Moved:
        return self.by_run + self.by_people


@dataclass(frozen=True)
class Proposal:
    """What waited for a person when the run was done. amount: yuan, below zero where it is to be
    taken back; `because`: codes, or a person's words."""

    entry_id: str
    ad_id: int
    advertiser_id: int
    purpose: str
    amount: Decimal
    because: tuple[str, ...]
    proposed_on: date


@dataclass(frozen=True)
class Waiting:
    """All that waited: `largest` of `count` proposals; `by_cause`: (code, proposals, yuan), a
    proposal under each of its causes."""

    count: int
    amount: Decimal
    to_take_back: Decimal
    largest: Sequence[Proposal]
    by_cause: Sequence[tuple[str, int, Decimal]]


@dataclass(frozen=True)
class NightPage:
    """What the page shows of one night. `statuses`: 四(五), status → plans, of every plan that the
    ledger knew; `held_before`: plans that were held and are not among this night's plans."""

    run_id: str
    as_of: date
    rulebook: str
    started_by: str
    finished_at: datetime
    proposed: Decimal
    line: Line
    waiting: Waiting
    plans: Plans
    statuses: Mapping[str, int]
    status_of: Mapping[int, str]
    held_before: int
    nights: Sequence[Line]
    near: Sequence[Near]
    incidents: Sequence[Mapping[str, Any]]
    incident_count: int
    overdrawn: Sequence[Mapping[str, Any]]
    overdrawn_count: int


def collect(store: Store, as_of: date | None) -> NightPage:
    """The latest night of `as_of`, or of the store; UserError where there is none."""
    with store.reading() as connection:
        runs = _runs(connection)
        place = _chosen(store, runs, as_of)
        run = runs[place]
        document = _summary(connection, run["run_id"])
        ends = acts.ends(connection)
        end = ends[run["run_id"]]
        nights = _nights(connection, runs, place, [ends[run["run_id"]].entry for run in runs])
        waiting = _waiting(connection, runs, end)
        plans = read_plans(store, run["run_id"], document)
        history = _standing_at(end)
        counted = connection.execute(
            sa.select(history.c.status, sa.func.count()).group_by(history.c.status)
        )
        statuses: dict[str, int] = {row[0]: row[1] for row in counted}
        held = connection.execute(sa.select(history.c.ad_id).where(history.c.outcome == "held"))
        held_before = plans.not_among(set(held.scalars()))
        some = history.c.ad_id.in_([grant["ad_id"] for grant in plans.grants])
        of_grants = connection.execute(sa.select(history.c.ad_id, history.c.status).where(some))
        status_of: dict[int, str] = {row[0]: row[1] for row in of_grants}
    _assert_adds_up(run["run_id"], nights[-1], waiting, document)
    return NightPage(
        run_id=run["run_id"],
        as_of=run["as_of"],
        rulebook=document["rulebook"],
        started_by=run["started_by"],
        finished_at=run["finished_at"],
        proposed=Decimal(document["proposed"]),
        line=nights[-1],
        waiting=waiting,
        plans=plans,
        statuses=statuses,
        status_of=status_of,
        held_before=held_before,
        nights=nights,
        near=[from_document(each) for each in document.get("near", ())],
        incidents=document["incidents"][:FURTHER],
        incident_count=len(document["incidents"]),
        overdrawn=[_in_yuan(each) for each in document["overdrawn"][:FURTHER]],
        overdrawn_count=len(document["overdrawn"]),
    )


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)


def _values(moved: Moved) -> list[Any]:
    return list(vars(moved).values())


def _in_yuan(overdrawn: Mapping[str, Any]) -> dict[str, Any]:
    amounts = {name: _yuan(overdrawn[f"{name}_fen"]) for name in ("amount", "available")}
    return {**overdrawn, **amounts}


def _runs(connection: Connection) -> list[Mapping[str, Any]]:
    table = schema.runs
    columns = (table.c.number, table.c.run_id, table.c.as_of, table.c.finished_at)
    query = sa.select(*columns, table.c.started_by).order_by(table.c.number)
    return as_rows(connection, query)


def _chosen(store: Store, runs: Sequence[Mapping[str, Any]], as_of: date | None) -> int:
    if not runs:
        raise UserError(f"{store}: no night has been run yet")
    if as_of is None:
        return len(runs) - 1
    places = [place for place, run in enumerate(runs) if run["as_of"] == as_of]
    if not places:
        raise UserError(
            f"--as-of {as_of}: {store} has no night of that day; "
            f"it has nights from {runs[0]['as_of']} to {runs[-1]['as_of']}"
        )
    return places[-1]


def _summary(connection: Connection, run_id: str) -> dict[str, Any]:
    query = sa.select(schema.runs.c.summary).where(schema.runs.c.run_id == run_id)
    document: dict[str, Any] = json.loads(connection.execute(query).scalar_one())
    return document


def _nights(
    connection: Connection, runs: Sequence[Mapping[str, Any]], place: int, done: Sequence[int]
) -> list[Line]:
    """The run at `place` and those before it, oldest first. `done`: each run's last entry."""
    table = schema.entries
    shown = runs[max(0, place + 1 - NIGHTS) : place + 1]
    ids = [run["run_id"] for run in shown]
    query = sa.select(table.c.run_id, table.c.kind, table.c.amount_fen, table.c.number).where(
        table.c.kind.in_(_COUNTS_AS), table.c.run_id.in_(ids) | table.c.run_id.is_(None)
    )
    # What people enter comes after the last run that was done by then.
    sums: Counter[tuple[str, bool, str]] = Counter()
    counts: Counter[tuple[str, bool, str]] = Counter()
    for run_id, kind, fen, number in connection.execute(query):
        after = bisect_left(done, number) - 1
        whose = run_id or (runs[after]["run_id"] if after >= 0 else "")
        key = (whose, run_id is None, _COUNTS_AS[kind])
        sums[key] += fen
        counts[key] += 1

    def moved(run_id: str, is_by_people: bool) -> Moved:
        names = ("issued", "refused", "recovered")
        keys = [(run_id, is_by_people, name) for name in names]
        issued, refused, recovered = (_yuan(sums[key]) for key in keys)
        return Moved(issued, refused, recovered, *(counts[key] for key in keys))

    return [
        Line(
            label=_label(runs, run),
            run_id=run["run_id"],
            by_run=moved(run["run_id"], False),
            by_people=moved(run["run_id"], True),
            waiting=Decimal(_summary(connection, run["run_id"])["waiting"]),
        )
        for run in shown
    ]


def _label(runs: Sequence[Mapping[str, Any]], run: Mapping[str, Any]) -> str:
    same_day = [other["run_id"] for other in runs if other["as_of"] == run["as_of"]]
    which = f" ({same_day.index(run['run_id']) + 1})" if len(same_day) > 1 else ""
    return f"{run['as_of']}{which}"


def _waiting(connection: Connection, runs: Sequence[Mapping[str, Any]], end: acts.End) -> Waiting:
    """三(二): proposals that nothing had answered when the run was done."""
    nights = {run["run_id"]: run["as_of"] for run in runs}
    made, answer = schema.entries, schema.entries.alias("answer")
    is_answered = sa.exists().where(
        answer.c.corrects == made.c.entry_id, answer.c.number <= end.entry
    )
    is_there = (made.c.kind == "proposed") & (made.c.number <= end.entry)
    query = sa.select(made).where(is_there, ~is_answered)
    waiting = []
    for row in as_rows(connection, query):
        words = tuple(row["why"].split(",")) if row["run_id"] else (row["why"],)
        amount, day = _yuan(row["amount_fen"]), nights.get(row["run_id"]) or row["at"].date()
        about = (row["entry_id"], row["ad_id"], row["advertiser_id"], row["purpose"])
        waiting.append(Proposal(*about, amount, words if row["why"] else (), day))
    waiting.sort(key=lambda p: (-abs(p.amount), p.ad_id))
    by_cause: dict[str, list[Decimal]] = {}
    for each in waiting:
        for cause in each.because:
            by_cause.setdefault(cause, []).append(each.amount)
    zero = Decimal("0.00")
    return Waiting(
        count=len(waiting),
        amount=sum((p.amount for p in waiting), zero),
        to_take_back=-sum((p.amount for p in waiting if p.amount < 0), zero),
        largest=waiting[:WAITING],
        by_cause=sorted(
            ((cause, len(some), sum(some, zero)) for cause, some in by_cause.items()),
            key=lambda line: (-line[1], line[0]),
        ),
    )


def _standing_at(end: acts.End) -> sa.Subquery:
    """四(五): each plan's last status by then: `ad_id`, `status`, `outcome`."""
    table = schema.statuses
    last = (
        sa.select(table.c.ad_id, sa.func.max(table.c.act).label("act"))
        .where(table.c.act <= end.act)
        .group_by(table.c.ad_id)
        .subquery()
    )
    is_last = (table.c.ad_id == last.c.ad_id) & (table.c.act == last.c.act)
    return sa.select(table.c.ad_id, table.c.status, table.c.outcome).join(last, is_last).subquery()


def _assert_adds_up(run_id: str, line: Line, waiting: Waiting, document: Mapping[str, Any]) -> None:
    """The money of the page is the money of the ledger is the money that the night printed."""
    found = {
        "issued": line.by_run.issued,
        "refused": line.by_run.refused,
        "recovered": line.by_run.recovered,
        "waiting": waiting.amount,
    }
    for name, amount in found.items():
        if amount != Decimal(document[name]):
            raise InvariantError(
                f"{run_id}: {name} {document[name]} yuan, but its entries say {amount}"
            )
