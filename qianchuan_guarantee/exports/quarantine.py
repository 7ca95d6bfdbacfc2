"""Every refused row as it came, with where it stands and why it was refused.

The files concerned are read a second time, with row numbers; the others are not touched.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.engines import Plans, Rows
from qianchuan_guarantee.exports.check import checked
from qianchuan_guarantee.exports.fates import with_fate
from qianchuan_guarantee.exports.malformed import plan_of
from qianchuan_guarantee.expressions import ibis

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import Table

    from qianchuan_guarantee.engines import Engine, Malformed
    from qianchuan_guarantee.exports.find import FileGroup
    from qianchuan_guarantee.exports.read import CheckedTable
    from qianchuan_guarantee.tables import Input


_AT_ONCE = 50_000
_ORDER = ("table", "file", "row_number")


# `row_number` counts a file's data rows from 1; `raw` is the row as JSON, as it came.
_KINDS = {
    "table": "string",
    "file": "string",
    "row_number": "int64",
    "ad_id": "int64",
    "column": "string",
    "reason": "string",
    "raw": "string",
}


def quarantine_schema() -> pa.Schema:
    """The columns of the quarantine."""
    import pyarrow as pa

    return pa.schema(list(_KINDS.items()), metadata={"sheet": "quarantine"})


def empty_quarantine(engine: Engine) -> Table:
    """The quarantine of a run that refused nothing."""
    return engine.table(Rows(_KINDS))


def quarantined_rows(
    folder: str,
    tables: Mapping[str, CheckedTable],
    cycles: Table,
    as_of: date,
    engine: Engine,
    plans: Sequence[int] = (),
) -> pa.Table:
    """The quarantine of a run (columns: `quarantine_schema`), by table, file and row."""
    import pyarrow as pa

    schema = quarantine_schema()
    found = _every(folder, tables, cycles, as_of, engine, plans)
    pieces = []
    # Columns take a tenth of the room that rows take: there may be millions.
    while some := list(itertools.islice(found, _AT_ONCE)):
        pieces.append(pa.Table.from_pylist(some, schema=schema))
    if not pieces:
        return pa.Table.from_batches([], schema)
    return pa.concat_tables(pieces).sort_by([(name, "ascending") for name in _ORDER])


def quarantined(
    folder: str,
    tables: Mapping[str, CheckedTable],
    cycles: Table,
    as_of: date,
    engine: Engine,
    plans: Sequence[int],
) -> list[dict[str, Any]]:
    """The same of some plans, as Python has it."""
    found = _every(folder, tables, cycles, as_of, engine, plans)
    return sorted(found, key=lambda row: [row[name] for name in _ORDER])


def _every(
    folder: str,
    tables: Mapping[str, CheckedTable],
    cycles: Table,
    as_of: date,
    engine: Engine,
    plans: Sequence[int],
) -> Iterator[dict[str, Any]]:
    for table in tables.values():
        if not table.refused_count and table.suspects is None:
            continue
        conflicts = _conflicting_keys(table, cycles, as_of, engine)
        for group in table.groups:
            for row in _rows_of(group, table, conflicts, engine, plans):
                yield row | {"file": _relative(row["file"], folder)}


@functools.cache
def _relative(path: str, folder: str) -> str:
    try:
        return PurePath(path).relative_to(folder).as_posix()
    except ValueError:
        return path


def _conflicting_keys(
    table: CheckedTable, cycles: Table, as_of: date, engine: Engine
) -> Table | None:
    """The keys and partitions whose rows contradict each other: key columns, `_day`."""
    if table.suspects is None:
        return None
    keys = engine.keep(_in_conflict, table.suspects, cycles, table.table, as_of)
    return keys if engine.count(keys) else None


def _in_conflict(suspects: Table, cycles: Table, table: Input, as_of: date) -> Table:
    fates = with_fate(suspects, cycles, table.name, as_of)
    rows = fates.filter(fates.is_quarantined)
    return rows.select(*table.key, _day=_day(rows.written_on)).distinct()


def _day(written_on: ibis.Value) -> ibis.Value:
    """Files without partitions share one day, since null equals nothing."""
    return written_on.fill_null(ibis.date("1970-01-01"))


def _rows_of(
    group: FileGroup,
    table: CheckedTable,
    conflicts: Table | None,
    engine: Engine,
    plans: Sequence[int],
) -> Iterator[dict[str, Any]]:
    malformed = [line for line in table.malformed if line.path in group.paths]
    yield from _malformed(table, group, malformed)
    paths = group.paths
    if conflicts is None:
        refused = {row["file"] for row in engine.rows(_files, table.refused)}
        paths = tuple(path for path in paths if path in refused)
    if not paths:
        return
    raw = engine.keep(engine.read(replace(group, paths=paths), numbered=True))
    rows = engine.view(checked, raw, table.table, group.columns)
    found = engine.keep(_found, rows, Plans(plans) or None, conflicts, table.table.key)
    columns = [name for name in group.columns if name in raw.columns]
    for batch in engine.batches(_as_they_came, found, raw):
        for row in batch.to_pylist():
            column, _, reason = row["_why"].partition(":")
            yield {
                "table": table.table.name,
                "file": row["_file"],
                "row_number": row["_row_number"],
                "ad_id": row["_plan"],
                "column": column,
                "reason": reason,
                "raw": _as_json({name: row[name] for name in columns}),
            }


def _files(refused: Table) -> Table:
    return refused.select("file").distinct()


def _as_they_came(found: Table, raw: Table) -> Table:
    return found.join(raw, ["_file", "_row_number"])


def _found(rows: Table, plans: Plans | None, conflicts: Table | None, key: Sequence[str]) -> Table:
    refused = _refused(rows, plans)
    return refused if conflicts is None else refused.union(_conflicting(rows, conflicts, key))


def _refused(rows: Table, plans: Plans | None) -> Table:
    refused = rows.filter(~rows._is_fine)
    if plans is not None and "ad_id" in rows.columns:
        refused = refused.filter(refused._ad_id.isin(plans) | refused._ad_id.isnull())
    return refused.select("_file", "_row_number", _plan=refused._ad_id, _why=refused._problem)


def _conflicting(rows: Table, conflicts: Table, key: Sequence[str]) -> Table:
    fine = rows.filter(rows._is_fine).mutate(_day=_day(rows._dt))
    found = fine.semi_join(conflicts, [*key, "_day"])
    why = ibis.literal(f"{' '.join(key)}:conflict")
    return found.select("_file", "_row_number", _plan=found._ad_id, _why=why)


def _malformed(
    table: CheckedTable, group: FileGroup, lines: Sequence[Malformed]
) -> Iterator[dict[str, Any]]:
    for line in lines:
        yield {
            "table": table.table.name,
            "file": line.path,
            "row_number": line.row_number,
            "ad_id": plan_of(line, (group,)),
            "column": None,
            "reason": "malformed",
            "raw": _as_json({"line": line.line}),
        }


def _as_json(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, default=str)
