"""Pages while the database does not answer: they show what is known without it, and say that."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from flask import Flask, g
from flask_babel import gettext

from rabisco.errors import LaterDatabaseError, StorageError
from rabisco.web.platform.logs import LOGGER
from rabisco.web.platform.problems import title_of, wants_page

Known = TypeVar("Known")

# Answers of the database that this process keeps, so that there is something to show.
MOST_REMEMBERED = 256
_remembered: OrderedDict[Hashable, object] = OrderedDict()
_lock = threading.Lock()


def init_app(app: Flask) -> None:
    """Let every page say that the database was silent while it was made."""
    app.context_processor(lambda: {"silent": g.get("silent")})


def known(ask: Callable[[], Known], otherwise: Any, *, programs: bool = False) -> Any:
    """Return the database's answer. If it does not respond, return ``otherwise`` and have the page say so.

    Args:
        ask: Asks the database; not called once it was silent in this request.
        otherwise: What is shown instead.
        programs: Whether programs get that too, instead of an error.

    Raises:
        StorageError: It is silent, and a program asks.
    """
    if not programs and not wants_page():
        return ask()
    if "silent" not in g:
        try:
            return ask()
        except StorageError as error:
            note(error)
    return otherwise


def last_known(name: Hashable, ask: Callable[[], Known]) -> Known:
    """Return what the database says; if it is silent, what it said when it was last asked here, for a page.

    Args:
        name: Of what is asked for.
        ask: Asks the database.

    Raises:
        StorageError: It is silent, and a program asks, or nothing is known.
    """
    try:
        found = ask()
    except StorageError as error:
        if not wants_page() or name not in _remembered:
            raise
        note(error)
        return cast(Known, _remembered[name])
    remember(name, found)
    return found


def remember(name: Hashable, found: object) -> None:
    """Keep what the database said, for ``last_known``."""
    with _lock:
        _remembered[name] = found
        _remembered.move_to_end(name)
        while len(_remembered) > MOST_REMEMBERED:
            _remembered.popitem(last=False)


def note(error: StorageError) -> None:
    """Let the page of this request say that the database is silent."""
    LOGGER.warning("%s", error)
    g.silent = title_of(error) if isinstance(error, LaterDatabaseError) else gettext("The database does not answer.")
