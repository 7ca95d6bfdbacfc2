"""The numbers of a run: one document for programs, the same numbers for people."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.errors import InvariantError
from qianchuan_guarantee.near import Near, near
from qianchuan_guarantee.vocabulary import OUTCOMES, REASONS

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from qianchuan_guarantee.decide import Decided

_SHOWN = 30


@dataclass(frozen=True)
class Summary:
    """Numbers of a run. `grants`: the largest grants, `(ad_id, advertiser_id, scenario, cost,
    target_cost, conversions, amount)` as mappings. `refusals`: `(table, column, reason)` → rows.
    `extra_columns`, `ignored_files`: what there is and is not used; by table, and beside tables.
    `near`: the plans nearest to the other outcome; None where nobody asked."""

    as_of: str
    rulebook: str
    rulebooks: list[dict[str, str]]
    readings: dict[str, str]
    read_otherwise: dict[str, str]
    tables: dict[str, dict[str, int]]
    plans: dict[str, int]
    reasons: dict[str, int]
    held_reasons: dict[str, int]
    amount: Decimal
    grants: list[dict[str, Any]]
    refusals: dict[tuple[str, str, str], int]
    rows_without_plan: int
    extra_columns: dict[str, list[str]]
    ignored_files: list[str]
    near: list[Near] | None = None

    @property
    def held(self) -> int:
        return self.plans["held"]

    @property
    def quarantined(self) -> int:
        return sum(counts["quarantined"] for counts in self.tables.values())

    def document(self) -> dict[str, Any]:
        """What `--json` prints (data.md, What programs may rely on)."""
        return {
            "as_of": self.as_of,
            "rulebook": self.rulebook,
            "rulebooks": self.rulebooks,
            "readings": self.readings,
            "tables": self.tables,
            "plans": self.plans,
            "reasons": self.reasons,
            "amount": str(self.amount),
            "held": self.held,
            "rows_without_plan": self.rows_without_plan,
            "extra_columns": self.extra_columns,
            "ignored_files": self.ignored_files,
            **({} if self.near is None else {"near": [each.document() for each in self.near]}),
        }


def summarise(decided: Decided, near_most: int | None = None) -> Summary:
    """Count outcomes, reasons, money and rows, and assert that they add up. `near_most`: how many
    near misses of each kind; None: not asked."""
    sums = decided.engine.rows(_by_outcome, decided.stages["decisions"])
    by_outcome = {row["outcome"]: row for row in sums}
    amount = sum((row["amount"] for row in by_outcome.values()), Decimal("0.00"))
    plans = {code: by_outcome.get(code, {"plans": 0})["plans"] for code in OUTCOMES}
    if sum(plans.values()) != decided.plan_count:
        raise InvariantError(f"{decided.plan_count} plans, {sum(plans.values())} outcomes")
    if amount != by_outcome.get("granted", {"amount": Decimal("0.00")})["amount"]:
        raise InvariantError("a plan that is not granted has an amount")
    reasons = _count_reasons(decided, False)
    books = decided.question.books
    return Summary(
        as_of=decided.question.as_of.isoformat(),
        rulebook=", ".join(book.id for book in books),
        rulebooks=[{"id": book.id, "digest": book.digest} for book in books],
        readings=decided.readings,
        read_otherwise=dict(decided.question.readings),
        tables={name: counts.as_dict() for name, counts in decided.rows.items()},
        plans=plans,
        reasons=reasons,
        held_reasons=_count_reasons(decided, True),
        amount=amount,
        grants=_largest_grants(decided),
        refusals=_count_refusals(decided),
        rows_without_plan=_rows_without_plan(decided),
        extra_columns=decided.export.extra_columns,
        ignored_files=list(decided.export.ignored),
        near=None if near_most is None else near(decided, near_most),
    )


def _count_reasons(decided: Decided, held_only: bool) -> dict[str, int]:
    decisions = decided.stages["decisions"]
    counted = decided.engine.rows(_by_reason, decisions, held_only)
    found = {row["code"]: row["plans"] for row in counted}
    return {
        code: found[code]
        for code in REASONS
        if code in found and (not held_only or REASONS[code].kind == "held")
    }


def _largest_grants(decided: Decided) -> list[dict[str, Any]]:
    return decided.engine.rows(_largest, decided.stages["decisions"])


def _by_outcome(decisions: Table) -> Table:
    return decisions.group_by("outcome").agg(plans=decisions.count(), amount=decisions.amount.sum())


def _by_reason(decisions: Table, held_only: bool) -> Table:
    if held_only:
        decisions = decisions.filter(decisions.outcome == "held")
    each = decisions.select(code=decisions.reasons.unnest())
    return each.group_by("code").agg(plans=each.count())


def _largest(decisions: Table) -> Table:
    granted = decisions.filter(decisions.outcome == "granted").select(
        "ad_id", "advertiser_id", "scenario", "cost", "target_cost", "conversions", "amount"
    )
    return granted.order_by([granted.amount.desc(), granted.ad_id]).limit(_SHOWN)


def _count_refusals(decided: Decided) -> dict[tuple[str, str, str], int]:
    refusals: dict[tuple[str, str, str], int] = {}
    for name, table in decided.checked.items():
        if not table.refused_count:
            continue
        for row in decided.engine.rows(_by_problem, table.refused):
            column, _, reason = row["problem"].partition(":")
            refusals[name, column, reason] = row["rows"]
    for name, counts in decided.rows.items():
        conflicting = counts.quarantined - decided.checked[name].refused_count
        if conflicting:
            key = " ".join(decided.checked[name].table.key)
            refusals[name, key, "conflict"] = conflicting
    return refusals


def _rows_without_plan(decided: Decided) -> int:
    total = 0
    for table in decided.checked.values():
        if table.refused_count and table.table.has_plan:
            [lost] = decided.engine.rows(_lost, table.refused)
            total += lost["rows"]
    return total


def _by_problem(refused: Table) -> Table:
    return refused.group_by("problem").agg(rows=refused.count()).order_by("problem")


def _lost(refused: Table) -> Table:
    lost = refused.filter(refused.ad_id.isnull())
    return lost.agg(rows=lost.count())
