"""The one door to the database: an engine per process and address, and transactions for reading or for writing."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from rabisco.errors import N_, InvalidConfigurationError, MissingExtraError, StorageError
from rabisco.settings import get_settings
from rabisco.store.schema import bring_up_to_date, is_up_to_date, take_lock

BUSY_SECONDS, HELD_SECONDS = 10.0, 1.0  # that others may keep SQLite from us, and where they have done so for long
POOL_SECONDS = 5  # for one of PostgreSQL's connections to be free
_ALONE = 7222727  # number of PostgreSQL's lock
_BEGIN = "rabisco_begin"  # execution option: how a transaction begins in SQLite
_opened: list[Engine] = []
_held = threading.Event()  # by another process: this one has waited for SQLite in vain


@contextmanager
def reading() -> Iterator[Session]:
    """Yield a session that sees one moment of the database; what is changed in it is not kept.

    Raises:
        StorageError: The database cannot be reached or read.
    """
    with told_of_database(), Session(_engine(), expire_on_commit=False) as session:
        yield session


@contextmanager
def writing() -> Iterator[Session]:
    """Yield a session whose changes are kept together when the block ends, or not at all if it raises.

    In SQLite it has the database for itself from its beginning, so that what it reads is still so when it writes; in
    PostgreSQL only the rows that it changes, so that a decision and its change belong into one statement, or into
    ``alone``.

    Raises:
        StorageError: The database cannot be reached, is full, read-only, or kept busy by others for too long.
    """
    bind = _engine().execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
    with told_of_database(), Session(bind, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def alone() -> Iterator[Session]:
    """Yield a session as ``writing`` does, while no other process or thread is in such a block: for what counts rows.

    Raises:
        StorageError: As in ``writing``.
    """
    with writing() as session:
        take_lock(session.connection(), _ALONE)
        yield session


def close() -> None:
    """Let go of every connection of this process, as before its folder is removed."""
    _open.cache_clear()
    while _opened:
        _opened.pop().dispose()


@contextmanager
def told_of_database() -> Iterator[None]:
    """Turn what the database refuses into an error for readers, which names neither path nor address.

    Raises:
        StorageError: It refused.
    """
    try:
        yield
    except IntegrityError:
        raise  # a fault of ours, not of the database
    except (DBAPIError, PoolTimeoutError) as error:
        refused = getattr(error, "orig", None)
        first = str(refused).strip().splitlines()[0][:120] if isinstance(refused, sqlite3.Error) else "no answer"
        raise StorageError(
            N_(
                "the database must be reachable and writable and have room. Received: %(reason)s; nothing was "
                "changed. Free some space, give write permission or start the database, and try again"
            ),
            reason=first,
        ) from error
    except OSError as error:
        raise StorageError(
            N_(
                "the folder of the database must be writable. Received: %(reason)s; nothing was changed. Give write "
                "permission, or set RABISCO_HOME to another folder"
            ),
            reason=str(error.strerror or error),
        ) from error


def _engine() -> Engine:
    settings = get_settings()
    if not settings.database_url:
        return _open(f"sqlite:///{settings.home / 'rabisco.db'}")
    return _open(settings.database_url)


@lru_cache
def _open(address: str) -> Engine:
    """Return an engine for ``address``, its tables brought up to date."""
    with told_of_database():
        engine = _create(address)
        _opened.append(engine)
        with engine.connect() as connection:
            if is_up_to_date(connection):
                return engine
        bring_up_to_date(engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"}))
    return engine


def _leave_to_parent() -> None:
    """Forget, in a child, the connections that it must not use."""
    for engine in _opened:
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_leave_to_parent)


def _create(address: str) -> Engine:
    url = _parse(address)
    if url.get_backend_name() == "postgresql":
        try:
            engine = create_engine(url, pool_pre_ping=True, pool_timeout=POOL_SECONDS)
            from rabisco.store.postgresql import TimeoutConnection, ping_in_a_hurry
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                N_("PostgreSQL needs %(name)s, which is not installed: pip install 'rabisco[postgresql]'"),
                name=error.name,
            ) from error
        engine.dialect.do_ping = ping_in_a_hurry(engine.dialect.do_ping)  # type: ignore[assignment]
        event.listen(engine, "do_connect", lambda *given: TimeoutConnection.connect(*given[2], **given[3]))
        return engine
    Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"isolation_level": None, "timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _parse(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError:
        url = make_url("unreadable://")
    if url.drivername == "sqlite" and url.database not in (None, "", ":memory:"):
        return url
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    raise InvalidConfigurationError(
        N_(
            "RABISCO_DATABASE_URL must be postgresql://user:password@host/database, or sqlite:///path with a file "
            "that outlives the process. Received: something else; leave it out for SQLite in RABISCO_HOME"
        )
    )


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:  # noqa: ARG001 - the event's form
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")
    _use_write_ahead_log(cursor)
    cursor.close()


def _use_write_ahead_log(cursor: sqlite3.Cursor) -> None:
    """Let readers read while one writes; changing to it is the one thing that does not wait for others by itself."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    """Begin a transaction; while another process holds the database, later ones do not wait as long as the first."""
    how = connection.get_execution_options().get(_BEGIN)
    if how is None:
        connection.exec_driver_sql("BEGIN")
        return
    seconds = HELD_SECONDS if _held.is_set() else BUSY_SECONDS
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")
    try:
        connection.exec_driver_sql(how)
    except DBAPIError:
        _held.set()
        raise
    _held.clear()
