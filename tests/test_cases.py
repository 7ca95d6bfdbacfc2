"""The worked examples of the rule, decided by hand, against the engine and against the oracle.

One engine call for each layout of exports decides all its cases; those that read the rule
otherwise begin in a stretch of days in which a version of the rulebook with those readings is in
force. The oracle is asked once for each set of readings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from qianchuan_guarantee.rulebook import REGISTER, Rulebook
from qianchuan_guarantee.vocabulary import REASONS
from tests import oracle, sentences
from tests.conftest import BOOKS, Counts, Decision, by_plan, decide_folder
from tests.lattice import version
from tests.oracle import Exports, Row
from tests.sentences import Told
from tests.worlds import COLUMNS, write

AS_OF = date(2027, 1, 1)
# A stretch of days for each set of readings, and for each partition that is missing.
STRETCH = timedelta(days=16)
# Cases asked on other mornings than day 9 begin up to so many days before AS_OF.
LAST = AS_OF - timedelta(days=40)
FIRST_ID = 1001
TOLD = sentences.read()
LAYOUTS = sorted({told.layout for told in TOLD})
LOGS = ("delivery", "conversions", "operations")
# What is said of a plan that nobody has heard of yet.
NONE: Decision = {"outcome": "no_decision", "reasons": [], "amount": 0}
Readings = tuple[tuple[str, str], ...]


def readings_of(told: Told) -> Readings:
    """The readings of a case that are not the shipped rulebook's."""
    shipped = BOOKS[0].readings
    return tuple(sorted((k, v) for k, v in told.readings.items() if shipped[k].reading != v))


def stretches(layout: str) -> dict[Readings | Told, date]:
    """When the stretches of days of their own begin: of other readings, of missing partitions."""
    cases = [told for told in TOLD if told.layout == layout]
    own: list[Readings | Told] = [readings_of(told) for told in cases if readings_of(told)]
    own += [told for told in cases if told.missing]
    found = list(dict.fromkeys(own))
    return {one: LAST - (len(found) - n) * STRETCH for n, one in enumerate(found)}


def day0_of(told: Told) -> date:
    begins = stretches(told.layout).get(told if told.missing else readings_of(told))
    if begins is None:
        return told.day0 or AS_OF - timedelta(days=told.asked)
    assert "asked" not in told.says, f"{told.name}: a case in a stretch of its own is asked late"
    return begins + timedelta(days=4)


def books(layout: str) -> list[Rulebook]:
    """The shipped rulebook; a version for each set of readings; and as shipped again."""
    (shipped,) = BOOKS
    others = [
        version(shipped, begins, dict(readings))
        for readings, begins in stretches(layout).items()
        if isinstance(readings, tuple)
    ]
    return [shipped, *others, version(shipped, LAST, {})] if others else [shipped]


def plans(layout: str) -> dict[int, Told]:
    return dict(enumerate((told for told in TOLD if told.layout == layout), start=FIRST_ID))


def exports_of(cases: Mapping[int, Told], layout: str) -> Exports:
    tables: dict[str, list[Row]] = {table: [] for table in COLUMNS}
    for ad_id, told in cases.items():
        for table, row in sentences.rows_of(told, ad_id, day0_of(told)):
            tables[table].append(row)
    if layout.endswith("without conversions"):
        del tables["conversions"]
    days = partitions(layout) if layout.startswith("daily") else {}
    return Exports({t: [_in(row, t in days) for row in tables[t]] for t in tables}, days)


def _in(row: Row, is_daily: bool) -> Row:
    return row if is_daily else Row(row.values)


def partitions(layout: str) -> dict[str, list[date]]:
    """The days that exist of each table; verdicts and what is given have no partitions."""
    own = stretches(layout)
    begin = min(own.values(), default=LAST)
    every = [begin + timedelta(days=n) for n in range((AS_OF - begin).days + 1)]
    gaps = {
        (told.missing[1], day0_of(told) + timedelta(days=told.missing[0]))
        for told in own
        if isinstance(told, Told) and told.missing
    }
    return {t: [day for day in every if (t, day) not in gaps] for t in ("plans", *LOGS)}


@cache
def by_engine(layout: str) -> tuple[dict[str, Decision], Counts]:
    """Case → what the engine decides; and how it counts the rows of all cases."""
    cases = plans(layout)
    with TemporaryDirectory() as folder:
        write(exports_of(cases, layout), Path(folder))
        rows, counts = decide_folder(folder, AS_OF, books=books(layout))
    return {told.name: by_plan(rows).get(ad_id, NONE) for ad_id, told in cases.items()}, counts


@cache
def by_oracle(layout: str) -> tuple[dict[str, Decision], Counts]:
    """Case → what the oracle decides; and how it counts the rows of all cases."""
    found: dict[str, Decision] = {}
    counts: dict[str, Counter[str]] = {}
    for readings in dict.fromkeys(map(readings_of, plans(layout).values())):
        cases = {i: told for i, told in plans(layout).items() if readings_of(told) == readings}
        answer = oracle.decide(exports_of(cases, layout), AS_OF, dict(readings))
        rows = {row["ad_id"]: row for row in answer.decisions}
        found |= {told.name: rows.get(ad_id, NONE) for ad_id, told in cases.items()}
        for table, counted in answer.tables.items():
            counts.setdefault(table, Counter()).update(counted)
    return found, {table: dict(counted) for table, counted in counts.items()}


def unlike_by_hand(layout: str, found: Mapping[int, Decision]) -> dict[str, dict[str, Any]]:
    """Case → facts that are not as they were found by hand."""
    unlike = {}
    for ad_id, told in plans(layout).items():
        row, wanted = found.get(ad_id, NONE), told.expected(day0_of(told))
        if differs := {name: row[name] for name in wanted if row[name] != wanted[name]}:
            unlike[told.name] = differs
    return unlike


@pytest.mark.parametrize("told", TOLD, ids=[told.name for told in TOLD])
def test_a_case_is_decided_as_by_hand(told: Told) -> None:
    for who, answers in (("the engine", by_engine), ("the oracle", by_oracle)):
        found = answers(told.layout)[0][told.name]
        wanted = told.expected(day0_of(told))
        unlike = {name: found[name] for name in wanted if found[name] != wanted[name]}
        assert not unlike, _said(told, who, found, unlike)


def _said(told: Told, who: str, found: Decision, unlike: Mapping[str, Any]) -> str:
    """What differs, in the words of the case."""
    grant = f" {found['amount']}" if found["amount"] else ""
    because = f" for {' then '.join(found['reasons'])}" if found["reasons"] else ""
    facts = {name: found[name] for name in unlike if name not in ("outcome", "reasons", "amount")}
    return (
        f"{told.name}\n"
        f"clause {told.says['clause']}, {told.says['plan']}, day 0 is {day0_of(told)}\n"
        + "".join(f"  {sentence}\n" for sentence in told.says.get("happens", []))
        + f"by hand it is: {told.says['expect']}, with {told.says.get('with', {})}\n"
        f"{who} says: {found['outcome']}{grant}{because}"
        + "".join(f"\n  {name} {value}" for name, value in facts.items())
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_rows_of_all_cases_are_counted_alike(layout: str) -> None:
    assert by_engine(layout)[1] == by_oracle(layout)[1]


def test_no_two_cases_are_told_in_the_same_words() -> None:
    assert len({told.name for told in TOLD}) == len(TOLD)


def test_every_reading_of_the_register_has_a_case() -> None:
    told = {pair for one in TOLD for pair in one.readings.items()}
    assert told == {(question, choice) for question in REGISTER for choice in REGISTER[question]}


def test_every_reason_of_a_decision_has_a_case() -> None:
    # A person's refusal stands in the ledger only.
    assert {code for told in TOLD for code in told.reasons} == {*REASONS} - {"REVIEW_REFUSED"}


def test_every_clause_that_decides_has_a_case() -> None:
    clauses = {clause for told in TOLD for clause in told.says["clause"].split(", ")}
    decides = {"一", "二(一)", "二(一) FAQ", "二(二)", "二(二) FAQ", "三(一)", "三(二)"}
    assert clauses >= decides | {"四(一)", "四(四)", "四(五)"}
