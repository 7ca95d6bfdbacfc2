"""The boundary lattice (quality.md, Exactness): just below, at and just above every edge.

Every expectation is worked out by hand from the rule. Unless a case says otherwise it is a feed
plan with a bid of 10 whose six conversions, billed in the window, cost 72: exactly 20 % over,
12.00 granted. Day 0 is the day of first delivery; the window ends at "4 00:00:00", the cycle
at "5 00:00:00".
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.lattice import Case, as_expected, decide_cases, ended, granted, held, lost

UNDER = "UN_OBERCOST"
FEW = "CONVERT_UNDER_THRESHOLD"
PAUSED = "PAUSED_BEFORE_MET"

EXCLUSIVE = {"overcost_boundary": "exclusive"}
INITIAL = {"overcost_base": "initial"}
AT_END = {"overcost_base": "bid_at_end"}
DOWN = {"rounding": "down"}


def overcost() -> list[Case]:
    """20 %: feed 6 × 10 = 60, line 72; search 2 × 10.01 = 20.02, line 24.024;
    managed 14 × 400 = 5600, line 6720."""
    feed = {
        "71.99": ended(UNDER),
        "71.99999": ended(UNDER),
        "72": granted("12.00"),
        "72.00001": granted("12.00"),
        "72.01": granted("12.01"),
    }
    search = {
        "24.014": ended(UNDER),
        "24.02399": ended(UNDER),
        "24.024": granted("4.00"),
        "24.02401": granted("4.00"),
        "24.034": granted("4.01"),
    }
    managed = {
        "6719.99": ended(UNDER),
        "6719.99999": ended(UNDER),
        "6720": granted("1120.00"),
        "6720.00001": granted("1120.00"),
        "6720.01": granted("1120.01"),
    }
    stories: dict[str, tuple[str, int, dict[str, dict[str, Any]]]] = {
        "feed": ("10", 6, feed),
        "search": ("10.01", 2, search),
        "managed": ("400", 14, managed),
    }
    cases = []
    for scenario, (bid, count, costs) in stories.items():
        for cost, expect in costs.items():
            for readings in ({}, EXCLUSIVE):
                is_exact = cost in ("72", "24.024", "6720")
                cases.append(
                    Case(
                        f"{scenario} cost {cost} {'exclusive' if readings else 'inclusive'}",
                        ended(UNDER) if is_exact and readings else expect,
                        scenario,
                        bid,
                        [("0 10:00:00", cost)],
                        [(count, "0 12:00:00")],
                        readings=readings,
                    )
                )
    return cases


def overcost_base() -> list[Case]:
    """Three conversions at 20, then three at 10: weighted 90, line 108; over the initial bid
    120, line 144; over the bid at the end 60, line 72. Paid is cost − 90 in every reading."""
    table = [
        ("weighted 107.99999", "107.99999", ended(UNDER), {}),
        ("weighted 108", "108", granted("18.00"), {}),
        ("weighted exclusive 108", "108", ended(UNDER), EXCLUSIVE),
        ("initial 143.99999", "143.99999", ended(UNDER), INITIAL),
        ("initial 144", "144", granted("54.00"), INITIAL),
        ("initial exclusive 144", "144", ended(UNDER), INITIAL | EXCLUSIVE),
        ("initial exclusive 144.00001", "144.00001", granted("54.00"), INITIAL | EXCLUSIVE),
        # Over the last bid, but nothing is left once 90 are taken off.
        ("at end 71.99999", "71.99999", ended(UNDER), AT_END),
        ("at end 72", "72", ended("CURRENCY_PRECISION", meets_overcost=True), AT_END),
        ("at end 90.00499", "90.00499", ended("CURRENCY_PRECISION"), AT_END),
        ("at end 90.005", "90.005", granted("0.01"), AT_END),
    ]
    return [
        Case(
            f"base {name}",
            {"target_cost": "90.00000", "first_bid": "20.00", "bid_at_end": "10.00"} | expect,
            bid="20",
            spent=[("0 10:00:00", cost)],
            won=[(3, "0 12:00:00"), (3, "1 12:00:00")],
            done=[("1 00:00:00", "bid", "20", "10")],
            readings=readings,
        )
        for name, cost, expect, readings in table
    ]


# bid → (prompted, required): 5000 / bid rounded up, 10 to 15; required is one more.
PROMPTED = {
    "0.01": (15, 16),  # 500000
    "333.33": (15, 16),  # 15.0001…: above 15
    "333.34": (15, 16),  # 14.9997…
    "357.14": (15, 16),  # 14.00011…
    "357.15": (14, 15),  # 13.9997…
    "384.61": (14, 15),  # 13.0001…
    "384.62": (13, 14),  # 12.9998…
    "400": (13, 14),  # 12.5
    "416.66": (13, 14),  # 12.0001…
    "416.67": (12, 13),  # 11.9999…
    "454.54": (12, 13),  # 11.0001…
    "454.55": (11, 12),  # 10.9998…
    "499.99": (11, 12),  # 10.0002
    "500": (10, 11),  # 10
    "500.01": (10, 11),  # 9.9998: below 10
    "5000": (10, 11),  # 1
}


def thresholds() -> list[Case]:
    """Conversions: one too few, the threshold, one more."""
    cases = []
    for scenario, least in (("feed", 6), ("search", 2)):
        for count in (least - 1, least, least + 1):
            expect = granted("50.00") if count >= least else ended(FEW)
            cases.append(
                Case(
                    f"{scenario} {count} conversions",
                    expect | {"conversions_required": least, "conversions_prompted": None},
                    scenario,
                    spent=[("0 10:00:00", str(10 * count + 50))],
                    won=[(count, "0 12:00:00")],
                )
            )
    for bid, (prompted, required) in PROMPTED.items():
        for count in (prompted - 1, prompted, prompted + 1):
            expect = ended(FEW) if count <= prompted else {"outcome": "granted", "reasons": []}
            expect |= {"conversions_prompted": prompted, "conversions_required": required}
            cases.append(
                Case(
                    f"managed bid {bid} {count} conversions",
                    expect,
                    "managed",
                    bid,
                    [("0 10:00:00", "1000000")],
                    [(count, "0 12:00:00")],
                )
            )
    first = {"first_bid": "at_first_delivery"}
    for when, readings, prompted in [
        ("0 09:59:59", first, 10),
        ("0 10:00:00", first, 10),
        ("0 10:00:01", first, 13),
        ("0 09:59:59", {}, 13),
    ]:
        cases.append(
            Case(
                f"managed 400 raised to 500 at {when} first_bid={'at' if readings else 'initial'}",
                {"conversions_prompted": prompted, "outcome": "granted"},
                "managed",
                "400",
                [("0 10:00:00", "1000000")],
                [(14, "0 12:00:00")],
                [(when, "bid", "400", "500")],
                readings,
            )
        )
    return cases


def nothing() -> list[Case]:
    zero = ended("CONVERT_ZERO_OR_COST")
    return [
        Case("no conversion", zero | {"conversions": 0, "target_cost": "0.00000"}, won=()),
        Case("no cost", zero | {"cost": "0.00000"}, spent=[("0 10:00:00", "0")]),
        Case("the least cost", ended(UNDER), spent=[("0 10:00:00", "0.00001")]),
        Case(
            "managed without conversion, paused",
            zero,
            "managed",
            won=(),
            done=[("1 00:00:00", "pause", "", "")],
        ),
    ]


def billed_and_received() -> list[Case]:
    """Five conversions are beyond doubt; the sixth is at an edge. First delivery 14:20:00."""
    converted = {"conversion_clock": "converted"}
    included = {"late_backflow": "included"}
    yes, no = granted("40.00", conversions=6), ended(FEW, conversions=5)
    late = no | {"late_conversions": 1}
    in_time = {"late_conversions": 0}
    table: list[tuple[str, tuple[str, ...], dict[str, Any], dict[str, str]]] = [
        ("a second before first delivery", ("0 14:19:59",), no | in_time, {}),
        ("at first delivery", ("0 14:20:00",), yes, {}),
        ("a second after first delivery", ("0 14:20:01",), yes, {}),
        ("before the first midnight", ("0 23:59:59",), yes, {}),
        ("at 24:00 of day 0", ("0 24:00:00",), yes, {}),
        ("at the first midnight", ("1 00:00:00",), yes, {}),
        ("after the first midnight", ("1 00:00:01",), yes, {}),
        ("a second before the window's end", ("3 23:59:59",), yes, {}),
        ("a microsecond before the window's end", ("3 23:59:59.999999",), yes, {}),
        ("at 24:00 of the last day", ("3 24:00:00",), no | in_time, {}),
        ("at the window's end", ("4 00:00:00",), no | in_time, {}),
        ("a second after the window's end", ("4 00:00:01",), no | in_time, {}),
    ]
    table = [(f"billed {name}", times, expect, more) for name, times, expect, more in table]
    billed = "1 12:00:00"
    received = {
        "a second before the cycle's end": ("4 23:59:59", yes | in_time),
        "a microsecond before the cycle's end": ("4 23:59:59.999999", yes | in_time),
        "at 24:00 of the backflow day": ("4 24:00:00", late),
        "at the cycle's end": ("5 00:00:00", late),
        "a second after the cycle's end": ("5 00:00:01", late),
    }
    for name, (when, expect) in received.items():
        table.append((f"received {name}", (billed, billed, when), expect, {}))
        anyway = yes | {"late_conversions": expect["late_conversions"]}
        table.append((f"received {name}, included", (billed, billed, when), anyway, included))
    for name, when, otherwise in [
        ("a second before the window's end", "3 23:59:59", yes),
        ("at 24:00 of the last day", "3 24:00:00", no),
        ("at the window's end", "4 00:00:00", no),
        ("a second after the window's end", "4 00:00:01", no),
    ]:
        table.append((f"converted {name}", (billed, when), yes, {}))
        table.append((f"converted {name}, by that clock", (billed, when), otherwise, converted))
    return [
        Case(
            name,
            expect,
            spent=[("0 14:20:00", "100")],
            won=[(5, "0 15:00:00"), (1, *times)],
            readings=readings,
        )
        for name, times, expect, readings in table
    ]


def delivered() -> list[Case]:
    """60 are beyond doubt; the 12 that make it 72 are spent at an edge."""
    first = {"first_delivery_at": "2022-10-01 14:20:00", "window_end": "2022-10-05 00:00:00"}
    yes, no = granted("12.00", cost="72.00000"), ended(UNDER, cost="60.00000")
    edges = {
        "3 23:59:59": yes | first,
        "3 24:00:00": no | first,
        "4 00:00:00": no | first,
        "4 00:00:01": no | first,
        "0 23:59:59": yes | first,
        "0 24:00:00": yes | first,
        "0 14:20:01": yes | first,
        # A row before it is first delivery itself.
        "0 14:19:59": yes | first | {"first_delivery_at": "2022-10-01 14:19:59"},
        "0 00:00:00": yes | first | {"first_delivery_at": "2022-10-01 00:00:00"},
    }
    spent_at = {when: [("0 14:20:00", "60"), (when, "12")] for when in edges}
    cases = [
        Case(f"cost at {when}", expect, spent=spent_at[when], won=[(6, "0 15:00:00")])
        for when, expect in edges.items()
    ]
    midnight = {
        "0 23:59:59": ("2022-10-01 23:59:59", "2022-10-05 00:00:00", "2022-10-06"),
        "0 24:00:00": ("2022-10-02 00:00:00", "2022-10-06 00:00:00", "2022-10-07"),
        "1 00:00:00": ("2022-10-02 00:00:00", "2022-10-06 00:00:00", "2022-10-07"),
        "1 00:00:01": ("2022-10-02 00:00:01", "2022-10-06 00:00:00", "2022-10-07"),
    }
    cases += [
        Case(
            f"first delivery at {when}",
            granted("12.00", first_delivery_at=start, window_end=end, settle_on=settled),
            spent=[(when, "72")],
            won=[(6, "1 12:00:00")],
        )
        for when, (start, end, settled) in midnight.items()
    ]
    return cases


def edits() -> list[Case]:
    """First delivery 14:20:00. At most two edits of a kind on one day."""
    summed, window = {"edit_limit_scope": "summed"}, {"edit_limit_period": "window"}
    day, row = {"edit_days_start": "day"}, {"edit_unit": "row"}

    def done(kind: str, *times: str, log_id: str | None = None) -> list[tuple[Any, ...]]:
        values = ("10", "10") if kind == "bid" else ("a", "b")  # no change is an edit as well
        save = (log_id,) if log_id else ()
        return [(when, kind, *values, *save) for when in times]

    three = ("1 10:00:00", "1 11:00:00", "1 12:00:00")
    before = ("0 14:19:57", "0 14:19:58", "0 14:19:59")
    ok = granted("12.00")
    lost_by = {"bid": "BID_CHANGES", "targeting": "AUD_CHANGES"}
    cases: list[tuple[str, list[tuple[Any, ...]], dict[str, Any], dict[str, str]]] = []
    for kind, reason in lost_by.items():
        count, gone = f"max_daily_{kind}_edits", lost(reason)
        across = ("1 23:59:58", "1 23:59:59", "2 00:00:00")
        as_24 = ("1 23:59:58", "1 23:59:59", "1 24:00:00")
        last = ("3 23:59:57", "3 23:59:58", "3 23:59:59")
        over_end = ("3 23:59:58", "3 23:59:59", "4 00:00:00")
        over_24 = ("3 23:59:58", "3 23:59:59", "3 24:00:00")
        over_first = ("0 14:19:59", "0 14:20:00", "0 14:20:01")
        from_first = ("0 14:20:00", "0 14:20:01", "0 14:20:02")
        daily = ("0 15:00:00", "1 15:00:00", "2 15:00:00")
        last_2 = ("0 15:00:00", "3 23:59:59", "4 00:00:00")
        yesterday = ("-1 23:59:58", "-1 23:59:59", "0 00:00:00", "0 00:00:01")
        cases += [
            (f"{kind} 2 on a day", done(kind, *three[:2]), ok | {count: 2}, {}),
            (f"{kind} 3 on a day", done(kind, *three), gone | {count: 3}, {}),
            (f"{kind} 3 across midnight", done(kind, *across), ok | {count: 2}, {}),
            (f"{kind} 3 across 24:00", done(kind, *as_24), ok | {count: 2}, {}),
            (f"{kind} 3 in the last seconds", done(kind, *last), gone | {count: 3}, {}),
            (f"{kind} 3 over the window's end", done(kind, *over_end), ok | {count: 2}, {}),
            (f"{kind} 3 over the end, as 24:00", done(kind, *over_24), ok | {count: 2}, {}),
            (f"{kind} 3 over first delivery", done(kind, *over_first), ok | {count: 2}, {}),
            (f"{kind} 3 from first delivery on", done(kind, *from_first), gone | {count: 3}, {}),
            (f"{kind} 3 before first delivery", done(kind, *before), ok | {count: 0}, {}),
            (f"{kind} 3 before, day counts", done(kind, *before), gone | {count: 3}, day),
            (f"{kind} over the first midnight", done(kind, *yesterday), ok | {count: 2}, day),
            (f"{kind} 3 of one save", done(kind, *three, log_id="s"), ok | {count: 1}, {}),
            (f"{kind} 3 of one save, by row", done(kind, *three, log_id="s"), gone, row),
            (f"{kind} 3 in the window, by day", done(kind, *daily), ok | {count: 1}, {}),
            (f"{kind} 3 in the window", done(kind, *daily), gone | {count: 3}, window),
            (f"{kind} 2 in the window, 1 after", done(kind, *last_2), ok | {count: 2}, window),
        ]
    both = done("bid", *three[:2]) + done("targeting", *three[:2])
    one_each = done("bid", three[0]) + done("targeting", three[1])
    save = done("bid", three[0], log_id="s") + done("targeting", three[0], log_id="s")
    faq = done("bid", three[0]) + done("targeting", *three)
    apart = done("bid", "1 10:00:00", "1 11:00:00") + done("targeting", "2 10:00:00")
    cases += [
        ("2 bid and 2 targeting", both, ok, {}),
        ("2 bid and 2 targeting, summed", both, lost("AUD_BID_CHANGES"), summed),
        ("1 bid and 1 targeting, summed", one_each, ok, summed),
        ("one save of both kinds, summed", save, ok, summed),
        (
            "two saves, one of both kinds, summed",
            save + done("bid", three[1]),
            lost("AUD_BID_CHANGES"),
            summed,
        ),
        ("2 bid, next day 1 targeting, summed", apart, ok, summed),
        (
            "2 bid, next day 1 targeting, summed, window",
            apart,
            lost("AUD_BID_CHANGES"),
            summed | window,
        ),
        ("3 targeting and 1 bid (FAQ)", faq, lost("AUD_CHANGES"), {}),
        (
            "3 of each",
            done("bid", *three) + done("targeting", *three),
            lost("BID_CHANGES", "AUD_CHANGES"),
            {},
        ),
        ("budget edits", [(when, "budget", "1", "2") for when in three], ok, {}),
    ]
    made = [
        Case(
            f"edits {name}",
            expect,
            spent=[("0 14:20:00", "72")],
            won=[(6, "0 15:00:00")],
            done=operations,
            readings=readings,
        )
        for name, operations, expect, readings in cases
    ]
    bids_allowed = {"scenario": "managed", "max_daily_bid_edits": 3, "meets_bid_edits": None}
    managed = {
        "targeting 2": (done("targeting", *three[:2]), granted("1100.00")),
        "targeting 3": (done("targeting", *three), lost("AUD_CHANGES")),
        "bid 3": (done("bid", *three), granted("1100.00") | bids_allowed),
    }
    for name, (operations, expect) in managed.items():
        operations = [
            (when, kind, *(("500", "500") if kind == "bid" else values), *more)
            for when, kind, *values, more in [(*op[:4], op[4:]) for op in operations]
        ]
        for readings in ({}, summed):
            # Managed plans have no limit on bid edits, so nothing to sum.
            made.append(
                Case(
                    f"edits managed {name} {'summed' if readings else 'each'}",
                    expect,
                    "managed",
                    "500",
                    [("0 14:20:00", "6600")],
                    [(11, "0 15:00:00")],
                    operations,
                    readings,
                )
            )
    return made


def bid_changes() -> list[Case]:
    """The bid of a conversion at the second of the edit; lowering at the window's edges."""
    raised = [("2 10:00:00", "bid", "10", "20")]
    by_converted = {"bid_clock": "converted"}
    prices = [
        ("a second before the edit", ("2 09:59:59",), "60.00000", {}),
        ("at the edit", ("2 10:00:00",), "70.00000", {}),
        ("a second after the edit", ("2 10:00:01",), "70.00000", {}),
        ("before, converted at the edit", ("2 09:59:59", "2 10:00:00"), "60.00000", {}),
        (
            "before, converted at it, by that clock",
            ("2 09:59:59", "2 10:00:00"),
            "70.00000",
            by_converted,
        ),
        (
            "before, converted before it, by that clock",
            ("2 09:59:58", "2 09:59:59"),
            "60.00000",
            by_converted,
        ),
    ]
    cases = [
        Case(
            f"bid of a conversion {name}",
            {"target_cost": target, "bid_at_end": "20.00"},
            won=[(5, "0 12:00:00"), (1, *times)],
            done=raised,
            readings=readings,
        )
        for name, times, target, readings in prices
    ]
    ends = {"3 23:59:59": "20.00", "3 24:00:00": "10.00", "4 00:00:00": "10.00"}
    cases += [
        Case(f"bid at end, edit at {when}", {"bid_at_end": bid}, done=[(when, "bid", "10", "20")])
        for when, bid in ends.items()
    ]
    # Managed, first delivery 14:20:00, 600 → 500 (5000 / 600 → 10, 11 required).
    any_, net = {}, {"lowering": "net"}
    down = {
        "0 14:19:59": (False, False),
        "0 14:20:00": (True, False),  # net begins with the bid in force at first delivery
        "0 14:20:01": (True, True),
        "3 23:59:59": (True, True),
        "3 24:00:00": (False, False),
        "4 00:00:00": (False, False),
        "4 00:00:01": (False, False),
    }
    for when, answers in down.items():
        for readings, is_lost in zip((any_, net), answers, strict=True):
            expect = lost("BID_LOWERED") if is_lost else {"outcome": "granted", "reasons": []}
            cases.append(
                Case(
                    f"lowered at {when} {'net' if readings else 'any'}",
                    expect | {"meets_bid_not_lowered": not is_lost},
                    "managed",
                    "600",
                    [("0 14:20:00", "9000")],
                    [(11, "0 15:00:00")],
                    [(when, "bid", "600", "500")],
                    readings,
                )
            )
    moves = [("1 10:00:00", "bid", "600", "500"), ("1 11:00:00", "bid", "500", "600")]
    cent = [("1 10:00:00", "bid", "600", "599.99"), ("1 11:00:00", "bid", "599.99", "600.01")]
    below = [("1 10:00:00", "bid", "600", "700"), ("1 11:00:00", "bid", "700", "699.99")]
    after = [("1 10:00:00", "bid", "600", "500"), ("4 00:00:00", "bid", "500", "600")]
    for name, steps, any_lost, net_lost in [
        ("down and up again", moves, True, False),
        ("down a cent and up", cent, True, False),
        ("up and down a cent", below, True, True),
        ("up again after the window only", after, True, True),
    ]:
        for readings, is_lost in ((any_, any_lost), (net, net_lost)):
            cases.append(
                Case(
                    f"{name} {'net' if readings else 'any'}",
                    {"meets_bid_not_lowered": not is_lost},
                    "managed",
                    "600",
                    [("0 14:20:00", "9000")],
                    [(11, "0 15:00:00")],
                    steps,
                    readings,
                )
            )
    return cases


def paused() -> list[Case]:
    """Managed, bid 500: 11 required, cost 6600 = 20 % over 11 × 500, the last conversion of
    the eleven at "1 10:00:00"."""
    ok, gone = granted("1100.00", meets_pause=True), ended(PAUSED, meets_pause=False)
    enough, last = (10, "0 15:00:00"), (1, "1 10:00:00")
    table: list[tuple[str, list[tuple[Any, ...]], dict[str, Any]]] = [
        ("a second before the last conversion", [("1 09:59:59", "pause", "", "")], gone),
        ("with the last conversion", [("1 10:00:00", "pause", "", "")], gone),
        ("a second after the last conversion", [("1 10:00:01", "pause", "", "")], ok),
        ("before first delivery", [("0 09:00:00", "pause", "", "")], gone),
        ("at 24:00 of the last day", [("3 24:00:00", "pause", "", "")], ok | {"paused_at": None}),
        ("at the window's end", [("4 00:00:00", "pause", "", "")], ok | {"paused_at": None}),
        (
            "resumed in the last second",
            [("1 09:00:00", "pause", "", ""), ("3 23:59:59", "enable", "", "")],
            ok | {"paused_at": None},
        ),
        (
            "resumed at the window's end",
            [("1 09:00:00", "pause", "", ""), ("4 00:00:00", "enable", "", "")],
            gone | {"paused_at": "2022-10-02 09:00:00"},
        ),
        (
            "paused twice: the first counts",
            [("1 09:00:00", "pause", "", ""), ("1 10:00:01", "pause", "", "")],
            gone | {"paused_at": "2022-10-02 09:00:00"},
        ),
        (
            "resumed, and paused again once met",
            [
                ("1 08:00:00", "pause", "", ""),
                ("1 09:00:00", "enable", "", ""),
                ("1 10:00:01", "pause", "", ""),
            ],
            ok | {"paused_at": "2022-10-02 10:00:01"},
        ),
    ]
    cases = [
        Case(
            f"paused {name}",
            expect,
            "managed",
            "500",
            [("0 14:20:00", "6600")],
            [enough, last],
            done,
        )
        for name, done, expect in table
    ]
    at_end = [("3 23:59:59", "pause", "", "")]
    cases += [
        Case(
            "paused in the last second, met",
            ok,
            "managed",
            "500",
            [("0 14:20:00", "6600")],
            [enough, (1, "3 23:59:58")],
            at_end,
        ),
        Case(
            "paused in the last second, with the last conversion",
            gone,
            "managed",
            "500",
            [("0 14:20:00", "6600")],
            [enough, (1, "3 23:59:59")],
            at_end,
        ),
    ]
    for name, when, expect in [
        ("a second before the slice that makes it 20 %", "2 09:59:59", gone),
        ("with that slice", "2 10:00:00", gone),
        ("a second after that slice began", "2 10:00:01", ok),
    ]:
        cases.append(
            Case(
                f"paused {name}",
                expect,
                "managed",
                "500",
                [("0 14:20:00", "6599.99999"), ("2 10:00:00", "0.00001")],
                [enough, last],
                [(when, "pause", "", "")],
            )
        )
    for name, times, expect in [
        ("after it was converted", ("1 10:00:00", "1 11:59:59"), ok),
        ("when it was converted", ("1 10:00:00", "1 12:00:00"), gone),
        ("before it was received", ("1 10:00:00", "1 11:00:00", "4 23:59:59"), ok),
    ]:
        cases.append(
            Case(
                f"paused {name}",
                expect,
                "managed",
                "500",
                [("0 14:20:00", "6600")],
                [enough, (1, *times)],
                [("1 12:00:00", "pause", "", "")],
            )
        )
    # Both conditions met at the pause; a twelfth conversion makes 6600 less than 1.2 × 6000.
    preserved = {"overcost_at_settlement": "preserved"}
    any_pause, ignore = {"pause": "any_pause"}, {"pause": "ignore"}
    twelfth = [enough, last, (1, "1 10:00:30", "2 10:00:00")]
    stopped = [("1 10:01:00", "pause", "", "")]
    resumed = [
        ("1 10:01:00", "pause", "", ""),
        ("1 11:00:00", "enable", "", ""),
        ("3 10:00:00", "pause", "", ""),
    ]
    paid = granted("600.00")
    for name, done, readings, expect in [
        ("then under 20 %", stopped, {}, ended(UNDER, meets_pause=True)),
        ("then under 20 %, preserved", stopped, preserved, paid),
        ("then under 20 %, ignored", stopped, ignore, ended(UNDER, meets_pause=None)),
        ("then under 20 %, ignored, preserved", stopped, preserved | ignore, ended(UNDER)),
        ("met only at the first", resumed, {}, ended(PAUSED, UNDER)),
        ("met only at the first, preserved", resumed, preserved, ended(PAUSED, UNDER)),
        ("met only at the first, any", resumed, any_pause, ended(UNDER, meets_pause=True)),
        ("met only at the first, any, preserved", resumed, any_pause | preserved, paid),
    ]:
        cases.append(
            Case(
                f"paused {name}",
                expect,
                "managed",
                "500",
                [("0 14:20:00", "6600")],
                twelfth,
                done,
                readings,
            )
        )
    return cases


def rounding() -> list[Case]:
    """Search, bid 0.01, two conversions: cost − 0.02, and the line stands at 0.024."""
    small = "CURRENCY_PRECISION"
    cents: dict[str, tuple[str | None, str | None]] = {
        "0.024": (None, None),  # 0.004
        "0.02499": (None, None),  # 0.00499
        "0.025": ("0.01", None),  # 0.00500
        "0.02501": ("0.01", None),
        "0.02999": ("0.01", None),  # 0.00999
        "0.03": ("0.01", "0.01"),
        "0.03001": ("0.01", "0.01"),
        "0.03499": ("0.01", "0.01"),  # 0.01499
        "0.035": ("0.02", "0.01"),  # 0.01500
        "0.03999": ("0.02", "0.01"),
    }

    def expected(amount: str | None) -> dict[str, Any]:
        return granted(amount) if amount else ended(small, meets_overcost=True)

    cases = [
        Case(
            f"cost {cost} rounded {'down' if readings else 'half up'}",
            expected(amount),
            "search",
            "0.01",
            [("0 10:00:00", cost)],
            [(2, "0 12:00:00")],
            readings=readings,
        )
        for cost, amounts in cents.items()
        for amount, readings in zip(amounts, ({}, DOWN), strict=True)
    ]
    long: list[tuple[str, str, list[str], str, str]] = [
        # 120.37035 − 60.06 = 60.31035
        ("three equal slices", "10.01", ["40.12345"] * 3, "60.31", "60.31"),
        # 72.005 − 60 = 12.005, which no slice shows
        (
            "slices that add up to half a cent",
            "10",
            ["24.00167", "24.00167", "24.00166"],
            "12.01",
            "12.00",
        ),
        (
            "slices just below half a cent",
            "10",
            ["24.00167", "24.00166", "24.00166"],
            "12.00",
            "12.00",
        ),
        # 100 × 0.72015 = 72.015; 12.015
        ("a hundred small slices", "10", ["0.72015"] * 100, "12.02", "12.01"),
        # 8888888.808 − 6 × 1234567.89 = 1481481.468
        ("millions", "1234567.89", ["8888888.808"], "1481481.47", "1481481.46"),
        # 6 × 100000000000.01 = 600000000000.06, line 720000000000.072
        (
            "as long as money gets",
            "100000000000.01",
            ["9999999999999.99999"],
            "9399999999999.94",
            "9399999999999.93",
        ),
    ]
    for name, bid, costs, half_up, down in long:
        for amount, readings in ((half_up, {}), (down, DOWN)):
            spent = [(f"{n // 24 % 4} {n % 24:02}:{n // 96:02}:00", c) for n, c in enumerate(costs)]
            cases.append(
                Case(
                    f"{name} rounded {'down' if readings else 'half up'}",
                    granted(amount),
                    bid=bid,
                    spent=spent,
                    readings=readings,
                )
            )
    return cases


CASES = [
    case
    for table in (
        overcost,
        overcost_base,
        thresholds,
        nothing,
        billed_and_received,
        delivered,
        edits,
        bid_changes,
        paused,
        rounding,
    )
    for case in table()
]


@pytest.fixture(scope="module")
def decisions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return decide_cases(CASES, tmp_path_factory.mktemp("lattice"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_answer_at_each_edge_is_the_one_worked_out_by_hand(
    case: Case, decisions: dict[str, dict[str, Any]]
) -> None:
    assert as_expected(decisions[case.name], case.expect) == case.expect


@pytest.fixture(scope="module")
def all_exclusive(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return decide_cases(
        overcost(), tmp_path_factory.mktemp("exclusive"), overcost_boundary="exclusive"
    )


@pytest.mark.parametrize("case", overcost(), ids=lambda case: case.name)
def test_a_reading_of_the_call_stands_over_that_of_every_rulebook(
    case: Case, all_exclusive: dict[str, dict[str, Any]]
) -> None:
    exclusive = case.name.replace("inclusive", "exclusive")
    expect = next(each.expect for each in overcost() if each.name == exclusive)
    assert as_expected(all_exclusive[case.name], expect) == expect


def mornings() -> list[Case]:
    """Decided on the morning of 2022-10-06 (day 5 of those first delivered on day 0)."""
    in_effect = {"outcome": "open", "compensate_status": "IN_EFFECT", "reasons": []}
    confirming = in_effect | {"compensate_status": "CONFIRMING"}
    spoilt = [(f"{day} {n}:00:00", "targeting", "", "") for day in "05" for n in (15, 16, 17)]

    def first(when: str, expect: dict[str, Any], **more: Any) -> Case:
        return Case(f"first delivery {when}", expect, spent=[(when, "72")], won=(), **more)

    return [
        first("0 23:59:59", ended("CONVERT_ZERO_OR_COST", settle_on="2022-10-06")),
        first("0 24:00:00", confirming | {"settle_on": "2022-10-07"}),
        first("1 23:59:59", confirming | {"window_end": "2022-10-06 00:00:00"}),
        first("2 00:00:00", in_effect | {"window_end": "2022-10-07 00:00:00"}),
        first("4 23:59:59", in_effect | {"cost": "72.00000", "settle_on": "2022-10-10"}),
        first("4 24:00:00", {"outcome": "not_covered", "reasons": ["NOT_DELIVERED"]}),
        first("5 00:00:01", {"outcome": "not_covered", "reasons": ["NOT_DELIVERED"]}),
        Case("settled this morning", granted("12.00")),
        Case(
            "the cost of this morning is not known",
            in_effect | {"cost": "60.00000", "conversions": 5},
            spent=[("4 10:00:00", "50"), ("4 23:59:59", "10"), ("5 00:00:00", "12")],
            won=[(5, "4 12:00:00"), (1, "4 12:00:00", "4 12:00:00", "5 00:00:00")],
        ),
        Case(
            "spoilt in its window",
            in_effect | {"compensate_status": "INVALID", "reasons": ["AUD_CHANGES"]},
            spent=[("0 24:00:00", "72")],
            done=[(f"1 {n}:00:00", "targeting", "", "") for n in (15, 16, 17)],
        ),
        Case(
            "too few edits are known yet",
            in_effect,
            spent=[("4 10:00:00", "72")],
            won=(),
            done=[op for op in spoilt if op[0].startswith("5")],
        ),
        Case(
            "late",
            granted("12.00", late_conversions=0, conversions=6),
            won=[(6, "0 12:00:00"), (1, "0 12:00:00", "0 12:00:00", "5 00:00:00")],
        ),
    ]


@pytest.fixture(scope="module")
def one_morning(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return decide_cases(mornings(), tmp_path_factory.mktemp("mornings"), as_of=date(2022, 10, 6))


@pytest.mark.parametrize("case", mornings(), ids=lambda case: case.name)
def test_a_morning_knows_what_came_before_it_and_nothing_else(
    case: Case, one_morning: dict[str, dict[str, Any]]
) -> None:
    assert as_expected(one_morning[case.name], case.expect) == case.expect


def test_what_cannot_be_said_yet_is_no_bid_that_is_unknown(tmp_path: Path) -> None:
    in_window = {"outcome": "open", "reasons": []}
    over = {"outcome": "open", "compensate_status": "INVALID", "reasons": ["BID_LOWERED"]}
    unknown = {"outcome": "open", "reasons": ["BID_UNKNOWN"]}
    later = [("1 10:00:00", "72")]
    lower = [("2 10:00:00", "bid", "400", "380")]
    unsaid = [("2 10:00:00", "bid", "400", "")]
    cases = [
        Case("as it was", in_window, "managed", "400", later),
        Case("lowered, until it is raised", in_window, "managed", "400", later, done=lower),
        # First delivered a day before: nothing can be raised any more.
        Case("lowered when the window ended", over, "managed", "400", done=lower),
        Case("unknown, until it is set", in_window, "managed", "400", later, done=unsaid),
        Case("unknown when the window ended", unknown, "managed", "400", done=unsaid),
    ]
    found = decide_cases(cases, tmp_path, as_of=date(2022, 10, 5), lowering="net")
    for case in cases:
        assert as_expected(found[case.name], case.expect) == case.expect


def test_nothing_times_a_bid_that_nobody_knows_is_nothing(tmp_path: Path) -> None:
    zero = ended("CONVERT_ZERO_OR_COST", meets_overcost=True)
    not_over = zero | {"meets_overcost": False}
    free = [("0 10:00:00", "0")]
    cases = [
        Case("no conversions", zero, bid="", won=(), readings=INITIAL),
        Case("more than nothing", not_over, spent=free, won=(), readings=INITIAL | EXCLUSIVE),
    ]
    found = decide_cases(cases, tmp_path)
    for case in cases:
        assert as_expected(found[case.name], case.expect) == case.expect


def slices() -> list[Case]:
    """Six conversions known for the hour from 10:00 only; the bid goes 10 → 20 around it."""
    at_10, at_20, unknown = "60.00000", "120.00000", held("BID_AMBIGUOUS", target_cost=None)
    readings = ("hold", "slice_start", "lowest", "highest")
    edges: dict[str, tuple[Any, ...]] = {
        "1 09:59:59": (at_20,) * 4,
        "1 10:00:00": (at_20,) * 4,  # an edit at the same instant already counts
        "1 10:00:01": (unknown, at_10, at_10, at_20),
        "1 10:59:59": (unknown, at_10, at_10, at_20),
        "1 11:00:00": (at_10,) * 4,
        "1 11:00:01": (at_10,) * 4,
    }
    return [
        Case(
            f"edit at {when} {reading}",
            expect if isinstance(expect, dict) else {"target_cost": expect, "conversions": 6},
            spent=[("0 14:20:00", "200", 0), ("1 10:00:00", "0", 6), ("1 11:00:00", "0", 0)],
            won=(),
            done=[(when, "bid", "10", "20")],
            readings={"slice_bid": reading} if reading != "hold" else {},
        )
        for when, answers in edges.items()
        for reading, expect in zip(readings, answers, strict=True)
    ]


@pytest.fixture(scope="module")
def by_slices(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return decide_cases(slices(), tmp_path_factory.mktemp("slices"), with_conversions=False)


@pytest.mark.parametrize("case", slices(), ids=lambda case: case.name)
def test_a_bid_that_changes_inside_a_slice_is_read_as_chosen(
    case: Case, by_slices: dict[str, dict[str, Any]]
) -> None:
    assert as_expected(by_slices[case.name], case.expect) == case.expect
