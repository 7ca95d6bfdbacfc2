"""`qcg import qianchuan-json`: saved responses → tables.

Money: plans, bids and plan reports are in yuan; reports of 全域推广 are in 1/1000 fen. There is no
first-delivery field: the logs tell it. `cpa_bid` is today's bid, not the first one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.importers import pages
from qianchuan_guarantee.importers.complete import check_complete, whole
from qianchuan_guarantee.importers.granularity import beside_hours, daily_pages, hours_of
from qianchuan_guarantee.importers.made import Import
from qianchuan_guarantee.importers.operations import add_operations
from qianchuan_guarantee.importers.pages import Page
from qianchuan_guarantee.importers.phrases import Phrases
from qianchuan_guarantee.importers.rows import Filler
from qianchuan_guarantee.importers.values import UnreadError, exact_id, of_json

_OF_PLAN = ("lab_ad_type", "marketing_scene", "name", "ad_create_time")
_OF_SETTING = ("smart_bid_type", "cpa_bid", "roi_goal")
_COUNTS = ("show_cnt", "click_cnt", "attribution_convert_cnt")


@dataclass(frozen=True)
class Asked:
    """What the responses do not say. `cost_unit`: of the reports, where it is not the usual one;
    `granularity`: hourly or daily, where the pages do not show it; `advertiser`: of plans whose
    advertiser nothing names; `owners`: plan → advertiser, of plans imported before."""

    phrases: Phrases
    cost_unit: str | None = None
    granularity: str | None = None
    advertiser: int | None = None
    owners: Mapping[str, str | None] = field(default_factory=dict)


def read(paths: Iterable[str | Path], asked: Asked) -> Import:
    """The tables in these pages. UserError where pages are missing or tell no table."""
    found = pages.read(paths)
    into = Import()
    for name in found.skipped:
        into.note("note_skipped", file=name)
    reports = [_flat(page) for page in found.of(pages.REPORT, pages.UNI_REPORT)]
    plan_pages = found.of(pages.PLANS, pages.DETAIL)
    logs, statuses = found.of(pages.LOG), found.of(pages.STATUS)
    for page in found.pages:
        if page.kind in (pages.FINANCE, pages.SIBLING_HISTORY, pages.SIBLING_STATUS):
            into.note("note_not_imported", file=page.file, kind=page.kind)
    unstated = {
        "plans": check_complete(plan_pages, lambda row: row.get("ad_id")),
        "delivery": check_complete(reports, _slice),
        "operations": check_complete(logs, whole),
    }
    check_complete([p for p in found.pages if p.kind == pages.UNKNOWN_EMPTY], whole)
    owners = _owners(reports, plan_pages, asked)
    if plan_pages:
        _add_plans(into, plan_pages, owners)
    if reports:
        _add_delivery(into, reports, asked)
    if logs:
        add_operations(into, logs, asked.phrases, owners)
    _add_statuses(into, statuses)
    for name, pages_without in unstated.items():
        if name in into.tables:
            into.tables[name].is_checked = pages_without == 0
            if pages_without and name != "plans":
                into.note("note_unstated", table=name, pages=pages_without)
    if not into.tables:
        raise UserError("these pages hold no rows; expected plans, reports or operation logs")
    return into


def _slice(row: Mapping[str, Any]) -> object:
    return (str(row.get("ad_id")), str(row.get("stat_datetime")))


def _flat(page: Page) -> Page:
    """Rows of 全域 reports hold their cells in `dimensions` and `metrics`."""
    if page.kind != pages.UNI_REPORT:
        return page
    rows = []
    for row in page.rows:
        parts = [row.get(name) for name in ("dimensions", "metrics")]
        flat = {k: v for part in parts if isinstance(part, dict) for k, v in part.items()}
        flat = {**{k: v for k, v in row.items() if k not in ("dimensions", "metrics")}, **flat}
        if "ad_id" not in flat:
            raise UserError(
                f"{page.place}: rows without ad_id (their cells: {', '.join(sorted(flat)[:8])}); "
                "a report per plan is expected"
            )
        time = next((n for n in ("stat_time_hour", "stat_time_day") if n in flat), None)
        rows.append({**flat, "stat_datetime": flat.get("stat_datetime", flat.get(time or ""))})
    return Page(page.kind, rows, page.file, page.number, page.page_info)


def _owners(
    reports: Sequence[Page], plan_pages: Sequence[Page], asked: Asked
) -> dict[str, str | None]:
    """Plan → advertiser: as a row says; else as the other plans of its page have it, since a
    query is of one advertiser; else as the user says."""
    owners = dict(asked.owners)
    for page in (*reports, *plan_pages):
        for row in page.rows:
            plan, owner = _id(row.get("ad_id")), _id(row.get("advertiser_id"))
            if plan and owner:
                owners.setdefault(plan, owner)
    for page in plan_pages:
        plans = [plan for row in page.rows if (plan := _id(row.get("ad_id")))]
        known = {owners[plan] for plan in plans if plan in owners}
        if len(known) == 1:
            (owner,) = known
            for plan in plans:
                owners.setdefault(plan, owner)
        if asked.advertiser:
            for plan in plans:
                owners.setdefault(plan, str(asked.advertiser))
    return owners


def _id(value: Any) -> str | None:
    try:
        found = exact_id(of_json(value))
    except UnreadError:
        return None
    return None if found is None else str(found)


def _add_plans(into: Import, plan_pages: Sequence[Page], owners: Mapping[str, str | None]) -> None:
    """A row per plan; what one page leaves open another may say, and what they say differently
    stands twice, for the check to hold."""
    table = into.table("plans")
    merged: dict[str, list[tuple[dict[str, Any], str]]] = defaultdict(list)
    for page in plan_pages:
        for at, row in enumerate(page.rows, start=1):
            table.read += 1
            _merge(merged[str(row.get("ad_id"))], _plan(row), f"{page.place}, {at}")
    table.repeated = table.read - sum(len(some) for some in merged.values())
    ownerless = []
    for some in merged.values():
        for plan, place in some:
            filler = Filler(into, "plans", place)
            for column, value in plan.items():
                filler.put(column, value)
            owner = owners.get(filler.row.get("ad_id") or "")
            filler.row.setdefault("advertiser_id", None)
            filler.row["advertiser_id"] = filler.row["advertiser_id"] or owner
            if filler.row["advertiser_id"] is None:
                ownerless.append(filler.row["ad_id"])
            filler.done()
    if ownerless:
        raise UserError(
            f"{len(ownerless)} plans name no advertiser, and no report row does "
            f"({', '.join(str(plan) for plan in ownerless[:5])}); say whose they are with "
            "--advertiser ID"
        )


def _plan(row: Mapping[str, Any]) -> dict[str, Any]:
    setting = row.get("delivery_setting")
    setting = setting if isinstance(setting, dict) else {}
    plan = {name: row.get(name) for name in ("ad_id", "advertiser_id", *_OF_PLAN)}
    for name in _OF_SETTING:
        plan[name] = setting.get(name, row.get(name))
    for name in ("cpa_bid", "roi_goal"):  # zero is how the interface says that there is none
        if _is_zero(plan[name]):
            plan[name] = None
    return plan


def _is_zero(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and not value.strip("0.")


def _merge(some: list[tuple[dict[str, Any], str]], plan: dict[str, Any], place: str) -> None:
    for there, _ in some:
        if all(there[k] is None or v is None or there[k] == v for k, v in plan.items()):
            there.update({k: v for k, v in plan.items() if v is not None})
            return
    some.append((plan, place))


def _add_delivery(into: Import, reports: Sequence[Page], asked: Asked) -> None:
    table = into.table("delivery")
    rows = [row for page in reports for row in page.rows]
    for name in ("stat_datetime", "stat_cost", *_COUNTS):
        if rows and all(name not in row for row in rows):
            raise UserError(
                f"{reports[0].file}: no row has {name}; fetch the report with that field"
            )
    daily = daily_pages(reports, asked.granularity)
    hours = hours_of(reports, daily) if daily else {}
    for page in reports:
        unit = asked.cost_unit or ("milli-fen" if page.kind == pages.UNI_REPORT else "yuan")
        for at, row in enumerate(page.rows, start=1):
            table.read += 1
            filler = Filler(into, "delivery", f"{page.place}, {at}")
            filler.put("ad_id", row.get("ad_id"))
            filler.put("stat_datetime", row.get("stat_datetime"))
            filler.put("stat_cost", row.get("stat_cost"), unit)
            for name in _COUNTS:
                filler.put(name, row.get(name))
            if page in daily:
                doubt = beside_hours(row, hours)
                if doubt is None:
                    table.repeated += 1
                    into.note("note_daily_totals")
                    continue
                if doubt:
                    filler.doubt("stat_datetime", UnreadError("granularity", doubt))
            filler.done()


def _add_statuses(into: Import, statuses: Sequence[Page]) -> None:
    for page in statuses:
        table = into.table("compensate_status")
        for row in page.rows:
            table.read += 1
            table.add({name: _as_it_stands(row.get(name)) for name in table.columns})


def _as_it_stands(value: Any) -> str | None:
    try:
        return of_json(value)
    except UnreadError as unread:
        return unread.found
