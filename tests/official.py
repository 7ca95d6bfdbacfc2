"""Exports → the shapes of the official interface: what an import is held against.

The prose is written in many of its spellings, drawn by a seed; counts are floats, some cells are
pairs, some pages repeat.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

Row = Mapping[str, str | None]
_TARGETING = ["年龄", "地域", "定向人群包", "行为兴趣", "性别"]


def rows_of(path: Path) -> list[dict[str, str | None]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{k: v or None for k, v in row.items()} for row in csv.DictReader(file)]


class Writer:
    """Writes tables as saved responses into a folder."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self._folder = folder
        self._r = Random(seed)

    def write(self, tables: Mapping[str, Sequence[Row]]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._pages("plans", "list", [self._plan(row) for row in tables["plans"]], 100)
        self._pages("report", "list", [self._slice(row) for row in tables["delivery"]], 500)
        self._pages("logs", "logs", list(self._saves(tables["operations"])), 20)

    def _pages(self, name: str, rows_in: str, rows: list[Any], size: int) -> None:
        last = max(1, -(-len(rows) // size))
        pages = []
        for number in range(1, last + 1):
            info = {"page": number, "page_size": size, "total_number": len(rows)}
            some = rows[size * (number - 1) : size * number]
            data = {rows_in: some, "page_info": {**info, "total_page": last}}
            outer = {"code": 0, "message": "OK", "request_id": f"{number}", "data": data}
            pages.append(json.dumps(self._r.choice([data, outer]), ensure_ascii=False))
        pages.append(self._r.choice(pages))  # fetched twice
        self._r.shuffle(pages)
        folder = self._folder / name
        folder.mkdir()
        if self._r.random() < 0.5:
            (folder / "pages.jsonl").write_text("\n".join(pages), "utf-8")
        else:
            for number, page in enumerate(pages):
                (folder / f"{number}.json").write_text(page, "utf-8")

    def _plan(self, row: Row) -> dict[str, Any]:
        setting = {
            "smart_bid_type": row["smart_bid_type"],
            "cpa_bid": _float(row.get("cpa_bid")),
            "roi_goal": _float(row.get("roi_goal")),
            "budget": 300.0,
        }
        names = ("lab_ad_type", "marketing_scene", "name", "ad_create_time")
        plan = {name: row.get(name) for name in names}
        plan["ad_id"] = _int(row["ad_id"])  # type: ignore[assignment]
        return {**plan, "delivery_setting": setting, "opt_status": "ENABLE", "campaign_id": 1}

    def _slice(self, row: Row) -> dict[str, Any]:
        counts = {n: _float(row.get(n)) for n in ("show_cnt", "click_cnt")}
        won = _float(row.get("attribution_convert_cnt"))
        return {
            "ad_id": _int(row["ad_id"]),
            "advertiser_id": _int(row.get("advertiser_id")),
            "stat_datetime": row["stat_datetime"],
            "stat_cost": self._perhaps_pair(row["stat_cost"]),
            **counts,
            "attribution_convert_cnt": won,
            "convert_cnt": (won or 0) + 1,
        }

    def _perhaps_pair(self, text: str | None) -> Any:
        if text is None or self._r.random() < 0.9:
            return _float(text)
        return {"Value": _float(text), "ValueStr": f"{Decimal(text):,}"}

    def _saves(self, operations: Iterable[Row]) -> Iterable[dict[str, Any]]:
        """The changes of one save by one person as one row, or as several of one log_id."""
        saves: dict[tuple[Any, ...], list[Row]] = {}
        for row in operations:
            key = tuple(row.get(n) for n in ("log_id", "ad_id", "create_time", "operator_id"))
            if row["operation"] in ("create", "pause", "enable") or self._r.random() < 0.3:
                key = (*key, len(saves))
            saves.setdefault(key, []).append(row)
        for some in saves.values():
            yield self._save(some)

    def _save(self, rows: list[Row]) -> dict[str, Any]:
        first = rows[0]
        save: dict[str, Any] = {
            "log_id": first["log_id"],
            "create_time": first["create_time"],
            "object_type": "AD",
            "object_id": _int(first["ad_id"]),
            "object_name": "计划",
            "operator_id": first.get("operator_id"),
            "operator_name": "公司",
            "opt_ip": "",
        }
        title, lines = self._prose(rows)
        if first["operation"] != "create" and self._r.random() < 0.2:
            parts = [{"content_title": title, "content_log": lines, "object_type": "AD"}]
            return {**save, "content_title": "修改计划", "content_log": [], "sub_logs": parts}
        return {**save, "content_title": title, "content_log": lines, "sub_logs": None}

    def _prose(self, rows: list[Row]) -> tuple[str, list[str]]:
        kinds = {row["operation"] for row in rows}
        if kinds == {"create"}:
            new = rows[0]["new_value"]
            return "创建计划", ["预算：300"] + ([f"出价：{self._yuan(new)}"] if new else [])
        lines = [self._line(row) for row in rows]
        if kinds <= {"pause", "enable"}:
            return ("修改计划", lines)
        if self._r.random() < 0.3:
            return "修改计划", [self._r.choice(["；", "\n", "，"]).join(lines)]
        return self._r.choice(["修改计划", "编辑计划", ""]), lines

    def _line(self, row: Row) -> str:
        kind, old, new = row["operation"], row["old_value"], row["new_value"]
        if kind == "bid":
            return self._bid(old, new)
        if kind == "pause":
            return self._r.choice(
                ["调控状态：调控中 -> 已暂停", "暂停计划", "计划状态：启用 → 暂停"]
            )
        if kind == "enable":
            return self._r.choice(["调控状态：已暂停 -> 调控中", "启用计划", "计划状态：暂停→启用"])
        subject = {
            "targeting": self._r.choice(_TARGETING),
            "budget": "预算",
            "other": "计划名称",
        }[str(kind)]
        # Of what is not money the values say nothing; they tell the rows of one save apart.
        return f"{subject}：{_word(old)} -> {_word(new)}"

    def _bid(self, old: str | None, new: str | None) -> str:
        before, after = (self._yuan(old) if old else "--"), self._yuan(new)
        if old and self._r.random() < 0.3:
            return self._r.choice(["出价由{}修改为{}", "将出价从 {} 调整为 {}"]).format(
                before, after
            )
        if not old and self._r.random() < 0.3:
            return f"出价修改为{after}"
        arrow = self._r.choice([" -> ", "→", " => ", "->"])
        return self._r.choice(["出价：{}{}{}", "出价:{}{}{}", "转化出价(元)：{}{}{}"]).format(
            before, arrow, after
        )

    def _yuan(self, text: str | None) -> str:
        value = Decimal((text or "").replace(",", ""))
        spellings: list[Callable[[Decimal], str]] = [
            str,
            lambda v: f"{v:,.2f}",
            lambda v: f"{v:,.2f}元",
            lambda v: f"{v.normalize():f} 元",
        ]
        return self._r.choice(spellings)(value)


_CHINESE = {
    "LAB_AD": "是",
    "NOT_LAB_AD": "否",
    "FEED": "通投广告",
    "SEARCH": "搜索广告",
    "SHOPPING_MALL": "商城广告",
    "SMART_BID_CUSTOM": "控成本投放",
    "SMART_BID_CONSERVATIVE": "放量投放",
}
_PLAN_HEADERS = {
    "计划ID": "ad_id",
    "账户ID": "advertiser_id",
    "计划名称": "name",
    "计划托管": "lab_ad_type",
    "广告类型": "marketing_scene",
    "投放方式": "smart_bid_type",
    "出价（元）": "cpa_bid",
    "ROI目标": "roi_goal",
    "创建时间": "ad_create_time",
}


def write_workbooks(exports: Path, folder: Path) -> None:
    """An export's delivery as a workbook, and its plans as a CSV in GBK."""
    import openpyxl

    folder.mkdir()
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("分时")
    sheet.append(["计划ID", "日期", "小时", "消耗(元)", "展示次数", "点击次数", "转化数"])
    for row in rows_of(exports / "delivery.csv"):
        at = row["stat_datetime"] or ""
        cost = f"{Decimal(row['stat_cost'] or 0):,}"
        counts = [int(row[n] or 0) for n in ("show_cnt", "click_cnt", "attribution_convert_cnt")]
        sheet.append([row["ad_id"], at[:10].replace("-", "/"), at[11:16], cost, *counts])
    sheet.append(["合计", None, None, "=SUM(D2:D9)"])
    book.save(folder / "delivery.xlsx")
    with (folder / "plans.csv").open("w", encoding="gbk", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_PLAN_HEADERS)
        for row in rows_of(exports / "plans.csv"):
            cells = [row[name] or "--" for name in _PLAN_HEADERS.values()]
            writer.writerow([_CHINESE.get(cell, cell) for cell in cells])


def _word(value: str | None) -> str:
    return value or "--"


def _int(text: str | None) -> int | None:
    return None if text is None else int(text)


def _float(text: str | None) -> float | None:
    return None if text is None else float(text.replace(",", ""))
