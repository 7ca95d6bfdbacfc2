"""What one night leaves for the next: as Parquet files beside its decisions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import sqlalchemy as sa

from qianchuan_guarantee.exports.memory import WHOLE, Memory, closed_schema, first_schema
from qianchuan_guarantee.ledger import schema
from qianchuan_guarantee.ledger.files import table_of
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.tables import LOGS
from qianchuan_guarantee.write import Sheet, write_table

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import Table

    from qianchuan_guarantee.decide import Decided
    from qianchuan_guarantee.engines import Engine
    from qianchuan_guarantee.exports.find import Export
    from qianchuan_guarantee.exports.read import CheckedTable

_TABLES = tuple(dict.fromkeys((*WHOLE, *LOGS)))
_FIRST = "first.parquet"  # every plan's first delivery that is known
_CLOSED = "closed.parquet"  # the plans whose rows the run's files of closed plans hold
_EVERY_PLAN = ("verdicts", "first_deliveries", "restrictions")


@dataclass(frozen=True)
class Remembered:
    """What earlier nights left, and the partition days they saw."""

    memory: Memory
    first: pa.Table
    days: Mapping[str, tuple[date, ...]]


def _name(table: str, state: str) -> str:
    return f"{table}-{state}.parquet"


def _first_file_schema() -> pa.Schema:
    import pyarrow as pa

    return pa.unify_schemas([first_schema(), closed_schema()]).append(
        pa.field("is_closed", pa.bool_())
    )


def begin(export: Export) -> date | None:
    """The first day of the logs; null where they have no partitions."""
    days = [day for name in LOGS if name in export.tables for day in export.tables[name].days or ()]
    return min(days, default=None)


class Before(NamedTuple):
    """The instant before a run that was: its number, and that of its act."""

    run: int
    act: int


def recall(
    store: Store, as_of: date, begin: date | None, before: Before | None = None
) -> Remembered:
    """What is remembered on the morning of `as_of`, for logs that begin on `begin` (null: they
    have no partitions). A run of this very morning is remembered too: run again with fewer days,
    it must not forget what it knew. `before`: as it was before that run."""
    query = sa.select(schema.runs).where(schema.runs.c.as_of <= as_of)
    releases = sa.select(schema.releases.c.ad_id)
    if before is not None:
        query = query.where(schema.runs.c.number < before.run)
        releases = releases.where(schema.releases.c.act < before.act)
    with store.reading() as connection:
        found = connection.execute(query.order_by(schema.runs.c.number)).mappings()
        runs = [dict(row) for row in found]
        released = list(connection.execute(releases).scalars())
    if not runs:
        return Remembered(Memory(released=released), _first_file_schema().empty_table(), {})
    last = runs[-1]
    days = {
        table: tuple(date.fromisoformat(day) for day in days)
        for table, days in json.loads(last["days"]).items()
    }
    first = _first_of(store, last["run_id"])
    earlier = [run["run_id"] for run in runs if run["as_of"] < as_of]
    believed = _first_of(store, earlier[-1]) if earlier else first.slice(0, 0)
    closed = first.filter(first["is_closed"])
    closers = [run["run_id"] for run in runs if begin is not None and run["as_of"] > begin]
    memory = Memory(
        rows=_rows(store, last["run_id"], closers, closed),
        days=days,
        first=first.select(first_schema().names),
        believed=believed.filter(believed["is_believed"]).select(["ad_id", "remembered_at"]),
        closed=closed.select(["ad_id", "day0", "cycle_end_on"]),
        released=released,
    )
    return Remembered(memory, first, days)


def _first_of(store: Store, run_id: str) -> pa.Table:
    first = _read(store, run_id, _FIRST)
    assert first is not None  # every run leaves one
    return first


def _rows(store: Store, last: str, closers: Sequence[str], closed: pa.Table) -> dict[str, pa.Table]:
    """Remembered rows by table: those of plans that wait, as the last run left them, and those of
    each closed plan, as the last run that closed it did."""
    import pyarrow as pa
    import pyarrow.compute as pc

    pieces: dict[str, list[pa.Table]] = {table: [] for table in _TABLES}
    for table, found in pieces.items():
        found.append(_read(store, last, _name(table, "open")))
    wanted = closed["ad_id"].combine_chunks()
    for run_id in reversed(closers):
        asked = _read(store, run_id, _CLOSED)
        if asked is None or not len(wanted):
            continue
        mine = pc.filter(wanted, pc.is_in(wanted, value_set=asked["ad_id"].combine_chunks()))
        for table, found in pieces.items():
            rows = _read(store, run_id, _name(table, "closed"))
            if rows is not None and len(mine):
                found.append(rows.filter(pc.is_in(rows["_ad_id"], value_set=mine)))
        wanted = pc.filter(wanted, pc.invert(pc.is_in(wanted, value_set=mine)))
    some = {table: [x for x in found if x is not None] for table, found in pieces.items()}
    return {table: pa.concat_tables(found) for table, found in some.items() if found}


def _read(store: Store, run_id: str, name: str) -> pa.Table | None:
    content = store.read(run_id, name)
    return None if content is None else table_of(content)


def leave(
    decided: Decided, before: Remembered, folder: Path, *, is_past_changed: bool
) -> dict[str, list[str]]:
    """Write to `folder` what later nights need; returns table → partition days ever seen.
    `is_past_changed`: a partition that an earlier night could have seen is new, or another."""
    engine, as_of = decided.engine, decided.question.as_of
    plans = decided.stages["cycles"]
    is_closed = plans.is_settled.fill_null(False)
    tonight = engine.keep(plans.select("ad_id", is_closed=is_closed))
    unclosed = tonight.filter(~tonight.is_closed).select("ad_id")
    closed = tonight.filter(tonight.is_closed).select("ad_id")
    if before.memory.closed is not None and not is_past_changed:
        closed = closed.anti_join(engine.table(before.memory.closed), "ad_id")
    closed = engine.keep(closed)
    _write(decided, closed.order_by("ad_id"), folder / _CLOSED)
    for name in _TABLES:
        table = decided.checked[name]
        if table.days is None or table.every is None:
            continue
        rows = _past_rows(decided, table, unclosed.union(closed))
        rest = [name for name in rows.columns if name not in ("_dt", "_ad_id")]
        for state, of in (("open", unclosed), ("closed", closed)):
            if name in _EVERY_PLAN:
                if state == "closed":
                    continue
                some = rows
            else:
                some = rows.semi_join(of, rows._ad_id == of.ad_id)
            _write(decided, some.order_by(["_dt", "_ad_id", *rest]), folder / _name(name, state))
    _write(decided, _first(decided, before).order_by("ad_id"), folder / _FIRST)
    return _days(decided, before, as_of)


def _past_rows(decided: Decided, table: CheckedTable, plans: Table) -> Table:
    """Rows of partitions known by now, of logs of delivery and conversions only those that are
    in doubt; malformed lines among them."""
    assert table.every is not None
    today = ibis.literal(decided.question.as_of, type="date")
    every = table.every.filter(table.every._dt < today)
    if table.table.name == "plans":
        every = _changes(decided.engine.keep(every))
    elif table.table.name not in WHOLE:
        every = _doubtful(decided, table, every, plans)
    torn = table.refused.filter(table.refused.problem == ":malformed")
    # Those of earlier nights are rows among the others already.
    is_new = torn.written_on.isin(list(table.days or ())) & (torn.written_on < today)
    torn = torn.filter(torn.ad_id.notnull() & is_new)
    said = {
        "_file": torn.file,
        "_dt": torn.written_on,
        "_is_fine": ibis.literal(False),
        "_problem": torn.problem,
        "_ad_id": torn.ad_id,
    }
    kinds = every.schema()
    nothing = {name: ibis.null(kind) for name, kind in kinds.items() if name not in said}
    return every.union(torn.select(**said, **nothing).select(*every.columns))


def _doubtful(decided: Decided, table: CheckedTable, every: Table, plans: Table) -> Table:
    """Of the logs of delivery and conversions what can matter to one of these plans (`ad_id`) when
    its partition is gone: refused rows, contradictions, deliveries that came too late to be its
    first, and rows written on a day before their own (a log that is cut in another time zone)."""
    engine = decided.engine
    key = "day" if table.table.name == "delivery" else "conversion_id"
    happened = every.stat_datetime if key == "day" else every.converted_at
    is_kept = (~every._is_fine | (happened.date() > every._dt)).fill_null(False)
    found = []
    if table.suspects is not None:
        rows = table.suspects.filter(table.suspects.is_conflict)
        rows = rows.semi_join(plans, "ad_id")
        if key == "day":
            rows = rows.mutate(day=rows.stat_datetime.date())
        found.append(rows.select("ad_id", key))
    if table.daily is not None:
        days = table.daily.filter(table.daily.first_delivered_at.notnull())
        first = decided.stages["cycles"].select("ad_id", "tentative_at")
        asked = days.semi_join(plans, "ad_id").join(first, "ad_id")
        is_too_late = asked.tentative_at.isnull() | (asked.first_delivered_at < asked.tentative_at)
        found.append(asked.filter(is_too_late).select("ad_id", "day"))
    kept = [engine.keep(rows.distinct()) for rows in found]
    doubts = [rows for rows in kept if engine.arrow(rows.limit(1)).num_rows]
    if not doubts:
        return every.filter(is_kept)
    keys = ibis.union(*doubts, distinct=True) if len(doubts) > 1 else doubts[0]
    others = every.filter(~is_kept)
    same: Any = "conversion_id"
    if key == "day":
        same = [others.ad_id == keys.ad_id, others.stat_datetime.date() == keys.day]
    return every.filter(is_kept).union(others.semi_join(keys, same))


def _changes(snapshots: Table) -> Table:
    """Of a plan's snapshots that follow each other and say the same, the first and the last: what
    lies between tells nothing more, and a plan may wait for its first delivery for years."""
    names = [name for name in snapshots.columns if not name.startswith("_")]
    said = ibis.literal("").join([snapshots[n].cast("string").fill_null("\0") for n in names])
    in_order = ibis.window(group_by="_ad_id", order_by="_dt")
    rows = snapshots.mutate(_said=said)
    rows = rows.mutate(
        _before=rows._said.lag().over(in_order), _after=rows._said.lead().over(in_order)
    )
    is_within = rows._is_fine & (rows._said == rows._before) & (rows._said == rows._after)
    return rows.filter(~is_within.fill_null(False)).select(*snapshots.columns)


def _first(decided: Decided, before: Remembered) -> Table:
    """First deliveries known by now, and what the logs show where that is not believed. An earlier
    one that came late contradicts what is remembered, which stays; a later one is a
    restatement."""
    old = decided.engine.table(before.first)
    plans = decided.stages["cycles"]
    is_believed = plans.first_delivery_at.notnull()
    is_news = plans.remembered_at.isnull() & plans.logged_at.notnull()
    known = plans.filter(is_believed | is_news)
    is_contradicted = (known.first_delivery_at < known.remembered_at).fill_null(False)
    tonight = known.select(
        "ad_id",
        remembered_at=ibis.cases(
            (is_contradicted, known.remembered_at),
            (known.first_delivery_at.notnull(), known.first_delivery_at),
            else_=known.logged_at,
        ),
        day0="day0",
        cycle_end_on="cycle_end_on",
        is_believed=known.first_delivery_at.notnull(),
        is_closed=known.is_settled.fill_null(False),
    )
    tonight = decided.engine.keep(tonight)
    # Restated away: the logs of tonight show no delivery at all.
    gone = plans.filter(plans.tentative_at.isnull()).select("ad_id")
    rest = old.anti_join(tonight, "ad_id").anti_join(gone, "ad_id")
    return rest.select(*tonight.columns).union(tonight)


def _write(decided: Decided, rows: Table, path: Path) -> None:
    write_table(sheet(decided.engine, rows, path))


def sheet(engine: Engine, rows: Table, path: Path) -> Sheet:
    """Rows of the engine on their way to a file, exactly typed."""
    schema = rows.schema().to_pyarrow()
    return Sheet(_cast(engine.batches(rows), schema), schema, path)


def _cast(batches: Iterator[Any], schema: pa.Schema) -> Iterator[Any]:
    import pyarrow as pa

    for batch in batches:
        yield from pa.Table.from_batches([batch]).cast(schema).to_batches()


def _days(decided: Decided, before: Remembered, as_of: date) -> dict[str, list[str]]:
    seen: dict[str, list[str]] = {}
    for name, table in decided.checked.items():
        if table.days is not None:
            past = {day for day in table.days if day < as_of} | set(before.days.get(name, ()))
            seen[name] = [day.isoformat() for day in sorted(past)]
    return {**{k: [d.isoformat() for d in v] for k, v in before.days.items()}, **seen}
