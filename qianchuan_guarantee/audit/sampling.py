"""The method of sampling: random numbers, sample sizes and upper limits. Pure functions, exact.

Monetary-unit sampling and attribute sampling as the AICPA's Audit Guide "Audit Sampling" has them;
docs/sampling.md says what is standard and what was chosen. Every result is rounded against the
conclusion that the auditor would like to draw: factors, sizes and limits up, the interval down.
`confidence`: a share, 19/20 for 95 %; the risk is what is left of 1.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from itertools import count

_DIGITS = 40  # of the series; factors keep 10 decimals, rounded up
_UNIT = 10**10
_ENOUGH = Decimal("1e-35")


def numbers(seed: str, most: int) -> Iterator[int]:
    """Random numbers from 1 to `most`, endless. The k-th is SHA-256 of the text `seed,k`, read as
    a number, modulo `most`, plus 1: what Rivest's sampler gives for public audits of elections."""
    for counter in count(1):
        digest = hashlib.sha256(f"{seed},{counter}".encode()).digest()
        yield int.from_bytes(digest) % most + 1


def sample(seed: str, population: int, size: int) -> list[int]:
    """So many different numbers from 1 to `population`, in the order in which they came up."""
    if size >= population:
        return list(range(1, population + 1))
    drawn: dict[int, None] = {}
    for number in numbers(seed, population):
        drawn.setdefault(number)
        if len(drawn) == size:
            break
    return list(drawn)


@cache
def limit_factor(errors: int, confidence: Fraction) -> Fraction:
    """The confidence factor: the least Poisson mean at which so many errors or fewer would be seen
    with no more than the risk. 0 errors, 95 %: 2.9957322736."""
    return _least(lambda mean: _gamma(Decimal(errors + 1), mean), confidence)


@cache
def planning_factor(expected: Fraction, confidence: Fraction) -> Fraction:
    """The confidence factor that leaves room for expected misstatement; `expected`: its share of
    the tolerable one, < 1. Of as many errors as are then expected, which need not be whole."""

    def confident(mean: Decimal) -> Decimal:
        return _gamma(1 + mean * expected.numerator / expected.denominator, mean)

    return _least(confident, confidence)


def monetary_size(total: int, tolerable: int, factor: Fraction) -> int:
    """How many monetary units are looked at: factor × total ÷ tolerable, rounded up."""
    return math.ceil(factor * total / tolerable)


def stringer(taints: Sequence[Fraction], interval: int, confidence: Fraction) -> Fraction:
    """The upper limit of misstatement where items with these shares of error were found (Stringer
    bound): basic precision, and for each error, the largest first, what it adds to the factor."""
    limit = limit_factor(0, confidence)
    for errors, taint in enumerate(sorted(taints, reverse=True), 1):
        step = limit_factor(errors, confidence) - limit_factor(errors - 1, confidence)
        limit += step * taint
    return limit * interval


def is_excluded(population: int, wrong: int, size: int, found: int, confidence: Fraction) -> bool:
    """Whether a sample without replacement that found so many excludes that so many are wrong: it
    would find no more than that with no more than the risk (hypergeometric)."""
    ways = sum(
        math.comb(wrong, seen) * math.comb(population - wrong, size - seen)
        for seen in range(min(found, size, wrong) + 1)
    )
    risk = 1 - confidence
    return ways * risk.denominator <= risk.numerator * math.comb(population, size)


def attribute_size(population: int, tolerable: Fraction, confidence: Fraction) -> int:
    """The least sample that, with nothing wrong in it, excludes with confidence that the tolerable
    rate is reached."""
    wrong = max(1, math.ceil(population * tolerable))
    return _first(0, population, lambda n: is_excluded(population, wrong, n, 0, confidence))


def most_wrong(population: int, size: int, found: int, confidence: Fraction) -> int:
    """The upper limit: the most wrong ones that the sample does not exclude."""
    highest = population - size + found
    excluded = _first(
        found,
        highest + 1,
        lambda wrong: wrong > highest or is_excluded(population, wrong, size, found, confidence),
    )
    return excluded - 1


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The first of `low` … `high` for which it holds, where it holds for all that follow. Sought
    from below, since what is asked of great numbers is slow."""
    step = 1
    while low + step < high and not holds(low + step):
        low, step = low + step + 1, 2 * step
    high = min(high, low + step)
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _least(confident: Callable[[Decimal], Decimal], confidence: Fraction) -> Fraction:
    """The least mean, rounded up to 10 decimals, that gives the confidence."""
    with localcontext() as context:
        context.prec = _DIGITS
        wanted = Decimal(confidence.numerator) / confidence.denominator

        def holds(units: int) -> bool:
            return confident(Decimal(units) / _UNIT) >= wanted

        high = _UNIT
        while not holds(high):
            high *= 2
        return Fraction(_first(0, high, holds), _UNIT)


def _gamma(shape: Decimal, mean: Decimal) -> Decimal:
    """The regularized incomplete gamma function: for a whole shape, the chance of at least so many
    events where `mean` are expected."""
    return _series(shape, mean) / _whole(shape) if mean else Decimal(0)


@cache
def _whole(shape: Decimal) -> Decimal:
    """The gamma function, as the integral up to where nothing is left of it."""
    return _series(shape, 4 * shape + 100)


def _series(shape: Decimal, mean: Decimal) -> Decimal:
    """∫ t^(shape−1) e^−t dt from 0 to `mean`, as a series whose terms are all positive."""
    term = total = 1 / shape
    for step in count(1):
        term *= mean / (shape + step)
        total += term
        if term < total * _ENOUGH:
            break
    return total * (shape * mean.ln() - mean).exp()
