"""`qcg import qianchuan-json`: saved responses become exports that decide as the original does."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.conftest import FIXTURES
from tests.official import Writer, rows_of
from tests.test_cli import qcg

SLICES = FIXTURES / "slices"


def pages_of(folder: Path, out: Path, seed: int) -> Path:
    tables = {name: rows_of(folder / f"{name}.csv") for name in ("plans", "delivery", "operations")}
    owners = {row["ad_id"]: row["advertiser_id"] for row in tables["plans"]}
    for row in tables["delivery"]:
        row["advertiser_id"] = owners[row["ad_id"]]
    Writer(out, seed).write(tables)
    return out


def test_the_slices_come_back_with_their_decisions(tmp_path: Path) -> None:
    pages = pages_of(SLICES, tmp_path / "pages", 7)
    ran = qcg("import", "qianchuan-json", pages, "-o", tmp_path / "exports")
    assert ran.code == 0, ran.err
    out = tmp_path / "decisions.csv"
    ran = qcg("decide", tmp_path / "exports", "--as-of", "2022-10-12", "-o", out)
    assert ran.code == 0, ran.err
    with out.open(encoding="utf-8-sig") as file:
        found = {row["ad_id"]: row for row in csv.DictReader(file)}
    for expected in rows_of(SLICES / "expected.csv"):
        row = found[str(expected["ad_id"])]
        assert {k: row[k] or None for k in expected} == expected
