"""What named people decide: to approve, to refuse, to claw back, to overrule a hold."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.ledger import acts, people, schema
from qianchuan_guarantee.ledger.book import Book, entries_of
from qianchuan_guarantee.ledger.entries import Entry, Stamp, proposed
from qianchuan_guarantee.ledger.policy import Policy
from qianchuan_guarantee.ledger.query import yuan
from qianchuan_guarantee.ledger.settle import subject_of
from qianchuan_guarantee.ledger.store import Store, now
from qianchuan_guarantee.vocabulary import REASONS, UNKNOWN


def approve(
    store: Store, wanted: Sequence[str], *, by: str, why: str, policy: Policy
) -> list[Entry]:
    """Issue proposals that wait: those named, or with nothing named all of them. All or none."""
    with store.only_writer(), store.writing() as connection:
        book = Book(connection, Stamp(by, now(), None))
        for proposal in _waiting(book, wanted):
            if policy.approver_differs_from_proposer:
                _require_another(store, connection, proposal, by)
            _issue(book, proposal, why, is_of_a_person=_is_of_a_person(connection, proposal))
        _close(store, book, "approve", why)
        return list(book.entered)


def refuse(store: Store, wanted: Sequence[str], *, by: str, why: str) -> list[Entry]:
    """Refuse proposals that wait (REVIEW_REFUSED); they are not proposed again."""
    with store.only_writer(), store.writing() as connection:
        book = Book(connection, Stamp(by, now(), None))
        for proposal in _waiting(book, wanted):
            is_of_a_person = _is_of_a_person(connection, proposal)
            # What a person asked for was decided by no night, which could propose it again.
            book.refuse(proposal, "三(二)", why, by_person=not is_of_a_person)
            if is_of_a_person:
                _undo(book, proposal)
        _close(store, book, "refuse", why)
        return list(book.entered)


def claw_back(
    store: Store, plan: int, amount_fen: int | None, *, by: str, why: str, policy: Policy
) -> list[Entry]:
    """四(一), 四(二): take back what was issued for a plan, or a part of it. Where the policy asks
    for two people, it is proposed, and waits for the second."""
    with store.only_writer(), store.writing() as connection:
        book = Book(connection, Stamp(by, now(), None))
        book.load([plan])
        standing = book.standings.get(plan)
        if standing is None or standing.issued_fen <= 0:
            raise UserError(f"plan {plan}: nothing was issued for it")
        if standing.waiting_entry is not None:
            raise UserError(f"plan {plan}: {standing.waiting_entry} waits; answer it first")
        amount = standing.issued_fen if amount_fen is None else amount_fen
        if not 0 < amount <= standing.issued_fen:
            raise UserError(
                f"plan {plan}: {yuan(standing.issued_fen)} yuan were issued; "
                f"{yuan(amount)} cannot be taken back"
            )
        # What is left is what the plan is owed from now on, whatever is decided again.
        left, decided = standing.issued_fen - amount, standing.merit_fen or 0
        # A refusal to take anything back covers this part, too.
        refused = standing.refused_fen
        is_left = refused is not None and refused <= left
        book.stand(
            standing._replace(
                decided_fen=left,
                withheld_fen=max(decided - left, 0),
                withheld_of_fen=decided,
                refused_fen=refused if is_left else None,
            )
        )
        entry = proposed(subject_of(standing, {}), "claw_back", -amount, "四(二)", why)
        book.propose(entry)
        if not policy.approver_differs_from_proposer:
            _issue(book, entry, why, is_of_a_person=True)
        _close(store, book, "claw_back", why)
        return list(book.entered)


def release(store: Store, plan: int, *, by: str, why: str) -> None:
    """Overrule a hold: the next run decides the plan by the facts there are."""
    with store.only_writer(), store.writing() as connection:
        columns = schema.plans.c
        query = sa.select(columns.outcome, columns.reasons).where(columns.ad_id == plan)
        outcome, reasons = connection.execute(query).first() or ("not known here", "")
        if outcome != "held":
            raise UserError(f"plan {plan}: {outcome}; only a plan that is held can be released")
        unknown = [code for code in reasons.split(",") if code in UNKNOWN]
        if unknown:
            raise UserError(
                f"plan {plan}: {unknown[0]}; what is not known cannot be overruled: "
                f"{REASONS[unknown[0]].advice('en')}"
            )
        table = schema.releases
        if connection.execute(sa.select(table.c.by).where(table.c.ad_id == plan)).scalar():
            raise UserError(f"plan {plan}: released before; the next run decides it")
        stamp = Stamp(by, now(), None)
        number = acts.next_number(connection)
        connection.execute(
            sa.insert(table).values(ad_id=plan, act=number, by=by, why=why, at=stamp.at)
        )
        content = {"why": why, "ad_id": plan}
        acts.enter(connection, "release", stamp, content, {}, store.signer)


def _close(store: Store, book: Book, kind: str, why: str) -> None:
    """Write what was decided, with the act that says who did it."""
    content = {"why": why, "entered": [entry.entry_id for entry in book.entered]}
    acts.enter(book.connection, kind, book.stamp, content, book.write(), store.signer)


def _waiting(book: Book, wanted: Sequence[str]) -> list[Entry]:
    """The proposals named, each of which must wait; nothing named: all that wait."""
    table = schema.plans
    query = sa.select(table.c.ad_id, table.c.waiting_entry).where(
        table.c.waiting_entry.is_not(None)
    )
    waiting = {row[1]: row[0] for row in book.connection.execute(query)}
    unknown = [entry for entry in wanted if entry not in waiting]
    if unknown:
        raise UserError(f"{', '.join(unknown)}: no proposal of that name waits")
    chosen = list(dict.fromkeys(wanted)) or sorted(waiting)
    book.load([waiting[entry] for entry in chosen])
    found = entries_of(book.connection, chosen)
    return [found[entry] for entry in chosen]


def _is_of_a_person(connection: Connection, proposal: Entry) -> bool:
    query = sa.select(schema.entries.c.run_id).where(schema.entries.c.entry_id == proposal.entry_id)
    return connection.execute(query).scalar() is None


def _issue(book: Book, proposal: Entry, why: str, *, is_of_a_person: bool) -> None:
    """What a night proposed answers what was refused before; what a person takes back does not."""
    assert proposal.subject.ad_id is not None
    refused = book.standings[proposal.subject.ad_id].refused_fen
    book.issue(proposal, why)
    if is_of_a_person:
        book.stand(book.standings[proposal.subject.ad_id]._replace(refused_fen=refused))


def _undo(book: Book, proposal: Entry) -> None:
    """What a person wanted back and another one refused is owed to the plan as before."""
    assert proposal.subject.ad_id is not None
    standing = book.standings[proposal.subject.ad_id]
    book.stand(
        standing._replace(
            decided_fen=(standing.decided_fen or 0) - proposal.amount_fen,
            withheld_fen=max(standing.withheld_fen + proposal.amount_fen, 0),
        )
    )


def _require_another(store: Store, connection: Connection, proposal: Entry, by: str) -> None:
    """Who approves has another name than who proposed, and, where both sign, another key."""
    table = schema.entries.c
    query = sa.select(table.by, table.run_id).where(table.entry_id == proposal.entry_id)
    proposer, run_id = connection.execute(query).one()
    if people.is_same(proposer, by):
        raise UserError(
            f"{proposal.entry_id}: proposed by {proposer}; somebody else must approve it"
        )
    if store.signer is None:
        return
    act = schema.acts.c
    said = f'"run_id":"{run_id}"' if run_id else f'"{proposal.entry_id}"'
    kind = '"kind":"run"' if run_id else '"kind":"claw_back"'
    mine = sa.select(act.number).where(
        act.public_key == store.signer.public_key,
        act.document.contains(kind, autoescape=True),
        act.document.contains(said, autoescape=True),
    )
    if connection.execute(mine).first() is not None:
        raise UserError(
            f"{proposal.entry_id}: proposed under the key that would sign this, too; somebody "
            "else must approve it, with a key of their own"
        )
