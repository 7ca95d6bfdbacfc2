"""A run's manifest: what went in, by which rule and code, who asked, what came out, and what is
otherwise than on the night before. It is the run's act in the chain of the ledger."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.audit.code import code
from qianchuan_guarantee.audit.inputs import InputFile
from qianchuan_guarantee.audit.leaves import decisions_root
from qianchuan_guarantee.digests import sha256_of
from qianchuan_guarantee.errors import hidden

if TYPE_CHECKING:
    import pyarrow as pa

    from qianchuan_guarantee.decide import Decided
    from qianchuan_guarantee.exports.read import CheckedTable
    from qianchuan_guarantee.ledger.policy import Policy
    from qianchuan_guarantee.report.summary import Summary

# What a night may have otherwise than the one before, for which somebody is to give a reason.
_CHOSEN = ("rulebooks", "readings", "policy")


@dataclass(frozen=True)
class Ran:
    """A night that was decided and entered. `read`: see `read_by`; `key`: what it was asked; `why`:
    the reason that was given with it; `document`: what it prints; `before`: the manifest of the
    night before."""

    read: Mapping[str, Any]
    summary: Summary
    policy: Policy
    key: str
    why: str | None
    days: Mapping[str, Sequence[str]]
    document: Mapping[str, Any]
    folder: Path
    before: Mapping[str, Any] | None


def manifest(ran: Ran) -> dict[str, Any]:
    """All of it but what the chain adds (acts.enter): number, who, when, ledger rows, what came
    before."""
    chosen = {
        "rulebooks": ran.summary.rulebooks,
        "readings": ran.summary.readings,
        "policy": json.loads(ran.policy.model_dump_json()),
    }
    return {
        **chosen,
        **ran.read,
        "as_of": ran.summary.as_of,
        "key": ran.key,
        "why": ran.why,
        "changes": _changes(ran.before, chosen),
        "read_otherwise": ran.summary.read_otherwise,
        "code": code(),
        "days": dict(ran.days),
        "summary": dict(ran.document),
        "decisions": decisions_root(_decisions(ran.folder)),
        "files": {path.name: sha256_of(path) for path in sorted(ran.folder.iterdir())},
    }


def read_by(decided: Decided, files: Sequence[InputFile]) -> dict[str, Any]:
    """What went in: every file with its rows, what the sender's totals were held against, cost."""
    return {
        "engine": decided.engine.version(),
        "exports": hidden(decided.question.exports),
        "inputs": _inputs(decided, files),
        "control_totals": _totals(decided),
        "cost_by_day": _cost_by_day(decided.checked["delivery"]),
    }


def _decisions(folder: Path) -> pa.Table:
    from qianchuan_guarantee.ledger.files import table_of

    return table_of((folder / "decisions.parquet").read_bytes())


def _changes(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`what` (`rulebooks`, `readings` or `policy`), and what it was and is, key by key."""
    if before is None:
        return []
    found = []
    for what in _CHOSEN:
        was, is_ = _by_key(before[what]), _by_key(now[what])
        for key in sorted(was.keys() | is_.keys()):
            if was.get(key) != is_.get(key):
                found.append(
                    {"what": what, "key": key, "before": was.get(key), "now": is_.get(key)}
                )
    return found


def _by_key(said: Any) -> dict[str, Any]:
    if isinstance(said, list):
        return {book["id"]: book["digest"] for book in said}
    return dict(said)


def _inputs(decided: Decided, files: Sequence[InputFile]) -> list[dict[str, Any]]:
    """Every file as given, with its rows and how many of them were refused; what became of the
    others is said by table, in the summary."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for name in {file.table for file in files}:
        counts |= {(name, path): n for path, n in _rows(decided, name, files).items()}
    return [
        file.document() | counts.get((file.table, file.file), {"rows": 0, "refused": 0})
        for file in files
    ]


def _rows(decided: Decided, name: str, files: Sequence[InputFile]) -> dict[str, dict[str, int]]:
    from qianchuan_guarantee.report.inspection import files_of

    return {
        row["file"]: {"rows": row["rows"], "refused": row["refused"]}
        for row in files_of(decided, decided.checked[name])
    }


def _totals(decided: Decided) -> dict[str, list[str | None]]:
    """Table → the days that the sender's totals were held against (null: the whole table)."""
    found: dict[str, list[str | None]] = {}
    if not decided.checked["control_totals"].groups:
        return found
    rows = decided.checked["control_totals"].rows
    for row in decided.engine.arrow(rows.order_by(["table", "dt"])).to_pylist():
        found.setdefault(row["table"], []).append(row["dt"].isoformat() if row["dt"] else None)
    return found


def _cost_by_day(delivery: CheckedTable) -> list[dict[str, Any]]:
    """What was read of the delivery log, a partition each: `dt`, `rows`, `refused`, `cost`."""
    return [
        {
            "dt": day.isoformat() if day else None,
            "rows": count.rows,
            "refused": count.refused,
            "cost": None if count.cost is None else str(count.cost),
        }
        for day, count in sorted(delivery.by_day.items(), key=lambda item: str(item[0]))
    ]
