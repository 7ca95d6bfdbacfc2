"""A bundle of evidence for one plan: all that proves its decision and its money, in one ZIP file
that can be verified without the store, by `qcg audit verify` or by hand (README.md in it)."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from qianchuan_guarantee.audit import extract
from qianchuan_guarantee.audit.difference import input_changes
from qianchuan_guarantee.audit.inputs import input_files
from qianchuan_guarantee.audit.leaves import decision_texts
from qianchuan_guarantee.audit.replay import RunOf, books_of
from qianchuan_guarantee.digests import canonical, leaf, path_to, sha256
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.exports.find import find
from qianchuan_guarantee.ledger import acts, schema
from qianchuan_guarantee.ledger.files import table_of
from qianchuan_guarantee.signatures import pem
from qianchuan_guarantee.write import beside

if TYPE_CHECKING:
    from qianchuan_guarantee.engines import Engine

SUMS = "SHA256SUMS"
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """What a bundle is about: a plan, the run that decided it last, the exports of that night
    (null: they are not at hand), and its explanation as files, name → text."""

    ad_id: int
    run: RunOf
    exports: str | None
    explanation: Mapping[str, str]


def bundle(case: Case, file: Path, engine: Engine, tell: Callable[..., None]) -> dict[str, Any]:
    """Write a bundle; returns what its bundle.json says. UserError where the exports are not those
    that the run read, or the file cannot be written."""
    contents = {name: text.encode() for name, text in case.explanation.items()}
    contents |= {name: (_HERE / name).read_bytes() for name in ("README.md", "README.zh-CN.md")}
    contents |= _run(case)
    contents |= _decision(case)
    contents |= _ledger(case)
    about: dict[str, Any] = {"ad_id": case.ad_id, "run_id": case.run.run_id, "decides_alone": None}
    if case.exports is not None:
        _same_inputs(case)
        logs = extract.logs(case, engine, tell)
        contents |= logs
        again = extract.decided(contents, case.ad_id)
        about["decides_alone"] = again == contents["decision.csv"].decode()
    contents["bundle.json"] = canonical(about)
    _write(packed(contents), file)
    return about


def _run(case: Case) -> dict[str, bytes]:
    """The manifest, its signature, and the rulebooks."""
    with case.run.store.reading() as connection:
        link = next(each for each in acts.chain(connection) if each.number == case.run.act)
    found = {"manifest.json": link.document, **_signature("manifest", link)}
    if link.public_key is not None:
        found["public-key.pem"] = pem(link.public_key)
    for book in books_of(case.run):
        found[f"rulebook-{book.version}.json"] = book.canonical
    return found


def _signature(name: str, link: acts.Act) -> dict[str, bytes]:
    return {} if link.signature is None else {f"{name}.sig": bytes.fromhex(link.signature)}


def _decision(case: Case) -> dict[str, bytes]:
    content = case.run.store.read(case.run.run_id, "decisions.parquet")
    if content is None:
        raise UserError(f"{case.run.store}: runs/{case.run.run_id}/decisions.parquet is gone")
    decisions = table_of(content)
    texts = decision_texts(decisions)
    place = decisions["ad_id"].to_pylist().index(case.ad_id)
    return {
        "decision.csv": texts[place].encode(),
        "decision.proof.json": _proof([leaf(text) for text in texts], place),
    }


def _proof(leaves: list[bytes], place: int) -> bytes:
    """The way from a leaf to its root, a step a line."""
    steps = [json.dumps(step._asdict()) for step in path_to(leaves, place)]
    return ("[" + ",\n".join(steps) + "]\n").encode()


def _ledger(case: Case) -> dict[str, bytes]:
    """The plan's entries, each with its proof and with the act that entered it."""
    found: dict[str, bytes] = {}
    column = schema.entries.c
    with case.run.store.reading() as connection:
        mine = set(
            connection.execute(sa.select(column.number).where(column.ad_id == case.ad_id)).scalars()
        )
        for link in acts.chain(connection) if mine else ():
            wrote = link.said()["wrote"].get("entries", {"first": 1, "rows": 0})
            numbers = range(wrote["first"], wrote["first"] + wrote["rows"])
            if mine.isdisjoint(numbers):
                continue
            texts = _texts(connection, numbers)
            leaves = [leaf(text) for text in texts]
            for number in sorted(mine.intersection(numbers)):
                place = number - numbers.start
                found[f"entries/{number}.json"] = texts[place].encode()
                found[f"entries/{number}.proof.json"] = _proof(leaves, place)
            found[f"acts/{link.number}.json"] = link.document
            found |= _signature(f"acts/{link.number}", link)
    return found


def _texts(connection: sa.Connection, numbers: range) -> list[str]:
    """The entries of one act, as its tree has them."""
    e, p = schema.entries, schema.postings
    is_its = e.c.number.between(numbers.start, numbers.stop - 1)
    moves: dict[str, dict[str, int]] = {}
    asked = sa.select(p.c.entry_id, p.c.account, p.c.amount_fen)
    for entry, account, fen in connection.execute(
        asked.join(e, e.c.entry_id == p.c.entry_id).where(is_its)
    ):
        moves.setdefault(entry, {})[account] = fen
    query = sa.select(e).where(is_its).order_by(e.c.number)
    rows = connection.execute(query).mappings().all()
    columns = {name: [row[name] for row in rows] for name in acts.ENTRIES}
    return acts.entry_texts(columns, [moves.get(row["entry_id"], {}) for row in rows])


def _same_inputs(case: Case) -> None:
    assert case.exports is not None
    files = [file.document() for file in input_files(find(case.exports))]
    changed = input_changes(case.run.manifest["inputs"], files)["changed"]
    if changed:
        raise UserError(
            f"{case.exports}: not the logs that run {case.run.run_id} read: {', '.join(changed)} "
            "changed since; give the exports of that night with --exports"
        )


def packed(contents: Mapping[str, bytes]) -> bytes:
    """A ZIP file of these; the same contents give the same bytes."""
    sums = "".join(f"{sha256(contents[name])}  {name}\n" for name in sorted(contents))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted({**contents, SUMS: sums.encode()}.items()):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return file.getvalue()


def _write(content: bytes, file: Path) -> None:
    try:
        made = beside(file)
        try:
            made.write_bytes(content)
            made.replace(file)
        finally:
            made.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{file}: cannot be written: {error.strerror or error}") from error
