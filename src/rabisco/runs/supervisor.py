"""Starting what waits, ending what was cancelled, noticing what died: any process may, one at a time does.

Trainings, and what looks through uploads, are children in sessions of their own: they outlive the process that started
them, and whoever supervises next finds them by their rows.
"""

import logging
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy import select, update

from rabisco import store
from rabisco.artifacts.durable import told_of_storage, try_lock
from rabisco.errors import N_, RabiscoError, Sentence, StorageError
from rabisco.runs.kinds import LOOKING, TRAINING, WorkKind
from rabisco.runs.places import LOG_FILE, expected, runs_dir
from rabisco.runs.process import host, kill
from rabisco.runs.warm import Begun, WarmProcess, can_fork
from rabisco.settings import get_settings, settle_libraries
from rabisco.store import OfProcess

LOGGER = logging.getLogger("rabisco.runs")
INTERVAL = 0.25  # seconds between two looks
LONGEST_PAUSE = 5.0  # seconds after which one looks even where nothing was written to the database
GRACE = 0.8  # seconds that a cancelled training has to end by itself
MOST_LAUNCHES = 3
_PASSED_ON = (
    "home",
    "data_dir",
    "cache_dir",
    "database_url",
    "trainings",
    "training_threads",
    "training_niceness",
    "keep_versions",
)
_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def start_supervisor() -> None:
    """Start threads that supervise whenever no other process does, for as long as this process lives.

    Where no training may run, another server with the same home supervises trainings.
    """
    for supervisor in SUPERVISORS:
        if supervisor.kind is not TRAINING or get_settings().trainings:
            target = partial(_supervise, supervisor)
            threading.Thread(target=target, name=f"supervisor of {supervisor.kind.name}", daemon=True).start()


def tend() -> None:
    """Look once, if nobody else supervises: for what orders something where no server may run."""
    for supervisor in SUPERVISORS:
        handle = _acquire_supervisor_lock(supervisor.kind)
        if handle is not None:
            try:
                supervisor.look()
            finally:
                os.close(handle)


@dataclass
class Supervisor:
    """What one process knows of one kind of work beyond the rows.

    Attributes:
        kind: Of work.
        children: Processes started here, by row; reaped when they have ended.
        cancelled: When each row was first seen to be cancelled, by the monotonic clock.
        warms: Whether processes are forked from one that has imported Keras, and not started.
    """

    kind: WorkKind
    children: dict[str, "subprocess.Popen[bytes] | Begun"] = field(default_factory=dict)
    cancelled: dict[str, float] = field(default_factory=dict)
    warms: bool = False
    _warm: WarmProcess | None = None

    def warm_up(self) -> WarmProcess:
        """Return a process that has imported Keras, or soon will have, and waits for a while."""
        if self._warm is None or not self._warm.waits:
            self._warm = WarmProcess(environment())
        self._warm.keep()
        return self._warm

    def look(self) -> bool:
        """Notice what died, end what was cancelled, start what waits as far as there is room; tell if any is left."""
        self.children = {row_id: child for row_id, child in self.children.items() if child.poll() is None}
        kind = self.kind
        kind.reconcile()
        with store.reading() as session:
            open_ones = select(kind.table).where(kind.table.state.in_(("queued", *kind.active)))
            rows = list(session.scalars(open_ones.order_by(kind.table.queued, kind.table.id)))
            gone = kind.table.id.in_(self.children), kind.table.state == kind.cancelled
            too_late = list(session.scalars(select(kind.table.id).where(*gone))) if self.children else []
        for row_id in too_late:  # cancelled before its process had taken it up
            self.children[row_id].kill()
        active = [row for row in rows if row.state in kind.active]
        self._end_cancelled(active)
        busy = {row.id for row in active} | set(self.children)
        for row in rows:
            if len(busy) >= kind.places():
                break
            if row.id not in busy and self._launch(row):
                busy.add(row.id)
        return bool(rows or self.children)

    def _end_cancelled(self, rows: list[OfProcess]) -> None:
        now = time.monotonic()
        wanted = [row for row in rows if self.kind.is_cancelled(row) and row.host == host()]
        self.cancelled = {row.id: self.cancelled.get(row.id, now) for row in wanted}
        for row in wanted:
            if now - self.cancelled[row.id] > GRACE:
                kill(row.pid, row.process_started)

    def _launch(self, row: OfProcess) -> bool:
        """Start the process of a row that waits; it takes the row up itself, in one step, or lets it be."""
        folder = self.kind.folder_of(row.id)
        try:
            if row.launches >= MOST_LAUNCHES:
                raise _not_started(folder / LOG_FILE)
            with told_of_storage():
                folder.mkdir(parents=True, exist_ok=True)
                child = self._begin(row.id, folder)
        except RabiscoError as error:
            self.kind.fail(row.id, error)
            return False
        self.children[row.id] = child
        table = self.kind.table
        with store.writing() as session:
            waits = table.id == row.id, table.state == "queued"
            session.execute(update(table).where(*waits).values(launches=table.launches + 1))
        return True

    def _begin(self, row_id: str, folder: Path) -> "subprocess.Popen[bytes] | Begun":
        if self.warms:
            return self.warm_up().begin(row_id, folder)
        with (folder / LOG_FILE).open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", self.kind.module, row_id],
                env=environment(),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


SUPERVISORS = (Supervisor(TRAINING), Supervisor(LOOKING))


def _supervise(supervisor: Supervisor) -> None:
    supervisor.warms = supervisor.kind is TRAINING and can_fork()
    hoped = expected() if supervisor.warms else 0.0
    while True:
        try:
            handle = _acquire_supervisor_lock(supervisor.kind)
        except RabiscoError as error:
            LOGGER.warning("%s cannot be started: %s", supervisor.kind.name, error)
            time.sleep(60)
            continue
        seen, work, looked = None, True, 0.0
        while handle is not None:
            if supervisor.warms and (latest := expected()) != hoped:
                hoped = latest
                supervisor.warm_up()
            stamp = get_settings().database_stamp  # before the look, so that what comes meanwhile is seen by the next
            if not work and stamp is not None and stamp == seen and time.monotonic() - looked < LONGEST_PAUSE:
                time.sleep(INTERVAL)
                continue
            seen, looked, work = stamp, time.monotonic(), True
            try:
                work = supervisor.look()
            except RabiscoError as error:
                LOGGER.warning("%s could not be looked after: %s", supervisor.kind.name, error)
                time.sleep(5)
            except Exception:
                LOGGER.exception("%s could not be looked after", supervisor.kind.name)
                time.sleep(5)
            time.sleep(INTERVAL)
        time.sleep(1)


def _acquire_supervisor_lock(kind: WorkKind) -> int | None:
    with told_of_storage():
        runs_dir().mkdir(parents=True, exist_ok=True)
        return try_lock(runs_dir() / kind.lock_file)


def environment() -> dict[str, str]:
    """Return what a process is told: this one's settings, and with how many threads to compute."""
    settings = get_settings()
    given = {name: getattr(settings, name) for name in _PASSED_ON}
    told = {f"RABISCO_{name.upper()}": str(value) for name, value in given.items() if value not in (None, "")}
    threads = str(settings.training_threads or os.cpu_count() or 1)
    caches = {"XDG_CACHE_HOME": str(settle_libraries())}  # the cache of data sets has its own setting
    return {**os.environ, **told, **caches, **dict.fromkeys(_THREADS, threads)}


def _not_started(log: Path) -> StorageError:
    """Return the error that a process did not start, with the kind of the error that its log ends with."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    kinds = re.findall(r"^(?:[\w.]*\.)?(\w+Error)\b", text, flags=re.MULTILINE)
    return StorageError(
        N_(
            "a training's process must start, and did not in %(attempts)s attempts. Received: %(kind)s; the log "
            "in the "
            "run's folder says more"
        ),
        attempts=MOST_LAUNCHES,
        kind=kinds[-1] if kinds else Sentence(N_("nothing")),
    )
