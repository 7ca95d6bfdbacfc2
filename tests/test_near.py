"""Near misses: the plans of which one question decides, the nearest to the other outcome first."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from qianchuan_guarantee.near import Near, by_measure, from_document, near
from qianchuan_guarantee.report.near import sheets
from tests import oracle
from tests.conftest import FIXTURES, Decision, by_plan, decided
from tests.test_cli import qcg
from tests.worlds import world, write

FIRST = 1745000000000000
ALONE = {
    "CONVERT_UNDER_THRESHOLD": "conversions",
    "UN_OBERCOST": "overcost",
    "BID_CHANGES": "bid_edits",
    "AUD_CHANGES": "targeting_edits",
}


@pytest.fixture(scope="module")
def demo() -> list[Near]:
    with decided(FIXTURES / "demo", date(2022, 10, 20)) as answer:
        return near(answer, 5)


def margin_of(row: Decision, question: str) -> Decimal:
    """The margin by the published rule: 20 %, two edits."""
    if question == "overcost":
        return Decimal(row["cost"]) - row["target_cost"] * 6 / 5
    if question == "conversions":
        return Decimal(row["conversions"] - row["conversions_required"])
    return Decimal(2 - row[f"max_daily_{question}"])


def expected(rows: list[Decision]) -> dict[tuple[int, str], Decimal]:
    """Plan and question → margin, of every plan of which that question decides."""
    found = {}
    for row in rows:
        if row["outcome"] == "granted":
            asked = ["overcost", "conversions", "targeting_edits"]
            asked += ["bid_edits"] if row["meets_bid_edits"] is not None else []
        elif row["outcome"] in ("ended", "invalid") and len(row["reasons"]) == 1:
            asked = [ALONE[code] for code in row["reasons"] if code in ALONE]
        else:
            continue
        for question in asked:
            if question == "overcost" or Decimal(row["cost"]) - row["target_cost"] >= Decimal(
                "0.005"
            ):
                found[row["ad_id"], question] = margin_of(row, question)
    return found


def test_all_plans_of_which_one_question_decides_are_there_with_their_margins(
    tmp_path: Path,
) -> None:
    exports, as_of = world(27, plans=400)
    write(exports, tmp_path)
    rows = oracle.decide(exports, as_of).decisions
    with decided(tmp_path, as_of) as answer:
        found = near(answer, 10_000)
    wanted = expected(rows)
    assert {(each.ad_id, each.question): each.margin for each in found} == wanted
    assert len({question for _, question in wanted}) == 4
    outcomes = by_plan(rows)
    for each in found:
        assert each.outcome == outcomes[each.ad_id]["outcome"]
        assert (each.margin < 0) is (each.outcome != "granted")
        assert [each.reason] * (each.reason is not None) == outcomes[each.ad_id]["reasons"]
    for some in by_measure(found).values():
        away = [abs(each.margin) for each in some if each.outcome == "granted"]
        assert away == sorted(away)


def test_the_nearest_come_first_those_that_lack_something_before_those_that_keep_it(
    demo: list[Near],
) -> None:
    told = {
        measure: [(each.ad_id - FIRST, str(each.margin)) for each in some]
        for measure, some in by_measure(demo).items()
    }
    assert told["conversions"][:3] == [(104, "-1"), (203, "-1"), (102, "0")]
    assert told["yuan"][:4] == [(105, "0.00"), (124, "0.00"), (106, "-0.00001"), (119, "2.20")]
    assert told["edits"][:3] == [(301, "-1"), (302, "-1"), (304, "-1")]
    assert all(len(some) == 5 for some in told.values())


def test_it_comes_back_from_json_as_it_was(demo: list[Near]) -> None:
    assert [from_document(json.loads(json.dumps(each.document()))) for each in demo] == demo


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_people_read_how_far_and_what_is_at_stake(lang: str, demo: list[Near]) -> None:
    by_conversions, by_yuan, by_edits = sheets(demo, lang)  # type: ignore[arg-type]
    text = "\n".join(str(cell) for row in by_conversions.rows for cell in row)
    assert ("1 conversions short" if lang == "en" else "还差 1 个转化") in text
    assert "1,300.00" in text
    assert bool(re.search(r"[\u4e00-\u9fff]", text)) is (lang == "zh")
    assert by_yuan.rows[2][-1] == "–"
    assert len(by_edits.rows) == 5


def test_the_command_lists_them_when_asked() -> None:
    ran = qcg("decide", FIXTURES / "demo", "--as-of", "2022-10-20", "--near", 1, "--json")
    near_ones = json.loads(ran.out)["near"]
    assert [each["ad_id"] for each in near_ones] == [FIRST + 104, FIRST + 105, FIRST + 301]
    assert qcg("decide", FIXTURES / "demo", "--as-of", "2022-10-20", "--near", 0).code == 2
