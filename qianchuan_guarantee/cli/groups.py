"""A group of commands, with help that says of each command a whole sentence."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from qianchuan_guarantee.wording import say


class Group(TyperGroup):
    """Commands below one word. Typer's own help cuts what they say off at the line's end."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(self.sentences())

    def sentences(self) -> list[tuple[str, str]]:
        """Each command, and what it does."""
        return [(name, command.help or "") for name, command in self.commands.items()]


def group(about: str) -> typer.Typer:
    """A group with the help of the sentence `about`. Help is plain text: drawing boxes around it
    took as long as everything else in `qcg --help`."""
    return typer.Typer(
        cls=Group, help=say(about, "en"), no_args_is_help=True, rich_markup_mode=None
    )
