"""The rows of the logs that one decision was made of, as an exports folder of their own, and that
folder decided again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.audit.leaves import decision_texts
from qianchuan_guarantee.decide import Question, decide
from qianchuan_guarantee.ledger.files import rows_of
from qianchuan_guarantee.rulebook import load_canonical
from qianchuan_guarantee.tables import INPUTS
from qianchuan_guarantee.write import as_text

if TYPE_CHECKING:
    from qianchuan_guarantee.audit.bundle import Case
    from qianchuan_guarantee.engines import Engine
    from qianchuan_guarantee.exports.read import CheckedTable

FOLDER = "logs"
# What the sender says of all rows is not true of those of one plan.
_LEFT_OUT = ("control_totals", "grant_usage")


def logs(case: Case, engine: Engine, tell: Callable[..., None]) -> dict[str, bytes]:
    """File → content: the plan's rows that were known to the run, by table and partition, as CSV;
    rows that were refused as they came, as JSON lines."""
    from qianchuan_guarantee.audit.replay import books_of

    assert case.exports is not None
    manifest = case.run.manifest
    as_of = date.fromisoformat(manifest["as_of"])
    books = books_of(case.run)
    question = Question(case.exports, as_of, books, manifest["read_otherwise"], (case.ad_id,))
    decided = decide(question, engine, tell)
    found: dict[str, bytes] = {}
    for name, table in decided.checked.items():
        if table.groups and name not in _LEFT_OUT:
            found |= _table(name, table, case.ad_id, engine, as_of)
    return found | _refused(case, as_of)


def _table(
    name: str, table: CheckedTable, ad_id: int, engine: Engine, as_of: date
) -> dict[str, bytes]:
    assert table.every is not None
    rows = table.every.filter(table.every._is_fine)
    if "ad_id" in INPUTS[name].names:
        rows = rows.filter(rows.ad_id == ad_id)
    columns = [column.name for column in INPUTS[name].columns]
    order = [column for column in ("_dt", *columns) if column in rows.columns]
    by_day: dict[Any, list[dict[str, Any]]] = {day: [] for day in table.days or ()}
    for row in engine.arrow(rows.select(order).order_by(order)).to_pylist():
        by_day.setdefault(row.pop("_dt"), []).append(row)
    there = [column for column in columns if column in rows.columns]
    return {
        _file(name, day, f"{name}.csv"): _csv(there, some)
        for day, some in by_day.items()
        if day is None or day < as_of
    }


def _file(table: str, day: date | None, name: str) -> str:
    return f"{FOLDER}/{table}/dt={day}/{name}" if day else f"{FOLDER}/{name}"


def _csv(columns: list[str], rows: list[dict[str, Any]]) -> bytes:
    import csv
    import io

    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(columns)
    for row in rows:
        lines.writerow([_cell(row[column]) for column in columns])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, Decimal):
        return f"{value:f}"
    return as_text(value)


def _refused(case: Case, as_of: date) -> dict[str, bytes]:
    """Rows of the plan that the run refused, as they came."""
    found: dict[str, list[str]] = {}
    rows = rows_of(case.run.store, case.run.run_id, "quarantine.parquet", case.ad_id)
    for row in rows.to_pylist() if rows is not None else ():
        day = Path(row["file"]).parent.name.removeprefix("dt=")
        is_day = Path(row["file"]).parent.name.startswith("dt=")
        name = _file(row["table"], date.fromisoformat(day) if is_day else None, "refused.jsonl")
        found.setdefault(name, []).append(json.dumps(json.loads(row["raw"]), ensure_ascii=False))
    return {name: ("\n".join(lines) + "\n").encode() for name, lines in found.items()}


def decided(contents: Mapping[str, bytes], ad_id: int) -> str | None:
    """A plan's decision (as a leaf's text), made again from a bundle's own logs and rulebook;
    None where they do not suffice."""
    from qianchuan_guarantee.engines.duckdb import DuckDB
    from qianchuan_guarantee.errors import UserError

    manifest = json.loads(contents["manifest.json"])
    names = [f"rulebook-{b['id'].partition('@')[2]}.json" for b in manifest["rulebooks"]]
    with tempfile.TemporaryDirectory(prefix="qcg-") as scratch:
        for name, content in contents.items():
            if name.startswith(f"{FOLDER}/"):
                path = Path(scratch, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        question = Question(
            str(Path(scratch, FOLDER)),
            date.fromisoformat(manifest["as_of"]),
            [load_canonical(contents[name]) for name in names],
            manifest["read_otherwise"],
            (ad_id,),
        )
        engine = DuckDB()
        try:
            again = decide(question, engine)
            texts = decision_texts(engine.arrow(again.decisions))
        except UserError:
            return None
        finally:
            engine.close()
    return texts[0] if len(texts) == 1 else None
