"""What reconciling found, for programs and as files."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.reconcile.classes import Line, Money, Reconciled
from qianchuan_guarantee.report import against_report
from qianchuan_guarantee.report.reconciled import causes_in_words
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording.columns import notes_of
from qianchuan_guarantee.write import Sheet as Rows
from qianchuan_guarantee.write import write_tables

if TYPE_CHECKING:
    import pyarrow as pa

    from qianchuan_guarantee.reconcile.causes import Fit
    from qianchuan_guarantee.reconcile.compare import Found

_SIDES = ("ours", "theirs", "unstated", "waiting")  # of the money


def document(found: Found, lang: Language) -> dict[str, Any]:
    """What `--json` prints: money as strings in yuan."""
    return {
        "as_of": found.as_of.isoformat(),
        "causes_tried_on_exports": found.has_exports,
        **(_made_document(found, found.reconciled, lang) if found.reconciled else {}),
        "report": against_report.document(found.totals) if found.totals else None,
    }


def _made_document(found: Found, made: Reconciled, lang: Language) -> dict[str, Any]:
    return {
        "files": list(made.statement.files),
        "is_payments": made.statement.is_payments,
        "no_plan": {"rows": made.statement.nobody[0], "amount": str(made.statement.nobody[1])},
        "total": _money_document(made.total),
        "classes": {kind: _money_document(money) for kind, money in made.by_class.items()},
        "advertisers": [
            {"advertiser_id": key, **_money_document(money)}
            for key, money in made.by_advertiser.items()
        ],
        "readings": [_fit_document(fit) for fit in found.readings],
        "differences": [_line_document(line, lang) for line in made.differences],
    }


def _money_document(money: Money) -> dict[str, Any]:
    amounts = ("ours", "theirs", "unstated", "waiting", "difference")
    return {"plans": money.plans} | {name: str(getattr(money, name)) for name in amounts}


def _fit_document(fit: Fit) -> dict[str, Any]:
    plans = {"explained": list(fit.explained), "broken": list(fit.broken)}
    return {"id": fit.id, "choice": fit.choice, **plans, "amount": str(fit.amount)}


def _line_document(line: Line, lang: Language) -> dict[str, Any]:
    row = _row(line, lang)
    for name, value in row.items():
        if isinstance(value, Decimal):
            row[name] = str(value)
        elif hasattr(value, "isoformat"):
            row[name] = value.isoformat()
    return row


def _row(line: Line, lang: Language) -> dict[str, Any]:
    ours, theirs = line.ours, line.theirs
    fitting = [cause.of_reading for cause in line.causes if cause.of_reading]
    return {
        "ad_id": line.ad_id,
        "advertiser_id": line.advertiser_id,
        "class": line.kind,
        "our_status": ours.status if ours else None,
        "their_status": theirs.status if theirs else None,
        "our_amount": ours.amount if ours else None,
        "their_amount": theirs.paid if theirs else None,
        "difference": line.difference,
        "settle_on": ours.settle_on if ours else None,
        "days_overdue": line.days_overdue,
        "our_reasons": list(ours.reasons) if ours else [],
        "their_reasons": list(theirs.reasons) if theirs else [],
        "their_words": theirs.said if theirs else None,
        "fits": [f"{key}={choice}" for key, choice in fitting],
        "cause": causes_in_words(line, lang),
        "place": theirs.place if theirs else None,
    }


def lines_table(made: Reconciled, lang: Language) -> pa.Table:
    """A row per plan, those that agree included."""
    import pyarrow as pa

    yuan, codes = pa.decimal128(18, 2), pa.list_(pa.string())
    others = {"ad_id": pa.int64(), "advertiser_id": pa.int64(), "settle_on": pa.date32()}
    others |= {"days_overdue": pa.int64()}
    others |= dict.fromkeys(("our_amount", "their_amount", "difference"), yuan)
    others |= dict.fromkeys(("our_reasons", "their_reasons", "fits"), codes)
    rows = [_row(line, lang) for line in made.lines]
    names = list(rows[0]) if rows else list(_row(Line(0, "agree", None, None), lang))
    kinds = [(name, others.get(name, pa.string())) for name in names]
    return pa.Table.from_pylist(rows, schema=pa.schema(kinds, metadata={b"sheet": b"plans"}))


def money_table(made: Reconciled) -> pa.Table:
    """The money by class and by advertiser."""
    import pyarrow as pa

    groups: dict[str, dict[Any, Money]] = {
        "class": dict(made.by_class),
        "advertiser": dict(made.by_advertiser),
        "total": {"": made.total},
    }
    rows = [
        {"by": by, "which": "" if key is None else str(key), "plans": money.plans}
        | {f"{side}_yuan": getattr(money, side) for side in _SIDES}
        | {"difference": money.difference}
        for by, group in groups.items()
        for key, money in group.items()
    ]
    yuan = pa.decimal128(18, 2)
    kinds: list[tuple[str, Any]] = [("by", pa.string()), ("which", pa.string())]
    kinds += [("plans", pa.int64())]
    kinds += [(name, yuan) for name in (*(f"{side}_yuan" for side in _SIDES), "difference")]
    return pa.Table.from_pylist(rows, schema=pa.schema(kinds, metadata={b"sheet": b"money"}))


def readings_table(found: Found) -> pa.Table:
    import pyarrow as pa

    rows = [
        {
            "reading": f"{fit.id}={fit.choice}",
            "explained": len(fit.explained),
            "explained_yuan": fit.amount,
            "broken": len(fit.broken),
        }
        for fit in found.readings
    ]
    kinds = {"reading": pa.string(), "explained": pa.int64()}
    kinds |= {"explained_yuan": pa.decimal128(18, 2), "broken": pa.int64()}
    schema = pa.schema(list(kinds.items()), metadata={b"sheet": b"readings"})
    return pa.Table.from_pylist(rows, schema=schema)


def write(found: Found, path: Path, lang: Language) -> None:
    """Every plan to a file, or where only a report was asked for its days; in a workbook all the
    rest, too."""
    made = found.reconciled
    tables: list[pa.Table] = []
    if made is not None:
        tables = [lines_table(made, lang), money_table(made), readings_table(found)]
    if found.totals is not None:
        tables += against_report.tables(found.totals)
    first, *further = tables
    names = [name for table in tables for name in table.schema.names]
    rows = first.num_rows if made is None else made.total.plans
    write_tables([Rows(first.to_batches(), first.schema, path, rows, notes_of(names), further)])
