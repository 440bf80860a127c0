"""Counting requests for all servers of one PostgreSQL, by its clock; ``StorageError`` where it does not answer."""

from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from rabisco.store.database import reading, writing
from rabisco.store.tables import Rate


def count(key: str, seconds: float, amount: int = 1) -> tuple[int, datetime]:
    """Increment a counter whose window lasts ``seconds`` from the first increment.

    Returns:
        Its value, and when the window ends.
    """
    ends = func.now() + timedelta(seconds=seconds)
    over = Rate.expires <= func.now()
    adding = insert(Rate).values(key=key, count=amount, expires=ends)
    adding = adding.on_conflict_do_update(
        index_elements=[Rate.key],
        set_={
            "count": case((over, amount), else_=Rate.count + amount),
            "expires": case((over, ends), else_=Rate.expires),
        },
    )
    with writing() as session:
        session.execute(text("SET LOCAL synchronous_commit = off"))  # a count that a crash forgets is no loss
        counted, until = session.execute(adding.returning(Rate.count, Rate.expires)).one()
        if counted == amount:  # now and then
            session.execute(delete(Rate).where(Rate.expires < func.now() - timedelta(minutes=1)))
    return counted, until


def counted(key: str) -> tuple[int, datetime] | None:
    """Return a count and when it ends; ``None`` if there is none."""
    with reading() as session:
        found = session.execute(
            select(Rate.count, Rate.expires).where(Rate.key == key, Rate.expires > func.now())
        ).first()
    return (found[0], found[1]) if found else None


def forget(key: str | None = None) -> None:
    """Begin a count anew, or all of them."""
    with writing() as session:
        session.execute(delete(Rate) if key is None else delete(Rate).where(Rate.key == key))
