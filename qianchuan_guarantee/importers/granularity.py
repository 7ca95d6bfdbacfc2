"""Whole days and hours in one report: a day that the hours add up to must not count twice.

A response does not say its granularity, and a day's row stands at midnight as the first hour's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from qianchuan_guarantee.importers.pages import Page
from qianchuan_guarantee.importers.values import UnreadError, number, of_json

_SUMMED = ("stat_cost", "show_cnt", "click_cnt")


def daily_pages(reports: Sequence[Page], granularity: str | None) -> Some:
    """The pages whose slices are days: those of queries all of whose rows stand at midnight."""
    if granularity is not None:
        return Some(reports if granularity == "daily" else [])
    queries: dict[object, list[Page]] = defaultdict(list)
    for page in reports:
        info = page.page_info or {}
        totals = (info.get("total_number"), info.get("page_size"))
        queries[(str(PurePath(page.file).parent), totals)].append(page)
    return Some([page for some in queries.values() if not _has_hours(some) for page in some])


class Some:
    """Some of the pages, told by identity: their rows are long to compare."""

    def __init__(self, some: Sequence[Page]) -> None:
        self._ids = {id(page) for page in some}

    def __contains__(self, page: Page) -> bool:
        return id(page) in self._ids

    def __bool__(self) -> bool:
        return bool(self._ids)


def _has_hours(some: Iterable[Page]) -> bool:
    return any(
        not _at_midnight(str(row.get("stat_datetime"))) for page in some for row in page.rows
    )


def _at_midnight(text: str) -> bool:
    return len(text) <= 10 or not text[10:].strip(" T:0.")


Hours = dict[str, dict[str, dict[str, list[Decimal | None]]]]


def hours_of(reports: Sequence[Page], daily: Some) -> Hours:
    """Plan → day → slice → cost and counts, of the pages that are by hours."""
    hours: Hours = defaultdict(lambda: defaultdict(dict))
    for page in reports:
        if page not in daily:
            for row in page.rows:
                at = str(row.get("stat_datetime"))
                numbers = [_decimal(row.get(name)) for name in _SUMMED]
                hours[str(row.get("ad_id"))][at[:10]][at] = numbers
    return hours


def _decimal(value: Any) -> Decimal | None:
    try:
        return number(of_json(value))
    except UnreadError:
        return None


def beside_hours(row: Mapping[str, Any], hours: Hours) -> str | None:
    """Of a row for a whole day: None where hours add up to it, so that it says nothing new; the
    empty text where the plan has no hours; else its day, which may count twice."""
    of_plan = hours.get(str(row.get("ad_id")))
    if not of_plan:
        return ""
    day = str(row.get("stat_datetime"))[:10]
    slices = of_plan.get(day, {}).values()
    sums = [sum((part[i] or Decimal(0) for part in slices), Decimal(0)) for i in range(3)]
    stated = [_decimal(row.get(name)) for name in _SUMMED]
    return None if slices and sums == stated else day
