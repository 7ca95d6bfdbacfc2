"""The ledger's tables: append-only entries of double entry, and what is derived from them.

Money is whole fen (1/100 yuan) in 64-bit integers. `entries` and `postings` are only ever added
to; `balances` says where they stand, and can be recomputed from them. `statuses` is added to as
well, and marks each plan's last one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
)

VERSION = 3

metadata = MetaData()

# What the store is: `schema` (the version of these tables).
info = Table(
    "info",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

# One for each transaction that changed the ledger, in a chain (acts.py). `document`: canonical
# JSON, of a night its manifest; `signature`: of the document's bytes, by the owner of `public_key`.
acts = Table(
    "acts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sha256", String, nullable=False),
    Column("document", Text, nullable=False),
    Column("signature", String),  # Ed25519, hex
    Column("public_key", String),  # hex
)

# A night that was completed. `key` says what it was asked: a night run again is found by it.
runs = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("run_id", String, nullable=False, unique=True),
    Column("key", String, nullable=False, index=True),
    Column("as_of", Date, nullable=False, index=True),
    Column("manifest_sha256", String, nullable=False),
    Column("summary", Text, nullable=False),  # the document that `run --json` printed
    Column("days", Text, nullable=False),  # JSON: table → partition days ever seen
    Column("started_by", String, nullable=False),
    Column("finished_at", DateTime, nullable=False),
)

# Files of a run where the store has no folder of its own.
files = Table(
    "files",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

# Partitions that were read: one that comes again with another digest was corrected.
partitions = Table(
    "partitions",
    metadata,
    Column("table_name", String, primary_key=True),
    Column("dt", Date, primary_key=True),
    Column("sha256", String, primary_key=True),
    Column("run_id", String, nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    # What a proposal is for: grant, supplement or claw_back.
    Column("purpose", String),
    Column("ad_id", BigInteger),
    Column("advertiser_id", BigInteger, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("cycle_on", Date),  # day0 of the plan's cycle
    Column("correction", Integer, nullable=False),
    Column("rulebook", String),
    Column("rulebook_sha256", String),
    Column("run_id", String),  # null: entered by a person between runs
    Column("corrects", String, unique=True),  # an entry is answered once
    Column("clause", String, nullable=False),
    Column("why", Text, nullable=False),  # codes of what makes a proposal wait, or a person's words
    Column("by", String, nullable=False),
    Column("at", DateTime, nullable=False),
    Index("entries_of_plan", "ad_id"),
)

# Each entry moves money between accounts of one advertiser; what it moves adds up to nothing.
postings = Table(
    "postings",
    metadata,
    Column("entry_id", String, primary_key=True),
    Column("account", String, primary_key=True),
    Column("advertiser_id", BigInteger, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
)

balances = Table(
    "balances",
    metadata,
    Column("advertiser_id", BigInteger, primary_key=True),
    Column("account", String, primary_key=True),
    Column("amount_fen", BigInteger, nullable=False),
)

# Grants spent that the balance did not cover: tried again on every night.
uncovered = Table(
    "uncovered",
    metadata,
    Column("usage_id", String, primary_key=True),
    Column("advertiser_id", BigInteger, nullable=False),
    Column("used_at", DateTime, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
)


def _standing() -> list[Column[Any]]:
    """Where a plan stands in the ledger."""
    return [
        Column("advertiser_id", BigInteger),
        Column("rulebook", String),
        Column("cycle_on", Date),
        Column("outcome", String, nullable=False),
        Column("status", String, nullable=False),
        Column("reasons", String, nullable=False),  # codes, comma between
        Column("decided_fen", BigInteger),  # null until the cycle is settled
        Column("merit_fen", BigInteger),  # decided apart from cheating verdicts
        Column("issued_fen", BigInteger, nullable=False),  # grants, supplements less claw-backs
        Column("was_issued", Boolean, nullable=False),
        Column("waiting_fen", BigInteger, nullable=False),  # of the proposal that waits, signed
        Column("waiting_entry", String),
        Column("withheld_fen", BigInteger, nullable=False),  # what people took back of it
        Column("withheld_of_fen", BigInteger, nullable=False),  # what was decided then
        Column("refused_fen", BigInteger),  # the decided amount that a person refused
        Column("correction", Integer, nullable=False),  # proposals made so far
        Column("was_held", Boolean, nullable=False),
        Column("is_cheating", Boolean, nullable=False),
        Column("run_id", String),  # the run that last changed it; null: a person
    ]


# 四(五): every standing that a plan ever had; `act`: what put it there.
statuses = Table(
    "statuses",
    metadata,
    Column("ad_id", BigInteger, primary_key=True),
    Column("act", Integer, primary_key=True, autoincrement=False),
    *_standing(),
    Column("at", DateTime, nullable=False),
    Column("is_last", Boolean, nullable=False),
)
_waits = statuses.c.waiting_entry.is_not(None) & statuses.c.is_last
Index("plans_waiting", statuses.c.waiting_entry, sqlite_where=_waits, postgresql_where=_waits)

# Where each plan stands after the last run or decision of a person: a view of the last ones.
plans = Table("plans", MetaData(), Column("ad_id", BigInteger, primary_key=True), *_standing())
_names = ", ".join(plans.columns.keys())
_view = DDL(f"CREATE VIEW plans AS SELECT {_names} FROM statuses WHERE is_last")  # type: ignore[no-untyped-call]
event.listen(metadata, "after_create", _view)

# Holds that a named person has overruled.
releases = Table(
    "releases",
    metadata,
    Column("ad_id", BigInteger, primary_key=True),
    Column("act", Integer, nullable=False),
    Column("by", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", DateTime, nullable=False),
)

# 站内信: written with the entry that it tells of, delivered at least once.
notices = Table(
    "notices",
    metadata,
    Column("notice_id", String, primary_key=True),
    Column("entry_id", String, nullable=False),
    Column("delivered_at", DateTime),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    Column("sha256", String),  # of the line or document that was delivered
)
_undelivered = notices.c.delivered_at.is_(None)
Index(
    "notices_waiting",
    notices.c.delivered_at,
    sqlite_where=_undelivered,
    postgresql_where=_undelivered,
)

for _table in metadata.tables.values():
    # In SQLite a table is kept in the order of its key: one tree to write instead of two.
    _table.dialect_options["sqlite"]["with_rowid"] = False
