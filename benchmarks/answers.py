"""What the programs answered, and whether they agree; only then do their times compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path


@dataclass(frozen=True)
class Answer:
    """The granted plans, each with its amount (yuan)."""

    amounts: Mapping[int, Decimal]

    @property
    def total(self) -> Decimal:
        return sum(self.amounts.values(), Decimal("0.00"))


def read(decisions: Path) -> Answer:
    import pyarrow.parquet as pq  # not before all is measured: see measure.run

    granted = pq.read_table(
        decisions, columns=["ad_id", "amount"], filters=[("outcome", "==", "granted")]
    )
    ids, amounts = (granted[name].to_pylist() for name in ("ad_id", "amount"))
    return Answer(dict(zip(ids, amounts, strict=True)))


def disagreement(answers: Mapping[str, Answer]) -> str | None:
    """A sentence on the first two programs that disagree on a granted plan or its amount."""
    (first, one), *others = answers.items()
    for name, other in others:
        differing = sorted(
            plan
            for plan in one.amounts.keys() | other.amounts.keys()
            if one.amounts.get(plan) != other.amounts.get(plan)
        )
        if differing:
            plan = differing[0]
            return (
                f"{first} and {name} disagree on {len(differing)} plans, so their times do not "
                f"compare. Plan {plan}: {_said(one, plan)} by {first}, {_said(other, plan)} by "
                f"{name}."
            )
    return None


def _said(answer: Answer, plan: int) -> str:
    return f"{answer.amounts[plan]} yuan" if plan in answer.amounts else "nothing"
