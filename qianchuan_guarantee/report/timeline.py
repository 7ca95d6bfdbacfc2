"""One plan's days as drawings under one axis: from the day before first delivery to settlement.

Drawn for a telephone and for a desk, as the other charts are. What is drawn is what was decided
on; running sums (running.py) end on the very numbers of the decision.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from qianchuan_guarantee.conditions import moment
from qianchuan_guarantee.history import History
from qianchuan_guarantee.report.drawing import Drawing, Heights, TimeAxis, ticks, wide
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording.dossier import say

Row = dict[str, Any]
NARROW, WIDE = 350, 920
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Timeline:
    """What all drawings of one plan share. `begins`: the midnight before its (or the likely)
    first day."""

    def __init__(self, facts: Row, told: History, lang: Language) -> None:
        self.facts, self.told, self.lang = facts, told, lang
        day0 = datetime.combine(facts["day0"], time())
        self.begins = day0 - DAY
        self.ends = day0 + (facts["cycle_days"] + 1) * DAY
        self.first: datetime | None = facts["first_delivery_at"]
        self.horizon = datetime.combine(facts["horizon"], time())
        starts = [piece.start for piece in told.slices]
        self.is_daily = bool(starts) and all(at.time() == time() for at in starts)
        self.has_events = any(won.received_at is not None for won in told.conversions)

    def _say(self, key: str, **words: object) -> str:
        return say(key, self.lang, **words)

    def _axis(self, width: int) -> TimeAxis:
        left = 44 if width == NARROW else 62
        return TimeAxis(self.begins, self.ends, left, width - 4)

    def _frame(self, width: int, top: int, inner: int, about: str) -> tuple[Drawing, TimeAxis]:
        """A drawing with the phases behind, and the days below."""
        axis = self._axis(width)
        drawing = Drawing(width, top + inner + 18, about)
        self._phases(drawing, axis, top, inner)
        room = (axis.right - axis.left) / len(axis.days())
        every = max(1, -(-40 // max(1, int(room))))
        for number, day in enumerate(axis.days()):
            x = axis.x(day)
            drawing.line("grid", (x, top), (x, top + inner))
            if number % every == 0:
                place = (x + room * every / 2, top + inner + 13)
                drawing.text("axis", place, f"{day:%m-%d}", "middle")
        return drawing, axis

    def _phases(
        self, drawing: Drawing, axis: TimeAxis, top: int, inner: int, with_now: bool = True
    ) -> None:
        for look, since, until in self.phases():
            x, end = axis.x(since), axis.x(until)
            drawing.rect(look, x, top, end - x, inner)
            if look == "backflow":
                drawing.hatch("hatching", (x, top, end - x, inner), 9)
        if with_now and self.horizon < self.ends and not self.facts["is_settled"]:
            x = axis.x(self.horizon)
            drawing.line("now", (x, top), (x, top + inner))

    def phases(self) -> list[tuple[str, datetime, datetime]]:
        """The window, the days on which reports are awaited, and the day of settlement."""
        if self.first is None:
            return []
        window_end, cycle_end = self.facts["window_end"], self.facts["cycle_end"]
        return [
            ("window", self.first, window_end),
            ("backflow", window_end, cycle_end),
            ("settle", cycle_end, self.ends),
        ]

    def strip(self, width: int) -> str:
        """The phases by name, above the drawings."""
        is_running = self.horizon < self.ends and not self.facts["is_settled"]
        drawing = Drawing(width, 44 if is_running else 26, self._say("t_phases"))
        axis = self._axis(width)
        self._phases(drawing, axis, 0, 26, with_now=False)
        for look, since, until in self.phases():
            room = axis.x(until) - axis.x(since)
            words = self._say(f"p_{look}")
            if wide(words) > room:
                words = self._say(f"p_{look}_short")
            middle = (axis.x(until) + axis.x(since)) / 2
            if wide(words, 9) <= room + 4:
                drawing.text("phase", (middle, 17), words, "middle")
        if is_running:
            x = axis.x(self.horizon)
            words = self._say("p_now", at=moment(self.horizon))
            anchor = "end" if x + wide(words) > axis.right else "start"
            drawing.line("now", (x, 26), (x, 44))
            drawing.text("now-said", (x + (-5 if anchor == "end" else 5), 40), words, anchor)
        return drawing.svg()

    def _scale(self, drawing: Drawing, axis: TimeAxis, heights: Heights) -> None:
        for value in ticks(heights.low, heights.high):
            y = heights.y(value)
            drawing.line("grid", (axis.left, y), (axis.right, y))
            drawing.text("axis", (axis.left - 5, y + 4), short(value, self.lang), "end")


def floor(at: datetime, step: timedelta) -> datetime:
    """The beginning of the hour, or the day, that `at` lies in."""
    start = datetime.combine(at.date(), time())
    return start if step == DAY else start + (at - start) // step * step


def short(value: float, lang: Language) -> str:
    """A number for an axis: short, and exact where it is shown at all."""
    units = [(1e8, "亿"), (1e4, "万")] if lang == "zh" else [(1e9, "bn"), (1e6, "m"), (1e4, "k")]
    for size, unit in units:
        if value >= size:
            return f"{value / (1e3 if unit == 'k' else size):,.4g}{unit}"
    return f"{value:,.6g}"
