"""`qcg check`: a report on an export folder, for whoever makes the exports."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from qianchuan_guarantee.cli import options, screen
from qianchuan_guarantee.vocabulary import REASONS, REFUSALS, Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.engines import Engine
    from qianchuan_guarantee.report.inspection import Inspection

_SHANGHAI = timezone(timedelta(hours=8))
_MARKS = {"rows": "#", "empty": "o", "missing": "X", "not_landed": "."}


def check(
    exports: options.Exports,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help=say("o_check_as_of", "en"), metavar="D"),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help=say("o_strict", "en"))] = False,
    quarantine: Annotated[
        Path | None,
        typer.Option("--quarantine", help=say("o_check_quarantine", "en"), metavar="FILE"),
    ] = None,
    rules: options.Rules = None,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """What an export folder holds, and what would be refused and held."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.decide import decide as decide_plans
    from qianchuan_guarantee.exports.quarantine import quarantine_schema, quarantined_rows
    from qianchuan_guarantee.exports.steady import require_unchanged
    from qianchuan_guarantee.report.inspection import inspect
    from qianchuan_guarantee.report.summary import summarise
    from qianchuan_guarantee.wording.columns import notes_of
    from qianchuan_guarantee.write import Sheet, check_ending, write_table

    if quarantine is not None:
        check_ending(quarantine, "--quarantine")
    engine = options.engine("duckdb", None, None)
    day = as_of or _latest_morning(exports, engine).isoformat()
    asked = options.question(exports, day, rules, None, None, None)
    with screen.Progress(language) as progress:
        decided = decide_plans(asked, engine, progress)
        refused = quarantined_rows(
            decided.export.folder, decided.checked, decided.stages["cycles"], asked.as_of, engine
        )
        summary = summarise(decided)
        inspection = inspect(decided, refused, summary.rows_without_plan)
        require_unchanged(decided.export, asked.as_of)
    if quarantine is not None:
        schema = quarantine_schema()
        notes = notes_of(schema.names)
        write_table(Sheet(refused.to_batches(), schema, quarantine, notes=notes))
    engine.close()
    if as_json:
        typer.echo(json.dumps(inspection.document(), ensure_ascii=False))
        for line in _unused(inspection, language):
            typer.echo(line, err=True)
    else:
        typer.echo(render(inspection, language))
    if strict and (refused.num_rows or summary.held):
        counts = {"quarantined": refused.num_rows, "held": summary.held}
        typer.echo("qcg: " + say("strict", language, **counts), err=True)
        raise typer.Exit(3)


def _latest_morning(exports: str, engine: Engine) -> date:
    """Without `--as-of`: the morning after the last partition, or else today."""
    from qianchuan_guarantee.exports.fetch import as_asked, fetch
    from qianchuan_guarantee.exports.find import find

    folder = fetch(exports, engine.scratch)
    with as_asked(exports, folder):
        tables = find(folder).tables
    days = [day for found in tables.values() for day in found.days or ()]
    return max(days) + timedelta(days=1) if days else datetime.now(_SHANGHAI).date()


def render(inspection: Inspection, lang: Language) -> str:
    """An inspection as people read it, or send it."""
    parts = [say("checked_as_of", lang, day=inspection.as_of)]
    parts += _tables(inspection, lang)
    unused = _unused(inspection, lang)
    parts += ["", *unused] if unused else []
    parts += _calendar(inspection, lang)
    parts += _refusals(inspection, lang)
    parts += _held(inspection, lang)
    if not inspection.refusals and not inspection.held:
        parts += ["", say("all_fine", lang)]
    return "\n".join(parts)


def _unused(inspection: Inspection, lang: Language) -> list[str]:
    return screen.unused(inspection.extra_columns, inspection.ignored_files, lang)


def _tables(inspection: Inspection, lang: Language) -> list[str]:
    fates = ("read", "accepted", "duplicate", "superseded", "quarantined")
    rows = [
        (name, len(table.files), *(f"{table.counts[fate]:,}" for fate in fates))
        for name, table in inspection.tables.items()
    ]
    header = [say("table", lang), say("files", lang), *(say(fate, lang) for fate in fates)]
    parts = ["", screen.table(header, rows, right=range(1, 7))]
    bad = [
        (file["file"], f"{file['rows']:,}", f"{file['refused']:,}")
        for table in inspection.tables.values()
        for file in table.files
        if file["refused"]
    ]
    if bad:
        header = [say("file", lang), say("rows", lang), say("quarantined", lang)]
        parts += [screen.heading(say("bad_files", lang)), screen.table(header, bad, right=(1, 2))]
    return parts


def _calendar(inspection: Inspection, lang: Language) -> list[str]:
    """A mark per day and table; the days along the top, read downwards."""
    partitioned = {name: table for name, table in inspection.tables.items() if table.days}
    if not partitioned:
        return ["", say("no_partitions", lang)]
    days = list(next(iter(partitioned.values())).days)
    rows = [
        (name, "".join(_MARKS[table.days[day]] for day in days))
        for name, table in partitioned.items()
    ]
    header = [f"{days[0]} … {days[-1]}", "".join(str(day.day % 10) for day in days)]
    parts = [
        screen.heading(say("calendar", lang)),
        screen.table(header, rows),
        "  " + say("calendar_key", lang, **_MARKS),
    ]
    for name, table in partitioned.items():
        for state in ("missing", "not_landed"):
            found = table.days_in(state)
            if found:
                listed = ", ".join(day.isoformat() for day in found)
                parts.append("  " + say(f"days_{state}", lang, table=name, days=listed))
    return parts


def _refusals(inspection: Inspection, lang: Language) -> list[str]:
    parts = []
    for refusal in inspection.refusals:
        reason = REFUSALS[refusal.reason].text(lang)
        title = f"{refusal.table}.{refusal.column}" if refusal.column else refusal.table
        parts.append(screen.heading(f"{title}: {reason} ({refusal.rows:,})"))
        for example in refusal.examples:
            where = f"{example['file']}:{example['row_number']}"
            value = "–" if example["value"] is None else str(example["value"])
            parts.append(f"    {screen.plain(where)}: {screen.plain(value)}")
    if inspection.rows_without_plan:
        parts += ["", say("no_plan_readable", lang, rows=inspection.rows_without_plan)]
    return parts


def _held(inspection: Inspection, lang: Language) -> list[str]:
    if not inspection.held:
        return []
    rows = [
        (
            code,
            count,
            REASONS[code].text(lang),
            REASONS[code].advice(lang),
            " ".join(str(plan) for plan in inspection.held_plans[code]),
        )
        for code, count in inspection.held.items()
    ]
    header = [say(key, lang) for key in ("reason", "plans", "meaning", "what_to_do", "for_example")]
    return [screen.heading(say("held_plans", lang)), screen.table(header, rows, right=(1,))]
