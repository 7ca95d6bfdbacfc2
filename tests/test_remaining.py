"""What an open plan is told still has to happen: followed to the letter, it comes as said.

Open plans at the edges of every clause are decided and told; then each of them is copied with
exactly what it was told (by the last second, to the last 0.00001 yuan), and once more with one
less, one more or a second too late, and all copies are settled in one call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from qianchuan_guarantee.conditions import Known, Step
from qianchuan_guarantee.remaining import Remaining, remaining
from qianchuan_guarantee.vocabulary import REASONS
from tests.conftest import BOOKS, by_plan, decide_folder, decided
from tests.lattice import COLUMNS, KINDS, write_table

TODAY = date(2022, 10, 10)
SETTLED = date(2022, 10, 20)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
LEAST = Decimal("0.00001")
(BOOK,) = BOOKS
READINGS: list[dict[str, str]] = [
    {},
    {
        "overcost_boundary": "exclusive",
        "conversion_clock": "converted",
        "edit_limit_period": "window",
        "lowering": "net",
        "overcost_base": "bid_at_end",
    },
    {"edit_limit_scope": "summed", "overcost_base": "initial", "pause": "any_pause"},
]
CODES = {
    "bid_edits": "BID_CHANGES",
    "targeting_edits": "AUD_CHANGES",
    "edits_together": "AUD_BID_CHANGES",
}


@dataclass(frozen=True)
class Plan:
    """A plan's rows, without its id. won: billed, converted, received. done: when, what, old,
    new."""

    kind: str
    bid: Decimal
    spent: list[tuple[datetime, Decimal]] = field(default_factory=list)
    won: list[tuple[datetime, datetime, datetime]] = field(default_factory=list)
    done: list[tuple[datetime, str, str, str]] = field(default_factory=list)

    def with_(self, **more: list[Any]) -> Plan:
        return replace(self, **{name: getattr(self, name) + rows for name, rows in more.items()})


def midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def write(folder: Path, plans: dict[int, Plan]) -> Path:
    tables: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for ad_id, plan in plans.items():
        lab, scene = KINDS[plan.kind]
        tables["plans"].append((ad_id, 7, lab, scene, "SMART_BID_CUSTOM", ""))
        tables["delivery"] += [(ad_id, at, f"{cost:f}", 1, 0, "") for at, cost in plan.spent]
        tables["conversions"] += [
            (f"{ad_id}-{n}", ad_id, *times, "true") for n, times in enumerate(plan.won)
        ]
        made = (midnight(date(2022, 10, 1)), "create", "", str(plan.bid))
        tables["operations"] += [
            (f"{ad_id}-{n:03}", ad_id, *row, "") for n, row in enumerate([made, *plan.done])
        ]
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        write_table(folder, name, rows)
    return folder


def draw(r: Random) -> Plan:
    """An open plan near the edges: at, just over or just under each of them."""
    kind = r.choice(["managed", "managed", "feed", "search"])
    bid = r.choice([Decimal(n) for n in ("400.00", "333.34", "500", "30", "0.03", "17.51")])
    first = midnight(TODAY - r.choice([1, 2, 3, 3, 4, 4]) * DAY) + r.choice([0, 9, 23]) * SECOND
    now = midnight(TODAY)
    edits, price, prices = [], bid, [(first, bid)]
    for _ in range(r.choice([0, 0, 1, 2])):
        at = first + r.random() * (now - first)
        at = at.replace(microsecond=0)
        edits.append((at, "bid"))
    edits += [(first + n * SECOND, "targeting") for n in range(r.choice([0, 0, 1, 2, 3]))]
    done = []
    for at, what in sorted(edits):
        if what == "targeting":
            done.append((at, what, "", ""))
            continue
        new = price + r.choice([0, 0, 1, 5] if kind == "managed" else [0, 1, 5, -Decimal("0.01")])
        done.append((at, what, str(price), str(new)))
        price = new
        prices.append((at, price))
    required = {"feed": 6, "search": 2}.get(kind, 13 if bid == 400 else 11)
    count = max(0, required + r.choice([-required, -2, -1, 0, 0, 1]))
    target, won = Decimal(0), []
    for n in range(count):
        billed = first + n * SECOND
        target += next(b for at, b in reversed(prices) if at <= billed)
        won.append((billed, billed, billed))
    near = [Decimal(0), -LEAST, LEAST, Decimal("0.01"), bid, 5 * bid, -bid / 2]
    cost = max(LEAST, (target * Decimal("1.2") + r.choice(near)).quantize(LEAST))
    if r.random() < 0.3:
        at = first + timedelta(hours=1)
        done.append((at, "pause", "", ""))
        if r.random() < 0.3:
            done.append((at + SECOND, "enable", "", ""))
    return Plan(kind, bid, [(first, cost)], won, sorted(done, key=lambda row: row[0]))


@dataclass(frozen=True)
class Try:
    """A copy of a plan with something added, and what must come of it."""

    name: str
    plan: Plan
    is_right: Callable[[dict[str, Any]], bool]


def has(code: str) -> Callable[[dict[str, Any]], bool]:
    return lambda row: code in row["reasons"]


def lacks(code: str) -> Callable[[dict[str, Any]], bool]:
    return lambda row: code not in row["reasons"]


class Follow:
    """One open plan and what it was told."""

    def __init__(self, plan: Plan, told: Remaining, readings: dict[str, str]) -> None:
        self.plan, self.told, self.readings = plan, told, readings
        self.steps = {step.name: step for step in told.steps}
        self.end, self.last = told.window_end, told.cycle_end - SECOND
        self.is_over = midnight(TODAY) >= self.end
        self.price = self.steps["overcost"].numbers["bid"]

    def tries(self) -> Iterator[Try]:
        yield Try("nothing", self.plan, self._as_it_stands)
        yield from self._conversions(self.steps["conversions"])
        yield from self._overcost(self.steps["overcost"])
        for name, code in CODES.items():
            if name in self.steps:
                yield from self._edits(self.steps[name], code)
        if "bid_not_lowered" in self.steps:
            yield from self._lowering(self.steps["bid_not_lowered"])
        if "pause" in self.steps:
            yield from self._pause(self.steps["pause"])

    def _as_it_stands(self, row: dict[str, Any]) -> bool:
        return row["reasons"] == self.told.reasons and row["amount"] == self.told.amount

    def win(self, count: int) -> list[tuple[datetime, datetime, datetime]]:
        """Conversions won at the last second, and received at the last one."""
        return [(self.end - SECOND, self.end - SECOND, self.last)] * count

    def spend(self, cost: Decimal) -> list[tuple[datetime, Decimal]]:
        """Delivered at the last second before the window's end."""
        return [(self.end - SECOND, cost)] if cost else []

    def edit(self, what: str, at: datetime, count: int) -> list[tuple[datetime, str, str, str]]:
        now = next((row[3] for row in reversed(self.plan.done) if row[1] == "bid"), None)
        price = now or str(self.plan.bid)
        values = (price, price) if what == "bid" else ("", "")
        return [(at, what, *values)] * count

    def _conversions(self, step: Step) -> Iterator[Try]:
        short = step.numbers["short"]
        if step.state == "met":
            assert short == 0
            yield Try("enough", self.plan, lacks("CONVERT_UNDER_THRESHOLD"))
            return
        few, end = has("CONVERT_UNDER_THRESHOLD"), self.end
        assert step.numbers["billed_before"] == end
        assert step.numbers["received_before"] == self.last + SECOND
        add = self.win(short)
        yield Try("just enough", self.plan.with_(won=add), lacks("CONVERT_UNDER_THRESHOLD"))
        none = short == step.numbers["required"]
        if not (none and short == 1):
            zero = has("CONVERT_ZERO_OR_COST") if none else few
            fewer = few if short > 1 or not none else zero
            yield Try("one less", self.plan.with_(won=add[1:]), fewer)
            late = (end - SECOND, end - SECOND, self.last + SECOND)
            yield Try("received late", self.plan.with_(won=[*add[1:], late]), fewer)
            yield Try("billed late", self.plan.with_(won=[*add[1:], (end, end, end)]), fewer)
            if self.readings.get("conversion_clock") == "converted":
                late = (end - SECOND, end, end)
                yield Try("converted late", self.plan.with_(won=[*add[1:], late]), fewer)

    def _overcost(self, step: Step) -> Iterator[Try]:
        numbers, plan = step.numbers, self.plan
        missing = numbers["at_conversions"] - len(plan.won)
        there = plan.with_(won=self.win(missing))
        least = numbers["least"]
        added = there.with_(spent=self.spend(least))
        yield Try("just over", added, lacks("UN_OBERCOST"))
        if least:
            less = there.with_(spent=self.spend(least - LEAST))
            yield Try("0.00001 less", less, has("UN_OBERCOST"))
            outside = there.with_(spent=[(self.end, least)])
            yield Try("spent late", outside, has("UN_OBERCOST"))
        else:
            ends = numbers["ends_with"]
            yield Try("ends", plan.with_(won=self.win(ends)), has("UN_OBERCOST"))
            if ends + len(plan.won) > 1:
                still = plan.with_(won=self.win(ends - 1))
                yield Try("nearly ends", still, lacks("UN_OBERCOST"))

    def _edits(self, step: Step, code: str) -> Iterator[Try]:
        what = "bid" if step.name == "bid_edits" else "targeting"
        today, left = midnight(TODAY), step.numbers["left"]
        if step.state == "lost":
            yield Try("lost", self.plan, has(code))
            return
        if step.state == "met":
            edits = self.edit(what, today, step.numbers["limit"] + 1)
            yield Try("edits no longer matter", self.plan.with_(done=edits), lacks(code))
            return
        assert step.numbers["before"] == self.end
        for at in (today, self.end - SECOND):
            allowed, broken = (self.edit(what, at, n) for n in (left, left + 1))
            yield Try(f"{what} edits allowed", self.plan.with_(done=allowed), lacks(code))
            yield Try(f"{what} edits, one more", self.plan.with_(done=broken), has(code))
        late = self.plan.with_(done=self.edit(what, self.end, left + 1))
        yield Try(f"{what} edits too late to matter", late, lacks(code))

    def _lowering(self, step: Step) -> Iterator[Try]:
        code, now = "BID_LOWERED", step.numbers["bid"]
        if step.state == "lost":
            yield Try("lowered", self.plan, has(code))
            return
        if step.state == "met":
            yield Try("not lowered", self.plan, lacks(code))
            return
        below = step.numbers.get("highest", now) - Decimal("0.01")
        for name, at, new, answer in (
            ("lower", self.end - SECOND, below, has(code)),
            ("raise", self.end - SECOND, now + 1, lacks(code)),
            ("same", self.end - SECOND, below + Decimal("0.01"), lacks(code)),
        ):
            row = (at, "bid", str(now), str(new))
            yield Try(name, self.plan.with_(done=[row]), answer)
        if below + Decimal("0.01") == now:
            row = (self.end, "bid", str(now), str(below))
            yield Try("lower too late to matter", self.plan.with_(done=[row]), lacks(code))

    def _pause(self, step: Step) -> Iterator[Try]:
        code, last = "PAUSED_BEFORE_MET", self.end - SECOND
        met = {self.steps[name].state for name in ("conversions", "overcost")} == {"met"}
        if step.numbers["paused_at"] is None and step.state == "kept" and self.plan.won:
            left = self.plan.with_(done=[(last, "pause", "", "")])
            yield Try("pause", left, lacks(code) if met else self._unless_any_pause(code))
            back = left.with_(done=[(last, "enable", "", "")])
            yield Try("pause and resume", back, lacks(code))
        elif step.state == "met":
            yield Try("pause is met", self.plan, lacks(code))
        elif step.state == "needed" and self.plan.won:
            yield Try("left paused", self.plan, has(code))
            for at, answer in ((last, lacks(code)), (self.end, has(code))):
                if not self.is_over:
                    back = self.plan.with_(done=[(at, "enable", "", "")])
                    yield Try(f"resume {at}", back, answer)

    def _unless_any_pause(self, code: str) -> Callable[[dict[str, Any]], bool]:
        """Under `any_pause` an earlier pause may have preserved the guarantee."""
        return (lambda row: True) if "pause" in self.readings else has(code)


def told(folder: Path, readings: dict[str, str]) -> dict[int, Remaining]:
    """What each open plan is told."""
    found = {}
    with decided(folder, TODAY, readings) as answer:
        engine, stages = answer.engine, answer.stages
        decisions = by_plan(engine.arrow(answer.decisions).to_pylist())
        steps = engine.arrow(stages["bid_steps"]).to_pylist()
        for facts in engine.arrow(stages["facts"]).to_pylist():
            mine = [step for step in steps if step["ad_id"] == facts["ad_id"]]
            known = Known(decisions[facts["ad_id"]], facts, mine, True, False)
            english, chinese = (remaining(known, BOOK, lang) for lang in ("en", "zh"))
            assert english
            assert chinese
            assert [s.numbers for s in english.steps] == [s.numbers for s in chinese.steps]
            found[facts["ad_id"]] = english
    return found


@pytest.mark.parametrize("readings", READINGS, ids=["as read", "otherwise", "summed"])
def test_advice_that_is_followed_comes_as_said(readings: dict[str, str], tmp_path: Path) -> None:
    r = Random(5)
    plans = {1000 + n: draw(r) for n in range(120)}
    said = told(write(tmp_path / "open", plans), readings)
    tries: dict[int, tuple[int, Try]] = {}
    for ad_id, plan in plans.items():
        for one in Follow(plan, said[ad_id], readings).tries():
            tries[100_000 + len(tries)] = ad_id, one
    copies = write(tmp_path / "settled", {new: one.plan for new, (_, one) in tries.items()})
    rows, _ = decide_folder(copies, SETTLED, readings)
    settled = by_plan(rows)
    wrong = [
        (ad_id, one.name, settled[new]["reasons"], plans[ad_id], said[ad_id])
        for new, (ad_id, one) in tries.items()
        if not one.is_right(settled[new])
    ]
    assert not wrong, f"{len(wrong)} of {len(tries)}, as {wrong[0]}"
    names = {one.name for _, one in tries.values()}
    assert len(tries) > 1000
    assert {"ends", "0.00001 less", "received late", "billed late", "lower", "pause"} <= names
    assert not {code for row in rows for code in row["reasons"] if REASONS[code].kind == "held"}
