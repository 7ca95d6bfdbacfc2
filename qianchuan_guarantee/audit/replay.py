"""A night decided again from the logs, by the rulebook, the readings and the memory of then, and
compared with what it left: files byte by byte, decisions row by row."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from qianchuan_guarantee.audit.code import code
from qianchuan_guarantee.audit.difference import Difference, Side, compare, input_changes
from qianchuan_guarantee.audit.inputs import input_files
from qianchuan_guarantee.decide import Question, decide
from qianchuan_guarantee.digests import sha256_of
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.exports.fetch import as_asked, fetch
from qianchuan_guarantee.exports.find import find
from qianchuan_guarantee.ledger import acts, explained, memory, schema
from qianchuan_guarantee.ledger.files import table_of
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.rulebook import Rulebook
from qianchuan_guarantee.write import write_tables

if TYPE_CHECKING:
    import pyarrow as pa

    from qianchuan_guarantee.engines import Engine

# What a run leaves of its decisions, whatever was asked of it later.
FILES = ("decisions", "quarantine", "facts", "by_bid", "bid_steps", "operations")


@dataclass(frozen=True)
class RunOf:
    """A run as its store has it. `act`, `number`: its places in the chain and among the runs."""

    store: Store
    run_id: str
    act: int
    number: int
    manifest: Mapping[str, Any]


@dataclass(frozen=True)
class Replayed:
    """What came of it. files: name → the same bytes? (null: only some plans were asked);
    inputs: files that are another now; code: what decided then and now."""

    run: RunOf
    files: dict[str, bool] | None
    inputs: dict[str, list[str]]
    code: tuple[str, str]
    plans: int
    differences: list[Difference]

    @property
    def is_same(self) -> bool:
        return not self.differences and (self.files is None or self.files["decisions"])


def run_of(store: Store, run_id: str | None) -> RunOf:
    """A run by its name; the last one where none is given."""
    table, chain = schema.runs, schema.acts
    query = sa.select(table.c.run_id, table.c.number, chain).join(
        chain, chain.c.sha256 == table.c.manifest_sha256
    )
    query = query.order_by(table.c.number.desc())
    if run_id is not None:
        query = query.where(table.c.run_id == run_id)
    with store.reading() as connection:
        found = connection.execute(query.limit(1)).first()
        known = list(connection.execute(sa.select(table.c.run_id)).scalars())
    if found is None:
        there = ", ".join(known[-5:]) if known else "none yet"
        raise UserError(f"{store}: no run {run_id or ''}; there is {there}")
    act = acts.Act(*found[2:])
    return RunOf(store, found[0], act.number, found[1], act.said())


def books_of(run: RunOf) -> list[Rulebook]:
    """The rulebooks that a run decided by, as it kept them."""
    return explained.books_of(run.store, run.run_id, run.manifest)


def replay(
    run: RunOf,
    exports: str,
    plans: Sequence[int],
    engine: Engine,
    tell: Callable[..., None],
) -> Replayed:
    """Decide a run's night again. UserError where the exports or the store cannot be read."""
    as_of = date.fromisoformat(run.manifest["as_of"])
    folder = fetch(exports, engine.scratch)
    with as_asked(exports, folder):
        export = find(folder)
        tell("p_hashing")
        inputs = [file.document() for file in input_files(export)]
    before = memory.Before(run.number, run.act)
    remembered = memory.recall(run.store, as_of, memory.begin(export), before)
    question = Question(exports, as_of, books_of(run), run.manifest["read_otherwise"], tuple(plans))
    decided = decide(replace(question, memory=remembered.memory), engine, tell)
    with tempfile.TemporaryDirectory(prefix="qcg-") as scratch:
        write_tables(explained.sheets(decided, Path(scratch)))
        digests = {name: sha256_of(Path(scratch, f"{name}.parquet")) for name in FILES}
        again = {
            name: table_of(Path(scratch, f"{name}.parquet").read_bytes())
            for name in ("decisions", "facts")
        }
    then = side_of(run, plans)
    now = Side(
        again["decisions"],
        again["facts"],
        {
            "as_of": run.manifest["as_of"],
            "rulebooks": run.manifest["rulebooks"],
            "inputs": inputs,
            "code": code(),
        },
    )
    files = {name: digests[name] == run.manifest["files"][f"{name}.parquet"] for name in FILES}
    return Replayed(
        run=run,
        files=None if plans else files,
        inputs=input_changes(run.manifest["inputs"], inputs),
        code=(_code(run.manifest["code"]), _code(now.manifest["code"])),
        plans=again["decisions"].num_rows,
        differences=compare(then, now),
    )


def _code(said: Mapping[str, Any]) -> str:
    return f"{said['version']} ({said['sha256'][:12]})"


def side_of(run: RunOf, plans: Sequence[int] = ()) -> Side:
    """What a run left, of all plans or only these."""
    tables = []
    for name in ("decisions", "facts"):
        content = run.store.read(run.run_id, f"{name}.parquet")
        if content is None:
            raise UserError(f"{run.store}: runs/{run.run_id}/{name}.parquet is gone")
        tables.append(_of_plans(table_of(content), plans))
    return Side(tables[0], tables[1], run.manifest)


def _of_plans(table: pa.Table, plans: Sequence[int]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not plans:
        return table
    return table.filter(pc.is_in(table["ad_id"], value_set=pa.array(plans, pa.int64())))
