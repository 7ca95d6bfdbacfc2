"""A what-if as people and programs read it: why each plan changes, in words; tables; files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.report.page import write_page
from qianchuan_guarantee.report.sheets import Sheet, page
from qianchuan_guarantee.vocabulary import OUTCOMES, REASONS, SCENARIOS, Language
from qianchuan_guarantee.wording import say
from qianchuan_guarantee.wording.columns import notes_of
from qianchuan_guarantee.write import Sheet as Rows
from qianchuan_guarantee.write import as_text, write_tables

if TYPE_CHECKING:
    import pyarrow as pa

    from qianchuan_guarantee.because import Cause
    from qianchuan_guarantee.what_if import Changed, Money, WhatIf


def why_nothing(found: WhatIf, lang: Language) -> str:
    """Why no plan changes; nothing where the facts of those asked for are not known."""
    if len(found.held) == found.plan_count:
        return ""
    if not found.otherwise.words:
        return say("w_nothing_asked", lang)
    if not found.is_another_rule:
        return say("w_same_rule", lang)
    if not found.other_facts:
        return say("w_not_sensitive", lang)
    return say("w_other_facts", lang, plans=found.other_facts)


def because(changed: Changed, lang: Language) -> list[str]:
    """One line per cause."""
    return [cause_line(cause, lang) for cause in changed.because]


def cause_line(cause: Cause, lang: Language) -> str:
    """What of which question changed."""
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
        "why_nothing": None if found.changed else why_nothing(found, lang) or None,
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


def money_table(found: WhatIf) -> pa.Table:
    """The money by outcome, scenario and advertiser (those that change), a row each."""
    import pyarrow as pa

    changing = {key: each for key, each in found.by_advertiser.items() if not each.is_same}
    groups: dict[str, Mapping[Any, Money]]
    groups = {"outcome": found.by_outcome, "scenario": found.by_scenario, "advertiser": changing}
    rows = [
        {"by": by, "which": str(key), **vars(each), "amount_change": each.amount_change}
        for by, group in groups.items()
        for key, each in group.items()
    ]
    yuan = pa.decimal128(18, 2)
    kinds = [("by", pa.string()), ("which", pa.string())]
    kinds += [(f"plans_{side}", pa.int64()) for side in ("before", "after")]
    kinds += [(f"amount_{side}", yuan) for side in ("before", "after", "change")]
    return pa.Table.from_pylist(rows, schema=pa.schema(kinds, metadata={b"sheet": b"money"}))


def lines(found: WhatIf, lang: Language) -> list[str]:
    """What was asked, and what comes of it in all."""
    said = [say("as_of", lang, day=found.question.as_of, rulebook=found.question.books[-1].id)]
    if found.otherwise.words:
        said.append(say("w_asked", lang, words=", ".join(found.otherwise.words)))
    for plan, codes in found.held.items():
        said.append(say("w_held", lang, plan=plan, reasons=", ".join(codes)))
    if not found.changed:
        why = why_nothing(found, lang)
        return [*said, *([why] if why else [])]
    total = found.total
    amounts = {
        "before": f"{total.amount_before:,}",
        "after": f"{total.amount_after:,}",
        "change": f"{total.amount_change:+,}",
    }
    said.append(say("w_granted", lang, **amounts))
    return [*said, say("w_plans", lang, changed=len(found.changed), plans=found.plan_count)]


def money(found: WhatIf, lang: Language, most: int | None = None) -> list[Sheet]:
    """By outcome, by scenario, and by advertiser (those that change, `most` of them)."""
    if not found.changed:
        return []
    outcomes = {code: term.text(lang) for code, term in OUTCOMES.items()}
    scenarios = {code: term.text(lang) for code, term in SCENARIOS.items()}
    changing = [item for item in found.by_advertiser.items() if not item[1].is_same]
    changing.sort(key=lambda item: -abs(item[1].amount_change))
    groups: list[tuple[str, list[tuple[Any, Money]], dict[Any, str]]] = [
        ("w_by_outcome", list(found.by_outcome.items()), outcomes),
        ("w_by_scenario", list(found.by_scenario.items()), scenarios),
        ("w_by_advertiser", changing[:most], {}),
    ]
    pairs = [(what, when) for what in ("plans", "amount") for when in ("now", "then")]
    header = [
        "",
        *(f"{say(what, lang)}, {say(when, lang)}" for what, when in pairs),
        say("change", lang),
    ]
    return [
        Sheet(
            say(key, lang),
            header,
            [_money_row(names.get(name, str(name)), each) for name, each in group],
            range(1, 6),
        )
        for key, group, names in groups
        if group
    ]


def _money_row(name: str, each: Money) -> tuple[object, ...]:
    return (
        name,
        f"{each.plans_before:,}",
        f"{each.plans_after:,}",
        f"{each.amount_before:,}",
        f"{each.amount_after:,}",
        f"{each.amount_change:+,}" if each.amount_change else "",
    )


def plans(found: WhatIf, lang: Language, most: int | None = None) -> Sheet:
    """The plans that change, the largest change of money first."""

    def size(changed: Changed) -> tuple[Decimal, int]:
        return (-abs(changed.amount_after - changed.amount_before), changed.ad_id)

    rows = [
        (
            each.ad_id,
            " → ".join(
                OUTCOMES[code].text(lang)
                for code in dict.fromkeys((each.outcome_before, each.outcome_after))
            ),
            f"{each.amount_before:,}",
            f"{each.amount_after:,}",
            "\n".join(because(each, lang)),
        )
        for each in sorted(found.changed, key=size)[:most]
    ]
    amounts = [f"{say('amount', lang)}, {say(when, lang)}" for when in ("now", "then")]
    header = [say("plan", lang), say("outcome", lang), *amounts, say("because", lang)]
    title = say("w_plans_title", lang)
    if len(rows) < len(found.changed):
        title = say("w_largest", lang, shown=len(rows), all=len(found.changed))
    return Sheet(title, header, rows, (2, 3))


def write(found: WhatIf, path: Path, lang: Language) -> None:
    """The plans that change, to a file; in a workbook and on a page the money, too."""
    if path.suffix == ".html":
        shown = [*money(found, lang), plans(found, lang)]
        write_page(page(say("w_title", lang), lines(found, lang), shown, lang), path)
        return
    table, sums = changed_table(found, lang), money_table(found)
    notes = notes_of([*table.schema.names, *sums.schema.names])
    rows = Rows(table.to_batches(), table.schema, path, len(found.changed), notes, [sums])
    write_tables([rows])
