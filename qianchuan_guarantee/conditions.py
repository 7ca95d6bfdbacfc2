"""The clauses that the days of an open plan can still decide: how much is missing, and by when.

Every number is a fact of the plan or a parameter of its rulebook; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Literal

from qianchuan_guarantee.rulebook import Rulebook, Scenario
from qianchuan_guarantee.tables import DELIVERY
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say

Row = dict[str, Any]
State = Literal["needed", "kept", "met", "lost", "unknown"]

# The least that a cost can differ by, yuan.
_LEAST = Decimal(1).scaleb(-next(c.scale for c in DELIVERY.columns if c.name == "stat_cost"))


@dataclass(frozen=True)
class Step:
    """What one clause still asks of an open plan, or still forbids.

    state: `needed` (something must happen), `kept` (a limit that can still be broken), `met`,
    `lost` (for good), `unknown`. numbers: those of the sentence, exact: yuan, counts, and
    instants that things must happen before.
    """

    name: str
    clause: str
    state: State
    sentence: str
    numbers: Row = field(default_factory=dict)


@dataclass(frozen=True)
class Known:
    """What is known of an open plan: its decision, facts and bid steps, and how the logs came."""

    decision: Row
    facts: Row
    bid_steps: Sequence[Row]
    has_conversions: bool
    has_partitions: bool


def moment(instant: datetime) -> str:
    """An instant as people say it, `10-05 00:00`; with seconds where it has any."""
    seconds = "" if instant.second == instant.microsecond == 0 else f":{instant:%S}"
    micros = f".{instant:%f}".rstrip("0") if instant.microsecond else ""
    return f"{instant:%m-%d %H:%M}{seconds}{micros}"


def yuan(amount: Decimal) -> str:
    """Exact, to the cent or finer where there is something finer."""
    whole, _, decimals = f"{amount:,f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


class Conditions:
    """The steps of one open plan, clause by clause."""

    def __init__(self, known: Known, book: Rulebook, lang: Language) -> None:
        self.known, self.lang = known, lang
        self.decision, self.facts = known.decision, known.facts
        self.window_end: datetime = self.facts["window_end"]
        self.cycle_end: datetime = self.facts["cycle_end"]
        self.is_over = self.facts["midnight"] >= self.window_end
        self.scenario: Scenario | None = (
            book.scenarios.get(self.facts["scenario"]) if self.facts["scenario"] else None
        )

    def steps(self) -> list[Step]:
        """What each clause asks or forbids; what is lost comes first, as nothing brings it back."""
        if self.scenario is None or not self.facts["is_judged"]:
            return []
        steps = [self._conversions(), self._overcost(), *self._edits()]
        steps += [*self._lowering(), *self._pause()]
        return sorted(steps, key=lambda step: step.state != "lost")

    def _say(self, key: str, **words: object) -> str:
        instants = {"window_end": moment(self.window_end), "cycle_end": moment(self.cycle_end)}
        return say(key, self.lang, **instants, **words)

    def _count(self, what: str, n: int) -> str:
        return say(f"l_{what}" if n == 1 else f"l_{what}s", self.lang, n=n)

    def _and(self, *sentences: str) -> str:
        return ("" if self.lang == "zh" else " ").join(sentences)

    def _conversions(self) -> Step:
        assert self.scenario is not None
        clause = self.scenario.conversions.clause
        won, required = self.facts["conversions"], self.facts["conversions_required"]
        if won is None or required is None:
            return Step("conversions", clause, "unknown", self._say("l_won_unknown"))
        short = max(0, required - won)
        numbers = {"conversions": won, "required": required, "short": short}
        if not short:
            sentence = self._say("l_won_met", n=won, required=required)
            return Step("conversions", clause, "met", sentence, numbers)
        key = "l_won_needed"
        if not self.known.has_conversions:
            key = "l_won_needed_slices"
        elif self.facts["conversion_clock"] == "converted":
            key = "l_won_needed_converted"
        more = self._count("more_conversion", short)
        sentence = self._say(key, more=more, n=won, required=required)
        if self.known.has_conversions and self.facts["late_backflow"] == "included":
            sentence = self._and(sentence, self._say("l_won_late"))
        before = {"billed_before": self.window_end, "received_before": self.cycle_end}
        return Step("conversions", clause, "needed", sentence, numbers | before)

    def _overcost(self) -> Step:
        """二: the line rises with every conversion, so it is told at the count that is needed."""
        assert self.scenario is not None
        clause, facts = self.scenario.overcost.clause, self.facts
        cost, line, won = facts["cost"], facts["overcost_line"], facts["conversions"]
        if cost is None or line is None:
            return Step("overcost", clause, "unknown", self._say("l_over_unknown"))
        price = self._price()
        rise = None if price is None else facts["overcost_ratio"] * price
        missing = max(0, (facts["conversions_required"] or 0) - won)
        numbers = {"cost": cost, "line": line.normalize(), "bid": price, "ends_with": None}
        short = self._least(cost, line)
        told = [self._overcost_now(short)]
        if rise is None:
            numbers["least"] = None if missing else short
            told.append(self._say("l_over_bid_unknown"))
            return Step("overcost", clause, "unknown", self._and(*told), numbers)
        at_required = line + missing * rise
        least = self._least(cost, at_required)
        numbers |= {"at_conversions": won + missing, "line_there": at_required.normalize()}
        numbers["least"] = least
        if missing:
            key = "l_over_reached"
            if least:
                key = "l_over_least_arrives" if self.is_over else "l_over_least"
            words = {"bid": price, "line": yuan(at_required), "least": yuan(least)}
            at = self._count("conversion", won + missing)
            told.append(self._say(key, conversions=at, **words))
        elif least:
            key = "l_over_least_arrives" if self.is_over else "l_over_least_now"
            told.append(self._say(key, least=yuan(least)))
        if not least:
            ends = self._ends_with(cost, line, rise)
            numbers["ends_with"] = ends
            more = self._count("more_conversion", ends)
            told.append(self._say("l_over_ends", more=more, bid=price, percent=self._percent()))
        return Step("overcost", clause, "needed" if least else "met", self._and(*told), numbers)

    def _overcost_now(self, short: Decimal) -> str:
        cost, line, won = (self.facts[k] for k in ("cost", "overcost_line", "conversions"))
        if not won:
            return self._say("l_over_none", cost=yuan(cost))
        words = {"cost": yuan(cost), "line": yuan(line), "percent": self._percent()}
        key = "l_over_short" if short else "l_over_met"
        conversions = self._count("conversion", won)
        return self._say(key, short=yuan(short), conversions=conversions, **words)

    def _price(self) -> Decimal | None:
        """What one more conversion adds to the base: the bid now in force, or the initial one
        where the reading measures by that."""
        name = "initial_bid" if self.facts["overcost_base"] == "initial" else "bid_at_end"
        price: Decimal | None = self.facts[name]
        return price

    def _percent(self) -> str:
        assert self.scenario is not None
        return f"{self.scenario.overcost.percent.normalize():f}"

    def _least(self, cost: Decimal, line: Decimal) -> Decimal:
        """The least cost to be added so that the line is reached, or passed where it must be."""
        if self.facts["overcost_boundary"] == "inclusive":
            return max(Decimal(0), (line - cost).quantize(_LEAST, ROUND_CEILING))
        return max(Decimal(0), (line - cost).quantize(_LEAST, ROUND_FLOOR) + _LEAST)

    def _ends_with(self, cost: Decimal, line: Decimal, rise: Decimal) -> int:
        """How many more conversions lift the line above the cost, if that stays as it is."""
        spare = cost - line
        whole = int(spare // rise)
        if self.facts["overcost_boundary"] == "exclusive" and whole * rise == spare:
            return whole
        return whole + 1

    def _edits(self) -> list[Step]:
        facts = self.facts
        names = {"bid": "bid_edits", "targeting": "targeting_edits"}
        if facts["is_summed"]:
            names = {"together": "edits_together"}
        return [
            self._edit_step(kind, name)
            for kind, name in names.items()
            if facts[f"{name}_at_most"] is not None
        ]

    def _edit_step(self, kind: str, name: str) -> Step:
        assert self.scenario is not None
        limit: int = self.facts[f"{name}_at_most"]
        most = int(self.facts[f"max_daily_{name}"])
        period = self.facts["edit_limit_period"]
        left = max(0, limit - most) if period == "window" else limit
        numbers: Row = {"most": most, "limit": limit, "left": None if self.is_over else left}
        state: State = "kept"
        if most > limit:
            state, key = "lost", f"l_edits_lost_{period}"
        elif self.is_over:
            state, key = "met", "l_edits_over"
        elif not left:
            key = "l_edits_none"
        elif period == "window":
            key = "l_edits_left"
        else:
            key = "l_edits_day"
        if state == "kept":
            numbers["before"] = self.window_end
        sentence = self._say(
            key,
            kind=self._say(f"l_kind_{kind}"),
            edits=self._count("edit", most if state == "lost" else left),
            limit=limit,
            today=f"{self.facts['midnight']:%m-%d}",
        )
        return Step(name, self.scenario.edits.clause, state, sentence, numbers)

    def _lowering(self) -> list[Step]:
        assert self.scenario is not None
        facts, rule = self.facts, self.scenario.bid_lowering
        if rule is None or not facts["asks_lowering"]:
            return []
        numbers: Row = {"bid": facts["bid_at_end"]}
        state: State = "kept"
        if facts["is_lowered"]:
            state, key = "lost", "l_lowering_lost"
        elif facts["is_lowered"] is False and self.is_over:
            state, key = "met", "l_lowering_over"
        elif facts["bid_at_end"] is None or self.is_over:
            state, key = "unknown", "l_lowering_unknown"
        elif facts["lowering"] == "net":
            key = "l_lowering_net"
            numbers["highest"] = self._highest()
        elif facts["is_lowered"] is None:
            state, key = "unknown", "l_lowering_unknown"
        else:
            key = "l_lowering_any"
        if state == "kept":
            numbers["before"] = self.window_end
        return [Step("bid_not_lowered", rule.clause, state, self._say(key, **numbers), numbers)]

    def _highest(self) -> Decimal | None:
        """The highest bid known in the window so far (lowering=net looks from its start on)."""
        first = self.facts["first_delivery_at"]
        seen = [self.facts["bid_at_first_delivery"], self.facts["bid_at_end"]]
        seen += [s["bid_after"] for s in self.known.bid_steps if s["create_time"] > first]
        return max((bid for bid in seen if bid is not None), default=None)

    def _pause(self) -> list[Step]:
        assert self.scenario is not None
        facts, rule = self.facts, self.scenario.pause
        if rule is None or not facts["asks_pause"] or facts["pause"] == "ignore":
            return []
        paused_at, line = facts["left_paused_at"], facts["line_at_pause"]
        numbers: Row = {}
        state: State = "kept"
        if paused_at is None:
            state, key = ("met", "l_pause_over") if self.is_over else ("kept", "l_pause_running")
        elif facts["was_met_at_pause"]:
            state, key = "met", "l_pause_met"
        elif facts["is_pause_unclear"]:
            state, key = "unknown", "l_pause_unknown"
        else:
            state, key = "needed", "l_pause_left" if self.is_over else "l_pause_resume"
            numbers = {
                "conversions": facts["conversions_at_pause"],
                "required": facts["conversions_required"],
                "cost": facts["cost_at_pause"],
                "line": None if line is None else line.normalize(),
            }
        numbers["paused_at"] = paused_at
        if not self.is_over and state != "met":
            numbers["before"] = self.window_end
        sentence = self._say(
            key,
            paused_at=None if paused_at is None else moment(paused_at),
            n=numbers.get("conversions"),
            required=numbers.get("required") or self._say("l_unknown_count"),
            cost=self._sum(numbers.get("cost")),
            line=self._sum(numbers.get("line")),
        )
        return [Step("pause", rule.clause, state, sentence, numbers)]

    def _sum(self, amount: Decimal | None) -> str:
        return self._say("l_unknown_sum") if amount is None else yuan(amount)
