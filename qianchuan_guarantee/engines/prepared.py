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
from typing import Any

from qianchuan_guarantee.tables import Input

PREPARED = Path(__file__).with_name("prepared.json")
_PACKAGE = Path(__file__).parents[1]
# What SQL is made from: the steps, and what they are made of.
_SOURCES = (
    "stages/*.py",
    "exports/*.py",
    "engines/*.py",
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
# Stand for a table and for a day in SQL that is not filled in yet.
_TABLE = re.compile(r'"the table (\d+)"')
_DAY = re.compile(r"MAKE_DATE\(1900, 1, (\d+)\)")


@dataclass
class Call:
    """A step and what it is called with; tables and days are taken out of it in order."""

    step: Callable[..., Any]
    of: Sequence[Any]
    tables: list[Any] = field(default_factory=list)
    days: list[date] = field(default_factory=list)

    def described(self) -> str:
        """What the SQL depends on, as a text."""
        self.tables, self.days = [], []
        return f"{_name(self.step)}({', '.join(self._said(value) for value in self.of)})"

    def _said(self, value: Any) -> str:
        if isinstance(value, Input):
            return value.name
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
        self.tables.append(value)
        return str(tuple(value.schema().items()))

    def built(self, table: Callable[[str, Any], Any]) -> Any:
        """The step's expression on stand-ins; `table` makes a table of a name and a schema."""
        tables, days = itertools.count(), itertools.count(1)

        def stand_in(value: Any) -> Any:
            if isinstance(value, Input | str | int) or value is None:
                return value
            if isinstance(value, date):
                return date(1900, 1, next(days))
            if isinstance(value, list | tuple):
                return [stand_in(item) for item in value]
            if is_dataclass(value):
                kind: Callable[..., Any] = type(value)
                return kind(*(stand_in(getattr(value, it.name)) for it in fields(value)))
            if callable(value):
                return value
            return table(f"the table {next(tables)}", value.schema())

        return self.step(*(stand_in(value) for value in self.of))

    def filled(self, sql: str) -> str:
        """SQL with the names of the tables and with the days."""

        def day(found: re.Match[str]) -> str:
            said = self.days[int(found[1]) - 1]
            return f"MAKE_DATE({said.year}, {said.month}, {said.day})"

        named = _TABLE.sub(lambda found: f'"{self.tables[int(found[1])].get_name()}"', sql)
        return _DAY.sub(day, named)


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}".removeprefix("qianchuan_guarantee.")


class Prepared:
    """The SQL that is at hand: step as described → SQL with stand-ins. `written`: what was not
    there before."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known
        self.written: dict[str, str] = {}

    def sql(self, call: Call, write: Callable[[Call], str]) -> str:
        described = call.described()
        digest = hashlib.sha256(described.encode()).hexdigest()
        key = f"{described.partition('(')[0]} {digest[:16]}"
        sql = self._known.get(key) or self.written.get(key)
        if sql is None:
            sql = self.written[key] = write(call)
        return call.filled(sql)


@functools.cache
def known(path: Path = PREPARED) -> Mapping[str, str]:
    """What a file holds; nothing, where it was made from other sources."""
    if not path.is_file():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    steps: dict[str, str] = found["steps"] if found["sources"] == _digest() else {}
    return steps


def text(steps: Mapping[str, str]) -> str:
    """The file for `steps`."""
    found = {"sources": _digest(), "steps": dict(sorted(steps.items()))}
    return json.dumps(found, ensure_ascii=False, indent=0) + "\n"


def _digest() -> str:
    found = hashlib.sha256()
    for pattern in _SOURCES:
        for path in sorted(_PACKAGE.glob(pattern)):
            found.update(path.read_bytes())
    return found.hexdigest()
