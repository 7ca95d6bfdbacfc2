"""What a ledger's database holds besides rows: a trigger, or a view of somebody else's, would
change what is entered or read after it."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qianchuan_guarantee.ledger import schema

# Of a table its name only: libraries may write it in other words. Indexes change no answer.
_SQLITE = """
    SELECT type, name, CASE type WHEN 'table' THEN '' ELSE sql END FROM sqlite_master
    WHERE type <> 'index' AND name NOT LIKE 'sqlite%'
"""
# A view is a rule called `_RETURN`; that of `plans` is ours.
_POSTGRESQL = """
    SELECT 'trigger', t.tgname, '' FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND c.relname = ANY(:names)
    UNION ALL
    SELECT 'rule', r.rulename, '' FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    WHERE c.relname = ANY(:names) AND (r.rulename <> '_RETURN' OR c.relname <> 'plans')
"""


def problems(connection: Connection) -> Iterator[str]:
    """Triggers, rules and views that are none of ours."""
    names = [*schema.metadata.tables, schema.plans.name]
    if connection.dialect.name == "sqlite":
        found = {tuple(row) for row in connection.execute(sa.text(_SQLITE))}
        fresh = sa.create_engine("sqlite://")
        with fresh.begin() as made:
            schema.metadata.create_all(made)
            found -= {tuple(row) for row in made.execute(sa.text(_SQLITE))}
        fresh.dispose()
    else:
        found = {tuple(row) for row in connection.execute(sa.text(_POSTGRESQL), {"names": names})}
    for kind, name, _ in sorted(found):
        yield f"a {kind} {name}, which no night made"
