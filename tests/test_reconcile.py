"""The platform's figures beside ours: every plan in one class, the money adds up, and a difference
is put down to what explains it. And the other way: our ledger as the official interface says it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from qianchuan_guarantee.decide import Question
from qianchuan_guarantee.engines.duckdb import DuckDB
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.ledger import query
from qianchuan_guarantee.ledger.policy import load_policy
from qianchuan_guarantee.ledger.store import Store
from qianchuan_guarantee.nightly import Night, run
from qianchuan_guarantee.reconcile import platform
from qianchuan_guarantee.reconcile.causes import Fit, weigh
from qianchuan_guarantee.reconcile.classes import (
    CLASSES,
    Facts,
    Ours,
    Statement,
    Theirs,
    classify,
    reconciled,
)
from qianchuan_guarantee.reconcile.totals import Day
from qianchuan_guarantee.report.letters import letter
from qianchuan_guarantee.vocabulary import OUTCOMES
from qianchuan_guarantee.vocabulary import STATUSES as OUR_STATUSES
from tests.conftest import BOOKS, FIXTURES, REPO
from tests.test_cli import qcg
from tests.test_report import Page

SAMPLES = FIXTURES / "official" / "reconcile"
DEMO, DAY = FIXTURES / "demo", date(2022, 10, 20)
FIRST = 1745000000000000
# Field → its type, and the values of the enums, as the official SDK (v1.1.93) declares them of
# `v1.0/qianchuan/ad/compensate_status/get`; of `v3.0/promotion/cost_protect_status/get` the rest.
OFFICIAL = {
    "ad_id": int,
    "compensate_status": str,
    "reason": str,
    "status": str,
    "url": str,
}
SIBLING = {"compensate_amount": Decimal, "end_reasons": dict, "invalid_reasons": dict}
STATUSES = {"IN_EFFECT", "INVALID", "CONFIRMING", "PAID", "ENDED", "DEFAULT"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The demo's last night: small grants are issued, large ones wait."""
    kept = Store(str(tmp_path_factory.mktemp("night") / "store"), create=True)
    engine = DuckDB()
    asked = Night(Question(str(DEMO), DAY, BOOKS), load_policy(None))
    run(asked, kept, engine, lambda *_, **__: None)
    engine.close()
    yield kept
    kept.close()


Recipe = Callable[[str], tuple[dict[str, Any], Path]]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """The recipe of docs/reconcile.md for a sample, as it is written there but for `--json` and
    the folder that it writes to; and that folder."""
    page = (REPO / "docs" / "reconcile.md").read_text("utf-8")
    lines = re.findall(r"(?m)^qcg (reconcile fixtures/.*)$", page)

    @cache
    def run_it(sample: str) -> tuple[dict[str, Any], Path]:
        (line,) = [line for line in lines if f"/{sample} " in line]
        folder = tmp_path_factory.mktemp("recipe")
        outputs = re.sub(r"(-o|--html|--letters) (\S+)", rf"\1 {folder}/\2", line)
        ran = qcg(*outputs.replace("fixtures/", f"{FIXTURES}/").split(), "--json")
        assert (ran.code, ran.said) == (0, "")
        return json.loads(ran.out), folder

    return run_it


@pytest.fixture(scope="module")
def found(recipe: Recipe) -> dict[str, Any]:
    """The demo against the sample of the platform's answers."""
    return recipe("cost_protect_status.jsonl")[0]


@pytest.fixture(scope="module")
def paid(recipe: Recipe) -> dict[str, Any]:
    """The demo against the sample of payments."""
    return recipe("payments.csv")[0]


@pytest.fixture(scope="module")
def made(recipe: Recipe) -> Path:
    """What was written of `paid`."""
    return recipe("payments.csv")[1]


def by_plan(found: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {line["ad_id"] - FIRST: line for line in found["differences"]}


# --- Classes -------------------------------------------------------------------------------------


def test_each_plan_of_the_sample_is_in_the_class_that_it_was_made_for(
    found: dict[str, Any],
) -> None:
    assert {plan: line["class"] for plan, line in by_plan(found).items()} == {
        101: "paid_less",
        **dict.fromkeys((105, 114, 115, 116), "denied"),
        102: "overdue",
        603: "not_yet",
        **dict.fromkeys((120, 128), "paid_more"),
        **dict.fromkeys((207, 302), "paid_unexpected"),
        **dict.fromkeys((409, 601), "status_differs"),
        110: "only_here",
        **dict.fromkeys((998, 999), "only_there"),
    }


def test_the_money_of_the_sample_adds_up(found: dict[str, Any]) -> None:
    total = found["total"]
    assert (total["plans"], total["ours"], total["unstated"]) == (71, "7151.13", "1400.00")
    for groups in (found["classes"].values(), found["advertisers"]):
        for name in ("plans", "ours", "theirs", "unstated", "waiting", "difference"):
            assert sum(Decimal(each[name]) for each in groups) == Decimal(total[name])


@pytest.mark.parametrize(
    ("plan", "fits"),
    [
        (105, {"overcost_boundary=exclusive"}),
        (114, {"edit_limit_scope=summed", "edit_unit=row"}),
        (115, {"edit_limit_scope=summed"}),
        (207, {"pause=ignore"}),
        (101, set()),
    ],
)
def test_a_difference_is_put_down_to_the_reading_that_gives_it(
    found: dict[str, Any], plan: int, fits: set[str]
) -> None:
    assert set(by_plan(found)[plan]["fits"]) == fits


def test_the_reading_that_explains_most_comes_first(found: dict[str, Any]) -> None:
    first, *others = found["readings"]
    assert (first["id"], first["choice"]) == ("edit_limit_scope", "summed")
    assert [plan - FIRST for plan in first["explained"]] == [114, 115]
    assert (first["broken"], first["amount"]) == ([], "130.00")
    assert by_plan(found)[114]["fits"][0] == "edit_limit_scope=summed"
    assert len(others) == 3


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (101, "ours is 300.00 − 240.00, with 8 conversions"),
        (102, "was due on 2022-10-07, 13 days ago"),
        (110, "pages may be missing"),
        (115, "the platform says AUD_BID_CHANGES"),
        (116, "verdict ANTI_SPAM (cheating, judged by the system), which our exports lack"),
        (120, "rows that came after the cycle's end are counted"),
        (128, "exactly 2 times our amount"),
        (302, "we say BID_CHANGES"),
        (409, "held here until the data are mended: DATA_CONFLICT"),
        (601, "a day from 2022-10-22 on"),
        (603, "due on 2022-10-20"),
        (998, "FAILED"),
        (999, "the exports lack it"),
    ],
)
def test_what_else_a_difference_comes_from_is_said(
    found: dict[str, Any], plan: int, said: str
) -> None:
    assert said in by_plan(found)[plan]["cause"]


def test_the_workbook_has_every_plan_with_ids_as_text(paid: dict[str, Any], made: Path) -> None:
    sheets = load_workbook(made / "plans.xlsx")
    assert sheets.sheetnames == ["plans", "money", "readings"]
    header, *rows = sheets["plans"].iter_rows(values_only=True)
    plans = [dict(zip(header, row, strict=True)) for row in rows]
    assert len(plans) == paid["total"]["plans"]
    assert all(isinstance(row["ad_id"], str) for row in plans)
    ours = sum(Decimal(str(row["our_amount"] or 0)) for row in plans)
    assert ours == Decimal(paid["total"]["ours"])


def test_the_page_says_the_same_and_loads_nothing(paid: dict[str, Any], made: Path) -> None:
    page = Page((made / "page.html").read_text("utf-8"))
    total = paid["total"]
    assert {name: page.by_id[name] for name in ("ours", "theirs", "difference")} == {
        "ours": "7,151.13",
        "theirs": f"{Decimal(total['theirs']):,}",
        "difference": f"{Decimal(total['difference']):+,}",
    }
    (rows,) = page.tables["differences"]
    assert [int(row[0]) for row in rows[1:]] != []
    assert {int(row[0]) for row in rows[1:]} == {line["ad_id"] for line in paid["differences"]}
    (classes,) = page.tables["class"]
    assert sum(int(row[1]) for row in classes[1:-1]) == int(classes[-1][1]) == total["plans"]
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "img", "iframe")]


def test_a_letter_for_each_advertiser_asks_for_what_is_owed(
    paid: dict[str, Any], made: Path
) -> None:
    letters = {path.stem: path.read_text("utf-8") for path in (made / "letters").iterdir()}
    owed, more = ("paid_less", "denied", "overdue"), ("paid_more", "paid_unexpected")
    whose = {
        str(line["advertiser_id"])
        for line in paid["differences"]
        if line["class"] in owed + more and line["advertiser_id"]
    }
    assert letters.keys() == whose
    for advertiser, text in letters.items():
        mine = [x for x in paid["differences"] if str(x["advertiser_id"]) == advertiser]
        for kinds, words in ((owed, "请核实并补发"), (more, "已付多于我方核算")):
            some = [line for line in mine if line["class"] in kinds]
            amount = sum(abs(Decimal(line["difference"])) for line in some)
            said = f"{len(some)} 个计划，合计 {amount:,} 元"
            assert (words in text) == bool(some)
            assert not some or said in text
            assert all(str(line["ad_id"]) in text for line in some)
        assert not re.search(r"[a-z]{3,} [a-z]{3,}", text)  # no English prose
    assert "应于 2022-10-07 到账，已逾期 13 天" in letters["1701000000000037"]
    assert "恰为我方金额的 2 倍" in letters["1701000000000011"]


def test_what_files_say_stays_in_its_cell() -> None:
    facts = Facts(datetime(2022, 10, 1, 9), None, Decimal(300), Decimal(240), 8, 6)
    ours = replace(GRANTED, facts=facts)
    theirs = Theirs(1, "ENDED", reasons=("A_B|C\n<b>",))
    statement = Statement({1: theirs}, is_payments=False)
    weighed = weigh(classify({1: ours}, statement, DAY), None, None, lambda *_, **__: None)
    text = letter(7, weighed.lines, DAY)
    assert "A_B\\|C &lt;b>" in text
    assert text.count("\n| ") == 3


FEN = st.integers(0, 3).map(lambda fen: Decimal(fen).scaleb(-2))
DAYS = st.integers(-1, 1).map(lambda days: DAY + timedelta(days=days))


@st.composite
def _ours(draw: st.DrawFn, plan: int) -> Ours:
    outcome = draw(st.sampled_from(sorted(OUTCOMES)))
    amount = draw(FEN) if outcome == "granted" else Decimal("0.00")
    status, settle = draw(st.sampled_from(sorted(OUR_STATUSES))), draw(DAYS | st.none())
    return Ours(plan, draw(st.none() | st.just(7)), outcome, status, (), amount, settle)


@st.composite
def _theirs(draw: st.DrawFn, plan: int, is_payments: bool) -> Theirs:
    status = None if is_payments else draw(st.sampled_from(sorted(OUR_STATUSES)))
    amount = draw(FEN) if is_payments else draw(FEN | st.none())
    return Theirs(plan, status, amount, is_failed=status is not None and draw(st.booleans()))


@given(st.data(), st.booleans())
def test_no_plan_and_no_fen_is_lost_whatever_the_sides_say(
    data: st.DataObject, is_payments: bool
) -> None:
    plans = st.sets(st.integers(1, 12))
    ours = {plan: data.draw(_ours(plan)) for plan in data.draw(plans)}
    theirs = {plan: data.draw(_theirs(plan, is_payments)) for plan in data.draw(plans)}
    statement = Statement(theirs, is_payments)
    lines = classify(ours, statement, DAY)
    made = reconciled(ours, statement, DAY, lines)
    assert [line.ad_id for line in lines] == sorted(ours.keys() | theirs.keys())
    assert set(made.by_class) == set(CLASSES) >= {line.kind for line in lines}
    for line in lines:
        assert (line.kind == "only_there") == (line.ad_id not in ours)
        if line.kind == "agree" and line.theirs and line.theirs.amount is not None:
            assert line.ours is not None
            assert not line.theirs.is_paid or line.theirs.amount == line.ours.amount
    assert made.total.plans == len(lines)


GRANTED = Ours(1, 7, "granted", "CONFIRMING", (), Decimal("60.00"), DAY)
SIXTY = Decimal("60.00")


@pytest.mark.parametrize(
    ("status", "amount", "kind"),
    [
        ("PAID", SIXTY, "agree"),
        ("PAID", None, "agree"),
        ("PAID", Decimal("59.99"), "paid_less"),
        ("PAID", Decimal("0.00"), "paid_less"),
        ("PAID", Decimal("60.01"), "paid_more"),
        ("ENDED", None, "denied"),
        ("INVALID", SIXTY, "denied"),
        ("CONFIRMING", SIXTY, "not_yet"),
        ("IN_EFFECT", None, "not_yet"),
    ],
)
def test_a_grant_of_ours_beside_what_the_platform_says(
    status: str, amount: Decimal | None, kind: str
) -> None:
    statement = Statement({1: Theirs(1, status, amount)}, is_payments=False)
    (line,) = classify({1: GRANTED}, statement, DAY)
    assert line.kind == kind


@pytest.mark.parametrize(("days", "kind"), [(-1, "not_yet"), (0, "not_yet"), (1, "overdue")])
def test_a_grant_is_overdue_from_the_day_after_it_was_due(days: int, kind: str) -> None:
    statement = Statement({1: Theirs(1, "CONFIRMING")}, is_payments=False)
    (line,) = classify({1: GRANTED}, statement, DAY + timedelta(days=days))
    assert line.kind == kind
    assert line.days_overdue == (1 if kind == "overdue" else None)


# --- What cannot be read -------------------------------------------------------------------------


def refused(tmp_path: Path, *items: object, name: str = "status.json") -> str:
    """What is said of a file of these rows; exit code 1, and nothing decided."""
    path = tmp_path / name
    path.write_text(json.dumps({"data": {"list": items}}), "utf-8")
    ran = qcg("reconcile", DEMO, path, "--as-of", DAY)
    assert (ran.code, ran.out) == (1, "")
    assert f"{path}:1, row " in ran.said
    return ran.said


def a_row(**changes: object) -> dict[str, object]:
    row = {"ad_id": FIRST + 101, "status": "SUCCESS", "compensate_status": "PAID", "reason": ""}
    return row | changes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ad_id": "1.75E+15"}, "such an id is lost"),
        ({"ad_id": 0}, "expected a whole number"),
        ({"compensate_status": "MAYBE"}, "expected DEFAULT, IN_EFFECT"),
        ({"compensate_status": None}, "expected DEFAULT, IN_EFFECT"),
        ({"compensate_amount": 60.001}, "at most two decimals"),
        ({"compensate_amount": -1}, "0 or more"),
        ({"compensate_amount": "Infinity"}, "without guessing"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_by_name(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    assert said in refused(tmp_path, a_row(**changes))


def test_words_of_the_platform_are_held_to_a_line(tmp_path: Path) -> None:
    row = a_row(compensate_status="ENDED", reason="=1+1\x1b[2J\n" + "长" * 999)
    path = tmp_path / "status.json"
    path.write_text(json.dumps([{"data": {"list": [row | {"end_reasons": {"\x07X": "y"}}]}}]))
    (tmp_path / "notes.md").write_text("not ours")
    found = platform.read([tmp_path])
    assert found.statement is not None
    assert found.left == [str(tmp_path / "notes.md")]
    (theirs,) = found.statement.plans.values()
    assert theirs.said.startswith("=1+1\N{REPLACEMENT CHARACTER}[2J")
    assert (len(theirs.said), theirs.said.isprintable()) == (200, True)
    assert theirs.reasons == ("\N{REPLACEMENT CHARACTER}X",)


def test_two_answers_about_one_plan_must_say_the_same(tmp_path: Path) -> None:
    said = refused(tmp_path, a_row(), a_row(compensate_status="ENDED"))
    assert "is ENDED, but" in said
    assert "says PAID; give the answers of one day only" in said


HISTORY = [
    {"date": "2022-10-05", "compensate_status": "IN_EFFECT", "compensate_amount": 0},
    {"date": "2022-10-07", "compensate_status": "PAID", "compensate_amount": 60.00},
    {
        **{"date": "2022-10-06", "compensate_status": "INVALID", "compensate_amount": 0},
        "compensate_invalid_reasons": ["AUD_BID_CHANGES"],
    },
]


def history_in(path: Path, rows: list[dict[str, Any]]) -> Path:
    document = {"code": 0, "data": {"compensate_history_list": rows}}
    path.write_text(json.dumps(document), "utf-8")
    return path


def test_of_a_history_the_last_day_stands_and_its_file_names_the_plan(tmp_path: Path) -> None:
    history_in(tmp_path / f"{FIRST + 101}.json", HISTORY)
    history_in(tmp_path / f"history_{FIRST + 115}.json", HISTORY[:1] + HISTORY[2:])
    statement = platform.read([tmp_path]).statement
    assert statement is not None
    told = {plan - FIRST: (t.status, t.amount) for plan, t in statement.plans.items()}
    assert told == {101: ("PAID", SIXTY), 115: ("INVALID", Decimal("0.00"))}
    assert statement.plans[FIRST + 115].reasons == ("AUD_BID_CHANGES",)


def test_a_history_of_nobody_and_one_with_two_answers_for_a_day(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"as 1745000000000101\.json"):
        platform.read([history_in(tmp_path / "history.json", HISTORY)])
    twice = [HISTORY[1], {**HISTORY[1], "compensate_amount": 61}]
    with pytest.raises(UserError, match="PAID 61"):
        platform.read([history_in(tmp_path / f"{FIRST}.json", twice)])


def test_a_reading_that_breaks_more_than_it_explains_fits_by_chance() -> None:
    few, many = [1], [2, 3]
    assert Fit("pause", "ignore", many, few, SIXTY).is_likely
    assert not Fit("pause", "ignore", few, many, SIXTY).is_likely


def test_wrong_words(tmp_path: Path, store: Store) -> None:
    sample = SAMPLES / "cost_protect_status.jsonl"
    for words, said in (
        ((DEMO, sample), "--as-of: of which morning?"),
        ((DEMO, sample, "--as-of", DAY, "--exports", DEMO), "--exports goes with a store"),
        ((store.folder, sample, "--read", "rounding=down"), "--read goes with exports"),
        ((DEMO, sample, "--as-of", DAY, "-o", tmp_path / "x.txt"), "unknown ending"),
    ):
        ran = qcg("reconcile", *words)
        assert (ran.code, said in ran.said) == (2, True), ran.said


# --- Payments ------------------------------------------------------------------------------------


def test_of_a_list_of_payments_whoever_is_not_on_it_was_not_paid(paid: dict[str, Any]) -> None:
    kinds = {plan: line["class"] for plan, line in by_plan(paid).items()}
    few = {128: "paid_more", 302: "paid_unexpected", 603: "not_yet"}
    assert {plan: kinds.pop(plan) for plan in few} == few
    assert set(kinds.values()) == {"overdue"}
    assert not kinds.keys() & {101, 103, 105}
    assert (paid["is_payments"], paid["total"]["theirs"]) == (True, "1589.00")
    assert paid["no_plan"] == {"rows": 1, "amount": "5.00"}
    assert "exactly 2 times our amount" in by_plan(paid)[128]["cause"]


def book_of(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_payments_beside_statuses_say_how_much_was_paid(tmp_path: Path) -> None:
    rows = [("计划ID", "赔付金额(分)"), (str(FIRST + 101), 5000), (str(FIRST + 101), -1000)]
    book = book_of(tmp_path / "paid.xlsx", [*rows, (str(FIRST + 302), 3700)])
    pages = tmp_path / "status.json"
    items = [a_row(), a_row(ad_id=FIRST + 105), a_row(ad_id=FIRST + 302, compensate_status="ENDED")]
    pages.write_text(json.dumps({"code": 0, "data": {"list": items}}), "utf-8")
    statement = platform.read([pages, book]).statement
    assert statement is not None
    assert not statement.is_payments
    paid = {plan - FIRST: theirs.paid for plan, theirs in statement.plans.items()}
    assert paid == {101: Decimal("40.00"), 105: Decimal("0.00"), 302: Decimal("37.00")}
    ours = {plan: replace(GRANTED, ad_id=plan) for plan in statement.plans}
    lines = weigh(classify(ours, statement, DAY), None, None, lambda *_, **__: None).lines
    (nothing,) = [line for line in lines if line.ad_id == FIRST + 105]
    assert [cause.what for cause in nothing.causes] == ["rc_nothing_came"]


def test_statuses_of_a_workbook(tmp_path: Path) -> None:
    header = ("计划ID", "成本保障状态", "赔付金额(元)", "失效原因")
    rows = [
        (str(FIRST + 101), "已到账", "60.00", ""),
        (str(FIRST + 302), "成本保障已失效", "--", "x"),
    ]
    statement = platform.read([book_of(tmp_path / "a.xlsx", [header, *rows])]).statement
    assert statement is not None
    told = {plan - FIRST: (t.status, t.amount) for plan, t in statement.plans.items()}
    assert told == {101: ("PAID", SIXTY), 302: ("INVALID", None)}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("计划ID", "赔付金额"), (1.745e15, 60)], "such an id is lost|its digits are lost|zeros"),
        ([("计划ID", "赔付金额"), (str(FIRST + 101), "=1+1")], "a formula"),
        ([("计划ID", "赔付金额"), (str(FIRST + 101), "约60")], "without guessing"),
        ([("计划ID", "赔付金额"), (str(FIRST + 101), "60.001")], "without guessing"),
        ([("计划ID", "成本保障状态"), (str(FIRST + 101), "大概")], "expected 无成本保障状态"),
        ([("计划ID", "账户ID"), (str(FIRST + 101), "17")], "nor a report by day"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(
    tmp_path: Path, rows: list[tuple[object, ...]], said: str
) -> None:
    path = book_of(tmp_path / "paid.xlsx", rows)
    with pytest.raises(UserError, match=said) as refused:
        platform.read([path])
    assert str(path) in str(refused.value)


# --- Logs against the report ---------------------------------------------------------------------


def test_days_that_differ_from_the_report_are_listed(recipe: Recipe) -> None:
    report = recipe("report_daily.jsonl")[0]["report"]
    told = {
        (day["ad_id"] - FIRST, day["day"][-5:]): (
            *(day[f"{side}_cost"] for side in ("our", "their")),
            *(day[f"{side}_conversions"] for side in ("our", "their")),
        )
        for day in report["differences"]
    }
    assert told == {
        (105, "10-04"): ("45.50000", None, 3, None),
        (113, "10-05"): ("1500.00000", "1520.00", 4, 4),
        (125, "10-05"): ("120.00000", "120.00", 2, 3),
        (409, "10-03"): ("0.00000", "135.00", 3, 3),
        (888, "10-06"): (None, "18.80", None, 0),
    }
    (account,) = report["accounts"]
    assert (account["advertiser_id"], account["differing"]) == (1701000000000029, 5)
    gap = Decimal(account["their_cost"]) - Decimal(account["our_cost"])
    assert gap == Decimal("20.00") + Decimal("135.00") + Decimal("18.80") - Decimal("45.50")
    assert {plan["ad_id"] - FIRST for plan in report["plans"]} == {105, 113, 125, 409, 888}


@pytest.mark.parametrize(
    ("ours", "theirs", "figures", "differs"),
    [
        ("10.00500", "10.01", 1, False),
        ("10.00500", "10.00", 1, False),
        ("10.00499", "10.01", 1, True),
        ("10.00000", "10.12", 24, False),
        ("10.00000", "10.13", 24, True),
        ("0.00500", None, 1, False),
        (None, "0.01", 1, True),
    ],
)
def test_half_a_cent_for_each_figure_is_rounding(
    ours: str | None, theirs: str | None, figures: int, differs: bool
) -> None:
    mine, other = (None if cost is None else Decimal(cost) for cost in (ours, theirs))
    assert Day(1, 7, DAY, mine, other, 0, 0, figures).cost_differs == differs


def test_cost_after_a_pause_or_a_deletion_is_listed_from_a_workbook(tmp_path: Path) -> None:
    """A plan that is paused, enabled, and deleted; hours before, at and after each."""
    tables = {
        "plans": ["ad_id,advertiser_id,lab_ad_type,marketing_scene,smart_bid_type,ad_create_time"],
        "delivery": ["ad_id,stat_datetime,stat_cost,show_cnt,click_cnt,attribution_convert_cnt"],
        "operations": ["log_id,ad_id,create_time,operation,old_value,new_value"],
    }
    tables["plans"] += ["1,7,NOT_LAB_AD,FEED,SMART_BID_CUSTOM,2022-10-01 09:00:00"]
    tables["operations"] += [
        "a,1,2022-10-01 09:00:00,create,,10",
        "b,1,2022-10-01 12:00:00,pause,投放中,已暂停",
        "c,1,2022-10-01 12:30:00,pause,投放中,已暂停",
        "d,1,2022-10-01 15:00:00,enable,已暂停,投放中",
        "e,1,2022-10-02 10:30:00,pause,投放中,已删除",
    ]
    hours = ("01 11", "01 12", "01 13", "01 14", "01 15", "02 10", "02 11", "02 23")
    costs = ("1.00", "2.50", "0", "4.00", "8.00", "16.00", "32.00", "64.00")
    tables["delivery"] += [
        f"1,2022-10-{hour}:00:00,{cost},10,1,1" for hour, cost in zip(hours, costs, strict=True)
    ]
    for name, lines in tables.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")
    rows = [("日期", "计划ID", "消耗(元)", "转化数"), ("2022/10/1", "1", "15.50", "5")]
    book = book_of(tmp_path / "报表.xlsx", [*rows, ("2022年10月2日", "1", "112.00", 3)])
    out = tmp_path / "found.xlsx"
    ran = qcg("reconcile", tmp_path, book, "--as-of", "2022-10-10", "--json", "-o", out)
    assert (ran.code, ran.said) == (0, "")
    report = json.loads(ran.out)["report"]
    assert (report["days"], report["differences"]) == (2, [])
    assert report["after_pause"] == [
        {
            **{"ad_id": 1, "paused_at": "2022-10-01T12:00:00", "until": "2022-10-01T15:00:00"},
            **{"is_deletion": False, "cost": "6.50000", "slices": 2},
            "last_slice": "2022-10-01T14:00:00",
        },
        {
            **{"ad_id": 1, "paused_at": "2022-10-02T10:30:00", "until": None},
            **{"is_deletion": True, "cost": "96.00000", "slices": 2},
            "last_slice": "2022-10-02T23:00:00",
        },
    ]
    assert load_workbook(out).sheetnames == ["days", "totals", "after_pause"]


def test_a_report_needs_logs(store: Store) -> None:
    ran = qcg("reconcile", store.folder, SAMPLES / "report_daily.jsonl")
    assert (ran.code, "give --exports EXPORTS" in ran.said) == (1, True)


def test_hours_of_a_report_are_added_up_to_days(tmp_path: Path) -> None:
    header = ("日期", "小时", "计划ID", "消耗(元)", "转化数")
    rows = [("2022-10-01", "10:00-11:00", "1", "1,000.55", "1"), ("2022-10-01", 23, "1", 2.5, 0)]
    book = book_of(tmp_path / "hours.xlsx", [header, *rows, ("合计", "", "", "1,003.05", 1)])
    page = tmp_path / "report.json"
    row = {"ad_id": 1745000000000000, "stat_cost": 7.5, "attribution_convert_cnt": 2.0}
    hours = [row | {"stat_datetime": f"2022-10-02 {hour:02}:00:00"} for hour in (0, 1)]
    page.write_text(json.dumps({"code": 0, "data": {"list": hours}}))
    told = [
        (row.ad_id, row.day.day, row.cost, row.conversions, row.figures)
        for row in platform.read([book, page]).reported
    ]
    assert told == [
        (1, 1, Decimal("1003.05"), 1, 2),
        (1745000000000000, 2, Decimal("15.0"), 4, 2),
    ]


def test_two_rows_about_one_day_must_say_the_same(tmp_path: Path) -> None:
    header = ("日期", "计划ID", "消耗")
    rows = [("2022-10-01", "1", "15.50"), ("2022-10-01", "1", "15.50"), ("2022-10-01", "1", "9")]
    assert len(platform.read([book_of(tmp_path / "a.xlsx", [header, *rows[:2]])]).reported) == 1
    with pytest.raises(UserError, match=r"cost 9, but .* says 15\.50; give each day once"):
        platform.read([book_of(tmp_path / "b.xlsx", [header, *rows])])


# --- A store -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["status.json", "status.jsonl"])
def test_what_a_store_exports_agrees_with_it(store: Store, tmp_path: Path, name: str) -> None:
    exported(store, tmp_path / name)
    ran = qcg("reconcile", store.folder, tmp_path / name, "--json")
    assert (ran.code, ran.said) == (0, "")
    found = json.loads(ran.out)
    assert found["differences"] == []
    assert (found["classes"]["agree"]["plans"], found["total"]["difference"]) == (69, "0.00")
    issued = [Decimal(row["amount"]) for row in query.entries(store, kind="issued")]
    assert found["total"]["theirs"] == str(sum(issued))


def test_with_exports_beside_a_store_causes_are_tried(store: Store, found: dict[str, Any]) -> None:
    """As without a store, but for what waits for review on both sides."""
    sample = SAMPLES / "cost_protect_status.jsonl"
    report = SAMPLES / "report_daily.jsonl"
    ran = qcg("reconcile", store.folder, sample, report, "--exports", DEMO, "--json")
    assert (ran.code, ran.said) == (0, "")
    both = json.loads(ran.out)
    assert both["causes_tried_on_exports"]
    assert len(both["report"]["differences"]) == 5
    mine, others = by_plan(both), by_plan(found)
    assert {plan: line["class"] for plan, line in mine.items()} == {
        plan: line["class"] for plan, line in others.items() if plan != 102
    }
    assert mine[115]["fits"] == others[115]["fits"] == ["edit_limit_scope=summed"]
    assert both["readings"] == found["readings"]


def test_without_exports_the_causes_that_need_them_say_so(store: Store) -> None:
    ran = qcg("reconcile", store.folder, SAMPLES / "cost_protect_status.jsonl")
    assert ran.code == 0
    assert "give --exports EXPORTS" in ran.out
    assert "not looked for: readings and late data need exports" in ran.out


# --- The other way: the ledger as the official interface says it ---------------------------------


def exported(store: Store, path: Path) -> list[dict[str, Any]]:
    ran = qcg("export", "status", "--store", store.folder, "-o", path)
    assert (ran.code, ran.said) == (0, "")
    texts = path.read_text("utf-8").splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    return [json.loads(text, parse_float=Decimal) for text in texts]


def test_what_is_exported_has_the_official_fields_and_values(store: Store, tmp_path: Path) -> None:
    (answer,) = exported(store, tmp_path / "status.json")
    assert (answer["code"], set(answer)) == (0, {"code", "message", "request_id", "data"})
    items = answer["data"]["list"]
    assert len(items) == 69
    for item in items:
        assert {name: type(value) for name, value in item.items()} == OFFICIAL | SIBLING
        assert item["status"] == "SUCCESS"
        assert item["compensate_status"] in STATUSES
        assert -item["compensate_amount"].as_tuple().exponent == 2
    assert {item["compensate_status"] for item in items} == STATUSES
    paid = {item["ad_id"] for item in items if item["compensate_amount"]}
    assert paid == {item["ad_id"] for item in items if item["compensate_status"] == "PAID"}
    issued = [Decimal(row["amount"]) for row in query.entries(store, kind="issued")]
    assert sum(item["compensate_amount"] for item in items) == sum(issued) > 0


def test_pages_have_as_many_plans_as_the_interface_gives(store: Store, tmp_path: Path) -> None:
    (whole,) = exported(store, tmp_path / "status.json")
    answers = exported(store, tmp_path / "status.jsonl")
    assert [len(answer["data"]["list"]) for answer in answers] == [50, 19]
    both = [item for answer in answers for item in answer["data"]["list"]]
    assert both == whole["data"]["list"]


def test_reasons_are_said_by_code_and_in_words(store: Store, tmp_path: Path) -> None:
    (answer,) = exported(store, tmp_path / "status.json")
    by_plan = {item["ad_id"] - FIRST: item for item in answer["data"]["list"]}
    assert by_plan[307]["invalid_reasons"].keys() == {"BID_CHANGES", "AUD_CHANGES"}
    assert by_plan[307]["end_reasons"] == {"UN_OBERCOST": "未超成本"}
    assert by_plan[307]["reason"] == "出价修改次数超限；定向修改次数超限；未超成本"


def test_a_store_that_is_not_there_and_a_file_of_no_format(store: Store, tmp_path: Path) -> None:
    ran = qcg("export", "status", "--store", tmp_path / "none", "-o", tmp_path / "x.json")
    assert (ran.code, "no store there" in ran.said) == (1, True)
    ran = qcg("export", "status", "--store", store.folder, "-o", tmp_path / "x.xlsx")
    assert (ran.code, "expected .json, .jsonl" in ran.said) == (2, True)
    assert not (tmp_path / "x.json").exists()


def test_a_page_that_is_missing_is_refused_not_taken_for_plans_unpaid(tmp_path: Path) -> None:
    rows = [{"ad_id": 1745000000000101 + n, "compensate_status": "PAID"} for n in range(2)]
    info = {"page": 1, "page_size": 2, "total_number": 3, "total_page": 2}
    text = json.dumps({"code": 0, "data": {"list": rows, "page_info": info}})
    path = tmp_path / "status.json"
    path.write_text(text, "utf-8")
    with pytest.raises(UserError, match="3 rows in all"):
        platform.read([path])
