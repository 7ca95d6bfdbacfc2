"""What the sender says was sent, against what was read: a difference fails the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.tables import INPUTS

if TYPE_CHECKING:
    from qianchuan_guarantee.engines import Engine
    from qianchuan_guarantee.exports.read import CheckedTable


@dataclass(frozen=True)
class DayCount:
    """What was read of one day's partition; `cost`: Σ stat_cost of delivery, yuan."""

    rows: int
    refused: int
    cost: Decimal | None


# By partition day; null without partitions.
ByDay = Mapping[date | None, DayCount]


def check_totals(tables: Mapping[str, CheckedTable], engine: Engine) -> None:
    """Compare `control_totals` with what was read, before anything is decided.

    All rows of the files count, also refused ones and duplicates: they were sent. A total that
    cannot be read itself fails the run as well.
    """
    totals = tables["control_totals"]
    if not totals.groups:
        return
    if totals.refused_count or totals.suspects is not None:
        raise UserError(
            f"{totals.groups[0].paths[0]}: a control total cannot be read or stands twice; "
            "mend it, since nothing can be held against it"
        )
    rows = engine.arrow(totals.rows.order_by(["table", "dt"])).to_pylist()
    differences = [words for row in rows for words in _differences(row, tables)]
    if differences:
        raise UserError("control_totals differ from what was read:\n" + "\n".join(differences))


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
