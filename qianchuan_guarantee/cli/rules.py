"""`qcg rules`: the rulebooks there are, what one says, what two differ in, whether a folder of them
is right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from qianchuan_guarantee.cli import options, screen
from qianchuan_guarantee.cli.groups import group
from qianchuan_guarantee.vocabulary import SCENARIOS, Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.rulebook import Rulebook, Scenario

app = group("c_rules")


def _load(rules: Path | None) -> list[Rulebook]:
    from qianchuan_guarantee.rulebook import load

    return load(rules)


@app.command("list", help=say("c_rules_list", "en"))
def list_rulebooks(
    rules: options.Rules = None, lang: options.Lang = "en", as_json: options.Json = False
) -> None:
    """The rulebooks there are, and from when each is in force."""
    language = cast(Language, options.language(lang))
    books = _load(rules)
    rows = [
        {
            "rulebook": book.id,
            "from": book.in_force.from_.isoformat(),
            "until": book.in_force.until.isoformat() if book.in_force.until else None,
            "digest": book.digest,
            "title": book.title.zh if language == "zh" else book.title.en,
        }
        for book in books
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    header = [say(key, language) for key in ("rulebook", "in_force_from", "digest", "title")]
    shown = [(row["rulebook"], row["from"], str(row["digest"])[:12], row["title"]) for row in rows]
    typer.echo(screen.table(header, shown))


@app.command("show", help=say("c_rules_show", "en"))
def show_rulebook(
    rulebook: Annotated[str | None, typer.Argument(help=say("o_show", "en"))] = None,
    rules: options.Rules = None,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """What a rulebook says: its numbers, and every open question with its reading."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.rulebook import choose

    book = choose(_load(rules), rulebook)[-1]
    if as_json:
        typer.echo(json.dumps(book.model_dump(mode="json", by_alias=True), ensure_ascii=False))
        return
    typer.echo(render(book, language))


@app.command("check", help=say("c_rules_check", "en"))
def check_rulebooks(
    folder: Annotated[Path | None, typer.Argument(help=say("o_check", "en"))] = None,
    lang: options.Lang = "en",
) -> None:
    """Whether every rulebook of a folder can be used; errors name file, line and key."""
    language = cast(Language, options.language(lang))
    for book in _load(folder):
        typer.echo(say("rulebook_fine", language, rulebook=book.id, digest=book.digest))


@app.command("diff", help=say("c_rules_diff", "en"))
def diff_rulebooks(
    a: Annotated[str, typer.Argument(help=say("o_diff_a", "en"), metavar="A")],
    b: Annotated[str, typer.Argument(help=say("o_diff_b", "en"), metavar="B")],
    rules: options.Rules = None,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """Two rulebooks side by side."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.report.amendments import document, lines, sheets

    old, new = (_named(name, rules) for name in (a, b))
    if as_json:
        typer.echo(json.dumps(document(old, new, language), ensure_ascii=False))
        return
    parts = lines(old, new, language)
    for sheet in sheets(old, new, language):
        parts += [screen.heading(sheet.title), screen.table(sheet.header, sheet.rows)]
    typer.echo("\n".join(parts))


def _named(name: str, rules: Path | None) -> Rulebook:
    """A rulebook by NAME@VERSION, or by the path of its YAML."""
    from qianchuan_guarantee.rulebook import choose, load, load_file

    if name.endswith((".yaml", ".yml")):
        return load_file(Path(name))
    (book,) = choose(load(rules), name)
    return book


def render(book: Rulebook, lang: Language) -> str:
    """A rulebook in words and numbers."""
    parts = [
        f"{book.id}  {book.title.zh if lang == 'zh' else book.title.en}",
        book.source,
        say("in_force", lang, day=book.in_force.from_),
        say("days", lang, window=book.window.natural_days, backflow=book.cycle.backflow_days),
    ]
    header = [say(key, lang) for key in ("scenario", "clause", "overcost", "conversions", "edits")]
    rows = [_scenario(name, scenario, lang) for name, scenario in book.scenarios.items()]
    parts += ["", screen.table(header, rows)]
    for key, reading in book.readings.items():
        question = reading.question.zh if lang == "zh" else reading.question.en
        parts.append(screen.heading(f"{key} [{reading.clause}] {question}"))
        for choice, words in reading.choices.items():
            mark = "*" if choice == reading.reading else " "
            parts.append(f"  {mark} {choice}: {words.zh if lang == 'zh' else words.en}")
    return "\n".join(parts)


def _scenario(name: str, scenario: Scenario, lang: Language) -> tuple[Any, ...]:
    if scenario.conversions.more_than is not None:
        p = scenario.conversions.more_than.prompted
        conversions = f"> ⌈{p.dividend_yuan} / {p.by}⌉ ({p.at_least}–{p.at_most})"
    else:
        conversions = f"≥ {scenario.conversions.at_least}"
    limits = ("bid", "targeting")
    edits = ", ".join(
        f"{kind} ≤ {limit.at_most}"
        for kind in limits
        if (limit := getattr(scenario.edits, kind)) is not None
    )
    percent = f"{scenario.overcost.percent} %"
    return (SCENARIOS[name].text(lang), scenario.clause, percent, conversions, edits)
