"""Nights in a row, disturbed as `tests.soak` disturbs them by hand, but few."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPO
from tests.soak_statuses import STEPS


def test_what_disturbed_nights_pay_is_what_the_oracle_pays(tmp_path: Path) -> None:
    # In a process of its own: it forks, which one that has used an engine must not.
    words = ["-m", "tests.soak", str(tmp_path), "--nights", "8", "--plans", "100", "--seed", "5"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=REPO)
    assert done.stdout, done.stderr
    said = json.loads(done.stdout)
    assert (said["wrong"], done.returncode) == ([], 0)
    # It was disturbed, and money moved; else this says nothing.
    assert said["faults: kill, killed"] + said["corrected partitions"] > 2
    assert min(said["faults: kill, killed"], said["entries: issued"]) > 0
    assert said["statuses changed"] > 20


def test_no_step_leads_back_from_what_was_settled() -> None:
    settled = [(old, new) for old, new in STEPS if old.startswith("settled")]
    assert settled
    assert all(new.startswith("settled") for _, new in settled)
    assert ("settled PAID", "settled CONFIRMING") not in settled
