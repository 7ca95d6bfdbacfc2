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

import ibis

from qianchuan_guarantee.tables import Input

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from qianchuan_guarantee.engines import Engine


# Rows of files without partitions that carry no time of their own are known from the start.
_ALWAYS = ibis.date("1970-01-01")


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
    rows = accepted.select(*columns, written_on=accepted._dt)
    if set(table.key) == set(table.names):
        return _whole_rows(rows, columns, engine)
    key = list(table.key)
    if table.name == "plans":
        # A snapshot is of its day; every other key means the same thing in all partitions.
        rows = rows.mutate(_day=rows.written_on.fill_null(_ALWAYS))
        key.append("_day")
    never = ibis.null("date")
    plain = rows.select(*columns, "written_on").mutate(restated_on=never)
    if table.name != "delivery":
        asked = rows
    elif doubtful is None:
        return Versions(plain, None)
    else:
        dated = rows.mutate(day=rows.stat_datetime.date())
        asked = dated.semi_join(doubtful, ["ad_id", "day"]).drop("day")
    repeated = _repeated(asked, key, engine)
    if repeated is None:
        return Versions(plain, None)
    suspects = engine.keep(_compared(rows.semi_join(repeated, key), table, columns, key))
    single = rows.anti_join(repeated, key).select(*columns, "written_on")
    return Versions(single.mutate(restated_on=never).union(_stood(suspects, columns)), suspects)


def _repeated(rows: Table, key: list[str], engine: Engine) -> Table | None:
    """The keys that stand more than once; none where no key does. Ids are long, so their hashes
    are counted first, and only ids that share one are compared."""
    text = [name for name in key if rows[name].type().is_string()]
    if text:
        hashed = rows.select(_hash=rows[text[0]].hash())
        counts = hashed.group_by("_hash").agg(_times=hashed.count())
        alike = engine.keep(counts.filter(counts._times > 1).select("_hash"))
        if not engine.arrow(alike.limit(1)).num_rows:
            return None
        rows = rows.mutate(_hash=rows[text[0]].hash()).semi_join(alike, "_hash").drop("_hash")
    counted = rows.group_by(key).agg(_times=rows.count())
    repeated = engine.keep(counted.filter(counted._times > 1).drop("_times"))
    return repeated if engine.arrow(repeated.limit(1)).num_rows else None


def _whole_rows(rows: Table, columns: list[str], engine: Engine) -> Versions:
    """Where the key is the whole row, an identical row is a duplicate; nothing else can be.
    Rows that share their plan and time are compared whole."""
    never = ibis.null("date")
    short = ["ad_id", "create_time"]
    alike = _repeated(rows.select(*short), ["ad_id", "create_time"], engine)
    plain = rows.mutate(restated_on=never)
    if alike is None:
        return Versions(plain, None)
    doubtful = rows.semi_join(alike, ["ad_id", "create_time"])
    distinct = engine.keep(
        doubtful.group_by(columns)
        .agg(written_on=doubtful.written_on.min(), copies=doubtful.count())
        .mutate(restated_on=never)
    )
    suspects = distinct.filter(distinct.copies > 1).mutate(
        known_on=_ALWAYS,
        conflict_on=never,
        is_conflict=ibis.literal(False),
        duplicates=distinct.copies - 1,
    )
    single = plain.anti_join(alike, ["ad_id", "create_time"])
    return Versions(single.union(distinct.drop("copies").select(*single.columns)), suspects)


def _compared(repeated: Table, table: Input, columns: list[str], key: list[str]) -> Table:
    """Rows that share a key → a row per content and partition, with what it means for the key."""
    contents = repeated.group_by(list(dict.fromkeys([*columns, *key, "written_on"]))).agg(
        copies=repeated.count()
    )
    # A row is known once its partition is, and once the time has come that it carries itself.
    own_day = contents[table.known_by].date() if table.known_by else _ALWAYS
    own_day = own_day.fill_null(_ALWAYS)
    place = contents.written_on.fill_null(own_day)
    contents = contents.mutate(_place=place, known_on=ibis.ifelse(own_day > place, own_day, place))
    in_order = ibis.window(group_by=key, order_by="_place")
    same_place = ibis.window(group_by=[*key, "written_on"], order_by=["known_on", *columns])
    placed = contents.mutate(
        _in_partition=contents.count().over(ibis.window(group_by=[*key, "written_on"])),
        _among=ibis.row_number().over(same_place),
        _partition=ibis.dense_rank().over(in_order),
    )
    same_content = ibis.window(group_by=list(dict.fromkeys([*key, *columns])), order_by="_place")
    told_apart = placed.mutate(
        _is_repeat=(placed._partition.lag().over(same_content) == placed._partition - 1).fill_null(
            False
        ),
    )
    contradicts = told_apart._in_partition > 1
    if not table.restatable:
        contradicts |= ~told_apart._is_repeat & (told_apart._partition > 0)
    flagged = told_apart.mutate(
        # Known when the second of the rows that contradict each other is.
        _contradicts_on=ibis.ifelse(
            contradicts & ((told_apart._among > 0) | (told_apart._in_partition == 1)),
            told_apart.known_on,
            None,
        ),
        _contradicts=contradicts,
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
