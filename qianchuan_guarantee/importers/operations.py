"""The operation log's saves → rows of `operations`, one per change of one plan.

A save's changes share its `log_id`; people are told apart by `operator_id`. What the account's
own rows tell is of no single plan: where it could have been an edit of bids or targeting, every
plan of the account is held.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from qianchuan_guarantee.importers.made import Import
from qianchuan_guarantee.importers.pages import Page
from qianchuan_guarantee.importers.phrases import Phrases
from qianchuan_guarantee.importers.prose import DOUBTFUL, Change, Reader, grouped
from qianchuan_guarantee.importers.rows import Filler
from qianchuan_guarantee.importers.values import UnreadError, of_json

_INHERITED = ("log_id", "create_time", "object_type", "object_id", "operator_id")
_GRAVE = ("bid", "targeting", DOUBTFUL)

Save = Mapping[str, Any]


def add_operations(
    into: Import, logs: Iterable[Page], phrases: Phrases, owners: Mapping[str, str | None]
) -> None:
    """Every change that these pages tell. `owners`: plan → advertiser."""
    table, reader = into.table("operations"), Reader(phrases)
    seen: set[str] = set()
    for page in logs:
        for number, save in enumerate(page.rows, start=1):
            table.read += 1
            content = json.dumps(save, sort_keys=True, ensure_ascii=False)
            if content in seen:
                table.repeated += 1
                continue
            seen.add(content)
            place = f"{page.place}, {number}"
            for part, change in _changes(save, reader):
                if not change.is_known:
                    into.phrases[(grouped(change.phrase), change.operation)] += 1
                _add(into, part, change, place, owners)


def _changes(save: Save, reader: Reader) -> Iterator[tuple[Save, Change]]:
    """Each change with the part of the save that says of what and when it is."""
    inside = save.get("sub_logs")
    parts = [part for part in inside if isinstance(part, dict)] if isinstance(inside, list) else []
    parts = [_whole(_stated(part), save) for part in parts]
    title, lines = _texts(save)
    if parts and reader.is_creation(title):
        own = [p for p in parts if p["object_id"] == save.get("object_id")]
        lines = [*lines, *(line for part in own for line in _lines_of(part))]
        parts = [part for part in parts if part not in own]
    told = [(part, change) for part in parts for change in reader.changes(*_texts(part))]
    yield from told
    if parts and (_is_account(save) or not lines):
        return  # what it says of itself are its parts
    there = {(str(part["object_id"]), c.operation, c.old, c.new) for part, c in told}
    for change in reader.changes(title, lines):
        if (str(save.get("object_id")), change.operation, change.old, change.new) not in there:
            yield save, change


def _whole(part: Save, save: Save) -> dict[str, Any]:
    """A part with what it takes from its save; one of a plan of its own is of a plan."""
    inherited = {name: save.get(name) for name in _INHERITED}
    if part.get("object_id") not in (None, save.get("object_id")):
        inherited["object_type"] = "AD"
    return {**inherited, **part}


def _stated(part: Save) -> dict[str, Any]:
    return {name: value for name, value in part.items() if value not in (None, "", "0")}


def _texts(part: Save) -> tuple[str, list[str]]:
    title = part.get("content_title")
    content = part.get("content_log")
    lines = content if isinstance(content, list) else [content]
    return _text(title), [text for line in lines if (text := _text(line)).strip()]


def _lines_of(part: Save) -> Sequence[str]:
    title, lines = _texts(part)
    return lines or [title]


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)[:4000]


def _is_account(part: Save) -> bool:
    return str(part.get("object_type") or "").upper() not in ("AD", "")


def _add(
    into: Import, part: Save, change: Change, place: str, owners: Mapping[str, str | None]
) -> None:
    target = str(part.get("object_id"))
    if not _is_account(part) or target in owners:
        _fill(into, part, change, place, part.get("object_id"))
        return
    plans = [plan for plan, owner in owners.items() if owner == target]
    if change.operation not in _GRAVE:
        into.note("note_account", operation=change.operation)
        return
    into.note("note_account_held", phrase=grouped(change.phrase), plans=len(plans or owners))
    doubtful = Change(DOUBTFUL, None, change.phrase[:200], change.phrase, False)
    # Of an account that no plan is known of, it may be any; of no plan at all, the row says so.
    for plan in plans or owners or (f"{target} ?",):
        _fill(into, part, doubtful, place, plan)


def _fill(into: Import, part: Save, change: Change, place: str, plan: Any) -> None:
    filler = Filler(into, "operations", place)
    filler.put("ad_id", plan)
    filler.put("create_time", part.get("create_time"))
    for name in ("log_id", "operator_id"):
        filler.row[name] = _as_it_stands(part.get(name))
    filler.row |= {"operation": change.operation, "old_value": change.old}
    filler.row["new_value"] = change.new
    if change.operation == DOUBTFUL:
        filler.doubt("operation", UnreadError("phrase", change.phrase))
        filler.row["operation"] = DOUBTFUL
    filler.done()


def _as_it_stands(value: Any) -> str | None:
    try:
        return of_json(value) or None
    except UnreadError as unread:
        return unread.found
