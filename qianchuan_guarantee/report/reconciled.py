"""What reconciling found, as people read it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from qianchuan_guarantee.reconcile.classes import CLASSES, ZERO, Line, Money, Reconciled
from qianchuan_guarantee.report import against_report
from qianchuan_guarantee.report.figures_of_money import plain, signed, yuan
from qianchuan_guarantee.report.sheets import Sheet
from qianchuan_guarantee.vocabulary import REASONS, STATUSES, Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.reconcile.causes import Cause, Fit
    from qianchuan_guarantee.reconcile.compare import Found


def kind_in_words(kind: str, lang: Language) -> str:
    return say(f"rc_{kind}", lang)


def status_in_words(code: str | None, lang: Language) -> str:
    return STATUSES[code].text(lang) if code in STATUSES else say("rc_no_status", lang)


def codes_in_words(codes: Iterable[str], lang: Language) -> str:
    """Reason codes with their words; those of the platform that are not ours as they are."""
    said = (f"{c} ({REASONS[c].text(lang)})" if c in REASONS else c for c in codes)
    return ", ".join(said)


def cause_in_words(cause: Cause, lang: Language) -> str:
    words = dict(cause.words)
    if "codes" in words:
        words["codes"] = codes_in_words(words["codes"], lang)
    for name, value in words.items():
        if isinstance(value, Decimal):
            words[name] = plain(value)
    return say(cause.what, lang, **words)


def causes_in_words(line: Line, lang: Language) -> str:
    return "\n".join(cause_in_words(cause, lang) for cause in line.causes)


def lines(found: Found, lang: Language) -> list[str]:
    """What was held against what, and what comes of it in all."""
    said = [] if found.reconciled is None else _of_statement(found, found.reconciled, lang)
    if found.totals is not None:
        said += against_report.lines(found.totals, found.as_of, lang)
    if found.left:
        said.append(say("rc_left", lang, kinds=", ".join(found.left)))
    return said


def _of_statement(found: Found, made: Reconciled, lang: Language) -> list[str]:
    money = made.total
    differing = money.plans - made.by_class["agree"].plans
    said = [
        say("rc_head", lang, day=made.as_of, files=", ".join(made.statement.files)),
        say("rc_total", lang, plans=f"{money.plans:,}", differing=f"{differing:,}"),
        say(
            "rc_money",
            lang,
            ours=yuan(money.ours),
            theirs=yuan(money.theirs),
            difference=signed(money.difference),
        ),
    ]
    gaps = [line.difference for line in made.lines if line.difference]
    less, more = [gap for gap in gaps if gap < 0], [gap for gap in gaps if gap > 0]
    if less and more:
        sums = {"less": signed(sum(less, ZERO)), "more": signed(sum(more, ZERO))}
        said.append(say("rc_both_ways", lang, fewer=len(less), others=len(more), **sums))
    if made.statement.is_payments:
        said.append(say("rc_is_payments", lang))
    rows, amount = made.statement.nobody
    if rows:
        said.append(say("rc_no_plan", lang, rows=f"{rows:,}", amount=yuan(amount)))
    if money.unstated:
        said.append(say("rc_unstated", lang, amount=yuan(money.unstated)))
    if money.waiting:
        said.append(say("rc_waiting", lang, amount=yuan(money.waiting)))
    if differing and not found.has_exports:
        said.append(say("rc_needs_exports", lang))
    return said


def classes(made: Reconciled, lang: Language) -> Sheet:
    """The money by class."""
    rows = [
        _money_row(kind_in_words(kind, lang), money)
        for kind, money in made.by_class.items()
        if money.plans or kind == "agree"
    ]
    rows.append(_money_row(say("rc_all", lang), made.total))
    return Sheet(say("rc_by_class", lang), _money_header("rc_class", lang), rows, range(1, 5))


def _money_header(first: str, lang: Language) -> list[str]:
    return [say(key, lang) for key in (first, "rc_plans", "rc_ours", "rc_theirs", "rc_difference")]


def _money_row(name: str, money: Money) -> tuple[str, ...]:
    amounts = (yuan(money.ours), yuan(money.theirs), signed(money.difference))
    return (name, f"{money.plans:,}", *amounts)


def readings(found: Found, lang: Language) -> Sheet:
    """The readings that explain differences, the likeliest first."""
    rows = [
        (
            f"{fit.id}={fit.choice}",
            f"{len(fit.explained):,}",
            yuan(fit.amount),
            f"{len(fit.broken):,}",
            _meaning(found, fit, lang),
        )
        for fit in found.readings
    ]
    names = ("reading", "rc_explained", "rc_of_yuan", "rc_broken", "rc_meaning")
    header = [say(key, lang) for key in names]
    return Sheet(say("rc_readings", lang), header, rows, (1, 2, 3))


def _meaning(found: Found, fit: Fit, lang: Language) -> str:
    reading = found.books[-1].readings[fit.id]
    words = (reading.question, reading.choices[fit.choice])
    return " ".join(text.zh if lang == "zh" else text.en for text in words)


def advertisers(made: Reconciled, lang: Language, most: int | None = None) -> Sheet:
    """The money of the advertisers that have a difference, the largest first."""
    differing = {line.advertiser_id for line in made.differences}
    some = [(key, money) for key, money in made.by_advertiser.items() if key in differing]
    some.sort(key=lambda item: -abs(item[1].difference))
    rows = [_money_row(str(key or say("rc_nobody", lang)), money) for key, money in some[:most]]
    header = _money_header("advertiser", lang)
    return Sheet(say("rc_by_advertiser", lang), header, rows, range(1, 5))


def differences(made: Reconciled, lang: Language, most: int | None = None) -> Sheet:
    """The plans that differ: by class, the most money first."""

    def size(line: Line) -> tuple[int, Decimal, int]:
        return (CLASSES.index(line.kind), -abs(line.difference or Decimal(0)), line.ad_id)

    every = made.differences
    rows = [
        (
            line.ad_id,
            line.advertiser_id or "",
            kind_in_words(line.kind, lang),
            " / ".join(_statuses(line, lang)),
            yuan(line.ours_yuan) if line.ours else "",
            yuan(line.theirs_yuan) if line.theirs else "",
            signed(line.difference) if line.difference else "",
            causes_in_words(line, lang),
        )
        for line in sorted(every, key=size)[:most]
    ]
    names = ("plan", "advertiser", "rc_class", "rc_statuses")
    header = [say(key, lang) for key in (*names, "rc_ours", "rc_theirs", "rc_difference")]
    title = say("rc_differences", lang)
    if len(rows) < len(every):
        title = say("rc_largest", lang, shown=len(rows), all=len(every))
    return Sheet(title, [*header, say("rc_cause", lang)], rows, (4, 5, 6))


def _statuses(line: Line, lang: Language) -> tuple[str, str]:
    mine = status_in_words(line.ours.status, lang) if line.ours else "–"
    other = status_in_words(line.theirs.status, lang) if line.theirs else "–"
    return mine, other


def sheets(found: Found, lang: Language, most: int | None = None) -> dict[str, Sheet]:
    """All tables that have rows, by name."""
    every: dict[str, Sheet] = {}
    if found.reconciled is not None:
        every = {
            "class": classes(found.reconciled, lang),
            "readings": readings(found, lang),
            "advertisers": advertisers(found.reconciled, lang, most),
            "differences": differences(found.reconciled, lang, most),
        }
    if found.totals is not None:
        every |= against_report.sheets(found.totals, lang, most)
    return {name: sheet for name, sheet in every.items() if sheet.rows}
