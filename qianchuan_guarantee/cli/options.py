"""Options that several commands share, each defined once."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qianchuan_guarantee.errors import UsageError
from qianchuan_guarantee.tables import require_id
from qianchuan_guarantee.wording import say

if TYPE_CHECKING:
    from qianchuan_guarantee.decide import Question
    from qianchuan_guarantee.engines import Engine
    from qianchuan_guarantee.signatures import Signer

Exports = Annotated[str, typer.Argument(help=say("o_exports", "en"), metavar="EXPORTS")]
AsOf = Annotated[str, typer.Option("--as-of", help=say("o_as_of", "en"), metavar="D")]
Rules = Annotated[Path | None, typer.Option("--rules", help=say("o_rules", "en"))]
RulebookId = Annotated[
    str | None, typer.Option("--rulebook", help=say("o_rulebook", "en"), metavar="NAME@VERSION")
]
Read = Annotated[
    list[str] | None,
    typer.Option("--read", help=say("o_read", "en"), metavar="ID=CHOICE"),
]
Lang = Annotated[str, typer.Option("--lang", help=say("o_lang", "en"))]
Json = Annotated[bool, typer.Option("--json", help=say("o_json", "en"))]
EngineName = Annotated[str, typer.Option("--engine", help=say("o_engine", "en"))]
SparkMaster = Annotated[
    str | None, typer.Option("--spark-master", help=say("o_spark_master", "en"), metavar="URL")
]
StoreAddress = Annotated[str, typer.Option("--store", help=say("o_store", "en"), metavar="STORE")]
Sign = Annotated[Path | None, typer.Option("--sign", help=say("o_sign", "en"), metavar="KEY")]
Out = Annotated[Path | None, typer.Option("-o", "--out", help=say("o_out", "en"), metavar="FILE")]
Quarantine = Annotated[
    Path | None, typer.Option("--quarantine", help=say("o_quarantine", "en"), metavar="FILE")
]
Memory = Annotated[str | None, typer.Option("--memory", help=say("o_memory", "en"), metavar="SIZE")]


def plan_id(ad_id: int | None) -> int | None:
    """A plan's id, if it can be one."""
    if ad_id is not None:
        require_id(ad_id)
    return ad_id


PlanId = Annotated[
    int, typer.Argument(help=say("o_ad_id", "en"), metavar="AD_ID", callback=plan_id)
]


def day(text: str) -> date:
    """The day of `--as-of`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--as-of {text}: not a day; expected YYYY-MM-DD") from None


def language(text: str) -> str:
    if text not in ("en", "zh"):
        raise UsageError(f"--lang {text}: expected zh or en")
    return text


def question(
    exports: str,
    as_of: str,
    rules: Path | None,
    rulebook: str | None,
    read: list[str] | None,
    plans: list[int] | None,
) -> Question:
    """What the command line asks."""
    from qianchuan_guarantee.decide import Question
    from qianchuan_guarantee.rulebook import choose, load, parse_readings

    readings = parse_readings(read or [])
    books = choose(load(rules), rulebook)
    return Question(exports, day(as_of), books, readings, tuple(dict.fromkeys(plans or ())))


def engine(name: str, spark_master: str | None, memory: str | None) -> Engine:
    """The engine to decide on; a UsageError says what there is."""
    if name == "duckdb":
        if spark_master is not None:
            raise UsageError("--spark-master goes with --engine spark")
        from qianchuan_guarantee.engines.duckdb import DuckDB

        return DuckDB(memory=memory)
    if name == "spark":
        try:
            from qianchuan_guarantee.engines.spark import Spark
        except ImportError as error:
            raise UsageError(
                "--engine spark: needs pyspark; pip install 'qianchuan-guarantee[spark]'"
            ) from error
        return Spark(spark_master)
    raise UsageError(f"--engine {name}: expected duckdb or spark")


def signer(path: Path | None) -> Signer | None:
    """Who signs what is entered; nobody, where no key is given."""
    if path is None:
        return None
    from qianchuan_guarantee.signatures import signer as read

    return read(path)
