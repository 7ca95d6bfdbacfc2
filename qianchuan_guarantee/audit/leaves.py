"""Decisions as leaves of a Merkle tree, so that one of them can be proved without the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.digests import leaf, root

if TYPE_CHECKING:
    import pyarrow as pa


def decision_texts(decisions: pa.Table) -> list[str]:
    """Each decision as one line of JSON: its columns in their order, every value as text, reasons
    with a comma between them. Columns become text as a whole: there may be millions of rows."""
    import pyarrow.compute as pc

    forms, columns = [], []
    for name in decisions.column_names:
        texts = _texts(decisions[name].combine_chunks())
        is_whole = texts.null_count == 0
        if not is_whole:
            quoted = pc.binary_join_element_wise('"', texts, '"', "")
            texts = pc.fill_null(quoted, "null")
        forms.append(f'"{name}":"%s"' if is_whole else f'"{name}":%s')
        columns.append(texts.to_pylist())
    form = "{" + ",".join(forms) + "}"
    return [form % row for row in zip(*columns, strict=True)]


def _texts(values: pa.Array) -> pa.Array:
    """Values as text that can stand between quotes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(values.type):
        text = pc.binary_join(values, ",")
    else:
        text = values.cast(pa.string())
    if pa.types.is_list(values.type) or pa.types.is_string(values.type):
        for plain, escaped in (("\\", "\\\\"), ('"', '\\"')):
            text = pc.replace_substring(text, plain, escaped)
    return text


def decisions_root(decisions: pa.Table) -> dict[str, Any]:
    """What a manifest says of its decisions: how many, and the root over them."""
    texts = decision_texts(decisions)
    return {"rows": len(texts), "root": root([leaf(text) for text in texts])}
