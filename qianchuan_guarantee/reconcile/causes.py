"""What a difference most likely comes from: tried, not guessed.

Every other reading of the register is put to the same plans; one is told of where the platform's
figure is exactly what it gives. The same with what the platform may have counted and the rule does
not (rows that came late), or may not have counted yet (the backflow day). The rest is what both
sides state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.reconcile.classes import ZERO, Line, Ours, Theirs
from qianchuan_guarantee.reconcile.late import VARIANTS, decided_with
from qianchuan_guarantee.reconcile.ours import COLUMNS, of_decision
from qianchuan_guarantee.sensitivity import alternatives
from qianchuan_guarantee.vocabulary import CHEATING
from qianchuan_guarantee.what_if import Tell, decide_again

if TYPE_CHECKING:
    from qianchuan_guarantee.decide import Decided
    from qianchuan_guarantee.engines.duckdb import DuckDB

# Where our answer and theirs are both there and differ for another reason than time.
_WEIGHED = ("paid_less", "paid_more", "paid_unexpected", "denied", "status_differs")
_MOST_TIMES = 5


@dataclass(frozen=True)
class Cause:
    """`what`: the sentence; `words`: what is filled in. of_reading: (id, choice)."""

    what: str
    words: Mapping[str, Any] = field(default_factory=dict)
    of_reading: tuple[str, str] | None = None


@dataclass(frozen=True)
class Fit:
    """What another reading does: `explained`, plans that differ now and would agree; `broken`,
    plans that agree now and would differ. amount: Σ |difference| of those explained, yuan."""

    id: str
    choice: str
    explained: Sequence[int]
    broken: Sequence[int]
    amount: Decimal

    @property
    def is_likely(self) -> bool:
        """One that breaks more than it explains fits by chance."""
        return len(self.broken) <= len(self.explained)

    @property
    def likelihood(self) -> tuple[int, int]:
        """One reading for many differences is likelier than many readings for one each."""
        return (len(self.explained) - len(self.broken), len(self.explained))


@dataclass(frozen=True)
class Weighed:
    """The lines with their causes, and the readings that explain any, the likeliest first."""

    lines: Sequence[Line]
    readings: Sequence[Fit]


def fits(theirs: Theirs, ours: Ours) -> bool:
    """Is the platform's figure what ours says? A status that is not stated fits any."""
    if theirs.is_paid:
        return ours.is_yes and theirs.amount in (None, ours.amount)
    return not ours.is_yes and theirs.status in (None, ours.status)


def weigh(
    lines: Sequence[Line], decided: Decided | None, engine: DuckDB | None, tell: Tell
) -> Weighed:
    """Find the causes of all differences. Without exports (`decided` null), those that need no
    logs."""
    asked = {line.ad_id: line for line in lines if line.kind in _WEIGHED}
    readings: list[Fit] = []
    variants: dict[int, list[str]] = {}
    if decided is not None and engine is not None and asked:
        agreeing = {line.ad_id: line for line in lines if line.kind == "agree" and line.theirs}
        readings = _readings(decided, engine, asked, agreeing, tell)
        explained = {plan for fit in readings if fit.is_likely for plan in fit.explained}
        open_ones = [asked[plan] for plan in asked if plan not in explained]
        variants = _variants(decided, engine, open_ones, tell)
    order = sorted(readings, key=lambda fit: fit.likelihood, reverse=True)
    by_plan: dict[int, list[Fit]] = {}
    for fit in order:
        for plan in fit.explained:
            by_plan.setdefault(plan, []).append(fit)
    found = []
    for line in lines:
        causes: list[Cause] = []
        if line.kind != "agree":
            fitting = by_plan.get(line.ad_id, ())
            likely = [_of_reading(fit) for fit in fitting if fit.is_likely]
            likely += [Cause(what) for what in variants.get(line.ad_id, ())]
            unlikely = [_of_reading(fit) for fit in fitting if not fit.is_likely]
            causes = [*likely, *_stated(line), *unlikely]
            if not likely and line.kind in _WEIGHED and not _is_told(causes):
                causes += _unexplained(line)
        found.append(replace(line, causes=causes))
    return Weighed(found, order)


def _of_reading(fit: Fit) -> Cause:
    words: dict[str, Any] = {"reading": f"{fit.id}={fit.choice}"}
    if fit.is_likely:
        return Cause("rc_reading", words, (fit.id, fit.choice))
    words |= {"broken": len(fit.broken), "explained": len(fit.explained)}
    return Cause("rc_unlikely", words, (fit.id, fit.choice))


def _unexplained(line: Line) -> list[Cause]:
    """Nothing that was tried gives the platform's figure: what ours is made of."""
    facts = line.ours.facts if line.ours else None
    if facts is None:
        return [Cause("rc_no_exports")]
    found = [Cause("rc_unexplained")]
    if facts.cost is not None and facts.target_cost is not None:
        words = {"cost": facts.cost, "target": facts.target_cost, "won": facts.conversions}
        found.append(Cause("rc_our_facts", words))
    return found


def _is_told(causes: Sequence[Cause]) -> bool:
    """Do the causes say enough for nothing else to be looked for?"""
    return any(cause.what not in ("rc_they_say", "rc_we_say", "rc_unlikely") for cause in causes)


def _readings(
    decided: Decided,
    engine: DuckDB,
    asked: Mapping[int, Line],
    agreeing: Mapping[int, Line],
    tell: Tell,
) -> list[Fit]:
    """Every alternative of the register that explains a difference. The logs are read no more."""
    question = decided.question
    told = decided.decisions.select(*COLUMNS)
    before = engine.snapshot(told.select("ad_id", "outcome", "compensate_status", "amount"))
    found = []
    for key, choice in alternatives(question):
        tell("p_alternative", id=key, choice=choice)
        decide_again(
            decided, engine, replace(question, readings={**question.readings, key: choice})
        )
        changed = _changed(engine, before, told)
        explained = [p for p, ours in changed.items() if p in asked and _fits(asked[p], ours)]
        if not explained:
            continue
        broken = [
            p for p, ours in changed.items() if p in agreeing and not _fits(agreeing[p], ours)
        ]
        amount = sum((abs(asked[p].difference or ZERO) for p in explained), ZERO)
        found.append(Fit(key, choice, explained, broken, amount))
    decide_again(decided, engine, question)
    return found


def _fits(line: Line, ours: Ours) -> bool:
    theirs = line.theirs or Theirs(line.ad_id, None)
    return fits(theirs, ours)


def _changed(engine: DuckDB, before: Any, told: Any) -> dict[int, Ours]:
    """Plans whose answer is another than before."""
    names = ("outcome", "compensate_status", "amount")
    renamed = before.rename({f"{name}_before": name for name in names})
    both = told.join(renamed, "ad_id")
    is_other = (
        (both.outcome != both.outcome_before)
        | (both.compensate_status != both.compensate_status_before)
        | (both.amount != both.amount_before)
    )
    rows = engine.arrow(both.filter(is_other).select(*COLUMNS).order_by("ad_id")).to_pylist()
    return {row["ad_id"]: of_decision(row) for row in rows}


def _variants(
    decided: Decided, engine: DuckDB, lines: Sequence[Line], tell: Tell
) -> dict[int, list[str]]:
    """Plan → the ways of counting rows by which the platform's figure fits."""
    known = {line.ad_id: line for line in lines if line.ours is not None and line.ours.facts}
    found: dict[int, list[str]] = {}
    if not known:
        return found
    for what, rows_of in VARIANTS.items():
        tell("p_variant")
        for ours in decided_with(rows_of, decided, engine, list(known)):
            if _fits(known[ours.ad_id], ours):
                found.setdefault(ours.ad_id, []).append(what)
    return found


def _stated(line: Line) -> list[Cause]:
    """What the two sides say themselves."""
    ours, theirs = line.ours, line.theirs
    if ours is None:
        return [Cause("rc_failed" if theirs and theirs.is_failed else "rc_not_here")]
    if line.kind == "only_here":
        return [Cause("rc_failed" if theirs and theirs.is_failed else "rc_not_there")]
    if line.kind in ("overdue", "not_yet"):
        return _when(line, ours)
    assert theirs is not None  # whoever differs otherwise is on both sides
    found = _of_time(ours, theirs)
    if ours.outcome == "held":
        found.append(Cause("rc_held", {"codes": ours.reasons}))
    if line.kind == "paid_less" and not theirs.amount:
        found.append(Cause("rc_nothing_came"))
    if line.kind == "paid_more":
        found += _times(ours, theirs)
    if (verdicts := [c for c in theirs.reasons if c in CHEATING]) and not set(verdicts) & set(
        ours.reasons
    ):
        found.append(Cause("rc_verdict", {"codes": verdicts}))
    others = [code for code in theirs.reasons if code not in (*verdicts, *ours.reasons)]
    if others:
        found.append(Cause("rc_they_say", {"codes": others}))
    if line.kind == "paid_unexpected" and ours.reasons:
        found.append(Cause("rc_we_say", {"codes": ours.reasons}))
    return found


def _when(line: Line, ours: Ours) -> list[Cause]:
    if ours.settle_on is None:
        return [Cause("rc_due_unknown")]
    if line.kind == "not_yet":
        return [Cause("rc_due", {"day": ours.settle_on})]
    return [Cause("rc_was_due", {"day": ours.settle_on, "days": line.days_overdue})]


def _of_time(ours: Ours, theirs: Theirs) -> list[Cause]:
    """The two statuses fit if they were asked on different days."""
    end = ours.facts.window_end if ours.facts else None
    match (ours.status, theirs.status):
        case ("IN_EFFECT", "CONFIRMING") if end:
            return [Cause("rc_asked_after", {"day": end.date()})]
        case ("CONFIRMING", "IN_EFFECT") if ours.outcome == "open" and end:
            return [Cause("rc_asked_before", {"day": end.date()})]
        case (_, "ENDED" | "PAID") if ours.outcome == "open" and ours.settle_on:
            return [Cause("rc_settled_before", {"day": ours.settle_on})]
        case ("ENDED" | "INVALID", "CONFIRMING" | "IN_EFFECT") if ours.settle_on:
            return [Cause("rc_not_settled_there", {"day": ours.settle_on})]
    return []


def _times(ours: Ours, theirs: Theirs) -> list[Cause]:
    """四(二): the same grant issued more than once."""
    for times in range(2, _MOST_TIMES + 1):
        if theirs.amount == ours.amount * times:
            return [Cause("rc_times", {"times": times, "payments": theirs.payments or 1})]
    return []
