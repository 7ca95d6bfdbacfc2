"""Digests that prove what was written: SHA-256 of canonical JSON, and Merkle trees over rows.

A tree is that of RFC 6962: a leaf is SHA-256 of a zero byte and the row's text, a node SHA-256 of a
one byte and its two halves; of n leaves, the left half has the largest power of two below n.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, NamedTuple

EMPTY = hashlib.sha256(b"").hexdigest()


def canonical(document: Mapping[str, Any]) -> bytes:
    """One document, one sequence of bytes: keys in order, no spaces, UTF-8."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(value: Any) -> str:
    if isinstance(value, date):  # a time of day too
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a ledger's row")


_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain).encode


class _Texts(dict[Any, str]):
    """A column's values as JSON; most of them come again and again."""

    def __missing__(self, value: Any) -> str:
        kind = type(value)
        if kind is str:
            text = encode_basestring(value)
        else:
            text = str(value) if kind is int else _text(value)
        self[value] = text
        return text


def objects(columns: Mapping[str, Sequence[Any]], last: Mapping[str, Iterable[str]]) -> list[str]:
    """Rows as JSON objects without spaces, keys as they stand, times in ISO 8601. `last`: columns
    that are JSON already. Written column by column: there are hundreds of thousands."""
    form = "{" + ",".join(f'"{name}":%s' for name in (*columns, *last)) + "}"
    texts = (map(_Texts().__getitem__, column) for column in columns.values())
    return [form % row for row in zip(*texts, *last.values(), strict=True)]


def digest_of_rows(rows: Sequence[Sequence[Any]]) -> str:
    """The digest of their columns."""
    return digest_of_columns(zip(*rows, strict=True))


def digest_of_columns(columns: Iterable[Iterable[Any]]) -> str:
    """SHA-256 of columns as lines of JSON arrays, each with a newline."""
    digest = hashlib.sha256()
    for column in columns:
        line = ",".join(map(_Texts().__getitem__, column))
        digest.update(f"[{line}]\n".encode())
    return digest.hexdigest()


class Beside(NamedTuple):
    """One step from a leaf to the root: the digest that stands beside, and on which side."""

    side: str  # left or right
    sha256: str


def leaf(text: str) -> bytes:
    return hashlib.sha256(b"\0" + text.encode()).digest()


def leaf_after(start: bytes) -> Callable[[bytes], bytes]:
    """Leaves of texts that all start alike: what they have in common is hashed once."""
    common = hashlib.sha256(b"\0" + start)

    def end(text: bytes) -> bytes:
        digest = common.copy()
        digest.update(text)
        return digest.digest()

    return end


def _levels(leaves: Sequence[bytes]) -> list[Sequence[bytes]]:
    """From the leaves up to the root. Joining pairs level by level, the odd one out moving up
    as it is, gives the tree of RFC 6962."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = zip(below[::2], below[1::2], strict=False)
        above = [hashlib.sha256(b"\1" + left + right).digest() for left, right in pairs]
        if len(below) % 2:
            above.append(below[-1])
        levels.append(above)
    return levels


def root(leaves: Sequence[bytes]) -> str:
    """The root over leaves; over none, SHA-256 of nothing."""
    return _levels(leaves)[-1][0].hex() if leaves else EMPTY


def path_to(leaves: Sequence[bytes], place: int) -> list[Beside]:
    """The way from a leaf (counted from 0) to the root."""
    steps = []
    for level in _levels(leaves)[:-1]:
        beside = place ^ 1
        if beside < len(level):
            steps.append(Beside("left" if beside < place else "right", level[beside].hex()))
        place //= 2
    return steps


def climb(start: bytes, steps: Iterable[Beside]) -> str:
    """The root that a way leads to; ValueError where it is none."""
    here = start
    for side, other in steps:
        if side not in ("left", "right"):
            raise ValueError(f"side {side!r}; expected left or right")
        pair = bytes.fromhex(other) + here if side == "left" else here + bytes.fromhex(other)
        here = hashlib.sha256(b"\1" + pair).digest()
    return here.hex()
