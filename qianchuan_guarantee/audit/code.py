"""What decided: the package, by its own digest, and what it ran on."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path

from qianchuan_guarantee import __version__
from qianchuan_guarantee.digests import canonical, sha256, sha256_of

_PACKAGE = Path(__file__).parents[1]
# What a decision's bytes can depend on.
_LIBRARIES = ("duckdb", "ibis-framework", "pyarrow", "SQLAlchemy")


def code() -> dict[str, object]:
    """`version`; `sha256` over the path and digest of every file of the package; libraries."""
    files = {
        path.relative_to(_PACKAGE).as_posix(): sha256_of(path)
        for path in sorted(_PACKAGE.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }
    return {
        "version": __version__,
        "sha256": sha256(canonical(files)),
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
    }
