"""The independent oracle: the rule decided plan by plan and row by row, in plain Python.

Written from the texts alone (rules.md, data.md); its author has never seen the engine. It is
meant to be obviously right rather than fast or general: every function names the clause
(一, 二(一), ...) or the fine point that it stands for. No floats, no third-party modules.

# Readings of the text made here
Cells
 - Null marks (`--`, `—`, empty) mean null in every column, texts too. All cells are trimmed of
   ASCII blanks. Thousands commas must group by three ('1,00' is not a number); they are
   allowed in integers, ids and the bids of operations too. Leading zeros are fine.
 - Times: 'YYYY-MM-DD', then optionally ' ' or 'T' and HH:MM[:SS[.f]], 1 to 9 digits of fraction
   (cut to microseconds), then optionally Z, +HH, +HHMM, +HH:MM. '24:00' only with zero minutes,
   seconds and fraction. 2016-01-01 00:00 <= t < 2100-01-01 00:00 after conversion to Shanghai.
 - Booleans: true, false, 1, 0 in any case.
 - Enums of `plans` (see ENUMS): LAB_AD, NOT_LAB_AD; FEED, SEARCH, SHOPPING_MALL, ALL;
   SMART_BID_CUSTOM, SMART_BID_CONSERVATIVE. Anything else is an unknown enum value.
 - `create` and `bid` rows: old_value and new_value must be decimals where stated; absent is
   allowed. A bid edit without new_value leaves the bid unknown from then on.
Rows
 - Rows are identical if the parsed cells of the known columns are (10 = 10.00 for a decimal; but
   null is not `true`, and the bids of `operations`, being text columns, differ as text).
 - Rows not known are accepted, but one that repeats the version before it is a duplicate.
 - Two rows of one conversion_id that name different plans: every plan looks at the whole key
   with its own K; the row is classified as its own plan sees it.
 - A time that is itself refused (also one out of range) is unreadable. A conversion is received no
   earlier than the last of its times that can be read: that one is its time.
 - `first_deliveries`, `verdicts` and the tables without plans are judged with D for K. Tables
   with a time of their own (grant_usage, restrictions) know rows by it; control_totals by dt only,
   and it is not compared with what was sent (a run that fails decides nothing).
 - Plan snapshots: if none stands at K, they are judged, malformed ones too, at the morning after
   the first dt (before D) that has an accepted one.
First delivery
 - A refused delivery row that could be earlier holds its plan as any refused row does
   (DATA_QUARANTINED, DATA_CONFLICT); the first delivery of the accepted rows is shown.
 - ad_create_time, scenario and advertiser_id are those of the earliest snapshot.
 - RULE_NOT_IN_FORCE goes by the tentative first delivery (an earlier one is no better).
 - Where first delivery is not believed, a null slice count is not asked (there is no window).
Bids and counting
 - roi_goal = 0 is a roi_goal. A null cpa_bid in the earliest snapshot is not taken from others.
 - Several `create` rows: the first in order that states a bid sets the initial bid.
 - After an unknown bid a stated old_value breaks nothing, and tells nothing about the past.
 - overcost_base initial/bid_at_end: that bid unknown is BID_UNKNOWN if there are conversions; at
   a pause, bid_at_end still means the window's end. target_cost and amount always go by Σ bid.
 - No conversions: target_cost is 0, overcost is compared all the same (cost >= 0).
 - A save is counted on the day of its first row inside the counted stretch.
 - The summed limit is the same 2.
 - `any`: an edit at the very instant of first delivery is a step in the window; `net` starts from
   the bid in force at first delivery, which already has it.
 - Three-valued logic: one certain "no" decides even where another operand is unknown.
 - A bid replaced at the very instant it was set was never in force.
 - BID_AMBIGUOUS: two different bids were in force in a slice with conversions, the start's
   included; an edit at the very start is no change inside. One of them unknown: BID_UNKNOWN too.
 - late_backflow=included counts what `late_conversions` counts: the version standing at D,
   received_at >= cycle_end, unless the conversion counted in time already. Contradicting late
   rows count for neither. Slices are never late: late_conversions 0.
Outcomes
 - An open plan with a held reason keeps IN_EFFECT in the window, as the fine point says.
 - A plan whose plan rows are not known by D, but which a log names, is PLAN_UNKNOWN.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext
from functools import cache
from itertools import pairwise

RULEBOOK = "qianchuan-cost-guarantee@2022-01-27"
IN_FORCE_FROM = date(2022, 1, 27)

# 二: the numbers of the rule.
EDIT_LIMIT = 2
LEAST_CONVERSIONS = {"feed": 6, "search": 2}
PROMPT_BUDGET, PROMPT_LEAST, PROMPT_MOST = Decimal(5000), 10, 15
WINDOW_DAYS, CYCLE_DAYS = 4, 5

ALTERNATIVES: dict[str, tuple[str, ...]] = {
    "overcost_base": ("weighted", "initial", "bid_at_end"),
    "overcost_boundary": ("inclusive", "exclusive"),
    "conversion_clock": ("billed", "converted"),
    "bid_clock": ("billed", "converted"),
    "first_bid": ("initial", "at_first_delivery"),
    "edit_limit_scope": ("each", "summed"),
    "edit_limit_period": ("day", "window"),
    "edit_days_start": ("first_delivery", "day"),
    "edit_unit": ("save", "row"),
    "lowering": ("any", "net"),
    "pause": ("last_pause", "any_pause", "ignore"),
    "overcost_at_settlement": ("required", "preserved"),
    "late_backflow": ("excluded", "included"),
    "slice_bid": ("hold", "slice_start", "lowest", "highest"),
    "rounding": ("half_up", "down"),
}
READINGS: dict[str, str] = {name: choices[0] for name, choices in ALTERNATIVES.items()}

# "Reason codes", in the order in which they are reported.
NOT_COVERED = ("NOT_DELIVERED", "BID_TYPE_EXPIRED", "RULE_NOT_IN_FORCE", "SCENE_NOT_COVERED")
HELD = (
    "PLAN_UNKNOWN",
    "DATA_QUARANTINED",
    "DATA_CONFLICT",
    "SCENARIO_CHANGED",
    "FIRST_DELIVERY_UNKNOWN",
    "LOGS_INCOMPLETE",
    "BID_UNKNOWN",
    "BID_AMBIGUOUS",
)
INVALID = (
    "MANUAL_JUDGE_SPAM",
    "ANTI_SPAM",
    "BID_LOWERED",
    "BID_CHANGES",
    "AUD_CHANGES",
    "AUD_BID_CHANGES",
)
ENDED = (
    "PAUSED_BEFORE_MET",
    "CONVERT_ZERO_OR_COST",
    "CONVERT_UNDER_THRESHOLD",
    "UN_OBERCOST",
    "CURRENCY_PRECISION",
)
ORDER = NOT_COVERED + HELD + INVALID + ENDED
# docs/choices.md: nobody can overrule what is not known.
CANNOT_BE_OVERRULED = {"PLAN_UNKNOWN", "FIRST_DELIVERY_UNKNOWN", "BID_UNKNOWN"}

# data.md, "Decisions".
COLUMNS = (
    "ad_id",
    "advertiser_id",
    "rulebook",
    "scenario",
    "first_delivery_at",
    "window_start",
    "window_end",
    "cycle_end",
    "settle_on",
    "cost",
    "conversions",
    "target_cost",
    "first_bid",
    "bid_at_end",
    "conversions_prompted",
    "conversions_required",
    "max_daily_bid_edits",
    "max_daily_targeting_edits",
    "paused_at",
    "meets_overcost",
    "meets_conversions",
    "meets_bid_edits",
    "meets_targeting_edits",
    "meets_bid_not_lowered",
    "meets_pause",
    "late_conversions",
    "outcome",
    "compensate_status",
    "reasons",
    "amount",
)


@dataclass(frozen=True)
class Row:
    """One row as it stands in an export file: all values as text."""

    values: dict[str, str | None]
    dt: date | None = None


@dataclass(frozen=True)
class Exports:
    """The tables that exist; `days` has the partitions of those that are partitioned."""

    tables: dict[str, list[Row]]
    days: dict[str, list[date]]


@dataclass(frozen=True)
class Verdict:
    """What decide() says: the decisions, the row counts, and each row's fate in file order."""

    decisions: list[dict[str, object]]
    tables: dict[str, dict[str, int]]
    rows: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


# --- Cells: text to values (data.md, "Tables in" and "quarantined") ---------------------------


class Refused(ValueError):  # noqa: N818
    """A cell that cannot be trusted; the message is the reason."""


NUMBER = re.compile(r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?")
TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r" ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
BLANKS = " \t\r\n\f\v"
NULLS = ("", "--", "—")
INT64_MOST = 2**63 - 1
SHANGHAI = timedelta(hours=8)
EARLIEST, TOO_LATE = datetime(2016, 1, 1), datetime(2100, 1, 1)


def plain(text: str | None) -> str | None:
    """The trimmed text, or None for a null mark."""
    trimmed = (text or "").strip(BLANKS)
    return None if trimmed in NULLS else trimmed


def to_number(text: str) -> Decimal:
    """An exact decimal; no sign, exponent, nan, full-width digit, bare point."""
    if not NUMBER.fullmatch(text):
        raise Refused("not a number")
    return Decimal(text.replace(",", ""))


def to_decimal(text: str, digits: int, scale: int) -> Decimal:
    """decimal(digits, scale); trailing zeros beyond the scale are no decimals."""
    whole, _, fraction = text.replace(",", "").partition(".")
    value = to_number(text)
    if len(fraction.rstrip("0")) > scale:
        raise Refused("more decimals than its type")
    if len(whole.lstrip("0")) > digits - scale:
        raise Refused("out of range")
    return value


def to_integer(text: str) -> int:
    """int64; it may end in '.0'."""
    value = to_number(text)
    whole = int(text.replace(",", "").partition(".")[0])
    if value != whole:
        raise Refused("not whole")
    if whole > INT64_MOST:
        raise Refused("out of range")
    return whole


@cache
def to_id(text: str) -> int:
    """int64 > 0."""
    value = to_integer(text)
    if value <= 0:
        raise Refused("out of range")
    return value


@cache
def to_count(text: str) -> int:
    """int64 >= 0."""
    return to_integer(text)


@cache
def to_price(text: str) -> Decimal:
    """decimal(18,2) > 0: bids and amounts."""
    value = to_decimal(text, 18, 2)
    if value <= 0:
        raise Refused("out of range")
    return value


@cache
def to_cost(text: str) -> Decimal:
    """decimal(18,5) >= 0."""
    return to_decimal(text, 18, 5)


def to_big_cost(text: str) -> Decimal:
    """decimal(38,5) >= 0, of control totals."""
    return to_decimal(text, 38, 5)


def to_roi(text: str) -> Decimal:
    """decimal(18,6) >= 0."""
    return to_decimal(text, 18, 6)


def to_text(text: str) -> str:
    return text


def to_bool(text: str) -> bool:
    found = {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    if found is None:
        raise Refused("not a boolean")
    return found


def to_date(text: str) -> date:
    moment = to_time(text)
    if moment != midnight(moment.date()):
        raise Refused("not a date")
    return moment.date()


def offset_of(text: str) -> timedelta:
    """'Z', '+08', '+0800' or '+08:00'."""
    if text == "Z":
        return timedelta(0)
    digits = text[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        raise Refused("not a time")
    span = timedelta(hours=hours, minutes=minutes)
    return -span if text[0] == "-" else span


@cache
def to_time(text: str) -> datetime:
    """Shanghai wall-clock; '24:00' is the next day's 00:00; only 2016 to 2099."""
    match = TIME.fullmatch(text)
    if not match:
        raise Refused("not a time")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    h, m, s = int(hour or 0), int(minute or 0), int(second or 0)
    micro = int((fraction or "").ljust(6, "0")[:6])
    if h > 24 or m > 59 or s > 59 or (h == 24 and (m or s or (fraction or "").strip("0"))):
        raise Refused("not a time")
    try:
        start = datetime(int(year), int(month), int(day))
        moment = start + timedelta(hours=h, minutes=m, seconds=s, microseconds=micro)
        if offset:
            moment += SHANGHAI - offset_of(offset)
    except (ValueError, OverflowError) as error:
        raise Refused("not a time") from error
    if not EARLIEST <= moment < TOO_LATE:
        raise Refused("a time before 2016 or after 2099")
    return moment


def midnight(day: date) -> datetime:
    """自然日: a day begins at 00:00 Asia/Shanghai."""
    return datetime(day.year, day.month, day.day)


def one_of(*choices: str):
    """An enum column."""

    def read(text: str) -> str:
        if text not in choices:
            raise Refused("unknown enum value")
        return text

    return read


# --- Rows: what each table holds (data.md, the table of tables) -------------------------------

ENUMS = {
    "lab_ad_type": one_of("LAB_AD", "NOT_LAB_AD"),
    "marketing_scene": one_of("FEED", "SEARCH", "SHOPPING_MALL", "ALL"),
    "smart_bid_type": one_of("SMART_BID_CUSTOM", "SMART_BID_CONSERVATIVE"),
}
KINDS = one_of("create", "bid", "targeting", "budget", "pause", "enable", "other")

# column -> (how to read it, may it be null)
SCHEMA: dict[str, dict[str, tuple]] = {
    "plans": {
        "ad_id": (to_id, False),
        "advertiser_id": (to_id, False),
        "lab_ad_type": (ENUMS["lab_ad_type"], False),
        "marketing_scene": (ENUMS["marketing_scene"], False),
        "smart_bid_type": (ENUMS["smart_bid_type"], False),
        "cpa_bid": (to_price, True),
        "roi_goal": (to_roi, True),
        "name": (to_text, True),
        "ad_create_time": (to_time, True),
    },
    "delivery": {
        "ad_id": (to_id, False),
        "stat_datetime": (to_time, False),
        "stat_cost": (to_cost, False),
        "show_cnt": (to_count, False),
        "click_cnt": (to_count, False),
        "attribution_convert_cnt": (to_count, True),
    },
    "conversions": {
        "conversion_id": (to_text, False),
        "ad_id": (to_id, False),
        "billed_at": (to_time, False),
        "converted_at": (to_time, False),
        "received_at": (to_time, True),
        "valid": (to_bool, True),
    },
    "operations": {
        "log_id": (to_text, False),
        "ad_id": (to_id, False),
        "create_time": (to_time, False),
        "operation": (KINDS, False),
        "old_value": (to_text, True),
        "new_value": (to_text, True),
        "operator_id": (to_text, True),
    },
    "verdicts": {
        "ad_id": (to_id, False),
        "decided_at": (to_time, False),
        "verdict": (one_of("cheating", "cleared"), False),
        "source": (one_of("ANTI_SPAM", "MANUAL_JUDGE_SPAM"), False),
        "note": (to_text, True),
    },
    "first_deliveries": {"ad_id": (to_id, False), "first_delivery_at": (to_time, False)},
    "grant_usage": {
        "usage_id": (to_text, False),
        "advertiser_id": (to_id, False),
        "used_at": (to_time, False),
        "amount": (to_price, False),
    },
    "control_totals": {
        "table": (to_text, False),
        "dt": (to_date, False),
        "rows": (to_count, False),
        "cost": (to_big_cost, True),
    },
    "restrictions": {
        "advertiser_id": (to_id, False),
        "starts_at": (to_time, False),
        "ends_at": (to_time, True),
        "reason": (to_text, True),
    },
}
KEYS: dict[str, tuple[str, ...]] = {
    "plans": ("ad_id",),
    "delivery": ("ad_id", "stat_datetime"),
    "conversions": ("conversion_id",),
    "operations": tuple(SCHEMA["operations"]),
    "verdicts": ("ad_id", "decided_at"),
    "first_deliveries": ("ad_id",),
    "grant_usage": ("usage_id",),
    "control_totals": ("table", "dt"),
    "restrictions": ("advertiser_id", "starts_at"),
}
# "superseded: ... (delivery, conversions, verdicts, restrictions)"
RESTATABLE = ("delivery", "conversions", "verdicts", "restrictions")
# The time that says when a row happened or was received; plans and control totals have none.
CLOCKS = {
    "delivery": "stat_datetime",
    "operations": "create_time",
    "verdicts": "decided_at",
    "first_deliveries": "first_delivery_at",
    "grant_usage": "used_at",
    "restrictions": "starts_at",
}
LOGS = ("delivery", "conversions", "operations")
ALWAYS = datetime.min


@dataclass(eq=False)
class Fact:
    """One row, read: its typed cells, the columns that were refused, and when it happened."""

    table: str
    dt: date | None
    cells: dict[str, object]
    bad: dict[str, str]
    at: datetime | None = None  # None: unreadable, in a refused row only

    def __getitem__(self, column: str) -> object:
        return self.cells[column]

    @property
    def ad_id(self) -> int | None:
        return self.cells.get("ad_id")

    @property
    def identity(self) -> tuple:
        return tuple(self.cells.values())

    @property
    def key(self) -> tuple:
        """data.md, grain and key; of plans: plan x dt, so no snapshot restates another."""
        stated = tuple(self.cells[column] for column in KEYS[self.table])
        return (*stated, self.dt) if self.table == "plans" else stated

    def known(self, k: datetime) -> bool:
        """Time: nothing at or after k, and with partitions from the morning after dt."""
        in_time = self.dt is None or midnight(self.dt) < k
        return in_time and (self.at is None or self.at < k)


def read_row(table: str, row: Row) -> Fact:
    """data.md, "quarantined": a row with one refused column is refused."""
    cells: dict[str, object] = {}
    bad: dict[str, str] = {}
    for column, (read, nullable) in SCHEMA[table].items():
        text = plain(row.values.get(column))
        cells[column] = None
        if text is None:
            if not nullable:
                bad[column] = "missing"
            continue
        try:
            cells[column] = read(text)
        except Refused as reason:
            bad[column] = str(reason)
    fact = Fact(table, row.dt, cells, bad)
    check_bids(fact)
    fact.at = time_of(fact)
    return fact


def check_bids(fact: Fact) -> None:
    """operations: the values of `create` and `bid` are decimal(18,2) > 0."""
    if fact.table != "operations" or fact["operation"] not in ("create", "bid"):
        return
    for column in ("old_value", "new_value"):
        try:
            bid_of(fact, column)
        except Refused as reason:
            fact.bad[column] = str(reason)


def bid_of(fact: Fact, column: str) -> Decimal | None:
    text = fact[column]
    return None if text is None else to_price(text)


def time_of(fact: Fact) -> datetime | None:
    """When the row happened or was received; None where that cannot be read."""
    if fact.table == "conversions":
        return time_of_conversion(fact)
    clock = CLOCKS.get(fact.table)
    return ALWAYS if clock is None else fact[clock]


def time_of_conversion(fact: Fact) -> datetime | None:
    """received_at; absent or unreadable, it lies no earlier than the last time that can be read.
    Times that contradict each other are unreadable."""
    stated = [c for c in ("billed_at", "converted_at", "received_at") if fact[c] is not None]
    for earlier, later in pairwise(stated):
        if fact[later] < fact[earlier]:
            fact.bad[later] = f"before {earlier}"
            return None
    return fact[stated[-1]] if stated else None


# --- What happens to each row (data.md) ------------------------------------------------------


@dataclass
class KeyView:
    """The rows of one key as seen at k: what stands, and the fate of each row."""

    fates: dict[Fact, tuple[str, str]]
    standing: Fact | None
    conflict: bool


def view_key(rows: list[Fact], k: datetime) -> KeyView:
    """duplicate, superseded, conflict; rows not known at k are accepted and weigh nothing."""
    fates = dict.fromkeys(rows, ("accepted", "not known yet"))
    known = [row for row in rows if row.known(k)]
    by_day: dict[date, list[Fact]] = defaultdict(list)
    for row in known:
        by_day[row.dt or date.min].append(row)
    if in_conflict(by_day):
        fates.update(dict.fromkeys(known, ("quarantined", "conflict")))
        return KeyView(fates, None, True)
    standing = None
    for day in sorted(by_day):
        first, *repeats = by_day[day]
        if standing is not None and first.identity == standing.identity:
            repeats = by_day[day]
        else:
            if standing is not None:
                fates[standing] = ("superseded", "")
            standing = first
            fates[standing] = ("accepted", "")
        fates.update(dict.fromkeys(repeats, ("duplicate", "")))
    before = {standing.identity} if standing is not None else set()
    unknown: dict[date, list[Fact]] = defaultdict(list)
    for row in rows:
        if row not in known:
            unknown[row.dt or date.min].append(row)
    for day in sorted(unknown):
        here: set[tuple] = set()
        for row in unknown[day]:
            if row.identity in before | here:
                fates[row] = ("duplicate", "")
            here.add(row.identity)
        before = here
    return KeyView(fates, standing, False)


def in_conflict(by_day: dict[date, list[Fact]]) -> bool:
    """Different values in one dt; in tables without restatements, in any two dts."""
    rows = [row for day in by_day.values() for row in day]
    if not rows:
        return False
    if rows[0].table not in RESTATABLE:
        return len({row.identity for row in rows}) > 1
    return any(len({row.identity for row in day}) > 1 for day in by_day.values())


def by_key(rows: Iterable[Fact]) -> dict[tuple, list[Fact]]:
    groups: dict[tuple, list[Fact]] = defaultdict(list)
    for row in rows:
        groups[row.key].append(row)
    return groups


class Book:
    """All rows, read, and found by plan."""

    def __init__(self, exports: Exports) -> None:
        self.facts = {
            table: [read_row(table, row) for row in rows] for table, rows in exports.tables.items()
        }
        self.days = exports.days
        self.good: dict[str, dict[int, list[Fact]]] = {}
        self.refused: dict[str, dict[int, list[Fact]]] = {}
        for table in SCHEMA:
            self.good[table], self.refused[table] = defaultdict(list), defaultdict(list)
            for fact in self.facts.get(table, ()):
                place = self.refused if fact.bad else self.good
                if fact.ad_id is not None:
                    place[table][fact.ad_id].append(fact)
        everything = self.facts.get("conversions", ())
        self.conversion_keys = by_key(row for row in everything if not row.bad)

    def groups(self, table: str, ad_id: int) -> dict[tuple, list[Fact]]:
        """The keys that name the plan. A conversion's key may name another plan as well."""
        groups = by_key(self.good[table].get(ad_id, ()))
        if table == "conversions":
            return {key: self.conversion_keys[key] for key in groups}
        return groups

    def named(self, tables: Iterable[str], d: datetime) -> set[int]:
        """The plans that rows known by D name, refused rows too."""
        return {
            ad_id
            for table in tables
            for place in (self.good, self.refused)
            for ad_id, rows in place[table].items()
            if any(row.known(d) for row in rows)
        }

    def plans(self) -> set[int]:
        """Every plan that any row names."""
        return {
            ad_id
            for place in (self.good, self.refused)
            for by_plan in place.values()
            for ad_id in by_plan
        }


# --- First delivery (Terms; fine points, Time) -----------------------------------------------


def delivered(row: Fact) -> bool:
    """first delivery: a delivery row with a show, a click or cost."""
    return row["show_cnt"] > 0 or row["click_cnt"] > 0 or row["stat_cost"] > 0


def cycle_end_of(first_delivery: datetime) -> datetime:
    """三(二): the window and one more natural day: day0 + 5 00:00."""
    return midnight(first_delivery.date()) + timedelta(days=CYCLE_DAYS)


def window_end_of(first_delivery: datetime) -> datetime:
    """一: day0 + 4 days 00:00."""
    return midnight(first_delivery.date()) + timedelta(days=WINDOW_DAYS)


def logged_first_delivery(book: Book, ad_id: int, d: datetime) -> datetime | None:
    """The earliest key that is delivered in its version known by the end of its own cycle."""
    groups = book.groups("delivery", ad_id)
    for _, start in sorted(groups):
        version = view_key(groups[ad_id, start], min(d, cycle_end_of(start))).standing
        if version is not None and delivered(version):
            return start
    return None


def given_first_delivery(book: Book, ad_id: int, d: datetime) -> datetime | None:
    """first_deliveries: what is known from before the logs begin."""
    for rows in book.groups("first_deliveries", ad_id).values():
        row = view_key(rows, d).standing
        if row is not None:
            return row["first_delivery_at"]
    return None


# --- One plan as it stands at its K ----------------------------------------------------------


@dataclass
class Standing:
    """What stands of one table for one plan, whether it holds the plan, and the rows' fates."""

    rows: list[Fact]
    conflict: bool
    conflicting: list[Fact]
    fates: dict[Fact, tuple[str, str]]


def stand(groups: dict[tuple, list[Fact]], ad_id: int, k: datetime) -> Standing:
    """The latest version known at k of every key of the plan, and the fate of its rows."""
    result = Standing([], False, [], {})
    for rows in groups.values():
        view = view_key(rows, k)
        own = {row: fate for row, fate in view.fates.items() if row.ad_id == ad_id}
        result.fates.update(own)
        if view.standing is not None and view.standing.ad_id == ad_id:
            result.rows.append(view.standing)
        result.conflicting += [row for row, fate in own.items() if fate[0] == "quarantined"]
    result.conflict = bool(result.conflicting)
    return result


def operation_order(row: Fact) -> tuple:
    """Edits at one instant apply in the order of log_id, old_value, new_value (as text)."""
    return (
        row["create_time"],
        row["log_id"],
        row["old_value"] or "",
        row["new_value"] or "",
        row["operation"],
    )


class Case:
    """A plan's rows at K = the earlier of D and its cycle's end."""

    def __init__(self, book: Book, ad_id: int, d: datetime) -> None:
        self.book, self.ad_id, self.d = book, ad_id, d
        self.logged = logged_first_delivery(book, ad_id, d)
        self.given = given_first_delivery(book, ad_id, d)
        if self.logged and self.given and self.given >= cycle_end_of(self.logged):
            self.given = None  # nothing timed at or after the cycle's end counts
        stated = [moment for moment in (self.logged, self.given) if moment is not None]
        self.first: datetime | None = min(stated, default=None)
        self.k = d if self.first is None else min(d, cycle_end_of(self.first))
        self.parts = {
            table: stand(book.groups(table, ad_id), ad_id, self.horizon(table))
            for table in ("plans", *LOGS, "verdicts", "first_deliveries")
        }
        self.snapshots = sorted(self.parts["plans"].rows, key=lambda r: r.dt or date.min)
        self.delivery = sorted(self.parts["delivery"].rows, key=lambda r: r["stat_datetime"])
        self.conversions = self.parts["conversions"].rows
        self.operations = sorted(self.parts["operations"].rows, key=operation_order)

    def horizon(self, table: str) -> datetime:
        """Until when rows of a table are looked at."""
        if table == "plans":
            return self.plan_horizon()
        # A verdict known by D counts; what is given before the logs makes K and has none.
        return self.d if table in ("verdicts", "first_deliveries") else self.k

    def plan_horizon(self) -> datetime:
        """A first snapshot later than K is taken from the morning on which it is known."""
        groups = self.book.groups("plans", self.ad_id)
        mornings = sorted(
            midnight(row.dt) + timedelta(days=1)
            for rows in groups.values()
            for row in rows
            if row.dt is not None and row.known(self.d)
        )
        for morning in [self.k, *(m for m in mornings if m > self.k)]:
            if stand(groups, self.ad_id, morning).rows:
                return morning
        return self.d

    @property
    def snapshot(self) -> Fact:
        """Scenario and cpa_bid come from the plan's earliest snapshot."""
        return self.snapshots[0]

    def refused(self, table: str, k: datetime) -> list[Fact]:
        """Malformed rows known at k, their time before k or unreadable; verdicts and what is
        given count whenever they are known."""
        rows = self.book.refused[table].get(self.ad_id, ())
        if table == "plans":
            return [row for row in rows if row.known(max(k, self.plan_horizon()))]
        if table in ("verdicts", "first_deliveries"):
            return [row for row in rows if row.known(self.d) and (row.at is None or row.at < k)]
        return [row for row in rows if row.known(k)]

    def refused_deliveries(self) -> list[Fact]:
        """All delivery rows that were refused: malformed or contradicting each other."""
        return self.refused("delivery", self.k) + self.parts["delivery"].conflicting

    def reaches_back(self) -> bool:
        """First delivery is believed: the logs reach back to the creation."""
        if "delivery" not in self.book.days:
            return True
        created, days = self.snapshot["ad_create_time"], self.book.days["delivery"]
        return created is not None and bool(days) and created.date() >= min(days)

    def believed(self) -> bool:
        """Fine points, Time: given, or the logs reach back."""
        return self.first is not None and (self.given is not None or self.reaches_back())

    def late_conversions(self) -> list[Fact]:
        """Conversions received at or after the cycle's end, as they stand at D; one that
        counted in time already is not late."""
        late: list[Fact] = []
        if self.first is None:
            return late
        for rows in self.book.groups("conversions", self.ad_id).values():
            row = view_key(rows, self.d).standing
            if row is None or row.ad_id != self.ad_id or row.at < cycle_end_of(self.first):
                continue
            if not any(
                row.key == other.key and is_billed_inside(other, self.first)
                for other in self.conversions
            ):
                late.append(row)
        return late


# --- The bid timeline (Terms; fine points, Facts) --------------------------------------------


@dataclass(frozen=True)
class Edit:
    at: datetime
    old: Decimal | None
    new: Decimal | None


@dataclass(frozen=True)
class Bids:
    """The bid in force at every instant: the initial bid, then every bid edit, in order."""

    initial: Decimal | None
    edits: tuple[Edit, ...]

    def at(self, moment: datetime) -> Decimal | None:
        """An edit at the same instant already counts."""
        return self._after([edit for edit in self.edits if edit.at <= moment])

    def before(self, moment: datetime) -> Decimal | None:
        return self._after([edit for edit in self.edits if edit.at < moment])

    def _after(self, edits: list[Edit]) -> Decimal | None:
        return edits[-1].new if edits else self.initial

    def steps(self) -> list[tuple[Edit, Decimal | None]]:
        """Every edit with the bid in force before it."""
        befores = [self.initial, *(edit.new for edit in self.edits)]
        return list(zip(self.edits, befores, strict=False))

    def broken(self) -> bool:
        """A stated old_value must equal the bid in force before it; absent claims nothing."""
        return any(
            edit.old is not None and before is not None and edit.old != before
            for edit, before in self.steps()
        )


def created_bids(case: Case) -> list[Decimal]:
    """The bids that the plan's `create` rows state."""
    rows = [row for row in case.operations if row["operation"] == "create"]
    return [bid for row in rows if (bid := bid_of(row, "new_value")) is not None]


def bids_of(case: Case) -> Bids:
    """The initial bid: `create`, else the first edit's old_value, else cpa_bid."""
    edits = tuple(
        Edit(row["create_time"], bid_of(row, "old_value"), bid_of(row, "new_value"))
        for row in case.operations
        if row["operation"] == "bid"
    )
    created = created_bids(case)
    if created:
        return Bids(created[0], edits)
    if edits:
        return Bids(edits[0].old, edits)
    return Bids(case.snapshot["cpa_bid"], edits)


# --- Covered or not (Outcomes, "Asked first, all of them") -----------------------------------


def scenario_of(snapshot: Fact) -> str | None:
    """二(一) managed, whatever its scene; 二(二) feed, search; None: no entry."""
    if snapshot["roi_goal"] is not None:
        return None
    if snapshot["lab_ad_type"] == "LAB_AD":
        return "managed"
    return {"FEED": "feed", "SEARCH": "search"}.get(snapshot["marketing_scene"])


def not_covered_reasons(case: Case) -> set[str]:
    reasons = set()
    if case.first is None and not case.refused_deliveries():
        reasons.add("NOT_DELIVERED")
    if case.first is not None and case.first.date() < IN_FORCE_FROM:
        reasons.add("RULE_NOT_IN_FORCE")
    if case.snapshot["smart_bid_type"] != "SMART_BID_CUSTOM":
        reasons.add("BID_TYPE_EXPIRED")
    elif scenario_of(case.snapshot) is None:
        reasons.add("SCENE_NOT_COVERED")
    return reasons


# --- Held for data: the reasons that need no facts -------------------------------------------


def held_reasons(case: Case) -> set[str]:
    checks = {
        "DATA_QUARANTINED": any(case.refused(table, case.k) for table in case.parts),
        "DATA_CONFLICT": contradicted(case),
        "SCENARIO_CHANGED": scenario_changed(case),
        "FIRST_DELIVERY_UNKNOWN": not (case.given or case.reaches_back()),
        "LOGS_INCOMPLETE": days_missing(case),
    }
    return {code for code, stands in checks.items() if stands}


def contradicted(case: Case) -> bool:
    """DATA_CONFLICT: two rows of the plan contradict each other."""
    return (
        any(part.conflict for part in case.parts.values())
        or bids_of(case).broken()
        or len(set(created_bids(case))) > 1
        or len({row["advertiser_id"] for row in case.snapshots}) > 1
        or cpa_bid_jumps(case)
        or delivered_before_first(case)
    )


def delivered_before_first(case: Case) -> bool:
    """A delivered row earlier than what is given, or too late to start its own cycle."""
    if case.first is None:
        return False
    given_late = case.given is not None and case.first < case.given
    return given_late or any(
        delivered(row) and row["stat_datetime"] < case.first for row in case.delivery
    )


def cpa_bid_jumps(case: Case) -> bool:
    """A `cpa_bid` that differs between snapshots needs a bid edit between them."""
    stated = [row for row in case.snapshots if row["cpa_bid"] is not None]
    edits = [edit.at for edit in bids_of(case).edits]
    for one, two in pairwise(stated):
        start, end = midnight(one.dt), midnight(two.dt) + timedelta(days=1)
        if one["cpa_bid"] != two["cpa_bid"] and not any(start <= at < end for at in edits):
            return True
    return False


def scenario_changed(case: Case) -> bool:
    """The snapshots up to the cycle's end disagree on managed, scene or bid type."""
    return (
        len(
            {
                (
                    row["lab_ad_type"],
                    row["marketing_scene"],
                    row["smart_bid_type"],
                    row["roi_goal"] is None,
                )
                for row in case.snapshots
            }
        )
        > 1
    )


def days_missing(case: Case) -> bool:
    """LOGS_INCOMPLETE: a day between the creation and the end of the cycle is missing."""
    days = case.book.days
    logs = [days[table] for table in LOGS if table in days]
    if not logs:
        return False
    starts = [min(found) for found in logs if found]
    if case.first is not None:
        starts.append(case.first.date())
    if not starts:
        return True
    start = min(starts)
    created = case.snapshot["ad_create_time"]
    if created is not None:
        start = max(start, created.date())
    if case.first is not None:
        start = min(start, case.first.date())  # all of the cycle counts, whenever created
    wanted = {start + timedelta(days=n) for n in range((case.k.date() - start).days)}
    return any(wanted - set(found) for found in logs)


def verdict_reasons(case: Case) -> set[str]:
    """四(一): the latest verdict known by D stands; `cleared` lifts an earlier one."""
    rows = sorted(case.parts["verdicts"].rows, key=lambda row: row["decided_at"])
    if rows and rows[-1]["verdict"] == "cheating":
        return {rows[-1]["source"]}
    return set()


# --- Conversions and their bids --------------------------------------------------------------


@dataclass(frozen=True)
class Won:
    """Conversions that came together, and the bid that belongs to each of them."""

    count: int | None  # None: a slice whose count is unknown
    billed: datetime
    converted: datetime
    bid: Decimal | None
    unknown: bool = False  # BID_UNKNOWN
    ambiguous: bool = False  # BID_AMBIGUOUS


@dataclass(frozen=True)
class Span:
    """The window as far as it can be seen: half-open, cut at K."""

    first: datetime
    window_end: datetime
    cycle_end: datetime
    seen: datetime  # min(K, window_end)

    def holds(self, moment: datetime) -> bool:
        return self.first <= moment < self.window_end


def span_of(case: Case) -> Span:
    end = window_end_of(case.first)
    return Span(case.first, end, cycle_end_of(case.first), min(case.k, end))


def is_billed_inside(row: Fact, first: datetime) -> bool:
    return is_valid(row) and first <= row["billed_at"] < window_end_of(first)


def is_valid(row: Fact) -> bool:
    """conversions: `valid` absent means true."""
    return row["valid"] is not False


def counted_conversions(case: Case, readings: dict[str, str]) -> list[Fact]:
    """`conversion_clock` and `late_backflow`; everything else known at K is received in time."""
    span = span_of(case)
    rows = list(case.conversions)
    if readings["late_backflow"] == "included":
        rows += case.late_conversions()
    rows = [row for row in rows if is_valid(row) and span.holds(row["billed_at"])]
    if readings["conversion_clock"] == "converted":
        rows = [row for row in rows if span.holds(row["converted_at"])]
    return rows


def count_late(case: Case) -> int:
    """`late_conversions`: valid, billed in the window, received at or after the cycle's end."""
    span = span_of(case)
    return sum(
        is_valid(row) and span.holds(row["billed_at"]) and row.at >= span.cycle_end
        for row in case.late_conversions()
    )


def won_by_row(case: Case, bids: Bids, readings: dict[str, str]) -> list[Won]:
    """`bid_clock`: the bid in force at billed_at or at converted_at."""
    clock = "billed_at" if readings["bid_clock"] == "billed" else "converted_at"
    won = []
    for row in counted_conversions(case, readings):
        bid = bids.at(row[clock])
        won.append(Won(1, row["billed_at"], row["converted_at"], bid, unknown=bid is None))
    return won


def slice_ends(starts: list[datetime]) -> list[datetime]:
    """The next start, at most an hour on (a day where all slices start at 00:00)."""
    daily = all(start == midnight(start.date()) for start in starts)
    longest = timedelta(days=1) if daily else timedelta(hours=1)
    nexts = [*starts[1:], datetime.max][: len(starts)]
    return [min(start + longest, end) for start, end in zip(starts, nexts, strict=True)]


def won_by_slice(case: Case, bids: Bids, readings: dict[str, str]) -> list[Won]:
    """Conversions known only per slice: all their clocks at the start of the slice."""
    span = span_of(case)
    starts = [row["stat_datetime"] for row in case.delivery]
    won = []
    for row, end in zip(case.delivery, slice_ends(starts), strict=True):
        start, count = row["stat_datetime"], row["attribution_convert_cnt"]
        if not span.holds(start) or count == 0:
            continue
        in_force = [bids.at(start)]
        # Of several edits at one instant, only the last is in force for any time at all.
        inside = {edit.at: edit.new for edit in bids.edits if start < edit.at < end}
        in_force += inside.values()
        won.append(won_in_slice(count, start, in_force, readings["slice_bid"]))
    return won


def won_in_slice(
    count: int | None, start: datetime, in_force: list[Decimal | None], reading: str
) -> Won:
    """`slice_bid`: which bid, where it changed inside the slice?"""
    if count is None:
        return Won(None, start, start, None)
    if reading == "slice_start":
        in_force = in_force[:1]
    ambiguous = reading == "hold" and len(set(in_force)) > 1
    unknown = None in in_force
    bid = None
    if not ambiguous and not unknown:
        bid = max(in_force) if reading == "highest" else min(in_force)
    return Won(count, start, start, bid, unknown, ambiguous)


def count_of(won: list[Won]) -> int | None:
    """Null where one slice's count is unknown."""
    counts = [part.count for part in won]
    return None if None in counts else sum(counts)


def target_of(won: list[Won]) -> Decimal | None:
    """三(一): Σ (bid × conversions won at it); null where a count or a bid is unknown."""
    if any(part.count is None or part.bid is None for part in won):
        return None
    return sum((part.bid * part.count for part in won), Decimal(0))


# --- The conditions --------------------------------------------------------------------------


def all_of(*answers: bool | None) -> bool | None:
    """Three-valued and: one no decides."""
    if False in answers:
        return False
    return None if None in answers else True


def prompted_count(first_bid: Decimal | None) -> int | None:
    """二(一): 5000 / first bid; above 15 is 15; below 10 is 10; otherwise rounded up."""
    if first_bid is None:
        return None
    if PROMPT_MOST * first_bid < PROMPT_BUDGET:
        return PROMPT_MOST
    if PROMPT_LEAST * first_bid > PROMPT_BUDGET:
        return PROMPT_LEAST
    count = PROMPT_LEAST
    while count * first_bid < PROMPT_BUDGET:
        count += 1
    return count


def is_over(cost: Decimal, base: Decimal | None, boundary: str) -> bool | None:
    """二: 20 % over, cross-multiplied: cost >= 1.2 × base is 10 × cost >= 12 × base."""
    if base is None:
        return None
    return 10 * cost > 12 * base if boundary == "exclusive" else 10 * cost >= 12 * base


def times(bid: Decimal | None, count: int | None) -> Decimal | None:
    """bid × conversions; none of them cost nothing whatever the bid."""
    if count == 0:
        return Decimal(0)
    return None if bid is None or count is None else bid * count


def at_least(count: int | None, required: int | None) -> bool | None:
    return None if count is None or required is None else count >= required


def edits_by_day(case: Case, kind: str, readings: dict[str, str]) -> Counter:
    """Edits of one kind per natural day (or in all): `edit_unit`, `edit_days_start`."""
    span = span_of(case)
    start = span.first
    if readings["edit_days_start"] == "day":
        start = midnight(start.date())
    seen_saves: set[str] = set()
    days: Counter = Counter()
    for row in case.operations:
        if row["operation"] != kind or not start <= row["create_time"] < span.seen:
            continue
        if readings["edit_unit"] == "save" and row["log_id"] in seen_saves:
            continue
        seen_saves.add(row["log_id"])
        whole = readings["edit_limit_period"] == "window"
        days["window" if whole else row["create_time"].date()] += 1
    return days


def most(days: Counter) -> int:
    return max(days.values(), default=0)


def not_lowered(case: Case, bids: Bids, reading: str) -> bool | None:
    """二(一): within the window the bid must not be lowered."""
    span = span_of(case)
    if reading == "net":
        return not_lowered_net(bids, span) if case.k >= span.window_end else None
    answers = [
        None if before is None or edit.new is None else edit.new >= before
        for edit, before in bids.steps()
        if span.first <= edit.at < span.seen
    ]
    return all_of(*answers)


def not_lowered_net(bids: Bids, span: Span) -> bool | None:
    """`net`: only a bid that ends the window below its highest value in the window."""
    values = [bids.at(span.first)]
    values += [edit.new for edit in bids.edits if span.first < edit.at < span.window_end]
    end = values[-1]
    if end is None:
        return None
    return all_of(*(None if value is None else value <= end for value in values))


# --- A covered plan, judged ------------------------------------------------------------------


class Judge:
    """The facts and reasons of a covered plan whose first delivery is believed."""

    def __init__(self, case: Case, readings: dict[str, str], slices: bool) -> None:
        self.case, self.readings = case, readings
        self.span = span_of(case)
        self.scenario = scenario_of(case.snapshot)
        self.managed = self.scenario == "managed"
        self.bids = bids_of(case)
        won = won_by_slice if slices else won_by_row
        self.won = won(case, self.bids, readings)
        self.cost = self.cost_before(self.span.window_end)
        self.conversions = count_of(self.won)
        self.target = target_of(self.won)
        self.bid_at_end = self.bids.before(self.span.seen)
        self.first_bid = self.bids.initial
        if readings["first_bid"] == "at_first_delivery":
            self.first_bid = self.bids.at(self.span.first)
        self.prompted = prompted_count(self.first_bid) if self.managed else None
        self.required = self.least_count()
        self.over = self.overcost(self.won, self.cost)
        self.enough = at_least(self.conversions, self.required)
        self.not_lowered: bool | None = None
        if self.managed:
            self.not_lowered = not_lowered(case, self.bids, readings["lowering"])
        self.bid_days = edits_by_day(case, "bid", readings)
        self.aud_days = edits_by_day(case, "targeting", readings)
        self.summed = readings["edit_limit_scope"] == "summed" and not self.managed
        self.paused_at = self.left_paused_at()
        self.meets_pause = self.pause_answer()

    def cost_before(self, moment: datetime) -> Decimal:
        """cost: Σ stat_cost of delivery rows in the window, and before the moment."""
        rows = self.case.delivery
        return sum(
            (
                row["stat_cost"]
                for row in rows
                if self.span.holds(row["stat_datetime"]) and row["stat_datetime"] < moment
            ),
            Decimal(0),
        )

    def least_count(self) -> int | None:
        """二(一): strictly more than prompted; 二(二): feed 6, search 2."""
        if not self.managed:
            return LEAST_CONVERSIONS[self.scenario]
        return None if self.prompted is None else self.prompted + 1

    def base_of(self, won: list[Won]) -> Decimal | None:
        """`overcost_base`: over which bid?"""
        reading = self.readings["overcost_base"]
        if reading == "weighted":
            return target_of(won)
        bid = self.bids.initial if reading == "initial" else self.bid_at_end
        return times(bid, count_of(won))

    def overcost(self, won: list[Won], cost: Decimal) -> bool | None:
        return is_over(cost, self.base_of(won), self.readings["overcost_boundary"])

    # Pauses (二(一), FAQ; fine points, Pause)

    def pause_is_asked(self) -> bool:
        return self.managed and self.readings["pause"] != "ignore"

    def switches(self) -> list[Fact]:
        """The pause and enable rows before the end of the window (or K, while it runs)."""
        return [
            row
            for row in self.case.operations
            if row["operation"] in ("pause", "enable") and row["create_time"] < self.span.seen
        ]

    def stretch_ends(self) -> list[datetime]:
        """Every pause that ended an enabled stretch: the first one, or first after an enable."""
        ends, enabled = [], True
        for row in self.switches():
            if row["operation"] == "pause" and enabled:
                ends.append(row["create_time"])
            enabled = row["operation"] == "enable"
        return ends

    def left_paused_at(self) -> datetime | None:
        """Left paused: the first pause after the last enable, even before first delivery."""
        switches = self.switches()
        if not self.pause_is_asked() or not switches:
            return None
        return self.stretch_ends()[-1] if switches[-1]["operation"] == "pause" else None

    def met_before(self, pause: datetime) -> bool | None:
        """Both conditions, on delivery rows begun, and conversions converted, before it."""
        won = [w for w in self.won if w.billed < pause and w.converted < pause]
        enough = at_least(count_of(won), self.required)
        return all_of(self.overcost(won, self.cost_before(pause)), enough)

    def pauses_that_may_preserve(self) -> list[datetime]:
        pauses = [] if self.paused_at is None else [self.paused_at]
        if self.readings["pause"] == "any_pause":
            pauses += [pause for pause in self.stretch_ends() if self.span.holds(pause)]
        return pauses

    def preserved(self) -> bool | None:
        """Both conditions were met at the (or under `any_pause`: at a) pause."""
        if not self.pause_is_asked():
            return False
        answers = [self.met_before(pause) for pause in self.pauses_that_may_preserve()]
        if True in answers:
            return True
        return None if None in answers else False

    def pause_answer(self) -> bool | None:
        """True for a managed plan that is not left paused; null where it is not asked."""
        if not self.pause_is_asked():
            return None
        return True if self.paused_at is None else self.preserved()

    # Edits (二(一), 二(二))

    def meets_edits(self, days: Counter) -> bool:
        """At most twice on one natural day; `summed`: the two kinds together."""
        return most(self.bid_days + self.aud_days if self.summed else days) <= EDIT_LIMIT

    def meets_bid_edits(self) -> bool | None:
        return None if self.managed else self.meets_edits(self.bid_days)

    def meets_targeting_edits(self) -> bool:
        return self.meets_edits(self.aud_days)

    # Reasons

    def held(self) -> set[str]:
        reasons = set()
        if self.conversions is None:
            reasons.add("LOGS_INCOMPLETE")
        if self.bid_is_unknown():
            reasons.add("BID_UNKNOWN")
        if any(part.ambiguous for part in self.won):
            reasons.add("BID_AMBIGUOUS")
        return reasons

    def bid_is_unknown(self) -> bool:
        """A counted conversion, the prompted count or the lowering check needs it."""
        lowering_asked = self.readings["lowering"] == "any" or (self.case.k >= self.span.window_end)
        based = self.readings["overcost_base"] != "weighted" and bool(self.won)
        base_bid = (
            self.bids.initial if self.readings["overcost_base"] == "initial" else self.bid_at_end
        )
        return (
            any(part.unknown for part in self.won)
            or (based and base_bid is None)
            or (self.managed and self.prompted is None)
            or (self.managed and lowering_asked and self.not_lowered is None)
        )

    def invalid(self) -> set[str]:
        reasons = verdict_reasons(self.case)
        if self.not_lowered is False:
            reasons.add("BID_LOWERED")
        if self.summed:
            return reasons | (set() if self.meets_bid_edits() else {"AUD_BID_CHANGES"})
        if self.meets_bid_edits() is False:
            reasons.add("BID_CHANGES")
        if not self.meets_targeting_edits():
            reasons.add("AUD_CHANGES")
        return reasons

    def ended(self) -> set[str]:
        if self.conversions == 0 or self.cost == 0:
            return {"CONVERT_ZERO_OR_COST"}  # stands alone among the ENDED reasons
        reasons = set()
        if self.meets_pause is False:
            reasons.add("PAUSED_BEFORE_MET")
        if self.enough is False:
            reasons.add("CONVERT_UNDER_THRESHOLD")
        if self.over is False and not self.overcost_waived():
            reasons.add("UN_OBERCOST")
        return reasons

    def overcost_waived(self) -> bool:
        """`overcost_at_settlement=preserved` waives UN_OBERCOST where a pause preserved it."""
        preserving = self.readings["overcost_at_settlement"] == "preserved"
        return preserving and self.preserved() is True

    def amount(self) -> Decimal:
        """三(一): total actual cost − Σ (bid × conversions), rounded once, at the end."""
        down = self.readings["rounding"] == "down"
        return (self.cost - self.target).quantize(
            Decimal("0.01"), rounding=ROUND_DOWN if down else ROUND_HALF_UP
        )

    def facts(self) -> dict[str, object]:
        return {
            "cost": self.cost,
            "conversions": self.conversions,
            "target_cost": self.target,
            "first_bid": self.first_bid,
            "bid_at_end": self.bid_at_end,
            "conversions_prompted": self.prompted,
            "conversions_required": self.required,
            "max_daily_bid_edits": most(self.bid_days),
            "max_daily_targeting_edits": most(self.aud_days),
            "paused_at": self.paused_at,
            "meets_overcost": self.over,
            "meets_conversions": self.enough,
            "meets_bid_edits": self.meets_bid_edits(),
            "meets_targeting_edits": self.meets_targeting_edits(),
            "meets_bid_not_lowered": self.not_lowered,
            "meets_pause": self.meets_pause,
            "late_conversions": count_late(self.case),
        }


# --- Outcomes --------------------------------------------------------------------------------


def in_order(reasons: set[str]) -> list[str]:
    """All reasons that apply are reported, in the order of the table."""
    return [code for code in ORDER if code in reasons]


def record(ad_id: int, outcome: str, status: str, reasons: set[str], **facts) -> dict:
    """One decision row; what is not said is null."""
    decision = dict.fromkeys(COLUMNS)
    decision.update(
        ad_id=ad_id,
        rulebook=RULEBOOK,
        outcome=outcome,
        compensate_status=status,
        reasons=in_order(reasons),
        amount=Decimal("0.00"),
    )
    decision.update(facts)
    return decision


def dates_of(first: datetime) -> dict[str, object]:
    """一 and 三(二): the dates that follow from first delivery."""
    end = cycle_end_of(first)
    return {
        "first_delivery_at": first,
        "window_start": first,
        "window_end": window_end_of(first),
        "cycle_end": end,
        "settle_on": end.date(),
    }


def refused_plan(case: Case) -> dict | None:
    """None of its plan rows was accepted: held for that alone, all facts null."""
    reasons = set()
    if case.refused("plans", case.d):
        reasons.add("DATA_QUARANTINED")
    if case.parts["plans"].conflict:
        reasons.add("DATA_CONFLICT")
    return record(case.ad_id, "held", "CONFIRMING", reasons) if reasons else None


def decide_plan(
    case: Case, named: bool, readings: dict[str, str], slices: bool, released: bool = False
) -> dict | None:
    """One plan's row; None for a plan that is not known by D and not named by a log. `released`:
    a person has overruled its hold."""
    if not case.snapshots:
        unknown = record(case.ad_id, "held", "CONFIRMING", {"PLAN_UNKNOWN"})
        return refused_plan(case) or (unknown if named else None)
    who = {"advertiser_id": case.snapshot["advertiser_id"]}
    reasons = not_covered_reasons(case)
    if reasons:
        if case.first is not None and case.believed():
            who |= dates_of(case.first)
        return record(case.ad_id, "not_covered", "DEFAULT", reasons, **who)
    who["scenario"] = scenario_of(case.snapshot)
    if not case.believed():
        reasons = held_reasons(case) | verdict_reasons(case)
        return record(case.ad_id, "held", "CONFIRMING", reasons, **who)
    judge = Judge(case, readings, slices)
    facts = who | dates_of(case.first) | judge.facts()
    held, invalid = held_reasons(case) | judge.held(), judge.invalid()
    if case.d < judge.span.cycle_end:
        status = open_status(case.d, judge.span, invalid)
        return record(case.ad_id, "open", status, held | invalid, **facts)
    if released and judge.conversions is not None:
        held &= CANNOT_BE_OVERRULED
    return settled(case, judge, held, invalid, facts)


def open_status(d: datetime, span: Span, invalid: set[str]) -> str:
    """IN_EFFECT in the window, CONFIRMING after it, INVALID where such a reason stands."""
    if invalid:
        return "INVALID"
    return "IN_EFFECT" if d < span.window_end else "CONFIRMING"


def settled(case: Case, judge: Judge, held: set[str], invalid: set[str], facts: dict) -> dict:
    """From day0 + 5 on: held, else invalid, else ended, else granted."""
    ended = judge.ended()
    reasons = held | invalid | ended
    if held:
        return record(case.ad_id, "held", "CONFIRMING", reasons, **facts)
    if invalid:
        return record(case.ad_id, "invalid", "INVALID", reasons, **facts)
    if ended:
        return record(case.ad_id, "ended", "ENDED", reasons, **facts)
    amount = judge.amount()
    if amount < Decimal("0.01"):
        return record(case.ad_id, "ended", "ENDED", {"CURRENCY_PRECISION"}, **facts)
    return record(case.ad_id, "granted", "CONFIRMING", set(), **facts | {"amount": amount})


# --- All plans, and the row counts -----------------------------------------------------------


def fates_of(book: Book, cases: dict[int, Case], d: datetime) -> dict[Fact, tuple[str, str]]:
    """Every accepted or contradicting row as its own plan sees it; the others as seen at D."""
    fates: dict[Fact, tuple[str, str]] = {}
    for case in cases.values():
        for part in case.parts.values():
            fates.update(part.fates)
    for table in ("grant_usage", "control_totals", "restrictions"):
        for rows in by_key(row for row in book.facts.get(table, ()) if not row.bad).values():
            fates.update(view_key(rows, d).fates)
    return fates


def fate(row: Fact, fates: dict[Fact, tuple[str, str]]) -> tuple[str, str]:
    if row.bad:
        return "quarantined", "; ".join(f"{column}: {why}" for column, why in row.bad.items())
    return fates[row]


def tally(fates: list[tuple[str, str]]) -> dict[str, int]:
    """read = accepted + duplicate + superseded + quarantined."""
    kinds = Counter(kind for kind, _ in fates)
    names = ("accepted", "duplicate", "superseded", "quarantined")
    return {"read": len(fates)} | {name: kinds[name] for name in names}


def chosen(readings: dict[str, str] | None) -> dict[str, str]:
    """The register's defaults with the readings asked for."""
    for name, choice in (readings or {}).items():
        if choice not in ALTERNATIVES.get(name, ()):
            raise ValueError(f"no such reading: {name}={choice}")
    return READINGS | (readings or {})


def decide(
    exports: Exports,
    as_of: date,
    readings: dict[str, str] | None = None,
    released: Collection[int] = (),
) -> Verdict:
    """Decide every plan on the morning of as_of. `released`: plans whose hold was overruled."""
    choices, d = chosen(readings), midnight(as_of)
    slices = "conversions" not in exports.tables
    with localcontext() as context:
        context.prec = 80  # exact: the longest type has 38 digits
        book = Book(exports)
        cases = {ad_id: Case(book, ad_id, d) for ad_id in sorted(book.plans())}
        named = book.named(LOGS, d)
        rows = [
            decide_plan(case, ad_id in named, choices, slices, ad_id in released)
            for ad_id, case in cases.items()
        ]
        found = fates_of(book, cases, d)
    fates = {table: [fate(row, found) for row in facts] for table, facts in book.facts.items()}
    return Verdict(
        decisions=[row for row in rows if row is not None],
        tables={table: tally(of_table) for table, of_table in fates.items()},
        rows=fates,
    )
