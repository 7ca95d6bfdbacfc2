"""Chance without memory: every value is a pure function of the seed and of what it is for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


class Dice:
    """Writes SQL that draws numbers by hashing the seed, a purpose and keys (columns, whole
    numbers). Whole numbers only: the same on every machine, in any order, by any thread."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def hash(self, purpose: str, *keys: str) -> str:
        """SQL of a number in [0, 2**63)."""
        digest = hashlib.sha256(f"{self._seed}:{purpose}".encode()).digest()
        salt = int.from_bytes(digest[:7], "big")
        columns = "".join(f", ({key})::BIGINT" for key in keys or ("i",))
        return f"(hash({salt}::BIGINT{columns}) >> 1::UBIGINT)::BIGINT"

    def roll(self, purpose: str, sides: int, *keys: str) -> str:
        """SQL of a number in [0, sides), each as likely as any other."""
        return f"({self.hash(purpose, *keys)} % {sides})"

    def between(self, purpose: str, low: int, high: int, *keys: str) -> str:
        """SQL of a number in [low, high)."""
        return f"({low} + {self.roll(purpose, high - low, *keys)})"

    def pick(self, purpose: str, choices: Sequence[tuple[int, str]], *keys: str) -> str:
        """SQL of one of some expressions, each with its share; shares add up to the whole."""
        roll = self.roll(purpose, sum(share for share, _ in choices), *keys)
        passed, tests = 0, ""
        for share, value in choices[:-1]:
            passed += share
            tests += f" WHEN {roll} < {passed} THEN {value}"
        return f"(CASE{tests} ELSE {choices[-1][1]} END)"
