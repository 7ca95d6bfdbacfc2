"""The engine against the independent oracle: every column of every plan, every row counted.

An engine call costs seconds whatever its size, so each example decides hundreds of plans.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from qianchuan_guarantee.rulebook import REGISTER
from tests import oracle
from tests.conftest import Decision, by_plan, changes, decide_folder
from tests.oracle import ALTERNATIVES, COLUMNS, Exports
from tests.worlds import only, show, world, write

PLANS = 600
SHOWN = 3

# No shrinking: a failure shows the rows of one plan, which is small already.
few = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
seeds = st.integers(0, 2**32)
several_readings = st.sets(st.sampled_from(sorted(ALTERNATIVES)), min_size=4, max_size=9).flatmap(
    lambda questions: st.fixed_dictionaries(
        {question: st.sampled_from(ALTERNATIVES[question][1:]) for question in sorted(questions)}
    )
)

# For each alternative a world (a seed) of 300 plans in which it changes something.
WORLDS = {
    ("overcost_base", "initial"): 25,
    ("overcost_base", "bid_at_end"): 11,
    ("overcost_boundary", "exclusive"): 26,
    ("conversion_clock", "converted"): 17,
    ("bid_clock", "converted"): 26,
    ("first_bid", "at_first_delivery"): 27,
    ("edit_limit_scope", "summed"): 27,
    ("edit_limit_period", "window"): 21,
    ("edit_days_start", "day"): 0,
    ("edit_unit", "row"): 27,
    ("lowering", "net"): 9,
    ("pause", "any_pause"): 17,
    ("pause", "ignore"): 13,
    ("overcost_at_settlement", "preserved"): 6,
    ("late_backflow", "included"): 13,
    ("slice_bid", "slice_start"): 21,
    ("slice_bid", "lowest"): 21,
    ("slice_bid", "highest"): 21,
    ("rounding", "down"): 8,
}


@few
@given(seed=seeds)
def test_the_engine_decides_random_worlds_as_the_oracle_does(seed: int) -> None:
    exports, as_of = world(seed, plans=PLANS)
    assert_same(exports, as_of, {}, seed)


@few
@given(seed=seeds, readings=several_readings)
def test_several_questions_read_otherwise_at_once_are_decided_as_the_oracle_does(
    seed: int, readings: dict[str, str]
) -> None:
    exports, as_of = world(seed, plans=PLANS)
    assert_same(exports, as_of, readings, seed)


def test_the_oracle_and_the_engine_know_the_same_register() -> None:
    assert REGISTER == ALTERNATIVES


def test_every_alternative_of_the_register_has_a_world() -> None:
    alternatives = {(q, choice) for q, choices in REGISTER.items() for choice in choices[1:]}
    assert alternatives == WORLDS.keys()


@pytest.mark.parametrize(
    ("question", "choice"), WORLDS, ids=[f"{question}={choice}" for question, choice in WORLDS]
)
def test_an_alternative_changes_what_the_oracle_says_it_changes(question: str, choice: str) -> None:
    seed = WORLDS[question, choice]
    exports, as_of, default = fixed_world(seed)
    otherwise = oracle.decide(exports, as_of, {question: choice}).decisions
    moved = [
        plan
        for plan, columns in changes(default, otherwise).items()
        if columns.keys() & {"outcome", "amount"}
    ]
    assert moved, f"{question}={choice} changes no outcome and no amount in world({seed}, 300)"
    assert_same(exports, as_of, {question: choice}, seed)


@cache
def fixed_world(seed: int) -> tuple[Exports, date, list[Decision]]:
    """A world of 300 plans, and what the oracle says of it by default."""
    exports, as_of = world(seed, plans=300)
    return exports, as_of, oracle.decide(exports, as_of).decisions


def assert_same(exports: Exports, as_of: date, readings: Mapping[str, str], seed: int) -> None:
    """The engine's decisions and row counts are the oracle's; else a test that says where not."""
    wanted = oracle.decide(exports, as_of, dict(readings))
    fmt = "csv" if seed % 2 else "parquet"
    with tempfile.TemporaryDirectory() as folder:
        write(exports, Path(folder), fmt=fmt, shuffle_seed=seed)
        rows, counts = decide_folder(folder, as_of, readings)
    asked = f"world({seed}) as of {as_of}, {fmt}, readings {dict(readings) or 'as they stand'}"
    assert [*rows[0]] == [*COLUMNS], asked
    found = mismatches(exports, wanted.decisions, rows)
    assert not found, f"{asked}: {found}"
    assert counts == wanted.tables, f"{asked}: rows counted otherwise"


def mismatches(exports: Exports, wanted: list[Decision], rows: list[Decision]) -> str:
    """What differs, plan by plan; the first few with every row that concerns them."""
    found = changes(wanted, rows)
    if not found:
        return ""
    known, got = by_plan(wanted), by_plan(rows)
    parts = [f"{len(found)} plans differ (oracle, engine): {', '.join(map(str, found))}"]
    for plan, columns in list(found.items())[:SHOWN]:
        if plan not in known or plan not in got:
            side = "oracle" if plan in known else "engine"
            parts.append(f"plan {plan}: only the {side} knows it: {(known | got)[plan]}")
        else:
            parts.append(f"plan {plan}:")
            parts += [f"  {name}: {old!r}, {new!r}" for name, (old, new) in columns.items()]
        parts.append(show(only(exports, plan)))
    return "\n".join(parts)
