"""Puts mutants to the tests, each in a forked process of its own."""

from __future__ import annotations

import functools
import gc
import importlib
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from tests.conftest import REPO
from tests.mutation.mutants import Mutant
from tests.mutation.reach import QUIET, Reached, leave_unprepared, reached_by, run, telling

PACKAGE = REPO / "qianchuan_guarantee"
# Seconds for a mutant: of this machine's time, since it may be shared (and thrice what its tests
# took without it); and by the clock.
CPU_LIMIT, BASELINE_LIMIT, LIMIT = 120, 1800, 1800
# Random examples are no proof, a wheel is built of the files as they are, and processes of their
# own know nothing of a mutant.
WITHOUT = "not whatever_happens and not wheel"


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(REPO).with_suffix("").parts)


class Judge(ABC):
    """Code is exchanged in the functions that are there; what lies outside of one is imported
    anew, with all that uses it."""

    def __init__(self, paths: Sequence[Path]) -> None:
        for path in paths:
            importlib.import_module(module_of(path))
        self.prepare()
        gc.unfreeze()  # what a judge before this one set aside is looked through, too
        self.functions = _functions()
        gc.freeze()

    @abstractmethod
    def prepare(self) -> None:
        """Import all that the mutants are put to, and read what it needs."""

    def during(self, work: Callable[[], None]) -> None:
        """Do some work while mutants can be judged."""
        work()

    @abstractmethod
    def verdict(self, mutant: Mutant) -> dict[str, Any]:
        """What becomes of a mutant; runs in a process of its own."""

    def fate(self, mutant: Mutant) -> dict[str, Any]:
        return self.apart(lambda: self.verdict(mutant))

    def apart(self, ask: Callable[[], dict[str, Any]], seconds: int = CPU_LIMIT) -> dict[str, Any]:
        """The answer of a forked process; one that never comes is a mutant noticed, a process
        that somebody else ended is not."""
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.setsid()
            # Short of the hard limit, which kills as anybody outside may kill.
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 60))
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 1)
                os.dup2(nowhere.fileno(), 2)
            try:
                said = ask()
            except BaseException as error:
                said = {"fate": "failed", "by": f"{type(error).__name__}: {error}"[:300]}
            with os.fdopen(writing, "w") as answer:
                answer.write(json.dumps(said))
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            is_endless = not select.select([answer], [], [], LIMIT)[0]
            if is_endless:
                os.killpg(child, signal.SIGKILL)
            text = answer.read()
        _, status = os.waitpid(child, 0)
        if text:
            return json.loads(text)
        cause = signal.Signals(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else None
        is_endless |= cause == signal.SIGXCPU
        return {"fate": "killed" if is_endless else "failed", "by": f"{cause or status}"}

    def install(self, mutant: Mutant) -> None:
        code = compile(mutant.make(), str(mutant.path), "exec")
        if mutant.function is not None:
            self.exchange(code, str(mutant.path), mutant.function)
            return
        name = module_of(mutant.path)
        for other in [m for m in sys.modules if m.split(".")[0] in ("tests", PACKAGE.name)]:
            if not other.startswith("tests.mutation"):
                del sys.modules[other]
        sys.meta_path.insert(0, _Mutated(name, code, mutant.path))

    def exchange(self, code: CodeType, path: str, function: str | None = None) -> None:
        """Functions of a file take other code; `function`: this one, and what was made in it."""
        new = _codes(code)
        for functions in (
            made
            for (file, name), made in self.functions.items()
            if file == path and (function is None or name.split(".<locals>")[0] == function)
        ):
            for one in functions:
                other = new.get(one.__code__.co_qualname)
                if other is not None and other.co_freevars == one.__code__.co_freevars:
                    one.__code__ = other


class RuleJudge(Judge):
    """Puts the rule's mutants to the lattices, cases and worlds that were read once."""

    def __init__(self, paths: Sequence[Path], is_further: bool) -> None:
        self.is_further = is_further
        super().__init__(paths)

    def prepare(self) -> None:
        from tests.mutation.panel import panels

        self.panels = panels(self.is_further)

    def verdict(self, mutant: Mutant) -> dict[str, Any]:
        from tests.mutation.panel import forget

        if mutant.function is None:
            return {"fate": "outside", "by": ""}
        is_reached = forget(mutant.function, mutant.path)
        self.install(mutant)
        for panel in self.panels:
            if wrong := panel.put():
                return {"fate": "killed", "by": wrong}
        if not is_reached:
            return {"fate": "not reached", "by": ""}
        is_changed = any(panel.engine.is_changed for panel in self.panels)
        return {"fate": "survived" if is_changed else "same SQL", "by": ""}


class TestsJudge(Judge):
    """Puts mutants to the tests that reach them. They are collected once: whatever is judged is
    judged within one session of pytest."""

    __test__ = False

    def __init__(self, paths: Sequence[Path], tests: Sequence[str]) -> None:
        self.paths = paths
        self.tests = [str(REPO / "tests" / name) for name in tests]
        self.folder = Path(tempfile.mkdtemp(prefix="mutation-"))
        super().__init__(paths)

    def prepare(self) -> None:
        pytest.main([*self.tests, "--collect-only", *QUIET])
        self.caches = _caches()

    def forget_answers(self) -> None:
        for cached in self.caches:
            cached.cache_clear()

    def during(self, work: Callable[[], None]) -> None:
        judge, is_done = self, False

        class Session:
            def pytest_runtestloop(self, session: pytest.Session) -> bool:
                nonlocal is_done
                judge.session = session
                judge.reached = judge._reached()
                work()
                is_done = True
                return True

        asked = [*self.tests, "-k", WITHOUT, *self._options("session")]
        code = pytest.main(asked, plugins=[Session()])
        shutil.rmtree(self.folder, ignore_errors=True)
        if not is_done:  # pytest keeps what is raised within it to itself
            raise SystemExit(f"pytest ended with {code!r} before every mutant was judged")

    def _options(self, folder: str) -> list[str]:
        kept = "tmp_path_retention_policy=none"
        return ["-o", kept, f"--basetemp={self.folder / folder}", "--rootdir", str(REPO), *QUIET]

    def _reached(self) -> Reached:
        file = self.folder / "reached.json"

        def ask() -> dict[str, Any]:
            for path in self.paths:
                self.exchange(telling(path), str(path))
            found = reached_by(self.session, self.forget_answers)
            tests = {test: (cost, sorted(seen)) for test, (cost, seen) in found.tests.items()}
            steps = {step: sorted(seen) for step, seen in found.steps.items()}
            file.write_text(json.dumps({"tests": tests, "steps": steps, "failed": found.failed}))
            return {"fate": "", "by": ""}

        if (answer := self.apart(ask, BASELINE_LIMIT))["fate"]:
            raise SystemExit(f"the tests without any mutant: {answer['by']}")
        said = json.loads(file.read_text())
        if said["failed"]:
            raise SystemExit(f"without any mutant these fail: {said['failed']}")
        return Reached(
            {test: (cost, set(seen)) for test, (cost, seen) in said["tests"].items()},
            {step: set(seen) for step, seen in said["steps"].items()},
        )

    def fate(self, mutant: Mutant) -> dict[str, Any]:
        tests = self.reached.asked_of(mutant.path, mutant.function)
        usual = sum(self.reached.tests[test][0] for test in tests)
        return self.apart(lambda: self.verdict(mutant), CPU_LIMIT + 3 * int(usual))

    def verdict(self, mutant: Mutant) -> dict[str, Any]:
        tests = self.reached.asked_of(mutant.path, mutant.function)
        if not tests:
            return {"fate": "not reached", "by": ""}
        self.install(mutant)
        self.forget_answers()
        leave_unprepared(self.reached.steps_of(mutant.path, mutant.function))
        place = {test: at for at, test in enumerate(tests)}
        ask = _Ask(place)
        if mutant.function is None:  # all of it was imported before; so it is collected anew
            files = dict.fromkeys(str(REPO / test.partition("::")[0]) for test in tests)
            code = pytest.main([*files, "-x", *self._options("anew")], plugins=[ask])
            if code == pytest.ExitCode.USAGE_ERROR:  # not even conftest.py can be imported
                ask.failed = ask.failed or "conftest.py: not collected"
        else:
            self.session.config.pluginmanager.register(ask)
            ask.pytest_collection_modifyitems(self.session.items)
            run(self.session, lambda: bool(ask.failed))
        return {"fate": "killed" if ask.failed else "survived", "by": ask.failed}


class _Ask:
    """A pytest plugin: the tests to be asked in their order, and the first that failed."""

    def __init__(self, place: Mapping[str, int]) -> None:
        self.place = place
        self.failed = ""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if item.nodeid in self.place]
        items[:] = sorted(chosen, key=lambda item: self.place[item.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed = self.failed or f"{report.nodeid}: not collected"


class _Mutated:
    """Imports one module from a mutant's code."""

    def __init__(self, name: str, code: CodeType, path: Path) -> None:
        self.name, self.code, self.path = name, code, path

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        from importlib.util import spec_from_loader

        if name != self.name:
            return None
        spec = spec_from_loader(name, self, origin=str(self.path))
        assert spec is not None
        spec.has_location = True
        return spec

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: Any) -> None:
        exec(self.code, module.__dict__)


def _functions() -> dict[tuple[str, str], list[FunctionType]]:
    found: dict[tuple[str, str], list[FunctionType]] = {}
    for thing in gc.get_objects():
        if type(thing) is FunctionType and PACKAGE.name in thing.__code__.co_filename:
            code = thing.__code__
            found.setdefault((code.co_filename, code.co_qualname), []).append(thing)
    return found


def _codes(code: CodeType) -> dict[str, CodeType]:
    """By qualified name; those of one name that are several (lambdas) cannot be told apart."""
    every = list(_inside(code))
    count = Counter(inner.co_qualname for inner in every)
    return {inner.co_qualname: inner for inner in every if count[inner.co_qualname] == 1}


def _inside(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _inside(constant)


def _caches() -> list[Any]:
    """What remembers answers, of the package and of its tests."""
    return [
        thing
        for thing in gc.get_objects()
        if isinstance(thing, functools._lru_cache_wrapper)
        and str(getattr(thing, "__module__", "")).split(".")[0] in ("tests", PACKAGE.name)
    ]
