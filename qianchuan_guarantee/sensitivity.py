"""What each open question is worth: for every alternative reading of the register, the plans and
the money that it would change on these exports.

The logs are read once. Everything that is read from them is the same under every reading; only
what comes after is carried out again, once for each alternative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.decide import Decided, Question, decide, total_granted
from qianchuan_guarantee.errors import InvariantError
from qianchuan_guarantee.rulebook import REGISTER
from qianchuan_guarantee.what_if import Tell, decide_again, say_nothing

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from qianchuan_guarantee.engines.duckdb import DuckDB

_STAKES = 5  # plans told of for each alternative


@dataclass(frozen=True)
class Stake:
    """A plan that an alternative changes. Amounts in yuan."""

    ad_id: int
    advertiser_id: int | None
    outcome_before: str
    outcome_after: str
    amount_before: Decimal
    amount_after: Decimal

    @property
    def amount_change(self) -> Decimal:
        return self.amount_after - self.amount_before


@dataclass(frozen=True)
class Alternative:
    """Another reading: plans whose outcome or amount it changes, what would be granted in all
    (yuan), and some of those plans, those with the most money at stake first."""

    id: str
    choice: str
    plans_changed: int
    amount: Decimal
    amount_change: Decimal
    stakes: Sequence[Stake]


@dataclass(frozen=True)
class Sensitivity:
    """`amount`: granted by the readings in use, yuan."""

    question: Question
    plan_count: int
    amount: Decimal
    alternatives: Sequence[Alternative]


def sensitivity(question: Question, engine: DuckDB, tell: Tell = say_nothing) -> Sensitivity:
    """Decide by the readings in use, and then by each alternative."""
    return sensitivity_of(decide(question, engine, tell), engine, tell)


def sensitivity_of(decided: Decided, engine: DuckDB, tell: Tell = say_nothing) -> Sensitivity:
    """The same of what was decided already; its tables say the last alternative in the end."""
    question = decided.question
    told = decided.decisions.select("ad_id", "advertiser_id", "outcome", "amount")
    before = engine.snapshot(told)
    amount = total_granted(engine, before)
    found = []
    for key, choice in alternatives(question):
        tell("p_alternative", id=key, choice=choice)
        readings = {**question.readings, key: choice}
        decide_again(decided, engine, replace(question, readings=readings))
        found.append(_alternative(key, choice, before, told, amount, engine))
    return Sensitivity(question, decided.plan_count, amount, found)


def alternatives(question: Question) -> list[tuple[str, str]]:
    """Every choice of the register that is not in use, in every version that is asked."""
    in_use = [book.read(question.readings) for book in question.books]
    return [
        (key, choice)
        for key, choices in REGISTER.items()
        for choice in choices
        if any(readings[key] != choice for readings in in_use)
    ]


def _alternative(
    key: str, choice: str, before: Table, told: Table, amount: Decimal, engine: DuckDB
) -> Alternative:
    after = engine.snapshot(
        told.select("ad_id", outcome_after=told.outcome, amount_after=told.amount)
    )
    both = before.join(after, "ad_id")
    differs = (both.outcome != both.outcome_after) | (both.amount != both.amount_after)
    changed = both.filter(differs)
    change = (changed.amount_after - changed.amount).cast("decimal(18, 2)")
    largest = changed.order_by([change.abs().desc(), changed.ad_id]).limit(_STAKES)
    sums: dict[str, Any] = engine.arrow(
        changed.agg(plans=changed.count(), change=change.sum())
    ).to_pylist()[0]
    moved = sums["change"] or Decimal("0.00")
    total = total_granted(engine, after.select(amount=after.amount_after))
    if total != amount + moved:
        raise InvariantError(f"{key}={choice}: {total} yuan in all, not {amount} + {moved}")
    stakes = [
        Stake(
            row["ad_id"],
            row["advertiser_id"],
            row["outcome"],
            row["outcome_after"],
            row["amount"],
            row["amount_after"],
        )
        for row in engine.arrow(largest).to_pylist()
    ]
    return Alternative(key, choice, sums["plans"], total, moved, stakes)
