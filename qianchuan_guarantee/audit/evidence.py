"""A bundle of evidence verified without its store."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qianchuan_guarantee.audit import extract
from qianchuan_guarantee.audit.bundle import SUMS, packed
from qianchuan_guarantee.audit.verify import Verified
from qianchuan_guarantee.digests import Beside, climb, leaf, sha256
from qianchuan_guarantee.signatures import is_signed, pem

_MOST_FILES, _MOST_BYTES = 20_000, 1 << 30
_NAME = re.compile(r"[A-Za-z0-9_.=-]+(/[A-Za-z0-9_.=-]+)*")


def verify_bundle(file: Path, head: str | None, keys: Sequence[str]) -> Verified:
    """Verify a bundle. `head`: a digest that one of its acts must have; `keys`: public keys (hex)
    of which one must have signed its acts."""
    found = Verified()
    contents: dict[str, bytes] = {}
    with found.reading(file.name):
        contents = _contents(file)
        if packed({k: v for k, v in contents.items() if k != SUMS}) != file.read_bytes():
            found.add(file.name, f"is not the file that was made: {SUMS} and its files differ")
    if not contents:
        return found
    links = _acts(contents, head, keys, found)
    with found.reading("decision.csv"):
        manifest, about = json.loads(contents["manifest.json"]), json.loads(contents["bundle.json"])
        said = next(csv.DictReader(contents["decision.csv"].decode().splitlines()))
        if (said["ad_id"], manifest["run_id"]) != (str(about["ad_id"]), about["run_id"]):
            found.add("bundle.json", "is about another plan or run than its decision")
        _climbs("decision.csv", contents, manifest["decisions"]["root"], found)
        for book in manifest["rulebooks"]:
            name = f"rulebook-{book['id'].partition('@')[2]}.json"
            if sha256(contents[name]) != book["digest"]:
                found.add(name, "is not the rulebook that the run decided by")
        _entries(contents, links, about["ad_id"], found)
        if not found.problems:  # or there is no need to decide anything
            _again(contents, about, found)
    return found


def _contents(file: Path) -> dict[str, bytes]:
    if file.stat().st_size > _MOST_BYTES:
        raise ValueError(f"larger than {_MOST_BYTES >> 20} MB; no bundle is")
    with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as archive:
        parts = archive.infolist()
        if len(parts) > _MOST_FILES or sum(part.file_size for part in parts) > _MOST_BYTES:
            raise ValueError("too many or too large files; no bundle has them")
        for part in parts:
            if not _NAME.fullmatch(part.filename) or ".." in part.filename:
                raise ValueError(f"a file named {part.filename!r}")
            if part.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{part.filename} is compressed; a bundle's files are not")
        return {part.filename: archive.read(part) for part in parts}


def _acts(
    contents: Mapping[str, bytes], head: str | None, keys: Sequence[str], found: Verified
) -> dict[int, dict[str, Any]]:
    """The acts in the bundle by number, their signatures checked."""
    links: dict[int, dict[str, Any]] = {}
    names = ["manifest", *(name[:-5] for name in contents if re.fullmatch(r"acts/\d+\.json", name))]
    digests = set()
    for name in names:
        with found.reading(f"{name}.json"):
            document = contents[f"{name}.json"]
            said = json.loads(document)
            digests.add(sha256(document))
            if name != "manifest" and f"acts/{said['act']}" != name:
                found.add(f"{name}.json", f"says that it is act {said['act']}")
            links[said["act"]] = said
            _signed(name, contents, keys, found)
            if name == "manifest":
                found.head = sha256(document)
    found.acts = len(links)
    if head is not None and head not in digests:
        found.add("--head", f"{head} is none of the acts in this bundle")
    if not keys:
        found.remarks.append(("r_bundle_head", {"head": found.head}))
    return links


def _signed(name: str, contents: Mapping[str, bytes], keys: Sequence[str], found: Verified) -> None:
    signature = contents.get(f"{name}.sig")
    if signature is None:
        if keys:
            found.add(f"{name}.json", "is not signed")
        return
    document = contents[f"{name}.json"]
    if keys:
        if not any(is_signed(document, signature.hex(), key) for key in keys):
            found.add(f"{name}.sig", "not signed with any of the keys given")
        return
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(contents["public-key.pem"]).public_bytes_raw().hex()  # type: ignore[union-attr]
    if pem(key) != contents["public-key.pem"] or not is_signed(document, signature.hex(), key):
        found.add(f"{name}.sig", "is not a signature of this document with public-key.pem")


def _climbs(name: str, contents: Mapping[str, bytes], root: str, found: Verified) -> None:
    """The leaf's way leads to the root."""
    proof = f"{name.partition('.')[0]}.proof.json"
    with found.reading(proof):
        steps = [Beside(**step) for step in json.loads(contents[proof])]
        if climb(leaf(contents[name].decode()), steps) != root:
            found.add(name, "does not lead to the root that was recorded")


def _entries(
    contents: Mapping[str, bytes], links: Mapping[int, dict[str, Any]], ad_id: int, found: Verified
) -> None:
    for name in sorted(contents):
        if not re.fullmatch(r"entries/\d+\.json", name):
            continue
        with found.reading(name):
            said = json.loads(contents[name])
            if said["ad_id"] != ad_id:
                found.add(name, f"is of plan {said['ad_id']}")
            wrote = next(
                link["wrote"]["entries"]
                for link in links.values()
                if "entries" in link["wrote"]
                and 0
                <= said["number"] - link["wrote"]["entries"]["first"]
                < link["wrote"]["entries"]["rows"]
            )
            _climbs(name, contents, wrote["root"], found)


def _again(contents: Mapping[str, bytes], about: Mapping[str, Any], found: Verified) -> None:
    """The decision made again from the bundle's own logs."""
    if about["decides_alone"] is None:
        found.remarks.append(("r_no_logs", {}))
    elif not about["decides_alone"]:
        found.remarks.append(("r_not_alone", {}))
    elif extract.decided(contents, about["ad_id"]) != contents["decision.csv"].decode():
        found.add("decision.csv", "the logs in the bundle decide otherwise, by this version")
    else:
        found.remarks.append(("r_decided_again", {}))
