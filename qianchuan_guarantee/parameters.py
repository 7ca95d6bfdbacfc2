"""Rulebooks as small tables that plans are joined to: several versions decide in one pass, and
no number of the rule stands in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qianchuan_guarantee.engines import Rows
from qianchuan_guarantee.rulebook import REGISTER, Rulebook
from qianchuan_guarantee.tables import LAB_AD_TYPES, MARKETING_SCENES


@dataclass(frozen=True)
class Parameters:
    """Rulebooks as tables.

    versions:  a version: rulebook, in_force_from, in_force_until, asked_from, asked_until (as
               in force, but without gaps: the nearest version), window_days, cycle_days,
               unit_yuan.
    readings:  a version: rulebook, and a column per question of the register.
    scenarios: version × lab_ad_type × marketing_scene: scenario, overcost_ratio,
               conversions_at_least, the limits, and what is asked.
    bands:     version × scenario × prompted count: the bids (yuan) it is prompted for.
    """

    versions: Rows
    readings: Rows
    scenarios: Rows
    bands: Rows


def parameters(books: Sequence[Rulebook], overrides: Mapping[str, str]) -> Parameters:
    """The parameter tables of `books`, read as `overrides` say and as they themselves say."""
    return Parameters(
        versions=_versions(books),
        readings=_readings(books, overrides),
        scenarios=_scenarios(books),
        bands=_bands(books),
    )


def _readings(books: Sequence[Rulebook], overrides: Mapping[str, str]) -> Rows:
    rows = [{"rulebook": book.id, **book.read(overrides)} for book in books]
    return Rows(dict.fromkeys(("rulebook", *REGISTER), "string"), rows)


def _versions(books: Sequence[Rulebook]) -> Rows:
    rows = []
    for number, book in enumerate(books):
        following = books[number + 1].in_force.from_ if number + 1 < len(books) else None
        ends = [day for day in (book.in_force.until, following) if day is not None]
        until = min(ends, default=None)
        rows.append(
            {
                "rulebook": book.id,
                "in_force_from": book.in_force.from_,
                "in_force_until": until,
                "asked_from": book.in_force.from_ if number else None,
                "asked_until": following,
                "window_days": book.window.natural_days,
                "cycle_days": book.window.natural_days + book.cycle.backflow_days,
                "unit_yuan": book.grant.unit_yuan,
            }
        )
    kinds = {
        "rulebook": "string",
        "in_force_from": "date",
        "in_force_until": "date",
        "asked_from": "date",
        "asked_until": "date",
        "window_days": "int64",
        "cycle_days": "int64",
        "unit_yuan": "decimal(5, 2)",
    }
    return Rows(kinds, rows)


def _scenarios(books: Sequence[Rulebook]) -> Rows:
    rows = []
    for book in books:
        for lab in LAB_AD_TYPES:
            for scene in MARKETING_SCENES:
                name = book.scenario_of(lab, scene)
                if name is None:
                    continue
                scenario = book.scenarios[name]  # type: ignore[index]
                edits = scenario.edits
                rows.append(
                    {
                        "rulebook": book.id,
                        "lab_ad_type": lab,
                        "marketing_scene": scene,
                        "scenario": name,
                        "overcost_ratio": 1 + scenario.overcost.percent / 100,
                        "conversions_at_least": scenario.conversions.at_least,
                        "bid_edits_at_most": edits.bid.at_most if edits.bid else None,
                        "targeting_edits_at_most": (
                            edits.targeting.at_most if edits.targeting else None
                        ),
                        "edits_together_at_most": (
                            edits.together.at_most if edits.together else None
                        ),
                        "asks_lowering": bool(
                            scenario.bid_lowering and scenario.bid_lowering.loses_guarantee
                        ),
                        "asks_pause": bool(scenario.pause and scenario.pause.is_judged),
                    }
                )
    kinds = {
        "rulebook": "string",
        "lab_ad_type": "string",
        "marketing_scene": "string",
        "scenario": "string",
        "overcost_ratio": "decimal(9, 6)",
        "conversions_at_least": "int64",
        "bid_edits_at_most": "int64",
        "targeting_edits_at_most": "int64",
        "edits_together_at_most": "int64",
        "asks_lowering": "boolean",
        "asks_pause": "boolean",
    }
    return Rows(kinds, rows)


def _bands(books: Sequence[Rulebook]) -> Rows:
    rows = [
        {
            "rulebook": book.id,
            "scenario": name,
            "conversions_prompted": count,
            "least_above_prompted": count + 1,
            "bid_from": bid_from,
            "bid_until": bid_until,
        }
        for book in books
        for name, scenario in book.scenarios.items()
        if scenario.conversions.more_than is not None
        for count, bid_from, bid_until in scenario.conversions.more_than.prompted.bands()
    ]
    kinds = {
        "rulebook": "string",
        "scenario": "string",
        "conversions_prompted": "int64",
        "least_above_prompted": "int64",
        "bid_from": "decimal(18, 2)",
        "bid_until": "decimal(18, 2)",
    }
    return Rows(kinds, rows)
