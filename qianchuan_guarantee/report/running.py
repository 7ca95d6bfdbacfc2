"""Running sums of one plan, drawn: its cost against what its conversions should have cost."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import accumulate, groupby, pairwise

from qianchuan_guarantee.conditions import yuan
from qianchuan_guarantee.history import Won
from qianchuan_guarantee.report.drawing import Drawing, Heights, TimeAxis, apart, wide
from qianchuan_guarantee.report.timeline import DAY, HOUR, Timeline, floor, short

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


class Running(Timeline):
    """What stood at each hour: cost, conversions, and the line they are held against."""

    def sums(self) -> list[Sums]:
        """Cost, conversions and line from first delivery on, hour by hour; the last are those of
        the decision."""
        if self.first is None or self.facts["cost"] is None:
            return []
        end = min(self.facts["window_end"], self.horizon)
        step = DAY if self.is_daily or end - self.first > _LONG * DAY else HOUR
        at, instants = floor(self.first, step) + step, [self.first]
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
        return drawing.svg(), short(high, self.lang) if most > high else None

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
