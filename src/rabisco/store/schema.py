"""Bringing the tables up to date when the database is opened, whichever of several processes comes first."""

from contextlib import nullcontext
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from rabisco.errors import N_, LaterDatabaseError

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0005"  # the newest migration; a test holds it to that
_LOCK = 7222726  # of PostgreSQL, for whoever changes the tables


def is_up_to_date(connection: Connection) -> bool:
    """Tell whether no migration is missing.

    Raises:
        LaterDatabaseError: The database was made by a later release.
    """
    version = None
    if inspect(connection).has_table("alembic_version"):
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
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
    """Apply the migrations that are missing, all or none, in one transaction, which waits for that of another process.

    SQLite's has the database for itself, PostgreSQL's takes a lock. Alembic is imported before others have to wait:
    that can take seconds.
    """
    from alembic import command
    from alembic.config import Config

    with engine.begin() as connection:
        take_time = getattr(connection.connection.dbapi_connection, "take_time", nullcontext)
        with take_time():
            take_lock(connection, _LOCK)
            if not is_up_to_date(connection):  # by another process
                configuration = Config()
                configuration.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
                configuration.attributes["connection"] = connection
                command.upgrade(configuration, "head")


def take_lock(connection: Connection, number: int) -> None:
    """Wait until no other transaction holds the lock of that number; it is let go of with the transaction.

    Nothing is to be done in SQLite, where a writing transaction is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
