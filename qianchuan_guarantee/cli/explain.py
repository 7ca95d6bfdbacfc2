"""`qcg explain`: one plan, clause by clause."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from qianchuan_guarantee.cli import options, screen
from qianchuan_guarantee.errors import UsageError
from qianchuan_guarantee.vocabulary import (
    OUTCOMES,
    REASONS,
    REFUSALS,
    SCENARIOS,
    STATUSES,
    Language,
)
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.clauses import Clause
    from qianchuan_guarantee.decide import Decided
    from qianchuan_guarantee.explain import Explanation
    from qianchuan_guarantee.remaining import Remaining


def explain(
    ad_id: options.PlanId,
    exports: Annotated[
        str | None, typer.Argument(help=say("o_exports", "en"), metavar="EXPORTS")
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", help=say("o_explain_store", "en"), metavar="STORE")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help=say("o_as_of", "en"), metavar="D")
    ] = None,
    known_at: Annotated[
        str | None, typer.Option("--known-at", help=say("o_known_at", "en"), metavar="T")
    ] = None,
    rules: options.Rules = None,
    rulebook: options.RulebookId = None,
    read: options.Read = None,
    lang: options.Lang = "en",
    as_json: options.Json = False,
    html: Annotated[
        Path | None, typer.Option("--html", help=say("o_explain_html", "en"), metavar="FILE")
    ] = None,
) -> None:
    """One plan, clause by clause."""
    language = cast(Language, options.language(lang))
    if (exports is None) == (store is None):
        raise UsageError(f"explain {ad_id}: expected EXPORTS, or --store STORE")
    if store is not None:
        if html is not None:
            raise UsageError("--html: a page draws the plan's days; it needs EXPORTS, not --store")
        if read or rules or rulebook:
            given = "--read" if read else "--rules" if rules else "--rulebook"
            raise UsageError(
                f"{given}: a store shows what was decided, by the rulebook of that night; give "
                "EXPORTS to decide otherwise"
            )
        by = _morning(as_of, known_at) if as_of or known_at else None
        _from_store(ad_id, store, by, language, as_json=as_json)
        return
    assert exports is not None
    morning = _morning(as_of, known_at)
    if html is not None and html.is_dir():
        raise UsageError(f"--html {html}: a folder; expected a file")
    from qianchuan_guarantee.decide import decide as decide_plans
    from qianchuan_guarantee.explain import explain as explain_plan
    from qianchuan_guarantee.exports.steady import require_unchanged

    asked = options.question(exports, morning, rules, rulebook, read, [ad_id])
    engine = options.engine("duckdb", None, None)
    try:
        with screen.Progress(language) as progress:
            decided = decide_plans(asked, engine, progress)
            explanation = explain_plan(decided, ad_id, language)
            require_unchanged(decided.export, asked.as_of)
            if html is not None:
                _write_page(decided, explanation, html, language)
    finally:
        engine.close()
    if as_json:
        typer.echo(json.dumps(explanation.document(), ensure_ascii=False))
    elif html is None:
        typer.echo(render(explanation, language))
    if html is not None:
        typer.echo(say("written", language, path=html), err=as_json)


def _from_store(ad_id: int, address: str, by: str | None, lang: Language, *, as_json: bool) -> None:
    """What a night decided, and what the ledger has of it since."""
    from qianchuan_guarantee.cli.ledger import plan_table
    from qianchuan_guarantee.ledger import query
    from qianchuan_guarantee.ledger.explained import explain_stored
    from qianchuan_guarantee.ledger.store import Store

    kept = Store(address)
    day = options.day(by) if by else None
    run_id, explanation = explain_stored(kept, ad_id, day, lang)
    found = query.of_plan(kept, ad_id)
    if as_json:
        document = explanation.document() | {"run_id": run_id, "ledger": found}
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    typer.echo(say("decided_by_run", lang, run=run_id))
    typer.echo(render(explanation, lang))
    typer.echo(f"{screen.heading(say('in_the_ledger', lang))}\n{plan_table(found, lang)}")


def _morning(as_of: str | None, known_at: str | None) -> str:
    """The morning to decide on: that of `--as-of`, or an earlier one by which no more was known.

    A row is known from the morning after it was written, so an instant knows what its morning
    knew."""
    if known_at is None:
        if as_of is None:
            raise UsageError("--as-of D is missing: the morning to decide on (or --known-at T)")
        return as_of
    try:
        instant = datetime.fromisoformat(known_at)
    except ValueError:
        raise UsageError(
            f"--known-at {known_at}: not a time; expected YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS"
        ) from None
    if instant.tzinfo is not None:
        instant = instant.astimezone(timezone(timedelta(hours=8)))  # Asia/Shanghai
    known = instant.date()
    return str(known if as_of is None else min(known, options.day(as_of)))


def _write_page(decided: Decided, explanation: Explanation, path: Path, lang: Language) -> None:
    from qianchuan_guarantee.report.dossier import collect
    from qianchuan_guarantee.report.dossier import render as render_page
    from qianchuan_guarantee.report.page import write_page

    write_page(render_page(collect(decided, explanation), lang), path)


def render(explanation: Explanation, lang: Language) -> str:
    """An explanation as people read it."""
    parts = [*_decision(explanation.decision, lang)]
    for note in explanation.notes:
        parts += ["", note]
    if explanation.remaining:
        parts += _remaining(explanation.remaining, lang)
    for clause in explanation.clauses:
        parts += _clause(clause, lang)
    parts += _money(explanation, lang)
    parts += _timeline(explanation, lang)
    return "\n".join(parts)


def _text(value: Any, lang: Language) -> str:
    from qianchuan_guarantee.write import as_text

    if value is None:
        return "–"
    if isinstance(value, bool):
        return say("yes" if value else "no", lang)
    if isinstance(value, list):
        return "; ".join(value) or "–"
    return as_text(value) or "–"


def _decision(decision: dict[str, Any], lang: Language) -> list[str]:
    outcome, status = decision["outcome"], decision["compensate_status"]
    lines = [
        f"{say('plan', lang)} {decision['ad_id']}: {OUTCOMES[outcome].text(lang)}, "
        f"{status} {STATUSES[status].text(lang)}"
    ]
    for code in decision["reasons"]:
        lines.append(f"  {code}: {REASONS[code].text(lang)} [{REASONS[code].clause}]")
        if REASONS[code].advice(lang):
            lines.append(f"    → {REASONS[code].advice(lang)}")
    facts = [
        ("amount", f"{decision['amount']:,}"),
        ("advertiser", _text(decision["advertiser_id"], lang)),
        (
            "scenario",
            SCENARIOS[decision["scenario"]].text(lang) if decision["scenario"] else "–",
        ),
        ("first_delivery", _text(decision["first_delivery_at"], lang)),
        (
            "window",
            f"{_text(decision['window_start'], lang)} … {_text(decision['window_end'], lang)}",
        ),
        ("settled_on", _text(decision["settle_on"], lang)),
    ]
    return [*lines, *(f"  {say(key, lang)}: {value}" for key, value in facts), decision["rulebook"]]


def _remaining(remaining: Remaining, lang: Language) -> list[str]:
    """What is left to happen to an open plan, clause by clause."""
    steps = [f"  [{step.clause}] {step.sentence}" for step in remaining.steps]
    heading = screen.heading(say("remaining", lang))
    return [heading, *(f"  {line}" for line in remaining.summary), *steps]


def _clause(clause: Clause, lang: Language) -> list[str]:
    answer = "not_known" if clause.met is None else "yes" if clause.met else "no"
    margin = f": {clause.margin}" if clause.margin else ""
    lines = [
        screen.heading(f"[{clause.clause}] {clause.question} {say(answer, lang)}{margin}"),
        f"    {clause.comparison}",
    ]
    lines += [f"    {name} = {_text(value, lang)}" for name, value in clause.operands.items()]
    lines += [f"    {reading}: {words}" for reading, words in clause.readings.items()]
    return lines


def _money(explanation: Explanation, lang: Language) -> list[str]:
    if not explanation.bids:
        return []
    rows = [
        (_text(row["bid"], lang), row["conversions"], _text(row["amount"], lang))
        for row in explanation.bids
    ]
    total = explanation.decision["target_cost"]
    rows.append((say("total", lang), explanation.decision["conversions"], _text(total, lang)))
    header = (say("bid", lang), say("conversions", lang), say("amount", lang))
    return [screen.heading(say("money_by_bid", lang)), screen.table(header, rows, right=(0, 1, 2))]


def _timeline(explanation: Explanation, lang: Language) -> list[str]:
    parts = []
    if explanation.days:
        header = [say(k, lang) for k in ("day", "cost", "shows", "clicks", "conversions")]
        days = [tuple(_text(value, lang) for value in row.values()) for row in explanation.days]
        parts += [screen.heading(say("timeline", lang)), screen.table(header, days, (1, 2, 3, 4))]
    if explanation.operations:
        header = [say(k, lang) for k in ("time", "what", "from", "to")] + ["log_id"]
        rows = [tuple(_text(v, lang) for v in row.values()) for row in explanation.operations]
        parts += [screen.heading(say("changes", lang)), screen.table(header, rows)]
    if explanation.refused:
        header = [say(k, lang) for k in ("file", "row", "column", "refusal")]
        refused = [
            (
                row["file"],
                row["row_number"],
                row["column"] or "–",
                REFUSALS[row["reason"]].text(lang),
            )
            for row in explanation.refused
        ]
        parts += [screen.heading(say("refused_rows", lang)), screen.table(header, refused, (1,))]
    return parts
