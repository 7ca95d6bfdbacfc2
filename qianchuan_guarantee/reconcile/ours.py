"""Our side: what was decided of exports, or where the plans of a store stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.ledger import schema
from qianchuan_guarantee.ledger.store import Store, as_rows
from qianchuan_guarantee.reconcile.classes import ZERO, Facts, Ours

if TYPE_CHECKING:
    from qianchuan_guarantee.decide import Decided
    from qianchuan_guarantee.rulebook import Rulebook

_OWN = ("ad_id", "advertiser_id", "outcome", "reasons", "amount", "settle_on")
_FACTS = ("first_delivery_at", "window_end", "cost", "target_cost", "conversions")
COLUMNS = (*_OWN, "compensate_status", *_FACTS, "conversions_required")


def of_decided(decided: Decided) -> dict[int, Ours]:
    """Every plan of the exports."""
    rows = decided.engine.arrow(decided.decisions.select(*COLUMNS)).to_pylist()
    return {row["ad_id"]: of_decision(row) for row in rows}


def of_decision(row: Mapping[str, Any]) -> Ours:
    return Ours(
        ad_id=row["ad_id"],
        advertiser_id=row["advertiser_id"],
        outcome=row["outcome"],
        status=row["compensate_status"],
        reasons=tuple(row["reasons"]),
        amount=row["amount"],
        settle_on=row["settle_on"],
        facts=Facts(*(row[name] for name in (*_FACTS, "conversions_required"))),
    )


def last_night(store: Store) -> date:
    """The morning of the last night; UserError where there was none."""
    with store.reading() as connection:
        found = connection.execute(sa.select(sa.func.max(schema.runs.c.as_of))).scalar()
    if found is None:
        raise UserError(f"{store}: no night has been run yet")
    day: date = found
    return day


def of_store(store: Store, books: Sequence[Rulebook]) -> dict[int, Ours]:
    """Every plan of the ledger. `books`: say when a cycle is settled; of plans decided by another
    rulebook it is not known when a grant was due."""
    days = {book.id: book.window.natural_days + book.cycle.backflow_days for book in books}
    table = schema.plans
    names = ("ad_id", "advertiser_id", "outcome", "status", "reasons", "rulebook", "cycle_on")
    columns = [table.c[name] for name in (*names, "decided_fen", "issued_fen")]
    with store.reading() as connection:
        rows = as_rows(connection, sa.select(*columns).order_by(table.c.ad_id))
    return {row["ad_id"]: _of_row(row, days) for row in rows}


def _of_row(row: Mapping[str, Any], days: Mapping[str, int]) -> Ours:
    """四(五): `PAID` has been issued; `CONFIRMING` with an amount was decided and waits."""
    is_waiting = row["status"] == "CONFIRMING" and bool(row["decided_fen"])
    fen = row["decided_fen"] if is_waiting else row["issued_fen"] if row["status"] == "PAID" else 0
    length, day0 = days.get(row["rulebook"]), row["cycle_on"]
    is_dated = length is not None and day0 is not None
    return Ours(
        ad_id=row["ad_id"],
        advertiser_id=row["advertiser_id"],
        outcome=row["outcome"],
        status=row["status"],
        reasons=tuple(code for code in row["reasons"].split(",") if code),
        amount=Decimal(fen).scaleb(-2) if fen else ZERO,
        settle_on=day0 + timedelta(days=length or 0) if is_dated else None,
        is_waiting=is_waiting,
    )
