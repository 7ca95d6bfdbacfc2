"""The page about one plan: what was decided, in words and drawings that anyone can follow."""

from __future__ import annotations

import csv
import json
import re
import string
import subprocess
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import escape, unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from qianchuan_guarantee.cli.explain import _morning
from qianchuan_guarantee.conditions import yuan
from qianchuan_guarantee.decide import Decided
from qianchuan_guarantee.errors import InvariantError, UsageError
from qianchuan_guarantee.explain import explain
from qianchuan_guarantee.history import history
from qianchuan_guarantee.report.dossier import Dossier, collect, render
from qianchuan_guarantee.report.drawing import apart, ticks
from qianchuan_guarantee.report.events import EACH, Events
from qianchuan_guarantee.report.running import Running
from qianchuan_guarantee.vocabulary import REASONS, Language
from qianchuan_guarantee.wording import dossier as words
from tests.conftest import FIXTURES, decided
from tests.test_cli import qcg
from tests.test_report import BROWSER, HOSTILE, Page, needs_browser, photograph, scanlines
from tests.test_said import AS_OF as TOLD_ON
from tests.test_said import UNPROMPTED, exports_of
from tests.worlds import write

DAY = date(2022, 10, 20)
FIRST = 1745000000000000
# What is told of each: granted (two bids, late reports, managed with raises, left paused), ended
# (by a hair, without conversions), invalid, held (of several kinds), not covered, open, lost.
PLANS = [107, 108, 111, 112, 106, 201, 207, 301, 307, 402, 413, 416, 401, 501, 504, 601, 602, 604]
MANY, SLICES = 9, [702, 703]


def write_many(folder: Path) -> Path:
    """A plan with thousands of conversions, hundreds of edits and a hostile name."""
    first = datetime(2022, 10, 1, 7)
    tables: dict[str, list[list[Any]]] = {
        "plans": [
            [
                *("ad_id", "advertiser_id", "lab_ad_type", "marketing_scene", "smart_bid_type"),
                "name",
            ],
            [MANY, 1, "NOT_LAB_AD", "FEED", "SMART_BID_CUSTOM", HOSTILE],
        ],
        "delivery": [["ad_id", "stat_datetime", "stat_cost", "show_cnt", "click_cnt"]],
        "conversions": [
            ["conversion_id", "ad_id", "billed_at", "converted_at", "received_at", "valid"]
        ],
        "operations": [["log_id", "ad_id", "create_time", "operation", "old_value", "new_value"]],
    }
    for hour in range(115):
        at = first + timedelta(hours=hour)
        tables["delivery"].append([MANY, at, f"{hour * 97 % 401}.5", 100, 3])
    for n in range(4000):
        billed = first + timedelta(seconds=n * 79)
        later = billed + timedelta(minutes=n % 900)
        row = [f"{HOSTILE}{n}", MANY, billed, later, later, n % 30 > 0]
        tables["conversions"].append(row)
    tables["operations"].append(["made", MANY, first, "create", "", "300"])
    for n in range(400):
        at = first + timedelta(seconds=n * 800)
        tables["operations"].append([f"t{n}", MANY, at, "targeting", HOSTILE, ""])
    folder.mkdir()
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    return folder


def collected(answer: Decided, ids: list[int], lang: Language) -> dict[int, Dossier]:
    return {ad_id: collect(answer, explain(answer, ad_id, lang)) for ad_id in ids}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[Decided, list[int]]]]:
    """Every plan that is looked at, decided: with events, with slices, with very many."""
    many = write_many(tmp_path_factory.mktemp("dossier") / "many")
    demo = [FIRST + plan for plan in PLANS]
    slices = [FIRST + plan for plan in SLICES]
    with (
        decided(FIXTURES / "demo", DAY, plans=demo) as one,
        decided(FIXTURES / "slices", DAY, plans=slices) as two,
        decided(many, DAY) as three,
    ):
        yield [(one, demo), (two, slices), (three, [MANY])]


@pytest.fixture(scope="module", params=["en", "zh"])
def lang(request: pytest.FixtureRequest) -> Language:
    found: Language = request.param
    return found


@pytest.fixture(scope="module")
def dossiers(answers: list[tuple[Decided, list[int]]], lang: Language) -> dict[int, Dossier]:
    found: dict[int, Dossier] = {}
    for answer, ids in answers:
        found |= collected(answer, ids, lang)
    return found


@pytest.fixture(scope="module")
def pages(dossiers: dict[int, Dossier], lang: Language) -> dict[int, str]:
    return {ad_id: render(dossier, lang) for ad_id, dossier in dossiers.items()}


def without_code(html: str) -> str:
    return re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)


def test_the_answer_stands_first_with_its_amount_and_its_reasons(
    dossiers: dict[int, Dossier], pages: dict[int, str], lang: Language
) -> None:
    for ad_id, dossier in dossiers.items():
        decision = dossier.explanation.decision
        page = Page(pages[ad_id])
        answer = pages[ad_id].partition('<p class="lead">')[2].partition("</section>")[0]
        assert f"{decision['amount']:,}" in answer or decision["outcome"] != "granted", ad_id
        for code in decision["reasons"]:
            assert code in answer, (ad_id, code)
        if decision["outcome"] == "held":
            for code in decision["reasons"]:
                advice = REASONS[code].advice(lang).replace("`", "")
                assert advice in page.text, (ad_id, code)


def test_the_money_adds_up_to_the_cent(dossiers: dict[int, Dossier], pages: dict[int, str]) -> None:
    seen = 0
    for ad_id, dossier in dossiers.items():
        decision, facts = dossier.explanation.decision, dossier.explanation.facts
        if facts["cost"] is None or decision["target_cost"] is None or not decision["conversions"]:
            continue
        seen += 1
        bids, sums = Page(pages[ad_id]).tables["money"]
        rows = [[cell.strip(" ×=") for cell in row] for row in bids[1:]]
        money = [
            [Decimal(cell.replace(",", "")) for cell in row if cell[0].isdigit()] for row in rows
        ]
        assert all(bid * count == product for bid, count, product in money[:-1])
        assert sum(row[2] for row in money[:-1]) == money[-1][1] == decision["target_cost"]
        assert sum(row[1] for row in money[:-1]) == money[-1][0] == decision["conversions"]
        cost, target, excess = (
            Decimal(row[1].replace(",", "").replace("−", "-")) for row in sums[:3]
        )
        assert (cost, target, excess) == (facts["cost"], decision["target_cost"], facts["excess"])
        assert cost - target == excess
        if decision["outcome"] == "granted":
            assert sums[-1][1] == yuan(decision["amount"])
    assert seen > 10


def test_every_clause_is_told_with_all_of_its_operands(
    dossiers: dict[int, Dossier], pages: dict[int, str], lang: Language
) -> None:
    for ad_id, dossier in dossiers.items():
        for clause in dossier.explanation.clauses:
            assert f'id="clause-{clause.name}"' in pages[ad_id]
            card = (
                pages[ad_id].partition(f'id="clause-{clause.name}"')[2].partition("</article>")[0]
            )
            assert clause.clause in card
            for pair, said in clause.readings.items():
                assert pair in card, (ad_id, pair)
                assert said.split("，")[0] in card or "&" in card
            told = [name for name, value in clause.operands.items() if value not in (None, [])]
            for name in told:
                assert f"<dt>{words.say(f'o_{name}', lang)}</dt>" in card, (ad_id, name)


def test_no_code_stands_unexplained(pages: dict[int, str]) -> None:
    for ad_id, html in pages.items():
        text = Page(without_code(html).replace("<t", " <t")).text
        found = set(re.findall(r"\b[A-Za-z]+(?:_[A-Za-z0-9]+)+\b", text))
        # The words of the tables themselves, in what to mend and in what was logged.
        known = {"ad_create_time", "first_deliveries", "log_id", "cpa_bid", "roi_goal", "dt"}
        assert found <= known, (ad_id, found - known)


def test_a_count_that_nobody_knows_is_not_told(lang: Language, tmp_path: Path) -> None:
    """Left paused below 20 %, by a managed plan whose first bid is not known."""
    write(exports_of({"it": UNPROMPTED}, "flat"), tmp_path)
    with decided(tmp_path, TOLD_ON) as answer:
        (dossier,) = collected(answer, [1001], lang).values()
    assert dossier.explanation.decision["meets_pause"] is False
    assert "None" not in Page(render(dossier, lang)).text


def test_chinese_pages_speak_chinese(pages: dict[int, str], lang: Language) -> None:
    for ad_id, html in pages.items():
        text = Page(without_code(html)).text
        text = re.sub(r"qcg explain.*", "", text)
        if lang == "zh":
            assert re.findall(r"[A-Za-z]+(?:[ ,]+[A-Za-z]+){3,}", text) == [], ad_id
            assert 'lang="zh-CN"' in html
        assert "None" not in text, ad_id
        assert "{" not in text, ad_id


def test_the_drawings_end_on_the_numbers_of_the_decision(
    dossiers: dict[int, Dossier], pages: dict[int, str]
) -> None:
    for ad_id, dossier in dossiers.items():
        facts = dossier.explanation.facts
        drawings = "".join(re.findall(r"<svg.*?</svg>", pages[ad_id], re.DOTALL))
        if facts["cost"] is not None and facts["conversions"]:
            assert f"{yuan(facts['cost'])}</text>" in drawings, ad_id
        if facts["overcost_line"] and facts["conversions"]:
            assert f"{yuan(facts['overcost_line'])}</text>" in drawings, ad_id
            assert f"{yuan(facts['target_cost'])}</text>" in drawings, ad_id


def test_each_conversion_is_drawn_where_it_was_billed_converted_and_reported(
    dossiers: dict[int, Dossier], lang: Language
) -> None:
    dossier = dossiers[FIRST + 108]
    drawn = Events(dossier.explanation.facts, dossier.history, lang).conversions(920)
    counted = [won for won in dossier.history.conversions if won.fate == "counted"]
    assert drawn.count('<circle class="won"') == 3 * len(counted) == 18
    assert {won.fate for won in dossier.history.conversions} == {"counted", "late", "outside"}
    assert drawn.count('class="not-won thread"') == 2


def test_thousands_of_conversions_are_counted_by_the_hour(
    dossiers: dict[int, Dossier], pages: dict[int, str]
) -> None:
    assert len(dossiers[MANY].history.conversions) == 4000 > EACH
    assert pages[MANY].count("<circle") < 20
    assert len(pages[MANY].encode()) < 400_000
    assert max(len(html.encode()) for html in pages.values()) < 400_000
    assert "400×" not in pages[MANY]
    assert re.search(r'class="count over"[^>]*>\d+×', pages[MANY])


def test_what_exports_say_is_text(pages: dict[int, str]) -> None:
    page = Page(pages[MANY])
    assert HOSTILE in page.text
    assert HOSTILE not in pages[MANY]
    for html in pages.values():
        tags = Page(html).tags
        assert not [tag for tag, _ in tags if tag in ("script", "iframe", "img", "link", "object")]
        assert not [name for _, found in tags for name in found if name.startswith("on")]


def test_it_loads_nothing(pages: dict[int, str]) -> None:
    for html in pages.values():
        bare = html.replace('xmlns="http://www.w3.org/2000/svg"', "").replace("http-equiv=", "")
        assert "http" not in bare
        assert not re.search(r"url\(|@import|\b(src|srcset|href|action|data)=", bare)
        assert "default-src 'none'" in html


def test_headings_are_in_order(pages: dict[int, str]) -> None:
    for html in pages.values():
        levels = [int(tag[1]) for tag, _ in Page(html).tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels.count(1) == levels[0] == 1
        assert all(b - a <= 1 for a, b in pairwise(levels))


def test_the_same_plan_gives_the_same_page(
    answers: list[tuple[Decided, list[int]]], pages: dict[int, str], lang: Language
) -> None:
    answer, _ = answers[0]
    again = collected(answer, [FIRST + 107], lang)[FIRST + 107]
    assert render(again, lang) == pages[FIRST + 107]


def test_rows_that_are_not_what_was_decided_on_are_not_drawn(
    answers: list[tuple[Decided, list[int]]], dossiers: dict[int, Dossier]
) -> None:
    facts = dossiers[FIRST + 107].explanation.facts
    for name in ("cost", "conversions"):
        with pytest.raises(InvariantError, match=name):
            history(answers[0][0], {**facts, name: facts[name] + 1})


def test_an_open_plan_is_told_what_has_to_happen(
    dossiers: dict[int, Dossier], pages: dict[int, str]
) -> None:
    for plan in (601, 602, 604):
        remaining = dossiers[FIRST + plan].explanation.remaining
        assert remaining is not None
        text = " ".join(Page(pages[FIRST + plan]).text.split())
        for step in remaining.steps:
            assert step.sentence in text
        assert all(line in text for line in remaining.summary)
    assert dossiers[FIRST + 107].explanation.remaining is None


def test_a_day_of_settlement_is_drawn_for_other_windows(
    dossiers: dict[int, Dossier], lang: Language
) -> None:
    """Nothing about the length of a window stands in the drawings."""
    dossier = dossiers[FIRST + 107]
    facts = dossier.explanation.facts
    end = facts["cycle_end"] + timedelta(days=30)
    longer = {**facts, "cycle_days": 35, "cycle_end": end, "window_end": end - timedelta(days=1)}
    longer["horizon"] = end.date()
    spending = Events(longer, dossier.history, lang).spending(350)
    labels = re.findall(r">(\d\d-\d\d)</text>", spending)
    assert 3 < len(labels) < 10
    assert len(Running(longer, dossier.history, lang).sums()) < 100


def test_both_languages_say_the_same_words() -> None:
    for key, sentences in words._SENTENCES.items():
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in sentences
        ]
        assert fields[0] == fields[1], key


def test_numbers_on_an_axis_are_round_and_labels_keep_apart() -> None:
    assert ticks(0, 480) == [0, 200, 400]
    assert ticks(0, 0.037) == [0, 0.01, 0.02, 0.03]
    assert ticks(330, 480) == [350, 400, 450]
    assert apart([10, 11, 12], 14, 0, 100) == [10, 24, 38]
    assert apart([95, 96, 99], 14, 0, 100) == [72, 86, 100]


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    plan, path = FIRST + 601, tmp_path / "new" / "plan.html"
    asked = ("explain", plan, FIXTURES / "demo", "--as-of", DAY, "--lang", "zh")
    ran = qcg(*asked, "--html", path, "--json")
    assert ran.code == 0, ran.err
    page = path.read_text("utf-8")
    assert words.say("lead_open", "zh", day="<span").partition("<")[0] in page
    assert page.endswith("</html>\n")
    assert [file.name for file in path.parent.iterdir()] == ["plan.html"]
    remaining = json.loads(ran.out)["remaining"]
    assert remaining["settles_on"] == "2022-10-23"
    assert {step["name"]: step["state"] for step in remaining["steps"]}["conversions"] == "needed"
    assert str(path) in ran.err


def test_what_was_known_then_is_a_morning() -> None:
    assert _morning("2022-10-08", None) == "2022-10-08"
    assert _morning(None, "2022-10-06") == "2022-10-06"
    assert _morning("2022-10-08", "2022-10-06T15:00:00") == "2022-10-06"
    assert _morning("2022-10-05", "2022-10-06 15:00:00") == "2022-10-05"
    assert _morning(None, "2022-10-06T23:00:00+00:00") == "2022-10-07"
    for wrong in ((None, None), (None, "then"), ("soon", "2022-10-06")):
        with pytest.raises(UsageError, match=r"--known-at|--as-of"):
            _morning(*wrong)


def test_a_folder_is_no_file_for_a_page(tmp_path: Path) -> None:
    ran = qcg("explain", 1, FIXTURES / "demo", "--as-of", DAY, "--html", tmp_path)
    assert ran.code == 2
    assert str(tmp_path) in ran.said


MEASURE = """
addEventListener("load", () => {
  document.title = JSON.stringify([...document.querySelectorAll("iframe")].map(frame => {
    const inner = frame.contentDocument, over = [];
    for (const svg of inner.querySelectorAll("svg[role=img]")) {
      const edge = svg.getBoundingClientRect().right + 3;
      const boxes = [...svg.querySelectorAll("text")]
        .map(text => [text.textContent, text.getBoundingClientRect()])
        .filter(([, box]) => box.width);
      boxes.forEach(([one, a], n) => {
        if (a.right > edge) over.push([one, "the edge"]);
        for (const [other, b] of boxes.slice(n + 1)) {
          const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
          const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          if (wide > 1 && high > 3) over.push([one, other]);
        }
      });
    }
    return [frame.title, inner.documentElement.scrollWidth, over];
  }));
});
"""


def measured(pages: dict[int, str], widths: tuple[int, ...], folder: Path) -> list[Any]:
    """Of each page at each width: its name, how wide it is, and which texts of a drawing lie on
    each other, as a browser says. The pages keep their own rule that they may run nothing."""
    frames = "".join(
        f'<iframe title="{ad_id} {width}" style="width:{width}px;border:0" srcdoc="{escape(html)}">'
        "</iframe>"
        for ad_id, html in pages.items()
        for width in widths
    )
    page = folder / "all.html"
    page.write_text(f"<!doctype html><script>{MEASURE}</script>{frames}", "utf-8")
    done = subprocess.run(
        [
            str(BROWSER),
            *("--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            f"--user-data-dir={folder / 'profile'}",
            "--window-size=1400,1500",
            page.as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    found = re.search(r"<title>(.*?)</title>", done.stdout.decode("utf-8"), re.DOTALL)
    assert found
    said: list[Any] = json.loads(unescape(found[1]))
    return said


@needs_browser
def test_no_text_lies_on_another_and_nothing_is_wider_than_the_window(
    pages: dict[int, str], tmp_path: Path
) -> None:
    found = measured(pages, (390, 1100), tmp_path)
    assert len(found) == 2 * len(pages)
    assert [one for one in found if one[1] > int(one[0].split()[1]) or one[2]] == []


@needs_browser
@pytest.mark.parametrize("width", [390, 1100])
def test_a_browser_without_a_network_shows_it(
    pages: dict[int, str], width: int, tmp_path: Path
) -> None:
    picture, asked = photograph(pages[FIRST + 107], width, tmp_path)
    found_width, height, lines = scanlines(picture)
    assert (found_width, height) == (width, 2000)
    assert lines > 500, "the page is blank, or nearly"
    assert not asked
