"""The page about one plan: the answer first, its days as drawings, then clause by clause."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from qianchuan_guarantee.clauses import Clause
from qianchuan_guarantee.explain import Explanation
from qianchuan_guarantee.history import History, history
from qianchuan_guarantee.remaining import moment, yuan
from qianchuan_guarantee.report import timeline
from qianchuan_guarantee.report.story import Story
from qianchuan_guarantee.report.timeline import Timeline
from qianchuan_guarantee.vocabulary import (
    OUTCOMES,
    REASONS,
    REFUSALS,
    SCENARIOS,
    STATUSES,
    Language,
)
from qianchuan_guarantee.wording.dossier import knows, say

if TYPE_CHECKING:
    from qianchuan_guarantee.decide import Decided

Row = dict[str, Any]
_MOMENT = re.compile(r"(\d{4}-)?\d\d-\d\d( \d\d:\d\d(:\d\d(\.\d+)?)?)?(?![\d-])")
SHOWN = 200  # rows of a long table that are shown


@dataclass(frozen=True)
class Dossier:
    """All that the page says of a plan, as known on the morning of `as_of`."""

    as_of: date
    explanation: Explanation
    history: History


@dataclass(frozen=True)
class Figure:
    """A drawing for narrow and wide windows. key: look → name; note: how to read it."""

    name: str
    drawn: Markup
    key: Sequence[tuple[str, str]] = ()
    note: str = ""


def collect(decided: Decided, explanation: Explanation) -> Dossier:
    """The dossier of one plan of `decided`, which `explanation` explains."""
    return Dossier(decided.question.as_of, explanation, history(decided, explanation.facts))


def render(dossier: Dossier, lang: Language) -> str:
    """The page as HTML. Whatever came from exports or from people is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"whole": _whole, "coded": _coded}
    environment.filters |= {"yuan": yuan, "moment": moment, "n": lambda number: f"{number:,}"}
    explanation = dossier.explanation
    story = Story(explanation, lang)
    clauses = explanation.clauses
    return environment.get_template("dossier.html.j2").render(
        dossier=dossier,
        decision=explanation.decision,
        facts=explanation.facts,
        explanation=explanation,
        story=story,
        lang=lang,
        say=partial(_say, lang=lang),
        value=partial(_value, lang=lang),
        told=_told,
        number_line=partial(_in_numbers, explanation=explanation, lang=lang),
        readings_of=partial(_readings, explanation=explanation, lang=lang),
        answered=sum(1 for clause in clauses if clause.met),
        answer=partial(_answer, explanation=explanation, lang=lang),
        ask=partial(_ask, explanation=explanation, lang=lang),
        figures=_figures(dossier, lang),
        troubles=_troubles(explanation),
        refused=[_refused(row) for row in explanation.refused[:SHOWN]],
        shown=SHOWN,
        outcomes=OUTCOMES,
        reasons=REASONS,
        refusals=REFUSALS,
        scenarios=SCENARIOS,
        statuses=STATUSES,
    )


def _say(key: str, *, lang: Language, **words: object) -> str:
    return say(key, lang, **words)


def _value(value: Any, *, lang: Language) -> str:
    """An operand as people read it."""
    if value is None or value == []:
        return "–"
    if isinstance(value, bool):
        return say("yes" if value else "no", lang)
    if isinstance(value, list):
        return say("and", lang).join(_value(one, lang=lang) for one in value)
    if isinstance(value, Decimal):
        return yuan(value)
    if isinstance(value, datetime):
        return f"{value:%Y}-{moment(value)}"
    if isinstance(value, int):
        return f"{value:,}"
    text = str(value)
    for terms in (SCENARIOS, REASONS):
        if text in terms:
            return terms[text].text(lang)
    return say(f"v_{text}", lang) if knows(f"v_{text}") else text


# --- The clauses ------------------------------------------------------------------------------


def _answer(clause: Clause, *, explanation: Explanation, lang: Language) -> tuple[str, str]:
    """The answer to a question, as look and words; of an open plan, the answer so far."""
    decision = explanation.decision
    is_open = decision["outcome"] == "open"
    if clause.name == "amount":
        if clause.met:
            return "right", say("amount_yuan", lang, amount=yuan(decision["amount"]))
        return "unsure", say("not_yet" if is_open else "nothing", lang)
    if clause.met is None:
        return "unsure", f"? {say('unknown', lang)}"
    if is_open and clause.name in ("overcost", "conversions", "pause"):
        return "unsure", say("so_far" if clause.met else "not_yet", lang)
    return ("right", f"✓ {say('yes', lang)}") if clause.met else ("wrong", f"✗ {say('no', lang)}")


def _whole(text: str) -> Markup:
    """Text whose dates and times are not broken at the end of a line."""
    return Markup(_MOMENT.sub(r'<span class="id">\g<0></span>', str(escape(text))))


def _coded(text: str) -> Markup:
    """Text in which `words` of programs look like that."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\g<1></code>", str(escape(text))))


def _ask(name: str, *, explanation: Explanation, lang: Language) -> str:
    """A question of the rule in plain words."""
    ratio = explanation.facts["overcost_ratio"]
    percent = None if ratio is None else f"{((ratio - 1) * 100).normalize():f}"
    return say(f"q_{name}", lang, percent=percent)


def _told(clause: Clause) -> list[tuple[str, Any]]:
    """The operands that have a value."""
    return [(name, value) for name, value in clause.operands.items() if value not in (None, [])]


def _in_numbers(clause: Clause, *, explanation: Explanation, lang: Language) -> str:
    """What was compared, in the numbers of this plan; empty where they are not known."""
    of, facts = clause.operands, explanation.facts
    if clause.name == "overcost" and of["line"] is not None:
        signs = ("≥", "<") if facts["overcost_boundary"] == "inclusive" else (">", "≤")
        sign = signs[not clause.met]
        base, ratio = yuan(of["base"]), f"{of['ratio'].normalize():f}"
        return f"{yuan(of['cost'])} {sign} {ratio} × {base} = {yuan(of['line'])}"
    if clause.name == "conversions" and None not in (of["conversions"], of["conversions_required"]):
        n, required = of["conversions"], of["conversions_required"]
        return say("line_conversions", lang, n=f"{n:,}", required=f"{required:,}")
    if clause.name.startswith(("bid_edits", "targeting_edits", "edits_together")):
        period = facts["edit_limit_period"]
        words = {"n": of["max_daily_edits"], "limit": of["at_most"]}
        return say(f"line_edits_{period}", lang, **words)
    if clause.name == "amount" and of["excess"] is not None:
        return f"{yuan(of['cost'])} − {yuan(of['target_cost'])} = {_minus(yuan(of['excess']))}"
    if clause.name == "first_delivery" and clause.met:
        words = {name: moment(facts[name]) for name in ("first_delivery_at", "window_end")}
        first = words.pop("first_delivery_at")
        return say("line_first", lang, first=first, **words)
    if clause.name == "bid_not_lowered" and None not in of.values():
        first, end = yuan(of["bid_at_first_delivery"]), yuan(of["bid_at_end"])
        return say("line_lowered", lang, first=first, end=end)
    if clause.name == "pause":
        return _at_pause(of, lang)
    return say(f"line_{clause.name}", lang) if clause.met and knows(f"line_{clause.name}") else ""


def _at_pause(of: Row, lang: Language) -> str:
    if of["paused_at"] is None:
        return say("line_no_pause", lang)
    if of["conversions_at_pause"] is None or of["line_at_pause"] is None:
        return ""
    words = {"cost": yuan(of["cost_at_pause"]), "line": yuan(of["line_at_pause"])}
    n, required = of["conversions_at_pause"], of["conversions_required"]
    return say("line_paused", lang, n=n, required=required, **words)


def _minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")


def _readings(
    clause: Clause, *, explanation: Explanation, lang: Language
) -> list[tuple[str, str, str]]:
    """Question, answer, and how a program writes it, of each reading in use."""
    found = []
    for pair, words in clause.readings.items():
        asked = explanation.book.readings[pair.partition("=")[0]].question
        found.append((asked.zh if lang == "zh" else asked.en, words, pair))
    return found


def _troubles(explanation: Explanation) -> list[str]:
    trusted = next((c for c in explanation.clauses if c.name == "trusted"), None)
    return [] if trusted is None else trusted.operands.get("because", [])


def _refused(row: Row) -> Row:
    """A refused row, with the cell that was refused where it was one."""
    raw = json.loads(row["raw"])
    value = raw.get(row["column"] or "") if isinstance(raw, dict) else None
    return {**row, "value": None if value is None else str(value)[:80]}


# --- The drawings -----------------------------------------------------------------------------


def _both(draw: Callable[[int], str]) -> Markup:
    """For a telephone and for a desk; the page shows the one that fits."""
    narrow, large = draw(timeline.NARROW), draw(timeline.WIDE)
    return Markup('<div class="narrow">{}</div><div class="wide">{}</div>').format(
        Markup(narrow), Markup(large)
    )


def _figures(dossier: Dossier, lang: Language) -> list[Figure]:
    """The drawings that there is something for, in order."""
    facts, told = dossier.explanation.facts, dossier.history
    if facts["day0"] is None:
        return []
    drawn = Timeline(facts, told, lang)
    figures = [Figure("", _both(drawn.strip))] if drawn.phases() else []
    sums = drawn.sums()
    if sums and facts["conversions"] is not None:
        figures += _running(drawn, sums, facts, lang)
    figures.append(_spending(drawn, lang))
    if told.conversions:
        figures.append(_conversions(drawn, told, lang))
    if dossier.explanation.operations:
        figures.append(_changes(drawn, dossier, lang))
    return figures


def _running(
    drawn: Timeline, sums: Sequence[timeline.Sums], facts: Row, lang: Language
) -> list[Figure]:
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


def _spending(drawn: Timeline, lang: Language) -> Figure:
    key = [("cost-bar", say("k_in_window", lang))]
    if any(not piece.is_counted for piece in drawn.told.slices):
        key.append(("cost-bar uncounted", say("k_outside", lang)))
    name = "t_spending_day" if drawn.is_daily else "t_spending"
    return Figure(say(name, lang), _both(drawn.spending), key if drawn.phases() else [])


def _conversions(drawn: Timeline, told: History, lang: Language) -> Figure:
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


def _changes(drawn: Timeline, dossier: Dossier, lang: Language) -> Figure:
    operations, facts = dossier.explanation.operations, dossier.explanation.facts
    seen = {timeline.glyph(row) for row in operations}
    key = [(f"mark {name}", say(f"k_{name}", lang)) for name in ("up", "down", "same", "square")]
    key = [(look, words) for look, words in key if look.removeprefix("mark ") in seen]
    if "stop" in seen:
        key.append(("paused", say("k_paused", lang)))
    if "round" in seen:
        key.append(("mark round", say("k_round", lang)))
    if any(code.endswith("_CHANGES") for code in dossier.explanation.decision["reasons"]):
        key.append(("too-many", say("k_too_many", lang)))
    note = ""
    if facts["is_judged"] and dossier.history.edit_counts:
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
