"""Whose turn it is: those of whom least runs, then those who were served longest ago, then those who wait longest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

Row = TypeVar("Row", bound=Any)


def in_turn(waiting: Sequence[Row], working: Sequence[Any], served: dict[str, datetime]) -> list[Row]:
    """Return the rows that wait in the order in which they are to be begun.

    Args:
        waiting: Rows with an ``owner``, the oldest first.
        working: Those that processes work on.
        served: When work of an owner last began.
    """
    busy: dict[str, int] = {}
    for row in working:
        busy[row.owner] = busy.get(row.owner, 0) + 1
    last = {owner: moment.timestamp() for owner, moment in served.items()}
    now = max(last.values(), default=0.0)
    rest, order = list(waiting), list[Row]()
    while rest:
        chosen = min(rest, key=lambda row: (busy.get(row.owner, 0), last.get(row.owner, 0.0)))  # the first of equals
        rest.remove(chosen)
        order.append(chosen)
        now += 1.0
        busy[chosen.owner], last[chosen.owner] = busy.get(chosen.owner, 0) + 1, now
    return order


def served(session: Session, table: Any, waiting: Sequence[Any]) -> dict[str, datetime]:
    """Return when work last began of each owner of a row that waits; nothing where only one waits."""
    owners = {row.owner for row in waiting}
    if len(owners) < 2 or not hasattr(table, "started"):
        return {}
    begun = select(table.owner, func.max(table.started)).where(table.owner.in_(owners), table.started.is_not(None))
    moments: Any = session.execute(begun.group_by(table.owner)).all()
    return dict(moments)
