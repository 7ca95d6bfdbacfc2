"""The Parquet files of a store's runs, read by one thread: readers that are still at work when the
process ends can abort it after all was done."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qianchuan_guarantee.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

    from qianchuan_guarantee.ledger.store import Store


def table_of(content: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a file."""
    import pyarrow.parquet as pq

    names = None if columns is None else list(columns)
    with _whole(), pq.ParquetFile(io.BytesIO(content), pre_buffer=False) as file:
        return file.read(columns=names, use_threads=False)


@contextmanager
def _whole() -> Iterator[None]:
    """A file that somebody or a disk has changed, in one sentence."""
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise UserError(
            "a file of the store is not what its run left; `qcg audit verify` says which "
            f"({(str(error).splitlines() or ['no reason given'])[0]:.200})"
        ) from error


def rows_of(store: Store, run_id: str, name: str, ad_id: int) -> pa.Table | None:
    """One plan's rows of a file of a run, which is in the order of `ad_id`; None where the run has
    no such file."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    content = store.read(run_id, name)
    if content is None:
        return None
    with _whole(), pq.ParquetFile(io.BytesIO(content), pre_buffer=False) as file:
        place = file.schema_arrow.names.index("ad_id")
        parts = [file.metadata.row_group(n) for n in range(file.num_row_groups)]
        bounds = [part.column(place).statistics for part in parts]
        wanted = [
            n
            for n, b in enumerate(bounds)
            if b is None or not b.has_min_max or b.min <= ad_id <= b.max
        ]
        rows = file.read_row_groups(wanted, use_threads=False)
    return rows.filter(pc.equal(rows["ad_id"], ad_id))
