"""The chain of acts: one for each transaction that changed the ledger, by a night or by a person.

An act is a document of canonical JSON: who did what, when and why, digests of every row that it
wrote, and the digest of the act before it. A night's act is its manifest. So nothing that was
entered can be changed, taken out or put in between without every later act telling.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qianchuan_guarantee import __version__
from qianchuan_guarantee.digests import canonical, digest_of_rows, leaf, objects, root, sha256
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.ledger import schema

if TYPE_CHECKING:
    from qianchuan_guarantee.ledger.entries import Stamp
    from qianchuan_guarantee.signatures import Signer

KINDS = ("run", "approve", "refuse", "claw_back", "release")

Wrote = dict[str, dict[str, Any]]


class Act(NamedTuple):
    """One link of the chain. signature, public_key: hex; null: not signed."""

    number: int
    sha256: str
    document: bytes
    signature: str | None
    public_key: str | None

    def said(self) -> dict[str, Any]:
        """What the act says; UserError where it was damaged."""
        return document_of(self.document, f"act {self.number} of the ledger")


def document_of(content: bytes, name: str) -> dict[str, Any]:
    """A document that a run or a person left in a store; UserError where it was damaged."""
    try:
        said = json.loads(content)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise UserError(f"{name} is not what was left; `qcg audit verify` says what fits no more")
    return said


def latest(connection: Connection) -> Act | None:
    """The head of the chain."""
    table = schema.acts
    found = connection.execute(sa.select(table).order_by(table.c.number.desc()).limit(1)).first()
    return None if found is None else _act(found)


def chain(connection: Connection) -> Iterator[Act]:
    """Every act, the first one first."""
    table = schema.acts
    for row in connection.execute(sa.select(table).order_by(table.c.number)):
        yield _act(row)


def _act(row: Any) -> Act:
    return Act(row.number, row.sha256, row.document.encode(), row.signature, row.public_key)


class End(NamedTuple):
    """Where the ledger stood when a run was done: its act, and the last entry by then. Numbers
    only grow; the times beside them are a clock's, which may be set back."""

    act: int
    entry: int


def ends(connection: Connection) -> dict[str, End]:
    """Of every run, by its id."""
    last, found = 0, {}
    for act in chain(connection):
        said = act.said()
        if entries := said["wrote"].get("entries"):
            last = entries["first"] + entries["rows"] - 1
        if said["kind"] == "run":
            found[said["run_id"]] = End(act.number, last)
    return found


def next_number(connection: Connection) -> int:
    return (connection.execute(sa.select(sa.func.max(schema.acts.c.number))).scalar() or 0) + 1


def enter(
    connection: Connection,
    kind: str,
    stamp: Stamp,
    content: Mapping[str, Any],
    wrote: Wrote,
    signer: Signer | None,
) -> Act:
    """Close a transaction with its act: the last thing of it. `wrote`: what `Book.write` says;
    the other tables are read here."""
    before = latest(connection)
    number = before.number + 1 if before else 1
    wrote = wrote | {name: written(connection, name, number, stamp.run_id) for name in _OTHERS}
    document = canonical(
        {
            "version": __version__,
            **content,
            "act": number,
            "kind": kind,
            "by": stamp.by,
            "at": stamp.at.isoformat(),
            "run_id": stamp.run_id,
            "previous": before.sha256 if before else None,
            "wrote": {name: said for name, said in wrote.items() if said["rows"]},
        }
    )
    signature = signer.sign(document) if signer else None
    public_key = signer.public_key if signer else None
    act = Act(number, sha256(document), document, signature, public_key)
    connection.execute(
        sa.insert(schema.acts).values(
            number=number,
            sha256=act.sha256,
            document=document.decode(),
            signature=signature,
            public_key=public_key,
        )
    )
    return act


# Digests of what an act wrote. Rows of most tables are lines of JSON; entries are leaves of a tree,
# so that one of them can be proved without the others.

STATUSES = tuple(column.name for column in schema.statuses.columns if column.name != "is_last")
_OTHERS = ("partitions", "releases", "uncovered")


def wrote_statuses(rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Rows in the order of `STATUSES`, by plan."""
    return {"rows": len(rows), "sha256": digest_of_rows(rows)}


def wrote_entries(first: int, texts: Sequence[str]) -> dict[str, Any]:
    """Entries by number, each as `entry_texts` writes it."""
    return {"rows": len(texts), "first": first, "root": root([leaf(text) for text in texts])}


ENTRIES = tuple(sorted(schema.entries.columns.keys()))


def entry_texts(
    columns: Mapping[str, Sequence[Any]], moves: Sequence[Mapping[str, int]]
) -> list[str]:
    """Entries with what they moved (account → fen), as the chain has them. `columns`: by name."""
    texts = ((f'"{name}":{fen}' for name, fen in sorted(each.items())) for each in moves)
    last = {"moves": ("{" + ",".join(each) + "}" for each in texts)}
    return objects({name: columns[name] for name in ENTRIES}, last)


def written(connection: Connection, name: str, number: int, run_id: str | None) -> dict[str, Any]:
    """What an act wrote to one of the smaller tables, as it stands there."""
    table = schema.metadata.tables[name]
    query = sa.select(table).order_by(*table.primary_key.columns)
    if name == "partitions":
        query = query.where(table.c.run_id == run_id)
    elif name == "releases":
        query = query.where(table.c.act == number)
    elif run_id is None:  # people leave what is uncovered as it is
        return {"rows": 0}
    rows = [tuple(row) for row in connection.execute(query)]
    return {"rows": len(rows), "sha256": digest_of_rows(rows)}
