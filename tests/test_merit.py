"""What decisions do not show: what a plan is owed apart from cheating verdicts (四(一)), which
nights keep in the ledger for the day on which a verdict is lifted; and what is in doubt of a plan
(四(四)), which is shown where two decisions on it are compared; and on which days edits were
counted (二), which is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qianchuan_guarantee.decide import Decided, Question, decide
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.exports.memory import Memory
from tests import oracle
from tests.conftest import BOOKS, by_plan, decide_folder, decided
from tests.conftest import rows_of as decisions_of
from tests.oracle import Exports, Row
from tests.sentences import Told, rows_of
from tests.worlds import COLUMNS, write

DAY0, AS_OF = date(2022, 10, 1), date(2022, 10, 10)
CAUGHT = "day 2 10:00 is found cheating by the system"
OVER = ("day 0 10:00 spends 72", "day 0 12:00 wins 6")
BUDGET = "day 2 10:00 edits the budget"
LOST = tuple(f"day 1 {hour}:00 edits targeting" for hour in (10, 11, 12))
RESUMED = ("day 0 10:00 spends 6720", "day 1 12:00 wins 14")
RESUMED += ("day 2 00:00 pauses", "day 2 06:00 resumes")
PAUSED = ("day -1 12:00 pauses", "day 0 10:00 spends 6720", "day 1 12:00 wins 14")
# Two conversions at 0.01: what is left of this is 0.00499, or 0.01.
SMALL = ("day 0 10:00 spends 0.02499", "day 0 12:00 wins 2")
A_CENT = ("day 0 10:00 spends 0.03", "day 0 12:00 wins 2")

MERITS: dict[str, tuple[str, tuple[str, ...], str | None]] = {
    "granted": ("feed, bid 10", OVER, "12.00"),
    "caught, and granted else": ("feed, bid 10", (*OVER, CAUGHT), "12.00"),
    "caught, and ended else": ("feed, bid 10", ("day 0 10:00 spends 72", CAUGHT), "0.00"),
    "caught, and lost by its edits": ("feed, bid 10", (*OVER, *LOST, CAUGHT), "0.00"),
    "lost by its edits": ("feed, bid 10", (*OVER, *LOST), "0.00"),
    "ended": ("feed, bid 10", ("day 0 10:00 spends 71", "day 0 12:00 wins 6", BUDGET), "0.00"),
    "short of its target": (
        "feed, bid 10",
        ("day 0 10:00 spends 59.5", "day 0 12:00 wins 6"),
        "0.00",
    ),
    "resumed": ("managed, bid 400", RESUMED, "1120.00"),
    "paused before all": ("managed, bid 400", PAUSED, "0.00"),
    "less than a cent": ("search, bid 0.01", SMALL, "0.00"),
    "a cent": ("search, bid 0.01", A_CENT, "0.01"),
    "caught, and held": ("feed, bid 10", (*OVER, CAUGHT, "day 1 10:00 spends abc"), None),
    "open": ("feed, bid 10", ("day 8 10:00 spends 72", "day 8 12:00 wins 6"), None),
    "not delivered": ("feed, bid 10", (), None),
    "unknown": ("unknown", OVER, None),
}


# A doubt is there or it is not, of plans without edits, conversions or a row of their own, too.
DOUBTS = ("is_quarantined", "is_row_conflict", "is_timeline_broken", "is_created_twice")
DOUBTS += ("is_snapshot_conflict", "is_earlier_delivery", "is_scenario_changed", "is_incomplete")
DOUBTS += ("has_unknown_bid", "has_ambiguous_bid", "is_preserved")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    stories = [(plan, happens) for plan, happens, _ in MERITS.values()]
    return exports_of(stories, tmp_path_factory.mktemp("merit"))


def exports_of(stories: Sequence[tuple[str, Sequence[str]]], folder: Path) -> Path:
    """Plans from 1001 on, each with what happens to it."""
    tables: dict[str, list[Row]] = {table: [] for table in COLUMNS}
    for ad_id, (plan, happens) in enumerate(stories, start=1001):
        told = Told(plan, "flat", {"plan": plan, "happens": happens})
        for table, row in rows_of(told, ad_id, DAY0):
            tables[table].append(Row(row.values))
    write(Exports(tables, {}), folder)
    return folder


def days_counted(answer: Decided) -> dict[str, list[int]]:
    """The days on which edits of a plan were counted, from day 0 on."""
    found: dict[str, list[int]] = {name: [] for name in MERITS}
    names = dict(enumerate(MERITS, start=1001))
    for row in answer.engine.arrow(answer.stages["edit_counts"]).to_pylist():
        found[names[row["ad_id"]]].append((row["day"] - DAY0).days)
    return found


@pytest.fixture(scope="module")
def facts(folder: Path) -> dict[str, dict[str, Any]]:
    with decided(folder, AS_OF) as answer:
        facts = answer.stages["facts"].order_by("ad_id").select("merit", "payable", *DOUBTS)
        rows = answer.engine.arrow(facts).to_pylist()
        days = days_counted(answer)
    return {n: row | {"days": days[n]} for n, row in zip(MERITS, rows, strict=True)}


@pytest.mark.parametrize("name", MERITS)
def test_a_plan_is_owed_what_it_earned_apart_from_verdicts(
    name: str, facts: dict[str, dict[str, Any]]
) -> None:
    _, _, owed = MERITS[name]
    assert facts[name]["merit"] == (None if owed is None else Decimal(owed))


def test_less_than_nothing_is_never_payable(facts: dict[str, dict[str, Any]]) -> None:
    assert facts["short of its target"]["payable"] == 0


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_doubt_is_there_or_it_is_not(doubt: str, facts: dict[str, dict[str, Any]]) -> None:
    found = {name for name in MERITS if facts[name][doubt] is not False}
    assert found == ({"caught, and held"} if doubt == "is_quarantined" else set())


@pytest.mark.parametrize("name", MERITS)
def test_a_day_on_which_nothing_was_counted_is_not_drawn(
    name: str, facts: dict[str, dict[str, Any]]
) -> None:
    assert facts[name]["days"] == ([1] if "lost by its edits" in name else [])


def test_what_is_counted_in_the_whole_window_is_drawn_from_its_first_day_on(folder: Path) -> None:
    with decided(folder, AS_OF, {"edit_limit_period": "window"}) as answer:
        assert days_counted(answer)["lost by its edits"] == [0]


@pytest.mark.parametrize(
    ("name", "reading", "stood"),
    [
        ("paused before all", "last_pause", [datetime(2022, 9, 30, 12), 0, 0, 0]),
        ("paused before all", "ignore", [None] * 4),
        ("resumed", "any_pause", [None] * 4),
    ],
)
def test_what_stood_at_a_pause_is_said_of_one_that_was_left_and_is_asked(
    name: str, reading: str, stood: list[Any], folder: Path
) -> None:
    names = ("left_paused_at", "cost_at_pause", "conversions_at_pause", "line_at_pause")
    with decided(folder, AS_OF, {"pause": reading}) as answer:
        facts = answer.stages["facts"].order_by("ad_id").select(*names)
        row = answer.engine.arrow(facts).to_pylist()[list(MERITS).index(name)]
    assert row == dict(zip(names, stood, strict=True))


@pytest.mark.parametrize(
    ("written", "received", "answer"),
    [
        (None, "day 4 23:59:59.999999", "held"),
        (None, "day 5 00:00", "granted"),
        (4, "day 3 12:00", "held"),
        (5, "day 3 12:00", "granted"),
    ],
)
def test_a_conversion_of_several_plans_is_held_against_each_that_knows_of_it(
    written: int | None, received: str, answer: str, tmp_path: Path
) -> None:
    """Two plans claim it on day 1. A third one does later: in files without partitions by when it
    was received, else by the day it was written; that plan is held if its cycle knows of it."""
    tables: dict[str, list[Row]] = {table: [] for table in COLUMNS}
    claims = {1001: (1, "day 1 12:00"), 1002: (1, "day 1 12:00"), 1003: (written, received)}
    for ad_id, (day, at) in claims.items():
        claim = f"day 1 12:00 wins 1, received {at}, named order"
        claim += f", written day {day}" if day else ""
        told = Told(str(ad_id), "daily", {"plan": "feed, bid 10", "happens": (*OVER, claim)})
        for table, row in rows_of(told, ad_id, DAY0):
            shared = {"conversion_id": "order"} if "order" in str(row.values) else {}
            tables[table].append(Row(row.values | shared, row.dt if written else None))
    days = [DAY0 + timedelta(days=n) for n in range(-2, 9)]
    logs = ("plans", "delivery", "conversions", "operations")
    exports = Exports(tables, dict.fromkeys(logs, days) if written else {})
    write(exports, tmp_path)
    rows, counts = decide_folder(tmp_path, AS_OF)
    wanted = oracle.decide(exports, AS_OF)
    assert (rows, counts) == (wanted.decisions, wanted.tables)
    assert [row["outcome"] for row in rows] == ["held", "held", answer]
    assert {code for row in rows for code in row["reasons"]} == {"DATA_CONFLICT"}


# A conversion is worth 400 whichever of its bids nobody knows.
EARNED = ("day 0 10:00 spends 6720", "day 1 12:00 wins 14")
BROKEN = "day 1 13:00 spends abc"
LOWERED = ("day 2 10:00 sets the bid from 400, unsaid", "day 2 11:00 sets the bid to 400")
RAISED = "day 0 11:00 sets the bid to 400"
RELEASED: dict[str, tuple[str, tuple[str, ...], list[str]]] = {
    "a row was refused": ("managed, bid 400", (*EARNED, BROKEN), []),
    "perhaps it was lowered": ("managed, bid 400", (*EARNED, BROKEN, *LOWERED), ["BID_UNKNOWN"]),
    "its first bid is not known": (
        "managed, no bid logged",
        (*EARNED, BROKEN, RAISED),
        ["BID_UNKNOWN"],
    ),
}


def test_what_is_not_known_is_held_although_a_person_overruled_its_hold(tmp_path: Path) -> None:
    stories = [(plan, happens) for plan, happens, _ in RELEASED.values()]
    memory = Memory(released=[1001, 1002, 1003])
    engine = DuckDB()
    try:
        asked = Question(str(exports_of(stories, tmp_path)), AS_OF, BOOKS, {}, memory=memory)
        found = by_plan(decisions_of(decide(asked, engine)))
    finally:
        engine.close()
    assert [row["reasons"] for row in found.values()] == [held for *_, held in RELEASED.values()]
    assert [row["amount"] for row in found.values()] == [Decimal("1120.00"), 0, 0]
