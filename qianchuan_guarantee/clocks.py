"""Two clocks, kept apart everywhere: when something happened, and when it was known.

A row stands in the partition of the day it was written (`written_on`, null in files without
partitions, which are taken as complete) and is known from the morning after. A later partition
may restate it (`restated_on`); until that is known, the row stands. A horizon is a day: what is
known on its morning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table, Value


def days_after(day: Value, days: Value) -> Value:
    """The day `days` natural days after `day`. By way of a timestamp: engines disagree on
    whether a day plus an interval is still a day."""
    return (day + days.as_interval("D")).cast("timestamp(6)").date()


def is_known_on(written_on: Value, horizon: Value) -> BooleanValue:
    """Is a row of the partition `written_on` known on the morning of `horizon`?"""
    return written_on.isnull() | (written_on < horizon)


def stands_on(rows: Table, horizon: Value) -> BooleanValue:
    """Is this version of a row the one known on the morning of `horizon`?"""
    return is_known_on(rows.written_on, horizon) & (
        rows.restated_on.isnull() | (rows.restated_on >= horizon)
    )
