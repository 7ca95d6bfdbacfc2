"""Reconciling, in its order: the platform's files, our side, classes, causes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from qianchuan_guarantee.decide import Decided, Question, decide
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.reconcile import ours as own
from qianchuan_guarantee.reconcile import platform
from qianchuan_guarantee.reconcile.causes import Fit, weigh
from qianchuan_guarantee.reconcile.classes import Ours, Reconciled, classify, reconciled
from qianchuan_guarantee.reconcile.platform import Platform
from qianchuan_guarantee.reconcile.totals import Totals, totals
from qianchuan_guarantee.rulebook import Rulebook
from qianchuan_guarantee.what_if import Tell, say_nothing

if TYPE_CHECKING:
    from qianchuan_guarantee.engines.duckdb import DuckDB


@dataclass(frozen=True)
class Asked:
    """What is held against the platform's `files`: what is decided of exports (`question`), or
    where the plans of a `store` stand; with both, the exports are asked for causes only. `as_of`:
    the morning that the calendar is read on."""

    files: Sequence[Path]
    as_of: date
    books: Sequence[Rulebook]
    question: Question | None
    store: Store | None = None


@dataclass(frozen=True)
class Found:
    """`reconciled`: null where the files say nothing of the guarantee; `totals`: null where they
    hold no report. `readings`: those that explain a difference. `has_exports`: were the causes
    tried on exports? `left`: kinds of the platform's pages that were not asked."""

    as_of: date
    reconciled: Reconciled | None
    totals: Totals | None
    readings: Sequence[Fit]
    has_exports: bool
    left: Sequence[str]
    books: Sequence[Rulebook]


def compare(asked: Asked, engine: DuckDB | None, tell: Tell = say_nothing) -> Found:
    """Hold the two sides against each other; `engine` where there are exports."""
    tell("p_platform")
    theirs = platform.read(asked.files)
    _asks_something(theirs, asked)
    decided = None
    if asked.question is not None and engine is not None:
        decided = decide(asked.question, engine, tell)
    found = Found(asked.as_of, None, None, (), decided is not None, theirs.left, asked.books)
    if theirs.statement is not None:
        ours = _ours(asked, decided)
        lines = classify(ours, theirs.statement, asked.as_of)
        weighed = weigh(lines, decided, engine, tell)
        made = reconciled(ours, theirs.statement, asked.as_of, weighed.lines)
        found = replace(found, reconciled=made, readings=weighed.readings)
    if theirs.reported and decided is not None:
        found = replace(found, totals=totals(decided, theirs.reported))
    return found


def _asks_something(theirs: Platform, asked: Asked) -> None:
    files = ", ".join(map(str, asked.files))
    if theirs.statement is None and not theirs.reported:
        raise UserError(
            f"{files}: {', '.join(theirs.left) or 'no rows'}; expected compensate_status pages, "
            "their history by day, a workbook of payments, or the daily report"
        )
    if theirs.statement is None and asked.question is None:
        raise UserError(
            f"{files}: the report is held against the logs, and a store has none; give "
            "--exports EXPORTS"
        )


def _ours(asked: Asked, decided: Decided | None) -> dict[int, Ours]:
    of_logs = own.of_decided(decided) if decided is not None else {}
    if asked.store is None:
        return of_logs
    of_store = own.of_store(asked.store, asked.books)
    return {
        plan: replace(mine, facts=of_logs[plan].facts) if plan in of_logs else mine
        for plan, mine in of_store.items()
    }
