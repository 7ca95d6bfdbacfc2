"""Whether a store is as nights and people left it: offline, from its bytes alone.

Nothing is taken from the store's word: every digest is computed again from what it is over.
Whatever cannot be read is a problem of the file it lies in, never an error of the verifier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qianchuan_guarantee.audit import objects, rows
from qianchuan_guarantee.audit.completeness import Remark, completeness
from qianchuan_guarantee.audit.leaves import decisions_root
from qianchuan_guarantee.digests import sha256
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.ledger import acts, seal
from qianchuan_guarantee.ledger.checks import problems as ledger_problems
from qianchuan_guarantee.ledger.decided import decision_problems
from qianchuan_guarantee.ledger.files import table_of
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.signatures import is_signed
from qianchuan_guarantee.wording import say

_OURS = (seal.DATABASE, seal.NAME, ".lock", "notices.jsonl", "runs")


@dataclass
class Verified:
    """What was found. problems: `file`, `what`; remarks: what fits, and a reader should know, as
    sentences of `wording`; head: of the chain, null where there is none."""

    problems: list[dict[str, str]] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    acts: int = 0
    head: str | None = None
    complete: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """What `--json` prints (data.md, What programs may rely on)."""
        remarks = [say(key, "en", **words) for key, words in self.remarks]
        return {"ok": not self.problems} | vars(self) | {"remarks": remarks}

    def add(self, file: str, what: str) -> None:
        self.problems.append({"file": file, "what": what})

    @contextmanager
    def reading(self, file: str) -> Iterator[None]:
        """Whatever goes wrong in here is a problem of this file."""
        try:
            yield
        except Exception as error:
            words = str(error).splitlines()[:1] or [type(error).__name__]
            self.add(file, f"cannot be read as what it was: {words[0][:300]}")


def verify(address: str, head: str | None, keys: Sequence[str]) -> Verified:
    """Verify a store. `head`: a digest that was the chain's head at some time; `keys`: the public
    keys (hex) that every run must be signed with, once one is. UserError where there is none."""
    found = Verified()
    folder = None if "://" in address else Path(address)
    where = seal.DATABASE if folder else "database"
    if folder is not None:
        _is_store(folder)
        _files(folder, found)
        mode = folder.stat().st_mode & 0o777
        if mode & 0o007:
            found.remarks.append(("r_open", {"mode": f"{mode:04o}", "folder": folder}))
    store: Store | None = None
    with found.reading(where):
        store = Store(address)
    if store is None:
        return found
    links = _chain(store, found, where)
    _head(links, head, found)
    _signatures(links, keys, found, where)
    _runs(store, links, found)
    with found.reading(where), store.reading() as connection:
        for file, what in rows.problems(connection, links):
            found.add(f"{where}: {file}", what)
        for what in objects.problems(connection):
            found.add(where, what)
    _notices(store, found)
    for check in (ledger_problems, decision_problems):
        _say(found, where, check, store)
    with found.reading(where):
        found.complete = completeness(store, [said for _, said in links], found.remarks)
    store.close()
    return found


def _is_store(folder: Path) -> None:
    if not (folder / seal.DATABASE).exists() and not (folder / "runs").exists():
        raise UserError(f"{folder}: no store there; expected a folder that `qcg run` made")


def _say(found: Verified, where: str, check: Callable[[Store], list[str]], store: Store) -> None:
    with found.reading(where):
        for what in check(store):
            found.add(where, what)


def _files(folder: Path, found: Verified) -> None:
    """Every file of the store is one of ours, and the database is as its seal says."""
    for path in sorted(folder.iterdir()):
        if path.name not in _OURS:
            found.add(path.name, "no part of a store, or what a night left that was cut off")
    state = seal.state(folder)
    if state == "missing":
        found.add(seal.NAME, f"gone; the seal of {seal.DATABASE} was taken away")
    elif state == "writing":
        found.add(
            seal.NAME,
            "a commit was cut off before it was sealed; the next run seals the store again",
        )


def _chain(store: Store, found: Verified, where: str) -> list[tuple[acts.Act, dict[str, Any]]]:
    """Every act says what its digest is over, and names the one before it."""
    links = []
    before: acts.Act | None = None
    with found.reading(f"{where}: acts"), store.reading() as connection:
        for act in acts.chain(connection):
            number = before.number + 1 if before else 1
            name = f"{where}: acts {act.number}"
            if act.number != number:
                found.add(name, f"expected act {number}; an act was taken out of the chain")
            if sha256(act.document) != act.sha256:
                found.add(name, "its document is not what its digest was made of")
            with found.reading(name):
                said = act.said()
                if said["act"] != act.number:
                    found.add(name, f"says that it is act {said['act']}")
                if said["previous"] != (before.sha256 if before else None):
                    found.add(name, "does not follow the act before it: one of them was changed")
                if said["kind"] not in acts.KINDS:
                    found.add(name, f"kind {said['kind']!r}; there is {', '.join(acts.KINDS)}")
                links.append((act, said))
            before = act
    found.acts, found.head = len(links), before.sha256 if before else None
    if store.folder is not None and seal.state(store.folder) in ("sealed", "damaged"):
        number = before.number if before else 0
        right = seal.of(store.folder, number, found.head)
        if (store.folder / seal.NAME).read_bytes() != right:
            found.add(
                seal.DATABASE,
                f"is not the file that {seal.NAME} was made for: one of them was changed",
            )
    return links


def _head(
    links: Sequence[tuple[acts.Act, dict[str, Any]]], head: str | None, found: Verified
) -> None:
    if head is None:
        return
    places = [act.number for act, _ in links if act.sha256 == head]
    if not places:
        found.add("--head", f"{head} is not in the chain: it was cut off, or is another store's")
    elif places[0] != links[-1][0].number:
        found.remarks.append(("r_after_head", {"n": links[-1][0].number - places[0]}))


def _signatures(
    links: Sequence[tuple[acts.Act, dict[str, Any]]],
    keys: Sequence[str],
    found: Verified,
    where: str,
) -> None:
    """Signatures are right; with `keys`, they are of one of these, and every run after the first
    signed one has one."""
    signed = 0
    for act, said in links:
        name = f"{where}: acts {act.number}"
        if act.signature is None or act.public_key is None:
            if keys and said.get("kind") == "run" and (signed or act is links[-1][0]):
                found.add(name, f"run {said.get('run_id')} is not signed")
            continue
        signed = act.number
        if not is_signed(act.document, act.signature, act.public_key):
            found.add(name, "its signature is not of this document")
        elif keys and act.public_key not in keys:
            found.add(name, f"signed with {act.public_key}, which is none of the keys given")
    if keys and not signed:
        found.add(where, "nothing is signed")
    elif signed and not keys:
        found.remarks.append(("r_not_pinned", {}))
    if signed and signed < len(links):
        words = {"first": signed + 1, "last": len(links)}
        found.remarks.append(("r_unsigned", words))


def _runs(store: Store, links: Sequence[tuple[acts.Act, dict[str, Any]]], found: Verified) -> None:
    """Every run's files are those of its manifest, and there are no others."""
    known = {}
    for act, said in links:
        if said.get("kind") == "run" and "files" in said:
            known[said["run_id"]] = (act, said)
    for run_id in rows.runs_with_files(store):
        if run_id not in known:
            found.add(
                f"runs/{run_id}",
                "a run that the ledger does not know: cut off before it was recorded, or taken "
                "out of the ledger since; the next run removes its files",
            )
    for run_id, (act, said) in known.items():
        with found.reading(f"runs/{run_id}"):
            _run(store, run_id, act, said, found)


def _run(store: Store, run_id: str, act: acts.Act, said: dict[str, Any], found: Verified) -> None:
    try:
        contents = store.contents(run_id)
    except OSError:
        found.add(f"runs/{run_id}", "gone")
        return
    right = dict(said["files"]) | {"manifest.json": act.sha256}
    if act.signature is not None:
        right["manifest.sig"] = sha256(bytes.fromhex(act.signature))
    for name in sorted(right.keys() | contents.keys()):
        file = f"runs/{run_id}/{name}"
        if name not in contents:
            found.add(file, "gone")
        elif name not in right:
            found.add(file, "the run left no such file")
        elif sha256(contents[name]) != right[name]:
            found.add(file, "is not what the run left: its digest is another")
    name = "decisions.parquet"
    if name in contents and sha256(contents[name]) == right.get(name):
        with found.reading(f"runs/{run_id}/{name}"):
            if decisions_root(table_of(contents[name])) != said["decisions"]:
                found.add(f"runs/{run_id}/{name}", "its decisions are not those of the manifest")


def _notices(store: Store, found: Verified) -> None:
    """Every notice in the store's own outbox is as it was delivered. Whoever reads it may take
    lines away."""
    if store.folder is None or not (store.folder / "notices.jsonl").exists():
        return
    with found.reading("notices.jsonl"), store.reading() as connection:
        told = rows.delivered(connection)
        content = (store.folder / "notices.jsonl").read_bytes()
        if content and not content.endswith(b"\n"):
            found.add("notices.jsonl", "its last line has no end")
        for number, line in enumerate(content.split(b"\n")[:-1], start=1):
            if sha256(line) not in told:
                found.add("notices.jsonl", f"line {number} is no notice of this ledger")
