"""The rows of a ledger, held against what its acts say that they wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qianchuan_guarantee.ledger import acts, schema
from qianchuan_guarantee.ledger.book import TOLD
from qianchuan_guarantee.ledger.store import Store

_AT_ONCE = 10_000
Problem = tuple[str, str]
Links = Sequence[tuple[acts.Act, dict[str, Any]]]


def problems(connection: Connection, links: Links) -> Iterator[Problem]:
    """Table, and what of it does not fit."""
    connection = connection.execution_options(yield_per=_AT_ONCE)
    yield from _entries(connection, links)
    yield from _statuses(connection, links)
    yield from _smaller(connection, links)
    yield from _runs(connection, links)
    yield from _derived(connection)


def _entries(connection: Connection, links: Links) -> Iterator[Problem]:
    """Each act's entries, in the order of their numbers: nothing changed, between or left over."""
    e, p = schema.entries, schema.postings
    entries = connection.execute(sa.select(e).order_by(e.c.number)).mappings()
    query = sa.select(e.c.number, p.c.account, p.c.amount_fen, p.c.advertiser_id).join(
        p, p.c.entry_id == e.c.entry_id
    )
    moves = groupby(connection.execute(query.order_by(e.c.number)), key=lambda row: row[0])
    moved = next(moves, None)
    last = 0
    for act, said in links:
        wrote = said["wrote"].get("entries")
        if wrote is None:
            continue
        its_rows: list[Mapping[Any, Any]] = []
        its_moves: list[dict[str, int]] = []
        while len(its_rows) < wrote["rows"] and (row := next(entries, None)) is not None:
            its: dict[str, int] = {}
            if moved is not None and moved[0] == row["number"]:
                for _, account, amount, advertiser in moved[1]:
                    its[account] = amount
                    if advertiser != row["advertiser_id"]:
                        yield "postings", f"{row['entry_id']}: of another advertiser"
                moved = next(moves, None)
            if row["number"] != last + 1:
                yield "entries", f"expected number {last + 1}, found {row['number']}"
            last = row["number"]
            its_rows.append(row)
            its_moves.append(its)
        columns = {name: [row[name] for row in its_rows] for name in acts.ENTRIES}
        texts = acts.entry_texts(columns, its_moves)
        if acts.wrote_entries(wrote["first"], texts) != wrote:
            yield "entries", f"those of act {act.number} are not what it entered"
    if next(entries, None) is not None:
        yield "entries", f"entries after number {last} belong to no act"


def _statuses(connection: Connection, links: Links) -> Iterator[Problem]:
    table = schema.statuses
    right = {act.number: said["wrote"].get("statuses") for act, said in links}
    columns = [table.c[name] for name in acts.STATUSES]
    rows = connection.execute(sa.select(*columns).order_by(table.c.act, table.c.ad_id))
    for number, group in groupby(rows, key=lambda row: row.act):
        wrote = right.pop(number, None)
        if acts.wrote_statuses([tuple(row) for row in group]) != wrote:
            yield "statuses", f"those of act {number} are not what it wrote"
    for number, wrote in right.items():
        if wrote is not None:
            yield "statuses", f"those of act {number} are gone"


def _smaller(connection: Connection, links: Links) -> Iterator[Problem]:
    nothing = {"rows": 0}
    last_run = max((act.number for act, said in links if said["kind"] == "run"), default=0)
    for act, said in links:
        for name in ("partitions", "releases", "uncovered"):
            if name == "uncovered" and act.number != last_run:
                continue  # written anew by every run
            now = acts.written(connection, name, act.number, said["run_id"])
            if (now if now["rows"] else nothing) != said["wrote"].get(name, nothing):
                yield name, f"those of act {act.number} are not what it wrote"
    runs = [said["run_id"] for _, said in links if said["kind"] == "run"]
    for name, column, known in (
        ("partitions", "run_id", runs),
        ("releases", "act", [act.number for act, _ in links]),
    ):
        table = schema.metadata.tables[name]
        for of in connection.execute(sa.select(table.c[column]).distinct()).scalars():
            if of not in known:
                yield name, f"rows of {of}, which is no act"


def _runs(connection: Connection, links: Links) -> Iterator[Problem]:
    """The table of runs says what their manifests say."""
    table = schema.runs
    found = {row["run_id"]: row for row in connection.execute(sa.select(table)).mappings()}
    number = 0
    for act, said in links:
        if said["kind"] != "run" or "key" not in said:
            continue
        number += 1
        row = found.pop(said["run_id"], None)
        if row is None:
            yield "runs", f"{said['run_id']} is gone"
        elif _row_of(row) != _said(number, act, said):
            yield "runs", f"{said['run_id']} is not what its manifest says"
    for run_id in found:
        yield "runs", f"{run_id} has no act"


def _row_of(row: Mapping[Any, Any]) -> dict[str, Any]:
    plain = {name: row[name] for name in ("number", "key", "manifest_sha256", "started_by")}
    return plain | {
        "as_of": row["as_of"].isoformat(),
        "finished_at": row["finished_at"].isoformat(),
        "summary": json.loads(row["summary"]),
        "days": json.loads(row["days"]),
    }


def _said(number: int, act: acts.Act, said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": number,
        "key": said["key"],
        "manifest_sha256": act.sha256,
        "started_by": said["by"],
        "as_of": said["as_of"],
        "finished_at": said["at"],
        "summary": said["summary"],
        "days": said["days"],
    }


def _derived(connection: Connection) -> Iterator[Problem]:
    """What can be told from the rest: where plans stand, and what advertisers are to be told."""
    table = schema.statuses
    last = sa.func.max(table.c.act)
    marked = sa.func.max(sa.case((table.c.is_last, table.c.act), else_=0))
    marks = sa.func.sum(sa.case((table.c.is_last, 1), else_=0))
    wrong = sa.select(table.c.ad_id).group_by(table.c.ad_id).having((marked != last) | (marks != 1))
    for plan in connection.execute(wrong).scalars():
        yield "statuses", f"plan {plan}: its last one is not marked as the last, or not alone"
    e, n = schema.entries, schema.notices
    told = sa.select(("notice-" + e.c.entry_id).label("notice_id"), e.c.entry_id)
    told = told.where(e.c.kind.in_(TOLD))
    waiting = sa.select(n.c.notice_id, n.c.entry_id)
    for one, other in ((told, waiting), (waiting, told)):
        for row in connection.execute(sa.except_(one, other)):
            yield "notices", f"{row[0]}: not the notice of an entry, or the entry has none"


def runs_with_files(store: Store) -> list[str]:
    """The runs that there are files of."""
    if store.folder is not None:
        runs = store.folder / "runs"
        return sorted(path.name for path in runs.iterdir()) if runs.is_dir() else []
    with store.reading() as connection:
        query = sa.select(schema.files.c.run_id).distinct()
        return sorted(connection.execute(query).scalars())


def delivered(connection: Connection) -> set[str]:
    """Digests of the notices as they were delivered."""
    column = schema.notices.c.sha256
    return set(connection.execute(sa.select(column).where(column.is_not(None))).scalars())
