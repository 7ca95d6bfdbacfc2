"""Two rulebooks side by side: what differs, key by key, and for which first deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from qianchuan_guarantee.rulebook import Rulebook


@dataclass(frozen=True)
class Amendment:
    """A key of the YAML with dots between, and what the two rulebooks say there (None: nothing).
    `counts`: it may change a decision; else it is wording."""

    path: str
    before: Any
    after: Any
    counts: bool


@dataclass(frozen=True)
class Period:
    """First deliveries on these days, the last one not included (None: without end)."""

    begins: date
    ends: date | None


def amendments(a: Rulebook, b: Rulebook) -> list[Amendment]:
    """What differs, in the order of the YAML; what may change a decision comes first."""
    before, after = (dict(_leaves(book.model_dump(by_alias=True))) for book in (a, b))
    found = [
        Amendment(path, before.get(path), after.get(path), _counts(path))
        for path in dict.fromkeys((*before, *after))
        if before.get(path) != after.get(path)
    ]
    return sorted(found, key=lambda each: not each.counts)


def affected(a: Rulebook, b: Rulebook) -> Period:
    """The first deliveries that are decided otherwise if `b` takes the place of `a`, or follows
    it: those for which `b` is in force."""
    return Period(b.in_force.from_, b.in_force.until)


def _leaves(said: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(said, dict):
        for key, value in said.items():
            yield from _leaves(value, f"{path}.{key}" if path else key)
    elif said is not None:
        yield path, said


_WORDING = ("title", "source", "clause", "question", "why", "choices", "assumed", "name", "version")


def _counts(path: str) -> bool:
    return not set(path.split(".")) & set(_WORDING)
