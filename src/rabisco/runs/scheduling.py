"""Whose turn it is: those of whom least runs, then those who were served longest ago, then those who wait longest."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rabisco import store
from rabisco.runs.records import Run
from rabisco.runs.states import active

Row = TypeVar("Row", bound=Any)


def in_turn(waiting: Sequence[Row], working: Sequence[Any], served: dict[str, datetime]) -> list[Row]:
    """Return the rows that wait, the oldest first, in the order in which they are to be begun.

    ``served`` tells when work of an owner last began.
    """
    busy = Counter(row.owner for row in working)
    last = {owner: moment.timestamp() for owner, moment in served.items()}
    now = max(last.values(), default=0.0)
    rest, order = list(waiting), list[Row]()
    while rest:
        chosen = min(rest, key=lambda row: (busy[row.owner], last.get(row.owner, 0.0)))  # the first of equals
        rest.remove(chosen)
        order.append(chosen)
        now += 1.0
        last[chosen.owner] = now
        busy[chosen.owner] += 1
    return order


def served(session: Session, table: Any, waiting: Sequence[Any]) -> dict[str, datetime]:
    """Return when work last began of each owner of a row that waits; nothing where only one waits."""
    owners = {row.owner for row in waiting}
    if len(owners) < 2 or not hasattr(table, "started"):
        return {}
    begun = select(table.owner, func.max(table.started)).where(table.owner.in_(owners), table.started.is_not(None))
    moments: Any = session.execute(begun.group_by(table.owner)).all()
    return dict(moments)


def place_in_queue(run: Run) -> int:
    """Return how many trainings are to start before one that waits, and itself: 1 is the next."""
    table = store.RunRow
    with store.reading() as session:
        waiting = list(session.scalars(select(table).where(table.state == "queued").order_by(table.queued, table.id)))
        order = in_turn(waiting, active(session), served(session, table, waiting))
    return next((place for place, row in enumerate(order, 1) if row.id == run.id), 1)
