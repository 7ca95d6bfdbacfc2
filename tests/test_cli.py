"""The command: what it prints and writes, how it ends, and that a mistake costs one sentence.

Commands run in this process, as `qcg` runs them; a few in one of their own.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from string import Formatter
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

from qianchuan_guarantee import wording
from qianchuan_guarantee.cli.main import main
from qianchuan_guarantee.errors import InvariantError
from qianchuan_guarantee.exports.quarantine import quarantine_schema
from qianchuan_guarantee.rulebook import REGISTER
from qianchuan_guarantee.tables import DECISIONS, INPUTS, decisions_schema
from qianchuan_guarantee.vocabulary import OUTCOMES, REASONS, REFUSALS, SCENARIOS, STATUSES
from qianchuan_guarantee.wording import dossier, page
from qianchuan_guarantee.write import as_text
from tests.conftest import REPO, decided, write_decisions

DEMO = REPO / "fixtures" / "demo"
DAY = "2022-10-06"
GRANTED, MANAGED, REFUSED, CONSERVATIVE, OPEN, LOST, FEW = range(1745000000000101, 1745000000000108)


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """The lines in which the command speaks of an error."""
        return "\n".join(line for line in self.err.splitlines() if line.startswith("qcg: "))


def qcg(*words: object) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["qcg", *map(str, words)]
    code: Any = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as stopped:
        code = stopped.code or 0
    finally:
        sys.argv = before
    return Ran(code, out.getvalue(), err.getvalue())


# --- A small shop -----------------------------------------------------------------------------

# 101: 3 × 10 + 3 × 20 = 90; 108 = 1.2 × 90. 102: 11 × 500 = 5500; 6600 = 1.2 × 5500.
SHOP = {
    "plans": f"""ad_id,advertiser_id,lab_ad_type,marketing_scene,smart_bid_type,cpa_bid,店铺,remark
{GRANTED},7001,NOT_LAB_AD,FEED,SMART_BID_CUSTOM,20,一,x
{MANAGED},7001,LAB_AD,SEARCH,SMART_BID_CUSTOM,500,一,x
{REFUSED},7002,NOT_LAB_AD,FEED,SMART_BID_CUSTOM,10,一,x
{CONSERVATIVE},7002,NOT_LAB_AD,FEED,SMART_BID_CONSERVATIVE,10,二,x
{OPEN},7003,NOT_LAB_AD,FEED,SMART_BID_CUSTOM,10,二,x
{LOST},7003,NOT_LAB_AD,SEARCH,SMART_BID_CUSTOM,10,二,x
{FEW},7003,NOT_LAB_AD,SEARCH,SMART_BID_CUSTOM,10,二,x
""",
    "delivery": "ad_id,stat_datetime,stat_cost,show_cnt,click_cnt\n"
    + "".join(
        f"{plan},{day} 10:00:00,{cost},100,10\n"
        for plan, day, cost in [
            (GRANTED, "2022-10-01", "108"),
            (MANAGED, "2022-10-01", "6600"),
            (REFUSED, "2022-10-01", "72"),
            (REFUSED, "2022-10-02", "lots"),
            (CONSERVATIVE, "2022-10-01", "72"),
            (OPEN, "2022-10-04", "72"),
            (LOST, "2022-10-01", "24"),
            (FEW, "2022-10-01", "12"),
        ]
    ),
    "conversions": "conversion_id,ad_id,billed_at,converted_at\n"
    + "".join(
        f"c{plan}-{day}-{n},{plan},{day} 12:00:00,{day} 12:30:00\n"
        for plan, day, count in [
            (GRANTED, "2022-10-01", 3),
            (GRANTED, "2022-10-02", 3),
            (MANAGED, "2022-10-02", 11),
            (REFUSED, "2022-10-01", 6),
            (OPEN, "2022-10-04", 1),
            (LOST, "2022-10-01", 2),
            (FEW, "2022-10-01", 1),
        ]
        for n in range(count)
    ),
    "operations": f"""log_id,ad_id,create_time,operation,old_value,new_value
l1,{GRANTED},2022-10-02 00:00:00,bid,10,20
l2,{MANAGED},2022-10-03 00:00:00,pause,,
l3,{LOST},2022-10-02 09:00:00,targeting,,
l4,{LOST},2022-10-02 10:00:00,targeting,,
l5,{LOST},2022-10-02 11:00:00,targeting,,
""",
}


def open_shop(folder: Path) -> Path:
    folder.mkdir()
    for name, text in SHOP.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = open_shop(tmp_path_factory.mktemp("shop") / "exports")
    (folder / "notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- Mistakes ---------------------------------------------------------------------------------


def to_parquet(exports: Path, table: str) -> Path:
    """A table of the shop as typed Parquet instead of CSV; money stays text."""
    path = exports / f"{table}.csv"
    columns = pa.csv.read_csv(path)
    path.unlink()
    target = exports / f"{table}.parquet"
    pq.write_table(columns, target, compression="zstd")
    return target


def spoil(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def break_pages(exports: Path) -> None:
    """The footer is whole, the pages before it are not."""
    path = exports / "operations.csv"
    path.unlink()
    names = SHOP["operations"].split("\n")[0].split(",")
    arrays = {name: pa.array(["1"] * 1000) for name in names} | {
        "ad_id": pa.array(range(1, 1001), pa.int64()),
        "create_time": pa.array([datetime(2022, 10, 1)] * 1000, pa.timestamp("us")),
    }
    pq.write_table(pa.table(arrays), exports / "operations.parquet")
    spoil(exports / "operations.parquet", lambda data: data[:4] + b"\xff" * 400 + data[404:])


def rename(exports: Path, old: str, new: str) -> None:
    target = exports / new
    target.parent.mkdir(parents=True, exist_ok=True)
    (exports / old).rename(target)


def replace(exports: Path, name: str, old: str, new: str) -> None:
    path = exports / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def empty(exports: Path) -> None:
    for path in exports.iterdir():
        path.unlink()


def file_instead(exports: Path) -> None:
    shutil.rmtree(exports)
    exports.write_text("a file", encoding="utf-8")


# what: (how the exports are spoilt, what the sentence names)
BAD_EXPORTS: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "no such folder": (shutil.rmtree, ["exports", "no such folder"]),
    "a file for a folder": (file_instead, ["exports", "a file"]),
    "an empty folder": (empty, ["plans", "delivery", "operations"]),
    "a missing table": (lambda e: (e / "delivery.csv").unlink(), ["delivery"]),
    "a missing column": (
        lambda e: replace(e, "delivery.csv", "stat_cost", "stat_price"),
        ["delivery.csv", "stat_cost", "stat_price"],
    ),
    "a column twice": (
        lambda e: replace(e, "plans.csv", "remark", "cpa_bid"),
        ["plans.csv", "cpa_bid", "twice"],
    ),
    "an empty file": (lambda e: spoil(e / "plans.csv", lambda data: b""), ["plans.csv", "empty"]),
    "a truncated Parquet file": (
        lambda e: spoil(to_parquet(e, "operations"), lambda data: data[: len(data) // 2]),
        ["operations.parquet", "Parquet"],
    ),
    "a Parquet file without its last byte": (
        lambda e: spoil(to_parquet(e, "operations"), lambda data: data[:-1]),
        ["operations.parquet", "Parquet"],
    ),
    "an empty Parquet file": (
        lambda e: spoil(to_parquet(e, "plans"), lambda data: b""),
        ["plans.parquet", "Parquet"],
    ),
    "a text file named .parquet": (
        lambda e: rename(e, "plans.csv", "plans.parquet"),
        ["plans.parquet", "Parquet"],
    ),
    "a Parquet file with broken pages": (break_pages, ["operations.parquet"]),
    "a Parquet file without a column": (
        lambda e: (
            replace(e, "plans.csv", "smart_bid_type", "bid_type"),
            to_parquet(e, "plans"),
        ),
        ["plans.parquet", "smart_bid_type"],
    ),
    "a text file named .gz": (
        lambda e: rename(e, "plans.csv", "plans.csv.gz"),
        ["plans.csv.gz"],
    ),
    "a truncated .gz file": (
        lambda e: (
            spoil(e / "conversions.csv", lambda data: gzip.compress(data * 50)[:-200]),
            rename(e, "conversions.csv", "conversions.csv.gz"),
        ),
        ["conversions.csv.gz"],
    ),
    "a table twice": (
        lambda e: (
            shutil.copy(e / "plans.csv", e / "kept.csv"),
            to_parquet(e, "plans"),
            rename(e, "kept.csv", "plans.csv"),
        ),
        ["plans", "twice", "plans.csv", "plans.parquet"],
    ),
    "a table as a file and as a folder": (
        lambda e: (
            (e / "plans" / "dt=2022-10-01").mkdir(parents=True),
            shutil.copy(e / "plans.csv", e / "plans" / "dt=2022-10-01" / "p.csv"),
        ),
        ["plans", "twice"],
    ),
    "a partition that is no day": (
        lambda e: rename(e, "delivery.csv", "delivery/dt=2022-13-01/d.csv"),
        ["dt=2022-13-01", "YYYY-MM-DD"],
    ),
    "a partition written otherwise": (
        lambda e: rename(e, "delivery.csv", "delivery/dt=20221001/d.csv"),
        ["dt=20221001", "YYYY-MM-DD"],
    ),
    "a file of another kind in a table": (
        lambda e: rename(e, "delivery.csv", "delivery/dt=2022-10-01/d.xls"),
        ["d.xls"],
    ),
    "nothing about conversions": (
        lambda e: (e / "conversions.csv").unlink(),
        ["conversions", "attribution_convert_cnt"],
    ),
}


@pytest.mark.parametrize("what", BAD_EXPORTS)
def test_exports_that_cannot_be_read_cost_one_sentence_and_write_nothing(
    what: str, tmp_path: Path
) -> None:
    change, named = BAD_EXPORTS[what]
    exports, out = open_shop(tmp_path / "exports"), tmp_path / "out"
    change(exports)
    out.mkdir()
    (out / "d.parquet").write_text("yesterday's", encoding="utf-8")
    before = files_in(tmp_path)
    ran = qcg("decide", exports, "--as-of", DAY, "-o", out / "d.parquet", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert ran.said.count("\n") == 0
    assert all(word in ran.said for word in named), ran.said
    assert "Traceback" not in ran.err
    assert files_in(tmp_path) == before


# what: (the words after `qcg`, code, what the sentence names); EXPORTS and OUT are put in
AS_OF = ("decide", "EXPORTS", "--as-of", DAY)
MISUSED: dict[str, tuple[tuple[str, ...], int, list[str]]] = {
    "an unknown command": (("pay", "EXPORTS"), 2, ["pay"]),
    "an unknown option": ((*AS_OF, "--fast"), 2, ["--fast"]),
    "no morning": (("decide", "EXPORTS"), 2, ["--as-of"]),
    "no exports": (("decide", "--as-of", DAY), 2, ["EXPORTS"]),
    "a morning that is none": (
        ("decide", "EXPORTS", "--as-of", "yesterday"),
        2,
        ["yesterday", "YYYY-MM-DD"],
    ),
    "a day that the calendar lacks": (
        ("decide", "EXPORTS", "--as-of", "2022-02-30"),
        2,
        ["2022-02-30", "YYYY-MM-DD"],
    ),
    "a morning with a clock": (
        ("decide", "EXPORTS", "--as-of", "2022-10-06 09:00"),
        2,
        ["YYYY-MM-DD"],
    ),
    "an unknown reading": ((*AS_OF, "--read", "mood=good"), 2, ["mood", "overcost_boundary"]),
    "an unknown choice": (
        (*AS_OF, "--read", "overcost_boundary=strict"),
        2,
        ["strict", "inclusive", "exclusive"],
    ),
    "a reading without a choice": ((*AS_OF, "--read", "rounding"), 2, ["ID=CHOICE"]),
    "two choices": (
        (*AS_OF, "--read", "rounding=down", "--read", "rounding=half_up"),
        2,
        ["rounding"],
    ),
    "an unknown rulebook": (
        (*AS_OF, "--rulebook", "qianchuan-cost-guarantee@2021"),
        2,
        ["@2021", "qianchuan-cost-guarantee@2022-01-27"],
    ),
    "no rules": ((*AS_OF, "--rules", "OUT"), 1, ["no rulebook"]),
    "a plan that is no number": ((*AS_OF, "--plan", "first"), 2, ["--plan", "integer"]),
    "an unknown ending": ((*AS_OF, "-o", "OUT/d.txt"), 2, ["d.txt", ".parquet, .csv, .xlsx"]),
    "no ending": ((*AS_OF, "-o", "OUT/decisions"), 2, ["decisions", ".parquet"]),
    "a folder for a file": ((*AS_OF, "-o", "OUT/taken.csv"), 2, ["taken.csv", "folder"]),
    "an unknown ending of the quarantine": (
        (*AS_OF, "--quarantine", "OUT/q.txt"),
        2,
        ["--quarantine", "q.txt"],
    ),
    "one file for two things": (
        (*AS_OF, "-o", "OUT/d.parquet", "--quarantine", "OUT/d.parquet"),
        2,
        ["d.parquet"],
    ),
    "decisions named as the quarantine": (
        (*AS_OF, "-o", "OUT/quarantine.parquet"),
        2,
        ["quarantine.parquet"],
    ),
    "an unknown language": ((*AS_OF, "--lang", "fr"), 2, ["fr", "zh", "en"]),
    "an unknown engine": ((*AS_OF, "--engine", "pandas"), 2, ["pandas", "duckdb", "spark"]),
    "a cluster without its engine": (
        (*AS_OF, "--spark-master", "local[2]"),
        2,
        ["--spark-master", "--engine spark"],
    ),
    "a memory that is no size": ((*AS_OF, "--memory", "lots"), 2, ["--memory", "lots"]),
    "explain a plan that is no number": (
        ("explain", "first", "EXPORTS", "--as-of", DAY),
        2,
        ["AD_ID", "integer"],
    ),
    "explain in an unknown language": (
        ("explain", str(GRANTED), "EXPORTS", "--as-of", DAY, "--lang", "fr"),
        2,
        ["fr"],
    ),
    "rules that are not there": (("rules", "show", "nothing@1"), 2, ["nothing@1"]),
    "rules of an unknown folder": (("rules", "check", "OUT/none"), 1, ["none"]),
}


@pytest.mark.parametrize("what", MISUSED)
def test_a_misused_command_says_what_is_wrong_and_writes_nothing(
    what: str, shop: Path, tmp_path: Path
) -> None:
    words, code, named = MISUSED[what]
    (tmp_path / "taken.csv").mkdir()
    known = {"EXPORTS": str(shop), "OUT": str(tmp_path)}
    ran = qcg(*(known.get(word, word.replace("OUT", str(tmp_path))) for word in words))
    assert ran.code == code
    assert ran.out == ""
    assert all(word in ran.err for word in named), ran.err
    assert "Traceback" not in ran.err
    assert not files_in(tmp_path)


def test_plans_that_are_not_there_are_named(shop: Path, tmp_path: Path) -> None:
    words = ("--plan", "8", "--plan", GRANTED, "--plan", "9", "-o", tmp_path / "d.parquet")
    ran = qcg(*("decide", shop, "--as-of", DAY), *words)
    assert (ran.code, ran.out) == (2, "")
    assert "8, 9" in ran.said
    assert str(GRANTED) not in ran.said
    assert not files_in(tmp_path)


def test_a_plan_that_is_not_there_cannot_be_explained(shop: Path) -> None:
    ran = qcg("explain", 8, shop, "--as-of", DAY)
    assert (ran.code, ran.out) == (2, "")
    assert "8" in ran.said
    assert "Traceback" not in ran.err


def test_where_nothing_can_be_written_nothing_is_written(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    out, quarantine = tmp_path / "taken" / "d.parquet", tmp_path / "q.parquet"
    ran = qcg("decide", shop, "--as-of", DAY, "-o", out, "--quarantine", quarantine)
    assert ran.code == 1
    assert "d.parquet" in ran.said
    assert "Written" not in ran.out
    assert list(files_in(tmp_path)) == ["taken"]


def test_help_names_all_commands_and_imports_none() -> None:
    code = (
        "import sys\n"
        "from qianchuan_guarantee.cli import main\n"
        "try:\n    main.app(['--help'])\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0
    of_ours = {name for name in ran.stderr.split() if name.startswith("qianchuan_guarantee.cli.")}
    assert of_ours == {"qianchuan_guarantee.cli.main", "qianchuan_guarantee.cli.groups"}
    assert not {"rich", "pyarrow", "duckdb", "ibis", "yaml"} & set(ran.stderr.split())
    shown = re.findall(r"^  ([a-z-]+)  ", ran.stdout.split("Commands:")[1], re.MULTILINE)
    assert len(shown) == 14
    for name in shown:
        assert "Options:" in qcg(name, "--help").out
    assert wording.say("c_release", "en") in " ".join(qcg("ledger", "-h").out.split())


def test_a_process_of_its_own_ends_alike_and_leaves_nothing_behind(tmp_path: Path) -> None:
    exports, temporary = open_shop(tmp_path / "exports"), tmp_path / "tmp"
    temporary.mkdir()
    replace(exports, "delivery.csv", "lots", "5,000\n1,2,3")
    spoil(exports / "conversions.csv", lambda data: gzip.compress(data * 50)[:-200])
    rename(exports, "conversions.csv", "conversions.csv.gz")
    command = [sys.executable, "-m", "qianchuan_guarantee.cli.main"]
    ran = subprocess.run(
        [*command, "decide", str(exports), "--as-of", DAY, "-o", str(tmp_path / "d.csv")],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert len([line for line in ran.stderr.splitlines() if line.startswith("qcg: ")]) == 1
    assert "Traceback" not in ran.stderr
    assert not list(temporary.iterdir())
    assert not (tmp_path / "d.csv").exists()


# --- What is written --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def english(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path]:
    out = tmp_path_factory.mktemp("english")
    return qcg("decide", shop, "--as-of", DAY, "-o", out / "decisions.parquet"), out


@pytest.fixture(scope="module")
def chinese(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path]:
    out = tmp_path_factory.mktemp("chinese")
    words = ("-o", out / "decisions.xlsx", "--lang", "zh", "--quarantine", out / "refused.csv")
    return qcg("decide", shop, "--as-of", DAY, *words), out


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path]:
    out = tmp_path_factory.mktemp("strict")
    words = ("--strict", "--json", "-o", out / "d.csv", "--quarantine", out / "sub" / "q.parquet")
    return qcg("decide", DEMO, "--as-of", "2022-10-20", *words), out


@pytest.fixture(scope="module")
def twice(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, bytes]]:
    """The decisions of two runs, by another number of threads, with every ending."""
    written = []
    for threads in (1, 2):
        folder = tmp_path_factory.mktemp("written")
        with decided(shop, date.fromisoformat(DAY), threads=threads) as answer:
            for ending in ("parquet", "csv", "xlsx"):
                write_decisions(answer, folder / f"decisions.{ending}")
        written.append(files_in(folder))
    return written


def test_the_shop_has_a_plan_of_every_outcome(english: tuple[Ran, Path]) -> None:
    rows = pq.read_table(english[1] / "decisions.parquet").to_pylist()
    assert {row["ad_id"]: row["outcome"] for row in rows} == {
        GRANTED: "granted",
        MANAGED: "granted",
        REFUSED: "held",
        CONSERVATIVE: "not_covered",
        OPEN: "open",
        LOST: "invalid",
        FEW: "ended",
    }
    assert {row["outcome"] for row in rows} == set(OUTCOMES)
    assert [row["amount"] for row in rows][:2] == [Decimal("18.00"), Decimal("1100.00")]


def test_the_summary_is_printed_and_the_files_are_named(english: tuple[Ran, Path]) -> None:
    ran, out = english
    assert ran.code == 0
    for word in ("1,118.00", str(GRANTED), "DATA_QUARANTINED", "AUD_CHANGES", f"{out}/decisions"):
        assert word in ran.out
    assert "Traceback" not in ran.err


def test_further_columns_and_files_are_named_once(english: tuple[Ran, Path]) -> None:
    said = english[0].out + english[0].err
    for name in ("店铺", "remark", "notes.csv"):
        assert said.count(name) == 1, name


def test_the_quarantine_is_written_beside_the_decisions(english: tuple[Ran, Path]) -> None:
    _, out = english
    assert list(files_in(out)) == ["decisions.parquet", "quarantine.parquet"]
    (row,) = pq.read_table(out / "quarantine.parquet").to_pylist()
    assert json.loads(row.pop("raw"))["stat_cost"] == "lots"
    assert row == {
        "table": "delivery",
        "file": "delivery.csv",
        "row_number": 4,
        "ad_id": REFUSED,
        "column": "stat_cost",
        "reason": "unparsable",
    }


def test_the_schema_does_not_depend_on_the_rows(
    english: tuple[Ran, Path], shop: Path, tmp_path: Path
) -> None:
    out = english[1]
    assert pq.read_schema(out / "decisions.parquet").equals(decisions_schema())
    assert pq.read_schema(out / "quarantine.parquet").equals(quarantine_schema())
    clean = tmp_path / "exports"
    shutil.copytree(shop, clean)
    rows = (clean / "delivery.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (clean / "delivery.csv").write_text("".join(r for r in rows if str(REFUSED) not in r), "utf-8")
    assert qcg("decide", clean, "--as-of", DAY, "-o", tmp_path / "d.parquet").code == 0
    refused = pq.read_table(tmp_path / "quarantine.parquet")
    assert refused.num_rows == 0
    assert refused.schema.equals(quarantine_schema())
    assert pq.read_schema(tmp_path / "d.parquet").equals(decisions_schema())


def test_the_quarantine_is_written_where_it_is_asked_for(
    chinese: tuple[Ran, Path], strict: tuple[Ran, Path]
) -> None:
    assert list(files_in(chinese[1])) == ["decisions.xlsx", "refused.csv"]
    (row,) = csv.DictReader((chinese[1] / "refused.csv").open(encoding="utf-8"))
    assert (row["table"], row["row_number"], row["reason"]) == ("delivery", "4", "unparsable")
    assert list(files_in(strict[1])) == ["d.csv", "sub/q.parquet"]


@pytest.mark.parametrize("ending", ["parquet", "csv", "xlsx"])
def test_two_runs_write_the_same_bytes(
    ending: str,
    twice: list[dict[str, bytes]],
    english: tuple[Ran, Path],
    chinese: tuple[Ran, Path],
) -> None:
    name = f"decisions.{ending}"
    assert twice[0][name] == twice[1][name]
    by_command = files_in(english[1]) | files_in(chinese[1])
    if name in by_command:
        assert by_command[name] == twice[0][name]


def shown(value: Any, column: str) -> Any:
    """A cell of a workbook as its column would say it as text."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        kind = next(out.type_name for out in DECISIONS if out.name == column)
        scale = int(kind[:-1].split(",")[1]) if kind.startswith("decimal") else 0
        return f"{Decimal(str(value)):.{scale}f}"
    if isinstance(value, datetime) and column == "settle_on":
        value = value.date()
    return as_text(value)


def test_every_ending_has_the_same_content(twice: list[dict[str, bytes]]) -> None:
    rows = pq.read_table(io.BytesIO(twice[0]["decisions.parquet"])).to_pylist()
    texts = [{name: as_text(value) for name, value in row.items()} for row in rows]
    assert list(texts[0]) == [out.name for out in DECISIONS]
    assert list(csv.DictReader(io.StringIO(twice[0]["decisions.csv"].decode()))) == texts
    sheet = load_workbook(io.BytesIO(twice[0]["decisions.xlsx"]))["decisions"]
    header, *cells = sheet.iter_rows(values_only=True)
    found = [
        {name: shown(cell, name) for name, cell in zip(header, row, strict=True)} for row in cells
    ]
    assert found == texts


def test_ids_are_text_in_a_workbook(chinese: tuple[Ran, Path]) -> None:
    sheet = load_workbook(chinese[1] / "decisions.xlsx")["decisions"]
    header, *rows = sheet.iter_rows(values_only=True)
    for name in ("ad_id", "advertiser_id"):
        cells = [row[header.index(name)] for row in rows]
        assert all(isinstance(cell, str) and cell.isdigit() for cell in cells), (name, cells)


# --- What programs may rely on ----------------------------------------------------------------


def test_strict_writes_its_files_and_then_exits_with_3(strict: tuple[Ran, Path]) -> None:
    ran, out = strict
    assert ran.code == 3
    assert "--strict" in ran.said
    rows = list(csv.DictReader((out / "d.csv").open(encoding="utf-8")))
    assert len(rows) == 69
    assert pq.read_table(out / "sub" / "q.parquet").num_rows > 0


def test_decide_prints_one_json_document_and_nothing_else(strict: tuple[Ran, Path]) -> None:
    said = json.loads(strict[0].out)
    assert strict[0].out.count("\n") == 1
    keys = {"as_of", "rulebook", "readings", "tables", "plans", "reasons", "amount", "held"}
    assert keys <= set(said)
    assert said["as_of"] == "2022-10-20"
    assert said["rulebook"] == "qianchuan-cost-guarantee@2022-01-27"
    assert said["readings"] == {key: choices[0] for key, choices in REGISTER.items()}
    counts = {"not_covered": 7, "open": 4, "held": 16, "invalid": 7, "ended": 10, "granted": 25}
    assert said["plans"] == counts
    assert said["amount"] == "7151.13"
    assert said["held"] == 16
    assert set(said["reasons"]) <= set(REASONS)
    assert all(type(count) is int and count > 0 for count in said["reasons"].values())


def test_decide_accounts_for_every_row_in_json(strict: tuple[Ran, Path]) -> None:
    tables = json.loads(strict[0].out)["tables"]
    present = {path.name.split(".")[0] for path in DEMO.iterdir()} & set(INPUTS)
    assert set(tables) == present
    for counts in tables.values():
        assert set(counts) == {"read", "accepted", "duplicate", "superseded", "quarantined"}
        assert all(type(count) is int for count in counts.values())
        assert counts["read"] == sum(counts.values()) - counts["read"]


@pytest.fixture(scope="module")
def explained(shop: Path) -> dict[str, Any]:
    ran = qcg("explain", GRANTED, shop, "--as-of", DAY, "--json")
    assert ran.code == 0
    assert ran.out.count("\n") == 1
    document: dict[str, Any] = json.loads(ran.out)
    return document


JSON_TYPES = {
    "int64": (int, ""),
    "string": (str, ".*"),
    "timestamp(6)": (str, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?"),
    "date": (str, r"\d{4}-\d\d-\d\d"),
    "boolean": (bool, ""),
    "array<string>": (list, ""),
    "decimal(18, 2)": (str, r"\d+\.\d{2}"),
    "decimal(38, 5)": (str, r"\d+\.\d{5}"),
}


@pytest.mark.parametrize("column", DECISIONS, ids=lambda out: out.name)
def test_explain_prints_every_column_of_the_decision(
    column: Any, explained: dict[str, Any]
) -> None:
    value = explained[column.name]
    assert column.required <= (value is not None)
    kind, pattern = JSON_TYPES[column.type_name]
    if value is not None:
        assert type(value) is kind
        assert not pattern or re.fullmatch(pattern, value)


def test_the_bids_of_explain_add_up_to_the_target_cost(explained: dict[str, Any]) -> None:
    bids = explained["bids"]
    assert bids == [
        {"bid": "10.00", "conversions": 3, "amount": "30.00"},
        {"bid": "20.00", "conversions": 3, "amount": "60.00"},
    ]
    assert sum(Decimal(row["amount"]) for row in bids) == Decimal(explained["target_cost"])
    assert sum(row["conversions"] for row in bids) == explained["conversions"]


def test_the_clauses_of_explain_say_what_was_asked_of_what(explained: dict[str, Any]) -> None:
    keys = {"clause", "question", "reading", "operands", "comparison", "met", "margin"}
    for clause in explained["clauses"]:
        assert keys <= set(clause)
        assert all(isinstance(clause[key], str) for key in ("clause", "question", "comparison"))
        assert clause["reading"] is None or isinstance(clause["reading"], str)
        assert clause["margin"] is None or isinstance(clause["margin"], str)
        assert clause["met"] in (True, False, None)
        values = [*clause["operands"].values()]
        assert all(not isinstance(value, float | dict) for value in values), clause
    overcost = next(c for c in explained["clauses"] if "base" in c["operands"])
    assert overcost["operands"]["line"] == "108.00"
    assert overcost["met"] is True
    assert "overcost_boundary=inclusive" in overcost["reading"]


# --- Words ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def explained_in_chinese(shop: Path) -> Ran:
    return qcg("explain", MANAGED, shop, "--as-of", DAY, "--lang", "zh")


def english_in(text: str) -> list[str]:
    """The English sentences of the program (two words or more) that a text has."""
    found = []
    for sentence, _ in wording._SENTENCES.values():
        fixed = [part for part, *_ in Formatter().parse(sentence)]
        pattern = ".*".join(re.escape(part) for part in fixed)
        if len(re.findall(r"[A-Za-z]{2,}", sentence)) > 1 and re.search(pattern, text):
            found.append(sentence)
    return found


def test_chinese_is_spoken_where_chinese_is_asked_for(
    chinese: tuple[Ran, Path], explained_in_chinese: Ran, english: tuple[Ran, Path]
) -> None:
    assert chinese[0].code == explained_in_chinese.code == 0
    for ran in (chinese[0], explained_in_chinese):
        assert english_in(ran.out + ran.err) == []
        assert OUTCOMES["granted"].zh in ran.out
    assert len(english_in(english[0].out)) > 5
    assert REASONS["DATA_QUARANTINED"].zh in chinese[0].out
    assert REASONS["DATA_QUARANTINED"].advice_zh in chinese[0].out
    assert REFUSALS["unparsable"].zh in chinese[0].out
    assert not re.search(r"[\u4e00-\u9fff]", english[0].out.replace("店铺", ""))


def test_no_english_prose_is_left_in_a_chinese_explanation(explained_in_chinese: Ran) -> None:
    prose = re.findall(r"[A-Za-z]+(?:[ ,]+[A-Za-z]+){3,}", explained_in_chinese.out)
    assert prose == []


@pytest.mark.parametrize("key", wording._SENTENCES)
def test_a_sentence_has_both_languages_with_the_same_words_to_fill_in(key: str) -> None:
    english, chinese = wording._SENTENCES[key]
    assert english.strip()
    assert chinese.strip()

    def filled(sentence: str) -> set[str]:
        return {name for _, name, *_ in Formatter().parse(sentence) if name is not None}

    assert filled(english) == filled(chinese)
    assert re.search(r"[\u4e00-\u9fff]", chinese)


def test_every_sentence_that_is_said_is_there() -> None:
    package = REPO / "qianchuan_guarantee"
    said = {
        key
        for path in package.rglob("*.py")
        for key in re.findall(r'(?:\bsay|\b_q|\btell)\(\s*"(\w+)"', path.read_text("utf-8"))
    }
    assert said
    # The pages have words of their own.
    assert said <= set(wording._SENTENCES) | set(page._SENTENCES) | set(dossier._SENTENCES)


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda reason: reason.code)
def test_a_reason_has_both_languages_and_its_clause(reason: Any) -> None:
    assert re.search(r"[\u4e00-\u9fff]", reason.zh)
    assert re.fullmatch(r"[\x20-\x7e]+", reason.en)
    assert reason.clause
    assert bool(reason.advice_en) is bool(reason.advice_zh) is (reason.kind == "held")


@pytest.mark.parametrize(
    "term",
    [*OUTCOMES.values(), *STATUSES.values(), *SCENARIOS.values(), *REFUSALS.values()],
    ids=lambda term: term.code,
)
def test_a_term_has_both_languages(term: Any) -> None:
    assert re.search(r"[\u4e00-\u9fff]", term.zh)
    assert re.fullmatch(r"[\x20-\x7e]+", term.en)


# --- Rules ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_rules_are_shown_with_every_question_and_choice(lang: str) -> None:
    ran = qcg("rules", "show", "--lang", lang)
    assert ran.code == 0
    for key, choices in REGISTER.items():
        assert key in ran.out
        assert all(f" {choice}: " in ran.out for choice in choices)
    assert (english_in(ran.out) == []) is (lang == "zh")


def test_the_rules_are_listed_and_checked() -> None:
    (book,) = json.loads(qcg("rules", "list", "--json").out)
    assert book["rulebook"] == "qianchuan-cost-guarantee@2022-01-27"
    assert book["from"] == "2022-01-27"
    checked = qcg("rules", "check")
    assert checked.code == 0
    assert book["digest"] in checked.out


def test_a_grant_above_its_limit_waits_and_says_so(tmp_path: Path) -> None:
    """The sentence of another command once stood in its place, and the list ended in a trace."""
    policy = tmp_path / "policy.yaml"
    shipped = (REPO / "qianchuan_guarantee" / "ledger" / "policy.yaml").read_text("utf-8")
    assert "issue_up_to_yuan: 5000.00" in shipped
    policy.write_text(shipped.replace("issue_up_to_yuan: 5000.00", "issue_up_to_yuan: 1.00"))
    store = tmp_path / "store"
    ran = qcg("run", DEMO, "--as-of", "2022-10-20", "--store", store, "--policy", policy)
    assert ran.code == 0, ran.err
    for lang, words in (("en", "above the amount limit"), ("zh", "超过单笔限额")):
        listed = qcg("ledger", "list", "--waiting", "--store", store, "--lang", lang)
        assert listed.code == 0
        assert words in listed.out


def test_a_night_writes_what_deciding_writes_and_again_from_its_store(tmp_path: Path) -> None:
    names = ("decisions.csv", "refused.csv")

    def written(*words: Any) -> list[str]:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        out, refused = (folder / name for name in names)
        ran = qcg(*words, "--as-of", "2022-10-20", "-o", out, "--quarantine", refused)
        assert ran.code == 0, ran.err
        assert f"Written: {out}\nWritten: {refused}" in ran.out
        return [path.read_text("utf-8") for path in (out, refused)]

    decided = written("decide", DEMO)
    night = ("run", DEMO, "--store", tmp_path / "store")
    assert written(*night, "--dry-run") == written(*night) == written(*night) == decided


def test_a_file_that_cannot_be_written_undoes_no_night(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    night = ("run", DEMO, "--as-of", "2022-10-20", "--store", tmp_path / "store")
    ran = qcg(*night, "-o", tmp_path / "file" / "decisions.csv")
    assert ran.code == 1
    assert "is done all the same" in ran.err
    again = qcg(*night, "--json")
    assert json.loads(again.out)["repeated"] is True


@pytest.mark.parametrize("is_asked", [True, False])
def test_a_night_that_is_entered_no_longer_needs_its_exports(
    is_asked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(DEMO, tmp_path / "exports"))

    def gone(*_: Any) -> int:
        shutil.rmtree(folder)
        return 0

    monkeypatch.setattr("qianchuan_guarantee.cli.run._deliver", gone)
    files = ("-o", tmp_path / "decisions.csv") if is_asked else ()
    ran = qcg("run", folder, "--as-of", "2022-10-20", "--store", tmp_path / "store", *files)
    assert (ran.code, ran.err.count("qcg:")) == (0, 0), ran.err
    assert (tmp_path / "decisions.csv").exists() is is_asked


def test_no_sentence_stands_for_two_things(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(wording.audit.SENTENCES, "w_amount", ("another", "另一句"))
    with pytest.raises(InvariantError, match="w_amount"):
        wording._together()
