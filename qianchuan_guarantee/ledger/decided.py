"""Entries held against the decisions that they come from: nothing is proposed, and so nothing
issued, that no night decided."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from qianchuan_guarantee.ledger import schema
from qianchuan_guarantee.ledger.files import table_of
from qianchuan_guarantee.ledger.query import yuan
from qianchuan_guarantee.ledger.settle import SETTLED
from qianchuan_guarantee.ledger.store import Store

_SIGNS = {"issued": 1, "supplement": 1, "claw_back": -1}
_AT_ONCE = 10_000


def decision_problems(store: Store) -> list[str]:
    """Where an entry of a night is not what the night's decisions say, or a night's entries are
    not those of its summary. Entry by entry, in the order in which they were made."""
    table, found = schema.entries, []
    balance = _Issued()
    with store.reading() as connection:
        query = sa.select(schema.runs.c.run_id, schema.runs.c.summary)
        summaries = {row[0]: json.loads(row[1]) for row in connection.execute(query)}
        rows = connection.execution_options(yield_per=_AT_ONCE).execute(
            sa.select(table).order_by(table.c.number)
        )
        for run_id, group in groupby(rows.mappings(), key=lambda row: row["run_id"]):
            entries = [dict(row) for row in group]
            if run_id is None:  # by people
                balance.move(entries)
            elif run_id in summaries:
                found += _night(store, run_id, summaries.pop(run_id), entries, balance)
            else:
                found.append(f"run {run_id}: has entries, and is no run or has them in two places")
        silent = [run for run, said in summaries.items() if any(said["entries"].values())]
    return found + [f"run {run}: its entries are gone" for run in silent]


class _Issued:
    """What was issued for each plan so far, in fen. `taken`: plans that people took back from."""

    def __init__(self) -> None:
        self.fen: Counter[int] = Counter()
        self.taken: set[int] = set()

    def move(self, entries: Sequence[Mapping[str, Any]]) -> None:
        for row in entries:
            self.fen[row["ad_id"]] += _SIGNS.get(row["kind"], 0) * row["amount_fen"]
            if row["run_id"] is None and row["purpose"] == "claw_back":
                self.taken.add(row["ad_id"])


def _night(
    store: Store,
    run_id: str,
    summary: Mapping[str, Any],
    entries: Sequence[Mapping[str, Any]],
    balance: _Issued,
) -> list[str]:
    proposals = [row for row in entries if row["kind"] == "proposed"]
    answers = _decisions(store, run_id, [row["ad_id"] for row in proposals])
    if answers is None:
        return [f"run {run_id}: decisions.parquet is gone"]
    found = []
    for row in proposals:
        wrong = _wrong(store, row, answers[row["ad_id"]], balance)
        if wrong:
            found.append(f"{row['entry_id']}: {wrong}")
    balance.move(entries)
    counts = Counter(row["kind"] for row in entries)
    if counts != summary["entries"]:
        found.append(f"run {run_id}: entries {dict(counts)}, its summary says {summary['entries']}")
    sums = Counter[str]()
    for row in entries:
        sums[row["kind"]] += row["amount_fen"]
    for name, fen in (
        ("proposed", sums["proposed"]),
        ("issued", sums["issued"] + sums["supplement"]),
        ("refused", sums["refused"]),
        ("recovered", sums["claw_back"]),
    ):
        if yuan(fen) != summary[name]:
            found.append(f"run {run_id}: {name} {yuan(fen)}, its summary says {summary[name]}")
    return found


def _wrong(
    store: Store,
    row: Mapping[str, Any],
    answers: Sequence[Mapping[str, Any]],
    balance: _Issued,
) -> str:
    """What does not fit of a proposal; empty: it is the difference between what the night decided
    and what was issued before."""
    plan = row["ad_id"]
    wanted = balance.fen[plan] + row["amount_fen"]
    if len(answers) > 1:
        return f"plan {plan} has {len(answers)} decisions"
    if row["clause"] == "四(一)" and not wanted:  # a verdict needs no decision
        return ""
    if not answers or answers[0]["outcome"] not in SETTLED:
        # A verdict that was lifted: what was decided on an earlier night is owed again.
        return "" if _was_decided(store, plan, row["run_id"]) else f"plan {plan} has no decision"
    decided = int(answers[0]["amount"] * 100)
    if wanted == decided or (plan in balance.taken and wanted < decided):
        return ""
    return f"comes to {yuan(wanted)} yuan with what was issued, decided were {yuan(decided)}"


def _was_decided(store: Store, plan: int, before: str) -> bool:
    runs = schema.runs
    this = sa.select(runs.c.number).where(runs.c.run_id == before).scalar_subquery()
    with store.reading() as connection:
        query = sa.select(runs.c.run_id).where(runs.c.number < this).order_by(runs.c.number.desc())
        earlier = list(connection.execute(query).scalars())
    answers = ((_decisions(store, run_id, [plan]) or {}).get(plan) for run_id in earlier)
    return any(rows and rows[0]["outcome"] in SETTLED for rows in answers)


def _decisions(
    store: Store, run_id: str, plans: Sequence[int]
) -> dict[int, list[dict[str, Any]]] | None:
    """The decisions of some plans, each plan's in a list; None where the file is gone."""
    import pyarrow as pa
    import pyarrow.compute as pc

    content = store.read(run_id, "decisions.parquet")
    if content is None:
        return None
    columns = ["ad_id", "outcome", "amount"]
    table = table_of(content, columns)
    some = table.filter(pc.is_in(table["ad_id"], value_set=pa.array(plans, pa.int64())))
    found: dict[int, list[dict[str, Any]]] = {plan: [] for plan in plans}
    for row in some.to_pylist():
        found[row["ad_id"]].append(row)
    return found
