"""Checks, outcome and amount, for `by_polars`: from a plan's facts; a row per plan."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import polars as pl
import polars.selectors as cs

c = pl.col


def _yuan(whole: pl.Expr, digits: int) -> pl.Expr:
    unit = pl.lit(Decimal(1).scaleb(-digits), pl.Decimal(digits + 1, digits))
    return (whole.cast(pl.Decimal(30, 0)) * unit).cast(pl.Decimal(30, digits))


def checks(facts: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    zero = ["cost", "cost_before", "conversions", "conversions_before", "target", "target_before"]
    zero += ["bid_edits", "targeting_edits"]
    facts = facts.with_columns(c(zero).fill_null(0), c.is_unpriced.fill_null(False))
    managed = c.scene == "managed"
    prompted = ((499_999 + c.first_bid) // c.first_bid).clip(10, 15)
    required = pl.when(managed).then(prompted + 1).when(c.scene == "feed").then(6).otherwise(2)
    facts = facts.with_columns(required=required, excess=(c.cost - c.target * 1000 + 500) // 1000)
    met_before = (c.conversions_before >= c.required) & (
        c.cost_before * 5 >= c.target_before * 6000
    )
    meets = facts.with_columns(
        meets_overcost=pl.when(~c.is_unpriced).then(c.cost * 5 >= c.target * 6000),
        meets_conversions=c.conversions >= c.required,
        meets_bid_edits=pl.when(~managed).then(c.bid_edits <= 2),
        meets_targeting_edits=c.targeting_edits <= 2,
        meets_bid_not_lowered=pl.when(managed).then(~c.is_lowered),
        meets_pause=pl.when(managed).then(c.paused_at.is_null() | met_before),
    )
    is_held = c.is_conflict | c.is_contradicted | c.is_unpriced | c.required.is_null()
    is_kept = pl.all_horizontal(
        c("meets_bid_edits", "meets_targeting_edits", "meets_bid_not_lowered").fill_null(True)
    )
    is_due = (
        (c.conversions > 0)
        & (c.cost > 0)
        & (c.excess >= 1)
        & pl.all_horizontal(c("meets_pause", "meets_conversions", "meets_overcost").fill_null(True))
    )
    outcome = (
        pl.when(c.cycle_end > as_of)
        .then(pl.lit("open"))
        .when(is_held)
        .then(pl.lit("held"))
        .when(c.is_cheating | ~is_kept)
        .then(pl.lit("invalid"))
        .when(is_due)
        .then(pl.lit("granted"))
        .otherwise(pl.lit("ended"))
    )
    return meets.with_columns(outcome=outcome)


def decisions(cycles: pl.DataFrame, checked: pl.DataFrame) -> pl.DataFrame:
    judged = checked.select(
        "ad_id",
        "conversions",
        "required",
        cs.starts_with("meets_"),
        scenario="scene",
        cost=_yuan(c.cost, 5),
        target_cost=_yuan(pl.when(~c.is_unpriced).then("target"), 2),
        outcome="outcome",
        amount=_yuan(pl.when(c.outcome == "granted").then("excess").otherwise(0), 2),
    )
    window = pl.when("is_known").then(c("window_start", "window_end")).name.keep()
    plans = cycles.select("ad_id", "is_known", window)
    unasked = pl.when("is_known").then(pl.lit("not_covered")).otherwise(pl.lit("held"))
    return (
        plans.join(judged, "ad_id", how="left")
        .with_columns(outcome=c.outcome.fill_null(unasked), amount=c.amount.fill_null(0))
        .drop("is_known")
        .sort("ad_id")
    )
