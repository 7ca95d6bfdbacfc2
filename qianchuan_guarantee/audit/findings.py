"""The working paper read back: nothing that was drawn may have changed, and every plan that was
drawn needs an answer. A UserError names sheet, row, column, what was found, what would be right.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.audit.paper import FORMAT, Paper, Row, paper_from
from qianchuan_guarantee.audit.working_paper import DIGEST, NUMBERS, OPEN, SEALED
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.importers.archive import check_archive
from qianchuan_guarantee.importers.workbooks import telling
from qianchuan_guarantee.vocabulary import OUTCOMES

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet


@dataclass(frozen=True)
class Finding:
    """What the auditor found of a plan: its row of the paper, the outcome and the amount in fen
    that are right, and what they remarked."""

    item: Row
    outcome: str
    amount: int
    remark: str


def read_paper(path: Path) -> tuple[Paper, list[Finding]]:
    """The paper and its findings, in the order of the items."""
    from openpyxl import load_workbook

    check_archive(path)
    with telling(path):
        book = load_workbook(path)
    paper = _sealed(book, path)
    answers: dict[str, dict[str, Any]] = {}
    problems: list[str] = []
    for name, rows in paper.sheets.items():
        if name not in book.sheetnames:
            raise UserError(f"{path}: no sheet {name}; expected it as it was written")
        reader = _Sheet(book[name], name, rows)
        problems += reader.changes()
        if name == "items":
            answers = reader.answers
    _refuse(path, problems)
    findings = []
    for row in paper.sheets["items"]:
        answer = answers[row["number"]]
        found, wrong = _finding(row, answer)
        problems += [f"sheet items, row {answer['line']}, column {what}" for what in wrong]
        findings += [found] if found else []
    _refuse(path, problems)
    return paper, findings


def _refuse(path: Path, problems: Sequence[str]) -> None:
    if problems:
        more = f" ({len(problems) - 1} more like this)" if len(problems) > 1 else ""
        raise UserError(f"{path}: {problems[0]}{more}")


def _sealed(book: Any, path: Path) -> Paper:
    """What was written, held against its digest."""
    if SEALED not in book.sheetnames or "method" not in book.sheetnames:
        raise UserError(f"{path}: no working paper of `qcg audit sample`: no sheet {SEALED}")
    lines = [str(row[0]) for row in book[SEALED].iter_rows(values_only=True) if row[0]]
    said = next(
        (
            str(row[1])
            for row in book["method"].iter_rows(values_only=True)
            if row[0] == DIGEST and len(row) > 1
        ),
        "nothing",
    )
    try:
        paper = paper_from(lines)
        known = paper.method["format"]
    except (json.JSONDecodeError, KeyError, TypeError, ValueError):
        known = "nothing that can be read"
    if known != FORMAT:
        raise UserError(f"{path}: sheet {SEALED} holds {known}; expected {FORMAT}")
    if paper.sha256 != said:
        raise UserError(
            f"{path}: sheet method, row {DIGEST}, column value: found {said}; expected "
            f"{paper.sha256}, the SHA-256 of sheet {SEALED}: one of the two was altered"
        )
    return paper


class _Sheet:
    """A sheet as it is now, beside the rows that were written."""

    def __init__(self, sheet: Worksheet, name: str, rows: Sequence[Row]) -> None:
        self._name, self._rows = name, rows
        lines = sheet.iter_rows(values_only=True)
        header = [str(cell or "").rsplit("\n", 1)[-1] for cell in next(lines, ())]
        self._missing = [column for column in rows[0] if column not in header]
        self._lines = [
            (number, dict(zip(header, line, strict=False))) for number, line in enumerate(lines, 2)
        ]
        self.answers: dict[str, dict[str, Any]] = {}

    def changes(self) -> Iterator[str]:
        """Every fixed cell that is not as it was written."""
        if self._missing:
            yield f"sheet {self._name}: no column {self._missing[0]}; expected it as it was written"
            return
        key = next(iter(self._rows[0]))
        expected = {row[key]: row for row in self._rows}
        for number, cells in self._lines:
            place = f"sheet {self._name}, row {number}"
            name = _text(key, cells[key])
            if not name or (self._name == "method" and name == DIGEST):
                if self._name == "items" and any(cells.get(column) for column in cells):
                    yield f"{place}, column {key}: found nothing; expected the item's number"
                continue
            row = expected.pop(name, None)
            if row is None:
                yield f"{place}, column {key}: found {name}; expected each row once, as written"
                continue
            self.answers[name] = {"line": number} | {c: cells.get(c) for c in OPEN}
            for column, text in row.items():
                if not _same(column, cells[column], text):
                    found = _text(column, cells[column]) or "nothing"
                    yield (
                        f"{place}, column {column}: found {found}; expected {text or 'nothing'}, "
                        "as it was written"
                    )
        for name in expected:
            yield f"sheet {self._name}: the row of {key} {name} is gone; expected every row"


def _text(column: str, value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and column in NUMBERS:
        return str(int(value))
    return "" if value is None else str(value)


def _same(column: str, value: Any, text: str) -> bool:
    found = _text(column, value)
    if column not in NUMBERS or not text:
        return found == text
    number = _decimal(found)
    return number is not None and number == Decimal(text)


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _finding(row: Row, answer: dict[str, Any]) -> tuple[Finding | None, list[str]]:
    """What was found of a plan; or which columns cannot be taken, and why."""
    outcome, amount, remark = ("" if answer[c] is None else str(answer[c]).strip() for c in OPEN)
    number, wrong = _decimal(amount), []
    if outcome not in OUTCOMES:
        wrong.append(
            f"audited_outcome: found {outcome or 'nothing'}; expected one of {', '.join(OUTCOMES)}"
        )
    if number is None or number < 0 or number * 100 != int(number * 100):
        wrong.append(
            f"audited_amount: found {amount or 'nothing'}; expected yuan as a number, 0 or more, "
            "with no more than 2 decimals (0 where nothing is owed)"
        )
    elif outcome in OUTCOMES and (outcome == "granted") != (number > 0):
        right = "more than 0" if outcome == "granted" else "0"
        wrong.append(f"audited_amount: found {amount} with outcome {outcome}; expected {right}")
    if wrong or number is None:
        return None, wrong
    return Finding(row, outcome, int(number * 100), remark), []
