"""What the operations log says, for `by_pandas`: bid timeline, edits, pauses; all small."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_FEN = pa.scalar(100, pa.decimal128(3, 0))


def _fen(yuan: pd.Series) -> pd.Series:
    """Bids as text, yuan → whole fen, null where none is stated."""
    exact = pc.cast(pa.array(yuan, pa.string()), pa.decimal128(18, 2))
    fen = pc.cast(pc.multiply(exact, _FEN), pa.int64())
    return pd.Series(
        fen.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get).to_numpy(),
        yuan.index,
        "Int64",
    )


def bid_spans(judged: pd.DataFrame, operations: pd.DataFrame) -> pd.DataFrame:
    """The bid timeline: `since` … `until` one `bid` (fen); nothing before the first `since`."""
    order = ["ad_id", "create_time", "log_id", "old_value", "new_value"]
    rows = operations[operations.operation.isin(["create", "bid"])].copy()
    rows[["old_value", "new_value"]] = rows[["old_value", "new_value"]].astype("string")
    rows["old"], rows["bid"] = _fen(rows.old_value), _fen(rows.new_value)
    rows = rows.fillna({"old_value": "", "new_value": ""}).sort_values(order)
    created = rows[(rows.operation == "create") & rows.bid.notna()].groupby("ad_id").bid
    steps = rows[rows.operation == "bid"].copy()
    of_plan = steps.groupby("ad_id")
    steps["before"] = of_plan.bid.shift()
    steps["until"] = of_plan.create_time.shift(-1)
    steps["since"] = steps.create_time
    is_first = ~steps.duplicated("ad_id")
    first = steps[is_first].set_index("ad_id")
    initial = created.first().reindex(judged.index)
    initial = initial.fillna(first.old.reindex(judged.index))
    initial = initial.fillna(judged.cpa_fen.where(~judged.index.isin(first.index)))
    opening = pd.DataFrame(
        {
            "ad_id": judged.index,
            "bid": initial.to_numpy(),
            "since": pd.NaT,
            "until": first.since.reindex(judged.index).to_numpy(),
            "is_conflict": (created.nunique().reindex(judged.index, fill_value=0) > 1).to_numpy(),
            "is_lowered": False,
        }
    ).astype({"bid": "Int64", "since": "datetime64[us]"})
    steps["before"] = steps.before.where(~is_first, steps.ad_id.map(initial))
    steps["is_conflict"] = (steps.old != steps.before).fillna(False).astype(bool)
    steps["is_lowered"] = steps.is_inside & (steps.bid < steps.before).fillna(False).astype(bool)
    return pd.concat([opening, steps[opening.columns]], ignore_index=True)


def edit_counts(operations: pd.DataFrame) -> pd.DataFrame:
    """Plan → the most saves on one day of the window, of each kind."""
    is_edit = operations.operation.isin(["bid", "targeting"]) & operations.is_inside
    saves = operations[is_edit].groupby(["ad_id", "operation", "log_id"]).create_time.min()
    saves = saves.dt.normalize().rename("day").reset_index()
    daily = saves.groupby(["ad_id", "operation", "day"]).size()
    most = daily.groupby(["ad_id", "operation"]).max().unstack(fill_value=0)
    most = most.reindex(columns=["bid", "targeting"], fill_value=0)
    return most.rename(columns={"bid": "bid_edits", "targeting": "targeting_edits"})


def left_paused(operations: pd.DataFrame) -> pd.Series:
    """Managed plan that was left paused → the first pause after the last enable."""
    switches = operations[
        (operations.scene == "managed")
        & operations.operation.isin(["pause", "enable"])
        & (operations.create_time < operations.window_end)
    ]
    enables = switches[switches.operation == "enable"].groupby("ad_id").create_time.max()
    switches = switches.join(enables.rename("enabled"), on="ad_id")
    never = switches.enabled.isna()
    left = (switches.operation == "pause") & (never | (switches.create_time > switches.enabled))
    return switches[left].groupby("ad_id").create_time.min()
