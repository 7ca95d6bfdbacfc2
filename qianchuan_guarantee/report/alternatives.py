"""What each alternative reading changes, for programs and as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.write import Sheet, write_tables

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


def write(found: Sensitivity, path: Path, lang: Language) -> None:
    """The alternatives, to a file."""
    table = alternatives_table(found, lang)
    write_tables([Sheet(table.to_batches(), table.schema, path, len(found.alternatives))])
