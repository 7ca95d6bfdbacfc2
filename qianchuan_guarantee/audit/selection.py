"""Which plans an auditor looks at: grants by their yuan, everything else by lot within its reason.

Whoever has the population, the parameters and the seed draws the same plans by hand.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from qianchuan_guarantee.audit import sampling
from qianchuan_guarantee.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from qianchuan_guarantee.audit.population import Population

GRANTED = "granted"
_MOST_EXPECTED = Fraction(9, 10)  # of the tolerable misstatement
Way = Literal["high_value", "interval", "lot", "all"]


@dataclass(frozen=True)
class Aim:
    """What the auditor wants to be able to say. Amounts in fen, `confidence` and `tolerable_rate`
    as shares of 1; `seed`: any text."""

    confidence: Fraction
    tolerable: int
    expected: int
    tolerable_rate: Fraction
    seed: str


@dataclass(frozen=True)
class Picked:
    """A plan that is looked at: its row in the population, why, and the number that drew it."""

    row: int
    way: Way
    drawn: int | None


@dataclass(frozen=True)
class Stratum:
    """Decisions of one outcome and first reason. Amounts in fen; `highest_cost` in yuan, null
    where a cost is not known."""

    name: str
    plans: int
    amount: int
    highest_cost: Decimal | None
    picked: list[Picked]


@dataclass(frozen=True)
class Money:
    """The monetary-unit sample, in fen. `unseen`: the amounts of grants that are not looked at."""

    factor: Fraction
    size: int
    interval: int
    start: int
    high_value: int
    unseen: int


@dataclass(frozen=True)
class Selection:
    """`money`: null where nothing is granted. `strata`: grants first, then by name."""

    aim: Aim
    money: Money | None
    strata: list[Stratum]


def select(population: Population, aim: Aim) -> Selection:
    """Draw the sample."""
    import pyarrow.compute as pc

    money, strata = None, []
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate(population.table["stratum"].to_pylist()):
        rows_of.setdefault(name, []).append(row)
    for name in sorted(rows_of, key=lambda name: (name != GRANTED, name)):
        rows = rows_of[name]
        mine = population.table.take(rows)
        amounts = _fen(mine)
        if name == GRANTED:
            money, picked = _by_amount(rows, amounts, aim)
        else:
            picked = list(_by_lot(rows, f"{aim.seed}/{name}", aim))
        known = mine["cost"].null_count == 0
        highest = pc.max(mine["cost"]).as_py() if known else None
        strata.append(Stratum(name, len(rows), sum(amounts), highest, picked))
    return Selection(aim, money, strata)


def _fen(table: pa.Table) -> list[int]:
    return [int(amount * 100) for amount in table["amount"].to_pylist()]


def _by_amount(rows: Sequence[int], amounts: Sequence[int], aim: Aim) -> tuple[Money, list[Picked]]:
    """Monetary-unit sampling: every plan of an interval or more; of the others, laid end to end,
    those that hold the fen `start`, `start` + interval, and so on."""
    total = sum(amounts)
    if aim.tolerable >= total:
        raise UsageError(
            f"--tolerable {_yuan(aim.tolerable)}: expected less than all that was granted, "
            f"{_yuan(total)} yuan"
        )
    factor = sampling.planning_factor(Fraction(aim.expected, aim.tolerable), aim.confidence)
    size = sampling.monetary_size(total, aim.tolerable, factor)
    interval = max(1, total // size)
    start = next(sampling.numbers(f"{aim.seed}/{GRANTED}", interval))
    high = [n for n, amount in enumerate(amounts) if amount >= interval]
    others = [n for n, amount in enumerate(amounts) if amount < interval]
    ends = list(accumulate(amounts[n] for n in others))
    hits = {
        others[bisect_left(ends, fen)]: fen
        for fen in range(start, (ends[-1] if ends else 0) + 1, interval)
    }
    seen = sum(amounts[n] for n in (*high, *hits))
    money = Money(factor, size, interval, start, sum(amounts[n] for n in high), total - seen)
    picked = [Picked(rows[n], "high_value", None) for n in high]
    picked += [Picked(rows[n], "interval", fen) for n, fen in hits.items()]
    return money, sorted(picked, key=lambda one: one.row)


def _by_lot(rows: Sequence[int], seed: str, aim: Aim) -> Iterator[Picked]:
    """Random plans of a stratum; their numbers count its plans in the order of `ad_id`."""
    size = sampling.attribute_size(len(rows), aim.tolerable_rate, aim.confidence)
    way: Way = "all" if size == len(rows) else "lot"
    for number in sorted(sampling.sample(seed, len(rows), size)):
        yield Picked(rows[number - 1], way, number if way == "lot" else None)


def _yuan(fen: int) -> str:
    return f"{Decimal(fen) / 100:.2f}"


def check(aim: Aim) -> None:
    """Refuse an aim that no sample could meet."""
    if aim.expected > aim.tolerable * _MOST_EXPECTED:
        raise UsageError(
            f"--expected {_yuan(aim.expected)}: expected no more than nine tenths of --tolerable "
            f"{_yuan(aim.tolerable)}; where so much is expected, look at every grant"
        )
