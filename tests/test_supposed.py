"""One plan's history edited: the rows as they might have been, through the same stages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import pytest

from qianchuan_guarantee.decide import Question
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.errors import UsageError
from qianchuan_guarantee.supposed import _followed, parse
from qianchuan_guarantee.what_if import Asking, Changed, Otherwise, WhatIf
from tests.conftest import BOOKS, FIXTURES
from tests.test_cli import qcg

DEMO, DAY = FIXTURES / "demo", date(2022, 10, 20)
EDITED = 1745000000000301  # three targeting edits on 10-04 lose its guarantee; cost 300, target 214


@pytest.fixture(scope="module")
def plan() -> Iterator[Asking]:
    engine = DuckDB()
    yield Asking(Question(str(DEMO), DAY, BOOKS, plans=(EDITED,)), engine)
    engine.close()


def ask(plan: Asking, *words: str, **readings: str) -> WhatIf:
    return plan.ask(Otherwise(words, readings, None, [parse(word) for word in words]))


def only(found: WhatIf) -> Changed:
    (changed,) = found.changed
    return changed


@pytest.mark.parametrize(
    "word",
    [
        "plan.operations.log-301-04.drop=true",
        "plan.operations.log-301-04.create_time=2022-10-05 00:00:00",
    ],
)
def test_one_edit_less_that_day_and_the_guarantee_is_kept(plan: Asking, word: str) -> None:
    changed = only(ask(plan, word))
    assert (changed.outcome_before, changed.outcome_after) == ("invalid", "granted")
    assert changed.amount_after == Decimal("86.00")
    (cause,) = changed.because
    assert cause.reason == "AUD_CHANGES"
    assert cause.changed == ["max_daily_targeting_edits"]
    assert cause.operands["max_daily_targeting_edits"] == (3, 2)


def test_edits_conversions_and_readings_together(plan: Asking) -> None:
    """Another conversion at a bid of 31: 300 − (214 + 31) = 55."""
    found = ask(
        plan,
        "plan.operations.log-301-04.drop=true",
        "plan.conversions.add=1@2022-10-04T12:00:00",
        overcost_boundary="exclusive",
    )
    assert only(found).amount_after == Decimal("55.00")


def test_what_later_edits_state_follows_a_bid_that_is_set_otherwise(plan: Asking) -> None:
    """Created at 20 instead of 30, the plan is not held for a broken timeline."""
    found = ask(plan, "plan.operations.log-301-01.new_value=20")
    assert not found.changed
    assert found.other_facts == 1


def test_a_fact_that_is_set_as_it_was_changes_nothing(plan: Asking) -> None:
    found = ask(plan, "plan.operations.log-301-01.new_value=30.00")
    assert not found.changed
    assert found.other_facts == 0


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("plan.operations.log-301-4.drop=true", "there is log-301-01 (create 2022-10-03 10:00:00)"),
        ("plan.operations.log-301-05.new_value=much", "`much` is not a bid"),
        ("plan.operations.log-301-05.new_value=-1", "above 0"),
        ("plan.operations.log-301-05.create_time=noon", "expected YYYY-MM-DDTHH:MM:SS"),
        ("plan.operations.add=bid@2022-10-04", "expected bid:VALUE@TIME"),
        ("plan.operations.add=sing@2022-10-04", "KIND is create, targeting"),
        ("plan.conversions.add=0@2022-10-04", "expected COUNT@TIME"),
        ("plan.conversions.add=some", "expected COUNT@TIME"),
    ],
)
def test_a_mistake_in_an_edit_says_what_would_be_right(plan: Asking, word: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        ask(plan, word)
    assert f"--set {word}: " in str(error.value)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("plan.delivery.x.drop=true", "there is operations, conversions"),
        ("plan.operations.l1.who=me", "FIELD is drop, create_time, old_value, new_value"),
        ("plan.operations.l1.drop=yes", "expected true"),
        ("plan.operations.drop", "expected PATH=VALUE"),
    ],
)
def test_a_path_that_leads_nowhere_says_what_exists(word: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse(word)


def test_an_id_may_have_dots_in_it() -> None:
    assert parse("plan.operations.a.b/bid.new_value=3").id == "a.b/bid"


def test_facts_are_of_one_plan() -> None:
    ran = qcg("what-if", DEMO, "--as-of", DAY, "--set", "plan.conversions.add=1@2022-10-04")
    assert ran.code == 2
    assert "of which plan? Give one --plan AD_ID" in ran.said


def test_an_old_value_that_contradicted_the_log_still_does() -> None:
    def bid(log_id: str, day: int, old: str, new: str) -> dict[str, object]:
        return {
            "log_id": log_id,
            "create_time": datetime(2022, 10, day),
            "operation": "bid",
            "old_value": old,
            "new_value": new,
            "old_bid": Decimal(old),
            "new_bid": Decimal(new),
        }

    before = [bid("a", 1, "10", "20"), bid("b", 2, "21", "30"), bid("c", 3, "30", "40")]
    after = [bid("a", 1, "10", "25"), *before[1:]]
    followed = {row["log_id"]: row["old_bid"] for row in _followed(after, before, set())}
    assert followed == {"a": Decimal(10), "b": Decimal(21), "c": Decimal(30)}
    without = {row["log_id"]: row["old_bid"] for row in _followed(before[2:], before, set())}
    assert without == {"c": Decimal(10)}
