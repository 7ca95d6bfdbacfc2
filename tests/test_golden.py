"""Any change of any decision shows as a diff that names plans and cents; a published rulebook
stays as it is.

A made-up export of 2,100 plans, a twentieth of its rows dirty, against its golden decisions: plan
by plan in `generated.csv`, and all columns of them as a digest. The demo's are held in
`test_fixtures.py`. After a change that is meant, `python -m tests.test_golden` writes the files
anew, and the diff is for somebody to review.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from qianchuan_guarantee.generate import Order, generate
from qianchuan_guarantee.rulebook import load_file
from tests.conftest import REPO, decided, write_decisions
from tests.test_fixtures import GOLDEN as DEMO
from tests.test_fixtures import digest, moved
from tests.test_fixtures import table_in as rows_in

GOLDEN = DEMO.with_name("generated.csv")
DIGEST = DEMO.with_name("generated.sha256")
SHOWN = ("ad_id", "outcome", "reasons", "amount")
ORDER = Order(2_100, seed=20221001, dirt=0.05, layout="daily")

# What every version that was published says, reordered or not, by its digest.
PUBLISHED = {
    "qianchuan-cost-guarantee@2022-01-27": (
        "d50503ee1ff196d59162fc594971614404d2c5ba2b0104a5d8530e72866f085b"
    ),
}


@dataclass(frozen=True)
class Found:
    """What the plans are decided as now: as it is shown, and all of it as a digest."""

    rows: list[dict[str, str]]
    digest: str


def decide_generated() -> Found:
    with TemporaryDirectory() as folder:
        generate(ORDER, Path(folder, "exports"))
        written = Path(folder, "decisions.csv")
        with decided(Path(folder, "exports"), ORDER.as_of) as answer:
            write_decisions(answer, written)
        rows = [{name: row[name] for name in SHOWN} for row in rows_in(written)]
        return Found(rows, digest(written))


@pytest.fixture(scope="module")
def now() -> Found:
    return decide_generated()


def test_generated_plans_are_decided_as_ever(now: Found) -> None:
    found = moved(rows_in(GOLDEN), now.rows)
    assert not found, found


def test_nothing_else_of_their_decisions_has_changed(now: Found) -> None:
    was = DIGEST.read_text("ascii").split()[0]
    assert now.digest == was, "another column of some decision, or its text, is not what it was"


def test_every_outcome_is_among_them() -> None:
    outcomes = {row["outcome"] for row in rows_in(GOLDEN)}
    assert outcomes == {"granted", "ended", "invalid", "open", "held", "not_covered"}


def test_a_published_rulebook_is_never_edited() -> None:
    found = {book.id: book.digest for book in map(load_file, sorted(REPO.glob("rules/*/*.yaml")))}
    changed = [name for name in PUBLISHED if found.get(name) != PUBLISHED[name]]
    assert not changed, f"{changed}: published; leave it as it was, and add a new version instead"
    assert found.keys() == PUBLISHED.keys(), "name the digest of a version that is published"


if __name__ == "__main__":
    answer = decide_generated()
    with GOLDEN.open("w", encoding="utf-8", newline="") as file:
        lines = csv.DictWriter(file, SHOWN, lineterminator="\n")
        lines.writeheader()
        lines.writerows(answer.rows)
    DIGEST.write_text(f"{answer.digest}  all columns\n", "ascii")
