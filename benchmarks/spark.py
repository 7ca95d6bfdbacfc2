"""`qcg decide --engine spark` with executors that are processes of one core each: the same work
with one and with two, and evenly spread against skewed.

    python -m benchmarks.spark                  20 000 plans and a million conversions more

Both exports have the same rows but for these: in the skewed one a third of all plans are of one
advertiser, and the million conversions of one plan; in the even one of a tenth of all plans.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import answers

AS_OF = "2022-10-15"
QCG = [sys.executable, "-m", "qianchuan_guarantee.cli.main"]
ADVERTISER = 1
_TICKS = os.sysconf("SC_CLK_TCK")
_EVERY = 0.5  # seconds between looks at the processes

# Which advertiser a plan is of, and which plans' conversions are copied.
SHAPES = {
    "even": ("advertiser_id", "ad_id % 10 = 0"),
    "skewed": (
        f"if(ad_id % 3 = 0, {ADVERTISER}, advertiser_id)",
        "ad_id = (SELECT mode(ad_id ORDER BY ad_id) FROM {conversions})",
    ),
}


@dataclass(frozen=True)
class Took:
    """Wall seconds, and processor seconds: of the executors, and of driver and command."""

    seconds: float
    executors: float
    driver: float


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark")
    parser.add_argument("--plans", type=int, default=20_000)
    parser.add_argument("--more", type=int, default=1_000_000, help="conversions that are added")
    parser.add_argument("--executors", type=int, nargs="+", default=[1, 2], metavar="N")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    return parser.parse_args()


def _made(folder: Path, plans: int, more: int, shapes: Sequence[str]) -> None:
    """An export for each shape, of the same size."""
    import duckdb

    made = folder / "made"
    command = [*QCG, "generate", str(made), "--plans", str(plans), "--order", "hour"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for shape in shapes:
        whose, among = SHAPES[shape]
        exports = folder / shape
        exports.mkdir()
        for path in made.iterdir():
            (exports / path.name).symlink_to(path)
        conversions = f"'{made}/conversions.parquet'"
        found = f"SELECT * FROM {conversions} WHERE {among.format(conversions=conversions)}"
        added = f"""
            WITH found AS MATERIALIZED ({found}), sized AS (SELECT count(*) AS size FROM found)
            SELECT found.* REPLACE ('more-' || turn.range || '-' || conversion_id AS conversion_id)
            FROM sized, range({more} // size + 1) AS turn, found LIMIT {more}
        """
        tables = {
            "plans": f"SELECT * REPLACE ({whose} AS advertiser_id) FROM '{made}/plans.parquet'",
            "conversions": f"SELECT * FROM {conversions} UNION ALL ({added})",
        }
        for name, query in tables.items():
            path = exports / f"{name}.parquet"
            path.unlink()
            duckdb.sql(f"COPY ({query}) TO '{path}'")


def _run(words: Sequence[str], environment: dict[str, str], log: Path) -> Took:
    """A command as a process of its own. Executors are grandchildren that nobody waits for, so
    that no usage comes back from them: processor time is looked up while they run."""
    spent: dict[int, tuple[bool, float]] = {}
    started = time.perf_counter()
    with log.open("w") as said:
        process = subprocess.Popen(
            [*QCG, *words], env=environment, stdout=subprocess.DEVNULL, stderr=said
        )
        while process.poll() is None:
            spent |= _spent(process.pid)
            time.sleep(_EVERY)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)}: failed\n{log.read_text()[-2000:]}")
    totals = [sum(s for is_one, s in spent.values() if is_one is asked) for asked in (True, False)]
    return Took(time.perf_counter() - started, *totals)


def _spent(root: int) -> dict[int, tuple[bool, float]]:
    """Each process below `root`, and itself: whether it is an executor, and its processor
    seconds."""
    processes: dict[int, tuple[int, float, bool]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            stat = (place / "stat").read_text().rpartition(")")[2].split()
            is_executor = b"CoarseGrainedExecutorBackend" in (place / "cmdline").read_bytes()
        except OSError:  # gone meanwhile
            continue
        if stat[0] == "Z":  # it has ended, and does not say any more what it was
            continue
        processes[int(place.name)] = (
            int(stat[1]),
            sum(map(int, stat[11:13])) / _TICKS,
            is_executor,
        )
    found: dict[int, tuple[bool, float]] = {}
    waiting = [(root, False)]
    while waiting:
        pid, is_below = waiting.pop()
        if pid not in processes:
            continue
        _, seconds, is_executor = processes[pid]
        found[pid] = (is_executor or is_below, seconds)
        # What runs below an executor is of it: the Python that reads text files.
        waiting += [(p, found[pid][0]) for p, (of, *_) in processes.items() if of == pid]
    return found


def _spark_home(folder: Path) -> Path:
    """Workers leave their logs in Spark's home, which is not to be where it is installed."""
    import pyspark

    home = folder / "spark"
    home.mkdir()
    for name in ("bin", "jars", "python"):
        (home / name).symlink_to(Path(pyspark.__file__).parent / name)
    return home


def main() -> int:
    import pyarrow.parquet as pq

    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        folder = Path(name)
        _made(folder, asked.plans, asked.more, asked.shapes)
        environment = os.environ | {"SPARK_HOME": str(_spark_home(folder))}
        clusters = {f"{n} x 1 core": f"local-cluster[{n},1,1024]" for n in asked.executors}
        print(f"{'exports':8} {'executors':10} {'seconds':>8} {'executors CPU s':>16} "
              f"{'driver CPU s':>13} {'granted':>8} {'amount, yuan':>15}")  # fmt: skip
        for shape in asked.shapes:
            said = {}
            for label, master in {"(duckdb)": "", **clusters}.items():
                out = folder / f"{shape}.parquet"
                words = ["decide", str(folder / shape), "--as-of", AS_OF, "-o", str(out)]
                engine = ["--engine", "spark", "--spark-master", master] if master else []
                took = _run([*words, *engine], environment, folder / "log")
                said[label] = pq.read_table(out)
                answer = answers.read(out)
                print(f"{shape:8} {label:10} {took.seconds:8.1f} {took.executors:16.1f} "
                      f"{took.driver:13.1f} {len(answer.amounts):8,} {answer.total:15,}",
                      flush=True)  # fmt: skip
            first, *others = said.values()
            if not all(found.equals(first) for found in others):
                raise SystemExit(f"{shape}: not all decide the same")
    return 0


if __name__ == "__main__":
    sys.exit(main())
