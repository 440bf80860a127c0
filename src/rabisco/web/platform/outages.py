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
    """Return what the database answers when asked; while it does not, ``otherwise``, and have the page say so.

    Programs get the error instead, unless ``programs`` are to have ``otherwise`` too.
    """
    if not programs and not wants_page():
        return ask()
    if "silent" not in g:
        try:
            return ask()
        except StorageError as error:
            _note(error)
    return otherwise


def last_known(name: Hashable, ask: Callable[[], Known]) -> Known:
    """Return what the database answers when asked; while it does not, what it last said under that name, for a page.

    Raises:
        StorageError: It does not answer, and a program asks, or nothing is known.
    """
    try:
        found = ask()
    except StorageError as error:
        if not wants_page() or name not in _remembered:
            raise
        _note(error)
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


def _note(error: StorageError) -> None:
    """Let the page of this request say that the database is silent."""
    LOGGER.warning("%s", error)
    g.silent = title_of(error) if isinstance(error, LaterDatabaseError) else gettext("The database does not answer.")
