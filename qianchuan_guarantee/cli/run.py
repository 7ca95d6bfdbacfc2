"""`qcg run`: the nightly job."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from qianchuan_guarantee.cli import options, screen
from qianchuan_guarantee.errors import UserError, hidden
from qianchuan_guarantee.vocabulary import OUTCOMES, REASONS, Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.ledger.policy import Policy
    from qianchuan_guarantee.ledger.store import Store
    from qianchuan_guarantee.nightly import NightResult

_SHOWN = 20


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
    why: Annotated[
        str | None, typer.Option("--why", help=say("o_why_run", "en"), metavar="TEXT")
    ] = None,
    sign: options.Sign = None,
    rules: options.Rules = None,
    rulebook: options.RulebookId = None,
    read: options.Read = None,
    engine: options.EngineName = "duckdb",
    spark_master: options.SparkMaster = None,
    memory: options.Memory = None,
    out: options.Out = None,
    quarantine: options.Quarantine = None,
    strict: Annotated[bool, typer.Option("--strict", help=say("o_strict", "en"))] = False,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """A night: decide, record, propose, issue, tell."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.cli.decide import files_of
    from qianchuan_guarantee.ledger.policy import load_policy
    from qianchuan_guarantee.ledger.store import Store
    from qianchuan_guarantee.nightly import Night
    from qianchuan_guarantee.nightly import run as run_night

    out, quarantine = files_of(out, quarantine)
    rule = load_policy(policy)
    asked = options.question(exports, as_of, rules, rulebook, read, None)
    night = Night(asked, rule, dry_run, by, why)
    with tempfile.TemporaryDirectory(prefix="qcg-") as elsewhere:
        is_new = "://" not in store and not Path(store, "ledger.sqlite").exists()
        place = str(Path(elsewhere, "store")) if dry_run and is_new else store
        kept = Store(place, create=True, signer=options.signer(sign))
        with screen.Progress(language) as progress:
            runner = options.engine(engine, spark_master, memory)
            result = run_night(night, kept, runner, progress)
            undelivered = 0 if dry_run else _deliver(kept, rule, progress)
            written = _write(result, kept, out, quarantine, progress, is_dry=dry_run)
        document = dict(result.document) | {"dry_run": dry_run, "undelivered": undelivered}
        if as_json:
            typer.echo(json.dumps(document, ensure_ascii=False))
            for line in _unused(document, language):
                typer.echo(line, err=True)
        else:
            typer.echo(render(document, hidden(store), language))
            for path in written:
                typer.echo(say("written", language, path=path))
        runner.close()
        kept.close()
    refused = sum(table["quarantined"] for table in document["tables"].values())
    if strict and (refused or document["held"]):
        counts = {"quarantined": refused, "held": document["held"]}
        typer.echo("qcg: " + say("strict", language, **counts), err=True)
        raise typer.Exit(3)


def _deliver(kept: Store, rule: Policy, progress: screen.Progress) -> int | None:
    """How many notices could not be delivered; None where the store cannot say. The night is
    durable whatever becomes of them."""
    from qianchuan_guarantee.ledger.notices import deliver

    try:
        return deliver(kept, rule.notices, progress)
    except UserError as error:
        typer.echo(f"qcg: {error}", err=True)
        return None


def _write(
    result: NightResult,
    kept: Store,
    out: Path | None,
    quarantine: Path | None,
    tell: screen.Progress,
    *,
    is_dry: bool,
) -> list[Path]:
    """What the night decided, and what it refused, to files that were asked for, too: both or
    none. They are what the store has of it: whatever becomes of the exports, the night is done."""
    asked = ((out, "decisions.parquet"), (quarantine, "quarantine.parquet"))
    wanted = [(path, name) for path, name in asked if path is not None]
    if not wanted:
        return []
    if is_dry and result.decided is not None:  # no store has it
        from qianchuan_guarantee.cli.decide import write_answer

        return write_answer(result.decided, out, quarantine, tell)
    from qianchuan_guarantee.ledger.files import table_of
    from qianchuan_guarantee.tables import decision_notes
    from qianchuan_guarantee.wording.columns import notes_of
    from qianchuan_guarantee.write import Sheet, write_tables

    try:
        sheets = []
        for path, name in wanted:
            content = kept.read(result.run_id, name)
            if content is None:
                raise UserError(f"{kept}: run {result.run_id} has no {name}; it was damaged")
            rows = table_of(content)
            notes = decision_notes() if path is out else notes_of(rows.schema.names)
            sheets.append(Sheet(rows.to_batches(), rows.schema, path, rows.num_rows, notes))
        write_tables(sheets)
    except UserError as error:
        raise UserError(
            f"{error}. The night {result.run_id} is done all the same; run it again for the file"
        ) from error
    return [path for path, _ in wanted]


def render(document: Mapping[str, Any], store: str, lang: Language) -> str:
    """A night as people read it."""
    parts = [say("night_of", lang, day=document["as_of"], run=document["run_id"])]
    if document["repeated"]:
        parts.append(say("night_again", lang))
    if document["dry_run"]:
        parts.append(say("night_dry", lang))
    parts += _plans(document, lang)
    names = ("proposed", "issued", "waiting", "refused", "recovered")
    money = [(say(name, lang), f"{Decimal(document[name]):,}") for name in names]
    parts += ["", screen.table((say("money", lang), ""), money, right=(1,))]
    if document["rows_without_plan"]:
        parts += ["", say("no_plan_readable", lang, rows=document["rows_without_plan"])]
    unused = _unused(document, lang)
    parts += ["", *unused] if unused else []
    parts += _to_look_at(document, lang)
    if Decimal(document["waiting"]):
        parts += ["", say("review_it", lang, store=store)]
    return "\n".join(parts)


def _unused(document: Mapping[str, Any], lang: Language) -> list[str]:
    # A night of an earlier version does not say it.
    columns, files = document.get("extra_columns", {}), document.get("ignored_files", ())
    return screen.unused(columns, files, lang)


def _plans(document: Mapping[str, Any], lang: Language) -> list[str]:
    rows = [(code, OUTCOMES[code].text(lang), n) for code, n in document["plans"].items()]
    header = ("", say("outcome", lang), say("plans", lang))
    parts = ["", screen.table(header, rows, right=(2,))]
    held = [
        (code, n, REASONS[code].text(lang), REASONS[code].advice(lang))
        for code, n in document["reasons"].items()
        if REASONS[code].kind == "held"
    ]
    if held:
        titles = [say(key, lang) for key in ("reason", "plans", "meaning", "what_to_do")]
        parts += [screen.heading(say("held_plans", lang)), screen.table(titles, held, right=(1,))]
    return parts


def _to_look_at(document: Mapping[str, Any], lang: Language) -> list[str]:
    """What a person should know of, each kind in one line."""
    found: dict[str, list[str]] = {}
    for incident in document["incidents"]:
        found.setdefault(incident["kind"], []).append(str(incident["ad_id"]))
    found["overdrawn"] = [use["usage_id"] for use in document["overdrawn"]]
    parts = [
        say(f"i_{kind}", lang, n=len(ids), plans=", ".join(ids[:_SHOWN]))
        for kind, ids in found.items()
        if ids
    ]
    if document["undelivered"]:
        parts.append(say("undelivered", lang, n=document["undelivered"]))
    return ["", *parts] if parts else []
