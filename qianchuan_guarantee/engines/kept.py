"""What an engine gives for a step that was carried out, or named: a table that becomes an
expression of Ibis only if somebody builds on it as one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ibis.expr.types import Table


class Kept:
    """A table or view of an engine: its name, and its columns with their types as Ibis writes
    them. Ibis takes it for the table that it stands for: that is made when it is asked for."""

    def __init__(
        self, name: str, kinds: Mapping[str, str], table: Callable[[str, Mapping[str, str]], Table]
    ) -> None:
        self._name = name
        self._kinds = dict(kinds)
        self._make = table

    def get_name(self) -> str:
        return self._name

    @property
    def kinds(self) -> Mapping[str, str]:
        return self._kinds

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._kinds)

    @functools.cached_property
    def _table(self) -> Table:
        return self._make(self._name, self._kinds)

    @property
    def __class__(self) -> Any:
        # What `isinstance` asks where a type is not that of the object itself.
        return type(self._table)

    @__class__.setter
    def __class__(self, other: Any) -> None:
        raise AttributeError("__class__")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._table, name)

    def __getitem__(self, key: Any) -> Any:
        return self._table[key]
