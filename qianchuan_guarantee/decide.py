"""The stages in their order: checked exports and a rulebook in, one decision per plan out.

This is the one place that knows the order. `decide` builds every step as an expression, keeps
those that several later steps read, and asserts that no plan was lost on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from qianchuan_guarantee.engines import Plans, Rows
from qianchuan_guarantee.errors import InvariantError, UsageError
from qianchuan_guarantee.exports.coverage import Coverage, coverage
from qianchuan_guarantee.exports.doubts import contradictions, refused_rows
from qianchuan_guarantee.exports.fates import RowCounts, row_counts
from qianchuan_guarantee.exports.fetch import as_asked, fetch
from qianchuan_guarantee.exports.find import Export, find
from qianchuan_guarantee.exports.memory import Memory
from qianchuan_guarantee.exports.read import CheckedTable, near_ids, read_export
from qianchuan_guarantee.exports.steady import require_unchanged
from qianchuan_guarantee.parameters import Parameters, parameters
from qianchuan_guarantee.rulebook import Rulebook
from qianchuan_guarantee.stages import (
    bids,
    conversions,
    cycles,
    deliveries,
    edits,
    eligibility,
    grant,
    pauses,
    status,
    trust,
)
from qianchuan_guarantee.tables import EARLIEST, LATEST, LOGS, require_id

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from qianchuan_guarantee.engines import Engine


@dataclass(frozen=True)
class Question:
    """What is asked: exports, the morning that is decided on, rulebooks, readings, plans.

    `plans`: only these (empty: all). `readings`: those read otherwise for this call. `memory`:
    what earlier nights left.
    """

    exports: str
    as_of: date
    books: Sequence[Rulebook]
    readings: Mapping[str, str] = field(default_factory=dict)
    plans: Sequence[int] = ()
    memory: Memory = field(default_factory=Memory)

    def __post_init__(self) -> None:
        """UsageError where the day is one that no row can be of, or an id cannot be one."""
        begin, end = EARLIEST.date(), LATEST.date()
        if not begin <= self.as_of <= end:
            raise UsageError(f"as of {self.as_of}: out of range; expected {begin} to {end}")
        for plan in self.plans:
            require_id(plan)


@dataclass(frozen=True)
class Decided:
    """The answer, with every table on the way to it, so that explain and audit read the same.

    stages: `cycles`, `operations`, `bid_steps`, `delivery_days`, `priced`, `by_bid`,
    `edit_counts`, `pause_tests`, `facts`, `decisions`. rules: the rulebooks as tables
    (`parameters.Parameters`).
    """

    question: Question
    engine: Engine
    export: Export
    checked: Mapping[str, CheckedTable]
    stages: Mapping[str, Table]
    rules: Mapping[str, Table]
    rows: Mapping[str, RowCounts]
    plan_count: int

    @property
    def decisions(self) -> Table:
        """In their order."""
        return in_order(self.stages["decisions"])

    @property
    def readings(self) -> dict[str, str]:
        return self.question.books[-1].read(self.question.readings)


def in_order(decisions: Table) -> Table:
    """Decisions in their order."""
    return decisions.order_by("ad_id")


def decide(
    question: Question, engine: Engine, tell: Callable[..., None] = lambda key, **words: None
) -> Decided:
    """Decide every plan of an export folder as of a morning (rules.md, all of it)."""
    folder = fetch(question.exports, engine.scratch)
    with as_asked(question.exports, folder):
        export = find(folder)
        checked = read_export(
            export, engine, question.plans, deliveries.day_facts, question.memory, tell
        )
        tell("p_deciding")
        decided = decide_checked(question, engine, export, checked)
        require_unchanged(export, question.as_of)
    return decided


def decide_checked(
    question: Question, engine: Engine, export: Export, checked: Mapping[str, CheckedTable]
) -> Decided:
    """Decide the plans of tables that were read already."""
    rules = _rules(question, engine)
    stages = _stages(question, engine, export, checked, rules)
    stages["decisions"] = engine.keep(status.decisions, stages["facts"])
    plan_count = engine.count(stages["cycles"])
    decided_count = engine.count(stages["decisions"])
    if plan_count != decided_count:
        raise InvariantError(f"{plan_count} plans came in, {decided_count} decisions came out")
    _plans_exist(question, plan_count, engine, export, stages["cycles"])
    rows = row_counts(checked, stages["cycles"], question.as_of, engine)
    return Decided(question, engine, export, checked, stages, rules, rows, plan_count)


def _plans_exist(
    question: Question, found: int, engine: Engine, export: Export, plans: Table
) -> None:
    if not question.plans or found == len(set(question.plans)):
        return
    known = {row["ad_id"] for row in engine.rows(plans)}
    lost = [plan for plan in question.plans if plan not in known]
    near = sorted({near for plan in lost for near in near_ids(plan, export, engine)})
    raise UsageError(
        f"plan {', '.join(map(str, lost))}: no such plan in {question.exports} as known on "
        f"{question.as_of}" + (f"; near it: {', '.join(map(str, near))}" if near else "")
    )


def _stages(
    question: Question,
    engine: Engine,
    export: Export,
    checked: Mapping[str, CheckedTable],
    rules: Mapping[str, Table],
) -> dict[str, Table]:
    """Every step. What reads a log is kept, and knows no reading: so the rule can be put to the
    same plans once more, read otherwise, without the logs (`what_if`, `sensitivity`)."""
    days = checked["delivery"].daily
    assert days is not None
    plans = _cycles(question, engine, checked, days, rules)
    read = engine.view(cycles.with_readings, plans, rules["readings"])
    operations = engine.keep(bids.known_operations, checked["operations"].rows, plans)
    edited = engine.keep(bids.bid_edits, operations)
    initial = engine.keep(bids.initial_bids, operations, edited, plans)
    steps = engine.keep(bids.bid_steps, edited, initial)
    spans = engine.keep(bids.bid_spans, steps, initial)
    won = _won(question, engine, export, checked, plans, read, spans)
    counts = engine.keep(_edit_counts, operations, read)
    # An engine takes longer to plan these than to carry them out for a few plans.
    named = engine.keep if question.plans else engine.view
    facts = named(
        eligibility.facts,
        read,
        eligibility.Facts(
            costs=engine.keep(deliveries.costs, days, plans),
            uncounted=engine.view(conversions.uncounted_counts, won.uncounted),
            conversions=engine.view(conversions.conversion_facts, won.by_bid),
            late=won.late,
            bids=engine.view(bids.bid_facts, steps, spans, initial, read),
            edits=engine.view(edits.edit_facts, counts),
            bands=rules["bands"],
        ),
    )
    paused = engine.keep(pauses.pauses, operations, plans)
    costs_before = engine.keep(pauses.costs_before, checked["delivery"].rows, paused, plans)
    tests = engine.keep(_pause_tests, paused, costs_before, won.priced, won.uncounted, read)
    judged = named(_judged, facts, tests)
    troubles = _troubles(question, engine, checked, plans, steps)
    troubled = engine.view(status.with_troubles, judged, troubles)
    return {
        "cycles": read,
        "operations": operations,
        "bid_steps": steps,
        "delivery_days": days,
        "priced": won.priced,
        "by_bid": won.by_bid,
        "edit_counts": counts,
        "pause_tests": tests,
        "facts": named(status.status, troubled, question.as_of),
    }


def _edit_counts(operations: Table, plans: Table) -> Table:
    return edits.edit_counts(edits.edits_in_window(operations, plans))


def _pause_tests(
    paused: Table, costs_before: Table, priced: Table, uncounted: Table, plans: Table
) -> Table:
    asked = pauses.asked_pauses(paused, plans)
    return pauses.pause_tests(
        asked,
        costs_before,
        pauses.conversions_before(priced, asked),
        pauses.uncounted_before(uncounted, asked),
    )


def _judged(facts: Table, tests: Table) -> Table:
    return grant.grant(eligibility.eligibility(facts, tests))


@dataclass(frozen=True)
class _Won:
    """The conversions that count, each with its bid; their sums by bid; late ones per plan;
    slices that state none."""

    priced: Table
    by_bid: Table
    late: Table
    uncounted: Table


def _won(
    question: Question,
    engine: Engine,
    export: Export,
    checked: Mapping[str, CheckedTable],
    plans: Table,
    read: Table,
    spans: Table,
) -> _Won:
    """From the events where there are any, else from the delivery log's slices."""
    delivery = checked["delivery"].rows
    if export.has_conversions:
        log = checked["conversions"]
        restated = None
        if log.suspects is not None:
            restated = engine.view(conversions.restated_conversions, log.rows)
        received = engine.keep(
            conversions.received_conversions, log.rows, restated, plans, question.as_of
        )
        priced = engine.view(conversions.priced_events, received, spans, read)
        return _Won(
            priced,
            engine.keep(conversions.events_by_bid, priced),
            engine.keep(conversions.late_counts, received),
            engine.view(conversions.no_slices, plans),
        )
    slices = engine.keep(conversions.counted_slices, delivery, plans)
    uncounted = engine.keep(conversions.uncounted_slices, delivery, plans)
    priced = engine.keep(conversions.priced_slices, slices, spans, read)
    return _Won(
        priced,
        engine.keep(conversions.slices_by_bid, priced),
        engine.view(conversions.never_late, plans),
        uncounted,
    )


def _rules(question: Question, engine: Engine) -> dict[str, Table]:
    rules: Parameters = parameters(question.books, question.readings)
    return {name: engine.table(table) for name, table in vars(rules).items()}


def _cycles(
    question: Question,
    engine: Engine,
    checked: Mapping[str, CheckedTable],
    days: Table,
    rules: Mapping[str, Table],
) -> Table:
    """Which plans there are, and the window and cycle of each."""
    as_of = question.as_of
    is_daily = checked["plans"].days is not None
    snapshots = engine.keep(cycles.plan_snapshots, checked["plans"].rows, as_of, is_daily)
    received, changed = checked["conversions"].rows, checked["operations"].rows
    refused = refused_rows(checked, engine, (*LOGS, "plans"))
    conflicting = contradictions(checked, engine, (*LOGS, "plans"))
    named = engine.keep(
        _named_plans, (days, received, changed), refused, conflicting, snapshots, as_of
    )
    if question.plans:
        named = engine.view(_among, named, Plans(question.plans))
    covered = coverage(checked, as_of)
    memory, seen = question.memory, engine.table(covered.days)
    if memory.closed is not None and covered.begin is not None:
        closed = engine.table(memory.closed)
        overruled = _overruled(question, engine, closed, covered)
        named = engine.view(cycles.asked_again, named, closed, overruled, seen)
    log = checked["delivery"]
    given = checked["first_deliveries"].rows
    first = engine.view(deliveries.first_deliveries, days, given, rules["versions"], as_of)
    if memory.first is not None and memory.believed is not None:
        remembered = memory.first if log.days is not None else memory.first.slice(0, 0)
        known = engine.table(remembered), engine.table(memory.believed)
        first = engine.view(deliveries.with_remembered, first, *known, seen)
    else:
        first = engine.view(deliveries.with_nothing_remembered, first)
    ever = None if log.days is None else min((*log.days, *log.remembered_days), default=date.max)
    versions = rules["versions"], rules["scenarios"]
    return engine.keep(cycles.cycles, named, snapshots, first, *versions, as_of, ever)


def _named_plans(
    logs: Sequence[Table], refused: Table, conflicting: Table, snapshots: Table, as_of: date
) -> Table:
    days, received, changed = logs
    known = [
        days.select("ad_id", "written_on", known_at=days.day.cast("timestamp(6)")),
        received.select("ad_id", "written_on", known_at="received_at"),
        changed.select("ad_id", "written_on", known_at="create_time"),
    ]
    doubtful = refused.union(conflicting.drop("conflict_on"))
    return cycles.named_plans(known, doubtful, snapshots, as_of)


def _among(named: Table, plans: Plans) -> Table:
    return named.filter(named.ad_id.isin(plans))


def _overruled(question: Question, engine: Engine, cycles: Table, covered: Coverage) -> Table:
    named = question.memory.released
    released = engine.table(Rows({"ad_id": "int64"}, [{"ad_id": plan} for plan in named]))
    if not named or covered.begin is None:
        return released
    seen = engine.table(covered.days)
    return engine.view(trust.overruled, released, cycles, seen, covered.begin)


def _troubles(
    question: Question,
    engine: Engine,
    checked: Mapping[str, CheckedTable],
    plans: Table,
    steps: Table,
) -> status.Troubles:
    as_of = question.as_of
    covered = coverage(checked, as_of)
    refused = refused_rows(checked, engine, tuple(checked))
    conflicting = contradictions(checked, engine, tuple(checked))
    seen = engine.table(covered.days)
    return status.Troubles(
        refused=engine.keep(trust.refused_rows, refused, plans, as_of),
        refused_plans=engine.view(trust.refused_plans, refused, as_of),
        conflicting_plans=engine.view(trust.conflicting_plans, conflicting, as_of),
        conflicts=engine.keep(trust.conflicts, conflicting, plans, as_of),
        snapshots=engine.keep(cycles.snapshot_troubles, checked["plans"].rows, steps, plans),
        incomplete=engine.view(trust.missing_days, plans, seen, covered.begin),
        cheating=engine.keep(trust.cheating, checked["verdicts"].rows, as_of),
        released=_overruled(question, engine, plans, covered),
    )


def total_granted(engine: Engine, decisions: Table) -> Decimal:
    """Σ amount, yuan."""
    found = engine.arrow(decisions.agg(total=decisions.amount.sum()))["total"][0].as_py()
    return found if found is not None else Decimal("0.00")
