"""Rows broken in every way we could think of: not one is lost, and no plan is decided on them.

By hand, with a million of them: `python -m tests.test_broken_rows 1000000`.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from qianchuan_guarantee.generate import Order, generate
from tests.breaking import (
    FREE_TEXTS,
    WRITTEN,
    Cells,
    File,
    TextFile,
    Wrong,
    as_text,
    new_file,
    wrong_bids,
    wrong_cells,
    wrong_plans,
)
from tests.conftest import REPO, Decision

BROKEN = 60_000
ROWS_PER_PLAN = 36  # so many rows are broken for each plan made
MOST_BYTES = 2 * 2**30
PLANS_AT = {table: WRITTEN[table].index("ad_id") for table in WRITTEN}
CLOCKS = {"plans": (), "delivery": ("stat_datetime",), "operations": ("create_time",)}
CLOCKS["conversions"] = ("billed_at", "received_at")
LONG = "9" * 1_000_000


@dataclass(frozen=True)
class Refusal:
    """What must be in the quarantine of a row, and the row as it was written: its cells; or, of
    a line that is no row, nothing."""

    ad_id: int | None
    column: str | None
    reason: str
    cells: Cells | None


@dataclass
class Breaking:
    """What was broken, and which plans it concerns. `named`: a broken row says it is theirs.
    `robbed`: they lost a row that no longer says whose it was."""

    rows: dict[str, int] = field(default_factory=dict)
    refused: dict[tuple[str, str, int], Refusal] = field(default_factory=dict)
    named: set[int] = field(default_factory=set)
    robbed: set[int] = field(default_factory=set)
    without_plan: int = 0


@dataclass(frozen=True)
class Ran:
    """One call of the command: what it printed, wrote, and took."""

    document: dict[str, Any]
    decisions: dict[int, Decision]
    quarantine: Path
    seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Run:
    broken: Breaking
    before: Ran
    after: Ran


# A process of its own measures the command: what a child used would else begin at what we use.
MEASURE = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "qianchuan_guarantee.cli.main", *sys.argv[1:]])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
sys.stderr.write(f"\\n{peak}")
sys.exit(done.returncode)
"""


def decided(exports: Path, as_of: date, out: Path) -> Ran:
    quarantine = out.with_suffix(".quarantine.parquet")
    asked = ["decide", str(exports), "--as-of", f"{as_of}", "-o", str(out), "--json"]
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *asked, "--quarantine", str(quarantine)],
        capture_output=True,
        cwd=REPO,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    assert done.returncode == 0, done.stderr[-2_000:]
    assert "Traceback" not in done.stderr
    peak = int(done.stderr.split("\n")[-1])
    rows = pq.read_table(out).to_pylist()
    decisions = {row["ad_id"]: row for row in rows}
    # ru_maxrss is in kilobytes, on a Mac in bytes.
    peak *= 1 if sys.platform == "darwin" else 1024
    return Ran(json.loads(done.stdout), decisions, quarantine, seconds, peak)


def run_with(count: int, folder: Path) -> Run:
    order = Order(plans=max(count // ROWS_PER_PLAN, 50), format="csv")
    generate(order, folder / "clean")
    before = decided(folder / "clean", order.as_of, folder / "clean.parquet")
    broken = Breaker(folder, count, order.as_of, before.decisions).broken()
    return Run(broken, before, decided(folder / "broken", order.as_of, folder / "broken.parquet"))


class Breaker:
    """Copies the clean exports, breaks rows on the way, and keeps a record of them.

    Of eight plans, five have most of their rows broken, one has exactly one broken row, and two
    have none. A row is broken only if its time lies before its plan's cycle ends.
    """

    def __init__(
        self, folder: Path, count: int, as_of: date, decisions: dict[int, Decision]
    ) -> None:
        self._clean, self._folder, self._left = folder / "clean", folder / "broken", count
        self._decisions = decisions
        self._morning = datetime.combine(as_of, datetime.min.time())
        self._record = Breaking()
        self._texts = cycle(FREE_TEXTS)
        self._ids = cycle(wrong_plans())
        self._number = 0

    def broken(self) -> Breaking:
        for table in WRITTEN:
            self._copy(table)
        for path in self._clean.iterdir():
            if path.stem not in WRITTEN:
                (self._folder / path.name).write_bytes(path.read_bytes())
        assert self._left == 0, f"{self._left} more rows were to be broken"
        return self._record

    def _files(self, table: str) -> list[File]:
        columns, folder = WRITTEN[table], self._folder / table
        return [
            new_file(folder / "0.csv", columns, "utf-8-sig"),
            new_file(folder / "1.csv.gz", columns, end="\r\n"),
            new_file(folder / "2.jsonl", columns, end="\n"),
            new_file(folder / "3.parquet", columns),
        ]

    def _copy(self, table: str) -> None:
        files = self._files(table)
        wrong = cycle(wrong_cells(table))
        bids = cycle(wrong_bids())
        with (self._clean / f"{table}.csv").open(encoding="utf-8", newline="") as source:
            lines = csv.reader(source)
            assert tuple(next(lines)) == WRITTEN[table]
            for cells in lines:
                # A step that shares no factor with the number of files or of ways to break.
                file = files[self._number // 3 % len(files)]
                self._number += 1
                if self._number % 31 == 0 and isinstance(file, TextFile) and file.end != "\n":
                    file.blank()
                plan = int(cells[PLANS_AT[table]])
                if not self._is_to_break(table, plan, cells):
                    file.row(self._odd_but_fine(table, cells))
                elif table == "operations" and cells[3] in ("bid", "create"):
                    self._break(table, plan, cells, file, next(bids))
                else:
                    self._break(table, plan, cells, file, next(wrong))
        for file in files:
            file.close()
        self._record.rows[table] = sum(file.rows for file in files)

    def _is_to_break(self, table: str, plan: int, cells: Cells) -> bool:
        decision = self._decisions[plan]
        end = decision["cycle_end"] or self._morning
        if decision["cycle_end"] is None and decision["outcome"] == "held":
            return False  # nothing says when its cycle ends
        times = [datetime.fromisoformat(cells[WRITTEN[table].index(c)]) for c in CLOCKS[table]]
        if self._left == 0 or any(time >= min(end, self._morning) for time in times):
            return False
        if plan % 8 == 5:
            is_its_table = tuple(WRITTEN)[plan // 8 % len(WRITTEN)] == table
            return is_its_table and plan not in self._record.named
        share = {"plans": 5, "operations": 30, "conversions": 50, "delivery": 95}[table]
        return plan % 8 < 5 and self._number * 7919 % 100 < share

    def _break(self, table: str, plan: int, cells: Cells, file: File, wrong: Wrong) -> None:
        self._left -= 1
        number, is_lone = self._left, plan % 8 == 5
        if not is_lone and number % 41 == 0:
            self._record.robbed.add(plan)
            self._refuse(table, cells, file, next(self._ids), None)
        elif number % 37 == 0 and isinstance(file, TextFile) and file.end == "\n":
            self._tear(table, plan, cells, file, is_lone)
        elif table == "conversions" and number % 11 == 0:
            billed = datetime.fromisoformat(cells[2]) - timedelta(microseconds=1)
            self._refuse(table, cells, file, ("converted_at", f"{billed}", "out_of_range"), plan)
        elif table == "delivery" and number % 9_973 == 0:
            self._refuse(table, cells, file, ("stat_cost", LONG, "out_of_range"), plan)
        else:
            self._refuse(table, cells, file, wrong, plan)

    def _refuse(self, table: str, cells: Cells, file: File, wrong: Wrong, plan: int | None) -> None:
        column, text, reason = wrong
        at = WRITTEN[table].index(column)
        written = (*cells[:at], text, *cells[at + 1 :])
        self._note(table, file, file.row(written), Refusal(plan, column, reason, written))
        if plan is not None:
            self._record.named.add(plan)

    def _tear(self, table: str, plan: int, cells: Cells, file: TextFile, is_lone: bool) -> None:
        """A line that is no row. Of JSON, nothing of it can be read."""
        line = ",".join(cells).encode()
        is_csv = ".csv" in file.path.name
        after_id = PLANS_AT[table] + 2
        ways: list[tuple[bytes, bool]] = [
            (",".join(cells[:after_id]).encode(), is_csv),
            (line + b",1", is_csv),
            (line + b",1" * 200, is_csv),
            (line.replace(cells[-1].encode() or b",", b"\xff\xfe\x80,", 1), False),
            (b'{"ad_id": 17', False),
            (b"[1, 2", False),
            (b"\xf0\x9f\x98\x80", False),
        ]
        is_naming = is_csv if is_lone else None
        if is_lone and not is_csv:  # its plan must be named
            self._refuse(table, cells, file, wrong_cells(table)[0], plan)
            return
        allowed = [way for way in ways if is_naming is None or way[1]]
        torn, names_plan = allowed[self._left // 37 % len(allowed)]
        named = plan if names_plan else None
        self._note(table, file, file.line(torn), Refusal(named, None, "malformed", None))
        if names_plan:
            self._record.named.add(plan)
        else:
            self._record.robbed.add(plan)

    def _note(self, table: str, file: File, number: int, refusal: Refusal) -> None:
        self._record.refused[table, f"{table}/{file.path.name}", number] = refusal
        if refusal.reason != "malformed" and refusal.ad_id is None:
            self._record.without_plan += 1

    def _odd_but_fine(self, table: str, cells: Cells) -> Cells:
        """Free text may say what it likes."""
        if table == "plans" and self._number % 3 == 0:
            return (*cells[:7], next(self._texts), *cells[8:])
        return cells


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_with(BROKEN, tmp_path_factory.mktemp("broken"))


def test_every_row_is_read_and_has_one_fate(run: Run) -> None:
    tables = run.after.document["tables"]
    for table, counts in tables.items():
        fates = ("accepted", "duplicate", "superseded", "quarantined")
        assert sum(counts[fate] for fate in fates) == counts["read"], table
    assert {table: tables[table]["read"] for table in WRITTEN} == run.broken.rows
    kept = Counter(table for table, _, _ in run.broken.refused)
    assert {table: tables[table]["quarantined"] for table in WRITTEN} == dict(kept)


def test_every_broken_row_is_in_the_quarantine_and_no_other(run: Run) -> None:
    places = pq.read_table(run.after.quarantine, columns=["table", "file", "row_number"])
    found = Counter(tuple(place.values()) for place in places.to_pylist())
    assert max(found.values()) == 1
    wanted = run.broken.refused.keys()
    assert len(wanted) == len(found)
    assert sorted(found.keys() - wanted)[:5] == sorted(wanted - found.keys())[:5] == []


def test_the_quarantine_says_of_each_row_what_is_wrong_and_how_it_came(run: Run) -> None:
    wrong = []
    for batch in pq.ParquetFile(run.after.quarantine).iter_batches(10_000):
        for row in batch.to_pylist():
            wanted = run.broken.refused[row["table"], row["file"], row["row_number"]]
            # Of a line that is no row, more may be read than must be.
            is_free = wanted.reason == "malformed" and wanted.ad_id is None
            ad_id = None if is_free else row["ad_id"]
            said = (ad_id, row["column"], row["reason"])
            raw = json.loads(row["raw"])
            if said != (wanted.ad_id, wanted.column, wanted.reason):
                wrong.append((said, wanted))
            elif wanted.cells is None:
                assert raw.keys() == {"line"}
            elif as_text(raw) != dict(zip(WRITTEN[row["table"]], wanted.cells, strict=True)):
                wrong.append((raw, wanted))
    assert len(wrong) == 0, wrong[:3]


def test_no_plan_is_decided_on_a_broken_row(run: Run) -> None:
    """It is held; or not covered, whatever its numbers, or because its delivery no longer says
    whose it was; or open, also because what stands of its log begins later than it did, and says
    why it would be held."""
    assert len(run.broken.named) > BROKEN // ROWS_PER_PLAN // 2
    decided_on = []
    for plan in run.broken.named:
        old, new = run.before.decisions[plan], run.after.decisions[plan]
        allowed = {
            "held": True,
            "not_covered": old["outcome"] == "not_covered"
            or (plan in run.broken.robbed and new["reasons"] == ["NOT_DELIVERED"]),
            "open": "DATA_QUARANTINED" in new["reasons"],
        }
        if not allowed.get(new["outcome"]) or new["amount"] != 0:
            decided_on.append((old, new))
    assert decided_on == []


def test_a_plan_without_a_broken_row_is_decided_as_before(run: Run) -> None:
    untouched = run.before.decisions.keys() - run.broken.named - run.broken.robbed
    assert len(untouched) > BROKEN // ROWS_PER_PLAN // 5
    changed = {
        plan for plan in untouched if run.before.decisions[plan] != run.after.decisions[plan]
    }
    assert changed == set()


def test_no_plan_comes_or_goes(run: Run) -> None:
    assert run.before.decisions.keys() == run.after.decisions.keys()


def test_memory_is_bounded(run: Run) -> None:
    assert run.after.peak_bytes < MOST_BYTES


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        run = run_with(count, Path(folder))
        checks: list[Callable[[Run], None]] = [
            check for name, check in globals().items() if name.startswith("test_")
        ]
        for label, ran in (("clean", run.before), ("broken", run.after)):
            print(f"{label}: {ran.seconds:.1f} s, {ran.peak_bytes / 2**20:,.0f} MB at its peak")
            print(f"  {ran.document['tables']}\n  {ran.document['plans']}")
        reasons = pq.read_table(run.after.quarantine, columns=["reason"])["reason"]
        print(f"  { ({v['values']: v['counts'] for v in pc.value_counts(reasons).to_pylist()}) }")
        for check in checks:
            try:
                check(run)
            except AssertionError as error:
                line = traceback.extract_tb(error.__traceback__)[-1].line
                print(f"FAILED {check.__name__}: {line}")
        print(f"{len(checks)} checks, {time.monotonic() - started:.1f} s in all")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else BROKEN)
