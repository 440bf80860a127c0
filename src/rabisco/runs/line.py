"""The line between the process of a run and its row: taking it up, saying what happens, hearing what is wanted."""

import logging
import os
import threading
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from rabisco import store
from rabisco.errors import RabiscoError
from rabisco.runs.places import folder_of
from rabisco.runs.process import host, identity
from rabisco.runs.states import ACTIVE, State, active, move, note
from rabisco.settings import get_settings

LOGGER = logging.getLogger("rabisco.runs")
LISTEN = 0.3  # seconds between two looks at what is wanted
HEARTBEAT = timedelta(seconds=5)
REPORTS = 0.25  # seconds between two reports of progress


class Line:
    """What one process says of the run that it took up, and is told; nothing once the row is no longer its own.

    Attributes:
        wanted: ``stop`` once that is asked for.
        saving: Held while the model is saved: what is half done then is finished, or found out by whoever looks.
    """

    def __init__(self, row: store.Run) -> None:
        self.row = row
        self.wanted = ""
        self.saving = threading.Lock()
        self._over = False
        self._reported = 0.0
        self._guards = store.Run.pid == row.pid, store.Run.process_started == row.process_started

    def listen(self) -> None:
        """Begin to hear what is wanted, and to say that this process lives."""
        threading.Thread(target=self._listen, name="line", daemon=True).start()

    def say(self, kind: str, payload: dict[str, Any], **changes: Any) -> None:
        """Add an event to the run; end this process at once if the run is no longer its own."""
        with store.writing() as session:
            ours = note(session, self.row.id, kind, payload, *self._guards, heartbeat=store.now(), **changes)
        if not ours:
            LOGGER.error("the run was taken from this process, which ends")
            os._exit(3)

    def report(self, progress: dict[str, Any]) -> None:
        """Say how far the training is, at most four times a second; the last report stands in the row too."""
        now = time.monotonic()
        if now - self._reported >= REPORTS:
            self._reported = now
            try:
                self.say("progress", progress, progress=progress)
            except RabiscoError as error:  # what is lost is one of many
                LOGGER.warning("%s", error)

    def end(self, state: State, **changes: Any) -> None:
        """Say how the run ended; this process hears nothing more of it."""
        self._over = True
        with store.writing() as session:
            move(session, self.row.id, ACTIVE, state, *self._guards, **changes)

    def _listen(self) -> None:
        said = store.now()
        while not self._over:
            time.sleep(LISTEN)
            try:
                with store.reading() as session:
                    wanted = session.scalar(select(store.Run.wanted).where(store.Run.id == self.row.id, *self._guards))
                if not self._over and (wanted is None or not folder_of(self.row.id).is_dir()):
                    os._exit(3)  # taken from this process, or removed with all that it was for
                if wanted == "cancel" and self.saving.acquire(blocking=False):
                    self.end("cancelled")
                    os._exit(0)
                self.wanted = wanted
                if store.now() - said > HEARTBEAT:
                    said = store.now()
                    self._beat()
            except RabiscoError as error:
                LOGGER.warning("%s", error)

    def _beat(self) -> None:
        beat = update(store.Run).where(store.Run.id == self.row.id, *self._guards).values(heartbeat=store.now())
        with store.writing() as session:
            session.execute(beat)


def take_up(run_id: str) -> Line | None:
    """Make a run that waits this process's own, if fewer run than may; ``None`` if it is not to be had."""
    me = {"pid": os.getpid(), "process_started": identity(os.getpid()) or "", "host": host()}
    with store.alone() as session:
        row = session.get(store.Run, run_id)
        if row is None or row.state != "queued":
            return None
        if len(active(session)) >= get_settings().trainings:
            session.execute(update(store.Run).where(store.Run.id == run_id).values(launches=0))
            return None
        begun = {"started": row.started or store.now(), "heartbeat": store.now(), "wanted": "", "launches": 0}
        move(session, run_id, ("queued",), "running", **me, **begun)
        session.refresh(row)
        session.expunge(row)
    return Line(row)
