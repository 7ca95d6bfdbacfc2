"""`qcg audit`: whether what was decided can be proved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from qianchuan_guarantee.cli import options, sampling, screen
from qianchuan_guarantee.cli.groups import group
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.audit.difference import Difference
    from qianchuan_guarantee.audit.replay import Replayed

_SHOWN = 50

app = group("c_audit")
app.command("sample", help=say("c_audit_sample", "en"))(sampling.sample)
app.command("evaluate", help=say("c_audit_evaluate", "en"))(sampling.evaluate)

Keys = Annotated[
    list[Path] | None, typer.Option("--key", help=say("o_key", "en"), metavar="PUBLIC")
]


@app.command(help=say("c_verify", "en"))
def verify(
    store: Annotated[str, typer.Argument(help=say("o_verified", "en"), metavar="STORE|FILE.zip")],
    head: Annotated[
        str | None, typer.Option("--head", help=say("o_head", "en"), metavar="SHA256")
    ] = None,
    key: Keys = None,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """Whether a store is as nights and people left it."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.audit.verify import verify as verified
    from qianchuan_guarantee.signatures import public_key

    keys = [public_key(path) for path in key or ()]
    file = Path(store)
    if "://" not in store and file.is_file():
        from qianchuan_guarantee.audit.evidence import verify_bundle

        found = verify_bundle(file, head, keys)
    else:
        found = verified(store, head, keys)
    if as_json:
        typer.echo(json.dumps(found.document(), ensure_ascii=False))
    else:
        lines = [screen.plain(f"{each['file']}: {each['what']}") for each in found.problems]
        verdict = "verified" if not lines else "not_verified"
        remarks = [say(key, language, **words) for key, words in found.remarks]
        lines += [say("remark", language, what=screen.plain(what)) for what in remarks]
        lines.append(
            say(verdict, language, acts=found.acts, head=found.head, n=len(found.problems))
        )
        typer.echo("\n".join(lines))
    if found.problems:
        raise typer.Exit(1)


@app.command(help=say("c_head", "en"))
def head(
    store: options.StoreAddress, lang: options.Lang = "en", as_json: options.Json = False
) -> None:
    """The digest of the last act."""
    options.language(lang)
    from qianchuan_guarantee.errors import UserError
    from qianchuan_guarantee.ledger import acts
    from qianchuan_guarantee.ledger.store import Store

    kept = Store(store)
    with kept.reading() as connection:
        last = acts.latest(connection)
    if last is None:
        raise UserError(f"{store}: no night was run yet")
    said = last.said()
    names = ("act", "kind", "by", "at", "run_id")
    if as_json:
        typer.echo(json.dumps({"head": last.sha256} | {name: said[name] for name in names}))
    else:
        typer.echo(last.sha256)


@app.command(help=say("c_replay", "en"))
def replay(
    store: Annotated[str, typer.Argument(help=say("o_store", "en"), metavar="STORE")],
    exports: options.Exports,
    run: Annotated[str | None, typer.Option("--run", help=say("o_run", "en"), metavar="R")] = None,
    plan: Annotated[
        list[int] | None, typer.Option("--plan", help=say("o_plan", "en"), metavar="AD_ID")
    ] = None,
    engine: options.EngineName = "duckdb",
    spark_master: options.SparkMaster = None,
    memory: options.Memory = None,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """Decide a night again, and compare."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.audit.replay import replay as replayed
    from qianchuan_guarantee.audit.replay import run_of
    from qianchuan_guarantee.ledger.store import Store

    with screen.Progress(language) as progress:
        runner = options.engine(engine, spark_master, memory)
        found = replayed(run_of(Store(store), run), exports, plan or (), runner, progress)
    runner.close()
    if as_json:
        typer.echo(json.dumps(_replayed(found, language), ensure_ascii=False))
    else:
        typer.echo("\n".join(_replay_lines(found, language)))
    if not found.is_same:
        raise typer.Exit(1)


def _replayed(found: Replayed, lang: Language) -> dict[str, Any]:
    return {
        "run_id": found.run.run_id,
        "same": found.is_same,
        "plans": found.plans,
        "files": found.files,
        "inputs": found.inputs,
        "code": dict(zip(("then", "now"), found.code, strict=True)),
        "differences": [_document(each, lang) for each in found.differences],
    }


def _replay_lines(found: Replayed, lang: Language) -> list[str]:
    lines = [say("replayed", lang, run=found.run.run_id, plans=found.plans)]
    for name, files in found.inputs.items():
        if files:
            some = ", ".join(files[:_SHOWN])
            lines.append(say(f"input_{name}", lang, n=len(files), files=some))
    if found.code[0] != found.code[1]:
        lines.append(say("other_code", lang, then=found.code[0], now=found.code[1]))
    others = [name for name, is_same in (found.files or {}).items() if not is_same]
    if others:
        lines.append(say("other_bytes", lang, files=", ".join(others)))
    lines += _lines(found.differences, lang)
    if found.is_same:
        lines.append(say("replayed_same" if found.files else "replayed_rows", lang))
    return lines


@app.command(help=say("c_diff", "en"))
def diff(
    run_a: Annotated[str, typer.Argument(help=say("o_run_a", "en"), metavar="RUN_A")],
    run_b: Annotated[str, typer.Argument(help=say("o_run_b", "en"), metavar="RUN_B")],
    store: options.StoreAddress,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """The plans that two runs decided otherwise."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.audit.difference import compare
    from qianchuan_guarantee.audit.replay import run_of, side_of
    from qianchuan_guarantee.ledger.store import Store

    kept = Store(store)
    sides = [side_of(run_of(kept, name)) for name in (run_a, run_b)]
    found = compare(*sides)
    moved = sum(each.moved for each in found)
    if as_json:
        changed = [_document(each, language) for each in found]
        typer.echo(json.dumps({"changed": changed, "moved": str(moved)}, ensure_ascii=False))
    else:
        lines = _lines(found, language)
        typer.echo("\n".join([*lines, say("moved", language, n=len(found), yuan=f"{moved:,}")]))


def _document(each: Difference, lang: Language) -> dict[str, Any]:
    from qianchuan_guarantee.report.difference import cause_line
    from qianchuan_guarantee.write import as_text

    def text(value: Any) -> Any:
        return value if value is None or isinstance(value, bool | int | list) else as_text(value)

    return {
        "ad_id": each.ad_id,
        "causes": each.causes,
        "columns": {name: [text(v) for v in pair] for name, pair in each.columns.items()},
        "moved": str(each.moved),
        "because": [cause_line(cause, lang) for cause in each.because],
    }


def _lines(found: Sequence[Difference], lang: Language) -> list[str]:
    lines = []
    for each in found[:_SHOWN]:
        said = _document(each, lang)
        causes = ", ".join(say(f"cause_{cause}", lang) for cause in each.causes)
        if each.before is None or each.after is None:
            lines.append(say("plan_came" if each.after else "plan_went", lang, plan=each.ad_id))
        else:
            words = [f"{r['outcome']} {r['amount']:,}" for r in (each.before, each.after)]
            pair = " → ".join(dict.fromkeys(words))
            lines.append(say("plan_differs", lang, plan=each.ad_id, pair=pair, causes=causes))
        lines += [f"    {line}" for line in said["because"]]
    if len(found) > _SHOWN:
        lines.append(say("and_more", lang, n=len(found) - _SHOWN))
    return lines


@app.command(help=say("c_bundle", "en"))
def bundle(
    ad_id: options.PlanId,
    store: options.StoreAddress,
    out: Annotated[Path, typer.Option("-o", help=say("o_bundle", "en"), metavar="FILE.zip")],
    exports: Annotated[
        str | None, typer.Option("--exports", help=say("o_bundle_exports", "en"), metavar="EXPORTS")
    ] = None,
    lang: options.Lang = "en",
    as_json: options.Json = False,
) -> None:
    """The evidence for one plan."""
    language = cast(Language, options.language(lang))
    from qianchuan_guarantee.audit.bundle import Case
    from qianchuan_guarantee.audit.bundle import bundle as bundled
    from qianchuan_guarantee.audit.replay import run_of
    from qianchuan_guarantee.cli.explain import render
    from qianchuan_guarantee.ledger.explained import explain_stored, last_decided
    from qianchuan_guarantee.ledger.store import Store
    from qianchuan_guarantee.write import check_ending

    check_ending(out, "-o", (".zip",))
    kept = Store(store)
    run = run_of(kept, last_decided(kept, ad_id))
    texts = {}
    languages: tuple[Language, ...] = ("en", "zh")
    for one in languages:
        _, explanation = explain_stored(kept, ad_id, None, one)
        texts[f"explanation.{one}.txt"] = render(explanation, one) + "\n"
        document = json.dumps(explanation.document(), ensure_ascii=False, indent=1)
        texts[f"explanation.{one}.json"] = document
    given = exports or run.manifest["exports"]
    at_hand = given if exports or Path(given).is_dir() else None
    with screen.Progress(language) as progress:
        engine = options.engine("duckdb", None, None)
        about = bundled(Case(ad_id, run, at_hand, texts), out, engine, progress)
        engine.close()
    if as_json:
        typer.echo(json.dumps(about | {"file": str(out)}))
        return
    typer.echo(say("written", language, path=out))
    if about["decides_alone"] is None:
        typer.echo(say("bundle_no_logs", language, exports=given))
    elif not about["decides_alone"]:
        typer.echo(say("r_not_alone", language))
