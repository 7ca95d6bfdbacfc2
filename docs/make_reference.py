"""Write docs/reference.md and docs/reference.zh-CN.md from the vocabulary, tables, rulebook and
commands, so that what is documented is what there is. A test holds the two against each other.

    python docs/make_reference.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer

from qianchuan_guarantee.cli.main import app
from qianchuan_guarantee.rulebook import load
from qianchuan_guarantee.tables import DECISIONS, INPUTS, Column
from qianchuan_guarantee.vocabulary import (
    OUTCOMES,
    REASONS,
    REFUSALS,
    SCENARIOS,
    STATUSES,
    Language,
)
from qianchuan_guarantee.wording import say

HEADINGS: dict[str, tuple[str, str]] = {
    "reference": ("Reference", "参考"),
    "made": (
        "Written by `docs/make_reference.py`; do not edit by hand.",
        "由 `docs/make_reference.py` 生成，请勿手工修改。",
    ),
    "commands": ("Commands", "命令"),
    "inputs": ("Exports: what goes in", "导出表：输入"),
    "decisions": ("Decisions: what comes out", "判定：输出"),
    "quarantine": ("Why a row is refused", "拒收原因"),
    "outcomes": ("Outcomes", "结果"),
    "statuses": ("`compensate_status`", "`compensate_status`"),
    "scenarios": ("Scenarios", "场景"),
    "reasons": ("Reason codes, in reporting order", "原因代码，按报告顺序"),
    "readings": ("Register of interpretations", "解读登记"),
    "argument": ("argument", "参数"),
    "option": ("option", "选项"),
    "column": ("column", "列"),
    "type": ("type", "类型"),
    "says": ("what it says", "含义"),
    "clause": ("clause", "条款"),
    "code": ("code", "代码"),
    "kind": ("leads to", "导致"),
    "advice": ("what to do", "处理办法"),
    "id": ("id", "编号"),
    "question": ("question", "问题"),
    "choice": ("choice", "选项"),
    "key": ("key", "主键"),
    "optional": ("optional table", "可选表"),
    "star": ("* the reading of the rulebook", "* 为规则所取的解读"),
}


def reference(lang: Language) -> str:
    """The whole reference in one language."""

    def h(key: str) -> str:
        return HEADINGS[key][lang == "zh"]

    def table(header: list[str], rows: list[list[str]]) -> Iterator[str]:
        yield "| " + " | ".join(h(name) for name in header) + " |"
        yield "|" + "---|" * len(header)
        for row in rows:
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
        yield ""

    def lines() -> Iterator[str]:
        yield from (f"# {h('reference')}", "", h("made"), "", f"## {h('commands')}", "")
        for name, about, parameters in _commands(lang):
            yield from (f"### `{name}`", "", about, "")
            yield from table(["option", "says"], parameters)
        yield from (f"## {h('inputs')}", "")
        for source in INPUTS.values():
            note = f" ({h('optional')})" if source.optional else ""
            yield from (f"### `{source.name}`{note}", "", source.zh if lang == "zh" else source.en)
            yield from ("", f"{h('key')}: {', '.join(f'`{name}`' for name in source.key)}", "")
            rows = [
                [f"`{c.name}`", _type(c), c.zh if lang == "zh" else c.en] for c in source.columns
            ]
            yield from table(["column", "type", "says"], rows)
        yield from (f"## {h('decisions')}", "")
        rows = [
            [f"`{o.name}`", o.type_name, o.clause, o.zh if lang == "zh" else o.en]
            for o in DECISIONS
        ]
        yield from table(["column", "type", "clause", "says"], rows)
        for heading, terms in (
            ("outcomes", OUTCOMES),
            ("statuses", STATUSES),
            ("scenarios", SCENARIOS),
            ("quarantine", REFUSALS),
        ):
            yield from (f"## {h(heading)}", "")
            rows = [[f"`{t.code}`", t.text(lang), t.clause] for t in terms.values()]
            yield from table(["code", "says", "clause"], rows)
        yield from (f"## {h('reasons')}", "")
        rows = [
            [f"`{r.code}`", r.text(lang), f"`{r.kind}`", r.clause, r.advice(lang)]
            for r in REASONS.values()
        ]
        yield from table(["code", "says", "kind", "clause", "advice"], rows)
        yield from (f"## {h('readings')}", "", h("star"), "")
        rows = []
        for key, reading in load()[-1].readings.items():
            question = reading.question.zh if lang == "zh" else reading.question.en
            choices = "; ".join(
                f"`{choice}`{' *' if choice == reading.reading else ''} "
                f"{words.zh if lang == 'zh' else words.en}"
                for choice, words in reading.choices.items()
            )
            rows.append([f"`{key}`", reading.clause, question, choices])
        yield from table(["id", "clause", "question", "choice"], rows)

    return "\n".join(lines()).rstrip() + "\n"


def _type(column: Column) -> str:
    mark = "" if column.required else "?"
    if column.choices:
        return " ".join(f"`{choice}`" for choice in column.choices) + mark
    bound = ""
    if column.kind in ("id", "count", "money"):
        bound = " > 0" if column.positive else " ≥ 0"
    return column.type_name.replace("timestamp(6)", "time") + mark + bound


def _commands(lang: Language) -> Iterator[tuple[str, str, list[list[str]]]]:
    """Every command: its name, what it does, and a row per argument and option."""
    in_other_words = {say(key, "en"): say(key, lang) for key in _help_keys()}

    def walk(command: object, name: str) -> Iterator[tuple[str, str, list[list[str]]]]:
        children = getattr(command, "commands", None)
        if children:
            own = [p for p in command.params if p.name != "help"]  # type: ignore[attr-defined]
            if own:
                rows = [[f"`{p.opts[0]}`", in_other_words.get(p.help, p.help)] for p in own]
                yield name, say("app", lang), rows
            for child, inner in children.items():
                yield from walk(inner, f"{name} {child}")
            return
        rows = []
        for parameter in command.params:  # type: ignore[attr-defined]
            names = " ".join(f"`{option}`" for option in parameter.opts)
            if parameter.param_type_name == "argument":
                names = f"`{parameter.metavar or parameter.name.upper()}`"
            about = parameter.help or ""
            rows.append([names, in_other_words.get(about, about)])
        about = (command.help or "").strip()  # type: ignore[attr-defined]
        yield name, in_other_words.get(about, about), rows

    yield from walk(typer.main.get_command(app), "qcg")


def _help_keys() -> list[str]:
    from qianchuan_guarantee.wording import _SENTENCES

    return [key for key in _SENTENCES if key.startswith(("o_", "c_"))]


def main() -> None:
    here = Path(__file__).parent
    (here / "reference.md").write_text(reference("en"), encoding="utf-8")
    (here / "reference.zh-CN.md").write_text(reference("zh"), encoding="utf-8")


if __name__ == "__main__":
    main()
