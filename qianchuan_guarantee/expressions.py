"""Ibis, imported when the first expression is written and not before: that takes longer than a
small export takes to be decided, and where all SQL was written ahead of time
(`engines.prepared`) no expression is written at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis as ibis
else:

    class _Ibis:
        def __getattr__(self, name: str) -> Any:
            import ibis

            return getattr(ibis, name)

    ibis = _Ibis()
