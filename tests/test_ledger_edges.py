"""The ledger at its edges: one fen, one instant, one person too many; what mutants of it showed
that no test asked (docs/trust.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from qianchuan_guarantee.errors import InvariantError, UserError
from qianchuan_guarantee.ledger import acts, query, review, seal
from qianchuan_guarantee.ledger.book import Book
from qianchuan_guarantee.ledger.checks import problems
from qianchuan_guarantee.ledger.entries import Stamp
from qianchuan_guarantee.ledger.night import Entered, _assert_night
from qianchuan_guarantee.ledger.policy import load_policy
from qianchuan_guarantee.ledger.settle import Standing
from tests.test_ledger import (
    ADVERTISER,
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
