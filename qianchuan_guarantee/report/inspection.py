"""What an export folder holds, for whoever makes the exports: files, days, refused rows with
examples, and the plans that would be held."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

from qianchuan_guarantee.vocabulary import reasons_of

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import Table

    from qianchuan_guarantee.decide import Decided
    from qianchuan_guarantee.engines import Engine
    from qianchuan_guarantee.exports.read import CheckedTable

_EXAMPLES = 3

DayState = Literal["rows", "empty", "missing", "not_landed"]


@dataclass(frozen=True)
class TableFound:
    """One table: its row counts, its files, and for a partitioned one the state of each day.

    files: `file`, `dt`, `rows`, `refused`. A day without a partition is `missing` if a later one
    is there, else it has `not_landed` yet.
    """

    counts: dict[str, int]
    files: list[dict[str, Any]]
    days: dict[date, DayState]

    def days_in(self, state: DayState) -> list[date]:
        return [day for day, found in self.days.items() if found == state]


@dataclass(frozen=True)
class Refusal:
    """Rows of one table refused for one reason. examples: `file`, `row_number`, `value`."""

    table: str
    column: str
    reason: str
    rows: int
    examples: list[dict[str, Any]]


@dataclass(frozen=True)
class Inspection:
    """held: reason code → number of plans; held_plans: reason code → some of them."""

    as_of: date
    tables: dict[str, TableFound]
    refusals: list[Refusal]
    held: dict[str, int]
    held_plans: dict[str, list[int]]
    rows_without_plan: int
    extra_columns: dict[str, list[str]]
    ignored_files: list[str]

    def document(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "as_of": self.as_of.isoformat(),
            "tables": {
                name: {
                    **table.counts,
                    "files": table.files,
                    "days": {day.isoformat(): state for day, state in table.days.items()},
                }
                for name, table in self.tables.items()
            },
            "refusals": [vars(refusal) for refusal in self.refusals],
            "held": self.held,
            "held_plans": self.held_plans,
            "rows_without_plan": self.rows_without_plan,
            "extra_columns": self.extra_columns,
            "ignored_files": self.ignored_files,
        }


def inspect(decided: Decided, quarantine: pa.Table, rows_without_plan: int) -> Inspection:
    """Look at the exports of a run. `quarantine`: its refused rows."""
    held, held_plans = _held(decided)
    return Inspection(
        as_of=decided.question.as_of,
        tables={
            name: TableFound(
                counts=decided.rows[name].as_dict(),
                files=files_of(decided, table),
                days=_days(decided, table),
            )
            for name, table in decided.checked.items()
            if name in decided.rows
        },
        refusals=_refusals(quarantine),
        held=held,
        held_plans=held_plans,
        rows_without_plan=rows_without_plan,
        extra_columns=decided.export.extra_columns,
        ignored_files=list(decided.export.ignored),
    )


def files_of(decided: Decided, table: CheckedTable) -> list[dict[str, Any]]:
    """Each file with its rows, malformed lines included: `file`, `rows`, `refused`."""
    paths: dict[date | None, list[str]] = {}
    for path in sorted(path for group in table.groups for path in group.paths):
        day = None if table.days is None else _day_of(path)
        paths.setdefault(day, []).append(path)
    shared = frozenset(path for some in paths.values() if len(some) > 1 for path in some)
    counted = _counted(decided.engine, table, shared) if shared else {}
    for day, (path, *others) in paths.items():
        if not others and day in table.by_day:
            counted[path] = (table.by_day[day].rows, table.by_day[day].refused)
    return [
        {"file": _relative(path, decided.export.folder), "rows": rows, "refused": refused}
        for path in sorted(path for some in paths.values() for path in some)
        for rows, refused in [counted.get(path, (0, 0))]
    ]


def _counted(
    engine: Engine, table: CheckedTable, paths: frozenset[str]
) -> dict[str, tuple[int, int]]:
    """Rows and refused ones of files that share a day. Which file a row stands in is not kept
    where the row is fine, so they are read again."""
    rows = Counter(line.path for line in table.malformed)
    refused = Counter(rows)
    for group in table.groups:
        some = tuple(path for path in group.paths if path in paths)
        if some:
            raw = engine.read(replace(group, paths=some), numbered=True)
            rows.update({row["_file"]: row["rows"] for row in engine.rows(_by_file, raw)})
    if table.every is not None:
        found = engine.rows(_refused_by_file, table.every)
        refused.update({row["_file"]: row["rows"] for row in found})
    return {path: (rows[path], refused[path]) for path in paths}


def _by_file(raw: Table) -> Table:
    return raw.group_by("_file").agg(rows=raw.count())


def _refused_by_file(every: Table) -> Table:
    return _by_file(every.filter(~every._is_fine))


def _day_of(path: str) -> date:
    return date.fromisoformat(PurePath(path).parent.name.removeprefix("dt="))


def _relative(path: str, folder: str) -> str:
    try:
        return PurePath(path).relative_to(folder).as_posix()
    except ValueError:
        return path


def _days(decided: Decided, table: CheckedTable) -> dict[date, DayState]:
    """Every day from the first partition of any table to the eve of the run."""
    if table.days is None:
        return {}
    there = set(table.days)
    begin = min(min(t.days) for t in decided.checked.values() if t.days)
    length = (decided.question.as_of - begin).days
    days: dict[date, DayState] = {}
    for number in range(length):
        day = begin + timedelta(days=number)
        if day not in there:
            days[day] = "missing" if any(other > day for other in there) else "not_landed"
        else:
            counted = table.by_day.get(day)
            days[day] = "rows" if counted is not None and counted.rows else "empty"
    return days


def _refusals(quarantine: pa.Table) -> list[Refusal]:
    grouped: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in quarantine.to_pylist():
        key = (row["table"], row["column"] or "", row["reason"])
        grouped.setdefault(key, []).append(row)
    return [
        Refusal(table, column, reason, len(rows), [_example(row) for row in rows[:_EXAMPLES]])
        for (table, column, reason), rows in sorted(grouped.items())
    ]


def _example(row: dict[str, Any]) -> dict[str, Any]:
    raw = json.loads(row["raw"])
    names = (row["column"] or "").split()
    # A conflict is about values that differ, so the whole row is shown.
    value = raw.get(names[0]) if len(names) == 1 and row["reason"] != "conflict" else raw
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    return {"file": row["file"], "row_number": row["row_number"], "value": value}


def _held(decided: Decided) -> tuple[dict[str, int], dict[str, list[int]]]:
    table = decided.decisions
    held = table.filter(table.outcome.isin(("held", "open")))
    each = held.select("ad_id", code=held.reasons.unnest())
    each = each.filter(each.code.isin(reasons_of("held")))
    counted = each.group_by("code").agg(plans=each.count())
    counts = {row["code"]: row["plans"] for row in decided.engine.arrow(counted).to_pylist()}
    plans: dict[str, list[int]] = {}
    for code in reasons_of("held"):
        if code in counts:
            some = each.filter(each.code == code).order_by("ad_id").limit(_EXAMPLES)
            plans[code] = decided.engine.arrow(some)["ad_id"].to_pylist()
    return {code: counts[code] for code in plans}, plans
