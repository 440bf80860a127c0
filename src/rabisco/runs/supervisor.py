"""Starting what waits, ending what was cancelled, noticing what died: any process may, one at a time does.

Trainings, and what looks through uploads, are children in sessions of their own: they outlive the process that started
them, and whoever supervises next finds them by their rows.
"""

import logging
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import select, update

from rabisco import store
from rabisco.artifacts.durable import told_of_storage, try_lock
from rabisco.errors import N_, RabiscoError, RunConflictError, RunNotFoundError, Sentence, StorageError
from rabisco.runs.cluster import ClusterRunner
from rabisco.runs.kinds import INSPECTION, TRAINING, WorkKind
from rabisco.runs.paths import LOG_FILE, expected, runs_dir
from rabisco.runs.process import host, kill
from rabisco.runs.queue import get, goes_on_by_itself, resume
from rabisco.runs.runners import Child, LocalRunner, Runner
from rabisco.runs.scheduling import in_turn, served
from rabisco.runs.states import ACTIVE
from rabisco.settings import get_settings
from rabisco.store import OfProcess

LOGGER = logging.getLogger("rabisco.runs")
INTERVAL = 0.25  # seconds between two looks
IDLE = 1.0  # where nothing is left and the database does not say by its files that something was written
LONGEST_PAUSE = 5.0  # seconds after which one looks even where nothing was written to the database
EXPECTED_SECONDS = 60  # for which a visit to the form of a training counts, even one before this began
GRACE = 0.8  # seconds that a cancelled training has to end by itself
MOST_LAUNCHES = 3
STARTING = timedelta(seconds=20)  # in which a process takes up what it was begun for


def start_supervisor() -> None:
    """Start threads that supervise whenever no other process does, for as long as this process lives.

    Where no training may run, another server with the same home supervises trainings.
    """
    for supervisor in SUPERVISORS:
        if supervisor.kind is not TRAINING or get_settings().trainings:
            target = partial(_supervise, supervisor)
            threading.Thread(target=target, name=f"supervisor of {supervisor.kind.name}", daemon=True).start()


def tend(*supervisors: "Supervisor") -> None:
    """Look once, if nobody else supervises: for what orders something where no server may run."""
    for supervisor in supervisors or SUPERVISORS:
        handle = _acquire_supervisor_lock(supervisor.kind)
        if handle is not None:
            try:
                supervisor.look()
            finally:
                os.close(handle)


@dataclass
class Supervisor:
    """What one process knows of one kind of work beyond the rows."""

    kind: WorkKind  # of work
    runner: Runner | None = None  # what begins its processes; as the settings say unless given
    children: dict[str, Child] = field(default_factory=dict)  # processes begun by it, by row, until they have ended
    # When each row was first seen to be cancelled, by the monotonic clock
    cancelled: dict[str, float] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)  # rows whose machine is gone; they go on elsewhere
    launched: set[str] = field(default_factory=set)  # rows that a process was begun for here

    def look(self) -> bool:
        """Notice what died, end what was cancelled, start what waits as far as there is room; tell if any is left."""
        runner = self.runner = self.runner or _runner_of(self.kind)
        self.children = {**runner.look(), **self.children}
        self.children = {row_id: child for row_id, child in self.children.items() if child.poll() is None}
        kind = self.kind
        dead, lost = runner.ended()
        self.lost |= lost
        kind.reconcile(dead)
        self._go_on_elsewhere()
        with store.reading() as session:
            open_ones = select(kind.table).where(kind.table.state.in_(("queued", *kind.active)))
            rows = list(session.scalars(open_ones.order_by(kind.table.queued, kind.table.id)))
            gone = kind.table.id.in_(self.children), kind.table.state == kind.cancelled
            too_late = list(session.scalars(select(kind.table.id).where(*gone))) if self.children else []
            waiting = [row for row in rows if row.state == "queued" and row.id not in self.children]
            last_served = served(session, kind.table, waiting)
        for row_id in too_late:  # cancelled before its process had taken it up
            self.children[row_id].kill()
        active = [row for row in rows if row.state in kind.active]
        self._end_cancelled(active)
        busy = {row.id for row in active} | set(self.children)
        for row in in_turn(waiting, [row for row in rows if row.id in busy], last_served):
            if len(busy) >= kind.places():
                break
            if not self._starts_elsewhere(row) and runner.has_room(row) and self._launch(row, runner):
                busy.add(row.id)
        return bool(rows or self.children or self.lost)

    def _end_cancelled(self, rows: list[OfProcess]) -> None:
        now = time.monotonic()
        wanted = [row for row in rows if self.kind.is_cancelled(row)]
        self.cancelled = {row.id: self.cancelled.get(row.id, now) for row in wanted}
        for row in wanted:
            if now - self.cancelled[row.id] <= GRACE:
                continue
            if row.host == host():
                kill(row.pid, row.process_started)
            elif row.id in self.children:
                self.children[row.id].kill()

    def _go_on_elsewhere(self) -> None:
        """Resume runs whose machine is gone, unless theirs went too often: then they may be what ends machines."""
        for run_id in list(self.lost):
            with suppress(RunNotFoundError, RunConflictError):
                run = get(run_id)
                if run.state in ACTIVE:
                    continue  # its process is not known to be dead yet
                if run.state == "interrupted" and goes_on_by_itself(run_id):
                    resume(run_id)
            self.lost.discard(run_id)

    def _starts_elsewhere(self, row: OfProcess) -> bool:
        """Tell whether another server, with a home of its own, began a process just now that will take the row up."""
        if not get_settings().storage or row.id in self.launched or not row.launches or row.heartbeat is None:
            return False
        return store.now() - row.heartbeat < STARTING

    def _launch(self, row: OfProcess, runner: Runner) -> bool:
        """Start the process of a row that waits; it takes the row up itself, in one step, or lets it be."""
        folder = self.kind.folder_of(row.id)
        try:
            if row.launches >= MOST_LAUNCHES:
                raise _not_started(folder / LOG_FILE)
            if not self._count_launch(row):
                return False
            with told_of_storage():
                folder.mkdir(parents=True, exist_ok=True)
                child = runner.begin(row, folder)
        except RabiscoError as error:
            self.kind.fail(row.id, error)
            return False
        self.children[row.id] = child
        self.launched.add(row.id)
        return True

    def _count_launch(self, row: OfProcess) -> bool:
        """Say that a process is begun; tell whether no other server was quicker."""
        table = self.kind.table
        waits = table.id == row.id, table.state == "queued", table.launches == row.launches
        counting = update(table).where(*waits).values(launches=row.launches + 1, heartbeat=store.now())
        with store.writing() as session:
            return session.scalar(counting.returning(table.id)) is not None


@contextmanager
def supervising_many() -> Iterator[Supervisor]:
    """Yield who supervises trainings, many of them one after another: Keras is imported once for all of them."""
    runner = _runner_of(TRAINING, forks=True)
    try:
        yield Supervisor(TRAINING, runner)
    finally:
        runner.end()


def _runner_of(kind: WorkKind, *, forks: bool = False) -> Runner:
    """Return what begins processes of a kind; a server that trains nothing needs no cluster."""
    settings = get_settings()
    elsewhere = kind is TRAINING and settings.runner and settings.trainings
    return ClusterRunner(settings.runner) if elsewhere else LocalRunner(kind, forks=forks)


SUPERVISORS = (Supervisor(TRAINING), Supervisor(INSPECTION))


def _supervise(supervisor: Supervisor) -> None:
    heard = 0.0
    while True:
        try:
            handle = _acquire_supervisor_lock(supervisor.kind)
        except RabiscoError as error:
            LOGGER.warning("%s cannot be started: %s", supervisor.kind.name, error)
            time.sleep(60)
            continue
        seen, work, looked = None, True, 0.0
        while handle is not None:
            if supervisor.runner and (latest := expected()) > max(heard, time.time() - EXPECTED_SECONDS):
                heard = latest
                supervisor.runner.get_ready()
            stamp = get_settings().database_stamp  # before the look, so that what comes meanwhile is seen by the next
            if not work and stamp is not None and stamp == seen and time.monotonic() - looked < LONGEST_PAUSE:
                time.sleep(INTERVAL)
                continue
            seen, looked, work = stamp, time.monotonic(), True
            try:
                supervisor.runner = supervisor.runner or _runner_of(supervisor.kind, forks=True)
                work = supervisor.look()
            except RabiscoError as error:
                LOGGER.warning("%s could not be looked after: %s", supervisor.kind.name, error)
                time.sleep(5)
            except Exception:
                LOGGER.exception("%s could not be looked after", supervisor.kind.name)
                time.sleep(5)
            time.sleep(INTERVAL if work or stamp is not None else IDLE)
        time.sleep(1)


def _acquire_supervisor_lock(kind: WorkKind) -> int | None:
    with told_of_storage():
        runs_dir().mkdir(parents=True, exist_ok=True)
        return try_lock(runs_dir() / kind.lock_file)


def _not_started(log: Path) -> StorageError:
    """Return the error that a process did not start, with the kind of the error that its log ends with."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    kinds = re.findall(r"^(?:[\w.]*\.)?(\w+Error)\b", text, flags=re.MULTILINE)
    return StorageError(
        N_(
            "a training's process must start, and did not in %(attempts)s attempts. Received: %(kind)s; the log "
            "in the run's folder says more"
        ),
        attempts=MOST_LAUNCHES,
        kind=kinds[-1] if kinds else Sentence(N_("nothing")),
    )
