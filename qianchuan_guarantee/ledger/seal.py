"""The seal of a folder's database: the digest of the file as the last commit left it.

The chain of acts proves every row; the seal tells of all that lies between rows too, in any byte.
While a commit is under way the seal says so: whoever is cut off then leaves it open, and the next
writer closes it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from qianchuan_guarantee.digests import canonical, sha256_of

NAME = "seal.json"
DATABASE = "ledger.sqlite"


def of(folder: Path, act: int, head: str | None) -> bytes:
    """What the seal says of the database as it is. `head`: digest of the last act."""
    file = folder / DATABASE
    said = {"file": DATABASE, "size": file.stat().st_size, "sha256": sha256_of(file)}
    return canonical(said | {"act": act, "head": head, "state": "sealed"})


def open_(folder: Path) -> None:
    """A commit begins."""
    _write(folder, canonical({"file": DATABASE, "state": "writing"}))


def close(folder: Path, act: int, head: str | None) -> None:
    """A commit is done."""
    _write(folder, of(folder, act, head))


def state(folder: Path) -> str:
    """`sealed`, `writing`, `missing` or, of a seal that cannot be read, `damaged`."""
    try:
        said: Any = json.loads((folder / NAME).read_bytes())
    except FileNotFoundError:
        return "missing"
    except ValueError:
        return "damaged"
    found = said.get("state") if isinstance(said, dict) else None
    return found if found in ("sealed", "writing") else "damaged"


def _write(folder: Path, content: bytes) -> None:
    beside = folder / f".{NAME}"
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(folder / NAME)
