"""Which days the partitioned logs have, tonight and on earlier nights. A missing day must never
look like a day without cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from qianchuan_guarantee.engines import Rows
from qianchuan_guarantee.tables import LOGS

if TYPE_CHECKING:
    from qianchuan_guarantee.exports.read import CheckedTable

_EARLIEST = date(2016, 1, 1)


@dataclass(frozen=True)
class Coverage:
    """begin: where the partitioned logs begin, remembered days included; null where no log has
    partitions. days: for each day since then, the next one of which a log has no partition:
    `day`, `next_missing_on` (of all that was ever seen), `next_missing_tonight_on`, and
    `next_left_out_on` (seen on an earlier night, and not there tonight)."""

    begin: date | None
    days: Rows


def coverage(checked: Mapping[str, CheckedTable], as_of: date) -> Coverage:
    """Coverage up to the day before `as_of`."""
    names = ("day", *(f"next_{name}_on" for name in ("missing", "missing_tonight", "left_out")))
    kinds = dict.fromkeys(names, "date")
    logs = [checked[name] for name in LOGS if checked[name].days is not None]
    if not logs:
        return Coverage(None, Rows(kinds))
    tonight = [set(log.days or ()) for log in logs]
    ever = [set(log.days or ()) | set(log.remembered_days) for log in logs]
    # A log none of whose days has landed lacks them all.
    begin = min((min(days) for days in ever if days), default=_EARLIEST)
    all_ever, all_tonight = set.intersection(*ever), set.intersection(*tonight)
    past = set().union(*(log.remembered_days for log in logs))
    rows: list[dict[str, date | None]] = []
    missing: date | None = None
    missing_tonight: date | None = None
    left_out: date | None = None
    day = as_of - timedelta(days=1)
    while day >= begin:
        missing = missing if day in all_ever else day
        missing_tonight = missing_tonight if day in all_tonight else day
        left_out = day if day in past else left_out
        found = (day, missing, missing_tonight, left_out)
        rows.append(dict(zip(names, found, strict=True)))
        day -= timedelta(days=1)
    return Coverage(begin, Rows(kinds, rows))
