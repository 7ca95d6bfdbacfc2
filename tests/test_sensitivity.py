"""What each open question is worth: the figures of every alternative are those of deciding by it,
and the logs are read once."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from qianchuan_guarantee.cli.sensitivity import render
from qianchuan_guarantee.decide import Question
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.report.alternatives import alternatives_table, document
from qianchuan_guarantee.rulebook import REGISTER
from qianchuan_guarantee.sensitivity import Sensitivity, sensitivity
from tests import oracle
from tests.conftest import BOOKS, FIXTURES, Decision, by_plan, decide_folder
from tests.worlds import world, write

DEMO, DAY = FIXTURES / "demo", date(2022, 10, 20)
ALTERNATIVES = [(key, choice) for key, choices in REGISTER.items() for choice in choices[1:]]


def ask(folder: Path, as_of: date, *, vanish: bool = False) -> Sensitivity:
    """Sensitivity of a folder; with `vanish`, of one that is gone once it was decided."""

    def tell(key: str, **words: object) -> None:
        if vanish and key == "p_alternative":
            shutil.rmtree(folder, ignore_errors=True)

    engine = DuckDB()
    try:
        return sensitivity(Question(str(folder), as_of, BOOKS), engine, tell)
    finally:
        engine.close()


@pytest.fixture(scope="module")
def demo() -> Sensitivity:
    return ask(DEMO, DAY)


def total(rows: list[Decision]) -> Decimal:
    return sum((row["amount"] for row in rows), Decimal("0.00"))


def changed(before: list[Decision], after: list[Decision]) -> set[int]:
    old, new = by_plan(before), by_plan(after)
    names = ("outcome", "amount")
    return {plan for plan in old if any(old[plan][n] != new[plan][n] for n in names)}


# Worlds with plans that are held, with conversions one by one (27) and per slice (21).
@pytest.mark.parametrize(("seed", "fmt"), [(27, "parquet"), (21, "csv")])
def test_every_alternative_is_what_deciding_by_it_gives_and_no_log_is_read_again(
    seed: int, fmt: str, tmp_path: Path
) -> None:
    exports, as_of = world(seed, plans=300)
    write(exports, tmp_path / "exports", fmt=fmt, shuffle_seed=seed)
    found = ask(tmp_path / "exports", as_of, vanish=True)
    assert not (tmp_path / "exports").exists()
    default = oracle.decide(exports, as_of).decisions
    assert {row["outcome"] for row in default} >= {"held", "granted", "ended", "invalid"}
    assert (found.plan_count, found.amount) == (len(default), total(default))
    assert [(each.id, each.choice) for each in found.alternatives] == ALTERNATIVES
    assert any(each.plans_changed for each in found.alternatives)
    for each in found.alternatives:
        rows = oracle.decide(exports, as_of, {each.id: each.choice}).decisions
        moved = changed(default, rows)
        told = (each.plans_changed, each.amount, each.amount_change)
        assert told == (len(moved), total(rows), total(rows) - total(default)), each
        assert {stake.ad_id for stake in each.stakes} <= moved
        assert len(each.stakes) == min(5, len(moved))
        after = by_plan(rows)
        for stake in each.stakes:
            assert stake.outcome_after == after[stake.ad_id]["outcome"]
            assert stake.amount_after == after[stake.ad_id]["amount"]


def test_on_the_demo_too_it_is_what_decide_read_gives(demo: Sensitivity) -> None:
    rows, _ = decide_folder(DEMO, DAY, {"overcost_base": "initial"})
    before, _ = by_plan_of_golden()
    each = next(each for each in demo.alternatives if each.choice == "initial")
    after = {row["ad_id"]: (row["outcome"], row["amount"]) for row in rows}
    assert each.plans_changed == sum(after[plan] != before[plan] for plan in before) == 2
    assert each.amount == total(rows)


def by_plan_of_golden() -> tuple[dict[int, tuple[str, Decimal]], Decimal]:
    """What the demo's plans are decided as, from its golden file."""
    import csv

    with (FIXTURES.parent / "tests" / "golden" / "demo.csv").open(encoding="utf-8") as file:
        rows = {
            int(row["ad_id"]): (row["outcome"], Decimal(row["amount"]))
            for row in csv.DictReader(file)
        }
    return rows, sum((amount for _, amount in rows.values()), Decimal("0.00"))


def test_the_stakes_are_the_largest_first(demo: Sensitivity) -> None:
    for each in demo.alternatives:
        sizes = [abs(stake.amount_change) for stake in each.stakes]
        assert sizes == sorted(sizes, reverse=True)
    (pause,) = (a for a in demo.alternatives if (a.id, a.choice) == ("pause", "ignore"))
    assert [stake.ad_id for stake in pause.stakes] == [1745000000000207]


def test_the_document_is_what_programs_rely_on(demo: Sensitivity) -> None:
    said = json.loads(json.dumps(document(demo)))
    assert said["amount"] == str(by_plan_of_golden()[1])
    assert [(each["id"], each["choice"]) for each in said["alternatives"]] == ALTERNATIVES
    for each in said["alternatives"]:
        assert Decimal(each["amount"]) - Decimal(said["amount"]) == Decimal(each["amount_change"])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_people_read_every_alternative_once(lang: str, demo: Sensitivity) -> None:
    text = render(demo, lang)  # type: ignore[arg-type]
    for key, choice in ALTERNATIVES:
        assert re.search(rf"(?<!\w){key}={choice}(?!\w)", text), (key, choice)
    assert bool(re.search(r"[\u4e00-\u9fff]", text)) is (lang == "zh")


def test_the_file_has_a_row_for_each(demo: Sensitivity) -> None:
    table = alternatives_table(demo, "en")
    assert table.num_rows == len(ALTERNATIVES)
    assert table["amount_change"].to_pylist() == [a.amount_change for a in demo.alternatives]
