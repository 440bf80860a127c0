"""Starting what waits, ending what was cancelled, noticing what died: any process may, one at a time does.

Trainings are children in sessions of their own: they outlive the process that started them, and whoever supervises
next finds them by their rows.
"""

import logging
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select, update

from rabisco import store
from rabisco.artifacts.durable import told_of_storage, try_lock
from rabisco.errors import RabiscoError, StorageError
from rabisco.runs.places import LOG_FILE, folder_of, runs_dir
from rabisco.runs.process import host, kill
from rabisco.runs.reconcile import reconcile
from rabisco.runs.states import active, move
from rabisco.settings import get_settings

LOGGER = logging.getLogger("rabisco.runs")
INTERVAL = 0.25  # seconds between two looks
GRACE = 0.8  # seconds that a cancelled training has to end by itself
MOST_LAUNCHES = 3
LOCK_FILE = ".supervisor"
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


def start_supervisor() -> threading.Thread:
    """Start a thread that supervises whenever no other process does, for as long as this process lives."""
    thread = threading.Thread(target=_supervise, name="runs", daemon=True)
    thread.start()
    return thread


def tend() -> None:
    """Look once, if nobody else supervises: for a command that orders something where no server runs."""
    handle = _acquire_supervisor_lock()
    if handle is not None:
        try:
            _own.look()
        finally:
            os.close(handle)


@dataclass
class _Supervisor:
    """What one process knows beyond the rows.

    Attributes:
        children: Processes started here, by run; reaped when they have ended.
        cancelled: When each run was first seen to be cancelled, by the monotonic clock.
    """

    children: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    cancelled: dict[str, float] = field(default_factory=dict)

    def look(self) -> None:
        self.children = {run_id: child for run_id, child in self.children.items() if child.poll() is None}
        reconcile()
        with store.reading() as session:
            rows = active(session)
            waiting = list(
                session.scalars(
                    select(store.RunRow)
                    .where(store.RunRow.state == "queued")
                    .order_by(store.RunRow.queued, store.RunRow.id)
                )
            )
            gone = store.RunRow.id.in_(self.children), store.RunRow.state == "cancelled"
            too_late = list(session.scalars(select(store.RunRow.id).where(*gone)))
        for run_id in too_late:  # cancelled before its process had taken it up
            self.children[run_id].kill()
        self._end_cancelled(rows)
        busy = {row.id for row in rows} | set(self.children)
        for row in waiting:
            if len(busy) >= get_settings().trainings:
                break
            if row.id not in busy and self._launch(row):
                busy.add(row.id)

    def _end_cancelled(self, rows: list[store.RunRow]) -> None:
        now = time.monotonic()
        wanted = [row for row in rows if row.wanted == "cancel" and row.host == host()]
        self.cancelled = {row.id: self.cancelled.get(row.id, now) for row in wanted}
        for row in wanted:
            if now - self.cancelled[row.id] > GRACE:
                kill(row.pid, row.process_started)

    def _launch(self, row: store.RunRow) -> bool:
        """Start the process of a run that waits; it takes the run up itself, in one step, or lets it be."""
        folder = folder_of(row.id)
        try:
            if row.launches >= MOST_LAUNCHES:
                raise StorageError(_last_words(folder / LOG_FILE))
            with told_of_storage():
                folder.mkdir(parents=True, exist_ok=True)
                with (folder / LOG_FILE).open("ab") as log:
                    child = subprocess.Popen(
                        [sys.executable, "-m", "rabisco.runs.worker", row.id],
                        env=_environment(),
                        cwd=folder,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
        except RabiscoError as error:
            with store.writing() as session:
                move(session, row.id, ("queued",), "failed", message=str(error))
            return False
        self.children[row.id] = child
        with store.writing() as session:
            count = store.RunRow.launches + 1
            session.execute(
                update(store.RunRow)
                .where(store.RunRow.id == row.id, store.RunRow.state == "queued")
                .values(launches=count)
            )
        return True


_own = _Supervisor()


def _supervise() -> None:
    while True:
        try:
            handle = _acquire_supervisor_lock()
        except RabiscoError as error:
            LOGGER.warning("no training can be started: %s", error)
            time.sleep(60)
            continue
        while handle is not None:
            try:
                _own.look()
            except RabiscoError as error:
                LOGGER.warning("runs could not be looked after: %s", error)
                time.sleep(5)
            except Exception:
                LOGGER.exception("runs could not be looked after")
                time.sleep(5)
            time.sleep(INTERVAL)
        time.sleep(1)


def _acquire_supervisor_lock() -> int | None:
    with told_of_storage():
        runs_dir().mkdir(parents=True, exist_ok=True)
        return try_lock(runs_dir() / LOCK_FILE)


def _environment() -> dict[str, str]:
    """Return what a training is told: this process's settings, and with how many threads to compute."""
    settings = get_settings()
    given = {name: getattr(settings, name) for name in _PASSED_ON}
    told = {f"RABISCO_{name.upper()}": str(value) for name, value in given.items() if value not in (None, "")}
    threads = str(settings.training_threads or os.cpu_count() or 1)
    return {**os.environ, **told, **dict.fromkeys(_THREADS, threads)}


def _last_words(log: Path) -> str:
    """Say that a process did not start, with the kind of the error that its log ends with."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    kind = (re.findall(r"^(?:[\w.]*\.)?(\w+Error)\b", text, flags=re.MULTILINE) or ["nothing"])[-1]
    return (
        f"a training's process must start, and did not in {MOST_LAUNCHES} attempts. Received: {kind}; the log in the "
        "run's folder says more"
    )
