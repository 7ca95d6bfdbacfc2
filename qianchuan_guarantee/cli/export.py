"""`qcg export`: the ledger, in the shape of the official interfaces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from qianchuan_guarantee.cli import options
from qianchuan_guarantee.cli.groups import group
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say

app = group("c_export")


@app.callback()
def _group() -> None:
    pass


@app.command(help=say("c_export_status", "en"))
def status(
    store: options.StoreAddress,
    out: Annotated[
        Path, typer.Option("-o", "--out", help=say("o_status_out", "en"), metavar="FILE")
    ],
    lang: options.Lang = "en",
) -> None:
    """Every plan's guarantee status and what was issued for it, as the official interface says."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.ledger.exported import PAGE, pages
    from qianchuan_guarantee.ledger.store import Store
    from qianchuan_guarantee.write import check_ending, write_text

    check_ending(out, "-o", (".json", ".jsonl"))
    kept = Store(store)
    try:
        write_text(pages(kept, PAGE if out.suffix == ".jsonl" else None), out)
    finally:
        kept.close()
    typer.echo(say("written", language, path=out))
