"""`qcg what-if`: what another reading, number or rulebook would change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from qianchuan_guarantee.cli import options, screen
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.what_if import Otherwise, WhatIf

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
        from qianchuan_guarantee.write import ENDINGS, check_ending

        check_ending(out, "-o", (*ENDINGS, ".html"))
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
    from qianchuan_guarantee.rulebook import load, parse_readings
    from qianchuan_guarantee.settings import with_settings
    from qianchuan_guarantee.supposed import PREFIX, parse
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
    from qianchuan_guarantee.report.difference import lines, money, plans

    parts = lines(found, lang)
    for sheet in money(found, lang, _SHOWN):
        parts += [screen.heading(sheet.title), screen.table(sheet.header, sheet.rows, sheet.right)]
    shown = plans(found, lang, _SHOWN)
    if len(shown.rows) < len(found.changed):
        parts.append(screen.heading(shown.title))
    for ad_id, outcomes, before, after, why in shown.rows:
        parts.append(screen.heading(f"{say('plan', lang)} {ad_id}: {outcomes}, {before} → {after}"))
        parts += [f"    {line}" for line in str(why).splitlines()]
    return "\n".join(parts)
