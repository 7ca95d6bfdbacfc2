"""The platform's side: what its files say of each plan.

Statuses (`compensate_status`, its sibling with amounts, and that one's history by day), payments
(workbooks: an amount a plan), and the daily report. Amounts are yuan with at most two decimals.
Nothing is guessed: what cannot be read, or says two things of one plan, is a UserError that names
the file and the row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.importers import pages, payments, reported, values, workbooks
from qianchuan_guarantee.importers.complete import check_complete, whole
from qianchuan_guarantee.importers.pages import Page
from qianchuan_guarantee.importers.payments import Payment
from qianchuan_guarantee.importers.reported import Reported
from qianchuan_guarantee.importers.values import UnreadError
from qianchuan_guarantee.importers.workbooks import Sheet
from qianchuan_guarantee.reconcile.classes import ZERO, Statement, Theirs
from qianchuan_guarantee.vocabulary import REASONS, STATUSES

_OF_STATUS = (pages.STATUS, pages.SIBLING_STATUS, pages.SIBLING_HISTORY)
# What siblings call what this interface calls otherwise.
_ALIASES = {"DEFAULT_STATUS": "DEFAULT", "UNSUPPORTED": "DEFAULT"}
_IDS = ("ad_id", "query_id", "project_id", "promotion_id")
_CODE = re.compile(r"[A-Z]+(?:_[A-Z]+)+")
_OF_WORDS = {reason.zh: code for code, reason in REASONS.items()}
_MOST_ID = 2**63
_LONGEST = 200  # characters of a reason's own words
_MOST_CODES = 20


@dataclass(frozen=True)
class Platform:
    """What the files hold: `statement`, None where they say nothing of the guarantee; `reported`:
    plans' days of the report; `left`: kinds of pages, and files, that nothing is asked of."""

    statement: Statement | None
    reported: Sequence[Reported]
    left: Sequence[str]


def read(paths: Sequence[Path]) -> Platform:
    """The platform's files: saved responses, workbooks, CSV. UserError where a page is missing."""
    books, others, skipped = payments.workbook_paths(paths)
    found = pages.read(others) if others or not books else pages.Pages(())
    sheets = workbooks.read(books, {**payments.ALIASES, **reported.ALIASES}) if books else []
    paid = [sheet for sheet in sheets if payments.is_of_payments(sheet)]
    reports = [sheet for sheet in sheets if sheet not in paid]
    for sheet in reports:
        if not reported.is_of_report(sheet):
            raise UserError(
                f"{sheet.place}: neither {payments.ALIASES['amount'][0]} nor "
                f"{payments.ALIASES['status'][0]} beside {payments.PLAN[0]}, nor a report by day"
            )
    known = {*_OF_STATUS, pages.REPORT, pages.UNKNOWN_EMPTY}
    check_complete(found.of(*known), whole)
    return Platform(
        _statement(found.of(*_OF_STATUS), paid),
        reported.reported(found.of(pages.REPORT), reports),
        [*sorted({page.kind for page in found.pages} - known), *skipped],
    )


def _statement(answers: Sequence[Page], paid: Sequence[Sheet]) -> Statement | None:
    if not answers and not paid:
        return None
    rows = payments.payments(paid)
    listed = [row for row in rows if row.status is None]
    stated = [_of_row(row) for row in rows if row.status is not None and row.ad_id is not None]
    statuses = _once([*(item for page in answers for item in _of_page(page)), *stated])
    files = dict.fromkeys([*(page.file for page in answers), *(sheet.file for sheet in paid)])
    nobody = [row.amount or ZERO for row in rows if row.ad_id is None]
    return Statement(
        _with_payments(statuses, listed) if listed else statuses,
        is_payments=not statuses,
        files=list(files),
        nobody=(len(nobody), sum(nobody, ZERO)),
    )


def _of_row(row: Payment) -> Theirs:
    assert row.ad_id is not None
    reasons, said = _reasons({}, _printable(row.reason))
    whose, place = row.advertiser_id, row.place
    return Theirs(row.ad_id, row.status, row.amount, whose, reasons, said, place=place)


def _with_payments(statuses: Mapping[int, Theirs], rows: Sequence[Payment]) -> dict[int, Theirs]:
    """Payments are added up by plan. Beside statuses they say how much was paid: of a plan that
    they do not name, nothing."""
    plans = {
        plan: replace(theirs, amount=ZERO if theirs.is_paid else theirs.amount)
        for plan, theirs in statuses.items()
    }
    for row in rows:
        if row.ad_id is None:
            continue
        new = Theirs(row.ad_id, None, ZERO, row.advertiser_id, place=row.place)
        known = plans.get(row.ad_id, new)
        if not known.payments:
            known = replace(known, amount=ZERO)
        amount = (known.amount or ZERO) + (row.amount or ZERO)
        status = "PAID" if known.status is not None and amount > 0 else known.status
        plans[row.ad_id] = replace(
            known,
            status=status,
            amount=amount,
            advertiser_id=known.advertiser_id or row.advertiser_id,
            payments=known.payments + 1,
        )
    return plans


def _of_page(page: Page) -> list[Theirs]:
    rows = [(_theirs(row, page, number), row) for number, row in enumerate(page.rows, start=1)]
    if page.kind != pages.SIBLING_HISTORY:
        return [theirs for theirs, _ in rows]
    return _latest(rows)


def _theirs(row: Mapping[str, Any], page: Page, number: int) -> Theirs:
    place = f"{page.place}, row {number}"
    plan = _plan(row, page, place)
    said = _printable(row.get("reason") or "")
    asked, status = row.get("status"), row.get("compensate_status")
    if asked == "FAILED" or status == "FAILED":
        return Theirs(plan, None, said=said, is_failed=True, place=place)
    status = _ALIASES.get(str(status), status)
    if not isinstance(status, str) or status not in STATUSES:
        raise UserError(
            f"{place}: compensate_status {str(status)[:40]!r}; expected {', '.join(STATUSES)}"
        )
    reasons, words = _reasons(row, said)
    amount = _amount(row.get("compensate_amount"), place)
    return Theirs(plan, status, amount, None, reasons, words, place=place)


def _plan(row: Mapping[str, Any], page: Page, place: str) -> int:
    """The plan of a row; a history's rows do not name it, so its file does."""
    text = next((str(row[name]) for name in _IDS if row.get(name) is not None), None)
    if text is None and page.kind == pages.SIBLING_HISTORY:
        text = next(iter(re.findall(r"\d{6,}", Path(page.file).stem)), None)
        if text is None:
            raise UserError(
                f"{place}: no ad_id; the history of a plan goes into a file named by it, "
                "as 1745000000000101.json"
            )
    return _plan_id(text, place)


def _plan_id(text: str | None, place: str) -> int:
    """A plan's id as it was written; one that a spreadsheet has ruined is refused."""
    if text is None or not re.fullmatch(r"[0-9]{1,19}", text) or not 0 < int(text) < _MOST_ID:
        raise UserError(
            f"{place}: ad_id {str(text)[:40]!r}; expected a whole number as the platform gives it "
            "(a spreadsheet writes long ids as 1.70E+15: such an id is lost)"
        )
    return int(text)


def _amount(value: Any, place: str) -> Decimal | None:
    try:
        amount = values.number(values.of_json(value))
    except UnreadError as error:
        raise UserError(f"{place}, compensate_amount: {error}") from None
    if amount is None:
        return None
    if not ZERO <= amount < 10**16 or amount != round(amount, 2):
        raise UserError(
            f"{place}: compensate_amount {str(value)[:40]!r}; expected yuan, 0 or more, with at "
            "most two decimals"
        )
    return amount.quantize(ZERO)


def _reasons(row: Mapping[str, Any], said: str) -> tuple[tuple[str, ...], str]:
    """Reason codes, and the reason in words."""
    found: dict[str, str] = {}
    names = ("end_reasons", "invalid_reasons")
    for value in (row.get(name) for name in (*names, *(f"compensate_{name}" for name in names))):
        if isinstance(value, Mapping):
            found |= {_printable(code): _printable(words) for code, words in value.items()}
        elif isinstance(value, Sequence) and not isinstance(value, str):
            found |= {_printable(code): "" for code in value}
    codes = dict.fromkeys([*found, *_CODE.findall(said)])
    for words in re.split(r"[；;]", said):
        if words.strip() in _OF_WORDS:
            codes[_OF_WORDS[words.strip()]] = None
    told = said or "；".join(words for words in found.values() if words)
    return tuple(codes)[:_MOST_CODES], told[:_LONGEST]


def _printable(text: object) -> str:
    """Words of a file as a line on a screen may have them."""
    some = str(text)[:_LONGEST]
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in some)


def _latest(rows: Iterable[tuple[Theirs, Mapping[str, Any]]]) -> list[Theirs]:
    """Of a history by day, the latest day of each plan stands."""
    days: dict[int, tuple[str, Theirs]] = {}
    for theirs, row in rows:
        day = str(row.get("date") or "")
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}( .*)?", day):
            raise UserError(f"{theirs.place}: date {day[:40]!r}; expected YYYY-MM-DD")
        known = days.get(theirs.ad_id)
        if known is not None and known[0] == day:
            _same(known[1], theirs)
        if known is None or day > known[0]:
            days[theirs.ad_id] = (day, theirs)
    return [theirs for _, theirs in days.values()]


def _once(items: Iterable[Theirs]) -> dict[int, Theirs]:
    """Plan → what is said of it; pages that repeat say the same."""
    plans: dict[int, Theirs] = {}
    for theirs in items:
        known = plans.get(theirs.ad_id)
        if known is None or (known.is_failed and not theirs.is_failed):
            plans[theirs.ad_id] = theirs
        elif not theirs.is_failed:
            _same(known, theirs)
    return plans


def _same(known: Theirs, theirs: Theirs) -> None:
    if replace(known, place="") != replace(theirs, place=""):
        raise UserError(
            f"{theirs.place}: plan {theirs.ad_id} is {_told(theirs)}, but {known.place} says "
            f"{_told(known)}; give the answers of one day only"
        )


def _told(theirs: Theirs) -> str:
    amount = "" if theirs.amount is None else f" {theirs.amount}"
    return f"{theirs.status}{amount}"
