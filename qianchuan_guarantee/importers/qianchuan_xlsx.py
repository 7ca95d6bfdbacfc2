"""`qcg import qianchuan-xlsx`: report workbooks and CSV exports → delivery, and plans where the
columns suffice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import time
from functools import cache
from pathlib import Path

import yaml

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.importers import workbooks
from qianchuan_guarantee.importers.made import Import
from qianchuan_guarantee.importers.phrases import bare
from qianchuan_guarantee.importers.rows import Filler
from qianchuan_guarantee.importers.values import UnreadError, is_empty, moment
from qianchuan_guarantee.importers.workbooks import Line, Sheet

# What the workbooks call the values of a column; a value that is not here is left as it stands,
# for the check to refuse.
_WORDS: dict[str, dict[str, str]] = {
    "lab_ad_type": {
        "计划托管": "LAB_AD",
        "托管计划": "LAB_AD",
        "托管": "LAB_AD",
        "是": "LAB_AD",
        "非托管": "NOT_LAB_AD",
        "自定义": "NOT_LAB_AD",
        "否": "NOT_LAB_AD",
    },
    "marketing_scene": {
        "通投广告": "FEED",
        "通投": "FEED",
        "搜索广告": "SEARCH",
        "搜索": "SEARCH",
        "商城广告": "SHOPPING_MALL",
        "商城": "SHOPPING_MALL",
    },
    "smart_bid_type": {
        "控成本投放": "SMART_BID_CUSTOM",
        "控成本": "SMART_BID_CUSTOM",
        "放量投放": "SMART_BID_CONSERVATIVE",
        "放量": "SMART_BID_CONSERVATIVE",
    },
}
_UNITS = {"": "yuan", "元": "yuan", "yuan": "yuan", "人民币": "yuan"} | {
    "分": "fen",
    "fen": "fen",
    "千分之一分": "milli-fen",
}
_COUNTS = ("show_cnt", "click_cnt", "attribution_convert_cnt")
_OF_PLAN = ("lab_ad_type", "marketing_scene", "smart_bid_type")
_DELIVERY = ("ad_id", "stat_datetime", "stat_cost", "show_cnt", "click_cnt")


@cache
def aliases() -> Mapping[str, tuple[str, ...]]:
    """Column → its headers, from headers.yaml."""
    content = yaml.safe_load(Path(__file__).with_name("headers.yaml").read_text("utf-8"))
    return {name: tuple(headers) for name, headers in content.items()}


def read(paths: Iterable[str | Path], cost_unit: str | None, advertiser: int | None) -> Import:
    """The tables in these workbooks. UserError where a file cannot be read, or has no header."""
    into = Import()
    sheets = workbooks.read(paths, aliases())
    hourly = {line["ad_id"] for sheet in sheets if _is_hourly(sheet) for line in sheet.lines}
    for sheet in sheets:
        missing = [aliases()[name][0] for name in _DELIVERY if name not in sheet.columns]
        has_plans = all(name in sheet.columns for name in ("ad_id", *_OF_PLAN))
        if not missing:
            unit = cost_unit or _unit(sheet, "stat_cost")
            _add_delivery(into, sheet, unit, set() if _is_hourly(sheet) else hourly)
        if has_plans:
            _add_plans(into, sheet, advertiser)
        elif missing:
            into.note("note_columns", file=sheet.place, columns=", ".join(missing))
        if sheet.left_out:
            into.note("note_left_out", file=sheet.place, rows=sheet.left_out)
    return into


def _is_hourly(sheet: Sheet) -> bool:
    """Whether the rows are hours: there is a column for it, or a time that is not midnight."""
    if "stat_datetime" not in sheet.columns:
        return False
    return "hour" in sheet.columns or any(_has_clock(line["stat_datetime"]) for line in sheet.lines)


def _has_clock(text: str | None) -> bool:
    try:
        at = moment(text)
    except UnreadError:
        return False
    return at is not None and at.time() != time()


def _unit(sheet: Sheet, column: str) -> str:
    unit = sheet.units.get(column, "")
    if unit not in _UNITS:
        raise UserError(
            f"{sheet.place}: {sheet.columns[column]}: an amount in {unit}? Expected "
            f"{', '.join(name for name in _UNITS if name)}"
        )
    return _UNITS[unit]


def _add_delivery(into: Import, sheet: Sheet, unit: str, hourly: Set[str | None]) -> None:
    """A row per line; `hourly`: plans that have hours in another sheet, beside which a whole
    day would count twice."""
    table = into.table("delivery")
    if "attribution_convert_cnt" in sheet.columns:
        header = sheet.columns["attribution_convert_cnt"]
        into.note("note_conversions", file=sheet.place, header=header)
    for line in sheet.lines:
        table.read += 1
        filler = Filler(into, "delivery", f"{sheet.place}:{line.number}")
        filler.put_long_id("ad_id", line["ad_id"], "ad_id" in line.numbers)
        _put_time(filler, line)
        if line["ad_id"] in hourly:
            filler.doubt("stat_datetime", UnreadError("granularity", line["stat_datetime"]))
        filler.put("stat_cost", line["stat_cost"], unit)
        for name in _COUNTS:
            filler.put(name, line[name])
        filler.done()


def _put_time(filler: Filler, line: Line) -> None:
    try:
        at = moment(line["stat_datetime"], line["hour"])
        filler.row["stat_datetime"] = None if at is None else at.isoformat(" ")
    except UnreadError as why:
        filler.doubt("stat_datetime", why)


def _add_plans(into: Import, sheet: Sheet, advertiser: int | None) -> None:
    """A row per plan and what the sheet says of it; a report repeats it on every line."""
    table = into.table("plans")
    for line in sheet.lines:
        table.read += 1
        filler = Filler(into, "plans", f"{sheet.place}:{line.number}")
        filler.put_long_id("ad_id", line["ad_id"], "ad_id" in line.numbers)
        owner = line["advertiser_id"]
        if is_empty(owner) and advertiser is not None:
            owner = str(advertiser)
        filler.put_long_id("advertiser_id", owner, "advertiser_id" in line.numbers)
        for name in _OF_PLAN:
            text = line[name]
            filler.put(name, None if is_empty(text) else _WORDS[name].get(bare(text or ""), text))
        for name in ("cpa_bid", "roi_goal"):
            text = line[name]
            filler.put(name, text, _unit(sheet, name))
            if filler.row[name] == "0":
                filler.row[name] = None
        for name in ("name", "ad_create_time"):
            filler.put(name, line[name])
        filler.done()
