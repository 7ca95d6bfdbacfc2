"""Samples and what is concluded of them, held against the published tables of the method."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml

from qianchuan_guarantee.audit import sampling

TABLES: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "data" / "mus_tables.yaml").read_text("utf-8")
)
ENDLESS = 10**8  # a population so large that a sample leaves it as it was


def confidence(risk_percent: int) -> Fraction:
    return 1 - Fraction(risk_percent, 100)


def up(value: Fraction, decimals: int) -> Fraction:
    return Fraction(math.ceil(value * 10**decimals), 10**decimals)


# --- The method against its published tables ---------------------------------------------------


def test_every_table_names_its_source() -> None:
    assert all(len(table["source"]) > 40 for table in TABLES.values())


def test_confidence_factors_are_the_published_ones() -> None:
    table = TABLES["confidence_factors"]
    for errors, printed in table["by_errors"].items():
        for risk, factor in zip(table["risks_percent"], printed, strict=True):
            found = sampling.limit_factor(errors, confidence(risk))
            assert up(found, 2) == Fraction(factor), (errors, risk)


def test_monetary_sample_sizes_are_the_published_ones() -> None:
    table = TABLES["monetary_sizes"]
    for risk, expected, printed in table["rows"]:
        factor = sampling.planning_factor(Fraction(expected), confidence(risk))
        found = [
            sampling.monetary_size(1_000_000, int(Fraction(share) * 10_000), factor)
            for share in table["tolerable_percent"]
        ]
        assert found == printed, (risk, expected)


def test_attribute_sample_sizes_are_the_published_ones() -> None:
    table = TABLES["attribute_sizes"]
    for risk, printed in table["by_risk_percent"].items():
        found = [
            sampling.attribute_size(ENDLESS, Fraction(rate, 100), confidence(risk))
            for rate in table["tolerable_percent"]
        ]
        assert found == printed, risk
    for population, size in TABLES["finite_attribute_sizes"]["by_population"].items():
        assert sampling.attribute_size(population, Fraction(5, 100), confidence(5)) == size


@pytest.mark.parametrize("risk", TABLES["upper_rates"]["by_risk_percent"])
def test_upper_rates_are_the_published_ones(risk: int) -> None:
    for size, printed in TABLES["upper_rates"]["by_risk_percent"][risk].items():
        for found, rate in enumerate(printed):
            wrong = sampling.most_wrong(ENDLESS, size, found, confidence(risk))
            assert up(Fraction(100 * wrong, ENDLESS), 1) == Fraction(rate), (size, found)


def test_a_worked_example_comes_out_as_it_is_printed() -> None:
    case = TABLES["worked_example"]
    assert round(Fraction(case["total"], case["size"])) == case["interval"]
    high, *sampled = [(book, audited) for book, audited in case["items"]]
    assert high[0] >= case["interval"]
    assert high[0] - high[1] == case["high_value_found"]
    taints = [Fraction(book - audited, book) for book, audited in sampled]
    projected = sorted((taint * case["interval"] for taint in taints), reverse=True)
    for found, printed in zip(projected, case["projected"], strict=True):
        assert abs(found - printed) < 15  # the notes have 9.98 % for 10 %
    limit = sampling.stringer(taints, case["interval"], confidence(case["risk_percent"]))
    # The notes take 2.31 for 2.3026, and 1.6, 1.4, 1.4 for steps of 1.587, 1.433, 1.358.
    assert 0 < case["upper_limit"] - limit - case["high_value_found"] < 450


def test_random_numbers_are_those_of_public_election_audits() -> None:
    for seed, most, printed in TABLES["random_numbers"]["cases"]:
        assert list(islice(sampling.numbers(seed, most), len(printed))) == printed


# --- What tables cannot show -------------------------------------------------------------------


def test_random_numbers_can_be_repeated_with_a_calculator() -> None:
    digest = hashlib.sha256(b"dice 3141592653589793/money,1").hexdigest()
    assert next(sampling.numbers("dice 3141592653589793/money", 1000)) == int(digest, 16) % 1000 + 1


def test_a_sample_has_each_number_once_and_all_of_a_small_population() -> None:
    drawn = sampling.sample("seed", 40, 39)
    assert len(set(drawn)) == 39
    assert set(drawn) < set(range(1, 41))
    assert sampling.sample("seed", 40, 10) == drawn[:10]
    assert sampling.sample("seed", 40, 60) == list(range(1, 41))


def test_hypergeometric_limits_are_those_of_counting_every_sample() -> None:
    from itertools import combinations

    for wrong in range(8):
        samples = [sum(i < wrong for i in chosen) for chosen in combinations(range(8), 5)]
        for found in range(6):
            share = Fraction(sum(seen <= found for seen in samples), len(samples))
            for risk in (1, 10, 36, 50):
                excludes = share <= Fraction(risk, 100)
                assert sampling.is_excluded(8, wrong, 5, found, confidence(risk)) == excludes


def test_looking_at_everything_leaves_no_doubt() -> None:
    assert sampling.attribute_size(7, Fraction(5, 100), confidence(5)) == 7
    assert sampling.most_wrong(7, 7, 2, confidence(5)) == 2
    assert sampling.most_wrong(7, 0, 0, confidence(5)) == 7


def test_factors_are_rounded_up_and_never_down() -> None:
    for risk in (5, 10, 50):
        for errors in (0, 1, 7):
            mean = float(sampling.limit_factor(errors, confidence(risk)))

            def below(mean: float, errors: int = errors) -> float:
                terms = (mean**k / math.factorial(k) for k in range(errors + 1))
                return math.exp(-mean) * sum(terms)

            assert below(mean) <= risk / 100 + 1e-12 < below(mean - 1e-8)
