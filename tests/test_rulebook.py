"""Rulebooks: what the shipped one says, what is refused and how, and versions in one pass."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import re
import subprocess
import sys
import zipfile
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from qianchuan_guarantee.errors import UsageError, UserError
from qianchuan_guarantee.parameters import parameters
from qianchuan_guarantee.rulebook import (
    REGISTER,
    Prompted,
    Rulebook,
    choose,
    load,
    load_canonical,
    load_file,
    parse_readings,
    shipped_rules,
)
from qianchuan_guarantee.tables import LAB_AD_TYPES, MARKETING_SCENES
from tests.conftest import REPO, decide_folder
from tests.lattice import write_table

SHIPPED = shipped_rules() / "qianchuan-cost-guarantee" / "2022-01-27.yaml"
TEXT = SHIPPED.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shipped() -> Rulebook:
    (book,) = load()
    return book


def write(folder: Path, text: str, name: str = "book.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def edited(old: str, new: str) -> str:
    """The shipped rulebook with one place changed."""
    assert old in TEXT, f"the shipped rulebook no longer says {old!r}"
    return TEXT.replace(old, new, 1)


def line_of(text: str, mark: str) -> int:
    """The number of the first line that has `mark`."""
    return next(n for n, line in enumerate(text.splitlines(), 1) if mark in line)


# --- What the shipped rulebook says -----------------------------------------------------------


def test_the_shipped_numbers_are_those_of_the_rule(shipped: Rulebook) -> None:
    managed, feed, search = (shipped.scenarios[name] for name in ("managed", "feed", "search"))
    assert shipped.id == "qianchuan-cost-guarantee@2022-01-27"
    assert shipped.in_force.from_ == date(2022, 1, 27)
    assert shipped.in_force.until is None
    assert shipped.window.natural_days == 4
    assert shipped.cycle.backflow_days == 1
    assert [s.overcost.percent for s in (managed, feed, search)] == [Decimal(20)] * 3
    assert (feed.conversions.at_least, search.conversions.at_least) == (6, 2)
    assert managed.conversions.more_than is not None
    prompted = managed.conversions.more_than.prompted
    assert prompted.dividend_yuan == 5000
    assert (prompted.at_least, prompted.at_most) == (10, 15)
    assert shipped.grant.unit_yuan == Decimal("0.01")


def test_the_shipped_edit_limits_are_those_of_the_rule(shipped: Rulebook) -> None:
    for name in ("feed", "search"):
        edits = shipped.scenarios[name].edits
        limits = (edits.bid, edits.targeting, edits.together)
        assert [limit.at_most for limit in limits if limit] == [2, 2, 2]
    managed = shipped.scenarios["managed"]
    assert managed.edits.bid is None
    assert managed.edits.targeting is not None
    assert managed.edits.targeting.at_most == 2
    assert managed.bid_lowering is not None
    assert managed.bid_lowering.loses_guarantee
    assert managed.pause is not None
    assert managed.pause.is_judged


# rules.md, Register of interpretations: the default stands first.
SPECIFIED = {
    "overcost_base": ["weighted", "initial", "bid_at_end"],
    "overcost_boundary": ["inclusive", "exclusive"],
    "conversion_clock": ["billed", "converted"],
    "bid_clock": ["billed", "converted"],
    "first_bid": ["initial", "at_first_delivery"],
    "edit_limit_scope": ["each", "summed"],
    "edit_limit_period": ["day", "window"],
    "edit_days_start": ["first_delivery", "day"],
    "edit_unit": ["save", "row"],
    "lowering": ["any", "net"],
    "pause": ["last_pause", "any_pause", "ignore"],
    "overcost_at_settlement": ["required", "preserved"],
    "late_backflow": ["excluded", "included"],
    "slice_bid": ["hold", "slice_start", "lowest", "highest"],
    "rounding": ["half_up", "down"],
}


def test_the_register_is_that_of_the_rule(shipped: Rulebook) -> None:
    assert {key: list(choices) for key, choices in REGISTER.items()} == SPECIFIED
    assert shipped.read({}) == {key: choices[0] for key, choices in SPECIFIED.items()}
    assert {key: set(r.choices) for key, r in shipped.readings.items()} == {
        key: set(choices) for key, choices in SPECIFIED.items()
    }


def test_every_plan_type_and_scene_has_the_scenario_of_the_rule(shipped: Rulebook) -> None:
    found = {
        (lab, scene): shipped.scenario_of(lab, scene)
        for lab in LAB_AD_TYPES
        for scene in MARKETING_SCENES
    }
    assert found == {
        ("LAB_AD", "FEED"): "managed",
        ("LAB_AD", "SEARCH"): "managed",
        ("LAB_AD", "SHOPPING_MALL"): "managed",
        ("LAB_AD", "ALL"): "managed",
        ("NOT_LAB_AD", "FEED"): "feed",
        ("NOT_LAB_AD", "SEARCH"): "search",
        ("NOT_LAB_AD", "SHOPPING_MALL"): None,
        ("NOT_LAB_AD", "ALL"): None,
    }


# --- The prompted count -----------------------------------------------------------------------


def prompted_by(bands: list[tuple[int, Decimal, Decimal | None]], bid: Decimal) -> int:
    found = [n for n, least, below in bands if least <= bid and (below is None or bid < below)]
    assert len(found) == 1, f"{bid} lies in {len(found)} bands"
    return found[0]


def counted(bid: Decimal, dividend: int = 5000, least: int = 10, most: int = 15) -> int:
    """二(一), by brute force."""
    return min(most, max(least, ceil(Fraction(dividend) / Fraction(bid))))


def test_the_bands_give_the_prompted_count_of_every_bid(shipped: Rulebook) -> None:
    conversions = shipped.scenarios["managed"].conversions
    assert conversions.more_than is not None
    bands = conversions.more_than.prompted.bands()
    draw = random.Random(20220127)
    fen = [draw.randint(1, 100_000) for _ in range(1000)]
    fen += [draw.randint(30_000, 55_000) for _ in range(1000)]
    edges = [500_000 // count + step for count in range(1, 20) for step in (-1, 0, 1, 2)]
    for bid in (Decimal(n) / 100 for n in [*fen, *edges, 1, 2, 10**17]):
        assert prompted_by(bands, bid) == counted(bid), bid


def test_each_prompted_count_has_one_band(shipped: Rulebook) -> None:
    conversions = shipped.scenarios["managed"].conversions
    assert conversions.more_than is not None
    bands = conversions.more_than.prompted.bands()
    assert [count for count, _, _ in bands] == [10, 11, 12, 13, 14, 15]


@pytest.mark.parametrize(
    ("dividend", "least", "most"), [("5000", 1, 40), ("0.01", 1, 3), ("4999.99", 10, 10)]
)
def test_the_bands_hold_for_other_numbers_too(dividend: str, least: int, most: int) -> None:
    bands = Prompted(
        dividend_yuan=Decimal(dividend), by="first_bid", rounding="up", at_least=least, at_most=most
    ).bands()
    for fen in [1, 2, 3, *range(4, 600_000, 997)]:
        bid = Decimal(fen) / 100
        exact = ceil(Fraction(dividend) / Fraction(bid))
        assert prompted_by(bands, bid) == min(most, max(least, exact)), bid


# --- What is refused --------------------------------------------------------------------------

FEED = "clause: 二(二), percent: 20}"
CLAUSE = "overcost: {clause: 二(二), percent: 20}"
AT_LEAST = "conversions: {clause: 二(二), at_least: 6}"
FROM = "from: 2022-01-27"

# what: (text of the rulebook, what the faulty line holds, key in the message, more of it)
REFUSED: dict[str, tuple[str, str, str, str]] = {
    "an unknown key at the top": (
        edited("title:", "grace_days: 3\ntitle:"),
        "grace_days",
        "grace_days",
        "3",
    ),
    "an unknown key deep down": (
        edited(CLAUSE, "overcost: {clause: 二(二), percent: 20, precent: 21}"),
        "precent",
        "scenarios.feed.overcost.precent",
        "21",
    ),
    "an unknown scenario": (
        edited("  feed: # 通投广告", "  live: # 直播"),
        "  live:",
        "live",
        "feed",
    ),
    "a missing clause": (
        edited(CLAUSE, "overcost: {percent: 20}"),
        "overcost: {percent: 20}",
        "scenarios.feed.overcost.clause",
        "required",
    ),
    "an empty clause": (
        edited(CLAUSE, 'overcost: {clause: "", percent: 20}'),
        'clause: ""',
        "scenarios.feed.overcost.clause",
        "",
    ),
    "a percent below 0": (
        edited(CLAUSE, "overcost: {clause: 二(二), percent: -1}"),
        "percent: -1",
        "scenarios.feed.overcost.percent",
        "-1",
    ),
    "a percent with more decimals than are kept": (
        edited(CLAUSE, "overcost: {clause: 二(二), percent: 20.00001}"),
        "percent: 20.00001",
        "scenarios.feed.overcost.percent",
        "20.00001",
    ),
    "a percent that is no number": (
        edited(CLAUSE, "overcost: {clause: 二(二), percent: 20%}"),
        "percent: 20%",
        "scenarios.feed.overcost.percent",
        "20%",
    ),
    "a percent that is yes": (
        edited(CLAUSE, "overcost: {clause: 二(二), percent: yes}"),
        "percent: yes",
        "scenarios.feed.overcost.percent",
        "",
    ),
    "a percent that is not finite": (
        edited(CLAUSE, "overcost: {clause: 二(二), percent: .inf}"),
        "percent: .inf",
        "",
        ".inf",
    ),
    "a count that is no whole number": (
        edited(AT_LEAST, "conversions: {clause: 二(二), at_least: 6.5}"),
        "at_least: 6.5",
        "scenarios.feed.conversions.at_least",
        "6.5",
    ),
    "a count that is text": (
        edited(AT_LEAST, 'conversions: {clause: 二(二), at_least: "6"}'),
        'at_least: "6"',
        "scenarios.feed.conversions.at_least",
        "6",
    ),
    "a count below 0": (
        edited(AT_LEAST, "conversions: {clause: 二(二), at_least: -1}"),
        "at_least: -1",
        "scenarios.feed.conversions.at_least",
        "-1",
    ),
    "both ways to count": (
        edited(
            "      more_than: # strictly",
            "      at_least: 3\n      more_than: # strictly",
        ),
        "    conversions:",
        "scenarios.managed.conversions",
        "`at_least`",
    ),
    "no way to count": (
        edited(AT_LEAST, "conversions: {clause: 二(二)}"),
        "conversions: {clause: 二(二)}",
        "scenarios.feed.conversions",
        "`more_than`",
    ),
    "a prompted count whose least is above its most": (
        edited("at_least: 10, at_most: 15", "at_least: 16, at_most: 15"),
        "at_least: 16",
        "scenarios.managed.conversions.more_than.prompted",
        "`at_most`",
    ),
    "a window of no days": (
        edited("natural_days: 4", "natural_days: 0"),
        "natural_days: 0",
        "window.natural_days",
        "0",
    ),
    "a unit of nothing": (
        edited("unit_yuan: 0.01", "unit_yuan: 0.00"),
        "unit_yuan",
        "grant.unit_yuan",
        "0.00",
    ),
    "a reading that is none of its choices": (
        edited("reading: inclusive", "reading: strict"),
        "  overcost_boundary:",
        "readings.overcost_boundary",
        "strict",
    ),
    "a choice that cannot be computed": (
        edited("      exclusive: {en", "      generous: {en"),
        "  overcost_boundary:",
        "readings.overcost_boundary",
        "exclusive",
    ),
    "a missing entry of the register": (
        re.sub(r"(?ms)^  late_backflow:.*?(?=^  slice_bid:)", "", TEXT),
        "readings:",
        "readings",
        "late_backflow",
    ),
    "an unknown entry of the register": (
        edited("  overcost_base:\n", "  overcost_bases:\n"),
        "readings:",
        "readings",
        "overcost_base",
    ),
    "a question that nobody asks": (
        re.sub(r"(?ms)^  (late_backflow:.*?)(?=^  slice_bid:)", r"  \1  early_\1", TEXT),
        "  early_late_backflow:",
        "readings.early_late_backflow:",
        "no such question",
    ),
    "a question that ends as another one does": (
        re.sub(r"(?ms)^  (late_backflow:.*?)(?=^  slice_bid:)", r"  \1  early.\1", TEXT),
        "readings:",
        "readings.early.late_backflow:",
        "no such question",
    ),
    "a text of nothing": (
        edited('en: "per natural day"', 'en: ""'),
        'en: ""',
        "readings.edit_limit_period.choices.day.en",
        "",
    ),
    "a count above all that is counted": (
        edited(AT_LEAST, "conversions: {clause: 二(二), at_least: 1000001}"),
        "at_least: 1000001",
        "scenarios.feed.conversions.at_least",
        "1000001",
    ),
    "a prompted count of nothing": (
        edited("at_least: 10, at_most: 15", "at_least: 0, at_most: 15"),
        "at_least: 0",
        "scenarios.managed.conversions.more_than.prompted",
        "`at_least`",
    ),
    "a key that stands twice": (
        edited("natural_days: 4", "natural_days: 4\n  natural_days: 5"),
        "natural_days: 5",
        "natural_days",
        "twice",
    ),
    "a day that is no day": (
        edited(FROM, "from: 27/01/2022"),
        "from: 27/01/2022",
        "in_force.from",
        "27/01/2022",
    ),
    "a day that the calendar lacks": (
        edited(FROM, "from: 2022-02-30"),
        "from: 2022-02-30",
        "from",
        "2022-02-30",
    ),
    "an end before the beginning": (
        edited("until: null", "until: 2022-01-26"),
        "in_force:",
        "in_force",
        "2022-01-26",
    ),
    "an end on the beginning": (
        edited("until: null", "until: 2022-01-27"),
        "in_force:",
        "in_force",
        "2022-01-27",
    ),
    "two scenarios for one plan": (
        edited("NOT_LAB_AD, marketing_scene: SEARCH", "NOT_LAB_AD, marketing_scene: FEED"),
        "  search:",
        "scenarios.search",
        "feed and search",
    ),
    "a version that cannot be a name": (
        edited('version: "2022-01-27"', 'version: "2022/01/27"'),
        "version:",
        "version",
        "2022/01/27",
    ),
    "a version that YAML takes for a day": (
        edited('version: "2022-01-27"', "version: 2022-01-27"),
        "version:",
        "version",
        "2022-01-27",
    ),
    "a key that is no text": (
        edited("natural_days: 4", "{natural_days}: 4"),
        "{natural_days}",
        "",
        "",
    ),
    "broken YAML": (edited("window:", "window: {"), "", "", ""),
    "a tab": (edited("  natural_days", "\tnatural_days"), "\tnatural_days", "", ""),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_faulty_rulebook_is_refused_by_file_line_and_key(what: str, tmp_path: Path) -> None:
    text, mark, key, more = REFUSED[what]
    path = write(tmp_path, text)
    with pytest.raises(UserError) as refused:
        load_file(path)
    message = str(refused.value)
    lines = [line for line in message.splitlines() if line.startswith(f"{path}: line ")]
    assert lines, message
    assert any(key in line and more in line for line in lines), message
    if mark:
        assert any(f": line {line_of(text, mark)}: " in line for line in lines), message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "mapping"),
        (b"- a\n- b\n", "mapping"),
        (b"just a text", "mapping"),
        (b"name: \xd6\xd0\xce\xc4", "UTF-8"),
        (b"name: \x00", "YAML"),
    ],
)
def test_a_file_that_is_no_rulebook_is_refused_by_name(
    content: bytes, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "book.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"{re.escape(str(path))}.*{said}"):
        load_file(path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        # A key that is none of those that may stand there; what was found is shown, if it is short.
        ("  feed: # 通投广告", "  live: # 直播", r": scenarios.live: .*\(found: live\)$"),
        (CLAUSE, "overcost: {percent: 20}", r": scenarios.feed.overcost.clause: Field required$"),
        ("reading: inclusive", "reading: []", r"boundary.reading: [^(]*$"),
        ("reading: inclusive", "reading: null", r"boundary.reading: [^(]*$"),
        ("title:", f"{'x' * 250}: 3\ntitle:", rf": {'x' * 200}: .*\(found: 3\)$"),
        # YAML's own errors show the line that they mean.
        ("natural_days: 4", "natural_days: 4\n  natural_days: 5", r"twice \(`natural_days: 5 "),
    ],
)
def test_an_error_says_what_it_means_and_no_more(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as refused:
        load_file(write(tmp_path, edited(old, new)))
    assert re.search(said, str(refused.value), re.MULTILINE), str(refused.value)


def test_an_error_past_the_last_line_shows_no_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"line 2: [^`]*$"):
        load_file(write(tmp_path, "name: {\n"))


def test_a_key_that_is_lacking_is_named_where_the_rulebook_begins(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"book\.yaml: line 2: title: Field required"):
        load_file(write(tmp_path, "# a comment\nname: rule\n"))


def test_only_the_first_ten_errors_are_said(tmp_path: Path) -> None:
    unknown = "".join(f"key_{number}: 1\n" for number in range(11))
    with pytest.raises(UserError) as refused:
        load_file(write(tmp_path, unknown + TEXT))
    assert len(str(refused.value).splitlines()) == 10


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("at_least: 6}", "at_least: 0}"),
        ("at_least: 6}", "at_least: 1000000}"),
        ('en: "per natural day"', 'en: "x"'),
        ("clause: 二(一) FAQ, is_judged", "clause: 一, is_judged"),
    ],
)
def test_the_least_and_the_most_that_may_be_said(old: str, new: str, tmp_path: Path) -> None:
    assert load_file(write(tmp_path, edited(old, new))) != load_file(SHIPPED)


def test_a_folder_without_rulebooks_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UserError, match=re.escape(str(folder))):
            load(folder)


def test_two_versions_that_begin_on_one_day_are_refused(tmp_path: Path) -> None:
    write(tmp_path, TEXT, "a.yaml")
    write(tmp_path, edited('version: "2022-01-27"', 'version: "other"'), "b.yaml")
    with pytest.raises(UserError, match=r"@2022-01-27.*@other.*2022-01-27"):
        load(tmp_path)


def test_rulebooks_of_two_names_are_refused(tmp_path: Path) -> None:
    write(tmp_path, TEXT, "a.yaml")
    other = edited("name: qianchuan-cost-guarantee", "name: another-rule")
    write(tmp_path, other.replace(FROM, "from: 2023-01-01"), "b.yaml")
    with pytest.raises(UserError, match=r"another-rule, qianchuan-cost-guarantee"):
        load(tmp_path)


# --- Exact numbers, digest --------------------------------------------------------------------


@pytest.mark.parametrize("percent", ["20.1", "0.1", "33.3333", "19.9999", "20", "0.0001"])
def test_numbers_that_look_like_floats_stay_exact(percent: str, tmp_path: Path) -> None:
    text = edited(CLAUSE, CLAUSE.replace("percent: 20", f"percent: {percent}"))
    book = load_file(write(tmp_path, text))
    assert book.scenarios["feed"].overcost.percent == Decimal(percent)
    rows = parameters([book], {}).scenarios.rows
    ratio = next(row["overcost_ratio"] for row in rows if row["scenario"] == "feed")
    assert ratio == 1 + Decimal(percent) / 100


def test_the_digest_is_the_same_for_the_same_words(tmp_path: Path) -> None:
    said_alike = {
        "again.yaml": TEXT,
        "comment.yaml": "# a comment\n" + TEXT,
        "spaces.yaml": edited("at_least: 10, at_most: 15", "at_least:   10,  at_most: 15"),
        "order.yaml": edited("at_least: 10, at_most: 15", "at_most: 15, at_least: 10"),
    }
    digests = {load_file(write(tmp_path, text, name)).digest for name, text in said_alike.items()}
    assert digests == {load_file(SHIPPED).digest}
    assert re.fullmatch("[0-9a-f]{64}", digests.pop())


def test_what_a_rulebook_says_is_read_back_and_cannot_be_changed(shipped: Rulebook) -> None:
    assert load_canonical(shipped.canonical) == shipped
    said = json.loads(shipped.canonical)
    assert said["in_force"]["from"] == "2022-01-27"
    canonical = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert shipped.canonical.decode() == canonical
    with pytest.raises(ValidationError, match="frozen"):
        shipped.window.natural_days = 5


CHANGES = [
    ("percent: 20}", "percent: 20.0001}"),
    ("at_least: 6}", "at_least: 5}"),
    ("at_least: 2}", "at_least: 3}"),
    ("dividend_yuan: 5000", "dividend_yuan: 5000.01"),
    ("at_least: 10, at_most: 15", "at_least: 10, at_most: 16"),
    ("natural_days: 4", "natural_days: 5"),
    ("backflow_days: 1", "backflow_days: 2"),
    ("targeting: {at_most: 2}", "targeting: {at_most: 3}"),
    ("loses_guarantee: true", "loses_guarantee: false"),
    ("is_judged: true", "is_judged: false"),
    ("unit_yuan: 0.01", "unit_yuan: 0.10"),
    ("reading: half_up", "reading: down"),
    ("from: 2022-01-27", "from: 2022-01-28"),
    ("until: null", "until: 2023-01-01"),
    ('version: "2022-01-27"', 'version: "2022-01-28"'),
    ("clause: 二(一) FAQ, is_judged", "clause: 二(一), is_judged"),
    ("why: The text says on one natural day.", "why: The text says so."),
    ('en: "per natural day"', 'en: "per day"'),
]


def test_the_digest_changes_with_every_value(tmp_path: Path) -> None:
    digests = {
        load_file(write(tmp_path, edited(old, new), f"{number}.yaml")).digest
        for number, (old, new) in enumerate(CHANGES)
    }
    digests.add(load_file(SHIPPED).digest)
    assert len(digests) == len(CHANGES) + 1


# --- Versions, by their dates -----------------------------------------------------------------


@pytest.fixture(scope="module")
def two_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped rulebook, and one of 2022-10-05 to 2022-10-08 with feed at least 5, 30 %."""
    folder = tmp_path_factory.mktemp("rules")
    later = edited('version: "2022-01-27"', 'version: "2022-10-05"')
    for old, new in [
        (FROM, "from: 2022-10-05"),
        ("until: null", "until: 2022-10-09"),
        (CLAUSE, CLAUSE.replace("percent: 20", "percent: 30")),
        ("at_least: 6}", "at_least: 5}"),
    ]:
        assert old in later
        later = later.replace(old, new, 1)
    write(folder, TEXT, "2022-01-27.yaml")
    write(folder, later, "2022-10-05.yaml")
    return folder


FIRST = "qianchuan-cost-guarantee@2022-01-27"
SECOND = "qianchuan-cost-guarantee@2022-10-05"

# ad_id: (first delivery, cost of bid 10, conversions)
DELIVERED = {
    1: ("2022-10-04 23:59:59", "78", 6),
    2: ("2022-10-04 24:00:00", "78", 6),
    3: ("2022-10-05 00:00:00", "77.99999", 6),
    4: ("2022-10-06 10:00:00", "65", 5),
    5: ("2022-10-04 10:00:00", "65", 5),
    6: ("2022-10-04 10:00:00", "72", 6),
    7: ("2022-10-06 10:00:00", "72", 6),
    8: ("2022-01-26 23:59:59", "72", 6),
    9: ("2022-01-27 00:00:00", "72", 6),
    10: ("2022-10-08 23:59:59", "78", 6),
    11: ("2022-10-09 00:00:00", "78", 6),
}


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    plans, delivery, conversions = [], [], []
    for ad_id, (first, cost, count) in DELIVERED.items():
        plans.append((ad_id, 7, "NOT_LAB_AD", "FEED", "SMART_BID_CUSTOM", "10"))
        delivery.append((ad_id, first, cost, 1, 0, ""))
        conversions += [(f"{ad_id}-{n}", ad_id, *[first] * 3, "true") for n in range(count)]
    for name, rows in {
        "plans": plans,
        "delivery": delivery,
        "conversions": conversions,
        "operations": [],
    }.items():
        write_table(folder, name, rows)
    return folder


def answers(rows: list[dict[str, Any]]) -> dict[int, tuple[str, str, list[str], str]]:
    return {
        row["ad_id"]: (row["rulebook"], row["outcome"], row["reasons"], str(row["amount"]))
        for row in rows
    }


@pytest.fixture(scope="module")
def by_both(two_versions: Path, exports: Path) -> dict[int, tuple[str, str, list[str], str]]:
    rows, _ = decide_folder(exports, date(2022, 11, 1), books=load(two_versions))
    return answers(rows)


@pytest.mark.parametrize(
    ("ad_id", "answer"),
    [
        (1, (FIRST, "granted", [], "18.00")),
        (2, (SECOND, "granted", [], "18.00")),
        (3, (SECOND, "ended", ["UN_OBERCOST"], "0.00")),  # 77.99999 < 1.3 × 60
        (4, (SECOND, "granted", [], "15.00")),  # five are enough; 65 = 1.3 × 50
        (5, (FIRST, "ended", ["CONVERT_UNDER_THRESHOLD"], "0.00")),
        (6, (FIRST, "granted", [], "12.00")),  # 72 = 1.2 × 60; its window reaches into 10-05
        (7, (SECOND, "ended", ["UN_OBERCOST"], "0.00")),
        (8, (FIRST, "not_covered", ["RULE_NOT_IN_FORCE"], "0.00")),
        (9, (FIRST, "granted", [], "12.00")),
        (10, (SECOND, "granted", [], "18.00")),
        (11, (SECOND, "not_covered", ["RULE_NOT_IN_FORCE"], "0.00")),
    ],
)
def test_each_plan_is_decided_by_the_version_of_its_first_delivery(
    ad_id: int,
    answer: tuple[str, str, list[str], str],
    by_both: dict[int, tuple[str, str, list[str], str]],
) -> None:
    assert by_both[ad_id] == answer


def test_one_version_alone_can_be_asked_for(two_versions: Path, exports: Path) -> None:
    (only,) = choose(load(two_versions), SECOND)
    rows, _ = decide_folder(exports, date(2022, 11, 1), books=[only])
    found = answers(rows)
    early = {ad_id for ad_id, (first, *_) in DELIVERED.items() if first < "2022-10-04 24"}
    assert {row[0] for row in found.values()} == {SECOND}
    assert {ad_id for ad_id, row in found.items() if row[2] == ["RULE_NOT_IN_FORCE"]} == early | {
        11
    }
    assert found[2] == (SECOND, "granted", [], "18.00")


def test_without_a_name_every_version_is_chosen(two_versions: Path) -> None:
    books = load(two_versions)
    assert choose(books, None) == books


def test_a_version_that_is_not_there_is_refused_by_name(two_versions: Path) -> None:
    with pytest.raises(UsageError, match=rf"@2021.*{FIRST}.*{SECOND}"):
        choose(load(two_versions), "qianchuan-cost-guarantee@2021")


def test_a_version_ends_where_it_says_or_where_the_next_begins(two_versions: Path) -> None:
    versions = parameters(load(two_versions), {}).versions.rows
    dates = [(row["in_force_from"], row["in_force_until"]) for row in versions]
    assert dates == [(date(2022, 1, 27), date(2022, 10, 5)), (date(2022, 10, 5), date(2022, 10, 9))]
    ended = edited("until: null", "until: 2022-03-01")
    write(two_versions, ended, "2022-01-27.yaml")
    try:
        versions = parameters(load(two_versions), {}).versions.rows
    finally:
        write(two_versions, TEXT, "2022-01-27.yaml")
    assert versions[0]["in_force_until"] == date(2022, 3, 1)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("overcost_boundary", "expected ID=CHOICE"),
        ("", "expected ID=CHOICE"),
        ("boundary=exclusive", "no reading `boundary`"),
        ("=", "no reading ``"),
        ("overcost_boundary=strict", "can be read as inclusive, exclusive"),
    ],
)
def test_a_reading_that_is_not_in_the_register_is_refused(word: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"--read {word}: ") + f".*{said}"):
        parse_readings([word])


def test_a_question_cannot_be_read_in_two_ways_at_once() -> None:
    again = ["rounding=down", "rounding=down"]
    assert parse_readings(again) == {"rounding": "down"}
    with pytest.raises(UsageError, match=r"--read rounding=half_up"):
        parse_readings(["rounding=down", "rounding=half_up"])


# --- Installed --------------------------------------------------------------------------------


def test_a_wheel_brings_the_rules(tmp_path: Path) -> None:
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed, so no wheel can be built without the network")
    build = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation"]
    quietly = ["--quiet", "--disable-pip-version-check", "--no-index", "--wheel-dir", str(tmp_path)]
    subprocess.run(
        [*build, *quietly],
        cwd=REPO,
        check=True,
        env={**os.environ, "PIP_NO_INPUT": "1"},
    )
    (wheel,) = tmp_path.glob("*.whl")
    inside = "qianchuan_guarantee/rules/qianchuan-cost-guarantee/2022-01-27.yaml"
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(inside) == SHIPPED.read_bytes()
        assert "qianchuan_guarantee/rulebook.py" in archive.namelist()
        assert not [name for name in archive.namelist() if name.startswith(("tests/", "fixtures/"))]
