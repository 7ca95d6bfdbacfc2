"""`qcg sensitivity`: what each open question is worth on these exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from qianchuan_guarantee.cli import options, screen
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.sensitivity import Sensitivity


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
        from qianchuan_guarantee.write import ENDINGS, check_ending

        check_ending(out, "-o", (*ENDINGS, ".html"))
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
    """What each alternative changes, as people read it."""
    from qianchuan_guarantee.report.alternatives import lines, sheets

    parts = [*lines(found, lang), ""]
    for sheet in sheets(found, lang):
        title = [screen.heading(sheet.title)] if sheet.title else []
        parts += [*title, screen.table(sheet.header, sheet.rows, sheet.right)]
    return "\n".join(parts)
