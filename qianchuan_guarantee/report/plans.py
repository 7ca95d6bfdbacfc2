"""The plans of a night, counted and picked from its decisions; two million of them are no burden:
only what is shown leaves the columns."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.errors import InvariantError, UserError
from qianchuan_guarantee.ledger.files import table_of
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.vocabulary import OUTCOMES, REASONS, reasons_of

if TYPE_CHECKING:
    import pyarrow as pa

_GRANT = ("ad_id", "advertiser_id", "scenario", "cost", "target_cost", "conversions", "amount")
_READ = (*_GRANT, "outcome", "reasons")
_ROW = ("ad_id", "file", "row_number", "column", "reason", "raw")
GRANTS = 20
HELD = 25  # plans shown of each reason
ROWS = 3  # refused rows shown of each plan
LONGEST = 80  # characters shown of a refused cell
SIZES = (10, 100, 1_000, 10_000)  # yuan: where one size of grant ends and the next begins


@dataclass(frozen=True)
class ReasonLine:
    """Plans of one outcome with one reason (none: empty). as_first: those whose primary reason it
    is; they add up to the plans of the outcome."""

    outcome: str
    code: str
    as_first: int
    at_all: int


@dataclass(frozen=True)
class HeldPlan:
    """rows: some of its refused rows: `file`, `row_number`, `column`, `reason`, `value`."""

    ad_id: int
    advertiser_id: int | None
    codes: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    row_count: int


@dataclass(frozen=True)
class Plans:
    """sizes: (from, to) yuan → number and sum of the grants that are at least the one and less
    than the other; `held_ahead`: plans whose cycle still runs and that will be held as it ends."""

    by_outcome: Mapping[str, int]
    reasons: Sequence[ReasonLine]
    amount: Decimal
    grants: Sequence[Mapping[str, Any]]
    sizes: Mapping[tuple[int, int | None], tuple[int, Decimal]]
    held: Sequence[HeldPlan]
    held_ahead: int
    ids: pa.ChunkedArray

    @property
    def count(self) -> int:
        return sum(self.by_outcome.values())

    def not_among(self, plans: set[int]) -> int:
        """How many of these plans the night did not decide."""
        import pyarrow as pa
        import pyarrow.compute as pc

        asked = pa.array(sorted(plans), pa.int64())
        return len(plans) - int(pc.sum(pc.is_in(asked, self.ids)).as_py() or 0)


def read_plans(store: Store, run_id: str, document: Mapping[str, Any]) -> Plans:
    """What the night decided; an InvariantError where `document`, which it printed, differs."""
    table = _table(store, run_id, "decisions.parquet", _READ)
    counted, ahead = _counted(table)
    by_outcome: Counter[str] = Counter()
    for line in counted:
        by_outcome[line.outcome] += line.as_first
    plans = Plans(
        by_outcome={code: by_outcome[code] for code in OUTCOMES},
        reasons=counted,
        amount=_sum(table["amount"]),
        grants=_largest(table),
        sizes=_sizes(table),
        held=_held(table, _table(store, run_id, "quarantine.parquet", _ROW)),
        held_ahead=ahead,
        ids=table["ad_id"],
    )
    _assert_adds_up(run_id, plans, document)
    return plans


def _table(store: Store, run_id: str, name: str, columns: Sequence[str]) -> pa.Table:
    content = store.read(run_id, name)
    if content is None:
        raise UserError(f"{store}: {name} of the night {run_id} is not there any more")
    return table_of(content, columns)


def _sum(amounts: pa.ChunkedArray) -> Decimal:
    import pyarrow.compute as pc

    return Decimal(pc.sum(amounts).as_py() or "0.00")


def _counted(table: pa.Table) -> tuple[list[ReasonLine], int]:
    """Plans by outcome and reason, and how many will be held that are open."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # Few combinations of reasons exist, however many plans there are.
    together = pa.table(
        {"outcome": table["outcome"], "codes": pc.binary_join(table["reasons"], ",")}
    )
    grouped = together.group_by(["outcome", "codes"]).aggregate([([], "count_all")])
    first: Counter[tuple[str, str]] = Counter()
    every: Counter[tuple[str, str]] = Counter()
    ahead = 0
    for row in grouped.to_pylist():
        codes, plans = row["codes"].split(","), row["count_all"]
        first[row["outcome"], codes[0]] += plans
        for code in codes:
            every[row["outcome"], code] += plans
        if row["outcome"] == "open" and not set(codes).isdisjoint(reasons_of("held")):
            ahead += plans
    lines = [
        ReasonLine(outcome, code, first[outcome, code], every[outcome, code])
        for outcome in OUTCOMES
        for code in ("", *REASONS)
        if every[outcome, code]
    ]
    return lines, ahead


def _largest(table: pa.Table) -> list[dict[str, Any]]:
    import pyarrow.compute as pc

    granted = table.filter(pc.equal(table["outcome"], "granted"))
    granted = granted.select(_GRANT)
    order = [("amount", "descending"), ("ad_id", "ascending")]
    largest: list[dict[str, Any]] = granted.sort_by(order).slice(0, GRANTS).to_pylist()
    return largest


def _sizes(table: pa.Table) -> dict[tuple[int, int | None], tuple[int, Decimal]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    amounts = table["amount"].filter(pc.equal(table["outcome"], "granted"))
    found: dict[tuple[int, int | None], tuple[int, Decimal]] = {}
    for low, high in zip((0, *SIZES), (*SIZES, None), strict=True):
        some = amounts.filter(pc.greater_equal(amounts, pa.scalar(Decimal(low), amounts.type)))
        if high is not None:
            some = some.filter(pc.less(some, pa.scalar(Decimal(high), amounts.type)))
        found[low, high] = (len(some), _sum(some))
    return found


def _held(table: pa.Table, quarantine: pa.Table) -> list[HeldPlan]:
    """Held plans by primary reason, as reasons are reported, and then by id."""
    import pyarrow as pa
    import pyarrow.compute as pc

    held = table.select(["ad_id", "advertiser_id", "reasons"])
    held = held.filter(pc.equal(table["outcome"], "held")).sort_by("ad_id")
    shown: dict[str, list[dict[str, Any]]] = {code: [] for code in reasons_of("held")}
    for batch in held.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            same = shown[row["reasons"][0]]
            if len(same) < HELD:
                same.append(row)
        if all(len(same) >= HELD for same in shown.values()):
            break
    plans = [row for same in shown.values() for row in same]
    ids = pa.array([row["ad_id"] for row in plans], pa.int64())
    refused: dict[int, list[dict[str, Any]]] = {}
    for row in quarantine.filter(pc.is_in(quarantine["ad_id"], ids)).to_pylist():
        refused.setdefault(row["ad_id"], []).append(row)
    return [_held_plan(row, refused.get(row["ad_id"], [])) for row in plans]


def _held_plan(row: Mapping[str, Any], refused: Sequence[Mapping[str, Any]]) -> HeldPlan:
    codes = [code for code in row["reasons"] if REASONS[code].kind == "held"]
    rows = [{**each, "value": _value(each)} for each in refused[:ROWS]]
    return HeldPlan(row["ad_id"], row["advertiser_id"], codes, rows, len(refused))


def _value(refused: Mapping[str, Any]) -> str | None:
    """The cell that was refused; None where it is empty, or not one cell."""
    raw = json.loads(refused["raw"])
    column = refused["column"] or ""
    if refused["reason"] == "conflict" or not isinstance(raw, dict) or raw.get(column) is None:
        return None
    value = str(raw[column])
    return value if len(value) <= LONGEST else f"{value[:LONGEST]}…"


def _assert_adds_up(run_id: str, plans: Plans, document: Mapping[str, Any]) -> None:
    """Plans, reasons and amounts are those that the night printed."""
    reasons: Counter[str] = Counter()
    for line in plans.reasons:
        if line.code:
            reasons[line.code] += line.at_all
    sizes = sum((amount for _, amount in plans.sizes.values()), Decimal("0.00"))
    found = {"plans": dict(plans.by_outcome), "reasons": dict(reasons), "amount": str(plans.amount)}
    for name, value in found.items():
        if value != document[name]:
            raise InvariantError(f"{run_id}: {name} {document[name]}, its decisions say {value}")
    if sizes != plans.amount or len(plans.ids) != plans.count:
        raise InvariantError(f"{run_id}: grants by size come to {sizes}, not {plans.amount}")
