"""SQL of the steps, written ahead of time: what Ibis writes for them, without asking it again.

Ibis takes longer to write the SQL of a small run than DuckDB to carry it out. A step is a pure
function, so its SQL depends on nothing but the columns of the tables it is given and on the
other things it is called with. `prepared.json` holds it for the usual ones. It is a product
(`python docs/make_prepared.py`), never edited; it is used only while every source file that it
was made from is the same, byte by byte, and a step that is not in it is written by Ibis.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

from qianchuan_guarantee.engines import Plans
from qianchuan_guarantee.engines.kept import Kept
from qianchuan_guarantee.tables import Input

PREPARED = Path(__file__).with_name("prepared.json")
_PACKAGE = Path(__file__).parents[1]
# What SQL is made from: the steps, and what they are made of.
_SOURCES = (
    "stages/*.py",
    "exports/*.py",
    "engines/*.py",
    "expressions.py",
    "report/summary.py",
    "clocks.py",
    "decide.py",
    "margins.py",
    "money.py",
    "near.py",
    "rulebook.py",
    "tables.py",
    "vocabulary.py",
)
# Stand for a table, a day and some plans in SQL that is not filled in yet.
_TABLE = re.compile(r'"the table (\d+)"')
_DAY = re.compile(r"MAKE_DATE\(1900, 1, (\d+)\)")
_PLANS = re.compile(r"IN \(-19(\d\d)\)")

# SQL, and the columns of what it gives, with their types as Ibis writes them.
Query: TypeAlias = tuple[str, Mapping[str, str]]


@dataclass
class Call:
    """A step and what it is called with; tables, days and plans are taken out of it in order."""

    step: Callable[..., Any]
    of: Sequence[Any]
    tables: list[Any] = field(default_factory=list)
    days: list[date] = field(default_factory=list)
    plans: list[Plans] = field(default_factory=list)

    def described(self) -> str:
        """What the SQL depends on, as a text."""
        self.tables, self.days, self.plans = [], [], []
        return f"{_name(self.step)}({', '.join(self._said(value) for value in self.of)})"

    def _said(self, value: Any) -> str:
        if isinstance(value, Kept):
            self.tables.append(value)
            return str(tuple(value.kinds.items()))
        if isinstance(value, Input):
            return value.name
        if isinstance(value, Plans):
            self.plans.append(value)
            return "plans"
        if isinstance(value, date):
            self.days.append(value)
            return "day"
        if value is None or isinstance(value, str | int):
            return repr(value)
        if isinstance(value, list | tuple):
            return f"[{', '.join(self._said(item) for item in value)}]"
        if is_dataclass(value):
            return f"({', '.join(self._said(getattr(value, it.name)) for it in fields(value))})"
        if callable(value):
            return _name(value)
        raise TypeError(f"{self.step}: {value!r} is nothing that a step is called with")

    def built(self, table: Callable[[str, Mapping[str, str]], Any]) -> Any:
        """The step's expression on stand-ins; `table` makes a table of a name and its columns."""
        tables, days, plans = itertools.count(), itertools.count(1), itertools.count()

        def stand_in(value: Any) -> Any:
            if isinstance(value, Kept):
                return table(f"the table {next(tables)}", value.kinds)
            if isinstance(value, Plans):
                return Plans([-1900 - next(plans)])
            if isinstance(value, Input | str | int) or value is None:
                return value
            if isinstance(value, date):
                return date(1900, 1, next(days))
            if isinstance(value, list | tuple):
                return [stand_in(item) for item in value]
            if is_dataclass(value):
                kind: Callable[..., Any] = type(value)
                return kind(*(stand_in(getattr(value, it.name)) for it in fields(value)))
            return value

        return self.step(*(stand_in(value) for value in self.of))

    def filled(self, sql: str) -> str:
        """SQL with the names of the tables, with the days and the plans."""

        def day(found: re.Match[str]) -> str:
            said = self.days[int(found[1]) - 1]
            return f"MAKE_DATE({said.year}, {said.month}, {said.day})"

        def plans(found: re.Match[str]) -> str:
            return f"IN ({', '.join(map(str, self.plans[int(found[1])]))})"

        named = _TABLE.sub(lambda found: f'"{self.tables[int(found[1])].get_name()}"', sql)
        return _PLANS.sub(plans, _DAY.sub(day, named))


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}".removeprefix("qianchuan_guarantee.")


class Prepared:
    """The SQL that is at hand: step as described → SQL with stand-ins, and its columns.
    `written`: what was not there before."""

    def __init__(self, known: Mapping[str, Query]) -> None:
        self._known = known
        self.written: dict[str, Query] = {}

    def query(
        self,
        call: Call,
        write: Callable[[Call], str],
        describe: Callable[[str], Mapping[str, str]],
    ) -> Query:
        described = call.described()
        digest = hashlib.sha256(described.encode()).hexdigest()
        key = f"{described.partition('(')[0]} {digest[:16]}"
        found = self._known.get(key) or self.written.get(key)
        if found is None:
            sql = write(call)
            found = self.written[key] = sql, describe(call.filled(sql))
        sql, kinds = found
        return call.filled(sql), kinds


@functools.cache
def known(path: Path = PREPARED) -> Mapping[str, Query]:
    """What a file holds; nothing, where it was made from other sources."""
    if not path.is_file():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    steps: dict[str, Query] = found["steps"] if found["sources"] == _digest() else {}
    return steps


def text(steps: Mapping[str, Query]) -> str:
    """The file for `steps`."""
    lines = ",\n".join(
        f"{json.dumps(key)}: {json.dumps(query, ensure_ascii=False)}"
        for key, query in sorted(steps.items())
    )
    return f'{{"sources": "{_digest()}", "steps": {{\n{lines}\n}}}}\n'


def _digest() -> str:
    found = hashlib.sha256()
    for pattern in _SOURCES:
        for path in sorted(_PACKAGE.glob(pattern)):
            found.update(path.read_bytes())
    return found.hexdigest()
