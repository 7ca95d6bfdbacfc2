"""`qcg run`: the nightly job."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, cast

import typer

from qianchuan_guarantee.cli import options, screen
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say


def run(
    exports: options.Exports,
    as_of: options.AsOf,
    store: options.StoreAddress,
    policy: Annotated[
        Path | None, typer.Option("--policy", help=say("o_policy", "en"), metavar="FILE")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=say("o_dry_run", "en"))] = False,
    by: Annotated[
        str | None, typer.Option("--by", help=say("o_started_by", "en"), metavar="NAME")
    ] = None,
    rules: options.Rules = None,
    rulebook: options.RulebookId = None,
    read: options.Read = None,
    engine: options.EngineName = "duckdb",
    spark_master: options.SparkMaster = None,
    memory: options.Memory = None,
    strict: Annotated[bool, typer.Option("--strict", help=say("o_strict", "en"))] = False,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """A night: decide, record, propose, issue, tell."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.ledger.notices import deliver
    from qianchuan_guarantee.ledger.policy import load_policy
    from qianchuan_guarantee.ledger.store import Store
    from qianchuan_guarantee.nightly import Night
    from qianchuan_guarantee.nightly import run as run_night

    rule = load_policy(policy)
    night = Night(options.question(exports, as_of, rules, rulebook, read, None), rule, dry_run, by)
    with tempfile.TemporaryDirectory(prefix="qcg-") as elsewhere:
        is_new = "://" not in store and not Path(store, "ledger.sqlite").exists()
        place = str(Path(elsewhere, "store")) if dry_run and is_new else store
        kept = Store(place, create=True)
        with screen.Progress(language) as progress:
            runner = options.engine(engine, spark_master, memory)
            result = run_night(night, kept, runner, progress)
            undelivered = 0 if dry_run else deliver(kept, rule.notices, progress)
        document = dict(result.document) | {"dry_run": dry_run, "undelivered": undelivered}
        if as_json:
            typer.echo(json.dumps(document, ensure_ascii=False))
        else:
            typer.echo(render(document, result.is_repeated, language))
        runner.close()
        kept.close()
    refused = sum(table["quarantined"] for table in document["tables"].values())
    if strict and (refused or document["held"]):
        counts = {"quarantined": refused, "held": document["held"]}
        typer.echo("qcg: " + say("strict", language, **counts), err=True)
        raise typer.Exit(3)


def render(document: dict[str, object], is_repeated: bool, lang: Language) -> str:
    """A night as people read it."""
    return json.dumps(document, ensure_ascii=False, indent=1)
