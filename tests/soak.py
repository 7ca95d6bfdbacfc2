"""Many nights in a row, disturbed in every way that docs/nightly.md knows, by hand:

`python -m tests.soak FOLDER --nights 60 --plans 1200 --seed 1` prints what was disturbed and what
is wrong in the end, and ends with 1 where anything is.

A platform (`soak_platform`) grows day by day: rows come late, are restated or refused, partitions
land late or are corrected, verdicts come and are cleared, accounts are restricted. On each morning
the last days of it are handed to the nightly job, which may be missed, cut off at a random step,
and run again; on some mornings a second person refuses or approves what waits, or overrules what
holds a plan. What is right in the end is said by the oracle (`soak_expected`). The seed says all
of it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa

from qianchuan_guarantee import nightly, rulebook
from qianchuan_guarantee.decide import Question
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.ledger import notices, query, review, schema
from qianchuan_guarantee.ledger.policy import Policy, load_policy
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.vocabulary import UNKNOWN
from tests.harness import Points
from tests.oracle import Row
from tests.soak_expected import SECOND, Night, frozen_problems, problems
from tests.soak_platform import BASE, Days, Platform, write

QUIET = 3  # last nights, on which nothing is disturbed
FEWEST = 6  # days of partitions that are enough on every night
BOOKS = rulebook.load()


def policy() -> Policy:
    """As shipped, but what waits needs a second person."""
    return load_policy(None).model_copy(update={"approver_differs_from_proposer": True})


class Soak:
    """A store, and the nights that were run in it."""

    def __init__(self, folder: Path, seed: int, plans: int, nights: int) -> None:
        self.folder, self.count = folder, nights
        self.store = folder / "store"
        self.platform = Platform(seed, plans, nights)
        self.chance = Random(f"nights {seed}")
        self.doubts = Random(f"refusals {seed}")
        self.trust = Random(f"releases {seed}")
        self.released: set[int] = set()
        self.again: list[date] = []  # first days of cycles that are to be given again
        self.nights: list[Night] = []
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.steps, self.writes = 150, 50  # of the last night that nothing disturbed
        self.missed = 0  # in a row
        self.is_complete = True  # were verdicts exported on the last night?

    def run(self) -> None:
        for number in range(1, self.count + 1):
            morning = BASE + timedelta(number)
            is_quiet = number > self.count - QUIET
            if self._is_missed(morning, is_quiet=is_quiet):
                self.missed += 1
                continue
            self._night(morning, is_quiet=is_quiet)
            if not is_quiet:
                self._spend(morning)
                self._refuse()
                self._release()
            if is_quiet or self.chance.random() < 0.5:
                self._approve(is_quiet=is_quiet)
            self.missed = 0

    # Which nights, and what they are given

    def _is_missed(self, morning: date, *, is_quiet: bool) -> bool:
        if not self.platform.has_landed(morning):
            said = self._attempt(morning, self.platform.days(BASE, morning), {})
            refused = said["error"] or ""  # of the first days all there is of a log may be late
            if "has not landed yet" not in refused and "no table " not in refused:
                self.wrong.append(f"{morning}: ran without the day before: {said}")
            self.done["nights refused: a day had not landed"] += 1
            return True
        if is_quiet or not self.nights or self.missed >= 3 or self.chance.random() > 0.12:
            return False
        self.done["nights missed"] += 1
        return True

    def _days(self, morning: date, *, is_quiet: bool) -> Days:
        """Six days, one more for each night that was missed, and the whole cycles of a day that
        landed late or was corrected, or of a plan whose hold was overruled; but now and then
        nobody thinks of these."""
        since = self.nights[-1].as_of if self.nights else None
        first = morning - timedelta(FEWEST + self.missed + self.chance.randrange(2))
        news = list(self.platform.news(since, morning))
        if news and (is_quiet or self.chance.random() < 0.8):
            first = min(first, min(news) - timedelta(4))
        if self.again and (is_quiet or self.trust.random() < 0.8):
            first = min(first, *self.again)
        self.again = []
        self.done[f"nights with {(morning - first).days} days"] += 1
        days = self.platform.days(first, morning)
        leaves_out = self.is_complete and not is_quiet and self.chance.random() < 0.25
        self.is_complete = not leaves_out
        if leaves_out:
            self.done["nights without the verdicts"] += 1
            days = {place: rows for place, rows in days.items() if place[0] != "verdicts"}
        return days

    def _night(self, morning: date, *, is_quiet: bool) -> None:
        days = self._days(morning, is_quiet=is_quiet)
        while not is_quiet and self.chance.random() < 0.35:
            self._disturb(morning, days)
        said = self._attempt(morning, days, {})
        if said["error"]:
            self.wrong.append(f"{morning}: {said['error']}")
        self.done["nights run"] += 1
        self.steps, self.writes = said.get("steps", self.steps), said.get("writes", self.writes)
        self.nights.append(Night(morning, days, frozenset(self.released)))
        if not is_quiet and self.chance.random() < 0.15:
            self.done["nights run once more"] += 1
            if not self._attempt(morning, days, {}).get("repeated"):
                self.wrong.append(f"{morning}: run again, it was another night")
        self.wrong += [f"{morning}: {each}" for each in frozen_problems(self.store, self.nights)]

    def _disturb(self, morning: date, days: Days) -> None:
        """A night that is killed, or whose disk is full from some step on, or at one step."""
        how = self.chance.choice(["kill", "kill", "full", "once"])
        steps = self.steps if how == "kill" else self.writes
        said = self._attempt(morning, days, {"how": how, "at": self.chance.randint(1, steps)})
        became = "killed" if said["killed"] else "failed" if said["error"] else "went on"
        self.done[f"faults: {how}, {became}"] += 1

    # What is done to the store

    def _attempt(self, morning: date, days: Days, order: dict[str, Any]) -> dict[str, Any]:
        """A night in a process of its own; what it said, or that it was killed."""
        with tempfile.TemporaryDirectory(dir=self.folder) as text:
            exports = write(days, Path(text) / "exports")
            asked = Question(str(exports), morning, BOOKS)
            night = nightly.Night(asked, policy(), by="the scheduler")
            return self._apart(lambda: _run(night, self.store), order)

    def _apart(self, do: Callable[[], dict[str, Any]], order: dict[str, Any]) -> dict[str, Any]:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            _answer(do, {**order, "places": [str(self.store)]}, writing)
        os.close(writing)
        with os.fdopen(reading) as answers:
            said = {"error": None}
            for line in answers:
                said |= json.loads(line)
        status = os.waitpid(child, 0)[1]
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if not killed and "steps" not in said:  # it did not come to its end, and said nothing
            said["error"] = f"the process died, wait status {status}"
        return said | {"killed": killed}

    def _spend(self, morning: date) -> None:
        """Grants that are spent today; the log of it is read tomorrow, when some may be gone."""
        rows = []
        for number, balance in enumerate(_balances(self.store)):
            fen = int(balance["available"].replace(".", ""))
            if fen and self.chance.random() < 0.3:
                spent = self.chance.randint(1, fen)
                values = {
                    "usage_id": f"u{morning}-{number}",
                    "advertiser_id": str(balance["advertiser_id"]),
                    "used_at": f"{morning} {self.chance.randrange(24):02d}:00:00",
                    "amount": query.yuan(spent),
                }
                rows.append(Row(values, morning))
        self.done["grants spent"] += len(rows)
        self.platform.put("grant_usage", morning, rows)

    def _refuse(self) -> None:
        """A second person refuses some of what waits."""
        refused = [entry for entry in _waiting(self.store) if self.doubts.random() < 0.3]
        if refused:
            store = Store(str(self.store))
            review.refuse(store, refused, by=SECOND, why="the logs do not show it")
            notices.deliver(store, policy().notices, lambda *_, **__: None)
            store.close()
        self.done["proposals refused"] += len(refused)

    def _release(self) -> None:
        """A second person overrules some holds."""
        store, table = Store(str(self.store)), schema.plans.c
        with store.reading() as connection:
            held = sa.select(table.ad_id, table.cycle_on, table.reasons).where(
                table.outcome == "held", table.cycle_on.is_not(None)
            )
            found = connection.execute(held.order_by(table.ad_id)).all()
        for plan, cycle_on, reasons in found:
            if plan in self.released or not set(UNKNOWN).isdisjoint(reasons.split(",")):
                continue
            if self.trust.random() < 0.5:
                review.release(store, plan, by=SECOND, why="seen on paper")
                self.released.add(plan)
                self.again.append(cycle_on)
                self.done["holds overruled"] += 1
        store.close()

    def _approve(self, *, is_quiet: bool) -> None:
        """A second person approves what waits: all of it, or some."""
        waiting = _waiting(self.store)
        if not waiting:
            return
        some = waiting if is_quiet else [e for e in waiting if self.chance.random() < 0.8]
        if not is_quiet and self.chance.random() < 0.2:
            at = self.chance.randint(1, 20)
            said = self._apart(lambda: _review(self.store, some), {"how": "kill", "at": at})
            self.done["reviews " + ("killed" if said["killed"] else "not killed in time")] += 1
        still = [entry for entry in some if entry in _waiting(self.store)]
        if still:
            _review(self.store, still)
        self.done["proposals approved"] += len(some)


def _answer(do: Callable[[], dict[str, Any]], order: dict[str, Any], writing: int) -> None:
    """What the process of a night does, to its end."""
    try:
        with os.fdopen(writing, "w") as out:

            def tell(said: dict[str, Any]) -> None:
                out.write(json.dumps(said) + "\n")
                out.flush()

            points = Points(order, tell)
            points.install()
            sys.unraisablehook = lambda _: None  # files of a full disk, closed once more
            said = do()
            tell(said | {"steps": len(points.names), "writes": len(points.writes)})
    finally:
        os._exit(0)


def _run(night: nightly.Night, place: Path) -> dict[str, Any]:
    """What `qcg run` does."""
    engine = DuckDB()
    try:
        store = Store(str(place), create=True)
        result = nightly.run(night, store, engine, lambda *_, **__: None)
        notices.deliver(store, night.policy.notices, lambda *_, **__: None)
        store.close()
    except Exception as error:  # a fault may come as anything
        return {"error": f"{type(error).__name__}: {error}"}
    return {"repeated": result.is_repeated}


def _review(place: Path, wanted: list[str]) -> dict[str, Any]:
    """What `qcg ledger approve` does."""
    store, rule = Store(str(place)), policy()
    review.approve(store, wanted, by=SECOND, why="as the logs say", policy=rule)
    notices.deliver(store, rule.notices, lambda *_, **__: None)
    store.close()
    return {}


def _waiting(place: Path) -> list[str]:
    store = Store(str(place))
    found = [entry["entry_id"] for entry in query.entries(store, waiting=True)]
    store.close()
    return found


def _balances(place: Path) -> list[dict[str, Any]]:
    store = Store(str(place))
    found = query.balances(store)
    store.close()
    return found


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nights", type=int, default=60)
    parser.add_argument("--plans", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(words)
    folder: Path = asked.folder / f"seed-{asked.seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    begun = time.perf_counter()
    soak = Soak(folder, asked.seed, asked.plans, asked.nights)
    try:
        soak.run()
    except UserError as error:
        soak.wrong.append(str(error))
    wrong, found = problems(soak.store, soak.nights, soak.platform)
    wrong = [*soak.wrong, *wrong]
    document = {"seed": asked.seed, "seconds": round(time.perf_counter() - begun)}
    document |= soak.platform.counts | dict(sorted(soak.done.items())) | found
    print(json.dumps(document | {"wrong": wrong}, ensure_ascii=False, indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
