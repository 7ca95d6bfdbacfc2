"""Which tests reach a function: only those are asked of its mutants, the quickest first.

The tests run once with every function of the target told to say when it is called. The steps'
prepared SQL is set aside meanwhile, so that steps are written, and say so, too.
"""

from __future__ import annotations

import ast
import builtins
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from qianchuan_guarantee.engines import duckdb, prepared
from qianchuan_guarantee.engines.prepared import Call, Query, _name

SAYS = "_a_test_reached"
QUIET = ("-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "--no-summary", "-q")


@dataclass
class Reached:
    """What one baseline run saw. `tests`: node id → its CPU seconds and the functions it reached,
    each as `file function`. `steps`: the same of the steps whose SQL was written."""

    tests: dict[str, tuple[float, set[str]]] = field(default_factory=dict)
    steps: dict[str, set[str]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def asked_of(self, path: Path, function: str | None) -> list[str]:
        """The tests that can tell a mutant of the function (None: of the module), file by file."""
        name = _said(path, function) if function else f"{path} "
        seconds = {
            test: cost
            for test, (cost, reached) in self.tests.items()
            if (name in reached if function else any(one.startswith(name) for one in reached))
        }
        files: dict[str, float] = {}
        for test, cost in seconds.items():
            file = test.partition("::")[0]
            files[file] = files.get(file, 0) + cost
        return sorted(seconds, key=lambda test: (files[test.partition("::")[0]], seconds[test]))

    def steps_of(self, path: Path, function: str | None) -> set[str] | None:
        """The steps that the function has a part in; None: it may be any."""
        if function is None:
            return None
        name = _said(path, function)
        return {step for step, reached in self.steps.items() if name in reached}


def _said(path: Path, function: str) -> str:
    return f"{path} {function}"


def telling(path: Path) -> CodeType:
    """A file's code, in which every function and method begins by saying that it was reached."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for function, name in _outermost(tree, ""):
        words = [ast.Constant(_said(path, name))]
        says = ast.Expr(ast.Call(ast.Name(SAYS, ast.Load()), words, []))
        is_documented = ast.get_docstring(function) is not None
        function.body.insert(1 if is_documented else 0, says)
    return compile(ast.fix_missing_locations(tree), str(path), "exec")


def _outermost(
    node: ast.Module | ast.ClassDef, owner: str
) -> Iterator[tuple[ast.FunctionDef, str]]:
    for child in node.body:
        if isinstance(child, ast.FunctionDef):
            yield child, f"{owner}{child.name}"
        elif isinstance(child, ast.ClassDef):
            yield from _outermost(child, f"{owner}{child.name}.")


class _Watch:
    """A pytest plugin that keeps what each test reached, that of its fixtures included."""

    def __init__(self, forget: Callable[[], None]) -> None:
        self.found = Reached()
        self._now: list[set[str]] = []
        self._fixtures: dict[int, set[str]] = {}
        self._forget = forget
        setattr(builtins, SAYS, self._say)

    def _say(self, name: str) -> None:
        for reached in self._now:
            reached.add(name)

    @contextmanager
    def within(self, reached: set[str]) -> Iterator[None]:
        self._now.append(reached)
        try:
            yield
        finally:
            self._now = [one for one in self._now if one is not reached]

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        with self.within(self._fixtures.setdefault(id(fixturedef), set())):
            yield

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        self._forget()  # what a test before this one reached and kept is reached by this one too
        reached: set[str] = set()
        began = sum(os.times()[:4])
        with self.within(reached):
            yield
        for known in item._fixtureinfo.name2fixturedefs.values():
            for fixture in known:
                reached |= self._fixtures.get(id(fixture), set())
        self.found.tests[item.nodeid] = sum(os.times()[:4]) - began, reached

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.found.failed.append(report.nodeid)


def reached_by(session: pytest.Session, forget: Callable[[], None]) -> Reached:
    """Run the tests; the target's functions say already that they are reached (`telling`)."""
    watch = _Watch(forget)
    write = duckdb.DuckDB._ask

    def written(self: duckdb.DuckDB, call: Call) -> str:
        with watch.within(watch.found.steps.setdefault(_name(call.step), set())):
            return write(self, call)

    leave_unprepared(None)
    duckdb.DuckDB._ask = written  # type: ignore[method-assign]
    session.config.pluginmanager.register(watch)
    run(session, lambda: False)
    return watch.found


def run(session: pytest.Session, is_enough: Callable[[], bool]) -> None:
    """Run the tests of a session, until it is enough."""
    for test, following in zip_longest(session.items, session.items[1:]):
        test.config.hook.pytest_runtest_protocol(item=test, nextitem=following)
        if is_enough():
            session._setupstate.teardown_exact(None)
            return


def leave_unprepared(steps: set[str] | None) -> None:
    """New engines have the prepared SQL of all steps but these; None: of no step at all."""

    def known() -> Mapping[str, Query]:
        if steps is None:
            return {}
        return {k: sql for k, sql in prepared.known().items() if k.partition(" ")[0] not in steps}

    duckdb.known = known  # type: ignore[attr-defined]
