"""The oracle against the worked examples of rules.md and cases computed by hand."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.oracle import (
    ALTERNATIVES,
    COLUMNS,
    READINGS,
    Exports,
    Refused,
    Row,
    decide,
    prompted_count,
    to_count,
    to_id,
    to_price,
    to_roi,
    to_time,
)

AFTER = date(2022, 10, 6)  # day0 + 5 of a plan first delivered on 10-01


def plan(ad_id: int = 1, dt: date | None = None, **values: str | None) -> Row:
    stated = {
        "ad_id": str(ad_id),
        "advertiser_id": "7",
        "lab_ad_type": "NOT_LAB_AD",
        "marketing_scene": "FEED",
        "smart_bid_type": "SMART_BID_CUSTOM",
        "cpa_bid": "10",
    }
    return Row(stated | values, dt)


def managed(ad_id: int = 1, cpa_bid: str = "400") -> Row:
    return plan(ad_id, lab_ad_type="LAB_AD", cpa_bid=cpa_bid)


def spent(at: str, cost: str, ad_id: int = 1, dt: date | None = None, **values: str) -> Row:
    stated = {
        "ad_id": str(ad_id),
        "stat_datetime": at,
        "stat_cost": cost,
        "show_cnt": "1",
        "click_cnt": "0",
    }
    return Row(stated | values, dt)


def won(
    count: int,
    billed: str,
    converted: str | None = None,
    received: str | None = None,
    ad_id: int = 1,
    prefix: str = "c",
    dt: date | None = None,
) -> list[Row]:
    stated = {
        "ad_id": str(ad_id),
        "billed_at": billed,
        "converted_at": converted or billed,
        "received_at": received,
    }
    return [Row(stated | {"conversion_id": f"{prefix}{ad_id}-{n}"}, dt) for n in range(count)]


def done(
    at: str,
    operation: str,
    old: str | None = None,
    new: str | None = None,
    log_id: str | None = None,
    ad_id: int = 1,
    dt: date | None = None,
) -> Row:
    return Row(
        {
            "log_id": log_id or f"{at} {operation} {old} {new}",
            "ad_id": str(ad_id),
            "create_time": at,
            "operation": operation,
            "old_value": old,
            "new_value": new,
        },
        dt,
    )


def world(
    plans: list[Row],
    delivery: list[Row],
    conversions: list[Row] | None,
    operations: list[Row] = (),
    days: dict | None = None,
    **more: list[Row],
) -> Exports:
    tables = {"plans": plans, "delivery": delivery, "operations": list(operations), **more}
    if conversions is not None:
        tables["conversions"] = conversions
    return Exports(tables, days or {})


def decision(exports: Exports, as_of: date = AFTER, **readings: str) -> dict:
    decisions = decide(exports, as_of, readings).decisions
    assert len(decisions) == 1
    assert tuple(decisions[0]) == COLUMNS
    return decisions[0]


def feed(cost: str = "72", count: int = 6, operations: list[Row] = (), **more) -> Exports:
    """Bid 10; by default 6 conversions that cost 12 each."""
    return world(
        [plan()],
        [spent("2022-10-01 14:20:00", cost)],
        won(count, "2022-10-01 15:00:00"),
        operations,
        **more,
    )


def learning(cost: str, count: int, operations: list[Row] = (), bid: str = "400") -> Exports:
    return world(
        [managed(cpa_bid=bid)],
        [spent("2022-10-01 14:20:00", cost)],
        won(count, "2022-10-01 15:00:00"),
        operations,
    )


# 一 and 三(二): dates


def test_window_and_settlement_dates():
    found = decision(feed())
    assert found["window_start"] == datetime(2022, 10, 1, 14, 20)
    assert found["window_end"] == datetime(2022, 10, 5)
    assert found["cycle_end"] == datetime(2022, 10, 6)
    assert found["settle_on"] == date(2022, 10, 6)


def test_window_starts_at_first_delivery_not_at_creation_or_at_an_empty_row():
    exports = world(
        [plan(ad_create_time="2022-10-01 09:00:00")],
        [spent("2022-10-02 10:00", "0", show_cnt="0"), spent("2022-10-03 08:00", "1")],
        [],
    )
    found = decision(exports, date(2022, 10, 4))
    assert found["first_delivery_at"] == datetime(2022, 10, 3, 8)
    assert found["window_end"] == datetime(2022, 10, 7)


@pytest.mark.parametrize(
    ("day", "outcome", "status"),
    [
        (1, "not_covered", "DEFAULT"),
        (2, "open", "IN_EFFECT"),
        (4, "open", "IN_EFFECT"),
        (5, "open", "CONFIRMING"),
        (6, "granted", "CONFIRMING"),
        (30, "granted", "CONFIRMING"),
    ],
)
def test_statuses_over_time(day: int, outcome: str, status: str):
    found = decision(feed(), date(2022, 10, day))
    assert (found["outcome"], found["compensate_status"]) == (outcome, status)


# 二: overcost and conversions


def test_bid_10_cost_12_qualifies_and_pays_the_difference():
    found = decision(feed())
    assert found["outcome"] == "granted"
    assert found["amount"] == Decimal("12.00")  # 72 - 6 * 10
    assert found["reasons"] == []


def test_exactly_20_percent_is_not_enough_where_the_boundary_is_exclusive():
    assert decision(feed(), overcost_boundary="exclusive")["reasons"] == ["UN_OBERCOST"]
    assert decision(feed("71.99999"))["reasons"] == ["UN_OBERCOST"]


@pytest.mark.parametrize(
    ("bid", "prompted"),
    [
        ("400", 13),
        ("333.33", 15),
        ("333.34", 15),
        ("500", 10),
        ("500.01", 10),
        ("10", 15),
        ("357.15", 14),
        ("357.14", 15),
        ("4000", 10),
        ("384.62", 13),
        ("384.61", 14),
    ],
)
def test_prompted_count(bid: str, prompted: int):
    assert prompted_count(Decimal(bid)) == prompted


def test_bid_400_needs_14_conversions():
    found = decision(learning("6720", 14))
    assert (found["conversions_prompted"], found["conversions_required"]) == (13, 14)
    assert (found["outcome"], found["amount"]) == ("granted", Decimal("1120.00"))
    assert decision(learning("6240", 13))["reasons"] == ["CONVERT_UNDER_THRESHOLD"]


def test_feed_needs_6_search_needs_2():
    assert decision(feed("60", 5))["reasons"] == ["CONVERT_UNDER_THRESHOLD"]
    search = world(
        [plan(marketing_scene="SEARCH")],
        [spent("2022-10-01 00:00", "24")],
        won(2, "2022-10-04 23:59:59"),
    )
    assert decision(search)["amount"] == Decimal("4.00")


def test_what_is_delivered_or_billed_after_the_window_does_not_count():
    exports = world(
        [plan()],
        [spent("2022-10-01 14:00", "72"), spent("2022-10-05 00:00", "500")],
        won(6, "2022-10-01 15:00") + won(3, "2022-10-05 00:00", prefix="x"),
    )
    found = decision(exports)
    assert (found["cost"], found["conversions"]) == (72, 6)


def test_no_conversion_stands_alone():
    found = decision(feed("72", 0))
    assert found["reasons"] == ["CONVERT_ZERO_OR_COST"]
    assert found["target_cost"] == 0


# 二: edits


def targeting(day: int, count: int, **more) -> list[Row]:
    return [done(f"2022-10-{day:02} 16:0{n}:00", "targeting", **more) for n in range(count)]


def test_three_targeting_edits_and_one_bid_edit_lose():
    edits = [*targeting(2, 3), done("2022-10-02 17:00:00", "bid", "10", "11")]
    found = decision(feed(operations=edits))
    assert found["outcome"] == "invalid"
    assert found["reasons"] == ["AUD_CHANGES"]
    assert (found["max_daily_bid_edits"], found["max_daily_targeting_edits"]) == (1, 3)
    assert (found["meets_bid_edits"], found["meets_targeting_edits"]) == (True, False)


def test_two_edits_of_each_kind_keep_it_unless_summed():
    edits = [
        *targeting(2, 2),
        done("2022-10-02 17:00:00", "bid", "10", "11"),
        done("2022-10-02 18:00:00", "bid", "11", "10"),
    ]
    assert decision(feed(operations=edits))["outcome"] == "granted"
    found = decision(feed(operations=edits), edit_limit_scope="summed")
    assert found["reasons"] == ["AUD_BID_CHANGES"]
    assert found["meets_bid_edits"] is found["meets_targeting_edits"] is False


def test_edit_readings():
    saved_once = targeting(2, 3, log_id="one")
    assert decision(feed(operations=saved_once))["max_daily_targeting_edits"] == 1
    by_row = decision(feed(operations=saved_once), edit_unit="row")
    assert by_row["max_daily_targeting_edits"] == 3
    spread = targeting(2, 2) + targeting(3, 2)
    assert decision(feed(operations=spread))["outcome"] == "granted"
    assert decision(feed(operations=spread), edit_limit_period="window")["outcome"] == "invalid"
    early = [done(f"2022-10-01 0{n}:00", "targeting") for n in range(3)]
    assert decision(feed(operations=early))["max_daily_targeting_edits"] == 0
    assert decision(feed(operations=early), edit_days_start="day")["reasons"] == ["AUD_CHANGES"]


def test_managed_lowering_any_and_net():
    edits = [
        done("2022-10-02 10:00", "bid", "400", "390"),
        done("2022-10-02 11:00", "bid", "390", "400"),
    ]
    assert decision(learning("6720", 14, edits))["reasons"] == ["BID_LOWERED"]
    assert decision(learning("6720", 14, edits), lowering="net")["outcome"] == "granted"
    running = decision(learning("6720", 14, edits), date(2022, 10, 4), lowering="net")
    assert running["meets_bid_not_lowered"] is None
    raised = [done("2022-10-02 10:00", "bid", "400", "500")]
    assert decision(learning("6720", 14, raised))["meets_bid_not_lowered"] is True


def test_bid_before_the_edit_and_after_it():
    # 3 conversions before the edit at 10, 3 at its very instant or later at 12: 66 in all.
    exports = world(
        [plan()],
        [spent("2022-10-01 14:00", "80")],
        won(3, "2022-10-01 15:00") + won(3, "2022-10-02 10:00", prefix="x"),
        [done("2022-10-02 10:00", "bid", "10", "12")],
    )
    found = decision(exports)
    assert (found["target_cost"], found["first_bid"], found["bid_at_end"]) == (66, 10, 12)
    assert found["amount"] == Decimal("14.00")  # 80 >= 79.2
    at_end = decision(exports, overcost_base="bid_at_end")
    assert at_end["reasons"] == ["UN_OBERCOST"]  # 80 < 1.2 * 72


def test_a_broken_chain_of_bids_is_a_conflict():
    found = decision(
        feed(
            operations=[
                done("2022-09-30 10:00", "create", None, "10"),
                done("2022-10-02 10:00", "bid", "11", "12"),
            ]
        )
    )
    assert (found["outcome"], found["reasons"]) == ("held", ["DATA_CONFLICT"])


# 二(一): pauses


def paused_world(before: int, after: int = 0) -> Exports:
    """Bid 400; `before` conversions and 6720 of cost until the pause, the rest after it."""
    return world(
        [managed()],
        [spent("2022-10-01 14:20", "6720"), spent("2022-10-03 14:20", "1000")],
        won(before, "2022-10-01 15:00") + won(after, "2022-10-03 15:00", prefix="x"),
        [done("2022-10-02 12:00", "pause")],
    )


def test_met_before_the_pause_stands():
    found = decision(paused_world(14))
    assert found["paused_at"] == datetime(2022, 10, 2, 12)
    assert (found["meets_pause"], found["outcome"]) == (True, "granted")


def test_not_met_before_the_pause_is_lost():
    found = decision(paused_world(13, 3))
    assert found["reasons"] == ["PAUSED_BEFORE_MET"]
    ignored = decision(paused_world(13, 3), pause="ignore")
    assert (ignored["meets_pause"], ignored["paused_at"]) == (None, None)
    assert ignored["amount"] == Decimal("1320.00")  # 7720 - 16 * 400; 7720 >= 7680


def test_overcost_lost_after_a_pause_that_preserved():
    # Met at the pause (6720 >= 6720); at settlement 7720 < 1.2 * 17 * 400 = 8160.
    exports = paused_world(14, 3)
    assert decision(exports)["reasons"] == ["UN_OBERCOST"]
    found = decision(exports, overcost_at_settlement="preserved")
    assert (found["outcome"], found["amount"]) == ("granted", Decimal("920.00"))


# 三(二): backflow


def test_late_backflow():
    rows = won(5, "2022-10-01 15:00") + won(
        1, "2022-10-04 23:00", "2022-10-06 00:00", "2022-10-06 00:00", prefix="late"
    )
    exports = world([plan()], [spent("2022-10-01 14:00", "72")], rows)
    on_the_day = decision(exports)
    assert (on_the_day["conversions"], on_the_day["late_conversions"]) == (5, 0)
    later = decision(exports, date(2022, 10, 7))
    assert (later["conversions"], later["late_conversions"]) == (5, 1)
    assert later["reasons"] == ["CONVERT_UNDER_THRESHOLD"]
    included = decision(exports, date(2022, 10, 7), late_backflow="included")
    assert (included["conversions"], included["amount"]) == (6, Decimal("12.00"))


def test_converted_on_the_backflow_day():
    rows = won(6, "2022-10-04 23:00", "2022-10-05 01:00", "2022-10-05 02:00")
    exports = world([plan()], [spent("2022-10-01 14:00", "72")], rows)
    assert decision(exports)["conversions"] == 6
    assert decision(exports, conversion_clock="converted")["conversions"] == 0


def test_bid_clock():
    rows = won(6, "2022-10-02 09:00", "2022-10-02 11:00")
    exports = world(
        [plan()],
        [spent("2022-10-01 14:00", "100")],
        rows,
        [done("2022-10-02 10:00", "bid", "10", "12")],
    )
    assert decision(exports)["target_cost"] == 60
    assert decision(exports, bid_clock="converted")["target_cost"] == 72


def test_rounding():
    assert decision(feed("72.005"))["amount"] == Decimal("12.01")
    assert decision(feed("72.005"), rounding="down")["amount"] == Decimal("12.00")


def test_an_amount_below_a_fen_ends():
    exports = feed("60.00400", 6, [done("2022-10-01 14:30", "bid", "5", "10")])
    found = decision(exports, overcost_base="initial")  # 60.004 >= 1.2 * 30
    assert (found["target_cost"], found["outcome"]) == (60, "ended")
    assert found["reasons"] == ["CURRENCY_PRECISION"]


# 四(一): verdicts


def verdict(at: str, kind: str, source: str = "ANTI_SPAM") -> Row:
    return Row({"ad_id": "1", "decided_at": at, "verdict": kind, "source": source})


def test_verdicts_even_after_settlement():
    first = verdict("2022-10-10 10:00", "cheating", "MANUAL_JUDGE_SPAM")
    exports = feed(verdicts=[first, verdict("2022-10-12 10:00", "cleared")])
    assert decision(exports, date(2022, 10, 10))["outcome"] == "granted"
    assert decision(exports, date(2022, 10, 11))["reasons"] == ["MANUAL_JUDGE_SPAM"]
    assert decision(exports, date(2022, 10, 13))["outcome"] == "granted"


# Slices


def sliced(operations: list[Row] = (), count: str | None = "6") -> Exports:
    rows = [
        spent("2022-10-01 14:00", "80", attribution_convert_cnt=count),
        spent("2022-10-01 16:00", "0", attribution_convert_cnt="0"),
    ]
    return world([plan()], rows, None, operations)


def test_slices():
    assert decision(sliced())["amount"] == Decimal("20.00")
    inside = [done("2022-10-01 14:30", "bid", "10", "12")]
    found = decision(sliced(inside))
    assert (found["reasons"], found["target_cost"]) == (["BID_AMBIGUOUS"], None)
    targets = {"slice_start": 60, "lowest": 60, "highest": 72}
    for choice, target in targets.items():
        assert decision(sliced(inside), slice_bid=choice)["target_cost"] == target
    between = [done("2022-10-01 15:00", "bid", "10", "12")]
    assert decision(sliced(between))["target_cost"] == 60
    unknown = decision(sliced(count=None))
    assert (unknown["reasons"], unknown["conversions"]) == (["LOGS_INCOMPLETE"], None)


# Covered or not


@pytest.mark.parametrize(
    ("values", "reasons"),
    [
        ({"smart_bid_type": "SMART_BID_CONSERVATIVE"}, ["BID_TYPE_EXPIRED"]),
        ({"marketing_scene": "ALL"}, ["SCENE_NOT_COVERED"]),
        ({"roi_goal": "1.5"}, ["SCENE_NOT_COVERED"]),
        ({"smart_bid_type": "SMART_BID_CONSERVATIVE", "roi_goal": "2"}, ["BID_TYPE_EXPIRED"]),
    ],
)
def test_not_covered(values: dict[str, str], reasons: list[str]):
    found = decision(world([plan(**values)], [spent("2022-10-01 14:00", "72")], []))
    assert (found["outcome"], found["reasons"]) == ("not_covered", reasons)
    assert (found["scenario"], found["cost"]) == (None, None)
    assert found["settle_on"] == date(2022, 10, 6)


def test_rule_not_in_force():
    exports = world([plan()], [spent("2022-01-26 23:00", "72")], [])
    assert decision(exports)["reasons"] == ["RULE_NOT_IN_FORCE"]


def test_plan_unknown_and_plan_refused():
    exports = world([], [spent("2022-10-01 14:00", "72")], [])
    assert decision(exports)["reasons"] == ["PLAN_UNKNOWN"]
    assert decide(exports, date(2022, 10, 1)).decisions == []
    bad = world([plan(marketing_scene="MOON")], [spent("2022-10-01 14:00", "72")], [])
    found = decision(bad)
    assert (found["reasons"], found["scenario"]) == (["DATA_QUARANTINED"], None)
    differing = world([plan(), plan(name="x")], [], [])
    assert decision(differing)["reasons"] == ["DATA_CONFLICT"]


# Rows


def test_flat_duplicates_and_conflicts():
    row = spent("2022-10-01 14:20:00", "72")
    exports = world([plan()], [row, row], won(6, "2022-10-01 15:00"))
    verdict_ = decide(exports, AFTER)
    assert verdict_.decisions[0]["outcome"] == "granted"
    assert verdict_.tables["delivery"] == {
        "read": 2,
        "accepted": 1,
        "duplicate": 1,
        "superseded": 0,
        "quarantined": 0,
    }
    other = spent("2022-10-02 14:20:00", "1"), spent("2022-10-02 14:20:00", "2")
    exports = world([plan()], [row, *other], won(6, "2022-10-01 15:00"))
    verdict_ = decide(exports, AFTER)
    assert verdict_.decisions[0]["reasons"] == ["DATA_CONFLICT"]
    assert verdict_.decisions[0]["cost"] == 72
    assert verdict_.tables["delivery"]["quarantined"] == 2


DAYS = [date(2022, 10, 1) + timedelta(days=n) for n in range(9)]


def parted(delivery: list[Row], conversions: list[Row], days: list[date] = DAYS) -> Exports:
    snapshot = plan(dt=DAYS[0], ad_create_time="2022-10-01 08:00:00")
    return world(
        [snapshot],
        delivery,
        conversions,
        days={"plans": DAYS, "delivery": days, "conversions": DAYS, "operations": DAYS},
    )


def test_a_restatement_counts_until_the_cycle_is_over():
    rows = [
        spent("2022-10-01 14:00", cost, dt=DAYS[n])
        for n, cost in ((0, "1"), (2, "2"), (4, "90"), (5, "7"))
    ]
    exports = parted(rows, won(6, "2022-10-01 15:00", dt=DAYS[0]))
    assert decision(exports, date(2022, 10, 3))["cost"] == 1
    verdict_ = decide(exports, date(2022, 10, 8))
    assert verdict_.decisions[0]["amount"] == Decimal("30.00")  # dt 10-06 came too late
    assert verdict_.tables["delivery"] == {
        "read": 4,
        "accepted": 2,
        "duplicate": 0,
        "superseded": 2,
        "quarantined": 0,
    }


def test_a_missing_day_holds_and_an_unknown_beginning_too():
    rows = [spent("2022-10-01 14:00", "72", dt=DAYS[0])]
    lost = [day for day in DAYS if day != date(2022, 10, 5)]
    exports = parted(rows, won(6, "2022-10-01 15:00", dt=DAYS[0]), lost)
    assert decision(exports)["reasons"] == ["LOGS_INCOMPLETE"]
    assert decision(exports, date(2022, 10, 5))["reasons"] == []
    late_start = parted([spent("2022-10-02 14:00", "72", dt=DAYS[1])], [], DAYS[1:])
    found = decision(late_start, date(2022, 10, 20))
    assert "FIRST_DELIVERY_UNKNOWN" in found["reasons"]
    assert (found["outcome"], found["cost"], found["scenario"]) == ("held", None, "feed")


def test_too_late_to_start_its_own_cycle_is_a_conflict():
    rows = [
        spent("2022-10-03 14:00", "72", dt=date(2022, 10, 3)),
        spent("2022-10-01 14:00", "5", dt=date(2022, 10, 6)),
    ]
    found = decision(parted(rows, []), date(2022, 10, 9))
    assert found["first_delivery_at"] == datetime(2022, 10, 3, 14)
    assert found["reasons"] == ["DATA_CONFLICT", "CONVERT_ZERO_OR_COST"]


def test_a_refused_row_holds_only_before_the_end_of_the_cycle():
    good, bad = won(6, "2022-10-01 15:00"), won(1, "2022-10-02 15:00", prefix="bad")
    broken = [Row(bad[0].values | {"valid": "perhaps"})]
    delivery = [spent("2022-10-01 14:00", "72")]
    found = decision(world([plan()], delivery, good + broken))
    assert (found["reasons"], found["conversions"]) == (["DATA_QUARANTINED"], 6)
    late = [Row(broken[0].values | {"received_at": "2022-10-06 00:00"})]
    found = decision(world([plan()], delivery, good + late), date(2022, 10, 20))
    assert found["outcome"] == "granted"


def test_a_refused_delivery_row_holds_its_plan_and_a_given_first_delivery_stands():
    broken = spent("2022-10-01 10:00", "-1")
    exports = world([plan()], [broken], [])
    assert decision(exports)["reasons"] == ["DATA_QUARANTINED"]
    exports = feed(first_deliveries=[Row({"ad_id": "1", "first_delivery_at": "2022-09-30 10:00"})])
    assert decision(exports)["window_end"] == datetime(2022, 10, 4)


# Cells


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2022-10-01", datetime(2022, 10, 1)),
        ("2022-10-01 24:00", datetime(2022, 10, 2)),
        ("2022-10-01T14:20:00.5", datetime(2022, 10, 1, 14, 20, 0, 500000)),
        ("2022-10-01T06:20:00Z", datetime(2022, 10, 1, 14, 20)),
        ("2022-10-01 14:20:00+08:00", datetime(2022, 10, 1, 14, 20)),
        ("2022-10-01 02:00:00-0400", datetime(2022, 10, 1, 14)),
    ],
)
def test_times(text: str, moment: datetime):
    assert to_time(text) == moment


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (to_time, "2015-12-31 23:59:59"),
        (to_time, "2100-01-01"),
        (to_time, "2022-02-30"),
        (to_time, "2022-10-01 24:01"),
        (to_time, "2022-10-01 12:60"),
        (to_time, "10-01"),
        (to_price, "0"),
        (to_price, "1.001"),
        (to_price, ".5"),
        (to_price, "5."),
        (to_price, "+5"),
        (to_price, "1e3"),
        (to_price, "nan"),
        (to_price, "５"),
        (to_price, "1,00"),
        (to_count, "1.5"),
        (to_count, "-1"),
        (to_id, "0"),
        (to_id, "9223372036854775808"),
        (to_price, "12345678901234567"),
        (to_roi, "1.0000001"),
    ],
)
def test_refused_cells(read, text: str):
    with pytest.raises(Refused):
        read(text)


def test_read_cells():
    assert to_price("1,234.500") == Decimal("1234.5")
    assert to_count("12.0") == 12
    assert to_roi("1.0000000") == 1
    assert to_id("9223372036854775807") == 2**63 - 1


# All readings, and the time it takes


def crowd(plans: int = 150) -> Exports:
    tables: dict[str, list[Row]] = {"plans": [], "delivery": [], "conversions": []}
    operations: list[Row] = []
    for ad_id in range(1, plans + 1):
        tables["plans"].append(managed(ad_id) if ad_id % 3 else plan(ad_id))
        tables["delivery"] += [
            spent(f"2022-10-0{1 + n // 3} {10 + n}:00", "900.5", ad_id) for n in range(8)
        ]
        tables["conversions"] += won(8, "2022-10-01 15:00", ad_id=ad_id)
        operations += [
            done("2022-10-02 12:00", "pause", ad_id=ad_id),
            done("2022-10-02 13:00", "enable", ad_id=ad_id),
            done("2022-10-02 13:30", "targeting", ad_id=ad_id),
        ]
    return world(tables["plans"], tables["delivery"], tables["conversions"], operations)


def test_every_alternative_decides_everyone():
    exports = crowd(12)
    assert {name: choices[0] for name, choices in ALTERNATIVES.items()} == READINGS
    for name, choices in ALTERNATIVES.items():
        for choice in choices:
            assert len(decide(exports, AFTER, {name: choice}).decisions) == 12
    with pytest.raises(ValueError, match="never"):
        decide(exports, AFTER, {"pause": "never"})


def test_fast_enough():
    exports = crowd()
    begun = time.perf_counter()
    decide(exports, AFTER)
    assert time.perf_counter() - begun < 2  # about 0.1 s; generous for a busy machine
