"""The files that a run reads, each with what it holds at that moment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from qianchuan_guarantee.digests import sha256, sha256_of
from qianchuan_guarantee.exports.find import Export


@dataclass(frozen=True)
class InputFile:
    """A file that a run reads. `dt`: its partition's day; null without partitions."""

    table: str
    file: str
    dt: date | None
    size: int
    sha256: str

    def document(self) -> dict[str, Any]:
        return vars(self) | {"dt": self.dt.isoformat() if self.dt else None}


def input_files(export: Export) -> list[InputFile]:
    """Every file of an export's tables, in order, with what it holds at this moment."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        files = [
            (name, group.is_partitioned, Path(text), pool.submit(sha256_of, Path(text)))
            for name, table in export.tables.items()
            for group in table.groups
            for text in group.paths
        ]
    found = [
        InputFile(
            name,
            path.relative_to(export.folder).as_posix(),
            date.fromisoformat(path.parent.name.removeprefix("dt=")) if is_partitioned else None,
            path.stat().st_size,
            digest.result(),
        )
        for name, is_partitioned, path, digest in files
    ]
    return sorted(found, key=lambda file: (file.table, file.file))


def partition_digests(export: Export, files: Sequence[InputFile]) -> dict[tuple[str, date], str]:
    """Table and day → digest of the day's files; an empty day has one too."""
    names: dict[tuple[str, date], list[str]] = {
        (name, day): [] for name, table in export.tables.items() for day in table.days or ()
    }
    for file in files:
        if file.dt is not None:
            names[file.table, file.dt].append(file.sha256)
    return {key: sha256("".join(sorted(shas)).encode()) for key, shas in names.items()}
