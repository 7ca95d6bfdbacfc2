"""Two answers of the same rule compared plan by plan: what is another, by how much money, and
what made it so: the logs, the rulebook, a reading, a release, time, or the code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee import because
from qianchuan_guarantee.audit.leaves import decision_texts
from qianchuan_guarantee.rulebook import REGISTER

if TYPE_CHECKING:
    import pyarrow as pa

# left: an earlier run decided it, and the logs of the later one no longer reach back to it.
CAUSES = ("logs", "rulebook", "reading", "release", "time", "code", "left", "unknown")
# What the logs say of a plan whatever the rule.
_LOGGED = (
    *("advertiser_id", "lab_ad_type", "marketing_scene", "smart_bid_type", "roi_goal"),
    *("ad_create_time", "logged_at", "given_at", "tentative_at", "initial_bid"),
    *("is_plan_row_refused", "is_plan_row_conflict", "is_incomplete", "is_quarantined"),
    *("is_row_conflict", "is_delivery_conflict", "cheating_source"),
)
# What comes of the logs by the rule's window, clocks and limits.
_FOUND = (
    *("cost", "conversions", "target_cost", "late_conversions", "bid_at_end", "uncounted"),
    *("max_daily_bid_edits", "max_daily_targeting_edits", "left_paused_at"),
)
# Numbers of the rulebook.
_RULE = (
    *("rulebook", "window_days", "cycle_days", "unit_yuan", "overcost_ratio"),
    *("conversions_at_least", "bid_edits_at_most", "targeting_edits_at_most"),
    *("edits_together_at_most", "asks_lowering", "asks_pause"),
)


@dataclass(frozen=True)
class Side:
    """One of the two answers: `decisions` and `facts` (a row per plan), and its manifest."""

    decisions: pa.Table
    facts: pa.Table
    manifest: Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """A plan whose decision is another. `columns`: name → before, after; a plan that one side does
    not have is None there. `because`: what of which question changed."""

    ad_id: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    columns: dict[str, tuple[Any, Any]]
    causes: list[str]
    because: list[because.Cause] = field(default_factory=list)

    @property
    def moved(self) -> Decimal:
        """How much more, in yuan, is granted after than before."""
        return _amount(self.after) - _amount(self.before)


def _amount(row: Mapping[str, Any] | None) -> Decimal:
    return Decimal(0) if row is None else row["amount"]


def compare(before: Side, after: Side) -> list[Difference]:
    """Every plan whose decision is not the same in every column, in the order of `ad_id`."""
    texts = [
        dict(zip(s.decisions["ad_id"].to_pylist(), decision_texts(s.decisions), strict=True))
        for s in (before, after)
    ]
    plans = sorted(
        plan
        for plan in texts[0].keys() | texts[1].keys()
        if texts[0].get(plan) != texts[1].get(plan)
    )
    decisions = [_rows(side.decisions, plans) for side in (before, after)]
    facts = [_rows(side.facts, plans) for side in (before, after)]
    return [
        _difference(
            plan,
            (decisions[0].get(plan), decisions[1].get(plan)),
            (facts[0].get(plan), facts[1].get(plan)),
            (before.manifest, after.manifest),
        )
        for plan in plans
    ]


def _rows(table: pa.Table, plans: Sequence[int]) -> dict[int, dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    some = table.filter(pc.is_in(table["ad_id"], value_set=pa.array(plans, pa.int64())))
    return {row["ad_id"]: row for row in some.to_pylist()}


Pair = tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]


def _difference(
    plan: int, decisions: Pair, facts: Pair, manifests: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> Difference:
    before, after = decisions
    if before is None or after is None:
        is_later = manifests[0]["as_of"] != manifests[1]["as_of"]
        other = "logs" if _inputs_differ(*manifests) else "unknown"
        causes = ["left" if after is None else "time" if is_later else other]
        return Difference(plan, before, after, {}, causes)
    columns = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    rows = [dict.fromkeys(because.COLUMNS) | dict(row or {}) for row in facts]
    causes = _causes(rows, manifests)
    why = because.causes(rows[0], rows[1])
    if "time" in causes:  # its cycle did not move: it came to its end
        why = [each for each in why if each.what != "cycle"]
    return Difference(plan, before, after, columns, causes, why)


def _causes(
    rows: Sequence[Mapping[str, Any]], manifests: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> list[str]:
    def differ(names: Sequence[str]) -> bool:
        return any(rows[0].get(name) != rows[1].get(name) for name in names)

    found = set()
    if differ(_RULE) or _digest(rows[0], manifests[0]) != _digest(rows[1], manifests[1]):
        found.add("rulebook")
    if differ(tuple(REGISTER)):
        found.add("reading")
    if differ(("is_released",)):
        found.add("release")
    if differ(("is_settled", "horizon")) and manifests[0]["as_of"] != manifests[1]["as_of"]:
        found.add("time")
    if differ(_LOGGED) or (differ(_FOUND) and not found & {"rulebook", "reading"}):
        found.add("logs")
    is_other_code = manifests[0]["code"]["sha256"] != manifests[1]["code"]["sha256"]
    if "logs" in found and not _inputs_differ(*manifests):
        # The same files say something else: it was read by other code.
        found.discard("logs")
        found.add("code" if is_other_code else "unknown")
    if not found:
        found.add("code" if is_other_code else "unknown")
    return [cause for cause in CAUSES if cause in found]


def _digest(row: Mapping[str, Any], manifest: Mapping[str, Any]) -> str | None:
    books = {book["id"]: book["digest"] for book in manifest["rulebooks"]}
    return books.get(row.get("rulebook") or "")


def _inputs_differ(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    changed = input_changes(before["inputs"], after["inputs"])
    # On another morning other partitions of the same files are known.
    return any(changed.values()) or before["as_of"] != after["as_of"]


def input_changes(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> dict[str, list[str]]:
    """Files that are `changed`, `gone` or `new`."""
    was = {each["file"]: each["sha256"] for each in before}
    is_ = {each["file"]: each["sha256"] for each in after}
    return {
        "changed": sorted(file for file in was.keys() & is_.keys() if was[file] != is_[file]),
        "gone": sorted(was.keys() - is_.keys()),
        "new": sorted(is_.keys() - was.keys()),
    }
