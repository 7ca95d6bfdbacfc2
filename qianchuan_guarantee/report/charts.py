"""Charts as static SVG that stands inside a page: nothing to load, nothing to run.

Each is drawn twice, for narrow and for wide windows, since a chart that is shrunk to a phone
cannot be read; the page shows the one that fits. Colours of text and lines are the page's. What a
chart says in words is exact; only the lengths of bars are binary fractions.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

# Whole drawing, in pixels: fits a telephone, and half or all of the page's width.
NARROW, WIDE, FULL = 335, 500, 1040
ISSUED, RECOVERED, WAITING = "#2a78d6", "#d9730d", "#8a6fd1"
_BAR = 26  # pixels that a bar takes with its gap
_THICK = 44  # pixels: few nights are no reason for a column to look like a wall


@dataclass(frozen=True)
class Bar:
    """`text`: what stands behind the bar, exact."""

    name: str
    length: int
    text: str
    colour: str = ISSUED


@dataclass(frozen=True)
class TrendPoint:
    """A night, in yuan."""

    night: str
    issued: Decimal
    recovered: Decimal
    waiting: Decimal


def bars(rows: Sequence[Bar], title: str, width: int) -> str:
    """Lying bars with their names before and their text behind them, as SVG."""
    import altair as alt

    names = [bar.name for bar in rows]
    before = max(_width(name) for name in names) + 12
    behind = max(_width(bar.text) for bar in rows) + 12
    data = alt.InlineData(
        values=[
            {"name": bar.name, "length": bar.length, "text": bar.text, "colour": bar.colour}
            for bar in rows
        ]
    )
    axis = alt.Axis(
        title=None, domain=False, ticks=False, labelLimit=0, minExtent=before, maxExtent=before
    )
    top = max(1, *(bar.length for bar in rows))
    base = alt.Chart(data).encode(
        y=alt.Y("name:N", sort=names, axis=axis),
        x=alt.X("length:Q", axis=None, scale=alt.Scale(domain=[0, top], nice=False)),
    )
    drawn = base.mark_bar(size=_BAR - 10).encode(color=alt.Color("colour:N", scale=None))
    said = base.mark_text(align="left", dx=5).encode(text="text:N")
    chart = alt.layer(drawn, said).properties(
        width=max(60, width - before - behind),
        height=_BAR * len(rows),
        description=title,
        # The room for words is ours: a drawing must not depend on the fonts of where it is made.
        autosize=alt.AutoSizeParams(type="none"),
    )
    return _svg(chart, {"top": 2, "bottom": 2, "left": before, "right": behind})


def trend(points: Sequence[TrendPoint], moved_title: str, waiting_title: str, width: int) -> str:
    """What was issued and taken back each night, and below it what waited, as SVG."""
    import altair as alt

    nights = [point.night for point in points]
    x = alt.X(
        "night:N",
        sort=nights,
        title=None,
        axis=alt.Axis(labelAngle=0, labelOverlap="greedy", labelSeparation=8, ticks=False),
        scale=alt.Scale(paddingInner=0.3, paddingOuter=0.2),
    )
    most = max(abs(n) for p in points for n in (p.issued, p.recovered, p.waiting))
    before = _width(f"-{most:,.0f}") + 12
    inside = width - before
    thick = min(_THICK, inside * 7 // (10 * len(points)))
    moved = _columns(
        [
            {"night": p.night, "colour": colour, "yuan": float(amount)}
            for p in points
            for colour, amount in ((ISSUED, p.issued), (RECOVERED, -p.recovered))
        ],
        x,
        thick,
        before,
    )
    waits = [{"night": p.night, "colour": WAITING, "yuan": float(p.waiting)} for p in points]
    waited = _columns(waits, x, thick, before)
    chart = alt.vconcat(
        moved.properties(width=inside, height=150, title=moved_title),
        waited.properties(width=inside, height=90, title=waiting_title),
        spacing=18,
        description=f"{moved_title}; {waiting_title}",
    )
    return _svg(chart, {"top": 4, "bottom": 4, "left": 0, "right": 2})


def _columns(rows: list[dict[str, Any]], x: alt.X, thick: int, before: int) -> alt.Chart:
    import altair as alt

    axis = alt.Axis(
        title=None, format=",~f", tickCount=4, ticks=False, minExtent=before, maxExtent=before
    )
    columns: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(size=thick)
        .encode(
            x=x,
            y=alt.Y("yuan:Q", axis=axis, stack=True),
            color=alt.Color("colour:N", scale=None),
        )
    )
    return columns


def _svg(chart: Any, padding: dict[str, int]) -> str:
    import vl_convert

    styled = (
        chart.configure(background="transparent", font="sans-serif", padding=padding)
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=12, domain=False, labelPadding=6)
        .configure_title(anchor="start", fontSize=12, fontWeight="normal", offset=8)
        .configure_text(fontSize=12)
    )
    return str(vl_convert.vegalite_to_svg(styled.to_dict()))


def _width(text: str) -> int:
    """Pixels that a text of 12 may take, whatever font the reader has: they measure apart."""
    return sum(13 if unicodedata.east_asian_width(c) in "WF" else 7 for c in text)
