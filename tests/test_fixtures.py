"""The shipped fixtures against their expected files, and the demo against its golden decisions.

After a change that is meant, `python -m tests.test_fixtures` writes the golden files anew.
"""

from __future__ import annotations

import csv
import hashlib
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from qianchuan_guarantee.vocabulary import OUTCOMES, REASONS, STATUSES
from qianchuan_guarantee.write import as_text
from tests import oracle
from tests.conftest import (
    FIXTURES,
    REPO,
    Decision,
    as_of_in,
    changes,
    decide_folder,
    decided,
    exports_in,
    write_decisions,
)

DEMO, SLICES, EXAMPLES = FIXTURES / "demo", FIXTURES / "slices", FIXTURES / "examples"
GOLDEN, DIGEST = REPO / "tests/golden/demo.csv", REPO / "tests/golden/demo.sha256"
SUMMED = (("edit_limit_scope", "summed"),)
SHOWN = 20
Readings = tuple[tuple[str, str], ...]

# Each expected file with how its fixture is asked.
CASES: list[tuple[Path, date, Readings]] = [
    (DEMO / "expected.csv", as_of_in(DEMO / "why.md"), ()),
    (DEMO / "expected-edit_limit_scope-summed.csv", as_of_in(DEMO / "why.md"), SUMMED),
    (SLICES / "expected.csv", as_of_in(SLICES / "why.md"), ()),
    *(
        (path, as_of_in(path.with_name("why.md")), ())
        for path in sorted(EXAMPLES.glob("*/expected.csv"))
    ),
    *(
        (path, date.fromisoformat(path.stem.removeprefix("expected-")), ())
        for path in sorted(EXAMPLES.glob("*/expected-*.csv"))
    ),
]


@cache
def answer(folder: Path, as_of: date, readings: Readings = ()) -> list[Decision]:
    return decide_folder(folder, as_of, dict(readings))[0]


def table_in(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("expected", "as_of", "readings"),
    CASES,
    ids=[f"{path.parent.name}/{path.name}" for path, _, _ in CASES],
)
def test_a_fixture_is_decided_as_was_worked_out_by_hand(
    expected: Path, as_of: date, readings: Readings
) -> None:
    wanted = table_in(expected)
    assert wanted, f"{expected}: no rows"
    rows = answer(expected.parent, as_of, readings)
    columns = [*wanted[0]]
    got = [{name: as_text(row[name]) for name in columns} for row in rows]
    assert {"outcome", "reasons", "amount"} < set(columns)
    assert got == sorted(wanted, key=lambda row: int(row["ad_id"]))


def test_the_demo_is_decided_in_every_column_as_the_oracle_does() -> None:
    as_of = as_of_in(DEMO / "why.md")
    wanted = oracle.decide(exports_in(DEMO), as_of).decisions
    assert changes(wanted, answer(DEMO, as_of)) == {}


def test_every_expected_file_is_compared() -> None:
    assert {path for path, _, _ in CASES} == set(FIXTURES.rglob("expected*.csv"))


def test_both_mornings_of_the_settlement_example_are_compared() -> None:
    mornings = {as_of for path, as_of, _ in CASES if path.parent.name == "settlement-dates"}
    assert mornings == {date(2022, 10, 5), date(2022, 10, 6)}


def shown_to_users() -> list[Decision]:
    """The decisions of the demo, of the demo with summed limits, and of the slices."""
    asked = [(path, as_of, r) for path, as_of, r in CASES if path.parent in (DEMO, SLICES)]
    return [row for path, as_of, readings in asked for row in answer(path.parent, as_of, readings)]


def test_every_outcome_occurs_in_the_fixtures() -> None:
    assert {row["outcome"] for row in shown_to_users()} == set(OUTCOMES)


def test_every_status_of_decisions_occurs_in_the_fixtures() -> None:
    assert {row["compensate_status"] for row in shown_to_users()} == set(STATUSES) - {"PAID"}


def test_every_reason_that_decisions_can_carry_occurs_in_the_fixtures() -> None:
    found = {reason for row in shown_to_users() for reason in row["reasons"]}
    assert found == set(REASONS) - {"REVIEW_REFUSED"}


@pytest.mark.parametrize("name", ["why.md", "why.zh-CN.md"])
def test_every_plan_of_the_demo_is_told_about(name: str) -> None:
    lines = (DEMO / name).read_text("utf-8").splitlines()
    told = {line.split("|")[1].strip() for line in lines if line.startswith("| 17450")}
    assert told == {row["ad_id"] for row in table_in(DEMO / "expected.csv")}


def test_both_languages_of_the_demo_say_the_same_morning_and_sum() -> None:
    rows = table_in(DEMO / "expected.csv")
    amount = str(sum(Decimal(row["amount"]) for row in rows))
    for name in ("why.md", "why.zh-CN.md"):
        assert as_of_in(DEMO / name) == as_of_in(DEMO / "why.md")
        assert amount in (DEMO / name).read_text("utf-8")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("golden") / "demo.csv"
    write_demo(path)
    return path


def write_demo(path: Path) -> None:
    with decided(DEMO, as_of_in(DEMO / "why.md")) as found:
        write_decisions(found, path)


def test_the_demo_is_decided_as_it_ever_was(written: Path) -> None:
    found = moved(table_in(GOLDEN), table_in(written))
    assert not found, found


def test_the_demo_is_written_to_the_same_bytes_as_ever(written: Path) -> None:
    golden = digest(GOLDEN)
    assert golden == DIGEST.read_text("ascii").split()[0], f"{GOLDEN} does not fit its digest"
    assert digest(written) == golden


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def moved(old: list[dict[str, str]], new: list[dict[str, str]]) -> str:
    """Each difference as plan, column, old and new value, and the cents moved."""
    before, after = ({row["ad_id"]: row for row in rows} for rows in (old, new))
    lines = []
    for plan in sorted(before.keys() | after.keys(), key=int):
        one, two = before.get(plan, {}), after.get(plan, {})
        lines += [
            f"{plan} {column}: {one.get(column)!r} -> {two.get(column)!r}"
            for column in dict.fromkeys([*one, *two])
            if one.get(column) != two.get(column)
        ]
    if not lines:
        return ""
    cents = [sum(int(Decimal(row["amount"]) * 100) for row in rows) for rows in (old, new)]
    more = [f"... {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    total = f"{cents[0]} -> {cents[1]} cents in all ({cents[1] - cents[0]:+d})"
    return "\n".join([total, *lines[:SHOWN], *more])


def test_a_difference_names_plan_column_values_and_cents() -> None:
    old = [{"ad_id": "2", "outcome": "granted", "amount": "1.05"}]
    new = [{"ad_id": "2", "outcome": "ended", "amount": "0.00"}, {"ad_id": "10", "amount": "0.01"}]
    assert moved(old, new).splitlines() == [
        "105 -> 1 cents in all (-104)",
        "2 outcome: 'granted' -> 'ended'",
        "2 amount: '1.05' -> '0.00'",
        "10 ad_id: None -> '10'",
        "10 amount: None -> '0.01'",
    ]
    assert moved(old, old) == ""


if __name__ == "__main__":
    write_demo(GOLDEN)
    DIGEST.write_text(f"{digest(GOLDEN)}  demo.csv\n", "ascii")
