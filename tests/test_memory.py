"""What earlier nights leave: a few days of logs decide like the whole history, whatever came
before the cycle, came late, came again otherwise, or is left out tonight."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from qianchuan_guarantee.decide import Question, decide
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.exports.memory import Memory
from qianchuan_guarantee.ledger import query, review
from qianchuan_guarantee.ledger.checks import problems
from qianchuan_guarantee.ledger.decided import decision_problems
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.nightly import NightResult
from tests.test_nightly import BOOKS, HEADERS, PLAN, a_night, decided_on, decisions, refused

MORE = {
    "first_deliveries": "ad_id,first_delivery_at",
    "verdicts": "ad_id,decided_at,verdict,source",
    "restrictions": "advertiser_id,starts_at,ends_at,reason",
    "control_totals": "table,dt,rows,cost",
}


def day(text: str) -> date:
    return date.fromisoformat(f"2022-{text}")


class History:
    """All rows that ever were written, by table and day; folders of some days of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[tuple[str, date], list[str]] = {}
        self.missing: set[tuple[str, date]] = set()
        self.folders = 0

    def put(self, table: str, on: date, *rows: str) -> None:
        self.rows.setdefault((table, on), []).extend(rows)

    def plan(
        self, ad_id: int, created: date, last: date, delivered: date, advertiser: int = 1
    ) -> None:
        """A feed plan: 130 of cost and 10 conversions a day for four days, at a bid of 10."""
        on = created
        while on <= last:
            made = f"{created} 01:00:00"
            kind = f"{advertiser},NOT_LAB_AD,FEED,SMART_BID_CUSTOM"
            self.put("plans", on, f"{ad_id},{kind},10.00,{made}")
            on += timedelta(days=1)
        self.put("operations", created, f"o{ad_id},{ad_id},{created} 12:00:00,create,,10.00")
        for on in (delivered + timedelta(days=n) for n in range(4)):
            self.put("delivery", on, f"{ad_id},{on} 14:00:00,130.00000,100,10")
            won = [f"{ad_id}-{on}-{n},{ad_id},{on} 14:10:00,{on} 15:00:00" for n in range(10)]
            self.put("conversions", on, *won)

    def days(self, first: date, last: date, without: tuple[str, ...] = ()) -> Path:
        self.folders += 1
        folder = self.folder / f"exports-{self.folders}"
        on = first
        while on <= last:
            for table, header in (HEADERS | MORE).items():
                rows = self.rows.get((table, on), [])
                is_there = rows or table in HEADERS
                if not is_there or (table, on) in self.missing or table in without:
                    continue
                path = folder / table / f"dt={on}" / "part.csv"
                path.parent.mkdir(parents=True)
                path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
            on += timedelta(days=1)
        return folder

    def before(self, night: date, days: int = 6, without: tuple[str, ...] = ()) -> Path:
        return self.days(night - timedelta(days=days), night - timedelta(days=1), without)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(str(tmp_path / "store"), create=True)
    yield made
    assert problems(made) + decision_problems(made) == []
    made.close()


def found(store: Store, night: NightResult) -> dict[int, dict[str, Any]]:
    return decided_on(store, night.run_id)


def test_what_came_before_the_cycle_counts_as_in_the_whole_history(
    history: History, store: Store
) -> None:
    began, last = day("09-25"), day("10-12")
    late, conflict, restated, ids, clean, old, early = (PLAN + n for n in range(7))
    for ad_id in (late, conflict, restated, ids, clean, early):
        history.plan(ad_id, began, last, day("10-06"))
    # A delivery of 09-26 that came after the end of the cycle it would have started.
    history.put("delivery", day("10-02"), f"{late},2022-09-26 14:00:00,10.00000,3,1")
    # Two rows of one slice, of which one may be the first delivery.
    slices = [f"{conflict},2022-09-26 14:00:00,{cost}.00000,3,1" for cost in (10, 20)]
    history.put("delivery", day("09-26"), *slices)
    # A first delivery that was restated to none.
    for on, shown in ((day("09-27"), 3), (day("09-28"), 0)):
        history.put("delivery", on, f"{restated},2022-09-27 14:00:00,0.00000,{shown},0")
    # Two conversions of one id.
    won = [f"c1,{ids},2022-09-27 14:10:00,2022-09-27 1{hour}:00:00" for hour in (5, 6)]
    history.put("conversions", day("09-27"), *won)
    # Rows of the first day that stand in the partition of the day before, as where logs are cut
    # at another midnight than ours.
    night = ("delivery", f"{early},2022-10-06 02:00:00,50.00000,9,1")
    won = ("conversions", f"n1,{early},2022-10-06 02:10:00,2022-10-06 02:20:00")
    for table, row in (night, won):
        history.put(table, day("10-05"), row)
    # Created before the logs begin: its first delivery is not believed, and no later one either.
    history.put(
        "plans", began, f"{old},1,NOT_LAB_AD,FEED,SMART_BID_CUSTOM,10.00,2022-09-01 01:00:00"
    )
    for text in ("09-27", "10-06"):
        history.put("delivery", day(text), f"{old},2022-{text} 14:00:00,130.00000,100,10")
    history.put("first_deliveries", day("10-08"), f"{old},2022-10-07 00:00:00")
    for text in ("09-28", "09-29", "10-02", "10-05", "10-08", "10-11"):
        night = a_night(history.before(day(text)), day(text), store)
    whole = decisions(history.days(began, day("10-10")), day("10-11"))
    tonight = found(store, night)
    for row in (whole.pop(old), tonight.pop(old)):
        assert (row["outcome"], row["first_delivery_at"]) == ("held", None)
        assert "FIRST_DELIVERY_UNKNOWN" in row["reasons"]
    assert tonight == whole
    said = {ad_id: (row["outcome"], row["reasons"]) for ad_id, row in whole.items()}
    assert said == {
        late: ("held", ["DATA_CONFLICT"]),
        conflict: ("held", ["DATA_CONFLICT"]),
        restated: ("granted", []),
        ids: ("held", ["DATA_CONFLICT"]),
        clean: ("granted", []),
        early: ("granted", []),
    }
    # A day later their cycle is still there, and the night that closed them remembers for it.
    again = found(store, a_night(history.before(day("10-12")), day("10-12"), store))
    assert (whole[early]["amount"], again.pop(old)["outcome"]) == (160, "held")
    assert again[early] == whole[early]
    assert {ad_id: row["reasons"] for ad_id, row in again.items()} == {
        ad_id: reasons for ad_id, (_, reasons) in said.items()
    }


def test_a_first_delivery_whose_day_is_missing_tonight_is_not_forgotten(
    history: History, store: Store
) -> None:
    history.plan(PLAN, day("09-30"), day("10-06"), day("10-01"))
    a_night(history.before(day("10-02")), day("10-02"), store)
    history.missing = {("delivery", day("10-01"))}
    night = a_night(history.before(day("10-06")), day("10-06"), store)
    row = found(store, night)[PLAN]
    assert (str(row["first_delivery_at"]), row["outcome"]) == ("2022-10-01 14:00:00", "held")
    assert "LOGS_INCOMPLETE" in row["reasons"]
    history.missing = set()
    night = a_night(history.before(day("10-06")), day("10-06"), store)
    assert found(store, night) == decisions(history.before(day("10-06")), day("10-06"))


def test_a_correction_from_before_the_cycle_lasts(history: History, store: Store) -> None:
    """Of a day that is gone the next night, of a plan that was closed before."""
    history.plan(PLAN, day("09-30"), day("10-08"), day("10-01"))
    created = ("operations", day("09-30"))
    history.missing = {created}
    night = a_night(history.before(day("10-06"), 7), day("10-06"), store)
    assert found(store, night)[PLAN]["reasons"] == ["LOGS_INCOMPLETE"]
    history.missing = set()
    history.put(*created, f"b1,{PLAN},2022-09-30 13:00:00,bid,10.00,9.50")
    # A list of before, which does not say when the plan was created: a first delivery that was
    # believed on an earlier night stays believed.
    history.put("plans", day("09-29"), f"{PLAN},1,NOT_LAB_AD,FEED,SMART_BID_CUSTOM,10.00,")
    first = found(store, a_night(history.before(day("10-07"), 8), day("10-07"), store))
    assert first[PLAN]["amount"] == 140
    history.rows[created] = [f"o1,{PLAN},2022-09-30 12:00:00,create,,10.00"]
    second = found(store, a_night(history.before(day("10-07"), 8), day("10-07"), store))
    assert second[PLAN]["amount"] == 120
    for night in (day("10-07"), day("10-08")):  # the same morning, and the next: 09-30 is gone
        exports = history.days(day("10-01"), night - timedelta(days=1))
        assert found(store, a_night(exports, night, store))[PLAN] == second[PLAN]


def test_a_run_with_fewer_days_on_the_same_morning_forgets_nothing(
    history: History, store: Store
) -> None:
    history.plan(PLAN, day("09-20"), day("10-08"), day("10-03"))
    a_night(history.days(day("09-20"), day("10-04")), day("10-05"), store)
    for text in ("10-05", "10-08"):
        night = a_night(history.before(day(text)), day(text), store)
    assert found(store, night) == decisions(history.days(day("09-20"), day("10-07")), day("10-08"))


def test_tables_that_are_left_out_tonight_are_remembered(history: History, store: Store) -> None:
    cheat, clean = PLAN, PLAN + 1
    for advertiser, ad_id in enumerate((cheat, clean), start=1):
        history.plan(ad_id, day("09-30"), day("10-12"), day("10-01"), advertiser)
    history.put("verdicts", day("10-02"), f"{cheat},2022-10-02 10:00:00,cheating,ANTI_SPAM")
    history.put("restrictions", day("10-05"), "2,2022-10-05 10:00:00,,fraud")
    for text in ("10-03", "10-06", "10-12"):
        night = a_night(history.before(day(text)), day(text), store)
        if text == "10-06":
            assert found(store, night)[cheat]["reasons"] == ["ANTI_SPAM"]
    gone = a_night(history.before(day("10-12"), without=tuple(MORE)), day("10-12"), store)
    assert gone.document["entries"].get("thaw") is None
    (balance,) = query.balances(store)
    assert (balance["frozen"], balance["available"]) == ("120.00", "0.00")
    said = refused(
        lambda: a_night(history.before(day("10-13"), without=("conversions",)), day("10-13"), store)
    )
    assert "conversions" in said


def test_a_total_of_a_day_that_is_gone_was_compared_when_it_was_there(
    history: History, store: Store
) -> None:
    history.plan(PLAN, day("09-30"), day("10-08"), day("10-01"))
    said = "delivery,2022-10-01,1,130.00"
    history.put("control_totals", day("10-05"), said)
    a_night(history.before(day("10-06")), day("10-06"), store)
    history.rows["control_totals", day("10-05")] = []
    history.put("control_totals", day("10-07"), said)
    night = a_night(history.before(day("10-08")), day("10-08"), store)
    assert not night.is_repeated
    history.put("control_totals", day("10-07"), "delivery,2022-10-02,2,130.00")
    wrong = refused(lambda: a_night(history.before(day("10-08")), day("10-08"), store))
    assert "delivery, dt=2022-10-02: 2 rows sent, 1 read" in wrong


def test_what_is_given_again_contradicts_if_it_is_otherwise_and_known(history: History) -> None:
    # Plan → on which day what hour of its first delivery is given again. On the morning of 10-06
    # nobody knows what is written on that day, though the folder has it.
    again = {PLAN: ("10-04", 14), PLAN + 1: ("10-04", 13), PLAN + 2: ("10-06", 13)}
    for ad_id, (text, hour) in again.items():
        history.plan(ad_id, day("09-30"), day("10-08"), day("10-01"))
        history.put("first_deliveries", day("10-02"), f"{ad_id},2022-10-01 14:00:00")
        history.put("first_deliveries", day(text), f"{ad_id},2022-10-01 {hour}:00:00")
    rows = decisions(history.before(day("10-08"), 9), day("10-06"))
    answers = [(rows[ad_id]["outcome"], rows[ad_id]["reasons"]) for ad_id in again]
    assert answers == [("granted", []), ("held", ["DATA_CONFLICT"]), ("granted", [])]


def test_what_is_given_again_the_same_contradicts_nothing(history: History) -> None:
    old, otherwise, later = (PLAN + n for n in range(3))
    for ad_id in (old, otherwise, later):
        history.plan(ad_id, day("09-30"), day("10-08"), day("10-01"))
    for text, hour in (("10-02", 14), ("10-04", 14)):
        history.put("first_deliveries", day(text), f"{old},2022-10-01 {hour}:00:00")
    for text, hour in (("10-02", 14), ("10-04", 13)):
        history.put("first_deliveries", day(text), f"{otherwise},2022-10-01 {hour}:00:00")
    # Written on the morning's own day, it is not known yet.
    history.put("first_deliveries", day("10-08"), f"{later},2022-10-01 13:00:00")
    rows = decisions(history.days(day("09-29"), day("10-08")), day("10-08"))
    assert rows[old]["outcome"] == rows[later]["outcome"] == "granted"
    assert rows[later]["first_delivery_at"] == rows[old]["first_delivery_at"]
    assert rows[otherwise]["reasons"] == ["DATA_CONFLICT"]


def test_a_released_plan_waits_for_the_days_that_were_there(history: History, store: Store) -> None:
    lost, bad = PLAN, PLAN + 1
    for ad_id in (lost, bad):
        history.plan(ad_id, day("09-30"), day("10-10"), day("10-01"))
    history.put("delivery", day("10-03"), f"{bad},2022-10-03 15:00:00,x,1,1")
    history.missing = {("operations", day("10-04"))}
    night = a_night(history.before(day("10-06")), day("10-06"), store)
    assert {row["outcome"] for row in found(store, night).values()} == {"held"}
    for ad_id in (lost, bad):
        review.release(store, ad_id, by="alice", why="that day is lost, that row is a test")
    # 10-01 was there, and is not: nothing is decided on a part of the cycle.
    night = a_night(history.before(day("10-08")), day("10-08"), store)
    assert found(store, night) == {}
    waiting = [(i["ad_id"], i["kind"]) for i in night.document["incidents"]]
    assert waiting == [(lost, "release_waits"), (bad, "release_waits")]
    # 10-04 of operations never was there, and is done without.
    night = a_night(history.before(day("10-08"), 7), day("10-08"), store)
    amounts = {ad_id: row["amount"] for ad_id, row in found(store, night).items()}
    assert amounts == {lost: 120, bad: 120}
    with pytest.raises(UserError, match="only a plan that is held"):
        review.release(store, lost, by="alice", why="again")


def test_what_was_decided_is_decided_again_where_all_days_of_its_cycle_are_there(
    history: History, store: Store
) -> None:
    history.plan(PLAN, day("09-30"), day("10-10"), day("10-01"))
    a_night(history.before(day("10-06")), day("10-06"), store)
    for gone, is_asked in (("10-06", True), ("10-05", False), ("10-01", False)):
        history.missing = {("operations", day(gone))}
        night = a_night(history.before(day("10-08"), 8), day("10-08"), store)
        assert found(store, night).keys() == ({PLAN} if is_asked else set()), gone


def test_what_a_person_overrules_is_that_of_settled_plans_whose_amount_is_known(
    history: History,
) -> None:
    """Each has a row that is refused; the last was first delivered before the logs begin."""
    named, unnamed, unpriced, running, old = plans = tuple(PLAN + n for n in range(5))
    for ad_id in plans:
        delivered = {running: day("10-04"), old: day("09-28")}.get(ad_id, day("10-01"))
        history.plan(ad_id, delivered - timedelta(days=1), day("10-08"), delivered)
        history.put("delivery", day("10-01"), f"{ad_id},2022-10-01 15:00:00,x,1,1")
    history.put("operations", day("10-01"), f"u1,{unpriced},2022-10-01 14:05:00,bid,10.00,")
    history.put("first_deliveries", day("10-02"), f"{old},2022-09-28 14:00:00")
    exports = history.days(day("09-30"), day("10-07"))

    def answers(released: tuple[int, ...]) -> dict[int, tuple[str, list[str], int]]:
        question = Question(str(exports), day("10-08"), BOOKS, memory=Memory(released=released))
        engine = DuckDB()
        rows = engine.arrow(decide(question, engine).decisions).to_pylist()
        engine.close()
        return {row["ad_id"]: (row["outcome"], row["reasons"], row["amount"]) for row in rows}

    held = ["DATA_QUARANTINED"]
    before = {
        named: ("held", held, 0),
        unnamed: ("held", held, 0),
        unpriced: ("held", [*held, "BID_UNKNOWN"], 0),
        running: ("open", held, 0),
        # Two days of four are there: a cost of 260, 20 conversions.
        old: ("held", [*held, "LOGS_INCOMPLETE"], 0),
    }
    assert answers(()) == before
    after = {named: ("granted", [], 120), old: ("granted", [], 60)}
    assert answers((named, unpriced, running, old)) == before | after
