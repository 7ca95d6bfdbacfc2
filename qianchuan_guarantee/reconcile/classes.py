"""Every plan that either side knows, in exactly one class; and the money of each class.

三(二): a grant is due on the day that the cycle is settled; it is overdue from the next day on.
Nothing may be lost by a longer review, so what is overdue is not denied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from qianchuan_guarantee.errors import InvariantError

if TYPE_CHECKING:
    from qianchuan_guarantee.reconcile.causes import Cause

ZERO = Decimal("0.00")
# In the order in which they are told: what costs an advertiser money first.
CLASSES = (
    *("paid_less", "denied", "overdue", "not_yet", "paid_more", "paid_unexpected"),
    *("status_differs", "only_here", "only_there", "agree"),
)
_REFUSING = ("ENDED", "INVALID", "DEFAULT")


@dataclass(frozen=True)
class Facts:
    """What our logs say of a plan, as its decision has it; yuan."""

    first_delivery_at: datetime | None
    window_end: datetime | None
    cost: Decimal | None
    target_cost: Decimal | None
    conversions: int | None
    conversions_required: int | None


@dataclass(frozen=True)
class Ours:
    """Our side of a plan. amount: what we grant (of a store: what was issued, or is decided and
    waits for review), yuan. `is_waiting`: decided in our favour, and not issued by our own review
    yet. `facts`: null of a store."""

    ad_id: int
    advertiser_id: int | None
    outcome: str
    status: str
    reasons: tuple[str, ...]
    amount: Decimal
    settle_on: date | None
    is_waiting: bool = False
    facts: Facts | None = None

    @property
    def is_yes(self) -> bool:
        return self.amount > 0

    @property
    def is_unsure(self) -> bool:
        """Neither yes nor no: its data are to be mended, or its cycle runs."""
        return self.outcome in ("held", "open")


@dataclass(frozen=True)
class Theirs:
    """The platform's side. status: null where none is stated, or the interface failed for the
    plan (`is_failed`). amount: stated as paid, yuan; null: none is stated. `payments`: rows that
    the amount was added up from. reasons: codes; `said`: its reason in its own words. `place`:
    file and row."""

    ad_id: int
    status: str | None
    amount: Decimal | None = None
    advertiser_id: int | None = None
    reasons: tuple[str, ...] = ()
    said: str = ""
    payments: int = 0
    is_failed: bool = False
    place: str = ""

    @property
    def is_paid(self) -> bool:
        """An amount beside another status is an estimate, or was taken back."""
        return self.status == "PAID" or (self.status is None and (self.amount or ZERO) > 0)

    @property
    def paid(self) -> Decimal | None:
        """Yuan; null where it was paid and nobody says how much."""
        return self.amount if self.is_paid else ZERO


@dataclass(frozen=True)
class Statement:
    """All that the platform says. `is_payments`: a list of payments without statuses, on which a
    plan that is not there was not paid. `nobody`: rows that name no plan, and their yuan."""

    plans: Mapping[int, Theirs]
    is_payments: bool
    files: Sequence[str] = ()
    nobody: tuple[int, Decimal] = (0, ZERO)


@dataclass(frozen=True)
class Line:
    """A plan, and its class. `days_overdue`: since the day on which it was due."""

    ad_id: int
    kind: str
    ours: Ours | None
    theirs: Theirs | None
    days_overdue: int | None = None
    causes: Sequence[Cause] = ()

    @property
    def advertiser_id(self) -> int | None:
        mine = self.ours.advertiser_id if self.ours else None
        return mine or (self.theirs.advertiser_id if self.theirs else None)

    @property
    def ours_yuan(self) -> Decimal:
        return self.ours.amount if self.ours else ZERO

    @property
    def theirs_yuan(self) -> Decimal | None:
        return self.theirs.paid if self.theirs else ZERO

    @property
    def difference(self) -> Decimal | None:
        """What the platform paid more than we grant (below zero: less); null where not stated."""
        if self.theirs_yuan is None:
            return None
        return ZERO if self.waits_on_both_sides else self.theirs_yuan - self.ours_yuan

    @property
    def waits_on_both_sides(self) -> bool:
        return (
            self.kind == "agree" and bool(self.ours and self.ours.is_waiting) and not self.is_paid
        )

    @property
    def is_paid(self) -> bool:
        return self.theirs is not None and self.theirs.is_paid


@dataclass(frozen=True)
class Money:
    """Of some plans, yuan: what we grant, and what the platform paid. Of ours, what is left out of
    the difference: `unstated`, paid by the platform without saying how much; `waiting`, on both
    sides."""

    plans: int = 0
    ours: Decimal = ZERO
    theirs: Decimal = ZERO
    unstated: Decimal = ZERO
    waiting: Decimal = ZERO

    @property
    def difference(self) -> Decimal:
        return self.theirs - (self.ours - self.unstated - self.waiting)


@dataclass(frozen=True)
class Reconciled:
    """Every plan in order of its id, and the money: `by_class`, `by_advertiser`, `total`."""

    as_of: date
    statement: Statement
    lines: Sequence[Line]
    by_class: Mapping[str, Money]
    by_advertiser: Mapping[int | None, Money]
    total: Money

    @property
    def differences(self) -> list[Line]:
        return [line for line in self.lines if line.kind != "agree"]


def classify(ours: Mapping[int, Ours], statement: Statement, as_of: date) -> list[Line]:
    """A line for every plan here or there."""
    plans = sorted(ours.keys() | statement.plans.keys())
    return [_line(plan, ours.get(plan), statement, as_of) for plan in plans]


def _line(plan: int, mine: Ours | None, statement: Statement, as_of: date) -> Line:
    other = statement.plans.get(plan)
    kind = _class_of(mine, other, statement.is_payments, as_of)
    days = None
    if kind in ("overdue", "denied") and mine is not None and mine.settle_on is not None:
        days = max((as_of - mine.settle_on).days, 0)
    return Line(plan, kind, mine, other, days)


def _class_of(ours: Ours | None, theirs: Theirs | None, is_payments: bool, as_of: date) -> str:
    if ours is None:
        return "only_there"
    if theirs is None or theirs.is_failed:
        if not is_payments:
            return "only_here"
        theirs = Theirs(ours.ad_id, None)
    if theirs.is_paid:
        return _class_of_paid(ours, theirs.amount)
    if ours.is_yes:
        if ours.is_waiting and theirs.status == ours.status:
            return "agree"
        if theirs.status in _REFUSING:
            return "denied"
        return "overdue" if ours.settle_on is not None and as_of > ours.settle_on else "not_yet"
    return "agree" if theirs.status in (None, ours.status) else "status_differs"


def _class_of_paid(ours: Ours, amount: Decimal | None) -> str:
    if ours.is_yes:
        if amount is None or amount == ours.amount:
            return "agree"
        return "paid_less" if amount < ours.amount else "paid_more"
    return "status_differs" if ours.is_unsure else "paid_unexpected"


def reconciled(
    ours: Mapping[int, Ours], statement: Statement, as_of: date, lines: Sequence[Line]
) -> Reconciled:
    """The lines with their money; an InvariantError where a plan or a fen is lost."""
    by_class = {kind: _money(line for line in lines if line.kind == kind) for kind in CLASSES}
    advertisers: dict[int | None, list[Line]] = {}
    for line in lines:
        advertisers.setdefault(line.advertiser_id, []).append(line)
    order = sorted(advertisers, key=lambda key: (key is None, key))
    by_advertiser = {key: _money(advertisers[key]) for key in order}
    total = _money(lines)
    for groups in (by_class, by_advertiser):
        _assert_whole(groups.values(), ours, statement)
    return Reconciled(as_of, statement, lines, by_class, by_advertiser, total)


def _money(lines: Iterable[Line]) -> Money:
    plans, ours, theirs, unstated, waiting = 0, ZERO, ZERO, ZERO, ZERO
    for line in lines:
        plans += 1
        ours += line.ours_yuan
        theirs += line.theirs_yuan or ZERO
        if line.theirs_yuan is None:
            unstated += line.ours_yuan
        elif line.waits_on_both_sides:
            waiting += line.ours_yuan
    return Money(plans, ours, theirs, unstated, waiting)


def _assert_whole(groups: Iterable[Money], ours: Mapping[int, Ours], statement: Statement) -> None:
    """Plans here ∪ there = Σ classes; the money of either side = Σ classes."""
    found = list(groups)
    plans = len(ours.keys() | statement.plans.keys())
    granted = sum((one.amount for one in ours.values()), ZERO)
    paid = sum((one.paid or ZERO for one in statement.plans.values()), ZERO)
    sums = (
        sum(money.plans for money in found),
        sum((money.ours for money in found), ZERO),
        sum((money.theirs for money in found), ZERO),
    )
    if sums != (plans, granted, paid):
        raise InvariantError(
            f"the classes hold {sums[0]} plans, {sums[1]} and {sums[2]} yuan; "
            f"there are {plans} plans, {granted} and {paid} yuan"
        )
