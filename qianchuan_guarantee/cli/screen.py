"""Rendering: tables and progress on a terminal, plain lines when piped."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Mapping, Sequence
from types import TracebackType

import typer

from qianchuan_guarantee.errors import EngineEndedError, UserError, presentable
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say


def _width(text: str) -> int:
    """Columns that a text takes on a screen: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def plain(value: object) -> str:
    """A value that came from a file, as one line."""
    return presentable(str(value)).replace("\n", " ")


def table(
    header: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int] = ()
) -> str:
    """Aligned columns without borders: readable on a screen, and by cut and awk when piped."""
    cells = [[plain(cell) for cell in row] for row in [header, *rows]]
    widths = [max(_width(row[i]) for row in cells) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        padded = []
        for i, cell in enumerate(row):
            space = " " * (widths[i] - _width(cell))
            padded.append(space + cell if i in right else cell + space)
        return "  " + "  ".join(padded).rstrip()

    return "\n".join(line(row) for row in cells)


def heading(text: str) -> str:
    if sys.stdout.isatty():
        return "\n" + typer.style(text, bold=True)
    return f"\n{text}"


def unused(
    extra_columns: Mapping[str, Sequence[str]], ignored_files: Sequence[str], lang: Language
) -> list[str]:
    """What is there and is not used: a line per table, and one of files."""
    lines = [
        say("extra_columns", lang, table=name, columns=", ".join(columns))
        for name, columns in extra_columns.items()
    ]
    if ignored_files:
        lines.append(say("ignored_files", lang, files=", ".join(ignored_files)))
    return [plain(line) for line in lines]


class Progress:
    """What is being done, on standard error: a live line on a terminal, else one line each."""

    def __init__(self, lang: Language) -> None:
        self._lang = lang

    def __enter__(self) -> Progress:
        self._live = None
        if sys.stderr.isatty():
            from rich.console import Console

            self._live = Console(stderr=True).status("")
            self._live.start()
        return self

    def __call__(self, key: str, **words: object) -> None:
        step = say(key, self._lang, **words)
        if self._live is not None:
            self._live.update(step)
        else:
            sys.stderr.write(f"{step}\n")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
        if isinstance(error, EngineEndedError):
            raise UserError(say("engine_ended", self._lang)) from error
