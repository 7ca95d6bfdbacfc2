"""What was read, counted by day, and what the sender says was sent: a difference fails the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.money import total
from qianchuan_guarantee.tables import INPUTS

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from qianchuan_guarantee.engines import Engine, Malformed, Step
    from qianchuan_guarantee.exports.find import Found
    from qianchuan_guarantee.exports.read import CheckedTable


@dataclass(frozen=True)
class DayCount:
    """What was read of one day's partition; `cost`: Σ stat_cost of delivery, yuan."""

    rows: int
    refused: int
    cost: Decimal | None


# By partition day; null without partitions.
ByDay = Mapping[date | None, DayCount]


def rows_by_day(
    every: Table,
    summed: Table | None,
    malformed: Sequence[Malformed],
    found: Found,
    engine: Engine,
) -> ByDay:
    """Rows, refused ones among them, and Σ stat_cost (yuan; of all rows that state one)."""

    def by_day(step: Step, table: Table) -> dict[date | None, dict[str, Any]]:
        return {row.pop("_dt"): row for row in engine.rows(step, table)}

    rows = by_day(_rows_by_day, every)
    costs: dict[date | None, Any] = {}
    if summed is None:
        fine = rows
    else:
        fine = by_day(_sums_by_day, summed)
        costs = {day: count["cost"] for day, count in fine.items()}
    refused = {day: n["rows"] - fine.get(day, {"fine": 0})["fine"] for day, n in rows.items()}
    if summed is not None and any(refused.values()):
        for day, other in by_day(_refused_by_day, every).items():
            costs[day] = (costs.get(day) or 0) + (other["cost"] or 0)
    counted = {
        day: DayCount(count["rows"], refused[day], costs.get(day)) for day, count in rows.items()
    }
    for line in malformed:
        day = day_of(line.path, found)
        before = counted.get(day, DayCount(0, 0, None))
        counted[day] = DayCount(before.rows + 1, before.refused + 1, before.cost)
    return counted


def _rows_by_day(every: Table) -> Table:
    return every.group_by("_dt").agg(rows=every.count(), fine=total(every._is_fine.cast("int64")))


def _sums_by_day(daily: Table) -> Table:
    days = daily.mutate(_dt=daily.written_on)
    return days.group_by("_dt").agg(fine=total(days._rows), cost=days.cost.sum())


def _refused_by_day(every: Table) -> Table:
    others = every.filter(~every._is_fine)
    return others.group_by("_dt").agg(cost=others.stat_cost.sum())


def day_of(path: str, found: Found) -> date | None:
    """The partition that a file lies in."""
    if found.days is None:
        return None
    return date.fromisoformat(PurePath(path).parent.name.removeprefix("dt="))


def check_totals(tables: Mapping[str, CheckedTable], engine: Engine) -> None:
    """Compare `control_totals` with what was read, before anything is decided.

    All rows of the files count, also refused ones and duplicates: they were sent. A total that
    cannot be read itself fails the run as well.
    """
    totals = tables["control_totals"]
    if not totals.groups:
        return
    _require_readable(totals, engine)
    rows = engine.rows(_totals_in_order, totals.rows)
    differences = [words for row in rows for words in _differences(row, tables)]
    if differences:
        raise UserError("control_totals differ from what was read:\n" + "\n".join(differences))


def _require_readable(totals: CheckedTable, engine: Engine) -> None:
    found = [row["problem"].lstrip(":") for row in engine.rows(_problems, totals.refused)]
    if totals.suspects is not None:
        found += [
            f"two totals for {row['table']}" + (f", dt={row['dt']}" if row["dt"] else "")
            for row in engine.rows(_contradicted, totals.suspects)
        ]
    if found or totals.refused_count:
        raise UserError(
            f"{totals.groups[0].paths[0]}: a control total cannot be read or is contradicted "
            f"({'; '.join(found)}); mend it, since nothing can be held against it"
        )


def _problems(refused: Table) -> Table:
    return refused.select("problem").distinct().order_by("problem")


def _contradicted(suspects: Table) -> Table:
    found = suspects.filter(suspects.is_conflict)
    return found.select("table", "dt").distinct().order_by(["table", "dt"])


def _totals_in_order(totals: Table) -> Table:
    return totals.order_by(["table", "dt"])


def _differences(row: Mapping[str, object], tables: Mapping[str, CheckedTable]) -> list[str]:
    name, day = str(row["table"]), row["dt"]
    if name not in INPUTS:
        return [f"  {name}: no such table"]
    where = f"  {name}, dt={day}" if day is not None else f"  {name}"
    if day in tables[name].remembered_days:  # compared on the night on which it was read
        return []
    by_day = tables[name].by_day
    if day is None:
        found = list(by_day.values())
    else:
        assert isinstance(day, date)
        found = [by_day[day]] if day in by_day else []
    counted = sum(count.rows for count in found)
    cost = sum((count.cost for count in found if count.cost is not None), Decimal(0))
    differences = []
    if counted != row["rows"]:
        differences.append(f"{where}: {row['rows']} rows sent, {counted} read")
    if row["cost"] is not None and cost != row["cost"]:
        differences.append(f"{where}: cost {row['cost']} sent, {cost} read")
    return differences
