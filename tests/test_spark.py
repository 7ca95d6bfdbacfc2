"""Spark against DuckDB: the same expressions give the same decisions, row for row, type for type.

An answer costs Spark half a minute however small it is, so there are few cases, each with much in
it. The first has executors that are processes of their own and code compiled as on a cluster,
which costs twice as much; the others share one session in this process.
"""

from __future__ import annotations

import gzip
import importlib.util
import itertools
import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from qianchuan_guarantee.decide import Decided, Question, decide
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.exports.find import FileGroup
from qianchuan_guarantee.ledger.found import found_by
from qianchuan_guarantee.ledger.policy import load_policy
from qianchuan_guarantee.rulebook import Rulebook
from qianchuan_guarantee.tables import decisions_schema
from tests.conftest import BOOKS, FIXTURES, Decision, by_plan
from tests.oracle import Exports
from tests.test_cases import AS_OF, books, exports_of, plans, unlike_by_hand
from tests.worlds import world, write

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from qianchuan_guarantee.engines.spark import Spark

NEEDS = [
    pytest.mark.skipif(
        not (shutil.which("java") or os.environ.get("JAVA_HOME")), reason="Java is missing"
    ),
    pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="pyspark is missing"),
]
pytestmark = NEEDS

# Queries of a few rows spend most of their time in two compilers.
QUICK_JAVA = "-XX:TieredStopAtLevel=1"
UNCOMPILED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
FEW_TASKS = {"spark.sql.shuffle.partitions": "2"}


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spark]:
    """Two executors, each a process of its own."""
    import pyspark

    from qianchuan_guarantee.engines.spark import Spark

    # Workers leave their logs in Spark's home, which is not to be where it is installed.
    for name in ("bin", "jars", "python"):
        (tmp_path / name).symlink_to(Path(pyspark.__file__).parent / name)
    monkeypatch.setenv("JDK_JAVA_OPTIONS", QUICK_JAVA)
    monkeypatch.setenv("SPARK_HOME", str(tmp_path))
    engine = Spark("local-cluster[2,1,1024]")
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def spark() -> Iterator[Spark]:
    """Asked for after `cluster` is closed: a process has one master at a time."""
    from qianchuan_guarantee.engines.spark import Spark

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JDK_JAVA_OPTIONS", QUICK_JAVA)
        engine = Spark("local[2]")
    for key, value in (UNCOMPILED | FEW_TASKS).items():
        engine.session.conf.set(key, value)
    yield engine
    engine.close()


def assert_same(
    folder: Path, as_of: date, spark: Spark, books: Sequence[Rulebook] = BOOKS
) -> list[Decision]:
    """Decisions, counted and refused rows, and what a night enters; gives the decisions."""
    question = Question(str(folder), as_of, books)
    duckdb = DuckDB()
    try:
        by_duckdb = decide(question, duckdb)
        expected = duckdb.arrow(by_duckdb.decisions)
        refused = {name: _refused(by_duckdb, name) for name in by_duckdb.checked}
        entered = found_by(by_duckdb, load_policy(None), set())
    finally:
        duckdb.close()
    by_spark = decide(question, spark)
    found = spark.arrow(by_spark.decisions)
    assert found.schema == expected.schema == decisions_schema()
    rows: list[Decision] = found.to_pylist()
    assert rows == expected.to_pylist()
    assert rows
    assert by_spark.rows == by_duckdb.rows
    assert {name: _refused(by_spark, name) for name in by_spark.checked} == refused
    assert pa.Table.from_batches(spark.batches(by_spark.decisions), found.schema) == found
    assert found_by(by_spark, load_policy(None), set()) == entered, "what a night enters"
    return rows


def _refused(answer: Decided, name: str) -> list[str]:
    return sorted(map(str, answer.engine.arrow(answer.checked[name].refused).to_pylist()))


def executors(spark: Spark) -> list[int]:
    """The processes of our own executors: children of the Java that this process started."""
    java = spark.session.sparkContext._gateway.proc.pid
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # gone meanwhile
            continue
        if parent == java and "CoarseGrainedExecutorBackend" in words:
            found.append(int(folder.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc")
def test_demo_on_two_executors_of_which_one_is_killed_in_the_middle(
    cluster: Spark, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, kept = cluster.keep, itertools.count(1)
    killed: list[int] = []

    def keep_and_kill(*step: Any) -> Table:
        table = keep(*step)
        if next(kept) == 25:
            killed.append(executors(cluster)[0])
            os.kill(killed[0], signal.SIGKILL)
        return table

    monkeypatch.setattr(cluster, "keep", keep_and_kill)
    assert_same(FIXTURES / "demo", date(2022, 10, 20), cluster)
    assert killed
    assert killed[0] not in executors(cluster)


def test_cases_are_decided_as_by_hand(spark: Spark, tmp_path: Path) -> None:
    layout = "flat"  # daily and by slice: below and in test_spark_runs; each costs half a minute
    write(exports_of(plans(layout), layout), tmp_path)
    found = assert_same(tmp_path, AS_OF, spark, books(layout))
    assert unlike_by_hand(layout, by_plan(found)) == {}


def test_cases_by_slice_and_a_random_world(spark: Spark, tmp_path: Path) -> None:
    """In one, of Parquet: neither has conversions but those of the delivery log."""
    layout = "without conversions"
    cases, (random, _) = exports_of(plans(layout), layout), world(14, 150)
    assert cases.tables.keys() == random.tables.keys()
    tables = {name: rows + random.tables[name] for name, rows in cases.tables.items()}
    write(Exports(tables, {}), tmp_path, "parquet", shuffle_seed=14)
    found = assert_same(tmp_path, AS_OF, spark, books(layout))
    assert unlike_by_hand(layout, by_plan(found)) == {}


FINE = "1,2022-10-01 01:00:00,1.5,好—\n"
LINES = f'{FINE}\n2,2022-10-01\n"3","2022-10-01 02:00:00","1,000.5","a\nb ""c"""\n1,2,3,4,5\n{FINE}'
COLUMNS = ("ad_id", "stat_datetime", "stat_cost", "name")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
@pytest.mark.parametrize("name", ["a b%20+[x]é.csv", "part.csv.gz"])
def test_text_as_it_stands(spark: Spark, tmp_path: Path, name: str, encoding: str) -> None:
    path = tmp_path / "dt=2022-10-01" / name
    path.parent.mkdir()
    data = (",".join(COLUMNS) + "\n" + LINES).encode(encoding)
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    group = FileGroup("delivery", 0, "csv", COLUMNS, (str(path),), True)

    read = spark.arrow(spark.read(group, numbered=True)).to_pylist()
    place = {"_file": str(path), "_dt": date(2022, 10, 1)}
    cells = [
        ("1", "2022-10-01 01:00:00", "1.5", "好—"),
        ("3", "2022-10-01 02:00:00", "1,000.5", 'a\nb "c"'),
        ("1", "2022-10-01 01:00:00", "1.5", "好—"),
    ]
    assert read == [
        dict(zip(COLUMNS, row, strict=True)) | place | {"_row_number": number}
        for number, row in zip((1, 3, 5), cells, strict=True)
    ]
    malformed = [(line.row_number, line.line) for line in spark.malformed(group)]
    assert malformed == [(2, "2,2022-10-01"), (4, "1,2,3,4,5")]
    assert {line.path for line in spark.malformed(group)} == {str(path)}


def test_an_open_quote_stops_the_run(spark: Spark, tmp_path: Path) -> None:
    """It would take all rows behind it for one cell."""
    shutil.copytree(FIXTURES / "slices", tmp_path, dirs_exist_ok=True)
    with (tmp_path / "delivery.csv").open("a", encoding="utf-8") as file:
        file.write('1,2022-10-01 01:00:00,"1,1,1,1\n' + FINE)
    question = Question(str(tmp_path), date(2022, 10, 12), BOOKS)
    with pytest.raises(UserError, match=r"delivery\.csv.* a quote is not closed"):
        decide(question, spark)


def test_nanoseconds_are_not_cut_off(spark: Spark, tmp_path: Path) -> None:
    """Spark has none of its own, so they come as text."""
    import pyarrow.parquet as pq

    path = tmp_path / "delivery.parquet"
    times = [1664586000000000001, 1664586000999999999, None, -1]
    columns = {
        "plain": pa.array(times, pa.timestamp("ns")),
        "zoned": pa.array(times, pa.timestamp("ns", "UTC")),
    }
    pq.write_table(pa.table(columns), path)
    group = FileGroup("delivery", 0, "parquet", tuple(columns), (str(path),), False)
    read = spark.arrow(spark.read(group)).to_pydict()
    texts = [
        "2022-10-01 01:00:00.000000001",
        "2022-10-01 01:00:00.999999999",
        None,
        "1969-12-31 23:59:59.999999999",
    ]
    assert read["plain"] == texts
    assert read["zoned"] == [text and f"{text}Z" for text in texts]


def test_what_is_kept_stays_exact(spark: Spark) -> None:
    """Products of decimals keep every digit, and what does not fit is an error, not a null."""
    kind = pa.decimal128(38, 12)
    data = pa.table({"money": pa.array(["0.000000000001", "9" * 26], pa.string()).cast(kind)})
    table = spark.table(data)
    small = table.filter(table.money < 1)
    product = small.money.cast("decimal(19, 12)") * small.money.cast("decimal(19, 12)")
    found = spark.arrow(spark.keep(small.select(product=product)))["product"].to_pylist()
    assert str(found[0]) == "1E-24"
    with pytest.raises(RuntimeError, match="NUMERIC_VALUE_OUT_OF_RANGE"):
        spark.keep(table.select(square=table.money * table.money * table.money))
