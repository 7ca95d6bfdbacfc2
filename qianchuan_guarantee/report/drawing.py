"""Shapes of a static SVG, written by hand: exact places, no fonts measured, nothing to load.

Colours, widths of lines and patterns are the page's (its classes), so that a drawing is right in
light, in dark and on paper. Places are pixels; only they are binary fractions.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape

Point = tuple[float, float]


@dataclass(frozen=True)
class TimeAxis:
    """Instants to places, from `start` at `left` to `end` at `right`."""

    start: datetime
    end: datetime
    left: float
    right: float

    def x(self, at: datetime) -> float:
        share = (at - self.start) / (self.end - self.start)
        return self.left + min(1.0, max(0.0, share)) * (self.right - self.left)

    def has(self, at: datetime) -> bool:
        return self.start <= at <= self.end

    def days(self) -> list[datetime]:
        """The midnights from start to end, without the last."""
        count = (self.end - self.start).days
        return [self.start + timedelta(days=n) for n in range(count)]


@dataclass(frozen=True)
class Heights:
    """Numbers to places: `low` at `bottom`, `high` at `top`."""

    low: float
    high: float
    bottom: float
    top: float

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.bottom - min(1.0, max(0.0, share)) * (self.bottom - self.top)


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round numbers from `low` to `high`."""
    if high <= low:
        return [low]
    raw = (high - low) / about
    unit = 10 ** math.floor(math.log10(raw))
    step = next(n * unit for n in (1, 2, 2.5, 5, 10) if n * unit >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(n * step, 10) for n in range(first, last + 1)]


def wide(text: str, size: float = 11) -> float:
    """Pixels that a text may take, whatever font the reader has."""
    return sum(size if unicodedata.east_asian_width(c) in "WF" else 0.6 * size for c in text)


def _n(place: float) -> str:
    return f"{place:.1f}".rstrip("0").rstrip(".")


@dataclass
class Drawing:
    """An SVG being written. Texts are escaped; `about` is what a screen reader says of it."""

    width: int
    height: int
    about: str
    parts: list[str] = field(default_factory=list)

    def rect(self, look: str, x: float, y: float, w: float, h: float, title: str = "") -> None:
        if w > 0 and h > 0:
            place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="{_n(h)}"'
            self._shape(f'rect class="{look}" {place}', title)

    def line(self, look: str, one: Point, two: Point) -> None:
        place = f'x1="{_n(one[0])}" y1="{_n(one[1])}" x2="{_n(two[0])}" y2="{_n(two[1])}"'
        self._shape(f'line class="{look}" {place}')

    def dot(self, look: str, at: Point, radius: float) -> None:
        self._shape(f'circle class="{look}" cx="{_n(at[0])}" cy="{_n(at[1])}" r="{_n(radius)}"')

    def path(self, look: str, points: Iterable[Point], closed: bool = False) -> None:
        told = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        if told:
            self._shape(f'path class="{look}" d="M{told}{"Z" if closed else ""}"')

    def shape(self, look: str, points: Sequence[Point], title: str = "") -> None:
        told = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self._shape(f'polygon class="{look}" points="{told}"', title)

    def text(self, look: str, at: Point, words: str, anchor: str = "start") -> None:
        end = f' text-anchor="{anchor}"' if anchor != "start" else ""
        place = f'class="{look}" x="{_n(at[0])}" y="{_n(at[1])}"{end}'
        self.parts.append(f"<text {place}>{escape(words)}</text>")

    def hatch(self, look: str, box: tuple[float, float, float, float], gap: float) -> None:
        """Slanted lines within x, y, width, height: what tells areas apart without colours."""
        x, y, w, h = box
        told = []
        for n in range(int((w + h) // gap) + 1):
            # Along x + y = n·gap, from the left or lower edge to the upper or right one.
            reach = n * gap
            one = (x + max(0.0, reach - h), y + min(h, reach))
            two = (x + min(w, reach), y + max(0.0, reach - w))
            told.append(f"M{_n(one[0])} {_n(one[1])}L{_n(two[0])} {_n(two[1])}")
        if w > 0 and h > 0 and told:
            self._shape(f'path class="{look}" d="{"".join(told)}"')

    @contextmanager
    def told(self, title: str) -> Iterator[None]:
        """What is drawn within says `title` where one points at it."""
        self.parts.append(f"<g><title>{escape(title)}</title>")
        yield
        self.parts.append("</g>")

    def _shape(self, tag: str, title: str = "") -> None:
        name = tag.partition(" ")[0]
        if title:
            self.parts.append(f"<{tag}><title>{escape(title)}</title></{name}>")
        else:
            self.parts.append(f"<{tag}/>")

    def svg(self) -> str:
        size = f'width="{self.width}" height="{self.height}"'
        box = f'viewBox="0 0 {self.width} {self.height}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} {box}'
        return f'{head} aria-label="{escape(self.about)}">{"".join(self.parts)}</svg>'


def apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The same places, moved as little as it takes so that no two are nearer than `gap`."""
    order = sorted(range(len(places)), key=lambda n: places[n])
    moved = [0.0] * len(places)
    below = low - gap
    for n in order:
        below = moved[n] = max(places[n], below + gap)
    above = high + gap
    for n in reversed(order):
        above = moved[n] = min(moved[n], above - gap)
    return moved
