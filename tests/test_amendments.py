"""Two rulebooks side by side."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from qianchuan_guarantee.rulebook import shipped_rules
from tests.test_cli import qcg

SHIPPED = "qianchuan-cost-guarantee@2022-01-27"


@pytest.fixture(scope="module")
def reform(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped rulebook amended: from 2023 on, 15 %, five conversions, read otherwise."""
    text = next(shipped_rules().rglob("*.yaml")).read_text("utf-8")
    for old, new in (
        ('version: "2022-01-27"', 'version: "2023-01-01"'),
        ("from: 2022-01-27", "from: 2023-01-01"),
        ("until: null", "until: 2023-07-01"),
        ("percent: 20} # at least", "percent: 15} # at least"),
        ("at_least: 6", "at_least: 5"),
        ("reading: inclusive", "reading: exclusive"),
        ("why: The cycle is closed when it is computed.", "why: As computed."),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path_factory.mktemp("rules") / "2023-01-01.yaml"
    path.write_text(text, "utf-8")
    return path


def test_what_differs_is_told_key_by_key(reform: Path) -> None:
    said = json.loads(qcg("rules", "diff", SHIPPED, reform, "--json").out)
    assert (said["a"]["rulebook"], said["b"]["from"]) == (SHIPPED, "2023-01-01")
    assert said["affected"] == {"from": "2023-01-01", "until": "2023-07-01"}
    told = {each["path"]: (each["before"], each["after"]) for each in said["differences"]}
    assert told == {
        "in_force.from": ("2022-01-27", "2023-01-01"),
        "in_force.until": (None, "2023-07-01"),
        "scenarios.managed.overcost.percent": ("20", "15"),
        "scenarios.feed.conversions.at_least": (6, 5),
        "readings.overcost_boundary.reading": ("inclusive", "exclusive"),
        "version": ("2022-01-27", "2023-01-01"),
        "readings.late_backflow.why": (
            "The cycle is closed when it is computed.",
            "As computed.",
        ),
    }
    words = {each["path"] for each in said["differences"] if not each["counts"]}
    assert words == {"version", "readings.late_backflow.why"}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_people_read_it_in_words_and_numbers(lang: str, reform: Path) -> None:
    out = qcg("rules", "diff", SHIPPED, reform, "--lang", lang).out
    assert re.search(r"scenarios\.feed\.conversions\.at_least +6 +5 ", out)
    expected = {
        "en": [
            "first deliveries from 2023-01-01 until 2023-07-01",
            "least conversions",
            "yes → no",
        ],
        "zh": ["2023-01-01 起至 2023-07-01 前首次投放", "最少转化数", "算 → 不算"],
    }
    assert all(words in out for words in expected[lang])


def test_the_same_rulebook_twice_says_the_same() -> None:
    ran = qcg("rules", "diff", SHIPPED, SHIPPED)
    assert ran.code == 0
    assert "They say the same." in ran.out


def test_an_unknown_rulebook_lists_those_there_are() -> None:
    ran = qcg("rules", "diff", SHIPPED, "qianchuan@2020-01-01")
    assert ran.code == 2
    assert f"there is {SHIPPED}" in ran.said
