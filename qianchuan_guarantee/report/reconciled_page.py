"""What reconciling found, as one page that loads nothing, in either language."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from qianchuan_guarantee.report.figures_of_money import signed, yuan
from qianchuan_guarantee.report.reconciled import lines, sheets
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.reconcile.compare import Found

SHOWN = 500  # rows of a table


def render(found: Found, lang: Language) -> str:
    """The page as HTML. Whatever came from files or exports is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["yuan"] = yuan
    environment.filters["signed"] = signed
    made = found.reconciled
    return environment.get_template("reconciled.html.j2").render(
        lang=lang,
        say=partial(_say, lang=lang),
        day=found.as_of,
        lines=lines(found, lang),
        total=made.total if made else None,
        differing=f"{len(made.differences):,}" if made else "",
        sheets=list(sheets(found, lang, SHOWN).items()),
    )


def _say(key: str, *, lang: Language, **words: object) -> str:
    return say(key, lang, **words)
