"""What goes wrong through no fault of the program: said in one sentence, never as a traceback."""

from __future__ import annotations

import re

_LONGEST = 4_000  # characters of a sentence
_BLANKS = "\n\u00a0\u3000"  # not printable to Python, and harmless


# Of an address: who asks, by which password or key, and what is signed.
_USER = re.compile(r"(?<=://)(?:\S*:\S*|[^\s@/]*)@")
_SIGNED = re.compile(r"([?&][^\s=&]*=)[^\s&:)\"']+")


def hidden(text: str) -> str:
    """A text without the secrets of the addresses in it."""
    if "://" not in text:
        return text
    return _SIGNED.sub(r"\1***", _USER.sub("***@", text))


def presentable(text: str) -> str:
    """A text as a screen and a log may have it: no secrets of an address, and nothing that was
    found in a file can steer a terminal or turn lines around."""
    text = hidden(text)
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in _BLANKS else "\N{REPLACEMENT CHARACTER}" for c in text
    )


class UserError(Exception):
    """Something that the user can mend: which file or key, what was found, what would be right."""

    def __str__(self) -> str:
        said = super().__str__()
        if len(said) > _LONGEST:
            said = f"{said[: _LONGEST - 200]} … {said[-100:]}"
        return presentable(said)


class EngineEndedError(UserError):
    """The process that an engine works in has ended by itself, or was ended by somebody."""


class UsageError(UserError):
    """The command was called with words that it does not know (exit code 2)."""


class InvariantError(Exception):
    """A promise about money or rows does not hold: nothing may be written (a defect of ours)."""
