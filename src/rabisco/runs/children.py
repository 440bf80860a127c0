"""How the process of a row is begun, known to have ended, and killed: here, as a child that outlives this process.

``rabisco.runs.cluster`` does the same on other machines. What a training says, and hears, goes through its row.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

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


class Runner(Protocol):
    """What begins processes for rows of one kind."""

    def get_ready(self) -> None:
        """Prepare for a row that will soon wait."""

    def has_room(self, row: Any) -> bool:
        """Tell whether a process may be begun for a row now; if not, it waits."""

    def begin(self, row: Any, folder: Path) -> Child:
        """Have a process take a row up; ``folder`` is there.

        Raises:
            RabiscoError: It does not start.
        """

    def look(self) -> dict[str, Child]:
        """Look at what is going on; return children of an earlier process that go on and that nobody watches."""

    def dead(self) -> list[Dead]:
        """Return processes, since the last question, that are known to have ended although they are not seen here."""

    def lost(self) -> set[str]:
        """Return the rows, since the last question, whose machine is gone with their process."""

    def end(self) -> None:
        """Begin nothing more; what has begun goes on."""


class Processes:
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

    def has_room(self, row: OfProcess) -> bool:  # noqa: ARG002 - how many there may be is for the kind to say
        """Tell that there is."""
        return True

    def begin(self, row: OfProcess, folder: Path) -> Child:
        """Start a process, or fork one."""
        if self.warms:
            return self._warm_up().begin(row.id, folder)
        with (folder / LOG_FILE).open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", self._kind.module, row.id],
                env=environment(),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def look(self) -> dict[str, Child]:
        """Return nothing: a process of this machine is found by its row."""
        return {}

    def dead(self) -> list[Dead]:
        """Return nothing: a process of this machine is seen."""
        return []

    def lost(self) -> set[str]:
        """Return nothing: this process would be gone too."""
        return set()

    def end(self) -> None:
        """Let the process end that waits with Keras imported."""
        if self._warm is not None:
            self._warm.end()

    def _warm_up(self) -> WarmProcess:
        if self._warm is None or not self._warm.waits:
            self._warm = WarmProcess(environment())
        self._warm.keep()
        return self._warm


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
