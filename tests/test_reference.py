"""The reference is what the code says: regenerate it with `python docs/make_reference.py`."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize(("lang", "name"), [("en", "reference.md"), ("zh", "reference.zh-CN.md")])
def test_the_reference_is_up_to_date(lang: str, name: str) -> None:
    made = runpy.run_path(str(DOCS / "make_reference.py"))["reference"](lang)
    assert (DOCS / name).read_text(encoding="utf-8") == made
