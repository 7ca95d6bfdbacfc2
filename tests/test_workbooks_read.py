"""Workbooks and CSV as people export them: what can be read exactly is, the rest says why not."""

from __future__ import annotations

import io
import time
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.importers import values, workbooks
from qianchuan_guarantee.importers.values import UnreadError

ALIASES = {
    "ad_id": ("计划ID", "推广计划ID"),
    "day": ("日期", "统计日期"),
    "cost": ("消耗", "花费"),
    "shows": ("展示次数", "展示数"),
}
PLAN = "1745000000000701"


def book(path: Path, rows: list[list[Any]], merged: tuple[str, ...] = ()) -> Path:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for place in merged:
        sheet.merge_cells(place)
    made.save(path)
    return path


def one(path: Path) -> workbooks.Sheet:
    (sheet,) = workbooks.read([path], ALIASES)
    return sheet


def test_a_workbook_of_the_console(tmp_path: Path) -> None:
    rows = [
        ["推广费明细", None, None, None],
        ["计划ID", "日期", "消耗（元）", "展示次数"],
        [PLAN, date(2022, 10, 1), 60.1, 1400],
        [PLAN, datetime(2022, 10, 2, 10), "1,060.10", "--"],
        ["合计", None, "=SUM(C3:C4)", None],
        ["注：数据截至 10-03", None, None, None],
    ]
    sheet = one(book(tmp_path / "a.xlsx", rows))
    assert sheet.columns == {
        "ad_id": "计划ID",
        "day": "日期",
        "cost": "消耗（元）",
        "shows": "展示次数",
    }
    assert sheet.units == {"cost": "元"}
    assert [line.number for line in sheet.lines] == [3, 4]
    assert sheet.lines[0].texts == {
        "ad_id": PLAN,
        "day": "2022-10-01 00:00:00",
        "cost": "60.1",
        "shows": "1400",
    }
    assert sheet.lines[0].numbers == {"cost", "shows"}
    assert sheet.left_out == 2


def test_a_header_over_two_rows(tmp_path: Path) -> None:
    rows = [
        ["计划ID", "日期", "投放数据", None],
        [None, None, "花费", "展示数"],
        [PLAN, "2022/10/1", "60.10", "1"],
    ]
    sheet = one(book(tmp_path / "a.xlsx", rows, ("A1:A2", "B1:B2", "C1:D1")))
    assert sheet.columns["cost"] == "花费"
    assert sheet.lines[0].texts == {
        "ad_id": PLAN,
        "day": "2022/10/1",
        "cost": "60.10",
        "shows": "1",
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_csv_in_every_encoding(tmp_path: Path, encoding: str, delimiter: str) -> None:
    row = [f'="{PLAN}"' if delimiter == "\t" else f"\t{PLAN}", "２０２２－１０－０１", "￥60.10"]
    lines = [["计划 ID", "日期", "消耗【元】"], row, ["总计", "", "60.10"]]
    path = tmp_path / "a.csv"
    path.write_bytes("\r\n".join(delimiter.join(line) for line in lines).encode(encoding, "ignore"))
    sheet = one(path)
    (line,) = sheet.lines
    assert values.long_id(line["ad_id"]) == int(PLAN)
    assert sheet.left_out == 1
    if encoding != "gbk":
        assert values.number(line["cost"]) == Decimal("60.10")


READ: list[tuple[Any, str, Any]] = [
    (values.number, "1,234.50", Decimal("1234.50")),
    (values.number, "１，２３４．５元", Decimal("1234.5")),
    (values.number, "--", None),
    (values.number, "—", None),
    (values.number, "", None),
    (values.number, "-3.5", Decimal("-3.5")),
    (values.percent, "12.5%", Decimal("0.125")),
    (values.percent, "０．５％", Decimal("0.005")),
    (values.whole, "12.0", 12),
    (values.whole, "1,200", 1200),
    (values.day, "2022/10/1", date(2022, 10, 1)),
    (values.day, "2022.10.01", date(2022, 10, 1)),
    (values.day, "2022年10月1日", date(2022, 10, 1)),
    (values.day, "20221001", date(2022, 10, 1)),
    (values.moment, "2022-10-01 10:00:00", datetime(2022, 10, 1, 10)),
    (values.moment, "2022-10-01T10:05", datetime(2022, 10, 1, 10, 5)),
    (values.moment, "2022年10月1日 10时", datetime(2022, 10, 1, 10)),
    (values.moment, "2022-10-01 10:00-11:00", datetime(2022, 10, 1, 10)),
    (values.moment, "2022-10-01 10:00 ~ 10:59", datetime(2022, 10, 1, 10)),
    (values.long_id, f"'{PLAN}", int(PLAN)),
    (values.long_id, f"{PLAN}.0", int(PLAN)),
]
UNREAD: list[tuple[Any, str, str]] = [
    (values.number, "1,23", "number"),
    (values.number, "1.2万", "number"),
    (values.number, "=A1*2", "formula"),
    (values.number, "9" * 300, "long"),
    (values.number, "1e999999999", "number"),
    (values.whole, "1.5", "whole"),
    (values.day, "10/1/2022", "day"),
    (values.day, "2022-02-30", "day"),
    (values.day, "44835", "day"),
    (values.moment, "2022-10-01 25:00", "clock"),
    (values.long_id, "1.70E+15", "id_exponent"),
    (values.long_id, "1.745E+15", "id_exponent"),
    (values.long_id, "1745000000000000", "id_zeros"),
    (values.long_id, "abc", "id"),
    (values.long_id, "0", "id"),
    (values.long_id, "-5", "id"),
    (values.long_id, "9" * 25, "id"),
]


@pytest.mark.parametrize(("reader", "text", "value"), READ)
def test_a_cell_is_read_exactly(reader: Any, text: str, value: Any) -> None:
    assert reader(text) == value


@pytest.mark.parametrize(("reader", "text", "why"), UNREAD)
def test_a_cell_that_would_need_a_guess_says_why(reader: Any, text: str, why: str) -> None:
    with pytest.raises(UnreadError) as unread:
        reader(text)
    assert unread.value.why == why
    assert unread.value.said("en") != unread.value.said("zh")
    assert len(unread.value.said("en")) < 250


def test_an_id_that_a_spreadsheet_holds_as_a_number_has_15_digits() -> None:
    assert values.long_id("1745000000000710") == 1745000000000710
    with pytest.raises(UnreadError):
        values.long_id("1745000000000710", is_number=True)
    assert values.long_id("1745000000000701", is_number=True) == 1745000000000701


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("12", "12"),
        (None, None),
        ({"Value": "12.5", "ValueStr": "12.50"}, "12.50"),
        ({"Value": "0.30000000000000004", "ValueStr": "0.3"}, "0.3"),
        ({"Value": "0", "ValueStr": "--"}, "--"),
        ({"value": "1234.5", "value_str": "1,234.5"}, "1,234.5"),
        ({"Value": "1", "ValueStr": None}, "1"),
    ],
)
def test_a_pair_is_read_by_its_text(value: Any, text: str | None) -> None:
    assert values.of_json(value) == text


@pytest.mark.parametrize(
    "value", [{"Value": "12", "ValueStr": "13"}, {"Value": "5", "ValueStr": "--"}, ["1"], {"a": 1}]
)
def test_a_pair_that_disagrees_is_refused(value: Any) -> None:
    with pytest.raises(UnreadError):
        values.of_json(value)


def zipped(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def sheet_of(path: Path) -> dict[str, bytes]:
    book(path, [["计划ID", "日期"], [PLAN, "2022-10-01"]])
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def bomb(path: Path) -> None:
    members = sheet_of(path)
    zipped(path, {**members, "xl/sharedStrings.xml": b"<sst>" + b" " * 301 * 2**20})


def many_times(path: Path) -> None:
    members = sheet_of(path)
    zipped(path, {**members, "xl/worksheets/sheet1.xml": b"<worksheet>" + b" " * 50 * 2**20})


def entities(path: Path) -> None:
    members = sheet_of(path)
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">]>'
    sheet = "xl/worksheets/sheet1.xml"
    zipped(path, {**members, sheet: laughs + members[sheet].split(b"?>", 1)[-1]})


def far_row(path: Path) -> None:
    members = sheet_of(path)
    sheet = "xl/worksheets/sheet1.xml"
    far = members[sheet].replace(b'<row r="2"', b'<row r="999999999999"')
    zipped(path, {**members, sheet: far})


HOSTILE: list[tuple[str, Any, str]] = [
    ("a.xlsx", bomb, "unpacked"),
    ("a.xlsx", many_times, "times its size"),
    ("a.xlsx", entities, "no spreadsheet writes"),
    ("a.xlsx", b"PK\x03\x04 and then nothing", "broken workbook"),
    ("a.xlsx", b"a,b\n1,2\n", "name it .csv"),
    ("a.csv", b"PK\x03\x04....", "is it .xlsx"),
    ("a.xlsx", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old binary"),
    ("a.csv", b"<html><table></table></html>", "web page"),
    ("a.csv", b'{"code": 0}', "qianchuan-json"),
    ("a.csv", b"\0\1\2\3" * 100, "no text"),
    ("a.csv", "计划ID,日期\n1,\"2022".encode(), "not a row of CSV"),
    ("a.csv", b"colour,size\nred,1\n", "no header row found; expected some of"),
    ("a.pdf", b"%PDF-1.4", "an ending"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "said"), HOSTILE)
def test_what_cannot_be_opened_safely_is_refused(
    tmp_path: Path, name: str, content: Any, said: str
) -> None:
    path = tmp_path / name
    content(path) if callable(content) else path.write_bytes(content)
    started = time.process_time()
    with pytest.raises(UserError) as refused:
        workbooks.read([path], ALIASES)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
    assert time.process_time() - started < 3


def test_a_row_far_away_costs_nothing(tmp_path: Path) -> None:
    far_row(tmp_path / "a.xlsx")
    started = time.process_time()
    assert one(tmp_path / "a.xlsx").lines == []
    assert time.process_time() - started < 3


def test_an_archive_that_is_no_workbook(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "x")
    (tmp_path / "a.xlsx").write_bytes(buffer.getvalue())
    with pytest.raises(UserError, match="no workbook"):
        workbooks.read([tmp_path], ALIASES)
