"""What the findings of a sample say about all decisions: projections, upper limits, conclusion.

Overstatement: what was granted too much. Understatement: what was granted too little, or withheld.
The two are never set off against each other. Amounts are fen, rounded up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from qianchuan_guarantee.audit import sampling
from qianchuan_guarantee.audit.findings import Finding
from qianchuan_guarantee.audit.paper import Paper, yuan
from qianchuan_guarantee.audit.selection import GRANTED


@dataclass(frozen=True)
class Misstatement:
    """In one direction: how many items, what was found in them, what that is of all grants, and
    what it is at most, with confidence."""

    errors: int
    found: int
    projected: int
    limit: int


@dataclass(frozen=True)
class Judged:
    """A stratum without money: `wrong` of its `items` had another outcome; at most `most_wrong` of
    its `plans` have, with confidence. `withheld`: what those that were found are owed, `projected`
    over the stratum; `ceiling`: the most that can be, null where a plan's cost is not known."""

    stratum: str
    plans: int
    items: int
    wrong: int
    most_wrong: int
    withheld: int
    projected: int
    ceiling: int | None
    is_accepted: bool


@dataclass(frozen=True)
class Conclusion:
    """`over`, `under`: null where nothing was granted."""

    over: Misstatement | None
    under: Misstatement | None
    strata: list[Judged]
    tolerable: int

    @property
    def withheld(self) -> int:
        """What was withheld wrongly, projected over all strata without money."""
        return sum(stratum.projected for stratum in self.strata)

    @property
    def is_accepted(self) -> bool:
        limits = [self.withheld, *(m.limit for m in (self.over, self.under) if m is not None)]
        return max(limits) <= self.tolerable and all(one.is_accepted for one in self.strata)


def evaluate(paper: Paper, findings: Sequence[Finding]) -> Conclusion:
    """Project the findings onto the population that the paper was drawn from."""
    method = paper.method
    confidence = Fraction(method["confidence_percent"]) / 100
    rate = Fraction(method["tolerable_rate_percent"]) / 100
    by_stratum: dict[str, list[Finding]] = {row["stratum"]: [] for row in paper.sheets["strata"]}
    for finding in findings:
        by_stratum[finding.item["stratum"]].append(finding)
    over = under = None
    if GRANTED in by_stratum:
        mine = by_stratum[GRANTED]
        over = _misstatement(mine, 1, method, confidence)
        under = _misstatement(mine, -1, method, confidence)
    strata = [
        _judged(row, by_stratum[row["stratum"]], rate, confidence)
        for row in paper.sheets["strata"]
        if row["stratum"] != GRANTED
    ]
    return Conclusion(over, under, strata, fen(method["tolerable_yuan"]))


def fen(text: str) -> int:
    return int(Decimal(text) * 100)


def _misstatement(
    findings: Sequence[Finding], sign: int, method: dict[str, str], confidence: Fraction
) -> Misstatement:
    """`sign`: 1 for overstatement, −1 for understatement. High-value plans are as they were found;
    of the others, each stands for an interval."""
    interval, unseen = fen(method["interval_yuan"]), fen(method["unseen_yuan"])
    known, sampled, taints = 0, 0, []
    for finding in findings:
        book = fen(finding.item["amount"])
        wrong = max(0, sign * (book - finding.amount))
        if finding.item["selected_by"] == "high_value":
            known += wrong
        elif wrong:
            sampled += wrong
            taints.append(Fraction(wrong, book))
    found = known + sampled
    projected = math.ceil(known + interval * sum(taints, Fraction(0)))
    limit = math.ceil(known + sampling.stringer(taints, interval, confidence))
    errors = sum(sign * (fen(f.item["amount"]) - f.amount) > 0 for f in findings)
    if not unseen:  # every grant was looked at
        return Misstatement(errors, found, found, found)
    if sign > 0:  # no grant can be too high by more than all of it
        projected, limit = min(projected, found + unseen), min(limit, found + unseen)
    return Misstatement(errors, found, projected, limit)


def _judged(row: Any, findings: Sequence[Finding], rate: Fraction, confidence: Fraction) -> Judged:
    plans, items = int(row["plans"]), int(row["items"])
    wrong = sum(finding.outcome != finding.item["outcome"] for finding in findings)
    most = sampling.most_wrong(plans, items, wrong, confidence)
    withheld = sum(finding.amount for finding in findings)
    ceiling = withheld if most == wrong else None
    if row["highest_cost"] and ceiling is None:
        highest = Fraction(Decimal(row["highest_cost"])) * 100
        ceiling = withheld + math.ceil((most - wrong) * highest)
    return Judged(
        row["stratum"],
        plans,
        items,
        wrong,
        most,
        withheld,
        math.ceil(Fraction(withheld * plans, items)),
        ceiling,
        most == 0 or Fraction(most, plans) < rate,
    )


def document(paper: Paper, findings: Sequence[Finding], said: Conclusion) -> dict[str, Any]:
    """The conclusion as `--json` prints it; money in yuan, rates in percent, rounded up."""
    method = paper.method

    def money(found: Misstatement | None) -> dict[str, Any] | None:
        if found is None:
            return None
        sums = {name: yuan(getattr(found, name)) for name in ("found", "projected", "limit")}
        return {"errors": found.errors} | sums | {"accepted": found.limit <= said.tolerable}

    return {
        "accepted": said.is_accepted,
        "paper_sha256": paper.sha256,
        "population_sha256": method["population_sha256"],
        "confidence_percent": method["confidence_percent"],
        "tolerable": method["tolerable_yuan"],
        "tolerable_rate_percent": method["tolerable_rate_percent"],
        "items": len(findings),
        "overstatement": money(said.over),
        "understatement": money(said.under),
        "withheld": {
            "projected": yuan(said.withheld),
            "accepted": said.withheld <= said.tolerable,
        },
        "strata": [_stratum(one) for one in said.strata],
        "findings": [_finding(one) for one in findings if _is_wrong(one)],
    }


def _stratum(one: Judged) -> dict[str, Any]:
    return {
        "stratum": one.stratum,
        "plans": one.plans,
        "items": one.items,
        "wrong": one.wrong,
        "most_wrong": one.most_wrong,
        "rate_limit_percent": _percent_up(one.most_wrong, one.plans),
        "withheld": yuan(one.withheld),
        "projected": yuan(one.projected),
        "ceiling": None if one.ceiling is None else yuan(one.ceiling),
        "accepted": one.is_accepted,
    }


def _percent_up(part: int, whole: int) -> str:
    return f"{Decimal(-(-part * 10_000 // whole)) / 100:.2f}"


def _is_wrong(one: Finding) -> bool:
    return one.outcome != one.item["outcome"] or one.amount != fen(one.item["amount"])


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "number": int(one.item["number"]),
        "ad_id": int(one.item["ad_id"]),
        "stratum": one.item["stratum"],
        "outcome": one.item["outcome"],
        "amount": one.item["amount"],
        "audited_outcome": one.outcome,
        "audited_amount": yuan(one.amount),
        "remark": one.remark,
    }
