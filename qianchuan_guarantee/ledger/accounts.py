"""Grants spent on delivery, and 四(三): grants of restricted accounts, frozen while it lasts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa

from qianchuan_guarantee.ledger import bulk, schema
from qianchuan_guarantee.ledger.book import Book
from qianchuan_guarantee.ledger.entries import Entry, Subject, entry_id


@dataclass(frozen=True)
class Overdrawn:
    """A grant was spent that the ledger does not have: shown, tried again on the next night."""

    usage_id: str
    advertiser_id: int
    amount_fen: int
    available_fen: int


def use(book: Book, usages: Sequence[Mapping[str, Any]]) -> list[Overdrawn]:
    """Enter what was spent and is not entered yet (`usage_id`, `advertiser_id`, `used_at`,
    `amount_fen`), in the order of time; returns what the balance does not cover. That is kept: its
    partition may be gone when there is money for it."""
    entries = {}
    table = schema.uncovered
    waited = [dict(row) for row in book.connection.execute(sa.select(table)).mappings()]
    # A use that was restated stands as tonight's exports say.
    known = {row["usage_id"]: row for row in (*waited, *usages)}
    for row in sorted(known.values(), key=lambda row: (row["used_at"], row["usage_id"])):
        subject = Subject(row["advertiser_id"], name=f"usage {row['usage_id']}")
        entries[entry_id("used", subject)] = (row, subject)
    overdrawn, left = [], []
    for key in _new(book, list(entries)):
        row, subject = entries[key]
        amount = row["amount_fen"]
        available = book.balances.of(subject.advertiser_id, "available")
        if amount > available:
            overdrawn.append(Overdrawn(row["usage_id"], subject.advertiser_id, amount, available))
            left.append([row[column.name] for column in table.columns])
            continue
        moves = {"available": -amount, "used": amount}
        why = f"usage {row['usage_id']}"
        book.enter(Entry(key, "used", subject, amount, "三(二)", why, moves))
    book.connection.execute(sa.delete(table))
    bulk.insert(book.connection, table, table.columns.keys(), left)
    return overdrawn


def _new(book: Book, ids: list[str]) -> list[str]:
    known: set[str] = set()
    column = schema.entries.c.entry_id
    for some in bulk.pieces(ids):
        query = sa.select(column).where(column.in_(some))
        known |= set(book.connection.execute(query).scalars())
    return [key for key in ids if key not in known]


def restricted(rows: Iterable[Mapping[str, Any]], as_of: date) -> set[int]:
    """Advertisers whose account is under a restriction on the morning of `as_of`."""
    morning = datetime.combine(as_of, time())
    return {
        row["advertiser_id"]
        for row in rows
        if row["starts_at"] < morning and (row["ends_at"] is None or row["ends_at"] > morning)
    }


def thaw(book: Book, still: set[int], run_id: str) -> None:
    """Make available again what is frozen and no longer restricted."""
    table = schema.balances
    query = sa.select(table.c.advertiser_id).where(
        table.c.account == "frozen", table.c.amount_fen > 0
    )
    for advertiser in sorted(book.connection.execute(query).scalars()):
        if advertiser not in still:
            _move(book, "thaw", advertiser, "frozen", "available", run_id)


def freeze(book: Book, advertisers: set[int], run_id: str) -> None:
    """Freeze what restricted advertisers have available."""
    for advertiser in sorted(advertisers):
        _move(book, "freeze", advertiser, "available", "frozen", run_id)


def _move(book: Book, kind: str, advertiser: int, source: str, to: str, run_id: str) -> None:
    amount = book.balances.of(advertiser, source)
    if amount > 0:
        subject = Subject(advertiser, name=run_id)
        moves = {source: -amount, to: amount}
        book.enter(Entry(entry_id(kind, subject), kind, subject, amount, "四(三)", "", moves))
