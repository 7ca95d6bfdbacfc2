"""The phrase table: which words of the operation log mean what, as data that can be extended."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qianchuan_guarantee import plain_yaml
from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.importers.values import plain

MOST_BYTES = 2**20
Word = Annotated[str, Field(min_length=1, max_length=40)]
Words = Annotated[list[Word], Field(max_length=2000)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Subjects(_Closed):
    bid: Words = []
    targeting: Words = []
    budget: Words = []
    other: Words = []


class States(_Closed):
    subjects: Words = []
    pause: Words = []
    enable: Words = []
    other: Words = []


class Statements(_Closed):
    create: Words = []
    bid: Words = []
    targeting: Words = []
    budget: Words = []
    pause: Words = []
    enable: Words = []
    other: Words = []


class File(_Closed):
    """A phrase file as it stands."""

    arrows: Words = []
    from_: Annotated[Words, Field(alias="from")] = []
    to: Words = []
    verbs: Words = []
    subjects: Subjects = Subjects()
    states: States = States()
    statements: Statements = Statements()
    neutral: Words = []
    units: Words = []
    harmless: Words = []
    grave: Words = []


def bare(text: str) -> str:
    """Plain characters, no blanks, no capitals."""
    return "".join(plain(text).lower().split())


class Phrases:
    """The words that are known, each as `bare` has it, the longest first where one may begin
    with another."""

    def __init__(self, *files: File) -> None:
        def words(of: str) -> tuple[str, ...]:
            return _longest_first(word for file in files for word in getattr(file, of))

        self.arrows, self.starts, self.to = words("arrows"), words("from_"), words("to")
        self.verbs, self.units = words("verbs"), words("units")
        self.harmless, self.grave = words("harmless"), words("grave")
        self.neutral = frozenset(words("neutral"))
        self.subjects: dict[str, str] = {}
        self.states: dict[str, str] = {}
        self.statements: dict[str, str] = {}
        self.state_subjects: frozenset[str] = frozenset()
        for file in files:
            self.subjects |= _meanings(file.subjects)
            states = _meanings(file.states)
            self.state_subjects |= {w for w, meaning in states.items() if meaning == "subjects"}
            self.states |= {w: meaning for w, meaning in states.items() if meaning != "subjects"}
            self.statements |= _meanings(file.statements)


def _meanings(part: BaseModel) -> dict[str, str]:
    return {bare(word): meaning for meaning, words in part.model_dump().items() for word in words}


def _longest_first(words: object) -> tuple[str, ...]:
    tidy = {bare(str(word)) for word in words}  # type: ignore[attr-defined]
    return tuple(sorted(tidy, key=lambda word: (-len(word), word)))


@cache
def shipped() -> File:
    return _loaded(Path(__file__).with_name("phrases.yaml"))


def load(extension: Path | None = None) -> Phrases:
    """The shipped phrases, and those of a file of one's own; UserError says what is wrong in it."""
    return Phrases(shipped(), *([_loaded(extension)] if extension else []))


def _loaded(path: Path) -> File:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{path}: more than {MOST_BYTES} bytes; expected a phrase file")
        _, content = plain_yaml.read(path.read_text("utf-8-sig"))
        return File.model_validate(content or {})
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())[:200]}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{path}: {key or 'the file'}: {first['msg']}") from None
