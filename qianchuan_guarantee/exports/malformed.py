"""Lines that are no rows: whose they may be."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qianchuan_guarantee.tables import LARGEST_ID

if TYPE_CHECKING:
    from qianchuan_guarantee.engines import Malformed
    from qianchuan_guarantee.exports.find import FileGroup


def plan_of(line: Malformed, groups: Sequence[FileGroup]) -> int | None:
    """The plan that a malformed line names. Its cell must be followed by another one: the last
    cell of a line that was cut off may be half a number."""
    header = next(group.columns for group in groups if line.path in group.paths)
    if "ad_id" not in header:
        return None
    position = header.index("ad_id")
    try:
        cells = next(csv.reader([line.line]), [])
    except csv.Error:
        return None
    if len(cells) <= position + 1:
        return None
    text = cells[position].strip()
    is_id = text.isascii() and text.isdigit() and len(text) <= 19 and 0 < int(text) <= LARGEST_ID
    return int(text) if is_id else None
