"""What the platform's report says of a plan's day: cost and conversions, from saved pages of
`report/ad/get` (hours are added up) or from a report workbook."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.importers import values
from qianchuan_guarantee.importers.pages import Page
from qianchuan_guarantee.importers.payments import ADVERTISER, PLAN
from qianchuan_guarantee.importers.values import UnreadError
from qianchuan_guarantee.importers.workbooks import Sheet

ALIASES = {
    "ad_id": PLAN,
    "advertiser_id": ADVERTISER,
    "day": ("stat_datetime", "时间", "日期", "统计日期", "统计时间"),
    "cost": ("消耗", "花费", "总消耗", "总花费", "stat_cost"),
    "conversions": ("转化数(计费时间)", "计费时间转化数", "attribution_convert_cnt", "转化数"),
    "hour": ("小时", "时段", "分时"),
}
_OF_RESPONSES = {
    "ad_id": "ad_id",
    "advertiser_id": "advertiser_id",
    "day": "stat_datetime",
    "cost": "stat_cost",
    "conversions": "attribution_convert_cnt",
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
    for page in pages:
        for number, row in enumerate(page.rows, start=1):
            place = f"{page.place}, row {number}"
            try:
                cells = {name: values.of_json(row.get(of)) for name, of in _OF_RESPONSES.items()}
                ids = _exact(cells["ad_id"]), _exact(cells["advertiser_id"])
                yield _read(ids, cells, place)
            except UnreadError as error:
                raise UserError(f"{place}: {error}") from None


def _of_sheets(sheets: Iterable[Sheet]) -> Iterator[tuple[str, Reported]]:
    for sheet in sheets:
        if sheet.units.get("cost", "元") not in ("元", "yuan", "人民币"):
            raise UserError(f"{sheet.place}: {sheet.columns['cost']}; expected yuan (元)")
        for line in sheet.lines:
            place = f"{sheet.place}, row {line.number}"
            names = ("ad_id", "advertiser_id")
            try:
                plan, whose = (values.long_id(line[name], name in line.numbers) for name in names)
                yield _read((plan, whose), line.texts, place)
            except UnreadError as error:
                raise UserError(f"{place}: {error}") from None


def _exact(text: str | None) -> int | None:
    """An id as a program writes it: no spreadsheet has had it, and zeros at its end are its own."""
    if text is not None and not re.fullmatch(r"[0-9]{1,19}", text):
        raise UnreadError("id", text)
    return int(text or 0) or None


def _read(
    ids: tuple[int | None, int | None], cells: Mapping[str, str | None], place: str
) -> tuple[str, Reported]:
    at = values.moment(cells.get("day"), cells.get("hour"))
    cost, won = values.number(cells.get("cost")), values.whole(cells.get("conversions"))
    plan, whose = ids
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
