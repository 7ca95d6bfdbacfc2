"""What one night leaves for the next: as Parquet files beside its decisions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import sqlalchemy as sa

from qianchuan_guarantee.exports.memory import WHOLE, Memory, closed_schema, first_schema
from qianchuan_guarantee.ledger import schema
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.tables import LOGS
from qianchuan_guarantee.write import Sheet, write_table

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import Table

    from qianchuan_guarantee.decide import Decided
    from qianchuan_guarantee.exports.read import CheckedTable

_TABLES = tuple(dict.fromkeys((*WHOLE, *LOGS)))
_FIRST = "first.parquet"  # every plan's first delivery that is known
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


def recall(store: Store, as_of: date, begin: date | None) -> Remembered:
    """What is remembered on the morning of `as_of`, for logs that begin on `begin` (null: they
    have no partitions)."""
    import pyarrow as pa

    query = sa.select(schema.runs).where(schema.runs.c.as_of < as_of).order_by(schema.runs.c.number)
    with store.reading() as connection:
        # A night run again with corrected logs stands for that night.
        nights = {row["as_of"]: dict(row) for row in connection.execute(query).mappings()}
        released = list(connection.execute(sa.select(schema.releases.c.ad_id)).scalars())
    if not nights:
        empty = _first_file_schema().empty_table()
        return Remembered(Memory(released=released), empty, {})
    base = nights[max(nights)]
    days = {
        table: tuple(date.fromisoformat(day) for day in days)
        for table, days in json.loads(base["days"]).items()
    }
    closers = [n for day, n in nights.items() if begin is not None and day > begin]
    rows = {}
    for table in _TABLES:
        found = [_read(store, base["run_id"], _name(table, "open"))]
        found += [_read(store, night["run_id"], _name(table, "closed")) for night in closers]
        kept = [piece for piece in found if piece is not None]
        if kept:
            rows[table] = pa.concat_tables(kept)
    first = _read(store, base["run_id"], _FIRST)
    assert first is not None
    memory = Memory(
        rows=rows,
        days=days,
        first=first.select(["ad_id", "remembered_at"]),
        closed=first.filter(first["is_closed"]).select(["ad_id", "day0", "cycle_end_on"]),
        released=released,
    )
    return Remembered(memory, first, days)


def _read(store: Store, run_id: str, name: str) -> pa.Table | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = store.read(run_id, name)
    return None if content is None else pq.read_table(pa.BufferReader(content))


def leave(decided: Decided, before: Remembered, folder: Path) -> dict[str, list[str]]:
    """Write to `folder` what later nights need; returns table → partition days ever seen."""
    engine, as_of = decided.engine, decided.question.as_of
    plans = decided.stages["cycles"]
    closed_before = before.memory.closed
    if closed_before is None:
        closed_before = closed_schema().empty_table()
    is_closed = plans.is_settled.fill_null(False)
    tonight = engine.keep(plans.select("ad_id", is_closed=is_closed))
    unclosed = tonight.filter(~tonight.is_closed).select("ad_id")
    newly = tonight.filter(tonight.is_closed).select("ad_id")
    newly = newly.anti_join(engine.table(closed_before), "ad_id")
    for name in _TABLES:
        table = decided.checked[name]
        if table.days is None or table.every is None:
            continue
        rows = _past_rows(decided, table, as_of)
        rest = [name for name in rows.columns if name not in ("_dt", "_ad_id")]
        for state, of in (("open", unclosed), ("closed", newly)):
            if name in _EVERY_PLAN:
                if state == "closed":
                    continue
                some = rows
            else:
                some = rows.semi_join(of, rows._ad_id == of.ad_id)
            _write(decided, some.order_by(["_dt", "_ad_id", *rest]), folder / _name(name, state))
    _write(decided, _first(decided, before).order_by("ad_id"), folder / _FIRST)
    return _days(decided, before, as_of)


def _past_rows(decided: Decided, table: CheckedTable, as_of: date) -> Table:
    """Rows of partitions known by now, of logs of delivery and conversions only refused ones;
    malformed lines among them."""
    assert table.every is not None
    today = ibis.literal(as_of, type="date")
    every = table.every.filter(table.every._dt < today)
    if table.table.name == "plans":
        every = _changes(decided.engine.keep(every))
    elif table.table.name not in WHOLE:
        every = every.filter(~every._is_fine)
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
    """First deliveries known by now. An earlier one that came late contradicts what is
    remembered, which stays; a later one is a restatement."""
    old = decided.engine.table(before.first)
    plans = decided.stages["cycles"]
    known = plans.filter(plans.first_delivery_at.notnull())
    is_contradicted = (known.first_delivery_at < known.remembered_at).fill_null(False)
    tonight = known.select(
        "ad_id",
        remembered_at=ibis.ifelse(is_contradicted, known.remembered_at, known.first_delivery_at),
        day0="day0",
        cycle_end_on="cycle_end_on",
        is_closed=known.is_settled.fill_null(False),
    )
    tonight = decided.engine.keep(tonight)
    return old.anti_join(tonight, "ad_id").select(*tonight.columns).union(tonight)


def _write(decided: Decided, rows: Table, path: Path) -> None:
    schema = rows.schema().to_pyarrow()
    write_table(Sheet(_cast(decided.engine.batches(rows), schema), schema, path))


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
