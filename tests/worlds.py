"""Random worlds for the property tests: exports in which the boundaries are common.

`world` draws plans as combinations of stories, lays them out flat or in daily partitions,
and dirties a share of them. It knows the rule only well enough to aim at its edges; what is
right is for the oracle to say. Costs are whole 0.00001 yuan, bids whole fen, so all is exact.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from tests.oracle import Exports, Row

Values = dict[str, str | None]
Cell = tuple[str, str]

# column -> kind, in the order of data.md; the kinds decide how a cell is spelled and spoilt
COLUMNS: dict[str, dict[str, str]] = {
    "plans": {
        "ad_id": "id",
        "advertiser_id": "id",
        "lab_ad_type": "enum",
        "marketing_scene": "enum",
        "smart_bid_type": "enum",
        "cpa_bid": "bid",
        "roi_goal": "ratio",
        "name": "str",
        "ad_create_time": "ts",
    },
    "delivery": {
        "ad_id": "id",
        "stat_datetime": "ts",
        "stat_cost": "cost",
        "show_cnt": "count",
        "click_cnt": "count",
        "attribution_convert_cnt": "count",
    },
    "conversions": {
        "conversion_id": "key",
        "ad_id": "id",
        "billed_at": "ts",
        "converted_at": "ts",
        "received_at": "ts",
        "valid": "bool",
    },
    "operations": {
        "log_id": "key",
        "ad_id": "id",
        "create_time": "ts",
        "operation": "enum",
        "old_value": "text",
        "new_value": "text",
        "operator_id": "str",
    },
    "verdicts": {
        "ad_id": "id",
        "decided_at": "ts",
        "verdict": "enum",
        "source": "enum",
        "note": "str",
    },
    "first_deliveries": {"ad_id": "id", "first_delivery_at": "ts"},
}
OPTIONAL: set[Cell] = {
    ("plans", "cpa_bid"),
    ("plans", "roi_goal"),
    ("plans", "name"),
    ("plans", "ad_create_time"),
    ("delivery", "attribution_convert_cnt"),
    ("conversions", "received_at"),
    ("conversions", "valid"),
    ("operations", "old_value"),
    ("operations", "new_value"),
    ("operations", "operator_id"),
    ("verdicts", "note"),
}
EDGE_BIDS = [
    33333,
    33334,
    35714,
    35715,
    38461,
    38462,
    40000,
    41666,
    41667,
    45454,
    45455,
    49999,
    50000,
]
SECOND = timedelta(seconds=1)
MICRO = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NEAR = [-SECOND, timedelta(0), timedelta(0), SECOND, -MICRO]

BAD_NUMBERS = ["1e3", "nan", "inf", "+5", "-5", "５", "abc", "1.2.3", "0x10", "1_000", "1 000"]
BAD: dict[str, list[str | None]] = {
    "id": [None, "", "0", "-1", "9223372036854775808", "abc", "１０１", "1.5", "1e3", "+5"],
    "enum": ["", None, "UNKNOWN", "feed", "lab_ad", "Bid", "LAB_AD_", "通投", "0"],
    "bid": [*BAD_NUMBERS, "0", "0.00", "400.001", "0.001", "99999999999999999", "4００"],
    "ratio": ["nan", "abc", "1e3", "+5", "２.5"],
    "cost": [*BAD_NUMBERS, "", None, "0.000001", "1.123456", "-0.01", "99999999999999"],
    "count": [*BAD_NUMBERS, "", "1.5", "9223372036854775808", "many"],
    "ts": [
        "2022-02-30 10:00:00",
        "1999-10-02 10:00:00",
        "2150-10-02 10:00:00",
        "yesterday",
        "2022-13-01 00:00:00",
        "2022-10-02 25:00:00",
        "2022-10-02 23:60:00",
        "2022-10-02 24:00:01",
        "2015-12-31 23:59:59",
        "2100-01-01 00:00:00",
        "1664582400",
        "２０２２-10-02 10:00:00",
        "2022-10-02 10:00:00+25:00",
    ],
    "bool": ["2", "maybe", "-1", "TRUEISH"],
    "key": ["", None],
}
LOGS = ("delivery", "conversions", "operations")


def _ts(t: datetime) -> str:
    return t.isoformat(" ")


def _fen(fen: int | None) -> str | None:
    return None if fen is None else f"{fen // 100}.{fen % 100:02d}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


class _World:
    """What all plans of one world share: the days, the layout, the columns that exist."""

    def __init__(self, seed: int, layout: str | None) -> None:
        r = self.r = Random(seed)
        self.slices = r.random() < 0.2
        self.base = date(2022, 1, 22) if r.random() < 0.08 else date(2022, 10, 1)
        self.end = self.base + timedelta(20)
        layout = layout or r.choice(["flat", "daily", "daily"])
        self.tables = self._tables()
        self.daily = self._daily() if layout == "daily" else set()
        self.clusters = [self.base + timedelta(r.randrange(1, 9)) for _ in range(3)]
        self.as_of = self._as_of()
        self.absent = self._absent()

    def _tables(self) -> list[str]:
        r = self.r
        tables = ["plans", "delivery", "operations"]
        if not self.slices:
            tables.append("conversions")
        if r.random() < 0.75:
            tables.append("verdicts")
        if r.random() < 0.75:
            tables.append("first_deliveries")
        return [table for table in COLUMNS if table in tables]

    def _daily(self) -> set[str]:
        share = {"plans": 0.6, "verdicts": 0.3, "first_deliveries": 0.15}
        return {t for t in self.tables if self.r.random() < share.get(t, 0.93)}

    def _as_of(self) -> date:
        far = self.r.randrange(7, 30)
        after = self.r.choices([1, 2, 3, 4, 5, 6, far], [5, 5, 6, 14, 30, 12, 28])[0]
        return self.clusters[0] + timedelta(after)

    def _absent(self) -> set[Cell]:
        share = {
            "cpa_bid": 0.04,
            "roi_goal": 0.06,
            "ad_create_time": 0.04,
            "received_at": 0.06,
            "valid": 0.1,
            "old_value": 0.03,
            "new_value": 0,
            "attribution_convert_cnt": 0.5,
        }
        absent = {cell for cell in sorted(OPTIONAL) if self.r.random() < share.get(cell[1], 0.4)}
        if self.slices:
            absent.discard(("delivery", "attribution_convert_cnt"))
        return absent

    def has(self, table: str, column: str) -> bool:
        return table in self.tables and (table, column) not in self.absent


class _Edit:
    """One row of the operation log; bids in fen where they are bids."""

    def __init__(self, at: datetime, kind: str, log_id: str) -> None:
        self.at, self.kind, self.log_id = at, kind, log_id
        self.old: str | None = None
        self.new: str | None = None
        self.bid: int | None = None  # the bid from here on
        self.to: int | None = None  # a wish: the bid this edit should set

    def key(self) -> tuple[datetime, str]:
        return self.at, self.log_id


class _Plan:
    """One plan's story, as rows: [table, values, the day the row was written]."""

    def __init__(self, w: _World, ad_id: int) -> None:
        self.w, self.r, self.ad_id = w, w.r, ad_id
        self.rows: list[tuple[str, Values, date]] = []
        self.edits: list[_Edit] = []
        self.won: list[tuple[datetime, datetime]] = []  # billed, converted; all that count
        self.slices: dict[datetime, int] = {}  # start of a slice in the window -> conversions
        self.split: datetime | None = None  # a pause at which the conditions are aimed at
        self.second: datetime | None = None  # a later one, by which they are lost again
        self.logs, self.wins = ad_id % 12, 0
        self._scenario()
        self._clock()
        self._slice_starts()
        self._edits()
        self._pauses()
        self._chain()
        if self.delivered:
            self._win()
            self._deliver()
        self._strays()
        self._log_edits()
        self._verdicts()
        self._snapshots()
        self._known_first()
        self._unknown()

    def chance(self, share: float) -> bool:
        return self.r.random() < share

    # ---- what the plan is and when

    def _scenario(self) -> None:
        r = self.r
        self.kind = r.choices(
            ["managed", "feed", "search", "SHOPPING_MALL", "ALL", "roi", "conservative"],
            [36, 30, 20, 2, 2, 3, 3],
        )[0]
        scene = {"feed": "FEED", "search": "SEARCH"}.get(self.kind, self.kind)
        if scene not in ("FEED", "SEARCH", "SHOPPING_MALL", "ALL"):
            scene = r.choice(["FEED", "FEED", "SEARCH", "SHOPPING_MALL", "ALL"])
        managed = self.kind == "managed" or (
            self.kind in ("roi", "conservative") and self.chance(0.4)
        )
        self.scene, self.lab = scene, "LAB_AD" if managed else "NOT_LAB_AD"
        self.smart = "SMART_BID_CUSTOM"
        if self.kind == "conservative":
            self.smart = "SMART_BID_CONSERVATIVE"
        self.theme = self._theme()
        self.first_bid = self._bid()
        self.delivered = not self.chance(0.03)

    def _theme(self) -> str:
        """Some plans have one story only, so that it decides: else edits drown the rare ones."""
        themes = {
            "managed": ["pause", "pause", "pause", "prompt", "prompt", "calm"],
            "search": ["cent", "calm"],
            "feed": ["calm"],
        }
        return self.r.choice(themes.get(self.kind, [""])) if self.chance(0.35) else ""

    def _bid(self) -> int:
        r = self.r
        if self.theme == "cent":
            return r.choice([1, 1, 1, 2])
        if self.kind == "search" and self.chance(0.1):
            return r.randrange(1, 6)
        if self.theme == "prompt" or self.chance(0.55):
            return r.choice(EDGE_BIDS)
        return r.choice([r.randrange(50, 5000), r.randrange(30000, 60000), r.randrange(50, 300001)])

    def _clock(self) -> None:
        w, r = self.w, self.r
        day = r.choices(w.clusters, [60, 25, 15])[0]
        if not w.daily and self.chance(0.05):
            day = date(2022, 1, r.choice([24, 25, 26, 26, 27, 27, 28]))
        self.d0 = _midnight(day)
        self.wend, self.cend = self.d0 + 4 * DAY, self.d0 + 5 * DAY
        self.step = r.choices([HOUR, HOUR / 4, DAY], [86, 8, 6])[0]
        if w.slices and self.chance(0.2):
            self.step = DAY
        hour = r.choice([0, 0, 23, *[r.randrange(24)] * 5])
        self.first = self.d0 + (timedelta(0) if self.step == DAY else hour * HOUR)
        if self.step < HOUR:
            off = r.choice([20 * 60, 3599, 1, 59.999999, r.randrange(3600)])
            self.first += timedelta(seconds=off)
        self._creation()

    def _creation(self) -> None:
        r, base = self.r, _midnight(self.w.base)
        back = r.choice([r.choice([0, 1, 60, 3600]), r.randrange(86400), r.randrange(200000)])
        created: datetime | None = self.first - timedelta(seconds=back)
        if self.w.daily and created is not None:
            created = max(created, base)
            if self.chance(0.06):
                created = r.choice([base, base - SECOND, base - 4 * DAY])
        self.born = created or base
        self.created = None if self.chance(0.05 if self.w.daily else 0.15) else created
        if self.chance(0.01):
            self.created = self.first + HOUR

    def spell_bid(self, fen: int | None) -> str | None:
        if fen is None or self.chance(0.8):
            return _fen(fen)
        text = _fen(fen) or ""
        return self.r.choice([text.rstrip("0").rstrip("."), f"{fen / 100:,.2f}", text])

    # ---- moments

    def inside(self, start: datetime, end: datetime) -> datetime:
        seconds = int((end - start).total_seconds())
        return start + timedelta(seconds=int(self.r.random() * max(seconds, 1)))

    def edge(self) -> datetime:
        d0 = self.d0
        edges = [self.first, self.first, self.wend, self.wend, self.cend]
        edges += [d0 + DAY, d0 + 2 * DAY, d0 + 3 * DAY]
        return self.r.choice(edges) + self.r.choice(NEAR)

    def moment(self, edges: float = 0.3) -> datetime:
        if self.chance(edges):
            return self.edge()
        return self.inside(self.first, self.wend)

    def billing(self, start: datetime, end: datetime) -> datetime:
        """A moment in [start, end), often at its edges or at an edit."""
        x = self.r.random()
        at = end  # which is outside
        if x < 0.1:
            return start
        if x < 0.2:
            at = end - self.r.choice([SECOND, SECOND, MICRO])
        elif x < 0.35:
            at = self.edge()
        elif x < 0.5 and self.edits:
            at = self.r.choice(self.edits).at + self.r.choice(NEAR)
        if start <= at < end:
            return at
        return self.inside(start, end)

    def _slice_starts(self) -> None:
        starts = {self.first}
        hours = self.step if self.step == DAY else HOUR
        span = int((self.wend - self.d0) / hours)
        for _ in range(self.r.randrange(2, 8)):
            starts.add(self.d0 + int(self.r.random() * span) * hours)
        if self.chance(0.3):
            starts.add(self.wend - hours)
        if self.step < HOUR and self.chance(0.5):
            starts.add(self.wend - self.r.choice([SECOND, MICRO]))
        if self.chance(0.3):
            starts.add(self.d0 + self.r.randrange(1, 4) * DAY)
        self.slices = dict.fromkeys(sorted(s for s in starts if s >= self.first), 0)

    # ---- edits of bid and targeting, and other operations

    def log_id(self) -> str:
        self.logs += 1
        return f"L{self.ad_id}-{self.logs}" if self.ad_id % 2 else f"L{self.ad_id}-{self.logs:03d}"

    def _edits(self) -> None:
        r = self.r
        if self.theme == "prompt":
            early = r.choice([-SECOND, timedelta(0), SECOND, HOUR])
            self._edit(self.first - early, "bid").to = r.choice(EDGE_BIDS)
        if self.theme:
            return
        day = self.d0 + r.choice([0, 0, 1, 1, 2, 3]) * DAY
        for kind in ("bid", "targeting"):
            for _ in range(r.choices([0, 1, 2, 3, 4], [48, 14, 22, 11, 5])[0]):
                self._edit(self._edit_time(day), kind)
            if self.chance(0.12):
                for _ in range(r.randrange(1, 3)):
                    self._edit(self.moment(), kind)
            if self.chance(0.06):
                self._edit(self.inside(self.born, self.first + SECOND), kind)
        for kind in ("budget", "other"):
            if self.chance(0.08):
                self._edit(self.moment(), kind)
        self._share_saves()
        if self.chance(0.07):
            self._same_instant()

    def _edit_time(self, day: datetime) -> datetime:
        """A moment of one day in the window, so that several edits meet there."""
        if self.chance(0.1):
            return self.moment(0.5)
        if self.w.slices and self.chance(0.6):
            return self.r.choice([*self.slices]) + self.r.choice([*NEAR, HOUR, HOUR / 3, self.step])
        start = max(day, self.first)
        if self.chance(0.25):
            return self.r.choice([start, start, start - SECOND, day + DAY - SECOND, day + DAY])
        return self.inside(start, day + DAY)

    def _edit(self, at: datetime, kind: str, log_id: str | None = None) -> _Edit:
        edit = _Edit(at, kind, log_id or self.log_id())
        self.edits.append(edit)
        return edit

    def _share_saves(self) -> None:
        """Several rows of one save; sometimes a save of both kinds, or across an edge."""
        for edit in list(self.edits):
            if edit.kind in ("bid", "targeting") and self.chance(0.15):
                kind = edit.kind if self.chance(0.6) else "targeting"
                at = edit.at
                if self.chance(0.1) and (at + SECOND).date() == at.date():
                    at += SECOND
                self._edit(at, kind, edit.log_id)

    def _same_instant(self) -> None:
        at = self.moment()
        count = self.r.randrange(2, 4)
        shared = self.log_id() if self.chance(0.3) else None
        for _ in range(count):
            self._edit(at, "bid", shared)
        if self.chance(0.4):
            self.edits[-1].log_id, self.edits[-count].log_id = (
                self.edits[-count].log_id,
                self.edits[-1].log_id,
            )

    def _pauses(self) -> None:
        story = self.r.choices(
            ["", "p", "pe", "ep", "pp", "pep", "epe", "ppe", "pepp", "e", "ppep"],
            [90, 25, 14, 5, 6, 12, 3, 4, 4, 2, 3] if self.lab == "LAB_AD" else [90] + [1] * 10,
        )[0]
        if self.theme == "pause":
            story = self.r.choice(["p", "pp", "pe", "pep", "pepe", "epep", "epe"])
        times = sorted(self._pause_time() for _ in story)
        if len(times) > 1 and self.chance(0.15):
            times[1] = times[0]
        names = {"p": "pause", "e": "enable"}
        made = [self._edit(at, names[c]) for at, c in zip(times, story, strict=True)]
        inside = [e for e in made if e.kind == "pause" and self.first < e.at < self.wend]
        if inside and self.delivered and self.chance(0.7):
            self.split = self.r.choice([inside[0], inside[-1], inside[-1]]).at
            if story in ("pep", "epep") and self.theme and self.chance(0.7):
                self._lose_again(inside[0].at, inside[-1].at)

    def _lose_again(self, one: datetime, two: datetime) -> None:
        """Met at the first pause, not at the second, and cost that comes only after both."""
        between = _midnight(one.date()) + (one.hour + 1) * HOUR
        last = self.wend - HOUR
        if self.step == HOUR and between < two < last:
            self.split, self.second = one, two
            self.slices |= {between: 0, last: 0}

    def _pause_time(self) -> datetime:
        x = self.r.random()
        if self.theme == "pause" and x < 0.3:
            return self.inside(self.first, self.wend)
        if x < 0.12:
            return self.inside(self.born, self.first + SECOND)
        if x < 0.22:
            return self.edge()
        if x < 0.3:
            return self.inside(self.wend, self.cend)
        if x < 0.55:
            return self.r.choice([*self.slices]) + self.r.choice(NEAR)
        return self.inside(self.first, self.wend)

    def _chain(self) -> None:
        """Old and new values, in the order in which the edits apply."""
        r = self.r
        self.edits.sort(key=_Edit.key)
        no_old, broken = self.chance(0.1), self.chance(0.05)
        rising = self.chance(0.7 if self.lab == "LAB_AD" else 0.45)
        bids = [e for e in self.edits if e.kind == "bid"]
        now: int = self.first_bid
        for edit in bids:
            self._new_bid(edit, now, rising)
            edit.old = None if no_old or self.chance(0.03) else self.spell_bid(now)
            edit.new = self.spell_bid(edit.bid)
            now = edit.bid or now
        if broken and bids:
            r.choice(bids).old = _fen(self._bid())
        if bids and self.chance(0.02):
            r.choice(bids).new = None
        for edit in self.edits:
            if edit.kind != "bid":
                self._other_values(edit)
        self._create(bids)

    def _new_bid(self, edit: _Edit, now: int, rising: bool) -> None:
        r = self.r
        x = r.random()
        if edit.to is not None:
            edit.bid = edit.to
        elif x < 0.12:
            edit.bid = now
        elif x < 0.25:
            edit.bid = self.first_bid
        elif x < 0.35:
            edit.bid = r.choice(EDGE_BIDS)
        elif rising:
            edit.bid = now + r.choice([1, now // 10 + 1, now // 3 + 1])
        else:
            edit.bid = max(1, now - r.choice([1, now // 10 + 1, now // 3 + 1, -now // 5]))

    def _other_values(self, edit: _Edit) -> None:
        r = self.r
        if edit.kind == "targeting":
            edit.old = r.choice([None, "年龄:18-23", "age=all", "{}"])
            edit.new = r.choice([edit.old, "年龄:24-30", "region=北京,上海", "{}"])
        elif edit.kind == "budget":
            edit.old, edit.new = r.choice([("300.00", "500.00"), (None, "不限")])
        elif edit.kind in ("pause", "enable"):
            edit.old, edit.new = r.choice([(None, None), ("投放中", "已暂停")])

    def _create(self, bids: list[_Edit]) -> None:
        if self.chance(0.12):
            return
        at = self.created or self.born
        if self.chance(0.02):
            at = self.first + self.r.choice([HOUR, DAY])
        edit = self._edit(at, "create", f"L{self.ad_id}-0")
        edit.new = None if self.chance(0.04) else self.spell_bid(self.first_bid)
        if self.chance(0.02):
            edit.new = _fen(self._bid())
        if self.chance(0.01):
            self._edit(at, "create").new = edit.new

    def bid_at(self, at: datetime) -> int:
        bid = self.first_bid
        for edit in self.edits:
            if edit.bid is not None and edit.at <= at:
                bid = edit.bid
        return bid

    def _log_edits(self) -> None:
        who = str(8800000 + self.ad_id % 5)
        for e in self.edits:
            values: Values = {
                "log_id": e.log_id,
                "ad_id": str(self.ad_id),
                "create_time": _ts(e.at),
                "operation": e.kind,
                "old_value": e.old,
                "new_value": e.new,
                "operator_id": who,
            }
            self.rows.append(("operations", values, e.at.date()))

    # ---- conversions and cost

    def required(self) -> int:
        if self.lab == "LAB_AD":
            return max(10, min(15, -(-500000 // self.first_bid))) + 1
        return 2 if self.scene == "SEARCH" else 6

    def _win(self) -> None:
        r = self.r
        near = [-1, 0, 0, 0, 1] if self.theme == "cent" else [-1, -1, 0, 0, 0, 1, 1, 4]
        n = max(0, self.required() + r.choice(near))
        n = 0 if self.chance(0.04) else n
        if self.split is None:
            self._win_in(self.first, self.wend, n)
            return
        self._win_in(self.first, self.split, n, self.split)
        after = r.choice([0, 1, 2, 6] if self.theme else [0, 0, 1, 4])
        self._win_in(self.split, self.second or self.wend, after)

    def _win_in(
        self, start: datetime, end: datetime, n: int, before: datetime | None = None
    ) -> None:
        if self.w.slices:
            starts = [s for s in self.slices if start <= s < end]
            for _ in range(n if starts else 0):
                at = self.r.choice(starts)
                self.slices[at] += 1
                self.won.append((at, at))
            return
        for _ in range(n):
            billed = self.billing(start, end)
            converted = self._convert(billed, before)
            received = self._receive(converted)
            self.won.append((billed, converted))
            self._conversion(billed, converted, received)

    def _convert(self, billed: datetime, before: datetime | None) -> datetime:
        """Converted in time to count; with `before`, in time for the pause (mostly)."""
        r = self.r
        late = r.choice([0, 0, 1, 600, r.random() * 7200 // 1, r.random() * 300000 // 1])
        at = billed + timedelta(seconds=late)
        if before is not None and at >= before and not self.chance(0.1):
            return r.choice([billed, before - SECOND]) if billed < before - SECOND else billed
        if at < self.wend or self.chance(0.3):
            return min(at, self.cend - SECOND)
        return r.choice([self.wend - SECOND, self.wend]) if billed < self.wend - SECOND else billed

    def _receive(self, converted: datetime) -> datetime | None:
        r = self.r
        x = r.random()
        if x < 0.3 or not self.w.has("conversions", "received_at"):
            return None
        if x < 0.55:
            return converted
        at = converted + timedelta(seconds=r.choice([1, 300, r.random() * 200000 // 1]))
        return at if at < self.cend else self.cend - r.choice([SECOND, MICRO])

    def _conversion(
        self, billed: datetime, converted: datetime, received: datetime | None, valid: bool = True
    ) -> None:
        self.wins += 1
        text = "true" if self.chance(0.85) else None
        values: Values = {
            "conversion_id": f"c{self.ad_id}-{self.wins}",
            "ad_id": str(self.ad_id),
            "billed_at": _ts(billed),
            "converted_at": _ts(converted),
            "received_at": None if received is None else _ts(received),
            "valid": text if valid else "false",
        }
        self.rows.append(("conversions", values, (received or converted).date()))

    def aim(self, target: int) -> int:
        """A cost (0.00001 yuan) at, just beside, or far from 20 % over `target` fen."""
        r = self.r
        if target == 0:
            return r.choice([0, 1, r.randrange(10**8)])
        edge = target * 1200
        x = r.random()
        if self.theme == "cent" and x < 0.7:  # 0.005 over
            return edge // 1000 * 1000 + r.choice([499, 500, 501])
        if x < 0.25:
            return edge
        if x < 0.6:
            return max(0, edge + r.choice([-1, -1, 1, -1000, 1000]))
        if x < 0.7:
            near = r.choice([edge, edge + r.randrange(edge)])
            return near // 1000 * 1000 + r.choice([499, 500, 501])
        return int(edge * (r.uniform(1, 2.5) if x < 0.91 else r.uniform(0.3, 1)))

    def target(self) -> int:
        x = self.r.random()
        if x < 0.1:
            return self.first_bid * len(self.won)
        if x < 0.2:
            return self.bid_at(self.wend - MICRO) * len(self.won)
        clock = 1 if x < 0.27 else 0
        return sum(self.bid_at(pair[clock]) for pair in self.won)

    def _deliver(self) -> None:
        total = self.aim(self.target())
        if self.chance(0.02):
            total = 0
        costs: dict[datetime, int] = {}
        split = self.split
        early = [s for s in self.slices if split is not None and s < split]
        if split is not None and early:
            won = sum(self.bid_at(b) for b, c in self.won if b < split and c < split)
            part = self.aim(won)
            self._spread(early, part, costs)
            rest = [s for s in self.slices if s >= (self.second or split)]
            cheap = self.theme == "pause" and not self.second and self.chance(0.6)
            self._spread(rest, 0 if cheap else max(0, total - part), costs)
        else:
            self._spread([*self.slices], total, costs)
        for at, wins in self.slices.items():
            self._slice(at, costs.get(at, 0), wins)
        self._beside()

    def _spread(self, starts: list[datetime], total: int, costs: dict[datetime, int]) -> None:
        if not starts:
            return
        cuts = sorted(int(self.r.random() * (total + 1)) for _ in starts[1:])
        for at, low, high in zip(starts, [0, *cuts], [*cuts, total], strict=True):
            costs[at] = high - low

    def _slice(self, at: datetime, cost: int, wins: int = 0, still: bool = False) -> None:
        r = self.r
        shows = 0 if still else int(r.random() * 3000) + 1
        clicks = 0 if still else int(r.random() * 50)
        if at == self.first and not still and self.chance(0.4):
            shows, clicks = r.choice([(0, 1), (1, 0), (0, 0 if cost else 1)])
        if not self.w.slices:
            wins = r.randrange(4)
        text = f"{cost // 100000}.{cost % 100000:05d}"
        if text.endswith("000") and self.chance(0.8):
            text = text[:-3]
        values: Values = {
            "ad_id": str(self.ad_id),
            "stat_datetime": _ts(at),
            "stat_cost": text,
            "show_cnt": str(shows),
            "click_cnt": str(clicks),
            "attribution_convert_cnt": str(wins),
        }
        self.rows.append(("delivery", values, at.date()))

    def _beside(self) -> None:
        """Slices that must not count: before first delivery (still), and after the window."""
        r = self.r
        if self.chance(0.15):
            back = r.choice([SECOND, HOUR, DAY])
            self._slice(self.first - back, 0, still=True)
        after = [self.wend, self.wend + HOUR, self.cend - HOUR, self.cend, self.cend + DAY]
        for at in after:
            if self.chance(0.15):
                at = at if self.step != DAY else _midnight(at.date())
                if at not in self.slices:
                    self.slices[at] = 0
                    self._slice(at, r.randrange(10**8), r.randrange(3))

    def _strays(self) -> None:
        """Conversions that do not count, and rows of plans that were never delivered."""
        if not self.delivered and self.chance(0.4):
            self._slice(self.first, 0, still=True)
        if self.w.slices:
            return
        r = self.r
        for _ in range(r.choices([0, 1, 2, 3], [50, 25, 15, 10])[0]):
            billed = self.billing(self.first, self.wend)
            converted, received, valid = billed, billed + HOUR, True
            x = r.random()
            if x < 0.3 and self.w.has("conversions", "received_at"):
                received = self.cend + r.choice([*NEAR, SECOND, HOUR, 3 * DAY, 12 * DAY])
            elif x < 0.5:
                valid = not self.w.has("conversions", "valid")
            elif x < 0.75:
                billed = self.r.choice([self.first, self.wend]) + r.choice([*NEAR, 5 * HOUR])
                converted = received = billed + r.choice([timedelta(0), SECOND, HOUR])
            else:
                late = timedelta(days=r.randrange(1, 15))
                converted = received = max(billed, self.cend - DAY) + late
            given = received if self.w.has("conversions", "received_at") else None
            if valid and self.first <= billed < self.wend and (given or converted) < self.cend:
                continue
            self._conversion(billed, converted, given, valid)

    # ---- verdicts, snapshots, first deliveries

    def _verdicts(self) -> None:
        if not self.chance(0.09):
            return
        r = self.r
        moves = r.choice(
            [
                ["cheating"],
                ["cheating"],
                ["cheating", "cleared"],
                ["cleared"],
                ["cheating", "cleared", "cheating"],
                ["cleared", "cheating"],
            ]
        )
        at = r.choice([self.moment(), self.edge(), _midnight(self.w.as_of) + r.choice(NEAR)])
        for verdict in moves:
            values: Values = {
                "ad_id": str(self.ad_id),
                "decided_at": _ts(at),
                "verdict": verdict,
                "source": r.choice(["ANTI_SPAM", "MANUAL_JUDGE_SPAM"]),
                "note": r.choice([None, "复核"]),
            }
            self.rows.append(("verdicts", values, at.date()))
            at += r.choice([SECOND, HOUR, DAY, 2 * DAY, 6 * DAY])

    def _snapshots(self) -> None:
        r, w = self.r, self.w
        values: Values = {
            "ad_id": str(self.ad_id),
            "advertiser_id": str(7000 + self.ad_id % 6),
            "lab_ad_type": self.lab,
            "marketing_scene": self.scene,
            "smart_bid_type": self.smart,
            "cpa_bid": None,
            "roi_goal": None,
            "name": r.choice([None, "计划", 'a, "b"']),
            "ad_create_time": None if self.created is None else _ts(self.created),
        }
        if self.kind == "roi":
            values["roi_goal"] = r.choice(["2.5", "3", "1.25"])
        if "plans" not in w.daily:
            if not self.chance(0.08):
                values["cpa_bid"] = _fen(r.choice([self.first_bid, self.bid_at(datetime.max)]))
            self.rows.append(("plans", values, w.base))
            return
        days = self._snapshot_days()
        style = r.choices(["follow", "initial", "rogue", "none", "gaps"], [72, 10, 6, 8, 4])[0]
        change = r.choice(days) if self.chance(0.07) else None
        field = r.choice(["lab_ad_type", "marketing_scene", "smart_bid_type"])
        for day in days:
            if day == change:
                values = {**values, field: self._changed(field, values)}
            bid = self._snapshot_bid(day, style)
            if values["cpa_bid"] != bid:
                values = {**values, "cpa_bid": bid}
            self.rows.append(("plans", values, day))

    def _snapshot_days(self) -> list[date]:
        r, w = self.r, self.w
        start = max(self.born.date(), w.base)
        if self.chance(0.08):
            start = min(self.d0.date() + timedelta(r.randrange(1, 8)), w.end)
        if self.chance(0.15):
            return [start + timedelta(k) for k in range(min((w.end - start).days, 12) + 1)]
        far = (w.end - start).days + 1
        return sorted({start, *(start + timedelta(int(r.random() * far)) for _ in range(3))})

    def _snapshot_bid(self, day: date, style: str) -> str | None:
        if style == "none" or (style == "gaps" and self.chance(0.5)):
            return None
        if style == "initial":
            return _fen(self.first_bid)
        if style == "rogue" and self.chance(0.4):
            return _fen(self.first_bid + 100)
        return _fen(self.bid_at(_midnight(day) + DAY - MICRO))

    def _changed(self, field: str, values: Values) -> str:
        known = {
            "lab_ad_type": ["LAB_AD", "NOT_LAB_AD"],
            "marketing_scene": ["FEED", "SEARCH", "SHOPPING_MALL", "ALL"],
            "smart_bid_type": ["SMART_BID_CUSTOM", "SMART_BID_CONSERVATIVE"],
        }
        return self.r.choice([v for v in known[field] if v != values[field]])

    def _known_first(self) -> None:
        r = self.r
        reaches = self.created is not None and self.created.date() >= self.w.base
        if not self.chance(0.03 if reaches else 0.5):
            return
        at = r.choice([self.first] * 3 + [self.first - DAY, self.first - 9 * DAY, self.edge()])
        values: Values = {"ad_id": str(self.ad_id), "first_delivery_at": _ts(at)}
        self.rows.append(("first_deliveries", values, min(at.date() + DAY, self.w.end)))

    def _unknown(self) -> None:
        """A plan that the plan table lacks, named by all its logs or by one of them."""
        if not self.chance(0.04):
            return
        keep = self.r.choice([set(COLUMNS), *({t} for t in COLUMNS)]) - {"plans"}
        self.rows = [row for row in self.rows if row[0] in keep]


# ---- from stories to partitions


class _Placed:
    """A row that has found its partition, before it is frozen."""

    __slots__ = ("dt", "table", "values")

    def __init__(self, table: str, values: Values, dt: date | None) -> None:
        self.table, self.values, self.dt = table, values, dt

    def with_(self, **changes: str | None) -> _Placed:
        return _Placed(self.table, {**self.values, **changes}, self.dt)


class _Layout:
    """Places one plan's rows: late ones, repeated ones, restated ones."""

    def __init__(self, w: _World, plan: _Plan, ids: list[int]) -> None:
        self.w, self.r, self.plan, self.ids = w, w.r, plan, ids
        late, again, restated = (w.r.random() < share for share in (0.25, 0.12, 0.16))
        self.out: list[_Placed] = []
        for table, values, day in plan.rows:
            if table not in w.daily:
                self.out.append(_Placed(table, values, None))
            elif table == "plans":
                self.out.append(_Placed(table, values, self.clamp(day)))
            elif day >= w.base or w.r.random() < 0.35:
                self._log(_Placed(table, values, self.clamp(day)), late, restated)
        if again and self.out:
            self._repeat()

    def clamp(self, day: date) -> date:
        return max(self.w.base, min(self.w.end, day))

    def later(self, row: _Placed, days: int, **changes: str | None) -> _Placed:
        row = row.with_(**changes)
        assert row.dt is not None
        row.dt = self.clamp(row.dt + timedelta(days))
        return row

    def _log(self, row: _Placed, late: bool, restated: bool) -> None:
        x = self.r.random()
        if late and x < 0.2:
            row = self.later(row, self.r.choice([1, 1, 2, 3, 5, 7]))
        elif x > 0.998:
            row = self.later(row, -1)
        if restated and row.table != "operations" and self.r.random() < 0.3:
            self._restate(row)
        else:
            self.out.append(row)

    def _restate(self, row: _Placed) -> None:
        r = self.r
        assert row.dt is not None
        other = other_values(r, row, self.ids)
        wrong, days = row.with_(**other), r.choice([1, 1, 2, 3, 6])
        until = (self.plan.cend.date() - row.dt).days
        story = r.choice(["mended", "mended", "undone", "afterwards", "eve", "spoilt"])
        if story == "mended":
            self.out += [wrong, self.later(row, days)]
        elif story == "undone":
            self.out += [row, self.later(wrong, 1), self.later(row, 1 + days)]
        elif story == "spoilt":
            self.out += [row, self.later(wrong, days)]
        else:  # in the first partition that comes too late, or the last that does not
            days = max(1, until - (story == "eve"))
            self.out += [row, self.later(wrong, days)]

    def _repeat(self) -> None:
        for _ in range(self.r.randrange(1, 4)):
            row = self.r.choice(self.out)
            if row.dt is None or row.table == "plans":
                self.out.append(row)
            else:
                self.out.append(self.later(row, self.r.choice([0, 0, 1, 2, 6])))


def other_values(r: Random, row: _Placed, ids: list[int]) -> Values:
    """What a restatement or a conflict says instead: the same key, other values."""
    old = row.values
    shift = r.choice([-DAY, -HOUR, SECOND, HOUR, DAY])
    if row.table == "delivery":
        cost = r.choice(["0", "0.00001", f"{r.randrange(10**8)}e-5"])
        if cost.endswith("e-5"):
            cost = f"{r.randrange(3000)}.{r.randrange(100000):05d}"
        if cost == old["stat_cost"] or r.random() < 0.15:
            return {"show_cnt": str(r.randrange(3000, 6000))}
        return {"stat_cost": cost, "attribution_convert_cnt": str(r.randrange(5))}
    if row.table == "conversions":
        billed = datetime.fromisoformat(old["billed_at"] or "") - abs(shift)
        turned = "true" if old["valid"] == "false" else "false"
        return r.choice(
            [{"valid": turned}, {"billed_at": _ts(billed)}, {"ad_id": str(r.choice(ids))}]
        )
    if row.table == "verdicts":
        turned = "cleared" if old["verdict"] == "cheating" else "cheating"
        return r.choice([{"verdict": turned}, {"verdict": turned}, {"note": "改判"}])
    if row.table == "first_deliveries":
        first = datetime.fromisoformat(old["first_delivery_at"] or "")
        return {"first_delivery_at": _ts(first - abs(shift))}
    if row.table == "plans":
        return r.choice([{"cpa_bid": "77.70"}, {"name": "另一个"}, {"marketing_scene": "ALL"}])
    return {}


# ---- dirt, and variety that must not matter


def soil(r: Random, rows: list[_Placed], ids: list[int]) -> None:
    """One dirty row for this plan: a bad cell, impossible order, a conflict, a duplicate."""
    table = r.choice(sorted({row.table for row in rows}))
    k = r.choice([i for i, row in enumerate(rows) if row.table == table])
    row, kind = rows[k], r.random()
    if kind < 0.12 and table != "operations":
        rows.append(row.with_(**other_values(r, row, ids)))
    elif kind < 0.18:
        rows.append(row.with_())
    else:
        bad = _disorder(r, row) if table == "conversions" and kind < 0.35 else _spoil(r, row)
        if r.random() < 0.5:
            rows[k] = bad
            return
        if table == "conversions" and r.random() < 0.6 and bad.values["conversion_id"]:
            bad.values["conversion_id"] += "x"
        rows.append(bad)


def _disorder(r: Random, row: _Placed) -> _Placed:
    billed = datetime.fromisoformat(row.values["billed_at"] or "")
    before = _ts(billed - r.choice([SECOND, MICRO, DAY]))
    if r.random() < 0.5:
        return row.with_(converted_at=before)
    return row.with_(received_at=before)


def _spoil(r: Random, row: _Placed) -> _Placed:
    kinds = {c: k for c, k in COLUMNS[row.table].items() if k in BAD}
    if row.values.get("operation") in ("bid", "create"):
        kinds |= {"old_value": "bid", "new_value": "bid"}
    column = r.choice([*kinds])
    bad = r.choice(BAD[kinds[column]])
    if not bad and (row.table, column) in OPTIONAL and kinds[column] != "count":
        bad = r.choice(["abc", "1e3"])  # null would be allowed there
    elif not bad and r.random() < 0.3:
        bad = r.choice(["--", "—", "  "])
    return row.with_(**{column: bad})


def _respell_time(r: Random, text: str) -> str:
    at = datetime.fromisoformat(text)
    x = r.random()
    if at.time() == time() and x < 0.5:
        return f"{(at - DAY).date()} 24:00:00"
    if x < 0.25:
        return text.replace(" ", "T")
    if x < 0.45:
        return text if at.microsecond else text + r.choice([".0", ".000", ".000000"])
    if x < 0.65:
        return text + "+08:00"
    if x < 0.85:
        return (at - 8 * HOUR).isoformat() + "Z"
    if x < 0.92:
        return (at - 13 * HOUR).isoformat() + "-05:00"
    return f" {text} "


def _respell_number(r: Random, text: str, decimals: bool) -> str:
    whole, dot, rest = text.partition(".")
    if r.random() < 0.5 and whole.isascii() and whole.isdigit():
        return f"{int(whole):,}{dot}{rest}"
    if decimals and dot and r.random() < 0.6:
        return r.choice([text + "0", text.rstrip("0").rstrip(".")])
    return r.choice([f" {text}", f"{text}  ", f"\t{text}"])


def _respell(r: Random, kind: str, text: str) -> str:
    if kind == "ts":
        return _respell_time(r, text)
    if kind in ("id", "count", "cost", "bid"):
        return _respell_number(r, text, kind in ("cost", "bid"))
    if kind == "enum":
        return f" {text} "
    if kind == "bool":
        return r.choice([text, f" {text}", text.upper(), text.capitalize()])
    return text


def vary(r: Random, rows: list[_Placed]) -> None:
    """Spell some cells otherwise; what they say stays the same."""
    for k, row in enumerate(rows):
        if r.random() < 0.6:
            continue
        column = r.choice([*row.values])
        old, kind = row.values[column], COLUMNS[row.table][column]
        if old is None:
            rows[k] = row.with_(**{column: r.choice(["--", "—", ""])})
        elif kind in ("ts", "id", "count", "cost", "bid", "enum", "bool"):
            rows[k] = row.with_(**{column: _respell(r, kind, old)})


# ---- the world


def world(
    seed: int, plans: int = 150, layout: str | None = None, dirt: float = 0.1
) -> tuple[Exports, date]:
    """Exports and an as-of day, from the seed alone; layout 'flat', 'daily' or None (either)."""
    w = _World(seed, layout)
    r = w.r
    ids = [10_000 + k for k in r.sample(range(plans * 9), plans)]
    if plans > 2:
        ids[:2] = [r.choice([1, 7, 1745000000000701]), 2**63 - 1]
    placed: list[_Placed] = []
    for ad_id in ids:
        rows = _Layout(w, _Plan(w, ad_id), ids).out
        varied, soiled = r.random() < 0.12, r.random() < dirt
        if varied:
            vary(r, rows)
        if soiled and rows:
            _soil_plain(r, rows, ids)
        placed += rows
    return _gather(w, placed), w.as_of


class _LongWorld(_World):
    """A world in which plans begin on every day of many, and every table has partitions."""

    def __init__(self, seed: int, base: date, end: date) -> None:
        super().__init__(seed, "daily")
        self.slices, self.absent = False, set()
        self.base, self.end = base, end
        self.tables, self.daily = list(COLUMNS), set(COLUMNS)

    def begin(self, day: date) -> None:
        """Where the next plan's days lie: first delivery, and a verdict around or after them."""
        self.clusters = [day] * 3
        self.as_of = day + timedelta(self.r.randrange(1, 14))


def long_world(seed: int, plans: int, base: date, end: date, dirt: float = 0.1) -> Exports:
    """Daily partitions from `base` to `end` in which plans begin to deliver on every day."""
    w = _LongWorld(seed, base, end)
    r = w.r
    ids = [10_000 + k for k in r.sample(range(plans * 9), plans)]
    tables: dict[str, list[Row]] = {table: [] for table in w.tables}
    for place, ad_id in enumerate(ids):
        w.begin(base + timedelta(1 + place * ((end - base).days - 1) // plans))
        rows = _Layout(w, _Plan(w, ad_id), ids).out
        if r.random() < 0.12:
            vary(r, rows)
        if rows and r.random() < dirt:
            _soil_plain(r, rows, ids)
        for row in rows:
            tables[row.table].append(Row(row.values, row.dt))
    days = [base + timedelta(k) for k in range((end - base).days + 1)]
    return Exports(tables, dict.fromkeys(w.tables, days))


def restated(r: Random, table: str, row: Row, ids: list[int]) -> Row:
    """The row with other values, as a restatement has them; as it is, where nothing can differ."""
    placed = _Placed(table, row.values, row.dt)
    try:
        return Row({**row.values, **other_values(r, placed, ids)}, row.dt)
    except ValueError:  # a time that is spelled otherwise, or broken
        return row


def _soil_plain(r: Random, rows: list[_Placed], ids: list[int]) -> None:
    """Dirt needs readable times; where variety respelled them, a bad cell will do."""
    try:
        soil(r, rows, ids)
    except ValueError:
        k = r.randrange(len(rows))
        rows[k] = _spoil(r, rows[k])


def _gather(w: _World, placed: list[_Placed]) -> Exports:
    days = _days(w, placed)
    columns = {t: [c for c in COLUMNS[t] if (t, c) not in w.absent] for t in w.tables}
    allowed = {t: set(d) for t, d in days.items()}
    tables: dict[str, list[Row]] = {t: [] for t in w.tables}
    for row in placed:
        if row.table not in tables:
            continue
        if row.table in allowed and row.dt not in allowed[row.table]:
            continue
        values = row.values
        tables[row.table].append(Row({c: values[c] for c in columns[row.table]}, row.dt))
    return Exports(tables, days)


def _days(w: _World, placed: list[_Placed]) -> dict[str, list[date]]:
    """The partitions that exist: perhaps none from as_of on, one emptied, one missing."""
    r = w.r
    last = w.end if r.random() < 0.5 else max(w.base, min(w.end, w.as_of - timedelta(1)))
    count = (last - w.base).days + 1
    days = {t: [w.base + timedelta(k) for k in range(count)] for t in w.tables if t in w.daily}
    if days and r.random() < 0.3:
        table, day = r.choice([*days]), w.base + timedelta(r.randrange(15))
        for row in placed:
            if row.table == table and row.dt == day:
                row.dt = day + timedelta(1)
    if days and r.random() < 0.15:
        logs = [t for t in days if t in LOGS and r.random() < 0.95] or [*days]
        table, k = r.choice(logs), r.randrange(min(count, 15))
        if count > 1:
            del days[table][k]
    return days


# ---- writing


def _header(table: str, rows: list[Row]) -> list[str]:
    known: set[str] = set()
    for row in rows:
        known |= row.values.keys()
    return [c for c in COLUMNS[table] if c in known or (table, c) not in OPTIONAL]


def _parts(rows: list[Row], r: Random | None) -> list[list[Row]]:
    """One to three files; with `r`, shuffled and split at random."""
    count = len(rows) % 3 + 1 if r is None else r.randrange(1, 4)
    if r is None:
        return [rows[k::count] for k in range(count)]
    parts: list[list[Row]] = [[] for _ in range(count)]
    for row in r.sample(rows, len(rows)):
        r.choice(parts).append(row)
    return parts


def _write_file(path: Path, header: list[str], rows: list[Row], fmt: str) -> None:
    if fmt == "parquet":
        arrays = [pa.array([row.values.get(c) for row in rows], pa.string()) for c in header]
        pq.write_table(pa.table(arrays, names=header), path)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(header)
        out.writerows([row.values.get(c) for c in header] for row in rows)


def write(
    exports: Exports, folder: Path, fmt: str = "csv", shuffle_seed: int | None = None
) -> None:
    """Write the exports in data.md's layouts; a seed shuffles the rows and the split."""
    r = None if shuffle_seed is None else Random(shuffle_seed)
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in exports.tables.items():
        header = _header(table, rows)
        if table not in exports.days:
            some = rows if r is None else r.sample(rows, len(rows))
            _write_file(folder / f"{table}.{fmt}", header, some, fmt)
            continue
        by_day: dict[date | None, list[Row]] = {day: [] for day in exports.days[table]}
        for row in rows:
            by_day[row.dt].append(row)
        for day, some in by_day.items():
            place = folder / table / f"dt={day}"
            place.mkdir(parents=True, exist_ok=True)
            for k, part in enumerate(_parts(some, r)):
                _write_file(place / f"part-{k}.{fmt}", header, part, fmt)


# ---- counterexamples


def _id(text: str | None) -> int | None:
    plain = (text or "").strip().replace(",", "")
    return int(plain) if plain.isascii() and plain.isdigit() else None


def only(exports: Exports, ad_id: int) -> Exports:
    """The rows that concern one plan, and those that share a conversion id with it."""
    shared = {
        row.values["conversion_id"]
        for row in exports.tables.get("conversions", [])
        if _id(row.values["ad_id"]) == ad_id and row.values["conversion_id"]
    }
    tables = {
        table: [
            row
            for row in rows
            if _id(row.values["ad_id"]) == ad_id or row.values.get("conversion_id") in shared
        ]
        for table, rows in exports.tables.items()
    }
    return Exports(tables, exports.days)


def plan_of(ad_id: int, partitions: Iterable[list[Row]]) -> Callable[[list[Row]], list[Row]]:
    """Which rows of a partition concern one plan, or share a conversion id with it; asked once of
    each of these partitions."""
    distinct = {id(rows): rows for rows in partitions}
    rows = [row for some in distinct.values() for row in some]
    shared = {row.values.get("conversion_id") for row in rows if _is_of(row, ad_id)} - {None, ""}
    found = {
        key: [r for r in some if _is_of(r, ad_id) or r.values.get("conversion_id") in shared]
        for key, some in distinct.items()
    }
    return lambda rows: found[id(rows)]


def _is_of(row: Row, ad_id: int) -> bool:
    return _id(row.values.get("ad_id")) == ad_id


def _missing(days: list[date]) -> str:
    gaps = {days[0] + timedelta(k) for k in range((days[-1] - days[0]).days)} - set(days)
    without = "".join(f", without {day}" for day in sorted(gaps))
    return f"dt {days[0]} .. {days[-1]}{without}"


def show(exports: Exports) -> str:
    """The exports as compact text: a line per row, in the order of partition and values."""
    lines: list[str] = []
    for table, rows in exports.tables.items():
        days = exports.days.get(table)
        lines.append(f"{table} ({_missing(days) if days else 'flat'})")
        texts = [
            (f"  {row.dt} | " if row.dt else "  ")
            + " ".join(f"{c}={v!r}" for c, v in row.values.items() if v is not None)
            for row in rows
        ]
        lines += sorted(texts)
    return "\n".join(lines)
