"""For notebooks and programs: exports in, frames out.

Exports are a folder, an address, or a mapping of table names to pandas or Arrow frames. `read`
decides them once, and may then be asked again and again; every function also takes exports as they
are.

>>> from qianchuan_guarantee import api
>>> demo = api.read("fixtures/demo", "2022-10-20")
>>> demo
Exports of 'fixtures/demo' as of 2022-10-20: 69 plans
>>> decisions = api.decide(demo).to_pandas()
>>> int((decisions.outcome == "granted").sum())
25
>>> decisions.amount.sum()
Decimal('7151.13')

Money is `Decimal` in frames, ids are integers also where some are missing, and a table of Arrow
(`to_arrow`) has the very types of the files that `qcg` writes.
"""

from __future__ import annotations

import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qianchuan_guarantee.errors import UsageError, UserError
from qianchuan_guarantee.vocabulary import Language

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from qianchuan_guarantee import explain as explaining
    from qianchuan_guarantee import sensitivity as weighing
    from qianchuan_guarantee import what_if as asking
    from qianchuan_guarantee.decide import Decided, Question
    from qianchuan_guarantee.report.sheets import Sheet

    Frames = Mapping[str, pd.DataFrame | pa.Table]
    Source = str | os.PathLike[str] | Frames

_SHOWN = 20  # rows of a frame shown in a notebook


class _Result(ABC):
    """What every answer can do: be a frame, and be shown in a notebook."""

    @abstractmethod
    def to_arrow(self) -> pa.Table:
        """As an Arrow table, exactly typed."""

    def to_pandas(self) -> pd.DataFrame:
        """As a pandas frame: money as Decimal, ids and counts whole, also where some are null."""
        import pandas as pd
        import pyarrow as pa

        whole = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
        frame: pd.DataFrame = self.to_arrow().to_pandas(types_mapper=whole.get)
        return frame

    @abstractmethod
    def _told(self) -> tuple[Sequence[str], Sequence[Sheet]]:
        """Lines, and the tables below them."""

    def _repr_html_(self) -> str:
        from qianchuan_guarantee.report.sheets import part

        return part(*self._told())


class Decisions(_Result):
    """One decision per plan. `summary`: the document that `qcg decide --json` prints."""

    def __init__(self, table: pa.Table, summary: Mapping[str, Any]) -> None:
        self._table, self.summary = table, summary

    def to_arrow(self) -> pa.Table:
        """A row per plan, the columns of the decisions."""
        return self._table

    def __repr__(self) -> str:
        plans, amount = self._table.num_rows, self.summary["amount"]
        return f"Decisions on {plans} plans, {amount} yuan granted"

    def _told(self) -> tuple[Sequence[str], Sequence[Sheet]]:
        from qianchuan_guarantee.report.sheets import Sheet
        from qianchuan_guarantee.write import as_text

        names = ("ad_id", "scenario", "outcome", "reasons", "cost", "target_cost", "amount")
        shown = self._table.select(names).slice(0, _SHOWN)
        rows = [[as_text(value) for value in row.values()] for row in shown.to_pylist()]
        return [repr(self)], [Sheet("", names, rows, (4, 5, 6))]


class Explained(_Result):
    """One plan, clause by clause. `decision`: its row; `bids`, `days`, `operations`, `refused`,
    `notes`: what the clauses were asked of; `document`: what `qcg explain --json` prints."""

    def __init__(self, explanation: explaining.Explanation, lang: Language) -> None:
        self._explanation, self._lang = explanation, lang
        self.decision, self.bids = explanation.decision, explanation.bids
        self.days, self.operations = explanation.days, explanation.operations
        self.refused, self.notes = explanation.refused, explanation.notes

    @cached_property
    def document(self) -> dict[str, Any]:
        return self._explanation.document()

    def to_arrow(self) -> pa.Table:
        """A row per clause: `clause question met margin comparison operands reading`."""
        import pyarrow as pa

        names = ("clause", "question", "met", "margin", "comparison", "operands", "reading")
        kinds = {name: pa.string() for name in names} | {"met": pa.bool_()}
        rows = [
            {
                **{name: getattr(clause, name) for name in names},
                "operands": "; ".join(f"{k} = {v}" for k, v in clause.operands.items()),
            }
            for clause in self._explanation.clauses
        ]
        return pa.Table.from_pylist(rows, schema=pa.schema(list(kinds.items())))

    def __repr__(self) -> str:
        return f"Plan {self.decision['ad_id']}: {self.decision['outcome']}"

    def _told(self) -> tuple[Sequence[str], Sequence[Sheet]]:
        from qianchuan_guarantee.report.sheets import Sheet
        from qianchuan_guarantee.vocabulary import OUTCOMES, REASONS
        from qianchuan_guarantee.wording import say

        lang, decision = self._lang, self.decision
        outcome = OUTCOMES[decision["outcome"]].text(lang)
        lines = [f"{say('plan', lang)} {decision['ad_id']}: {outcome}, {decision['amount']:,}"]
        lines += [f"{code}: {REASONS[code].text(lang)}" for code in decision["reasons"]]
        words = {None: say("not_known", lang), True: say("yes", lang), False: say("no", lang)}
        rows = [
            (row["clause"], row["question"], words[row["met"]], row["margin"] or "")
            for row in self.to_arrow().to_pylist()
        ]
        header = [say(key, lang) for key in ("clause", "question")]
        return lines, [Sheet("", [*header, "", say("n_margin", lang)], rows)]


class Difference(_Result):
    """What another rule or another history would change. `changed`: the plans; `total`,
    `by_outcome`, `by_scenario`, `by_advertiser`: the money; `document`: what `qcg what-if --json`
    prints."""

    def __init__(self, found: asking.WhatIf, lang: Language) -> None:
        self._found, self._lang = found, lang
        self.changed, self.total = found.changed, found.total
        self.by_outcome, self.by_scenario = found.by_outcome, found.by_scenario
        self.by_advertiser = found.by_advertiser

    @cached_property
    def document(self) -> dict[str, Any]:
        from qianchuan_guarantee.report.difference import document

        return document(self._found, self._lang)

    def to_arrow(self) -> pa.Table:
        """A row per plan that changes, and because of what."""
        from qianchuan_guarantee.report.difference import changed_table

        return changed_table(self._found, self._lang)

    def __repr__(self) -> str:
        return f"{len(self.changed)} plans change, by {self.total.amount_change:+} yuan"

    def _told(self) -> tuple[Sequence[str], Sequence[Sheet]]:
        from qianchuan_guarantee.report.difference import lines, money, plans

        lang = self._lang
        shown = [*money(self._found, lang, _SHOWN), plans(self._found, lang, _SHOWN)]
        return lines(self._found, lang), shown


class Alternatives(_Result):
    """What each other reading of the open questions would change; `document`: what
    `qcg sensitivity --json` prints."""

    def __init__(self, found: weighing.Sensitivity, lang: Language) -> None:
        self._found, self._lang = found, lang

    @cached_property
    def document(self) -> dict[str, Any]:
        from qianchuan_guarantee.report.alternatives import document

        return document(self._found)

    def to_arrow(self) -> pa.Table:
        """A row per alternative of the register."""
        from qianchuan_guarantee.report.alternatives import alternatives_table

        return alternatives_table(self._found, self._lang)

    def __repr__(self) -> str:
        return f"{len(self._found.alternatives)} alternatives to {self._found.amount} yuan"

    def _told(self) -> tuple[Sequence[str], Sequence[Sheet]]:
        from qianchuan_guarantee.report.alternatives import lines, sheets

        return lines(self._found, self._lang), sheets(self._found, self._lang)


class Exports:
    """Exports that were read and decided once; see `read`. Holds an embedded engine until it is
    closed or forgotten."""

    def __init__(self, source: Source, question: Question, temporary: Any) -> None:
        from qianchuan_guarantee.engines.duckdb import DuckDB
        from qianchuan_guarantee.what_if import Asking

        self._source = source if isinstance(source, str | os.PathLike) else "frames"
        self._temporary, self._engine = temporary, DuckDB()
        with _frames_named(temporary):
            self.asking = Asking(question, self._engine)

    @property
    def decided(self) -> Decided:
        """The answer by the rule as it was read."""
        from qianchuan_guarantee.what_if import decide_again

        decide_again(self.asking.decided, self._engine, self.asking.decided.question)
        return self.asking.decided

    @property
    def engine(self) -> Any:
        return self._engine

    def close(self) -> None:
        """Give back what the engine holds."""
        self._engine.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __repr__(self) -> str:
        decided = self.asking.decided
        source = f"{os.fspath(self._source)!r}" if self._source != "frames" else "frames"
        plans = decided.plan_count
        return f"Exports of {source} as of {decided.question.as_of}: {plans} plans"


@contextmanager
def _frames_named(temporary: Any) -> Iterator[None]:
    """Errors speak of frames, not of the folder that holds them meanwhile."""
    try:
        yield
    except UserError as error:
        if temporary is None:
            raise
        raise type(error)(str(error).replace(temporary.name, "frames")) from error


def read(
    exports: Source,
    as_of: str | date,
    *,
    plans: Sequence[int] = (),
    readings: Mapping[str, str] | None = None,
    rules: str | os.PathLike[str] | None = None,
) -> Exports:
    """Read and decide exports, to be asked by the other functions.

    exports: a folder, an address, or table name → pandas or Arrow frame. as_of: the morning
    (`YYYY-MM-DD`). plans: only these. readings: id → choice. rules: a folder of rulebooks.
    A UserError says what cannot be read, and a UsageError what is not known.
    """
    from qianchuan_guarantee.decide import Question
    from qianchuan_guarantee.rulebook import load, parse_readings

    books = load(None if rules is None else Path(rules))
    chosen = parse_readings(f"{key}={choice}" for key, choice in (readings or {}).items())
    day = _day(as_of)
    temporary = None
    if isinstance(exports, Mapping):
        temporary = _written(exports)
    folder = temporary.name if temporary is not None else os.fspath(exports)  # type: ignore[arg-type]
    question = Question(folder, day, books, chosen, tuple(dict.fromkeys(plans)))
    return Exports(exports, question, temporary)


def _day(as_of: str | date) -> date:
    if isinstance(as_of, datetime) and as_of.time() == time():  # also one of pandas
        return as_of.date()
    if isinstance(as_of, date) and not isinstance(as_of, datetime):
        return as_of
    try:
        return date.fromisoformat(str(as_of))
    except ValueError:
        raise UsageError(f"as_of {as_of}: not a day; expected YYYY-MM-DD") from None


def _written(frames: Frames) -> tempfile.TemporaryDirectory[str]:
    """Frames as files, to be read and checked like any."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from qianchuan_guarantee.tables import INPUTS

    folder = tempfile.TemporaryDirectory(prefix="qcg-frames-")
    for name, frame in frames.items():
        if name not in INPUTS:
            folder.cleanup()
            raise UsageError(f"{name}: no such table; there is {', '.join(INPUTS)}")
        table = (
            frame
            if isinstance(frame, pa.Table)
            else pa.Table.from_pandas(frame, preserve_index=False)
        )
        pq.write_table(table, Path(folder.name, f"{name}.parquet"))
    return folder


def _as_read(exports: Source | Exports, as_of: str | date | None, **asked: Any) -> Exports:
    if isinstance(exports, Exports):
        if as_of is not None or any(asked.values()):
            raise UsageError("what is asked of exports that were read is asked of `read`")
        return exports
    if as_of is None:
        raise UsageError("as_of: of which morning? Expected YYYY-MM-DD")
    return read(exports, as_of, **asked)


def decide(
    exports: Source | Exports,
    as_of: str | date | None = None,
    *,
    plans: Sequence[int] = (),
    readings: Mapping[str, str] | None = None,
    rules: str | os.PathLike[str] | None = None,
) -> Decisions:
    """One decision per plan; arguments as of `read`.

    >>> decide(demo)
    Decisions on 69 plans, 7151.13 yuan granted
    """
    from qianchuan_guarantee.report.summary import summarise

    asked = _as_read(exports, as_of, plans=plans, readings=readings, rules=rules)
    decided = asked.decided
    return Decisions(asked.engine.arrow(decided.decisions), summarise(decided).document())


def explain(
    ad_id: int,
    exports: Source | Exports,
    as_of: str | date | None = None,
    *,
    readings: Mapping[str, str] | None = None,
    rules: str | os.PathLike[str] | None = None,
    lang: Language = "en",
) -> Explained:
    """One plan, clause by clause; arguments as of `read`.

    >>> plan = explain(1745000000000203, demo)
    >>> plan
    Plan 1745000000000203: ended
    >>> clauses = plan.to_pandas()
    >>> clauses.margin[~clauses.met].dropna().to_list()
    ['1 conversions short']
    """
    from qianchuan_guarantee import explain as explaining
    from qianchuan_guarantee.exports.read import near_ids

    plans = () if isinstance(exports, Exports) else (ad_id,)
    asked = _as_read(exports, as_of, plans=plans, readings=readings, rules=rules)
    decided = asked.decided
    known = decided.decisions.filter(decided.decisions.ad_id == ad_id)
    if not asked.engine.arrow(known.select("ad_id")).num_rows:
        near = ", ".join(map(str, near_ids(ad_id, decided.export, asked.engine)))
        raise UsageError(f"plan {ad_id}: no such plan; near it: {near}")
    return Explained(explaining.explain(decided, ad_id, lang), lang)


def what_if(
    exports: Source | Exports,
    as_of: str | date | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    readings: Mapping[str, str] | None = None,
    rules: str | os.PathLike[str] | None = None,
    plan: int | None = None,
    lang: Language = "en",
) -> Difference:
    """What would change: by other `readings` (id → choice), by `settings` (path → value, as
    `qcg what-if --set` takes them), by the rulebooks of the folder `rules`.

    >>> more = what_if(demo, settings={"scenarios.feed.conversions.at_least": 5})
    >>> more
    1 plans change, by +100.00 yuan
    >>> more.changed[0].because[0].operands["conversions_required"]
    (6, 5)
    """
    from qianchuan_guarantee.rulebook import load, parse_readings
    from qianchuan_guarantee.settings import with_settings
    from qianchuan_guarantee.supposed import PREFIX, parse
    from qianchuan_guarantee.what_if import Otherwise

    words = [f"{path}={value}" for path, value in (settings or {}).items()]
    numbers = [word for word in words if not word.startswith(PREFIX)]
    chosen = [f"{key}={choice}" for key, choice in (readings or {}).items()]
    asked = _as_read(exports, as_of, plans=() if plan is None else (plan,))
    books = None
    if rules is not None or numbers:
        books = list(asked.asking.decided.question.books) if rules is None else load(Path(rules))
        books = with_settings(books, numbers) if numbers else books
    edits = [parse(word) for word in words if word.startswith(PREFIX)]
    said = [*([f"rules {os.fspath(rules)}"] if rules is not None else []), *words, *chosen]
    otherwise = Otherwise(said, parse_readings(chosen), books, edits)
    return Difference(asked.asking.ask(otherwise), lang)


def sensitivity(
    exports: Source | Exports, as_of: str | date | None = None, *, lang: Language = "en"
) -> Alternatives:
    """What every other reading of the open questions would change.

    >>> worth = sensitivity(demo).to_pandas().set_index(["id", "choice"])
    >>> worth.amount_change["pause", "ignore"]
    Decimal('1400.00')
    """
    from qianchuan_guarantee.sensitivity import sensitivity_of

    asked = _as_read(exports, as_of)
    return Alternatives(sensitivity_of(asked.decided, asked.engine), lang)
