"""What a process of its own makes once, for it takes seconds and much memory; pages ask again until it is there."""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rabisco.artifacts.durable import told_of_storage, try_lock
from rabisco.runs.children import start_alone
from rabisco.runs.process import give_way
from rabisco.settings import get_settings

LOGGER = logging.getLogger("rabisco.runs")
AGAIN = 60.0  # seconds after which what failed is tried again
_BEGUN: dict[Path, threading.Thread] = {}  # who waits for the end of the process that makes a file
_BEGINNING = threading.Lock()


def have_made(path: Path, module: str, *arguments: str) -> bool:
    """Have ``python -m module`` make the file at ``path``, unless a process does so already; tell whether one does.

    ``False`` means that the last attempt failed less than a minute ago.

    Raises:
        StorageError: Nothing can be written there.
    """
    failed = path.with_suffix(".failed")
    if failed.is_file() and time.time() - failed.stat().st_mtime < AGAIN:
        return False
    with _BEGINNING:
        if path in _BEGUN and _BEGUN[path].is_alive():  # it may not have taken the lock yet: to import takes seconds
            return True
        with told_of_storage():
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = try_lock(path.with_suffix(".lock"))
            if lock is not None:
                os.close(lock)  # the process takes it
                _BEGUN[path] = start_alone(module, *arguments)
    return True


def make(path: Path, write: Callable[[Path], None]) -> None:
    """Make the file at ``path``, one process at a time; ``write`` writes it to another path of the same ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = try_lock(path.with_suffix(".lock"))
    if lock is None:
        return
    try:
        if not path.is_file():
            being_written = path.with_suffix(f".new{path.suffix}")
            write(being_written)
            being_written.replace(path)
    except Exception:
        LOGGER.exception("%s could not be made", path)
        path.with_suffix(".failed").write_text("")
    finally:
        os.close(lock)


def begin() -> None:
    """Begin as the process that makes it: its log is written, and other processes go before it."""
    logging.basicConfig(level=logging.INFO)
    give_way(get_settings().training_niceness)
