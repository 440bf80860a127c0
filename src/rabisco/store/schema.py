"""Bringing the tables up to date when the database is opened, whichever of several processes comes first."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    select,
    text,
)

from rabisco.errors import N_, LaterDatabaseError
from rabisco.store.tables import Base

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0005"  # the newest migration; a test holds it to that
_APPLIED = Table(  # which migration was, as Alembic makes it
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
_LOCK = 7222726  # of PostgreSQL, for whoever changes the tables


def is_up_to_date(connection: Connection) -> bool:
    """Tell whether no migration is missing.

    Raises:
        LaterDatabaseError: The database was made by a later release.
    """
    version = None
    if inspect(connection).has_table(_APPLIED.name):
        version = connection.execute(select(_APPLIED.c.version_num)).scalar()
    if version and version > HEAD:
        raise LaterDatabaseError(
            N_(
                "this release of Rabisco knows the database up to version %(known)s. Received: one of version "
                "%(version)s; install the release that wrote it, or a later one"
            ),
            known=HEAD,
            version=version,
        )
    return bool(version == HEAD)


def bring_up_to_date(engine: Engine) -> None:
    """Make the tables of a new database as they are declared; apply to another the migrations that are missing.

    All or none are made, in one transaction, which waits for that of another process. Only migrations need Alembic,
    which is imported before others have to wait: that can take seconds.
    """
    with _by_itself(engine) as connection:
        if not set(inspect(connection).get_table_names()) & {*Base.metadata.tables, _APPLIED.name}:
            Base.metadata.create_all(connection, checkfirst=False)
            _APPLIED.create(connection)
            connection.execute(insert(_APPLIED).values(version_num=HEAD))
        if is_up_to_date(connection):  # by another process
            return
    from alembic import command
    from alembic.config import Config

    with _by_itself(engine) as connection:
        if not is_up_to_date(connection):
            configuration = Config()
            configuration.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, "head")


@contextmanager
def _by_itself(engine: Engine) -> Iterator[Connection]:
    """Yield a connection in a transaction: SQLite's has the database for itself, PostgreSQL's takes a lock."""
    with engine.begin() as connection:
        take_time = getattr(connection.connection.dbapi_connection, "take_time", nullcontext)
        with take_time():
            take_lock(connection, _LOCK)
            yield connection


def take_lock(connection: Connection, number: int) -> None:
    """Wait until no other transaction holds the lock of that number; it is let go of with the transaction.

    Nothing is to be done in SQLite, where a writing transaction is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
