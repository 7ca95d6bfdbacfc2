"""`qcg decide`: one decision per plan, and a summary of them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from qianchuan_guarantee.cli import options, screen
from qianchuan_guarantee.errors import UsageError
from qianchuan_guarantee.vocabulary import OUTCOMES, REASONS, REFUSALS, SCENARIOS, Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.decide import Decided
    from qianchuan_guarantee.report.summary import Summary
    from qianchuan_guarantee.write import Copy, Sheet


def decide(
    exports: options.Exports,
    as_of: options.AsOf,
    out: options.Out = None,
    rules: options.Rules = None,
    rulebook: options.RulebookId = None,
    plan: Annotated[
        list[int] | None,
        typer.Option("--plan", help=say("o_plan", "en"), metavar="AD_ID"),
    ] = None,
    read: options.Read = None,
    engine: options.EngineName = "duckdb",
    spark_master: options.SparkMaster = None,
    memory: options.Memory = None,
    quarantine: options.Quarantine = None,
    strict: Annotated[bool, typer.Option("--strict", help=say("o_strict", "en"))] = False,
    near: Annotated[
        int | None, typer.Option("--near", help=say("o_near", "en"), metavar="N", min=1)
    ] = None,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """One decision per plan, to a file, and a summary of them to the screen."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.decide import decide as decide_plans
    from qianchuan_guarantee.report.summary import summarise

    out, quarantine = files_of(out, quarantine)
    asked = options.question(exports, as_of, rules, rulebook, read, plan)
    started = time.monotonic()
    with screen.Progress(language) as progress:
        runner = options.engine(engine, spark_master, memory)
        decided = decide_plans(asked, runner, progress)
        summary = summarise(decided, near)
        written = write_answer(decided, out, quarantine, progress)
    if as_json:
        typer.echo(json.dumps(summary.document(), ensure_ascii=False))
        for line in screen.unused(summary.extra_columns, summary.ignored_files, language):
            typer.echo(line, err=True)
    else:
        typer.echo(render(summary, language))
        typer.echo("")
        for path in written:
            typer.echo(say("written", language, path=path))
        seconds = f"{time.monotonic() - started:.1f}"
        plans = decided.plan_count
        typer.echo(say("took", language, plans=plans, seconds=seconds, engine=runner.version()))
    runner.close()
    if strict and (summary.quarantined or summary.held):
        counts = {"quarantined": summary.quarantined, "held": summary.held}
        typer.echo("qcg: " + say("strict", language, **counts), err=True)
        raise typer.Exit(3)


def files_of(out: Path | None, quarantine: Path | None) -> tuple[Path | None, Path | None]:
    """Where decisions and quarantine go; refused before any work is done."""
    from qianchuan_guarantee.write import check_ending

    if out is not None:
        check_ending(out, "-o")
        quarantine = quarantine or out.parent / "quarantine.parquet"
    if quarantine is not None:
        check_ending(quarantine, "--quarantine")
    if out is not None and quarantine is not None and out.resolve() == quarantine.resolve():
        raise UsageError(f"-o {out}: the refused rows go to that file; name another one")
    return out, quarantine


def write_answer(
    decided: Decided, out: Path | None, quarantine: Path | None, tell: screen.Progress
) -> list[Path]:
    """Decisions and quarantine to their files, both or none."""
    from qianchuan_guarantee.exports.steady import require_unchanged
    from qianchuan_guarantee.write import write_tables

    files = []
    if out is not None:
        tell("p_writing")
        files.append(decisions_to(decided, out))
    if quarantine is not None:
        files.append(_refused(decided, quarantine))
    require_unchanged(decided.export, decided.question.as_of)
    write_tables(files)
    return [file.path for file in files]


def decisions_to(decided: Decided, path: Path) -> Sheet | Copy:
    """The decisions in their order, on their way to a file."""
    from qianchuan_guarantee.decide import in_order
    from qianchuan_guarantee.write import Copy, Sheet

    engine, decisions, count = decided.engine, decided.stages["decisions"], decided.plan_count
    if path.suffix == ".parquet" and (write := engine.to_parquet(decisions, by=["ad_id"])):
        return Copy(write, path, count)
    from qianchuan_guarantee.tables import decision_notes, decisions_schema

    batches = engine.batches(in_order, decisions)
    return Sheet(batches, decisions_schema(), path, count, decision_notes())


def _refused(decided: Decided, path: Path) -> Sheet | Copy:
    from qianchuan_guarantee.exports import quarantine
    from qianchuan_guarantee.write import Copy, Sheet

    engine, asked = decided.engine, decided.question
    is_empty = not any(counts.quarantined for counts in decided.rows.values())
    if path.suffix == ".parquet" and is_empty:
        write = engine.to_parquet(quarantine.empty_quarantine(engine))
        if write is not None:
            return Copy(write, path, 0)
    from qianchuan_guarantee.wording.columns import notes_of

    refused = quarantine.quarantined_rows(
        decided.export.folder,
        decided.checked,
        decided.stages["cycles"],
        asked.as_of,
        engine,
        asked.plans,
    )
    notes = notes_of(refused.schema.names)
    return Sheet(refused.to_batches(), refused.schema, path, notes=notes)


def render(summary: Summary, lang: Language) -> str:
    """The summary as people read it."""
    parts = [say("as_of", lang, day=summary.as_of, rulebook=summary.rulebook)]
    if summary.read_otherwise:
        readings = ", ".join(f"{k}={v}" for k, v in summary.read_otherwise.items())
        parts.append(say("read_otherwise", lang, readings=readings))
    parts += _outcomes(summary, lang)
    parts += _grants(summary, lang)
    parts += _reasons(summary, lang)
    parts += _near(summary, lang)
    parts += _rows(summary, lang)
    return "\n".join(parts)


def _outcomes(summary: Summary, lang: Language) -> list[str]:
    rows = [
        (
            code,
            OUTCOMES[code].text(lang),
            count,
            f"{summary.amount:,}" if code == "granted" else "",
        )
        for code, count in summary.plans.items()
    ]
    header = ("", say("outcome", lang), say("plans", lang), say("amount", lang))
    return ["", screen.table(header, rows, right=(2, 3))]


def _grants(summary: Summary, lang: Language) -> list[str]:
    if not summary.grants:
        return ["", say("no_grants", lang)]
    shown, total = len(summary.grants), summary.plans["granted"]
    title = say("granted_plans", lang)
    if shown < total:
        title = say("largest", lang, shown=shown, all=total)
    rows = [
        (
            grant["ad_id"],
            SCENARIOS[grant["scenario"]].text(lang),
            f"{grant['cost']:,.2f}",
            f"{grant['target_cost']:,.2f}",
            grant["conversions"],
            f"{grant['amount']:,}",
        )
        for grant in summary.grants
    ]
    header = [say(k, lang) for k in ("plan", "scenario", "cost", "target", "conversions", "amount")]
    return [screen.heading(title), screen.table(header, rows, right=(2, 3, 4, 5))]


def _reasons(summary: Summary, lang: Language) -> list[str]:
    parts = []
    if summary.held_reasons:
        rows = [
            (code, count, REASONS[code].text(lang), REASONS[code].advice(lang))
            for code, count in summary.held_reasons.items()
        ]
        header = [say(key, lang) for key in ("reason", "plans", "meaning", "what_to_do")]
        parts += [screen.heading(say("held_plans", lang)), screen.table(header, rows, right=(1,))]
    listed = [
        (code, count, REASONS[code].text(lang))
        for code, count in summary.reasons.items()
        if REASONS[code].kind != "held"
    ]
    if listed:
        header = [say(key, lang) for key in ("reason", "plans", "meaning")]
        parts += [screen.heading(say("why_not", lang)), screen.table(header, listed, right=(1,))]
    return parts


def _near(summary: Summary, lang: Language) -> list[str]:
    from qianchuan_guarantee.report.near import sheets

    return [
        line
        for sheet in sheets(summary.near or [], lang)
        for line in (
            screen.heading(sheet.title),
            screen.table(sheet.header, sheet.rows, sheet.right),
        )
    ]


def _rows(summary: Summary, lang: Language) -> list[str]:
    fates = ("read", "accepted", "duplicate", "superseded", "quarantined")
    rows = [
        (name, *(f"{counts[fate]:,}" for fate in fates)) for name, counts in summary.tables.items()
    ]
    header = [say(key, lang) for key in ("table", *fates)]
    parts = ["", screen.table(header, rows, right=range(1, 6))]
    if summary.refusals:
        refused = [
            (table, column, f"{count:,}", REFUSALS[reason].text(lang))
            for (table, column, reason), count in summary.refusals.items()
        ]
        header = [say(key, lang) for key in ("table", "column", "rows", "refusal")]
        parts += ["", screen.table(header, refused, right=(2,))]
    if summary.rows_without_plan:
        parts += ["", say("no_plan_readable", lang, rows=summary.rows_without_plan)]
    return parts + screen.unused(summary.extra_columns, summary.ignored_files, lang)
