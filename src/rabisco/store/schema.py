"""Bringing the tables up to date when the database is opened, whichever of several processes comes first."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from rabisco.errors import N_, LaterDatabaseError

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0005"  # the newest migration; a test holds it to that
_LOCK = 7222726  # of PostgreSQL, for whoever changes the tables


def bring_up_to_date(connection: Connection) -> None:
    """Apply the migrations that are missing, all or none, in the transaction of ``connection``.

    The transaction waits for that of another process: SQLite's has the database for itself, PostgreSQL's takes a lock.

    Raises:
        LaterDatabaseError: The database was made by a later release.
    """
    take_lock(connection, _LOCK)
    version = _version(connection)
    if version == HEAD:
        return
    if version and version > HEAD:
        raise LaterDatabaseError(
            N_(
                "this release of Rabisco knows the database up to version %(known)s. Received: one of version "
                "%(version)s; install the release that wrote it, or a later one"
            ),
            known=HEAD,
            version=version,
        )
    from alembic import command
    from alembic.config import Config

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


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
