"""`qcg generate`: exports of any size to try things on."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from qianchuan_guarantee.cli import options, screen
from qianchuan_guarantee.errors import UsageError
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.generate import Made, Order


def generate(
    out: Annotated[Path, typer.Argument(help=say("o_made", "en"), metavar="OUT")],
    plans: Annotated[int, typer.Option("--plans", help=say("o_plans", "en"))] = 10_000,
    start: Annotated[
        str, typer.Option("--start", help=say("o_start", "en"), metavar="DATE")
    ] = "2022-10-01",
    days: Annotated[int, typer.Option("--days", help=say("o_days", "en"))] = 14,
    seed: Annotated[int, typer.Option("--seed", help=say("o_seed", "en"))] = 1,
    file_format: Annotated[str, typer.Option("--format", help=say("o_format", "en"))] = "parquet",
    order: Annotated[str, typer.Option("--order", help=say("o_order", "en"))] = "plan",
    layout: Annotated[str, typer.Option("--layout", help=say("o_layout", "en"))] = "flat",
    dirt: Annotated[float, typer.Option("--dirt", help=say("o_dirt", "en"), metavar="SHARE")] = 0.0,
    slices: Annotated[bool, typer.Option("--slices", help=say("o_slices", "en"))] = False,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """An export folder, made up from a seed."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.generate import Order
    from qianchuan_guarantee.generate import generate as make

    asked: Any = {  # held against what there is, word by word
        "format": _one_of("--format", file_format, "parquet", "csv"),
        "order": _one_of("--order", order, "plan", "hour"),
        "layout": _one_of("--layout", layout, "flat", "daily"),
    }
    ordered = Order(plans, _day(start), days, seed, dirt=dirt, by_slices=slices, **asked)
    started = time.monotonic()
    with screen.Progress(language) as progress:
        made = make(ordered, out, progress)
    if as_json:
        typer.echo(json.dumps(document(ordered, made, out), ensure_ascii=False))
        return
    typer.echo(render(ordered, made, out, language))
    seconds = f"{time.monotonic() - started:.1f}"
    typer.echo(say("made_in", language, plans=plans, seconds=seconds))


def _one_of(option: str, text: str, *choices: str) -> str:
    if text not in choices:
        raise UsageError(f"{option} {text}: expected {' or '.join(choices)}")
    return text


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--start {text}: not a day; expected YYYY-MM-DD") from None


def document(order: Order, made: Made, out: Path) -> dict[str, Any]:
    """What was made, for programs. `as_of`: the morning on which all of it is known; then
    `decide` counts the `rows` of each kind of dirt as `counted_as` says."""
    from qianchuan_guarantee.generate.dirt import KINDS

    return {
        "out": str(out),
        "plans": order.plans,
        "seed": order.seed,
        "as_of": order.as_of.isoformat(),
        "tables": made.tables,
        "dirt": {
            kind: {
                "counted_as": counted_as,
                "plans": made.dirty_plans[kind],
                "rows": made.dirty_rows[kind],
            }
            for kind, counted_as in KINDS.items()
        },
    }


def render(order: Order, made: Made, out: Path, lang: Language) -> str:
    """What was made, for people."""
    rows = [(table, f"{count:,}") for table, count in made.tables.items()]
    header = [say(key, lang) for key in ("table", "rows")]
    parts = [screen.table(header, rows, right=(1,))]
    dirty = [
        (kind, f"{made.dirty_plans[kind]:,}", f"{sum(counts.values()):,}", say(f"d_{kind}", lang))
        for kind, counts in made.dirty_rows.items()
        if counts
    ]
    if dirty:
        header = [say(key, lang) for key in ("dirt", "plans", "rows", "effect")]
        parts += [screen.heading(say("dirt", lang)), screen.table(header, dirty, right=(1, 2))]
    parts += ["", say("written", lang, path=out)]
    parts.append(say("decide_it", lang, out=out, day=order.as_of))
    return "\n".join(parts)
