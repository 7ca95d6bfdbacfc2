"""The decisions that a store's runs left."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.ledger import schema
from qianchuan_guarantee.ledger.store import Store


def decision_files(store: Store, run_id: str | None = None) -> Iterator[tuple[str, bytes]]:
    """Each run with its decisions, as Parquet, the latest run first; or only the run `run_id`."""
    runs = schema.runs
    with store.reading() as connection:
        query = sa.select(runs.c.run_id).order_by(runs.c.number.desc())
        known = list(connection.execute(query).scalars())
    if not known:
        raise UserError(f"{store}: no run yet; `qcg run … --store {store}` makes one")
    if run_id is not None and run_id not in known:
        raise UserError(f"--run {run_id}: no such run in {store}; its last one is {known[0]}")
    for name in known if run_id is None else [run_id]:
        content = store.read(name, "decisions.parquet")
        if content is None:
            raise UserError(f"{store}: the run {name} has lost its decisions.parquet")
        yield name, content
