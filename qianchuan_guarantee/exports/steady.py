"""Exports that change while they are read: decisions from two states of a folder are of neither."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.tables import INPUTS

if TYPE_CHECKING:
    from qianchuan_guarantee.exports.find import Export

ENDINGS = (".parquet", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz")
_PARTITION = re.compile(r"dt=(\d{4}-\d{2}-\d{2})")

# What a file is known by: size, time of its last change, and which file it is.
Stamp = tuple[int, int, int]
Stamps = Mapping[str, Stamp]


def stamps(root: Path) -> dict[str, Stamp]:
    """Every file of a folder of exports that may belong to a table, as it is now."""
    found = {}
    for path in _files(root):
        name = os.path.basename(path)
        if name.endswith(ENDINGS) and not name.startswith((".", "_")):
            try:
                about = os.stat(path)
            except FileNotFoundError:
                continue
            found[path] = (about.st_size, about.st_mtime_ns, about.st_ino)
    return found


def _files(root: Path) -> Iterator[str]:
    """`<table>.<ext>`, `<table>/…` and `<table>/dt=…/…`; no deeper, for links may lead around."""
    for name in INPUTS:
        yield from (str(root / f"{name}{ending}") for ending in ENDINGS)
        for path in _inside(root / name):
            yield from _inside(path) if os.path.basename(path).startswith("dt=") else [path]


def _inside(folder: str | Path) -> list[str]:
    try:
        return [entry.path for entry in os.scandir(folder)]
    except OSError:  # what cannot be looked into, `find` says
        return []


def require_unchanged(export: Export, as_of: date) -> None:
    """UserError where a file changed, went or came since the folder was looked at. A file may come
    to a day that is not decided on yet: it is being written."""
    now = stamps(Path(export.folder))
    for path, stamp in export.stamps.items():
        if now.get(path) != stamp:
            raise UserError(f"{path}: changed while it was read; run again once it is whole")
    for path in sorted(now.keys() - export.stamps.keys()):
        day = _PARTITION.fullmatch(Path(path).parent.name)
        if day is None or day[1] < as_of.isoformat():
            raise UserError(f"{path}: came while others were read; run again once all are there")
