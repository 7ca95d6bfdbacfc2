"""Mutation testing by hand: would a wrong rule be noticed? (docs/trust.md)

    nice python -m tests.mutation stages /tmp/stages.jsonl            # every mutant of the stages
    nice python -m tests.mutation ledger /tmp/ledger.jsonl --sample 300

Each mutant is put to the tests in a forked process of its own. A line of JSON says what became of
it; lines that are there already are not done again. `equivalent.yaml` holds the mutants that
change nothing that can be seen, each with the reason.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
import yaml

from tests.conftest import REPO
from tests.mutation.mutants import Mutant, mutants

PACKAGE = REPO / "qianchuan_guarantee"
LIMIT = 120  # seconds for a mutant
# target: files, tests that ask of them, the quickest to fail first.
TARGETS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "stages": (("stages/*.py", "clocks.py", "money.py"), ()),
    "rulebook": (
        ("rulebook.py", "parameters.py"),
        ("test_rulebook.py",),
    ),
    "words": (("clauses.py", "conditions.py"), ("test_remaining.py", "test_supposed.py")),
    "exports": (
        tuple(f"exports/{name}.py" for name in ("bounds", "cells", "check", "totals", "versions")),
        ("test_bounds.py", "test_cells.py", "test_broken_rows.py", "test_conservation.py"),
    ),
    "ledger": (
        tuple(
            f"ledger/{name}.py"
            for name in (
                *("accounts", "acts", "book", "checks", "entries", "night", "policy"),
                *("review", "seal", "settle"),
            )
        ),
        ("test_ledger.py",),
    ),
}
EQUIVALENT = Path(__file__).with_name("equivalent.yaml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("out", type=Path)
    parser.add_argument("--sample", type=int, help="so many mutants, drawn by seed")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    patterns, tests = TARGETS[asked.target]
    paths = [path for pattern in patterns for path in sorted(PACKAGE.glob(pattern))]
    todo = [mutant for path in paths for mutant in mutants(path, PACKAGE)]
    if asked.sample is not None and asked.sample < len(todo):
        todo = random.Random(asked.seed).sample(todo, asked.sample)
    done = _done(asked.out)
    judge = Judge(asked.target == "stages", tests)
    with asked.out.open("a", encoding="utf-8") as out:
        for number, mutant in enumerate(todo):
            if mutant.key in done:
                continue
            began = time.time()
            what = judge.fate(mutant)
            line = {"key": mutant.key, "line": mutant.line, **what}
            line["seconds"] = round(time.time() - began, 1)
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
            out.flush()
            done[mutant.key] = line
            if what["fate"] != "killed":
                print(f"{number}/{len(todo)} {what['fate']}: {mutant.key} (line {mutant.line})")
    _report([done[mutant.key] for mutant in todo])


def _done(out: Path) -> dict[str, dict[str, Any]]:
    if not out.exists():
        return {}
    lines = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    return {line["key"]: line for line in lines}


def _report(lines: list[dict[str, Any]]) -> None:
    known = yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) if EQUIVALENT.exists() else {}
    equivalent = {key for keys in (known or {}).values() for key in keys}
    fates = Counter(
        "equivalent" if line["fate"] != "killed" and line["key"] in equivalent else line["fate"]
        for line in lines
    )
    asked = len(lines) - fates["equivalent"] - fates["same SQL"]
    print(dict(fates), f"killed: {100 * fates['killed'] / max(asked, 1):.1f} % of {asked}")


class Judge:
    """Puts mutants to the tests. `is_rule`: to the lattices and worlds that were read once."""

    def __init__(self, is_rule: bool, tests: tuple[str, ...]) -> None:
        self.tests = [str(REPO / "tests" / name) for name in tests]
        self.panels: list[Any] = []
        if is_rule:
            from tests.mutation.panel import panels

            self.panels = panels()
        else:
            pytest.main([*self.tests, "-q", "--collect-only", *_QUIET])
        self.functions = _functions()
        gc.freeze()

    def fate(self, mutant: Mutant) -> dict[str, Any]:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.setsid()
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 1)
                os.dup2(nowhere.fileno(), 2)
            try:
                said = self._tried(mutant)
            except BaseException as error:
                said = {"fate": "killed", "by": f"{type(error).__name__}: {error}"[:200]}
            os.write(writing, json.dumps(said).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as answer:
            if not select.select([answer], [], [], LIMIT)[0]:
                os.killpg(child, signal.SIGKILL)
            text = answer.read()
        os.waitpid(child, 0)
        return json.loads(text) if text else {"fate": "killed", "by": "time limit, or a crash"}

    def _tried(self, mutant: Mutant) -> dict[str, Any]:
        if self.panels:
            return self._put(mutant)
        self._install(mutant)
        return _asked(self.tests)

    def _put(self, mutant: Mutant) -> dict[str, Any]:
        from tests.mutation.panel import forget

        if mutant.function is None:
            return {"fate": "outside", "by": ""}
        is_reached = forget(mutant.function, mutant.path)
        self._install(mutant)
        for panel in self.panels:
            if wrong := panel.put():
                return {"fate": "killed", "by": wrong}
        if not is_reached:
            return {"fate": "not reached", "by": ""}
        is_changed = any(panel.engine.is_changed for panel in self.panels)
        return {"fate": "survived" if is_changed else "same SQL", "by": ""}

    def _install(self, mutant: Mutant) -> None:
        """Functions that there are take the mutant's code; what lies outside of one is imported
        anew, with all that uses it."""
        code = compile(mutant.tree, str(mutant.path), "exec")
        if mutant.function is not None:
            new = _codes(code)
            for function in self.functions[str(mutant.path), mutant.function]:
                function.__code__ = new[function.__code__.co_qualname]
            _forget_answers()
            return
        name = ".".join(mutant.path.relative_to(REPO).with_suffix("").parts)
        for other in [m for m in sys.modules if m.split(".")[0] in ("tests", PACKAGE.name)]:
            if not other.startswith("tests.mutation"):
                del sys.modules[other]
        sys.meta_path.insert(0, _Mutated(name, code, mutant.path))


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


_QUIET = ("-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "--no-summary")


def _asked(tests: list[str]) -> dict[str, Any]:
    class Failed:
        name = ""

        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.failed and not self.name:
                self.name = report.nodeid

        def pytest_collectreport(self, report: Any) -> None:
            if report.failed and not self.name:
                self.name = f"{report.nodeid}: not collected"

    failed = Failed()
    without = ("-k", "not whatever_happens and not wheel")
    code = pytest.main([*tests, "-x", "-q", *without, *_QUIET], plugins=[failed])
    fate = "survived" if code == 0 else "killed"
    return {"fate": fate, "by": failed.name}


def _functions() -> dict[tuple[str, str], list[FunctionType]]:
    found: dict[tuple[str, str], list[FunctionType]] = {}
    for thing in gc.get_objects():
        if type(thing) is FunctionType and "qianchuan_guarantee" in thing.__code__.co_filename:
            code = thing.__code__
            found.setdefault((code.co_filename, code.co_qualname), []).append(thing)
    return found


def _codes(code: CodeType) -> dict[str, CodeType]:
    found = {}
    for inner in _inside(code):
        found[inner.co_qualname] = inner
    return found


def _inside(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _inside(constant)


def _forget_answers() -> None:
    for thing in gc.get_objects():
        if hasattr(type(thing), "cache_clear") and "qianchuan" in str(
            getattr(thing, "__module__", "")
        ):
            thing.cache_clear()


if __name__ == "__main__":
    main()
