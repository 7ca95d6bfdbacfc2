"""`qcg reconcile`: our decisions against what the platform says and pays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from qianchuan_guarantee.cli import options, screen
from qianchuan_guarantee.errors import UsageError
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.reconcile.compare import Asked, Found

_SHOWN = 30


def reconcile(
    source: Annotated[str, typer.Argument(help=say("o_rc_source", "en"), metavar="EXPORTS|STORE")],
    files: Annotated[
        list[Path], typer.Argument(help=say("o_rc_files", "en"), metavar="PLATFORM_FILE...")
    ],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help=say("o_rc_as_of", "en"), metavar="D")
    ] = None,
    exports: Annotated[
        str | None, typer.Option("--exports", help=say("o_rc_exports", "en"), metavar="EXPORTS")
    ] = None,
    read: options.Read = None,
    rules: options.Rules = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help=say("o_rc_out", "en"), metavar="FILE")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help=say("o_rc_html", "en"), metavar="FILE")
    ] = None,
    letters: Annotated[
        Path | None, typer.Option("--letters", help=say("o_rc_letters", "en"), metavar="FOLDER")
    ] = None,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """Did the platform pay what its rule says? Each plan in one class, with the likeliest cause."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.engines.duckdb import DuckDB
    from qianchuan_guarantee.reconcile.compare import compare
    from qianchuan_guarantee.report.reconciled_files import document

    _check(out, html, letters)
    asked = _asked(source, files, as_of, exports, read, rules)
    engine = DuckDB() if asked.question is not None else None
    try:
        with screen.Progress(language) as progress:
            found = compare(asked, engine, progress)
    finally:
        if engine is not None:
            engine.close()
        if asked.store is not None:
            asked.store.close()
    written = _write(found, out, html, letters, language)
    if as_json:
        typer.echo(json.dumps(document(found, language), ensure_ascii=False))
        return
    typer.echo(render(found, language))
    for path in written:
        typer.echo("\n" + say("written", language, path=path))


def _check(out: Path | None, html: Path | None, letters: Path | None) -> None:
    """Refuse what cannot be written, before any work is done."""
    from qianchuan_guarantee.write import check_ending

    if out is not None:
        check_ending(out, "-o")
    if html is not None and html.is_dir():
        raise UsageError(f"--html {html}: a folder; expected a file")
    if letters is not None and letters.is_file():
        raise UsageError(f"--letters {letters}: a file; expected a folder")


def _write(
    found: Found, out: Path | None, html: Path | None, letters: Path | None, lang: Language
) -> list[Path]:
    """Write what was asked for; returns the files."""
    from qianchuan_guarantee.report.letters import write_letters
    from qianchuan_guarantee.report.reconciled_files import write
    from qianchuan_guarantee.report.reconciled_page import render as page
    from qianchuan_guarantee.write import write_text

    written: list[Path] = []
    if out is not None:
        write(found, out, lang)
        written.append(out)
    if html is not None:
        write_text([page(found, lang)], html)
        written.append(html)
    return written + (write_letters(found, letters) if letters is not None else [])


def _asked(
    source: str,
    files: list[Path],
    as_of: str | None,
    exports: str | None,
    read: list[str] | None,
    rules: Path | None,
) -> Asked:
    from qianchuan_guarantee.ledger.store import Store
    from qianchuan_guarantee.reconcile.compare import Asked
    from qianchuan_guarantee.reconcile.ours import last_night
    from qianchuan_guarantee.rulebook import load

    if source.startswith("postgresql") or Path(source, "ledger.sqlite").exists():
        store = Store(source)
        day = options.day(as_of) if as_of is not None else last_night(store)
        folder = exports
    else:
        if exports is not None:
            raise UsageError(f"--exports goes with a store; {source} is taken as exports")
        if as_of is None:
            raise UsageError("--as-of: of which morning? Expected YYYY-MM-DD")
        store, day, folder = None, options.day(as_of), source
    question = None
    if folder is not None:
        question = options.question(folder, day.isoformat(), rules, None, read, None)
    elif read:
        raise UsageError("--read goes with exports; a store's decisions are made already")
    return Asked(files, day, load(rules), question, store)


def render(found: Found, lang: Language) -> str:
    """What was found, as people read it."""
    from qianchuan_guarantee.report.reconciled import lines, sheets

    parts = lines(found, lang)
    for sheet in sheets(found, lang, _SHOWN).values():
        rows = [[str(cell).replace("\n", "; ") for cell in row] for row in sheet.rows]
        parts += [screen.heading(sheet.title), screen.table(sheet.header, rows, sheet.right)]
    return "\n".join(parts)
