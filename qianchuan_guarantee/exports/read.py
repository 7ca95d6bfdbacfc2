"""An export folder, read and checked: per table the rows that may be used, and what became of
the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from qianchuan_guarantee.engines import Plans, Rows
from qianchuan_guarantee.exports.check import checked_columns, read_columns
from qianchuan_guarantee.exports.daily import DayFacts, daily, delivery_days, doubtful_days
from qianchuan_guarantee.exports.find import Export, FileGroup, Found
from qianchuan_guarantee.exports.malformed import plan_of
from qianchuan_guarantee.exports.memory import Memory
from qianchuan_guarantee.exports.totals import ByDay, check_totals, day_of, rows_by_day
from qianchuan_guarantee.exports.typed import all_of, naming, of_plans, typed, with_old
from qianchuan_guarantee.exports.versions import Versions, versions
from qianchuan_guarantee.expressions import ibis
from qianchuan_guarantee.tables import INPUTS, Input

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from qianchuan_guarantee.engines import Engine, Malformed

_NEAR = 3  # ids told of where one is not known,
_MISSPELT, _AWAY = 3, 1_000  # so many characters typed otherwise, or so far from it at most
REFUSED_COLUMNS = {
    "ad_id": "int64",
    "happened_at": "timestamp(6)",
    "known_at": "timestamp(6)",
    "written_on": "date",
    "file": "string",
    "problem": "string",
}


@dataclass(frozen=True)
class CheckedTable:
    """A table of an export after every row was looked at.

    rows:     typed columns, `written_on`, `restated_on`; absent tables have no rows.
    refused:  a row per refused row: `ad_id`, `happened_at`, `known_at`, `written_on` (null
              where they cannot be read), `file`, `problem` (`column:reason`).
    suspects: see `Versions.suspects`.
    every:    all rows as they were read: typed columns, `_is_fine`, `_problem`, `_file`, `_dt`.
    daily:    of the delivery log: plan × day × (`written_on`, `restated_on`), see `exports.daily`.
    by_day:   rows read and Σ stat_cost (yuan) per partition day, malformed lines included.
    read, refused_count: numbers of rows, remembered ones included.
    remembered_days: partitions that are not there, but were seen on earlier nights.
    """

    table: Input
    rows: Table
    refused: Table
    suspects: Table | None
    days: tuple[date, ...] | None
    groups: tuple[FileGroup, ...]
    malformed: tuple[Malformed, ...]
    read: int
    refused_count: int
    every: Table | None = None
    daily: Table | None = None
    by_day: ByDay = field(default_factory=dict)
    remembered_days: tuple[date, ...] = ()


@dataclass(frozen=True)
class _Asked:
    """Whose rows are asked for (none: everybody's), and whether all are to be counted."""

    plans: Plans
    is_counted: bool


def read_export(
    export: Export,
    engine: Engine,
    plans: Sequence[int],
    facts: DayFacts,
    memory: Memory,
    tell: Callable[..., None],
) -> dict[str, CheckedTable]:
    """Read and check every table; with `plans`, only the rows that concern those plans. `facts`:
    the sums of a plan's day of delivery that the stages need."""
    asked = _Asked(Plans(plans), "control_totals" in export.tables)
    tables = {}
    for table in INPUTS.values():
        if table.name in export.tables:
            tell("p_reading", table=table.name)
            found = export.tables[table.name]
            tables[table.name] = _read_table(found, engine, asked, facts, memory)
        elif table.name in memory.days:  # partitioned, and none of its partitions are there
            found = Found(table, (), ())
            tables[table.name] = _read_table(found, engine, asked, facts, memory)
        else:
            tables[table.name] = _absent(table, engine, facts)
    check_totals(tables, engine)
    return tables


def near_ids(ad_id: int, export: Export, engine: Engine) -> list[int]:
    """The plans of the plan table that somebody may have meant by an id that it does not have."""
    if "plans" not in export.tables:
        return []
    every = typed(export.tables["plans"], engine, Plans()).every
    ids = every.filter(every._ad_id.notnull()).select(ad_id="_ad_id").distinct()
    asked = ibis.literal(ad_id, type="int64")
    misspelt = ids.ad_id.cast("string").levenshtein(ibis.literal(str(ad_id)))
    away = (ids.ad_id - asked).abs()
    near = ids.filter((misspelt <= _MISSPELT) | (away <= _AWAY))
    near = near.order_by([misspelt, away, ids.ad_id]).limit(_NEAR)
    found: list[int] = engine.arrow(near)["ad_id"].to_pylist()
    return found


def _absent(
    table: Input, engine: Engine, facts: DayFacts, days: tuple[date, ...] | None = None
) -> CheckedTable:
    """A table without a single row; `days` that are partitions all the same have none."""
    schema = {column.name: column.type_name for column in checked_columns(table)}
    rows = _empty(engine, schema | {"written_on": "date", "restated_on": "date"})
    refused = _empty(engine, REFUSED_COLUMNS)
    summed = None
    if table.name == "delivery":
        none = daily(_empty(engine, read_columns(table)), facts, engine, is_partitioned=False)
        summed = engine.view(delivery_days, none, None, None, facts)
    return CheckedTable(table, rows, refused, None, days, (), (), 0, 0, None, summed)


def _empty(engine: Engine, schema: dict[str, str]) -> Table:
    return engine.table(Rows(schema))


def _read_table(
    found: Found, engine: Engine, asked: _Asked, facts: DayFacts, memory: Memory
) -> CheckedTable:
    table, plans = found.table, asked.plans if found.table.has_plan else Plans()
    # Everybody's rows are read only where they are held against a total.
    is_first = bool(plans) and not asked.is_counted
    past: tuple[date, ...] = ()
    if found.days is not None:
        past = tuple(day for day in memory.days.get(table.name, ()) if day not in found.days)
    old = memory.rows.get(table.name) if past else None
    if not found.groups and old is None:  # partitions without a single file: days without rows
        return replace(_absent(table, engine, facts, found.days), remembered_days=past)
    rows = typed(found, engine, plans if is_first else Plans())
    if old is not None and old.num_rows:
        rows = with_old(rows, old, found.days or (), engine)
    every, malformed = rows.every, rows.malformed
    with naming(found):
        if is_first:
            every = of_plans(rows, table, plans, engine)
        summed = None
        if table.name == "delivery":
            summed = daily(every, facts, engine, is_partitioned=found.days is not None)
        by_day = counted = rows_by_day(every, summed, malformed, found, engine)
    if plans and not is_first:
        every = of_plans(rows, table, plans, engine)
        if summed is not None:
            summed = engine.view(_summed_of, summed, plans)
        counted = rows_by_day(every, summed, malformed, found, engine)
    refused_count = sum(day.refused for day in counted.values())
    refused = _refused(every, engine, malformed, found, plans, refused_count)
    doubtful = None
    if summed is not None:
        doubtful = doubtful_days(summed, engine, is_partitioned=found.days is not None)
    # Where all were found to be fine, they need not be looked at again.
    accepted = engine.view(_fine, every) if refused_count else every
    sorted_out: Versions = versions(accepted, table, engine, doubtful)
    days = None
    if summed is not None:
        standing = None if doubtful is None else sorted_out.rows
        days = engine.keep(delivery_days, summed, doubtful, standing, facts)
    return CheckedTable(
        table,
        sorted_out.rows,
        refused,
        sorted_out.suspects,
        found.days,
        found.groups,
        tuple(malformed),
        sum(day.rows for day in counted.values()),
        refused_count,
        every,
        days,
        {day: count for day, count in by_day.items() if day not in past},
        past,
    )


def _fine(every: Table) -> Table:
    return every.filter(every._is_fine)


def _summed_of(summed: Table, plans: Plans) -> Table:
    return summed.filter(summed.ad_id.isin(plans) | summed.ad_id.isnull())


def _refused(
    every: Table,
    engine: Engine,
    malformed: Sequence[Malformed],
    found: Found,
    plans: Plans,
    count: int,
) -> Table:
    if not count:
        return _empty(engine, REFUSED_COLUMNS)
    kept = engine.keep(_not_fine, every)
    if not malformed:
        return kept
    lines = [
        {
            **dict.fromkeys(REFUSED_COLUMNS),
            "ad_id": plan,
            "written_on": day_of(line.path, found),
            "file": line.path,
            "problem": ":malformed",
        }
        for line in malformed
        if (plan := plan_of(line, found.groups)) is None or not plans or plan in plans
    ]
    return engine.keep(all_of, [kept, engine.table(Rows(REFUSED_COLUMNS, lines))])


def _not_fine(every: Table) -> Table:
    refused = every.filter(~every._is_fine)
    return refused.select(
        ad_id=refused._ad_id,
        happened_at=refused._happened_at,
        known_at=refused._known_at,
        written_on=refused._dt,
        file=refused._file,
        problem=refused._problem,
    )
