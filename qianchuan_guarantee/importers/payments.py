"""Workbooks and CSV of the platform's compensations: a plan, and what was paid for it or where its
guarantee stands.

As people export them: headers in their spellings, yuan or fen by the header's brackets, rows of
totals left out. A cell that cannot be read without guessing is a UserError that names it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.importers import documents, values
from qianchuan_guarantee.importers.values import UnreadError, plain
from qianchuan_guarantee.importers.workbooks import Line, Sheet
from qianchuan_guarantee.vocabulary import STATUSES

PLAN = ("计划ID", "推广计划ID", "广告计划ID", "计划编号", "ad_id")
ADVERTISER = ("账户ID", "广告主ID", "广告账户ID", "advertiser_id")
ALIASES = {
    "ad_id": PLAN,
    "advertiser_id": ADVERTISER,
    "amount": (
        *("赔付金额", "成本保障赔付金额", "补偿金额", "成本保障金额", "赠款金额", "到账金额"),
        *("发放金额", "实际赔付金额", "compensate_amount"),
    ),
    "status": ("成本保障状态", "保障状态", "赔付状态", "compensate_status"),
    "reason": ("失效原因", "结束原因", "原因", "reason"),
}
_FEN = ("分", "fen")
# What a status is called in workbooks, besides its code and its words in the rule.
_PAID = ("已赔付", "已发放", "已到账", "赔付成功")
_OF_WORDS = {term.zh: code for code, term in STATUSES.items()}
_OF_WORDS |= {term.zh.removeprefix("成本保障"): code for code, term in STATUSES.items()}
_OF_WORDS |= dict.fromkeys(_PAID, "PAID") | {code: code for code in STATUSES}


@dataclass(frozen=True)
class Payment:
    """A row: yuan, below zero where it was taken back. ad_id: null, and the row names no plan."""

    ad_id: int | None
    advertiser_id: int | None
    amount: Decimal | None
    status: str | None
    reason: str
    place: str


def is_of_payments(sheet: Sheet) -> bool:
    """Does the sheet say of plans what was paid, or where their guarantee stands?"""
    return "ad_id" in sheet.columns and bool({"amount", "status"} & sheet.columns.keys())


def payments(sheets: Iterable[Sheet]) -> list[Payment]:
    """Every row of these sheets."""
    return [_payment(sheet, line) for sheet in sheets for line in sheet.lines]


def _payment(sheet: Sheet, line: Line) -> Payment:
    place = f"{sheet.place}, row {line.number}"
    name = "ad_id"
    try:
        plan = values.long_id(line["ad_id"], "ad_id" in line.numbers)
        name = "advertiser_id"
        whose = values.long_id(line["advertiser_id"], name in line.numbers)
        name = "amount"
        amount = _yuan(line["amount"], sheet.units.get("amount", ""))
    except UnreadError as error:
        raise UserError(f"{place}, {sheet.columns[name]}: {error}") from None
    reason = plain(line["reason"] or "")
    return Payment(plan, whose, amount, _status(sheet, line, place), reason, place)


def _yuan(text: str | None, unit: str) -> Decimal | None:
    found = values.number(text)
    if found is None:
        return None
    yuan = found.scaleb(-2) if unit in _FEN else found
    if yuan != round(yuan, 2) or abs(yuan) >= 10**16:
        raise UnreadError("number", text)
    return yuan.quantize(Decimal("0.01"))


def _status(sheet: Sheet, line: Line, place: str) -> str | None:
    text = line["status"]
    if values.is_empty(text):
        return None
    code = _OF_WORDS.get(plain(text or ""))
    if code is None:
        known = "、".join(term.zh for term in STATUSES.values())
        raise UserError(
            f"{place}, {sheet.columns['status']}: {values.shortened(str(text))!r}; expected {known}"
        )
    return code


def workbook_paths(paths: Iterable[Path]) -> tuple[list[Path], list[Path], list[str]]:
    """Workbooks and CSV; saved responses; and what else there is in folders, which is left."""
    books: list[Path] = []
    responses: list[Path] = []
    left: list[str] = []
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in inside:
            ending = file.suffix.lower()
            if ending in _BOOKS and not file.name.startswith("~$"):
                books.append(file)
            elif not path.is_dir() or ending in documents.ENDINGS:
                responses.append(file)
            elif file.is_file() and not file.name.startswith((".", "~$")):
                left.append(str(file))
    return books, responses, left


_BOOKS = (".xlsx", ".xlsm", ".csv", ".tsv")
