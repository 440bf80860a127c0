"""Start, poll and kill the process that works on a row; on this machine, a child that outlives its parent.

``rabisco.runs.cluster`` does the same on other machines. What a training says, and hears, goes through its row.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any, Protocol

from rabisco.runs.kinds import TRAINING, WorkKind
from rabisco.runs.places import LOG_FILE
from rabisco.runs.reconcile import Dead
from rabisco.runs.warm import WarmProcess, can_fork
from rabisco.settings import get_settings, settle_libraries
from rabisco.store import OfProcess

_PASSED_ON = (
    "home",
    "data_dir",
    "cache_dir",
    "database_url",
    "storage",
    "training_threads",
    "training_niceness",
    "keep_versions",
)
_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


class Child(Protocol):
    """A process that was begun for a row."""

    def poll(self) -> int | None:
        """Return the exit status, once it has ended."""

    def kill(self) -> None:
        """End it at once, whether it has begun or not."""


class Runner:
    """Starts processes for rows of one kind; what a subclass leaves out does nothing, and there is always room."""

    def get_ready(self) -> None:
        """Prepare for a row that will soon wait."""

    def has_room(self, row: Any) -> bool:  # noqa: ARG002 - how many there may be is for the kind to say
        """Tell whether a process may be begun for a row now; if not, it waits."""
        return True

    def begin(self, row: Any, folder: Path) -> Child:
        """Have a process take a row up; ``folder`` is there.

        Raises:
            RabiscoError: It does not start.
        """
        raise NotImplementedError

    def look(self) -> dict[str, Child]:
        """Refresh the state; return children that an earlier supervisor started and that nobody watches."""
        return {}

    def dead(self) -> list[Dead]:
        """Return processes, since the last question, that are known to have ended although they are not seen here."""
        return []

    def lost(self) -> set[str]:
        """Return the rows, since the last question, whose machine is gone with their process."""
        return set()

    def end(self) -> None:
        """Begin nothing more; what has begun goes on."""


class Processes(Runner):
    """Processes of this machine.

    Args:
        kind: Of the rows.
        warms: Whether they are forked from one that has imported Keras, and not started.
    """

    def __init__(self, kind: WorkKind, *, warms: bool = False) -> None:
        self._kind = kind
        self.warms = warms and kind is TRAINING and can_fork()
        self._warm: WarmProcess | None = None

    def get_ready(self) -> None:
        """Have a process that has imported Keras, or soon will have, wait for a while."""
        if self.warms:
            self._warm_up()

    def begin(self, row: OfProcess, folder: Path) -> Child:
        """Start a process, or fork one."""
        if self.warms:
            return self._warm_up().begin(row.id, folder)
        with (folder / LOG_FILE).open("ab") as log:
            return start(self._kind.module, row.id, log=log, folder=folder)

    def end(self) -> None:
        """Let the process end that waits with Keras imported."""
        if self._warm is not None:
            self._warm.end()

    def _warm_up(self) -> WarmProcess:
        if self._warm is None or not self._warm.waits:
            self._warm = WarmProcess(environment())
        self._warm.keep()
        return self._warm


def start(
    module: str, *arguments: str, log: IO[bytes] | int = subprocess.DEVNULL, folder: Path | None = None
) -> "subprocess.Popen[bytes]":
    """Start ``python -m module`` as a process that outlives this one.

    Args:
        module: Its name.
        *arguments: Of the module.
        log: Takes what it prints.
        folder: In which it works; this process's own if not given.
    """
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=environment(),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def start_alone(module: str, *arguments: str, log: IO[bytes] | int = subprocess.DEVNULL) -> threading.Thread:
    """Start a process that nobody polls; return the thread that waits for its end lest it stays as a zombie."""
    child = start(module, *arguments, log=log)
    waiting = threading.Thread(target=child.wait, name=module, daemon=True)
    waiting.start()
    return waiting


def told(threads: int | None = None) -> dict[str, str]:
    """Return the variables that tell a process this one's settings, and with how many threads to compute."""
    settings = get_settings()
    given = {name: getattr(settings, name) for name in _PASSED_ON} | {"trainings": settings.most_trainings}
    said = {f"RABISCO_{name.upper()}": str(value) for name, value in given.items() if value not in (None, "")}
    threads = settings.training_threads or threads or os.cpu_count() or 1
    caches = {"XDG_CACHE_HOME": str(settle_libraries())}  # the cache of data sets has its own setting
    return {**said, **caches, **dict.fromkeys(_THREADS, str(threads))}


def environment() -> dict[str, str]:
    """Return the environment of a process of this machine."""
    given = told()  # it sets variables, too
    return {**os.environ, **given}
