"""`qcg report`: every number on the page is the ledger's and the decisions'; it loads nothing."""

from __future__ import annotations

import re
import shutil
import string
import subprocess
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
import typer
from typer.testing import CliRunner

from qianchuan_guarantee.cli.report import report
from qianchuan_guarantee.decide import Question
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.errors import InvariantError, UsageError, UserError
from qianchuan_guarantee.ledger import review, schema
from qianchuan_guarantee.ledger.policy import load_policy
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.nightly import Night
from qianchuan_guarantee.nightly import run as run_night
from qianchuan_guarantee.report.charts import TrendPoint, trend
from qianchuan_guarantee.report.night import collect
from qianchuan_guarantee.report.page import render, write_page
from qianchuan_guarantee.vocabulary import OUTCOMES, REASONS, STATUSES, Language
from qianchuan_guarantee.wording import page as words
from tests.conftest import BOOKS, FIXTURES

FIRST, LAST = date(2022, 10, 18), date(2022, 10, 20)
HOSTILE = "<script>alert(1)</script>"
VOID = {"meta", "br", "link", "img", "input", "hr"}
BROWSER = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)


class Page(HTMLParser):
    """What a reader sees: texts by id, and the rows of the tables of each section, as texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.by_id: dict[str, str] = {}
        self.tables: dict[str, list[list[list[str]]]] = {}
        self._section = ""
        self._open: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag not in VOID:
            self._open.append((tag, found.get("id")))
        if tag == "section":
            self._section = found["aria-labelledby"] or ""
            self.tables[self._section] = []
        if tag == "table":
            self.tables[self._section].append([])
        if tag == "tr":
            self.tables[self._section][-1].append([])
        if tag in ("td", "th"):
            self.tables[self._section][-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag, f"{tag} is closed out of order"

    def handle_data(self, data: str) -> None:
        opened = [tag for tag, _ in self._open]
        if "style" in opened or "svg" in opened:
            return
        self.text += data
        for _, name in self._open:
            if name:
                self.by_id[name] = self.by_id.get(name, "") + data
        if "td" in opened or "th" in opened:
            row = self.tables[self._section][-1][-1]
            row[-1] += data

    def rows(self, section: str, number: int = 0) -> list[list[str]]:
        """Of one table, without its head."""
        return [
            [" ".join(cell.split()) for cell in row] for row in self.tables[section][number][1:]
        ]


def money(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("\N{MINUS SIGN}", "-"))


def shown(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, with markup where people and programs write."""
    folder = tmp_path_factory.mktemp("report") / "demo"
    shutil.copytree(FIXTURES / "demo", folder)
    for file in (folder / "plans").rglob("*.csv"):
        text = file.read_text("utf-8-sig")
        file.write_text(text.replace("通投-计划行全部被拒", HOSTILE), "utf-8")
    delivery = folder / "delivery" / "dt=2022-10-09" / "delivery.csv"
    text = delivery.read_text("utf-8-sig")
    assert ",abc," in text
    delivery.write_text(text.replace(",abc,", f",{HOSTILE},"), "utf-8")
    return folder


@pytest.fixture(scope="module")
def store(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Two nights; after each of them people approve, refuse and take back."""
    kept = Store(str(tmp_path_factory.mktemp("report") / "store"), create=True)
    policy = load_policy(None)
    for place, day in enumerate((FIRST, LAST)):
        engine = DuckDB()
        night = Night(Question(str(exports), day, BOOKS), policy, by=f"{HOSTILE} & co")
        run_night(night, kept, engine, lambda key, **words: None)
        engine.close()
        by_size = sorted(waiting(kept), key=lambda row: row["amount_fen"])
        ids = [row["entry_id"] for row in by_size]
        review.approve(kept, ids[:1], by="A", why="looked at", policy=policy)
        review.refuse(kept, ids[1:3], by="A", why=HOSTILE)
        plan = by_size[0]["ad_id"]
        review.claw_back(kept, plan, 1 + place, by="B", why="agreed", policy=policy)
    yield kept
    kept.close()


def waiting(store: Store) -> list[Any]:
    made, answer = schema.entries, schema.entries.alias()
    is_answered = sa.exists().where(answer.c.corrects == made.c.entry_id)
    with store.reading() as connection:
        query = sa.select(made).where(made.c.kind == "proposed", ~is_answered)
        return list(connection.execute(query).mappings())


def fen_of(store: Store, run_id: str | None, *kinds: str) -> Decimal:
    table = schema.entries
    with store.reading() as connection:
        query = sa.select(sa.func.sum(table.c.amount_fen)).where(
            table.c.kind.in_(kinds), table.c.run_id == run_id
        )
        return Decimal(connection.execute(query).scalar() or 0) / 100


def run_ids(store: Store) -> list[str]:
    with store.reading() as connection:
        runs = schema.runs
        return list(connection.execute(sa.select(runs.c.run_id).order_by(runs.c.number)).scalars())


def decisions(store: Store, run_id: str) -> list[dict[str, Any]]:
    assert store.folder is not None
    return pq.read_table(store.folder / "runs" / run_id / "decisions.parquet").to_pylist()


@pytest.fixture(scope="module", params=["en", "zh"])
def lang(request: pytest.FixtureRequest) -> Language:
    found: Language = request.param
    return found


@pytest.fixture(scope="module")
def html(store: Store, lang: Language) -> str:
    return render(collect(store, None), lang)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_money_is_the_ledgers(store: Store, page: Page) -> None:
    last = run_ids(store)[-1]
    assert money(page.by_id["issued"]) == fen_of(store, last, "issued", "supplement")
    assert money(page.by_id["refused"]) == fen_of(store, last, "refused")
    assert money(page.by_id["recovered"]) == fen_of(store, last, "claw_back")
    assert money(page.by_id["issued"]) > 0


def test_what_waits_is_what_nothing_had_answered(store: Store, page: Page) -> None:
    causes, each = page.rows("waits"), page.rows("waits", 1)
    assert money(page.by_id["waiting"]) == sum(money(row[2]) for row in causes)
    assert money(page.by_id["waiting"]) == sum(money(row[5]) for row in each)
    assert sum(shown(row[1]) for row in causes) == len(each)
    # The three that people answered after the run waited as it ended.
    assert len(each) == len(waiting(store)) + 3
    still = {row["entry_id"]: Decimal(row["amount_fen"]) / 100 for row in waiting(store)}
    on_page = {row[6]: money(row[5]) for row in each}
    assert still.items() <= on_page.items()


def test_nights_add_up_to_everything_that_was_ever_entered(store: Store, page: Page) -> None:
    rows = page.rows("trend")
    assert [row[0] for row in rows] == [str(LAST), str(FIRST)]
    table = schema.entries
    with store.reading() as connection:
        query = sa.select(table.c.kind, sa.func.sum(table.c.amount_fen)).group_by(table.c.kind)
        sums: Counter[str] = Counter()
        for kind, fen in connection.execute(query):
            sums[kind] += fen
    columns = [sum(money(row[place]) for row in rows) for place in (1, 2, 3)]
    assert columns[0] == Decimal(sums["issued"] + sums["supplement"]) / 100
    assert columns[1] == Decimal(sums["refused"]) / 100
    assert columns[2] == Decimal(sums["claw_back"]) / 100 == Decimal("0.03")
    assert [money(row[3]) for row in rows] == [Decimal("0.02"), Decimal("0.01")]
    assert money(rows[0][4]) == money(page.by_id["waiting"])


def test_plans_are_the_decisions(store: Store, page: Page, lang: Language) -> None:
    rows = decisions(store, run_ids(store)[-1])
    total = page.rows("plans", 1)[-1]
    assert shown(total[1]) == len(rows)
    outcome, first, every = "", Counter[Any](), Counter[Any]()
    outcomes: Counter[str] = Counter()
    names = {term.text(lang): code for code, term in OUTCOMES.items()}
    for text, as_first, at_all in page.rows("plans", 1)[:-1]:
        if text in names and not at_all:
            outcome = names[text]
            outcomes[outcome] = shown(as_first)
            continue
        code = text.split()[-1] if text.split()[-1] in REASONS else ""
        first[outcome, code], every[outcome, code] = shown(as_first), shown(at_all)
        assert not code or text == f"{REASONS[code].text(lang)} {code}"
    assert outcomes == Counter(row["outcome"] for row in rows)
    assert +first == Counter((row["outcome"], (row["reasons"] or [""])[0]) for row in rows)
    assert every == Counter((row["outcome"], c) for row in rows for c in row["reasons"] or [""])


def test_statuses_are_those_that_the_plans_had_as_the_run_ended(store: Store, page: Page) -> None:
    history = schema.statuses
    by_then: dict[int, str] = {}
    with store.reading() as connection:
        runs = schema.runs
        done = connection.execute(sa.select(sa.func.max(runs.c.finished_at))).scalar_one()
        query = sa.select(history).where(history.c.at <= done).order_by(history.c.act)
        for row in connection.execute(query).mappings():
            by_then[row["ad_id"]] = row["status"]
    *rows, total = page.rows("plans")
    assert {row[0].split()[-1]: shown(row[1]) for row in rows} == Counter(by_then.values())
    assert shown(total[1]) == len(by_then)
    assert {row[0].split()[-1] for row in rows} <= set(STATUSES)


def test_the_biggest_grants(store: Store, page: Page) -> None:
    granted = [r for r in decisions(store, run_ids(store)[-1]) if r["outcome"] == "granted"]
    granted.sort(key=lambda row: (-row["amount"], row["ad_id"]))
    rows = page.rows("grants")
    assert len(rows) == 20 < len(granted)
    for row, found in zip(rows, granted, strict=False):
        assert [int(row[0]), int(row[1])] == [found["ad_id"], found["advertiser_id"]]
        assert [money(row[3]), money(row[4])] == [found["cost"], found["target_cost"]]
        assert [shown(row[5]), money(row[6])] == [found["conversions"], found["amount"]]
    total = f"{sum(row['amount'] for row in granted):,.2f}"
    assert total in page.text
    assert f"{sum(row['amount'] for row in granted[:20]):,.2f}" in page.text


def test_every_held_plan_with_what_to_do(store: Store, page: Page, lang: Language) -> None:
    held = [r for r in decisions(store, run_ids(store)[-1]) if r["outcome"] == "held"]
    rows = {int(row[0]): row for row in page.rows("held")}
    assert rows.keys() == {row["ad_id"] for row in held}
    for found in held:
        row = rows[found["ad_id"]]
        for code in (code for code in found["reasons"] if REASONS[code].kind == "held"):
            assert REASONS[code].text(lang) in row[2]
            assert REASONS[code].advice(lang) in row[3]
        if found["reasons"][0] == "DATA_QUARANTINED":
            assert re.search(r"\.csv\D+\d+", row[2]), "no row to mend is named"


def test_an_earlier_night_is_as_it_was(store: Store, lang: Language) -> None:
    page = Page(render(collect(store, FIRST), lang))
    assert [row[0] for row in page.rows("trend")] == [str(FIRST)]
    assert words.say("trend_one", lang) in page.text
    first = run_ids(store)[0]
    assert money(page.by_id["issued"]) == fen_of(store, first, "issued")
    assert money(page.by_id["waiting"]) == sum(money(row[5]) for row in page.rows("waits", 1))


def test_what_people_and_exports_wrote_is_text(html: str, page: Page) -> None:
    assert HOSTILE in page.text, "the refused cell and who started the run are shown"
    assert HOSTILE not in html
    assert not [tag for tag, _ in page.tags if tag in ("script", "iframe", "img", "link", "object")]
    assert not [name for _, found in page.tags for name in found if name.startswith("on")]


def test_it_loads_nothing(html: str, page: Page) -> None:
    bare = html.replace('xmlns="http://www.w3.org/2000/svg"', "")
    bare = bare.replace('xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    bare = bare.replace("http-equiv=", "")
    assert "http" not in bare
    assert not re.search(r"url\(|@import|\b(src|srcset|href|action|data)=", bare)
    assert "default-src 'none'" in html


def test_it_says_its_language_and_its_headings_are_in_order(
    html: str, page: Page, lang: Language
) -> None:
    assert dict(page.tags)["html"]["lang"] == ("zh-CN" if lang == "zh" else "en")
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    for term in OUTCOMES.values():
        assert term.text(lang) in html, "the chart and the table name every outcome"


def test_the_same_store_gives_the_same_page(store: Store, html: str, lang: Language) -> None:
    assert render(collect(store, LAST), lang) == html


def test_both_languages_say_the_same_words() -> None:
    for key, (english, chinese) in words._SENTENCES.items():
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for text in (english, chinese)
        ]
        assert fields[0] == fields[1], key


def test_money_taken_back_is_drawn_below_the_line() -> None:
    points = [
        TrendPoint(f"10-{day:02}", Decimal(day), Decimal(day % 3), Decimal(1))
        for day in range(1, 31)
    ]
    drawn = trend(points, "moved", "waiting", 340)
    assert drawn.count('aria-roledescription="bar"') == 90
    assert "\N{MINUS SIGN}2" in drawn


def test_there_is_no_such_night(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"2022-10-19: .* from 2022-10-18 to 2022-10-20"):
        collect(store, date(2022, 10, 19))
    empty = Store(str(tmp_path / "empty"), create=True)
    with pytest.raises(UserError, match="no night has been run yet"):
        collect(empty, None)
    empty.close()


@pytest.fixture
def spoilt(store: Store, tmp_path: Path) -> Iterator[Store]:
    assert store.folder is not None
    shutil.copytree(store.folder, tmp_path / "store")
    kept = Store(str(tmp_path / "store"))
    yield kept
    kept.close()


def test_a_page_that_does_not_add_up_is_not_made(spoilt: Store) -> None:
    with spoilt.writing() as connection:
        run = schema.entries.c.run_id == run_ids(spoilt)[-1]
        issued = schema.entries.c.kind == "issued"
        connection.execute(sa.update(schema.entries).where(run, issued).values(amount_fen=1))
    with pytest.raises(InvariantError, match="issued"):
        collect(spoilt, None)


def test_a_clock_that_was_set_back_moves_no_money(spoilt: Store) -> None:
    """The second night, and what people decided after it, are entered a year before the first."""
    right = {day: collect(spoilt, day) for day in (FIRST, LAST)}
    clocks = (schema.runs.c.finished_at, schema.entries.c.at, schema.statuses.c.at)
    with spoilt.writing() as connection:
        for clock in clocks:
            is_later = clock >= right[LAST].finished_at
            back = sa.update(clock.table).where(is_later).values({clock.name: datetime(2021, 1, 1)})
            assert connection.execute(back).rowcount > 0
    for day in (FIRST, LAST):
        found = collect(spoilt, day)
        assert replace(found, finished_at=right[day].finished_at) == right[day]


def test_decisions_that_are_gone_are_said(spoilt: Store) -> None:
    assert spoilt.folder is not None
    (spoilt.folder / "runs" / run_ids(spoilt)[-1] / "decisions.parquet").unlink()
    with pytest.raises(UserError, match=r"decisions\.parquet of the night"):
        collect(spoilt, None)


def command(*arguments: str) -> Any:
    app = typer.Typer()
    app.command()(report)
    return CliRunner().invoke(app, list(arguments))


def test_the_command(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "new" / "night.html"
    done = command("--store", str(store), "--as-of", str(LAST), "--html", str(path), "--lang", "zh")
    assert done.exit_code == 0, done.output
    assert str(path) in done.output
    assert path.read_text("utf-8") == render(collect(store, None), "zh")
    assert [file.name for file in path.parent.iterdir()] == ["night.html"]
    for wrong in (["--lang", "fr"], ["--as-of", "yesterday"], ["--html", str(tmp_path)]):
        done = command("--store", str(store), "--html", str(path), *wrong)
        assert isinstance(done.exception, UsageError), wrong


def test_a_page_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_page("", tmp_path / "file" / "night.html")


def scanlines(png: bytes) -> tuple[int, int, int]:
    """Width, height, and how many different lines an image has."""
    place, packed, size = 8, b"", (0, 0)
    while place < len(png):
        length, kind = int.from_bytes(png[place : place + 4]), png[place + 4 : place + 8]
        content = png[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            size = int.from_bytes(content[:4]), int.from_bytes(content[4:8])
        if kind == b"IDAT":
            packed += content
        place += length + 12
    raw = zlib.decompress(packed)
    step = len(raw) // size[1]
    return *size, len({raw[at : at + step] for at in range(0, len(raw), step)})


def photograph(text: str, width: int, folder: Path) -> tuple[bytes, list[str]]:
    """A picture of a page in a browser without a network, and who asked for what was asked for:
    the page itself where it is an origin."""
    folder.mkdir(exist_ok=True)
    (folder / "night.html").write_text(text, "utf-8")
    log, picture = folder / "net.json", folder / "night.png"
    subprocess.run(
        [
            str(BROWSER),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--hide-scrollbars",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={folder / 'profile'}",
            f"--log-net-log={log}",
            f"--window-size={width},2000",
            f"--screenshot={picture}",
            (folder / "night.html").as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    asked = re.findall(r'"initiator":"([^"]+)"', log.read_text("utf-8", "replace"))
    return picture.read_bytes(), [who for who in asked if who != "not an origin"]


needs_browser = pytest.mark.skipif(BROWSER is None, reason="no chromium on the PATH")


@needs_browser
@pytest.mark.parametrize("width", [380, 1400])
def test_a_browser_without_a_network_shows_it(html: str, width: int, tmp_path: Path) -> None:
    picture, asked = photograph(html, width, tmp_path)
    found_width, height, lines = scanlines(picture)
    assert (found_width, height) == (width, 2000)
    assert lines > 500, "the page is blank, or nearly"
    assert not asked


@needs_browser
def test_a_page_that_did_load_something_would_be_noticed(tmp_path: Path) -> None:
    picture, asked = photograph('<img src="http://example.invalid/x.png">', 380, tmp_path)
    assert asked
    assert scanlines(picture)[2] < 100
