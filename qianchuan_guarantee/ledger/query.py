"""What the ledger shows: entries, balances, a plan's history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.ledger import schema
from qianchuan_guarantee.ledger.store import Store, as_rows

_SHOWN = (
    *("entry_id", "kind", "purpose", "ad_id", "advertiser_id", "run_id", "clause"),
    *("corrects", "correction", "rulebook", "rulebook_sha256", "why", "by"),
)


def yuan(fen: int) -> str:
    """Fen as yuan: -1234 → -12.34."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def entry_document(row: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as `--json` prints it (data.md, What programs may rely on)."""
    cycle = row["cycle_on"]
    return {name: row[name] for name in _SHOWN} | {
        "amount": yuan(row["amount_fen"]),
        "cycle_on": cycle.isoformat() if cycle else None,
        "at": row["at"].isoformat(timespec="seconds"),
    }


def entries(
    store: Store, *, kind: str | None = None, plan: int | None = None, waiting: bool = False
) -> list[dict[str, Any]]:
    """Entries in the order in which they were made; `waiting`: proposals without an answer."""
    table = schema.entries
    query = sa.select(table).order_by(table.c.number)
    if kind is not None:
        query = query.where(table.c.kind == kind)
    if plan is not None:
        query = query.where(table.c.ad_id == plan)
    if waiting:
        waits = sa.select(schema.plans.c.waiting_entry).where(
            schema.plans.c.waiting_entry.is_not(None)
        )
        query = query.where(table.c.entry_id.in_(waits))
    with store.reading() as connection:
        return [entry_document(row) for row in as_rows(connection, query)]


def entry(store: Store, entry_id: str) -> dict[str, Any]:
    """One entry with what it moved, and what answers it."""
    table, moves = schema.entries, schema.postings
    with store.reading() as connection:
        rows = as_rows(connection, sa.select(table).where(table.c.entry_id == entry_id))
        if not rows:
            raise UserError(f"{entry_id}: no such entry; `qcg ledger list` shows them")
        postings = as_rows(connection, sa.select(moves).where(moves.c.entry_id == entry_id))
        answer = connection.execute(
            sa.select(table.c.entry_id).where(table.c.corrects == entry_id)
        ).scalar()
    return entry_document(rows[0]) | {
        "postings": [
            {"account": row["account"], "amount": yuan(row["amount_fen"])} for row in postings
        ],
        "answered_by": answer,
    }


def balances(store: Store) -> list[dict[str, Any]]:
    """Each advertiser's balances, yuan; `receivable` is what it owes."""
    table = schema.balances
    with store.reading() as connection:
        rows = as_rows(connection, sa.select(table).order_by(table.c.advertiser_id))
    by_advertiser: dict[int, dict[str, int]] = {}
    for row in rows:
        by_advertiser.setdefault(row["advertiser_id"], {})[row["account"]] = row["amount_fen"]
    return [
        {
            "advertiser_id": advertiser,
            **{
                name: yuan(accounts.get(name, 0))
                for name in ("proposed", "available", "frozen", "used", "recovered")
            },
            "receivable": yuan(-accounts.get("receivable", 0)),
        }
        for advertiser, accounts in by_advertiser.items()
    ]


def history(store: Store, plan: int) -> list[dict[str, Any]]:
    """四(五): a plan's statuses, the first one first."""
    table = schema.statuses
    query = sa.select(table).where(table.c.ad_id == plan).order_by(table.c.act)
    with store.reading() as connection:
        rows = as_rows(connection, query)
    told = ("status", "outcome", "reasons", "decided_fen")
    pairs = zip([None, *rows], rows, strict=False)
    return [
        {
            "at": row["at"].isoformat(timespec="seconds"),
            "run_id": row["run_id"],
            "compensate_status": row["status"],
            "outcome": row["outcome"],
            "reasons": [code for code in row["reasons"].split(",") if code],
            "amount": yuan(row["decided_fen"] or 0),
        }
        for before, row in pairs
        if before is None or any(before[name] != row[name] for name in told)
    ]


def of_plan(store: Store, plan: int) -> dict[str, list[dict[str, Any]]]:
    """What the ledger has of a plan: `statuses` and `entries`, the first one first."""
    return {"statuses": history(store, plan), "entries": entries(store, plan=plan)}
