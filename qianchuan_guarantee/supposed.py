"""One plan's history, edited: rows of its logs as they might have been, to be put through the same
stages. Nothing is decided here.

    plan.operations.LOG_ID.drop=true              an edit, a pause … that was never made
    plan.operations.LOG_ID.create_time=TIME       … made at another time
    plan.operations.LOG_ID.new_value=VALUE        … to another value; LOG_ID/bid where a save has
                                                  rows of several kinds
    plan.operations.add=KIND@TIME                 another one; of a bid, KIND is bid:VALUE
    plan.conversions.CONVERSION_ID.drop=true      also .billed_at .converted_at .received_at
    plan.conversions.add=COUNT@TIME               billed, converted and received at that time

What later bid edits state as their old value follows, and so do the bids of snapshots: a plan is
not to be held because its history was edited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.errors import UsageError
from qianchuan_guarantee.settings import split
from qianchuan_guarantee.tables import EARLIEST, LATEST, OPERATIONS

if TYPE_CHECKING:
    from qianchuan_guarantee.engines import Engine
    from qianchuan_guarantee.exports.read import CheckedTable

Row = dict[str, Any]
PREFIX = "plan."
_IDS = {"operations": "log_id", "conversions": "conversion_id"}
_TIMES = {
    "operations": ("create_time",),
    "conversions": ("billed_at", "converted_at", "received_at"),
}
_FIELDS = {
    "operations": ("drop", "create_time", "old_value", "new_value"),
    "conversions": ("drop", "billed_at", "converted_at", "received_at"),
}
_TOLD = 20  # ids told of where one is not known
_MOST = 100_000  # conversions added at once


@dataclass(frozen=True)
class Edit:
    """One edit as it was asked. `id`: None for `add`."""

    word: str
    table: str
    id: str | None
    field: str
    value: str

    def wrong(self, what: str) -> UsageError:
        return UsageError(f"--set {self.word}: {what}")


def parse(word: str) -> Edit:
    """`plan.TABLE.ID.FIELD=VALUE` or `plan.TABLE.add=VALUE`; a UsageError lists what exists."""
    path, value = split(word)
    table, _, rest = path.removeprefix(PREFIX).partition(".")
    if table not in _IDS:
        raise UsageError(f"--set {word}: no `{table}` in plan; there is {', '.join(_IDS)}")
    if rest == "add":
        return Edit(word, table, None, "add", value)
    key, _, name = rest.rpartition(".")  # an id may have dots in it
    if not key or name not in _FIELDS[table]:
        fields = ", ".join(_FIELDS[table])
        raise UsageError(
            f"--set {word}: expected plan.{table}.add or plan.{table}.{_IDS[table].upper()}.FIELD; "
            f"FIELD is {fields}"
        )
    if name == "drop" and value != "true":
        raise UsageError(f"--set {word}: expected true")
    return Edit(word, table, key, name, value)


def edited(
    checked: Mapping[str, CheckedTable], ad_id: int, edits: Sequence[Edit], engine: Engine
) -> dict[str, CheckedTable]:
    """The checked tables with one plan's rows edited; they hold no other plan's operations."""
    import pyarrow as pa

    tables = dict(checked)
    for name in dict.fromkeys(edit.table for edit in edits):
        mine = checked[name].rows.filter(checked[name].rows.ad_id == ad_id)
        found = engine.arrow(mine)
        rows = before = found.to_pylist()
        for edit in (edit for edit in edits if edit.table == name):
            rows = _edit(rows, edit, ad_id, is_partitioned=checked[name].days is not None)
        if name == "operations" and _timeline(before) != _timeline(rows):
            snapshots = engine.arrow(
                checked["plans"].rows.filter(checked["plans"].rows.ad_id == ad_id)
            )
            said = _snapshots(snapshots.to_pylist(), before)
            tables["plans"] = replace(
                tables["plans"], rows=engine.table(pa.Table.from_pylist(said, snapshots.schema))
            )
            rows = _followed(rows, before, {edit.id for edit in edits if edit.field == "old_value"})
        made = engine.table(pa.Table.from_pylist(rows, found.schema))
        tables[name] = replace(tables[name], rows=made)
    return tables


def _edit(rows: list[Row], edit: Edit, ad_id: int, *, is_partitioned: bool) -> list[Row]:
    if edit.field == "add":
        add = _added_operation if edit.table == "operations" else _added_conversions
        new = add(edit, ad_id, len(rows))
        for row in new:
            row["written_on"] = row["known_at"].date() if is_partitioned else None
            row.pop("known_at")
        return rows + [{**dict.fromkeys(rows[0] if rows else ()), **row} for row in new]
    mine = _named(rows, edit)
    if edit.field == "drop":
        return [row for row in rows if not any(row is each for each in mine)]
    if edit.field in ("old_value", "new_value"):
        mine = [row for row in mine if row["operation"] in ("create", "bid")] or mine
        if len(mine) > 1:
            kinds = ", ".join(f"{edit.id}/{row['operation']}" for row in mine)
            raise edit.wrong(f"a save of several rows; name one of {kinds}")
    change: Callable[[Row], Row] = (
        _moved(edit) if edit.field in _TIMES[edit.table] else _valued(edit)
    )
    return [change(row) if any(row is each for each in mine) else row for row in rows]


def _named(rows: list[Row], edit: Edit) -> list[Row]:
    assert edit.id is not None
    column = _IDS[edit.table]
    key, slash, kind = edit.id.rpartition("/")
    found = [row for row in rows if row[column] == edit.id]
    if not found and slash:
        found = [row for row in rows if row[column] == key and row.get("operation") == kind]
    if not found:
        time = _TIMES[edit.table][0]
        ordered = sorted(rows, key=lambda row: (row[time], row[column]))
        told = [f"{row[column]} ({row.get('operation', 'at')} {row[time]})" for row in ordered]
        there = ", ".join(told[:_TOLD]) + (" …" if len(told) > _TOLD else "") or "none"
        raise edit.wrong(f"the plan has no {column} `{edit.id}`; there is {there}")
    return found


def _moved(edit: Edit) -> Callable[[Row], Row]:
    at = _time(edit, edit.value)

    def change(row: Row) -> Row:
        moved = {**row, edit.field: at}
        if edit.table == "conversions" and not (
            moved["billed_at"] <= moved["converted_at"] <= moved["received_at"]
        ):
            raise edit.wrong("billed_at ≤ converted_at ≤ received_at must hold")
        known = moved["create_time" if edit.table == "operations" else "received_at"]
        written = None if row["written_on"] is None else known.date()
        return {**moved, "written_on": written}

    return change


def _valued(edit: Edit) -> Callable[[Row], Row]:
    def change(row: Row) -> Row:
        name = edit.field.replace("value", "bid")
        is_bid = row["operation"] in ("create", "bid")
        bid = _bid(edit, edit.value) if is_bid else None
        return {**row, edit.field: edit.value, name: bid}

    return change


def _added_operation(edit: Edit, ad_id: int, number: int) -> list[Row]:
    what, at, time = edit.value.rpartition("@")
    kind, colon, value = what.partition(":")
    if not at or kind not in OPERATIONS or (kind == "bid") != bool(colon):
        kinds = ", ".join(kind for kind in OPERATIONS if kind != "bid")
        raise edit.wrong(f"expected bid:VALUE@TIME or KIND@TIME; KIND is {kinds}")
    when = _time(edit, time)
    row = {"log_id": f"what-if-{number}", "ad_id": ad_id, "create_time": when, "operation": kind}
    bid = {"new_value": value, "new_bid": _bid(edit, value)} if kind == "bid" else {}
    return [{**row, **bid, "known_at": when}]


def _added_conversions(edit: Edit, ad_id: int, number: int) -> list[Row]:
    count, at, time = edit.value.rpartition("@")
    if not at or not count.isdecimal() or not 0 < int(count) <= _MOST:
        raise edit.wrong(f"expected COUNT@TIME, COUNT from 1 to {_MOST}")
    when = _time(edit, time)
    clocks = dict.fromkeys(("billed_at", "converted_at", "received_at", "known_at"), when)
    return [
        {"conversion_id": f"what-if-{number + n}", "ad_id": ad_id, **clocks, "valid": True}
        for n in range(int(count))
    ]


def _time(edit: Edit, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        at = None
    if at is None or at.tzinfo is not None or not EARLIEST <= at < LATEST:
        raise edit.wrong(f"`{text}` is not a time; expected YYYY-MM-DDTHH:MM:SS, Asia/Shanghai")
    return at


def _bid(edit: Edit, text: str) -> Decimal:
    try:
        bid = Decimal(text)
    except InvalidOperation:
        bid = Decimal(0)
    if not bid.is_finite() or not 0 < bid < Decimal(10) ** 16 or bid != round(bid, 2):
        raise edit.wrong(f"`{text}` is not a bid; expected yuan above 0, to the cent")
    return bid.quantize(Decimal("0.01"))


def _order(row: Row) -> tuple[Any, ...]:
    """As `stages.bids.in_order`."""
    values = (row["old_value"] or "", row["new_value"] or "")
    return (row["create_time"], row["log_id"], *values, row["operation"])


def _bids(rows: list[Row]) -> list[Row]:
    return sorted((row for row in rows if row["operation"] == "bid"), key=_order)


def _timeline(rows: list[Row]) -> list[Row]:
    return sorted((row for row in rows if row["operation"] in ("create", "bid")), key=_order)


def _initial(rows: list[Row]) -> Decimal | None:
    """The bid before every edit, as far as the operations say."""
    created = sorted((row for row in rows if row["operation"] == "create"), key=_order)
    stated = [row["new_bid"] for row in created if row["new_bid"] is not None]
    edits = _bids(rows)
    bid: Decimal | None = (stated or [edits[0]["old_bid"] if edits else None])[0]
    return bid


def _followed(rows: list[Row], before: list[Row], asked: set[str | None]) -> list[Row]:
    """Old values that agreed with the bid before them agree with the edited one; those that
    contradicted it, or were asked for, stand."""
    broken = set()
    bid = _initial(before)
    for row in _bids(before):
        if row["old_bid"] is not None and row["old_bid"] != bid:
            broken.add(row["log_id"])
        bid = row["new_bid"]
    followed: list[Row] = []
    has_create = any(row["operation"] == "create" and row["new_bid"] is not None for row in rows)
    bid = _initial(rows) if has_create else _initial(before)
    for row in _bids(rows):
        if row["log_id"] not in broken | asked and (row["old_bid"] is not None or not followed):
            text = None if bid is None else f"{bid:f}"
            followed.append({**row, "old_bid": bid, "old_value": text})
        else:
            followed.append(row)
        bid = row["new_bid"]
    return [row for row in rows if row["operation"] != "bid"] + followed


def _snapshots(snapshots: list[Row], before: list[Row]) -> list[Row]:
    """The first snapshot says the initial bid, the later ones none: they would contradict edits
    that were not made."""
    ordered = sorted(snapshots, key=lambda row: (row["written_on"] is not None, row["written_on"]))
    initial = _initial(before)
    said = [{**row, "cpa_bid": None} for row in ordered]
    if said:
        said[0]["cpa_bid"] = initial if initial is not None else ordered[0]["cpa_bid"]
    return said
