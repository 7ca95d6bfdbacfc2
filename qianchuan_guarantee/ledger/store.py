"""Where a store keeps things: a folder with SQLite in it, or a PostgreSQL database.

One writer at a time. What a night writes becomes visible at once, when its database transaction
is committed; files that were written before and never got that far are removed by the next
writer.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url

from qianchuan_guarantee.errors import UserError, hidden
from qianchuan_guarantee.ledger import acts, schema, seal

if TYPE_CHECKING:
    from qianchuan_guarantee.signatures import Signer

_SHANGHAI = timezone(timedelta(hours=8))
_LOCK = 0x7163675F  # of PostgreSQL's advisory locks, the store's


def now() -> datetime:
    """The time of day in Asia/Shanghai, whatever zone the machine is in."""
    return datetime.now(_SHANGHAI).replace(tzinfo=None)


def whoami() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


class Store:
    """A store that exists, or with `create` one that is made."""

    def __init__(self, address: str, *, create: bool = False, signer: Signer | None = None) -> None:
        self.address = address
        self.signer = signer  # of every act that this process enters
        self.folder: Path | None = None if "://" in address else Path(address)
        if self.folder is None:
            self.engine = _postgres(address)
        else:
            if not create and not (self.folder / "ledger.sqlite").exists():
                raise UserError(
                    f"{address}: no store there; `qcg run … --store {address}` makes one"
                )
            if self.folder.exists() and not self.folder.is_dir():
                raise UserError(f"{address}: a file; expected a folder, or postgresql://…")
            if create:
                with self.telling():
                    # Nothing in it is for others on the machine; a group is as its umask says.
                    self.folder.mkdir(mode=0o770, parents=True, exist_ok=True)
            self.engine = _sqlite(self.folder / "ledger.sqlite")
        with self.telling():
            self._check_schema(create=create)
            if create and self.folder and seal.state(self.folder) == "missing":
                self._seal()

    def __str__(self) -> str:
        """The address, without a password."""
        return self.address if self.folder else hidden(self.address)

    def _check_schema(self, *, create: bool) -> None:
        with self.engine.begin() as connection:
            has_tables = sa.inspect(connection).has_table("info")
            if not has_tables and create:
                # One maker at a time, and all of the tables or none.
                if self.folder is not None:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                else:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK + 1)))
                has_tables = sa.inspect(connection).has_table("info")
            if not has_tables and not create:
                raise UserError(f"{self}: no store there; `qcg run … --store …` makes one")
            if not has_tables:
                schema.metadata.create_all(connection)
                connection.execute(
                    sa.insert(schema.info).values(key="schema", value=str(schema.VERSION))
                )
                return
            asked = sa.select(schema.info.c.value).where(schema.info.c.key == "schema")
            found = connection.execute(asked).scalar()
        if found != str(schema.VERSION):
            raise UserError(
                f"{self}: made by another version of qcg (schema {found}, this one knows "
                f"{schema.VERSION}); nothing was read or written"
            )

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """A database that is not there, or a disk that is full, in one sentence."""
        try:
            yield
        except OSError as error:
            raise UserError(f"{self}: cannot be written: {error.strerror or error}") from error
        except sa.exc.SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            raise UserError(
                f"{self}: the database cannot be used ({str(cause).splitlines()[0]})"
            ) from error

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.telling(), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self, *, is_dry: bool = False) -> Iterator[Connection]:
        """One transaction: all of it or nothing; nothing in any case where `is_dry`."""
        with self.telling(), self.engine.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            except BaseException:
                transaction.rollback()
                raise
            if is_dry:
                transaction.rollback()
                return
            if self.folder is not None:
                seal.open_(self.folder)
            transaction.commit()
        self._seal()

    def _seal(self) -> None:
        if self.folder is None:
            return
        with self.reading() as connection:
            head = acts.latest(connection)
        with self.telling():
            seal.close(self.folder, *((head.number, head.sha256) if head else (0, None)))

    @contextlib.contextmanager
    def only_writer(self) -> Iterator[None]:
        """One writer at a time; who holds the store is said to whoever comes second."""
        held = _folder_lock(self) if self.folder else _postgres_lock(self)
        with held:
            with self.telling():
                self._remove_leftovers()
            if self.folder and seal.state(self.folder) in ("writing", "missing"):
                self._seal()
            yield

    def _remove_leftovers(self) -> None:
        """Files of nights that were cut off before they were committed."""
        if self.folder is None:
            return
        for staged in self.folder.glob(".staged-*"):
            shutil.rmtree(staged)
        runs = self.folder / "runs"
        if not runs.is_dir():
            return
        with self.reading() as connection:
            known = set(connection.execute(sa.select(schema.runs.c.run_id)).scalars())
        for folder in runs.iterdir():
            if folder.is_dir() and folder.name not in known:
                shutil.rmtree(folder)

    def staging(self, run_id: str, scratch: Path, *, is_dry: bool) -> Path:
        """A folder for the files of a run, until `keep` makes them part of the store."""
        place = scratch if is_dry or self.folder is None else self.folder
        staged = place / f".staged-{run_id}"
        with self.telling():
            staged.mkdir(parents=True)
        return staged

    def keep(self, connection: Connection, run_id: str, staged: Path) -> None:
        """Make the staged files durable, as the last thing before the commit."""
        if self.folder is None:
            rows = [
                {"run_id": run_id, "name": path.name, "content": path.read_bytes()}
                for path in sorted(staged.iterdir())
            ]
            connection.execute(sa.insert(schema.files), rows)
            shutil.rmtree(staged)
            return
        for path in staged.iterdir():
            _sync(path)
        _sync(staged)
        target = self.folder / "runs" / run_id
        target.parent.mkdir(exist_ok=True)
        staged.rename(target)
        _sync(target.parent)

    def read(self, run_id: str, name: str) -> bytes | None:
        """A file of a run; None where the run has none of that name."""
        if self.folder is not None:
            path = self.folder / "runs" / run_id / name
            return path.read_bytes() if path.exists() else None
        asked = sa.select(schema.files.c.content).where(
            schema.files.c.run_id == run_id, schema.files.c.name == name
        )
        with self.reading() as connection:
            found: bytes | None = connection.execute(asked).scalar()
        return found

    def contents(self, run_id: str) -> dict[str, bytes]:
        """All files of a run, by name."""
        if self.folder is not None:
            folder = self.folder / "runs" / run_id
            return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        table = schema.files
        query = sa.select(table.c.name, table.c.content).where(table.c.run_id == run_id)
        with self.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def close(self) -> None:
        self.engine.dispose()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sqlite(path: Path) -> Engine:
    # Not as text: a folder may have a question mark in its name.
    address = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(address, connect_args={"timeout": 30})

    def prepare(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -262144")

    sa.event.listen(engine, "connect", prepare)
    return engine


def _postgres(address: str) -> Engine:
    try:
        url = make_url(address)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise UserError("--store: not an address; expected a folder or postgresql://…") from error
    if not url.drivername.startswith("postgresql"):
        raise UserError(f"--store {url.drivername}://…: expected a folder or postgresql://…")
    holder = f"qcg, pid {os.getpid()}, {whoami()} on {socket.gethostname()}"
    try:
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={"application_name": holder[:63]},
        )
    except ImportError as error:
        raise UserError(
            "--store postgresql://…: needs psycopg; pip install 'qianchuan-guarantee[postgres]'"
        ) from error


@contextlib.contextmanager
def _folder_lock(store: Store) -> Iterator[None]:
    import fcntl

    folder = store.folder
    assert folder is not None
    with store.telling():
        file = (folder / ".lock").open("a+", encoding="utf-8", buffering=1)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"{folder}: in use by {_holder(file)}; one writer at a time") from None
        holder = f"{whoami()} on {socket.gethostname()}, pid {os.getpid()}, since {now():%F %T}"
        with store.telling():
            os.truncate(file.fileno(), 0)
            os.write(file.fileno(), holder.encode())
        # The system gives the lock back when this process ends, however it ends.
        yield
        with contextlib.suppress(OSError):
            os.truncate(file.fileno(), 0)
    finally:
        file.close()


def _holder(file: IO[str]) -> str:
    file.seek(0)
    return file.read().strip() or "another process"


@contextlib.contextmanager
def _postgres_lock(store: Store) -> Iterator[None]:
    with store.reading() as connection:
        # No transaction stays open all night, to be ended by a server that allows none to idle.
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(_LOCK))).scalar():
            asked = sa.text(
                "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) "
                "WHERE locktype = 'advisory' AND objid = :lock AND granted "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            holder = connection.execute(asked, {"lock": _LOCK}).scalar() or "another process"
            raise UserError(f"{store}: in use by {holder}; one writer at a time")
        # The lock is the connection's: it ends with it, however it ends.
        yield
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK)))


def as_rows(connection: Connection, query: sa.Select[Any]) -> list[Mapping[str, Any]]:
    return [dict(row) for row in connection.execute(query).mappings()]
