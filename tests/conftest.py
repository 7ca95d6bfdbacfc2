"""What the tests share: exports decided on a fresh engine, and fixtures read as exports."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from qianchuan_guarantee import rulebook
from qianchuan_guarantee.cli.decide import decisions_to
from qianchuan_guarantee.decide import Decided, Question, decide
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.rulebook import Rulebook
from qianchuan_guarantee.write import write_tables
from tests.oracle import Exports, Row
from tests.worlds import COLUMNS

REPO = Path(__file__).parent.parent
FIXTURES = REPO / "fixtures"
BOOKS = rulebook.load()

Decision = dict[str, Any]
Counts = dict[str, dict[str, int]]


@contextmanager
def decided(
    folder: Path | str,
    as_of: date,
    readings: Mapping[str, str] | None = None,
    plans: Sequence[int] = (),
    books: Sequence[Rulebook] | None = None,
    threads: int | None = None,
) -> Iterator[Decided]:
    """The answer with all its tables, while its engine is open."""
    engine = DuckDB(threads=threads)
    try:
        question = Question(str(folder), as_of, books or BOOKS, readings or {}, plans)
        yield decide(question, engine)
    finally:
        engine.close()


def rows_of(answer: Decided) -> list[Decision]:
    return answer.engine.arrow(answer.decisions).to_pylist()


def counts_of(answer: Decided) -> Counts:
    return {table: counts.as_dict() for table, counts in answer.rows.items()}


def decide_folder(
    folder: Path | str,
    as_of: date,
    readings: Mapping[str, str] | None = None,
    plans: Sequence[int] = (),
    books: Sequence[Rulebook] | None = None,
    threads: int | None = None,
) -> tuple[list[Decision], Counts]:
    """Decisions as mappings, in the order of the output, and each table's row counts."""
    with decided(folder, as_of, readings, plans, books, threads) as answer:
        return rows_of(answer), counts_of(answer)


def write_decisions(answer: Decided, path: Path) -> int:
    """Write the decisions as `qcg decide -o` does; returns how many."""
    return write_tables([decisions_to(answer, path)])


def by_plan(rows: Sequence[Decision]) -> dict[int, Decision]:
    found = {row["ad_id"]: row for row in rows}
    assert len(found) == len(rows), "a plan has more than one decision"
    return found


def differences(old: Decision, new: Decision) -> dict[str, tuple[Any, Any]]:
    """Column → (old, new) where two rows differ."""
    columns = [*old, *(column for column in new if column not in old)]
    pairs = {column: (old.get(column), new.get(column)) for column in columns}
    return {column: pair for column, pair in pairs.items() if pair[0] != pair[1]}


def changes(old: Sequence[Decision], new: Sequence[Decision]) -> dict[int, Any]:
    """Plan → its differing columns, or which side lacks it."""
    before, after = by_plan(old), by_plan(new)
    found: dict[int, Any] = {}
    for plan in sorted(before.keys() | after.keys()):
        if plan not in before or plan not in after:
            found[plan] = "only before" if plan in before else "only after"
        elif difference := differences(before[plan], after[plan]):
            found[plan] = difference
    return found


def as_of_in(why: Path) -> date:
    """The morning that a fixture is decided on: `as-of: YYYY-MM-DD`, the first line."""
    found = re.match(r"as-of: (\d{4}-\d{2}-\d{2})$", why.read_text("utf-8").split("\n")[0])
    assert found, f"{why}: its first line states no as-of"
    return date.fromisoformat(found[1])


def text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        return path.read_text("gbk")


def exports_in(folder: Path) -> Exports:
    """A folder of CSV files as the exports that `worlds.write` writes."""
    tables: dict[str, list[Row]] = {}
    days: dict[str, list[date]] = {}
    for table in COLUMNS:
        flat = folder / f"{table}.csv"
        if flat.exists():
            tables[table] = _rows_in(flat, None)
        elif (folder / table).is_dir():
            partitions = sorted((folder / table).glob("dt=*"))
            days[table] = [date.fromisoformat(p.name.removeprefix("dt=")) for p in partitions]
            tables[table] = [
                row
                for day, partition in zip(days[table], partitions, strict=True)
                for path in sorted(partition.glob("*.csv"))
                for row in _rows_in(path, day)
            ]
    return Exports(tables, days)


def _rows_in(path: Path, day: date | None) -> list[Row]:
    lines = csv.DictReader(text_of(path).splitlines())
    return [Row({name: text or None for name, text in line.items()}, day) for line in lines]
