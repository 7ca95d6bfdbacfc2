"""Workbooks: what a spreadsheet makes of them is what was written."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import load_workbook

from qianchuan_guarantee.exports.quarantine import quarantine_schema
from qianchuan_guarantee.report.difference import changed_schema
from qianchuan_guarantee.tables import DECISIONS, decision_notes, decisions_schema
from qianchuan_guarantee.wording.columns import COLUMNS, notes_of
from qianchuan_guarantee.write import Sheet, write_table

SCHEMA = pa.schema(
    [
        ("ad_id", pa.int64()),
        ("amount", pa.decimal128(18, 2)),
        ("cost", pa.decimal128(38, 5)),
        ("settle_on", pa.date32()),
        ("window_end", pa.timestamp("us")),
        ("conversions", pa.int64()),
        ("meets", pa.bool_()),
        ("reason", pa.string()),
        ("reasons", pa.list_(pa.string())),
    ],
    metadata={b"sheet": b"tried"},
)
ROW = {
    "ad_id": 1745000000000103,
    "amount": Decimal("1234.50"),
    "cost": Decimal("1234.56789"),
    "settle_on": date(2022, 10, 6),
    "window_end": datetime(2022, 10, 5),
    "conversions": 6,
    "meets": True,
    "reason": "原样",
    "reasons": ["A", "B"],
}


def written(path: Path, rows: list[dict[str, Any]]) -> Any:
    table = pa.Table.from_pylist(rows, SCHEMA)
    notes = {"amount": "赠款\ngrant, yuan"}
    write_table(Sheet(table.to_batches(), SCHEMA, path, len(rows), notes))
    return load_workbook(path)["tried"]


def test_ids_are_text_money_and_dates_are_what_they_are(tmp_path: Path) -> None:
    sheet = written(tmp_path / "book.xlsx", [ROW])
    cells = dict(zip(SCHEMA.names, sheet[2], strict=True))
    assert (cells["ad_id"].value, cells["ad_id"].number_format) == ("1745000000000103", "@")
    assert (cells["amount"].value, cells["amount"].number_format) == (1234.5, "#,##0.00")
    assert (cells["cost"].value, cells["cost"].number_format) == (1234.56789, "#,##0.00###")
    assert cells["settle_on"].is_date
    assert cells["settle_on"].number_format == "yyyy-mm-dd"
    assert cells["window_end"].value == datetime(2022, 10, 5)
    assert (cells["conversions"].value, cells["meets"].value) == (6, True)
    assert cells["reasons"].value == "A B"


def test_the_header_stays_in_sight_can_be_filtered_and_is_explained(tmp_path: Path) -> None:
    sheet = written(tmp_path / "book.xlsx", [ROW, ROW])
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:I3"
    assert sheet["B1"].comment.text == "赠款\ngrant, yuan"
    assert sheet["A1"].comment is None
    assert sheet["A1"].font.bold


@pytest.mark.parametrize(
    "text", ["=1+1", "+86", "-1", "@SUM(A1)", '=HYPERLINK("x")', "#N/A", "\t=1", "=", "2022-10-01"]
)
def test_text_is_never_a_formula(tmp_path: Path, text: str) -> None:
    cell = written(tmp_path / "book.xlsx", [{**ROW, "reason": text}, ROW])["H2"]
    assert (cell.data_type, cell.value) == ("s", text)
    assert cell.quotePrefix is text.startswith(("=", "+", "-", "@", "\t"))
    with zipfile.ZipFile(tmp_path / "book.xlsx") as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


def test_a_text_that_no_workbook_can_hold_is_marked_instead_of_failing(tmp_path: Path) -> None:
    assert written(tmp_path / "book.xlsx", [{**ROW, "reason": "a\x00b"}])["H2"].value == "a�b"


def test_the_same_rows_give_the_same_bytes_and_no_rows_a_header(tmp_path: Path) -> None:
    for name in ("one.xlsx", "two.xlsx"):
        written(tmp_path / name, [ROW])
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    empty = written(tmp_path / "none.xlsx", [])
    assert [cell.value for cell in empty[1]] == SCHEMA.names


def test_every_column_of_every_workbook_has_a_note_in_both_languages() -> None:
    assert list(decision_notes()) == decisions_schema().names
    for out in DECISIONS:
        assert out.en in decision_notes()[out.name]
        assert out.zh in decision_notes()[out.name]
    for schema in (quarantine_schema(), changed_schema()):
        assert set(notes_of(schema.names)) == set(schema.names)
    assert all(english.isascii() and not chinese.isascii() for english, chinese in COLUMNS.values())
