"""The same stages on the second engine: Spark gives what DuckDB gives, row for row and type for
type, so that nothing bound to one engine gets in."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from datetime import date

import pytest

from qianchuan_guarantee.decide import Decided, Question, decide
from qianchuan_guarantee.engines import Engine
from qianchuan_guarantee.engines.duckdb import DuckDB
from tests.conftest import BOOKS, FIXTURES

pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17"),
    pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="no pyspark"),
]

# Partitions, GBK, refused and restated rows and conversions as events; and conversions by slice.
EXPORTS = {"demo": date(2022, 10, 20), "slices": date(2022, 10, 12)}


@pytest.fixture(scope="module")
def spark() -> Iterator[Engine]:
    from qianchuan_guarantee.engines.spark import Spark

    engine = Spark("local[2]")
    yield engine
    engine.close()


def _decided(name: str, engine: Engine) -> Decided:
    return decide(Question(str(FIXTURES / name), EXPORTS[name], BOOKS), engine)


@pytest.mark.parametrize("name", EXPORTS)
def test_spark_decides_as_duckdb_does(name: str, spark: Engine) -> None:
    embedded = DuckDB()
    theirs, ours = _decided(name, spark), _decided(name, embedded)
    expected = embedded.arrow(ours.decisions)
    found = spark.arrow(theirs.decisions)
    assert found.schema.equals(expected.schema)
    assert found.to_pylist() == expected.to_pylist()
    assert theirs.rows == ours.rows
    embedded.close()
