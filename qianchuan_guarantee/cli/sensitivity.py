"""`qcg sensitivity`: what each open question is worth on these exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from qianchuan_guarantee.cli import options, screen
from qianchuan_guarantee.vocabulary import OUTCOMES, Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.sensitivity import Alternative, Sensitivity


def sensitivity(
    exports: options.Exports,
    as_of: options.AsOf,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help=say("o_sensitivity_out", "en"), metavar="FILE"),
    ] = None,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """What each alternative reading would change on these exports: plans and money."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.engines.duckdb import DuckDB
    from qianchuan_guarantee.report.alternatives import document, write
    from qianchuan_guarantee.sensitivity import sensitivity as ask

    if out is not None:
        from qianchuan_guarantee.write import check_ending

        check_ending(out, "-o")
    question = options.question(exports, as_of, None, None, None, None)
    with screen.Progress(language) as progress:
        engine = DuckDB()
        found = ask(question, engine, progress)
    engine.close()
    if out is not None:
        write(found, out, language)
    if as_json:
        typer.echo(json.dumps(document(found), ensure_ascii=False))
        return
    typer.echo(render(found, language))
    if out is not None:
        typer.echo("\n" + say("written", language, path=out))


def render(found: Sensitivity, lang: Language) -> str:
    """What each alternative changes, the largest change of money first, as people read it."""
    from qianchuan_guarantee.report.alternatives import question_of

    book = found.question.books[-1]
    count, amount = found.plan_count, f"{found.amount:,}"
    parts = [
        say("as_of", lang, day=found.question.as_of, rulebook=book.id),
        say("s_amount", lang, plans=count, amount=amount),
        "",
    ]
    ordered = sorted(found.alternatives, key=lambda a: (-abs(a.amount_change), -a.plans_changed))
    sensitive = [each for each in ordered if each.plans_changed]
    rows = [
        (
            f"{each.id}={each.choice}",
            f"{each.plans_changed:,}",
            f"{each.amount:,}",
            f"{each.amount_change:+,}",
            *question_of(found, each, lang),
        )
        for each in sensitive
    ]
    header = [
        say(k, lang) for k in ("reading", "s_changed", "amount", "change", "question", "s_as")
    ]
    parts.append(screen.table(header, rows, (1, 2, 3)))
    for each in sensitive:
        parts += _stakes(each, lang)
    others = ", ".join(f"{a.id}={a.choice}" for a in ordered if not a.plans_changed)
    if others:
        parts += ["", say("s_no_effect", lang, readings=others)]
    return "\n".join(parts)


def _stakes(each: Alternative, lang: Language) -> list[str]:
    title = say("s_stakes", lang, reading=f"{each.id}={each.choice}", plans=each.plans_changed)
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
    header = [
        say("plan", lang),
        *(
            f"{say(k, lang)}, {say(w, lang)}"
            for k in ("outcome", "amount")
            for w in ("now", "then")
        ),
        say("change", lang),
    ]
    return [screen.heading(title), screen.table(header, rows, (3, 4, 5))]
