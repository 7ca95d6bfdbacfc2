"""Saved responses: recognised by their content, read exactly, refused within bounds."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.importers import documents, pages
from qianchuan_guarantee.importers.pages import read

PLAN = {"ad_id": 1745000000000701, "lab_ad_type": "NOT_LAB_AD", "delivery_setting": {}}
HOUR = {"ad_id": 1, "stat_datetime": "2022-10-01 10:00:00", "stat_cost": 60.10}
LOG = {"log_id": "1", "object_id": 1, "content_title": "修改出价", "content_log": []}
STATUS = {"ad_id": 1, "status": "SUCCESS", "compensate_status": "PAID"}
INFO = {"page": 1, "page_size": 20, "total_number": 1, "total_page": 1}
KINDS = [
    ({"list": [PLAN], "page_info": INFO}, pages.PLANS),
    (PLAN, pages.DETAIL),
    ({"list": [HOUR], "page_info": INFO}, pages.REPORT),
    ({"logs": [LOG], "page_info": INFO}, pages.LOG),
    ({"list": [STATUS]}, pages.STATUS),
    ({"compensate_status_info_list": [{"compensate_status": "PAID"}]}, pages.SIBLING_STATUS),
    ({"compensate_history_list": [{"date": "2022-10-01"}]}, pages.SIBLING_HISTORY),
    ({"list": [{"date": "2022-10-01", "grant_cost": 100000}]}, pages.FINANCE),
    ({"list": [], "page_info": {**INFO, "total_number": 0}}, pages.UNKNOWN_EMPTY),
]


def saved(folder: Path, content: Any, name: str = "page.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


@pytest.mark.parametrize(("data", "kind"), KINDS, ids=[kind for _, kind in KINDS])
def test_a_page_is_recognised_with_and_without_its_outer_object(
    tmp_path: Path, data: Any, kind: str
) -> None:
    whole = {"code": 0, "message": "OK", "data": data, "request_id": "x"}
    for content in (data, whole, [data, whole]):
        found = read([saved(tmp_path, content)]).pages
        assert {page.kind for page in found} == {kind}


def test_lines_folders_and_encodings(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps(data) for data, _ in KINDS)
    saved(tmp_path, lines, "a.jsonl")
    saved(tmp_path, lines, "b.json")
    (tmp_path / "c.json").write_bytes(json.dumps({"logs": [LOG]}, ensure_ascii=False).encode("gbk"))
    (tmp_path / "d.json").write_bytes(b"\xef\xbb\xbf" + json.dumps({"logs": [LOG]}).encode())
    saved(tmp_path, "no response", "notes.md")
    found = read([tmp_path])
    kinds = [kind for _, kind in KINDS]
    assert [page.kind for page in found.pages] == [*kinds, *kinds, pages.LOG, pages.LOG]
    assert [page.number for page in found.pages][:3] == [1, 2, 3]
    assert [Path(name).name for name in found.skipped] == ["notes.md"]
    assert found.of(pages.LOG)[-2].rows[0]["content_title"] == "修改出价"


def test_numbers_keep_their_text(tmp_path: Path) -> None:
    text = '{"list": [{"ad_id": 1745000000000701, "stat_cost": 60.10, "show_cnt": 1e3}]}'
    row = read([saved(tmp_path, text)]).pages[0].rows[0]
    assert row == {"ad_id": "1745000000000701", "stat_cost": "60.10", "show_cnt": "1e3"}


HOSTILE = {
    "deep": ("[" * 10_000 + "]" * 10_000, "nested too deeply"),
    "deep objects": ('{"data":' * 10_000 + "1" + "}" * 10_000, "nested too deeply"),
    "deep, never closed": ("[" * 1_000_000, "nested too deeply"),
    "a deep cell": (
        '{"list": [{"stat_cost": ' + "[" * 800 + "]" * 800 + "}]}",
        "nested too deeply",
    ),
    "a deep total": ('{"list": [], "page_info": ' + "[" * 800 + "]" * 800 + "}", "too deeply"),
    "torn": ('{"list": [{"ad_id": 1', "not a saved response"),
    "a key twice": ('{"list": [{"stat_cost": 1, "stat_cost": 2}]}', "stands there twice"),
    "an error": ('{"code": 40105, "message": "token expired"}', "code 40105 (token expired)"),
    "something else": ('{"token": "…", "expires": 3600}', "holds expires, token"),
    "other rows": ('{"list": [{"color": 1}]}', "rows with color"),
    "rows of numbers": ('{"list": [1, 2]}', "no list of objects"),
    "a number": ("12", "no object"),
    "a huge page number": (
        '{"list": [], "page_info": {"page": 1' + "0" * 5000 + "}}",
        "expected whole numbers",
    ),
    "nothing": ("", "not a saved response"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_response_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    text, said = HOSTILE[name]
    path = saved(tmp_path, text)
    started = time.process_time()
    with pytest.raises(UserError) as refused:
        read([path])
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
    assert len(str(refused.value)) < 600
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("beginning", "said"),
    [(b"PK\x03\x04", "workbook"), (b"\x1f\x8b", "unpack"), (b"\xd0\xcf\x11\xe0", ".xls")],
)
def test_a_wrong_ending_is_told(tmp_path: Path, beginning: bytes, said: str) -> None:
    (tmp_path / "page.json").write_bytes(beginning + b"\0" * 100)
    with pytest.raises(UserError, match=said):
        read([tmp_path])


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    with path.open("wb") as file:
        file.truncate(documents.MOST_BYTES + 1)
    with pytest.raises(UserError, match="JSON lines"):
        read([path])
