"""What was decided against what should have been: nights, days that a sender's total proves, plans
that wait for a decision. Nothing of it is wrong by itself; an auditor asks why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from qianchuan_guarantee.ledger import schema
from qianchuan_guarantee.ledger.files import table_of
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.tables import LOGS

_SHOWN = 20

# A sentence of `wording`, and its words.
Remark = tuple[str, dict[str, Any]]


def completeness(
    store: Store, said: Sequence[dict[str, Any]], remarks: list[Remark]
) -> dict[str, Any]:
    """`nights` (`first`, `last`, `missing`), `cost_by_day` as read last, `without_totals` (table →
    days that no total of the sender's was held against), `held` and `left` plans. What is
    remarkable of it is added to `remarks`."""
    runs = [each for each in said if each["kind"] == "run" and "as_of" in each]
    if not runs:
        return {}
    _changes(runs, remarks)
    nights = _nights(runs)
    if nights["missing"]:
        days = ", ".join(nights["missing"][:_SHOWN])
        remarks.append(("r_nights", {"n": len(nights["missing"]), "days": days}))
    costs = {day["dt"]: day for run in runs for day in run["cost_by_day"]}
    held, left = _waiting(store, runs[-1]["run_id"])
    if left:
        some = ", ".join(map(str, left[:_SHOWN]))
        remarks.append(("r_left", {"n": len(left), "plans": some}))
    return {
        "nights": nights,
        "cost_by_day": sorted(costs.values(), key=lambda day: str(day["dt"])),
        "without_totals": _without_totals(runs),
        "held": {"plans": len(held), "some": held[:_SHOWN]},
        "left": {"plans": len(left), "some": left[:_SHOWN]},
    }


def _changes(runs: Sequence[dict[str, Any]], remarks: list[Remark]) -> None:
    for run in runs:
        if run["changes"]:
            what = ", ".join(f"{each['what']} {each['key']}" for each in run["changes"])
            words = {"run": run["run_id"], "by": run["by"], "what": what, "why": run["why"]}
            remarks.append(("r_changed" if run["why"] else "r_changed_silently", words))


def _nights(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    days = sorted({date.fromisoformat(run["as_of"]) for run in runs})
    length = (days[-1] - days[0]).days
    every = (days[0] + timedelta(days=n) for n in range(length))
    missing = [day.isoformat() for day in every if day not in days]
    return {"first": days[0].isoformat(), "last": days[-1].isoformat(), "missing": missing}


def _without_totals(runs: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    proved = {
        (name, day) for run in runs for name, days in run["control_totals"].items() for day in days
    }
    found = {}
    for name in ("plans", *LOGS):
        if (name, None) not in proved:
            days = {day for run in runs for day in run["days"].get(name, ())}
            found[name] = sorted(day for day in days if (name, day) not in proved)
    return {name: days for name, days in found.items() if days}


def _waiting(store: Store, last: str) -> tuple[list[int], list[int]]:
    """Plans without a decision on their money: those the last run held, those it did not see."""
    content = store.read(last, "decisions.parquet")
    assert content is not None
    decided = table_of(content, ["ad_id", "outcome"])
    outcomes = dict(zip(decided["ad_id"].to_pylist(), decided["outcome"].to_pylist(), strict=True))
    table = schema.plans
    query = sa.select(table.c.ad_id).where(
        table.c.decided_fen.is_(None), table.c.outcome.in_(("open", "held"))
    )
    with store.reading() as connection:
        plans = sorted(connection.execute(query).scalars())
    held = [plan for plan in plans if outcomes.get(plan) == "held"]
    return held, [plan for plan in plans if plan not in outcomes]
