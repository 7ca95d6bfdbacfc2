"""What the platform's report says of a plan's day: cost and conversions, from saved pages of
`report/ad/get` (hours are added up) or from a report workbook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.importers import values
from qianchuan_guarantee.importers.pages import Page
from qianchuan_guarantee.importers.payments import ADVERTISER, PLAN
from qianchuan_guarantee.importers.values import UnreadError
from qianchuan_guarantee.importers.workbooks import Sheet

ALIASES = {
    "ad_id": PLAN,
    "advertiser_id": ADVERTISER,
    "day": ("日期", "时间", "统计日期", "stat_datetime"),
    "cost": ("消耗", "花费", "总消耗", "stat_cost"),
    "conversions": ("转化数", "转化数(计费时间)", "计费时间转化数", "attribution_convert_cnt"),
}


@dataclass(frozen=True)
class Reported:
    """A plan's day. Cost in yuan; conversions by billing time, null where the report has none.
    `figures`: rows that it was added up from, each rounded by the platform."""

    ad_id: int
    advertiser_id: int | None
    day: date
    cost: Decimal
    conversions: int | None
    place: str
    figures: int = 1


def is_of_report(sheet: Sheet) -> bool:
    return {"ad_id", "day", "cost"} <= sheet.columns.keys()


def reported(pages: Iterable[Page], sheets: Iterable[Sheet]) -> list[Reported]:
    """A plan's days, each once. The same row told twice counts once; two different ones about one
    hour or day are a UserError."""
    rows: dict[tuple[int, str], Reported] = {}
    for slot, row in (*_of_pages(pages), *_of_sheets(sheets)):
        known = rows.setdefault((row.ad_id, slot), row)
        if (known.cost, known.conversions) != (row.cost, row.conversions):
            raise UserError(
                f"{row.place}: plan {row.ad_id}, {slot}: cost {row.cost}, but {known.place} says "
                f"{known.cost}; give each day once"
            )
    return _by_day(rows.values())


def _of_pages(pages: Iterable[Page]) -> Iterator[tuple[str, Reported]]:
    names = ("ad_id", "advertiser_id", "stat_datetime", "stat_cost", "attribution_convert_cnt")
    for page in pages:
        for number, row in enumerate(page.rows, start=1):
            place = f"{page.place}, row {number}"
            try:
                cells = [values.of_json(row.get(name)) for name in names]
            except UnreadError as error:
                raise UserError(f"{place}: {error}") from None
            yield _read(dict(zip(ALIASES, cells, strict=True)), place, frozenset())


def _of_sheets(sheets: Iterable[Sheet]) -> Iterator[tuple[str, Reported]]:
    for sheet in sheets:
        if sheet.units.get("cost", "元") not in ("元", "yuan", "人民币"):
            raise UserError(f"{sheet.place}: {sheet.columns['cost']}; expected yuan (元)")
        for line in sheet.lines:
            yield _read(line.texts, f"{sheet.place}, row {line.number}", line.numbers)


def _read(cells: Mapping[str, Any], place: str, numbers: frozenset[str]) -> tuple[str, Reported]:
    try:
        plan = values.long_id(cells.get("ad_id"), "ad_id" in numbers)
        whose = values.long_id(cells.get("advertiser_id"), "advertiser_id" in numbers)
        at, cost = values.moment(cells.get("day")), values.number(cells.get("cost"))
        won = values.whole(cells.get("conversions"))
    except UnreadError as error:
        raise UserError(f"{place}: {error}") from None
    if plan is None or at is None:
        raise UserError(f"{place}: no plan or no day; expected both in every row of a report")
    row = Reported(plan, whose, at.date(), cost or Decimal(0), won, place)
    return at.isoformat(" "), row


def _by_day(rows: Iterable[Reported]) -> list[Reported]:
    days: dict[tuple[int, date], Reported] = {}
    for row in rows:
        known = days.get((row.ad_id, row.day))
        if known is not None:
            both = (known.conversions, row.conversions)
            won = None if None in both else sum(count or 0 for count in both)
            whose = known.advertiser_id or row.advertiser_id
            cost, figures = known.cost + row.cost, known.figures + 1
            row = Reported(row.ad_id, whose, row.day, cost, won, known.place, figures)
        days[row.ad_id, row.day] = row
    return [days[key] for key in sorted(days)]
