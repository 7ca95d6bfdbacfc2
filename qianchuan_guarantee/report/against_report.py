"""Our logs against the platform's report: as people read it, for programs, and as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.reconcile.totals import After, Day, Sum, Totals
from qianchuan_guarantee.report.figures_of_money import plain, signed_plain
from qianchuan_guarantee.report.sheets import Sheet
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    import pyarrow as pa

_ZERO = Decimal(0)


def lines(totals: Totals, as_of: date, lang: Language) -> list[str]:
    """What comes of it in all."""
    words = {"days": f"{len(totals.days):,}", "differing": f"{len(totals.differing):,}"}
    said = [say("rt_head", lang, day=as_of, **words)]
    if any(day.is_growing and day.conversions_differ for day in totals.differing):
        said.append(say("rt_growing", lang))
    if totals.after:
        cost = sum((after.cost for after in totals.after), _ZERO)
        said.append(say("rt_after_all", lang, plans=len(_plans(totals.after)), cost=plain(cost)))
    return said


def _plans(after: Iterable[After]) -> set[int]:
    return {one.ad_id for one in after}


def sheets(totals: Totals, lang: Language, most: int | None = None) -> dict[str, Sheet]:
    """By account, by plan, by day, and what was spent after a pause."""
    plans = sorted(totals.by_plan.items(), key=lambda item: -abs(_gap(item[1])))
    return {
        "accounts": _sums("rt_accounts", "advertiser", totals.by_account.items(), lang),
        "plans": _sums("rt_plans", "plan", plans[:most], lang),
        "days": _days(totals, lang, most),
        "after": _after(totals, lang, most),
    }


def _gap(one: Sum) -> Decimal:
    return one.their_cost - one.our_cost


def _sums(title: str, first: str, some: Iterable[tuple[Any, Sum]], lang: Language) -> Sheet:
    rows = [
        (
            str(key or say("rc_nobody", lang)),
            f"{one.days:,}",
            f"{one.differing:,}",
            plain(one.our_cost),
            plain(one.their_cost),
            signed_plain(_gap(one)),
            f"{one.our_conversions:,}",
            f"{one.their_conversions:,}",
        )
        for key, one in some
    ]
    names = (first, "rt_days", "rt_differing", *_FIGURES)
    return Sheet(say(title, lang), [say(name, lang) for name in names], rows, range(1, 8))


_FIGURES = ("rt_our_cost", "rt_their_cost", "rc_difference", "rt_our_won", "rt_their_won")


def _days(totals: Totals, lang: Language, most: int | None) -> Sheet:
    every = sorted(totals.differing, key=lambda day: (-abs(_cost_gap(day)), day.ad_id, day.day))
    rows = [
        (
            day.ad_id,
            day.day.isoformat(),
            _shown(day.our_cost),
            _shown(day.their_cost),
            signed_plain(_cost_gap(day)) if day.cost_differs else "",
            "" if day.our_conversions is None else f"{day.our_conversions:,}",
            "" if day.their_conversions is None else f"{day.their_conversions:,}",
        )
        for day in every[:most]
    ]
    title = say("rt_by_day", lang)
    if len(rows) < len(every):
        title = say("rt_largest", lang, shown=len(rows), all=len(every))
    header = [say(name, lang) for name in ("plan", "rt_day", *_FIGURES)]
    return Sheet(title, header, rows, range(2, 7))


def _cost_gap(day: Day) -> Decimal:
    return (day.their_cost or _ZERO) - (day.our_cost or _ZERO)


def _shown(cost: Decimal | None) -> str:
    return "–" if cost is None else plain(cost)


def _after(totals: Totals, lang: Language, most: int | None) -> Sheet:
    rows = [
        (
            one.ad_id,
            say("rt_deleted" if one.is_deletion else "rt_paused", lang),
            one.paused_at.isoformat(" "),
            "" if one.until is None else one.until.isoformat(" "),
            plain(one.cost),
            f"{one.slices:,}",
            one.last_slice.isoformat(" "),
        )
        for one in sorted(totals.after, key=lambda one: -one.cost)[:most]
    ]
    names = ("plan", "rt_what", "rt_since", "rt_until", "rt_cost", "rt_slices", "rt_last")
    header = [say(name, lang) for name in names]
    return Sheet(say("rt_after", lang), header, rows, (4, 5))


def document(totals: Totals) -> dict[str, Any]:
    """What `--json` prints of it."""
    return {
        "days": len(totals.days),
        "accounts": [
            {"advertiser_id": key, **_values(vars(one))} for key, one in totals.by_account.items()
        ],
        "plans": [{"ad_id": key, **_values(vars(one))} for key, one in totals.by_plan.items()],
        "differences": [_values(vars(day)) for day in totals.differing],
        "after_pause": [_values(vars(one)) for one in totals.after],
    }


def _values(row: dict[str, Any]) -> dict[str, Any]:
    """Money as text, times as ISO 8601."""
    return {
        name: str(value)
        if isinstance(value, Decimal)
        else value.isoformat()
        if isinstance(value, date)
        else value
        for name, value in row.items()
    }


def tables(totals: Totals) -> list[pa.Table]:
    """The days that differ, the sums, and what was spent after a pause."""
    import pyarrow as pa

    yuan, count, stamp = pa.decimal128(38, 5), pa.int64(), pa.timestamp("us")
    sums = [("account", key, one) for key, one in totals.by_account.items()]
    sums += [("plan", key, one) for key, one in totals.by_plan.items()]
    costs = {"our_cost": yuan, "their_cost": yuan}
    won = {"our_conversions": count, "their_conversions": count}
    ids = {"ad_id": count, "advertiser_id": count, "day": pa.date32()}
    spans = {"paused_at": stamp, "until": stamp, "is_deletion": pa.bool_(), "cost": yuan}
    spans |= {"slices": count, "last_slice": stamp}
    which = {"by": pa.string(), "which": pa.string(), "days": count, "differing": count}
    summed: Sequence[dict[str, Any]] = [
        {"by": by, "which": "" if key is None else str(key), **vars(one)} for by, key, one in sums
    ]
    return [
        _table("days", ids | costs | won, [vars(day) for day in totals.differing]),
        _table("totals", which | costs | won, summed),
        _table("after_pause", {"ad_id": count} | spans, [vars(one) for one in totals.after]),
    ]


def _table(name: str, kinds: dict[str, Any], rows: Sequence[dict[str, Any]]) -> pa.Table:
    import pyarrow as pa

    schema = pa.schema(list(kinds.items()), metadata={b"sheet": name.encode()})
    return pa.Table.from_pylist([{key: row[key] for key in kinds} for row in rows], schema=schema)
