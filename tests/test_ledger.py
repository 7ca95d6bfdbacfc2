"""The ledger: what nights and people enter, and that it always adds up.

Nights are entered here without exports: what a night found is written down, and the ledger's
answer is compared with what the rule owes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qianchuan_guarantee.errors import InvariantError, UserError
from qianchuan_guarantee.ledger import acts, query, review, schema
from qianchuan_guarantee.ledger.book import Book
from qianchuan_guarantee.ledger.checks import problems
from qianchuan_guarantee.ledger.entries import Stamp, Subject, entry_id
from qianchuan_guarantee.ledger.found import Answer, Found
from qianchuan_guarantee.ledger.night import Entered, enter
from qianchuan_guarantee.ledger.notices import deliver, undelivered
from qianchuan_guarantee.ledger.policy import Notices, Policy, load_policy
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.signatures import Signer

PLAN, ADVERTISER = 1745000000000001, 1701000000000001
DAY0 = date(2022, 10, 1)
NIGHT = date(2022, 10, 6)
OPEN = Policy(
    issue_up_to_yuan=Decimal("1000000"),
    night_up_to_yuan=Decimal("100000000"),
    wait_if_held_before=False,
    wait_if_logs_corrected=False,
    wait_if_cheating_within_days=0,
    approver_differs_from_proposer=False,
)
SHUT = OPEN.model_copy(update={"issue_up_to_yuan": Decimal(0)})


def answer(amount: int, **changes: Any) -> Answer:
    """A plan that was settled with so many fen."""
    outcome = "granted" if amount else "ended"
    settled = Answer(
        PLAN,
        ADVERTISER,
        "rule@1",
        DAY0,
        outcome,
        "CONFIRMING" if amount else "ENDED",
        "" if amount else "UN_OBERCOST",
        amount,
        amount,
        False,
    )
    return settled._replace(**changes)


def cheating(amount: int) -> Answer:
    return answer(
        0,
        outcome="invalid",
        status="INVALID",
        reasons="ANTI_SPAM",
        merit_fen=amount,
        is_cheating=True,
    )


def held() -> Answer:
    return answer(
        0, outcome="held", status="CONFIRMING", reasons="DATA_QUARANTINED", merit_fen=None
    )


def found(*answers: Answer, **changes: Any) -> Found:
    return replace(Found(answers, {}, set(), set(), [], [], set()), **changes)


class Nights:
    """A store, and nights entered into it one after the other."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(str(folder), create=True)
        self.as_of = NIGHT
        self.signer: Signer | None = None

    def enter(self, what: Found, policy: Policy = OPEN) -> Entered:
        run_id = f"run-{self.as_of}"
        stamp = Stamp("the night", datetime(2022, 10, 6, 8), run_id)
        with self.store.writing() as connection:
            book = Book(connection, stamp)
            entered = enter(book, what, policy, {"rule@1": "abc"}, self.as_of)
            acts.enter(connection, "run", stamp, {}, book.write(), self.signer)
        self.as_of += timedelta(days=1)
        assert problems(self.store) == []
        return entered

    def balance(self, advertiser: int = ADVERTISER) -> dict[str, str]:
        rows = {row["advertiser_id"]: row for row in query.balances(self.store)}
        return rows.get(advertiser, dict.fromkeys(("available", "frozen", "receivable"), "0.00"))

    def kinds(self) -> list[tuple[str, str]]:
        return [(row["kind"], row["amount"]) for row in query.entries(self.store)]

    def status(self, plan: int = PLAN) -> list[str]:
        return [row["compensate_status"] for row in query.history(self.store, plan)]

    def row(self, plan: int = PLAN) -> dict[str, Any]:
        with self.store.reading() as connection:
            asked = sa.select(schema.plans).where(schema.plans.c.ad_id == plan)
            return dict(connection.execute(asked).mappings().one())

    def waiting(self) -> list[str]:
        return [row["entry_id"] for row in query.entries(self.store, waiting=True)]


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Nights]:
    made = Nights(tmp_path / "store")
    yield made
    made.store.close()


def test_a_grant_is_proposed_and_issued_once(nights: Nights) -> None:
    first = nights.enter(found(answer(2000)))
    assert (first.proposed, first.issued, first.waiting) == (2000, 2000, 0)
    again = nights.enter(found(answer(2000)))
    assert (again.proposed, again.issued, again.decided, again.carried) == (0, 0, 2000, 2000)
    assert nights.kinds() == [("proposed", "20.00"), ("issued", "20.00")]
    assert nights.status() == ["PAID"]
    assert nights.balance()["available"] == "20.00"


def test_the_same_grant_cannot_be_entered_twice_by_anyone(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    with nights.store.writing() as connection:
        connection.execute(sa.delete(schema.statuses))  # as if nobody remembered the plan
    with pytest.raises(UserError, match="UNIQUE"):
        nights.enter(found(answer(2000)))
    assert nights.kinds() == [("proposed", "20.00"), ("issued", "20.00")]


def test_what_waits_is_issued_by_a_named_person(nights: Nights) -> None:
    night = nights.enter(found(answer(2000)), SHUT)
    assert (night.issued, night.waiting) == (0, 2000)
    assert nights.status() == ["CONFIRMING"]
    (issued,) = review.approve(nights.store, [], by="alice", why="looked at it", policy=SHUT)
    (row,) = query.entries(nights.store, kind="issued")
    assert (row["entry_id"], row["by"], row["why"]) == (issued.entry_id, "alice", "looked at it")
    assert (nights.status(), nights.waiting()) == (["CONFIRMING", "PAID"], [])
    assert problems(nights.store) == []


def test_an_approver_can_be_required_to_differ(nights: Nights) -> None:
    strict = SHUT.model_copy(update={"approver_differs_from_proposer": True})
    nights.enter(found(answer(2000)), strict)
    for same in (
        "the night",
        "The  Night",
        "ｔｈｅ ｎｉｇｈｔ",
        "thе night",
    ):  # the last е is Cyrillic
        with pytest.raises(UserError, match="somebody else must approve"):
            review.approve(nights.store, [], by=same, why="x", policy=strict)
    review.approve(nights.store, [], by="alice", why="x", policy=strict)
    review.claw_back(nights.store, PLAN, None, by="alice", why="wrong", policy=strict)
    with pytest.raises(UserError, match="somebody else"):
        review.approve(nights.store, [], by="alice", why="x", policy=strict)
    review.approve(nights.store, [], by="bob", why="x", policy=strict)
    assert nights.balance()["available"] == "0.00"


def test_a_claw_back_that_the_second_person_refused_takes_nothing(nights: Nights) -> None:
    strict = OPEN.model_copy(update={"approver_differs_from_proposer": True})
    nights.enter(found(answer(2000)))
    for answered in (review.refuse, review.approve):
        review.claw_back(nights.store, PLAN, 500, by="alice", why="x", policy=strict)
        options = {"policy": strict} if answered is review.approve else {}
        answered(nights.store, nights.waiting(), by="bob", why="x", **options)
        nights.enter(found(answer(2000)), strict)
    assert nights.balance()["available"] == "15.00"
    assert nights.status()[-1] == "PAID"


def test_a_refused_claw_back_leaves_the_one_before_as_it_was(nights: Nights) -> None:
    strict = OPEN.model_copy(update={"approver_differs_from_proposer": True})
    nights.enter(found(answer(2000)))
    review.claw_back(nights.store, PLAN, 200, by="alice", why="x", policy=strict)
    review.approve(nights.store, nights.waiting(), by="bob", why="x", policy=strict)
    review.claw_back(nights.store, PLAN, 500, by="alice", why="x", policy=strict)
    with pytest.raises(UserError, match="waits; answer it first"):
        review.claw_back(nights.store, PLAN, 100, by="alice", why="x", policy=strict)
    review.refuse(nights.store, nights.waiting(), by="bob", why="x")
    assert nights.row()["withheld_fen"] == 200
    assert nights.enter(found(answer(2000)), strict).proposed == 0
    assert nights.row()["decided_fen"] == 1800


def test_grants_of_a_cheating_advertiser_wait_whichever_plan_cheated(nights: Nights) -> None:
    careful = OPEN.model_copy(update={"wait_if_cheating_within_days": 90})
    nights.enter(found(answer(2000)), careful)
    other = answer(1000)._replace(ad_id=PLAN + 1)
    night = nights.enter(found(other, verdicts={PLAN: "ANTI_SPAM"}, cheats={PLAN}), careful)
    assert (night.issued, night.waiting) == (0, -2000 + 1000)


def test_a_refused_grant_ends_its_plan_and_is_not_proposed_again(nights: Nights) -> None:
    nights.enter(found(answer(2000)), SHUT)
    review.refuse(nights.store, nights.waiting(), by="alice", why="not this one")
    assert query.history(nights.store, PLAN)[-1]["reasons"] == ["REVIEW_REFUSED"]
    assert nights.status() == ["CONFIRMING", "ENDED"]
    assert nights.enter(found(answer(2000))).proposed == 0
    # Another amount is another question, and waits for a person.
    changed = nights.enter(found(answer(2500)))
    assert (changed.proposed, changed.issued) == (2500, 0)


def test_a_verdict_before_issue_refuses_and_lifted_proposes_again(nights: Nights) -> None:
    nights.enter(found(answer(2000)), SHUT)
    night = nights.enter(found(cheating(2000), verdicts={PLAN: "ANTI_SPAM"}))
    assert (night.refused, night.waiting) == (2000, 0)
    assert query.entries(nights.store, kind="refused")[0]["clause"] == "四(一)"
    night = nights.enter(found(answer(2000), verdicts={PLAN: ""}))
    assert (night.proposed, night.issued) == (2000, 2000)
    assert nights.status() == ["CONFIRMING", "INVALID", "PAID"]


@pytest.mark.parametrize("is_asked", [True, False])
def test_a_verdict_after_issue_claws_back_the_whole(nights: Nights, is_asked: bool) -> None:
    nights.enter(found(answer(2000)))
    answers = (cheating(2000),) if is_asked else ()
    night = nights.enter(found(*answers, verdicts={PLAN: "ANTI_SPAM"}), SHUT)
    assert (night.proposed, night.waiting) == (-2000, -2000)
    review.approve(nights.store, [], by="alice", why="x", policy=SHUT)
    assert nights.balance()["available"] == "0.00"
    answers = (answer(2000),) if is_asked else ()
    night = nights.enter(found(*answers, verdicts={PLAN: ""}))
    assert (night.proposed, night.issued) == (2000, 0)  # a supplement always waits
    review.approve(nights.store, [], by="alice", why="lifted", policy=SHUT)
    assert nights.balance()["available"] == "20.00"
    assert [kind for kind, _ in nights.kinds()][-1] == "supplement"
    assert nights.status() == ["PAID", "INVALID", "CONFIRMING", "PAID"]


def test_a_verdict_lifted_before_its_claw_back_was_approved(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    nights.enter(found(verdicts={PLAN: "ANTI_SPAM"}), SHUT)
    night = nights.enter(found(verdicts={PLAN: ""}), SHUT)
    assert (night.waiting, night.proposed) == (0, 0)
    assert nights.balance()["available"] == "20.00"
    assert nights.status()[-1] == "PAID"


def test_a_verdict_does_not_end_by_being_left_out(nights: Nights) -> None:
    nights.enter(found(cheating(2000), verdicts={PLAN: "ANTI_SPAM"}))
    night = nights.enter(found(answer(2000)))
    assert night.proposed == 0
    assert [incident["kind"] for incident in night.incidents] == ["verdict_missing"]


def test_a_verdict_left_out_on_a_night_that_holds_is_not_lifted(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    nights.enter(found(cheating(2000), verdicts={PLAN: "ANTI_SPAM"}))
    assert nights.balance()["available"] == "0.00"
    night = nights.enter(found(held()))
    kinds = [incident["kind"] for incident in night.incidents]
    assert kinds == ["verdict_missing", "settled_before"]
    assert (night.proposed, nights.waiting(), nights.status()[-1]) == (0, [], "INVALID")
    assert nights.row()["reasons"] == "ANTI_SPAM"
    # Only a verdict that clears it gives the grant back.
    assert nights.enter(found(held(), verdicts={PLAN: ""})).proposed == 2000


def test_a_verdict_left_out_on_the_night_that_settles(nights: Nights) -> None:
    opened = answer(0, outcome="open", status="INVALID", reasons="ANTI_SPAM", merit_fen=None)
    nights.enter(found(opened._replace(is_cheating=True), verdicts={PLAN: "ANTI_SPAM"}))
    night = nights.enter(found(answer(2000)))
    assert [incident["kind"] for incident in night.incidents] == ["verdict_missing"]
    assert (night.proposed, nights.row()["outcome"], nights.row()["reasons"]) == (
        *(0, "invalid", "ANTI_SPAM"),
    )
    assert nights.enter(found(verdicts={PLAN: ""})).proposed == 2000


@pytest.mark.parametrize(
    ("reasons", "outcome", "left"),
    [
        ("ANTI_SPAM,BID_LOWERED", "invalid", "BID_LOWERED"),
        ("MANUAL_JUDGE_SPAM,UN_OBERCOST", "ended", "UN_OBERCOST"),
        ("ANTI_SPAM", "ended", "CURRENCY_PRECISION"),
    ],
)
def test_what_else_there_is_against_a_plan_outlasts_its_verdict(
    nights: Nights, reasons: str, outcome: str, left: str
) -> None:
    nights.enter(
        found(cheating(0)._replace(reasons=reasons), verdicts={PLAN: reasons.split(",")[0]})
    )
    nights.enter(found(verdicts={PLAN: ""}))
    assert (nights.row()["outcome"], nights.row()["reasons"]) == (outcome, left)
    assert nights.status()[-1] == nights.row()["status"] == outcome.upper()
    nights.enter(found(verdicts={PLAN: "MANUAL_JUDGE_SPAM"}))
    assert nights.row()["reasons"].split(",")[0] == "MANUAL_JUDGE_SPAM"
    assert nights.row()["status"] == "INVALID"


def test_corrected_logs_make_adjustments(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    more = nights.enter(found(answer(2600)))
    assert (more.proposed, more.issued) == (600, 0)
    less = nights.enter(found(answer(1500)))
    assert (less.refused, less.proposed, less.recovered) == (600, -500, 500)
    assert nights.balance()["available"] == "15.00"
    assert [row["clause"] for row in query.entries(nights.store, kind="claw_back")] == ["四(二)"]


def test_what_is_owed_is_taken_from_available_then_frozen_then_set_off(nights: Nights) -> None:
    limits = [{"advertiser_id": ADVERTISER, "starts_at": datetime(2022, 10, 7), "ends_at": None}]
    nights.enter(found(answer(2000)))
    use = {"usage_id": "u", "advertiser_id": ADVERTISER, "used_at": datetime(2022, 10, 6, 1)}
    nights.enter(found(usages=[use | {"amount_fen": 1500}]))
    nights.enter(found(restrictions=limits))
    assert nights.balance()["frozen"] == "5.00"
    nights.enter(found(answer(0), restrictions=limits))
    balance = nights.balance()
    assert (balance["available"], balance["frozen"], balance["receivable"]) == (
        *("0.00", "0.00"),
        "15.00",
    )
    other = answer(1800)._replace(ad_id=PLAN + 1)
    nights.enter(found(other))
    balance = nights.balance()
    assert (balance["available"], balance["receivable"]) == ("3.00", "0.00")
    assert ("set_off", "15.00") in nights.kinds()


def test_restricted_grants_are_frozen_and_thawed(nights: Nights) -> None:
    ends = datetime(2022, 10, 8)
    limit = {"advertiser_id": ADVERTISER, "starts_at": datetime(2022, 10, 5), "ends_at": ends}
    nights.enter(found(answer(2000), restrictions=[limit]))
    assert nights.balance()["frozen"] == "20.00"
    nights.enter(found(restrictions=[limit]))
    assert nights.balance()["frozen"] == "20.00"
    nights.enter(found(restrictions=[limit]))  # the morning of its last instant
    assert (nights.balance()["available"], nights.balance()["frozen"]) == ("20.00", "0.00")
    assert [kind for kind, _ in nights.kinds()][-2:] == ["freeze", "thaw"]


def test_a_use_that_nothing_covers_is_shown_and_tried_again(nights: Nights) -> None:
    use = {"usage_id": "u", "advertiser_id": ADVERTISER, "used_at": datetime(2022, 10, 6, 1)}
    usages = [use | {"amount_fen": 500}]
    (overdrawn,) = nights.enter(found(usages=usages)).overdrawn
    assert (overdrawn.amount_fen, overdrawn.available_fen) == (500, 0)
    # Its partition need not be there any more.
    assert len(nights.enter(found()).overdrawn) == 1
    nights.enter(found(answer(2000)))
    assert nights.enter(found(usages=usages)).overdrawn == []
    assert nights.enter(found(usages=usages)).overdrawn == []
    assert nights.balance()["available"] == "15.00"


def test_the_last_fen_is_spent_frozen_and_thawed(nights: Nights) -> None:
    use = {"usage_id": "u", "advertiser_id": ADVERTISER, "used_at": datetime(2022, 10, 6, 1)}
    limit = {"advertiser_id": ADVERTISER, "starts_at": datetime(2022, 10, 5), "ends_at": None}
    nights.enter(found(answer(1), restrictions=[limit]))
    assert nights.balance()["frozen"] == "0.01"
    nights.enter(found())
    assert (nights.balance()["available"], nights.balance()["frozen"]) == ("0.01", "0.00")
    assert nights.enter(found(usages=[use | {"amount_fen": 1}])).overdrawn == []
    assert nights.balance()["available"] == "0.00"


def test_a_hold_waits_and_what_was_settled_stands(nights: Nights) -> None:
    assert nights.enter(found(held())).proposed == 0
    careful = OPEN.model_copy(update={"wait_if_held_before": True})
    assert nights.enter(found(answer(2000)), careful).waiting == 2000
    night = nights.enter(found(held()), careful)
    assert [incident["kind"] for incident in night.incidents] == ["settled_before"]
    assert nights.status()[-1] == "CONFIRMING"


def test_a_verdict_needs_no_logs(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    caught = held()._replace(is_cheating=True)
    night = nights.enter(found(caught, verdicts={PLAN: "ANTI_SPAM"}), SHUT)
    assert (night.proposed, nights.status()[-1]) == (-2000, "INVALID")
    nights.enter(found(held(), verdicts={PLAN: ""}), SHUT)
    assert (nights.waiting(), nights.status()[-1]) == ([], "PAID")


def test_nothing_is_taken_from_another_advertiser(nights: Nights) -> None:
    nights.enter(found(answer(2000), answer(2000)._replace(ad_id=PLAN + 1, advertiser_id=2)))
    night = nights.enter(found(answer(1500)._replace(advertiser_id=2)))
    assert (night.proposed, night.recovered) == (0, 0)
    assert [incident["kind"] for incident in night.incidents] == ["other_advertiser"]
    assert nights.balance(2)["available"] == "20.00"


def test_a_night_above_its_limit_waits_as_a_whole(nights: Nights) -> None:
    small = OPEN.model_copy(update={"night_up_to_yuan": Decimal("30")})
    two = (answer(2000), answer(1500)._replace(ad_id=PLAN + 1))
    night = nights.enter(found(*two), small)
    assert (night.issued, night.waiting) == (0, 3500)
    assert {row["why"] for row in query.entries(nights.store)} == {"night"}


def test_claw_back_by_a_person_lasts(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    review.claw_back(nights.store, PLAN, 500, by="alice", why="paid twice", policy=OPEN)
    assert nights.balance()["available"] == "15.00"
    assert nights.enter(found(answer(2000))).proposed == 0
    with pytest.raises(UserError, match=r"15\.00 yuan were issued"):
        review.claw_back(nights.store, PLAN, 1501, by="alice", why="x", policy=OPEN)


@pytest.mark.parametrize(
    ("corrected", "owed"),
    [(2000, 1500), (2600, 2100), (1800, 1500), (1500, 1500), (1200, 1200), (0, 0)],
)
def test_what_a_person_took_back_does_not_count_twice(
    nights: Nights, corrected: int, owed: int
) -> None:
    """A person takes 5.00 of 20.00 back; then the logs are corrected, down by what they saw, or
    otherwise."""
    nights.enter(found(answer(2000)))
    review.claw_back(nights.store, PLAN, 500, by="alice", why="over-issued", policy=OPEN)
    assert nights.enter(found(answer(corrected))).proposed == owed - 1500
    assert nights.row()["decided_fen"] == owed


def test_only_a_held_plan_can_be_released(nights: Nights) -> None:
    unknown = held()._replace(ad_id=PLAN + 2, reasons="LOGS_INCOMPLETE,BID_UNKNOWN")
    nights.enter(found(answer(2000), held()._replace(ad_id=PLAN + 1), unknown))
    with pytest.raises(UserError, match="BID_UNKNOWN; what is not known cannot be overruled"):
        review.release(nights.store, PLAN + 2, by="alice", why="x")
    with pytest.raises(UserError, match="granted; only a plan that is held"):
        review.release(nights.store, PLAN, by="alice", why="x")
    review.release(nights.store, PLAN + 1, by="alice", why="x")
    with pytest.raises(UserError, match="released before"):
        review.release(nights.store, PLAN + 1, by="alice", why="x")


def test_entry_ids_say_what_they_are_about() -> None:
    subject = Subject(ADVERTISER, PLAN, DAY0, "rule@1")
    same = subject._replace(rulebook_sha256="other")
    assert entry_id("issued", subject) == entry_id("issued", same)
    others = [
        entry_id("refused", subject),
        entry_id("issued", subject._replace(ad_id=PLAN + 1)),
        entry_id("issued", subject._replace(cycle_on=date(2022, 10, 2))),
        entry_id("issued", subject._replace(rulebook="rule@2")),
        entry_id("issued", subject._replace(correction=1)),
    ]
    assert len({entry_id("issued", subject), *others}) == 6


def test_money_from_nowhere_is_refused(nights: Nights) -> None:
    from qianchuan_guarantee.ledger.entries import Entry

    with nights.store.writing() as connection:
        book = Book(connection, Stamp("x", datetime(2022, 10, 6), None))
        bad = {"uneven": {"available": 1}, "overdrawn": {"available": -1, "used": 1}}
        for name, moves in bad.items():
            with pytest.raises(InvariantError):
                book.enter(Entry(name, "used", Subject(ADVERTISER), 1, "", "", moves))


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE entries SET amount_fen = amount_fen + 1 WHERE kind = 'issued'",
        "UPDATE postings SET amount_fen = amount_fen + 1 WHERE account = 'available'",
        "UPDATE balances SET amount_fen = amount_fen + 1 WHERE account = 'available'",
        "DELETE FROM postings WHERE account = 'available'",
        "DELETE FROM entries WHERE kind = 'proposed'",
        "DELETE FROM entries WHERE kind = 'issued'",
        "DELETE FROM statuses",
        # Two proposals of one plan that nobody answered.
        "INSERT INTO entries SELECT 9, 'again', kind, purpose, ad_id, advertiser_id, amount_fen, "
        "cycle_on, 9, rulebook, rulebook_sha256, run_id, corrects, clause, why, by, at "
        "FROM entries WHERE kind = 'proposed'",
        "UPDATE statuses SET issued_fen = 1",
        "UPDATE statuses SET decided_fen = 1",
        "UPDATE statuses SET waiting_fen = 1",
    ],
)
def test_what_was_tampered_with_is_found(nights: Nights, damage: str) -> None:
    nights.enter(found(answer(2000)))
    with nights.store.writing() as connection:
        connection.execute(sa.text(damage))
    assert problems(nights.store) != []


def test_notices_are_delivered_at_least_once_with_the_same_id(
    nights: Nights, tmp_path: Path
) -> None:
    nights.enter(found(answer(2000)))
    (waiting,) = undelivered(nights.store)
    assert waiting["amount"] == "20.00"
    assert "20.00" in waiting["en"]
    assert "20.00" in waiting["zh"]
    nobody = Notices(command=("false",))
    assert deliver(nights.store, nobody, lambda *a, **k: None) == 1
    blocked = Notices(file=tmp_path)  # a folder
    assert deliver(nights.store, blocked, lambda *a, **k: None) == 1
    out = tmp_path / "notices.jsonl"
    out.write_text('{"cut off', encoding="utf-8")  # by a crash
    assert deliver(nights.store, Notices(file=out), lambda *a, **k: None) == 0
    lines = out.read_text(encoding="utf-8").splitlines()
    assert waiting["notice_id"] in lines[0]
    assert deliver(nights.store, Notices(file=out), lambda *a, **k: None) == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == 1
    out.write_text(lines[0], encoding="utf-8")  # whole, but for its end
    review.claw_back(nights.store, PLAN, None, by="alice", why="x", policy=OPEN)
    assert deliver(nights.store, Notices(file=out), lambda *a, **k: None) == 0
    assert len([json.loads(line) for line in out.read_text("utf-8").splitlines()]) == 2


def test_the_shipped_policy_is_read_and_errors_name_the_key(tmp_path: Path) -> None:
    assert load_policy(None).issue_up_to_yuan == Decimal("5000.00")
    path = tmp_path / "policy.yaml"
    text = Path(load_policy.__code__.co_filename).with_name("policy.yaml").read_text("utf-8")
    for wrong, said in (
        (text.replace("5000.00", "5000.001"), "issue_up_to_yuan"),
        (text.replace("5000.00", "NaN"), "issue_up_to_yuan"),
        (text + "\nfriends: all\n", "friends"),
        (text.replace("night_up_to_yuan: 1000000.00", ""), "night_up_to_yuan"),
    ):
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(UserError, match=said):
            load_policy(path)


EVENT = st.sampled_from(
    ("night", "correct", "cheat", "clear", "hold", "approve", "refuse", "claw", "use", "limit")
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_happens_the_ledger_adds_up(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Random nights and people: the ledger always adds up, and what a plan ends with is what it is
    owed, unless a person decided otherwise."""
    nights = Nights(tmp_path_factory.mktemp("ledger") / "store")
    owed = {PLAN + n: data.draw(st.integers(0, 5000), label="owed") for n in range(3)}
    cheats: dict[int, str] = {}
    decided_by_people: set[int] = set()
    uses, limits = [], []
    for step in range(data.draw(st.integers(1, 12), label="steps")):
        event = data.draw(EVENT)
        plan = PLAN + data.draw(st.integers(0, 2))
        policy = data.draw(st.sampled_from((OPEN, SHUT)))
        try:
            if event == "approve":
                review.approve(nights.store, [], by="alice", why="x", policy=policy)
            elif event == "refuse" and nights.waiting():
                rows = query.entries(nights.store, waiting=True)
                decided_by_people |= {row["ad_id"] for row in rows}
                review.refuse(nights.store, nights.waiting(), by="alice", why="x")
            elif event == "claw":
                review.claw_back(nights.store, plan, None, by="alice", why="x", policy=policy)
                decided_by_people.add(plan)
        except UserError:
            pass
        assert problems(nights.store) == []
        if event == "correct":
            owed[plan] = data.draw(st.integers(0, 5000))
        elif event in ("cheat", "clear"):
            cheats[plan] = "ANTI_SPAM" if event == "cheat" else ""
        elif event == "use":
            used = {"usage_id": f"u{step}", "advertiser_id": ADVERTISER}
            uses.append(used | {"used_at": datetime(2022, 10, 1), "amount_fen": 700})
        elif event == "limit":
            begins = {"advertiser_id": ADVERTISER, "starts_at": datetime(2022, 10, 1)}
            limits = [] if limits else [begins | {"ends_at": None}]
        answers = []
        for ad_id, amount in owed.items():
            if event == "hold" and ad_id == plan:
                answers.append(held()._replace(ad_id=ad_id))
            else:
                made = cheating(amount) if cheats.get(ad_id) else answer(amount)
                answers.append(made._replace(ad_id=ad_id))
        what = found(*answers, verdicts=dict(cheats), usages=uses, restrictions=limits)
        nights.enter(what, policy)
    nights.enter(found(*(a for a in answers if a.outcome != "held"), verdicts=dict(cheats)))
    review.approve(nights.store, [], by="alice", why="all", policy=OPEN)
    assert problems(nights.store) == []
    with nights.store.reading() as connection:
        rows = connection.execute(sa.select(schema.plans)).mappings().all()
    for row in rows:
        if row["ad_id"] not in decided_by_people and row["outcome"] != "held":
            expected = 0 if cheats.get(row["ad_id"]) else owed[row["ad_id"]]
            assert row["issued_fen"] == expected
    nights.store.close()
