"""Write qianchuan_guarantee/engines/prepared.json: the SQL that Ibis writes for the steps of the
usual exports, so that a run need not ask it again. A test holds the two against each other.

    python docs/make_prepared.py
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from qianchuan_guarantee import rulebook
from qianchuan_guarantee.decide import Question, decide, in_order
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.engines.prepared import PREPARED, Prepared, Query, text
from qianchuan_guarantee.explain import explain
from qianchuan_guarantee.exports.quarantine import quarantined_rows
from qianchuan_guarantee.generate.files import generate
from qianchuan_guarantee.generate.order import Order
from qianchuan_guarantee.nightly import NEAR
from qianchuan_guarantee.report.summary import summarise

FIXTURES = Path(__file__).parents[1] / "fixtures"
DEMO, DEMO_PLAN = FIXTURES / "demo", 1745000000000101
AS_OF = date(2022, 10, 20)
# Small, and each of a kind: typed or text, whole or by day, clean or with every dirt.
ORDERS = (
    Order(plans=2100),
    Order(plans=300, dirt=0.3),
    Order(plans=300, dirt=0.3, layout="daily"),
    Order(plans=300, dirt=0.3, layout="daily", format="csv"),
    Order(plans=300, by_slices=True, layout="daily"),
)
# Of these one plan is asked for, too.
OF_ONE = (Order(plans=300), Order(plans=300, layout="daily"))
# So few plans have none of these.
RESTRICTIONS = pa.table(
    {
        "advertiser_id": pa.array([1], pa.int64()),
        "starts_at": pa.array([datetime(2022, 10, 1)], pa.timestamp("us")),
        "ends_at": pa.array([None], pa.timestamp("us")),
        "reason": pa.array([None], pa.string()),
    }
)


def steps(folder: Path, plans: Sequence[int] = ()) -> tuple[dict[str, Query], int]:
    """The SQL of deciding an export folder, or some plans of it, as Ibis writes it; and one of
    its plans."""
    engine = DuckDB()
    engine.prepared = Prepared({})
    try:
        decided = decide(Question(str(folder), AS_OF, rulebook.load(), plans=plans), engine)
        if plans:
            explain(decided, plans[0], "en")
        summarise(decided, NEAR)
        cycles = decided.stages["cycles"]
        quarantined_rows(str(folder), decided.checked, cycles, AS_OF, engine, plans)
        [first, *_] = engine.batches(in_order, decided.stages["decisions"])
        return engine.prepared.written, first["ad_id"][0].as_py()
    finally:
        engine.close()


def prepared() -> str:
    demo, _ = steps(DEMO)
    of_one, _ = steps(DEMO, [DEMO_PLAN])
    by_slices, _ = steps(FIXTURES / "slices")
    found = demo | of_one | by_slices
    with tempfile.TemporaryDirectory() as work:
        for number, order in enumerate((*ORDERS, *OF_ONE)):
            folder = Path(work, str(number))
            generate(order, folder)
            if order in OF_ONE:
                pq.write_table(RESTRICTIONS, folder / "restrictions.parquet")
            made, plan = steps(folder)
            found |= made
            if order in OF_ONE:
                of_one, _ = steps(folder, [plan])
                found |= of_one
    return text(found)


if __name__ == "__main__":
    PREPARED.write_text(prepared(), encoding="utf-8")
