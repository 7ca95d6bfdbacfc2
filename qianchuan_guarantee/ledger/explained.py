"""What a store can explain without the logs: each run leaves the tables that explanations read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from qianchuan_guarantee.digests import sha256
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.explain import Explanation, Found, explained
from qianchuan_guarantee.exports.quarantine import quarantine_schema, quarantined_rows
from qianchuan_guarantee.ledger import acts, memory, schema
from qianchuan_guarantee.ledger.files import rows_of
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.rulebook import Rulebook, load_canonical
from qianchuan_guarantee.tables import LOGS, decisions_schema
from qianchuan_guarantee.vocabulary import REASONS, Language
from qianchuan_guarantee.write import Sheet

if TYPE_CHECKING:
    from pathlib import Path

    from qianchuan_guarantee.decide import Decided

# Table of a decision → what its rows are ordered by: the same rows give the same bytes.
_KEPT = {
    "facts": ("ad_id",),
    "by_bid": ("ad_id", "bid"),
    "bid_steps": ("ad_id", "create_time", "old_bid", "bid_after"),
    "operations": ("ad_id", "create_time", "log_id", "operation", "old_value", "new_value"),
}
_TOLD = frozenset(f"has_{code}" for code in REASONS)  # `reasons` says them all


def sheets(decided: Decided, folder: Path) -> list[Sheet]:
    """What a run leaves of its decisions: them, the rows it refused, what `explain_stored` reads.
    The same inputs give the same bytes."""
    engine = decided.engine
    refused = quarantined_rows(
        decided.export.folder,
        decided.checked,
        decided.stages["cycles"],
        decided.question.as_of,
        engine,
    )
    found = [
        Sheet(
            engine.batches(decided.decisions),
            decisions_schema(),
            folder / "decisions.parquet",
            decided.plan_count,
        ),
        Sheet(refused.to_batches(), quarantine_schema(), folder / "quarantine.parquet"),
    ]
    for name, keys in _KEPT.items():
        table = decided.stages[name]
        rows = table.select([c for c in table.columns if c not in _TOLD]).order_by(list(keys))
        found.append(memory.sheet(engine, rows, folder / f"{name}.parquet"))
    return found


def last_decided(store: Store, ad_id: int, by: date | None = None) -> str:
    """The run that decided a plan last (by the morning of a day); UserError where none did."""
    table = schema.runs
    query = sa.select(table.c.run_id).order_by(table.c.number.desc())
    if by is not None:
        query = query.where(table.c.as_of <= by)
    with store.reading() as connection:
        runs: list[str] = list(connection.execute(query).scalars())
    for run_id in runs:
        if _rows(store, run_id, "decisions", ad_id):
            return run_id
    until = f" by {by}" if by else ""
    raise UserError(f"plan {ad_id}: no night of {store} decided it{until}")


def explain_stored(
    store: Store, ad_id: int, by: date | None, lang: Language
) -> tuple[str, Explanation]:
    """The run that decided a plan last (by the morning of a day), and its explanation, by the
    rulebook of that night. UserError where no run did."""
    run_id = last_decided(store, ad_id, by)
    decision = _rows(store, run_id, "decisions", ad_id)[0]
    manifest = _manifest(store, run_id)
    books = books_of(store, run_id, manifest)
    found = _found(store, run_id, decision, manifest, manifest["days"])
    return run_id, explained(found, books, lang)


def _manifest(store: Store, run_id: str) -> dict[str, Any]:
    """A run's manifest, as the chain knows it: by a changed one, anything could be explained."""
    content = store.read(run_id, "manifest.json") or b""
    asked = sa.select(schema.runs.c.manifest_sha256).where(schema.runs.c.run_id == run_id)
    with store.reading() as connection:
        right = connection.execute(asked).scalar()
    if sha256(content) != right:
        raise UserError(f"{store}: runs/{run_id}/manifest.json is not what the run left")
    return acts.document_of(content, f"{store}: runs/{run_id}/manifest.json")


def _found(
    store: Store,
    run_id: str,
    decision: dict[str, Any],
    manifest: dict[str, Any],
    days: dict[str, list[str]],
) -> Found:
    kept = {name: _rows(store, run_id, name, decision["ad_id"]) for name in (*_KEPT, "quarantine")}
    return Found(
        decision=decision,
        facts=kept["facts"][0],
        by_bid=kept["by_bid"],
        bid_steps=kept["bid_steps"],
        operations=kept["operations"],
        refused=kept["quarantine"],
        has_conversions=any(each["table"] == "conversions" for each in manifest["inputs"]),
        log_days={
            name: {date.fromisoformat(d) for d in days[name]} for name in LOGS if name in days
        },
    )


def _rows(store: Store, run_id: str, name: str, ad_id: int) -> list[dict[str, Any]]:
    found = rows_of(store, run_id, f"{name}.parquet", ad_id)
    if found is None:
        raise UserError(f"{store}: run {run_id} has no {name}.parquet; it was damaged")
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def books_of(store: Store, run_id: str, manifest: Mapping[str, Any]) -> list[Rulebook]:
    """The rulebooks that a run decided by, as it kept them."""
    books = []
    for each in manifest["rulebooks"]:
        name = f"rulebook-{each['id'].partition('@')[2]}.json"
        content = store.read(run_id, name)
        if content is None:
            raise UserError(f"{store}: runs/{run_id}/{name} is gone")
        if sha256(content) != each["digest"]:
            raise UserError(f"{store}: runs/{run_id}/{name} is not what the run decided by")
        books.append(load_canonical(content))
    return books
