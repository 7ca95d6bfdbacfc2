"""A platform for `tests.soak`: daily partitions over many weeks, which land late, are wrong at
first, and are restated. Its plans are those of `tests.worlds`, begun day after day."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from tests.oracle import Exports, Row
from tests.worlds import COLUMNS, LOGS, long_world, restated

BASE = date(2022, 10, 1)
ADVERTISERS = range(7000, 7006)  # as worlds has them
MORE = {
    "restrictions": ("advertiser_id", "starts_at", "ends_at", "reason"),
    "grant_usage": ("usage_id", "advertiser_id", "used_at", "amount"),
}
HEADERS: dict[str, tuple[str, ...]] = {name: tuple(of) for name, of in COLUMNS.items()} | MORE
# Without these on the morning after, no night can be run.
NEEDED = ("plans", *LOGS)
LONGEST = 4  # days until a partition is corrected

Place = tuple[str, date]  # a table's partition
Days = Mapping[Place, list[Row]]


@dataclass(frozen=True)
class Version:
    """What a partition holds from the morning `since` on."""

    since: date
    rows: list[Row]


class Platform:
    """All partitions, each with the versions that it ever had, the last one right."""

    def __init__(self, seed: int, plans: int, nights: int) -> None:
        self.chance = Random(f"platform {seed}")
        self.last = BASE + timedelta(nights)  # the last morning; its eve is the last partition
        world = long_world(seed, plans, BASE, self.last + timedelta(8))
        self.ids = sorted({int(i) for row in world.tables["plans"] if (i := _id(row)).isdigit()})
        self.versions: dict[Place, list[Version]] = {}
        self.counts = {"late partitions": 0, "corrected partitions": 0}
        right = self._partitions(world)
        for place, rows in right.items():
            is_quiet = place[1] > self.last - timedelta(LONGEST + 2)
            self.versions[place] = self._story(place, rows, is_quiet=is_quiet)

    def _partitions(self, world: Exports) -> dict[Place, list[Row]]:
        found: dict[Place, list[Row]] = {
            (table, day): [] for table in NEEDED for day in world.days[table] if day < self.last
        }
        rows = {**world.tables, "restrictions": self._restrictions()}
        for table, some in rows.items():
            for row in some:
                assert row.dt is not None
                if row.dt < self.last:
                    found.setdefault((table, row.dt), []).append(row)
        return found

    def _restrictions(self) -> list[Row]:
        """Each begins without an end, which a later partition states."""
        rows, day = [], BASE + timedelta(self.chance.randrange(2, 8))
        while day < self.last:
            starts = f"{day} {self.chance.randrange(24):02d}:00:00"
            until = day + timedelta(self.chance.randrange(1, 9))
            row = {"advertiser_id": str(self.chance.choice(ADVERTISERS)), "starts_at": starts}
            rows.append(Row({**row, "ends_at": None, "reason": "核查"}, day))
            rows.append(Row({**row, "ends_at": f"{until} 12:00:00", "reason": "核查"}, until))
            day += timedelta(self.chance.randrange(2, 8))
        return rows

    def _story(self, place: Place, rows: list[Row], *, is_quiet: bool) -> list[Version]:
        """In time and right; or late; or wrong at first, and corrected some days later."""
        table, day = place
        first, luck = day + timedelta(1), self.chance.random()
        if is_quiet or table not in COLUMNS or luck > 0.16:
            return [Version(first, rows)]
        if luck < 0.04:
            self.counts["late partitions"] += 1
            return [Version(first + timedelta(self.chance.randint(1, LONGEST - 1)), rows)]
        self.counts["corrected partitions"] += 1
        mended = first + timedelta(self.chance.randint(1, LONGEST))
        return [Version(first, self._wrong(table, rows)), Version(mended, rows)]

    def _wrong(self, table: str, rows: list[Row]) -> list[Row]:
        """A partition with rows that are missing, or say something else."""
        found = []
        for row in rows:
            luck = self.chance.random()
            if luck < 0.25:
                continue
            found.append(restated(self.chance, table, row, self.ids) if luck < 0.5 else row)
        return found

    def put(self, table: str, day: date, rows: list[Row]) -> None:
        """A partition that comes of what the ledger says: grants that were spent."""
        self.versions[table, day] = [Version(day + timedelta(1), rows)]

    def at(self, place: Place, morning: date) -> Version | None:
        """What a partition holds on a morning; null: it has not landed."""
        landed = [version for version in self.versions[place] if version.since <= morning]
        return landed[-1] if landed else None

    def has_landed(self, morning: date) -> bool:
        """Can a night be run?"""
        eve = morning - timedelta(1)
        return all(self.at((table, eve), morning) for table in NEEDED)

    def days(self, first: date, morning: date) -> dict[Place, list[Row]]:
        """The partitions from `first` to the eve of a morning, as they are then."""
        return {
            place: version.rows
            for place in self.versions
            if first <= place[1] < morning and (version := self.at(place, morning)) is not None
        }

    def news(self, since: date | None, morning: date) -> Iterator[date]:
        """Days of the logs that landed late, or were corrected, after a morning until another."""
        for (table, day), versions in self.versions.items():
            for version in versions:
                is_late = table in LOGS and version.since > day + timedelta(1)
                is_told = since is not None and version.since <= since
                if is_late and not is_told and version.since <= morning:
                    yield day


def _id(row: Row) -> str:
    return (row.values["ad_id"] or "").strip().replace(",", "")


def as_exports(days: Days) -> Exports:
    """Partitions as the oracle takes them."""
    tables: dict[str, list[Row]] = {table: [] for table in HEADERS}
    there: dict[str, list[date]] = {table: [] for table in HEADERS}
    for (table, day), rows in sorted(days.items(), key=lambda item: item[0]):
        tables[table] += rows
        there[table].append(day)
    return Exports(tables, there)


def write(days: Days, folder: Path) -> Path:
    """The partitions as a folder of exports."""
    for (table, day), rows in days.items():
        place = folder / table / f"dt={day}"
        place.mkdir(parents=True)
        with (place / "part.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(HEADERS[table])
            out.writerows([row.values.get(name) for name in HEADERS[table]] for row in rows)
    return folder
