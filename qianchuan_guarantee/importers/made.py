"""The tables that an import makes, and how they become an export folder.

Cells are text; the check of exports reads them. A row that cannot be trusted is written so that
this check refuses it: its plan is then held, by the same mechanism as for any other broken row.
"""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from qianchuan_guarantee.errors import UsageError, UserError
from qianchuan_guarantee.importers.values import UnreadError, shortened
from qianchuan_guarantee.tables import CONTROL_TOTALS, INPUTS
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say

MARK = " ?"  # behind a cell that must not be read: no cell of ours ends so
_SHOWN = 50
STATUSES = "compensate_status"
STATUS_COLUMNS = ("ad_id", "status", "compensate_status", "reason", "url")

Cells = tuple[str | None, ...]


@dataclass(frozen=True)
class Refusal:
    """A row that was written to be refused: where it came from, and why."""

    table: str
    place: str
    column: str
    why: UnreadError


@dataclass
class Made:
    """A table that is being made. `read`: the source's rows (of the operation log: saves);
    `repeated`: rows that were there already; `refused`: rows written to be refused."""

    name: str
    columns: tuple[str, ...]
    read: int = 0
    repeated: int = 0
    refused: int = 0
    rows: dict[Cells, None] = field(default_factory=dict)
    is_checked: bool = False  # every page stated its totals, and they are held

    def add(self, row: Mapping[str, str | None]) -> None:
        cells = tuple(row.get(column) for column in self.columns)
        if cells in self.rows:
            self.repeated += 1
        else:
            self.rows[cells] = None


def doubted(text: str | None) -> str:
    """A cell as it stands, so marked that it is not read."""
    return f"{shortened(text or '')}{MARK}"


class Import:
    """Everything that an import finds: tables, refusals, phrases, notes."""

    def __init__(self) -> None:
        self.tables: dict[str, Made] = {}
        self.refusals: list[Refusal] = []
        self.refused: Counter[tuple[str, str, str]] = Counter()
        self.phrases: Counter[tuple[str, str]] = Counter()  # (phrase, operation) → times
        self.notes: list[tuple[str, dict[str, Any]]] = []

    def table(self, name: str) -> Made:
        if name not in self.tables:
            columns = INPUTS[name].names if name in INPUTS else STATUS_COLUMNS
            self.tables[name] = Made(name, columns)
        return self.tables[name]

    def refuse(self, table: str, place: str, column: str, why: UnreadError) -> None:
        self.refused[(table, column, why.why)] += 1
        if len(self.refusals) < _SHOWN:
            self.refusals.append(Refusal(table, place, column, why))

    def note(self, key: str, **words: Any) -> None:
        if (key, words) not in self.notes:
            self.notes.append((key, words))

    def said(self, lang: Language) -> list[str]:
        return [say(key, lang, **words) for key, words in self.notes]

    def note_what_is_missing(self, out: Path, days: Days | None) -> None:
        """Tables that decisions need, and days that are taken on trust."""
        for name in ("plans", "delivery", "operations"):
            if name not in self.tables and not _is_there(out, name):
                self.note("note_no_table", table=name)
        if days is None and "delivery" in self.tables and "plans" in self.tables:
            times = sorted(cells[1] for cells in self.tables["delivery"].rows if cells[1])
            at = self.tables["plans"].columns.index("ad_create_time")
            created = [cells[at] for cells in self.tables["plans"].rows]
            early = sum(1 for time in created if time and times and time[:10] < times[0][:10])
            if early:
                first, last = times[0][:10], times[-1][:10]
                self.note("note_all_days", first=first, last=last, plans=early)

    def document(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "tables": {
                table.name: {
                    "read": table.read,
                    "written": len(table.rows),
                    "repeated": table.repeated,
                    "refused": table.refused,
                }
                for table in self.tables.values()
            },
            "refused": [
                {"table": t, "column": c, "reason": why, "rows": n}
                for (t, c, why), n in self.refused.most_common()
            ],
            "examples": [
                {
                    "table": one.table,
                    "place": one.place,
                    "column": one.column,
                    "found": one.why.found,
                    "why": str(one.why),
                }
                for one in self.refusals
            ],
            "unrecognised": [
                {"phrase": phrase, "operation": operation, "times": times}
                for (phrase, operation), times in self.phrases.most_common()
            ],
            "notes": [{"note": key, **words} for key, words in self.notes],
        }


@dataclass(frozen=True)
class Days:
    """The days, both included, that the sources cover, as their user says."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        day = self.first
        while day <= self.last:
            yield day
            day += timedelta(days=1)


def write(made: Import, out: Path, days: Days | None = None) -> None:
    """Write the tables into the folder `out`, which is new or has none of them: each beside it,
    then renamed. With `days`, the logs are daily partitions, empty ones included."""
    require_room(out, made.tables)
    if not made.tables:
        raise UserError("no table of ours in these files: " + "; ".join(made.said("en")))
    try:
        with _beside(out) as work:
            for table in made.tables.values():
                _write_table(work, table, days)
            _write_totals(work, out, made, days)
            out.mkdir(parents=True, exist_ok=True)
            for path in sorted(work.iterdir()):
                path.replace(out / path.name)
    except OSError as error:
        raise UserError(f"{out}: cannot be written: {error}") from error


def owners_in(out: Path) -> dict[str, str | None]:
    """Plan → advertiser, as an import before this one wrote them."""
    path = out / "plans.csv"
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        return {row["ad_id"]: row["advertiser_id"] or None for row in rows}
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise UserError(f"{path}: not a table of an import: {error}") from error


def require_room(out: Path, tables: Sequence[str] | Mapping[str, Any]) -> None:
    if out.exists() and not out.is_dir():
        raise UsageError(f"-o {out}: a file; expected a folder, new or without these tables")
    there = [name for name in tables if _is_there(out, name)]
    if there:
        raise UserError(
            f"{out}: has {', '.join(there)} already; expected a folder that is new, or has none "
            "of the tables that are imported"
        )


def _is_there(out: Path, name: str) -> bool:
    return (out / name).exists() or any(out.glob(f"{name}.*"))


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    parent = out.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=parent))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write_table(work: Path, table: Made, days: Days | None) -> None:
    rows = _ordered(table)
    if days is None or table.name not in ("delivery", "operations"):
        _write_rows(work / f"{table.name}.csv", table.columns, rows)
        return
    by_day = _by_day(table, rows, days)
    for day in days:
        path = work / table.name / f"dt={day}" / f"{table.name}.csv"
        path.parent.mkdir(parents=True)
        _write_rows(path, table.columns, by_day.get(day, []))


def _ordered(table: Made) -> list[Cells]:
    """In an order that does not hang on that of the files."""
    return sorted(table.rows, key=lambda cells: [(cell is not None, cell or "") for cell in cells])


def _by_day(table: Made, rows: Sequence[Cells], days: Days) -> dict[date, list[Cells]]:
    at = table.columns.index("stat_datetime" if table.name == "delivery" else "create_time")
    found: dict[date, list[Cells]] = {}
    for cells in rows:
        try:
            day = date.fromisoformat((cells[at] or "")[:10])
        except ValueError:
            day = days.first  # refused whatever its day
        if not days.first <= day <= days.last:
            raise UserError(
                f"{table.name}: a row of {day} lies outside --from {days.first} --to {days.last}; "
                "state all days that the files cover, or leave those rows out"
            )
        found.setdefault(day, []).append(cells)
    return found


def _write_rows(path: Path, columns: Sequence[str], rows: Sequence[Cells]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for cells in rows:
            writer.writerow(["" if cell is None else cell.replace("\0", "") for cell in cells])
        file.flush()
        os.fsync(file.fileno())


def _write_totals(work: Path, out: Path, made: Import, days: Days | None) -> None:
    """What was written of tables whose pages were all there, for the check to hold against."""
    totals: list[Cells] = []
    for table in made.tables.values():
        if not table.is_checked or table.name not in ("plans", "delivery"):
            continue
        rows = _ordered(table)
        if days is None or table.name == "plans":
            totals.append((table.name, None, str(len(rows)), _cost(table, rows)))
        else:
            by_day = _by_day(table, rows, days)
            for day in days:
                some = by_day.get(day, [])
                totals.append((table.name, str(day), str(len(some)), _cost(table, some)))
    if totals and not _is_there(out, "control_totals"):
        _write_rows(work / "control_totals.csv", CONTROL_TOTALS.names, totals)


def _cost(table: Made, rows: Sequence[Cells]) -> str | None:
    """Σ stat_cost, yuan; nothing is stated where one of them cannot be read."""
    if "stat_cost" not in table.columns:
        return None
    at = table.columns.index("stat_cost")
    try:
        return format(sum((Decimal(cells[at] or "?") for cells in rows), Decimal(0)), "f")
    except ArithmeticError:
        return None
