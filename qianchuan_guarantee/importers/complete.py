"""Whether all pages of a query are there, by what the pages say of themselves.

A response does not say which query it answers. Pages of one kind in one folder that state the
same totals are taken together: they are pages of one query, or of several with equal totals.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.importers.pages import Page

Key = Callable[[Mapping[str, Any]], object]


def check_complete(pages: Iterable[Page], key: Key) -> int:
    """UserError where a page is missing, or has fewer rows than it should. `key`: what a row is
    told by. Returns the pages that state no totals, which nothing can be held against."""
    queries: dict[tuple[Any, ...], list[Page]] = defaultdict(list)
    unstated = 0
    for page in pages:
        info = page.page_info or {}
        if "total_number" not in info or "page" not in info:
            unstated += 1
            continue
        totals = (info["total_number"], info.get("total_page"), info.get("page_size"))
        queries[(page.kind, str(PurePath(page.file).parent), *totals)].append(page)
    for (kind, folder, total, last, size), some in queries.items():
        _check_query(f"{folder}: {kind}, {total} rows in all", total, last, size, some, key)
    return unstated


def _check_query(
    what: str, total: int, last: int | None, size: int | None, pages: Sequence[Page], key: Key
) -> None:
    by_number: dict[int, dict[str, Page]] = defaultdict(dict)
    for page in pages:
        content = json.dumps(page.rows, ensure_ascii=False, sort_keys=True)
        by_number[(page.page_info or {})["page"]][content] = page
    if total == 0:
        return
    if last is None:
        last = -(-total // size) if size else max(by_number)
    missing = sorted(set(range(1, min(last, 100_000) + 1)) - by_number.keys())
    if missing:
        some = ", ".join(str(number) for number in missing[:10])
        raise UserError(
            f"{what}: page {some} of {last} is missing; fetch it, or leave the rest out"
        )
    if size:
        _check_lengths(what, total, last, size, by_number)
    rows = {key(row) for page in pages for row in page.rows}
    times = {len(found) for found in by_number.values()}
    if len(times) > 1 and len(rows) % total:
        counts = ", ".join(f"page {n}: {len(by_number[n])}" for n in sorted(by_number)[:10])
        raise UserError(
            f"{what}: pages of several queries, not all there ({counts}; {len(rows)} rows); "
            "fetch the missing ones, or keep each query in a folder of its own"
        )
    if last > 1 and times == {1} and len(rows) < total:
        raise UserError(
            f"{what}: only {len(rows)} different ones on {last} pages; rows moved from page to "
            "page while they were fetched: fetch them again"
        )


def _check_lengths(
    what: str, total: int, last: int, size: int, by_number: Mapping[int, Mapping[str, Page]]
) -> None:
    for number, found in sorted(by_number.items()):
        expected = size if number < last else total - size * (last - 1)
        for page in found.values():
            if len(page.rows) < expected:
                raise UserError(
                    f"{page.place}: {len(page.rows)} rows, expected {expected} "
                    f"(page {number} of {what}); fetch it again"
                )


def whole(row: Mapping[str, Any]) -> object:
    return repr(sorted(row.items(), key=lambda item: item[0]))
