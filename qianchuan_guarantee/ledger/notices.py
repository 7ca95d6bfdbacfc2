"""站内信: what advertisers are told, delivered at least once, each with an id that stays the same.

A notice is written in the same transaction as the entry that it tells of. Delivery comes after,
is tried again on the next run, and never fails a run.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from qianchuan_guarantee.digests import sha256
from qianchuan_guarantee.ledger import schema
from qianchuan_guarantee.ledger.policy import Notices
from qianchuan_guarantee.ledger.store import Store, as_rows, now
from qianchuan_guarantee.wording import say

_PATIENCE = 60  # seconds for a command to take one notice


def deliver(store: Store, to: Notices, tell: Callable[..., None]) -> int:
    """Deliver what waits; returns how many notices could not be."""
    waiting = undelivered(store)
    if not waiting:
        return 0
    tell("p_notices", notices=len(waiting))
    file = to.file or (store.folder / "notices.jsonl" if store.folder else None)
    if to.command is not None:
        told, error = _to_command(waiting, to.command)
    elif file is not None:
        told, error = _to_file(waiting, file)
    else:
        return len(waiting)
    table = schema.notices
    with store.writing() as connection:
        if told:
            connection.execute(
                sa.update(table)
                .where(table.c.notice_id == sa.bindparam("_id"))
                .values(
                    delivered_at=now(),
                    attempts=table.c.attempts + 1,
                    error=None,
                    sha256=sa.bindparam("_sha256"),
                ),
                [
                    {"_id": notice["notice_id"], "_sha256": sha256(line(notice).encode())}
                    for notice in told
                ],
            )
        if error is not None:
            connection.execute(
                sa.update(table)
                .where(table.c.notice_id == waiting[len(told)]["notice_id"])
                .values(attempts=table.c.attempts + 1, error=error)
            )
    return len(waiting) - len(told)


def undelivered(store: Store) -> list[dict[str, Any]]:
    """The notices that wait, in the order of their entries, as documents in both languages."""
    notices, entries = schema.notices, schema.entries
    query = (
        sa.select(notices.c.notice_id, entries)
        .join(entries, entries.c.entry_id == notices.c.entry_id)
        .where(notices.c.delivered_at.is_(None))
        .order_by(entries.c.number)
    )
    with store.reading() as connection:
        return [document(row) for row in as_rows(connection, query)]


def document(row: Mapping[str, Any]) -> dict[str, Any]:
    """A notice: `row` is the entry's, with `notice_id`."""
    fen = row["amount_fen"]
    words = {
        "plan": row["ad_id"],
        "advertiser": row["advertiser_id"],
        "amount": f"{fen // 100:,}.{fen % 100:02d}",
        "clause": row["clause"],
    }
    kind = row["kind"]
    if kind == "refused" and row["purpose"] == "claw_back":
        kind = "kept"
    return {
        "notice_id": row["notice_id"],
        "entry_id": row["entry_id"],
        "kind": row["kind"],
        "ad_id": row["ad_id"],
        "advertiser_id": row["advertiser_id"],
        "amount": f"{fen // 100}.{fen % 100:02d}",
        "clause": row["clause"],
        "why": row["why"],
        "at": row["at"].isoformat(timespec="seconds"),
        "en": say(f"n_{kind}", "en", **words),
        "zh": say(f"n_{kind}", "zh", **words),
    }


def line(notice: Mapping[str, Any]) -> str:
    """A notice as it is delivered."""
    return json.dumps(notice, ensure_ascii=False, sort_keys=True)


def _to_file(
    notices: Sequence[dict[str, Any]], path: Path
) -> tuple[Sequence[dict[str, Any]], str | None]:
    lines = "".join(line(notice) + "\n" for notice in notices)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _mend(path)
        with path.open("ab") as file:
            file.write(lines.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return [], f"{path}: {error.strerror}"
    return notices, None


def _mend(path: Path) -> None:
    """Take away the half line that a crash left: its notice comes again. A whole one only lacks
    its end."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        whole = _whole_lines(file)
        file.seek(whole)
        rest = file.read()
        try:
            json.loads(rest)
        except ValueError:
            file.truncate(whole)
        else:
            file.write(b"\n")


def _whole_lines(file: IO[bytes]) -> int:
    """How many bytes of a file are whole lines."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(end - 65536, 0)
        file.seek(start)
        place = file.read(end - start).rfind(b"\n")
        if place >= 0:
            return start + place + 1
        end = start
    return 0


def _to_command(
    notices: Sequence[dict[str, Any]], command: Sequence[str]
) -> tuple[Sequence[dict[str, Any]], str | None]:
    """Each notice to a process of its own, until one fails."""
    for place, notice in enumerate(notices):
        text = line(notice)
        try:
            subprocess.run(
                list(command),
                input=text.encode(),
                check=True,
                capture_output=True,
                timeout=_PATIENCE,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return notices[:place], str(error)
    return notices, None
