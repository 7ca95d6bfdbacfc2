"""What can be entered, and what each entry moves (三(二), 四(一), 四(二), 四(三)).

Accounts of an advertiser: `proposed`, `available`, `used`, `frozen`, `recovered`, `receivable`,
and `granted`, the platform's side of them. Postings of an entry add up to nothing; only
`granted`, and `receivable` for what is owed, go below zero.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple

from qianchuan_guarantee.errors import InvariantError

KINDS = (
    "proposed",
    "issued",
    "refused",
    "claw_back",
    "set_off",
    "used",
    "freeze",
    "thaw",
    "supplement",
)
PURPOSES = ("grant", "supplement", "claw_back")
ACCOUNTS = ("proposed", "available", "used", "frozen", "recovered", "receivable")
_BELOW_ZERO = ("granted", "receivable")


_NOTHING: Mapping[str, int] = MappingProxyType({})


class Subject(NamedTuple):
    """What an entry is about: a plan's cycle, or something else of an advertiser's (`name`)."""

    advertiser_id: int
    ad_id: int | None = None
    cycle_on: date | None = None
    rulebook: str | None = None
    rulebook_sha256: str | None = None
    correction: int = 0
    name: str = ""


class Entry(NamedTuple):
    """One entry, with what it moves: account → fen."""

    entry_id: str
    kind: str
    subject: Subject
    amount_fen: int
    clause: str
    why: str
    moves: Mapping[str, int] = _NOTHING
    purpose: str | None = None
    corrects: str | None = None


def entry_id(kind: str, subject: Subject) -> str:
    """Derived from what the entry is about, so that nobody can enter the same thing twice."""
    about = (
        f"{kind}|{subject.advertiser_id}|{subject.ad_id or ''}|{subject.cycle_on or ''}|"
        f"{subject.rulebook or ''}|{subject.correction}|{subject.name}"
    )
    digest = hashlib.sha256(about.encode()).hexdigest()[:12]
    whose = subject.ad_id or subject.advertiser_id
    return f"{kind}-{whose}-{subject.correction}-{digest}"


def proposed(subject: Subject, purpose: str, amount_fen: int, clause: str, why: str) -> Entry:
    """A grant, supplement or (negative) claw-back that is to be issued or refused."""
    moves = {"granted": -amount_fen, "proposed": amount_fen} if amount_fen > 0 else {}
    return Entry(
        entry_id("proposed", subject), "proposed", subject, amount_fen, clause, why, moves, purpose
    )


def answered(proposal: Entry, kind: str, clause: str, why: str, moves: Mapping[str, int]) -> Entry:
    """What becomes of a proposal: `issued`, `supplement`, `claw_back` or `refused`."""
    return Entry(
        entry_id(kind, proposal.subject),
        kind,
        proposal.subject,
        abs(proposal.amount_fen),
        clause,
        why,
        moves,
        proposal.purpose,
        proposal.entry_id,
    )


class Balances:
    """Account balances of advertisers, kept right entry by entry."""

    def __init__(self, stored: Mapping[tuple[int, str], int]) -> None:
        self._stored = dict(stored)
        self.changed: dict[tuple[int, str], int] = {}

    def of(self, advertiser_id: int, account: str) -> int:
        key = (advertiser_id, account)
        return self.changed.get(key, self._stored.get(key, 0))

    def post(self, entry: Entry) -> None:
        """Move what an entry moves; an InvariantError where money would come from nowhere."""
        if sum(entry.moves.values()) != 0:
            raise InvariantError(f"{entry.entry_id}: debits and credits differ")
        for account, amount in entry.moves.items():
            key = (entry.subject.advertiser_id, account)
            after = self.of(*key) + amount
            if after < 0 and account not in _BELOW_ZERO:
                raise InvariantError(f"{entry.entry_id}: {account} would fall to {after} fen")
            if after > 0 and account in _BELOW_ZERO:
                raise InvariantError(f"{entry.entry_id}: {account} would rise to {after} fen")
            self.changed[key] = after


class Stamp(NamedTuple):
    """Who enters something, when, and in which run (null: a person, between runs)."""

    by: str
    at: datetime
    run_id: str | None
