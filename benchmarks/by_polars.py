"""Window, facts, checks and amount of every plan, by hand in Polars.

`python -m benchmarks.by_polars EXPORTS AS_OF OUT.parquet`: clean exports, default readings. The
logs are scanned lazily by the streaming engine; all else is small. Money is whole: costs in units
of 0.00001 yuan, bids in fen.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl

from benchmarks.exports import COLUMNS, arguments, files
from benchmarks.polars_checks import checks, decisions
from benchmarks.polars_operations import bid_spans, edit_counts, fen, left_paused

c = pl.col
_TYPES = {
    "int64": pl.Int64(),
    "str": pl.String(),
    "ts": pl.String(),
    "yuan": pl.Decimal(19, 5),
    "bool": pl.Boolean(),
}
_IN_FORCE_FROM = datetime(2022, 1, 27)
_SCENE = (
    pl.when(c.lab_ad_type == "LAB_AD")
    .then(pl.lit("managed"))
    .when(c.marketing_scene == "FEED")
    .then(pl.lit("feed"))
    .when(c.marketing_scene == "SEARCH")
    .then(pl.lit("search"))
)


def _scan(exports: Path, table: str) -> pl.LazyFrame:
    paths, columns = files(exports, table), COLUMNS[table]
    if paths[0].endswith(".parquet"):
        return pl.scan_parquet(paths).select(list(columns))
    types = {name: _TYPES[kind] for name, kind in columns.items()}
    read = pl.scan_csv(paths, schema_overrides=types)
    # Times are read as text: a known format is parsed several times as fast as one to be found.
    times = [name for name, kind in columns.items() if kind == "ts"]
    return read.select(list(columns)).with_columns(
        c(name).str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us") for name in times
    )


def _units(yuan: pl.Expr) -> pl.Expr:
    return yuan.cast(pl.Decimal(19, 5)).to_physical().cast(pl.Int64)


def _days(delivery: pl.LazyFrame, as_of: datetime) -> pl.DataFrame:
    """Plan × day. Rows before first delivery cost nothing, so whole days add up to the window.
    One key is quicker than two: ids of 16 digits leave room for ten bits of days."""
    rows = delivery.with_columns(cost=_units(c.stat_cost)).filter(
        (c.stat_datetime < as_of) & ((c.show_cnt > 0) | (c.click_cnt > 0) | (c.cost > 0))
    )
    back = (pl.lit(as_of.date()) - c.stat_datetime.dt.date()).dt.total_days()
    grouped = rows.group_by(key=c.ad_id * 1024 + back).agg(
        first_at=c.stat_datetime.min(), cost=c.cost.sum()
    )
    return (
        grouped.select(c.key // 1024, "first_at", "cost")
        .collect(engine="streaming")
        .rename({"key": "ad_id"})
    )


def _cycles(exports: Path, days: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    logged = days.group_by("ad_id").agg(logged_at=c.first_at.min())
    given = _scan(exports, "first_deliveries").filter(c.first_delivery_at < as_of).collect()
    given = given.group_by("ad_id").agg(given_at=c.first_delivery_at.min())
    plans = _scan(exports, "plans").with_columns(scene=_SCENE, is_known=pl.lit(True)).collect()
    dated = plans.join(logged, "ad_id", how="full", coalesce=True).join(given, "ad_id", how="left")
    dated = dated.with_columns(
        is_known=c.is_known.fill_null(False),
        is_contradicted=(c.logged_at < c.given_at).fill_null(False),
        window_start=pl.min_horizontal("logged_at", "given_at"),
        cpa_fen=fen(c.cpa_bid),
    )
    day0 = c.window_start.dt.truncate("1d")
    cycle_end = day0 + pl.duration(days=5)
    is_covered = c.scene.is_not_null() & (c.smart_bid_type == "SMART_BID_CUSTOM")
    return dated.with_columns(
        day0=day0,
        window_end=day0 + pl.duration(days=4),
        cycle_end=cycle_end,
        horizon=pl.min_horizontal(cycle_end, pl.lit(as_of, pl.Datetime("us"))),
        is_judged=c.is_known
        & (is_covered & c.roi_goal.is_null() & (c.window_start >= _IN_FORCE_FROM)).fill_null(False),
    )


def _costs(
    days: pl.DataFrame, delivery: pl.LazyFrame, judged: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`cost` in the window, and `cost_before` the pause where there is one."""
    inside = days.join(judged.select("ad_id", "day0", "window_end"), "ad_id").filter(
        (c.first_at >= c.day0) & (c.first_at < c.window_end)
    )
    paused = judged.filter(c.paused_at.is_not_null()).select(
        "ad_id", "window_start", before=pl.min_horizontal("paused_at", "window_end", "horizon")
    )
    rows = delivery.select("ad_id", "stat_datetime", "stat_cost").join(paused.lazy(), "ad_id")
    rows = rows.filter((c.stat_datetime >= c.window_start) & (c.stat_datetime < c.before))
    before = rows.group_by("ad_id").agg(cost_before=_units(c.stat_cost).sum())
    cost = inside.group_by("ad_id").agg(cost=c.cost.sum())
    return cost, before.collect(engine="streaming")


def _won(conversions: pl.LazyFrame, spans: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    window = judged.select("ad_id", "window_start", "window_end", "horizon", "paused_at")
    placed = spans.join(window, "ad_id").select(
        "ad_id",
        "bid",
        "horizon",
        "paused_at",
        since=pl.max_horizontal("since", "window_start"),
        until=pl.min_horizontal("until", "window_end"),
    )
    won = (
        conversions.filter("valid")
        .join(placed.lazy(), "ad_id")
        .filter((c.billed_at >= c.since) & (c.billed_at < c.until) & (c.received_at < c.horizon))
    )
    is_before = ((c.billed_at < c.paused_at) & (c.converted_at < c.paused_at)).fill_null(False)
    won = won.select("ad_id", "bid", is_before=is_before)
    grouped = won.group_by("ad_id").agg(
        conversions=pl.len().cast(pl.Int64),
        target=c.bid.sum(),
        is_unpriced=c.bid.null_count() > 0,
        conversions_before=c.is_before.sum().cast(pl.Int64),
        target_before=(c.bid * c.is_before).sum(),
    )
    return grouped.collect(engine="streaming")


def main() -> None:
    exports, day, out = arguments("by_polars")
    as_of = datetime.fromisoformat(day)
    delivery = _scan(exports, "delivery")
    days = _days(delivery, as_of)
    cycles = _cycles(exports, days, as_of)
    judged = cycles.filter("is_judged")
    known = _scan(exports, "operations").collect().join(judged, "ad_id")
    known = known.filter(c.create_time < c.horizon).with_columns(
        is_inside=(c.create_time >= c.window_start) & (c.create_time < c.window_end)
    )
    spans = bid_spans(judged, known)
    bids = spans.group_by("ad_id").agg(
        first_bid=c.bid.filter(c.since.is_null()).first(),
        is_conflict=c.is_conflict.any(),
        is_lowered=c.is_lowered.any(),
    )
    judged = judged.join(left_paused(known), "ad_id", how="left")
    verdicts = _scan(exports, "verdicts").filter(c.decided_at < as_of).collect().sort("decided_at")
    latest = verdicts.unique("ad_id", keep="last").select("ad_id", verdict="verdict")
    facts = judged
    for table in (
        *_costs(days, delivery, judged),
        _won(_scan(exports, "conversions"), spans, judged),
        bids,
        edit_counts(known),
        latest,
    ):
        facts = facts.join(table, "ad_id", how="left")
    facts = facts.with_columns(is_cheating=(c.verdict == "cheating").fill_null(False))
    decisions(cycles, checks(facts, as_of)).write_parquet(out)


if __name__ == "__main__":
    main()
