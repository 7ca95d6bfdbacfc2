"""What the platform may have counted otherwise: rows that came late, or before they had come.

The checked rows of some plans, as if they had been known at another time, through the same stages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import ibis

from qianchuan_guarantee.clocks import stands_on
from qianchuan_guarantee.decide import decide_checked
from qianchuan_guarantee.reconcile.classes import Ours
from qianchuan_guarantee.reconcile.ours import COLUMNS, of_decision

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from qianchuan_guarantee.decide import Decided
    from qianchuan_guarantee.engines.duckdb import DuckDB
    from qianchuan_guarantee.exports.read import CheckedTable

_FEW = 1_000  # plans that are asked for by name


def late_counted(decided: Decided) -> dict[str, CheckedTable]:
    """All delivery and conversions known by now, as if they had come in time."""
    today = ibis.literal(decided.question.as_of, type="date")

    def in_time(rows: Table) -> Table:
        nothing = ibis.null("date")
        return rows.filter(stands_on(rows, today)).mutate(written_on=nothing, restated_on=nothing)

    checked = dict(decided.checked)
    log, days = checked["delivery"], checked["delivery"].daily
    assert days is not None
    checked["delivery"] = replace(log, rows=in_time(log.rows), daily=in_time(days))
    won = checked["conversions"]
    rows = in_time(won.rows.filter(won.rows.received_at < today.cast("timestamp(6)")))
    rows = rows.mutate(received_at=rows.billed_at)
    checked["conversions"] = replace(won, rows=rows, suspects=None)
    return checked


def before_backflow(decided: Decided) -> dict[str, CheckedTable]:
    """Only the delivery and conversions that were known when the window ended (一): the backflow
    day, 三(二), not waited for."""
    ends = decided.engine.keep(decided.decisions.select("ad_id", "window_end"))

    def known(rows: Table) -> Table:
        dated = rows.join(ends, "ad_id")
        is_known = dated.written_on.isnull() | (dated.written_on < dated.window_end.date())
        return dated.filter(is_known).drop("window_end")

    checked = dict(decided.checked)
    log, days = checked["delivery"], checked["delivery"].daily
    assert days is not None
    checked["delivery"] = replace(log, rows=known(log.rows), daily=known(days))
    won = checked["conversions"]
    dated = won.rows.join(ends, "ad_id")
    rows = dated.filter(dated.received_at < dated.window_end).drop("window_end")
    checked["conversions"] = replace(won, rows=rows, suspects=None)
    return checked


VARIANTS: Mapping[str, Callable[[Decided], dict[str, CheckedTable]]] = {
    "rc_late": late_counted,
    "rc_before_backflow": before_backflow,
}


def decided_with(
    rows_of: Callable[[Decided], dict[str, CheckedTable]],
    decided: Decided,
    engine: DuckDB,
    plans: Sequence[int],
) -> list[Ours]:
    """These plans, decided by other rows; where they are many, by way of all plans."""
    checked = rows_of(decided)
    asked: tuple[int, ...] = ()
    if len(plans) <= _FEW:
        asked = tuple(plans)
        for name in ("delivery", "conversions"):
            rows = checked[name].rows
            checked[name] = replace(
                checked[name], rows=engine.keep(rows.filter(rows.ad_id.isin(asked)))
            )
    question = replace(decided.question, plans=asked)
    again = decide_checked(question, engine, decided.export, checked)
    rows = engine.arrow(again.decisions.select(*COLUMNS))
    wanted = set(plans)
    return [of_decision(row) for row in rows.to_pylist() if row["ad_id"] in wanted]
