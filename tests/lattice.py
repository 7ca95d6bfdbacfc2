"""A tiny builder for the boundary lattice: many plans, each a case of its own, one engine call.

A case is a plan with the answers expected of it, worked out by hand. Times are written as
"DAY CLOCK": "0 14:20:00" is 14:20 on the natural day of first delivery, "4 00:00:00" the end of
a window that begins on day 0. Cases that read the rule otherwise are laid into a month of
their own, in which a version of the shipped rulebook with those readings is in force; so all
readings are decided together.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from qianchuan_guarantee.rulebook import Rulebook
from tests.conftest import BOOKS, decide_folder

KINDS = {
    "managed": ("LAB_AD", "FEED"),
    "feed": ("NOT_LAB_AD", "FEED"),
    "search": ("NOT_LAB_AD", "SEARCH"),
}
COLUMNS = {
    "plans": "ad_id advertiser_id lab_ad_type marketing_scene smart_bid_type cpa_bid",
    "delivery": "ad_id stat_datetime stat_cost show_cnt click_cnt attribution_convert_cnt",
    "conversions": "conversion_id ad_id billed_at converted_at received_at valid",
    "operations": "log_id ad_id create_time operation old_value new_value operator_id",
}
_FAR = date(2027, 1, 1)
_FIRST_ID = 1001


@dataclass(frozen=True)
class Case:
    """A plan and what is expected of it.

    `spent`: slices `(start, cost)` or `(start, cost, conversions known per slice)`.
    `won`: conversions `(count, billed)`, `(…, converted)` or `(…, received)`; each time is the
    one before it unless given. `done`: `(time, operation, old, new)` or `(…, log_id)`.
    """

    name: str
    expect: dict[str, Any]
    scenario: str = "feed"
    bid: str = "10"
    spent: Sequence[tuple[Any, ...]] = (("0 10:00:00", "72"),)
    won: Sequence[tuple[Any, ...]] = ((6, "0 12:00:00"),)
    done: Sequence[tuple[Any, ...]] = ()
    readings: dict[str, str] = field(default_factory=dict)


def granted(amount: str, **facts: Any) -> dict[str, Any]:
    return {"outcome": "granted", "reasons": [], "amount": amount, **facts}


def ended(*reasons: str, **facts: Any) -> dict[str, Any]:
    return {"outcome": "ended", "reasons": list(reasons), "amount": "0.00", **facts}


def lost(*reasons: str, **facts: Any) -> dict[str, Any]:
    return {"outcome": "invalid", "reasons": list(reasons), "amount": "0.00", **facts}


def held(*reasons: str, **facts: Any) -> dict[str, Any]:
    return {"outcome": "held", "reasons": list(reasons), "amount": "0.00", **facts}


def at(day0: date, when: str) -> str:
    """ "1 10:00:00" → the clock as it stands, on the day after `day0`."""
    day, _, clock = when.partition(" ")
    return f"{day0 + timedelta(days=int(day))} {clock}"


def _months(cases: Iterable[Case]) -> dict[tuple[tuple[str, str], ...], date]:
    """A month per set of readings; the rulebook's own come first."""
    sets = dict.fromkeys([(), *(tuple(sorted(case.readings.items())) for case in cases)])
    return {
        readings: date(2022 + (9 + number) // 12, (9 + number) % 12 + 1, 1)
        for number, readings in enumerate(sets)
    }


def version(book: Rulebook, begins: date, readings: dict[str, str]) -> Rulebook:
    """`book` with other readings, in force from `begins`."""
    return book.model_copy(
        update={
            "version": str(begins),
            "in_force": book.in_force.model_copy(update={"from_": begins}),
            "readings": {
                key: reading.model_copy(update={"reading": readings.get(key, reading.reading)})
                for key, reading in book.readings.items()
            },
        }
    )


def write_table(folder: Path, name: str, rows: Iterable[Sequence[Any]]) -> None:
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS[name].split())
        writer.writerows(rows)


def _lines(case: Case, ad_id: int, day0: date) -> dict[str, list[Sequence[Any]]]:
    """The rows of a case, table by table."""
    lab, scene = KINDS[case.scenario]
    conversions = []
    for number, (count, *times) in enumerate(case.won):
        billed, converted, received = [*times, *[times[-1]] * 2][:3]
        for copy in range(count):
            clocks = (at(day0, when) for when in (billed, converted, received))
            conversions.append((f"{ad_id}-{number}-{copy}", ad_id, *clocks, "true"))
    operations = [(f"{ad_id}-made", ad_id, at(day0, "-1 09:00:00"), "create", "", case.bid, "")]
    for number, (when, operation, old, new, *log_id) in enumerate(case.done):
        save = f"{ad_id}-{log_id[0] if log_id else number}"
        operations.append((save, ad_id, at(day0, when), operation, old, new, ""))
    return {
        "plans": [(ad_id, 7, lab, scene, "SMART_BID_CUSTOM", "")],
        "delivery": [
            (ad_id, at(day0, when), cost, 1, 0, *(counted or [""]))
            for when, cost, *counted in case.spent
        ],
        "conversions": conversions,
        "operations": operations,
    }


def decide_cases(
    cases: Sequence[Case],
    folder: Path,
    as_of: date = _FAR,
    with_conversions: bool = True,
    **overrides: str,
) -> dict[str, dict[str, Any]]:
    """The decision on each case, by name. `overrides` are readings of the call (`--read`)."""
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), "two cases share a name"
    months = _months(cases)
    tables: dict[str, list[Sequence[Any]]] = {name: [] for name in COLUMNS}
    for ad_id, case in enumerate(cases, start=_FIRST_ID):
        day0 = months[tuple(sorted(case.readings.items()))]
        for name, rows in _lines(case, ad_id, day0).items():
            tables[name] += rows
    if not with_conversions:
        del tables["conversions"]
    for name, rows in tables.items():
        write_table(folder, name, rows)
    (shipped,) = BOOKS
    books = [version(shipped, begins, dict(readings)) for readings, begins in months.items()]
    rows, _ = decide_folder(folder, as_of, overrides, books=books)
    assert len(rows) == len(cases)
    return dict(zip(names, rows, strict=True))


def as_expected(row: dict[str, Any], expect: dict[str, Any]) -> dict[str, Any]:
    """The columns of a decision that are expected, money and times as text."""
    plain = (int, bool, list, type(None))
    return {name: row[name] if isinstance(row[name], plain) else str(row[name]) for name in expect}
