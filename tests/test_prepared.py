"""SQL that was written ahead of time is what Ibis writes now, and is used only while it is."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from qianchuan_guarantee.decide import Question, decide
from qianchuan_guarantee.engines import prepared
from qianchuan_guarantee.engines.duckdb import _KINDS, DuckDB, _kind
from qianchuan_guarantee.engines.duckdb_dialect import kind_of
from qianchuan_guarantee.engines.prepared import PREPARED, Prepared, known
from tests.conftest import BOOKS, REPO, as_of_in, rows_of

DEMO = REPO / "fixtures" / "demo"


def test_it_is_what_ibis_writes() -> None:
    """After a change of a step: python docs/make_prepared.py"""
    made = runpy.run_path(str(REPO / "docs" / "make_prepared.py"))["prepared"]()
    assert PREPARED.read_text(encoding="utf-8") == made


def answered(known: Prepared) -> tuple[list[dict[str, object]], Prepared]:
    engine = DuckDB()
    engine.prepared = known
    try:
        decided = decide(Question(str(DEMO), as_of_in(DEMO / "why.md"), BOOKS), engine)
        return rows_of(decided), engine.prepared
    finally:
        engine.close()


def test_the_demo_needs_nothing_else_and_is_decided_the_same() -> None:
    quick, used = answered(Prepared(known()))
    slow, written = answered(Prepared({}))
    assert quick == slow
    assert not used.written
    assert written.written


# A module that must not be imported, and what runs the command.
WITHOUT = """
import sys
sys.modules["ibis"] = sys.modules["sqlglot"] = None
from qianchuan_guarantee.cli.main import main
sys.argv = ["qcg", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("ask", [["decide"], ["explain", "1745000000000101"]])
def test_ibis_is_not_even_imported(ask: list[str], tmp_path: Path) -> None:
    where = [str(DEMO), "--as-of", as_of_in(DEMO / "why.md").isoformat()]
    out = ["-o", str(tmp_path / "d.parquet")] if ask == ["decide"] else []
    command = [sys.executable, "-c", WITHOUT, *ask, *where, *out]
    subprocess.run(command, check=True, capture_output=True)


def test_types_are_called_as_ibis_calls_them() -> None:
    assert {it: kind_of(it) for it in _KINDS} == _KINDS
    assert kind_of("DECIMAL(18,2)") == _kind("DECIMAL(18,2)")


def test_it_is_left_aside_where_a_source_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "prepared.json"
    file.write_text(
        json.dumps({"sources": prepared._digest(), "steps": {"step": ["SELECT 1", {}]}})
    )
    assert known(file) == {"step": ["SELECT 1", {}]}
    known.cache_clear()
    (tmp_path / "money.py").write_text("changed")
    monkeypatch.setattr(prepared, "_PACKAGE", tmp_path)
    assert known(file) == {}
    known.cache_clear()
    assert known(tmp_path / "none.json") == {}
