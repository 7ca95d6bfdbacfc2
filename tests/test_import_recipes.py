"""The recipes of docs/import.md, run as they are written on the shipped samples."""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import FIXTURES, REPO
from tests.official import rows_of
from tests.test_cli import qcg
from tests.test_docs import code_lines

OFFICIAL = FIXTURES / "official"
PAGES = [REPO / "docs" / "import.md", REPO / "docs" / "import.zh-CN.md"]
HELD, GRANTED = "1745000000000804", ("granted", "60.00")


def recipes(page: Path) -> list[list[str]]:
    return [shlex.split(line.split("  #")[0])[1:] for line in code_lines(page) if "qcg " in line]


def test_both_pages_have_the_same_recipes() -> None:
    english, chinese = (recipes(page) for page in PAGES)
    assert english == chinese
    assert len(english) > 6


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every recipe has been run here, in the order of the page."""
    folder = tmp_path_factory.mktemp("kitchen")
    (folder / "fixtures").symlink_to(FIXTURES)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words in recipes(PAGES[0]):
            ran = qcg(*words)
            assert ran.code == 0, f"qcg {' '.join(words)}\n{ran.err}"
    return folder


def decided(path: Path) -> dict[str, dict[str, str | None]]:
    return {str(row["ad_id"]): row for row in rows_of(path)}


def test_the_responses_are_decided_as_the_sample_says(kitchen: Path) -> None:
    found = decided(kitchen / "decisions.csv")
    for expected in rows_of(OFFICIAL / "decisions.csv"):
        row = found[str(expected["ad_id"])]
        assert {name: row[name] for name in expected} == expected


def test_a_phrase_of_ones_own_lets_its_plan_go(kitchen: Path) -> None:
    before = decided(kitchen / "decisions.csv")[HELD]
    after = decided(kitchen / "explained.csv")[HELD]
    assert (before["outcome"], before["reasons"]) == ("held", "DATA_QUARANTINED")
    assert (after["outcome"], after["amount"]) == GRANTED


def test_workbooks_and_logs_go_into_one_folder(kitchen: Path) -> None:
    """The same hours as in the responses: the same decisions of the plans that both have."""
    responses, books = decided(kitchen / "decisions.csv"), decided(kitchen / "mixed.csv")
    for plan in ("1745000000000801", "1745000000000802", "1745000000000805"):
        assert books[plan] == responses[plan]


def test_days_that_are_stated_become_partitions(kitchen: Path) -> None:
    days = sorted(path.name for path in (kitchen / "by-day" / "operations").iterdir())
    assert days == [f"dt=2022-10-0{day}" for day in range(1, 7)]
    with (kitchen / "by-day" / "control_totals.csv").open() as file:
        totals = [row for row in csv.DictReader(file) if row["table"] == "delivery"]
    assert [row["rows"] for row in totals] == ["5", "5", "1", "1", "0", "0"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_the_page_says_of_the_sample_is_so(page: Path) -> None:
    amounts = re.findall(r"\d+\.\d\d", page.read_text("utf-8"))
    stated = {row["amount"] for row in rows_of(OFFICIAL / "decisions.csv")}
    assert stated - {"0.00"} <= set(amounts)
