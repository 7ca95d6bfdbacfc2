"""Operation prose → changes: what was done, with old and new value, never guessed.

One text may tell several changes. What the phrase table does not explain is `other` if it cannot
have been an edit of bid, targeting or delivery; else it is doubtful, and the row that is written
of it is one that the check of exports refuses, so that its plan is held.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from qianchuan_guarantee.importers.phrases import Phrases, bare
from qianchuan_guarantee.importers.values import UnreadError, is_empty, number, plain, written

DOUBTFUL = "unrecognised"  # none of the operations there are: the check refuses it
MOST_CHARACTERS = 4_000  # of one text
_LONGEST_SUBJECT = 40
_KEPT = 200  # characters of a value that is text
_ARROW = "→"
_BRACKETS = re.compile(r"\(([^()]*)\)\Z")
_QUOTES = "\"'“”‘’「」『』【】[]《》"


@dataclass(frozen=True)
class Change:
    """One change. `phrase`: what it was read from; `is_known`: the table explains it."""

    operation: str
    old: str | None = None
    new: str | None = None
    phrase: str = ""
    is_known: bool = True


class Reader:
    """Reads texts by a phrase table."""

    def __init__(self, phrases: Phrases) -> None:
        self._words = phrases

    def changes(self, title: str, lines: Sequence[str]) -> list[Change]:
        """What one row of the log tells. The title counts where no line tells what it does."""
        if self.is_creation(title):
            return [self._creation(title, lines)]
        found = [change for line in lines for change in self._of_text(line)]
        whole = self._statement(bare(title), title)
        if whole is not None:
            if whole.operation not in {change.operation for change in found}:
                found.append(whole)
        elif not found and title.strip():
            found = self._of_text(title)
        return found or [self._unknown(title)]

    def is_creation(self, title: str) -> bool:
        return self._words.statements.get(bare(title)) == "create"

    def _creation(self, title: str, lines: Sequence[str]) -> Change:
        """A creation with the bid it states; its other settings are no edits."""
        bids = set()
        for piece in (piece for line in lines for piece in self._pieces(line)):
            subject, old, new = self._told(piece) or ("", None, None)
            if self._meaning(subject) == "bid":
                if not is_empty(old):
                    return Change(DOUBTFUL, None, piece[:_KEPT], piece, False)
                bids.add(self._amount(new))
        if len(bids) > 1 or "" in bids:
            return Change(DOUBTFUL, None, "; ".join(lines)[:_KEPT], title, False)
        return Change("create", None, bids.pop() if bids else None, title)

    def _of_text(self, text: str) -> list[Change]:
        if len(text) > MOST_CHARACTERS:
            return [self._unknown(text, is_grave=True)]
        return [self._change(piece) for piece in self._pieces(text)]

    def _pieces(self, text: str) -> Iterator[str]:
        """A text cut where another change begins: at a new line, or where a separator has a
        subject behind it. Elsewhere separators belong to the values."""
        tidy = self._arrowed(plain_lines(text[:MOST_CHARACTERS]))
        start = 0
        for place, char in enumerate(tidy):
            if char == "\n" or (char in ",;、。" and self._begins(tidy[place + 1 :], char)):
                if tidy[start:place].strip():
                    yield tidy[start:place].strip(" ,;、。")
                start = place + 1
        if tidy[start:].strip(" ,;、。"):
            yield tidy[start:].strip(" ,;、。")

    def _arrowed(self, text: str) -> str:
        for arrow in self._words.arrows:
            text = text.replace(arrow, _ARROW)
        return text

    def _begins(self, text: str, separator: str) -> bool:
        head = text[: _LONGEST_SUBJECT + 20]
        if ":" in head:
            subject = head.split(":", 1)[0]
            if self._meaning(subject):
                return True
            following = re.split(r"[,;、。\n]", text, maxsplit=1)[0]
            return separator == ";" and _ARROW in following
        tidy = self._stripped(bare(head))
        behind = (*self._words.starts, *self._words.to, _ARROW)
        return any(
            tidy.startswith(subject) and tidy[len(subject) :].startswith(behind)
            for subject in (*self._words.subjects, *self._words.state_subjects)
        )

    def _change(self, piece: str) -> Change:
        statement = self._statement(bare(piece), piece)
        if statement is not None:
            return statement
        told = self._told(piece)
        if told is None or _ARROW in (told[2] or ""):
            return self._unknown(piece)
        subject, old, new = told
        meaning = self._meaning(subject)
        if meaning == "state":
            return self._state(piece, old, new)
        if meaning == "bid":
            return self._bid(piece, old, new)
        if not meaning:
            return self._unknown(piece)
        return Change(meaning, _kept(old), _kept(new), piece)

    def _told(self, piece: str) -> tuple[str, str | None, str | None] | None:
        """Subject, old value, new value of a piece, in whichever form it tells them."""
        if _ARROW in piece:
            left, new = piece.split(_ARROW, 1)
            subject, old = self._cut(left)
            return (subject, old, new) if subject else None
        for begin in self._words.starts:
            subject, found, rest = piece.partition(begin)
            if found and self._meaning(subject.rstrip(" :")):
                for to in self._words.to:
                    old, is_there, new = rest.partition(to)
                    if is_there:
                        return subject.rstrip(" :"), old, new
        for to in (*self._words.to, "为"):
            subject, found, new = piece.partition(to)
            if found and self._meaning(subject.rstrip(" :")):
                return subject.rstrip(" :"), None, new
        if ":" in piece:
            subject, new = piece.split(":", 1)
            # Of a bid, it is not said whether this is the old value or the new one.
            return subject, None, new
        return None

    def _cut(self, left: str) -> tuple[str, str | None]:
        """`出价:30` or `出价 30` as subject and old value."""
        if ":" in left:
            subject, old = left.split(":", 1)
            return subject, old
        tidy = self._stripped(bare(left))
        for word in sorted((*self._words.subjects, *self._words.state_subjects), key=len)[::-1]:
            if tidy.startswith(word):
                return word, tidy[len(word) :] or None
        return "", None

    def _stripped(self, tidy: str) -> str:
        verb = next((verb for verb in self._words.verbs if tidy.startswith(verb)), None)
        return tidy if verb is None else self._stripped(tidy[len(verb) :])

    def _meaning(self, subject: str) -> str:
        """The operation that a subject stands for, `state`, or nothing."""
        if len(subject) > _LONGEST_SUBJECT + 20:
            return ""
        tidy = bare(subject.strip(_QUOTES + " "))
        unit = _BRACKETS.search(tidy)
        if unit:
            if unit[1] not in self._words.units:
                return ""
            tidy = tidy[: unit.start()]
        for text in (tidy, self._stripped(tidy)):
            if text in self._words.state_subjects:
                return "state"
            if text in self._words.subjects:
                return self._words.subjects[text]
        return ""

    def _statement(self, tidy: str, piece: str) -> Change | None:
        """A statement without values: a known one, or a verb with a subject."""
        operation = self._words.statements.get(tidy)
        if operation is None:
            stripped = self._stripped(tidy)
            operation = self._words.subjects.get(stripped)
        if operation is None:
            return None
        new = piece if operation in ("pause", "enable", "other") else None
        return Change(operation, None, _kept(new), piece)

    def _state(self, piece: str, old: str | None, new: str | None) -> Change:
        operation = self._words.states.get(bare((new or "").strip(_QUOTES + " ")))
        if operation is None:
            return self._unknown(piece, is_grave=True)
        return Change(operation, _kept(old), _kept(new), piece)

    def _bid(self, piece: str, old: str | None, new: str | None) -> Change:
        before, after = self._amount(old), self._amount(new)
        is_said_which = _ARROW in piece or any(to in piece for to in (*self._words.to, "为"))
        if "" in (before, after) or after is None or not is_said_which:
            return self._unknown(piece, is_grave=True)
        return Change("bid", before, after, piece)

    def _amount(self, text: str | None) -> str | None:
        """Yuan; None where there is none; the empty text where it cannot be read."""
        if text is None:
            return None
        tidy = bare(text.strip(_QUOTES + " ")).rstrip("。.,;")
        try:
            found = number(tidy, self._words.units)
        except UnreadError:
            return ""
        if found is None:
            return None
        is_fine = (
            found > 0 and found == found.quantize(Decimal("0.01")) if found < 10**12 else False
        )
        return written(found) if is_fine else ""

    def _unknown(self, text: str, is_grave: bool = False) -> Change:
        """`other`, where it can have been nothing that weighs; else doubtful."""
        tidy = bare(text[:MOST_CHARACTERS])
        is_harmless = any(word in tidy for word in self._words.harmless)
        if is_grave or not is_harmless or any(word in tidy for word in self._words.grave):
            return Change(DOUBTFUL, None, _kept(text), text, False)
        return Change("other", None, _kept(text), text, False)


def plain_lines(text: str) -> str:
    """`plain`, line by line."""
    return "\n".join(plain(line) for line in text.splitlines())


def _kept(value: str | None) -> str | None:
    if value is None or is_empty(value):
        return None
    return plain(value)[:_KEPT] or None


def grouped(phrase: str) -> str:
    """A phrase as it is counted: numbers are alike, and so are values behind the arrow."""
    return re.sub(r"[0-9][0-9,.]*", "#", plain(phrase.replace("\n", " ")))[:80]
