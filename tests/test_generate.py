"""`qcg generate`: the same order gives the same bytes, every outcome and reason is there, and
what is said of the dirt is what `decide` counts."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from qianchuan_guarantee.errors import UsageError, UserError
from qianchuan_guarantee.exports.find import find
from qianchuan_guarantee.generate import Made, Order, generate
from qianchuan_guarantee.generate.dirt import KINDS, NEED_PARTITIONS
from qianchuan_guarantee.generate.hours import PICKS, PROFILES, _picks
from qianchuan_guarantee.generate.specials import EVERY, SPECIALS
from qianchuan_guarantee.vocabulary import OUTCOMES, REASONS
from tests.conftest import Counts, Decision, by_plan, counts_of, decided, rows_of
from tests.test_cli import qcg

LOGS = ("delivery", "conversions", "operations")
ONLY_IN_PARTITIONS = {"LOGS_INCOMPLETE", "SCENARIO_CHANGED", "FIRST_DELIVERY_UNKNOWN"}
ONLY_BY_SLICES = {"BID_AMBIGUOUS"}
ONLY_SUMMED = {"AUD_BID_CHANGES"}
NEVER = {"REVIEW_REFUSED"}
DAILY = Order(3000, days=10, layout="daily", order="hour")


def made_in(folder: Path, **wanted: Any) -> tuple[Path, Made]:
    out = folder / "-".join(["made", *(f"{value}" for value in wanted.values())])
    return out, generate(Order(**{"plans": 800, "days": 8, **wanted}), out)


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_in(folder: Path, table: str) -> list[tuple[Any, ...]]:
    """A table's rows as a sorted list, whatever files they stand in."""
    source = folder / table if (folder / table).is_dir() else folder / f"{table}.parquet"
    files = f"{source}/**/*.parquet" if source.is_dir() else str(source)
    query = f"SELECT * FROM read_parquet('{files}', hive_partitioning = false) ORDER BY ALL"
    return duckdb.sql(query).fetchall()


@pytest.mark.parametrize(
    "order",
    [
        Order(15_000, days=8),  # many row groups in one file
        Order(800, days=8, format="csv", layout="daily", order="hour", dirt=0.2),
    ],
)
def test_the_same_order_gives_the_same_bytes(tmp_path: Path, order: Order) -> None:
    for name in ("one", "two"):
        generate(order, tmp_path / name)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_another_seed_gives_other_rows(tmp_path: Path) -> None:
    one, _ = made_in(tmp_path, seed=1)
    two, _ = made_in(tmp_path, seed=2)
    assert rows_in(one, "delivery") != rows_in(two, "delivery")


def test_more_plans_are_the_same_plans_and_others(tmp_path: Path) -> None:
    few, _ = made_in(tmp_path, plans=300)
    many, _ = made_in(tmp_path, plans=600)
    for table in ("delivery", "conversions"):
        assert set(rows_in(few, table)) <= set(rows_in(many, table))


def test_either_order_and_either_layout_have_the_same_rows(tmp_path: Path) -> None:
    first, made = made_in(tmp_path, order="plan", layout="flat")
    for wanted in (
        {"order": "hour", "layout": "flat"},
        {"order": "plan", "layout": "daily"},
        {"order": "hour", "layout": "daily"},
    ):
        other, other_made = made_in(tmp_path, **wanted)
        for table in (*LOGS, "verdicts", "first_deliveries"):
            assert rows_in(first, table) == rows_in(other, table), (table, wanted)
            assert made.tables[table] == other_made.tables[table] == len(rows_in(first, table))


@pytest.mark.parametrize("layout", ["flat", "daily"])
def test_order_does_not_change_the_dirt(tmp_path: Path, layout: Any) -> None:
    by_plan, made = made_in(tmp_path, order="plan", layout=layout, dirt=0.5)
    by_hour, made_by_hour = made_in(tmp_path, order="hour", layout=layout, dirt=0.5)
    assert made == made_by_hour
    for table in LOGS:
        assert rows_in(by_plan, table) == rows_in(by_hour, table)


def test_rows_stand_in_the_order_asked_for(tmp_path: Path) -> None:
    def sequence(folder: Path, columns: str) -> list[tuple[Any, ...]]:
        files = sorted(str(path) for path in folder.rglob("*delivery*/**/*.parquet"))
        files = files or [str(folder / "delivery.parquet")]
        return duckdb.sql(f"SELECT {columns} FROM read_parquet({files})").fetchall()

    by_plan, _ = made_in(tmp_path, order="plan", layout="flat")
    assert sequence(by_plan, "ad_id, stat_datetime") == sorted(
        sequence(by_plan, "ad_id, stat_datetime")
    )
    for layout in ("flat", "daily"):
        by_hour, _ = made_in(tmp_path, order="hour", layout=layout)
        hours = sequence(by_hour, "stat_datetime")
        plans = sequence(by_hour, "ad_id")
        assert hours == sorted(hours)
        assert plans != sorted(plans)


@dataclass(frozen=True)
class Tried:
    """An export that was made, and what `decide` says of it on the morning after."""

    folder: Path
    made: Made
    rows: dict[int, Decision]
    counts: Counts

    @property
    def outcomes(self) -> set[str]:
        return {row["outcome"] for row in self.rows.values()}

    @property
    def reasons(self) -> set[str]:
        return {code for row in self.rows.values() for code in row["reasons"]}


def tried(folder: Path, order: Order, **readings: str) -> Tried:
    made = generate(order, folder)
    with decided(folder, order.as_of, readings) as answer:
        return Tried(folder, made, by_plan(rows_of(answer)), counts_of(answer))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    return tried(tmp_path_factory.mktemp("clean") / "exports", DAILY)


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    return tried(tmp_path_factory.mktemp("dirty") / "exports", replace(DAILY, dirt=0.1))


def assert_dirt_is_counted(export: Tried) -> None:
    for table, counted in export.counts.items():
        assert counted["read"] == export.made.tables[table]
        said = Counter[str]()
        for kind, fate in KINDS.items():
            said[fate] += export.made.dirty_rows[kind].get(table, 0)
        for fate in ("duplicate", "superseded", "quarantined"):
            assert counted[fate] == said[fate], (table, fate)


def test_every_outcome_and_reason_is_there(dirty: Tried) -> None:
    assert dirty.outcomes == set(OUTCOMES)
    assert dirty.reasons == set(REASONS) - ONLY_BY_SLICES - ONLY_SUMMED - NEVER
    assert len(dirty.rows) == DAILY.plans


def test_the_dirt_is_what_decide_counts(dirty: Tried) -> None:
    assert all(dirty.made.dirty_plans[kind] for kind in KINDS)
    assert_dirt_is_counted(dirty)


def test_without_dirt_no_row_is_bad(clean: Tried) -> None:
    assert not any(clean.made.dirty_plans.values())
    assert_dirt_is_counted(clean)


def test_what_dirt_does_is_known(clean: Tried, dirty: Tried) -> None:
    """Duplicates and rows that are late but in time change nothing; a restated row has one
    yuan more; what came too late does not count; the rest is held."""
    assert clean.rows.keys() == dirty.rows.keys()
    changed = [plan for plan in clean.rows if clean.rows[plan] != dirty.rows[plan]]
    changing = ("restated", "too_late", "refused", "conflict")
    assert 0 < len(changed) <= sum(dirty.made.dirty_plans[kind] for kind in changing)
    trusted = [plan for plan in changed if dirty.rows[plan]["outcome"] != "held"]
    more = [dirty.rows[plan]["cost"] - clean.rows[plan]["cost"] for plan in trusted]
    assert 1 in more
    assert all(yuan == 1 or yuan < 0 for yuan in more)
    assert len(changed) - len(trusted) <= sum(
        dirty.made.dirty_plans[kind] for kind in ("refused", "conflict")
    )


def test_a_flat_csv_by_slices_shows_the_rest(tmp_path: Path) -> None:
    order = Order(EVERY * len(SPECIALS), format="csv", by_slices=True, dirt=0.1)
    export = tried(tmp_path / "flat", order, edit_limit_scope="summed")
    assert not find(str(export.folder)).has_conversions
    assert export.outcomes == set(OUTCOMES)
    # Summed, bid edits have no limit of their own; managed plans' targeting still has.
    assert export.reasons == set(REASONS) - ONLY_IN_PARTITIONS - NEVER - {"BID_CHANGES"}
    assert {kind for kind in KINDS if not export.made.dirty_plans[kind]} == set(NEED_PARTITIONS)
    assert_dirt_is_counted(export)


def test_costs_are_spread_around_the_line(clean: Tried) -> None:
    judged = [row for row in clean.rows.values() if row["target_cost"] and row["cost"]]
    over = sum(row["cost"] * 10 >= row["target_cost"] * 12 for row in judged)
    assert 0.3 < over / len(judged) < 0.8
    assert any(row["cost"] * 10 == row["target_cost"] * 12 for row in judged)
    assert any(row["late_conversions"] for row in judged)


def test_logs_are_realistic_in_shape(tmp_path: Path) -> None:
    out, made = made_in(tmp_path, plans=3000, days=14)

    def asked(query: str, table: str) -> list[tuple[Any, ...]]:
        return duckdb.sql(f"SELECT {query} FROM '{out}/{table}.parquet' GROUP BY ALL").fetchall()

    hours = dict(asked("hour(stat_datetime), sum(stat_cost)", "delivery"))
    assert hours[21] > 5 * hours[3]  # day and night
    bids = [
        Decimal(bid)
        for kind, bid in asked("operation, new_value", "operations")
        if kind == "create"
    ]
    lowest, highest = min(bids), max(bids)
    assert lowest < 1
    assert 2500 < highest <= 3000
    sizes = sorted((n for _, n in asked("advertiser_id, count(*)", "plans")), reverse=True)
    assert sum(sizes[: len(sizes) // 10]) > 0.3 * sum(sizes)
    assert 80 < made.tables["delivery"] / 3000 < 120
    ((unbilled,),) = asked("count(*) FILTER (billed_at > converted_at)", "conversions")
    assert not unbilled
    ((invalid, all_of_them),) = asked("count(*) FILTER (NOT valid), count(valid)", "conversions")
    assert 0 < invalid < 0.05 * all_of_them
    assert all_of_them == made.tables["conversions"]


def test_an_hour_is_picked_by_its_weight() -> None:
    for profile in PROFILES:
        picked = Counter(_picks(profile))
        for hour, weight in enumerate(profile):
            assert abs(picked[hour] - PICKS * weight / sum(profile)) < 1


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="is there already"):
        generate(Order(10), tmp_path)
    with pytest.raises(UserError, match="is there already"):
        generate(Order(10), tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_nothing_is_left_where_it_fails(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        generate(Order(200_000), tmp_path / "out", memory="1MB")
    assert not list(tmp_path.iterdir())


def test_the_smallest_can_be_decided(tmp_path: Path) -> None:
    export = tried(tmp_path / "small", Order(1, days=7, dirt=1))
    assert len(export.rows) == 1
    assert_dirt_is_counted(export)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--plans", 0], "--plans 0: expected 1 to"),
        (["--days", 6], "--days 6: expected 7 to 366"),
        (["--dirt", 2], "--dirt 2.0: expected a share from 0 to 1"),
        (["--start", "soon"], "--start soon: not a day"),
        (["--start", "1999-01-01"], "--start 1999-01-01: expected a day from 2017"),
        (["--order", "size"], "--order size: expected plan or hour"),
        (["--layout", "deep"], "--layout deep: expected flat or daily"),
        (["--format", "xlsx"], "--format xlsx: expected parquet or csv"),
    ],
)
def test_a_mistake_costs_one_sentence(tmp_path: Path, words: list[object], said: str) -> None:
    ran = qcg("generate", tmp_path / "out", *words)
    assert ran.code == 2
    assert said in ran.said
    assert not list(tmp_path.iterdir())


def test_the_command_says_what_it_made(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = qcg("generate", out, "--plans", 300, "--dirt", "0.5", "--layout", "daily", "--json")
    assert ran.code == 0
    made = json.loads(ran.out)
    assert made["as_of"] == "2022-10-15"
    assert made["tables"]["delivery"] == len(rows_in(out, "delivery"))
    assert set(made["dirt"]) == set(KINDS)
    again = qcg("generate", out, "--plans", 300)
    assert again.code == 1
    assert "is there already" in again.said
    for lang, word in (("en", "what it does"), ("zh", "影响")):
        words = ("--plans", 300, "--dirt", "0.5", "--lang", lang)
        shown = qcg("generate", tmp_path / lang, *words)
        assert word in shown.out
        assert f"qcg decide {tmp_path / lang} --as-of 2022-10-15" in shown.out


def test_an_order_out_of_range_is_wrong_usage() -> None:
    with pytest.raises(UsageError):
        Order(days=367)
