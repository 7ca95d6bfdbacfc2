"""The quarantine is enough to mend an export: what it says of a row, and the right value of the
cell that was wrong, give the row back, and with it the decisions."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import cycle
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from qianchuan_guarantee.cli.main import app
from qianchuan_guarantee.generate import Order, generate
from qianchuan_guarantee.tables import INPUTS
from tests.breaking import (
    WRITTEN,
    Cells,
    TextFile,
    as_text,
    new_file,
    wrong_bids,
    wrong_cells,
    wrong_plans,
)
from tests.conftest import Decision

PLANS = 240
# Layout → the ending of the files of a partitioned or a flat export, and their encoding.
LAYOUTS = {
    "daily csv": (".csv", "utf-8"),
    "flat csv.gz, gbk": (".csv.gz", "gbk"),
    "flat jsonl": (".jsonl", "utf-8"),
    "flat parquet, text": (".parquet", "utf-8"),
}
EXTRA = ("备注", "sent by")  # columns that are not ours
Files = dict[str, list[Cells]]  # path in the folder, without its ending → rows
Place = tuple[str, str, int]  # table, file, row number


@dataclass(frozen=True)
class Right:
    """What whoever mends a row knows: the right value of a cell, or how a torn line goes on; and
    what the test knows beside: the plan, and the row as it was sent."""

    column: str | None
    text: str
    ad_id: int
    sent: Cells | None


@dataclass(frozen=True)
class Quarantined:
    """The columns of the quarantine that are needed to mend."""

    table: str
    file: str
    row_number: int
    raw: dict[str, str | None]

    @property
    def place(self) -> Place:
        return self.table, self.file, self.row_number


@dataclass(frozen=True)
class Case:
    """An export with broken rows, checked. `decided`: the bytes of the decisions of the clean
    one."""

    folder: Path
    encoding: str
    as_of: date
    decided: bytes
    before: list[Decision]
    right: dict[Place, Right]
    quarantine: list[Quarantined]
    exit_code: int


def qcg(*arguments: object) -> int:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code


@cache
def clean(layout: str) -> tuple[Order, Files]:
    """The rows of a made export, each with the extra columns behind its own."""
    order = Order(PLANS, format="csv", layout="daily" if layout == "daily" else "flat")
    files: Files = {}
    with tempfile.TemporaryDirectory() as folder:
        generate(order, Path(folder) / "made")
        for path in sorted((Path(folder) / "made").rglob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                _, *rows = csv.reader(file)
            name = path.relative_to(Path(folder) / "made").as_posix().removesuffix(".csv")
            extra = cycle(("", "补发", "节后补发，见 “群里” 的说明", 'a,"b"', "张三"))
            files[name] = [(*row, next(extra), f"user{at}") for at, row in enumerate(rows)]
    return order, files


def table_of(name: str) -> str:
    return name.split("/")[0]


def header(table: str) -> Cells:
    ours = WRITTEN.get(table) or tuple(column.name for column in INPUTS[table].columns)
    return (*ours, *EXTRA)


def write(files: Files, folder: Path, ending: str, encoding: str) -> None:
    for name, rows in files.items():
        file = new_file(folder / f"{name}{ending}", header(table_of(name)), encoding)
        for cells in rows:
            file.row(cells)
        file.close()


def write_broken(files: Files, folder: Path, ending: str, encoding: str) -> dict[Place, Right]:
    """Every ninth row broken in one cell, or torn; returns what each should have been."""
    right: dict[Place, Right] = {}
    ways = {table: cycle(wrong_cells(table) + wrong_plans()) for table in WRITTEN}
    bids = cycle(wrong_bids())
    number = 0
    for name, rows in files.items():
        table = table_of(name)
        columns = header(table)
        file = new_file(folder / f"{name}{ending}", columns, encoding)
        for cells in rows:
            number += 1
            if number % 9 or table not in WRITTEN:
                file.row(cells)
                continue
            plan = int(cells[columns.index("ad_id")])
            if number % 7 == 0 and isinstance(file, TextFile):
                line = file.text(cells)
                cut = line.rindex(",")
                at = file.line(line[:cut].encode(encoding))
                known = Right(None, line[cut:], plan, None)
            else:
                is_bid = table == "operations" and cells[3] in ("bid", "create")
                column, text, _ = next(bids if is_bid else ways[table])
                text = in_encoding(text, encoding)
                place = columns.index(column)
                sent = (*cells[:place], text, *cells[place + 1 :])
                at = file.row(sent)
                known = Right(column, cells[place], plan, sent)
            right[table, f"{name}{ending}", at] = known
        file.close()
    return right


def in_encoding(text: str, encoding: str) -> str:
    """A wrong text that the encoding can write."""
    return text.encode(encoding, "replace").decode(encoding)


@pytest.fixture(scope="module")
def decided_clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The decisions of the clean exports: those of the flat ones do not depend on the format."""
    found = {}
    for layout in ("daily", "flat"):
        order, files = clean(layout)
        folder = tmp_path_factory.mktemp("clean")
        write(files, folder / "exports", ".csv", "utf-8")
        found[layout] = folder / "decisions.parquet"
        assert qcg("decide", folder / "exports", "--as-of", order.as_of, "-o", found[layout]) == 0
    return found


@pytest.fixture(scope="module", params=LAYOUTS)
def case(
    request: pytest.FixtureRequest,
    decided_clean: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Case:
    ending, encoding = LAYOUTS[request.param]
    layout = request.param.split()[0]
    order, files = clean(layout)
    folder = tmp_path_factory.mktemp("broken")
    right = write_broken(files, folder / "exports", ending, encoding)
    kept = folder / "quarantine.parquet"
    asked = (folder / "exports", "--as-of", order.as_of, "--strict", "--quarantine", kept)
    exit_code = qcg("check", *asked)
    columns = ["table", "file", "row_number", "raw"]
    return Case(
        folder / "exports",
        encoding,
        order.as_of,
        decided_clean[layout].read_bytes(),
        pq.read_table(decided_clean[layout]).to_pylist(),
        right,
        [
            Quarantined(**{**row, "raw": json.loads(row["raw"])})
            for row in pq.read_table(kept, columns=columns).to_pylist()
        ],
        exit_code,
    )


def test_the_clean_exports_hold_no_plan(case: Case) -> None:
    outcomes = Counter(row["outcome"] for row in case.before)
    assert outcomes["held"] == 0
    assert outcomes["granted"] > PLANS / 10


def test_a_broken_export_fails_strictly(case: Case) -> None:
    assert case.exit_code == 3


def test_the_quarantine_has_the_broken_rows_and_no_other(case: Case) -> None:
    assert len(case.right) > 1_000
    assert sorted(row.place for row in case.quarantine) == sorted(case.right)


def test_the_raw_row_is_every_column_as_text_as_it_was_sent(case: Case) -> None:
    for row in case.quarantine:
        sent = case.right[row.place].sent
        if sent is None:
            assert row.raw.keys() == {"line"}
        else:
            assert list(row.raw) == list(header(row.table))
            assert list(as_text(row.raw).values()) == list(sent), row


def test_the_raw_row_is_the_one_that_stands_at_its_number(case: Case) -> None:
    for row in case.quarantine:
        stands = records(case.folder / row.file, case.encoding)[row.row_number - 1]
        if "line" in row.raw:
            assert row.raw["line"] == line_of(stands)
        else:
            assert list(as_text(row.raw).values()) == cells_of(stands), row


def test_mended_rows_give_the_clean_decisions(case: Case, tmp_path: Path) -> None:
    mended, out = tmp_path / "mended", tmp_path / "mended.parquet"
    shutil.copytree(case.folder, mended)
    known = {place: (right.column, right.text) for place, right in case.right.items()}
    mend(mended, case.quarantine, known, case.encoding)
    assert qcg("check", mended, "--as-of", case.as_of, "--strict") == 0
    assert qcg("decide", mended, "--as-of", case.as_of, "-o", out) == 0
    assert pq.read_table(out).to_pylist() == case.before
    assert out.read_bytes() == case.decided


def mend(
    folder: Path,
    quarantine: Sequence[Quarantined],
    known: dict[Place, tuple[str | None, str]],
    encoding: str,
) -> None:
    """Put the rows of the quarantine back where they stood, each with what was wrong set right."""
    for name in sorted({row.file for row in quarantine}):
        rows = list(records(folder / name, encoding))
        for row in quarantine:
            if row.file != name:
                continue
            column, text = known[row.place]
            if column is None:
                rows[row.row_number - 1] = as_record(f"{row.raw['line']}{text}", name)
            else:
                rows[row.row_number - 1] = list(as_text({**row.raw, column: text}).values())
        file = new_file(folder / name, header(table_of(name.split(".")[0])), encoding)
        for cells in rows:
            file.row(cells_of(cells))
        file.close()


Record = list[str] | str  # the cells of a row; or, where that cannot be told, a line


@cache
def _read(path: Path, encoding: str, written: int) -> list[Record]:
    if path.suffix == ".parquet":
        rows = pq.ParquetFile(path).read().to_pylist()
        return [list(as_text(row).values()) for row in rows]
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode(encoding)
    if ".jsonl" in path.name:
        return [as_record(line, path.name) for line in text.split("\n") if line]
    return list(csv.reader(io.StringIO(text, newline="")))[1:]


def records(path: Path, encoding: str) -> list[Record]:
    return _read(path, encoding, path.stat().st_mtime_ns)


def as_record(line: str, name: str) -> Record:
    if ".jsonl" not in name:
        return next(csv.reader([line]))
    try:
        row = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
    except ValueError:
        return line
    return list(as_text(row).values())


def cells_of(record: Record) -> list[str]:
    assert isinstance(record, list), record
    return record


def line_of(record: Record) -> str:
    if isinstance(record, str):
        return record
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(record)
    return buffer.getvalue()
