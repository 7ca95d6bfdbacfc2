"""The nightly job: check, decide, record, propose, issue, tell. The one place that knows the order.

Everything of a night becomes durable at once, in one database transaction; its files are there
before, and mean nothing without it. So a night that was cut off at any instant is simply run
again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from qianchuan_guarantee import __version__
from qianchuan_guarantee.audit.inputs import InputFile, input_files, partition_digests
from qianchuan_guarantee.audit.manifest import Ran, manifest, read_by
from qianchuan_guarantee.decide import Question, decide
from qianchuan_guarantee.digests import canonical, sha256
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.exports.fetch import as_asked, fetch
from qianchuan_guarantee.exports.find import Export, find
from qianchuan_guarantee.exports.steady import require_unchanged
from qianchuan_guarantee.ledger import acts, explained, memory, schema
from qianchuan_guarantee.ledger.book import Book
from qianchuan_guarantee.ledger.entries import Stamp
from qianchuan_guarantee.ledger.found import found_by
from qianchuan_guarantee.ledger.night import Entered, enter
from qianchuan_guarantee.ledger.policy import Policy
from qianchuan_guarantee.ledger.query import yuan
from qianchuan_guarantee.ledger.store import Store, now, whoami
from qianchuan_guarantee.report.summary import summarise
from qianchuan_guarantee.tables import LOGS
from qianchuan_guarantee.write import write_tables

if TYPE_CHECKING:
    from qianchuan_guarantee.decide import Decided
    from qianchuan_guarantee.engines import Engine


NEAR = 10  # near misses of each kind


@dataclass(frozen=True)
class Night:
    """A night as it was asked for. `by`: who started it; null: the user of the system. `why`: the
    reason for what is otherwise than on the night before."""

    question: Question
    policy: Policy
    is_dry: bool = False
    by: str | None = None
    why: str | None = None


@dataclass(frozen=True)
class NightResult:
    """What a night did. document: what `--json` prints; decided: null where the night was run
    before."""

    run_id: str
    is_repeated: bool
    document: Mapping[str, Any]
    decided: Decided | None


@dataclass(frozen=True)
class Started:
    """A night that is not a repeat: what it is called, what it was asked, what it reads, and
    the folder as it was before."""

    run_id: str
    key: str
    files: list[InputFile]
    remembered: memory.Remembered
    export: Export


def run(night: Night, store: Store, engine: Engine, tell: Callable[..., None]) -> NightResult:
    """Run a night; UserError where a day has not landed or the store is in use, with nothing
    written."""
    # A dry run of a new store has nothing to keep others away from.
    with store.only_writer() if not night.is_dry else nullcontext():
        question = night.question
        folder = fetch(question.exports, engine.scratch)
        with as_asked(question.exports, folder):
            export = find(folder)
            _has_landed(export, question.as_of, _partitioned(store))
            tell("p_hashing")
            files = input_files(export)
        key = _key(night, store, files)
        repeated = _repeated(store, key)
        if repeated is not None:
            return repeated
        _in_order(store, question.as_of)
        run_id = _run_id(store, question.as_of, key)
        remembered = memory.recall(store, question.as_of, memory.begin(export))
        asked = replace(question, memory=remembered.memory)
        decided = decide(asked, engine, tell)
        return _record(night, store, decided, Started(run_id, key, files, remembered, export), tell)


def _has_landed(export: Export, as_of: date, known: Collection[str]) -> None:
    """The night needs the day before: a scheduler can try again once it is there. `known`: tables
    that had partitions on an earlier night."""
    day = as_of - timedelta(days=1)
    there = {name: found.days for name, found in export.tables.items()}
    there |= {name: () for name in known if name not in there}
    missing = [
        name
        for name in ("plans", *LOGS)
        if (days := there.get(name)) is not None and day not in days
    ]
    if missing:
        raise UserError(
            f"{export.folder}: dt={day} of {', '.join(missing)} has not landed yet; "
            "run again once it has"
        )


def _partitioned(store: Store) -> set[str]:
    with store.reading() as connection:
        return set(connection.execute(sa.select(schema.partitions.c.table_name)).scalars())


def _key(night: Night, store: Store, files: list[InputFile]) -> str:
    """What a night was asked: the same question on the same files is the same night."""
    with store.reading() as connection:
        released = sorted(connection.execute(sa.select(schema.releases.c.ad_id)).scalars())
    question = night.question
    return sha256(
        canonical(
            {
                "as_of": question.as_of.isoformat(),
                "inputs": [file.document() for file in files],
                "rulebooks": [book.digest for book in question.books],
                "readings": dict(question.readings),
                "released": released,
                "version": __version__,
            }
        )
    )


def _repeated(store: Store, key: str) -> NightResult | None:
    """The night's last run, if it was asked just this. An earlier one does not count: what came
    between would stand."""
    table = schema.runs
    with store.reading() as connection:
        row = connection.execute(sa.select(table).where(table.c.key == key)).mappings().first()
        if row is None:
            return None
        nights = sa.select(sa.func.max(table.c.number)).where(table.c.as_of == row["as_of"])
        last = connection.execute(nights).scalar()
        same = sa.select(table).where(table.c.number == last, table.c.key == key)
        row = connection.execute(same).mappings().first()
    if row is None:
        return None
    document = json.loads(row["summary"]) | {"repeated": True}
    return NightResult(row["run_id"], True, document, None)


def _run_id(store: Store, as_of: date, key: str) -> str:
    """Named after what was asked, and which time it was asked."""
    with store.reading() as connection:
        query = sa.select(sa.func.count()).where(schema.runs.c.key == key)
        times = int(connection.execute(query).scalar() or 0)
    return f"{as_of}-{key[:10]}" + (f"-{times + 1}" if times else "")


def _in_order(store: Store, as_of: date) -> None:
    with store.reading() as connection:
        latest = connection.execute(sa.select(sa.func.max(schema.runs.c.as_of))).scalar()
    if latest is not None and as_of < latest:
        raise UserError(
            f"--as-of {as_of}: {store} has already decided {latest}; nights are decided in order. "
            f"Logs of older days that were corrected are decided again as of {latest} or later"
        )


def _record(
    night: Night, store: Store, decided: Decided, started: Started, tell: Callable[..., None]
) -> NightResult:
    """Enter a night, and make it durable: files first, then one commit."""
    tell("p_recording")
    run_id = started.run_id
    digests = partition_digests(decided.export, started.files)
    stamp = Stamp(night.by or whoami(), now(), run_id)
    staged = store.staging(run_id, decided.engine.scratch, is_dry=night.is_dry)
    _write_files(decided, staged)
    for each in night.question.books:
        (staged / f"rulebook-{each.version}.json").write_bytes(each.canonical)
    corrected, late = _changed(store, digests)
    days = memory.leave(
        decided, started.remembered, staged, is_past_changed=bool(corrected or late)
    )
    found = found_by(decided, night.policy, corrected)
    books = {book.id: book.digest for book in night.question.books}
    summary = summarise(decided, NEAR)
    read = read_by(decided, started.files)
    with as_asked(night.question.exports, started.export.folder):
        require_unchanged(started.export, night.question.as_of)
    with store.writing(is_dry=night.is_dry) as connection:
        book = Book(connection, stamp)
        entered = enter(book, found, night.policy, books, night.question.as_of)
        wrote = book.write()
        _see_partitions(connection, digests, run_id)
        document = _document(summary.document(), run_id, entered)
        ran = Ran(
            read=read,
            summary=summary,
            policy=night.policy,
            key=started.key,
            why=night.why,
            days=days,
            document=document,
            folder=staged,
            before=_before(connection),
        )
        act = acts.enter(connection, "run", stamp, manifest(ran), wrote, store.signer)
        (staged / "manifest.json").write_bytes(act.document)
        if act.signature is not None:
            (staged / "manifest.sig").write_bytes(bytes.fromhex(act.signature))
        _enter_run(connection, act, document, days)
        if not night.is_dry:
            store.keep(connection, run_id, staged)
    return NightResult(run_id, False, document, decided)


def _before(connection: sa.Connection) -> dict[str, Any] | None:
    """The manifest of the night before."""
    runs, chain = schema.runs, schema.acts
    query = sa.select(chain.c.document).join(runs, runs.c.manifest_sha256 == chain.c.sha256)
    found = connection.execute(query.order_by(runs.c.number.desc()).limit(1)).scalar()
    return json.loads(found) if found else None


def _enter_run(
    connection: sa.Connection,
    act: acts.Act,
    document: Mapping[str, Any],
    days: Mapping[str, list[str]],
) -> None:
    table, said = schema.runs, act.said()
    latest = connection.execute(sa.select(sa.func.max(table.c.number))).scalar() or 0
    connection.execute(
        sa.insert(table).values(
            number=latest + 1,
            run_id=said["run_id"],
            key=said["key"],
            as_of=date.fromisoformat(said["as_of"]),
            manifest_sha256=act.sha256,
            summary=json.dumps(document, ensure_ascii=False),
            days=json.dumps(days),
            started_by=said["by"],
            finished_at=datetime.fromisoformat(said["at"]),
        )
    )


def _write_files(decided: Decided, staged: Path) -> None:
    write_tables(explained.sheets(decided, staged))


def _changed(
    store: Store, digests: Mapping[tuple[str, date], str]
) -> tuple[set[tuple[str, date]], set[tuple[str, date]]]:
    """Partitions that were seen before with other contents, and those that came late: an earlier
    night could have seen them, and did not."""
    with store.reading() as connection:
        table = schema.partitions
        seen: dict[tuple[str, date], set[str]] = {}
        for name, day, digest in connection.execute(
            sa.select(table.c.table_name, table.c.dt, table.c.sha256)
        ):
            seen.setdefault((name, day), set()).add(digest)
        last = connection.execute(sa.select(sa.func.max(schema.runs.c.as_of))).scalar()
    corrected = {k for k, digest in digests.items() if k in seen and digest not in seen[k]}
    late = {key for key in digests if key not in seen and last is not None and key[1] < last}
    return corrected, late


def _see_partitions(
    connection: sa.Connection, digests: Mapping[tuple[str, date], str], run_id: str
) -> None:
    table = schema.partitions
    seen = {
        tuple(row)
        for row in connection.execute(sa.select(table.c.table_name, table.c.dt, table.c.sha256))
    }
    rows = [
        {"table_name": name, "dt": day, "sha256": digest, "run_id": run_id}
        for (name, day), digest in digests.items()
        if (name, day, digest) not in seen
    ]
    if rows:
        connection.execute(sa.insert(table), rows)


def _document(summary: Mapping[str, Any], run_id: str, entered: Entered) -> dict[str, Any]:
    """What `run --json` prints (data.md, What programs may rely on)."""
    names = ("proposed", "issued", "waiting", "refused", "recovered")
    return {
        **summary,
        "run_id": run_id,
        "repeated": False,
        **{name: yuan(getattr(entered, name)) for name in names},
        "entries": entered.counts,
        "incidents": entered.incidents,
        "overdrawn": [vars(each) for each in entered.overdrawn],
    }
