"""What is ordered of `generate`, and what was made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from qianchuan_guarantee.errors import UsageError
from qianchuan_guarantee.tables import EARLIEST, LATEST

# The quiet days at the start, four days of delivery, and one for backflow: with fewer days no
# plan's cycle would end.
QUIET_DAYS = 2
FEWEST_DAYS = QUIET_DAYS + 5
MOST_DAYS = 366
MOST_PLANS = 100_000_000


@dataclass(frozen=True)
class Order:
    """An export to be made: `plans` plans, logs of the days [start, start + days).

    `dirt`: share of plans that get one bad thing each. `by_slices`: no conversions table, but
    counts in delivery. UsageError where a number is out of range.
    """

    plans: int = 10_000
    start: date = date(2022, 10, 1)
    days: int = 14
    seed: int = 1
    format: Literal["parquet", "csv"] = "parquet"
    order: Literal["plan", "hour"] = "plan"
    layout: Literal["flat", "daily"] = "flat"
    dirt: float = 0.0
    by_slices: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.plans <= MOST_PLANS:
            raise UsageError(f"--plans {self.plans}: expected 1 to {MOST_PLANS}")
        if not FEWEST_DAYS <= self.days <= MOST_DAYS:
            raise UsageError(
                f"--days {self.days}: expected {FEWEST_DAYS} to {MOST_DAYS}, so that cycles end"
            )
        if not 0 <= self.dirt <= 1:
            raise UsageError(f"--dirt {self.dirt}: expected a share from 0 to 1")
        room = timedelta(days=MOST_DAYS)
        if not EARLIEST.date() + room <= self.start <= LATEST.date() - room:
            raise UsageError(f"--start {self.start}: expected a day from 2017 to 2098")

    @property
    def as_of(self) -> date:
        """The morning after the last day of the logs: everything made is known by then."""
        return self.start + timedelta(days=self.days)

    @property
    def is_daily(self) -> bool:
        return self.layout == "daily"

    def day(self, number: int) -> date:
        """The day of the logs that is `number` days after the first."""
        return self.start + timedelta(days=number)

    def instant(self, seconds: str) -> str:
        """SQL: the instant so many seconds after the logs' first midnight."""
        base = int((datetime.combine(self.start, datetime.min.time()) - _EPOCH).total_seconds())
        return f"make_timestamp(({base} + ({seconds})) * 1000000)"


_EPOCH = datetime(1970, 1, 1)


@dataclass
class Made:
    """What was made: rows per table; and of the dirt, plans per kind, and rows per kind and
    table that share its fate (both rows of a conflict)."""

    tables: dict[str, int] = field(default_factory=dict)
    dirty_plans: dict[str, int] = field(default_factory=dict)
    dirty_rows: dict[str, dict[str, int]] = field(default_factory=dict)
