"""`qcg import`: the platform's own files → an export folder."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from qianchuan_guarantee.cli import options, screen
from qianchuan_guarantee.cli.groups import group
from qianchuan_guarantee.errors import UsageError
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.importers.made import Days, Import

app = group("c_import")

Out = Annotated[
    Path, typer.Option("-o", "--out", help=say("o_import_out", "en"), metavar="EXPORTS")
]
From = Annotated[str | None, typer.Option("--from", help=say("o_from", "en"), metavar="DATE")]
To = Annotated[str | None, typer.Option("--to", help=say("o_to", "en"), metavar="DATE")]
Advertiser = Annotated[
    int | None, typer.Option("--advertiser", help=say("o_advertiser", "en"), metavar="ID", min=1)
]
CostUnit = Annotated[
    str | None, typer.Option("--cost-unit", help=say("o_cost_unit", "en"), metavar="UNIT")
]
Strict = Annotated[bool, typer.Option("--strict", help=say("o_import_strict", "en"))]


@app.command("qianchuan-json", help=say("c_import_json", "en"))
def qianchuan_json(
    pages: Annotated[list[Path], typer.Argument(help=say("o_pages", "en"), metavar="PAGES...")],
    out: Out,
    first: From = None,
    last: To = None,
    advertiser: Advertiser = None,
    phrases: Annotated[
        Path | None, typer.Option("--phrases", help=say("o_phrases", "en"), metavar="FILE")
    ] = None,
    cost_unit: CostUnit = None,
    granularity: Annotated[
        str | None, typer.Option("--granularity", help=say("o_granularity", "en"))
    ] = None,
    strict: Strict = False,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """Saved responses → an export folder."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.importers.made import owners_in
    from qianchuan_guarantee.importers.phrases import load
    from qianchuan_guarantee.importers.qianchuan_json import Asked, read
    from qianchuan_guarantee.importers.rows import UNITS

    _one_of("--cost-unit", cost_unit, *UNITS)
    _one_of("--granularity", granularity, "hourly", "daily")
    days = _days(first, last)
    owners = owners_in(out)
    made = read(pages, Asked(load(phrases), cost_unit, granularity, advertiser, owners))
    _finish(made, out, days, language, as_json, strict)


@app.command("qianchuan-xlsx", help=say("c_import_xlsx", "en"))
def qianchuan_xlsx(
    files: Annotated[list[Path], typer.Argument(help=say("o_books", "en"), metavar="FILES...")],
    out: Out,
    first: From = None,
    last: To = None,
    advertiser: Advertiser = None,
    cost_unit: CostUnit = None,
    strict: Strict = False,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """Workbooks → an export folder."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.importers.qianchuan_xlsx import read
    from qianchuan_guarantee.importers.rows import UNITS

    _one_of("--cost-unit", cost_unit, *UNITS)
    days = _days(first, last)
    _finish(read(files, cost_unit, advertiser), out, days, language, as_json, strict)


def _one_of(option: str, text: str | None, *choices: str) -> None:
    if text is not None and text not in choices:
        raise UsageError(f"{option} {text}: expected {', '.join(choices)}")


def _days(first: str | None, last: str | None) -> Days | None:
    from qianchuan_guarantee.importers.made import Days

    if first is None and last is None:
        return None
    if first is None or last is None:
        raise UsageError("--from and --to go together: the first and the last day covered")
    days = Days(_day("--from", first), _day("--to", last))
    if not 0 <= (days.last - days.first).days < 3660:
        raise UsageError(f"--from {first} --to {last}: expected a first and a last day")
    return days


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text}: not a day; expected YYYY-MM-DD") from None


def _finish(
    made: Import, out: Path, days: Days | None, lang: Language, as_json: bool, strict: bool
) -> None:
    """Write, and say what was written."""
    from qianchuan_guarantee.importers.made import write

    made.note_what_is_missing(out, days)
    write(made, out, days)
    if as_json:
        typer.echo(json.dumps({"out": str(out), **made.document()}, ensure_ascii=False))
    else:
        typer.echo(render(made, out, lang))
    refused = sum(table.refused for table in made.tables.values())
    if strict and refused:
        typer.echo("qcg: " + say("strict_import", lang, refused=f"{refused:,}"), err=True)
        raise typer.Exit(3)


def render(made: Import, out: Path, lang: Language) -> str:
    """An import as people read it."""
    counts = [(t.read, len(t.rows), t.repeated, t.refused) for t in made.tables.values()]
    rows = [
        (name, *(f"{n:,}" for n in some)) for name, some in zip(made.tables, counts, strict=True)
    ]
    keys = ("table", "source_rows", "rows_written", "rows_repeated", "rows_refused")
    parts = [say("imported", lang), screen.table([say(k, lang) for k in keys], rows, range(1, 5))]
    if made.refusals:
        cells = [
            (one.place, f"{one.table}.{one.column}", one.why.said(lang)) for one in made.refusals
        ]
        header = [say(key, lang) for key in ("place", "column", "why_unread")]
        parts += [screen.heading(say("refused_cells", lang)), screen.table(header, cells)]
        more = sum(made.refused.values()) - len(made.refusals)
        parts += [f"  … +{more:,}"] if more else []
    if made.phrases:
        found = [(phrase, op, times) for (phrase, op), times in made.phrases.most_common(30)]
        header = [say(key, lang) for key in ("phrase", "read_as", "times")]
        parts += [screen.heading(say("unknown_phrases", lang)), screen.table(header, found, (2,))]
    if made.notes:
        parts += ["", *made.said(lang)]
    return "\n".join([*parts, "", say("written", lang, path=out), say("check_it", lang, out=out)])
