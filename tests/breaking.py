"""Ways to break the cells of an export, and files to put the broken rows into."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from qianchuan_guarantee.tables import INPUTS, Column

Cells = Sequence[str]
Wrong = tuple[str, str, str]  # column, the text in its cell, the reason it is refused for

_NOT_MADE = "attribution_convert_cnt"  # the conversions have a table of their own
MISSING = ("", " ", "\t", "--", " -- ", "—", " —\t")
NO_NUMBERS = (
    *("nan", "NaN", "inf", "-inf", "Infinity", "-Infinity", "1e3", "1E+3", "1.75E+15", "0x1F"),
    *("１２", "１２.5", "٣", "½", "²", "Ⅷ", "五", "十二元", "¥5", "5元", "5%", "未知", "😀", "5👍"),
    *("+1", "++1", "--1", "1-", "−5", "(5)", "- 5", ".", ".5", "5.", "1.2.3", "1..2", "1;2"),
    *(
        "1,00",
        "12,34,567",
        "1000,000",
        ",100",
        "100,",
        "1,,000",
        "1，000",
        "1'000",
        "1_000",
        "1 000",
    ),
    *(
        "null",
        "NULL",
        "None",
        "nil",
        "N/A",
        "#N/A",
        "#REF!",
        "-",
        "---",
        "- -",
        "true",
        "=1+1",
        "'5",
    ),
    *('"5"', '5"', 'a,"b"\n,c', "5\n", "\n5", "5\r\n5", "5\\n", "\\", "\0", "5\0", "5\0005"),
    *("\ufeff5", "5\ufeff", "\u200b5", "5\u00a0", "\u3000", "\u2028", "<b>5</b>", "' OR 1=1 --"),
)
NEGATIVE = ("-0", "-0.0", "-5", "-1,000", "-0.00001", "-9223372036854775809", "-1" + "0" * 60)
HUGE = ("9223372036854775808", "18446744073709551616", "1" + "0" * 40, "9,999,999,999,999,999,999")
BROKEN_COUNTS = ("1.5", "0.1", "3.14159")
HUGE_COUNTS = (*HUGE, "1000000000000001", "9223372036854775807")
FINE_MONEY = ("0.000001", "5.1234567", "0.0000000000000000000000001", "1,000.000001")
FINE_BIDS = ("0.001", "5.125", "1,000.999")
NO_TIMES = (
    *("2022-02-30 00:00:00", "2021-02-29", "2022-13-01 00:00:00", "2022-00-10", "2022-10-32"),
    *("2022-10-01 25:00:00", "2022-10-01 24:01:00", "2022-10-01 24:00:01", "2022-10-01 12:60:00"),
    *("2022-10-01 12:00:00+25:00", "2022-10-01 12:00:00+08:60", "2022-10-01 12:00:00 CST"),
    *("2022/10/01 12:00:00", "20221001", "1664582400", "44835.5", "2022年10月1日", "22-10-01"),
    *("２０２２-10-01 12:00:00", "2022-10-1", "2022-10-01T", "2022-10-01 12", "2022-10-01 1:00:00"),
    *("10/01/2022", "Oct 1 2022", "yesterday", "today", "now", "epoch", "infinity", "-infinity"),
    *("2022-10-01 12:00:00.1234567", "2022-10-01  12:00:00", "2022-10-01 12:00:00\n", "NaT", "nan"),
    *(
        "2022-10-01 (BC)",
        "-2022-10-01",
        "12022-10-01",
        "2022-10-01 12:00:61",
        "0000-00-00 00:00:00",
    ),
    *("2022-10-01\0", "\ufeff2022-10-01", "😀", '"2022-10-01"', "2022-10-01,12:00", "昨天"),
)
OTHER_AGES = (
    *("2015-12-31 23:59:59", "2016-01-01 00:00:00+09:00", "1970-01-01", "0001-01-01 00:00:00"),
    *("2100-01-01 00:00:00", "2099-12-31 24:00:00", "9999-12-31 23:59:59.999999"),
)
NO_CHOICES = (
    "bidding",
    "BID-",
    "FEED2",
    "通投",
    "出价",
    "unknown",
    "0",
    "null",
    "😀",
    "a,b",
    "\0",
    '"',
)
NO_FLAGS = ("yes", "no", "是", "t", "2", "1.0", "-1", "null", "NaN", "trüe", "１", "true\0", "")
# What a text may be: nothing of this is wrong in a cell that is free text.
FREE_TEXTS = (
    '计划 "春"，5 折',
    "a,b;c\td",
    "two\nlines",
    "😀👍🏽",
    "\u200b零\ufeff宽",
    "nul\0nul",
    "'; --",
)


# Table → the columns that are written, in the order in which the tables are broken.
WRITTEN = {
    name: tuple(column.name for column in INPUTS[name].columns if column.name != _NOT_MADE)
    for name in ("plans", "operations", "conversions", "delivery")
}


def wrong_cells(table: str) -> list[Wrong]:
    """All that can be wrong with one cell of a table's row, the id of its plan left alone."""
    found: list[Wrong] = []
    for column in INPUTS[table].columns:
        if column.name != "ad_id" and column.name in WRITTEN[table]:
            found += [(column.name, text, reason) for text, reason in _wrong(column).items()]
    return found


def wrong_plans() -> list[Wrong]:
    """Ids that name no plan."""
    wrong = _wrong(INPUTS["delivery"].columns[0])
    return [("ad_id", text, reason) for text, reason in wrong.items()]


def wrong_bids() -> list[Wrong]:
    """What can be wrong with the values of a bid edit."""
    return [("new_value", text, reason) for text, reason in _wrong_money(2, True).items()]


def _wrong(column: Column) -> dict[str, str]:
    found = dict.fromkeys(MISSING, "missing") if column.required else {}
    if column.kind == "instant":
        found |= dict.fromkeys(NO_TIMES, "unparsable") | dict.fromkeys(OTHER_AGES, "out_of_range")
    elif column.kind == "flag":
        found |= {text: "unparsable" for text in NO_FLAGS if text}
    elif column.kind == "money":
        found |= _wrong_money(column.scale, column.positive)
    elif column.kind in ("id", "count"):
        found |= dict.fromkeys((*NO_NUMBERS, *BROKEN_COUNTS), "unparsable")
        found |= dict.fromkeys((*NEGATIVE, *HUGE), "out_of_range")
        if column.kind == "count":
            found |= dict.fromkeys(HUGE_COUNTS, "out_of_range")
        if column.positive:
            found |= dict.fromkeys(("0", "000", "0.0"), "out_of_range")
    elif column.choices:
        found |= dict.fromkeys(NO_CHOICES, "unknown_value")
    return found


def _wrong_money(scale: int, is_positive: bool) -> dict[str, str]:
    found = dict.fromkeys(NO_NUMBERS, "unparsable")
    found |= dict.fromkeys((*NEGATIVE, *HUGE), "out_of_range")
    if scale < 6:
        found |= dict.fromkeys(FINE_MONEY, "too_many_decimals")
    if scale < 3:
        found |= dict.fromkeys(FINE_BIDS, "too_many_decimals")
    if is_positive:
        found |= dict.fromkeys(("0", "0.00"), "out_of_range")
    return found


class TextFile:
    """A CSV file; `row` and `line` count the data rows from 1."""

    def __init__(self, path: Path, columns: Cells, encoding: str = "utf-8", end: str = "\n"):
        self.path, self.columns, self.rows = path, columns, 0
        self._encoding, self.end = encoding, end
        self._bytes = _created(path)
        self._buffer = io.StringIO()
        self._csv = csv.writer(self._buffer, lineterminator=end)
        self._head()

    def _head(self) -> None:
        self._write(self.columns)

    def text(self, cells: Cells) -> str:
        """A row as a line, without its end."""
        self._csv.writerow(cells)
        line = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return line.removesuffix(self.end)

    def _write(self, cells: Cells) -> None:
        self._bytes.write((self.text(cells) + self.end).encode(self._encoding))
        if self._encoding == "utf-8-sig":  # only the file begins with the mark
            self._encoding = "utf-8"

    def row(self, cells: Cells) -> int:
        self._write(cells)
        self.rows += 1
        return self.rows

    def line(self, line: bytes) -> int:
        """A row as it stands."""
        self._bytes.write(line + self.end.encode())
        self.rows += 1
        return self.rows

    def blank(self) -> None:
        """A line without anything on it is no row."""
        self._bytes.write(self.end.encode())

    def close(self) -> None:
        self._bytes.close()


class JsonFile(TextFile):
    """A JSON lines file. Numbers, and what passes for one with some writers, stand bare."""

    BARE = frozenset(("NaN", "Infinity", "-Infinity", "1e3", "1.75E+15", "-5", "1.5", *HUGE[:3]))

    def _head(self) -> None:
        pass

    def text(self, cells: Cells) -> str:
        pairs = (
            f"{_as_json(name)}: {text if text in self.BARE else _as_json(text)}"
            for name, text in zip(self.columns, cells, strict=True)
        )
        return "{" + ", ".join(pairs) + "}"


class ParquetFile:
    """A Parquet file with nothing but text in it."""

    def __init__(self, path: Path, columns: Cells) -> None:
        self.path, self.columns, self.rows = path, columns, 0
        self._schema = pa.schema([(name, pa.string()) for name in columns])
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = pq.ParquetWriter(path, self._schema)
        self._kept: list[list[str | None]] = []

    def row(self, cells: Cells) -> int:
        self._kept.append([text or None for text in cells])
        self.rows += 1
        if len(self._kept) == 20_000:
            self._flush()
        return self.rows

    def _flush(self) -> None:
        columns = zip(*self._kept, strict=True) if self._kept else [()] * len(self.columns)
        arrays = [pa.array(column, pa.string()) for column in columns]
        self._file.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._kept = []

    def close(self) -> None:
        self._flush()
        self._file.close()


File = TextFile | ParquetFile


def _as_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if text else "null"


def _created(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return gzip.open(path, "wb", 1) if path.suffix == ".gz" else path.open("wb")  # type: ignore[return-value]


def new_file(path: Path, columns: Cells, encoding: str = "utf-8", end: str = "\n") -> File:
    """A file of the format that its name says."""
    if path.suffix == ".parquet":
        return ParquetFile(path, columns)
    kind = JsonFile if ".jsonl" in path.name else TextFile
    return kind(path, columns, encoding, end)


def as_text(raw: Mapping[str, str | None]) -> dict[str, str]:
    """A row of the quarantine as it was written; null is an empty cell."""
    return {name: text or "" for name, text in raw.items()}
