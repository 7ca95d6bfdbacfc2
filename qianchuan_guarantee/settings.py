"""`PATH=VALUE` words: a number or a choice of the rulebooks, set for one question.

A path is the keys of the rulebook's YAML with dots between, as
`scenarios.feed.conversions.at_least`; a value is written as it would stand there. The rulebook's
own models check it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from qianchuan_guarantee import plain_yaml
from qianchuan_guarantee.errors import UsageError
from qianchuan_guarantee.rulebook import ExactLoader, Rulebook, in_order


def split(word: str) -> tuple[str, str]:
    """`PATH=VALUE` → path, value."""
    path, equals, value = word.partition("=")
    if not equals or not path:
        raise UsageError(
            f"--set {word}: expected PATH=VALUE, as scenarios.feed.overcost.percent=25"
        )
    return path, value


def with_settings(books: Sequence[Rulebook], words: Iterable[str]) -> list[Rulebook]:
    """The rulebooks with those settings: in every version that has the path. A UsageError lists
    what exists where none has it, and says what is wrong with a value."""
    documents = [book.model_dump(by_alias=True) for book in books]
    for word in words:
        path, text = split(word)
        keys = path.split(".")
        value = _value(word, text)
        missing = [_set(document, keys, value) for document in documents]
        if all(missing):
            raise UsageError(f"--set {word}: {missing[-1]}")
    return in_order([_checked(document, words) for document in documents], "--set")


def _value(word: str, text: str) -> Any:
    try:
        return plain_yaml.read(text, ExactLoader)[1]
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or "not a value"
        raise UsageError(f"--set {word:.200}: `{text:.80}` cannot be read: {problem}") from error


def _set(document: dict[str, Any], keys: Sequence[str], value: Any) -> str | None:
    """Set it; or what there is instead, where the path leads nowhere."""
    place = document
    for number, key in enumerate(keys):
        where = ".".join(keys[:number]) or "the rulebook"
        if not isinstance(place, dict):
            return f"`{where}` is {_shown(place)}, with nothing below it"
        if key not in place:
            return f"no `{key}` in {where}; there is {', '.join(place)}"
        if number == len(keys) - 1:
            if isinstance(place[key], dict) and not isinstance(value, dict):
                path = ".".join(keys)
                return f"`{path}` is not one value; there is {', '.join(place[key])} below it"
            place[key] = value
            return None
        place = place[key]
    return None


def _shown(value: Any) -> str:
    return "empty" if value is None else str(value)


def _checked(document: dict[str, Any], words: Iterable[str]) -> Rulebook:
    try:
        return Rulebook.model_validate(document)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"] if part != "[key]")
        message = problem["msg"].removeprefix("Value error, ")
        found = problem.get("input")
        shown = "" if isinstance(found, dict | list) or found is None else f" (found: {found})"
        where = f"{place}: " if place else ""
        raise UsageError(f"--set {' '.join(words)}: {where}{message}{shown}") from error
