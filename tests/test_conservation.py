"""Nothing is lost: rows, plans and money of very dirty worlds are all accounted for."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from qianchuan_guarantee.decide import Decided, total_granted
from qianchuan_guarantee.exports.quarantine import quarantined_rows
from qianchuan_guarantee.report.summary import Summary, summarise
from qianchuan_guarantee.vocabulary import OUTCOMES, REFUSALS
from tests import oracle
from tests.conftest import Counts, Decision, counts_of, decided, rows_of, write_decisions
from tests.oracle import Exports, Verdict
from tests.worlds import world, write

PLANS, DIRT = 500, 0.6
WORLDS = {"flat csv": (5, "flat", "csv"), "daily csv": (7, "daily", "csv")}
WORLDS["daily parquet"] = (8, "daily", "parquet")


@dataclass(frozen=True)
class Run:
    """One dirty world, decided, with everything that it left behind."""

    folder: Path
    exports: Exports
    wanted: Verdict
    rows: list[Decision]
    counts: Counts
    plan_count: int
    written: int
    granted: Decimal
    summary: Summary
    quarantine: list[dict[str, Any]]


@pytest.fixture(scope="module", params=WORLDS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    seed, layout, fmt = WORLDS[request.param]
    folder = tmp_path_factory.mktemp("dirty")
    exports, as_of = world(seed, PLANS, layout=layout, dirt=DIRT)
    write(exports, folder / "exports", fmt=fmt)
    with decided(folder / "exports", as_of) as answer:
        yield Run(
            folder=folder / "exports",
            exports=exports,
            wanted=oracle.decide(exports, as_of),
            rows=rows_of(answer),
            counts=counts_of(answer),
            plan_count=answer.plan_count,
            written=write_decisions(answer, folder / "decisions.parquet"),
            granted=total_granted(answer.engine, answer.decisions),
            summary=summarise(answer),
            quarantine=quarantine_of(answer),
        )


def quarantine_of(answer: Decided) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = quarantined_rows(
        answer.question.exports,
        answer.checked,
        answer.stages["cycles"],
        answer.question.as_of,
        answer.engine,
    ).to_pylist()
    return found


def test_every_row_read_is_accepted_duplicate_superseded_or_quarantined(run: Run) -> None:
    for table, counts in run.counts.items():
        fates = {name: count for name, count in counts.items() if name != "read"}
        assert sum(fates.values()) == counts["read"], table
        assert min(fates.values()) >= 0, table


def test_every_row_of_the_files_is_read(run: Run) -> None:
    given = {table: len(rows) for table, rows in run.exports.tables.items()}
    assert {table: counts["read"] for table, counts in run.counts.items()} == given


def test_rows_are_counted_as_the_oracle_counts_them(run: Run) -> None:
    assert run.counts == run.wanted.tables


def test_the_worlds_are_dirty_enough_to_say_something(run: Run) -> None:
    assert sum(counts["quarantined"] for counts in run.counts.values()) > PLANS / 10
    assert sum(counts["duplicate"] for counts in run.counts.values()) > 0


def test_the_quarantine_holds_exactly_the_quarantined_rows_of_each_table(run: Run) -> None:
    kept = Counter(row["table"] for row in run.quarantine)
    assert {table: kept[table] for table in run.counts} == {
        table: counts["quarantined"] for table, counts in run.counts.items()
    }


def test_no_row_stands_in_the_quarantine_twice(run: Run) -> None:
    places = Counter((row["file"], row["row_number"]) for row in run.quarantine)
    assert [place for place, times in places.items() if times > 1] == []


def test_every_quarantined_row_has_a_reason_that_is_in_the_vocabulary(run: Run) -> None:
    assert {row["reason"] for row in run.quarantine} <= set(REFUSALS)
    assert {"conflict", "unparsable", "out_of_range"} <= {row["reason"] for row in run.quarantine}


def test_every_quarantined_row_names_a_column_of_its_table(run: Run) -> None:
    for row in run.quarantine:
        assert set(row["column"].split(" ")) <= json.loads(row["raw"]).keys(), row


def test_a_quarantined_row_is_the_row_that_stands_at_its_number(run: Run) -> None:
    for row in run.quarantine:
        path = run.folder / row["file"]
        assert path.name.split(".")[0] == row["table"] or path.parts[-3] == row["table"]
        stands = rows_in(path)[row["row_number"] - 1]
        assert as_cells(json.loads(row["raw"])) == stands, row


@cache
def rows_in(path: Path) -> list[dict[str, str]]:
    """The data rows of a file as text; null is empty."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        # The folder's dt= is no column of the file.
        return [as_cells(row) for row in pq.ParquetFile(path).read().to_pylist()]
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def as_cells(row: dict[str, str | None]) -> dict[str, str]:
    return {name: text or "" for name, text in row.items()}


def test_the_summary_counts_the_same_refusals_as_the_quarantine(run: Run) -> None:
    kept = Counter((row["table"], row["column"], row["reason"]) for row in run.quarantine)
    assert run.summary.refusals == kept


def test_rows_whose_plan_cannot_be_read_are_said(run: Run) -> None:
    refused = [row for row in run.quarantine if row["reason"] != "conflict"]
    assert run.summary.rows_without_plan == sum(row["ad_id"] is None for row in refused) > 0


def test_every_plan_known_has_exactly_one_decision(run: Run) -> None:
    plans = [row["ad_id"] for row in run.rows]
    assert plans == sorted(set(plans))
    assert len(plans) == run.plan_count == run.written
    assert plans == [row["ad_id"] for row in run.wanted.decisions]


def test_every_outcome_is_counted_once(run: Run) -> None:
    counted = Counter(row["outcome"] for row in run.rows)
    assert run.summary.plans == {outcome: counted[outcome] for outcome in OUTCOMES}


def test_the_sum_of_the_decisions_is_the_sum_of_the_report(run: Run) -> None:
    amount = sum((row["amount"] for row in run.rows), Decimal(0))
    assert amount == run.summary.amount == run.granted > 0
    assert run.summary.document()["amount"] == f"{amount:.2f}"


def test_only_granted_plans_have_an_amount(run: Run) -> None:
    assert all((row["amount"] > 0) == (row["outcome"] == "granted") for row in run.rows)


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int], list[dict[str, Any]]]:
    """A flat delivery file with lines that lack cells or have too many, between bad rows."""
    folder = tmp_path_factory.mktemp("torn")
    exports, as_of = world(5, 60, layout="flat", dirt=0.9)
    write(exports, folder)
    path = folder / "delivery.csv"
    header, *lines = path.read_text("utf-8").splitlines()
    first, second = len(lines) // 3, len(lines) // 2
    lines.insert(first, "10001,2022-10-02")
    lines.insert(second, lines[0] + ",1,2,3")
    path.write_text("\n".join([header, *lines, "10001"]) + "\n", "utf-8")
    with decided(folder, as_of) as answer:
        counts = counts_of(answer)["delivery"]
        assert counts["read"] == len(lines) + 1
        assert sum(counts.values()) == 2 * counts["read"]
        kept = [row for row in quarantine_of(answer) if row["table"] == "delivery"]
        assert len(kept) == counts["quarantined"]
    return path, [first + 1, second + 1, len(lines) + 1], kept


def test_a_torn_line_is_quarantined_as_malformed_with_its_number(
    torn: tuple[Path, list[int], list[dict[str, Any]]],
) -> None:
    path, numbers, kept = torn
    malformed = [row for row in kept if row["reason"] == "malformed"]
    assert [row["row_number"] for row in malformed] == numbers
    lines = path.read_text("utf-8").splitlines()
    assert [json.loads(row["raw"])["line"] for row in malformed] == [lines[n] for n in numbers]


def test_rows_after_a_torn_line_keep_their_numbers(
    torn: tuple[Path, list[int], list[dict[str, Any]]],
) -> None:
    path, numbers, kept = torn
    others = [row for row in kept if row["reason"] != "malformed"]
    assert any(row["row_number"] > numbers[1] for row in others)
    for row in others:
        assert as_cells(json.loads(row["raw"])) == rows_in(path)[row["row_number"] - 1], row
