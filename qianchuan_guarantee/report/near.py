"""Near misses as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from qianchuan_guarantee.near import Near, by_measure
from qianchuan_guarantee.report.sheets import Sheet
from qianchuan_guarantee.vocabulary import OUTCOMES, SCENARIOS, Language
from qianchuan_guarantee.wording import say

COLUMNS = ("plan", "scenario", "outcome", "question", "n_margin", "n_at_stake")
_QUESTIONS = {"edits_together": "q_together"}


def sheets(found: Sequence[Near], lang: Language) -> list[Sheet]:
    """A table for each measure by which a plan is near."""
    header = [say(key, lang) for key in COLUMNS]
    return [
        Sheet(
            say(f"n_{measure}", lang),
            header,
            [
                (
                    each.ad_id,
                    SCENARIOS[each.scenario].text(lang),
                    OUTCOMES[each.outcome].text(lang),
                    question(each, lang),
                    margin(each, lang),
                    "–" if each.amount is None else f"{each.amount:,}",
                )
                for each in some
            ],
            (5,),
        )
        for measure, some in by_measure(found).items()
        if some
    ]


def question(each: Near, lang: Language) -> str:
    """The question that decides."""
    return say(_QUESTIONS.get(each.question, f"q_{each.question}"), lang)


def margin(each: Near, lang: Language) -> str:
    """How far its answer is from the other one, in the words of `explain`."""
    size, side = abs(each.margin), (each.margin > 0) - (each.margin < 0)
    if each.measure == "yuan":
        return say(("m_on", "m_over", "m_under")[side], lang, yuan=f"{size:,f}")
    if each.measure == "conversions":
        keys = ("m_conversions_just", "m_conversions_spare", "m_conversions_short")
    else:
        keys = ("m_edits_none", "m_edits_left", "m_edits_over")
    return say(keys[side], lang, n=f"{size:f}")
