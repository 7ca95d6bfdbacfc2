"""`control_totals`: what the sender says was sent, held against what was read, before anything is
decided. Every row of the files counts, refused ones, malformed lines and duplicates too."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qianchuan_guarantee.errors import UserError
from tests.conftest import decide_folder

AS_OF = date(2022, 10, 10)
PLANS = "ad_id,advertiser_id,lab_ad_type,marketing_scene,smart_bid_type"
DELIVERY = "ad_id,stat_datetime,stat_cost,show_cnt,click_cnt"
NO_MONEY = ("much", "5.5元", "1.2.3", "1.123456", '"1,00"')
# Of each day: the cells of its rows after the plan and the day, and what its sender says of it.
DAYS: dict[str, tuple[list[str], str]] = {
    "2022-10-01": (["10:00,1.5,1,1", "11:00,2.25,1,1", "11:00,2.25,1,1"], "3,6"),
    "2022-10-02": (["10:00,5,-1,1"], "1,5"),  # refused, but its cost was sent
    # What is no money is not read in part.
    "2022-10-03": ([f"10:00,{cost},1,1" for cost in NO_MONEY], "5,0"),
    "2022-10-04": (["10:00,1,1,1", "11:00,0.00001,1,-1"], "2,1.00001"),
    "2022-10-05": (["10:00,1,1,1", "11:00,2,1,1,1,1"], "2,1"),  # a line of too many cells
    "2022-10-06": (["11:00,2,1,1,1,1", "12:00,2,1,1,1,1"], "2,"),
    "2022-10-07": ([], "0,0"),
    "2022-10-08": ([], "0,"),
}
RIGHT = [f"delivery,{day},{said}" for day, (_, said) in DAYS.items()]
# `plans` has no partitions; of a day that is not there nothing was read.
RIGHT += ["plans,,1,", "delivery,2022-09-01,0,0"]


def export(folder: Path, totals: list[str]) -> Path:
    for day, (rows, _) in DAYS.items():
        place = folder / "delivery" / f"dt={day}"
        place.mkdir(parents=True)
        lines = [DELIVERY, *(f"1,{day} {row}" for row in rows)]
        (place / "part.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    flat = {
        "plans": [PLANS, "1,7,NOT_LAB_AD,FEED,SMART_BID_CUSTOM"],
        "conversions": ["conversion_id,ad_id,billed_at,converted_at"],
        "operations": ["log_id,ad_id,create_time,operation,old_value,new_value"],
        "control_totals": ["table,dt,rows,cost", *totals],
    }
    for name, lines in flat.items():
        (folder / f"{name}.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return folder


def test_totals_that_are_right_say_nothing(tmp_path: Path) -> None:
    rows, counts = decide_folder(export(tmp_path, RIGHT), AS_OF)
    assert len(rows) == 1
    assert counts["control_totals"]["accepted"] == len(RIGHT)
    delivery = {"accepted": 4, "duplicate": 1, "superseded": 0, "quarantined": 10}
    assert counts["delivery"] == {"read": 15} | delivery


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("10-01,3,6", "10-01,2,6", "delivery, dt=2022-10-01: 2 rows sent, 3 read"),
        ("10-01,3,6", "10-01,4,6", "delivery, dt=2022-10-01: 4 rows sent, 3 read"),
        ("10-01,3,6", "10-01,3,3.75", "dt=2022-10-01: cost 3.75000 sent, 6.00000 read"),
        ("10-02,1,5", "10-02,1,0", "dt=2022-10-02: cost 0.00000 sent, 5.00000 read"),
        ("10-03,5,0", "10-03,5,5.5", "dt=2022-10-03: cost 5.50000 sent, 0 read"),
        ("10-04,2,1.00001", "10-04,2,1", "dt=2022-10-04: cost 1.00000 sent, 1.00001 read"),
        ("10-05,2,1", "10-05,1,1", "dt=2022-10-05: 1 rows sent, 2 read"),
        ("10-06,2,", "10-06,1,", "dt=2022-10-06: 1 rows sent, 2 read"),
        ("10-07,0,0", "10-07,1,0", "dt=2022-10-07: 1 rows sent, 0 read"),
        ("2022-09-01,0", "2022-09-01,1", "dt=2022-09-01: 1 rows sent, 0 read"),
        ("plans,,1", "plans,,2", "  plans: 2 rows sent, 1 read"),
        ("plans,,1,", "plan,,1,", "  plan: no such table"),
    ],
)
def test_each_difference_is_said(right: str, wrong: str, said: str, tmp_path: Path) -> None:
    text = "\n".join(RIGHT)
    assert right in text
    folder = export(tmp_path, text.replace(right, wrong, 1).split("\n"))
    with pytest.raises(UserError) as refused:
        decide_folder(folder, AS_OF)
    first, *differences = str(refused.value).splitlines()
    assert first == "control_totals differ from what was read:"
    assert [said in line for line in differences] == [True]


@pytest.mark.parametrize("more", ["delivery,2022-10-01,x,6", "delivery,2022-10-01,2,6"])
def test_a_total_that_is_unreadable_or_contradicts_another_is_no_total(
    more: str, tmp_path: Path
) -> None:
    folder = export(tmp_path, [*RIGHT, more])
    with pytest.raises(UserError, match=r"control_totals\.csv: a control total cannot be read or"):
        decide_folder(folder, AS_OF)


# A refused cost counts as it was sent, or where it is no money of ours not at all, and never in
# part: whatever the type of its column.
REFUSED = [
    (pa.string(), ["10", "-5.00000"], "5"),
    (pa.string(), ["2,010", "-1,005.5"], "1004.5"),
    (pa.decimal128(18, 5), ["10", "-5"], "5"),
    (pa.decimal128(21, 6), ["10", "-5"], "5"),
    (pa.int64(), [10, -5], "5"),
    (pa.float64(), [10.0, -5.0], "5"),
    (pa.string(), ["10", "1.123456"], "10"),
    (pa.string(), ["10", "-1.123456"], "10"),
    (pa.decimal128(21, 6), ["10", "1.123456"], "10"),
    (pa.float64(), [10.0, 1.123456], "10"),
    (pa.float64(), [10.0, 1.5e-05], "10"),
    (pa.float64(), [10.0, 1e13], "10"),
]


@pytest.mark.parametrize(("kind", "costs", "total"), REFUSED)
def test_a_refused_cost_is_counted_whole_or_not_at_all(
    kind: pa.DataType, costs: list[Any], total: str, tmp_path: Path
) -> None:
    folder = export(tmp_path, [*RIGHT, f"delivery,2022-10-09,2,{total}"])
    if pa.types.is_decimal(kind):
        costs = [Decimal(cost) for cost in costs]
    rows = {
        "ad_id": [1, 1],
        "stat_datetime": [datetime(2022, 10, 9, hour) for hour in (10, 11)],
        "stat_cost": pa.array(costs, kind),
        "show_cnt": [1, 1],
        "click_cnt": [1, 1],
    }
    (folder / "delivery" / "dt=2022-10-09").mkdir()
    pq.write_table(pa.table(rows), folder / "delivery" / "dt=2022-10-09" / "part.parquet")
    _, counts = decide_folder(folder, AS_OF)
    assert counts["delivery"]["quarantined"] == 11


def test_a_total_that_is_delivered_twice_is_a_duplicate(tmp_path: Path) -> None:
    _, counts = decide_folder(export(tmp_path, [*RIGHT, RIGHT[0]]), AS_OF)
    assert counts["control_totals"]["duplicate"] == 1


def test_totals_that_contradict_each_other_are_named(tmp_path: Path) -> None:
    said = r"contradicted \(two totals for delivery, dt=2022-10-01\)"
    with pytest.raises(UserError, match=said):
        decide_folder(export(tmp_path, [*RIGHT, "delivery,2022-10-01,4,6"]), AS_OF)
