"""Start, poll and kill the processes that work on rows; on this machine, children that outlive their parent.

``rabisco.runs.cluster`` does the same on other machines. What a training says, and hears, goes through its row. A fork
server is a process that has imported Keras and waits: a run that it begins is at its first batch seconds earlier.
"""

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

from rabisco.runs.kinds import TRAINING, WorkKind
from rabisco.runs.paths import LOG_FILE
from rabisco.runs.process import kill, lives
from rabisco.runs.recovery import Dead
from rabisco.settings import get_settings, settle_libraries
from rabisco.store import OfProcess

_GPU = Path("/dev/nvidiactl")  # what has been begun on a GPU does not survive a fork
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

    def ended(self) -> tuple[list[Dead], set[str]]:
        """Return what has ended unseen since the last question: processes, and rows whose machine went with theirs."""
        return [], set()

    def end(self) -> None:
        """Begin nothing more; what has begun goes on."""


def can_fork() -> bool:
    """Tell whether a process that has imported Keras may be forked here: on Linux, TensorFlow, without a GPU."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    return sys.platform == "linux" and backend == "tensorflow" and not _GPU.exists()


class ForkServer:
    """A process that has imported Keras and waits; ``rabisco.runs.worker`` without the id of a run."""

    def __init__(self) -> None:
        self.process = start(TRAINING.module, talks=True)
        self._begun: dict[str, ForkedProcess] = {}
        self._listener = threading.Thread(target=self._listen, name="fork server", daemon=True)
        self._listener.start()

    @property
    def waits(self) -> bool:
        """Whether it still takes orders."""
        return self.process.poll() is None

    def end(self) -> None:
        """Let it end; what it has begun goes on."""
        self.process.kill()
        self.process.wait()
        self._listener.join()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()

    def keep(self) -> None:
        """Let it wait longer."""
        say(self.process, {})

    def begin(self, row_id: str, folder: Path) -> "ForkedProcess":
        """Let a process of its own begin the run, in its folder."""
        begun = self._begun[row_id] = ForkedProcess(self)
        say(self.process, {"id": row_id, "folder": str(folder)})
        return begun

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            told = json.loads(line)
            self._begun[told["id"]].told.update(told)


class ForkedProcess:
    """A ``Child`` that a fork server began.

    Attributes:
        told: Its ``pid`` and ``identity`` once it has begun, and ``status`` once it has ended.
    """

    def __init__(self, server: ForkServer) -> None:
        self._server = server
        self.told: dict[str, Any] = {}

    def poll(self) -> int | None:
        """Return the exit status, once it has ended; -1 where nobody is left who could tell."""
        if "status" in self.told:
            return int(self.told["status"])
        if self._server.waits or ("pid" in self.told and lives(self.told["pid"], self.told["identity"])):
            return None
        return -1

    def kill(self) -> None:
        """End it, if it has begun."""
        kill(self.told.get("pid"), self.told.get("identity", ""))


class LocalRunner(Runner):
    """Starts processes on this machine, or has a fork server fork those that train, if it ``forks`` and can."""

    def __init__(self, kind: WorkKind, *, forks: bool = False) -> None:
        self._kind = kind
        self.forks = forks and kind is TRAINING and can_fork()
        self._server: ForkServer | None = None

    def get_ready(self) -> None:
        """Have a process that has imported Keras, or soon will have, wait for a while."""
        if self.forks:
            self._kept_server()

    def begin(self, row: OfProcess, folder: Path) -> Child:
        """Start a process, or fork one."""
        if self.forks:
            return self._kept_server().begin(row.id, folder)
        with (folder / LOG_FILE).open("ab") as log:
            return start(self._kind.module, row.id, log=log, folder=folder)

    def end(self) -> None:
        """Let the process end that waits with Keras imported."""
        if self._server is not None:
            self._server.end()

    def _kept_server(self) -> ForkServer:
        if self._server is None or not self._server.waits:
            self._server = ForkServer()
        self._server.keep()
        return self._server


def start(
    module: str,
    *arguments: str,
    log: IO[bytes] | None = None,
    folder: Path | None = None,
    talks: bool = False,
) -> "subprocess.Popen[bytes]":
    """Start ``python -m module`` as a process that outlives this one.

    Args:
        module: Its name.
        *arguments: Of the module.
        log: Takes what it prints; nothing does if not given.
        folder: In which it works; this process's own if not given.
        talks: Whether it takes orders from a pipe, see ``say``, and prints its news into another.
    """
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=environment(),
        cwd=folder,
        stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
        stdout=subprocess.PIPE if talks else log or subprocess.DEVNULL,
        stderr=log or subprocess.DEVNULL,
        bufsize=0,
        start_new_session=True,
    )


def say(process: "subprocess.Popen[bytes]", order: dict[str, Any]) -> None:
    """Give an order to a process that talks; one that has ended does not hear it."""
    with suppress(OSError, ValueError):
        assert process.stdin is not None
        process.stdin.write(json.dumps(order).encode() + b"\n")


def variables(threads: int | None = None) -> dict[str, str]:
    """Return the variables that tell a process this one's settings, and with how many threads to compute."""
    settings = get_settings()
    given = {name: getattr(settings, name) for name in _PASSED_ON} | {"trainings": settings.most_trainings}
    said = {f"RABISCO_{name.upper()}": str(value) for name, value in given.items() if value not in (None, "")}
    threads = settings.training_threads or threads or os.cpu_count() or 1
    caches = {"XDG_CACHE_HOME": str(settle_libraries())}  # the cache of data sets has its own setting
    return {**said, **caches, **dict.fromkeys(_THREADS, str(threads))}


def environment() -> dict[str, str]:
    """Return the environment of a process of this machine."""
    given = variables()  # it sets variables, too
    return {**os.environ, **given}
