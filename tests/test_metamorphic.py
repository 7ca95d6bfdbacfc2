"""What must not matter does not, and what must has exactly its predicted effect.

Subjects: a daily world with dirt, a flat world, and the demo; each is decided once, and then
again after the change under test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qianchuan_guarantee.generate.files import generate
from qianchuan_guarantee.generate.order import Order
from tests import oracle
from tests.conftest import (
    FIXTURES,
    Counts,
    Decision,
    as_of_in,
    by_plan,
    changes,
    decide_folder,
    decided,
    exports_in,
    write_decisions,
)
from tests.oracle import Exports, Row
from tests.worlds import world, write

SUBJECTS = ("daily", "flat", "demo")
DAILY_SEED, FLAT_SEED, CLEAN_SEED = 7, 12, 10
PLANS = 300
VERDICT_COLUMNS = {"outcome", "compensate_status", "reasons", "amount"}


@dataclass(frozen=True)
class Subject:
    exports: Exports
    as_of: date
    rows: list[Decision]
    counts: Counts


@cache
def exports_of(name: str) -> tuple[Exports, date]:
    if name == "daily":
        return world(DAILY_SEED, PLANS, layout="daily", dirt=0.2)
    if name == "flat":
        return world(FLAT_SEED, PLANS, layout="flat", dirt=0.05)
    return exports_in(FIXTURES / "demo"), as_of_in(FIXTURES / "demo/why.md")


@pytest.fixture(scope="session")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Subject]:
    @cache
    def decide_once(name: str) -> Subject:
        exports, as_of = exports_of(name)
        folder = tmp_path_factory.mktemp(name)
        write(exports, folder)
        return Subject(exports, as_of, *decide_folder(folder, as_of))

    return decide_once


@pytest.fixture(params=SUBJECTS)
def subject(request: pytest.FixtureRequest, subjects: Callable[[str], Subject]) -> Subject:
    return subjects(request.param)


def readable_id(row: Row) -> int | None:
    """The plan that a row names, where its id can be read."""
    try:
        return oracle.to_id(oracle.plain(row.values["ad_id"]) or "")
    except oracle.Refused:
        return None


def cell(row: Row, column: str) -> datetime | None:
    try:
        return oracle.to_time(oracle.plain(row.values[column]) or "")
    except oracle.Refused:
        return None


def mapped(exports: Exports, change: Callable[[str, Row], Row]) -> Exports:
    tables = {name: [change(name, row) for row in rows] for name, rows in exports.tables.items()}
    return Exports(tables, exports.days)


# ---- order, files, formats, threads


def test_shuffled_rows_in_files_split_otherwise_are_decided_and_counted_alike(
    subject: Subject, tmp_path: Path
) -> None:
    write(subject.exports, tmp_path, shuffle_seed=99)
    rows, counts = decide_folder(tmp_path, subject.as_of)
    assert changes(subject.rows, rows) == {}
    assert counts == subject.counts


@pytest.mark.parametrize("name", ["daily", "flat"])
def test_parquet_and_csv_exports_are_decided_and_counted_alike(
    name: str, subjects: Callable[[str], Subject], tmp_path: Path
) -> None:
    subject = subjects(name)
    write(subject.exports, tmp_path, fmt="parquet")
    rows, counts = decide_folder(tmp_path, subject.as_of)
    assert changes(subject.rows, rows) == {}
    assert counts == subject.counts


def split_flat_tables(folder: Path) -> None:
    """`delivery.csv` → `delivery/0.csv` to `delivery/2.csv`, named against their order."""
    for path in sorted(folder.glob("*.csv")):
        header, *lines = path.read_bytes().splitlines(keepends=True)
        parts = path.with_suffix("")
        parts.mkdir()
        for k in range(3):
            (parts / f"{2 - k}.csv").write_bytes(b"".join([header, *lines[k::3]]))
        path.unlink()


def test_a_flat_table_may_be_a_folder_of_files(
    subjects: Callable[[str], Subject], tmp_path: Path
) -> None:
    subject = subjects("flat")
    write(subject.exports, tmp_path)
    split_flat_tables(tmp_path)
    rows, counts = decide_folder(tmp_path, subject.as_of)
    assert changes(subject.rows, rows) == {}
    assert counts == subject.counts


def bytes_of(folder: Path, as_of: date, threads: int, path: Path) -> bytes:
    with decided(folder, as_of, threads=threads) as answer:
        assert write_decisions(answer, path) == answer.plan_count
    return path.read_bytes()


def test_the_bytes_are_the_same_for_any_threads_and_order_of_files(tmp_path: Path) -> None:
    exports, as_of = exports_of("daily")
    for order, shuffle_seed in (("given", None), ("other", 5)):
        write(exports, tmp_path / order, shuffle_seed=shuffle_seed)
    asked = [("given", 1), ("given", 2), ("other", 2)]
    written = [
        bytes_of(tmp_path / order, as_of, threads, tmp_path / f"{order}-{threads}.parquet")
        for order, threads in asked
    ]
    assert written[0].startswith(b"PAR1")
    assert written[0] == written[1] == written[2]


# ---- repeated rows, other plans


@pytest.mark.parametrize("name", ["daily", "flat"])
def test_a_repeated_row_changes_nothing_but_the_number_of_duplicates(
    name: str, subjects: Callable[[str], Subject], tmp_path: Path
) -> None:
    subject = subjects(name)
    exports, repeated = repeat_accepted(subject.exports, subject.as_of)
    assert all(repeated[table] for table in ("plans", "delivery", "operations", "conversions"))
    write(exports, tmp_path)
    rows, counts = decide_folder(tmp_path, subject.as_of)
    assert changes(subject.rows, rows) == {}
    assert counts == {
        table: old
        | {"read": old["read"] + repeated[table], "duplicate": old["duplicate"] + repeated[table]}
        for table, old in subject.counts.items()
    }


def repeat_accepted(exports: Exports, as_of: date) -> tuple[Exports, Counter[str]]:
    """A tenth of the rows of plans that have accepted rows only, once or twice more."""
    fates = oracle.decide(exports, as_of).rows
    untrusted = {
        readable_id(row)
        for table, rows in exports.tables.items()
        for row, (fate, _) in zip(rows, fates[table], strict=True)
        if fate != "accepted"
    }
    r, repeated = Random(4), Counter[str]()
    tables = {}
    for table, rows in exports.tables.items():
        fine = [row for row in rows if readable_id(row) not in untrusted]
        again = r.choices(fine, k=len(fine) // 10)
        repeated[table] = len(again)
        tables[table] = rows + again
    return Exports(tables, exports.days), repeated


def other_id(plan: int) -> int:
    return plan + 5_000_000 if plan < 2**62 else plan - 5_000_000


def test_copies_of_all_plans_change_none_and_are_decided_like_their_originals(
    subject: Subject, tmp_path: Path
) -> None:
    def copied(table: str, row: Row, plan: int) -> Row:
        values = row.values | {"ad_id": str(other_id(plan))}
        if values.get("conversion_id"):
            values["conversion_id"] = f"{values['conversion_id']}-copy"
        return Row(values, row.dt)

    tables = {
        table: rows + [copied(table, row, plan) for row in rows if (plan := readable_id(row))]
        for table, rows in subject.exports.tables.items()
    }
    write(Exports(tables, subject.exports.days), tmp_path)
    rows, _ = decide_folder(tmp_path, subject.as_of)
    copies = [row | {"ad_id": other_id(row["ad_id"])} for row in subject.rows]
    assert changes([*subject.rows, *copies], rows) == {}


def varied_plans(rows: list[Decision], most: int) -> list[int]:
    """Plans of as many outcomes and primary reasons as there are."""
    kinds: dict[tuple[str, str | None], int] = {}
    for row in rows:
        kinds.setdefault((row["outcome"], (row["reasons"] or [None])[0]), row["ad_id"])
    return Random(1).sample(sorted(kinds.values()), min(most, len(kinds)))


@pytest.mark.parametrize("k", range(4))
def test_a_plan_decided_alone_has_its_row_among_all(
    subject: Subject, k: int, tmp_path: Path
) -> None:
    plan = varied_plans(subject.rows, 4)[k]
    write(subject.exports, tmp_path)
    rows, _ = decide_folder(tmp_path, subject.as_of, plans=(plan,))
    assert changes([by_plan(subject.rows)[plan]], rows) == {}


def test_a_dozen_plans_decided_together_have_their_rows_among_all(
    subjects: Callable[[str], Subject], tmp_path: Path
) -> None:
    subject = subjects("daily")
    plans = varied_plans(subject.rows, 12)
    write(subject.exports, tmp_path)
    rows, _ = decide_folder(tmp_path, subject.as_of, plans=plans)
    assert [row["ad_id"] for row in rows] == sorted(plans)
    assert changes([row for row in subject.rows if row["ad_id"] in plans], rows) == {}


@pytest.mark.parametrize("blank", ["", " "])
def test_a_plan_decided_alone_sees_another_plans_row_that_has_its_conversion_id(
    blank: str, tmp_path: Path
) -> None:
    """Of Parquet files, of which other plans' rows are not read for nothing."""
    generate(Order(60, layout="daily"), tmp_path)
    day, following = sorted((tmp_path / "conversions").glob("dt=*/*.parquet"))[4:6]
    [plan, *_], [conversion, *_] = (
        pq.read_table(day)[c].to_pylist() for c in ("ad_id", "conversion_id")
    )
    rows = pq.read_table(following)
    ids = rows["conversion_id"].to_pylist()
    other = next(n for n, ad_id in enumerate(rows["ad_id"].to_pylist()) if ad_id != plan)
    ids[other] = conversion + blank
    place = rows.schema.names.index("conversion_id")
    pq.write_table(rows.set_column(place, "conversion_id", pa.array(ids)), following)

    as_of = date(2022, 10, 20)
    every = by_plan(decide_folder(tmp_path, as_of)[0])
    for asked in (plan, rows["ad_id"][other].as_py()):
        alone, counts = decide_folder(tmp_path, as_of, plans=(asked,))
        assert changes([every[asked]], alone) == {}
        assert counts["conversions"]["superseded"] == 1


# ---- money


def tenfold(table: str, row: Row) -> Row:
    """Bids and costs times ten, exactly."""
    columns = {"plans": ["cpa_bid"], "delivery": ["stat_cost"]}.get(table, [])
    if table == "operations" and oracle.plain(row.values["operation"]) in ("create", "bid"):
        columns = ["old_value", "new_value"]
    stated = {name: oracle.plain(row.values.get(name)) for name in columns if name in row.values}
    scaled = {name: str(oracle.to_number(text) * 10) for name, text in stated.items() if text}
    return Row(row.values | scaled, row.dt)


def test_ten_times_the_bids_and_costs_is_ten_times_the_money(tmp_path: Path) -> None:
    exports, as_of = world(CLEAN_SEED, PLANS, layout="flat", dirt=0)
    managed = {
        readable_id(row)
        for row in exports.tables["plans"]
        if oracle.plain(row.values["lab_ad_type"]) == "LAB_AD"
    }
    tables = {
        table: [row for row in rows if readable_id(row) not in managed]
        for table, rows in exports.tables.items()
    }
    exports = Exports(tables, {})
    write(exports, tmp_path / "once")
    write(mapped(exports, tenfold), tmp_path / "tenfold")
    once, _ = decide_folder(tmp_path / "once", as_of)
    more, _ = decide_folder(tmp_path / "tenfold", as_of)
    assert {"granted", "ended"} <= {row["outcome"] for row in once}
    assert not any(row["scenario"] == "managed" for row in once)
    assert changes([times_ten(row) for row in once], more) == {}


def times_ten(row: Decision) -> Decision:
    money = ("cost", "target_cost", "first_bid", "bid_at_end")
    scaled = row | {name: row[name] * 10 for name in money if row[name] is not None}
    if row["outcome"] != "granted" and row["reasons"] != ["CURRENCY_PRECISION"]:
        return scaled
    # Not ten times the rounded amount: it is rounded once, at the end.
    exact = scaled["cost"] - scaled["target_cost"]
    amount = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    if amount == 0:
        return scaled
    granted = {"outcome": "granted", "compensate_status": "CONFIRMING", "reasons": []}
    return scaled | granted | {"amount": amount}


# ---- time


@pytest.mark.parametrize("days", [1, 7])
def test_deciding_later_gives_a_settled_plan_the_same_row(
    subject: Subject, days: int, tmp_path: Path
) -> None:
    write(subject.exports, tmp_path)
    later = subject.as_of + timedelta(days)
    rows = by_plan(decide_folder(tmp_path, later)[0])
    assert rows.keys() >= {row["ad_id"] for row in subject.rows}
    settled = [row for row in subject.rows if is_settled(row, subject.as_of)]
    assert len({row["outcome"] for row in settled}) >= 4
    judged = plans_judged_from(subject.exports, subject.as_of)
    broken = {}
    for row in settled:
        plan = row["ad_id"]
        found = changes([row], [rows[plan]]).get(plan, {})
        allowed = VERDICT_COLUMNS if plan in judged else set()
        broken[plan] = {
            column: (old, new)
            for column, (old, new) in found.items()
            if column not in allowed and not (column == "late_conversions" and old < new)
        }
    assert {plan: found for plan, found in broken.items() if found} == {}


def is_settled(row: Decision, as_of: date) -> bool:
    return row["settle_on"] is not None and row["settle_on"] <= as_of


def plans_judged_from(exports: Exports, day: date) -> set[int | None]:
    """Plans with a verdict that was not known on the morning of `day`."""
    midnight = datetime.combine(day, time())
    return {
        readable_id(row)
        for row in exports.tables.get("verdicts", [])
        if (row.dt and row.dt >= day) or (cell(row, "decided_at") or midnight) >= midnight
    }


def test_a_verdict_known_later_takes_a_grant_away(tmp_path: Path) -> None:
    exports, as_of = exports_of("demo")
    plan = 1745000000000101
    verdict = {
        "ad_id": str(plan),
        "decided_at": f"{as_of} 00:00:00",
        "verdict": "cheating",
        "source": "MANUAL_JUDGE_SPAM",
        "note": None,
    }
    tables = exports.tables | {"verdicts": [*exports.tables["verdicts"], Row(verdict)]}
    write(Exports(tables, exports.days), tmp_path)
    before, _ = decide_folder(tmp_path, as_of, plans=(plan,))
    after, _ = decide_folder(tmp_path, as_of + timedelta(1), plans=(plan,))
    assert before[0]["outcome"] == "granted"
    assert changes(before, after)[plan].keys() == VERDICT_COLUMNS
    assert after[0]["reasons"] == ["MANUAL_JUDGE_SPAM"]
