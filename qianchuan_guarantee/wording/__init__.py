"""The sentences that people read, in both languages, from one place."""

from __future__ import annotations

from qianchuan_guarantee.errors import InvariantError
from qianchuan_guarantee.vocabulary import Language
from qianchuan_guarantee.wording import (
    asking,
    audit,
    commands,
    deciding,
    importing,
    ledger,
    reconcile,
    remaining,
    sampling,
)

_PARTS = (
    deciding,
    commands,
    ledger,
    remaining,
    asking,
    audit,
    sampling,
    importing,
    reconcile,
)


def _together() -> dict[str, tuple[str, str]]:
    """All sentences. A key that stands twice would say one thing where the other is meant."""
    found: dict[str, tuple[str, str]] = {}
    for part in _PARTS:
        if twice := found.keys() & part.SENTENCES.keys():
            raise InvariantError(f"{part.__name__}: sentences that stand elsewhere too: {twice}")
        found |= part.SENTENCES
    return found


_SENTENCES = _together()


def say(key: str, lang: Language, **words: object) -> str:
    """The sentence `key`, in `lang`, with its words filled in."""
    english, chinese = _SENTENCES[key]
    return (chinese if lang == "zh" else english).format(**words)


def both(key: str) -> tuple[str, str]:
    """The sentence `key` in English and in Chinese."""
    return _SENTENCES[key]
