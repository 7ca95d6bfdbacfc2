"""Rows against each other: duplicates, restatements, conflicts (data.md, What happens to each row).

Two clocks are kept apart. A row stands in the partition of the day it was written
(`written_on`, null in files without partitions), and it is known from the morning after. A
later partition may restate it (`restated_on`); until then it stands. So whether a row stands
is asked of a day: see `clocks.stands_on`.

Exact comparison of every row with every other costs more than the rule itself, so suspects
(keys that occur more than once) are found first, and only they are looked at closely.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qianchuan_guarantee.expressions import ibis
from qianchuan_guarantee.tables import Input

if TYPE_CHECKING:
    from ibis.expr.types import DateValue, Table

    from qianchuan_guarantee.engines import Engine


# Rows of files without partitions that carry no time of their own are known from the start.
def _always() -> DateValue:
    return ibis.date("1970-01-01")


@dataclass(frozen=True)
class Versions:
    """What became of the readable rows of a table.

    rows:     the table's columns, `written_on`, `restated_on`: every version that ever stands.
    suspects: null where no key occurs twice; else a row per (key, content, partition) of those
              that do: the table's columns, `written_on`, `restated_on`, `known_on` (the day
              after which it is known; never null), `is_conflict` (the key contradicts itself),
              `conflict_on` (the day after which that is known), `copies`, `duplicates`.
    """

    rows: Table
    suspects: Table | None


def versions(
    accepted: Table, table: Input, engine: Engine, doubtful: Table | None = None
) -> Versions:
    """Sort the readable rows of a table into versions. `accepted` has the table's columns, the
    derived ones, and `_dt`. `doubtful`: of the delivery log, the plans and days on which a
    slice may stand twice (null: none)."""
    columns = [name for name in accepted.columns if not name.startswith("_")]
    if set(table.key) == set(table.names):
        return _whole_rows(engine.view(_rows, accepted), columns, engine)
    key = list(table.key)
    if table.name == "plans":
        # A snapshot is of its day; every other key means the same thing in all partitions.
        key.append("_day")
    if table.name == "delivery" and doubtful is None:
        return Versions(engine.view(_single, accepted, None, key), None)
    asked = engine.view(_asked, accepted, doubtful)
    repeated = _repeated(asked, key, engine)
    if repeated is None:
        return Versions(engine.view(_single, accepted, None, key), None)
    suspects = engine.keep(_suspects, accepted, repeated, table, columns, key)
    single = engine.view(_single, accepted, repeated, key)
    return Versions(engine.view(_standing, single, suspects, columns), suspects)


def _rows(accepted: Table) -> Table:
    columns = [name for name in accepted.columns if not name.startswith("_")]
    return accepted.select(*columns, written_on=accepted._dt)


def _asked(accepted: Table, doubtful: Table | None) -> Table:
    """The rows whose keys are held against each other, with the day that a snapshot is of."""
    rows = _rows(accepted).mutate(_day=accepted._dt.fill_null(_always()))
    if doubtful is None:
        return rows
    dated = rows.mutate(day=rows.stat_datetime.date())
    return dated.semi_join(doubtful, ["ad_id", "day"]).drop("day")


def _single(accepted: Table, repeated: Table | None, key: list[str]) -> Table:
    """The rows whose key stands once: each stands for good."""
    rows = _asked(accepted, None)
    if repeated is not None:
        rows = rows.anti_join(repeated, key)
    return rows.drop("_day").mutate(restated_on=ibis.null("date"))


def _suspects(
    accepted: Table, repeated: Table, table: Input, columns: list[str], key: list[str]
) -> Table:
    return _compared(_asked(accepted, None).semi_join(repeated, key), table, columns, key)


def _standing(single: Table, suspects: Table, columns: list[str]) -> Table:
    return single.union(_stood(suspects, columns))


def _repeated(rows: Table, key: list[str], engine: Engine) -> Table | None:
    """The keys that stand more than once; none where no key does. Ids are long, so their hashes
    are counted first, and only ids that share one are compared."""
    kinds = engine.kinds(rows)
    text = [name for name in key if kinds[name] == "string"]
    if text:
        alike = engine.keep(_shared_hashes, rows, text[0])
        if not engine.count(alike):
            return None
        rows = engine.view(_with_hash_of, rows, text[0], alike)
    repeated = engine.keep(_repeated_keys, rows, key)
    return repeated if engine.count(repeated) else None


def _shared_hashes(rows: Table, name: str) -> Table:
    hashed = rows.select(_hash=rows[name].hash())
    counts = hashed.group_by("_hash").agg(_times=hashed.count())
    return counts.filter(counts._times > 1).select("_hash")


def _with_hash_of(rows: Table, name: str, alike: Table) -> Table:
    return rows.mutate(_hash=rows[name].hash()).semi_join(alike, "_hash").drop("_hash")


def _repeated_keys(rows: Table, key: list[str]) -> Table:
    counted = rows.group_by(key).agg(_times=rows.count())
    return counted.filter(counted._times > 1).drop("_times")


def _whole_rows(rows: Table, columns: list[str], engine: Engine) -> Versions:
    """Where the key is the whole row, an identical row is a duplicate; nothing else can be.
    Rows that share their plan and time are compared whole."""
    alike = _repeated(rows, ["ad_id", "create_time"], engine)
    if alike is None:
        return Versions(engine.view(_never_restated, rows, None), None)
    distinct = engine.keep(_distinct, rows, alike, columns)
    single = engine.view(_never_restated, rows, alike)
    return Versions(engine.view(_all_once, single, distinct), engine.view(_identical, distinct))


def _never_restated(rows: Table, alike: Table | None) -> Table:
    plain = rows.mutate(restated_on=ibis.null("date"))
    return plain if alike is None else plain.anti_join(alike, ["ad_id", "create_time"])


def _distinct(rows: Table, alike: Table, columns: list[str]) -> Table:
    doubtful = rows.semi_join(alike, ["ad_id", "create_time"])
    distinct = doubtful.group_by(columns).agg(
        written_on=doubtful.written_on.min(), copies=doubtful.count()
    )
    return distinct.mutate(restated_on=ibis.null("date"))


def _all_once(single: Table, distinct: Table) -> Table:
    return single.union(distinct.select(*single.columns))


def _identical(distinct: Table) -> Table:
    return distinct.filter(distinct.copies > 1).mutate(
        known_on=_always(),
        conflict_on=ibis.null("date"),
        is_conflict=ibis.literal(False),
        duplicates=distinct.copies - 1,
    )


def _compared(repeated: Table, table: Input, columns: list[str], key: list[str]) -> Table:
    """Rows that share a key → a row per content and partition, with what it means for the key."""
    contents = repeated.group_by(list(dict.fromkeys([*columns, *key, "written_on"]))).agg(
        copies=repeated.count()
    )
    # A row is known once its partition is, and once the time has come that it carries itself.
    own_day = contents[table.known_by].date() if table.known_by else _always()
    place = contents.written_on.fill_null(own_day)
    contents = contents.mutate(_place=place, known_on=ibis.ifelse(own_day > place, own_day, place))
    in_order = ibis.window(group_by=key, order_by="_place")
    placed = contents.mutate(
        _partition=ibis.dense_rank().over(in_order),
        _content=ibis.dense_rank().over(ibis.window(group_by=key, order_by=columns)),
    )
    same_content = ibis.window(group_by=list(dict.fromkeys([*key, *columns])), order_by="_place")
    # What must say the same: the rows of a partition; where nothing is restated, of the key.
    together = ibis.window(
        group_by=[*key, "written_on"] if table.restatable else key,
        order_by=["known_on", *columns],
    )
    told_apart = placed.mutate(
        _is_repeat=(placed._partition.lag().over(same_content) == placed._partition - 1).fill_null(
            False
        ),
        _contradicts=placed._content != placed._content.first().over(together),
    )
    flagged = told_apart.mutate(
        # Known when the second of the rows that contradict each other is.
        _contradicts_on=ibis.ifelse(told_apart._contradicts, told_apart.known_on, None),
        _starts_on=ibis.ifelse(
            told_apart.written_on.notnull() & ~told_apart._is_repeat, told_apart.known_on, None
        ),
    )
    same_key = ibis.window(group_by=key)
    later = ibis.window(group_by=key, order_by="_place", rows=(1, None))
    return flagged.select(
        *columns,
        "written_on",
        "known_on",
        "copies",
        restated_on=flagged._starts_on.min().over(later),
        is_conflict=flagged._contradicts.max().over(same_key),
        conflict_on=flagged._contradicts_on.min().over(same_key),
        duplicates=ibis.ifelse(flagged._is_repeat, flagged.copies, flagged.copies - 1),
    )


def _stood(suspects: Table, columns: list[str]) -> Table:
    """The versions among the suspects that stand on some day: a contradiction ends a version
    as a restatement does."""
    first = suspects.filter(
        (suspects.copies > suspects.duplicates)
        & (~suspects.is_conflict | (suspects.known_on < suspects.conflict_on))
    )
    return first.select(
        *columns,
        "written_on",
        restated_on=ibis.least(
            first.restated_on.fill_null(first.conflict_on),
            first.conflict_on.fill_null(first.restated_on),
        ),
    )
