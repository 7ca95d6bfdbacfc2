"""Exports at an address (`s3://…`, `file://…`, `zip://…`): fetched once, then read like a folder.

A run reads its files more than once, and they must not change in between.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.tables import INPUTS


def is_address(exports: str) -> bool:
    """Is this an address that fsspec understands, rather than a folder's path?"""
    return "://" in exports


def fetch(exports: str, scratch: Path) -> str:
    """The folder that holds the exports: their own, or a copy below `scratch`.

    Of an address only what may belong to a table is copied, folders without files included,
    since they say that a day has not landed. UserError where it cannot be read.
    """
    if not is_address(exports):
        return exports
    copy = scratch / f"fetched-{hashlib.sha256(exports.encode()).hexdigest()[:16]}"
    if copy.exists():
        return str(copy)
    files, root = _file_system(exports)
    with _telling(exports):
        if not files.isdir(root):
            raise UserError(f"{exports}: no such folder; expected one with an export's tables")
        before = _listed(files, root)
        part = copy.with_name(f"{copy.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _has_room(exports, before, part)
        for inside, (path, about) in before.items():
            _copy(files, path, about["type"] == "directory", part / inside)
        if _listed(files, root) != before:
            raise UserError(f"{exports}: changed while it was fetched; run again once it is whole")
        part.rename(copy)
    return str(copy)


def _listed(files: Any, root: str) -> dict[PurePosixPath, tuple[str, dict[str, Any]]]:
    """What may belong to a table: place below the root → path, and what is known of it. A name
    that leads out of the folder it is copied to is refused."""
    files.invalidate_cache()
    found = {}
    for path, about in sorted(files.find(root, withdirs=True, detail=True).items()):
        inside = PurePosixPath(path.removeprefix(root.rstrip("/")).lstrip("/"))
        if inside.parts and inside.parts[0].split(".")[0].lower() in INPUTS:
            if ".." in inside.parts:
                raise UserError(f"{path}: leads out of its folder; it is not fetched")
            found[inside] = (path, about)
    return found


def _has_room(
    exports: str, listed: Mapping[PurePosixPath, tuple[str, dict[str, Any]]], folder: Path
) -> None:
    """An archive may unpack to very much more than it is."""
    size = sum(about.get("size") or 0 for _, about in listed.values())
    free = shutil.disk_usage(folder).free
    if size > free:
        raise UserError(
            f"{exports}: {size} bytes when unpacked; {folder} has room for {free} "
            "(TMPDIR says where temporary files go)"
        )


def _copy(files: Any, path: str, is_folder: bool, target: Path) -> None:
    if is_folder:
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    files.get_file(path, str(target))


def _file_system(exports: str) -> tuple[Any, str]:
    import fsspec

    try:
        files, root = fsspec.core.url_to_fs(exports)
    except ImportError as error:
        raise UserError(f"{exports}: {_sentence(error)}") from error
    except Exception as error:
        raise UserError(
            f"{exports}: not an address that can be read ({_sentence(error)})"
        ) from error
    return files, str(root)


@contextmanager
def _telling(exports: str) -> Iterator[None]:
    """What a far file system says, in one sentence."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{exports}: cannot be read ({_sentence(error)})") from error


def _sentence(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextmanager
def as_asked(exports: str, folder: str) -> Iterator[None]:
    """Errors name the address that was asked for, not the copy that was read."""
    try:
        yield
    except UserError as error:
        if folder == exports:
            raise
        raise type(error)(str(error).replace(folder, exports.rstrip("/"))) from error
