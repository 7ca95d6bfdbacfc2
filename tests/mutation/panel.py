"""The rule put to a mutant: exports read once, decided again in a forked process.

Of the steps only those are written and carried out again that the mutant reaches, so a mutant
costs a second, not a minute.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from qianchuan_guarantee.decide import Question, decide_checked
from qianchuan_guarantee.engines import Rows
from qianchuan_guarantee.engines.duckdb import DuckDB, _names, _number
from qianchuan_guarantee.engines.prepared import Call, Prepared, Query, _name
from qianchuan_guarantee.exports.find import find
from qianchuan_guarantee.exports.read import read_export
from qianchuan_guarantee.stages import deliveries
from tests import lattice, oracle, test_cases, test_lattice
from tests.conftest import BOOKS, by_plan, counts_of, rows_of
from tests.lattice import as_expected
from tests.test_against_oracle import WORLDS
from tests.worlds import world, write

# The SQL of every step, whichever panel had it written, and the functions that each step's
# writing went through.
PREPARED = Prepared({})
SQL: dict[str, Query] = PREPARED.written
REACHED: dict[str, set[CodeType]] = {}


class Again(DuckDB):
    """An engine that carries out once more only what is another statement than before, or reads
    what is other than before."""

    def __init__(self) -> None:
        super().__init__(threads=1)
        self.prepared = PREPARED
        self._start = 0
        self._done: dict[str, Any] = {}
        self._other: set[str] = set()
        self.is_changed = False

    def begin(self) -> None:
        """What was done so far stays; what follows is done again each time."""
        self._start = self._start or next(self._numbers)
        self._numbers = itertools.count(self._start)
        self._other = set()
        self._views = {n: sql for n, sql in self._views.items() if _number(n) < self._start}

    def _create(self, name: str, query: str) -> None:
        if self._done.get(name) == query and self._other.isdisjoint(_names(query)):
            return
        self._anew(name, query)
        super()._create(name, query)

    def _rows(self, name: str, data: Rows) -> Any:
        said = repr((data.kinds, data.rows))
        if self._done.get(name) == said:
            return self._table(name, data.kinds)
        self._anew(name, said)
        return super()._rows(name, data)

    def _anew(self, name: str, what: str) -> None:
        self.is_changed |= name in self._done
        self._done[name] = what
        self._other.add(name)
        self._counts.pop(name, None)
        self.connection.execute(f"DROP TABLE IF EXISTS {name}")

    def _ask(self, call: Call) -> str:
        if not self._start:  # being read, which is not done again: no mutant of that is reached
            return super()._ask(call)
        with _traced(REACHED.setdefault(_name(call.step), set())):
            return super()._ask(call)


@contextmanager
def _traced(into: set[CodeType]) -> Any:
    def saw(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and "qianchuan_guarantee" in frame.f_code.co_filename:
            into.add(frame.f_code)

    sys.setprofile(saw)
    try:
        yield
    finally:
        sys.setprofile(None)


def forget(function: str, path: Path) -> bool:
    """Drop the SQL that a function had a part in; was there any?"""

    def is_it(code: CodeType) -> bool:
        return code.co_filename == str(path) and code.co_qualname.split(".<locals>")[0] == function

    steps = {step for step, codes in REACHED.items() if any(map(is_it, codes))}
    for key in [key for key in SQL if key.partition(" ")[0] in steps]:
        del SQL[key]
    return bool(steps)


@dataclass
class Panel:
    """Exports that were read, and what is wrong with decisions on them ("": nothing)."""

    name: str
    engine: Again
    question: Question
    export: Any
    checked: Any
    wrong: Callable[[list[dict[str, Any]], Any], str]

    def put(self) -> str:
        """The name of what fails; "": nothing does."""
        self.engine.begin()
        try:
            answer = decide_checked(self.question, self.engine, self.export, self.checked)
            wrong = self.wrong(rows_of(answer), counts_of(answer))
        except Exception as error:
            wrong = type(error).__name__
        return f"{self.name}: {wrong}" if wrong else ""


def _panel(name: str, question: Question, wrong: Callable[[Any, Any], str]) -> Panel:
    engine, export = Again(), find(question.exports)
    checked = read_export(
        export, engine, (), deliveries.day_facts, question.memory, lambda *_, **__: None
    )
    made = Panel(name, engine, question, export, checked, wrong)
    assert not (said := made.put()), said
    engine.is_changed = False
    return made


def _of_lattice(name: str, cases: Sequence[Any], folder: Path, **how: Any) -> Panel:
    """A lattice, by the very exports and rulebooks that its test decides by."""
    asked: list[Any] = []

    def keep(at: Any, as_of: date, readings: Any, books: Any) -> Any:
        asked.append(Question(str(at), as_of, books, readings))
        return [{} for _ in cases], {}

    before = lattice.decide_folder
    lattice.decide_folder = keep
    try:
        lattice.decide_cases(cases, folder, **how)
    finally:
        lattice.decide_folder = before

    def wrong(rows: list[dict[str, Any]], _: Any) -> str:
        for case, row in zip(cases, rows, strict=True):
            if as_expected(row, case.expect) != case.expect:
                return str(case.name)
        return ""

    return _panel(name, asked[0], wrong)


def _of_cases(layout: str, folder: Path) -> Panel:
    """The worked examples of one layout of exports."""
    told = test_cases.plans(layout)
    write(test_cases.exports_of(told, layout), folder)
    question = Question(str(folder), test_cases.AS_OF, test_cases.books(layout), {})
    wanted = {ad_id: one.expected(test_cases.day0_of(one)) for ad_id, one in told.items()}

    _, counted = test_cases.by_oracle(layout)

    def wrong(rows: list[dict[str, Any]], counts: Any) -> str:
        found = by_plan(rows)
        for ad_id, expected in wanted.items():
            row = found.get(ad_id, test_cases.NONE)
            if any(row[name] != value for name, value in expected.items()):
                return told[ad_id].name
        return "" if counts == counted else "rows counted"

    return _panel(f"cases {layout}", question, wrong)


def _of_world(seed: int, readings: dict[str, str], folder: Path) -> Panel:
    exports, as_of = world(seed, plans=300)
    wanted = oracle.decide(exports, as_of, readings)
    write(exports, folder, fmt="parquet")

    def wrong(rows: list[dict[str, Any]], counts: Any) -> str:
        for row, other in zip(rows, wanted.decisions, strict=True):
            if row != other:
                return str(next(name for name in row if row[name] != other[name]))
        return "" if counts == wanted.tables else "rows counted"

    return _panel(f"world {seed} {readings}", Question(str(folder), as_of, BOOKS, readings), wrong)


def panels(is_further: bool) -> list[Panel]:
    """The lattices, cases and worlds of the suite, the quickest to fail first; of the worlds one
    in three, unless `is_further`."""
    folder = Path(tempfile.mkdtemp(prefix="mutation-"))
    places = (folder / str(number) for number in itertools.count())

    def place() -> Path:
        made = next(places)
        made.mkdir()
        return made

    mornings = {"as_of": date(2022, 10, 6)}
    return [
        _of_lattice("lattice", test_lattice.CASES, place()),
        _of_lattice("mornings", test_lattice.mornings(), place(), **mornings),
        _of_lattice("slices", test_lattice.slices(), place(), with_conversions=False),
        *(_of_cases(layout, place()) for layout in test_cases.LAYOUTS),
        *(
            _of_world(seed, {question: choice}, place())
            for (question, choice), seed in list(WORLDS.items())[:: 1 if is_further else 3]
        ),
    ]
