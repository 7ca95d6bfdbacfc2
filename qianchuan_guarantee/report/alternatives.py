"""What each alternative reading changes, for programs and as a file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.report.page import write_page
from qianchuan_guarantee.report.sheets import Sheet, page
from qianchuan_guarantee.vocabulary import OUTCOMES, Language
from qianchuan_guarantee.wording import say
from qianchuan_guarantee.wording.columns import notes_of
from qianchuan_guarantee.write import Sheet as Rows
from qianchuan_guarantee.write import write_tables

if TYPE_CHECKING:
    import pyarrow as pa

    from qianchuan_guarantee.sensitivity import Alternative, Sensitivity


def question_of(found: Sensitivity, each: Alternative, lang: Language) -> tuple[str, str]:
    """The question that an alternative answers, and its answer, in words."""
    reading = found.question.books[-1].readings[each.id]
    words = (reading.question, reading.choices[each.choice])
    question, choice = (text.zh if lang == "zh" else text.en for text in words)
    return question, choice


def document(found: Sensitivity) -> dict[str, Any]:
    """What `--json` prints (data.md, What programs may rely on)."""
    return {
        "as_of": found.question.as_of.isoformat(),
        "rulebook": found.question.books[-1].id,
        "plans": found.plan_count,
        "amount": str(found.amount),
        "alternatives": [
            {
                "id": each.id,
                "choice": each.choice,
                "plans_changed": each.plans_changed,
                "amount": str(each.amount),
                "amount_change": str(each.amount_change),
                "most_at_stake": [
                    {
                        **vars(stake),
                        "amount_before": str(stake.amount_before),
                        "amount_after": str(stake.amount_after),
                    }
                    for stake in each.stakes
                ],
            }
            for each in found.alternatives
        ],
    }


def alternatives_table(found: Sensitivity, lang: Language) -> pa.Table:
    """An alternative a row."""
    import pyarrow as pa

    yuan = pa.decimal128(18, 2)
    kinds = {
        "id": pa.string(),
        "choice": pa.string(),
        "question": pa.string(),
        "meaning": pa.string(),
        "plans_changed": pa.int64(),
        "amount": yuan,
        "amount_change": yuan,
        "most_at_stake": pa.list_(pa.string()),
    }
    rows = []
    for each in found.alternatives:
        question, meaning = question_of(found, each, lang)
        stakes = [f"{stake.ad_id}:{stake.amount_change:+}" for stake in each.stakes]
        said = {"question": question, "meaning": meaning, "most_at_stake": stakes}
        rows.append({**vars(each), **said})
    schema = pa.schema(list(kinds.items()), metadata={b"sheet": b"alternatives"})
    return pa.Table.from_pylist(rows, schema=schema)


def lines(found: Sensitivity, lang: Language) -> list[str]:
    """What was decided by the readings in use."""
    return [
        say("as_of", lang, day=found.question.as_of, rulebook=found.question.books[-1].id),
        say("s_amount", lang, plans=found.plan_count, amount=f"{found.amount:,}"),
    ]


def sheets(found: Sensitivity, lang: Language) -> list[Sheet]:
    """Every alternative, the largest change of money first; and what each puts at stake."""

    def size(each: Alternative) -> tuple[Decimal, int]:
        return (-abs(each.amount_change), -each.plans_changed)

    ordered = sorted(found.alternatives, key=size)
    columns = ("reading", "s_changed", "amount", "change", "question", "s_as")
    rows = [
        (
            f"{each.id}={each.choice}",
            f"{each.plans_changed:,}",
            f"{each.amount:,}",
            f"{each.amount_change:+,}" if each.plans_changed else "",
            *question_of(found, each, lang),
        )
        for each in ordered
    ]
    all_of_them = Sheet("", [say(key, lang) for key in columns], rows, (1, 2, 3))
    return [all_of_them, *(_stakes(each, lang) for each in ordered if each.plans_changed)]


def _stakes(each: Alternative, lang: Language) -> Sheet:
    rows = [
        (
            stake.ad_id,
            OUTCOMES[stake.outcome_before].text(lang),
            OUTCOMES[stake.outcome_after].text(lang),
            f"{stake.amount_before:,}",
            f"{stake.amount_after:,}",
            f"{stake.amount_change:+,}",
        )
        for stake in each.stakes
    ]
    pairs = [(what, when) for what in ("outcome", "amount") for when in ("now", "then")]
    both = [f"{say(what, lang)}, {say(when, lang)}" for what, when in pairs]
    title = say("s_stakes", lang, reading=f"{each.id}={each.choice}", plans=each.plans_changed)
    return Sheet(title, [say("plan", lang), *both, say("change", lang)], rows, (3, 4, 5))


def write(found: Sensitivity, path: Path, lang: Language) -> None:
    """The alternatives, to a file."""
    if path.suffix == ".html":
        title = say("s_title", lang)
        write_page(page(title, lines(found, lang), sheets(found, lang), lang), path)
        return
    table = alternatives_table(found, lang)
    notes = notes_of(table.schema.names)
    write_tables([Rows(table.to_batches(), table.schema, path, len(found.alternatives), notes)])
