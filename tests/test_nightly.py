"""Nights on real exports: six days of logs decide like the whole history; corrected logs make
adjustments; what is held is decided again once it is mended."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from qianchuan_guarantee.cli.main import app
from qianchuan_guarantee.decide import Question, decide
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.ledger import query, review
from qianchuan_guarantee.ledger.checks import problems
from qianchuan_guarantee.ledger.decided import decision_problems
from qianchuan_guarantee.ledger.move import move
from qianchuan_guarantee.ledger.policy import load_policy
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.nightly import Night, NightResult, run
from qianchuan_guarantee.rulebook import load

BOOKS, POLICY = load(), load_policy(None)
PLAN = 1745000000000001


def quietly(*_: object, **__: object) -> None:
    pass


def decisions(exports: Path, as_of: date) -> dict[int, dict[str, Any]]:
    engine = DuckDB()
    rows = engine.arrow(decide(Question(str(exports), as_of, BOOKS), engine).decisions).to_pylist()
    engine.close()
    return {row["ad_id"]: row for row in rows}


def a_night(exports: Path, as_of: date, store: Store, *, is_dry: bool = False) -> NightResult:
    engine = DuckDB()
    try:
        question = Question(str(exports), as_of, BOOKS)
        return run(Night(question, POLICY, is_dry), store, engine, quietly)
    finally:
        engine.close()


def decided_on(store: Store, run_id: str) -> dict[int, dict[str, Any]]:
    assert store.folder is not None
    path = store.folder / "runs" / run_id / "decisions.parquet"
    return {row["ad_id"]: row for row in pq.read_table(path).to_pylist()}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history") / "exports"
    arguments = ["generate", str(folder), "--plans", "2100", "--days", "13", "--layout", "daily"]
    arguments += ["--dirt", "0.05", "--format", "parquet"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    return folder


def window(history: Path, first: date, last: date, to: Path) -> Path:
    """The exports with only the partitions of some days."""
    shutil.rmtree(to, ignore_errors=True)
    for path in history.rglob("*.parquet"):
        inside = path.relative_to(history)
        if len(inside.parts) == 3:
            day = date.fromisoformat(inside.parts[1].removeprefix("dt="))
            if not first <= day <= last:
                continue
        (to / inside).parent.mkdir(parents=True, exist_ok=True)
        (to / inside).symlink_to(path)
    return to


def test_a_few_days_of_logs_decide_like_the_whole_history(history: Path, tmp_path: Path) -> None:
    """Nights one by one, and two that were missed and are caught up together."""
    store = Store(str(tmp_path / "store"), create=True)
    asked: set[int] = set()
    granted = 0
    for day, days in ((7, 6), (8, 6), (11, 8), (14, 8)):
        as_of = date(2022, 10, day)
        first = as_of - timedelta(days=days)
        exports = window(history, first, as_of - timedelta(days=1), tmp_path / "window")
        found = decided_on(store, a_night(exports, as_of, store).run_id)
        whole = decisions(history, as_of)
        assert {plan: row for plan, row in found.items() if row != whole[plan]} == {}
        # What is not asked again was closed on an earlier night.
        closed = whole.keys() - found.keys()
        assert closed <= asked
        assert all(whole[plan]["outcome"] != "open" for plan in closed)
        asked |= found.keys()
        granted += sum(row["outcome"] == "granted" for row in found.values())
    assert problems(store) + decision_problems(store) == []
    # In the end, each plan that the whole history grants was proposed once, and nothing else.
    owed = {plan: row["amount"] for plan, row in whole.items() if row["outcome"] == "granted"}
    proposed = query.entries(store, kind="proposed")
    assert len(owed) > 200
    assert {row["ad_id"]: row["amount"] for row in proposed} == {
        plan: str(amount) for plan, amount in owed.items()
    }
    store.close()


# One plan, feed, bid 10: 130 of cost a day for four days, 10 conversions a day.
HEADERS = {
    "plans": "ad_id,advertiser_id,lab_ad_type,marketing_scene,smart_bid_type,cpa_bid,"
    "ad_create_time",
    "delivery": "ad_id,stat_datetime,stat_cost,show_cnt,click_cnt",
    "conversions": "conversion_id,ad_id,billed_at,converted_at",
    "operations": "log_id,ad_id,create_time,operation,old_value,new_value",
}


def rows_of(day: date) -> dict[str, list[str]]:
    plan = f"{PLAN},1,NOT_LAB_AD,FEED,SMART_BID_CUSTOM,10.00,2022-09-30 12:00:00"
    rows: dict[str, list[str]] = {"plans": [plan], "delivery": [], "conversions": []}
    rows["operations"] = [f"o1,{PLAN},2022-09-30 12:00:00,create,,10.00"] if day.day == 30 else []
    if date(2022, 10, 1) <= day <= date(2022, 10, 4):
        rows["delivery"] = [f"{PLAN},{day} 14:00:00,130.00000,100,10"]
        rows["conversions"] = [
            f"c{day.day}-{n},{PLAN},{day} 14:10:00,{day} 15:00:00" for n in range(10)
        ]
    return rows


class Exports:
    """Daily partitions of one plan's logs, which can be written again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, table: str, day: date, rows: list[str]) -> None:
        path = self.folder / table / f"dt={day}" / "part.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([HEADERS[table], *rows, ""]), encoding="utf-8")

    def through(self, last: date, first: date = date(2022, 9, 30)) -> Path:
        day = first
        while day <= last:
            for table, rows in rows_of(day).items():
                if not (self.folder / table / f"dt={day}").exists():
                    self.write(table, day, rows)
            day += timedelta(days=1)
        return self.folder


NIGHT = date(2022, 10, 6)


@pytest.fixture
def exports(tmp_path: Path) -> Exports:
    return Exports(tmp_path / "exports")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(str(tmp_path / "store"), create=True)
    yield made
    assert problems(made) + decision_problems(made) == []
    made.close()


def test_a_night_again_is_a_no_op_and_corrected_logs_adjust(exports: Exports, store: Store) -> None:
    folder = exports.through(NIGHT - timedelta(days=1))
    first = a_night(folder, NIGHT, store)
    assert first.document["proposed"] == first.document["issued"] == "120.00"
    again = a_night(folder, NIGHT, store)
    assert (again.is_repeated, again.run_id) == (True, first.run_id)
    # The cost of one day was 10 yuan less: the difference is to come back, and waits.
    exports.write("delivery", date(2022, 10, 3), [f"{PLAN},2022-10-03 14:00:00,120.00000,100,10"])
    less = a_night(folder, NIGHT, store)
    assert (less.document["proposed"], less.document["waiting"]) == ("-10.00", "-10.00")
    # It was 5 yuan more after all: the claw-back is withdrawn, a supplement waits.
    exports.write("delivery", date(2022, 10, 3), [f"{PLAN},2022-10-03 14:00:00,135.00000,100,10"])
    more = a_night(folder, NIGHT, store)
    assert (more.document["proposed"], more.document["waiting"]) == ("5.00", "5.00")
    review.approve(store, [], by="alice", why="as the logs say", policy=POLICY)
    assert query.balances(store)[0]["available"] == "125.00"
    # The first version again is not a repeat: what came between would stand.
    shutil.rmtree(exports.folder / "delivery" / "dt=2022-10-03")
    back = a_night(exports.through(NIGHT - timedelta(days=1)), NIGHT, store)
    assert (back.is_repeated, back.document["waiting"]) == (False, "-5.00")
    assert back.run_id == f"{first.run_id}-2"
    assert [row["compensate_status"] for row in query.history(store, PLAN)] == [
        *("PAID", "PAID", "PAID", "PAID"),
    ]


@pytest.mark.parametrize("damage", ["other amount", "twice", "another outcome", "gone"])
def test_entries_that_no_night_decided_are_found(
    exports: Exports, tmp_path: Path, damage: str
) -> None:
    store = Store(str(tmp_path / "store"), create=True)
    run_id = a_night(exports.through(NIGHT - timedelta(days=1)), NIGHT, store).run_id
    path = tmp_path / "store" / "runs" / run_id / "decisions.parquet"
    rows = pq.read_table(path)
    row = rows.to_pylist()[0]
    changed = {
        "other amount": [row | {"amount": row["amount"] + 1}],
        "twice": [row, row],
        "another outcome": [row | {"outcome": "held"}],
    }
    if damage == "gone":
        path.unlink()
    else:
        pq.write_table(rows.from_pylist(changed[damage], rows.schema), path)
    assert problems(store) == []
    assert len(decision_problems(store)) == 1
    store.close()


def test_a_held_plan_is_decided_again_once_its_logs_are_mended(
    exports: Exports, store: Store
) -> None:
    bad = [f"{PLAN},2022-10-03 14:00:00,13O.00000,100,10"]
    exports.write("delivery", date(2022, 10, 3), bad)
    assert a_night(exports.through(NIGHT - timedelta(days=1)), NIGHT, store).document["held"] == 1
    later = date(2022, 10, 9)
    assert a_night(exports.through(later - timedelta(days=1)), later, store).document["held"] == 1
    shutil.rmtree(exports.folder / "delivery" / "dt=2022-10-03")
    mended = a_night(exports.through(later - timedelta(days=1)), later, store)
    assert (mended.document["held"], mended.document["waiting"]) == (0, "120.00")
    why = query.entries(store, waiting=True)[0]["why"]
    assert why.split(",") == ["held_before", "corrected"]


def test_a_named_person_can_overrule_a_hold(exports: Exports, store: Store) -> None:
    extra = [f"{PLAN},2022-10-03 14:00:00,130.00000,100,10", f"{PLAN},2022-10-03 15:00:00,x,1,1"]
    exports.write("delivery", date(2022, 10, 3), extra)
    folder = exports.through(NIGHT - timedelta(days=1))
    assert a_night(folder, NIGHT, store).document["held"] == 1
    review.release(store, PLAN, by="alice", why="the row is a test row of ours")
    released = a_night(folder, NIGHT, store)
    assert (released.document["held"], released.document["waiting"]) == (0, "120.00")
    assert "released" in query.entries(store, waiting=True)[0]["why"]


def test_an_earlier_first_delivery_that_comes_late_holds_the_plan(
    exports: Exports, store: Store
) -> None:
    night = date(2022, 10, 2)
    folder = exports.through(night - timedelta(days=1))
    a_night(folder, night, store)
    late = [*rows_of(night)["delivery"], f"{PLAN},2022-10-01 02:00:00,1.00000,1,1"]
    exports.write("delivery", night, late)
    for day in (date(2022, 10, 3), NIGHT):
        found = a_night(exports.through(day - timedelta(days=1)), day, store)
        row = decided_on(store, found.run_id)[PLAN]
        assert row["reasons"] == ["DATA_CONFLICT"]
    assert row["outcome"] == "held"


def refused(attempt: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        attempt()
    return str(caught.value)


def test_a_day_that_has_not_landed_and_nights_out_of_order(exports: Exports, store: Store) -> None:
    folder = exports.through(NIGHT - timedelta(days=1))
    said = refused(lambda: a_night(folder, NIGHT + timedelta(days=1), store))
    assert "dt=2022-10-06 of plans, delivery, conversions, operations has not landed yet" in said
    dry = a_night(folder, NIGHT, store, is_dry=True)
    assert dry.document["proposed"] == "120.00"
    assert query.entries(store) == []
    a_night(folder, NIGHT, store)
    said = refused(lambda: a_night(folder, NIGHT - timedelta(days=1), store))
    assert "has already decided 2022-10-06; nights are decided in order" in said


def explained(exports: Path, place: str) -> None:
    """A store explains like the exports that it was given, but for the days."""

    def asked(*words: str) -> dict[str, Any]:
        result = CliRunner().invoke(app, ["explain", str(PLAN), *words, "--json"])
        assert result.exit_code == 0, result.output
        document: dict[str, Any] = json.loads(result.stdout)
        return document

    stored, live = asked("--store", place), asked(str(exports), "--as-of", str(NIGHT))
    ledger, _ = stored.pop("ledger"), stored.pop("run_id")
    assert [entry["kind"] for entry in ledger["entries"]] == ["proposed", "issued"]
    assert [status["compensate_status"] for status in ledger["statuses"]] == ["PAID"]
    assert (stored.pop("days"), len(live.pop("days"))) == ([], 4)
    assert stored == live
    for words, said in (
        ([str(PLAN)], "expected EXPORTS, or --store STORE"),
        ([str(PLAN), "--store", place, "--html", "x.html"], "it needs EXPORTS"),
        ([str(PLAN + 1), "--store", place], "no night of"),
        ([str(PLAN), "--store", place, "--known-at", "2022-10-05"], "decided it by 2022-10-05"),
        ([str(PLAN), "--store", place, "--read", "rounding=down"], "what was decided"),
    ):
        result = CliRunner().invoke(app, ["explain", *words])
        assert said in str(result.exception)


def test_the_command_prints_one_document_and_its_numbers_add_up(
    exports: Exports, tmp_path: Path
) -> None:
    folder = exports.through(NIGHT - timedelta(days=1))
    place = str(tmp_path / "store")
    arguments = ["run", str(folder), "--as-of", str(NIGHT), "--store", place, "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["amount"] == document["proposed"] == document["issued"] == "120.00"
    assert document["repeated"] is False
    result = CliRunner().invoke(app, ["ledger", "balance", "--store", place, "--json"])
    (balance,) = json.loads(result.stdout)
    assert balance | {"available": "120.00", "frozen": "0.00", "receivable": "0.00"} == balance
    for command in (["balance", "--check"], ["check"], ["list"], ["notices"], ["show", str(PLAN)]):
        result = CliRunner().invoke(app, ["ledger", *command, "--store", place])
        assert result.exit_code == 0, result.output
    explained(folder, place)
    source, target = Store(place), Store(str(tmp_path / "copy"), create=True)
    assert move(source, target) == 1
    assert problems(target) == []
    assert query.entries(target) == query.entries(source)
    assert target.contents(document["run_id"]) == source.contents(document["run_id"])
    assert "has nights already" in refused(lambda: move(source, target))
    assert (tmp_path / "store" / "notices.jsonl").read_text(encoding="utf-8").count("\n") == 1
