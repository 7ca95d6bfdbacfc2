"""What is said of a plan, word for word: each clause that was put to it, and, while its days run,
what still has to happen. After a change that is meant, `python -m tests.test_said` writes the file
anew, and the diff is for somebody to review.

That the numbers are right is for the other tests to say; this one holds which sentence is chosen,
in both languages, and what stands in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from difflib import unified_diff
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from qianchuan_guarantee.clauses import Clauses
from qianchuan_guarantee.conditions import Known
from qianchuan_guarantee.remaining import remaining
from qianchuan_guarantee.rulebook import Rulebook
from qianchuan_guarantee.vocabulary import Language
from tests.conftest import BOOKS, decided
from tests.oracle import Exports, Row
from tests.sentences import Told, rows_of
from tests.test_fixtures import GOLDEN as DEMO
from tests.worlds import COLUMNS, write

GOLDEN = DEMO.with_name("said.txt")
AS_OF = date(2022, 10, 10)
FIRST = 1001
OTHERWISE = {
    "overcost_boundary": "exclusive",
    "overcost_base": "bid_at_end",
    "conversion_clock": "converted",
    "edit_limit_period": "window",
    "lowering": "net",
    "pause": "any_pause",
    "late_backflow": "included",
}
SUMMED = {"edit_limit_scope": "summed", "overcost_base": "initial", "pause": "ignore"}


def _without_lowering_and_pauses(book: Rulebook) -> Rulebook:
    """A rulebook that does not ask managed plans for them."""
    said = book.model_dump(by_alias=True)
    said["scenarios"]["managed"]["bid_lowering"]["loses_guarantee"] = False
    said["scenarios"]["managed"]["pause"]["is_judged"] = False
    return Rulebook.model_validate(said)


(BOOK,) = BOOKS
LENIENT = _without_lowering_and_pauses(BOOK)
# How plans are read: by which book, with which readings, and which of them (none: all).
WAYS: dict[str, tuple[Rulebook, dict[str, str], tuple[str, ...]]] = {
    "as it is read": (BOOK, {}, ()),
    "read otherwise": (BOOK, OTHERWISE, ()),
    "edits summed": (
        BOOK,
        SUMMED,
        ("edited", "edited thrice", "a bid since", "left paused, met", "slices, some unsaid"),
    ),
    "not asked for lowering and pauses": (LENIENT, {}, ("lowered", "left paused, not met")),
}
LANGUAGES: tuple[Language, ...] = ("en", "zh")


class Story(NamedTuple):
    """A plan of a kind, first delivered so many days ago, and what happened to it."""

    plan: str
    days: int
    happens: tuple[str, ...]


FEED, SEARCH, MANAGED, UNBID = (
    *("feed, bid 10", "search, bid 0.03"),
    *("managed, bid 400", "managed, no bid logged"),
)
WON = ("day 0 10:00 spends 6720", "day 0 12:00 wins 14")
SHORT = ("day 0 10:00 spends 6000.5", "day 0 12:00 wins 13")
THREE = tuple(f"day 1 1{n}:00 edits targeting" for n in range(3))
# What stood at its pause is known, and how many conversions were needed is not.
UNPROMPTED = Story(
    UNBID,
    9,
    (
        "day 0 10:00 spends 100",
        "day 0 13:00 sets the bid to 400",
        "day 0 14:00 wins 2",
        "day 1 00:00 pauses",
    ),
)
STORIES = {
    "nothing won": Story(FEED, 2, ("day 0 10:00 is shown for nothing",)),
    "one short": Story(FEED, 2, ("day 0 10:00:07.25 spends 59.5", "day 0 12:00 wins 5")),
    "on the line": Story(FEED, 2, ("day 0 10:00 spends 72", "day 0 12:00 wins 6")),
    "over it by two": Story(FEED, 2, ("day 0 10:00 spends 1096", "day 0 12:00 wins 7")),
    "under it": Story(FEED, 2, ("day 0 10:00 spends 71.99999", "day 0 12:00 wins 6")),
    "enough to spare": Story(SEARCH, 1, ("day 0 10:00 spends 0.12", "day 0 12:00 wins 3")),
    "one short, its window over": Story(
        FEED, 4, ("day 0 10:00 spends 50", "day 0 12:00 wins 5", *THREE[:2])
    ),
    "under it, its window over": Story(FEED, 4, ("day 0 10:00 spends 70", "day 0 12:00 wins 7")),
    "edited": Story(
        FEED, 2, (*WON, *THREE[:2], "day 1 09:00 sets the bid from 10 to 11", "day 1 23:59 pauses")
    ),
    "edited thrice": Story(FEED, 2, (*WON, *THREE)),
    "edited thrice, caught, and refused": Story(
        FEED,
        2,
        (
            *(*WON, *THREE, "day 1 14:00 is found cheating by the system"),
            *("day 1 15:00 spends abc", "day 1 16:00 wins 1, received day 1 15:00"),
        ),
    ),
    "raised": Story(
        MANAGED,
        2,
        (*SHORT, "day 1 09:00 sets the bid from 400 to 450", "day 1 09:30 edits targeting"),
    ),
    "raised, its window over": Story(
        MANAGED, 4, (*SHORT, "day 1 09:00 sets the bid from 400 to 450")
    ),
    "lowered": Story(MANAGED, 2, (*WON, "day 1 09:00 sets the bid from 400 to 399.99")),
    "lowered, its window over": Story(
        MANAGED, 4, (*WON, "day 1 09:00 sets the bid from 400 to 399.99")
    ),
    "set to what is not said": Story(
        MANAGED, 2, (*WON, "day 1 09:00 sets the bid from 400, unsaid")
    ),
    "set to what is not said, and to 420": Story(
        MANAGED,
        2,
        (
            *(*WON, "day 1 09:00 sets the bid from 400, unsaid"),
            "day 1 10:00 sets the bid to 420",
        ),
    ),
    "set to what is not said, its window over": Story(
        MANAGED, 4, (*WON, "day 1 09:00 sets the bid from 400, unsaid")
    ),
    "set to what is not said, and to 420, its window over": Story(
        MANAGED,
        4,
        (
            *(*WON, "day 1 09:00 sets the bid from 400, unsaid"),
            "day 1 10:00 sets the bid to 420",
        ),
    ),
    "no bid": Story(UNBID, 2, WON),
    "left paused, and how many were needed is not known": UNPROMPTED._replace(days=2),
    "a bid since, nothing won": Story(
        UNBID, 2, ("day 0 10:00 spends 50", "day 0 13:00 sets the bid to 400")
    ),
    "left paused, met if that is enough": UNPROMPTED._replace(
        days=2, happens=("day 0 10:00 spends 960", *UNPROMPTED.happens[1:])
    ),
    "left paused, not met at a bid that is not known": Story(
        MANAGED, 2, ("day 0 11:00 sets the bid from 400, unsaid", *SHORT, "day 1 09:00 pauses")
    ),
    "left paused before all": Story(MANAGED, 2, ("day -1 12:00 pauses", *SHORT)),
    "raised and lowered": Story(
        MANAGED,
        2,
        (
            *("day -1 10:00 sets the bid from 400 to 600, in save A", *WON),
            "day 0 10:00 sets the bid from 600 to 500, in save B",
            "day 0 10:00 sets the bid from 500 to 440, in save C",
            "day 1 09:00 sets the bid from 440 to 450, in save D",
            "day 1 10:00 sets the bid from 450 to 420, in save E",
        ),
    ),
    "a bid since": Story(UNBID, 2, (*WON, "day 0 13:00 sets the bid to 400", "day 1 00:00 pauses")),
    "left paused, met": Story(MANAGED, 2, (*WON, "day 1 09:00:05 pauses")),
    "left paused, not met": Story(MANAGED, 2, (*SHORT, "day 1 09:00:00.25 pauses")),
    "left paused, not met, its window over": Story(MANAGED, 4, (*SHORT, "day 1 09:00 pauses")),
    "resumed": Story(MANAGED, 2, (*WON, "day 1 09:00 pauses", "day 1 10:00 resumes")),
    "running, its window over": Story(MANAGED, 4, WON),
    "granted": Story(FEED, 9, ("day 0 10:00 spends 72.5", "day 0 12:00 wins 6")),
    "ended": Story(MANAGED, 9, (*SHORT, "day 1 09:00 pauses", *THREE[:2])),
    "invalid": Story(MANAGED, 9, (*WON, "day 1 09:00 sets the bid from 400 to 380", *THREE)),
    "held": Story(FEED, 9, (*WON, "day 1 09:00 sets the bid from 11 to 12", *THREE[:2])),
    "held before any delivery": Story(FEED, 9, ("day 0 10:00 spends abc",)),
    "not delivered": Story(FEED, 9, ("day 0 12:00 wins 1",)),
}
SLICES = {
    "slices, one short": Story(FEED, 2, ("day 0 10:00 spends 60 and wins 5",)),
    "slices, some unsaid": Story(
        MANAGED,
        2,
        (
            *("day 0 10:00 spends 60 and wins 5", "day 1 10:00 pauses"),
            "day 0 11:00 spends 9 and wins it is not said how many",
        ),
    ),
}


def exports_of(stories: Mapping[str, Story], layout: str) -> Exports:
    tables: dict[str, list[Row]] = {table: [] for table in COLUMNS}
    for ad_id, (name, story) in enumerate(stories.items(), start=FIRST):
        told = Told(name, layout, {"plan": story.plan, "happens": story.happens})
        for table, row in rows_of(told, ad_id, AS_OF - timedelta(days=story.days)):
            tables[table].append(Row(row.values))
    if told.without_conversions:
        del tables["conversions"]
    return Exports(tables, {})


def said() -> str:
    """All that is said; where a plan is read otherwise, what is said otherwise of it. What a
    question and a reading are is said where they first come up."""
    told: dict[str, list[str]] = {}
    known_already: set[str] = set()
    for stories, layout in ((STORIES, "flat"), (SLICES, "without conversions")):
        with TemporaryDirectory() as folder:
            write(exports_of(stories, layout), Path(folder))
            for how, (book, readings, only) in WAYS.items():
                for known in _known(folder, book, readings):
                    name = list(stories)[known.facts["ad_id"] - FIRST]
                    if only and name not in only:
                        continue
                    lines = told.setdefault(name, _headed(name, stories[name]))
                    before = known_already | (set() if only else {*lines})
                    new = [line for line in _lines(known, book) if line not in before]
                    lines += [f"  {how}:", *new]
                    known_already |= {line for line in new if line.startswith("      ? ")}
    return "\n".join(line for lines in told.values() for line in lines) + "\n"


def _headed(name: str, story: Story) -> list[str]:
    return ["", f"{name}: {story.plan}, on day {story.days}", *(f"  - {s}" for s in story.happens)]


def _known(folder: str, book: Rulebook, readings: dict[str, str]) -> list[Known]:
    with decided(folder, AS_OF, readings, books=[book]) as answer:
        engine, stages = answer.engine, answer.stages
        steps = engine.rows(stages["bid_steps"].order_by("ad_id", "create_time"))
        rows = zip(
            engine.rows(answer.decisions),
            engine.rows(stages["facts"].order_by("ad_id")),
            strict=True,
        )
        return [
            Known(
                decision,
                facts,
                [step for step in steps if step["ad_id"] == facts["ad_id"]],
                answer.export.has_conversions,
                False,
            )
            for decision, facts in rows
        ]


def _lines(known: Known, book: Rulebook) -> Iterator[str]:
    english, chinese = (
        Clauses(known.decision, known.facts, book, ["it is troubled"], lang).all()
        for lang in LANGUAGES
    )
    for clause, same in zip(english, chinese, strict=True):
        yield f"    {clause.clause} {clause.name}: {clause.met}, {clause.margin} {same.margin}"
        yield f"      {_pairs(clause.operands)}"
        yield f"      ? {clause.question} {same.question} {clause.comparison} {same.comparison}"
        for reading, words in clause.readings.items():
            yield f"      ? {reading}: {words} {same.readings[reading]}"
    left, again = (remaining(known, book, lang) for lang in LANGUAGES)
    if left and again:
        for step, other in zip(left.steps, again.steps, strict=True):
            yield f"    {step.clause} {step.name} is {step.state}: {step.sentence} {other.sentence}"
            yield f"      {_pairs(step.numbers)}"


def _pairs(found: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in found.items())


def _plain(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def test_plans_are_told_what_they_were_told_before() -> None:
    was, now = GOLDEN.read_text("utf-8").splitlines(), said().splitlines()
    assert was == now, "\n".join(unified_diff(was, now, lineterminator="", n=1))


if __name__ == "__main__":
    GOLDEN.write_text(said(), "utf-8")
