"""Checks, outcome and amount, for `by_pandas`: from a plan's facts; a row per plan."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_MEETS = ("overcost", "conversions", "bid_edits", "targeting_edits", "bid_not_lowered", "pause")


def _where(asked: pd.Series, met: pd.Series) -> pd.Series:
    return met.astype("boolean").where(asked)


def checks(facts: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    managed = facts.scene == "managed"
    prompted = ((499_999 + facts.first_bid) // facts.first_bid).clip(10, 15) + 1
    others = pd.Series(np.where(facts.scene == "feed", 6, 2), facts.index, "Int64")
    required = prompted.where(managed, others)
    is_unpriced = facts.unpriced > 0
    excess = (facts.cost - facts.target * 1000 + 500) // 1000
    met_before = (facts.conversions_before >= required).fillna(False).astype(bool) & (
        facts.cost_before * 5 >= facts.target_before * 6000
    )
    meets = facts.assign(
        required=required,
        excess=excess,
        is_unpriced=is_unpriced,
        meets_overcost=_where(~is_unpriced, facts.cost * 5 >= facts.target * 6000),
        meets_conversions=facts.conversions >= required,
        meets_bid_edits=_where(~managed, facts.bid_edits <= 2),
        meets_targeting_edits=facts.targeting_edits <= 2,
        meets_bid_not_lowered=_where(managed, ~facts.is_lowered),
        meets_pause=_where(managed, facts.paused_at.isna() | met_before),
    )

    def met(*names: str) -> pd.Series:
        return pd.concat([meets[f"meets_{name}"].fillna(True) for name in names], axis=1).all(
            axis=1
        )

    is_held = facts.is_conflict | facts.is_contradicted | is_unpriced | required.isna()
    is_kept = met("bid_edits", "targeting_edits", "bid_not_lowered") & ~facts.is_cheating
    is_due = met("pause", "conversions", "overcost") & (facts.conversions > 0) & (facts.cost > 0)
    cases = [facts.cycle_end > as_of, is_held, ~is_kept, is_due & (excess >= 1)]
    cases = [case.to_numpy(dtype=bool) for case in cases]
    meets["outcome"] = np.select(cases, ["open", "held", "invalid", "granted"], "ended")
    return meets


def _yuan(whole: pd.Series, digits: int) -> pa.Array:
    unit = pa.scalar(Decimal(1).scaleb(-digits), pa.decimal128(digits + 1, digits))
    exact = pc.multiply(pc.cast(pa.array(whole, pa.int64()), pa.decimal128(19, 0)), unit)
    return pc.cast(exact, pa.decimal128(38, digits))


def decisions(cycles: pd.DataFrame, checked: pd.DataFrame) -> pa.Table:
    """A row per plan, sorted by `ad_id`; facts are null where the plan is not covered."""
    whole = ["cost", "target", "conversions", "required", "excess"]
    every = checked.astype(dict.fromkeys(whole, "Int64")).reindex(cycles.index)
    unasked = np.where(cycles.is_known, "not_covered", "held")
    outcome = every.outcome.where(every.outcome.notna(), unasked)
    ts = pa.timestamp("us")
    columns = {
        "ad_id": pa.array(cycles.index, pa.int64()),
        "scenario": pa.array(every.scene, pa.string()),
        "window_start": pa.array(cycles.window_start.where(cycles.is_known), ts),
        "window_end": pa.array(cycles.window_end.where(cycles.is_known), ts),
        "cost": _yuan(every.cost, 5),
        "conversions": pa.array(every.conversions, pa.int64()),
        "target_cost": _yuan(every.target.where(every.unpriced == 0), 2),
        "required": pa.array(every.required, pa.int64()),
    }
    for name in _MEETS:
        meets = every[f"meets_{name}"].astype("boolean")
        columns[f"meets_{name}"] = pa.array(meets, pa.bool_())
    columns["outcome"] = pa.array(outcome, pa.string())
    columns["amount"] = _yuan(every.excess.where(outcome == "granted", 0), 2)
    return pa.table(columns)
