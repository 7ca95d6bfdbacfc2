"""Whether a workbook may be opened at all: its size unpacked, and no entities in its XML."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path

from qianchuan_guarantee.errors import UserError

MOST_UNPACKED = 300 * 2**20  # bytes, of all members together
_MOST_MEMBERS = 5_000
_MOST_RATIO, _SMALL = 250, 8 * 2**20  # honest sheets pack 10 to 50 times
_HEAD = 64 * 2**10


def check_archive(path: Path) -> None:
    """UserError where the archive is none, no workbook, too large, or asks for entities."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if "xl/workbook.xml" not in archive.namelist():
                raise UserError(f"{path}: an archive, but no workbook; expected .xlsx or .csv")
            _check_sizes(path, members)
            for member in members:
                if member.filename.endswith((".xml", ".rels")):
                    _check_head(path, archive, member)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise UserError(f"{path}: a broken workbook: {error}; save it again as .xlsx") from error


def _check_sizes(path: Path, members: list[zipfile.ZipInfo]) -> None:
    # Python unpacks no more of a member than it declares.
    total = sum(member.file_size for member in members)
    if len(members) > _MOST_MEMBERS or total > MOST_UNPACKED:
        raise UserError(
            f"{path}: {total} bytes in {len(members)} parts when unpacked; more than "
            f"{MOST_UNPACKED} is not read. Save the sheet as .csv"
        )
    for member in members:
        if member.file_size > max(_SMALL, member.compress_size * _MOST_RATIO):
            raise UserError(
                f"{path}: {member.filename} unpacks to {member.file_size // member.compress_size} "
                "times its size, as no honest sheet does; it is not read"
            )


def _check_head(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """A document type may only stand before the first element, and may define entities that
    multiply."""
    with archive.open(member) as file:
        head = file.read(_HEAD)
    first = re.search(rb"<[A-Za-z]", head)
    is_plain = not head.startswith((b"\xfe\xff", b"\xff\xfe")) and b"\0" not in head[:64]
    if not is_plain or b"<!" in (head[: first.start()] if first else head):
        raise UserError(
            f"{path}: {member.filename} begins as no spreadsheet writes it; it is not read"
        )
