"""What a sample is drawn from: one final decision per plan, in the order of `ad_id`."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.tables import decisions_schema

if TYPE_CHECKING:
    import pyarrow as pa

# Held and open plans are not decided yet, nor is one that was never delivered.
_SETTLED = ("granted", "ended", "invalid")
_NOT_YET = "not_covered:NOT_DELIVERED"
COLUMNS = (
    *("ad_id", "advertiser_id", "outcome", "reasons", "amount", "cost"),
    *("settle_on", "rulebook"),
)


@dataclass(frozen=True)
class Source:
    """A file of decisions: a run's id or the file's name, its SHA-256, and how many decisions of
    the population stand in it."""

    source: str
    sha256: str
    plans: int


@dataclass(frozen=True)
class Population:
    """`table`: `COLUMNS`, `stratum` and `source`. `left_out`: plans without a final decision.
    `sha256`: of its lines `ad_id,stratum,amount`, each ended by a line feed."""

    table: pa.Table
    sources: list[Source]
    left_out: int
    sha256: str


def population(files: Iterable[tuple[str, bytes]]) -> Population:
    """What was last settled of every plan, or else that it is not covered, where this is the last
    word. `files`: names and Parquet, the latest first."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts, read = [], []
    met = settled = pa.array([], pa.int64())
    for name, content in files:
        table = _read(name, content)
        table = table.append_column("source", pa.repeat(pa.scalar(name), table.num_rows))
        ids = table["ad_id"]
        is_settled = pc.is_in(table["outcome"], value_set=pa.array(_SETTLED))
        is_refused = pc.and_not(
            pc.equal(table["outcome"], "not_covered"), pc.equal(table["stratum"], _NOT_YET)
        )
        wanted = pc.or_(
            pc.and_not(is_settled, pc.is_in(ids, value_set=settled)),
            pc.and_not(is_refused, pc.is_in(ids, value_set=met)),
        )
        parts.append(table.filter(wanted))
        read.append((name, hashlib.sha256(content).hexdigest()))
        met = pc.unique(pa.concat_arrays([met, *ids.chunks]))
        settled = pc.unique(pa.concat_arrays([settled, *ids.filter(is_settled).chunks]))
    whole = pa.concat_tables(parts)
    is_outdone = pc.and_(
        pc.equal(whole["outcome"], "not_covered"), pc.is_in(whole["ad_id"], value_set=settled)
    )
    whole = whole.filter(pc.invert(is_outdone)).sort_by("ad_id").combine_chunks()
    if not whole.num_rows:
        raise UserError(f"{read[0][0]}: no plan is decided yet; there is nothing to sample")
    taken = Counter(whole["source"].to_pylist())
    sources = [Source(name, sha256, taken[name]) for name, sha256 in read]
    return Population(whole, sources, len(met) - whole.num_rows, _digest(whole))


def _read(name: str, content: bytes) -> pa.Table:
    """The columns of a file of decisions, with `stratum`."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    expected = pa.schema([decisions_schema().field(column) for column in COLUMNS])
    try:
        with pq.ParquetFile(io.BytesIO(content), pre_buffer=False) as file:
            found = file.schema_arrow
            for field in expected:
                if field.name not in found.names or found.field(field.name).type != field.type:
                    raise UserError(
                        f"{name}: no column {field.name} of type {field.type}; expected the "
                        "decisions that `qcg decide -o FILE.parquet` writes"
                    )
            table = file.read(columns=list(COLUMNS), use_threads=False)
    except pa.ArrowInvalid as error:
        raise UserError(f"{name}: not a Parquet file; expected decisions") from error
    if len(pc.unique(table["ad_id"])) != table.num_rows:
        raise UserError(f"{name}: a plan has two decisions; expected one row per plan")
    is_paid = pc.greater(table["amount"], pa.scalar(0, pa.decimal128(18, 2)))
    wrong = table.filter(pc.not_equal(is_paid, pc.equal(table["outcome"], "granted")))
    if wrong.num_rows:
        row = wrong.slice(0, 1).to_pylist()[0]
        raise UserError(
            f"{name}: plan {row['ad_id']} is {row['outcome']} with {row['amount']} yuan; expected "
            "an amount where it is granted, and none elsewhere"
        )
    first = pc.binary_join(pc.list_slice(table["reasons"], 0, 1), "")
    named = pc.binary_join_element_wise(table["outcome"], first, ":")
    stratum = pc.if_else(pc.equal(pc.binary_length(first), 0), table["outcome"], named)
    return table.append_column("stratum", stratum)


def _digest(table: pa.Table) -> str:
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = [table[name].cast(pa.string()) for name in ("ad_id", "stratum", "amount")]
    lines = pc.binary_join_element_wise(*columns, ",")
    digest = hashlib.sha256()
    for line in lines.to_pylist():
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()
