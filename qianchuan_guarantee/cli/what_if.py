"""`qcg what-if`: what another reading, number or rulebook would change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from qianchuan_guarantee.cli import options, screen
from qianchuan_guarantee.vocabulary import OUTCOMES, SCENARIOS, Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.what_if import Changed, Money, Otherwise, WhatIf

_SHOWN = 30


def what_if(
    exports: options.Exports,
    as_of: options.AsOf,
    plan: Annotated[
        list[int] | None, typer.Option("--plan", help=say("o_plan", "en"), metavar="AD_ID")
    ] = None,
    read: Annotated[
        list[str] | None,
        typer.Option("--read", help=say("o_what_if_read", "en"), metavar="ID=CHOICE"),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help=say("o_set", "en"), metavar="PATH=VALUE")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", help=say("o_what_if_rules", "en"))
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help=say("o_what_if_out", "en"), metavar="FILE"),
    ] = None,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """What another reading, number or rulebook would change: plans, why, and money."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.engines.duckdb import DuckDB
    from qianchuan_guarantee.report.difference import document, write
    from qianchuan_guarantee.what_if import what_if as ask

    if out is not None:
        from qianchuan_guarantee.write import check_ending

        check_ending(out, "-o")
    question = options.question(exports, as_of, None, None, None, plan)
    otherwise = _otherwise(read, settings, rules)
    with screen.Progress(language) as progress:
        engine = DuckDB()
        found = ask(question, otherwise, engine, progress)
    engine.close()
    if out is not None:
        write(found, out, language)
    if as_json:
        typer.echo(json.dumps(document(found, language), ensure_ascii=False))
        return
    typer.echo(render(found, language))
    if out is not None:
        typer.echo("\n" + say("written", language, path=out))


def _otherwise(read: list[str] | None, settings: list[str] | None, rules: Path | None) -> Otherwise:
    from qianchuan_guarantee.supposed import PREFIX, parse
    from qianchuan_guarantee.rulebook import load, parse_readings
    from qianchuan_guarantee.settings import with_settings
    from qianchuan_guarantee.what_if import Otherwise

    words = [*([f"--rules {rules}"] if rules else []), *(settings or ()), *(read or ())]
    edits = [parse(word) for word in settings or () if word.startswith(PREFIX)]
    numbers = [word for word in settings or () if not word.startswith(PREFIX)]
    books = load(rules) if rules or numbers else None
    if books is not None and numbers:
        books = with_settings(books, numbers)
    return Otherwise(words, parse_readings(read or []), books, edits)


def render(found: WhatIf, lang: Language) -> str:
    """A what-if as people read it."""
    from qianchuan_guarantee.report.difference import why_nothing

    parts = [say("as_of", lang, day=found.question.as_of, rulebook=found.question.books[-1].id)]
    if found.otherwise.words:
        parts.append(say("w_asked", lang, words=", ".join(found.otherwise.words)))
    for plan, codes in found.held.items():
        parts.append(say("w_held", lang, plan=plan, reasons=", ".join(codes)))
    if not found.changed:
        return "\n".join([*parts, "", why_nothing(found, lang)])
    total = found.total
    parts.append(
        say(
            "w_amount",
            lang,
            before=f"{total.amount_before:,}",
            after=f"{total.amount_after:,}",
            change=f"{total.amount_change:+,}",
        )
    )
    count = say("w_plans", lang, changed=len(found.changed), plans=found.plan_count)
    return "\n".join([*parts, count, *_money(found, lang), *_changes(found, lang)])


def _money(found: WhatIf, lang: Language) -> list[str]:
    names: dict[str, dict[Any, str]] = {
        "w_by_outcome": {code: term.text(lang) for code, term in OUTCOMES.items()},
        "w_by_scenario": {code: term.text(lang) for code, term in SCENARIOS.items()},
        "w_by_advertiser": {},
    }
    groups: dict[str, Mapping[Any, Money]] = {
        "w_by_outcome": found.by_outcome,
        "w_by_scenario": found.by_scenario,
        "w_by_advertiser": {
            key: money for key, money in found.by_advertiser.items() if not money.is_same
        },
    }
    parts: list[str] = []
    for key, group in groups.items():
        if not group:
            continue
        ordered = sorted(group.items(), key=lambda item: -abs(item[1].amount_change))[:_SHOWN]
        rows = [
            _money_row(names[key].get(name, str(name)), money)
            for name, money in (ordered if key == "w_by_advertiser" else group.items())
        ]
        header = [
            "",
            *(
                f"{say(k, lang)}, {say(side, lang)}"
                for k in ("plans", "amount")
                for side in ("now", "then")
            ),
            say("change", lang),
        ]
        parts += [screen.heading(say(key, lang)), screen.table(header, rows, range(1, 6))]
    return parts


def _money_row(name: str, money: Money) -> tuple[object, ...]:
    return (
        name,
        money.plans_before,
        money.plans_after,
        f"{money.amount_before:,}",
        f"{money.amount_after:,}",
        f"{money.amount_change:+,}" if money.amount_change else "",
    )


def _changes(found: WhatIf, lang: Language) -> list[str]:
    from qianchuan_guarantee.report.difference import because

    def size(changed: Changed) -> tuple[Decimal, int]:
        return (-abs(changed.amount_after - changed.amount_before), changed.ad_id)

    shown = sorted(found.changed, key=size)[:_SHOWN]
    parts = []
    if len(shown) < len(found.changed):
        parts.append(
            screen.heading(say("w_largest", lang, shown=len(shown), all=len(found.changed)))
        )
    for each in shown:
        outcomes = (each.outcome_before, each.outcome_after)
        words = " → ".join(OUTCOMES[code].text(lang) for code in dict.fromkeys(outcomes))
        parts.append(
            screen.heading(
                f"{say('plan', lang)} {each.ad_id}: {words}, "
                f"{each.amount_before:,} → {each.amount_after:,}"
            )
        )
        parts += [f"    {line}" for line in because(each, lang)]
    return parts
