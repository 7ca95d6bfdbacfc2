"""The ledger at its edges: one fen, one instant, one person too many; what mutants of it showed
that no test asked (docs/trust.md)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from qianchuan_guarantee.digests import digest_of_rows, sha256_of
from qianchuan_guarantee.errors import InvariantError, UserError
from qianchuan_guarantee.ledger import acts, query, review, schema, seal
from qianchuan_guarantee.ledger.book import Book
from qianchuan_guarantee.ledger.checks import problems
from qianchuan_guarantee.ledger.entries import Entry, Stamp, Subject, entry_id, proposed
from qianchuan_guarantee.ledger.found import Answer
from qianchuan_guarantee.ledger.night import Entered, _assert_night
from qianchuan_guarantee.ledger.notices import deliver
from qianchuan_guarantee.ledger.policy import Notices, Policy, load_policy
from qianchuan_guarantee.ledger.settle import Standing
from qianchuan_guarantee.signatures import Signer
from tests.test_ledger import (
    ADVERTISER,
    DAY0,
    OPEN,
    PLAN,
    SHUT,
    Nights,
    answer,
    cheating,
    found,
    held,
)

MORNING = datetime(2022, 10, 6)  # of the first night


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Nights]:
    made = Nights(tmp_path / "store")
    yield made
    made.store.close()


def restriction(starts: datetime, ends: datetime | None = None) -> dict[str, Any]:
    return {"advertiser_id": ADVERTISER, "starts_at": starts, "ends_at": ends}


def test_a_refused_supplement_leaves_what_was_issued_in_the_account(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    nights.enter(found(answer(2600)))
    review.refuse(nights.store, nights.waiting(), by="alice", why="not the rest")
    assert nights.status()[-1] == "PAID"
    assert nights.row()["reasons"] == ""
    assert nights.balance()["available"] == "20.00"


def test_a_plan_without_money_goes_with_its_new_advertiser(nights: Nights) -> None:
    nights.enter(found(held()))
    night = nights.enter(found(answer(2000)._replace(advertiser_id=2)))
    assert (night.issued, night.incidents) == (2000, [])
    assert nights.balance(2)["available"] == "20.00"


def test_what_waits_keeps_its_advertiser(nights: Nights) -> None:
    nights.enter(found(answer(2000)), SHUT)
    night = nights.enter(found(answer(2000)._replace(advertiser_id=2)), SHUT)
    assert [incident["kind"] for incident in night.incidents] == ["other_advertiser"]
    assert (nights.row()["advertiser_id"], nights.row()["waiting_fen"]) == (ADVERTISER, 2000)


def test_a_plan_whose_grant_was_refused_goes_with_its_new_advertiser(nights: Nights) -> None:
    nights.enter(found(answer(2000)), SHUT)
    review.refuse(nights.store, nights.waiting(), by="alice", why="not this one")
    night = nights.enter(found(answer(2000)._replace(advertiser_id=2)))
    assert (night.incidents, nights.row()["advertiser_id"]) == ([], 2)


def test_what_waits_and_is_still_owed_goes_on_waiting(nights: Nights) -> None:
    nights.enter(found(answer(2000)), SHUT)
    night = nights.enter(found(answer(2000)), SHUT)
    assert (night.proposed, night.refused, night.waiting) == (0, 0, 2000)
    assert nights.kinds() == [("proposed", "20.00")]


def test_a_release_that_waits_is_told_of_while_the_plan_is_held(nights: Nights) -> None:
    nights.enter(found(held()))
    review.release(nights.store, PLAN, by="alice", why="a test row of ours")
    night = nights.enter(found(released={PLAN}))
    assert [incident["kind"] for incident in night.incidents] == ["release_waits"]
    nights.enter(found(answer(2000), released={PLAN}))
    assert nights.enter(found(released={PLAN})).incidents == []


def test_a_grant_that_is_left_to_its_plan_is_left_every_night(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    nights.enter(found(answer(0)), SHUT)
    review.refuse(nights.store, nights.waiting(), by="alice", why="let them keep it")
    night = nights.enter(found(answer(0)), SHUT)
    assert (night.proposed, night.decided, night.carried) == (0, 0, 2000)
    assert nights.balance()["available"] == "20.00"


@pytest.mark.parametrize(("fen", "waits"), [(500_00, 0), (500_01, 500_01)])
def test_a_grant_of_exactly_the_limit_needs_nobody(nights: Nights, fen: int, waits: int) -> None:
    policy = OPEN.model_copy(update={"issue_up_to_yuan": Decimal(500)})
    assert nights.enter(found(answer(fen)), policy).waiting == waits


@pytest.mark.parametrize(("fen", "waits"), [(500_00, 0), (500_01, 500_01)])
def test_a_night_of_exactly_its_limit_needs_nobody(nights: Nights, fen: int, waits: int) -> None:
    policy = OPEN.model_copy(update={"night_up_to_yuan": Decimal(500)})
    assert nights.enter(found(answer(fen)), policy).waiting == waits


def test_what_waits_anyway_does_not_count_towards_the_limit_of_a_night(nights: Nights) -> None:
    limits = {"issue_up_to_yuan": Decimal(20), "night_up_to_yuan": Decimal(30)}
    small = answer(1500)._replace(ad_id=PLAN + 1)
    night = nights.enter(found(answer(2500), small), OPEN.model_copy(update=limits))
    assert (night.issued, night.waiting) == (1500, 2500)


def test_one_fen_can_be_taken_back(nights: Nights) -> None:
    nights.enter(found(answer(1)))
    with pytest.raises(UserError, match=r"0\.00 cannot be taken back"):
        review.claw_back(nights.store, PLAN, 0, by="alice", why="x", policy=OPEN)
    review.claw_back(nights.store, PLAN, 1, by="alice", why="x", policy=OPEN)
    assert nights.kinds()[-1] == ("claw_back", "0.01")
    assert (nights.status()[-1], problems(nights.store)) == ("ENDED", [])
    with pytest.raises(UserError, match="nothing was issued for it"):
        review.claw_back(nights.store, PLAN, None, by="alice", why="x", policy=OPEN)


def test_one_fen_that_is_owed_is_set_off(nights: Nights) -> None:
    use = {"usage_id": "u", "advertiser_id": ADVERTISER, "used_at": MORNING, "amount_fen": 1}
    nights.enter(found(answer(2000)))
    nights.enter(found(usages=[use]))
    review.claw_back(nights.store, PLAN, 2000, by="alice", why="x", policy=OPEN)
    assert nights.balance()["receivable"] == "0.01"
    night = nights.enter(found(answer(500)._replace(ad_id=PLAN + 1)))
    assert night.counts == {"proposed": 1, "issued": 1, "set_off": 1}
    assert (nights.balance()["available"], nights.balance()["receivable"]) == ("4.99", "0.00")


def test_a_restriction_freezes_from_the_instant_after_it_begins(nights: Nights) -> None:
    at_once = MORNING - timedelta(microseconds=1)
    for begins, frozen in ((MORNING + timedelta(days=1), "0.00"), (at_once, "20.00")):
        nights.enter(found(answer(2000), restrictions=[restriction(begins)]))
        assert nights.balance()["frozen"] == frozen


def test_a_restriction_that_begins_this_morning_begins_tonight(nights: Nights) -> None:
    nights.enter(found(answer(2000), restrictions=[restriction(MORNING)]))
    assert nights.balance()["frozen"] == "0.00"


def test_a_second_restriction_freezes_again(nights: Nights) -> None:
    limits = [restriction(MORNING - timedelta(days=1))]
    nights.enter(found(answer(2000), restrictions=limits))
    nights.enter(found())
    nights.enter(found(restrictions=limits))
    nights.enter(found())
    kinds = [kind for kind, _ in nights.kinds()]
    assert kinds == ["proposed", "issued", "freeze", "thaw", "freeze", "thaw"]


def test_an_account_without_grants_has_nothing_frozen(nights: Nights) -> None:
    limits = [restriction(MORNING - timedelta(days=1))]
    nights.enter(found(answer(0), restrictions=limits))
    nights.enter(found())
    assert nights.kinds() == []


def test_a_verdict_left_out_while_the_plan_runs_stands(nights: Nights) -> None:
    running = answer(0, outcome="open", status="IN_EFFECT", reasons="", merit_fen=None)
    caught = running._replace(status="INVALID", reasons="ANTI_SPAM", is_cheating=True)
    nights.enter(found(caught, verdicts={PLAN: "ANTI_SPAM"}))
    nights.enter(found(running))
    row = nights.row()
    assert (row["outcome"], row["status"], row["reasons"]) == ("open", "INVALID", "ANTI_SPAM")
    assert row["decided_fen"] is None
    # While its data are in doubt, it is held like any other.
    nights.enter(found(held()))
    row = nights.row()
    assert (row["outcome"], row["status"]) == ("held", "CONFIRMING")
    assert row["reasons"] == "DATA_QUARANTINED,ANTI_SPAM"


def test_a_verdict_on_a_plan_that_no_night_decided_enters_nothing(nights: Nights) -> None:
    night = nights.enter(found(verdicts={PLAN: "ANTI_SPAM"}))
    assert (night.counts, night.incidents, nights.status()) == ({}, [], [])


def test_a_verdict_that_is_lifted_gives_back_what_the_plan_earned(nights: Nights) -> None:
    nights.enter(found(cheating(2000), verdicts={PLAN: "ANTI_SPAM"}))
    night = nights.enter(found(verdicts={PLAN: ""}))
    assert (night.proposed, night.issued, nights.status()[-1]) == (2000, 2000, "PAID")


@pytest.mark.parametrize("limit", ["-0.01", "5000.001", "99999999999999999.00"])
def test_a_limit_is_an_amount_of_yuan(tmp_path: Path, limit: str) -> None:
    path = tmp_path / "policy.yaml"
    shipped = Path(load_policy.__code__.co_filename).with_name("policy.yaml").read_text("utf-8")
    path.write_text(shipped.replace("5000.00", limit), encoding="utf-8")
    with pytest.raises(UserError, match="issue_up_to_yuan"):
        load_policy(path)
    path.write_text(shipped.replace("5000.00", "9999999999999999.99"), encoding="utf-8")
    assert load_policy(path).issue_up_to_yuan == Decimal("9999999999999999.99")


def test_a_policy_that_is_no_mapping_says_which_file(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(UserError, match="the file: "):
        load_policy(path)


def test_a_night_that_leaves_a_plan_without_what_it_is_owed_is_not_entered(nights: Nights) -> None:
    """A guard against ourselves: no night is known that gets there."""
    with nights.store.writing() as connection:
        book = Book(connection, Stamp("the night", MORNING, "run-1"))
        book.stand(Standing(PLAN, ADVERTISER, outcome="granted", decided_fen=2000))
        with pytest.raises(InvariantError, match=rf"plan {PLAN}: 2000 fen are not accounted for"):
            _assert_night(book, found(answer(2000)), {}, [], Entered())


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("issued_fen = 1", "1 fen issued, entries come to 0"),
        ("waiting_fen = 1", "0 fen decided are not accounted for"),
        ("waiting_entry = 'x'", "waits for x, entries say None"),
        ("decided_fen = 1", "1 fen decided are not accounted for"),
    ],
)
def test_money_of_a_plan_that_has_no_entries_is_found(
    nights: Nights, damage: str, said: str
) -> None:
    nights.enter(found(answer(0)))
    with nights.store.writing() as connection:
        connection.execute(sa.text(f"UPDATE statuses SET {damage}"))
    assert said in " ".join(problems(nights.store))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("entries SET amount_fen = 1 WHERE kind = 'issued'", "{issued}: says 1 fen, moved 2000"),
        ("entries SET corrects = 'x' WHERE kind = 'issued'", "{issued}: answers no proposal"),
        ("entries SET entry_id = 'x' WHERE kind = 'issued'", "{issued}: moves money without an"),
        ("postings SET entry_id = 'x' WHERE entry_id LIKE 'issued%'", "{issued}: moves no money"),
        (
            "postings SET amount_fen = 2001 WHERE account = 'available'",
            "{issued}: debits and credits differ by 1 fen",
        ),
        (
            "balances SET amount_fen = 1 WHERE account = 'available'",
            "{advertiser}, available: 1 fen stored, entries come to 2000",
        ),
        (
            "balances SET account = 'used' WHERE account = 'available'",
            "{advertiser}, used: 2000 fen stored, entries come to 0",
        ),
        (
            "postings SET account = 'pocket' WHERE account = 'available'",
            "{advertiser}, pocket: no such account",
        ),
        (
            "postings SET amount_fen = -1 WHERE account = 'available'",
            "{advertiser}, available: below zero, -1 fen",
        ),
        ("statuses SET waiting_entry = 'x'", "{plan}: waits for x, entries say None"),
        ("statuses SET ad_id = 1", "{plan}: has entries, and no standing"),
    ],
)
def test_each_check_names_what_only_it_can_see(nights: Nights, damage: str, said: str) -> None:
    nights.enter(found(answer(2000)))
    (row,) = query.entries(nights.store, kind="issued")
    with nights.store.writing() as connection:
        connection.execute(sa.text(f"UPDATE {damage}"))
    names = {"issued": row["entry_id"], "advertiser": f"advertiser {ADVERTISER}"}
    assert said.format(**names, plan=f"plan {PLAN}") in "\n".join(problems(nights.store))


@pytest.mark.parametrize(
    ("correction", "said"),
    [(0, "proposal 0 was entered 2 times"), (1, "2 proposals wait at once")],
)
def test_a_second_proposal_is_found_by_its_check(
    nights: Nights, correction: int, said: str
) -> None:
    nights.enter(found(answer(2000)), SHUT)
    columns = "kind, purpose, ad_id, advertiser_id, amount_fen, cycle_on"
    rest = "rulebook, rulebook_sha256, run_id, corrects, clause, why, by, at"
    with nights.store.writing() as connection:
        copy = f"SELECT 9, 'again', {columns}, {correction}, {rest} FROM entries"
        connection.execute(sa.text(f"INSERT INTO entries {copy}"))
    assert f"plan {PLAN}: {said}" in problems(nights.store)


def test_a_night_that_changes_nothing_says_that_it_wrote_nothing(nights: Nights) -> None:
    for _ in range(2):
        nights.enter(found(answer(2000)))
    with nights.store.reading() as connection:
        first, second = (act.said()["wrote"] for act in acts.chain(connection))
    assert {name: said["rows"] for name, said in first.items()} == {"entries": 2, "statuses": 1}
    assert second == {}


def test_the_seal_names_the_last_act(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    with nights.store.reading() as connection:
        last = acts.latest(connection)
    folder = nights.store.folder
    assert last is not None
    assert folder is not None
    said = json.loads((folder / seal.NAME).read_bytes())
    assert (said["act"], said["head"]) == (last.number, last.sha256)
    assert seal.state(folder) == "sealed"


@pytest.mark.parametrize("left", [b"[]", b"null", b'"run"', b"{", b"\xff"])
def test_a_document_that_is_no_object_was_not_left_so(left: bytes) -> None:
    with pytest.raises(UserError, match="act 1 is not what was left"):
        acts.document_of(left, "act 1")
    assert acts.document_of(b'{"kind": "run"}', "act 1") == {"kind": "run"}


# --- what every mutant of the ledger showed -----------------------------------------------------


def test_one_fen_is_paid_and_refused_like_any_amount(nights: Nights) -> None:
    nights.enter(found(answer(1)))
    nights.enter(found(answer(1)._replace(ad_id=PLAN + 1)), SHUT)
    review.refuse(nights.store, nights.waiting(), by="alice", why="not this one")
    assert (nights.status(), nights.status(PLAN + 1)[-1]) == (["PAID"], "ENDED")
    assert problems(nights.store) == []


def test_one_fen_too_much_is_a_claw_back(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    nights.enter(found(answer(1999)))
    assert nights.kinds()[-1] == ("claw_back", "0.01")
    assert query.entries(nights.store, kind="proposed")[-1]["purpose"] == "claw_back"


@pytest.mark.parametrize("was_held", [False, True])
def test_only_a_plan_that_was_held_waits_for_having_been_held(
    nights: Nights, was_held: bool
) -> None:
    careful = OPEN.model_copy(update={"wait_if_held_before": True})
    nights.enter(found(*[held()] * was_held), careful)
    assert nights.enter(found(answer(2000)), careful).waiting == 2000 * was_held


@pytest.mark.parametrize("asks", [False, True])
def test_only_grants_of_corrected_logs_wait_for_the_correction(nights: Nights, asks: bool) -> None:
    careful = OPEN.model_copy(update={"wait_if_logs_corrected": asks})
    two = (answer(2000), answer(1500)._replace(ad_id=PLAN + 1))
    night = nights.enter(found(*two, corrected={PLAN}), careful)
    assert (night.waiting, night.issued) == ((2000, 1500) if asks else (0, 3500))


@pytest.mark.parametrize(
    ("now", "verdicts", "waiting"), [(answer(1500), {}, -500), (cheating(2000), {PLAN: "x"}, 0)]
)
def test_what_was_issued_too_much_was_corrected_somewhere_and_a_verdict_corrects_nothing(
    nights: Nights, now: Answer, verdicts: dict[int, str], waiting: int
) -> None:
    careful = OPEN.model_copy(update={"wait_if_logs_corrected": True})
    nights.enter(found(answer(2000)))
    assert nights.enter(found(now, verdicts=verdicts), careful).waiting == waiting


def test_proposals_of_a_plan_are_numbered_and_name_its_rulebook(nights: Nights) -> None:
    for fen in (2000, 1500, 0):
        nights.enter(found(answer(fen)))
    rows = query.entries(nights.store, kind="proposed")
    assert [row["correction"] for row in rows] == [0, 1, 2]
    assert {(row["rulebook"], row["rulebook_sha256"]) for row in rows} == {("rule@1", "abc")}


def test_a_supplement_that_is_issued_adds_up(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    nights.enter(found(answer(2600)))
    review.approve(nights.store, [], by="alice", why="looked at it", policy=OPEN)
    assert (nights.row()["issued_fen"], problems(nights.store)) == (2600, [])


def test_an_amount_that_was_refused_takes_back_the_one_that_waits(nights: Nights) -> None:
    nights.enter(found(answer(2000)), SHUT)
    review.refuse(nights.store, nights.waiting(), by="alice", why="not this one")
    nights.enter(found(answer(2500)), SHUT)
    night = nights.enter(found(answer(2000)), SHUT)
    assert (night.refused, night.proposed, night.waiting, nights.waiting()) == (2500, 0, 0, [])


def test_the_rest_of_a_grant_that_was_taken_back_in_part_is_refused_once(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    review.claw_back(nights.store, PLAN, 500, by="alice", why="paid twice", policy=OPEN)
    assert nights.enter(found(answer(2600))).proposed == 600
    review.refuse(nights.store, nights.waiting(), by="alice", why="not the rest")
    night = nights.enter(found(answer(2600)))
    assert (night.proposed, night.decided, night.carried) == (0, 2100, 1500)
    assert (nights.status()[-1], nights.balance()["available"]) == ("PAID", "15.00")


def test_a_plan_that_gave_all_back_and_was_refused_the_rest_has_ended(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    review.claw_back(nights.store, PLAN, None, by="alice", why="paid twice", policy=OPEN)
    assert nights.enter(found(answer(2600))).proposed == 600
    review.refuse(nights.store, nights.waiting(), by="alice", why="not the rest")
    assert (nights.status()[-1], nights.row()["reasons"]) == ("ENDED", "REVIEW_REFUSED")


@pytest.mark.parametrize("is_refused", [False, True])
def test_what_is_taken_back_of_more_than_the_plan_earned_is_not_taken_off_again(
    nights: Nights, is_refused: bool
) -> None:
    """Logs are corrected to nothing, the plan is left its grant, then somebody wants a part of it
    back, and nothing of what the plan earns after all."""
    strict = SHUT.model_copy(update={"approver_differs_from_proposer": True})
    nights.enter(found(answer(2000)))
    nights.enter(found(answer(0)), strict)
    review.refuse(nights.store, nights.waiting(), by="alice", why="let them keep it")
    review.claw_back(nights.store, PLAN, 500, by="alice", why="a part", policy=strict)
    if is_refused:
        review.refuse(nights.store, nights.waiting(), by="bob", why="all of it")
    else:
        review.approve(nights.store, nights.waiting(), by="bob", why="x", policy=strict)
    nights.enter(found(answer(2600)), strict)
    assert nights.row()["decided_fen"] == 2600


def test_a_whole_claw_back_that_is_refused_leaves_the_whole(nights: Nights) -> None:
    strict = OPEN.model_copy(update={"approver_differs_from_proposer": True})
    nights.enter(found(answer(2000)))
    review.claw_back(nights.store, PLAN, None, by="alice", why="x", policy=strict)
    review.refuse(nights.store, nights.waiting(), by="bob", why="x")
    assert (nights.row()["decided_fen"], problems(nights.store)) == (2000, [])


def test_people_name_what_they_decide(nights: Nights) -> None:
    nights.enter(found(answer(2000), answer(1500)._replace(ad_id=PLAN + 1)), SHUT)
    first, second = nights.waiting()
    with pytest.raises(UserError, match="proposed-x, proposed-y: no proposal of that name waits"):
        review.approve(nights.store, ["proposed-x", "proposed-y"], by="a", why="x", policy=SHUT)
    review.approve(nights.store, [first, first], by="alice", why="x", policy=SHUT)
    assert nights.waiting() == [second]
    with pytest.raises(UserError, match="plan 1: nothing was issued for it"):
        review.claw_back(nights.store, 1, None, by="alice", why="x", policy=SHUT)
    with pytest.raises(UserError, match="plan 1: not known here"):
        review.release(nights.store, 1, by="alice", why="x")


def test_a_verdict_that_is_left_out_is_the_one_that_was_learnt(nights: Nights) -> None:
    code = "MANUAL_JUDGE_SPAM"
    nights.enter(found(cheating(2000)._replace(reasons=code), verdicts={PLAN: code}))
    nights.enter(found(answer(2000)))
    assert (nights.row()["outcome"], nights.row()["reasons"]) == ("invalid", code)


@pytest.mark.parametrize("reasons", ["DATA_QUARANTINED", "DATA_QUARANTINED,ANTI_SPAM"])
def test_a_verdict_learnt_while_the_plan_was_held_outlasts_the_hold(
    nights: Nights, reasons: str
) -> None:
    caught = held()._replace(is_cheating=True, reasons=reasons)
    nights.enter(found(caught, verdicts={PLAN: "ANTI_SPAM"}))
    night = nights.enter(found(answer(2000)))
    assert [incident["kind"] for incident in night.incidents] == ["verdict_missing"]
    assert (night.proposed, nights.row()["outcome"], nights.row()["reasons"]) == (
        *(0, "invalid", "ANTI_SPAM"),
    )


def test_a_plan_that_is_not_covered_is_told_only_that(nights: Nights) -> None:
    caught = held()._replace(is_cheating=True)
    nights.enter(found(caught, verdicts={PLAN: "ANTI_SPAM"}))
    out = held()._replace(outcome="not_covered", status="DEFAULT", reasons="SCENE_NOT_COVERED")
    nights.enter(found(out))
    row = nights.row()
    assert (row["reasons"], row["status"], row["is_cheating"]) == (
        "SCENE_NOT_COVERED",
        "DEFAULT",
        1,
    )


def test_nothing_is_against_a_plan_once_its_verdict_is_lifted(nights: Nights) -> None:
    nights.enter(found(cheating(2000), verdicts={PLAN: "ANTI_SPAM"}))
    nights.enter(found(verdicts={PLAN: ""}))
    assert (nights.row()["outcome"], nights.row()["reasons"]) == ("granted", "")


def test_the_entry_ids_of_stores_that_are_there_are_made_again() -> None:
    """Or what they have would be entered a second time."""
    made = [
        entry_id("proposed", Subject(ADVERTISER, PLAN, DAY0, "rule@1")),
        entry_id("used", Subject(ADVERTISER, name="usage u")),
    ]
    assert made == [
        "proposed-1745000000000001-0-e4a2afb8185a",
        "used-1701000000000001-0-82238036d95a",
    ]


def test_what_the_platform_gave_never_becomes_an_asset_of_it(nights: Nights) -> None:
    moves = {"granted": 1, "receivable": -1}
    with nights.store.writing() as connection:
        book = Book(connection, Stamp("x", MORNING, None))
        with pytest.raises(InvariantError, match="granted would rise to 1 fen"):
            book.enter(Entry("x", "used", Subject(ADVERTISER), 1, "", "", moves))


def test_guards_against_ourselves_keep_a_plan_from_being_paid_otherwise(nights: Nights) -> None:
    """No night and nobody is known to get there."""
    subject = Subject(ADVERTISER, PLAN, DAY0, "rule@1")
    with nights.store.writing() as connection:
        book = Book(connection, Stamp("the night", MORNING, "run-1"))
        book.stand(Standing(PLAN, ADVERTISER, outcome="granted", decided_fen=2000))
        with pytest.raises(InvariantError, match=f"plan {PLAN}: owed 2000 fen"):
            book.write()
        book.propose(proposed(subject, "grant", 2000, "三(一)", ""))
        with pytest.raises(InvariantError, match="is still waiting"):
            book.propose(proposed(subject._replace(correction=1), "grant", 2000, "三(一)", ""))
        # In order, and yet nothing was proposed for it tonight.
        with pytest.raises(InvariantError, match="decided 2000 fen, but proposed 0, carried 0"):
            _assert_night(book, found(answer(2000)), {}, [], Entered())


@pytest.mark.parametrize("policy", [OPEN, SHUT])
def test_a_plan_with_entries_that_nobody_remembers_is_found(nights: Nights, policy: Policy) -> None:
    nights.enter(found(answer(2000)), policy)
    with nights.store.writing() as connection:
        connection.execute(sa.text("UPDATE statuses SET ad_id = 1"))
    assert f"plan {PLAN}: has entries, and no standing" in problems(nights.store)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("issued_fen = -1", "-1 fen issued, entries come to 0"),
        ("waiting_fen = -1", "0 fen decided are not accounted for"),
        ("decided_fen = -1", "-1 fen decided are not accounted for"),
    ],
)
def test_less_than_nothing_is_found(nights: Nights, damage: str, said: str) -> None:
    nights.enter(found(answer(0)))
    with nights.store.writing() as connection:
        connection.execute(sa.text(f"UPDATE statuses SET {damage}"))
    assert f"plan {PLAN}: {said}" in problems(nights.store)


def test_a_plan_that_has_money_and_was_never_decided_is_found(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    with nights.store.writing() as connection:
        connection.execute(sa.text("UPDATE statuses SET decided_fen = NULL"))
    assert problems(nights.store) == [f"plan {PLAN}: 0 fen decided are not accounted for"]


def test_a_balance_that_is_gone_is_found(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    with nights.store.writing() as connection:
        connection.execute(sa.text("DELETE FROM balances WHERE account = 'available'"))
    said = f"advertiser {ADVERTISER}, available: 0 fen stored, entries come to 2000"
    assert problems(nights.store) == [said]


def test_money_without_an_entry_is_told_of_once(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    (row,) = query.entries(nights.store, kind="issued")
    with nights.store.writing() as connection:
        connection.execute(sa.text("UPDATE entries SET entry_id = 'x' WHERE kind = 'issued'"))
    said = f"{row['entry_id']}: moves money without an entry"
    assert problems(nights.store).count(said) == 1


@pytest.mark.parametrize("kind", ["claw_back", "refused"])
def test_an_answer_that_should_have_moved_money_is_found(nights: Nights, kind: str) -> None:
    nights.enter(found(answer(2000)), OPEN if kind == "claw_back" else SHUT)
    nights.enter(found(answer(0)))
    (row,) = query.entries(nights.store, kind=kind)
    with nights.store.writing() as connection:
        connection.execute(
            sa.text("DELETE FROM postings WHERE entry_id = :id"), {"id": row["entry_id"]}
        )
    assert f"{row['entry_id']}: moves no money" in problems(nights.store)


def test_a_limit_may_be_nothing_and_the_first_wrong_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    shipped = Path(load_policy.__code__.co_filename).with_name("policy.yaml").read_text("utf-8")
    path.write_text(shipped.replace("5000.00", "0"), encoding="utf-8")
    assert load_policy(path).issue_up_to_yuan == 0
    path.write_text(shipped.replace("5000.00", "x").replace("1000000.00", "y"), encoding="utf-8")
    with pytest.raises(UserError, match="issue_up_to_yuan"):
        load_policy(path)


def test_a_run_ends_at_its_act_and_at_the_last_entry_by_then(nights: Nights) -> None:
    nights.enter(found(answer(0)))
    nights.enter(found(answer(2000)))
    review.claw_back(nights.store, PLAN, 500, by="alice", why="x", policy=OPEN)
    nights.enter(found(answer(2000)))
    with nights.store.reading() as connection:
        ends = acts.ends(connection)
    assert ends == {"run-2022-10-06": (1, 0), "run-2022-10-07": (2, 2), "run-2022-10-08": (4, 4)}


def test_acts_are_numbered_from_one_and_say_what_they_wrote(nights: Nights) -> None:
    """Where people stand in what is written beside them, it is under the act that wrote it."""
    use = {"usage_id": "u", "advertiser_id": ADVERTISER, "used_at": MORNING, "amount_fen": 1}
    nights.enter(found(answer(2000), held()._replace(ad_id=PLAN + 1), usages=[use]), SHUT)
    review.release(nights.store, PLAN + 1, by="alice", why="a test row of ours")
    review.approve(nights.store, [], by="alice", why="x", policy=SHUT)
    with nights.store.reading() as connection:
        chain = list(acts.chain(connection))
        standings = connection.execute(sa.select(schema.statuses)).mappings().all()
        (release,) = connection.execute(sa.select(schema.releases.c.act)).scalars()
    wrote = [act.said()["wrote"] for act in chain]
    assert [act.number for act in chain] == [1, 2, 3]
    assert [{name: said["rows"] for name, said in each.items()} for each in wrote] == [
        {"entries": 1, "statuses": 2, "uncovered": 1},
        {"releases": 1},
        {"entries": 1, "statuses": 1},
    ]
    assert (release, [row["act"] for row in standings]) == (2, [1, 3, 1])
    # What was said of a standing fits it still when it is the last no more.
    first = [[row[name] for name in acts.STATUSES] for row in standings if row["act"] == 1]
    assert wrote[0]["statuses"]["sha256"] == digest_of_rows(first)


def test_a_night_tells_of_the_partitions_that_it_read_itself(nights: Nights) -> None:
    with nights.store.writing() as connection:
        for run_id in ("run-1", "run-1", "run-2"):
            count = connection.execute(sa.select(sa.func.count()).select_from(schema.partitions))
            row = {"table_name": "plans", "dt": DAY0, "sha256": str(count.scalar())}
            connection.execute(sa.insert(schema.partitions).values(**row, run_id=run_id))
        assert acts.written(connection, "partitions", 1, "run-1")["rows"] == 2


def test_a_commit_that_is_cut_off_leaves_the_seal_open(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = nights.store.folder
    assert folder is not None
    nights.enter(found(answer(2000)))

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(seal, "close", cut_off)
        with pytest.raises(KeyboardInterrupt):
            nights.enter(found(answer(2600)))
    assert seal.state(folder) == "writing"
    with nights.store.only_writer():
        assert seal.state(folder) == "sealed"


def test_a_seal_is_on_the_disk_whole_before_it_takes_the_place_of_the_last(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = nights.store.folder
    assert folder is not None
    kept = []
    sync = os.fsync

    def watched(handle: int) -> None:
        kept.append(os.fstat(handle).st_size)
        sync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    with nights.store.writing():
        pass
    left = (folder / seal.NAME).read_bytes()
    assert kept[-1] == len(left)
    file, said = folder / seal.DATABASE, json.loads(left)
    assert (said["size"], said["sha256"]) == (file.stat().st_size, sha256_of(file))


def test_a_notice_counts_how_often_it_was_tried(nights: Nights) -> None:
    nights.enter(found(answer(2000)))
    for _ in range(2):
        deliver(nights.store, Notices(command=("false",)), lambda *_, **__: None)
    with nights.store.reading() as connection:
        assert connection.execute(sa.select(schema.notices.c.attempts)).scalar() == 2


@pytest.mark.parametrize(
    ("now", "verdicts"),
    [(answer(0), {}), (answer(1500), {}), (cheating(2000), {PLAN: "ANTI_SPAM"})],
)
@pytest.mark.parametrize("answered", [None, "approved", "refused"])
def test_a_plan_that_is_left_its_grant_keeps_what_is_not_taken_back_by_hand(
    nights: Nights, now: Answer, verdicts: dict[int, str], answered: str | None
) -> None:
    """A person refused to take it back; that another one wants a part of it changes nothing about
    the rest, which no night takes."""
    strict = OPEN.model_copy(update={"approver_differs_from_proposer": answered is not None})
    nights.enter(found(answer(2000)))
    nights.enter(found(now, verdicts=verdicts), SHUT)
    review.refuse(nights.store, nights.waiting(), by="alice", why="let them keep it")
    review.claw_back(nights.store, PLAN, 500, by="bob", why="a part", policy=strict)
    if answered == "refused":
        review.refuse(nights.store, nights.waiting(), by="carol", why="all of it")
    elif answered:
        review.approve(nights.store, nights.waiting(), by="carol", why="x", policy=strict)
    assert nights.enter(found(now, verdicts=verdicts)).proposed == 0
    assert nights.balance()["available"] == ("20.00" if answered == "refused" else "15.00")


def test_a_supplement_that_was_refused_is_asked_for_anew_after_a_claw_back(nights: Nights) -> None:
    """The person who refused it knew of no claw-back, and what is owed is counted otherwise now."""
    nights.enter(found(answer(2000)))
    nights.enter(found(answer(2600)))
    review.refuse(nights.store, nights.waiting(), by="alice", why="not the rest")
    review.claw_back(nights.store, PLAN, 500, by="bob", why="a part", policy=OPEN)
    assert nights.enter(found(answer(3700))).proposed == 1100


def test_an_amount_that_was_refused_is_owed_again_once_another_was_issued(nights: Nights) -> None:
    nights.enter(found(answer(2000)), SHUT)
    review.refuse(nights.store, nights.waiting(), by="alice", why="not this one")
    nights.enter(found(answer(2500)), SHUT)
    review.approve(nights.store, [], by="alice", why="this one", policy=SHUT)
    assert nights.enter(found(answer(2000))).recovered == 500


def test_who_signed_a_proposal_cannot_approve_it_by_another_name(nights: Nights) -> None:
    strict = SHUT.model_copy(update={"approver_differs_from_proposer": True})
    keys = [Ed25519PrivateKey.generate() for _ in range(2)]
    nightly, alices = (Signer(key, key.public_key().public_bytes_raw().hex()) for key in keys)

    def approve(by: str, signer: Signer) -> None:
        nights.store.signer = signer
        review.approve(nights.store, [], by=by, why="x", policy=strict)

    nights.signer = nightly
    nights.enter(found(answer(2000)), strict)
    with pytest.raises(UserError, match="under the key that would sign this"):
        approve("bob", nightly)
    approve("alice", alices)
    review.claw_back(nights.store, PLAN, 500, by="alice", why="x", policy=strict)
    with pytest.raises(UserError, match="under the key that would sign this"):
        approve("bob", alices)
    approve("bob", nightly)
    assert nights.balance()["available"] == "15.00"


def test_a_verdict_that_says_the_same_again_decides_nothing(nights: Nights) -> None:
    """What people decided since stands."""
    nights.enter(found(answer(2000)))
    nights.enter(found(answer(1500)), SHUT)
    review.refuse(nights.store, nights.waiting(), by="alice", why="let them keep it")
    review.claw_back(nights.store, PLAN, 200, by="bob", why="a part", policy=OPEN)
    before = nights.row()
    nights.enter(found(verdicts={PLAN: ""}))
    assert nights.row() == before


def test_a_verdict_on_a_plan_that_runs_is_learnt_when_the_plan_is_asked(nights: Nights) -> None:
    nights.enter(found(answer(0, outcome="open", status="IN_EFFECT", reasons="", merit_fen=None)))
    before = nights.row()
    nights.enter(found(verdicts={PLAN: "ANTI_SPAM"}))
    assert nights.row() == before
