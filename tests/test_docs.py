"""Everything that a person can type or read is documented, in English and in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
import typer

from qianchuan_guarantee.cli.main import app
from qianchuan_guarantee.rulebook import REGISTER, Rulebook
from qianchuan_guarantee.tables import DECISIONS, INPUTS
from qianchuan_guarantee.vocabulary import OUTCOMES, REASONS, REFUSALS, SCENARIOS, STATUSES
from tests.conftest import REPO

LANGUAGES = {"en": "", "zh": ".zh-CN"}
PAGES = [REPO / "README.md", REPO / "README.zh-CN.md", *sorted((REPO / "docs").glob("*.md"))]


@cache
def documented(lang: str) -> str:
    """README and the pages of docs/ in one language."""
    ending = LANGUAGES[lang]
    pages = [REPO / f"README{ending}.md"]
    for page in sorted((REPO / "docs").glob(f"*{ending}.md")):
        if ending or not page.name.endswith(".zh-CN.md"):
            pages.append(page)
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def is_said(word: str, lang: str) -> bool:
    """As a word of its own: `bid` is not said by `bid_clock`."""
    edge = r"[A-Za-z0-9_-]"
    return bool(re.search(rf"(?<!{edge}){re.escape(word)}(?!{edge})", documented(lang)))


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command of `qcg`, with the words that call it."""

    def below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        inside = getattr(command, "commands", None)
        if inside is None:
            yield name, command
            return
        for word, one in inside.items():
            yield from below(f"{name} {word}", one)

    yield from below("qcg", typer.main.get_command(app))


COMMANDS = dict(commands())


def fields_of(model: object, seen: set[str]) -> set[str]:
    """Every key that a rulebook's YAML may have."""
    for name, field in getattr(model, "model_fields", {}).items():
        seen.add(field.alias or name)
        for inner in re.findall(r"rulebook\.(\w+)", str(field.annotation)):
            from qianchuan_guarantee import rulebook

            fields_of(getattr(rulebook, inner), seen)
    return seen


WORDS: dict[str, set[str]] = {
    "commands": set(COMMANDS),
    "columns of the decisions": {out.name for out in DECISIONS},
    "tables": set(INPUTS),
    "columns of the tables": {column.name for table in INPUTS.values() for column in table.columns},
    "choices of the columns": {
        choice for table in INPUTS.values() for column in table.columns for choice in column.choices
    },
    "reason codes": set(REASONS),
    "outcomes": set(OUTCOMES),
    "statuses": set(STATUSES),
    "scenarios": set(SCENARIOS),
    "readings": set(REGISTER),
    "choices of the readings": {choice for choices in REGISTER.values() for choice in choices},
    "refusals": set(REFUSALS),
    "keys of a rulebook": fields_of(Rulebook, set()),
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", WORDS)
def test_every_word_is_documented(kind: str, lang: str) -> None:
    assert WORDS[kind]
    assert [word for word in sorted(WORDS[kind]) if not is_said(word, lang)] == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_documented(name: str, lang: str) -> None:
    words = [
        word
        for parameter in COMMANDS[name].params
        for word in (*parameter.opts, *parameter.secondary_opts)
        if word.startswith("-")
    ]
    assert [word for word in words if not is_said(word, lang)] == []


def test_options_of_all_commands_are_documented_too() -> None:
    root = typer.main.get_command(app)
    words = [word for parameter in root.params for word in parameter.opts]
    assert "--version" in words
    for lang in LANGUAGES:
        assert [word for word in words if word.startswith("-") and not is_said(word, lang)] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_says_what_it_is(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert [p.name for p in command.params if not getattr(p, "help", None)] == []


def code_lines(page: Path) -> list[str]:
    """The lines of the fenced code of a page."""
    lines, is_inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            is_inside = not is_inside
        elif is_inside and line.strip():
            lines.append(line)
    return lines


@pytest.mark.parametrize("page", PAGES[:2], ids=lambda page: page.name)
def test_the_first_two_lines_of_code_run_the_main_job_and_the_tests(page: Path) -> None:
    job, tests, *_ = code_lines(page)
    assert re.search(r"\bpip install\b.*\bqcg decide fixtures/demo --as-of 2022-10-20\b", job)
    assert re.search(r"\bpip install\b.*\[test\].*\bpytest\b", tests)
    for line in (job, tests):
        assert not line.startswith(("#", "$", ">"))
        assert not line.endswith(("\\", "&&", "|"))


def test_both_readmes_begin_with_the_same_two_commands() -> None:
    english, chinese = (code_lines(page)[:2] for page in PAGES[:2])
    assert english == chinese


def test_the_qcg_commands_in_the_pages_exist() -> None:
    for page in PAGES:
        for line in code_lines(page):
            for called in re.findall(r"(?:^|/|&& )qcg ((?:[a-z-]+ ?)+)", line):
                words = called.split()
                names = {f"qcg {' '.join(words[:n])}" for n in (1, 2)}
                assert names & set(COMMANDS), f"{page.name}: {line}"


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"(?m)^#+ +(.*)$", text)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page.name}: {target}"
        assert REPO in (linked, *linked.parents), f"{page.name}: {target} leaves the repository"
        if anchor and linked.suffix == ".md":
            assert anchor in anchors(linked), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tests_that_a_page_names_exist(page: Path) -> None:
    written = sorted((REPO / "tests").glob("test_*.py"))
    there = {path.name for path in written} | {path.stem for path in written}
    for path in written:
        there |= set(re.findall(r"(?m)^def (test_\w+)\(", path.read_text(encoding="utf-8")))
    named = set(re.findall(r"\btest_\w+(?:\.py)?", page.read_text(encoding="utf-8")))
    assert sorted(named - there) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_is_there_in_both_languages(page: Path) -> None:
    stem = page.name.removesuffix(".md").removesuffix(".zh-CN")
    assert {page.with_name(f"{stem}.md").exists(), page.with_name(f"{stem}.zh-CN.md").exists()} == {
        True
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_speaks_its_language(page: Path) -> None:
    prose = re.sub(r"(?s)```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"))
    chinese = len(re.findall(r"[\u4e00-\u9fff]", prose))
    english = len(re.findall(r"[A-Za-z]+", prose))
    if page.name.endswith(".zh-CN.md"):
        assert chinese > english
    else:
        assert english > chinese
