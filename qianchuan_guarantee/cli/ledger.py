"""`qcg ledger`: what was entered, what waits, and what people decide of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from qianchuan_guarantee.cli import options, screen
from qianchuan_guarantee.cli.groups import group
from qianchuan_guarantee.errors import UsageError
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.ledger.entries import Entry
    from qianchuan_guarantee.ledger.store import Store

app = group("c_ledger")

By = Annotated[str, typer.Option("--by", help=say("o_by", "en"), metavar="NAME")]
Why = Annotated[str, typer.Option("--why", help=say("o_why", "en"), metavar="TEXT")]
Entries = Annotated[
    list[str] | None, typer.Argument(help=say("o_entries", "en"), metavar="ENTRY...")
]
All = Annotated[bool, typer.Option("--all", help=say("o_all", "en"))]
Policy = Annotated[
    Path | None, typer.Option("--policy", help=say("o_policy", "en"), metavar="FILE")
]


def _open(address: str, sign: Path | None = None) -> Store:
    from qianchuan_guarantee.ledger.store import Store

    return Store(address, signer=options.signer(sign))


def _print(document: object) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False))


def _named(by: str, why: str) -> None:
    if not any(c.isalnum() for c in by) or not by.isprintable():
        raise UsageError(f"--by {by!r}: no name; expected the name of who decides this")
    if not why.strip():
        raise UsageError("--why: empty; expected the reason, for whoever asks later")


def _chosen(entries: list[str] | None, every: bool) -> list[str]:
    if bool(entries) == every:
        raise UsageError("name the entries, or --all for all that wait")
    return entries or []


@app.command("list", help=say("c_ledger_list", "en"))
def list_entries(
    store: options.StoreAddress,
    kind: Annotated[
        str | None, typer.Option("--kind", help=say("o_kind", "en"), metavar="KIND")
    ] = None,
    plan: Annotated[
        int | None,
        typer.Option(
            "--plan", help=say("o_of_plan", "en"), metavar="AD_ID", callback=options.plan_id
        ),
    ] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help=say("o_waiting", "en"))] = False,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """Entries, in the order in which they were made."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.ledger import query
    from qianchuan_guarantee.ledger.entries import KINDS

    if kind is not None and kind not in KINDS:
        raise UsageError(f"--kind {kind}: expected one of {', '.join(KINDS)}")
    rows = query.entries(_open(store), kind=kind, plan=plan, waiting=waiting)
    if as_json:
        _print(rows)
    else:
        typer.echo(_table(rows, language))


def _table(rows: Sequence[dict[str, Any]], lang: Language) -> str:
    header = [
        say(k, lang) for k in ("entry", "plan", "advertiser", "amount", "clause", "who", "why")
    ]
    lines = [
        (
            row["entry_id"],
            row["ad_id"] or "",
            row["advertiser_id"],
            row["amount"],
            row["clause"],
            row["by"],
            _why(row["why"], lang),
        )
        for row in rows
    ]
    return screen.table(header, lines, right=(3,)) if lines else say("no_entries", lang)


_CODES = (
    *("supplement", "amount", "night", "held_before", "corrected", "cheating"),
    *("refused_before", "released", "superseded", "policy"),
)


def _why(text: str, lang: Language) -> str:
    """Why a proposal waits, from its codes; a person's own words as they are."""
    codes = text.split(",")
    if not all(code in _CODES for code in codes):
        return text
    return "; ".join(say(f"w_{code}", lang) for code in codes)


@app.command(help=say("c_ledger_show", "en"))
def show(
    entry: Annotated[str, typer.Argument(help=say("o_entry", "en"), metavar="ENTRY|AD_ID")],
    store: options.StoreAddress,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """An entry with what it moved, or a plan with its entries and statuses."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.ledger import query

    kept = _open(store)
    if entry.isascii() and entry.isdigit():
        plan = int(entry)
        options.plan_id(plan)
        if as_json:
            _print({"ad_id": plan, **query.of_plan(kept, plan)})
        else:
            typer.echo(plan_table(query.of_plan(kept, plan), language))
        return
    found = query.entry(kept, entry)
    if as_json:
        _print(found)
        return
    for key, value in found.items():
        if key == "postings":
            value = ", ".join(f"{p['account']} {p['amount']}" for p in value)
        typer.echo(f"  {key:16} {'' if value is None else screen.plain(value)}")


def plan_table(found: Mapping[str, Any], lang: Language) -> str:
    """A plan's statuses, and its entries."""
    header = [say(k, lang) for k in ("at", "status", "reason", "amount")]
    lines = [
        (s["at"], s["compensate_status"], ", ".join(s["reasons"]), s["amount"])
        for s in found["statuses"]
    ]
    return f"{screen.table(header, lines, right=(3,))}\n\n{_table(found['entries'], lang)}"


@app.command(help=say("c_approve", "en"))
def approve(
    store: options.StoreAddress,
    by: By,
    why: Why,
    entries: Entries = None,
    every: All = False,
    policy: Policy = None,
    sign: options.Sign = None,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """Issue proposals that wait."""
    from qianchuan_guarantee.ledger import review
    from qianchuan_guarantee.ledger.policy import load_policy

    _named(by, why)
    wanted, kept, rule = _chosen(entries, every), _open(store, sign), load_policy(policy)
    _done(kept, review.approve(kept, wanted, by=by, why=why, policy=rule), rule, lang, as_json)


@app.command(help=say("c_refuse", "en"))
def refuse(
    store: options.StoreAddress,
    by: By,
    why: Why,
    entries: Entries = None,
    every: All = False,
    policy: Policy = None,
    sign: options.Sign = None,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """Refuse proposals that wait."""
    from qianchuan_guarantee.ledger import review
    from qianchuan_guarantee.ledger.policy import load_policy

    _named(by, why)
    wanted, kept = _chosen(entries, every), _open(store, sign)
    done = review.refuse(kept, wanted, by=by, why=why)
    _done(kept, done, load_policy(policy), lang, as_json)


@app.command("claw-back", help=say("c_claw_back", "en"))
def claw_back(
    plan: options.PlanId,
    store: options.StoreAddress,
    by: By,
    why: Why,
    amount: Annotated[
        str | None, typer.Option("--amount", help=say("o_amount", "en"), metavar="YUAN")
    ] = None,
    policy: Policy = None,
    sign: options.Sign = None,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """Take back what was issued for a plan."""
    from qianchuan_guarantee.ledger import review
    from qianchuan_guarantee.ledger.policy import load_policy

    _named(by, why)
    fen = None if amount is None else _fen(amount)
    kept, rule = _open(store, sign), load_policy(policy)
    done = review.claw_back(kept, plan, fen, by=by, why=why, policy=rule)
    _done(kept, done, rule, lang, as_json)


def _fen(text: str) -> int:
    try:
        fen = Decimal(text) * 100
    except InvalidOperation:
        fen = Decimal("NaN")
    if not fen.is_finite() or fen != fen.to_integral_value() or fen <= 0:
        raise UsageError(f"--amount {text}: expected yuan, as 12.34")
    return int(fen)


def _done(kept: Store, done: Sequence[Entry], rule: Any, lang: str, as_json: bool) -> None:
    """Tell the advertisers, and say what was entered."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.ledger import query
    from qianchuan_guarantee.ledger.notices import deliver

    with screen.Progress(language) as progress:
        deliver(kept, rule.notices, progress)
    ids = {entry.entry_id for entry in done}
    rows = [row for row in query.entries(kept) if row["entry_id"] in ids]
    if as_json:
        _print(rows)
    else:
        typer.echo(_table(rows, language))


@app.command(help=say("c_release", "en"))
def release(
    plan: options.PlanId,
    store: options.StoreAddress,
    by: By,
    why: Why,
    sign: options.Sign = None,
    lang: options.Lang = "en",
) -> None:
    """Overrule a hold."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.ledger import review

    _named(by, why)
    review.release(_open(store, sign), plan, by=by, why=why)
    typer.echo(say("released", language, plan=plan))


@app.command(help=say("c_balance", "en"))
def balance(
    store: options.StoreAddress,
    check: Annotated[bool, typer.Option("--check", help=say("o_balance_check", "en"))] = False,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """Balances of advertisers."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.ledger import query
    from qianchuan_guarantee.ledger.checks import balance_problems

    kept = _open(store)
    if check:
        with kept.reading() as connection:
            found = balance_problems(connection)
        _say_problems(found, language, as_json)
        return
    rows = query.balances(kept)
    if as_json:
        _print(rows)
        return
    names = ("available", "frozen", "receivable", "used", "recovered", "proposed")
    header = [say("advertiser", language), *(say(f"a_{name}", language) for name in names)]
    lines = [(row["advertiser_id"], *(row[name] for name in names)) for row in rows]
    typer.echo(screen.table(header, lines, right=range(1, 7)))


@app.command(help=say("c_ledger_check", "en"))
def check(
    store: options.StoreAddress, lang: options.Lang = "en", as_json: options.Json = False
) -> None:
    """Whether the ledger adds up."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.ledger.checks import problems
    from qianchuan_guarantee.ledger.decided import decision_problems

    kept = _open(store)
    _say_problems([*problems(kept), *decision_problems(kept)], language, as_json)


def _say_problems(found: Sequence[str], lang: Language, as_json: bool) -> None:
    if as_json:
        _print({"ok": not found, "problems": list(found)})
    else:
        typer.echo("\n".join(map(screen.plain, found)) if found else say("ledger_fine", lang))
    if found:
        raise typer.Exit(1)


@app.command(help=say("c_notices", "en"))
def notices(
    store: options.StoreAddress,
    policy: Policy = None,
    deliver: Annotated[bool, typer.Option("--deliver", help=say("o_deliver", "en"))] = False,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """Notices that wait to be delivered."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.ledger import notices as outbox
    from qianchuan_guarantee.ledger.policy import load_policy

    kept = _open(store)
    if deliver:
        with screen.Progress(language) as progress:
            outbox.deliver(kept, load_policy(policy).notices, progress)
    rows = outbox.undelivered(kept)
    if as_json:
        _print(rows)
    else:
        lines = [(row["notice_id"], row[language]) for row in rows]
        header = (say("notice", language), "")
        typer.echo(screen.table(header, lines) if lines else say("no_notices", language))
