"""What notebooks call: the examples of the documentation, frames in and out, and the notebook."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from docs.make_notebook import NOTEBOOK, notebook
from qianchuan_guarantee import api
from qianchuan_guarantee.errors import UsageError, UserError
from qianchuan_guarantee.tables import decisions_schema
from tests.conftest import FIXTURES, REPO

SHORT = 1745000000000203
PLANS = pd.DataFrame(
    {
        "ad_id": [11, 12],
        "advertiser_id": [7, 7],
        "lab_ad_type": "NOT_LAB_AD",
        "marketing_scene": "SEARCH",
        "smart_bid_type": "SMART_BID_CUSTOM",
        "cpa_bid": [Decimal("10.00"), Decimal("10.00")],
        "ad_create_time": pd.Timestamp("2022-10-01 08:00:00"),
    }
)
DELIVERY = pa.table(
    {
        "ad_id": [11, 12],
        "stat_datetime": pa.array(["2022-10-01 10:00:00"] * 2),
        "stat_cost": pa.array([Decimal("24.00000"), Decimal("23.99999")]),
        "show_cnt": [1, 1],
        "click_cnt": [1, 1],
    }
)
CONVERSIONS = pd.DataFrame(
    {
        "conversion_id": ["a", "b", "c", "d"],
        "ad_id": [11, 11, 12, 12],
        "billed_at": pd.Timestamp("2022-10-01 10:30:00"),
        "converted_at": pd.Timestamp("2022-10-01 11:00:00"),
    }
)
OPERATIONS = pd.DataFrame(
    {"log_id": ["l"], "ad_id": [11], "create_time": ["2022-10-01 08:00:00"]}
    | {"operation": ["create"], "old_value": [None], "new_value": ["10"]}
)
FRAMES = {
    "plans": PLANS,
    "delivery": DELIVERY,
    "conversions": CONVERSIONS,
    "operations": OPERATIONS,
}


@pytest.fixture(scope="module")
def demo() -> Iterator[api.Exports]:
    exports = api.read(FIXTURES / "demo", date(2022, 10, 20))
    yield exports
    exports.close()


def test_the_examples_of_the_documentation_are_true(
    demo: api.Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exports are read once for all of them."""
    monkeypatch.chdir(REPO)
    shared: dict[str, Any] = {"demo": demo}
    tests = [test for test in doctest.DocTestFinder().find(api) if test.examples]
    tests.sort(key=lambda test: test.name.count("."))
    assert len(tests) == 5
    runner = doctest.DocTestRunner()
    for test in tests:
        test.globs.update(shared)
        runner.run(test, clear_globs=False)
        test.globs.get("demo", demo) is demo or test.globs["demo"].close()
    assert runner.summarize().failed == 0


def test_frames_are_read_like_files() -> None:
    """On the line 24 = 1.2 × 2 × 10 is granted, 0.00001 yuan below it is not."""
    exports = api.read(FRAMES, "2022-10-20")
    decisions = api.decide(exports)
    assert decisions.to_arrow().schema == decisions_schema()
    frame = decisions.to_pandas().set_index("ad_id")
    assert frame.outcome.to_dict() == {11: "granted", 12: "ended"}
    assert frame.amount.to_dict() == {11: Decimal("4.00"), 12: Decimal("0.00")}
    assert str(frame.advertiser_id.dtype) == "Int64"
    stricter = api.what_if(exports, readings={"overcost_boundary": "exclusive"})
    assert [changed.ad_id for changed in stricter.changed] == [11]
    assert api.decide(exports).to_pandas().equals(decisions.to_pandas())
    assert repr(exports) == "Exports of frames as of 2022-10-20: 2 plans"
    exports.close()


def test_an_answer_is_shown_in_a_notebook(demo: api.Exports) -> None:
    explained = api.explain(SHORT, demo, lang="zh")
    shown = [
        api.decide(demo),
        explained,
        api.what_if(demo, settings={"window.natural_days": 3}),
    ]
    for answer in shown:
        html = answer._repr_html_()
        assert html.count("<table>") == html.count("</table>") >= 1
        assert "<script" not in html
    assert "还差 1 个转化" in explained._repr_html_()
    assert explained.document["ad_id"] == SHORT
    assert explained.to_arrow().num_rows == len(explained.document["clauses"])
    assert json.dumps(shown[2].document)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: api.decide({"plan": PLANS}, "2022-10-20"), "no such table; there is plans"),
        (lambda: api.decide({"plans": PLANS}, "2022-10-20"), "frames"),
        (lambda: api.decide("fixtures/demo", "20 October"), "expected YYYY-MM-DD"),
        (lambda: api.decide("fixtures/demo"), "of which morning"),
        (lambda: api.decide("nowhere", "2022-10-20"), "nowhere"),
        (lambda: api.read("nowhere", "2022-10-20", readings={"pause": "x"}), "can be read as"),
    ],
    ids=["table", "lacks", "day", "no day", "folder", "reading"],
)
def test_a_mistake_costs_one_sentence(ask: Any, said: str) -> None:
    with pytest.raises(UserError, match=said) as error:
        ask()
    assert "qcg-frames-" not in str(error.value)


def test_what_was_read_is_not_asked_of_another_day(demo: api.Exports) -> None:
    with pytest.raises(UsageError, match="asked of `read`"):
        api.decide(demo, "2022-10-21")
    with pytest.raises(UsageError, match=f"near it: .*{SHORT}"):
        api.explain(SHORT + 90, demo)
    with pytest.raises(UsageError, match="of which plan"):
        api.what_if(demo, settings={"plan.conversions.add": "1@2022-10-04"})


def test_the_notebook_shows_what_its_cells_say_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPO)
    stored = json.loads(NOTEBOOK.read_text("utf-8"))
    again = notebook()

    def told(book: dict[str, Any]) -> list[tuple[Any, list[Any]]]:
        return [
            (cell["source"], [each["data"]["text/plain"] for each in cell.get("outputs", [])])
            for cell in book["cells"]
        ]

    assert told(again) == told(stored)
    assert {cell["cell_type"] for cell in stored["cells"]} == {"markdown", "code"}


def test_the_package_itself_stays_light() -> None:
    code = "import sys, qianchuan_guarantee.api; print(set(sys.modules) & {'pandas', 'ibis'})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
