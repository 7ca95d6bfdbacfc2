"""Two rulebooks side by side, in words and numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from qianchuan_guarantee.amendments import Amendment, affected, amendments
from qianchuan_guarantee.report.sheets import Sheet
from qianchuan_guarantee.rulebook import Rulebook
from qianchuan_guarantee.vocabulary import SCENARIOS, Language
from qianchuan_guarantee.wording import say

# What a key means, by the last of these that its path has.
_MEANINGS = (
    *("in_force", "natural_days", "backflow_days", "unit_yuan", "percent", "at_least", "prompted"),
    *("bid", "targeting", "together", "bid_lowering", "pause"),
)


def document(a: Rulebook, b: Rulebook, lang: Language) -> dict[str, Any]:
    """What `--json` prints."""
    period = affected(a, b)
    return {
        "a": _about(a),
        "b": _about(b),
        "affected": {
            "from": period.begins.isoformat(),
            "until": period.ends.isoformat() if period.ends else None,
        },
        "differences": [
            {
                "path": each.path,
                "before": _plain(each.before),
                "after": _plain(each.after),
                "counts": each.counts,
                "meaning": _meaning(each, b, lang),
            }
            for each in amendments(a, b)
        ],
    }


def _about(book: Rulebook) -> dict[str, Any]:
    until = book.in_force.until
    return {
        "rulebook": book.id,
        "from": book.in_force.from_.isoformat(),
        "until": until.isoformat() if until else None,
        "digest": book.digest,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def lines(a: Rulebook, b: Rulebook, lang: Language) -> list[str]:
    """Which two, since when they hold, and what a change of one for the other concerns."""
    said = []
    for book in (a, b):
        day, end = book.in_force.from_, book.in_force.until
        since = say("d_until", lang, day=day, end=end) if end else say("d_from", lang, day=day)
        said.append(f"{book.id}: {since}")
    found = amendments(a, b)
    if not found:
        return [*said, say("d_same", lang)]
    if not any(each.counts for each in found):
        return [*said, say("d_only_words", lang)]
    period = affected(a, b)
    if period.ends is None:
        return [*said, say("d_affected", lang, begins=period.begins)]
    return [*said, say("d_affected_until", lang, begins=period.begins, ends=period.ends)]


def sheets(a: Rulebook, b: Rulebook, lang: Language) -> list[Sheet]:
    """What may change a decision, and what is wording."""
    found = amendments(a, b)
    header = [say("d_key", lang), "A", "B", say("d_what", lang)]
    parts = []
    for title, counts in (("d_counts", True), ("d_words", False)):
        rows = [
            (each.path, _text(each.before), _text(each.after), _meaning(each, b, lang))
            for each in found
            if each.counts is counts
        ]
        if rows:
            parts.append(Sheet(say(title, lang), header, rows))
    return parts


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "–" if value is None else str(value)


def _meaning(each: Amendment, book: Rulebook, lang: Language) -> str:
    """What the key means, in words; empty for keys that are words themselves."""
    keys = each.path.split(".")
    if keys[0] == "readings" and keys[-1] == "reading":
        reading = book.readings[keys[1]]
        told = [
            words.zh if lang == "zh" else words.en
            for choice in (each.before, each.after)
            if (words := reading.choices.get(choice)) is not None
        ]
        question = reading.question.zh if lang == "zh" else reading.question.en
        return f"{question} {' → '.join(told)}"
    named = [key for key in _MEANINGS if key in keys]
    if not each.counts or not named:
        return ""
    scenario = f"{SCENARIOS[keys[1]].text(lang)}: " if keys[0] == "scenarios" else ""
    return scenario + say(f"d_{named[-1]}", lang)
