"""The page about a night: one file that loads nothing, in either language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from qianchuan_guarantee.report import charts, near
from qianchuan_guarantee.report.charts import Bar, TrendPoint
from qianchuan_guarantee.report.night import NightPage
from qianchuan_guarantee.vocabulary import (
    OUTCOMES,
    REASONS,
    REFUSALS,
    SCENARIOS,
    STATUSES,
    Language,
)
from qianchuan_guarantee.wording.page import knows, say
from qianchuan_guarantee.write import write_text

# Outcomes as people ask for them: what is paid, what needs them, and why the rest is not paid.
_ORDER = ("granted", "held", "invalid", "ended", "open", "not_covered")
_COLOURS = {
    "granted": charts.ISSUED,
    "held": charts.RECOVERED,
    "invalid": "#c8453f",
    "open": "#2f9e8f",
}
_OTHERS = "#8b939c"


def render(page: NightPage, lang: Language) -> str:
    """The page as HTML. Whatever came from exports or from people is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["yuan"] = _yuan
    environment.filters["n"] = _count
    return environment.get_template("night.html.j2").render(
        page=page,
        lang=lang,
        say=partial(_say, lang=lang),
        cause=partial(_cause, lang=lang),
        reasons_in_words=partial(_reasons, lang=lang),
        outcomes=OUTCOMES,
        lines_of=[
            (code, lines)
            for code in _ORDER
            if (lines := [line for line in page.plans.reasons if line.outcome == code])
        ],
        reasons=REASONS,
        refusals=REFUSALS,
        scenarios=SCENARIOS,
        statuses=STATUSES,
        shown_grants=sum((g["amount"] for g in page.plans.grants), Decimal("0.00")),
        near=near.sheets(page.near, lang),
        trend=_trend(page, lang),
        outcome_bars=_outcomes(page, lang),
        size_bars=_sizes(page, lang),
    )


def write_page(text: str, path: Path) -> None:
    """A page to a file: there as a whole or not at all."""
    write_text([text], path)


def _say(key: str, *, lang: Language, **words: object) -> str:
    return say(key, lang, **words)


def _yuan(amount: Decimal) -> str:
    """To the cent, with a true minus sign; a cost with more decimals keeps them."""
    exact = amount.normalize()
    places = max(2, -int(exact.as_tuple().exponent))
    return f"{amount:,.{places}f}".replace("-", "\N{MINUS SIGN}")


def _count(number: int) -> str:
    return f"{number:,}"


def _cause(code: str, *, lang: Language) -> str:
    """Why a proposal waits: a code in words, or what a person wrote."""
    return say(f"w_{code}", lang) if knows(f"w_{code}") else code


def _reasons(codes: str, *, lang: Language) -> str:
    """Codes with commas between, in words."""
    found = [REASONS[code].text(lang) for code in codes.split(",") if code in REASONS]
    return say("semicolon", lang).join(found) or codes


def _both(draw: Callable[[int], str], wide: int) -> Markup:
    """A chart for narrow windows and one for wide ones; the page shows one of them."""
    narrow, large = draw(charts.NARROW), draw(wide)
    return Markup('<div class="narrow">{}</div><div class="wide">{}</div>').format(
        Markup(narrow), Markup(large)
    )


def _trend(page: NightPage, lang: Language) -> Markup | None:
    if len(page.nights) < 2:
        return None
    # Days of one year need not say which.
    years = {line.label[:4] for line in page.nights}
    start = 5 if len(years) == 1 else 0
    points = [
        TrendPoint(line.label[start:], line.moved.issued, line.moved.recovered, line.waiting)
        for line in page.nights
    ]
    titles = (say("t_moved", lang), say("t_waiting", lang))
    return _both(lambda width: charts.trend(points, *titles, width), charts.FULL)


def _outcomes(page: NightPage, lang: Language) -> Markup:
    rows = [
        Bar(OUTCOMES[code].text(lang), plans, _count(plans), _COLOURS.get(code, _OTHERS))
        for code in _ORDER
        if (plans := page.plans.by_outcome[code]) or code == "granted"
    ]
    return _bars(rows, say("t_outcomes", lang))


def _sizes(page: NightPage, lang: Language) -> Markup | None:
    if not page.plans.grants:
        return None
    rows = [
        Bar(_size(low, high, lang), plans, _size_label(plans, amount, lang))
        for (low, high), (plans, amount) in page.plans.sizes.items()
    ]
    return _bars(rows, say("t_sizes", lang))


def _size(low: int, high: int | None, lang: Language) -> str:
    if high is None:
        return say("size_up", lang, low=_count(low))
    if not low:
        return say("size_under", lang, high=_count(high))
    return say("size_between", lang, low=_count(low), high=_count(high))


def _size_label(plans: int, amount: Decimal, lang: Language) -> str:
    if not plans:
        return _count(0)
    return say("size_label", lang, plans=_count(plans), amount=_yuan(amount))


def _bars(rows: Sequence[Bar], title: str) -> Markup:
    return _both(lambda width: charts.bars(rows, title, width), charts.WIDE)
