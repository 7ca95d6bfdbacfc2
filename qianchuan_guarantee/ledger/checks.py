"""Money invariants, recomputed from the entries alone."""

from __future__ import annotations

from collections import Counter, defaultdict

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qianchuan_guarantee.ledger import schema
from qianchuan_guarantee.ledger.entries import ACCOUNTS
from qianchuan_guarantee.ledger.store import Store

_BELOW_ZERO = ("granted", "receivable")


def problems(store: Store) -> list[str]:
    """What does not hold; nothing where all is well. Debits equal credits; no balance is negative
    but receivable; stored balances are those of the entries; every issued grant has exactly one
    proposal and one decision behind it; every plan stands where its entries put it."""
    with store.reading() as connection:
        return [
            *_unbalanced(connection),
            *balance_problems(connection),
            *_twice(connection),
            *_standings(connection),
        ]


def _unbalanced(connection: Connection) -> list[str]:
    p, e = schema.postings, schema.entries
    uneven = (
        sa.select(p.c.entry_id, sa.func.sum(p.c.amount_fen))
        .group_by(p.c.entry_id)
        .having(sa.func.sum(p.c.amount_fen) != 0)
    )
    found = [
        f"{entry}: debits and credits differ by {total} fen"
        for entry, total in connection.execute(uneven)
    ]
    orphans = sa.select(p.c.entry_id).where(p.c.entry_id.not_in(sa.select(e.c.entry_id)))
    found += [
        f"{entry}: moves money without an entry"
        for entry in connection.execute(orphans.distinct()).scalars()
    ]
    silent = sa.select(e.c.entry_id).where(
        e.c.kind != "proposed",
        ~((e.c.kind == "refused") & (e.c.purpose == "claw_back")),
        e.c.entry_id.not_in(sa.select(p.c.entry_id)),
    )
    found += [f"{entry}: moves no money" for entry in connection.execute(silent).scalars()]
    # What an entry says it is worth, and what it moved.
    moved = sa.select(e.c.entry_id, e.c.amount_fen, sa.func.max(p.c.amount_fen)).join(
        p, p.c.entry_id == e.c.entry_id
    )
    moved = moved.group_by(e.c.entry_id, e.c.amount_fen)
    moved = moved.having(sa.func.max(p.c.amount_fen) != e.c.amount_fen)
    return found + [
        f"{entry}: says {said} fen, moved {did}" for entry, said, did in connection.execute(moved)
    ]


def recomputed(connection: Connection) -> dict[tuple[int, str], int]:
    """Balances from the entries: advertiser and account → fen."""
    p = schema.postings
    query = sa.select(p.c.advertiser_id, p.c.account, sa.func.sum(p.c.amount_fen)).group_by(
        p.c.advertiser_id, p.c.account
    )
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}


def balance_problems(connection: Connection) -> list[str]:
    """Where stored balances are not those of the entries, or fell below zero."""
    stored = {(row[0], row[1]): row[2] for row in connection.execute(sa.select(schema.balances))}
    right = recomputed(connection)
    found = []
    for key in sorted(stored.keys() | right.keys()):
        advertiser, account = key
        was, should = stored.get(key, 0), right.get(key, 0)
        if was != should:
            found.append(
                f"advertiser {advertiser}, {account}: {was} fen stored, entries come to {should}"
            )
        if should < 0 and account not in _BELOW_ZERO:
            found.append(f"advertiser {advertiser}, {account}: below zero, {should} fen")
        if account not in (*ACCOUNTS, "granted"):
            found.append(f"advertiser {advertiser}, {account}: no such account")
    return found


def _twice(connection: Connection) -> list[str]:
    """An answer without a proposal, and a cycle issued more than once without a correction."""
    e = schema.entries
    proposals = sa.alias(e)
    answered = sa.select(e.c.entry_id).where(
        e.c.kind.in_(("issued", "supplement", "refused", "claw_back")),
        ~sa.exists().where(
            proposals.c.entry_id == e.c.corrects,
            proposals.c.kind == "proposed",
            sa.func.abs(proposals.c.amount_fen) == e.c.amount_fen,
        ),
    )
    found = [f"{x}: answers no proposal" for x in connection.execute(answered).scalars()]
    twice = (
        sa.select(e.c.ad_id, e.c.correction, sa.func.count())
        .where(e.c.kind == "proposed")
        .group_by(e.c.ad_id, e.c.correction)
        .having(sa.func.count() > 1)
    )
    return found + [
        f"plan {plan}: proposal {correction} was entered {count} times"
        for plan, correction, count in connection.execute(twice)
    ]


def _standings(connection: Connection) -> list[str]:
    """Every plan has, or waits for, what was decided, or a person refused that."""
    e = schema.entries
    signs = {"issued": 1, "supplement": 1, "claw_back": -1}
    issued: dict[int, int] = defaultdict(int)
    for plan, kind, total in connection.execute(
        sa.select(e.c.ad_id, e.c.kind, sa.func.sum(e.c.amount_fen))
        .where(e.c.kind.in_(signs))
        .group_by(e.c.ad_id, e.c.kind)
    ):
        issued[plan] += signs[kind] * int(total)
    answers = sa.select(e.c.corrects).where(e.c.corrects.is_not(None))
    unanswered = list(
        connection.execute(
            sa.select(e.c.ad_id, e.c.entry_id, e.c.amount_fen).where(
                e.c.kind == "proposed", e.c.entry_id.not_in(answers)
            )
        )
    )
    waiting = {plan: (entry, amount) for plan, entry, amount in unanswered}
    table = schema.plans
    moved = sa.or_(
        table.c.issued_fen != 0,
        table.c.waiting_fen != 0,
        table.c.waiting_entry.is_not(None),
        table.c.decided_fen != 0,
        table.c.correction != 0,
    )
    found = [
        f"plan {plan}: {count} proposals wait at once"
        for plan, count in Counter(row[0] for row in unanswered).items()
        if count > 1
    ]
    seen = set()
    for row in connection.execute(sa.select(table).where(moved)).mappings():
        plan = row["ad_id"]
        seen.add(plan)
        entry, amount = waiting.get(plan, (None, 0))
        if row["issued_fen"] != issued.get(plan, 0):
            was, should = row["issued_fen"], issued.get(plan, 0)
            found.append(f"plan {plan}: {was} fen issued, entries come to {should}")
        if (row["waiting_entry"], row["waiting_fen"]) != (entry, amount):
            found.append(f"plan {plan}: waits for {row['waiting_entry']}, entries say {entry}")
        owed = row["decided_fen"] or 0
        if owed != row["issued_fen"] + row["waiting_fen"] and owed != row["refused_fen"]:
            found.append(f"plan {plan}: {owed} fen decided are not accounted for")
    lost = sorted((issued.keys() | waiting.keys()) - seen)
    return found + [f"plan {plan}: has entries, and no standing" for plan in lost]
