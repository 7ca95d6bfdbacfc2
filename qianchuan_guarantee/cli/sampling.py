"""`qcg audit sample` and `qcg audit evaluate`: a working paper out, and back in."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from qianchuan_guarantee.cli import options, screen
from qianchuan_guarantee.errors import UsageError, UserError
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say
from qianchuan_guarantee.write import check_ending

if TYPE_CHECKING:
    from qianchuan_guarantee.audit.paper import Paper
    from qianchuan_guarantee.audit.population import Population

Decisions = Annotated[
    Path | None, typer.Argument(help=say("o_sampled", "en"), metavar="DECISIONS.parquet")
]
Tolerable = Annotated[
    str, typer.Option("--tolerable", help=say("o_tolerable", "en"), metavar="YUAN")
]
Percent = Annotated[
    str, typer.Option("--confidence", help=say("o_confidence", "en"), metavar="PERCENT")
]


def sample(
    tolerable: Tolerable,
    seed: Annotated[str, typer.Option("--seed", help=say("o_lot_seed", "en"), metavar="TEXT")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help=say("o_sample_out", "en"), metavar="PAPER.xlsx")
    ],
    decisions: Decisions = None,
    store: Annotated[
        str | None, typer.Option("--store", help=say("o_sample_store", "en"), metavar="STORE")
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", help=say("o_sample_run", "en"), metavar="RUN")
    ] = None,
    confidence: Percent = "95",
    expected: Annotated[
        str, typer.Option("--expected", help=say("o_expected", "en"), metavar="YUAN")
    ] = "0",
    tolerable_rate: Annotated[
        str, typer.Option("--tolerable-rate", help=say("o_tolerable_rate", "en"), metavar="PERCENT")
    ] = "5",
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """Draw a sample, and write its working paper."""
    language = cast(Language, options.language(lang))
    check_ending(out, "-o", (".xlsx",))
    if out.exists():
        raise UsageError(f"-o {out}: is there already, and may hold findings; expected a new file")
    from qianchuan_guarantee.audit.paper import paper_of
    from qianchuan_guarantee.audit.selection import Aim, check, select
    from qianchuan_guarantee.audit.working_paper import write_paper

    aim = Aim(
        _percent("--confidence", confidence, 50, 100),
        _fen("--tolerable", tolerable, 1),
        _fen("--expected", expected, 0),
        _percent("--tolerable-rate", tolerable_rate, 0, 50),
        _seed(seed),
    )
    check(aim)
    source = _population(decisions, store, run)
    paper = paper_of(source, select(source, aim))
    write_paper(paper, out, language)
    document = _drawn(paper, out)
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        typer.echo(_render_drawn(document, language))


def evaluate(
    paper: Annotated[Path, typer.Argument(help=say("o_paper", "en"), metavar="PAPER.xlsx")],
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """Read a working paper back, and conclude."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.audit import evaluation
    from qianchuan_guarantee.audit.findings import read_paper

    written, findings = read_paper(paper)
    document = evaluation.document(written, findings, evaluation.evaluate(written, findings))
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        typer.echo(_render_said(document, language))


def _population(decisions: Path | None, store: str | None, run: str | None) -> Population:
    """What to sample, from a store or a file."""
    from qianchuan_guarantee.audit.population import population

    if (decisions is None) == (store is None):
        raise UsageError("name --store STORE, or a file of decisions; one of the two")
    if decisions is not None:
        if run is not None:
            raise UsageError("--run goes with --store")
        try:
            return population([(decisions.name, decisions.read_bytes())])
        except OSError as error:
            raise UserError(f"{decisions}: cannot be read: {error.strerror or error}") from error
    from qianchuan_guarantee.ledger.decisions import decision_files
    from qianchuan_guarantee.ledger.store import Store

    kept = Store(cast(str, store))
    try:
        return population(decision_files(kept, run))
    finally:
        kept.close()


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


def _percent(option: str, text: str, least: int, below: int) -> Fraction:
    percent = _number(text)
    if not (percent.is_finite() and least <= percent < below and percent > 0):
        what = f"{least} or more" if least else "more than 0"
        raise UsageError(f"{option} {text}: expected a percentage, {what} and less than {below}")
    return Fraction(percent) / 100


def _fen(option: str, text: str, least: int) -> int:
    fen = _number(text) * 100
    if not fen.is_finite() or fen != fen.to_integral_value() or fen < least:
        raise UsageError(f"{option} {text}: expected yuan, as 1234.50")
    return int(fen)


def _seed(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise UsageError("--seed: expected a text that can be read out, as the digits of many dice")
    return text


def _drawn(paper: Paper, out: Path) -> dict[str, Any]:
    """What `sample --json` prints."""
    named = {key: value for key, value in paper.method.items() if key not in ("format", "version")}
    counts = {key: int(named.pop(key)) for key in ("plans", "left_out")}
    return (
        {"paper": str(out), "paper_sha256": paper.sha256, "items": len(paper.sheets["items"])}
        | counts
        | named
        | {
            "strata": [
                {
                    "stratum": row["stratum"],
                    "plans": int(row["plans"]),
                    "items": int(row["items"]),
                    "amount": row["amount"],
                }
                for row in paper.sheets["strata"]
            ]
        }
    )


def _render_drawn(found: dict[str, Any], lang: Language) -> str:
    words = {name: found[name] for name in ("plans", "left_out")}
    lines = [say("smp_population", lang, granted=_money(found["granted_yuan"]), **words)]
    if "sample_size" in found:
        size = found["sample_size"]
        sums = {name: _money(found[f"{name}_yuan"]) for name in ("interval", "start")}
        lines.append(say("smp_money", lang, size=size, **sums))
    header = [say(f"smp_{key}", lang) for key in ("stratum", "plans", "amount", "items")]
    rows = [(s["stratum"], s["plans"], _money(s["amount"]), s["items"]) for s in found["strata"]]
    lines += ["", screen.table(header, rows, right=(1, 2, 3)), ""]
    words = {"items": found["items"], "path": found["paper"], "sha256": found["paper_sha256"]}
    return "\n".join([*lines, say("smp_written", lang, **words)])


def _render_said(said: dict[str, Any], lang: Language) -> str:
    words = {
        "items": said["items"],
        "confidence": said["confidence_percent"],
        "tolerable": _money(said["tolerable"]),
        "rate": said["tolerable_rate_percent"],
    }
    header = ("direction", "errors", "found", "projected", "limit", "verdict")
    rows = [
        (
            say(name, lang),
            found["errors"],
            *(_money(found[key]) for key in ("found", "projected", "limit")),
            _verdict(found, lang),
        )
        for name, found in (
            ("ev_over", said["overstatement"]),
            ("ev_under", said["understatement"]),
        )
        if found is not None
    ]
    withheld = said["withheld"]
    projected, verdict = _money(withheld["projected"]), _verdict(withheld, lang)
    rows.append((say("ev_withheld", lang), "", "", projected, "", verdict))
    money = screen.table([say(f"ev_{key}", lang) for key in header], rows, right=(1, 2, 3, 4))
    parts = [say("ev_title", lang, **words), "", money]
    if said["strata"]:
        parts += ["", _strata(said["strata"], lang)]
    if said["findings"]:
        parts += ["", _findings(said["findings"], lang)]
    parts += ["", say("ev_accepted" if said["accepted"] else "ev_not_accepted", lang)]
    return "\n".join([*parts, say("ev_paper", lang, sha256=said["paper_sha256"])])


def _strata(strata: list[dict[str, Any]], lang: Language) -> str:
    header = [say(f"smp_{key}", lang) for key in ("stratum", "plans", "items")]
    header += [
        say(f"ev_{key}", lang) for key in ("errors", "rate", "projected", "ceiling", "verdict")
    ]
    rows = [
        (
            *(one[key] for key in ("stratum", "plans", "items", "wrong")),
            f"{one['rate_limit_percent']} %",
            _money(one["projected"]),
            "" if one["ceiling"] is None else _money(one["ceiling"]),
            _verdict(one, lang),
        )
        for one in strata
    ]
    return screen.table(header, rows, right=range(1, 7))


def _findings(findings: list[dict[str, Any]], lang: Language) -> str:
    """The decisions that were found wrong."""
    header = [say(f"sc_{key}", lang) for key in ("number", "ad_id")]
    header += [say(f"ev_{key}", lang) for key in ("decided", "right", "remark")]
    rows = [
        (
            one["number"],
            one["ad_id"],
            f"{one['outcome']} {_money(one['amount'])}",
            f"{one['audited_outcome']} {_money(one['audited_amount'])}",
            one["remark"],
        )
        for one in findings
    ]
    return screen.table(header, rows)


def _money(text: str) -> str:
    return f"{Decimal(text):,}"


def _verdict(found: dict[str, Any], lang: Language) -> str:
    return say("ev_yes" if found["accepted"] else "ev_no", lang)
