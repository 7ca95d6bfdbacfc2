"""A night's decisions entered into the ledger: settle what came due, propose, issue, freeze."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from qianchuan_guarantee.errors import InvariantError
from qianchuan_guarantee.ledger import accounts, bulk, schema
from qianchuan_guarantee.ledger.book import Book
from qianchuan_guarantee.ledger.entries import Entry
from qianchuan_guarantee.ledger.found import Answer, Found
from qianchuan_guarantee.ledger.policy import Circumstances, Policy, what_waits
from qianchuan_guarantee.ledger.settle import (
    SETTLED,
    Standing,
    is_in_order,
    judged,
    owed,
    proposal,
    source_of,
)


@dataclass
class Entered:
    """What a night entered, in fen, and what people must look at."""

    proposed: int = 0
    issued: int = 0
    waiting: int = 0
    refused: int = 0
    recovered: int = 0
    decided: int = 0
    carried: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    overdrawn: list[accounts.Overdrawn] = field(default_factory=list)
    incidents: list[dict[str, Any]] = field(default_factory=list)


def enter(
    book: Book, found: Found, policy: Policy, digests: Mapping[str, str], as_of: date
) -> Entered:
    """Enter a night: thaw, what was spent, what came due, freeze."""
    result = Entered()
    run_id = book.stamp.run_id or ""
    limited = accounts.restricted(found.restrictions, as_of)
    accounts.thaw(book, limited, run_id)
    result.overdrawn = accounts.use(book, found.usages)
    _releases_wait(book, found, result)
    asked = {answer.ad_id: answer for answer in found.answers}
    lifted = _verdicts_changed(book, found, asked)
    book.load([*asked, *lifted])
    before = dict(book.standings)
    for answer in found.answers:
        _take(book, answer, found, result)
    for plan in lifted:
        book.stand(judged(book.standings[plan], found.verdicts[plan]))
    settled = [p for p in (*asked, *lifted) if book.standings[p].is_settled]
    _withdraw(book, settled, before)
    proposals = [made for plan in settled if (made := proposal(book.standings[plan], digests))]
    proposals = _reviewed(book, proposals, found, policy, before)
    for made in proposals:
        book.propose(made)
        if not made.why:
            book.issue(made, "policy")
    accounts.freeze(book, limited, run_id)
    _assert_night(book, found, before, proposals, result)
    return result


def _verdicts_changed(book: Book, found: Found, asked: Mapping[int, Answer]) -> list[int]:
    """Settled plans that are not asked tonight, and whose verdict is another than before."""
    plans = [plan for plan in found.verdicts if plan not in asked]
    book.load(plans)
    return [
        plan
        for plan in plans
        if (standing := book.standings.get(plan)) is not None
        and standing.is_settled
        and standing.is_cheating != bool(found.verdicts[plan])
    ]


def _releases_wait(book: Book, found: Found, result: Entered) -> None:
    """Plans whose hold was overruled, and that are held still: tonight's exports lack a day of
    their cycle that was there before."""
    asked = {answer.ad_id for answer in found.answers}
    waiting = sorted(found.released - asked)
    book.load(waiting)
    for plan in waiting:
        standing = book.standings.get(plan)
        if standing is not None and standing.outcome == "held":
            result.incidents.append({"ad_id": plan, "kind": "release_waits", "reasons": ""})


def _take(book: Book, answer: Answer, found: Found, result: Entered) -> None:
    """A plan's answer becomes its standing."""
    before = book.standings.get(answer.ad_id)
    standing = before or Standing(answer.ad_id, answer.advertiser_id)
    if standing.advertiser_id != answer.advertiser_id and (
        standing.issued_fen or standing.waiting_fen
    ):
        # 四(二): what one advertiser has is never taken from another.
        result.incidents.append({"ad_id": answer.ad_id, "kind": "other_advertiser", "reasons": ""})
        return
    if standing.is_settled and answer.outcome not in SETTLED:
        # What was settled stands until it can be decided again; people are told. A verdict needs
        # no logs.
        source = found.verdicts.get(answer.ad_id)
        if source is None:
            _miss_verdict(standing, result)
        elif bool(source) != standing.is_cheating:
            book.stand(judged(standing, source))
        result.incidents.append(
            {"ad_id": answer.ad_id, "kind": "settled_before", "reasons": answer.reasons}
        )
        return
    after = standing._replace(
        advertiser_id=answer.advertiser_id,
        rulebook=answer.rulebook,
        cycle_on=answer.cycle_on,
        outcome=answer.outcome,
        status=answer.status,
        reasons=answer.reasons,
        decided_fen=owed(standing, answer.amount_fen) if answer.outcome in SETTLED else None,
        merit_fen=answer.merit_fen,
        was_held=standing.was_held or answer.outcome == "held",
        is_cheating=answer.is_cheating,
    )
    if answer.ad_id not in found.verdicts and _miss_verdict(standing, result):
        after = judged(after, source_of(standing))
    book.stand(after)


def _miss_verdict(standing: Standing, result: Entered) -> bool:
    """四(一): a verdict does not end by being left out of an export; one that stands is told of."""
    if standing.is_cheating:
        incident = {"ad_id": standing.ad_id, "kind": "verdict_missing", "reasons": ""}
        result.incidents.append(incident)
    return standing.is_cheating


def _withdraw(book: Book, plans: Sequence[int], before: Mapping[int, Standing]) -> None:
    """What waits and is not what is owed any more is refused, so that it can be proposed anew."""
    stale = [plan for plan in plans if not is_in_order(book.standings[plan])]
    for plan, waiting in sorted(book.waiting(stale).items()):
        clause = "四(一)" if book.standings[plan].is_cheating else "四(二)"
        book.refuse(waiting, clause, "superseded", by_person=False)


def _reviewed(
    book: Book,
    proposals: Sequence[Entry],
    found: Found,
    policy: Policy,
    before: Mapping[int, Standing],
) -> list[Entry]:
    """三(二): the proposals, each with the reasons why it waits for a person; none: it needs
    none."""

    cheaters = _advertisers_of(book, found)

    def waits(made: Entry, *, is_night_too_large: bool) -> list[str]:
        plan = made.subject.ad_id
        assert plan is not None
        past = before.get(plan)
        return what_waits(
            policy,
            Circumstances(
                purpose=made.purpose or "",
                amount_fen=made.amount_fen,
                is_night_too_large=is_night_too_large,
                was_held=book.standings[plan].was_held,
                # 四(二): over-issued, if not by cheating; then logs were corrected somewhere.
                is_corrected=plan in found.corrected or made.clause == "四(二)",
                is_advertiser_cheating=made.subject.advertiser_id in cheaters,
                was_refused=past is not None and past.refused_fen is not None,
                was_released=plan in found.released,
            ),
        )

    reasons = [waits(made, is_night_too_large=False) for made in proposals]
    at_once = (abs(e.amount_fen) for e, why in zip(proposals, reasons, strict=True) if not why)
    if sum(at_once) > int(policy.night_up_to_yuan * 100):
        reasons = [waits(made, is_night_too_large=True) for made in proposals]
    return [
        made._replace(why=",".join(why)) if why else made
        for made, why in zip(proposals, reasons, strict=True)
    ]


def _advertisers_of(book: Book, found: Found) -> set[int]:
    """The advertisers of plans with a recent cheating verdict, asked tonight or not."""
    whose = {a.advertiser_id for a in found.answers if a.ad_id in found.cheats}
    table = schema.plans
    for some in bulk.pieces(sorted(found.cheats)):
        query = sa.select(table.c.advertiser_id).where(table.c.ad_id.in_(some))
        whose |= set(book.connection.execute(query).scalars())
    return {advertiser for advertiser in whose if advertiser is not None}


def _assert_night(
    book: Book,
    found: Found,
    before: Mapping[int, Standing],
    proposals: Sequence[Entry],
    result: Entered,
) -> None:
    """Σ decided amounts of the night = Σ proposed − carried adjustments: every fen that was
    decided is issued, waits, or was refused by a person."""
    plans = [a.ad_id for a in found.answers if book.standings[a.ad_id].is_settled]
    result.decided = sum(book.standings[plan].decided_fen or 0 for plan in plans)
    result.carried = sum(
        standing.issued_fen + standing.waiting_fen
        for plan in plans
        if (standing := before.get(plan)) is not None and standing.is_settled
    )
    refused = 0
    for plan in plans:
        standing = book.standings[plan]
        if not is_in_order(standing):
            raise InvariantError(f"plan {plan}: {standing.decided_fen} fen are not accounted for")
        if standing.decided_fen != standing.issued_fen + standing.waiting_fen:
            refused += (standing.decided_fen or 0) - standing.issued_fen
    _sum_up(book, result)
    asked = set(plans)
    made = sum(e.amount_fen for e in proposals if e.subject.ad_id in asked)
    withdrawn = sum(
        -before[e.subject.ad_id].waiting_fen
        for e in book.entered
        if e.kind == "refused" and e.subject.ad_id in asked
    )
    if result.decided != made + result.carried + withdrawn + refused:
        raise InvariantError(
            f"decided {result.decided} fen, but proposed {made}, carried {result.carried}, "
            f"withdrawn {withdrawn} and refused {refused}"
        )


def _sum_up(book: Book, result: Entered) -> None:
    kinds = {"proposed": "proposed", "issued": "issued", "supplement": "issued"}
    kinds |= {"refused": "refused", "claw_back": "recovered"}
    for entry in book.entered:
        result.counts[entry.kind] = result.counts.get(entry.kind, 0) + 1
        name = kinds.get(entry.kind)
        if name is not None:
            setattr(result, name, getattr(result, name) + entry.amount_fen)
    query = sa.select(sa.func.sum(schema.plans.c.waiting_fen))
    stored = int(book.connection.execute(query).scalar() or 0)
    result.waiting = stored + book.waiting_change()
