"""Hostile bytes for every reader, by hand: each case must end well, or with one sentence.

    python -m tests.fuzz                          every target, 200 cases each
    python -m tests.fuzz rulebook exports --runs 5000 --seed 7
    python -m tests.fuzz exports --only 4711      one case again, here, with its traceback

A case is made by dice from its target and number, so that it can be made again. Cases run in
processes of their own, which an enemy may crash. Wrong is: an error that is no sentence, a sentence
with control characters or without an end, more than 20 seconds of CPU, more than 2 GB, a
process or a connection that is begun, a file written outside the case's own folder.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from qianchuan_guarantee.errors import UserError
from tests import spoil

REPO = Path(__file__).parent.parent
FIXTURES = REPO / "fixtures"
PATIENCE, MEMORY = 20, 2 << 30  # seconds of CPU, bytes
_LONGEST = 20_000  # characters of a sentence
AS_OF = date(2022, 10, 20)


class WrongError(Exception):
    """A case that did not end as it must."""


Target = Callable[[random.Random, Path], None]
TARGETS: dict[str, Target] = {}


def target(of: Target) -> Target:
    TARGETS[of.__name__.strip("_")] = of
    return of


# --- Exports ----------------------------------------------------------------------------------

_MORE = {
    "conversions": "conversion_id,ad_id,billed_at,converted_at,received_at,valid\n"
    "c-1,1745000000000701,2022-10-01 10:05:00,2022-10-01 10:17:00,,true\n",
    "verdicts": "ad_id,decided_at,verdict,source,note\n"
    "1745000000000701,2022-10-05 10:00:00,cheating,ANTI_SPAM,点击异常\n",
    "first_deliveries": "ad_id,first_delivery_at\n1745000000000701,2022-10-01 08:00:00\n",
    "grant_usage": "usage_id,advertiser_id,used_at,amount\nu-1,1701,2022-10-05 10:00:00,1.00\n",
    "control_totals": "table,dt,rows,cost\nplans,,4,\n",
    "restrictions": "advertiser_id,starts_at,ends_at,reason\n1701,2022-10-05 10:00:00,,x\n",
}


def _tables() -> dict[str, str]:
    names = ("plans", "delivery", "operations")
    return {name: (FIXTURES / "slices" / f"{name}.csv").read_text() for name in names} | _MORE


@target
def _exports(dice: random.Random, folder: Path) -> None:
    """One table of a folder of exports in any format, its text or its bytes spoilt."""
    tables = _tables()
    victim = dice.choice(list(tables))
    for name in ("plans", "delivery", "operations"):
        (folder / f"{name}.csv").write_text(tables[name], "utf-8")
    (folder / f"{victim}.csv").unlink(missing_ok=True)
    text = tables[victim]
    if dice.random() < 0.7:
        text = spoil.reworded(text, dice)
    ending, content = _written(text, dice)
    if dice.random() < 0.5:
        content = spoil.spoilt(content, dice)
    place = folder
    if dice.random() < 0.3:
        odd = dice.choice(["dt=2022-10-01", "dt=2022-10-01'\"", "dt=2022-99-01", "x", "dt="])
        place = folder / victim / odd
        place.mkdir(parents=True)
        name = dice.choice(["part", "a b", "甲", "x';--", '"', "[a]*", "%s", "a?b", "-o"])
        (place / f"{name}{ending}").write_bytes(content)
    else:
        (place / f"{victim}{ending}").write_bytes(content)
    _read(folder)


def _written(text: str, dice: random.Random) -> tuple[str, bytes]:
    raw = text.encode("utf-8", "surrogatepass")
    way = dice.randrange(6)
    if way == 0:
        return ".csv", raw
    if way == 1:
        return ".csv", text.encode(dice.choice(["gbk", "utf-16", "utf-8-sig"]), "replace")
    if way == 2:
        return ".csv.gz", spoil.packed(raw, dice)
    lines = [line.split(",") for line in text.splitlines()]
    rows = [dict(zip(lines[0], line, strict=False)) for line in lines[1:]]
    if way == 3:
        rows = spoil.document(rows, dice)
        content = b"\n".join(spoil.as_json(row) for row in rows)
        return (
            (".jsonl.gz", spoil.packed(content, dice))
            if dice.random() < 0.3
            else (".jsonl", content)
        )
    return ".parquet", _parquet(lines[0], lines[1:], dice)


def _parquet(names: list[str], rows: list[list[str]], dice: random.Random) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def column(place: int) -> pa.Array:
        cells = pa.array([row[place] if place < len(row) else None for row in rows], pa.string())
        kinds = [pa.int64(), pa.float64(), pa.float32(), pa.decimal128(38, 5), pa.bool_()]
        kinds += [pa.timestamp("ns", "UTC"), pa.timestamp("us"), pa.date32(), pa.binary()]
        kinds += [pa.large_string(), pa.dictionary(pa.int8(), pa.string()), pa.decimal256(70, 3)]
        short = not any(
            len(cell) > 60 or "e-9" in cell for row in rows for cell in row
        )  # Arrow crashes at others
        with contextlib.suppress(pa.ArrowException):
            cells = cells if not short else cells.cast(dice.choice(kinds))
        way = dice.random()
        if way < 0.05:
            return pa.array([[1, 2]] * len(rows))
        if way < 0.1:
            return pa.array([{"a": 1}] * len(rows))
        return pa.nulls(len(rows)) if way < 0.13 else cells

    names = [name if dice.random() < 0.98 else spoil.token(dice)[:99] for name in names]
    columns = [column(place) for place in range(len(names))]
    out = io.BytesIO()
    with contextlib.suppress(pa.ArrowException, UnicodeEncodeError):
        table = pa.Table.from_arrays(columns, names)
        pq.write_table(table, out, compression=dice.choice(["none", "snappy", "zstd", "gzip"]))
    return out.getvalue()


def _read(folder: Path) -> None:
    """The reading of exports, without the rule: what `check` and `decide` begin with."""
    from qianchuan_guarantee.engines.duckdb import DuckDB
    from qianchuan_guarantee.exports.find import find
    from qianchuan_guarantee.exports.memory import Memory
    from qianchuan_guarantee.exports.read import read_export
    from qianchuan_guarantee.stages.deliveries import day_facts

    engine = DuckDB(threads=1, memory="1GB")
    try:
        export = find(str(folder))
        checked = read_export(export, engine, (), day_facts, Memory(), lambda *_, **__: None)
        for table in checked.values():
            engine.rows(table.refused)
            engine.rows(table.rows)
    finally:
        engine.close()


# --- Configuration ----------------------------------------------------------------------------


def _yaml(path: Path, dice: random.Random) -> bytes:
    text = path.read_text("utf-8")
    way = dice.random()
    if way < 0.6:
        return spoil.reworded(text, dice).encode("utf-8", "surrogatepass")
    if way < 0.9:
        return spoil.spoilt(text.encode(), dice)
    return _bomb(dice).encode()


def _bomb(dice: random.Random) -> str:
    """Text that becomes very much larger than it is."""
    deep = dice.choice([20, 30])
    way = dice.randrange(4)
    if way == 0:
        lines = [f"a0: &a0 [{'x,' * 9}x]"]
        lines += [f"a{n}: &a{n} [{f'*a{n - 1},' * 9}x]" for n in range(1, deep)]
    elif way == 1:
        lines = ["a0: &a0 {k: 1}"]
        lines += [f"a{n}: &a{n} {{<<: [{f'*a{n - 1},' * 9}]}}" for n in range(1, deep)]
    elif way == 2:
        return dice.choice(["[", "{a: ", "- ", "? ", "!!set {"]) * dice.choice([500, 5000])
    else:
        return "&a {b: *a, c: [*a, *a]}\n"
    return "\n".join([*lines, f"name: *a{deep - 1}", f"issue_up_to_yuan: *a{deep - 1}"])


@target
def _rulebook(dice: random.Random, folder: Path) -> None:
    from qianchuan_guarantee.rulebook import load

    source = next((REPO / "rules").rglob("*.yaml"))
    (folder / "x.yaml").write_bytes(_yaml(source, dice))
    load(folder)


@target
def _policy(dice: random.Random, folder: Path) -> None:
    from qianchuan_guarantee.ledger import policy

    (folder / "policy.yaml").write_bytes(
        _yaml(Path(policy.__file__).with_name("policy.yaml"), dice)
    )
    policy.load_policy(folder / "policy.yaml")


@target
def _phrases(dice: random.Random, folder: Path) -> None:
    from qianchuan_guarantee.importers import phrases

    source = Path(phrases.__file__).with_name("phrases.yaml")
    (folder / "phrases.yaml").write_bytes(_yaml(source, dice))
    phrases.load(folder / "phrases.yaml")


@target
def _settings(dice: random.Random, folder: Path) -> None:
    """Words of `--set` and `--read`."""
    from qianchuan_guarantee.rulebook import load, parse_readings
    from qianchuan_guarantee.settings import with_settings
    from qianchuan_guarantee.supposed import PREFIX, parse

    paths = [
        "scenarios.feed.overcost.percent",
        "window.natural_days",
        "readings",
        "grant.unit_yuan",
    ]
    paths += ["plan.operations.x.create_time", "plan.operations.add", "plan.conversions.add"]
    paths += ["scenarios.managed.conversions.more_than.prompted.dividend_yuan", "in_force.from"]
    path, value = dice.choice(paths), spoil.token(dice)
    if dice.random() < 0.3:
        path = spoil.reworded(path, dice)
    if dice.random() < 0.3:
        value = _bomb(dice)
    word = f"{path}={value}"
    if word.startswith(PREFIX):
        parse(word)
    elif dice.random() < 0.8:
        with_settings(load(), [word])
    else:
        parse_readings([word])


# --- The platform's files ---------------------------------------------------------------------


@target
def _responses(dice: random.Random, folder: Path) -> None:
    """Saved responses, imported and reconciled."""
    from qianchuan_guarantee.importers import phrases
    from qianchuan_guarantee.importers.made import write
    from qianchuan_guarantee.importers.qianchuan_json import Asked, read
    from qianchuan_guarantee.reconcile import platform

    official = FIXTURES / "official"
    found = [*official.rglob("*.json"), *official.rglob("*.jsonl")]
    source = dice.choice(sorted(found))
    lines = source.read_text("utf-8").splitlines() if source.suffix == ".jsonl" else [""]
    if source.suffix == ".jsonl":
        content = b"\n".join(spoil.as_json(spoil.document(json.loads(x), dice)) for x in lines)
    else:
        content = spoil.as_json(spoil.document(json.loads(source.read_bytes()), dice))
    if dice.random() < 0.4:
        content = spoil.spoilt(content, dice)
    page = folder / f"page{source.suffix}"
    page.write_bytes(content)
    with _sentences():
        made = read([page], Asked(phrases.load()))
        write(made, folder / "out")
        made.said("en"), made.said("zh"), made.document()
    with _sentences():
        platform.read([page])


@target
def _workbooks(dice: random.Random, folder: Path) -> None:
    """Report workbooks and CSV, imported and reconciled."""
    from qianchuan_guarantee.importers.made import write
    from qianchuan_guarantee.importers.qianchuan_xlsx import read
    from qianchuan_guarantee.reconcile import platform

    sources = [*(FIXTURES / "official" / "workbooks").iterdir()]
    sources += [FIXTURES / "official" / "reconcile" / "payments.csv"]
    source = dice.choice(sorted(sources))
    content = source.read_bytes()
    if source.suffix == ".xlsx":
        content = spoil.archive(content, dice)
    else:
        content = spoil.spoilt(content, dice)
    path = folder / f"x{source.suffix}"
    path.write_bytes(content)
    with _sentences():
        write(read([path], None, None), folder / "out")
    with _sentences():
        platform.read([path])


# --- Stores, papers, bundles ------------------------------------------------------------------


@target
def _paper(dice: random.Random, folder: Path) -> None:
    """A working paper that came back."""
    from qianchuan_guarantee.audit.evaluation import evaluate
    from qianchuan_guarantee.audit.findings import read_paper

    path = folder / "paper.xlsx"
    path.write_bytes(spoil.archive((made() / "paper.xlsx").read_bytes(), dice))
    paper, findings = read_paper(path)
    evaluate(paper, findings)


@target
def _bundle(dice: random.Random, folder: Path) -> None:
    """A bundle of evidence, its sums made anew after its files were spoilt."""
    from qianchuan_guarantee.audit.bundle import SUMS, packed
    from qianchuan_guarantee.audit.evidence import verify_bundle

    content = (made() / "bundle.zip").read_bytes()
    if dice.random() < 0.8:
        found = spoil.members(content)
        for _ in range(dice.choice([1, 1, 2, 3])):
            name = dice.choice(list(found))
            if name.endswith(".json") and dice.random() < 0.7:
                with contextlib.suppress(ValueError):
                    found[name] = spoil.as_json(spoil.document(json.loads(found[name]), dice))
            elif dice.random() < 0.7:
                found[name] = spoil.spoilt(found[name], dice)
            else:
                odd = [
                    "logs/plans.csv/x",
                    "logs/../../x",
                    "/x",
                    "logs/x/y.csv",
                    "acts/9.json",
                    "x" * 300,
                ]
                found[dice.choice(odd)] = found.pop(name)
        found.pop(SUMS, None)
        content = packed(found)
    else:
        content = spoil.archive(content, dice)
    (folder / "bundle.zip").write_bytes(content)
    verify_bundle(folder / "bundle.zip", None, ())


@target
def _store(dice: random.Random, folder: Path) -> None:
    """A store of which files were spoilt: verified, listed, explained, shown."""
    from qianchuan_guarantee.audit.verify import verify

    store = folder / "store"
    shutil.copytree(made() / "store", store)
    files = sorted(path for path in store.rglob("*") if path.is_file())
    victim = dice.choice([*files, *[store / "ledger.sqlite"] * 3])
    victim.write_bytes(spoil.spoilt(victim.read_bytes(), dice))
    with _sentences():
        verify(str(store), None, ())
    words = dice.choice(
        [
            ("ledger", "list"),
            ("ledger", "check"),
            ("ledger", "balance", "--check"),
            ("ledger", "show", "1745000000000101"),
            ("ledger", "notices"),
            ("explain", "1745000000000101"),
            ("audit", "head"),
            ("export", "status", "-o", str(folder / "status.json")),
            ("report", "--html", str(folder / "night.html")),
            ("ledger", "approve", "--all", "--by", "Li", "--why", "x"),
        ]
    )
    _command(*words, "--store", str(store))


@target
def _words(dice: random.Random, folder: Path) -> None:
    """The command line itself."""
    shapes: list[tuple[str, ...]] = [
        ("decide", "?", "--as-of", "?"),
        ("decide", str(FIXTURES / "none"), "--as-of", "2022-10-20", "--plan", "?"),
        ("decide", str(FIXTURES / "demo"), "--as-of", "2022-10-20", "--memory", "?"),
        ("decide", str(FIXTURES / "demo"), "--as-of", "2022-10-20", "--rulebook", "?"),
        ("decide", str(FIXTURES / "demo"), "--as-of", "2022-10-20", "-o", "?"),
        ("decide", str(FIXTURES / "demo"), "--as-of", "2022-10-20", "--rules", "?"),
        ("explain", "?", str(FIXTURES / "none"), "--known-at", "?"),
        ("ledger", "list", "--store", "?"),
        ("ledger", "show", "?", "--store", str(made() / "store")),
        ("ledger", "list", "--kind", "?", "--store", str(made() / "store")),
        ("ledger", "claw-back", "?", "--amount", "?", "--by", "?", "--why", "?", "--store", "s"),
        ("audit", "verify", "?"),
        ("audit", "verify", str(made() / "store"), "--head", "?"),
        ("audit", "verify", str(made() / "store"), "--key", "?"),
        ("audit", "diff", "?", "?", "--store", str(made() / "store")),
        ("audit", "sample", "--store", str(made() / "store"), "--tolerable", "?", "--seed", "?"),
        ("rules", "show", "?"),
        ("rules", "diff", "?", "?"),
        ("import", "qianchuan-json", "?", "-o", "x"),
        ("reconcile", "?", "?", "--as-of", "?"),
        ("report", "--store", "?", "--html", "x.html"),
        ("generate", "?", "--plans", "?"),
        ("?", "?"),
    ]
    words = [
        (spoil.token(dice)[:2000].replace("\0", "") or "-") if word == "?" else word
        for word in dice.choice(shapes)
    ]
    before = Path.cwd()
    os.chdir(folder)
    try:
        _command(*words)
    finally:
        os.chdir(before)


def _command(*words: str) -> None:
    """A command; its exit code is one of those documented."""
    from typer.testing import CliRunner

    from qianchuan_guarantee.cli.main import app

    result = CliRunner().invoke(app, list(words))
    error = result.exception
    if error is not None and not isinstance(error, SystemExit):
        if not isinstance(error, OSError):  # of which `main` makes a sentence
            raise error
        return
    if result.exit_code not in (0, 1, 2, 3):
        raise WrongError(f"exit code {result.exit_code}")
    _presentable(result.output)


# --- How a case ends --------------------------------------------------------------------------


@contextlib.contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except UserError as error:
        _presentable(str(error))


def _presentable(text: str) -> None:
    odd = next((c for c in text if not c.isprintable() and c not in "\n\t"), None)
    if odd is not None:
        raise WrongError(f"a control character {odd!r} in what is printed: {text[:200]!r}")
    if len(text) > _LONGEST:
        raise WrongError(f"a sentence of {len(text)} characters: {text[:200]!r}")


_MADE: list[Path] = []


def made() -> Path:
    """A store of one night, a bundle and a paper of it, made once."""
    if not _MADE:
        folder = Path(tempfile.mkdtemp(prefix="fuzz-made-"))
        demo, store = FIXTURES / "demo", folder / "store"
        _command("run", str(demo), "--as-of", "2022-10-20", "--store", str(store))
        _command(
            "audit",
            "bundle",
            "1745000000000103",
            "--store",
            str(store),
            "-o",
            str(folder / "bundle.zip"),
        )
        _command(
            *("audit", "sample", "--store", str(store), "--tolerable", "2000", "--seed", "1"),
            *("-o", str(folder / "paper.xlsx")),
        )
        _MADE.append(folder)
    return _MADE[0]


def watch(folders: tuple[str, ...]) -> Callable[[], list[str]]:
    """From here on, what this process does that no reader of a file does; `folders` may be
    written to."""
    seen: list[str] = []
    calls = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect")

    def hook(event: str, words: tuple[Any, ...]) -> None:
        if event in calls:
            seen.append(f"{event} {words[:2]}")
        elif event == "open" and isinstance(words[0], str | bytes):
            path = os.path.realpath(os.fsdecode(words[0]))
            flags = words[2] if isinstance(words[2], int) else 0
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and not path.startswith(folders):
                seen.append(f"wrote {path}")

    sys.addaudithook(hook)

    def taken() -> list[str]:
        found = list(seen)
        seen.clear()
        return found

    return taken


def one(name: str, number: int, root: Path) -> str | None:
    """Run a case; what was wrong with it."""
    dice = random.Random(f"{name} {number}")
    folder = root / f"{name}-{number}"
    folder.mkdir(parents=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with _sentences():
            TARGETS[name](dice, folder)
    except Exception as error:
        if type(error).__module__.startswith(("duckdb", "_duckdb")):
            return None  # the command makes a sentence of it
        ours = [f for f in traceback.extract_tb(error.__traceback__) if "qianchuan" in f.filename]
        at = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "tests"
        return f"{type(error).__name__} at {at}: {str(error)[:200]!r}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if after > before and after * 1024 > MEMORY:
        return f"{after >> 10} MB"
    return None


def many(name: str, first: int, runs: int, root: Path) -> dict[int, str]:
    """Cases of a target, in processes that may die: number → what was wrong."""
    wrong: dict[int, str] = {}
    number = first
    while number < first + runs:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _serve(name, number, first + runs, root, writing)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as lines:
            for line in lines:
                said = json.loads(line)
                number = said["number"]
                if said["wrong"]:
                    wrong[number] = said["wrong"]
        status = os.waitpid(child, 0)[1]
        number += 1
        if os.WIFSIGNALED(status):
            wrong[number] = f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
            number += 1
    return wrong


def _serve(name: str, number: int, end: int, root: Path, writing: int) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (2 * MEMORY, 2 * MEMORY))
    taken = watch((str(root), *(str(m) for m in _MADE), *_scratch(), "/dev/"))
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    with os.fdopen(writing, "w") as out:
        for case in range(number, min(end, number + 250)):
            used = resource.getrusage(resource.RUSAGE_SELF)
            spent = int(used.ru_utime + used.ru_stime)
            resource.setrlimit(resource.RLIMIT_CPU, (spent + PATIENCE, spent + PATIENCE + 5))
            signal.alarm(6 * PATIENCE)
            found = one(name, case, root)
            strange = taken()
            wrong = found or (f"{strange[0]}" if strange else None)
            out.write(json.dumps({"number": case, "wrong": wrong}) + "\n")
            out.flush()


def _scratch() -> list[str]:
    """What the package calls its own temporary folders."""
    return [str(Path(tempfile.gettempdir(), begin)) for begin in ("qcg-", "tmp")]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", default=[], choices=[*TARGETS, []])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int)
    asked = parser.parse_args()
    names = asked.targets or list(TARGETS)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as text:
        root = Path(text)
        if asked.only is not None:
            TARGETS[names[0]](random.Random(f"{names[0]} {asked.only}"), root)
            return 0
        if set(names) & {"paper", "bundle", "store", "words"}:
            made()
        found = sum(_tell(name, asked.seed * 1_000_000, asked.runs, root) for name in names)
        for folder in _MADE:
            shutil.rmtree(folder)
    return 1 if found else 0


def _tell(name: str, first: int, runs: int, root: Path) -> int:
    begun = time.perf_counter()
    wrong = many(name, first, runs, root)
    print(
        f"{name}: {runs} cases in {time.perf_counter() - begun:.0f} s, {len(wrong)} wrong",
        flush=True,
    )
    kinds = collections.defaultdict(list)
    for number, what in wrong.items():
        kinds[what.split(":", 2)[0] if "at" in what else what].append(number)
    for numbers in sorted(kinds.values(), key=len, reverse=True)[:20]:
        print(f"  {len(numbers):5} × {wrong[numbers[0]]}  (case {numbers[0]})", flush=True)
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
