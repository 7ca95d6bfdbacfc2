"""Headers of a sheet: which column is which, in any spelling, over one row or two merged ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from qianchuan_guarantee.importers.values import plain

Aliases = Mapping[str, Sequence[str]]  # a column's name → its headers, the best one first
Cells = Sequence[tuple[str | None, bool]]  # each text, and whether it was a number
_UNIT = re.compile(r"\(([^()]*)\)\Z")


def spelled(aliases: Aliases) -> dict[str, tuple[str, int]]:
    """A header, tidied → the column's name, and how good a header of it this is."""
    return {
        tidied(header)[0]: (name, rank)
        for name, headers in aliases.items()
        for rank, header in enumerate(headers)
    }


def tidied(header: str) -> tuple[str, str]:
    """A header without blanks, in plain characters, and the unit in brackets behind it."""
    text = re.sub(r"[\s_]+", "", plain(header).replace("【", "(").replace("】", ")")).lower()
    unit = _UNIT.search(text)
    if unit and unit[1] in _UNITS:
        return text[: unit.start()], unit[1]
    return text, ""


_UNITS = ("元", "分", "千分之一分", "%", "次", "个", "yuan", "fen", "人民币")


Header = tuple[int, dict[str, int], dict[str, str], tuple[str, ...]]


def header_of(
    top: Sequence[Cells], known: Mapping[str, tuple[str, int]], least: int
) -> Header | None:
    """Index of the first row behind the header, column name → place, → header, other headers."""
    found = [_names(row, known) for row in top]
    if not found:
        return None
    best = max(range(len(found)), key=lambda i: len(found[i]))
    rows = [best]
    for beside in (best - 1, best + 1):  # a header over two rows, some cells of them merged
        if 0 <= beside < len(found) and set(found[beside]) - set(found[best]):
            rows.append(beside)
    places: dict[str, int] = {}
    for row in rows:
        taken = set(places.values())
        places |= {n: p for n, p in found[row].items() if n not in places and p not in taken}
    if len(places) < least:
        return None
    headers = {
        name: next(text for row in rows if (text := at(top[row], place)) and _is(text, name, known))
        for name, place in places.items()
    }
    others = tuple(
        text
        for place in range(max(len(top[row]) for row in rows))
        if place not in places.values() and (text := at(top[max(rows)], place))
    )
    return max(rows) + 1, places, headers, others


def _is(text: str, name: str, known: Mapping[str, tuple[str, int]]) -> bool:
    return known.get(tidied(text)[0], ("", 0))[0] == name


def at(row: Cells, place: int) -> str | None:
    return row[place][0] if place < len(row) else None


def _names(row: Cells, known: Mapping[str, tuple[str, int]]) -> dict[str, int]:
    """The columns that a row names, each where its best header stands."""
    best: dict[str, tuple[int, int]] = {}
    for place, (text, _) in enumerate(row):
        if text is None or len(text) > 100:
            continue
        name, rank = known.get(tidied(text)[0], ("", 0))
        if name and (name not in best or rank < best[name][0]):
            best[name] = (rank, place)
    return {name: place for name, (_, place) in best.items()}
