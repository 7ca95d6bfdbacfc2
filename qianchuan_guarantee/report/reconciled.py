"""What reconciling found: as people read it, for programs, and as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.reconcile.classes import CLASSES, Line, Money
from qianchuan_guarantee.report.sheets import Sheet
from qianchuan_guarantee.vocabulary import REASONS, STATUSES, Language
from qianchuan_guarantee.wording import say
from qianchuan_guarantee.wording.columns import notes_of
from qianchuan_guarantee.write import Sheet as Rows
from qianchuan_guarantee.write import write_tables

if TYPE_CHECKING:
    import pyarrow as pa

    from qianchuan_guarantee.reconcile.causes import Cause, Fit
    from qianchuan_guarantee.reconcile.compare import Found

_SIDES = ("ours", "theirs", "unstated", "waiting")  # of the money


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


def yuan(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,}"


def plain(amount: Decimal) -> str:
    """To the cent; a cost with more decimals keeps them."""
    exact = amount.normalize()
    places = max(2, -int(exact.as_tuple().exponent))
    return f"{amount:,.{places}f}"


def signed(amount: Decimal | None) -> str:
    if amount is None:
        return ""
    return f"{amount:+,}" if amount else f"{amount:,}"


def lines(found: Found, lang: Language) -> list[str]:
    """What was held against what, and what comes of it in all."""
    made = found.reconciled
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
    if found.left:
        said.append(say("rc_left", lang, kinds=", ".join(found.left)))
    return said


def classes(found: Found, lang: Language) -> Sheet:
    """The money by class."""
    made = found.reconciled
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
    words = found.books[-1].readings[fit.id].choices[fit.choice]
    return words.zh if lang == "zh" else words.en


def advertisers(found: Found, lang: Language, most: int | None = None) -> Sheet:
    """The money of the advertisers that have a difference, the largest first."""
    made = found.reconciled
    differing = {line.advertiser_id for line in made.differences}
    some = [(key, money) for key, money in made.by_advertiser.items() if key in differing]
    some.sort(key=lambda item: -abs(item[1].difference))
    rows = [_money_row(str(key or say("rc_nobody", lang)), money) for key, money in some[:most]]
    header = _money_header("advertiser", lang)
    return Sheet(say("rc_by_advertiser", lang), header, rows, range(1, 5))


def differences(found: Found, lang: Language, most: int | None = None) -> Sheet:
    """The plans that differ: by class, the most money first."""

    def size(line: Line) -> tuple[int, Decimal, int]:
        return (CLASSES.index(line.kind), -abs(line.difference or Decimal(0)), line.ad_id)

    every = found.reconciled.differences
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
    every = {
        "class": classes(found, lang),
        "readings": readings(found, lang),
        "advertisers": advertisers(found, lang, most),
        "differences": differences(found, lang, most),
    }
    return {name: sheet for name, sheet in every.items() if sheet.rows}


def document(found: Found, lang: Language) -> dict[str, Any]:
    """What `--json` prints: money as strings in yuan."""
    made = found.reconciled
    return {
        "as_of": made.as_of.isoformat(),
        "files": list(made.statement.files),
        "is_payments": made.statement.is_payments,
        "no_plan": {"rows": made.statement.nobody[0], "amount": str(made.statement.nobody[1])},
        "total": _money_document(made.total),
        "classes": {kind: _money_document(money) for kind, money in made.by_class.items()},
        "advertisers": [
            {"advertiser_id": key, **_money_document(money)}
            for key, money in made.by_advertiser.items()
        ],
        "readings": [_fit_document(fit) for fit in found.readings],
        "causes_tried_on_exports": found.has_exports,
        "differences": [_line_document(line, lang) for line in made.differences],
    }


def _money_document(money: Money) -> dict[str, Any]:
    amounts = ("ours", "theirs", "unstated", "waiting", "difference")
    return {"plans": money.plans} | {name: str(getattr(money, name)) for name in amounts}


def _fit_document(fit: Fit) -> dict[str, Any]:
    plans = {"explained": list(fit.explained), "broken": list(fit.broken)}
    return {"id": fit.id, "choice": fit.choice, **plans, "amount": str(fit.amount)}


def _line_document(line: Line, lang: Language) -> dict[str, Any]:
    row = _row(line, lang)
    for name, value in row.items():
        if isinstance(value, Decimal):
            row[name] = str(value)
        elif hasattr(value, "isoformat"):
            row[name] = value.isoformat()
    return row


def _row(line: Line, lang: Language) -> dict[str, Any]:
    ours, theirs = line.ours, line.theirs
    fitting = [cause.of_reading for cause in line.causes if cause.of_reading]
    return {
        "ad_id": line.ad_id,
        "advertiser_id": line.advertiser_id,
        "class": line.kind,
        "our_status": ours.status if ours else None,
        "their_status": theirs.status if theirs else None,
        "our_amount": ours.amount if ours else None,
        "their_amount": theirs.paid if theirs else None,
        "difference": line.difference,
        "settle_on": ours.settle_on if ours else None,
        "days_overdue": line.days_overdue,
        "our_reasons": list(ours.reasons) if ours else [],
        "their_reasons": list(theirs.reasons) if theirs else [],
        "their_words": theirs.said if theirs else None,
        "fits": [f"{key}={choice}" for key, choice in fitting],
        "cause": causes_in_words(line, lang),
        "place": theirs.place if theirs else None,
    }


def lines_table(found: Found, lang: Language) -> pa.Table:
    """A row per plan, those that agree included."""
    import pyarrow as pa

    yuan, codes = pa.decimal128(18, 2), pa.list_(pa.string())
    others = {"ad_id": pa.int64(), "advertiser_id": pa.int64(), "settle_on": pa.date32()}
    others |= {"days_overdue": pa.int64()}
    others |= dict.fromkeys(("our_amount", "their_amount", "difference"), yuan)
    others |= dict.fromkeys(("our_reasons", "their_reasons", "fits"), codes)
    rows = [_row(line, lang) for line in found.reconciled.lines]
    names = list(rows[0]) if rows else list(_row(Line(0, "agree", None, None), lang))
    kinds = [(name, others.get(name, pa.string())) for name in names]
    return pa.Table.from_pylist(rows, schema=pa.schema(kinds, metadata={b"sheet": b"plans"}))


def money_table(found: Found) -> pa.Table:
    """The money by class and by advertiser."""
    import pyarrow as pa

    made = found.reconciled
    groups: dict[str, dict[Any, Money]] = {
        "class": dict(made.by_class),
        "advertiser": dict(made.by_advertiser),
        "total": {"": made.total},
    }
    rows = [
        {"by": by, "which": "" if key is None else str(key), "plans": money.plans}
        | {f"{side}_yuan": getattr(money, side) for side in _SIDES}
        | {"difference": money.difference}
        for by, group in groups.items()
        for key, money in group.items()
    ]
    yuan = pa.decimal128(18, 2)
    kinds: list[tuple[str, Any]] = [("by", pa.string()), ("which", pa.string())]
    kinds += [("plans", pa.int64())]
    kinds += [(name, yuan) for name in (*(f"{side}_yuan" for side in _SIDES), "difference")]
    return pa.Table.from_pylist(rows, schema=pa.schema(kinds, metadata={b"sheet": b"money"}))


def readings_table(found: Found) -> pa.Table:
    import pyarrow as pa

    rows = [
        {
            "reading": f"{fit.id}={fit.choice}",
            "explained": len(fit.explained),
            "explained_yuan": fit.amount,
            "broken": len(fit.broken),
        }
        for fit in found.readings
    ]
    kinds = {"reading": pa.string(), "explained": pa.int64()}
    kinds |= {"explained_yuan": pa.decimal128(18, 2), "broken": pa.int64()}
    schema = pa.schema(list(kinds.items()), metadata={b"sheet": b"readings"})
    return pa.Table.from_pylist(rows, schema=schema)


def write(found: Found, path: Path, lang: Language) -> None:
    """Every plan to a file; in a workbook the money and the readings, too."""
    table = lines_table(found, lang)
    further: Sequence[pa.Table] = [money_table(found), readings_table(found)]
    names = [name for each in (table, *further) for name in each.schema.names]
    rows = found.reconciled.total.plans
    write_tables([Rows(table.to_batches(), table.schema, path, rows, notes_of(names), further)])
