"""The working paper as a workbook: what was drawn, and columns for what the auditor finds."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.audit.paper import Paper
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.vocabulary import OUTCOMES, REASONS, Language
from qianchuan_guarantee.wording import both, say
from qianchuan_guarantee.workbook import printable, save
from qianchuan_guarantee.write import FORMULA, beside

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

OPEN = ("audited_outcome", "audited_amount", "remark")
SEALED = "sealed"
DIGEST = "paper_sha256"
# Columns that hold numbers, and how many decimals are shown; all others hold text.
NUMBERS = {"number": 0, "plans": 0, "items": 0, "amount": 2, "cost": 5, "highest_cost": 5}
_WIDE = {"value": 68, "meaning": 90, "sha256": 68, "remark": 40, "reasons": 34, "stratum": 36}
_HOW = ("how_fill", "how_amount", "how_remark", "how_random", "how_redraw", "how_back")


def write_paper(paper: Paper, path: Path, lang: Language) -> None:
    """Write the workbook; the same paper gives the same bytes."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in paper.sheets.items():
        sheet = book.create_sheet(name)
        columns = [*rows[0]]
        more = {"method": ("meaning",), "items": OPEN, "strata": ("meaning",)}.get(name, ())
        _header(sheet, [*columns, *more], lang)
        for row in rows:
            sheet.append([_cell(sheet, column, row[column]) for column in columns])
        _meanings(sheet, rows, lang)
    _method(book["method"], paper, lang)
    _findings(book["items"])
    sealed = book.create_sheet(SEALED)
    sealed.sheet_state = "veryHidden"
    for line in paper.lines():
        sealed.append([_cell(sealed, "", line)])
    made = beside(path)
    try:
        save(book, made)
        made.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            made.unlink(missing_ok=True)


def _header(sheet: Worksheet, columns: Sequence[str], lang: Language) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    for place, column in enumerate(columns, 1):
        cell = sheet.cell(1, place, f"{say(f'sc_{column}', lang)}\n{column}")
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.comment = Comment("\n".join(reversed(both(f"sc_{column}"))), "qcg", 110, 320)
        if column in OPEN:
            cell.fill = PatternFill("solid", fgColor="FFF2CC")
        sheet.column_dimensions[get_column_letter(place)].width = _WIDE.get(column, 21)
    sheet.freeze_panes = "C2" if sheet.title == "items" else "B2"


def _cell(sheet: Worksheet, column: str, text: str) -> Any:
    """A cell: numbers as numbers; text as text, whatever it looks like."""
    from openpyxl.cell import Cell

    cell = Cell(sheet, row=1, column=1)
    if column in NUMBERS and text:
        cell.value = Decimal(text)
        cell.number_format = "#,##0" + "." * bool(NUMBERS[column]) + "0" * NUMBERS[column]
        return cell
    if text:
        cell.value = printable(text)
        cell.data_type = "s"
        cell.quotePrefix = text.startswith(FORMULA)
    cell.number_format = "@"
    return cell


def _meanings(sheet: Worksheet, rows: Sequence[Any], lang: Language) -> None:
    """What the keys and strata mean, in words."""
    from openpyxl.styles import Alignment

    for line, row in enumerate(rows, 2):
        if sheet.title == "method":
            cell = sheet.cell(line, 3, say(f"sm_{row['key']}", lang))
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        elif sheet.title == "strata":
            outcome, _, reason = row["stratum"].partition(":")
            words = [OUTCOMES[outcome].text(lang)]
            words += [REASONS[reason].text(lang)] if reason in REASONS else []
            sheet.cell(line, sheet.max_column, ": ".join(words))


def _method(sheet: Worksheet, paper: Paper, lang: Language) -> None:
    """The digest, and below it how the paper is used."""
    from openpyxl.styles import Alignment

    sheet.append([DIGEST, _cell(sheet, "", paper.sha256), say(f"sm_{DIGEST}", lang)])
    sheet.append([])
    for key in _HOW:
        sheet.append([None, None, say(key, lang)])
    for row in sheet.iter_rows(min_row=2, min_col=3, max_col=3):
        row[0].alignment = Alignment(wrap_text=True, vertical="top")


def _findings(sheet: Worksheet) -> None:
    """The auditor's columns, with what may be chosen."""
    from openpyxl.styles import PatternFill
    from openpyxl.worksheet.datavalidation import DataValidation

    width, last = sheet.max_column, sheet.max_row
    first = width - len(OPEN) + 1
    outcomes = DataValidation("list", f'"{",".join(OUTCOMES)}"', showErrorMessage=True)
    amounts = DataValidation("decimal", "0", operator="greaterThanOrEqual", showErrorMessage=True)
    for line in range(2, last + 1):
        for place in range(first, width + 1):
            sheet.cell(line, place).fill = PatternFill("solid", fgColor="FFF9E5")
        outcomes.add(sheet.cell(line, first))
        amounts.add(sheet.cell(line, first + 1))
        sheet.cell(line, first + 1).number_format = "#,##0.00"
        sheet.cell(line, first + 2).number_format = "@"
    for validation in (outcomes, amounts):
        sheet.add_data_validation(validation)
    sheet.auto_filter.ref = sheet.dimensions
