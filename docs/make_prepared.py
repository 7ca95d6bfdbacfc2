"""Write qianchuan_guarantee/engines/prepared.json: the SQL that Ibis writes for the steps of the
usual exports, so that a run need not ask it again. A test holds the two against each other.

    python docs/make_prepared.py
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from qianchuan_guarantee import rulebook
from qianchuan_guarantee.decide import Question, decide
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.engines.prepared import PREPARED, Prepared, text
from qianchuan_guarantee.exports.quarantine import quarantined_rows
from qianchuan_guarantee.generate.files import generate
from qianchuan_guarantee.generate.order import Order
from qianchuan_guarantee.nightly import NEAR
from qianchuan_guarantee.report.summary import summarise

FIXTURES = Path(__file__).parents[1] / "fixtures"
AS_OF = date(2022, 10, 20)
# Small, and each of a kind: typed or text, whole or by day, clean or with every dirt.
ORDERS = (
    Order(plans=2100),
    Order(plans=300, dirt=0.3),
    Order(plans=300, dirt=0.3, layout="daily"),
    Order(plans=300, dirt=0.3, layout="daily", format="csv"),
    Order(plans=300, by_slices=True, layout="daily"),
)


def exports(work: Path) -> Iterator[Path]:
    yield from (FIXTURES / "demo", FIXTURES / "slices")
    for number, order in enumerate(ORDERS):
        generate(order, work / str(number))
        yield work / str(number)


def steps(folder: Path) -> dict[str, str]:
    """The SQL of deciding an export folder, as Ibis writes it."""
    engine = DuckDB()
    engine.prepared = Prepared({})
    try:
        decided = decide(Question(str(folder), AS_OF, rulebook.load()), engine)
        summarise(decided, NEAR)
        cycles = decided.stages["cycles"]
        quarantined_rows(str(folder), decided.checked, cycles, AS_OF, engine)
        return engine.prepared.written
    finally:
        engine.close()


def prepared() -> str:
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as work:
        for folder in exports(Path(work)):
            found |= steps(folder)
    return text(found)


if __name__ == "__main__":
    PREPARED.write_text(prepared(), encoding="utf-8")
