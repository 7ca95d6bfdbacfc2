"""Decisions as leaves of a Merkle tree, so that one of them can be proved without the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.digests import leaf, root

if TYPE_CHECKING:
    import pyarrow as pa


def decision_texts(decisions: pa.Table) -> list[str]:
    """Each decision as one line of JSON: its columns in their order, every value as text, reasons
    with a comma between them. Columns are joined, not rows: there may be millions."""
    import pyarrow as pa
    import pyarrow.compute as pc

    pieces: list[Any] = []
    for place, name in enumerate(decisions.column_names):
        pieces.append(pa.scalar(("{" if not place else ",") + f'"{name}":'))
        pieces.append(_quoted(decisions[name].combine_chunks()))
    pieces.append(pa.scalar("}"))
    if not decisions.num_rows:
        return []
    texts: list[str] = pc.binary_join_element_wise(*pieces, pa.scalar("")).to_pylist()
    return texts


def _quoted(values: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(values.type):
        text = pc.binary_join(values, ",")
    else:
        text = values.cast(pa.string())
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"')):
        text = pc.replace_substring(text, plain, escaped)
    return pc.fill_null(pc.binary_join_element_wise('"', text, '"', ""), "null")


def decisions_root(decisions: pa.Table) -> dict[str, Any]:
    """What a manifest says of its decisions: how many, and the root over them."""
    texts = decision_texts(decisions)
    return {"rows": len(texts), "root": root([leaf(text) for text in texts])}
