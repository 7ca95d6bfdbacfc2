"""Rows against each other: every short history of one key is sorted out as the oracle does, on
every morning. What stands, what is a duplicate, what is superseded, what contradicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import combinations_with_replacement, product
from typing import Any, NamedTuple

import pytest

from qianchuan_guarantee.clocks import stands_on
from qianchuan_guarantee.engines import Rows
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.exports.check import checked_columns
from qianchuan_guarantee.exports.fates import with_fate
from qianchuan_guarantee.exports.versions import Versions, versions
from qianchuan_guarantee.expressions import ibis
from qianchuan_guarantee.tables import INPUTS
from tests import oracle
from tests.oracle import Fact

DAYS = [date(2022, 10, n) for n in range(1, 4)]
MORNINGS = [date(2022, 10, n) for n in range(2, 8)]
FATES = ("duplicate", "superseded", "quarantined")
# A row: the day it was written (none without partitions), what it says, and the day that it
# carries itself, on which it is known at the earliest.
Said = tuple[date | None, int, date]


class Kind(NamedTuple):
    """A table's column that numbers its keys, the one that differs in what is said of a key, and
    the one of its own time, where that may differ, too."""

    number: str
    content: str
    clock: str | None = None


TABLES = {
    "conversions": Kind("conversion_id", "ad_id", "received_at"),
    "grant_usage": Kind("usage_id", "advertiser_id", "used_at"),  # nothing restates it
    "verdicts": Kind("ad_id", "note"),
    "delivery": Kind("ad_id", "show_cnt"),
    "plans": Kind("ad_id", "advertiser_id"),  # a snapshot is of its day
    "operations": Kind("ad_id", "old_value"),  # another content is another key
}


@pytest.fixture
def engine() -> Iterator[DuckDB]:
    engine = DuckDB()
    yield engine
    engine.close()


@cache
def histories(is_daily: bool, is_timed: bool) -> list[tuple[Said, ...]]:
    """All histories of up to three rows of three contents: written on three days, and known by
    then, or later; or without partitions."""
    written: list[date | None] = [*DAYS] if is_daily else [None]
    before, after = DAYS[0] - timedelta(days=1), DAYS[0] + timedelta(days=3)
    own = ([before, after] if is_daily else DAYS) if is_timed else [before]
    rows = list(product(written, (1, 2, 3), own))
    every = (some for count in (1, 2, 3) for some in combinations_with_replacement(rows, count))
    return [history for history in every if not _is_said_between(history)]


def _is_said_between(history: Sequence[Said]) -> bool:
    """Is the same said again after something else that only is known later? The oracle counts
    that as a duplicate, the engine as a restatement; the same stands."""
    if len({written for written, _, _ in history}) < 3:
        return False
    (_, *first), (_, *other), (day, *last) = history
    return first == last != other and day is not None and other[1] > day


def facts(table: str, number: int, history: Sequence[Said]) -> list[Fact]:
    kind, columns = TABLES[table], INPUTS[table].columns
    found = []
    for written, said, own in history:
        at = datetime.combine(own, time(10))
        cells: dict[str, Any] = dict.fromkeys(column.name for column in columns)
        cells |= {c.name: at for c in columns if c.kind == "instant"}
        for name, value in ((kind.number, number), (kind.content, said)):
            cells[name] = f"{value}" if INPUTS[table].column(name).kind == "text" else value
        found.append(Fact(table, written, cells, {}, at))
    return found


def key_of(table: str, row: Mapping[str, Any], written: date | None) -> tuple[Any, ...]:
    key = tuple(row[name] for name in oracle.KEYS[table])
    return (*key, written) if table == "plans" else key


def sorted_out(table: str, rows: Sequence[Fact], engine: DuckDB) -> Versions:
    kinds = {column.name: column.type_name for column in checked_columns(INPUTS[table])}
    given = engine.table(
        Rows(
            kinds | {"_dt": "date"},
            [dict.fromkeys(kinds) | row.cells | {"_dt": row.dt} for row in rows],
        )
    )
    doubtful = None
    if table == "delivery":  # elsewhere the days are found on which a slice may stand twice
        doubtful = given.select("ad_id", day=given.stat_datetime.date()).distinct()
    return versions(given, INPUTS[table], engine, doubtful)


@pytest.mark.parametrize("is_daily", [True, False], ids=["daily", "flat"])
@pytest.mark.parametrize("table", TABLES)
def test_every_short_history_is_sorted_out_as_by_the_oracle(
    table: str, is_daily: bool, engine: DuckDB
) -> None:
    kind, unlike = TABLES[table], []
    told = enumerate(histories(is_daily, kind.clock is not None), start=1)
    rows = [row for number, history in told for row in facts(table, number, history)]
    found = sorted_out(table, rows, engine)
    assert found.suspects is not None
    # Of no plan it is said when its cycle ends: each is asked of the morning.
    none = engine.table(Rows({"ad_id": "int64", "horizon": "date", "plans_horizon": "date"}))
    for morning in MORNINGS:
        asked = ibis.literal(morning, type="date")
        standing = found.rows.filter(stands_on(found.rows, asked))
        if kind.clock is not None:
            standing = standing.filter(standing[kind.clock] < asked)
        stands: dict[tuple[Any, ...], list[Any]] = {}
        for row in engine.arrow(standing).to_pylist():
            key = key_of(table, row, row["written_on"])
            stands.setdefault(key, []).append(row[kind.content])
        counted: dict[tuple[Any, ...], Counter[str]] = {}
        for row in engine.arrow(with_fate(found.suspects, none, table, morning)).to_pylist():
            assert row["is_conflict"] is (row["conflict_on"] is not None)
            counts = counted.setdefault(key_of(table, row, row["written_on"]), Counter())
            if row["is_quarantined"]:
                counts["quarantined"] += row["copies"]
            else:
                counts["duplicate"] += row["duplicates"]
                counts["superseded"] += (row["copies"] - row["duplicates"]) * row["is_superseded"]
        for key, some in oracle.by_key(rows).items():
            view = oracle.view_key(some, datetime.combine(morning, time()))
            fates = Counter(fate for fate, _ in view.fates.values() if fate in FATES)
            stood = [] if view.standing is None else [view.standing[kind.content]]
            by_engine = stands.get(key, []), counted.get(key, Counter())
            if not all(row.known(datetime.combine(morning, time())) for row in some):
                # Of what is not known yet it says nothing which row repeats which.
                fates["duplicate"] = by_engine[1]["duplicate"] = 0
            if by_engine != (stood, fates):
                said = [(row.dt, row[kind.content], row.at) for row in some]
                unlike.append((morning, said, by_engine, (stood, fates)))
    assert len(unlike) == 0, unlike[:3]


@pytest.mark.parametrize("table", TABLES)
def test_where_no_key_stands_twice_each_row_stands_for_good(table: str, engine: DuckDB) -> None:
    rows = [row for n in (1, 2, 3) for row in facts(table, n, [(DAYS[n - 1], 1, DAYS[0])])]
    found = sorted_out(table, rows, engine)
    assert found.suspects is None
    stands = engine.arrow(found.rows.order_by(TABLES[table].number)).to_pylist()
    assert [row["written_on"] for row in stands] == DAYS
    assert [row["restated_on"] for row in stands] == [None] * 3
