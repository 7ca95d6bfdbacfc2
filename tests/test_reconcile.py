"""The platform's figures beside ours: every plan in one class, the money adds up, and a difference
is put down to what explains it. And the other way: our ledger as the official interface says it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qianchuan_guarantee.decide import Question
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.ledger import query
from qianchuan_guarantee.ledger.policy import load_policy
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.nightly import Night, run
from tests.conftest import BOOKS, FIXTURES
from tests.test_cli import qcg

DEMO, DAY = FIXTURES / "demo", date(2022, 10, 20)
FIRST = 1745000000000000
# Field → its type, and the values of the enums, as the official SDK (v1.1.93) declares them of
# `v1.0/qianchuan/ad/compensate_status/get`; of `v3.0/promotion/cost_protect_status/get` the rest.
OFFICIAL = {
    "ad_id": int,
    "compensate_status": str,
    "reason": str,
    "status": str,
    "url": str,
}
SIBLING = {"compensate_amount": Decimal, "end_reasons": dict, "invalid_reasons": dict}
STATUSES = {"IN_EFFECT", "INVALID", "CONFIRMING", "PAID", "ENDED", "DEFAULT"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The demo's last night: small grants are issued, large ones wait."""
    kept = Store(str(tmp_path_factory.mktemp("night") / "store"), create=True)
    engine = DuckDB()
    asked = Night(Question(str(DEMO), DAY, BOOKS), load_policy(None))
    run(asked, kept, engine, lambda *_, **__: None)
    engine.close()
    yield kept
    kept.close()


# --- The other way: the ledger as the official interface says it ---------------------------------


def exported(store: Store, path: Path) -> list[dict[str, Any]]:
    ran = qcg("export", "status", "--store", store.folder, "-o", path)
    assert (ran.code, ran.said) == (0, "")
    texts = path.read_text("utf-8").splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    return [json.loads(text, parse_float=Decimal) for text in texts]


def test_what_is_exported_has_the_official_fields_and_values(store: Store, tmp_path: Path) -> None:
    (answer,) = exported(store, tmp_path / "status.json")
    assert (answer["code"], set(answer)) == (0, {"code", "message", "request_id", "data"})
    items = answer["data"]["list"]
    assert len(items) == 69
    for item in items:
        assert {name: type(value) for name, value in item.items()} == OFFICIAL | SIBLING
        assert item["status"] == "SUCCESS"
        assert item["compensate_status"] in STATUSES
        assert -item["compensate_amount"].as_tuple().exponent == 2
    assert {item["compensate_status"] for item in items} == STATUSES
    paid = {item["ad_id"] for item in items if item["compensate_amount"]}
    assert paid == {item["ad_id"] for item in items if item["compensate_status"] == "PAID"}
    issued = [Decimal(row["amount"]) for row in query.entries(store, kind="issued")]
    assert sum(item["compensate_amount"] for item in items) == sum(issued) > 0


def test_pages_have_as_many_plans_as_the_interface_gives(store: Store, tmp_path: Path) -> None:
    (whole,) = exported(store, tmp_path / "status.json")
    answers = exported(store, tmp_path / "status.jsonl")
    assert [len(answer["data"]["list"]) for answer in answers] == [50, 19]
    both = [item for answer in answers for item in answer["data"]["list"]]
    assert both == whole["data"]["list"]


def test_reasons_are_said_by_code_and_in_words(store: Store, tmp_path: Path) -> None:
    (answer,) = exported(store, tmp_path / "status.json")
    by_plan = {item["ad_id"] - FIRST: item for item in answer["data"]["list"]}
    assert by_plan[307]["invalid_reasons"].keys() == {"BID_CHANGES", "AUD_CHANGES"}
    assert by_plan[307]["end_reasons"] == {"UN_OBERCOST": "未超成本"}
    assert by_plan[307]["reason"] == "出价修改次数超限；定向修改次数超限；未超成本"


def test_a_store_that_is_not_there_and_a_file_of_no_format(store: Store, tmp_path: Path) -> None:
    ran = qcg("export", "status", "--store", tmp_path / "none", "-o", tmp_path / "x.json")
    assert (ran.code, "no store there" in ran.said) == (1, True)
    ran = qcg("export", "status", "--store", store.folder, "-o", tmp_path / "x.xlsx")
    assert (ran.code, "expected .json, .jsonl" in ran.said) == (2, True)
    assert not (tmp_path / "x.json").exists()
