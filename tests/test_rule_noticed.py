"""Would a wrong number in the shipped rulebook be noticed? Each number and reading is held against
the rule by its clause; and each, changed by one, changes an answer of the boundary lattice."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from qianchuan_guarantee.rulebook import REGISTER, Rulebook, load
from tests import lattice, test_lattice
from tests.conftest import decide_folder
from tests.lattice import COLUMNS, Case, as_expected, granted, lost, write_table

(BOOK,) = load()
SAID = BOOK.model_dump(mode="json", by_alias=True)
TWO = {"bid": 2, "targeting": 2, "together": 2}
# (clause, key) → what the rule says (rules.md), worked out from its text and not from the file.
PINNED: dict[tuple[str, str], Any] = {
    ("一", "window.natural_days"): 4,
    ("三(二)", "cycle.backflow_days"): 1,
    ("二(一)", "scenarios.managed.overcost.percent"): "20",
    ("二(一)", "scenarios.managed.conversions.more_than.prompted.dividend_yuan"): "5000",
    ("二(一)", "scenarios.managed.conversions.more_than.prompted.at_least"): 10,
    ("二(一)", "scenarios.managed.conversions.more_than.prompted.at_most"): 15,
    ("二(一)", "scenarios.managed.edits.targeting.at_most"): 2,
    ("二(一)", "scenarios.managed.bid_lowering.loses_guarantee"): True,
    ("二(一) FAQ", "scenarios.managed.pause.is_judged"): True,
    ("二(二)", "scenarios.feed.overcost.percent"): "20",
    ("二(二)", "scenarios.feed.conversions.at_least"): 6,
    ("二(二)", "scenarios.search.overcost.percent"): "20",
    ("二(二)", "scenarios.search.conversions.at_least"): 2,
    **{
        ("二(二)", f"scenarios.{scenario}.edits.{kind}.at_most"): most
        for scenario in ("feed", "search")
        for kind, most in TWO.items()
    },
    ("三(一)", "grant.unit_yuan"): "0.01",
    **{
        (BOOK.readings[question].clause, f"readings.{question}.reading"): choices[0]
        for question, choices in REGISTER.items()
    },
}
# Of slices the lattice below cannot ask, since it has conversions; `test_lattice.slices` does.
ELSEWHERE = {"readings.slice_bid.reading"}
SUMMED = {"edit_limit_scope": "summed"}


def numbers(said: Any, clause: str = "", key: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every number, choice and switch of a rulebook: its clause, its key, what it says."""
    if isinstance(said, dict):
        clause = said.get("clause", clause)
        for name, value in said.items():
            yield from numbers(value, clause, f"{key}.{name}".lstrip("."))
        return
    is_number = isinstance(said, int) or key.endswith(("percent", "_yuan", ".reading"))
    if is_number and said is not None:
        yield clause, key, said


@pytest.mark.parametrize(("clause", "key"), PINNED, ids=[" ".join(pinned) for pinned in PINNED])
def test_the_shipped_rulebook_says_what_the_clause_says(clause: str, key: str) -> None:
    found = {(where, name): value for where, name, value in numbers(SAID)}
    wanted = PINNED[clause, key]
    assert found.get((clause, key)) == wanted, f"{clause}: {key} must be {wanted}"


def test_no_number_stands_without_its_clause() -> None:
    assert {(clause, key) for clause, key, _ in numbers(SAID)} == PINNED.keys()


def others(key: str, value: Any) -> Iterator[Any]:
    if key.endswith(".reading"):
        yield from (c for c in REGISTER[key.split(".")[1]] if c != value)
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value - 1, value + 1)
    else:
        step = 1 if "." not in value else 0.01
        yield from (f"{float(value) - step:g}", f"{float(value) + step:g}")


def changed(key: str, value: Any) -> Rulebook | None:
    """The shipped rulebook with one value changed; None where it is refused on loading."""
    said = copy.deepcopy(SAID)
    *path, last = key.split(".")
    at = said
    for part in path:
        at = at[part]
    at[last] = value
    try:
        return Rulebook.model_validate(said)
    except ValidationError:
        return None


def edited(scenario: str, kinds: str, expect: dict[str, Any], readings: Any) -> Case:
    done = [(f"1 {n + 10}:00:00", kind, "10", "10") for n, kind in enumerate(kinds.split())]
    name = f"{scenario} edits {kinds} {readings}"
    count, cost = (6, "72") if scenario == "feed" else (2, "24")
    spent, won = [("0 10:00:00", cost)], [(count, "0 12:00:00")]
    return Case(name, expect, scenario, "10", spent, won, done, readings)


def witnesses() -> list[Case]:
    """The lattice under the rulebook's own readings, and edits at their limits together."""
    cases = [case for case in test_lattice.CASES if not case.readings and len(case.won) < 9]
    for scenario, amount in (("feed", "12.00"), ("search", "4.00")):
        for kind, code in (("bid", "BID_CHANGES"), ("targeting", "AUD_CHANGES")):
            cases.append(edited(scenario, f"{kind} {kind}", granted(amount), {}))
            cases.append(edited(scenario, f"{kind} {kind} {kind}", lost(code), {}))
        cases.append(edited(scenario, "bid targeting", granted(amount), SUMMED))
        cases.append(edited(scenario, "bid targeting bid", lost("AUD_BID_CHANGES"), SUMMED))
    bid = [("0 10:00:00", "100000")]
    for count in (11, 12):
        expect = granted(f"{100000 - count * 499.9:.2f}") if count == 12 else {"outcome": "ended"}
        cases.append(
            Case(f"499.90 {count}", expect, "managed", "499.90", bid, [(count, "0 12:00:00")])
        )
    return cases


def test_each_number_changed_by_one_changes_an_answer_of_the_lattice(tmp_path: Path) -> None:
    """Every changed rulebook is in force in a month of its own, with the same cases in it."""
    made = [
        (f"{clause}: {key}: {value} → {other}", key, book)
        for clause, key, value in numbers(SAID)
        if key not in ELSEWHERE
        for other in others(key, value)
        if (book := changed(key, other)) is not None
    ]
    assert len(made) > 50
    asked = [("as shipped", "", BOOK), *made]
    cases, books = witnesses(), []
    tables: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    where: list[tuple[str, Case]] = []
    month = 0
    for readings in ({}, SUMMED):
        some = [case for case in cases if case.readings == readings]
        for name, key, book in asked:
            if readings and name != "as shipped" and not key.endswith("together.at_most"):
                continue
            day0 = date(2022 + month // 12, month % 12 + 1, 1) if month else date(2022, 1, 1)
            month += 1
            own = dict(readings)
            if key.endswith(".reading"):
                question = key.split(".")[1]
                own[question] = book.readings[question].reading
            books.append(lattice.version(book, day0, own))
            for case in some:
                where.append((name, case))
                rows = lattice._lines(case, 1000 + len(where), day0)
                for table, lines in rows.items():
                    tables[table] += lines
    for table, lines in tables.items():
        write_table(tmp_path, table, lines)
    decided, _ = decide_folder(tmp_path, date(2040, 1, 1), books=books)
    noticed = {
        name
        for (name, case), row in zip(where, decided, strict=True)
        if as_expected(row, plain(case)) != plain(case)
    }
    assert "as shipped" not in noticed
    unnoticed = [name for name, *_ in made if name not in noticed]
    assert not unnoticed, f"changed, and no case of the lattice told: {unnoticed}"


def plain(case: Case) -> dict[str, Any]:
    """What is expected, but for the days, which are other ones here."""
    return {name: want for name, want in case.expect.items() if not str(want).startswith("2022-")}
