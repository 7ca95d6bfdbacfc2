"""Rows of a table as they stand in files → typed and checked; of a few plans without looking
closely at the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from qianchuan_guarantee.engines import Plans, Rows
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.exports.bounds import answered
from qianchuan_guarantee.exports.check import checked, read_columns
from qianchuan_guarantee.exports.find import FileGroup, Found
from qianchuan_guarantee.exports.memory import with_remembered
from qianchuan_guarantee.expressions import ibis
from qianchuan_guarantee.tables import LOGS, Input

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import Table

    from qianchuan_guarantee.engines import Engine, Malformed

# Large tables, of which it pays to look for some plans' rows first.
_LARGE = ("plans", *LOGS)


@dataclass(frozen=True)
class Typed:
    """All rows of a table, typed and checked; of these, where some plans are asked for, the rows
    that may be theirs; and the lines that are no rows."""

    every: Table
    perhaps_mine: Table
    malformed: Sequence[Malformed] = ()


def typed(found: Found, engine: Engine, plans: Plans) -> Typed:
    """The files of a table, read; `plans`: those asked for, none where everybody's rows are."""
    parts = []
    malformed: list[Malformed] = []
    with naming(found):
        for group in found.groups:
            parts.append(_typed_group(group, found.table, engine, plans))
            malformed += engine.malformed(group)
    if not parts:
        none = engine.table(Rows(read_columns(found.table)))
        return Typed(none, none)
    if len(parts) == 1:
        return Typed(*parts[0], malformed)
    every, perhaps_mine = (engine.view(all_of, list(some)) for some in zip(*parts, strict=True))
    return Typed(every, perhaps_mine, malformed)


def _typed_group(
    group: FileGroup, table: Input, engine: Engine, plans: Plans
) -> tuple[Table, Table]:
    """The rows of a group of files, and those that may be of some plans."""
    raw = mine = engine.read(group)
    kinds = engine.kinds(raw)
    is_text = _is_text(kinds, table)
    is_whole = is_text and table.name == "conversions"  # other plans' rows may share an id
    if plans and table.name in _LARGE and kinds["ad_id"] == "int64" and not is_whole:
        # Kept, so that few rows are looked at more closely, and not all of them.
        mine = engine.keep(_perhaps_mine, raw, plans)
    if is_text:
        # Text is parsed once; typed columns are cheap to read again, one by one.
        kept = _parsed(mine, group, table, engine)
        return kept, kept
    # Of few rows it is quicker to ask each.
    is_large = table.name in LOGS and not plans
    known = answered(group, table) if is_large else ()
    every = engine.view(checked, raw, table, group.columns, known)
    if mine is raw:
        return every, every
    return every, engine.view(checked, mine, table, group.columns, known)


def with_old(rows: Typed, old: pa.Table, days: Sequence[date], engine: Engine) -> Typed:
    """With rows of partitions that are not there tonight."""

    def together(tonight: Table) -> Table:
        return engine.view(with_remembered(tonight, old, days, engine))

    every = together(rows.every)
    is_alike = rows.perhaps_mine is rows.every
    return replace(
        rows, every=every, perhaps_mine=every if is_alike else together(rows.perhaps_mine)
    )


def all_of(parts: Sequence[Table]) -> Table:
    return ibis.union(*parts)


def _parsed(raw: Table, group: FileGroup, table: Input, engine: Engine) -> Table:
    try:
        kept = engine.keep(_checked_text, raw, table, group.columns)
        is_anew = engine.read_anew(group)
    except UserError:
        raise
    except Exception as error:
        is_anew = engine.read_anew(group, error)
    return engine.keep(_checked_text, engine.read(group), table, group.columns) if is_anew else kept


def _checked_text(raw: Table, table: Input, names: Sequence[str]) -> Table:
    """Checked rows of text as they are kept. Where a row is fine nobody asks for its file, and a
    path for each of many rows takes as much room as the rest of it."""
    rows = checked(raw, table, names)
    return rows.mutate(_file=ibis.ifelse(rows._is_fine, ibis.null("string"), rows._file))


def _is_text(kinds: Mapping[str, str], table: Input) -> bool:
    # The bids of operations are text whatever the other columns are.
    return table.name == "operations" or any(
        kinds[column.name] == "string"
        or (column.kind == "money" and kinds[column.name].startswith("float"))
        for column in table.columns
        if column.name in kinds and column.kind != "text"
    )


@contextmanager
def naming(found: Found) -> Iterator[None]:
    """What an engine says of a file that cannot be read, in one sentence."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        paths = found.groups[0].paths
        where = paths[0] if len(paths) == 1 else f"{paths[0]} or one of {len(paths) - 1} others"
        message = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{where}: table {found.table.name} cannot be read: {message}") from error


def of_plans(rows: Typed, table: Input, plans: Plans, engine: Engine) -> Table:
    """Rows of some plans; rows whose plan cannot be read stay. Deciding one plan must see what
    deciding all sees, so a conversion id keeps the other plans' rows that share it."""
    mine = engine.keep(_mine, rows.perhaps_mine, plans)
    if table.name != "conversions":
        return mine
    ids = engine.keep(_ids, mine)
    # The ids are looked through alone, in half the time: mostly no other row has one of them.
    alike = engine.keep(_alike, rows.every, ids)
    if engine.count(alike) == engine.count(ids):
        return mine
    return engine.keep(_mine_or_shared, rows.every, mine)


def _perhaps_mine(raw: Table, plans: Plans) -> Table:
    """Rows of some plans, and those whose id is none. These are asked for apart: then a file's
    own statistics mostly say that there are none."""
    mine = raw.filter(raw.ad_id.isin(plans) & (raw.ad_id > 0))
    return mine.union(raw.filter(raw.ad_id.isnull() | (raw.ad_id <= 0)))


def _mine(every: Table, plans: Plans) -> Table:
    return every.filter(every._ad_id.isin(plans) | every._ad_id.isnull())


def _ids(mine: Table) -> Table:
    return mine.filter(mine.conversion_id.notnull()).select("conversion_id")


def _alike(every: Table, ids: Table) -> Table:
    return every.select("conversion_id").semi_join(ids, "conversion_id")


def _mine_or_shared(every: Table, mine: Table) -> Table:
    ids = mine.select("conversion_id").distinct()
    shared = every.semi_join(ids, "conversion_id")
    return shared.union(mine.filter(mine.conversion_id.isnull()))
