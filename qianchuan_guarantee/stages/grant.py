"""三(一): amount = total actual cost − Σ(bid × conversions won at that bid)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qianchuan_guarantee.expressions import ibis

if TYPE_CHECKING:
    from ibis.expr.types import Table


def grant(plans: Table) -> Table:
    """Plan → plan with `excess` (cost − target cost, yuan) and `payable` (the excess rounded
    once to the rulebook's unit; 0 where there is none; null where it is not known).

    Rounding takes the remainder away: no cast rounds, and no division leaves the decimals.
    """
    excess = plans.cost - plans.target_cost.cast("decimal(38, 5)")
    none = ibis.literal(0, type="decimal(30, 5)")
    positive = ibis.ifelse(excess > none, excess, none).cast("decimal(30, 5)")
    unit = plans.unit_yuan
    half = (unit * ibis.literal("0.5", type="decimal(2, 1)")).cast("decimal(6, 3)")
    raised = ibis.ifelse(
        plans["rounding"] == "half_up",
        (positive + half).cast("decimal(31, 5)"),
        positive.cast("decimal(31, 5)"),
    )
    payable = (raised - raised % unit.cast("decimal(8, 5)")).cast("decimal(18, 2)")
    return plans.mutate(excess=excess, payable=ibis.ifelse(excess.isnull(), None, payable))
