"""Bad luck that needs no enemy: logs that are still being written, another zone, another clock.

Nights that are killed, disks that are full, databases that die: `test_faults`.
"""

from __future__ import annotations

import ast
import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import fsspec
import pytest
from typer.testing import CliRunner, Result

from qianchuan_guarantee import nightly
from qianchuan_guarantee.cli.check import _latest_morning
from qianchuan_guarantee.cli.main import app
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.exports.fetch import fetch
from qianchuan_guarantee.exports.find import find
from qianchuan_guarantee.exports.steady import require_unchanged
from qianchuan_guarantee.ledger.store import now
from qianchuan_guarantee.report import summary
from tests.conftest import FIXTURES, REPO

DEMO, AS_OF = FIXTURES / "demo", date(2022, 10, 20)
ONE = "delivery/dt=2022-10-01/delivery.csv"


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEMO, tmp_path / "甲 乙 [2022]*"))


def qcg(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


# --- Exports that do not hold still -----------------------------------------------------------


def _longer(file: Path) -> None:
    with file.open("a") as text:
        text.write("\n")


def _other_bytes(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)


def _replaced(file: Path) -> None:
    """Another file, with the size and the times of the first."""
    about = file.stat()
    other = file.with_name(".other")
    other.write_bytes(file.read_bytes())
    os.utime(other, ns=(about.st_atime_ns, about.st_mtime_ns))
    other.rename(file)


def _second_part(file: Path) -> None:
    shutil.copy(file, file.with_name("part-2.csv"))


def _unlink(file: Path) -> None:
    file.unlink()


CHANGES: list[Callable[[Path], None]] = [_longer, _other_bytes, _replaced, _second_part, _unlink]


@pytest.mark.parametrize("change", CHANGES)
def test_logs_that_change_while_they_are_read_are_refused(
    change: Callable[[Path], None], exports: Path
) -> None:
    export = find(str(exports))
    require_unchanged(export, AS_OF)
    change(exports / ONE)
    with pytest.raises(UserError, match=r"changed while it was read|came while others were read"):
        require_unchanged(export, AS_OF)


def test_the_day_that_is_being_written_may_grow_by_files(exports: Path) -> None:
    export = find(str(exports))
    later = exports / f"delivery/dt={AS_OF}"
    later.mkdir()
    _second_part(Path(shutil.copy(exports / ONE, later)))
    (exports / "delivery" / "dt=2022-10-01" / ".part.tmp").write_text("half")
    require_unchanged(export, AS_OF)


def test_links_that_lead_around_are_not_followed_without_end(exports: Path) -> None:
    for name in ("a", "b", "c"):
        (exports / "delivery" / "dt=2022-10-01" / name).symlink_to("..")
    with pytest.raises(UserError, match="a folder; expected"):
        find(str(exports))


def test_a_decision_of_two_states_is_not_written(
    exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = summary.summarise

    def late(*words: object) -> object:
        _longer(exports / ONE)
        return real(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(summary, "summarise", late)
    out = tmp_path / "out" / "decisions.parquet"
    ended = qcg("decide", exports, "--as-of", AS_OF, "-o", out)
    assert isinstance(ended.exception, UserError)
    assert f"{ONE}: changed while it was read" in str(ended.exception)
    assert not out.exists()


def test_a_night_of_two_states_enters_nothing_and_is_run_again(
    exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = nightly.found_by

    def late(*words: object) -> object:
        _longer(exports / ONE)
        return real(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(nightly, "found_by", late)
    words = ("run", exports, "--as-of", AS_OF, "--store", tmp_path / "库 %41?x")
    ended = qcg(*words)
    assert "changed while it was read" in str(ended.exception)
    assert qcg("ledger", "list", "--store", tmp_path / "库 %41?x", "--json").stdout == "[]\n"
    monkeypatch.undo()
    assert qcg(*words).exit_code == 0
    assert "Verified: 1 acts" in qcg("audit", "verify", tmp_path / "库 %41?x").stdout


def test_an_address_that_changes_while_it_is_fetched_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = fsspec.filesystem("memory")
    files.pipe("/moving/plans.csv", b"ad_id\n1\n")
    real = type(files).get_file

    def late(*words: object, **more: object) -> object:
        files.pipe("/moving/delivery.csv", b"ad_id\n1\n")
        return real(*words, **more)

    monkeypatch.setattr(type(files), "get_file", late)
    with pytest.raises(UserError, match="changed while it was fetched"):
        fetch("memory://moving", tmp_path)
    monkeypatch.undo()
    assert sorted(path.name for path in Path(fetch("memory://moving", tmp_path)).iterdir()) == [
        "delivery.csv",
        "plans.csv",
    ]


# --- Another machine --------------------------------------------------------------------------

# What is written, by its name there and here. Of the last four it is enough that they are there:
# they name files that were read, or say when they were made.
WRITTEN = {
    "判 定.csv": "decisions.csv",
    "一个 计划.html": "plan.html",
    "状 态.json": "status.json",
    "底 稿.xlsx": "paper.xlsx",
    "核 对.csv": "reconciled.csv",
    "拒 收.xlsx": "refused.xlsx",
    "这 一夜.html": "night.html",
    "证 据.zip": "bundle.zip",
}
SAME = list(WRITTEN)[:4]

ELSEWHERE = """
import json, locale, os, sys
locale.setlocale(locale.LC_ALL, "")
sys.path.insert(0, os.getcwd())
from tests.test_bad_luck import carry_out
exports, words = json.load(sys.stdin)
carry_out(words)
can_write = os.access(exports, os.W_OK, effective_ids=True)
print(json.dumps({"half": f"{0.5:n}", "can_write": can_write}))
"""


def commands(folder: Path, exports: Path, names: list[str]) -> list[list[str]]:
    """Everything that reads exports, or writes a file that is named by who calls it."""
    out = [str(folder / name) for name in names]
    table, plan, status, paper, compared, refused, night, bundle = out
    rules, policy, store = folder / "规 则", folder / "政 策.yaml", folder / "库 存"
    shutil.copytree(REPO / "rules", rules)
    shutil.copy(Path(nightly.__file__).parent / "ledger" / "policy.yaml", policy)
    asked = [exports, "--as-of", AS_OF]
    granted = "1745000000000103"
    found: list[list[object]] = [
        ["decide", *asked, "--rules", rules, "-o", table, "--quarantine", refused],
        ["check", *asked],
        ["explain", granted, *asked, "--html", plan],
        ["run", *asked, "--store", store, "--policy", policy],
        ["report", "--store", store, "--html", night],
        ["export", "status", "--store", store, "-o", status],
        ["audit", "sample", "--store", store, "--tolerable", "500", "--seed", "骰子", "-o", paper],
        ["audit", "bundle", granted, "--store", store, "-o", bundle],
        ["reconcile", store, status, "--as-of", AS_OF, "-o", compared],
    ]
    return [[str(word) for word in words] for words in found]


def carry_out(words: list[list[str]]) -> None:
    for each in words:
        ended = qcg(*each)
        assert ended.exit_code == 0, (each, ended.output, ended.exception)


def _rights_count() -> None:
    """For root too: it goes without CAP_DAC_OVERRIDE."""
    ctypes.CDLL(None).prctl(24, 1)  # PR_CAPBSET_DROP


def _state(folder: Path) -> dict[str, int]:
    """All that is in a folder, with its times; a folder's changes as a file comes or goes."""
    found = [folder, *folder.rglob("*")]
    return {str(path): path.stat().st_mtime_ns for path in found}


@dataclass(frozen=True)
class Machine:
    """What another machine wrote, and what it was: `half`, as its locale writes 0.5."""

    folder: Path
    half: str
    can_write: bool
    has_touched: bool


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("here")
    carry_out(commands(folder, DEMO, list(WRITTEN.values())))
    return folder


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """In New York, with decimal commas where such a locale can be made, on exports that cannot be
    written to, all names as people give theirs."""
    folder = tmp_path_factory.mktemp("别处 ' \" % #")
    exports = Path(shutil.copytree(DEMO, folder / "甲 乙 [2022]*"))
    locales = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef"):
        make = ["localedef", "-i", "de_DE", "-f", "UTF-8", str(locales / "de_DE.UTF-8")]
        subprocess.run(make, capture_output=True, check=False)
    spoken = "de_DE.UTF-8" if any(locales.iterdir()) else "C.UTF-8"
    order = [str(exports), commands(folder, exports, list(WRITTEN))]
    before = _state(exports)
    for place in [exports, *exports.rglob("*")]:
        place.chmod(0o555 if place.is_dir() else 0o444)
    ended = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        input=json.dumps(order),
        env=os.environ | {"TZ": "America/New_York", "LC_ALL": spoken, "LOCPATH": str(locales)},
        cwd=REPO,
        capture_output=True,
        text=True,
        preexec_fn=_rights_count if os.getuid() == 0 else None,
    )
    after = _state(exports)
    for place in [exports, *(path for path in exports.rglob("*") if path.is_dir())]:
        place.chmod(0o755)
    assert ended.returncode == 0, ended.stderr
    return Machine(folder, has_touched=before != after, **json.loads(ended.stdout.splitlines()[-1]))


@pytest.mark.parametrize("name", SAME)
def test_another_machine_writes_the_same_bytes(name: str, here: Path, elsewhere: Machine) -> None:
    written = (elsewhere.folder / name).read_bytes()
    assert written == (here / WRITTEN[name]).read_bytes()
    assert len(written) > 100


def test_names_are_those_that_were_given(elsewhere: Machine) -> None:
    found = {path.name for path in elsewhere.folder.iterdir()}
    assert found == {*WRITTEN, "规 则", "政 策.yaml", "库 存", "甲 乙 [2022]*"}


def test_exports_that_cannot_be_written_to_are_enough(elsewhere: Machine) -> None:
    assert not elsewhere.can_write
    assert not elsewhere.has_touched


def test_decimal_commas_were_in_force(elsewhere: Machine) -> None:
    if elsewhere.half == "0.5":
        pytest.skip("no localedef with de_DE: the other machine had decimal points")
    assert elsewhere.half == "0,5"


# What reads a clock. An act is stamped, and `check` without a partition asks for today.
CLOCKS = {"ledger/store.py", "cli/check.py"}


def test_nothing_that_decides_reads_a_clock() -> None:
    package = Path(nightly.__file__).parent
    found = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if is_call and node.func.attr in ("now", "utcnow", "today", "time_ns"):
                found.add(path.relative_to(package).as_posix())
    assert found == CLOCKS
    written = (package / "engines" / "prepared.json").read_text("utf-8").lower()
    assert re.findall(r"current_(?:date|time\w*)|\b(?:now|today|get_current_\w+)\(", written) == []


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"])
def test_the_clock_is_that_of_shanghai_wherever_the_machine_stands(
    zone: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "flat"
    folder.mkdir()
    for name in ("plans", "delivery", "operations"):
        shutil.copy(FIXTURES / "slices" / f"{name}.csv", folder)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        shanghai = datetime.now(UTC).astimezone(timezone(timedelta(hours=8)))
        assert abs(now() - shanghai.replace(tzinfo=None)) < timedelta(seconds=5)
        engine = DuckDB()
        assert _latest_morning(str(folder), engine) == shanghai.date()
        engine.close()
    finally:
        monkeypatch.undo()
        time.tzset()
