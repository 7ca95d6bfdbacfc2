"""The worked examples of `tests/cases/*.yaml`, read: sentences to exports and expectations.

They are a third check beside the engine and the oracle, decided by hand from the rule's text. A
file says how its `exports` are laid out (flat; daily, in partitions; daily with gaps; without
conversions; daily without conversions) and lists cases:

    case: what it shows            clause: of the rule
    plan: feed, bid 10             feed, search, managed; `no bid logged`; or `unknown`
    happens:                       a line each: day, clock, what happens; day 0 is the first
      - day 0 10:00 spends 72      delivery's, and HAPPENS below has all that can happen
    asked: day 9                   the morning on which it is decided; that is the default
    expect: granted 12.00          or `ended for UN_OBERCOST`, with all reasons in their order
    with: {cost: 72}               further facts; FACTS below has their names

and sometimes `plan row` (columns of the plan table), `created`, `reads` (readings of the register
other than the rulebook's), `without: day 1 of delivery` (a partition that is missing) and `day 0`
(a date of its own). With `each` a case is told several times, each with its {words} put in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.oracle import Row
from tests.worlds import COLUMNS

CASES = Path(__file__).parent / "cases"
DAY = timedelta(days=1)
KINDS = {
    "managed": ("LAB_AD", "FEED"),
    "feed": ("NOT_LAB_AD", "FEED"),
    "search": ("NOT_LAB_AD", "SEARCH"),
    "unknown": None,
}
KEYS = {"case", "clause", "plan", "happens", "asked", "expect", "with", "each"}
KEYS |= {"plan row", "created", "reads", "without", "day 0"}
CREATED = "day -1 09:00"
ASKED = "day 9"

FACTS = {
    "status": "compensate_status",
    "scenario": "scenario",
    "first delivery": "first_delivery_at",
    "window": "window_start … window_end",
    "cycle ends": "cycle_end",
    "settled on": "settle_on",
    "cost": "cost",
    "conversions": "conversions",
    "target cost": "target_cost",
    "first bid": "first_bid",
    "bid at the end": "bid_at_end",
    "prompted": "conversions_prompted",
    "needed": "conversions_required",
    "bid edits": "max_daily_bid_edits",
    "targeting edits": "max_daily_targeting_edits",
    "paused": "paused_at",
    "late conversions": "late_conversions",
}
MOMENT = r"day (-?\d+)(?: (\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?"


@dataclass(eq=False)
class Told:
    """One case as it stands in its file, its {words} put in."""

    name: str
    layout: str
    says: Mapping[str, Any]

    @property
    def without_conversions(self) -> bool:
        """Their number is known per slice only."""
        return self.layout.endswith("without conversions")

    @property
    def readings(self) -> dict[str, str]:
        return dict(self.says.get("reads", {}))

    @property
    def asked(self) -> int:
        """Days from day 0 to the morning on which it is decided."""
        return int(self.says.get("asked", ASKED).removeprefix("day "))

    @property
    def day0(self) -> date | None:
        """The date that the case itself says day 0 is."""
        return date.fromisoformat(self.says["day 0"]) if "day 0" in self.says else None

    @cached_property
    def missing(self) -> tuple[int, str] | None:
        """The partition that is not there: its day, its table."""
        if "without" not in self.says:
            return None
        day, _, table = self.says["without"].removeprefix("day ").partition(" of ")
        return int(day), table

    @property
    def outcome(self) -> str:
        return re.split(r" for | \d", self.says["expect"])[0].replace(" ", "_")

    @property
    def reasons(self) -> list[str]:
        _, _, reasons = self.says["expect"].partition(" for ")
        return reasons.split(" then ") if reasons else []

    @property
    def grant(self) -> Decimal:
        words = self.says["expect"].split()
        return Decimal(words[1]) if words[0] == "granted" else Decimal(0)

    def expected(self, day0: date) -> dict[str, Any]:
        """The facts that are expected, by their column; `grant` and `reasons` among them."""
        found: dict[str, Any] = {"outcome": self.outcome, "reasons": self.reasons}
        found["amount"] = self.grant
        for fact, said in self.says.get("with", {}).items():
            columns = FACTS[fact].split(" … ")
            for column, text in zip(columns, said.split(" to "), strict=True):
                found[column] = _value(column, text, day0)
        return found


def _value(column: str, text: str, day0: date) -> Any:
    if text in ("unknown", "never"):
        return None
    if re.fullmatch(MOMENT, text):
        found = moment(text, day0)
        return found.date() if column == "settle_on" else found
    return Decimal(text) if re.fullmatch(r"[\d.]+", text) else text


def moment(text: str, day0: date) -> datetime:
    """ "day 1 10:00" → that clock on the day after day 0."""
    found = re.fullmatch(MOMENT, text)
    if not found:
        raise ValueError(f"not a moment: {text}")
    clock = time.fromisoformat(found[2]) if found[2] else time()
    return datetime.combine(day0 + int(found[1]) * DAY, clock)


# --- Reading ----------------------------------------------------------------------------------


def read() -> list[Told]:
    """All cases of all files. Everything in them is text: a cost is never a binary float."""
    return [told for path in sorted(CASES.glob("*.yaml")) for told in _of_file(path)]


def _of_file(path: Path) -> Iterator[Told]:
    content = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)
    for case in content["cases"]:
        rows = case.get("each", [{}])
        for row in rows:
            says = _filled({k: v for k, v in case.items() if k != "each"}, row)
            says |= {key: row[key] for key in ("expect", "with") if key in row}
            if unknown := says.keys() - KEYS:
                raise ValueError(f"{path.name}, «{case['case']}»: unknown {sorted(unknown)}")
            words = ", ".join(f"{k} {v}" for k, v in row.items() if k not in ("expect", "with"))
            name = f"{path.name}: {says['case']}{f' ({words})' if words else ''}"
            yield Told(name, content["exports"], says)


def _filled(said: Any, words: Mapping[str, str]) -> Any:
    if isinstance(said, str):
        return re.sub(r"\{([\w ]+)\}", lambda found: words[found[1]], said)
    if isinstance(said, list):
        return [_filled(one, words) for one in said]
    return {key: _filled(one, words) for key, one in said.items()}


# --- From sentences to rows -------------------------------------------------------------------


@dataclass
class Story:
    """The rows of one plan, while its sentences are read."""

    told: Told
    ad_id: int
    day0: date
    rows: list[tuple[str, Row]]

    def add(self, table: str, at: datetime, written: str | None, **values: object) -> None:
        """A row, in the partition of its day unless it was written on another."""
        full = dict.fromkeys(COLUMNS[table]) | {"ad_id": str(self.ad_id)}
        full |= {name: None if v is None else str(v) for name, v in values.items()}
        if self.told.without_conversions or table != "delivery":
            full.setdefault("attribution_convert_cnt", None)
        day = moment(written, self.day0).date() if written else at.date()
        row = {name: full[name] for name in COLUMNS[table]}
        self.rows.append((table, Row(row, day)))

    @property
    def key(self) -> str:
        return f"{self.ad_id}-{len(self.rows)}"


Telling = Callable[[Story, datetime, re.Match[str], Mapping[str, str]], None]


def _delivered(cost: str, shows: int = 1, clicks: int = 0) -> Telling:
    def tell(story: Story, at: datetime, said: re.Match[str], also: Mapping[str, str]) -> None:
        values = {"stat_datetime": at, "stat_cost": said.expand(cost)}
        values |= {"show_cnt": shows, "click_cnt": clicks}
        if said.re.groups > 1:
            values["attribution_convert_cnt"] = None if said[2] == "many" else said[2]
        elif story.told.without_conversions:
            values["attribution_convert_cnt"] = 0
        story.add("delivery", at, also.get("written"), **values)

    return tell


# Times that a row may state and that are none.
NO_TIMES = {"unsaid": None, "unreadable": "soon", "in 1999": "1999-12-31 00:00:00"}


def _won(story: Story, at: datetime, said: re.Match[str], also: Mapping[str, str]) -> None:
    clocks: dict[str, datetime | str | None] = {"billed_at": at}
    for clock, otherwise in (("converted", "billed_at"), ("received", "converted_at")):
        text = also.get(clock)
        stated = NO_TIMES[text] if text in NO_TIMES else text and moment(text, story.day0)
        clocks[f"{clock}_at"] = clocks[otherwise] if text is None else stated
    if "billed" in also:
        clocks["billed_at"] = NO_TIMES[also["billed"]]
    valid = "false" if "not valid" in also else "true"
    seen = max([at, *(clock for clock in clocks.values() if isinstance(clock, datetime))])
    for copy in range(int(said[1])):
        key = f"{story.ad_id}-{also['named']}" if "named" in also else f"{story.key}-{copy}"
        written = also.get("written")
        story.add("conversions", seen, written, conversion_id=key, **clocks, valid=valid)


def _edited(operation: str, old: str = "", new: str = "") -> Telling:
    def tell(story: Story, at: datetime, said: re.Match[str], also: Mapping[str, str]) -> None:
        save = f"{story.ad_id}-{also['in save']}" if "in save" in also else story.key
        # No two rows of one save are the same row.
        values = {"old_value": said.expand(old) or None, "new_value": said.expand(new) or story.key}
        if operation in ("pause", "enable"):
            values = {}
        elif "unsaid" in also:
            values["new_value"] = None
        if "by" in also:
            values["operator_id"] = also["by"]
        story.add(
            "operations", at, None, log_id=save, create_time=at, operation=operation, **values
        )

    return tell


def _judged(verdict: str) -> Telling:
    sources = {"by a person": "MANUAL_JUDGE_SPAM", "by the system": "ANTI_SPAM", "by nobody": None}

    def tell(story: Story, at: datetime, said: re.Match[str], _: Mapping[str, str]) -> None:
        values = {"decided_at": at, "verdict": verdict, "source": sources[said[1]]}
        story.add("verdicts", at, None, **values)

    return tell


def _given(story: Story, at: datetime, _: re.Match[str], __: Mapping[str, str]) -> None:
    story.add("first_deliveries", at, None, first_delivery_at=at)


def _listed(story: Story, at: datetime, said: re.Match[str], _: Mapping[str, str]) -> None:
    (first,) = [row for table, row in story.rows if table == "plans"][:1]
    story.add("plans", at, None, **{**first.values, said[1]: said[2]})


HAPPENS: dict[str, Telling] = {
    r"spends (\S+)": _delivered(r"\1"),
    r"spends (\S+) without a show": _delivered(r"\1", shows=0),
    r"spends (\S+) and wins (\d+)": _delivered(r"\1"),
    r"spends (\S+) and wins it is not said how (many)": _delivered(r"\1"),
    r"is shown for nothing": _delivered("0"),
    r"is clicked for nothing": _delivered("0", shows=0, clicks=1),
    r"has an empty row": _delivered("0", shows=0),
    r"has (an) empty row and wins (\d+)": _delivered("0", shows=0),
    r"has (an) empty row and wins it is not said how (many)": _delivered("0", shows=0),
    r"wins (\d+)": _won,  # also: billed, converted, received, valid, not valid, named, written
    r"sets the bid from (\S+) to (\S+)": _edited("bid", r"\1", r"\2"),
    r"sets the bid to (\S+)": _edited("bid", "", r"\1"),
    r"sets the bid from (\S+)": _edited("bid", r"\1"),  # also: unsaid, the new one
    r"is created with bid (\S+)": _edited("create", "", r"\1"),
    r"edits targeting": _edited("targeting"),
    r"edits the budget": _edited("budget"),
    r"edits something else": _edited("other"),
    r"pauses": _edited("pause"),
    r"resumes": _edited("enable"),
    r"is found cheating (.+)": _judged("cheating"),
    r"is cleared (.+)": _judged("cleared"),
    r"was first delivered, as is known": _given,
    r"is listed with (\S+) (.+)": _listed,
}
ALSO = re.compile(
    r", (in save|by|billed|converted|received|written|named|unsaid|not valid|valid)(?: ([^,]+))?"
)


def rows_of(told: Told, ad_id: int, day0: date) -> list[tuple[str, Row]]:
    """A case as rows by their table, each with the day it was written."""
    story = Story(told, ad_id, day0, [])
    kind, _, bid = told.says["plan"].partition(", ")
    created = moment(told.says.get("created", CREATED), day0)
    if KINDS[kind] is not None:
        lab, scene = KINDS[kind]
        values = {"advertiser_id": 7, "lab_ad_type": lab, "marketing_scene": scene}
        values |= {"smart_bid_type": "SMART_BID_CUSTOM", "ad_create_time": created}
        row = {name: text or None for name, text in told.says.get("plan row", {}).items()}
        story.add("plans", created, None, **{**values, **row})
    if bid.startswith("bid "):
        values = {"log_id": story.key, "create_time": created, "operation": "create"}
        story.add("operations", created, None, **values, new_value=bid.removeprefix("bid "))
    for sentence in told.says.get("happens", []):
        try:
            _tell(story, sentence)
        except (KeyError, ValueError, IndexError) as error:
            raise ValueError(f"{told.name}: «{sentence}» is not understood: {error}") from error
    return story.rows


def _tell(story: Story, sentence: str) -> None:
    found = re.match(rf"({MOMENT}) (.+)", sentence)
    if not found:
        raise ValueError("it begins with no day")
    says = found[4]
    also = {one[1]: one[2] or "" for one in ALSO.finditer(says)}
    plain = ALSO.sub("", says)
    for pattern, tell in HAPPENS.items():
        if said := re.fullmatch(pattern, plain):
            tell(story, moment(found[1], story.day0), said, also)
            return
    raise ValueError("nothing like it can happen")
