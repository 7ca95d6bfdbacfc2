"""Names of people. Two ways to write one name are one person; who somebody is, a name cannot
prove."""

from __future__ import annotations

import unicodedata

# Letters of other alphabets that look like those of the Latin one, as capitals and as small ones.
_CAPITALS = ("АВЕКМНОРСТХУІЈЅԌԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTXYIJSGQWABEZHIKMNOPTYX")
_SMALL = ("аеорсухіјѕһԁԛԝαικνορτυχγıɑɡ", "aeopcyxijshdqwaiknoptuxyiag")
_ALIKE = [str.maketrans(*pair) for pair in (_CAPITALS, _SMALL)]


def is_same(one: str, other: str) -> bool:
    """Whether two names may be one person's: capitals, blanks, width, accents, points and letters
    that look alike make no difference."""
    return skeleton(one) == skeleton(other)


def skeleton(name: str) -> str:
    capitals, small = _ALIKE
    text = unicodedata.normalize("NFKD", name).translate(capitals).casefold().translate(small)
    return "".join(c for c in unicodedata.normalize("NFKD", text) if c.isalnum())
