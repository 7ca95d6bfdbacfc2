"""`qcg audit`: whether what was decided can be proved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, cast

import typer

from qianchuan_guarantee.cli import options
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say

app = typer.Typer(help=say("c_audit", "en"), no_args_is_help=True)

Keys = Annotated[
    list[Path] | None, typer.Option("--key", help=say("o_key", "en"), metavar="PUBLIC")
]


@app.command(help=say("c_verify", "en"))
def verify(
    store: Annotated[str, typer.Argument(help=say("o_verified", "en"), metavar="STORE|FILE.zip")],
    head: Annotated[
        str | None, typer.Option("--head", help=say("o_head", "en"), metavar="SHA256")
    ] = None,
    key: Keys = None,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """Whether a store is as nights and people left it."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.audit.verify import verify as verified
    from qianchuan_guarantee.signatures import public_key

    keys = [public_key(path) for path in key or ()]
    found = verified(store, head, keys)
    if as_json:
        typer.echo(json.dumps(found.document(), ensure_ascii=False))
    else:
        lines = [f"{each['file']}: {each['what']}" for each in found.problems]
        verdict = "verified" if not lines else "not_verified"
        remarks = [say(key, language, **words) for key, words in found.remarks]
        lines += [say("remark", language, what=what) for what in remarks]
        lines.append(
            say(verdict, language, acts=found.acts, head=found.head, n=len(found.problems))
        )
        typer.echo("\n".join(lines))
    if found.problems:
        raise typer.Exit(1)


@app.command(help=say("c_head", "en"))
def head(
    store: options.StoreAddress, lang: options.Lang = "en", as_json: options.Json = False
) -> None:
    """The digest of the last act."""
    options.language(lang)
    from qianchuan_guarantee.errors import UserError
    from qianchuan_guarantee.ledger import acts
    from qianchuan_guarantee.ledger.store import Store

    kept = Store(store)
    with kept.reading() as connection:
        last = acts.latest(connection)
    if last is None:
        raise UserError(f"{store}: no night was run yet")
    said = last.said()
    names = ("act", "kind", "by", "at", "run_id")
    if as_json:
        typer.echo(json.dumps({"head": last.sha256} | {name: said[name] for name in names}))
    else:
        typer.echo(last.sha256)
