"""What the operations log says, for `by_polars`: bid timeline, edits, pauses; all small."""

from __future__ import annotations

import polars as pl

c = pl.col


def fen(yuan: pl.Expr) -> pl.Expr:
    return yuan.cast(pl.Decimal(18, 2)).to_physical().cast(pl.Int64)


def bid_spans(judged: pl.DataFrame, operations: pl.DataFrame) -> pl.DataFrame:
    """The bid timeline: `since` … `until` one `bid` (fen)."""
    order = ["create_time", "log_id", "old_value", "new_value"]
    text = c("old_value", "new_value").fill_null("")
    creates = operations.filter((c.operation == "create") & c.new_value.is_not_null())
    created = (
        creates.sort("ad_id", *order)
        .group_by("ad_id", maintain_order=True)
        .agg(created=fen(c.new_value).first(), is_twice=c.new_value.n_unique() > 1)
    )
    bids = operations.filter(c.operation == "bid").with_columns(
        old=fen(c.old_value), bid=fen(c.new_value)
    )
    bids = (
        bids.with_columns(text)
        .sort("ad_id", *order)
        .with_columns(
            before=c.bid.shift().over("ad_id"),
            until=c.create_time.shift(-1).over("ad_id"),
            is_first=c.ad_id.is_first_distinct(),
        )
    )
    first = bids.filter("is_first").select("ad_id", "old", until="create_time")
    opening = judged.join(created, "ad_id", how="left").join(first, "ad_id", how="left")
    stated = pl.when(c.until.is_null()).then(c.cpa_fen)
    opening = opening.select(
        "ad_id",
        bid=pl.coalesce("created", "old", stated),
        since=pl.lit(None, pl.Datetime("us")),
        until="until",
        is_conflict=c.is_twice.fill_null(False),
        is_lowered=pl.lit(False),
    )
    steps = bids.join(opening.select("ad_id", initial="bid"), "ad_id").with_columns(
        before=pl.when("is_first").then("initial").otherwise("before")
    )
    steps = steps.select(
        "ad_id",
        "bid",
        since="create_time",
        until="until",
        is_conflict=(c.old != c.before).fill_null(False),
        is_lowered=c.is_inside & (c.bid < c.before).fill_null(False),
    )
    return pl.concat([opening, steps])


def edit_counts(operations: pl.DataFrame) -> pl.DataFrame:
    edits = operations.filter(c.operation.is_in(["bid", "targeting"]) & c.is_inside)
    saves = edits.group_by("ad_id", "operation", "log_id").agg(day=c.create_time.min().dt.date())
    daily = saves.group_by("ad_id", "operation", "day").len()
    return daily.group_by("ad_id").agg(
        bid_edits=c.len.filter(c.operation == "bid").max(),
        targeting_edits=c.len.filter(c.operation == "targeting").max(),
    )


def left_paused(operations: pl.DataFrame) -> pl.DataFrame:
    """The first pause after the last enable, of managed plans that were left paused."""
    switches = operations.filter(
        (c.scene == "managed")
        & c.operation.is_in(["pause", "enable"])
        & (c.create_time < c.window_end)
    )
    enabled = c.create_time.filter(c.operation == "enable").max().over("ad_id")
    left = (c.operation == "pause") & (enabled.is_null() | (c.create_time > enabled))
    return switches.filter(left).group_by("ad_id").agg(paused_at=c.create_time.min())
