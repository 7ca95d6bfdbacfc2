"""The drawings of the page about a plan, each with its key and how to read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from qianchuan_guarantee.explain import Explanation
from qianchuan_guarantee.history import History
from qianchuan_guarantee.report import timeline
from qianchuan_guarantee.report.events import Events, glyph
from qianchuan_guarantee.report.running import Running, Sums
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording.dossier import say

Row = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """A drawing for narrow and wide windows. key: look → name; note: how to read it."""

    name: str
    drawn: Markup
    key: Sequence[tuple[str, str]] = ()
    note: str = ""


def _both(draw: Callable[[int], str]) -> Markup:
    """For a telephone and for a desk; the page shows the one that fits."""
    narrow, large = draw(timeline.NARROW), draw(timeline.WIDE)
    return Markup('<div class="narrow">{}</div><div class="wide">{}</div>').format(
        Markup(narrow), Markup(large)
    )


def figures(explanation: Explanation, told: History, lang: Language) -> list[Figure]:
    """The drawings that there is something for, in order."""
    facts = explanation.facts
    if facts["day0"] is None:
        return []
    drawn, running = Events(facts, told, lang), Running(facts, told, lang)
    figures = [Figure("", _both(drawn.strip))] if drawn.phases() else []
    sums = running.sums()
    if sums and facts["conversions"] is not None:
        figures += _running(running, sums, facts, lang)
    figures.append(_spending(drawn, lang))
    if told.conversions:
        figures.append(_conversions(drawn, told, lang))
    if explanation.operations:
        figures.append(_changes(drawn, explanation, lang))
    return figures


def _running(drawn: Running, sums: Sequence[Sums], facts: Row, lang: Language) -> list[Figure]:
    percent = f"{((facts['overcost_ratio'] - 1) * 100).normalize():f}"
    line = ("over-line", say("k_line", lang, percent=percent))
    note = "note_money_not"
    if facts["payable"] and facts["meets_overcost"]:
        ends = {"granted": "note_money", "open": "note_money_open"}
        note = ends.get(facts["outcome"], "note_money_would")
    key = [("cost-line", say("k_cost", lang))]
    if facts["target_cost"] is not None:
        key += [line, ("target-line", say("k_target", lang))]
    else:
        note = "note_money_unknown"
    money = Figure(
        say("t_money", lang),
        _both(lambda width: drawn.money(width, sums)),
        key,
        say(note, lang),
    )
    if not facts["conversions"] or facts["target_cost"] is None:
        return [money]
    above = drawn.price(timeline.WIDE, sums)[1]
    note = say("note_price", lang)
    if above is not None:
        note += say("stop", lang) + say("note_above", lang, high=above)
    price = Figure(
        say("t_price", lang),
        _both(lambda width: drawn.price(width, sums)[0]),
        [("cost-line", say("k_price", lang)), line, ("bid-line", say("k_bid", lang))],
        note,
    )
    return [money, price]


def _spending(drawn: Events, lang: Language) -> Figure:
    key = [("cost-bar", say("k_in_window", lang))]
    if any(not piece.is_counted for piece in drawn.told.slices):
        key.append(("cost-bar uncounted", say("k_outside", lang)))
    name = "t_spending_day" if drawn.is_daily else "t_spending"
    return Figure(say(name, lang), _both(drawn.spending), key if drawn.phases() else [])


def _conversions(drawn: Events, told: History, lang: Language) -> Figure:
    fates = {won.fate for won in told.conversions}
    key = [("won", say("k_counted", lang))] if "counted" in fates else []
    if fates - {"counted"}:
        others = ", ".join(say(f"fate_{fate}", lang) for fate in sorted(fates - {"counted"}))
        key.append(("not-won", f"{say('k_not_counted', lang)} ({others})"))
    name, note = "t_won", say("note_won", lang)
    if not drawn.has_events:
        name, note = "t_won_slices", say("note_slices", lang)
    elif drawn.are_many:
        note = say("note_crowd", lang, n=f"{len(told.conversions):,}")
    if drawn.are_many:
        key = [(f"{look} bar", words) for look, words in key]
    return Figure(say(name, lang), _both(drawn.conversions), key, note)


def _changes(drawn: Events, explanation: Explanation, lang: Language) -> Figure:
    operations, facts = explanation.operations, explanation.facts
    seen = {glyph(row) for row in operations}
    key = [(f"mark {name}", say(f"k_{name}", lang)) for name in ("up", "down", "same", "square")]
    key = [(look, words) for look, words in key if look.removeprefix("mark ") in seen]
    if "stop" in seen:
        key.append(("paused", say("k_paused", lang)))
    if "round" in seen:
        key.append(("mark round", say("k_round", lang)))
    if any(code.endswith("_CHANGES") for code in explanation.decision["reasons"]):
        key.append(("too-many", say("k_too_many", lang)))
    note = ""
    if facts["is_judged"] and drawn.told.edit_counts:
        note = say("note_changes", lang, limits=_limits(facts, lang))
    drawing = _both(lambda width: drawn.changes(width, operations))
    return Figure(say("t_changes", lang), drawing, key, note)


def _limits(facts: Row, lang: Language) -> str:
    period = say(f"per_{facts['edit_limit_period']}", lang)
    kinds = {"bid": "bid_edits_at_most", "targeting": "targeting_edits_at_most"}
    if facts["is_summed"]:
        kinds = {"together": "edits_together_at_most"}
    told = [
        say(f"limit_{kind}", lang, n=facts[column], period=period)
        for kind, column in kinds.items()
        if facts[column] is not None
    ]
    return say("stop", lang).join(told)
