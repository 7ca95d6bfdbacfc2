"""Rulebooks: dated YAML with every number, comparison and reading of the rule, checked on load.

`load` refuses unknown keys, missing clauses and impossible values, naming file, line and key.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from qianchuan_guarantee import plain_yaml
from qianchuan_guarantee.errors import UsageError, UserError
from qianchuan_guarantee.tables import LAB_AD_TYPES, MARKETING_SCENES

# The questions that the text leaves open and the answers that the stages can compute.
REGISTER: dict[str, tuple[str, ...]] = {
    "overcost_base": ("weighted", "initial", "bid_at_end"),
    "overcost_boundary": ("inclusive", "exclusive"),
    "conversion_clock": ("billed", "converted"),
    "bid_clock": ("billed", "converted"),
    "first_bid": ("initial", "at_first_delivery"),
    "edit_limit_scope": ("each", "summed"),
    "edit_limit_period": ("day", "window"),
    "edit_days_start": ("first_delivery", "day"),
    "edit_unit": ("save", "row"),
    "lowering": ("any", "net"),
    "pause": ("last_pause", "any_pause", "ignore"),
    "overcost_at_settlement": ("required", "preserved"),
    "late_backflow": ("excluded", "included"),
    "slice_bid": ("hold", "slice_start", "lowest", "highest"),
    "rounding": ("half_up", "down"),
}

Clause = Annotated[str, Field(min_length=1)]
Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Strict):
    """A text in both languages."""

    en: Text
    zh: Text


class InForce(_Strict):
    from_: date = Field(alias="from")
    until: date | None
    assumed: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> InForce:
        if self.until is not None and self.until <= self.from_:
            raise ValueError(f"`until` {self.until} does not lie after `from` {self.from_}")
        return self


class Covers(_Strict):
    clause: Clause
    smart_bid_type: Literal["SMART_BID_CUSTOM"]
    roi_goal: Literal["not_covered"]


class Window(_Strict):
    clause: Clause
    natural_days: Annotated[int, Field(ge=1, le=60, strict=True)]


class Cycle(_Strict):
    clause: Clause
    backflow_days: Annotated[int, Field(ge=0, le=60, strict=True)]


class AppliesTo(_Strict):
    lab_ad_type: Literal["LAB_AD", "NOT_LAB_AD"]
    marketing_scene: Literal["FEED", "SEARCH", "SHOPPING_MALL", "ALL"] | None = None


class Overcost(_Strict):
    clause: Clause
    percent: Annotated[Decimal, Field(ge=0, le=1000, decimal_places=4)]


class Prompted(_Strict):
    """二(一): dividend ÷ bid, rounded up, held between at_least and at_most."""

    dividend_yuan: Annotated[Decimal, Field(gt=0, le=1_000_000_000, decimal_places=2)]
    by: Literal["first_bid"]
    rounding: Literal["up"]
    at_least: Count
    at_most: Annotated[int, Field(ge=1, le=1000, strict=True)]

    @model_validator(mode="after")
    def _in_order(self) -> Prompted:
        if not 1 <= self.at_least <= self.at_most:
            raise ValueError("`at_least` must be between 1 and `at_most`")
        return self

    def bands(self) -> list[tuple[int, Decimal, Decimal | None]]:
        """(count, lowest bid, bid from which the count is lower), bids in yuan to the cent.

        `count` conversions suffice for a bid when count × bid ≥ dividend, so the lowest bid
        of a band is the dividend over the count, rounded up to the cent: exact, no division
        of money left for the engines.
        """
        cent = Decimal("0.01")
        bands: list[tuple[int, Decimal, Decimal | None]] = []
        below: Decimal | None = None
        for count in range(self.at_least, self.at_most + 1):
            fen = -(-int(self.dividend_yuan / cent) // count)
            lowest = fen * cent if count < self.at_most else Decimal("0.00")
            bands.append((count, lowest, below))
            below = lowest
        return bands


class MoreThan(_Strict):
    prompted: Prompted


class Conversions(_Strict):
    clause: Clause
    at_least: Count | None = None
    more_than: MoreThan | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Conversions:
        if (self.at_least is None) == (self.more_than is None):
            raise ValueError("exactly one of `at_least` and `more_than` must be given")
        return self


class Limit(_Strict):
    at_most: Count


class Edits(_Strict):
    clause: Clause
    bid: Limit | None = None
    targeting: Limit | None = None
    together: Limit | None = None


class BidLowering(_Strict):
    clause: Clause
    loses_guarantee: bool


class Pause(_Strict):
    clause: Clause
    is_judged: bool


class Scenario(_Strict):
    clause: Clause
    applies_to: AppliesTo
    overcost: Overcost
    conversions: Conversions
    edits: Edits
    bid_lowering: BidLowering | None = None
    pause: Pause | None = None


class Grant(_Strict):
    clause: Clause
    amount: Literal["cost_minus_target_cost"]
    unit_yuan: Annotated[Decimal, Field(ge=Decimal("0.01"), le=100, decimal_places=2)]


class Reading(_Strict):
    clause: Clause
    question: Words
    reading: str
    why: Text
    choices: dict[str, Words]

    @model_validator(mode="after")
    def _known(self) -> Reading:
        if self.reading not in self.choices:
            raise ValueError(f"`reading` is {self.reading}, not one of {', '.join(self.choices)}")
        return self


class Rulebook(_Strict):
    """One version of one rule, as its YAML file states it."""

    # Both become names of files.
    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$", max_length=100)]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z.-]+$", max_length=100)]
    title: Words
    source: Text
    in_force: InForce
    covers: Covers
    window: Window
    cycle: Cycle
    scenarios: Annotated[dict[Literal["managed", "feed", "search"], Scenario], Field(min_length=1)]
    grant: Grant
    readings: dict[str, Reading]

    @model_validator(mode="after")
    def _register_complete(self) -> Rulebook:
        for key, choices in REGISTER.items():
            if key not in self.readings:
                raise ValueError(f"`readings`: lacks {key}")
            if set(self.readings[key].choices) != set(choices):
                raise ValueError(f"`readings.{key}`: its choices must be {', '.join(choices)}")
        unknown = set(self.readings) - set(REGISTER)
        if unknown:
            raise ValueError(f"`readings.{min(unknown)}`: there is no such question")
        return self

    @model_validator(mode="after")
    def _no_scenario_twice(self) -> Rulebook:
        for lab in LAB_AD_TYPES:
            for scene in MARKETING_SCENES:
                self.scenario_of(lab, scene)
        return self

    @property
    def id(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def canonical(self) -> bytes:
        """What the rulebook says, as canonical JSON; `load_canonical` reads it back."""
        said = self.model_dump(mode="json", by_alias=True)
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.canonical).hexdigest()

    def scenario_of(self, lab_ad_type: str, marketing_scene: str) -> str | None:
        """The scenario of a plan by its type and scene; None where the rule has no entry."""
        found = [
            name
            for name, scenario in self.scenarios.items()
            if scenario.applies_to.lab_ad_type == lab_ad_type
            and scenario.applies_to.marketing_scene in (None, marketing_scene)
        ]
        if len(found) > 1:
            names = " and ".join(found)
            where = f"`scenarios.{found[1]}`"
            raise ValueError(f"{where}: {names} both apply to {lab_ad_type}, {marketing_scene}")
        return found[0] if found else None

    def read(self, overrides: Mapping[str, str]) -> dict[str, str]:
        """The readings in use: the rulebook's own, with those of this call in their place."""
        return {key: overrides.get(key, self.readings[key].reading) for key in REGISTER}


class ExactLoader(plain_yaml.PlainLoader):
    """YAML whose numbers stay exact (no binary floats) and whose keys may not repeat."""


def _construct_decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    try:
        value = Decimal(loader.construct_scalar(node))
    except InvalidOperation as error:
        raise yaml.constructor.ConstructorError(
            None, None, f"{node.value} is not a decimal number", node.start_mark
        ) from error
    return value


def _construct_mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(
                None, None, "a key must be a word", key.start_mark
            )
        if key.value in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"key `{key.value}` stands twice", key.start_mark
            )
        seen.add(key.value)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


def _construct_day(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> date:
    try:
        return date.fromisoformat(node.value)
    except ValueError as error:
        raise yaml.constructor.ConstructorError(
            None, None, f"{node.value} is not a day; expected YYYY-MM-DD", node.start_mark
        ) from error


ExactLoader.add_constructor("tag:yaml.org,2002:timestamp", _construct_day)
ExactLoader.add_constructor("tag:yaml.org,2002:float", _construct_decimal)
ExactLoader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)


def shipped_rules() -> Path:
    """The rules that come with the package: beside it when installed, above it in the repo."""
    here = Path(__file__).parent
    installed = here / "rules"
    return installed if installed.is_dir() else here.parent / "rules"


def load_file(path: Path) -> Rulebook:
    """Read one rulebook; a UserError names file, line and key of the first things wrong."""
    try:
        text = path.read_text(encoding="utf-8")
        node, said = plain_yaml.read(text, ExactLoader)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}: " if mark else ""
        lines = text.splitlines()
        there = f" (`{lines[mark.line].strip():.80}`)" if mark and mark.line < len(lines) else ""
        raise UserError(f"{path}: {line}{error.problem}{there}") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if node is None or not isinstance(said, dict):
        raise UserError(f"{path}: a rulebook is a mapping with `name`, `version` and so on")
    try:
        return Rulebook.model_validate(said)
    except ValidationError as error:
        raise UserError(_sentences(path, node, error)) from error


def load_canonical(content: bytes) -> Rulebook:
    """A rulebook as `Rulebook.canonical` wrote it; ValueError where it is none."""
    return Rulebook.model_validate_json(content)


def _sentences(path: Path, node: yaml.Node, error: ValidationError) -> str:
    lines = []
    for problem in error.errors()[:10]:
        location = [str(part) for part in problem["loc"] if part != "[key]"]
        message = problem["msg"].removeprefix("Value error, ")
        # A rule about the whole names the key that breaks it.
        if not location and (named := re.match(r"`([\w.@-]+)`: (.*)", message, re.DOTALL)):
            location, message = named[1].split("."), named[2]
        line = _line_of(node, location)
        found = problem.get("input")
        shown = (
            "" if isinstance(found, dict | list) or found is None else f" (found: {found!s:.80})"
        )
        key = ".".join(location)[:200] or "the rulebook"
        lines.append(f"{path}: line {line}: {key}: {message}{shown}")
    return "\n".join(lines)


def _line_of(node: yaml.Node, location: Sequence[str]) -> int:
    """The line of the deepest key of `location` that the file has."""
    line = node.start_mark.line + 1
    for part in location:
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if key.value == part:
                line, node = key.start_mark.line + 1, value
                break
        else:
            break
    return line


def load(folder: Path | None = None) -> list[Rulebook]:
    """Every rulebook below `folder` (default: the shipped ones), by name and date.

    The versions of one name must not overlap; each ends where the next begins.
    """
    folder = folder or shipped_rules()
    paths = sorted(folder.rglob("*.yaml")) if folder.is_dir() else []
    if not paths:
        raise UserError(f"{folder}: no rulebook here; expected NAME/VERSION.yaml below it")
    return in_order([load_file(path) for path in paths], str(folder))


def in_order(books: Iterable[Rulebook], where: str) -> list[Rulebook]:
    """The versions of one rule by date; a UserError naming `where` they stand if they are not."""
    books = sorted(books, key=lambda b: (b.name, b.in_force.from_))
    seen: dict[tuple[str, date], str] = {}
    for book in books:
        key = (book.name, book.in_force.from_)
        if key in seen:
            raise UserError(f"{where}: {seen[key]} and {book.id} both begin on {key[1]}")
        seen[key] = book.id
    names = {book.name for book in books}
    if len(names) > 1:
        raise UserError(
            f"{where}: rulebooks of several names ({', '.join(sorted(names))}); "
            "one run decides by the versions of one rule"
        )
    return books


def choose(books: Sequence[Rulebook], rulebook_id: str | None) -> list[Rulebook]:
    """All versions, or only the one asked for; a UsageError lists those there are."""
    if rulebook_id is None:
        return list(books)
    chosen = [book for book in books if book.id == rulebook_id]
    if not chosen:
        known = ", ".join(book.id for book in books)
        raise UsageError(f"{rulebook_id}: no such rulebook; there is {known}")
    return chosen


def parse_readings(words: Iterable[str]) -> dict[str, str]:
    """`ID=CHOICE` words of the command line, checked against the register."""
    readings: dict[str, str] = {}
    for word in words:
        key, equals, choice = word.partition("=")
        if not equals:
            raise UsageError(f"--read {word}: expected ID=CHOICE, as overcost_boundary=exclusive")
        if key not in REGISTER:
            raise UsageError(f"--read {word}: no reading `{key}`; there is {', '.join(REGISTER)}")
        if choice not in REGISTER[key]:
            choices = ", ".join(REGISTER[key])
            raise UsageError(f"--read {word}: `{key}` can be read as {choices}")
        if readings.get(key, choice) != choice:
            raise UsageError(f"--read {word}: `{key}` was read as {readings[key]} already")
        readings[key] = choice
    return readings
