"""四(一): what a plan is owed apart from cheating verdicts. Nights keep it in the ledger, for the
day on which a verdict is lifted; decisions do not show it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import decided
from tests.oracle import Exports, Row
from tests.sentences import Told, rows_of
from tests.worlds import COLUMNS, write

DAY0, AS_OF = date(2022, 10, 1), date(2022, 10, 10)
CAUGHT = "day 2 10:00 is found cheating by the system"
OVER = ("day 0 10:00 spends 72", "day 0 12:00 wins 6")
LOST = tuple(f"day 1 {hour}:00 edits targeting" for hour in (10, 11, 12))
# Two conversions at 0.01: what is left of this is 0.00499, or 0.01.
SMALL = ("day 0 10:00 spends 0.02499", "day 0 12:00 wins 2")
A_CENT = ("day 0 10:00 spends 0.03", "day 0 12:00 wins 2")

MERITS: dict[str, tuple[str, tuple[str, ...], str | None]] = {
    "granted": ("feed, bid 10", OVER, "12.00"),
    "caught, and granted else": ("feed, bid 10", (*OVER, CAUGHT), "12.00"),
    "caught, and ended else": ("feed, bid 10", ("day 0 10:00 spends 72", CAUGHT), "0.00"),
    "caught, and lost by its edits": ("feed, bid 10", (*OVER, *LOST, CAUGHT), "0.00"),
    "lost by its edits": ("feed, bid 10", (*OVER, *LOST), "0.00"),
    "ended": ("feed, bid 10", ("day 0 10:00 spends 71", "day 0 12:00 wins 6"), "0.00"),
    "less than a cent": ("search, bid 0.01", SMALL, "0.00"),
    "a cent": ("search, bid 0.01", A_CENT, "0.01"),
    "caught, and held": ("feed, bid 10", (*OVER, CAUGHT, "day 1 10:00 spends abc"), None),
    "open": ("feed, bid 10", ("day 8 10:00 spends 72", "day 8 12:00 wins 6"), None),
    "not delivered": ("feed, bid 10", (), None),
    "unknown": ("unknown", OVER, None),
}


@pytest.fixture(scope="module")
def merits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Decimal | None]:
    tables: dict[str, list[Row]] = {table: [] for table in COLUMNS}
    for ad_id, (name, (plan, happens, _)) in enumerate(MERITS.items(), start=1001):
        told = Told(name, "flat", {"plan": plan, "happens": happens})
        for table, row in rows_of(told, ad_id, DAY0):
            tables[table].append(Row(row.values))
    folder: Path = tmp_path_factory.mktemp("merit")
    write(Exports(tables, {}), folder)
    with decided(folder, AS_OF) as answer:
        facts = answer.stages["facts"].order_by("ad_id").select("merit")
        rows = answer.engine.arrow(facts).to_pylist()
    return {name: row["merit"] for name, row in zip(MERITS, rows, strict=True)}


@pytest.mark.parametrize("name", MERITS)
def test_a_plan_is_owed_what_it_earned_apart_from_verdicts(
    name: str, merits: dict[str, Decimal | None]
) -> None:
    _, _, owed = MERITS[name]
    assert merits[name] == (None if owed is None else Decimal(owed))
