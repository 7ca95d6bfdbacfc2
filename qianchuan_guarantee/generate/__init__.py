"""Exports of any size, made up from a seed: realistic in shape, with every outcome and reason.

Every value is a pure function of the seed, the plan and the hour, and rows stream from DuckDB
into files, so that memory stays bounded and the same order gives the same bytes.
"""

from __future__ import annotations

from qianchuan_guarantee.generate.files import generate
from qianchuan_guarantee.generate.order import Made, Order

__all__ = ["Made", "Order", "generate"]
