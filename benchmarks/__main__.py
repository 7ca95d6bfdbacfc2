"""`qcg decide` beside programs written by hand, on the same made-up exports: see README.md."""

from __future__ import annotations

import argparse
import compileall
import importlib.util
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import answers
from benchmarks.measure import Run, best, run

AS_OF = "2022-10-15"  # the morning on which all that `qcg generate` makes is known
BY_HAND = ("duckdb", "polars", "pandas")
HELP_ROUNDS = 10
FEWEST_PLANS = 2_100


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--plans", type=int, default=200_000, help="how many plans to make")
    parser.add_argument("--order", choices=("hour", "plan"), default="hour", help="of log rows")
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each program, interleaved")
    parser.add_argument(
        "--folder", type=Path, help="exports to use; made there and kept if there are none"
    )
    parser.add_argument("--only", nargs="+", choices=("qcg", *BY_HAND), metavar="NAME")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    if asked.rounds < 1:
        parser.error("--rounds must be at least 1")
    if asked.plans < FEWEST_PLANS:
        parser.error(f"--plans must be at least {FEWEST_PLANS}: fewer do not fill every table")
    asked.only = [name for name in ("qcg", *BY_HAND) if not asked.only or name in asked.only]
    missing = [name for name in asked.only if name in BY_HAND and not _is_installed(name)]
    if missing:
        parser.error(
            f"{', '.join(missing)} is not installed; install it, or leave it out by --only"
        )
    return asked


def _is_installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _qcg() -> str:
    beside = Path(sys.executable).with_name("qcg")
    found = str(beside) if beside.exists() else shutil.which("qcg")
    if found is None:
        raise SystemExit("qcg: no such command; install the package first (pip install -e .)")
    return found


def _compile() -> None:
    """Byte-compile the package, as installing it does: run from its sources where byte code is
    not kept, every run would be charged with compiling it, which no library beside it is."""
    found = importlib.util.find_spec("qianchuan_guarantee")
    assert found is not None
    for folder in found.submodule_search_locations or ():
        compileall.compile_dir(folder, quiet=1)


def _exports(asked: argparse.Namespace, work: Path) -> Path:
    """The exports to decide: those in --folder, or made."""
    exports: Path = (asked.folder or work / "exports").resolve()
    if list(exports.glob("plans.*")):
        _tell(f"using the exports in {exports}")
        return exports
    _tell(f"making exports of {asked.plans} plans")
    options = {"--plans": asked.plans, "--order": asked.order, "--format": asked.format}
    run([_qcg(), "generate", str(exports), *(str(x) for pair in options.items() for x in pair)])
    return exports


def _tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _command(name: str, exports: Path, out: Path) -> list[str]:
    if name != "qcg":
        return [sys.executable, "-m", f"benchmarks.by_{name}", str(exports), AS_OF, str(out)]
    refused = out.with_name("quarantine.parquet")
    decide = [_qcg(), "decide", str(exports), "--as-of", AS_OF, "-o", str(out)]
    return [*decide, "--quarantine", str(refused)]


def _measured(names: list[str], rounds: int, exports: Path, work: Path) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names:
            took = run(_command(name, exports, work / f"{name}.parquet"))
            runs[name].append(took)
            _tell(f"round {number + 1}: {name} {took.seconds:.2f} s, {took.peak_mb:.0f} MB")
    return runs


def _document(
    asked: argparse.Namespace, runs: dict[str, list[Run]], said: dict[str, answers.Answer]
) -> dict[str, Any]:
    """Everything that is printed. There are ratios only where the programs agree."""
    problem = answers.disagreement(said)
    programs = {}
    for name, taken in runs.items():
        took = best(taken)
        ratio = None
        if problem is None and "qcg" in runs and name != "qcg":
            pairs = zip(runs["qcg"], taken, strict=True)
            ratio = round(statistics.median(ours.seconds / it.seconds for ours, it in pairs), 2)
        programs[name] = {
            "seconds": round(took.seconds, 3),
            "every_seconds": [round(one.seconds, 3) for one in taken],
            "cpu_seconds": round(took.cpu_seconds, 3),
            "peak_mb": round(took.peak_mb),
            "granted": len(said[name].amounts),
            "amount": str(said[name].total),
            "qcg_over_this": ratio,
        }
    return {
        "plans": None if asked.folder else asked.plans,
        "as_of": AS_OF,
        "rounds": asked.rounds,
        "cores": os.cpu_count(),
        "programs": programs,
        "agree": problem is None,
        "problem": problem,
    }


def _table(document: dict[str, Any]) -> str:
    heads = ("program", "seconds", "CPU s", "peak MB", "granted", "amount, yuan", "qcg / this")
    lines = [heads]
    for name, found in document["programs"].items():
        ratio = found["qcg_over_this"]
        lines.append(
            (
                name,
                f"{found['seconds']:.2f}",
                f"{found['cpu_seconds']:.2f}",
                f"{found['peak_mb']:,}",
                f"{found['granted']:,}",
                found["amount"],
                "" if ratio is None else f"{ratio:.2f}",
            )
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def main() -> int:
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        work = Path(folder)
        exports = _exports(asked, work)
        _compile()
        helped = best([run([_qcg(), "--help"]) for _ in range(HELP_ROUNDS)])
        runs = _measured(asked.only, asked.rounds, exports, work)
        said = {name: answers.read(work / f"{name}.parquet") for name in runs}
    document = _document(asked, runs, said)
    document["help_seconds"] = round(helped.seconds, 3)
    if asked.json:
        print(json.dumps(document, indent=2))
    else:
        print(_table(document))
        print(f"\nqcg --help: {helped.seconds:.2f} s, best of {HELP_ROUNDS}")
    if document["problem"]:
        _tell(document["problem"])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
