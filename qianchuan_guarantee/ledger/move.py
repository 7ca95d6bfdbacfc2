"""A store copied whole to another place: `python -m qianchuan_guarantee.ledger.move FROM TO`,
each a folder or postgresql://…. It becomes visible at once, and is then checked."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa

from qianchuan_guarantee.errors import UserError
from qianchuan_guarantee.ledger import bulk, schema
from qianchuan_guarantee.ledger.checks import problems
from qianchuan_guarantee.ledger.store import Store

_AT_ONCE = 50_000


def move(source: Store, target: Store) -> int:
    """Copy every row and every file; returns the number of nights. UserError where the target
    has nights already. One transaction: all of it or nothing."""
    with source.only_writer(), target.only_writer(), source.reading() as reading:
        with target.reading() as connection:
            if connection.execute(sa.select(sa.func.count()).select_from(schema.runs)).scalar():
                raise UserError(f"{target}: has nights already; expected an empty store")
        runs = list(
            reading.execute(
                sa.select(schema.runs.c.run_id).order_by(schema.runs.c.number)
            ).scalars()
        )
        with target.writing() as writing, tempfile.TemporaryDirectory() as scratch:
            for table in schema.metadata.sorted_tables:
                if table.name in ("info", "files"):
                    continue
                names = [column.name for column in table.columns]
                rows = reading.execution_options(yield_per=_AT_ONCE).execute(sa.select(table))
                for some in rows.partitions():
                    bulk.insert(writing, table, names, [tuple(row) for row in some])
            for run_id in runs:
                staged = target.staging(run_id, Path(scratch), is_dry=False)
                for name, content in source.contents(run_id).items():
                    (staged / name).write_bytes(content)
                target.keep(writing, run_id, staged)
    return len(runs)


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("expected: python -m qianchuan_guarantee.ledger.move FROM TO")
    try:
        source, target = Store(sys.argv[1]), Store(sys.argv[2], create=True)
        nights = move(source, target)
        found = problems(target)
    except UserError as error:
        sys.exit(f"qcg: {error}")
    print(f"{nights} nights copied to {target}")
    if found:
        sys.exit("\n".join(["the copy does not add up:", *found]))


if __name__ == "__main__":
    main()
