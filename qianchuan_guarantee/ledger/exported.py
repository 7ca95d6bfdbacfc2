"""四(五): where every plan stands, in the shape of the official `compensate_status` interface, so
that a console that reads that interface can read this ledger.

Fields and enums are official ones. Those of `v1.0/qianchuan/ad/compensate_status/get` are all
there; `compensate_amount`, `end_reasons` and `invalid_reasons` are its sibling's
(`v3.0/promotion/cost_protect_status/get`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from qianchuan_guarantee.ledger import schema
from qianchuan_guarantee.ledger.query import yuan
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.vocabulary import REASONS

PAGE = 50  # plans of one answer of the official interface
_AT_ONCE = 10_000
_BEGIN = '{"code": 0, "message": "OK", "request_id": "", "data": {"list": ['
_END = "]}}\n"


def pages(store: Store, size: int | None = None) -> Iterator[str]:
    """Answers of the interface as text, piece by piece: `size` plans in each, a line for each, or
    (None) one answer with all plans. Plans in the order of their ids; an empty ledger gives one
    empty answer."""
    between = ",\n" if size is None else ", "
    yield _BEGIN
    for number, row in enumerate(_rows(store)):
        if number:
            yield between if size is None or number % size else f"{_END}{_BEGIN}"
        yield _item(row)
    yield _END


def _rows(store: Store) -> Iterator[Mapping[str, Any]]:
    table = schema.plans
    columns = (table.c.ad_id, table.c.status, table.c.reasons, table.c.issued_fen)
    with store.reading() as connection:
        lazily = connection.execution_options(yield_per=_AT_ONCE)
        for row in lazily.execute(sa.select(*columns).order_by(table.c.ad_id)).mappings():
            yield dict(row)


def _item(row: Mapping[str, Any]) -> str:
    codes = [code for code in row["reasons"].split(",") if code in REASONS]
    item = {
        "ad_id": row["ad_id"],
        "status": "SUCCESS",
        "compensate_status": row["status"],
        "reason": "；".join(REASONS[code].zh for code in codes),
        "url": "",
        "end_reasons": _in_words(codes, "ended"),
        "invalid_reasons": _in_words(codes, "invalid"),
    }
    # A number, as the interface has it; written from whole fen, never by way of a float.
    amount = f', "compensate_amount": {yuan(row["issued_fen"])}}}'
    return json.dumps(item, ensure_ascii=False)[:-1] + amount


def _in_words(codes: Sequence[str], kind: str) -> dict[str, str]:
    return {code: REASONS[code].zh for code in codes if REASONS[code].kind == kind}
