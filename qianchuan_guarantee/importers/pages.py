"""Saved responses of the official interface, recognised by their content and read exactly.

A file holds one response, a list of them, or one per line; the outer `code/message/data` may be
there or not. Everything is bounded; what is no response is refused with a sentence (UserError).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.importers.documents import ENDINGS, documents, files, size_of

# Of all pages together. A report of two million rows has some 450 MB, and needs some 2 GB.
MOST_ROWS, MOST_BYTES_IN_ALL = 2_000_000, 2**29
_DEEPEST = 12  # objects and lists inside each other

DETAIL, PLANS, REPORT = "ad/detail/get", "ad/get", "report/ad/get"
LOG, STATUS, FINANCE = "tools/log_search", "ad/compensate_status/get", "finance/detail/get"
UNI_REPORT = "report/uni_promotion/get"
SIBLING_HISTORY = "oc_project/tools/compensate_history_list/get"
SIBLING_STATUS = "promotion/cost_protect_status/get"
UNKNOWN_EMPTY = "empty"  # a page without rows says nothing of what it is a page of

# The list that holds a response's rows, and what it is called by then.
_LISTS = {
    "logs": LOG,
    "compensate_history_list": SIBLING_HISTORY,
    "compensate_status_info_list": SIBLING_STATUS,
}
# Rows of a `list` are told by the first of these that one of them has.
_BY_FIELD = (
    ("compensate_status", STATUS),
    ("metrics", UNI_REPORT),
    ("stat_datetime", REPORT),
    ("stat_cost", REPORT),
    ("grant_cost", FINANCE),
    ("grant_balance", FINANCE),
    ("content_log", LOG),
    ("content_title", LOG),
    ("delivery_setting", PLANS),
    ("lab_ad_type", PLANS),
    ("opt_status", PLANS),
)
KINDS = (DETAIL, PLANS, REPORT, UNI_REPORT, LOG, STATUS, FINANCE, SIBLING_HISTORY, SIBLING_STATUS)


@dataclass(frozen=True)
class Page:
    """A response. `number`: its place in its file, from 1 (in JSON lines: the line); `page_info`:
    what it says of the pages of its query, None where it says nothing."""

    kind: str
    rows: list[dict[str, Any]]
    file: str
    number: int
    page_info: Mapping[str, int] | None = None

    @property
    def place(self) -> str:
        return f"{self.file}:{self.number}"


@dataclass(frozen=True)
class Pages:
    """All responses of some paths. `skipped`: files of folders whose ending is none of ours."""

    pages: tuple[Page, ...]
    skipped: tuple[str, ...] = field(default=())

    def of(self, *kinds: str) -> list[Page]:
        return [page for page in self.pages if page.kind in kinds]


def read(paths: Iterable[str | Path]) -> Pages:
    """The responses in these files and folders, in the order of paths and names."""
    found: list[Page] = []
    skipped: list[str] = []
    rows = size = 0
    for path in files(paths, skipped):
        size += size_of(path)
        if size > MOST_BYTES_IN_ALL:
            raise UserError(
                f"{path}: more than {MOST_BYTES_IN_ALL} bytes up to here; import some months at a "
                "time"
            )
        for page in _pages_of(path):
            rows += len(page.rows)
            if rows > MOST_ROWS:
                raise UserError(
                    f"{page.place}: more than {MOST_ROWS} rows; import fewer pages at a time"
                )
            found.append(page)
    if not found:
        raise UserError(f"no saved response found; expected files {', '.join(ENDINGS)}")
    return Pages(tuple(found), tuple(skipped))


def _pages_of(path: Path) -> Iterator[Page]:
    for number, document in documents(path):
        if isinstance(document, list) and not all(_is_row(one) for one in document):
            for inner, one in enumerate(document, start=1):
                yield _page(one, path, inner)
        else:
            yield _page(document, path, number)


def _is_row(value: Any) -> bool:
    """A list of rows is one page, a list of responses several."""
    return isinstance(value, dict) and not {"data", "list", *_LISTS} & value.keys()


def _page(document: Any, path: Path, number: int) -> Page:
    place = f"{path}:{number}"
    content = _unwrapped(document, place)
    if not _is_shallow(content):
        raise UserError(f"{place}: nested too deeply; expected a saved response")
    if isinstance(content, dict) and "ad_id" in content:  # one plan, or one row on its own
        kind = _kind_of_rows([content], place)
        return Page(DETAIL if kind == PLANS else kind, [content], str(path), number)
    info = None
    if isinstance(content, dict):
        rows, kind = _listed(content, place)
        info = _page_info(content.get("page_info"), place)
    else:
        rows, kind = content, ""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{place}: the rows are no list of objects; expected a saved response")
    return Page(kind or _kind_of_rows(rows, place), rows, str(path), number, info)


def _is_shallow(content: Any) -> bool:
    """Whether nothing is nested deeper than the responses of the interface are."""
    level = [content] if isinstance(content, dict | list) else []
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return True
    return False


def _unwrapped(document: Any, place: str) -> Any:
    """What stands in `data`; a response that says it failed is refused."""
    if not isinstance(document, dict):
        if isinstance(document, list):
            return document
        raise UserError(f"{place}: no object; expected a saved response")
    code = document.get("code")
    if "data" not in document and "code" not in document:
        return document
    if code not in (None, "0"):
        said = str(document.get("message"))[:200]
        raise UserError(
            f"{place}: the interface answered with code {str(code)[:20]} ({said}); "
            "fetch this page again"
        )
    return document.get("data") if document.get("data") is not None else {"list": []}


def _listed(content: Mapping[str, Any], place: str) -> tuple[Any, str]:
    for name, kind in _LISTS.items():
        if name in content:
            return content[name] or [], kind
    for name in ("list", "rows"):
        if name in content:
            return content[name] or [], ""
    keys = ", ".join(sorted(str(key)[:40] for key in content)[:8]) or "nothing"
    raise UserError(f"{place}: holds {keys}; expected a response of {', '.join(KINDS)}")


def _kind_of_rows(rows: Sequence[Mapping[str, Any]], place: str) -> str:
    if not rows:
        return UNKNOWN_EMPTY
    for name, kind in _BY_FIELD:
        if any(name in row for row in rows):
            return kind
    keys = ", ".join(sorted(str(key)[:40] for key in rows[0])[:8]) or "nothing"
    raise UserError(f"{place}: rows with {keys}; expected rows of {', '.join(KINDS)}")


def _page_info(info: Any, place: str) -> Mapping[str, int] | None:
    if info is None:
        return None
    names = ("page", "page_size", "total_number", "total_page")
    try:
        found = {name: _small(info[name]) for name in names if info.get(name) is not None}
    except (AttributeError, ValueError):
        said = json.dumps(info, ensure_ascii=False)[:100]
        raise UserError(f"{place}: page_info {said}; expected whole numbers") from None
    return found or None


def _small(value: Any) -> int:
    text = str(value)
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise ValueError(text)
    return int(text)
