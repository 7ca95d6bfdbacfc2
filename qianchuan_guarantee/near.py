"""The plans nearest to the other outcome, by conversions, by yuan and by edits: those that people
ask about. Only plans of which one question decides: answered otherwise, it would turn the
outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.expressions import ibis
from qianchuan_guarantee.margins import Question, margin

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from qianchuan_guarantee.decide import Decided

# Measure → question → the reason that stands alone where it is answered no.
MEASURES: dict[str, dict[Question, str]] = {
    "conversions": {"conversions": "CONVERT_UNDER_THRESHOLD"},
    "yuan": {"overcost": "UN_OBERCOST"},
    "edits": {
        "bid_edits": "BID_CHANGES",
        "targeting_edits": "AUD_CHANGES",
        "edits_together": "AUD_BID_CHANGES",
    },
}
_ANSWERS = {
    "conversions": "meets_conversions",
    "overcost": "meets_overcost",
    "bid_edits": "meets_bid_edits",
    "targeting_edits": "meets_targeting_edits",
    "edits_together": "meets_bid_edits",
}


@dataclass(frozen=True)
class Near:
    """A plan near the other outcome. `measure`: conversions, yuan or edits; `margin`: how many of
    them there are to spare, below zero where they are missing or too many; `reason`: what stands
    alone against a grant, None for a granted plan; `amount`: yuan, granted or, where edits or
    conversions alone stand against it, what would be."""

    measure: str
    question: str
    ad_id: int
    advertiser_id: int
    scenario: str
    outcome: str
    reason: str | None
    margin: Decimal
    amount: Decimal | None

    def document(self) -> dict[str, Any]:
        """What `--json` prints."""
        amount = None if self.amount is None else str(self.amount)
        return {**vars(self), "margin": f"{self.margin:f}", "amount": amount}


def near(decided: Decided, most: int) -> list[Near]:
    """The `most` nearest by each measure, the nearest first."""
    facts = decided.engine.keep(_decisive, decided.stages["facts"])
    found: list[Near] = []
    for measure in MEASURES:
        rows = decided.engine.rows(_nearest, facts, measure, most)
        found += [_near(measure, row) for row in rows]
    return found


def _nearest(facts: Table, measure: str, most: int) -> Table:
    questions = MEASURES[measure].items()
    every = ibis.union(*(_of(facts, question, code) for question, code in questions))
    order = [every.distance, every.is_granted, every.ad_id, every.question]
    return every.order_by(order).limit(most)


def _decisive(facts: Table) -> Table:
    """Settled plans that are granted, or of which one reason stands alone."""
    is_alone = facts.outcome.isin(("ended", "invalid")) & (facts.reasons.length() == 1)
    return facts.filter((facts.outcome == "granted") | is_alone)


def _of(facts: Table, question: Question, code: str) -> Table:
    """The plans of which one question decides, each with its margin."""
    spare = margin(question, facts).cast("decimal(38, 12)")
    is_granted = facts.outcome == "granted"
    of_kind = ibis.literal(True)
    if question in ("bid_edits", "targeting_edits"):
        of_kind = ~facts.is_summed
    elif question == "edits_together":
        of_kind = facts.is_summed
    decides = (is_granted & facts[_ANSWERS[question]]) | (
        ~is_granted & facts.reasons.contains(code)
    )
    # More cost is more to pay; of the others, what would be granted must be something.
    if question != "overcost":
        decides &= facts.payable >= facts.unit_yuan
    # Yuan on the line are as near as can be; one conversion or edit more is one away.
    away = ibis.literal(0 if question == "overcost" else 1).cast("decimal(38, 12)")
    rows = facts.filter((of_kind & decides & spare.notnull()).fill_null(False))
    return rows.select(
        "ad_id",
        "advertiser_id",
        "scenario",
        "outcome",
        question=ibis.literal(question),
        reason=ibis.ifelse(rows.outcome == "granted", ibis.null("string"), code),
        margin=spare,
        distance=ibis.ifelse(spare < 0, -spare, spare + away).cast("decimal(38, 12)"),
        is_granted=is_granted,
        amount=rows.payable if question != "overcost" else rows.amount,
    )


def _near(measure: str, row: dict[str, Any]) -> Near:
    exact = row["margin"].normalize()
    places = max(2 if measure == "yuan" else 0, -int(exact.as_tuple().exponent))
    is_known = measure != "yuan" or row["outcome"] == "granted"
    return Near(
        measure=measure,
        question=row["question"],
        ad_id=row["ad_id"],
        advertiser_id=row["advertiser_id"],
        scenario=row["scenario"],
        outcome=row["outcome"],
        reason=row["reason"],
        margin=exact.quantize(Decimal(1).scaleb(-places)),
        amount=row["amount"] if is_known else None,
    )


def from_document(said: dict[str, Any]) -> Near:
    """What `Near.document` gave."""
    amount = None if said["amount"] is None else Decimal(said["amount"])
    return Near(**{**said, "margin": Decimal(said["margin"]), "amount": amount})


def by_measure(found: Sequence[Near]) -> dict[str, list[Near]]:
    """The same, under each measure."""
    return {measure: [each for each in found if each.measure == measure] for measure in MEASURES}
