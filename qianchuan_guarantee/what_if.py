"""What if: the same exports by another reading, another number, another rulebook; which plans
change outcome or amount, from what to what, and which clause or operand did it.

The exports are read once. The rule is then put to the same plans again, by the statements that
decided them, and the two answers are held against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import ibis

from qianchuan_guarantee.because import COLUMNS, OF_RULES, Cause, causes
from qianchuan_guarantee.decide import Decided, Question, decide, decide_checked
from qianchuan_guarantee.errors import InvariantError, UsageError
from qianchuan_guarantee.parameters import parameters
from qianchuan_guarantee.rulebook import Rulebook
from qianchuan_guarantee.supposed import Edit, edited
from qianchuan_guarantee.vocabulary import REASONS

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from qianchuan_guarantee.engines.duckdb import DuckDB

Row = dict[str, Any]
Tell = Callable[..., None]
_SHOWN = ("advertiser_id", "scenario", "outcome", "amount", "reasons")
_ZERO = Decimal("0.00")


def say_nothing(key: str, **words: object) -> None:
    pass


@dataclass(frozen=True)
class Otherwise:
    """What is asked otherwise. `words`: as it was asked, one each. `books`: the rulebooks with
    what is set in them; None: those of the question. `edits`: of the one plan that is asked for
    by name."""

    words: Sequence[str] = ()
    readings: Mapping[str, str] = field(default_factory=dict)
    books: Sequence[Rulebook] | None = None
    edits: Sequence[Edit] = ()


@dataclass(frozen=True)
class Changed:
    """A plan whose outcome or amount (yuan) is another, and why. `facts_before` and
    `facts_after`: `because.COLUMNS`."""

    ad_id: int
    advertiser_id: int | None
    scenario: str | None
    outcome_before: str
    outcome_after: str
    amount_before: Decimal
    amount_after: Decimal
    reasons_before: Sequence[str]
    reasons_after: Sequence[str]
    because: Sequence[Cause]


@dataclass(frozen=True)
class Money:
    """Of one outcome, scenario or advertiser: plans that are granted or (of an outcome) are in it,
    and yuan."""

    plans_before: int = 0
    plans_after: int = 0
    amount_before: Decimal = _ZERO
    amount_after: Decimal = _ZERO

    @property
    def amount_change(self) -> Decimal:
        return self.amount_after - self.amount_before

    @property
    def is_same(self) -> bool:
        return self.plans_before == self.plans_after and not self.amount_change


@dataclass(frozen=True)
class WhatIf:
    """The two answers beside each other. `held`: of those plans that were asked for by name, the
    reasons that hold them: their facts are not known. `other_facts`: plans whose outcome and
    amount stand, though something that was asked of them is another. `is_another_rule`: false
    where what is asked is what holds already."""

    question: Question
    otherwise: Otherwise
    changed: Sequence[Changed]
    by_outcome: Mapping[str, Money]
    by_scenario: Mapping[str | None, Money]
    by_advertiser: Mapping[int | None, Money]
    plan_count: int
    other_facts: int
    is_another_rule: bool
    held: Mapping[int, Sequence[str]]

    @cached_property
    def total(self) -> Money:
        """All plans, yuan."""
        each = self.by_outcome.values()
        return Money(
            sum(money.plans_before for money in each),
            sum(money.plans_after for money in each),
            sum((money.amount_before for money in each), _ZERO),
            sum((money.amount_after for money in each), _ZERO),
        )


class Asking:
    """Exports decided once, to be asked what if again and again."""

    def __init__(self, question: Question, engine: DuckDB, tell: Tell = say_nothing) -> None:
        self.engine = engine
        self.decided = decide(question, engine, tell)
        compared = _compared(self.decided)
        self._before, self._after = engine.snapshot(compared), engine.keep(compared)
        self._both = engine.view(_beside(self._before, self._after))

    def ask(self, otherwise: Otherwise) -> WhatIf:
        """Decide again otherwise, and compare plan by plan."""
        question = self.decided.question
        asked = replace(
            question,
            readings={**question.readings, **otherwise.readings},
            books=question.books if otherwise.books is None else otherwise.books,
        )
        if otherwise.edits and len(question.plans) != 1:
            word = otherwise.edits[0].word
            raise UsageError(f"--set {word}: of which plan? Give one --plan AD_ID")
        if not otherwise.edits:
            decide_again(self.decided, self.engine, asked)
            return self._compare(self._both, self._after, otherwise, asked)
        again = self._with_edits(asked, otherwise.edits)
        after = self.engine.snapshot(_compared(again))
        return self._compare(_beside(self._before, after), after, otherwise, asked)

    def _with_edits(self, asked: Question, edits: Sequence[Edit]) -> Decided:
        """The plan's rows, edited, through the same stages."""
        decided = self.decided
        if not decided.export.has_conversions and any(e.table == "conversions" for e in edits):
            raise UsageError(
                "--set plan.conversions: these exports have no conversions table; conversions are "
                "known per slice only"
            )
        (plan,) = decided.question.plans
        rows = edited(decided.checked, plan, edits, self.engine)
        return decide_checked(asked, self.engine, decided.export, rows)

    def _compare(self, both: Table, after: Table, otherwise: Otherwise, asked: Question) -> WhatIf:
        engine, question, before = self.engine, self.decided.question, self._before
        others = _count(engine, both.filter(~both.is_changed & ~both.is_alike))
        if _count(engine, both) != self.decided.plan_count:
            raise InvariantError(f"not all of {self.decided.plan_count} plans were decided again")
        changed = engine.arrow(both.filter(both.is_changed).order_by("ad_id")).to_pylist()
        new, old = (parameters(each.books, each.readings) for each in (asked, question))
        found = WhatIf(
            question=question,
            otherwise=otherwise,
            changed=[_changed(row) for row in changed],
            by_outcome=_money(before, after, "outcome", engine),
            by_scenario=_money(before, after, "scenario", engine),
            by_advertiser=_money(before, after, "advertiser_id", engine),
            plan_count=self.decided.plan_count,
            other_facts=others,
            is_another_rule=new != old or bool(otherwise.edits),
            held=_held(question.plans, before, engine),
        )
        moved = sum((each.amount_after - each.amount_before for each in found.changed), _ZERO)
        if moved != found.total.amount_change:
            raise InvariantError(
                f"plans change by {moved} yuan, all of them by {found.total.amount_change}"
            )
        return found


def what_if(
    question: Question, otherwise: Otherwise, engine: DuckDB, tell: Tell = say_nothing
) -> WhatIf:
    """What changes on these exports if the rule is another one."""
    if otherwise.edits and len(question.plans) != 1:
        word = otherwise.edits[0].word
        raise UsageError(f"--set {word}: of which plan? Give one --plan AD_ID")
    asking = Asking(question, engine, tell)
    tell("p_again")
    return asking.ask(otherwise)


def decide_again(decided: Decided, engine: DuckDB, asked: Question) -> None:
    """Put other rulebooks or readings to the plans of `decided`, whose tables say the new answer
    from now on; no log is read."""
    new = vars(parameters(asked.books, asked.readings))
    there = {name: engine.arrow(table).to_pylist() for name, table in decided.rules.items()}
    changed = {name: rows for name, rows in new.items() if rows.rows != there[name]}
    engine.put({decided.rules[name]: rows for name, rows in changed.items()})


def _compared(decided: Decided) -> Table:
    versions = decided.rules["versions"].select("rulebook", "in_force_from", "in_force_until")
    facts = decided.stages["facts"].join(versions, "rulebook")
    names = dict.fromkeys(("ad_id", *_SHOWN, *COLUMNS))
    told = decided.decisions.select("ad_id", _scenario="scenario", _amount="amount")
    joined = facts.select(*names).join(told, "ad_id")
    # As decisions say them: a plan that is not covered has no scenario.
    return joined.mutate(scenario=joined._scenario, amount=joined._amount).drop(
        "_scenario", "_amount"
    )


def _beside(before: Table, after: Table) -> Table:
    """Plan → its columns, those of the other answer (`…_after`), `is_changed` in outcome or
    amount, `is_alike` in all that is compared."""
    names = [name for name in before.columns if name != "ad_id"]
    both = before.join(after.rename({f"{name}_after": name for name in names}), "ad_id")
    alike = {name: both[name].identical_to(both[f"{name}_after"]) for name in names}
    return both.mutate(
        is_changed=~(alike["outcome"] & alike["amount"]),
        is_alike=ibis.and_(*(same for name, same in alike.items() if name not in OF_RULES)),
    )


def _count(engine: DuckDB, rows: Table) -> int:
    return int(engine.arrow(rows.agg(n=rows.count()))["n"][0].as_py())


def _changed(row: Row) -> Changed:
    after = {name: row[f"{name}_after"] for name in row if f"{name}_after" in row}
    before = {name: row[name] for name in after}
    return Changed(
        ad_id=row["ad_id"],
        advertiser_id=after["advertiser_id"],
        scenario=after["scenario"] or before["scenario"],
        outcome_before=before["outcome"],
        outcome_after=after["outcome"],
        amount_before=before["amount"],
        amount_after=after["amount"],
        reasons_before=before["reasons"],
        reasons_after=after["reasons"],
        because=causes(before, after),
    )


def _money(before: Table, after: Table, name: str, engine: DuckDB) -> dict[Any, Money]:
    """By one column: the plans of each outcome; else the granted ones of each."""
    found: dict[Any, dict[str, Any]] = {}
    for side, table in (("before", before), ("after", after)):
        granted = table if name == "outcome" else table.filter(table.outcome == "granted")
        sums = granted.group_by(name).agg(plans=granted.count(), amount=granted.amount.sum())
        for row in engine.arrow(sums).to_pylist():
            each = found.setdefault(row[name], {})
            each |= {f"plans_{side}": row["plans"], f"amount_{side}": row["amount"]}
    order = sorted(found, key=lambda key: (key is None, key))
    return {key: Money(**found[key]) for key in order}


def _held(plans: Sequence[int], before: Table, engine: DuckDB) -> dict[int, list[str]]:
    """Of the plans asked for by name, what holds those that are held."""
    if not plans:
        return {}
    rows = before.filter(before.outcome.isin(("held", "open"))).select("ad_id", "reasons")
    found = {row["ad_id"]: row["reasons"] for row in engine.arrow(rows).to_pylist()}
    holding = {
        plan: [code for code in codes if REASONS[code].kind == "held"]
        for plan, codes in found.items()
    }
    return {plan: codes for plan, codes in sorted(holding.items()) if codes}
