"""What happened to one plan, drawn: its cost by the hour, its conversions, its changes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from qianchuan_guarantee.conditions import moment, yuan
from qianchuan_guarantee.report.drawing import Drawing, Heights, TimeAxis
from qianchuan_guarantee.report.timeline import DAY, HOUR, NARROW, Row, Timeline, floor

EACH = 150  # conversions drawn one by one; more are counted by the hour


class Events(Timeline):
    """Cost, conversions and changes where they happened."""

    def spending(self, width: int) -> str:
        """What delivery cost in each hour (or day); outside the window it is paler."""
        drawing, axis = self._frame(width, 8, 84, self._say("t_spending"))
        step = DAY if self.is_daily else HOUR
        sums: defaultdict[tuple[datetime, bool], Decimal] = defaultdict(Decimal)
        for piece in self.told.slices:
            if axis.has(piece.start):
                sums[floor(piece.start, step), piece.is_counted] += piece.cost
        top = float(max(sums.values(), default=Decimal(1))) or 1.0
        heights = Heights(0, top * 1.05, 92, 8)
        self._scale(drawing, axis, heights)
        for (start, is_counted), cost in sorted(sums.items()):
            x, y = axis.x(start), heights.y(float(cost))
            room = max(1.0, axis.x(start + step) - x - (0.4 if width == NARROW else 1))
            look = "cost-bar" if is_counted else "cost-bar uncounted"
            title = f"{moment(start)}: {yuan(cost)} {self._say('yuan')}"
            drawing.rect(look, x, y, room, heights.bottom - y, title)
        return drawing.svg()

    # --- Conversions --------------------------------------------------------------------------

    @property
    def are_many(self) -> bool:
        """Are conversions counted by the hour, and not drawn one by one?"""
        return not self.has_events or len(self.told.conversions) > EACH

    def conversions(self, width: int) -> str:
        """Each conversion where it was billed, where it converted, where it was reported."""
        lanes = ("billed", "converted", "received") if self.has_events else ("billed",)
        high, low, top = (52, 6, 6) if self.are_many else (30, 15, 6)
        drawing, axis = self._frame(width, top, high * len(lanes), self._say("t_won"))
        for number, lane in enumerate(lanes):
            y = top + high * (number + 1) - low
            drawing.line("lane", (axis.left, y), (axis.right, y))
            drawing.text("lane-said", (0, y + 4), self._say(f"lane_{lane}"))
        bottoms = {lane: top + high * (n + 1) - low for n, lane in enumerate(lanes)}
        if self.are_many:
            self._crowd(drawing, axis, bottoms, high - 22)
        else:
            self._each(drawing, axis, bottoms)
        return drawing.svg()

    def _each(self, drawing: Drawing, axis: TimeAxis, lanes: dict[str, int]) -> None:
        # What counts is drawn last, above the rest.
        for won in sorted(self.told.conversions, key=lambda one: one.fate == "counted"):
            look = "won" if won.fate == "counted" else "not-won"
            instants = [won.billed_at, won.converted_at, won.received_at or won.converted_at]
            points = [(axis.x(at), y) for at, y in zip(instants, lanes.values(), strict=True)]
            words = {name: moment(at) for name, at in zip(lanes, instants, strict=True)}
            title = self._say("won_title", fate=self._say(f"fate_{won.fate}"), **words)
            with drawing.told(title):
                drawing.path(f"{look} thread", points)
                for at, point in zip(instants, points, strict=True):
                    if axis.has(at):
                        drawing.dot(look, point, 3.2)

    def _crowd(self, drawing: Drawing, axis: TimeAxis, lanes: dict[str, int], high: int) -> None:
        """Bars: how many in each hour (or day), those that do not count on top."""
        step = DAY if self.is_daily and not self.has_events else HOUR
        sums: dict[str, Counter[tuple[datetime, str]]] = {lane: Counter() for lane in lanes}
        for won in self.told.conversions:
            look = "won" if won.fate == "counted" else "not-won"
            instants = [won.billed_at, won.converted_at, won.received_at or won.converted_at]
            for lane, at in zip(lanes, instants, strict=False):
                if axis.has(at):
                    sums[lane][floor(at, step), look] += won.count
        for lane, bottom in lanes.items():
            both: Counter[datetime] = Counter()
            for (at, _), count in sums[lane].items():
                both[at] += count
            most = max(both.values(), default=0)
            drawing.text("said", (axis.right - 3, bottom - high - 2), f"≤ {most:,}", "end")
            for at, total in sorted(both.items()):
                x, y = axis.x(at), float(bottom)
                room = max(1.0, axis.x(at + step) - x - 0.4)
                for look in ("won", "not-won"):
                    count = sums[lane][at, look]
                    tall = high * count / most
                    y -= tall
                    drawing.rect(f"{look} bar", x, y, room, tall, f"{moment(at)}: {total:,}")

    # --- What people changed ------------------------------------------------------------------

    def changes(self, width: int, operations: Sequence[Row]) -> str:
        """Edits and pauses, a lane for each kind, with what was counted on each day."""
        seen = {_lane(row) for row in operations}
        lanes = ("bid", "targeting", *(lane for lane in ("pause", "other") if lane in seen))
        high, top = 34, 6
        drawing, axis = self._frame(width, top, high * len(lanes), self._say("t_changes"))
        places = {lane: top + high * n for n, lane in enumerate(lanes)}
        for lane, y in places.items():
            drawing.line("lane", (axis.left, y + 20), (axis.right, y + 20))
            drawing.text("lane-said", (0, y + 24), self._say(f"lane_{lane}"))
        self._counts(drawing, axis, places)
        if "pause" in places:
            self._pauses(drawing, axis, places["pause"] + 20, operations)
        self._marks(drawing, axis, places, operations)
        return drawing.svg()

    def _counts(self, drawing: Drawing, axis: TimeAxis, places: dict[str, int]) -> None:
        """How many edits were counted on a day (or in the window), and where they are too many."""
        facts = self.facts
        for row in self.told.edit_counts:
            day = datetime.combine(row["day"], time())
            end = day + DAY
            if facts["edit_limit_period"] == "window":
                end = facts["window_end"]
            together = int(row["bid_edits"] + row["targeting_edits"])
            for lane in ("bid", "targeting"):
                count = int(row[f"{lane}_edits"])
                limit = facts[f"{lane}_edits_at_most"]
                is_over = limit is not None and count > limit
                if facts["is_summed"]:
                    is_over = together > facts["edits_together_at_most"]
                if not count or not facts["is_judged"]:
                    continue
                x = axis.x(max(day, self.first or day))
                if is_over:
                    drawing.rect("too-many", x, places[lane] + 1, axis.x(end) - x, 32)
                look = "count over" if is_over else "count"
                drawing.text(look, (axis.x(end) - 4, places[lane] + 11), f"{count}×", "end")

    def _pauses(self, drawing: Drawing, axis: TimeAxis, y: int, operations: Sequence[Row]) -> None:
        since: datetime | None = None
        for row in [*operations, {"operation": "enable", "at": min(self.horizon, self.ends)}]:
            if row["operation"] == "pause" and since is None:
                since = row["at"]
            elif row["operation"] == "enable" and since is not None:
                x, end = axis.x(since), axis.x(row["at"])
                title = self._say("pause_title", since=moment(since), until=moment(row["at"]))
                drawing.rect("paused", x, y - 5, max(2.0, end - x), 10, title)
                since = None

    def _marks(
        self,
        drawing: Drawing,
        axis: TimeAxis,
        places: dict[str, int],
        operations: Sequence[Row],
    ) -> None:
        """A mark for each change; those that fall together share one."""
        seen: dict[tuple[str, str, int], list[Row]] = {}
        for row in operations:
            if axis.has(row["at"]):
                key = (_lane(row), glyph(row), int(axis.x(row["at"]) / 5))
                seen.setdefault(key, []).append(row)
        for (lane, look, _), rows in seen.items():
            x, y = axis.x(rows[0]["at"]), places[lane] + 20
            title = "; ".join(self._change(row) for row in rows[:6])
            if len(rows) > 6:
                title += f"; +{len(rows) - 6}"
            drawing.shape(f"mark {look}", _SHAPES[look](x, y), title)

    def _change(self, row: Row) -> str:
        values = [value for value in (row["from"], row["to"]) if value]
        return f"{moment(row['at'])} {self._say('op_' + row['operation'])} {' → '.join(values)}"


def _lane(row: Row) -> str:
    kinds = {"bid": "bid", "targeting": "targeting", "pause": "pause", "enable": "pause"}
    return kinds.get(row["operation"], "other")


def glyph(row: Row) -> str:
    """The mark of a change."""
    if row["operation"] == "bid":
        old, new = _number(row["from"]), _number(row["to"])
        if old is not None and new is not None and old != new:
            return "up" if new > old else "down"
        return "same"
    return {"targeting": "square", "pause": "stop", "enable": "go"}.get(row["operation"], "round")


def _number(text: str | None) -> Decimal | None:
    try:
        return Decimal((text or "").replace(",", ""))
    except ArithmeticError:
        return None


def _polygon(*corners: tuple[float, float]) -> Any:
    return lambda x, y: [(x + dx, y + dy) for dx, dy in corners]


_SHAPES = {
    "up": _polygon((0, -7), (6, 4), (-6, 4)),
    "down": _polygon((0, 7), (6, -4), (-6, -4)),
    "same": _polygon((0, -6), (6, 0), (0, 6), (-6, 0)),
    "square": _polygon((-4.5, -4.5), (4.5, -4.5), (4.5, 4.5), (-4.5, 4.5)),
    "stop": _polygon((-4, -7), (-1, -7), (-1, 7), (-4, 7)),
    "go": _polygon((0, -7), (8, 0), (0, 7)),
    "round": _polygon((-2, -4), (2, -4), (4, -2), (4, 2), (2, 4), (-2, 4), (-4, 2), (-4, -2)),
}
