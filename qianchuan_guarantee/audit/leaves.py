"""Decisions as leaves of a Merkle tree, so that one of them can be proved without the others."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.digests import leaf_after, root

if TYPE_CHECKING:
    import pyarrow as pa


def decision_texts(decisions: pa.Table) -> list[str]:
    """Each decision as a CSV file of its own: the names of its columns, and its values (text in
    quotes, null is nothing, reasons with a comma between them)."""
    header, lines = _lines(decisions)
    return [(header + line).decode() for line in lines]


def decisions_root(decisions: pa.Table) -> dict[str, Any]:
    """What a manifest says of its decisions: how many, and the root over them."""
    header, lines = _lines(decisions)
    leaf = leaf_after(header)
    return {"rows": len(lines), "root": root([leaf(line) for line in lines])}


def _lines(decisions: pa.Table) -> tuple[bytes, list[bytes]]:
    """The header, and a line for each decision. Arrow writes them: there may be millions."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    plain = {
        name: pc.binary_join(column, ",") if pa.types.is_list(column.type) else column
        for name, column in zip(decisions.column_names, decisions.itercolumns(), strict=True)
    }
    file = io.BytesIO()
    csv.write_csv(pa.table(plain), file, csv.WriteOptions(include_header=False))
    lines = file.getvalue().splitlines(keepends=True)
    if len(lines) != decisions.num_rows:
        raise ValueError(f"{decisions.num_rows} decisions on {len(lines)} lines")
    return f"{','.join(plain)}\n".encode(), lines
