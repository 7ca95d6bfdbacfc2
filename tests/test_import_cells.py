"""What responses and workbooks hold, case by case: pages, units, pairs, days, accounts, ids."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.importers import pages, qianchuan_json, qianchuan_xlsx
from qianchuan_guarantee.importers.made import Import, write
from qianchuan_guarantee.importers.phrases import load
from qianchuan_guarantee.importers.prose import DOUBTFUL, Reader
from qianchuan_guarantee.importers.qianchuan_json import Asked
from qianchuan_guarantee.tables import (
    INPUTS,
    LAB_AD_TYPES,
    MARKETING_SCENES,
    OPERATIONS,
    SMART_BID_TYPES,
)
from qianchuan_guarantee.vocabulary import STATUSES
from tests.test_cli import qcg

OFFICIAL = json.loads(
    (Path(__file__).parent / "fixtures" / "official-interfaces.json").read_text("utf-8")
)
PLANS, DETAIL = OFFICIAL["GET v1.0/qianchuan/ad/get"], OFFICIAL["GET v1.0/qianchuan/ad/detail/get"]
REPORT = OFFICIAL["GET v1.0/qianchuan/report/ad/get"]["fields"]["response_data_list_inner"]
SEARCH = OFFICIAL["GET v1.0/qianchuan/tools/log_search"]["fields"]
STATUS = OFFICIAL["GET v1.0/qianchuan/ad/compensate_status/get"]
PLAN, OTHER, OWNER = 1745000000000801, 1745000000000802, 1701000000000021
PHRASES = load()


# --- Names, as the official SDK declares them ----------


def test_the_fields_are_the_official_ones() -> None:
    inner = PLANS["fields"]["response_data_list_inner"]
    setting = PLANS["fields"]["response_data_list_inner_delivery_setting"]
    assert {*qianchuan_json._OF_PLAN, "delivery_setting"} <= inner.keys()
    assert {*qianchuan_json._OF_PLAN, "delivery_setting"} <= DETAIL["fields"][
        "response_data"
    ].keys()
    assert set(qianchuan_json._OF_SETTING) <= setting.keys()
    assert {*INPUTS["delivery"].names, "advertiser_id"} <= REPORT.keys()
    asked = {"log_id", "create_time", "object_type", "object_id", "operator_id"}
    told = {"content_title", "content_log"}
    assert asked | told | {"sub_logs"} <= SEARCH["response_data_logs_inner"].keys()
    assert asked | told <= SEARCH["response_data_logs_inner_sub_logs_inner"].keys()
    assert {"page", "page_size", "total_number", "total_page"} <= SEARCH[
        "response_data_page_info"
    ].keys()


def test_the_enums_are_the_official_ones() -> None:
    assert set(PLANS["enums"]["data_list_lab_ad_type"]) == set(LAB_AD_TYPES)
    assert set(PLANS["enums"]["data_list_marketing_scene"]) == set(MARKETING_SCENES)
    kinds = set(PLANS["enums"]["data_list_delivery_setting_smart_bid_type"])
    assert kinds == set(SMART_BID_TYPES)
    assert set(STATUS["enums"]["data_list_compensate_status"]) == set(STATUSES)


def test_a_page_of_every_official_row_is_recognised(tmp_path: Path) -> None:
    expected = {
        "GET v1.0/qianchuan/ad/get": pages.PLANS,
        "GET v1.0/qianchuan/report/ad/get": pages.REPORT,
        "GET v1.0/qianchuan/ad/compensate_status/get": pages.STATUS,
        "GET v1.0/qianchuan/finance/detail/get": pages.FINANCE,
    }
    for name, kind in expected.items():
        row = dict.fromkeys(OFFICIAL[name]["fields"]["response_data_list_inner"], 1)
        path = saved(tmp_path, f"{kind.replace('/', '-')}.json", {"list": [row]})
        assert pages.read([path]).pages[0].kind == kind


# --- Responses ----------


def saved(folder: Path, name: str, data: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    return path


def page(rows: list[Any], number: int = 1, total: int | None = None, size: int = 100) -> Any:
    total = len(rows) if total is None else total
    info = {"page": number, "page_size": size, "total_number": total}
    return {"list": rows, "page_info": {**info, "total_page": max(1, -(-total // size))}}


def hour(at: str = "2022-10-01 10:00:00", plan: int = PLAN, **cells: Any) -> dict[str, Any]:
    return {
        "ad_id": plan,
        "advertiser_id": OWNER,
        "stat_datetime": at,
        "stat_cost": 12.5,
        "show_cnt": 10.0,
        "click_cnt": 2.0,
        "attribution_convert_cnt": 1.0,
        **cells,
    }


def plan(number: int = PLAN, **cells: Any) -> dict[str, Any]:
    setting = {"smart_bid_type": "SMART_BID_CUSTOM", "cpa_bid": 30.0, "roi_goal": 0}
    return {
        "ad_id": number,
        "lab_ad_type": "NOT_LAB_AD",
        "marketing_scene": "FEED",
        "name": "计划",
        "ad_create_time": "2022-10-01 09:00:00",
        "delivery_setting": setting,
        **cells,
    }


def save(*lines: str, title: str = "修改计划", **cells: Any) -> dict[str, Any]:
    return {
        "log_id": "9",
        "create_time": "2022-10-02 10:00:00",
        "object_type": "AD",
        "object_id": PLAN,
        "content_title": title,
        "content_log": list(lines),
        "operator_id": "8",
        **cells,
    }


def read(*paths: Path, **asked: Any) -> Import:
    return qianchuan_json.read(paths, Asked(PHRASES, **asked))


def rows(made: Import, table: str) -> list[dict[str, str | None]]:
    found = made.tables[table]
    return [dict(zip(found.columns, cells, strict=True)) for cells in found.rows]


@pytest.mark.parametrize(
    ("cells", "column", "text"),
    [
        ({"stat_cost": 12.34567}, "stat_cost", "12.34567"),
        ({"stat_cost": 1e3}, "stat_cost", "1000"),
        ({"stat_cost": {"Value": 1234.5, "ValueStr": "1,234.50"}}, "stat_cost", "1234.5"),
        ({"stat_cost": {"Value": 1234.5, "ValueStr": "1,234.60"}}, "stat_cost", None),
        ({"show_cnt": 1400.0}, "show_cnt", "1400"),
        ({"show_cnt": "1,400"}, "show_cnt", "1400"),
        ({"stat_cost": "1e99"}, "stat_cost", None),
        ({"stat_cost": "abc"}, "stat_cost", None),
        ({"stat_cost": [1]}, "stat_cost", None),
        ({"stat_datetime": "2022-10-01"}, "stat_datetime", "2022-10-01 00:00:00"),
        ({"stat_datetime": "yesterday"}, "stat_datetime", None),
        ({"ad_id": "1.70E+15"}, "ad_id", None),
        ({"ad_id": 1745000000001000}, "ad_id", "1745000000001000"),
    ],
)
def test_a_cell_of_a_report(tmp_path: Path, cells: Any, column: str, text: str | None) -> None:
    """None: it is marked, so that the check refuses it."""
    made = read(
        saved(
            tmp_path,
            "a.json",
            page([hour(), hour(**{"stat_datetime": "2022-10-01 11:00:00", **cells})]),
        )
    )
    found = rows(made, "delivery")[-1][column] or ""
    if text is None:
        assert found.endswith(" ?")
        assert made.tables["delivery"].refused == 1
    else:
        assert found == text
        assert made.tables["delivery"].refused == 0


@pytest.mark.parametrize(
    ("unit", "text"), [(None, "1234567"), ("fen", "12345.67"), ("milli-fen", "12.34567")]
)
def test_money_in_three_units(tmp_path: Path, unit: str | None, text: str) -> None:
    path = saved(tmp_path, "a.json", page([hour(stat_cost=1234567)]))
    assert rows(read(path, cost_unit=unit), "delivery")[0]["stat_cost"] == text


def test_a_report_of_uni_promotion_is_in_a_thousandth_of_a_fen(tmp_path: Path) -> None:
    cells = hour()
    keys = {"ad_id": cells["ad_id"], "stat_time_hour": {"Value": 0, "ValueStr": "2022-10-01 10:00"}}
    keys["stat_time_hour"] = "2022-10-01 10:00:00"
    names = ("show_cnt", "click_cnt", "attribution_convert_cnt")
    metrics: dict[str, Any] = {name: {"Value": 1, "ValueStr": "1"} for name in names}
    metrics["stat_cost"] = {"Value": 1234567, "ValueStr": "1,234,567"}
    path = saved(tmp_path, "a.json", {"rows": [{"dimensions": keys, "metrics": metrics}]})
    (row,) = rows(read(path), "delivery")
    assert (row["stat_cost"], row["stat_datetime"]) == ("12.34567", "2022-10-01 10:00:00")


def hours(count: int) -> list[dict[str, Any]]:
    return [hour(f"2022-10-01 {n:02d}:00:00") for n in range(count)]


def test_pages_that_repeat_do_no_harm_and_missing_ones_are_told(tmp_path: Path) -> None:
    all_rows = hours(5)
    for number in (1, 2, 3):
        some = all_rows[2 * number - 2 : 2 * number]
        saved(tmp_path, f"r/{number}.json", page(some, number, 5, 2))
    saved(tmp_path, "r/again.json", page(all_rows[:2], 1, 5, 2))
    made = read(tmp_path / "r").tables["delivery"]
    assert (made.read, made.repeated, len(made.rows), made.is_checked) == (7, 2, 5, True)
    (tmp_path / "r" / "2.json").unlink()
    with pytest.raises(UserError, match="page 2 of 3 is missing"):
        read(tmp_path / "r")


def test_a_page_with_too_few_rows_is_told(tmp_path: Path) -> None:
    saved(tmp_path, "r/1.json", page(hours(1), 1, 3, 2))
    saved(tmp_path, "r/2.json", page(hours(3)[2:], 2, 3, 2))
    with pytest.raises(UserError, match="1 rows, expected 2"):
        read(tmp_path / "r")


def test_of_two_queries_with_the_same_totals_no_page_may_be_missing(tmp_path: Path) -> None:
    other = [hour(f"2022-10-02 {n:02d}:00:00") for n in range(4)]
    for name, some in (("a", hours(4)), ("b", other)):
        for number in (1, 2):
            part = some[2 * number - 2 : 2 * number]
            saved(tmp_path, f"r/{name}{number}.json", page(part, number, 4, 2))
    assert len(read(tmp_path / "r").tables["delivery"].rows) == 8
    (tmp_path / "r" / "b2.json").unlink()
    with pytest.raises(UserError, match="pages of several queries, not all there"):
        read(tmp_path / "r")


def test_rows_that_contradict_each_other_both_stand_for_the_check_to_hold(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.json", {"list": [hour(), hour(stat_cost=13)]})
    assert len(rows(read(path), "delivery")) == 2
    two = [plan(), plan(marketing_scene="SEARCH"), plan(name=None)]
    made = read(saved(tmp_path, "b.json", page(two)), advertiser=OWNER)
    assert len(rows(made, "plans")) == 2


def test_detail_and_list_fill_in_what_the_other_leaves_open(tmp_path: Path) -> None:
    saved(tmp_path, "a.json", page([plan(lab_ad_type=None), plan(OTHER)]))
    saved(tmp_path, "b.json", {"code": 0, "data": plan(name=None, advertiser_id=OWNER)})
    found = rows(read(tmp_path), "plans")
    assert {row["lab_ad_type"] for row in found} == {"NOT_LAB_AD"}
    assert {row["advertiser_id"] for row in found} == {str(OWNER)}  # a query is of one account
    assert {row["roi_goal"] for row in found} == {None}  # zero: there is none
    assert len(found) == 2


def test_a_plan_of_nobody_is_an_error_unless_it_is_said_whose_it_is(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.json", page([plan()]))
    with pytest.raises(UserError, match="--advertiser"):
        read(path)
    assert rows(read(path, advertiser=OWNER), "plans")[0]["advertiser_id"] == str(OWNER)


def test_a_field_that_was_not_asked_for_is_told(tmp_path: Path) -> None:
    row = hour()
    del row["attribution_convert_cnt"]
    with pytest.raises(UserError, match="no row has attribution_convert_cnt"):
        read(saved(tmp_path, "a.json", page([row])))


def test_days_beside_hours(tmp_path: Path) -> None:
    """A day's row that adds up says nothing new; one that does not holds the plan; a plan that
    has days only keeps them."""
    two = [hour(), hour("2022-10-01 11:00:00")]
    saved(tmp_path, "hourly/1.json", page(two))
    day = hour("2022-10-01 00:00:00", stat_cost=25, show_cnt=20, click_cnt=4)
    saved(tmp_path, "daily/1.json", page([day, hour("2022-10-01", OTHER)]))
    made = read(tmp_path)
    assert [row["ad_id"] for row in rows(made, "delivery")].count(str(PLAN)) == 2
    assert made.tables["delivery"].refused == 0
    saved(tmp_path, "daily/1.json", page([{**day, "stat_cost": 26}]))
    made = read(tmp_path)
    assert made.tables["delivery"].refused == 1
    assert read(tmp_path, granularity="hourly").tables["delivery"].refused == 0


# --- The operation log ----------


def operations(tmp_path: Path, *saves: Any) -> list[dict[str, str | None]]:
    log = {"logs": list(saves)}
    saved(tmp_path, "log.json", log)
    saved(tmp_path, "plans.json", page([plan(advertiser_id=OWNER), plan(OTHER)]))
    return rows(read(tmp_path), "operations")


SAID: list[tuple[str, list[str], list[tuple[str, str | None, str | None]]]] = [
    ("修改出价", ["出价：30 -> 35"], [("bid", "30", "35")]),
    ("", ["出价由30元修改为1,235.50元"], [("bid", "30", "1235.5")]),
    ("", ["将出价从 ３０ 调整到 ３５"], [("bid", "30", "35")]),
    ("", ["出价：-- → 35"], [("bid", None, "35")]),
    ("", ["出价修改为35"], [("bid", None, "35")]),
    ("修改出价", [], [("bid", None, None)]),
    ("", ["调控状态：调控中 -> 已暂停"], [("pause", "调控中", "已暂停")]),
    ("", ["计划状态：暂停→启用"], [("enable", "暂停", "启用")]),
    ("删除计划", [], [("pause", None, "删除计划")]),
    ("创建计划", ["出价：30", "年龄：18-23"], [("create", None, "30")]),
    ("创建计划", [], [("create", None, None)]),
    (
        "修改计划",
        ["出价：30 -> 35，预算：1,000 -> 2,000；地域：北京,上海 -> 北京、广州"],
        [
            ("bid", "30", "35"),
            ("budget", "1,000", "2,000"),
            ("targeting", "北京,上海", "北京、广州"),
        ],
    ),
    ("修改定向", ["预算：1 -> 2"], [("budget", "1", "2"), ("targeting", None, None)]),
    ("修改创意", ["新增创意素材 3 个"], [("other", None, "新增创意素材 3 个")]),
]
DOUBTED = [
    ("修改计划", ["出价：35"]),  # the old one, or the new one?
    ("修改计划", ["出价(分)：3000 -> 3500"]),
    ("修改计划", ["出价：30 -> 35 -> 40"]),
    ("修改计划", ["出价：30 -> 0"]),
    ("修改计划", ["出价：30 -> 35.001"]),
    ("修改计划", ["出价：30 -> --"]),
    ("修改计划", ["出价：30 -> 3.5e1万"]),
    ("修改计划", ["深度转化出价：30 -> 35"]),
    ("修改计划", ["神秘：1 -> 2"]),
    ("修改计划", ["年龄：不限 -> 18-23，神秘出价：1 -> 2"]),
    ("修改计划", ["计划状态：启用 -> 神秘"]),
    ("修改计划", []),
    ("", ["创意出价：1 -> 2"]),
    ("创建计划", ["出价：30", "出价：35"]),
]


@pytest.mark.parametrize(("title", "lines", "expected"), SAID)
def test_prose_is_read(title: str, lines: list[str], expected: Any) -> None:
    found = Reader(PHRASES).changes(title, lines)
    assert [(one.operation, one.old, one.new) for one in found] == expected


@pytest.mark.parametrize(("title", "lines"), DOUBTED)
def test_prose_that_would_need_a_guess_is_doubted(title: str, lines: list[str]) -> None:
    found = Reader(PHRASES).changes(title, lines)
    assert [one.operation for one in found] == [DOUBTFUL]
    assert DOUBTFUL not in OPERATIONS


@settings(max_examples=150, deadline=None)
@given(
    old=st.integers(1, 10**7),
    new=st.integers(1, 10**7),
    noise=st.text("出价：->→由修改为 定向预算，；0123456789.,元分", max_size=40),
)
def test_a_bid_is_never_guessed(old: int, new: int, noise: str) -> None:
    """A plain edit is read exactly; whatever stands around it, no other bid comes out of it."""
    before, after = (f"{fen // 100}.{fen % 100:02d}" for fen in (old, new))
    reader = Reader(PHRASES)
    (change,) = reader.changes("修改出价", [f"出价：{before} -> {after}元"])
    assert float(change.old or 0) * 100 == pytest.approx(old)
    assert float(change.new or 0) * 100 == pytest.approx(new)
    for one in reader.changes("", [f"出价：{before} -> {after}{noise}"]):
        if one.operation == "bid" and one.new is not None:
            assert (
                one.new in "".join(f"{after}{noise}".split()).replace(",", "") or one.new in after
            )


@settings(max_examples=100, deadline=500)
@given(st.text("出价：:->→由从改为；;，, 0\n", max_size=4000))
def test_any_text_is_read_in_no_time(text: str) -> None:
    assert Reader(PHRASES).changes("修改计划", [text])


def test_the_changes_of_a_save_share_its_log_id(tmp_path: Path) -> None:
    found = operations(tmp_path, save("出价：30 -> 35", "性别：不限 -> 女"))
    assert [(row["log_id"], row["operation"], row["operator_id"]) for row in found] == [
        ("9", "bid", "8"),
        ("9", "targeting", "8"),
    ]


def test_a_batch_save_is_of_each_plan_in_it(tmp_path: Path) -> None:
    parts = [
        {"object_id": number, "content_title": "修改出价", "content_log": [f"出价：{bid} -> 35"]}
        for number, bid in ((PLAN, 30), (OTHER, 31))
    ]
    batch = save(title="批量修改出价", sub_logs=parts, object_type="ACCOUNT", object_id=OWNER)
    for part in parts:
        part["object_type"] = "AD"
    found = operations(tmp_path, batch)
    assert [(row["ad_id"], row["old_value"]) for row in found] == [
        (str(PLAN), "30"),
        (str(OTHER), "31"),
    ]


def test_a_log_that_is_imported_later_knows_the_plans_of_the_folder(tmp_path: Path) -> None:
    plans = saved(tmp_path, "plans/a.json", page([plan(advertiser_id=OWNER), plan(OTHER)]))
    account = {"object_type": "ACCOUNT", "object_id": OWNER}
    part = {"object_id": OTHER, "content_log": ["出价：30 -> 35"]}
    log = [save("一键调整出价", **account), save(title="批量修改", sub_logs=[part], **account)]
    later = saved(tmp_path, "log/a.json", {"logs": log})
    for path in (plans, later):
        ran = qcg("import", "qianchuan-json", path, "-o", tmp_path / "out")
        assert ran.code == 0, ran.err
    text = (tmp_path / "out" / "operations.csv").read_text("utf-8")
    found = list(csv.DictReader(text.splitlines()))
    assert sorted((row["ad_id"], row["operation"]) for row in found) == [
        (str(PLAN), DOUBTFUL),
        (str(OTHER), "bid"),
        (str(OTHER), DOUBTFUL),
    ]


def test_what_a_save_says_twice_counts_once(tmp_path: Path) -> None:
    part = {"content_title": "修改出价", "content_log": ["出价：30 -> 35"]}
    assert len(operations(tmp_path, save("出价：30 -> 35", sub_logs=[part]))) == 1


def test_an_accounts_row_holds_its_plans_if_it_may_be_an_edit(tmp_path: Path) -> None:
    account = {"object_type": "ACCOUNT", "object_id": OWNER}
    assert operations(tmp_path / "a", save("账户日预算：1 -> 2", **account)) == []
    found = operations(tmp_path / "b", save("一键调整出价", **account))
    assert {(row["ad_id"], row["operation"]) for row in found} == {
        (str(PLAN), DOUBTFUL),
        (str(OTHER), DOUBTFUL),
    }


def test_a_phrase_file_extends_the_table(tmp_path: Path) -> None:
    path = tmp_path / "phrases.yaml"
    path.write_text(
        "subjects: {targeting: [神秘], other: [名称]}\nstatements: {bid: [涨价]}", "utf-8"
    )
    reader = Reader(load(path))
    assert reader.changes("", ["神秘：1 -> 2"])[0].operation == "targeting"
    assert reader.changes("涨价", [])[0].operation == "bid"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("subject: {}", "subject: Extra inputs"),
        ("subjects: {bid: 出价}", "subjects.bid"),
        ("{[", "not YAML"),
        ("subjects: {bid: [off]}", "subjects.bid.0"),
    ],
)
def test_a_broken_phrase_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "phrases.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(UserError, match=said):
        load(path)


# --- Workbooks ----------

HEADER = "计划ID,日期,小时,消耗(元),展示次数,点击次数,转化数"


def of_sheet(tmp_path: Path, *lines: str, **asked: Any) -> Import:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines), "utf-8-sig")
    wanted = {"cost_unit": None, "advertiser": None, **asked}
    return qianchuan_xlsx.read([path], wanted["cost_unit"], wanted["advertiser"])


@pytest.mark.parametrize("lost", ["1.70E+15", "1700000000000000", "1.745E15", "abc"])
def test_a_lost_id_is_refused_in_its_row_alone(tmp_path: Path, lost: str) -> None:
    made = of_sheet(
        tmp_path,
        HEADER,
        f"{PLAN},2022/10/1,10:00,\"1,234.50\",10,1,--",
        f"{lost},2022/10/1,10:00,1,10,1,0",
        "合计,,,1235.50,20,2,0",
    )  # fmt: skip
    first, second = rows(made, "delivery")
    assert first["stat_cost"] == "1234.5"
    assert first["stat_datetime"] == "2022-10-01 10:00:00"
    assert first["attribution_convert_cnt"] is None
    assert (second["ad_id"] or "").endswith(" ?")
    assert [one.place.endswith(":3") for one in made.refusals] == [True]


def test_the_unit_stands_in_the_header(tmp_path: Path) -> None:
    line = f"{PLAN},2022-10-01,10,1234567,10,1,0"
    for unit, text in {"元": "1234567", "分": "12345.67", "千分之一分": "12.34567"}.items():
        made = of_sheet(tmp_path, HEADER.replace("元", unit), line)
        assert rows(made, "delivery")[0]["stat_cost"] == text


def test_days_of_one_sheet_beside_hours_of_another_are_held(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(f"{HEADER}\n{PLAN},2022-10-01,10,1,10,1,0", "utf-8")
    daily = HEADER.replace("小时,", "")
    (tmp_path / "a.csv").write_text(f"{daily}\n{PLAN},2022-10-01,1,10,1,0", "utf-8")
    made = qianchuan_xlsx.read([tmp_path], None, None)
    assert made.tables["delivery"].refused == 1


def test_a_sheet_without_delivery_or_plans_is_an_error(tmp_path: Path) -> None:
    made = of_sheet(tmp_path, "计划ID,日期", f"{PLAN},2022-10-01")
    with pytest.raises(UserError, match="消耗"):
        write(made, tmp_path / "out")


# --- The command ----------


def test_exit_codes_and_what_is_written(tmp_path: Path) -> None:
    good = saved(tmp_path, "good/a.json", page([hour()]))
    bad = saved(tmp_path, "bad/a.json", page([hour(stat_cost="abc")]))
    words = ("import", "qianchuan-json")
    assert qcg(*words, good, "-o", tmp_path / "a").code == 0
    assert qcg(*words, good, "-o", tmp_path / "a").code == 1  # is there already
    assert qcg(*words, good, "-o", tmp_path / "b", "--from", "2022-10-01").code == 2
    assert qcg(*words, good, "-o", tmp_path / "b", "--cost-unit", "jiao").code == 2
    assert qcg(*words, tmp_path / "none", "-o", tmp_path / "b").code == 1
    outside = ("--from", "2022-10-02", "--to", "2022-10-03")
    assert qcg(*words, good, "-o", tmp_path / "b", *outside).code == 1
    assert not (tmp_path / "b").exists()
    assert qcg(*words, bad, "-o", tmp_path / "b", "--strict").code == 3
    assert (tmp_path / "b" / "delivery.csv").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_the_same_pages_give_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    one = saved(tmp_path, "one.json", page(hours(4)))
    other = saved(tmp_path, "other.json", page(hours(4)[::-1]))
    for number, path in enumerate((one, other)):
        write(read(path), tmp_path / f"{number}")
    texts = [(tmp_path / f"{n}" / "delivery.csv").read_bytes() for n in range(2)]
    assert texts[0] == texts[1]
    assert len(list(csv.reader(texts[0].decode().splitlines()))) == 5
