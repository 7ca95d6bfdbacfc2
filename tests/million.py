"""A million random plans at the boundaries, the engine against the oracle: at night, or by hand.

`python -m tests.million FOLDER --plans 1000000` decides slices of some thousand plans until so
many are done, a line for each. Half of the slices read some questions of the register otherwise.
What is done is kept in FOLDER, so that the same command goes on where it was stopped; what
differs is left there too: each plan's columns by either side, and its logs as exports of their
own (all of the slice's, where only rows are counted otherwise). Ends with 1 where anything
differed. `--slice N` decides slice N alone, again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from tests import oracle
from tests.conftest import changes, decide_folder
from tests.oracle import ALTERNATIVES, Exports, Verdict
from tests.test_against_oracle import mismatches
from tests.worlds import only, world, write

# A world has one morning, one layout and one set of columns: more slices see more of these.
PLANS_PER_SLICE = 2000


def main(words: list[str]) -> int:
    asked = _asked(words)
    folder: Path = asked.folder
    folder.mkdir(parents=True, exist_ok=True)
    if asked.slice is not None:
        return 1 if _decide(asked.seed, asked.slice, folder)["differing"] else 0
    kept = folder / f"seed-{asked.seed}.jsonl"
    done = {line["slice"]: line for line in _lines(kept)}
    for number in range(-(-asked.plans // PLANS_PER_SLICE)):
        if number not in done:
            done[number] = _decide(asked.seed, number, folder)
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps(done[number]) + "\n")
    return _conclude(list(done.values()))


def _asked(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.million", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--plans", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--slice", type=int, help="decide this slice alone")
    return parser.parse_args(words)


def _lines(path: Path) -> list[dict[str, Any]]:
    """What was done before; a line that was torn when the run was stopped is done again."""
    if not path.exists():
        return []
    lines = path.read_text("utf-8").splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n")]
    path.write_text("".join(whole), "utf-8")
    return [json.loads(line) for line in whole]


def _decide(seed: int, number: int, folder: Path) -> dict[str, Any]:
    """Decide one slice by both; say it, and leave what differs in the folder."""
    begun = time.process_time()
    chance = Random(f"{seed}/{number}")
    exports, as_of = world(chance.getrandbits(48), PLANS_PER_SLICE)
    readings = _readings(chance) if chance.random() < 0.5 else {}
    wanted = oracle.decide(exports, as_of, readings)
    fmt = chance.choice(["csv", "parquet"])
    with TemporaryDirectory() as place:
        write(exports, Path(place), fmt, shuffle_seed=number)
        rows, counts = decide_folder(place, as_of, readings)
    differing = sorted(changes(wanted.decisions, rows))
    if differing or counts != wanted.tables:
        name = f"seed-{seed}-slice-{number}"
        heading = f"as of {as_of}, readings {readings or 'as they stand'}\n"
        unlike = mismatches(exports, wanted.decisions, rows) or _unlike(counts, wanted)
        (folder / f"{name}.txt").write_text(heading + unlike, "utf-8")
        write(_only(exports, differing) if differing else exports, folder / name)
    found = {
        "slice": number,
        "plans": len(wanted.decisions),
        "differing": differing + [t for t in counts if counts[t] != wanted.tables.get(t)],
        "outcomes": Counter(row["outcome"] for row in wanted.decisions),
        "reasons": Counter(code for row in wanted.decisions for code in row["reasons"]),
    }
    _say(found, as_of, readings, time.process_time() - begun)
    return found


def _readings(chance: Random) -> dict[str, str]:
    """Some questions of the register, read otherwise."""
    questions = chance.sample(sorted(ALTERNATIVES), chance.randint(1, 9))
    return {question: chance.choice(ALTERNATIVES[question][1:]) for question in sorted(questions)}


def _only(exports: Exports, plans: list[int]) -> Exports:
    """The rows that concern any of these plans."""
    tables: dict[str, list[oracle.Row]] = {table: [] for table in exports.tables}
    for plan in plans:
        for table, rows in only(exports, plan).tables.items():
            # Plans may share a row; one that stands twice in the exports is to stand twice.
            kept = Counter(map(repr, tables[table]))
            for row in rows:
                kept[repr(row)] -= 1
                if kept[repr(row)] < 0:
                    tables[table].append(row)
    return Exports(tables, exports.days)


def _unlike(counts: dict[str, Any], wanted: Verdict) -> str:
    return f"rows counted otherwise (oracle, engine): {wanted.tables}, {counts}"


def _say(found: dict[str, Any], as_of: date, readings: dict[str, str], seconds: float) -> None:
    unlike = found["differing"]
    said = f"DIFFER: {', '.join(map(str, unlike))}" if unlike else "the same"
    read = " ".join(f"{question}={choice}" for question, choice in readings.items())
    print(
        f"slice {found['slice']}: {found['plans']} plans as of {as_of} {said} "
        f"({seconds:.1f} s of CPU) {read}",
        flush=True,
    )


def _conclude(done: list[dict[str, Any]]) -> int:
    bad = [line["slice"] for line in done if line["differing"]]
    plans = sum(line["plans"] for line in done)
    print(f"{plans} plans in {len(done)} slices, of which {len(bad)} differ {bad or ''}")
    for kind in ("outcomes", "reasons"):
        total: Counter[str] = Counter()
        for line in done:
            total.update(line[kind])
        print(f"{kind}: {', '.join(f'{name} {n}' for name, n in total.most_common())}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
