"""How long a night takes from decided to durably issued: 200 000 decisions, 60 000 grants.

`python -m benchmarks.ledger [--plans N] [--grants N] [--store ADDRESS]` prints seconds.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from qianchuan_guarantee.ledger import acts
from qianchuan_guarantee.ledger.book import Book
from qianchuan_guarantee.ledger.checks import problems
from qianchuan_guarantee.ledger.entries import Stamp
from qianchuan_guarantee.ledger.found import Answer, Found
from qianchuan_guarantee.ledger.night import enter
from qianchuan_guarantee.ledger.policy import load_policy
from qianchuan_guarantee.ledger.store import Store

PLAN, ADVERTISER, ADVERTISERS = 1745000000000000, 1701000000000000, 5000
NIGHT = date(2022, 10, 6)


def answers(plans: int, grants: int) -> list[Answer]:
    """Decisions of a night: the first `grants` plans are granted."""
    day0 = date(2022, 10, 1)
    made = []
    for n in range(plans):
        fen = 1000 + n % 40_000 if n < grants else 0
        outcome, status = ("granted", "CONFIRMING") if fen else ("ended", "ENDED")
        reasons = "" if fen else "UN_OBERCOST"
        whose = (PLAN + n, ADVERTISER + n % ADVERTISERS, "rule@1", day0)
        made.append(Answer(*whose, outcome, status, reasons, fen, fen, False))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=200_000)
    parser.add_argument("--grants", type=int, default=60_000)
    parser.add_argument(
        "--store", help="a folder or postgresql://…; a temporary folder if left out"
    )
    asked = parser.parse_args()
    gc.set_threshold(100_000, 20, 20)  # as the command does
    found = Found(answers(asked.plans, asked.grants), {}, set(), set(), [], [], set())
    policy = load_policy(None).model_copy(update={"night_up_to_yuan": Decimal(10**12)})
    with tempfile.TemporaryDirectory() as folder:
        store = Store(asked.store or str(Path(folder, "store")), create=True)
        started = time.monotonic()
        with store.writing() as connection:
            stamp = Stamp("benchmark", datetime(2022, 10, 6, 8), "run-1")
            book = Book(connection, stamp)
            entered = enter(book, found, policy, {}, NIGHT)
            acts.enter(connection, "run", stamp, {}, book.write(), None)
        seconds = time.monotonic() - started
        assert entered.counts["issued"] == asked.grants
        assert problems(store) == []
        print(
            f"{asked.plans:,} decisions, {asked.grants:,} grants of {entered.issued / 100:,.2f} "
            f"yuan issued: {seconds:.1f} s"
        )
        store.close()


if __name__ == "__main__":
    main()
