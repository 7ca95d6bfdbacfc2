"""Exact products of money: the types that keep them exact, in one place.

Engines give a product as many digits as its factors have together, and refuse more than 38; so
factors are brought to sizes that fit, and nothing is rounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qianchuan_guarantee.expressions import ibis

if TYPE_CHECKING:
    from ibis.expr.types import DecimalValue, Value

# No cost comes near this (yuan): beyond it a target is just as far out of reach.
_FAR = "1000000000000000000000"


def times(bid: DecimalValue, count: Value) -> DecimalValue:
    """bid (yuan) × count, yuan to the cent."""
    return (bid.cast("decimal(19, 2)") * count.cast("decimal(19, 0)")).cast("decimal(38, 2)")


def total(counts: Value) -> Value:
    """Σ of whole numbers as int64. By way of a decimal: ibis takes the sum for an int64 already,
    while engines widen it."""
    return counts.sum().cast("decimal(38, 0)").cast("int64")


def scaled(amount: DecimalValue, ratio: DecimalValue) -> DecimalValue:
    """amount (yuan to the cent) × ratio (six decimals), yuan."""
    far = ibis.literal(_FAR).cast("decimal(38, 2)")
    near = ibis.ifelse(amount > far, far, amount).cast("decimal(28, 6)")
    return (near * ratio.cast("decimal(8, 6)")).cast("decimal(38, 12)")
