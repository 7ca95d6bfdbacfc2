"""Nights in a row, disturbed as `tests.soak` disturbs them by hand, but few."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak import Soak
from tests.soak_expected import problems


@pytest.mark.parametrize("seed", [1])
def test_what_disturbed_nights_pay_is_what_the_oracle_pays(seed: int, tmp_path: Path) -> None:
    soak = Soak(tmp_path, seed, plans=40, nights=10)
    soak.run()
    wrong, found = problems(soak.store, soak.nights, soak.platform)
    assert soak.wrong + wrong == []
    # It was disturbed, and money moved; else this says nothing.
    assert sum(count for what, count in soak.done.items() if what.startswith("faults")) > 2
    assert found["entries: issued"] > 0
