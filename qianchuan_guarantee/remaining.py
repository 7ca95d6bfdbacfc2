"""What still has to happen to a plan whose days run: by when, and how it stands so far.

Every number is a fact of the plan or a parameter of its rulebook; nothing is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext

from qianchuan_guarantee.conditions import Conditions, Known, Step, yuan
from qianchuan_guarantee.rulebook import Rulebook
from qianchuan_guarantee.vocabulary import CHEATING, REASONS, Language, reasons_of

_DIGITS = 100  # more than a product of amounts and ratios can have: nothing is rounded


@dataclass(frozen=True)
class Remaining:
    """What is left to happen. `reasons`, `amount` (yuan): how the plan would be settled if
    nothing more came in; no reason: granted. `window_end`, `cycle_end`: not included."""

    settles_on: date
    window_end: datetime
    cycle_end: datetime
    reasons: list[str]
    amount: Decimal | None
    summary: list[str]
    steps: list[Step]


def remaining(known: Known, book: Rulebook, lang: Language) -> Remaining | None:
    """What is left to happen to an open plan; None where its days do not run."""
    if known.decision["outcome"] != "open":
        return None
    with localcontext() as exact:
        exact.prec = _DIGITS
        return _Writer(known, book, lang).all()


class _Writer(Conditions):
    """What is left to happen to one open plan."""

    def all(self) -> Remaining:
        reasons = self._reasons()
        payable = self.facts["payable"]
        return Remaining(
            settles_on=self.decision["settle_on"],
            window_end=self.window_end,
            cycle_end=self.cycle_end,
            reasons=reasons,
            amount=payable if not reasons else Decimal("0.00"),
            summary=self._summary(reasons, payable),
            steps=[*self._trusted(), *self._cheating(), *self.steps()],
        )

    def _reasons(self) -> list[str]:
        """The codes with which it would be settled on what is known."""
        standing = list(self.decision["reasons"])
        ended = [code for code in reasons_of("ended") if self.facts.get(f"has_{code}")]
        if not standing and not ended and self._is_small():
            ended = ["CURRENCY_PRECISION"]
        return standing + ended

    def _is_small(self) -> bool:
        payable = self.facts["payable"]
        return payable is not None and payable < self.facts["unit_yuan"]

    def _summary(self, reasons: list[str], payable: Decimal | None) -> list[str]:
        key = "l_settles_over" if self.is_over else "l_settles"
        lines = [self._say(key, day=self.decision["settle_on"])]
        if self.known.has_partitions:
            last = self.cycle_end.date() - timedelta(days=1)
            lines.append(self._say("l_settles_logs", last=last))
        if any(REASONS[code].kind == "invalid" for code in reasons):
            lines.append(self._say("l_lost"))
        words = "；" if self.lang == "zh" else "; "
        told = words.join(REASONS[code].text(self.lang) for code in reasons)
        if any(REASONS[code].kind == "held" for code in reasons):
            lines.append(self._say("l_stands_held", reasons=told))
        elif reasons:
            lines.append(self._say("l_stands_not", reasons=told))
        elif payable is not None:
            lines.append(self._say("l_stands_granted", amount=yuan(payable)))
        return lines

    def _trusted(self) -> list[Step]:
        held = [code for code in self.decision["reasons"] if REASONS[code].kind == "held"]
        return [
            Step(
                "trusted",
                REASONS[code].clause,
                "unknown",
                self._say(
                    "l_trusted",
                    reason=REASONS[code].text(self.lang),
                    advice=REASONS[code].advice(self.lang),
                ),
                {"reason": code},
            )
            for code in held
        ]

    def _cheating(self) -> list[Step]:
        found = [code for code in self.decision["reasons"] if code in CHEATING]
        sentence = self._say("l_cheating_lost")
        return [
            Step("cheating", REASONS[code].clause, "lost", sentence, {"reason": code})
            for code in found
        ]
