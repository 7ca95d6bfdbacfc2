"""One plan's days as drawings under one axis: from the day before first delivery to settlement.

Drawn for a telephone and for a desk, as the other charts are. What is drawn is what was decided
on; running sums end on the very numbers of the decision.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate, groupby, pairwise
from typing import Any

from qianchuan_guarantee.history import History, Won
from qianchuan_guarantee.remaining import moment, yuan
from qianchuan_guarantee.report.drawing import Drawing, Heights, TimeAxis, apart, ticks, wide
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording.dossier import say

Row = dict[str, Any]
NARROW, WIDE = 350, 920
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EACH = 150  # conversions drawn one by one; more are counted by the hour
_LONG = 14  # days: a longer window is summed by the day


@dataclass(frozen=True)
class Sums:
    """What stood at an instant: cost, conversions and the line they are held against (yuan; null:
    not known)."""

    at: datetime
    cost: Decimal
    count: int
    target: Decimal | None
    line: Decimal | None


class Timeline:
    """The drawings of one plan. `begins`: the midnight before its (or the likely) first day."""

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

    # --- The axis that all share --------------------------------------------------------------

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
            drawing.text("axis", (axis.left - 5, y + 4), _short(value, self.lang), "end")

    # --- Cost by the hour ---------------------------------------------------------------------

    def spending(self, width: int) -> str:
        """What delivery cost in each hour (or day); outside the window it is paler."""
        drawing, axis = self._frame(width, 8, 84, self._say("t_spending"))
        step = DAY if self.is_daily else HOUR
        sums: defaultdict[tuple[datetime, bool], Decimal] = defaultdict(Decimal)
        for piece in self.told.slices:
            if axis.has(piece.start):
                sums[_floor(piece.start, step), piece.is_counted] += piece.cost
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

    # --- Running sums -------------------------------------------------------------------------

    def sums(self) -> list[Sums]:
        """Cost, conversions and line from first delivery on, hour by hour; the last are those of
        the decision."""
        if self.first is None or self.facts["cost"] is None:
            return []
        end = min(self.facts["window_end"], self.horizon)
        step = DAY if self.is_daily or end - self.first > _LONG * DAY else HOUR
        at, instants = _floor(self.first, step) + step, [self.first]
        while at < end:
            instants.append(at)
            at += step
        slices = [piece for piece in self.told.slices if piece.is_counted]
        starts = [piece.start for piece in slices]
        costs = [Decimal(0), *accumulate(piece.cost for piece in slices)]
        won = [won for won in self.told.conversions if won.fate == "counted"]
        billed = [one.billed_at for one in won]
        counts = [0, *accumulate(one.count for one in won)]
        targets = self._targets(won)
        found = []
        for instant in [*instants, end]:
            n = bisect_left(billed, instant)
            target = None if targets is None else targets[n]
            cost = costs[bisect_left(starts, instant)]
            found.append(Sums(instant, cost, counts[n], target, self._line(target, counts[n])))
        return found

    def _targets(self, won: Sequence[Won]) -> list[Decimal] | None:
        if self.facts["target_cost"] is None:
            return None
        return [Decimal(0), *accumulate((one.bid or Decimal(0)) * one.count for one in won)]

    def _line(self, target: Decimal | None, count: int) -> Decimal | None:
        """The line at that count, as `overcost_base` measures it (eligibility.py)."""
        facts = self.facts
        if target is None or facts["overcost_base_yuan"] is None:
            return None
        base = target
        if facts["overcost_base"] != "weighted" and facts["conversions"]:
            base = facts["overcost_base_yuan"] / facts["conversions"] * count
        line: Decimal = base * facts["overcost_ratio"]
        return line

    def money(self, width: int, sums: Sequence[Sums]) -> str:
        """Cost so far, bid × conversions so far, and the line between them."""
        top = 8
        drawing, axis = self._frame(width, top, 190, self._say("t_money"))
        last = sums[-1]
        high = float(max(last.cost, last.line or 0, last.target or 0)) or 1.0
        heights = Heights(0, high * 1.06, top + 190, top)
        self._scale(drawing, axis, heights)
        cost = [(axis.x(one.at), heights.y(float(one.cost))) for one in sums]
        ended = [("cost-line", cost[-1], self._say("k_cost"), yuan(last.cost))]
        if last.target is not None and last.line is not None:
            target = _stairs([(axis.x(s.at), heights.y(float(s.target or 0))) for s in sums])
            line = _stairs([(axis.x(s.at), heights.y(float(s.line or 0))) for s in sums])
            if self.facts["payable"] and self.facts["meets_overcost"]:
                drawing.path("excess", [*cost, *reversed(target)], closed=True)
            drawing.path("target-line", target)
            drawing.path("over-line", line)
            ended += [
                ("over-line", line[-1], self._ratio(), yuan(last.line)),
                ("target-line", target[-1], self._say("k_target"), yuan(last.target)),
            ]
        drawing.path("cost-line", cost)
        self._say_ends(drawing, axis, heights, ended)
        return drawing.svg()

    def _ratio(self) -> str:
        percent = (self.facts["overcost_ratio"] - 1) * 100
        return self._say("k_line", percent=f"{percent.normalize():f}")

    def _say_ends(
        self,
        drawing: Drawing,
        axis: TimeAxis,
        heights: Heights,
        ended: Sequence[tuple[str, tuple[float, float], str, str]],
    ) -> None:
        """Where each line ends, its number (and where there is room, its name) beside it."""
        places = apart([y for _, (_, y), _, _ in ended], 14, heights.top + 6, heights.bottom - 3)
        for (look, (x, y), name, number), place in zip(ended, places, strict=True):
            room = axis.right - x - 14
            words = f"{name} {number}"
            drawing.line(f"{look} leader", (x + 1, y), (x + 9, place))
            drawing.text("said", (x + 12, place + 4), words if wide(words) < room else number)

    # --- Cost per conversion ------------------------------------------------------------------

    def price(self, width: int, sums: Sequence[Sums]) -> tuple[str, str | None]:
        """Cost per conversion so far against the bid and the line, and what is off the scale."""
        top, inner = 8, 170
        drawing, axis = self._frame(width, top, inner, self._say("t_price"))
        counted = [one for one in sums if one.count]
        running = [(one.at, one.cost / one.count) for one in counted]
        lines = [(one.at, one.line / one.count) for one in counted if one.line is not None]
        bids = self._bids()
        known = [float(bid) for _, bid in bids if bid] + [float(price) for _, price in lines]
        ends = [float(running[-1][1])] if running else []
        high = max([*(1.35 * n for n in known), *(1.1 * n for n in ends)], default=1.0)
        most = max((float(price) for _, price in running), default=0.0)
        high = max(high, min(1.05 * most, 2 * high))
        # Lines may begin above nothing, where they would all crowd at the upper edge.
        least = min([*known, *(float(price) for _, price in running)], default=0.0)
        low = 0.8 * least if least > high / 3 else 0.0
        heights = Heights(low, high, top + inner, top)
        self._scale(drawing, axis, heights)
        ended = []
        if bids and (steps := self._steps(axis, heights, bids)):
            drawing.path("bid-line", steps)
            if bids[-1][1] is not None:
                ended.append(("bid-line", steps[-1], self._say("k_bid"), yuan(bids[-1][1])))
        for look, points, name in (
            ("over-line", lines, self._ratio()),
            ("cost-line", running, self._say("k_price")),
        ):
            if points:
                path = [(axis.x(at), heights.y(float(price))) for at, price in points]
                if look == "over-line":
                    drawing.path(look, _stairs(path))
                else:
                    self._within(drawing, heights, path)
                ended.append((look, path[-1], name, f"{points[-1][1]:,.2f}"))
        self._say_ends(drawing, axis, heights, ended)
        return drawing.svg(), _short(high, self.lang) if most > high else None

    def _within(
        self, drawing: Drawing, heights: Heights, path: Sequence[tuple[float, float]]
    ) -> None:
        """The running price; where it is off the scale, a faint line along the edge."""

        def is_off(piece: tuple[tuple[float, float], tuple[float, float]]) -> bool:
            return piece[0][1] == piece[1][1] == heights.top

        for off, run in groupby(pairwise(path), key=is_off):
            pieces = list(run)
            points = [pieces[0][0], *(end for _, end in pieces)]
            drawing.path("cost-line off" if off else "cost-line", points)
        if len(path) == 1:
            drawing.dot("cost-bar", path[0], 2.5)

    def _bids(self) -> list[tuple[datetime, Decimal | None]]:
        """The bid in force, from when on."""
        steps = [(row["create_time"], row["bid_after"]) for row in self.told.bid_steps]
        opening = [(self.facts["ad_create_time"] or self.begins, self.facts["initial_bid"])]
        return [*opening, *steps] if steps or opening[0][1] is not None else []

    def _steps(
        self, axis: TimeAxis, heights: Heights, bids: Iterable[tuple[datetime, Decimal | None]]
    ) -> list[tuple[float, float]]:
        end = min(self.facts["window_end"] or self.ends, self.horizon)
        points = [
            (axis.x(at), heights.y(float(bid))) for at, bid in bids if bid is not None and at < end
        ]
        return [*_stairs(points), (axis.x(end), points[-1][1])] if points else []

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
                    sums[lane][_floor(at, step), look] += won.count
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


def _floor(at: datetime, step: timedelta) -> datetime:
    start = datetime.combine(at.date(), time())
    return start if step == DAY else start + (at - start) // step * step


def _stairs(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Steps that stay level until the next point."""
    found: list[tuple[float, float]] = []
    for point in points:
        if found and found[-1][1] != point[1]:
            found.append((point[0], found[-1][1]))
        if len(found) > 1 and found[-1][1] == found[-2][1] == point[1]:
            found[-1] = point
        else:
            found.append(point)
    return found


def _short(value: float, lang: Language) -> str:
    """A number for an axis: short, and exact where it is shown at all."""
    units = [(1e8, "亿"), (1e4, "万")] if lang == "zh" else [(1e9, "bn"), (1e6, "m"), (1e4, "k")]
    for size, unit in units:
        if value >= size:
            return f"{value / (1e3 if unit == 'k' else size):,.4g}{unit}"
    return f"{value:,.6g}"
