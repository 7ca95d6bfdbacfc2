"""三(二), 四(一), 四(二): what a night's answer means for what was proposed or issued before.

A plan's cycle is owed one amount. What was issued for it stands; the difference is proposed,
once, whoever asks and however often. Nothing entered is ever changed: it is answered by a new
entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from qianchuan_guarantee.ledger.entries import Entry, Subject, proposed
from qianchuan_guarantee.vocabulary import CHEATING, REASONS

SETTLED = ("granted", "ended", "invalid")


class Standing(NamedTuple):
    """Where a plan stands in the ledger, amounts in fen: a row of `schema.plans`."""

    ad_id: int
    advertiser_id: int | None
    rulebook: str | None = None
    cycle_on: date | None = None
    outcome: str = ""
    status: str = ""
    reasons: str = ""
    decided_fen: int | None = None
    merit_fen: int | None = None
    issued_fen: int = 0
    was_issued: bool = False
    waiting_fen: int = 0
    waiting_entry: str | None = None
    withheld_fen: int = 0
    withheld_of_fen: int = 0
    refused_fen: int | None = None
    correction: int = 0
    was_held: bool = False
    is_cheating: bool = False
    run_id: str | None = None  # the run that last changed it; null: a person

    @property
    def is_settled(self) -> bool:
        return self.decided_fen is not None


def shown(standing: Standing) -> Standing:
    """四(五): a settled plan's status is what became of its money."""
    if standing.decided_fen is None:
        return standing
    status, reasons = "CONFIRMING", standing.reasons
    if standing.outcome == "invalid":  # that of a cheating verdict, too
        status = "INVALID"
    elif not standing.decided_fen:
        status = "ENDED"
    elif standing.decided_fen == standing.refused_fen and not standing.issued_fen:
        status, reasons = "ENDED", "REVIEW_REFUSED"
    elif standing.issued_fen > 0:
        status = "PAID"
    if (status, reasons) == (standing.status, standing.reasons):
        return standing
    return standing._replace(status=status, reasons=reasons)


def owed(standing: Standing, amount_fen: int) -> int:
    """What the plan is owed where so much is decided: less what people took back. Where the
    decided amount falls afterwards, that is taken to be what they saw: it does not count twice."""
    less = max(amount_fen - standing.withheld_fen, 0)
    return max(less, min(amount_fen, standing.withheld_of_fen - standing.withheld_fen))


def source_of(standing: Standing) -> str:
    """The reason code of the cheating verdict that stands, said or not."""
    return next((code for code in standing.reasons.split(",") if code in CHEATING), "ANTI_SPAM")


def judged(standing: Standing, source: str) -> Standing:
    """四(一): where a plan stands once a cheating verdict is learnt, or (no source) lifted. What
    else there is against it stays, and no verdict is needed for that."""
    codes = [code for code in standing.reasons.split(",") if code in REASONS]
    others = [code for code in codes if code not in (*CHEATING, "REVIEW_REFUSED")]
    codes = sorted({*others, *filter(None, [source])}, key=list(REASONS).index)
    after = standing._replace(is_cheating=bool(source))
    if standing.outcome == "not_covered":  # nothing further is asked of it
        return after
    if standing.merit_fen is None:  # not settled yet: a verdict may stand, and none is lifted
        status = "INVALID" if standing.outcome == "open" else standing.status
        return after._replace(reasons=",".join(codes), status=status)
    if not codes and not standing.merit_fen:
        codes = ["CURRENCY_PRECISION"]  # what is asked last is all that is left
    kinds = {REASONS[code].kind for code in codes}
    outcome = "invalid" if "invalid" in kinds else "ended" if "ended" in kinds else "granted"
    status = {"invalid": "INVALID", "ended": "ENDED", "granted": "CONFIRMING"}[outcome]
    return after._replace(
        outcome=outcome,
        status=status,
        reasons=",".join(codes),
        decided_fen=0 if source else owed(standing, standing.merit_fen),
    )


def subject_of(standing: Standing, digests: Mapping[str, str]) -> Subject:
    """What the next proposal for a plan is about. `digests`: rulebook → SHA-256."""
    assert standing.advertiser_id is not None  # without one, a plan is never settled
    return Subject(
        advertiser_id=standing.advertiser_id,
        ad_id=standing.ad_id,
        cycle_on=standing.cycle_on,
        rulebook=standing.rulebook,
        rulebook_sha256=digests.get(standing.rulebook or ""),
        correction=standing.correction,
    )


def is_in_order(standing: Standing) -> bool:
    """Does the plan have, or wait for, what it is owed, or has a person refused just that?"""
    owed = standing.decided_fen
    return (
        owed is None
        or owed == standing.issued_fen + standing.waiting_fen
        or (owed == standing.refused_fen and not standing.waiting_fen)
    )


def proposal(standing: Standing, digests: Mapping[str, str]) -> Entry | None:
    """What is to be proposed so that the plan has what it is owed; nothing may be waiting."""
    if is_in_order(standing):
        return None
    wanted = (standing.decided_fen or 0) - standing.issued_fen
    if wanted < 0:
        purpose, clause = "claw_back", "四(一)" if standing.is_cheating else "四(二)"
    elif standing.was_issued:
        purpose, clause = "supplement", "三(一)"
    else:
        purpose, clause = "grant", "三(一)"
    return proposed(subject_of(standing, digests), purpose, wanted, clause, "")
