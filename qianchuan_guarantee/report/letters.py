"""A list of differences for each advertiser, in Chinese, ready for a letter to the platform.

Only what both sides can look up: what was paid, what the rule gives, and how that is reckoned. What
the platform paid too much is said as well: whoever asks for what is owed names both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from qianchuan_guarantee.reconcile.classes import ZERO, Line
from qianchuan_guarantee.report.figures_of_money import plain, signed, yuan
from qianchuan_guarantee.report.reconciled import cause_in_words, kind_in_words
from qianchuan_guarantee.wording import say
from qianchuan_guarantee.write import write_text

if TYPE_CHECKING:
    from qianchuan_guarantee.reconcile.compare import Found

# What is asked for, and what is said besides.
OWED = ("paid_less", "denied", "overdue")
MORE = ("paid_more", "paid_unexpected")
_OUTWARD = ("rc_reading", "rc_late", "rc_before_backflow", "rc_times", "rc_they_say", "rc_verdict")


def write_letters(found: Found, folder: Path) -> list[Path]:
    """A file `ADVERTISER.md` for every advertiser with money to speak of; returns the files."""
    lines: dict[int, list[Line]] = {}
    for line in found.reconciled.differences if found.reconciled else ():
        if line.advertiser_id is not None and line.kind in (*OWED, *MORE):
            lines.setdefault(line.advertiser_id, []).append(line)
    written = []
    for advertiser, some in sorted(lines.items()):
        path = folder / f"{advertiser}.md"
        write_text([letter(advertiser, some, found.as_of)], path)
        written.append(path)
    return written


def letter(advertiser: int, lines: Sequence[Line], as_of: date) -> str:
    """One advertiser's, as Markdown."""
    owed = [line for line in lines if line.kind in OWED]
    more = [line for line in lines if line.kind in MORE]
    parts = [
        f"# {say('rl_title', 'zh')}",
        say("rl_head", "zh", advertiser=advertiser, day=as_of),
        *_section("rl_owed", owed),
        *_section("rl_more", more),
        say("rl_rule", "zh"),
    ]
    return "\n\n".join(parts) + "\n"


def _section(key: str, lines: Sequence[Line]) -> list[str]:
    if not lines:
        return []
    total = sum((abs(line.difference or ZERO) for line in lines), ZERO)
    names = ("plan", "rl_why", "rl_reckoned", "rl_granted", "rl_paid", "rl_gap", "rl_note")
    rows = [_row(line) for line in lines]
    heading = say(key, "zh", plans=len(lines), amount=yuan(total))
    return [f"## {heading}", _table([say(name, "zh") for name in names], rows)]


def _row(line: Line) -> list[str]:
    due = line.ours.settle_on if line.ours else None
    kind = kind_in_words(line.kind, "zh")
    if line.kind == "overdue" and due is not None:
        kind = say("rl_overdue", "zh", day=due, days=line.days_overdue)
    note = "；".join(
        cause_in_words(cause, "zh") for cause in line.causes if _is_outward(cause.what)
    )
    amounts = (yuan(line.ours_yuan), yuan(line.theirs_yuan), signed(line.difference))
    return [str(line.ad_id), kind, _reckoned(line), *amounts, note]


def _is_outward(what: str) -> bool:
    """What the reader of a letter can follow; whether we looked for more is our own affair."""
    return what in (
        "rc_reading",
        "rc_late",
        "rc_before_backflow",
        "rc_times",
        "rc_they_say",
        "rc_verdict",
    )


def _reckoned(line: Line) -> str:
    """三(一): cost − Σ bid × conversions, where our logs are there."""
    facts = line.ours.facts if line.ours else None
    if facts is None or facts.cost is None or facts.target_cost is None:
        return ""
    return say(
        "rl_cost",
        "zh",
        first=facts.first_delivery_at,
        cost=plain(facts.cost),
        target=plain(facts.target_cost),
        won=facts.conversions,
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in cells)


def _cell(text: str) -> str:
    """Whatever came from files stays in its cell."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
