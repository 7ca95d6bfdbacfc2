"""The sentences that people read, in both languages, from one place."""

from __future__ import annotations

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

_SENTENCES = (
    deciding.SENTENCES
    | commands.SENTENCES
    | ledger.SENTENCES
    | remaining.SENTENCES
    | asking.SENTENCES
    | audit.SENTENCES
    | sampling.SENTENCES
    | importing.SENTENCES
    | reconcile.SENTENCES
)


def say(key: str, lang: Language, **words: object) -> str:
    """The sentence `key`, in `lang`, with its words filled in."""
    english, chinese = _SENTENCES[key]
    return (chinese if lang == "zh" else english).format(**words)


def both(key: str) -> tuple[str, str]:
    """The sentence `key` in English and in Chinese."""
    return _SENTENCES[key]
