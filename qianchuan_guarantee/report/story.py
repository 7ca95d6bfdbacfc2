"""One plan's decision told in plain words: the answer first, why, and the rule in short.

Numbers come from the plan's row of facts and from its rulebook; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from qianchuan_guarantee.conditions import moment, yuan
from qianchuan_guarantee.explain import Explanation
from qianchuan_guarantee.vocabulary import REASONS, Language
from qianchuan_guarantee.wording.dossier import knows, say

Row = dict[str, Any]


class Story:
    """What is said of one plan at the head of its page."""

    def __init__(self, explanation: Explanation, lang: Language) -> None:
        self.decision, self.facts = explanation.decision, explanation.facts
        self.book, self.bids, self.lang = explanation.book, explanation.bids, lang
        name = self.facts["scenario"]
        self.scenario = self.book.scenarios.get(name) if name else None

    def _say(self, key: str, **words: object) -> str:
        return say(key, self.lang, **words)

    # --- The answer ---------------------------------------------------------------------------

    def lead(self) -> str:
        """The answer, and the first reason for it."""
        outcome, codes = self.decision["outcome"], self.decision["reasons"]
        lost = [code for code in codes if REASONS[code].kind == "invalid"]
        if outcome == "open":
            key = "lead_open_lost" if lost else "lead_open"
            return self._say(key, day=self.decision["settle_on"], why=self._because(lost))
        amount = f"{self.decision['amount']:,}"
        return self._say(f"lead_{outcome}", amount=amount, why=self._because(codes))

    def clauses(self) -> str:
        """The clauses that the answer rests on."""
        codes = self.decision["reasons"]
        found = [REASONS[code].clause for code in codes]
        if self.decision["outcome"] == "granted":
            assert self.scenario is not None
            found = [self.scenario.clause, self.book.grant.clause]
        found = [clause for clause in dict.fromkeys(found) if clause != "source"]
        return self._say("f_clause", clauses=", ".join(found)) if found else ""

    def _because(self, codes: Sequence[str]) -> str:
        return self._say("and").join(self.why(code) for code in codes)

    def why(self, code: str) -> str:
        """A reason with the numbers of this plan."""
        if not knows(f"y_{code}"):
            return REASONS[code].text(self.lang)
        facts, counted = self.facts, {"BID": "bid", "AUD": "targeting"}
        kind = counted.get(code[:3], "") if code != "AUD_BID_CHANGES" else "together"
        name = "edits_together" if kind == "together" else f"{kind}_edits"
        words: Row = {
            "n": facts["conversions"],
            "required": facts["conversions_required"],
            "limit": self._percent(),
            "percent": self._over_or_under(),
            "from_": self.book.in_force.from_,
            "unit": facts["unit_yuan"],
            "paused_at": moment(facts["left_paused_at"]) if facts["left_paused_at"] else None,
        }
        if code.endswith("_CHANGES"):
            words["on"] = self._say(f"on_{facts['edit_limit_period']}")
            words |= {"n": int(facts[f"max_daily_{name}"]), "limit": facts[f"{name}_at_most"]}
        return self._say(f"y_{code}", **words)

    def _percent(self) -> str:
        return "" if self.scenario is None else f"{self.scenario.overcost.percent.normalize():f}"

    def _over(self) -> str:
        """How far the cost is over what it is held against, in percent: rounded down, so that
        less than a limit never reads as the limit."""
        cost, base = self.facts["cost"], self.facts["overcost_base_yuan"]
        if not base or cost is None:
            return "–"
        percent = ((cost / base - 1) * 100).quantize(Decimal("0.1"), ROUND_FLOOR)
        return self._say("percent", n=f"{percent:,}".replace("-", "\N{MINUS SIGN}"))

    def _over_or_under(self) -> str:
        share = self._over()
        is_under = share.startswith("\N{MINUS SIGN}")
        return self._say(
            "under_by" if is_under else "over_by", percent=share.lstrip("\N{MINUS SIGN}")
        )

    # --- What happened ------------------------------------------------------------------------

    def paragraphs(self) -> list[str]:
        """What happened, and what follows from it, in a few sentences each."""
        happened = [*self._when(), *self._cost(), *self._late()]
        follows = [*self._needed(), *self._grant()]
        return [self._say("stop").join(told) for told in (happened, follows) if told]

    def _when(self) -> list[str]:
        facts = self.facts
        if facts["first_delivery_at"] is None:
            if facts["tentative_at"] is None:
                return []
            return [self._say("f_likely", first=moment(facts["tentative_at"]))]
        if self.decision["outcome"] == "not_covered":
            return []
        is_running = facts["midnight"] < facts["window_end"]
        key = "f_first_open" if is_running else "f_first"
        words = {"first": moment(facts["first_delivery_at"])}
        return [self._say(key, window_end=moment(facts["window_end"]), **words)]

    def _cost(self) -> list[str]:
        facts = self.facts
        if facts["cost"] is None:
            return []
        told = []
        bids = [row["bid"] for row in self.bids if row["bid"] is not None]
        if len(set(bids)) > 1:
            told.append(self._say("f_bids", low=yuan(min(bids)), high=yuan(max(bids))))
        elif bids or facts["bid_at_end"]:
            told.append(self._say("f_bid", bid=yuan(bids[0] if bids else facts["bid_at_end"])))
        cost = yuan(facts["cost"])
        if facts["conversions"] == 0:
            return [*told, self._say("f_cost_none", cost=cost)]
        if facts["target_cost"] is None:
            return [*told, self._say("f_cost_unpriced", cost=cost)]
        n, target = self._count(facts["conversions"]), yuan(facts["target_cost"])
        over = self._over_or_under()
        told.append(self._say("f_cost", cost=cost, n=n, target=target, over=over))
        return told + self._at_pause()

    def _at_pause(self) -> list[str]:
        """What stood at the pause that a managed plan was left at."""
        facts = self.facts
        needed = ("left_paused_at", "conversions_at_pause", "line_at_pause", "conversions_required")
        is_asked = facts["asks_pause"] and facts["pause"] != "ignore"
        if not is_asked or any(facts[name] is None for name in needed):
            return []
        words = {"cost": yuan(facts["cost_at_pause"]), "line": yuan(facts["line_at_pause"])}
        n, required = facts["conversions_at_pause"], facts["conversions_required"]
        at = moment(facts["left_paused_at"])
        return [self._say("f_pause", at=at, n=n, required=required, **words)]

    def _count(self, n: int) -> str:
        return self._say("conversion" if n == 1 else "conversions", n=f"{n:,}")

    def _needed(self) -> list[str]:
        facts = self.facts
        if facts["cost"] is None or facts["conversions_required"] is None:
            return []
        key = "f_needed" if facts["overcost_boundary"] == "inclusive" else "f_needed_above"
        told = [self._say(key, limit=self._percent(), required=facts["conversions_required"])]
        if facts["meets_overcost"] and facts["meets_conversions"]:
            told += self._both()
        return told

    def _both(self) -> list[str]:
        """What follows from both conditions being met."""
        outcome, payable = self.decision["outcome"], self.facts["payable"]
        if outcome == "granted":
            return [self._say("f_both")]
        if outcome == "invalid" and payable:
            return [self._say("f_both_lost", amount=yuan(payable))]
        return [self._say("f_both_open")] if outcome == "open" else []

    def _late(self) -> list[str]:
        late = self.decision["late_conversions"]
        if not late or self.facts["late_backflow"] == "included":
            return []
        received = self._say("f_late_after", cycle_end=moment(self.facts["cycle_end"]))
        return [self._say("f_late", late=self._count(late), received=received)]

    def _grant(self) -> list[str]:
        if self.decision["outcome"] != "granted":
            return []
        facts, amount = self.facts, self.decision["amount"]
        rounded = "" if facts["excess"] == amount else self._say("f_rounded", amount=yuan(amount))
        words = {name: yuan(facts[f"{name}"]) for name in ("cost", "excess")}
        target = yuan(facts["target_cost"])
        return [self._say("f_grant", target=target, rounded=rounded, **words), self._say("f_what")]

    # --- The numbers that decide --------------------------------------------------------------

    def tiles(self) -> list[tuple[str, str, str, bool | None]]:
        """Name, number, what is asked of it, and whether it is met."""
        facts = self.facts
        if facts["cost"] is None:
            return []
        unknown = self._say("unknown")
        target, won = facts["target_cost"], facts["conversions"]
        above = facts["overcost_boundary"] == "exclusive"
        asked = self._say("n_needs_above" if above else "n_needs_percent", n=self._percent())
        required = facts["conversions_required"]

        def met(name: str) -> bool | None:
            # While its days run, what is not met yet is not a no.
            return None if self.decision["outcome"] == "open" and not facts[name] else facts[name]

        return [
            (self._say("n_cost"), yuan(facts["cost"]), self._say("n_delivery"), None),
            (
                self._say("n_target"),
                unknown if target is None else yuan(target),
                self._say("n_should"),
                None,
            ),
            (self._say("n_over"), self._over(), asked, met("meets_overcost") if won else None),
            (
                self._say("n_conversions"),
                unknown if won is None else f"{won:,}",
                "" if required is None else self._say("n_needs", n=required),
                met("meets_conversions"),
            ),
        ]

    # --- The rule -----------------------------------------------------------------------------

    def rule(self) -> list[str]:
        """What this plan's scenario asks, number by number."""
        facts, scenario = self.facts, self.scenario
        if scenario is None:
            return []
        above = facts["overcost_boundary"] == "exclusive"
        told = [self._say("rule_over_above" if above else "rule_over", percent=self._percent())]
        told += [self._rule_count(), *self._rule_edits()]
        if facts["asks_lowering"]:
            told.append(self._say("rule_lowering"))
        if facts["asks_pause"] and facts["pause"] != "ignore":
            told.append(self._say("rule_pause"))
        return [*told, self._say("rule_honest")]

    def _rule_count(self) -> str:
        assert self.scenario is not None
        asked = self.scenario.conversions
        if asked.more_than is None:
            return self._say("rule_count", required=asked.at_least)
        prompted = asked.more_than.prompted
        words: Row = {
            "dividend": f"{prompted.dividend_yuan.normalize():,f}",
            "low": prompted.at_least,
            "high": prompted.at_most,
            "prompted": self.facts["conversions_prompted"],
            "required": self.facts["conversions_required"],
        }
        unknown = words["prompted"] is None
        return self._say("rule_prompted_unknown" if unknown else "rule_prompted", **words)

    def _rule_edits(self) -> list[str]:
        facts = self.facts
        period = self._say(f"rule_{facts['edit_limit_period']}")
        names = ("bid", "targeting", "together")
        columns = ("bid_edits_at_most", "targeting_edits_at_most", "edits_together_at_most")
        limits = {name: facts[column] for name, column in zip(names, columns, strict=True)}
        if facts["is_summed"]:
            return [self._say("rule_edits_together", period=period, **limits)]
        if limits["bid"] is not None and limits["bid"] == limits["targeting"]:
            return [self._say("rule_edits_same", period=period, **limits)]
        if limits["bid"] is not None and limits["targeting"] is not None:
            return [self._say("rule_edits_each", period=period, **limits)]
        if limits["targeting"] is not None:
            return [self._say("rule_edits_targeting", period=period, **limits)]
        return []

    def rule_days(self) -> str:
        days = self.book.cycle.backflow_days
        backflow = self._say("day_one") if days == 1 else self._say("days_many", n=days)
        return self._say("rule_days", more=self.book.window.natural_days - 1, backflow=backflow)
