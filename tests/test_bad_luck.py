"""Bad luck that needs no enemy: logs that are still being written, another zone, another clock.

Nights that are killed, disks that are full, databases that die: `test_faults`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
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
from qianchuan_guarantee.exports.steady import require_unchanged, stamps
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


def test_another_zone_locale_and_folder_decide_the_same_bytes(
    exports: Path, tmp_path: Path
) -> None:
    """In a folder that cannot be written to, named as people name theirs."""
    before = stamps(exports)
    for folder, _, _ in os.walk(exports):
        os.chmod(folder, 0o555)
    out, elsewhere = tmp_path / "结果 1.parquet", tmp_path / "plain.parquet"
    more = {"TZ": "America/New_York", "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}
    words = ["-m", "qianchuan_guarantee.cli.main", "decide", exports, "--as-of", str(AS_OF)]
    ended = subprocess.run(
        [sys.executable, *map(str, words), "-o", str(out)],
        env=os.environ | more,
        cwd=REPO,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert qcg("decide", DEMO, "--as-of", AS_OF, "-o", elsewhere).exit_code == 0
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (out, elsewhere)]
    assert digests[0] == digests[1]
    assert stamps(exports) == before
    for folder, _, _ in os.walk(exports):
        os.chmod(folder, 0o755)


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
