"""A what-if as people and programs read it: why each plan changes, in words; files."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.vocabulary import REASONS, Language
from qianchuan_guarantee.wording import say
from qianchuan_guarantee.write import Sheet, as_text, write_tables

if TYPE_CHECKING:
    import pyarrow as pa

    from qianchuan_guarantee.because import Cause
    from qianchuan_guarantee.what_if import Changed, Money, WhatIf


def why_nothing(found: WhatIf, lang: Language) -> str:
    """Why no plan changes."""
    if not found.otherwise.words:
        return say("w_nothing_asked", lang)
    if not found.is_another_rule:
        return say("w_same_rule", lang)
    if not found.other_facts:
        return say("w_not_sensitive", lang)
    return say("w_other_facts", lang, plans=found.other_facts)


def because(changed: Changed, lang: Language) -> list[str]:
    """One line per cause."""
    return [_line(cause, lang) for cause in changed.because]


def _line(cause: Cause, lang: Language) -> str:
    if cause.reason is None:
        said = say("w_cycle" if cause.what == "cycle" else "w_amount_only", lang)
    else:
        words = f"{cause.reason} ({REASONS[cause.reason].text(lang)})"
        said = say(f"w_{cause.what}", lang, reason=words)
    answers = ""
    if cause.met_before is not None or cause.met_after is not None:
        pair = (_text(cause.met_before, lang), _text(cause.met_after, lang))
        answers = " " + " → ".join(dict.fromkeys(pair))
    operands = [
        f"{name} "
        + " → ".join(_text(value, lang) for value in (pair if pair[0] != pair[1] else pair[:1]))
        for name, pair in cause.operands.items()
    ]
    question = say(cause.question, lang)
    return f"[{cause.clause}] {said}. {question}{answers}: {', '.join(operands)}"


def _text(value: Any, lang: Language) -> str:
    if value is None:
        return say("none", lang)
    if isinstance(value, bool):
        return say("yes" if value else "no", lang)
    return as_text(_trimmed(value))


def _trimmed(value: Any) -> Any:
    """Decimals without zeros at the end, but with two places."""
    if not isinstance(value, Decimal):
        return value
    exact = value.normalize()
    places = max(2, -int(exact.as_tuple().exponent))
    return value.quantize(Decimal(1).scaleb(-places))


def document(found: WhatIf, lang: Language) -> dict[str, Any]:
    """What `--json` prints (data.md, What programs may rely on)."""
    total = found.total
    return {
        "as_of": found.question.as_of.isoformat(),
        "asked": list(found.otherwise.words),
        "plans": found.plan_count,
        "amount_before": str(total.amount_before),
        "amount_after": str(total.amount_after),
        "amount_change": str(total.amount_change),
        "why_nothing": None if found.changed else why_nothing(found, lang),
        "other_facts": found.other_facts,
        "held": {str(plan): list(codes) for plan, codes in found.held.items()},
        "by_outcome": {key: _plain(money) for key, money in found.by_outcome.items()},
        "by_scenario": {str(key): _plain(money) for key, money in found.by_scenario.items()},
        "by_advertiser": {
            str(key): _plain(money)
            for key, money in found.by_advertiser.items()
            if not money.is_same
        },
        "changed": [_changed(changed, lang) for changed in found.changed],
    }


def _changed(changed: Changed, lang: Language) -> dict[str, Any]:
    because = [
        {**_json(vars(cause)), "question": say(cause.question, lang), "changed": cause.changed}
        for cause in changed.because
    ]
    return {**_json({**vars(changed), "because": None}), "because": because}


def _plain(money: Money) -> dict[str, Any]:
    return {**_json(vars(money)), "amount_change": str(money.amount_change)}


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, Decimal):
        return f"{_trimmed(value):f}"
    return value.isoformat() if isinstance(value, date) else value


def changed_schema() -> pa.Schema:
    """The plans that change, a row each."""
    import pyarrow as pa

    yuan, codes = pa.decimal128(18, 2), pa.list_(pa.string())
    kinds = {
        "ad_id": pa.int64(),
        "advertiser_id": pa.int64(),
        "scenario": pa.string(),
        "outcome_before": pa.string(),
        "outcome_after": pa.string(),
        "amount_before": yuan,
        "amount_after": yuan,
        "amount_change": yuan,
        "reasons_before": codes,
        "reasons_after": codes,
        "because": pa.string(),
    }
    return pa.schema(list(kinds.items()), metadata={b"sheet": b"changed"})


def changed_table(found: WhatIf, lang: Language) -> pa.Table:
    """The plans that change, why in words."""
    import pyarrow as pa

    rows = [
        {
            **vars(changed),
            "amount_change": changed.amount_after - changed.amount_before,
            "because": "\n".join(because(changed, lang)),
        }
        for changed in found.changed
    ]
    return pa.Table.from_pylist(rows, schema=changed_schema())


def write(found: WhatIf, path: Path, lang: Language) -> None:
    """The plans that change, to a file."""
    table = changed_table(found, lang)
    write_tables([Sheet(table.to_batches(), table.schema, path, len(found.changed))])
