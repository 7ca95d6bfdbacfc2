"""Mutation testing by hand: would a wrong rule be noticed? (docs/trust.md)

    nice python -m tests.mutation stages /tmp/stages.jsonl            # every mutant of the stages
    nice python -m tests.mutation ledger /tmp/ledger.jsonl --sample 300
    nice python -m tests.mutation ledger /tmp/ledger.jsonl --sample 300 --again

A line of JSON says what became of each mutant; lines that are there already are not done again,
but with `--again`: those that were not killed are put to further tests, too, which cost more.
`equivalent.yaml` holds the mutants that change nothing that can be seen, each with the reason;
they are not done again.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.mutation.judge import PACKAGE, Judge, RuleJudge, TestsJudge
from tests.mutation.mutants import Mutant, mutants


class Target(NamedTuple):
    """Files, and the tests that are asked of them first (none: the lattices, cases and worlds);
    `further`: of what survived."""

    files: tuple[str, ...]
    tests: tuple[str, ...] = ()
    further: tuple[str, ...] = ()


def _in(folder: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}.py" for name in names)


TARGETS = {
    # Put to lattices, cases and worlds first; what nights ask only shows in their tests.
    "stages": Target(
        ("stages/*.py", "clocks.py", "money.py"),
        further=("test_merit.py", "test_lattice.py", "test_memory.py", "test_nightly.py"),
    ),
    "rulebook": Target(
        ("rulebook.py", "parameters.py"), ("test_rulebook.py",), ("test_rule_noticed.py",)
    ),
    "words": Target(
        ("clauses.py", "conditions.py"), ("test_said.py", "test_remaining.py", "test_supposed.py")
    ),
    "exports": Target(
        _in("exports", "bounds", "cells", "check", "totals", "versions"),
        (
            *("test_cells.py", "test_bounds.py", "test_versions.py"),
            *("test_not_plain.py", "test_broken_rows.py"),
        ),
        (
            *("test_control_totals.py", "test_conservation.py"),
            *("test_mended.py", "test_against_oracle.py"),
        ),
    ),
    "ledger": Target(
        (
            *_in("ledger", "accounts", "acts", "book", "checks", "entries", "night", "policy"),
            *_in("ledger", "review", "seal", "settle"),
        ),
        ("test_ledger.py", "test_ledger_edges.py"),
        ("test_nightly.py", "test_memory.py", "test_audit.py"),
    ),
}
EQUIVALENT = Path(__file__).with_name("equivalent.yaml")
KILLED = "killed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("out", type=Path)
    parser.add_argument("--sample", type=int, help="so many mutants, drawn by seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="what was not killed, once more")
    asked = parser.parse_args()
    target = TARGETS[asked.target]
    paths = [path for pattern in target.files for path in sorted(PACKAGE.glob(pattern))]
    drawn = [mutant for path in paths for mutant in mutants(path, PACKAGE)]
    if asked.sample is not None and asked.sample < len(drawn):
        drawn = random.Random(asked.seed).sample(drawn, asked.sample)
    done = _done(asked.out)
    todo = [mutant for mutant in drawn if _is_asked(done.get(mutant.key), asked.again)]
    for judge in _judges(target, paths, asked.again) if todo else ():
        judge.during(partial(_judge, judge, todo, asked.out, done))
        todo = [mutant for mutant in todo if _is_asked(done[mutant.key], True)]
        if not todo:  # the next one need not be made
            break
    _report([done[mutant.key] for mutant in drawn])


def _judges(target: Target, paths: list[Path], again: bool) -> Iterator[Judge]:
    """Whom the mutants are put to, one after the other; each is made when its turn comes."""
    further = target.further if again else ()
    if not target.tests:
        yield RuleJudge(paths, again)
    if tests := target.tests + further:
        yield TestsJudge(paths, tests)


def _is_asked(line: dict[str, Any] | None, again: bool) -> bool:
    if line is None:
        return True
    return again and line["fate"] not in (KILLED, "same SQL") and line["key"] not in _equivalent()


@cache
def _equivalent() -> frozenset[str]:
    known = yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8"))
    return frozenset(key for keys in known.values() for key in keys)


def _judge(judge: Judge, todo: list[Mutant], out: Path, done: dict[str, dict[str, Any]]) -> None:
    with out.open("a", encoding="utf-8") as file:
        for number, mutant in enumerate(todo):
            began = time.time()
            line = {"key": mutant.key, "line": mutant.line, **judge.fate(mutant)}
            if line["fate"] == "not reached" and mutant.key in done:
                continue  # these tests have nothing to add
            done[mutant.key] = line | {"seconds": round(time.time() - began, 1)}
            file.write(json.dumps(done[mutant.key], ensure_ascii=False) + "\n")
            file.flush()
            if line["fate"] != KILLED:
                print(
                    f"{number}/{len(todo)} {line['fate']}: {mutant.key} ({mutant.line})", flush=True
                )


def _done(out: Path) -> dict[str, dict[str, Any]]:
    if not out.exists():
        return {}
    lines = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    return {line["key"]: line for line in lines}


def _report(lines: list[dict[str, Any]]) -> None:
    fates = Counter(
        "equivalent" if line["fate"] != KILLED and line["key"] in _equivalent() else line["fate"]
        for line in lines
    )
    asked = len(lines) - fates["equivalent"] - fates["same SQL"]
    print(dict(fates), f"killed: {100 * fates[KILLED] / max(asked, 1):.1f} % of {asked}")


if __name__ == "__main__":
    main()
