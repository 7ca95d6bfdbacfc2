"""`qcg decide` and `qcg run` on Spark as whole processes, held to the same commands on DuckDB, and
one whose Java is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from qianchuan_guarantee.ledger import query
from qianchuan_guarantee.ledger.checks import problems
from qianchuan_guarantee.ledger.decided import decision_problems
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.wording import say
from tests.conftest import by_plan
from tests.test_cases import AS_OF, exports_of, plans, unlike_by_hand
from tests.test_spark import NEEDS, QUICK_JAVA, UNCOMPILED
from tests.worlds import world, write

pytestmark = NEEDS

ON = {"duckdb": (), "spark": ("--engine", "spark", "--spark-master", "local[2]")}
QUICK = {
    "JDK_JAVA_OPTIONS": QUICK_JAVA,
    "PYSPARK_SUBMIT_ARGS": " ".join(f"--conf {k}={v}" for k, v in UNCOMPILED.items())
    + " pyspark-shell",
}
QCG = [sys.executable, "-m", "qianchuan_guarantee.cli.main"]


def qcg(*words: object) -> subprocess.CompletedProcess[str]:
    command = [*QCG, *map(str, words)]
    return subprocess.run(command, env=os.environ | QUICK, capture_output=True, text=True)


def test_decide_writes_what_it_does_on_duckdb(tmp_path: Path) -> None:
    """The worked cases that have daily partitions, some rows of which are refused."""
    layout = "daily"
    exports, said = tmp_path / "exports", {}
    write(exports_of(plans(layout), layout), exports)
    for engine, options in ON.items():
        out = tmp_path / engine / "decisions.parquet"
        asked = ("decide", exports, "--as-of", AS_OF, "-o", out, "--strict", "--json")
        ran = qcg(*asked, *options)
        assert ran.returncode == 3, ran.stderr
        said[engine] = json.loads(ran.stdout)
    assert said["spark"] == said["duckdb"]
    ours, theirs = tmp_path / "spark", tmp_path / "duckdb"
    refused = pq.read_table(ours / "quarantine.parquet")
    assert refused.num_rows > 0
    assert refused.equals(pq.read_table(theirs / "quarantine.parquet"))
    decisions = pq.read_table(ours / "decisions.parquet")
    assert decisions.equals(pq.read_table(theirs / "decisions.parquet"))
    assert unlike_by_hand(layout, by_plan(decisions.to_pylist())) == {}
    assert {path.name for path in ours.iterdir()} == {"decisions.parquet", "quarantine.parquet"}


def entered(folder: Path) -> list[dict[str, object]]:
    """The entries of a store that is sound."""
    store = Store(str(folder))
    try:
        assert problems(store) + decision_problems(store) == []
        return [{k: v for k, v in entry.items() if k != "at"} for entry in query.entries(store)]
    finally:
        store.close()


def assert_same_files(ours: Path, theirs: Path) -> None:
    """What a night leaves: the same bytes, but for the manifest, which names engine and time, and
    for the facts, which each engine keeps in a type that is wide enough."""
    names = {path.name for path in ours.iterdir()}
    assert names == {path.name for path in theirs.iterdir()}
    assert {"decisions.parquet", "quarantine.parquet"} < names
    for name in names - {"manifest.json", "facts.parquet"}:
        assert (ours / name).read_bytes() == (theirs / name).read_bytes(), name
    facts, others = (pq.read_table(folder / "facts.parquet") for folder in (ours, theirs))
    assert facts.column_names == others.column_names
    assert facts.to_pylist() == others.to_pylist()


def test_run_enters_what_it_does_on_duckdb(tmp_path: Path) -> None:
    """A random world, a tenth of whose plans have dirt; the second night of a store, so that it
    begins with what the first has left."""
    world_7, as_of = world(7, 150)
    exports = tmp_path / "exports"
    write(world_7, exports, shuffle_seed=7)
    theirs, ours = tmp_path / "duckdb", tmp_path / "spark"
    night = ("run", exports, "--json", "--as-of")
    first = qcg(*night, as_of - timedelta(days=2), "--store", theirs)
    assert first.returncode == 0, first.stderr
    shutil.copytree(theirs, ours)
    said = {}
    for engine, options in ON.items():
        ran = qcg(*night, as_of, "--store", tmp_path / engine, *options)
        assert ran.returncode == 0, ran.stderr
        said[engine] = json.loads(ran.stdout)
    assert said["spark"] == said["duckdb"]
    run_id = said["spark"]["run_id"]
    entries = entered(ours)
    assert [entry for entry in entries if entry["run_id"] == run_id]
    assert entries == entered(theirs)
    assert_same_files(ours / "runs" / run_id, theirs / "runs" / run_id)


def contents(folder: Path) -> dict[str, bytes]:
    """All files but the lock, which says who had it last."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {str(path): path.read_bytes() for path in files}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc")
def test_a_run_whose_java_is_killed_leaves_nothing(tmp_path: Path) -> None:
    """No entry, no file, no folder; and one sentence about it, in the language asked for."""
    exports, store, temporary = (tmp_path / name for name in ("exports", "store", "tmp"))
    world_14, as_of = world(14, 150)
    write(world_14, exports)
    temporary.mkdir()
    asked = ["run", str(exports), "--store", str(store), "--lang", "zh", "--as-of"]
    first = qcg(*asked, as_of - timedelta(days=2))
    assert first.returncode == 0, first.stderr
    before = contents(store)
    run = subprocess.Popen(
        [*QCG, *asked, str(as_of), *ON["spark"]],
        # What Spark itself spills, and a Java that is killed leaves, goes elsewhere.
        env=os.environ | QUICK | {"TMPDIR": str(temporary), "SPARK_LOCAL_DIRS": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not list(temporary.glob("qcg-*/kept-*")):
            assert run.poll() is None, run.communicate()
            time.sleep(0.1)
        (java,) = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        os.kill(int(java), signal.SIGKILL)
        out, err = run.communicate(timeout=300)
    finally:
        run.kill()
    assert (run.returncode, out) == (1, "")
    assert err.splitlines()[-1] == f"qcg: {say('engine_ended', 'zh')}"
    assert "Traceback" not in err
    assert contents(store) == before
    assert list(temporary.iterdir()) == []
