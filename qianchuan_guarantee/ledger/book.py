"""Entries on their way into the ledger: within one transaction, each posted to its accounts,
each plan's standing kept beside it, all written at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qianchuan_guarantee.digests import digest_of_columns
from qianchuan_guarantee.errors import InvariantError
from qianchuan_guarantee.ledger import acts, bulk, schema
from qianchuan_guarantee.ledger.entries import Balances, Entry, Stamp, Subject, answered, entry_id
from qianchuan_guarantee.ledger.settle import Standing, is_in_order, shown

# 站内信: what the advertiser is told of.
TOLD = ("issued", "supplement", "refused", "claw_back", "freeze", "thaw")


class Book:
    """The ledger as a transaction sees it. `standings`: of the plans that were asked for."""

    def __init__(self, connection: Connection, stamp: Stamp) -> None:
        self.connection = connection
        self.stamp = stamp
        stored = connection.execute(sa.select(schema.balances)).all()
        self.balances = Balances({(row[0], row[1]): row[2] for row in stored})
        self.standings: dict[int, Standing] = {}
        self.entered: list[Entry] = []
        self.act = acts.next_number(connection)
        self._stored: dict[int, Standing] = {}
        self._changed: set[int] = set()
        self._waited = 0  # fen that waited before, of the plans loaded

    def load(self, plans: Iterable[int]) -> None:
        """Read where some plans stand."""
        wanted = [plan for plan in plans if plan not in self.standings]
        columns = [schema.plans.c[name] for name in Standing._fields]
        for some in bulk.pieces(wanted):
            query = sa.select(*columns).where(bulk.among(schema.plans.c.ad_id, some))
            for row in self.connection.execute(query):
                standing = Standing._make(row)
                self._waited += standing.waiting_fen
                self._stored[standing.ad_id] = self.standings[standing.ad_id] = standing

    def stand(self, standing: Standing) -> None:
        """A plan stands otherwise than before."""
        before = self.standings.get(standing.ad_id)
        standing = shown(standing)
        if before is not None and standing[:-1] == before[:-1]:  # all but the run
            return
        self.standings[standing.ad_id] = standing
        self._changed.add(standing.ad_id)

    def enter(self, entry: Entry) -> None:
        """Post an entry to its accounts."""
        self.balances.post(entry)
        self.entered.append(entry)

    def propose(self, entry: Entry) -> None:
        """A proposal is made: nothing else of its plan may be waiting."""
        standing = self._standing_of(entry)
        if standing.waiting_entry is not None:
            raise InvariantError(f"{entry.entry_id}: {standing.waiting_entry} is still waiting")
        self.enter(entry)
        self.stand(
            standing._replace(
                waiting_fen=entry.amount_fen,
                waiting_entry=entry.entry_id,
                correction=standing.correction + 1,
            )
        )

    def waiting_change(self) -> int:
        """How much more, in fen, waits than before this transaction, of the plans loaded."""
        return sum(s.waiting_fen for s in self.standings.values()) - self._waited

    def issue(self, proposal: Entry, why: str) -> None:
        """三(二): a proposal becomes money, or takes it back. What is owed from before is set off
        against a grant at once."""
        amount, advertiser = proposal.amount_fen, proposal.subject.advertiser_id
        if amount < 0:
            self.enter(answered(proposal, "claw_back", proposal.clause, why, self._taken(proposal)))
        else:
            kind = "supplement" if proposal.purpose == "supplement" else "issued"
            moves = {"proposed": -amount, "available": amount}
            self.enter(answered(proposal, kind, "三(二)", why, moves))
            owed = -self.balances.of(advertiser, "receivable")
            if owed > 0:
                self._set_off(proposal, min(owed, amount))
        standing = self._standing_of(proposal)
        self.stand(
            standing._replace(
                issued_fen=standing.issued_fen + amount,
                was_issued=True,
                waiting_fen=0,
                waiting_entry=None,
                refused_fen=None,
            )
        )

    def _set_off(self, proposal: Entry, amount: int) -> None:
        moves = {"available": -amount, "receivable": amount}
        subject = proposal.subject
        self.enter(
            Entry(entry_id("set_off", subject), "set_off", subject, amount, "四(二)", "", moves)
        )

    def _taken(self, proposal: Entry) -> Mapping[str, int]:
        """四(二): from the available balance, then the frozen one; the rest is owed."""
        left = -proposal.amount_fen
        moves = {"recovered": left}
        for account in ("available", "frozen"):
            taken = min(left, self.balances.of(proposal.subject.advertiser_id, account))
            if taken:
                moves[account] = -taken
                left -= taken
        if left:
            moves["receivable"] = -left
        return moves

    def refuse(self, proposal: Entry, clause: str, why: str, *, by_person: bool) -> None:
        """A proposal comes to nothing. What a person refused is not proposed again."""
        amount = proposal.amount_fen
        moves = {"proposed": -amount, "granted": amount} if amount > 0 else {}
        self.enter(answered(proposal, "refused", clause, why, moves))
        standing = self._standing_of(proposal)
        refused = standing.decided_fen if by_person else standing.refused_fen
        self.stand(standing._replace(waiting_fen=0, waiting_entry=None, refused_fen=refused))

    def _standing_of(self, entry: Entry) -> Standing:
        assert entry.subject.ad_id is not None
        return self.standings[entry.subject.ad_id]

    def waiting(self, plans: Iterable[int]) -> dict[int, Entry]:
        """The proposals that waited before this transaction, of plans that were loaded."""
        ids = {
            entry: plan
            for plan in plans
            if (entry := self.standings[plan].waiting_entry) is not None
        }
        found = entries_of(self.connection, list(ids))
        return {ids[key]: entry for key, entry in found.items()}

    def write(self) -> acts.Wrote:
        """Write what was entered, and return what the act is to say of it; raises where an entry
        is there already, whoever entered it."""
        wrote = {"entries": self._write_entries(), "statuses": self._write_standings()}
        self._write_balances()
        return wrote

    def _write_entries(self) -> dict[str, Any]:
        connection, stamp = self.connection, self.stamp
        number = connection.execute(sa.select(sa.func.max(schema.entries.c.number))).scalar() or 0
        size = len(self.entered)
        if not size:
            return acts.wrote_entries(number + 1, [])
        columns: dict[str, Sequence[Any]] = {"number": range(number + 1, number + 1 + size)}
        columns |= dict(zip(_COLUMNS, zip(*map(_row, self.entered), strict=True), strict=True))
        made = {"by": stamp.by, "at": stamp.at, "run_id": stamp.run_id}
        columns |= {name: [value] * size for name, value in made.items()}
        moves = [
            (entry.entry_id, account, entry.subject.advertiser_id, amount)
            for entry in self.entered
            for account, amount in entry.moves.items()
        ]
        told = [(f"notice-{e.entry_id}", e.entry_id, 0) for e in self.entered if e.kind in TOLD]
        bulk.insert_columns(connection, schema.entries, columns)
        names = ("entry_id", "account", "advertiser_id", "amount_fen")
        # In the order of their keys: so a tree grows at its end.
        bulk.insert(connection, schema.postings, names, sorted(moves))
        bulk.insert(connection, schema.notices, ("notice_id", "entry_id", "attempts"), sorted(told))
        texts = acts.entry_texts(columns, [entry.moves for entry in self.entered])
        return acts.wrote_entries(number + 1, texts)

    def _write_balances(self) -> None:
        changed = self.balances.changed
        keys = ("advertiser_id", "account")
        bulk.delete(self.connection, schema.balances, keys, list(changed))
        rows = [(*key, amount) for key, amount in changed.items()]
        bulk.insert(self.connection, schema.balances, (*keys, "amount_fen"), rows)

    def _write_standings(self) -> dict[str, Any]:
        changed = [self.standings[plan] for plan in sorted(self._changed)]
        for standing in changed:
            if not is_in_order(standing):
                raise InvariantError(f"plan {standing.ad_id}: owed {standing.decided_fen} fen")
        known = [(s.ad_id,) for s in changed if s.ad_id in self._stored]
        bulk.unmark(self.connection, schema.statuses, "is_last", "ad_id", known)
        size = len(changed)
        if not size:
            return {"rows": 0}
        columns: dict[str, Sequence[Any]] = dict(
            zip(Standing._fields, zip(*changed, strict=True), strict=True)
        )
        made = {"act": self.act, "run_id": self.stamp.run_id, "at": self.stamp.at, "is_last": True}
        columns |= {name: [value] * size for name, value in made.items()}
        bulk.insert_columns(self.connection, schema.statuses, columns)
        digest = digest_of_columns(columns[name] for name in acts.STATUSES)
        return {"rows": size, "sha256": digest}


_COLUMNS = (
    *("entry_id", "kind", "purpose", "ad_id", "advertiser_id", "amount_fen", "cycle_on"),
    *("correction", "rulebook", "rulebook_sha256", "corrects", "clause", "why"),
)


def _row(entry: Entry) -> tuple[Any, ...]:
    of: Subject = entry.subject
    return (
        *(entry.entry_id, entry.kind, entry.purpose, of.ad_id, of.advertiser_id),
        *(entry.amount_fen, of.cycle_on, of.correction, of.rulebook, of.rulebook_sha256),
        *(entry.corrects, entry.clause, entry.why),
    )


def entries_of(connection: Connection, ids: list[str]) -> dict[str, Entry]:
    """Entries by id, without what they moved."""
    found: dict[str, Entry] = {}
    for some in bulk.pieces(ids):
        query = sa.select(schema.entries).where(schema.entries.c.entry_id.in_(some))
        for row in connection.execute(query).mappings():
            subject = Subject(
                row["advertiser_id"],
                row["ad_id"],
                row["cycle_on"],
                row["rulebook"],
                row["rulebook_sha256"],
                row["correction"],
            )
            found[row["entry_id"]] = Entry(
                row["entry_id"],
                row["kind"],
                subject,
                row["amount_fen"],
                row["clause"],
                row["why"],
                purpose=row["purpose"],
                corrects=row["corrects"],
            )
    return found
