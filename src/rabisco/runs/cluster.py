"""Trainings on a Ray cluster, as the supervisor sees them.

A helper process, ``rabisco.runs.cluster_worker``, talks to Ray, because Ray may terminate the process that connects to
it.
"""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from rabisco import store
from rabisco.artifacts.durable import read_whole
from rabisco.errors import N_, MissingExtraError
from rabisco.runs.paths import LOG_FILE, cluster_file, runs_dir
from rabisco.runs.process import identity
from rabisco.runs.recovery import Dead
from rabisco.runs.runners import Child, Runner, say, start, variables
from rabisco.settings import get_settings

LOGGER = logging.getLogger("rabisco.runs")
MODULE = "rabisco.runs.cluster_worker"
LOG = ".cluster.log"
STALE = 30.0  # seconds after which what was said of a cluster is no longer so
AGAIN = 10.0  # seconds before a cluster that cannot be reached is tried again
LINGER = 60  # seconds that an actor waits to be asked how its training ended
ACTOR_LOOK = 0.1  # seconds between two looks of an actor for its child


class Resources(BaseModel):
    """What a machine has, or a training needs."""

    cpus: float = 0
    gpus: float = 0
    memory: float = 0  # bytes

    def hold(self, other: "Resources") -> bool:
        """Tell whether there is as much as ``other`` is."""
        return all(getattr(self, name) >= value for name, value in other)

    def without(self, other: "Resources") -> "Resources":
        """Return what is left."""
        return Resources(**{name: getattr(self, name) - value for name, value in other})


class ClusterNode(Resources):
    """One machine of a cluster."""

    name: str


class ClusterState(BaseModel):
    """How a cluster stands."""

    moment: float = 0.0  # when that was said, in seconds since 1970
    fault: str = ""  # why it cannot be reached; empty if it can
    nodes: list[ClusterNode] = []
    free: Resources = Resources()  # what all of them together have left

    @property
    def whole(self) -> Resources:
        """What all machines have together."""
        return Resources(**{name: sum(getattr(node, name) for node in self.nodes) for name in Resources.model_fields})


def cluster_state() -> ClusterState | None:
    """Return how the cluster stands; ``None`` where trainings are processes of this machine."""
    found = read_whole(cluster_file(), ClusterState)
    if found and time.time() - found.moment < STALE:
        return found
    return ClusterState(fault="no answer") if get_settings().runner else None


def needs_of(row: store.RunRow) -> Resources:
    """Return what a training needs: what was asked for, or else what the settings say."""
    settings = get_settings()
    usual = {"cpus": settings.training_cpus, "gpus": settings.training_gpus, "memory": settings.training_memory}
    asked = {name: row.request[name] for name in usual if row.request.get(name) is not None}
    return Resources(**(usual | asked))


def check_ray() -> None:
    """Refuse to go on without Ray.

    Raises:
        MissingExtraError: It is not installed.
    """
    if find_spec("ray") is None:
        raise MissingExtraError(
            N_("trainings on a cluster need %(name)s, which is not installed: pip install 'rabisco[ray]'"), name="ray"
        )


class ClusterRunner(Runner):
    """A ``Runner`` for trainings on a Ray cluster, whose address the setting ``runner`` has.

    Trainings that fit on no machine wait; the first of them is submitted anyway, so that an autoscaling cluster can
    grow.

    Raises:
        MissingExtraError: Ray is not installed.
    """

    def __init__(self, address: str) -> None:
        check_ray()
        self._address = address
        self._process: subprocess.Popen[bytes] | None = None
        self._tried = 0.0
        self._lock = threading.Lock()
        self._free: Resources | None = None
        self._children: dict[str, ClusterProcess] = {}
        self._new: dict[str, Child] = {}
        self._dead: list[Dead] = []
        self._lost: set[str] = set()

    def get_ready(self) -> None:
        """Connect to the cluster, unless this is."""
        if self._process is not None and self._process.poll() is None:
            return
        if self._tried and time.monotonic() - self._tried < AGAIN:
            return
        self._tried, self._free = time.monotonic(), None
        runs_dir().mkdir(parents=True, exist_ok=True)
        with (runs_dir() / LOG).open("wb") as log:
            self._process = start(MODULE, self._address, log=log, talks=True)
        threading.Thread(target=self._listen, args=[self._process], name="cluster", daemon=True).start()

    def has_room(self, row: store.RunRow) -> bool:
        """Tell whether a training finds room, or is the first that finds none: so that a cluster may grow."""
        with self._lock:
            if self._free is None:
                return False
            waiting = [child.needs for child in self._children.values() if child.waits]
            free = self._free
            for one in waiting:
                free = free.without(one)
            return free.hold(needs_of(row)) or not waiting

    def begin(self, row: store.RunRow, folder: Path) -> Child:
        """Have a machine of the cluster begin a training."""
        needs = needs_of(row)
        child = ClusterProcess(self, row.id, needs)
        with self._lock:
            self._children[row.id] = child
        threads = max(1, ceil(needs.cpus))
        backend = {name: os.environ[name] for name in ("KERAS_BACKEND",) if name in os.environ}
        told = {**variables(threads), **backend}
        self.say({"id": row.id, "folder": str(folder), "needs": needs.model_dump(), "told": told})
        return child

    def look(self) -> dict[str, Child]:
        """Connect if this is not; return trainings that an earlier process began."""
        self.get_ready()
        with self._lock:
            found, self._new = self._new, {}
        return found

    def ended(self) -> tuple[list[Dead], set[str]]:
        """Return the processes of trainings that have ended since the last question, and trainings without machine."""
        with self._lock:
            found = self._dead, self._lost
            self._dead, self._lost = [], set()
        return found

    def end(self) -> None:
        """Let the process end that speaks to the cluster."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def say(self, order: dict[str, Any]) -> None:
        """Give an order to the process that speaks to the cluster."""
        assert self._process is not None
        say(self._process, order)  # if it has ended, the next will not know of it

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with self._lock:
                self._hear(json.loads(line))
        with self._lock:
            self._free = None
        LOGGER.warning("the cluster cannot be reached; see %s in the folder of trainings", LOG)

    def _hear(self, news: dict[str, Any]) -> None:
        if "free" in news:
            self._free = Resources(**news["free"])
            return
        if "known" in news:
            for run_id in set(self._children) - set(news["known"]):
                self._end(run_id, -1, lost=True)
            for run_id in set(news["known"]) - set(self._children):
                self._children[run_id] = self._new[run_id] = ClusterProcess(self, run_id, Resources(), waits=False)
            return
        child = self._children.get(news["id"])
        if child is None:
            return
        if "pid" in news:
            child.process, child.waits = (news["pid"], news["identity"]), False
        else:
            self._end(news["id"], news.get("status", -1), lost=news.get("lost", False))

    def _end(self, run_id: str, status: int, *, lost: bool) -> None:
        child = self._children.pop(run_id)
        child.status, child.waits = status, False
        if child.process is not None:
            self._dead.append((run_id, *child.process))
        if lost:
            self._lost.add(run_id)


@dataclass
class ClusterProcess:
    """A training on the cluster; a ``Child``."""

    cluster: ClusterRunner
    row_id: str
    needs: Resources  # with which it was begun
    waits: bool = True  # until it begins
    process: tuple[int, str] | None = None  # number and identity of its process, once it is known
    status: int | None = None  # with which that ended

    def poll(self) -> int | None:
        """Return the exit status, once it has ended; -1 where nobody can tell."""
        return self.status

    def kill(self) -> None:
        """End it."""
        self.cluster.say({"kill": self.row_id})


class TrainingActor:
    """A Ray actor that has one training on its machine; the training's process is its child."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._parent = os.getppid()

    def begin(self, run_id: str, folder: str, told: dict[str, str]) -> dict[str, Any]:
        """Begin the training, unless it has begun; return number and identity of its process."""
        with self._lock:
            if self._process is None:
                Path(folder).mkdir(parents=True, exist_ok=True)
                with Path(folder, LOG_FILE).open("ab") as log:
                    self._process = subprocess.Popen(
                        [sys.executable, "-m", "rabisco.runs.worker", run_id, "while-heard"],
                        env={**os.environ, **told},
                        cwd=folder,
                        stdin=subprocess.PIPE,  # closed when this process dies
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                threading.Thread(target=self._leave, name="end", daemon=True).start()
            pid = self._process.pid
        return {"pid": pid, "identity": identity(pid) or ""}

    def wait(self) -> int:
        """Return the exit status of the training, once it has ended."""
        while self._process is None:
            time.sleep(ACTOR_LOOK)
        return self._process.wait()

    def _leave(self) -> None:
        """End with the node, training and all; give the machine back where nobody asks how the training ended."""
        assert self._process is not None
        while self._process.poll() is None and os.getppid() == self._parent:
            time.sleep(ACTOR_LOOK)
        if self._process.returncode is not None:
            time.sleep(LINGER)
        os._exit(0)
