"""The clauses of the rule put to one plan, in words: question, operands, comparison, margin.

Read from the plan's row of facts; nothing is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from qianchuan_guarantee.margins import Question
from qianchuan_guarantee.margins import margin as margin_of
from qianchuan_guarantee.rulebook import Rulebook, Scenario
from qianchuan_guarantee.vocabulary import REASONS, Language
from qianchuan_guarantee.wording import say

Row = dict[str, Any]
_EDITS: dict[str, Question] = {
    "bid": "bid_edits",
    "targeting": "targeting_edits",
    "together": "edits_together",
}


@dataclass(frozen=True)
class Clause:
    """One question of the rule put to one plan. `met`: None where it cannot be said.
    `reading`: the choices in use, as `id=choice`; `readings`: what each of them means. `name`: of
    the question, for programs."""

    clause: str
    question: str
    reading: str | None
    operands: dict[str, Any]
    comparison: str
    met: bool | None
    margin: str | None = None
    readings: dict[str, str] = field(default_factory=dict)
    name: str = ""


class Clauses:
    """The clauses of one plan, from its row of facts."""

    def __init__(
        self, decision: Row, facts: Row, book: Rulebook, troubles: list[str], lang: Language
    ) -> None:
        self.decision, self.facts, self.book, self.lang = decision, facts, book, lang
        self.troubles = troubles
        self.scenario: Scenario | None = (
            book.scenarios.get(facts["scenario"]) if facts["scenario"] else None
        )

    def all(self) -> list[Clause]:
        """Every clause that was asked, with its readings in words."""
        return [
            replace(clause, readings=self._in_words(clause.reading)) for clause in self._asked()
        ]

    def _asked(self) -> list[Clause]:
        clauses = [self._covered()]
        if self.decision["outcome"] == "not_covered":
            return clauses
        clauses += [self._first_delivery(), self._trusted(), self._cheating()]
        if self.scenario is None or self.decision["first_delivery_at"] is None:
            return clauses
        return [
            *clauses,
            self._overcost(),
            self._conversions(),
            *self._edits(),
            *self._lowered(),
            *self._pause(),
            self._amount(),
        ]

    def _q(self, key: str, **words: object) -> str:
        return say(key, self.lang, **words)

    def _reading(self, *ids: str) -> str:
        return ", ".join(f"{id_}={self.facts[id_]}" for id_ in ids)

    def _in_words(self, reading: str | None) -> dict[str, str]:
        words = {}
        for pair in reading.split(", ") if reading else ():
            id_, _, choice = pair.partition("=")
            chosen = self.book.readings[id_].choices[choice]
            words[pair] = chosen.zh if self.lang == "zh" else chosen.en
        return words

    def _reasons(self, kind: str) -> list[str]:
        return [code for code in self.decision["reasons"] if REASONS[code].kind == kind]

    def _covered(self) -> Clause:
        names = ("smart_bid_type", "lab_ad_type", "marketing_scene", "roi_goal", "scenario")
        operands = {name: self.facts[name] for name in names}
        operands["first_delivery_at"] = self.facts["first_delivery_at"]
        operands["rulebook_in_force_from"] = self.book.in_force.from_
        found = self._reasons("not_covered")
        return Clause(
            self.book.covers.clause,
            self._q("q_covered"),
            None,
            operands,
            self._q("cmp_covered", bid_type=self.book.covers.smart_bid_type),
            not found,
            ", ".join(found) or None,
            name="covered",
        )

    def _first_delivery(self) -> Clause:
        names = ("first_delivery_at", "window_start", "window_end", "cycle_end", "settle_on")
        operands = {name: self.decision[name] for name in names}
        operands["ad_create_time"] = self.facts["ad_create_time"]
        days = self.book.window.natural_days
        return Clause(
            self.book.window.clause,
            self._q("q_first_delivery"),
            None,
            operands,
            f"window = [first_delivery_at, day0 + {days} days)",
            self.decision["first_delivery_at"] is not None,
            name="first_delivery",
        )

    def _trusted(self) -> Clause:
        found = self._reasons("held")
        operands: dict[str, Any] = {"held_by": found}
        if found:
            operands["because"] = self.troubles
        return Clause(
            "四(四)",
            self._q("q_trusted"),
            None,
            operands,
            self._q("cmp_trusted"),
            not found,
            name="trusted",
        )

    def _cheating(self) -> Clause:
        source = self.facts["cheating_source"]
        return Clause(
            "四(一)",
            self._q("q_cheating"),
            None,
            {"verdict": source},
            self._q("cmp_cheating"),
            source is None,
            name="cheating",
        )

    def _overcost(self) -> Clause:
        facts = self.facts
        assert self.scenario is not None
        sign = "≥" if facts["overcost_boundary"] == "inclusive" else ">"
        cost, line = facts["cost"], facts["overcost_line"]
        margin = None
        if line is not None:
            difference = _trim(margin_of("overcost", facts))
            key = "m_on" if difference == 0 else "m_over" if difference > 0 else "m_under"
            margin = self._q(key, yuan=f"{abs(difference):f}")
        return Clause(
            self.scenario.overcost.clause,
            self._q("q_overcost"),
            self._reading("overcost_base", "overcost_boundary"),
            {
                "cost": cost,
                "target_cost": self.decision["target_cost"],
                "base": facts["overcost_base_yuan"],
                "ratio": _trim(facts["overcost_ratio"]),
                "line": None if line is None else _trim(line),
            },
            f"cost {sign} ratio × base",
            self.decision["meets_overcost"],
            margin,
            name="overcost",
        )

    def _conversions(self) -> Clause:
        decision = self.decision
        assert self.scenario is not None
        count, required = decision["conversions"], decision["conversions_required"]
        operands = {"conversions": count, "conversions_required": required}
        ids = ["conversion_clock", "late_backflow"]
        if self.scenario.conversions.more_than is not None:
            operands["conversions_prompted"] = decision["conversions_prompted"]
            operands["first_bid"] = decision["first_bid"]
            ids.append("first_bid")
        operands["late_conversions"] = decision["late_conversions"]
        margin = None
        if count is not None and required is not None:
            spare = margin_of("conversions", self.facts)
            key = "short" if spare < 0 else "spare" if spare > 0 else "just"
            margin = self._q(f"m_conversions_{key}", n=abs(spare))
        return Clause(
            self.scenario.conversions.clause,
            self._q("q_conversions"),
            self._reading(*ids),
            operands,
            "conversions ≥ conversions_required",
            decision["meets_conversions"],
            margin,
            name="conversions",
        )

    def _edits(self) -> list[Clause]:
        facts, decision = self.facts, self.decision
        if facts["is_summed"]:
            asked = [("together", facts["max_daily_edits_together"], decision["meets_bid_edits"])]
        else:
            asked = [
                (kind, decision[f"max_daily_{kind}_edits"], decision[f"meets_{kind}_edits"])
                for kind in ("bid", "targeting")
            ]
        return [
            self._edit_clause(kind, count, met) for kind, count, met in asked if met is not None
        ]

    def _edit_clause(self, kind: str, count: int, met: bool) -> Clause:
        assert self.scenario is not None
        column = "edits_together_at_most" if kind == "together" else f"{kind}_edits_at_most"
        limit = self.facts[column]
        left = margin_of(_EDITS[kind], self.facts)
        key = "over" if left < 0 else "left" if left > 0 else "none"
        return Clause(
            self.scenario.edits.clause,
            self._q("q_together" if kind == "together" else f"q_{kind}_edits"),
            self._reading("edit_limit_scope", "edit_limit_period", "edit_days_start", "edit_unit"),
            {"max_daily_edits": count, "at_most": limit},
            "max_daily_edits ≤ at_most",
            met,
            self._q(f"m_edits_{key}", n=abs(left)),
            name="edits_together" if kind == "together" else f"{kind}_edits",
        )

    def _lowered(self) -> list[Clause]:
        assert self.scenario is not None
        if self.scenario.bid_lowering is None or not self.facts["asks_lowering"]:
            return []
        facts = self.facts
        return [
            Clause(
                self.scenario.bid_lowering.clause,
                self._q("q_lowered"),
                self._reading("lowering"),
                {
                    "bid_at_first_delivery": facts["bid_at_first_delivery"],
                    "bid_at_end": facts["bid_at_end"],
                    "is_lowered": facts["is_lowered"],
                },
                self._q("cmp_lowered"),
                self.decision["meets_bid_not_lowered"],
                name="bid_not_lowered",
            )
        ]

    def _pause(self) -> list[Clause]:
        assert self.scenario is not None
        if self.scenario.pause is None or self.decision["meets_pause"] is None:
            return []
        facts, line = self.facts, self.facts["line_at_pause"]
        operands = {"paused_at": self.decision["paused_at"]}
        if operands["paused_at"] is not None:
            operands |= {
                "cost_at_pause": facts["cost_at_pause"],
                "line_at_pause": None if line is None else _trim(line),
                "conversions_at_pause": facts["conversions_at_pause"],
                "conversions_required": facts["conversions_required"],
            }
        return [
            Clause(
                self.scenario.pause.clause,
                self._q("q_pause"),
                self._reading("pause", "overcost_at_settlement"),
                operands,
                self._q("cmp_pause"),
                self.decision["meets_pause"],
                name="pause",
            )
        ]

    def _amount(self) -> Clause:
        facts, amount = self.facts, self.decision["amount"]
        return Clause(
            self.book.grant.clause,
            self._q("q_amount"),
            self._reading("rounding"),
            {
                "cost": facts["cost"],
                "target_cost": self.decision["target_cost"],
                "excess": facts["excess"],
                "amount": amount,
            },
            self._q("cmp_amount"),
            self.decision["outcome"] == "granted",
            self._q("m_cent", yuan=f"{amount:f}") if amount else None,
            name="amount",
        )


def _trim(value: Decimal) -> Decimal:
    """Without zeros at the end, but never with an exponent, and with at least two decimals."""
    text = f"{value:f}".rstrip("0")
    decimals = len(text.partition(".")[2])
    return Decimal(text + ("." if "." not in text else "") + "0" * max(0, 2 - decimals))
