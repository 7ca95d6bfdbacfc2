"""`qcg report`: a page about a night."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from qianchuan_guarantee.cli import options
from qianchuan_guarantee.errors import UsageError
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say


def report(
    store: options.StoreAddress,
    html: Annotated[Path, typer.Option("--html", help=say("o_html", "en"), metavar="FILE")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help=say("o_report_as_of", "en"), metavar="D")
    ] = None,
    lang: options.Lang = "en",
) -> None:
    """One page about a night and the nights before it."""
    language = cast(Language, options.language(lang))
    day = options.day(as_of) if as_of is not None else None
    if html.is_dir():
        raise UsageError(f"--html {html}: a folder; expected a file")
    from qianchuan_guarantee.ledger.store import Store
    from qianchuan_guarantee.report.night import collect
    from qianchuan_guarantee.report.page import render, write_page

    kept = Store(store)
    try:
        write_page(render(collect(kept, day), language), html)
    finally:
        kept.close()
    typer.echo(say("written", language, path=html))
