"""What a night's exports say to the ledger: each plan's answer, verdicts, uses, restrictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis

from qianchuan_guarantee.clocks import stands_on
from qianchuan_guarantee.ledger.policy import Policy

if TYPE_CHECKING:
    from qianchuan_guarantee.decide import Decided


class Answer(NamedTuple):
    """What the night found of a plan; amounts in fen."""

    ad_id: int
    advertiser_id: int | None
    rulebook: str
    cycle_on: date | None
    outcome: str
    status: str
    reasons: str
    amount_fen: int
    merit_fen: int | None
    is_cheating: bool


@dataclass(frozen=True)
class Found:
    """What a night's exports say to the ledger. `verdicts`: plan → source of the cheating verdict
    that stands, empty where it was cleared; `cheats`: plans with a recent one; `corrected`: plans
    whose logs were restated or came again."""

    answers: Sequence[Answer]
    verdicts: Mapping[int, str]
    cheats: set[int]
    corrected: set[int]
    usages: Sequence[Mapping[str, Any]]
    restrictions: Sequence[Mapping[str, Any]]
    released: set[int]


def found_by(decided: Decided, policy: Policy, corrected_days: set[tuple[str, date]]) -> Found:
    """What a run's tables say to the ledger."""
    checked, as_of, engine = decided.checked, decided.question.as_of, decided.engine
    today = ibis.literal(as_of, type="date")
    morning = datetime.combine(as_of, time())
    verdicts = checked["verdicts"].rows
    standing = engine.arrow(verdicts.filter(stands_on(verdicts, today))).to_pylist()
    standing = sorted(
        (row for row in standing if row["decided_at"] < morning), key=lambda row: row["decided_at"]
    )
    latest = {r["ad_id"]: r["source"] if r["verdict"] == "cheating" else "" for r in standing}
    since = morning - timedelta(days=policy.wait_if_cheating_within_days)
    cheats = {
        r["ad_id"] for r in standing if r["verdict"] == "cheating" and r["decided_at"] >= since
    }
    answers = list(_answers(decided))
    usage = checked["grant_usage"].rows
    usage = usage.filter(stands_on(usage, today) & (usage.used_at < ibis.literal(morning)))
    usages = usage.mutate(amount_fen=(usage.amount * 100).cast("int64"))
    limits = checked["restrictions"].rows
    return Found(
        answers=answers,
        verdicts=latest,
        cheats=cheats,
        corrected=_restated(decided) | _of_days(decided, corrected_days),
        usages=engine.arrow(usages).to_pylist(),
        restrictions=engine.arrow(limits.filter(stands_on(limits, today))).to_pylist(),
        released=set(decided.question.memory.released),
    )


def _answers(decided: Decided) -> Iterator[Answer]:
    facts = decided.stages["facts"]
    rows = decided.engine.arrow(
        facts.select(
            "ad_id",
            "advertiser_id",
            "rulebook",
            "outcome",
            "compensate_status",
            cycle_on=ibis.ifelse(facts.first_delivery_at.notnull(), facts.day0, None),
            # Spark makes a null of a plan without any.
            reasons=facts.reasons.join(",").fill_null(""),
            amount_fen=(facts.amount * 100).cast("int64"),
            merit_fen=(facts.merit * 100).cast("int64"),
            is_cheating=facts.cheating_source.notnull(),
        ).order_by("ad_id")
    )
    names = list(Answer._fields)
    names[names.index("status")] = "compensate_status"
    for values in zip(*(rows[name].to_pylist() for name in names), strict=True):
        yield Answer._make(values)


def _restated(decided: Decided) -> set[int]:
    """Plans a row of whose logs was restated in time."""
    found: set[int] = set()
    for name in ("delivery", "conversions"):
        suspects = decided.checked[name].suspects
        if suspects is not None:
            rows = suspects.filter(suspects.restated_on.notnull()).select("ad_id").distinct()
            found |= set(decided.engine.arrow(rows)["ad_id"].to_pylist())
    return found


def _of_days(decided: Decided, days: set[tuple[str, date]]) -> set[int]:
    """Plans whose cycle has one of these days: their logs came again with other contents."""
    if not days:
        return set()
    plans = decided.stages["cycles"]
    rows = decided.engine.arrow(plans.select("ad_id", "day0", "cycle_end_on")).to_pylist()
    some = {day for _, day in days}
    return {
        row["ad_id"]
        for row in rows
        if row["day0"] is not None and any(row["day0"] <= d < row["cycle_end_on"] for d in some)
    }
