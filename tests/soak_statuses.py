"""四(五): which histories of statuses are legal, as data, each step with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import Any

import sqlalchemy as sa

from qianchuan_guarantee.ledger import schema
from qianchuan_guarantee.ledger.store import Store

# `settled X`: the cycle's money is decided. Before that, and while it is held, a plan's status says
# what is known so far. No step leads from `settled` to what is not: what was settled stands. None
# leads from PAID to CONFIRMING: what was issued comes back because nothing is owed, never to be
# looked at anew.
STEPS: dict[tuple[str, str], str] = {
    ("DEFAULT", "IN_EFFECT"): "first delivery",
    ("DEFAULT", "CONFIRMING"): "held for data, or the nights of its window were missed",
    ("DEFAULT", "INVALID"): "first delivery and what loses the guarantee, between two nights",
    ("IN_EFFECT", "CONFIRMING"): "the window is over, or it is held for data",
    ("IN_EFFECT", "INVALID"): "edits, cheating",
    ("IN_EFFECT", "DEFAULT"): "the first delivery was restated to none",
    ("INVALID", "IN_EFFECT"): "the verdict was cleared, or the log corrected, in the window",
    ("INVALID", "CONFIRMING"): "the same after the window, or held for data",
    ("INVALID", "DEFAULT"): "the first delivery was restated to none",
    ("CONFIRMING", "IN_EFFECT"): "what held it in its window was mended",
    ("CONFIRMING", "INVALID"): "cheating, or edits that came late",
    ("CONFIRMING", "DEFAULT"): "what held it was mended, and it is not covered or not delivered",
    ("IN_EFFECT", "settled CONFIRMING"): "granted, after the nights in between were missed",
    ("IN_EFFECT", "settled PAID"): "issued, after the nights in between were missed",
    ("IN_EFFECT", "settled ENDED"): "nothing owed, after the nights in between were missed",
    ("IN_EFFECT", "settled INVALID"): "lost, after the nights in between were missed",
    ("DEFAULT", "settled CONFIRMING"): "granted, after all nights of the cycle were missed",
    ("DEFAULT", "settled PAID"): "issued, after all nights of the cycle were missed",
    ("DEFAULT", "settled ENDED"): "nothing owed, after all nights of the cycle were missed",
    ("DEFAULT", "settled INVALID"): "lost, after all nights of the cycle were missed",
    ("INVALID", "settled CONFIRMING"): "the verdict was cleared: granted, and waits for review",
    ("INVALID", "settled PAID"): "the log was corrected in time: granted and issued",
    ("INVALID", "settled ENDED"): "the same, and nothing is owed",
    ("INVALID", "settled INVALID"): "the cycle is over",
    ("CONFIRMING", "settled CONFIRMING"): "granted, and waits for review",
    ("CONFIRMING", "settled PAID"): "granted and issued",
    ("CONFIRMING", "settled ENDED"): "nothing owed",
    ("CONFIRMING", "settled INVALID"): "lost",
    ("settled CONFIRMING", "settled PAID"): "approved, or what waited was corrected and issued",
    ("settled CONFIRMING", "settled ENDED"): "refused, or corrected to nothing before issue",
    ("settled CONFIRMING", "settled INVALID"): "cheating, or corrected, before it was issued",
    ("settled PAID", "settled ENDED"): "corrected to nothing: it is to come back",
    ("settled PAID", "settled INVALID"): "cheating, or corrected: it is to come back",
    ("settled ENDED", "settled CONFIRMING"): "corrected: a grant after all, which waits",
    ("settled ENDED", "settled PAID"): "corrected back before it was taken back",
    ("settled ENDED", "settled INVALID"): "cheating, or corrected",
    ("settled INVALID", "settled CONFIRMING"): "cleared, or corrected: a grant, which waits",
    ("settled INVALID", "settled PAID"): "cleared, or corrected back, before it was taken back",
    ("settled INVALID", "settled ENDED"): "cleared, or corrected, and nothing is owed",
}

WINDOW = 4  # days, after which nothing is IN_EFFECT


def illegal(store: Store, counts: Counter[str]) -> list[str]:
    """Statuses that do not mean what they say, and steps that there are not."""
    table, runs = schema.statuses, schema.runs
    with store.reading() as connection:
        query = sa.select(table).order_by(table.c.ad_id, table.c.act)
        rows = [dict(row) for row in connection.execute(query).mappings()]
        mornings = dict(connection.execute(sa.select(runs.c.run_id, runs.c.as_of)).all())
    wrong = []
    for plan, group in groupby(rows, key=lambda row: row["ad_id"]):
        history = list(group)
        wrong += [
            f"plan {plan}: {row['status']} says {said}"
            for row in history
            if (said := untrue(row, mornings.get(row["run_id"])))
        ]
        for before, after in pairwise(history):
            step = name(before), name(after)
            if step[0] == step[1]:
                continue
            counts["statuses changed"] += 1
            if step not in STEPS or _leaps(before, after, set(mornings.values())):
                wrong.append(f"plan {plan}: {step[0]} → {step[1]}")
    return wrong


def _leaps(before: Mapping[str, Any], after: Mapping[str, Any], nights: set[date]) -> bool:
    """From the window to the settled cycle, though a night after the window was not missed."""
    if before["status"] != "IN_EFFECT" or after["decided_fen"] is None:
        return False
    is_same = before["cycle_on"] == after["cycle_on"]
    return is_same and before["cycle_on"] + timedelta(WINDOW) in nights


def name(row: Mapping[str, Any]) -> str:
    return row["status"] if row["decided_fen"] is None else f"settled {row['status']}"


def untrue(row: Mapping[str, Any], morning: date | None) -> str:
    """What is not so of a plan that stands like this (rules.md, 四(五)); empty: all is."""
    status, owed, cycle_on = row["status"], row["decided_fen"], row["cycle_on"]
    means = {
        "DEFAULT": row["outcome"] == "not_covered" and owed is None,
        "IN_EFFECT": row["outcome"] == "open"
        and (morning is None or (morning - cycle_on).days < WINDOW),
        "INVALID": row["outcome"] in ("open", "invalid") and not owed,
        "CONFIRMING": row["outcome"] in ("open", "held") or bool(owed and row["waiting_fen"] > 0),
        "ENDED": (row["outcome"] == "ended" and owed == 0)
        or bool(owed and owed == row["refused_fen"] and not row["issued_fen"]),
        "PAID": row["outcome"] == "granted" and row["issued_fen"] > 0,
    }
    said = f"outcome {row['outcome']}, cycle {cycle_on}, owed {owed}, issued {row['issued_fen']}"
    return "" if means[status] else f"{said}, on {morning}"
