"""Files as Spark reads them: which row came from where, and text files by `records`."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.engines import jsonl, records

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark import Accumulator
    from pyspark.sql import Column, DataFrame

    from qianchuan_guarantee.exports.find import FileGroup

BAD = "_qcg_malformed"  # the text of a line that is malformed
KEY, ROW = "_qcg_file", "_qcg_row"  # where a row stands
_PIECE = 10_000  # records that an executor hands on at once


def names_of(group: FileGroup) -> list[str]:
    """A leading underscore marks columns of ours; a file's own are of no use."""
    return [name for name in group.columns if not name.startswith("_")]


def text_schema(group: FileGroup) -> Any:
    from pyspark.sql.types import DateType, LongType, StringType, StructField, StructType

    texts = [StructField(name, StringType()) for name in (*names_of(group), "_file", BAD)]
    return StructType([*texts, StructField("_dt", DateType()), StructField(ROW, LongType())])


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _key(path: str) -> str:
    return os.path.abspath(path)


def pattern(path: str) -> str:
    """A path as Hadoop wants it: of this file system, and not a pattern."""
    return "file:" + re.sub(r"([\[\]{}*?\\])", r"\\\1", _key(path))


def files_of(group: FileGroup) -> pa.Table:
    import pyarrow as pa

    columns = [
        pa.array([_key(path) for path in group.paths], pa.string()),
        pa.array(group.paths, pa.string()),
        pa.array([_day(path, group) for path in group.paths], pa.date32()),
    ]
    return pa.table(columns, names=[KEY, "_file", "_dt"])


def _day(path: str, group: FileGroup) -> date | None:
    if not group.is_partitioned:
        return None
    return date.fromisoformat(Path(path).parent.name.removeprefix("dt="))


def without_nanoseconds(rows: DataFrame, path: str) -> DataFrame:
    """Spark has no nanoseconds: such times are handed on as text, so that none is cut off.

    A time in the old INT96 form has no zone in its file, and gets none here.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyspark.sql import functions as f

    columns: list[Column] = []
    kinds = dict(rows.dtypes)
    for column in pq.read_schema(path):
        if column.name.startswith("_"):
            continue
        cell, name = f.col(quoted(column.name)), column.name
        is_nanoseconds = pa.types.is_timestamp(column.type) and column.type.unit == "ns"
        if is_nanoseconds and kinds[name] == "bigint":
            past = f.pmod(cell, f.lit(10**9))
            # A division is one of floats here: its quotient is whole only once it is rounded.
            seconds = f.round((cell - past) / f.lit(10**9)).cast("bigint")
            clock = f.timestamp_seconds(seconds).cast("timestamp_ntz")
            text = f.date_format(clock, "yyyy-MM-dd HH:mm:ss")
            parts = [text, f.lit("."), f.lpad(past.cast("string"), 9, "0")]
            parts += [f.lit("Z")] if column.type.tz else []
            cell = f.concat(*parts).alias(name)
        elif is_nanoseconds and kinds[name] == "timestamp" and not column.type.tz:
            cell = cell.cast("timestamp_ntz").alias(name)
        columns.append(cell)
    return rows.select(*columns)


def reading(group: FileGroup, malformed: Accumulator[int]) -> Any:
    """A function for the executors: the records of the files it is given, piece by piece."""
    from pyspark import cloudpickle

    for module in (records, jsonl):  # else executors would look for this package
        cloudpickle.register_pickle_by_value(module)  # type: ignore[no-untyped-call]
    parse, kind, columns, size = records.records, group.format, group.columns, _PIECE
    places = [columns.index(name) for name in names_of(group)]
    names = [*names_of(group), "_file", BAD, "_dt", ROW]

    def read(batches: Any) -> Any:
        import itertools

        import pyarrow as pa

        types = [pa.string()] * (len(names) - 2) + [pa.date32(), pa.int64()]
        schema = pa.schema(list(zip(names, types, strict=True)))
        for place, path, day in (row.values() for batch in batches for row in batch.to_pylist()):
            rows = numbered(path, day, parse(place, kind, columns))
            while piece := list(itertools.islice(rows, size)):
                arrays = [
                    pa.array(a, t) for a, t in zip(zip(*piece, strict=True), types, strict=True)
                ]
                yield pa.record_batch(arrays, schema=schema)

    def numbered(path: str, day: Any, found: Any) -> Any:
        for number, record in enumerate(found, start=1):
            if isinstance(record, str):
                malformed.add(1)
                yield *(None for _ in places), path, record, day, number
            else:
                yield *(record[at] for at in places), path, None, day, number

    return read
