"""What if: which plans change, from what to what, which clause or operand did it, and the money."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from qianchuan_guarantee.cli.what_if import render
from qianchuan_guarantee.decide import Question
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.report.difference import because, changed_table, document
from qianchuan_guarantee.report.difference import write as write_found
from qianchuan_guarantee.settings import with_settings
from qianchuan_guarantee.vocabulary import REASONS
from qianchuan_guarantee.what_if import Asking, Changed, Otherwise, WhatIf
from tests.conftest import BOOKS, FIXTURES
from tests.test_cli import qcg
from tests.test_sensitivity import ALTERNATIVES
from tests.worlds import world, write

DEMO, DAY = FIXTURES / "demo", date(2022, 10, 20)
FIRST = 1745000000000000
Ask = Callable[..., WhatIf]


def asking(folder: Path, as_of: date) -> Iterator[Ask]:
    """Ask the plans of a folder, decided once: by settings (words) and readings (keys)."""
    engine = DuckDB()
    asked = Asking(Question(str(folder), as_of, BOOKS), engine)

    def ask(*settings: str, **readings: str) -> WhatIf:
        books = with_settings(BOOKS, settings) if settings else None
        words = [*settings, *(f"{key}={choice}" for key, choice in readings.items())]
        return asked.ask(Otherwise(words, readings, books))

    yield ask
    engine.close()


@pytest.fixture(scope="module")
def demo() -> Iterator[Ask]:
    yield from asking(DEMO, DAY)


def only(found: WhatIf, number: int) -> Changed:
    (changed,) = (each for each in found.changed if each.ad_id == FIRST + number)
    return changed


def told(changed: Changed) -> tuple[Any, ...]:
    """A plan's change and its one cause, without the plan."""
    (cause,) = changed.because
    outcomes = (changed.outcome_before, changed.outcome_after)
    return (*outcomes, cause.what, cause.reason, cause.met_before, cause.met_after)


def changes(changed: Changed) -> Mapping[str, tuple[str, str]]:
    """The operands that differ, as text."""
    (cause,) = changed.because
    return {name: tuple(map(str, cause.operands[name])) for name in cause.changed}  # type: ignore[misc]


# --- Which clause or operand did it --------------------------------------------------------------


def test_a_lower_threshold_grants_a_plan_and_the_threshold_did_it(demo: Ask) -> None:
    found = demo("scenarios.feed.conversions.at_least=5")
    (changed,) = found.changed
    assert changed.ad_id == FIRST + 203
    expected = ("ended", "granted", "lifted", "CONVERT_UNDER_THRESHOLD", False, True)
    assert told(changed) == expected
    assert changes(changed) == {
        "conversions_required": ("6", "5"),
        "conversions_at_least": ("6", "5"),
    }
    assert changed.because[0].operands["conversions"] == (5, 5)
    assert (changed.amount_before, changed.amount_after) == (Decimal("0.00"), Decimal("100.00"))
    assert found.total.amount_change == Decimal("100.00")
    assert found.by_scenario["feed"].plans_after == found.by_scenario["feed"].plans_before + 1
    moved = [key for key, money in found.by_advertiser.items() if not money.is_same]
    assert moved == [changed.advertiser_id]


def test_of_a_plan_on_the_line_only_the_boundary_is_another(demo: Ask) -> None:
    changed = only(demo(overcost_boundary="exclusive"), 105)
    assert told(changed) == ("granted", "ended", "new", "UN_OBERCOST", True, False)
    assert changes(changed) == {"overcost_boundary": ("inclusive", "exclusive")}
    (cause,) = changed.because
    assert cause.operands["cost"][0] == cause.operands["overcost_line"][0]


def test_a_waived_reason_is_lifted_though_its_question_is_still_answered_no(demo: Ask) -> None:
    changed = only(demo(overcost_at_settlement="preserved"), 208)
    assert told(changed) == ("ended", "granted", "lifted", "UN_OBERCOST", False, False)
    assert changes(changed) == {"overcost_at_settlement": ("required", "preserved")}


def test_fewer_conversions_make_a_grant_larger_and_only_the_amount_is_another(demo: Ask) -> None:
    changed = only(demo(conversion_clock="converted"), 603)
    assert told(changed) == ("granted", "granted", "amount", None, None, None)
    assert {"target_cost", "excess", "conversions"} <= changes(changed).keys()
    assert "cost" not in changes(changed)


def test_a_plan_may_come_to_be_held(demo: Ask) -> None:
    changed = only(demo(overcost_base="initial"), 125)
    assert (changed.outcome_after, changed.reasons_after) == ("held", ["BID_UNKNOWN"])
    assert changes(changed)["overcost_base"] == ("weighted", "initial")


def test_a_shorter_window_settles_a_plan_earlier(demo: Ask) -> None:
    changed = only(demo("window.natural_days=3"), 602)
    assert told(changed) == ("open", "ended", "cycle", None, False, True)
    assert changes(changed)["cycle_end_on"] == ("2022-10-21", "2022-10-20")


def test_a_rule_that_begins_later_covers_fewer_plans(demo: Ask) -> None:
    found = demo("in_force.from=2022-10-05")
    assert found.changed
    for changed in found.changed:
        assert changed.outcome_after == "not_covered"
        assert [cause.reason for cause in changed.because] == ["RULE_NOT_IN_FORCE"]
        assert changes(changed)["in_force_from"] == ("2022-01-27", "2022-10-05")


def test_asking_again_is_not_confused_by_what_was_asked_before(demo: Ask) -> None:
    once = document(demo("scenarios.feed.conversions.at_least=5"), "en")
    demo("window.natural_days=2", pause="ignore")
    assert document(demo("scenarios.feed.conversions.at_least=5"), "en") == once


ORDER = ("not_covered", "held", "invalid", "ended")


def outcome_of(reasons: set[str]) -> str:
    kinds = {REASONS[code].kind for code in reasons}
    return next((kind for kind in ORDER if kind in kinds), "granted")


def test_every_cause_is_needed_and_together_they_suffice(tmp_path: Path) -> None:
    """Of every alternative, on a world of plans: what is said to have done it did it."""
    exports, as_of = world(27, plans=300)
    write(exports, tmp_path)
    seen = set()
    for ask in asking(tmp_path, as_of):
        for key, choice in ALTERNATIVES:
            for changed in ask(**{key: choice}).changed:
                seen.add((key, choice))
                assert changed.because, changed
                assert all(cause.changed for cause in changed.because), changed
                check_reasons(changed)
    assert len(seen) >= 8


def check_reasons(changed: Changed) -> None:
    if changed.outcome_before == changed.outcome_after:
        assert [cause.what for cause in changed.because] == ["amount"]
        return
    before, after = set(changed.reasons_before), set(changed.reasons_after)
    lifted = {cause.reason for cause in changed.because if cause.what == "lifted"}
    new = {cause.reason for cause in changed.because if cause.what == "new"}
    assert lifted <= before - after
    assert new <= after - before
    if changed.outcome_after != "ended" or new:
        others = after - before - new if changed.outcome_after == "ended" else set()
        assert outcome_of((before - lifted) | new | others) == changed.outcome_after
    for code in lifted | new:  # without it the plan would not have come to this outcome
        left = (before - lifted) | new
        without = left | {code} if code in lifted else left - {code}
        assert outcome_of({str(each) for each in without}) != changed.outcome_after or len(new) > 1


# --- Nothing changes, and why --------------------------------------------------------------------


def test_what_changes_nothing_says_why(demo: Ask) -> None:
    assert document(demo(), "en")["why_nothing"].startswith("Nothing changes, since nothing was")
    assert "holds already" in document(demo(pause="last_pause"), "en")["why_nothing"]
    insensitive = demo(slice_bid="lowest")
    assert "sensitive" in document(insensitive, "en")["why_nothing"]
    stricter = demo("scenarios.managed.conversions.more_than.prompted.dividend_yuan=5000.01")
    assert stricter.other_facts > 0
    assert "compared is another" in document(stricter, "en")["why_nothing"]
    for found in (insensitive, stricter):
        assert not found.changed
        assert found.total.amount_change == 0


# --- How it is told ------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_people_read_what_changes_and_why(lang: str, demo: Ask) -> None:
    text = render(demo(conversion_clock="converted"), lang)  # type: ignore[arg-type]
    for number in (108, 110, 603):
        assert str(FIRST + number) in text
    assert "conversions 6 → 5" in text
    words = re.sub(r"\[[^]]*\]", "", text)  # clauses are numbered as in the rule
    assert bool(re.search(r"[\u4e00-\u9fff]", words)) is (lang == "zh")


def test_the_document_is_what_programs_rely_on(demo: Ask) -> None:
    said = json.loads(json.dumps(document(demo(pause="ignore"), "en")))
    (changed,) = said["changed"]
    assert (said["amount_before"], said["amount_after"]) == ("7151.13", "8551.13")
    assert changed["ad_id"] == FIRST + 207
    assert (changed["amount_before"], changed["amount_after"]) == ("0.00", "1400.00")
    assert (changed["outcome_before"], changed["outcome_after"]) == ("ended", "granted")
    (cause,) = changed["because"]
    assert cause["reason"] == "PAUSED_BEFORE_MET"
    assert cause["operands"]["pause"] == ["last_pause", "ignore"]
    assert "pause" in cause["changed"]


def test_the_file_has_a_row_for_each_plan_that_changes(demo: Ask) -> None:
    found = demo(conversion_clock="converted")
    rows = changed_table(found, "en").to_pylist()
    assert [row["ad_id"] for row in rows] == [each.ad_id for each in found.changed]
    assert [row["because"] for row in rows] == ["\n".join(because(e, "en")) for e in found.changed]


# --- The command ---------------------------------------------------------------------------------


def test_one_plan_is_asked_by_the_command(tmp_path: Path) -> None:
    out = tmp_path / "changed.csv"
    asked = ("--plan", FIRST + 203, "--set", "scenarios.feed.conversions.at_least=5")
    ran = qcg("what-if", DEMO, "--as-of", DAY, *asked, "--json", "-o", out)
    assert ran.code == 0
    (changed,) = json.loads(ran.out)["changed"]
    assert changed["ad_id"] == FIRST + 203
    assert out.read_text("utf-8").count("\n") == 2


def test_a_workbook_has_the_plans_and_the_money(demo: Ask, tmp_path: Path) -> None:
    found = demo(conversion_clock="converted")
    write_found(found, tmp_path / "changed.xlsx", "en")
    book = load_workbook(tmp_path / "changed.xlsx")
    plans, money = (list(book[name].iter_rows(values_only=True)) for name in ("changed", "money"))
    assert [row[0] for row in plans[1:]] == [str(each.ad_id) for each in found.changed]
    for group in ("outcome", "scenario", "advertiser"):
        change = sum(Decimal(str(row[-1])) for row in money[1:] if row[0] == group)
        assert change == found.total.amount_change


def test_a_held_plan_says_that_its_facts_are_not_known() -> None:
    ran = qcg("what-if", DEMO, "--as-of", DAY, "--plan", FIRST + 401, "--read", "pause=ignore")
    assert ran.code == 0
    assert re.search(rf"{FIRST + 401} is held: its facts are not known \([A-Z_, ]+\)", ran.out)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "scenarios.feed.conversions.at_leas=5"], "there is clause, at_least, more_than"),
        (["--set", "nothing=5"], "there is name, version, title"),
        (["--set", "scenarios.feed.conversions.at_least=-1"], "greater than or equal to 0"),
        (["--set", "scenarios.feed.conversions.at_least=many"], "at_least: Input should be"),
        (["--set", "scenarios.feed.edits.bid=3"], "there is at_most below it"),
        (["--set", "window.natural_days.x=3"], "`window.natural_days` is 4, with nothing below"),
        (["--set", "window.natural_days"], "expected PATH=VALUE"),
        (["--set", "readings.pause.reading=never"], "not one of last_pause, any_pause, ignore"),
        (["--set", "window.natural_days={"], "cannot be read"),
        (["--read", "pause=never"], "can be read as last_pause, any_pause, ignore"),
        (["--lang", "fr"], "expected zh or en"),
        (["-o", "x.pdf"], "unknown ending"),
    ],
    ids=lambda words: words[-1] if isinstance(words, list) else "",
)
def test_a_mistake_says_what_exists(words: list[str], said: str) -> None:
    ran = qcg("what-if", DEMO, "--as-of", DAY, *words)
    assert ran.code == 2
    assert said in ran.said
    assert not ran.out


@pytest.mark.parametrize("command", ["what-if", "explain"])
def test_an_unknown_plan_lists_near_ids(command: str) -> None:
    typo = str(FIRST + 103).replace("103", "1O3".replace("O", "9"))
    words = (
        (command, typo, DEMO, "--as-of", DAY)
        if command == "explain"
        else (command, DEMO, "--as-of", DAY, "--plan", typo)
    )
    ran = qcg(*words)
    assert ran.code == 2
    assert f"plan {typo}: no such plan" in ran.said
    assert str(FIRST + 103) in ran.said


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_loads_nothing_and_escapes_what_was_asked(
    lang: str, demo: Ask, tmp_path: Path
) -> None:
    found = demo(
        "scenarios.feed.pause={clause: <b>, is_judged: true}", conversion_clock="converted"
    )
    write_found(found, tmp_path / "page.html", lang)  # type: ignore[arg-type]
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "&lt;b&gt;" in text
    assert "<b>" not in text
    assert not re.search(r"https?://|<script|src=|@import|url\(", text)
    assert str(FIRST + 603) in text
