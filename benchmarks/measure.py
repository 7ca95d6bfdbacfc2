"""Runs a program as a whole process of its own: wall and processor seconds, and peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_PEAK_UNITS = 1 if sys.platform == "darwin" else 1024  # bytes per unit of ru_maxrss


@dataclass(frozen=True)
class Run:
    """What one process took; `peak_mb`: its largest resident memory."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def run(command: Sequence[str]) -> Run:
    """Run a command from the repository's top until it ends; a failure ends the benchmark.

    A process is charged with the memory of the one it was started from until it becomes its own
    program, so whoever calls this must be small: the runner imports no data library before the
    last measurement.
    """
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            last = said.read().decode(errors="replace")[-2000:]
            raise SystemExit(f"{' '.join(command)}: failed ({process.returncode})\n{last}")
    peak_mb = usage.ru_maxrss * _PEAK_UNITS / 1_000_000
    return Run(seconds, usage.ru_utime + usage.ru_stime, peak_mb)


def best(runs: Sequence[Run]) -> Run:
    """The least time of each kind, and the most memory."""
    return Run(
        min(run.seconds for run in runs),
        min(run.cpu_seconds for run in runs),
        max(run.peak_mb for run in runs),
    )
