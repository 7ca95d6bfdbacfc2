"""What stands fixed in a working paper: how the sample was drawn, and the plans that were drawn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from qianchuan_guarantee import __version__
from qianchuan_guarantee.audit.selection import GRANTED
from qianchuan_guarantee.workbook import printable
from qianchuan_guarantee.write import as_text

if TYPE_CHECKING:
    from qianchuan_guarantee.audit.population import Population
    from qianchuan_guarantee.audit.selection import Selection, Stratum

FORMAT = "qcg audit sample 1"
Row = Mapping[str, str]


@dataclass(frozen=True)
class Paper:
    """The fixed cells as text. Sheet → rows, column → cell; the first column of a sheet names its
    rows."""

    sheets: Mapping[str, Sequence[Row]]

    def lines(self) -> list[str]:
        """One line per row: the paper's digest is of these, each ended by a line feed."""
        return [
            json.dumps([sheet, row], ensure_ascii=False, separators=(",", ":"))
            for sheet, rows in self.sheets.items()
            for row in rows
        ]

    @property
    def sha256(self) -> str:
        return hashlib.sha256("".join(f"{line}\n" for line in self.lines()).encode()).hexdigest()

    @property
    def method(self) -> dict[str, str]:
        return {row["key"]: row["value"] for row in self.sheets["method"]}


def paper_from(lines: Sequence[str]) -> Paper:
    sheets: dict[str, list[Row]] = {}
    for line in lines:
        sheet, row = json.loads(line)
        sheets.setdefault(sheet, []).append(row)
    return Paper(sheets)


def paper_of(population: Population, selection: Selection) -> Paper:
    sheets = {
        "method": _method(population, selection),
        "items": _items(population, selection),
        "strata": [_stratum(stratum) for stratum in selection.strata],
        "files": [
            {"source": s.source, "sha256": s.sha256, "plans": str(s.plans)}
            for s in population.sources
        ],
    }
    return Paper(
        {
            sheet: [{name: printable(cell) for name, cell in row.items()} for row in rows]
            for sheet, rows in sheets.items()
        }
    )


def yuan(fen: int) -> str:
    return f"{Decimal(fen) / 100:.2f}"


def _percent(share: Fraction) -> str:
    percent = 100 * share
    return f"{(Decimal(percent.numerator) / percent.denominator).normalize():f}"


def _method(population: Population, selection: Selection) -> list[dict[str, str]]:
    aim, money = selection.aim, selection.money
    granted = sum(stratum.amount for stratum in selection.strata)
    facts = {
        "format": FORMAT,
        "version": __version__,
        "plans": str(population.table.num_rows),
        "left_out": str(population.left_out),
        "granted_yuan": yuan(granted),
        "population_sha256": population.sha256,
        "confidence_percent": _percent(aim.confidence),
        "tolerable_yuan": yuan(aim.tolerable),
        "expected_yuan": yuan(aim.expected),
        "tolerable_rate_percent": _percent(aim.tolerable_rate),
        "seed": aim.seed,
    }
    if money is not None:
        factor = Decimal(money.factor.numerator) / money.factor.denominator
        facts |= {
            "confidence_factor": f"{factor:.10f}",
            "sample_size": str(money.size),
            "interval_yuan": yuan(money.interval),
            "start_yuan": yuan(money.start),
            "high_value_yuan": yuan(money.high_value),
            "unseen_yuan": yuan(money.unseen),
        }
    return [{"key": key, "value": value} for key, value in facts.items()]


def _items(population: Population, selection: Selection) -> list[dict[str, str]]:
    picked = [(stratum, one) for stratum in selection.strata for one in stratum.picked]
    rows = population.table.take([one.row for _, one in picked]).to_pylist()
    found = []
    for number, ((stratum, one), row) in enumerate(zip(picked, rows, strict=True), 1):
        drawn = "" if one.drawn is None else str(one.drawn)
        if stratum.name == GRANTED and one.drawn is not None:
            drawn = yuan(one.drawn)
        found.append(
            {"number": str(number)}
            | {name: as_text(row[name]) for name in ("ad_id", "advertiser_id")}
            | {"stratum": stratum.name, "selected_by": one.way, "drawn": drawn}
            | {name: as_text(row[name]) for name in ("outcome", "reasons", "amount", "cost")}
            | {name: as_text(row[name]) for name in ("settle_on", "rulebook", "source")}
        )
    return found


def _stratum(stratum: Stratum) -> dict[str, str]:
    return {
        "stratum": stratum.name,
        "plans": str(stratum.plans),
        "amount": yuan(stratum.amount),
        "items": str(len(stratum.picked)),
        "highest_cost": as_text(stratum.highest_cost),
    }
