"""The page about one plan: the answer first, its days as drawings, then clause by clause."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from qianchuan_guarantee.clauses import Clause
from qianchuan_guarantee.conditions import moment, yuan
from qianchuan_guarantee.explain import Explanation
from qianchuan_guarantee.history import History, history
from qianchuan_guarantee.report.figures import figures
from qianchuan_guarantee.report.story import Story
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
        figures=figures(explanation, dossier.history, lang),
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
    if None in of.values():
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
