"""What pages have a process of its own do: a job whose state a file tells all servers, or a file that is made once."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self

from pydantic import BaseModel, Field

from rabisco import objects
from rabisco.artifacts.durable import told_of_storage, try_lock, write_whole
from rabisco.errors import RabiscoError
from rabisco.runs.process import host, identity, lower_priority
from rabisco.runs.runners import start
from rabisco.settings import get_settings

LOGGER = logging.getLogger("rabisco.runs")
AGAIN = 60.0  # seconds after which a file that could not be made is tried again
BEGINS = 30.0  # seconds after which a process that never began is gone
SILENT = 3600.0  # seconds after which what another machine said last is no longer so
_BEGUN: dict[Path, threading.Thread] = {}  # who waits for the end of the process that makes a file
_BEGINNING = threading.Lock()


class BackgroundJob(BaseModel):
    """How far a job is, and which process does it."""

    state: str  # how far it is; each kind names its states, of which ``reading`` and ``failed`` are two
    message: str = ""  # why it failed, else empty; a sentence and its values
    host: str = Field(default_factory=host)  # machine of the process
    pid: int = 0  # of the process, 0 before it began
    process_started: str = ""  # distinguishes it from a later process with the same PID
    moment: float = Field(default_factory=time.time)  # when this was written, in seconds since 1970

    @property
    def path(self) -> Path:
        """The file that tells it."""
        raise NotImplementedError

    def as_found(self, done: str, result: Path, why_failed: str = "") -> Self:
        """Return it as it is: not ``done`` while its result is under way to here, failed where its process died."""
        if self.state == done and self.host != host() and not result.exists():
            self.state = "reading"
        if self.state not in (done, "failed") and self._is_gone:
            self.state, self.message = "failed", why_failed
        return self

    @property
    def _is_gone(self) -> bool:
        """Whether its process has ended, or never began."""
        if self.host != host():
            return time.time() - self.moment > SILENT
        return identity(self.pid) != self.process_started if self.pid else time.time() - self.moment > BEGINS

    def write(self, **changes: Any) -> None:
        """Write it, with changes, for all servers."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        told = self.model_copy(update={**changes, "moment": time.time()})
        write_whole(self.path, told.model_dump_json() + "\n")
        objects.share(self.path)

    def start(self, module: str) -> None:
        """Start ``python -m module`` with the name of the file, which does the job; its log lies beside the file."""
        with told_of_storage(), self.path.with_suffix(".log").open("wb") as log:
            _start(module, self.path.stem, log=log)

    @contextmanager
    def failing(self, otherwise: str = "") -> Iterator[None]:
        """Say that the job has failed, and why, if it does: ``otherwise`` where the error is none for readers."""
        try:
            yield
        except Exception as error:
            LOGGER.exception("failed")
            self.write(state="failed", message=str(error) if isinstance(error, RabiscoError) else otherwise)


def make_elsewhere(path: Path, module: str, *arguments: str) -> bool:
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
                _BEGUN[path] = _start(module, *arguments)
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
    """Begin as such a process: its log is written, and other processes go before it."""
    logging.basicConfig(level=logging.INFO)
    lower_priority(get_settings().training_niceness)


def _start(module: str, *arguments: str, log: IO[bytes] | None = None) -> threading.Thread:
    """Start a process that nobody polls; return the thread that waits for its end lest it stays as a zombie."""
    child = start(module, *arguments, log=log)
    waiting = threading.Thread(target=child.wait, name=module, daemon=True)
    waiting.start()
    return waiting
