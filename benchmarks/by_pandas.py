"""Window, facts, checks and amount of every plan, by hand in pandas.

`python -m benchmarks.by_pandas EXPORTS AS_OF OUT.parquet`: clean exports, default readings. Files
are read and aggregated one by one, once each. Money is whole: costs in units of 0.00001 yuan, bids
in fen.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from benchmarks.exports import COLUMNS, arguments, files
from benchmarks.pandas_checks import checks, decisions
from benchmarks.pandas_operations import bid_spans, edit_counts, left_paused

_TYPES = {
    "int64": pa.int64(),
    "str": pa.string(),
    "ts": pa.timestamp("us"),
    "yuan": pa.decimal128(19, 5),
    "bool": pa.bool_(),
}
_UNITS = pa.scalar(100_000, pa.decimal128(6, 0))
_IN_FORCE_FROM = pd.Timestamp("2022-01-27")


def _frames(exports: Path, table: str) -> Iterator[pd.DataFrame]:
    """A frame per file, with money as whole units. Columns without nulls come as plain ints."""
    kinds = COLUMNS[table]
    types = {name: _TYPES[kind] for name, kind in kinds.items()}
    for path in files(exports, table):
        if path.endswith(".parquet"):
            read = pq.read_table(path, columns=list(kinds))
        else:
            options = pa_csv.ConvertOptions(
                column_types=types, include_columns=list(kinds), strings_can_be_null=True
            )
            read = pa_csv.read_csv(path, convert_options=options)
        for position, (name, kind) in enumerate(kinds.items()):
            if kind == "yuan":
                units = pc.cast(pc.multiply(read[name], _UNITS), pa.int64())
                read = read.set_column(position, name, units)
        nullable = {pa.int64(): pd.Int64Dtype()} if table == "plans" else {}
        yield read.to_pandas(types_mapper=nullable.get)


def _one(exports: Path, table: str) -> pd.DataFrame:
    return pd.concat(_frames(exports, table), ignore_index=True)


def _days(exports: Path, as_of: pd.Timestamp, kept: pd.Index) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Plan × day, and the hours of the plans in `kept`. Rows before first delivery cost nothing,
    so whole days add up to the window. One key is quicker than two: ids of 16 digits leave room
    for ten bits of days."""
    parts, hours = [], []
    last = np.datetime64(as_of, "D")
    for rows in _frames(exports, "delivery"):
        is_delivered = (rows.show_cnt > 0) | (rows.click_cnt > 0) | (rows.stat_cost > 0)
        rows = rows.loc[
            is_delivered & (rows.stat_datetime < as_of), ["ad_id", "stat_datetime", "stat_cost"]
        ]
        back = (last - rows.stat_datetime.to_numpy().astype("M8[D]")).astype(np.int64)
        grouped = rows.groupby(rows.ad_id.to_numpy() * 1024 + back, sort=False)
        parts.append(grouped.agg(first_at=("stat_datetime", "min"), cost=("stat_cost", "sum")))
        hours.append(rows[rows.ad_id.isin(kept)])
    together = pd.concat(parts).groupby(level=0, sort=False)
    days = together.agg(first_at=("first_at", "min"), cost=("cost", "sum"))
    return days.assign(ad_id=days.index // 1024), pd.concat(hours)


def _cycles(exports: Path, days: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    plans = _one(exports, "plans").astype({"ad_id": "int64"}).set_index("ad_id")
    plans["is_known"] = True
    given = _one(exports, "first_deliveries")
    given = given[given.first_delivery_at < as_of].groupby("ad_id").first_delivery_at.min()
    logged = days.groupby("ad_id", sort=False).first_at.min()
    every = plans.join(logged.rename("logged_at"), how="outer").join(given.rename("given_at"))
    every["is_known"] = every.is_known.notna()
    every["is_contradicted"] = every.logged_at < every.given_at
    every["window_start"] = every[["logged_at", "given_at"]].min(axis=1)
    every["day0"] = every.window_start.dt.normalize()
    every["window_end"] = every.day0 + pd.Timedelta(days=4)
    every["cycle_end"] = every.day0 + pd.Timedelta(days=5)
    every["horizon"] = every.cycle_end.clip(upper=as_of)
    every["cpa_fen"] = every.cpa_bid // 1000
    scenes = [
        every.lab_ad_type == "LAB_AD",
        every.marketing_scene == "FEED",
        every.marketing_scene == "SEARCH",
    ]
    scenes = [scene.fillna(False).to_numpy(dtype=bool) for scene in scenes]
    every["scene"] = np.select(scenes, ["managed", "feed", "search"], "")
    every["is_judged"] = (
        every.is_known
        & (every.scene != "")
        & (every.smart_bid_type == "SMART_BID_CUSTOM").fillna(False).astype(bool)
        & every.roi_goal.isna()
        & (every.window_start >= _IN_FORCE_FROM)
    )
    return every


def _won(conversions: pd.DataFrame, spans: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """Plan → how many conversions were won in the window, and at which bids together."""
    window = judged[["window_start", "window_end", "horizon", "paused_at"]]
    spans = spans.join(window, on="ad_id")
    spans["since"] = spans[["since", "window_start"]].max(axis=1)
    spans["until"] = spans[["until", "window_end"]].min(axis=1)
    spans["is_unpriced"] = spans.bid.isna()
    spans["bid"] = spans.bid.fillna(0).astype("int64")
    columns = ["ad_id", "bid", "is_unpriced", "since", "until", "horizon", "paused_at"]
    rows = conversions[conversions.valid].merge(spans[columns], on="ad_id")
    rows = rows[
        (rows.billed_at >= rows.since)
        & (rows.billed_at < rows.until)
        & (rows.received_at < rows.horizon)
    ]
    before = rows[(rows.billed_at < rows.paused_at) & (rows.converted_at < rows.paused_at)]
    won = rows.groupby("ad_id", sort=False).agg(
        conversions=("bid", "size"), target=("bid", "sum"), unpriced=("is_unpriced", "sum")
    )
    before = before.groupby("ad_id").agg(
        conversions_before=("bid", "size"), target_before=("bid", "sum")
    )
    return pd.concat([won, before.reindex(won.index, fill_value=0)], axis=1)


def main() -> None:
    exports, day, out = arguments("by_pandas")
    as_of = pd.Timestamp(day)
    operations = _one(exports, "operations")
    kept = pd.Index(operations.loc[operations.operation == "pause", "ad_id"].unique())
    days, hours = _days(exports, as_of, kept)
    cycles = _cycles(exports, days, as_of)
    judged = cycles[cycles.is_judged].copy()
    known = operations.merge(judged.reset_index(), on="ad_id")
    known = known[known.create_time < known.horizon].copy()
    known["is_inside"] = (known.create_time >= known.window_start) & (
        known.create_time < known.window_end
    )
    judged["paused_at"] = left_paused(known).reindex(judged.index)
    spans = bid_spans(judged, known)
    inside = days.merge(judged[["day0", "window_end"]].reset_index(), on="ad_id")
    inside = inside[(inside.first_at >= inside.day0) & (inside.first_at < inside.window_end)]
    hours = hours.merge(judged.reset_index(), on="ad_id")
    until = hours[["paused_at", "window_end", "horizon"]].min(axis=1)
    is_before = hours.paused_at.notna() & (hours.stat_datetime < until)
    before = hours[is_before & (hours.stat_datetime >= hours.window_start)]
    verdicts = _one(exports, "verdicts")
    latest = verdicts[verdicts.decided_at < as_of].sort_values("decided_at").groupby("ad_id").last()
    facts = {
        "cost": inside.groupby("ad_id", sort=False).cost.sum(),
        "cost_before": before.groupby("ad_id").stat_cost.sum(),
        **dict(_won(_one(exports, "conversions"), spans, judged).items()),
        **dict(edit_counts(known).items()),
    }
    for name, column in facts.items():
        judged[name] = column.reindex(judged.index, fill_value=0)
    opening = spans[spans.since.isna()].set_index("ad_id")
    judged["first_bid"] = opening.bid.reindex(judged.index)
    judged["is_conflict"] = spans.groupby("ad_id").is_conflict.any()
    judged["is_lowered"] = spans.groupby("ad_id").is_lowered.any()
    judged["is_cheating"] = judged.index.isin(latest.index[latest.verdict == "cheating"])
    pq.write_table(decisions(cycles, checks(judged, as_of)), out)


if __name__ == "__main__":
    main()
