"""A worker's link to its run's row: claim the run, record events, watch for stop and cancel requests."""

import logging
import os
import threading
import time
from collections import deque
from dataclasses import asdict
from datetime import timedelta
from functools import cached_property
from math import inf, isfinite
from typing import Any

from sqlalchemy import select, update

from rabisco import store
from rabisco.artifacts import Artifact
from rabisco.errors import RabiscoError, StorageError
from rabisco.models.backend import device
from rabisco.recipes import Watcher
from rabisco.runs.paths import checkpoints_of, folder_of
from rabisco.runs.process import this_process
from rabisco.runs.recovery import result_of, same_process
from rabisco.runs.request import RunRequest
from rabisco.runs.resolving import minutes_of
from rabisco.runs.states import ACTIVE, State, active, add_event, change_state
from rabisco.settings import get_settings
from rabisco.training import Checkpoints, Progress, Request, TrainingResult

LOGGER = logging.getLogger("rabisco.runs")
LISTEN = 0.3  # seconds between two looks at what is wanted
HEARTBEAT = timedelta(seconds=5)
PATIENCE = 3600  # seconds that the end of a run waits for a database that takes nothing
REPORTS = 0.25  # seconds between two reports of progress


class RunSession(Watcher):
    """What one process says of the run that it took up, and is told; nothing once the row is no longer its own.

    Attributes:
        wanted: ``stop`` once that is asked for.
        saving: Held while the model is saved: what is half done then is finished, or found out by whoever looks.
    """

    def __init__(self, row: store.RunRow) -> None:
        self.row = row
        self._spent, self._epoch, self._ends_epoch = 0.0, 1, False
        self._begun: float | None = None
        self._device = ""
        self.wanted = ""
        self.saving: threading.Lock = threading.Lock()
        self._over = threading.Event()
        self._saying = threading.Lock()
        self._unsaid: deque[tuple[str, dict[str, Any], dict[str, Any]]] = deque()
        self._silenced = False
        self._reported = 0.0
        self._own = same_process(row)

    @cached_property
    def asked(self) -> RunRequest:
        """What the run was asked for."""
        return RunRequest.parse(self.row.request)

    @cached_property
    def _budget(self) -> float:
        """Seconds that the training may take, from its first batch on."""
        return (minutes_of(self.asked) or inf) * 60

    def listen(self) -> None:
        """Begin to hear what is wanted, and to say that this process lives."""
        self._over = threading.Event()
        threading.Thread(target=self._listen, args=[self._over], name="session", daemon=True).start()

    def say(self, kind: str, payload: dict[str, Any], **changes: Any) -> None:
        """Add an event to the run, now or once the database takes it; end this process if the run is not its own."""
        with self._saying:
            if kind == "progress" and self._unsaid:
                return  # what is lost is one of many
            self._unsaid.append((kind, payload, changes))
            if not self._silenced:
                self._catch_up()

    def _catch_up(self) -> None:
        """Say what is still to be said, in its order; keep the rest where the database does not take it."""
        try:
            self._say_rest()
        except StorageError as error:
            self._silenced = True  # the training does not wait for the next attempt; ``_listen`` makes it
            LOGGER.warning("%s", error)

    def _say_rest(self) -> None:
        while self._unsaid:
            kind, payload, changes = self._unsaid[0]
            with store.writing() as session:
                ours = add_event(session, self.row.id, kind, payload, *self._own, heartbeat=store.now(), **changes)
            if not ours:
                LOGGER.error("the run was taken from this process, which ends")
                os._exit(3)
            self._unsaid.popleft()
        self._silenced = False

    def phase(self, name: str, **facts: Any) -> None:
        """Say that a part of the work begins."""
        if name == "loading":
            self._device = device()
        where = {"device": self._device} if name in ("loading", "training") else {}
        self.say("phase", {"phase": name, **where, **facts})

    def progress(self, progress: Progress) -> None:
        """Say how far the training is, at most four times a second but for ends of epochs; the last is in the row."""
        if self._begun is None:  # before it lies what a resumed training has spent, or how long Keras took to build
            self._begun = progress.seconds if (progress.epoch, progress.step) == (1, 1) else 0.0
        self._spent, self._epoch = progress.seconds - self._begun, progress.epoch
        self._ends_epoch = progress.step == progress.steps
        values = asdict(progress) | {"device": self._device}
        if progress.eta_seconds is not None:
            values["eta_seconds"] = min(progress.eta_seconds, max(0.0, self._budget - self._spent))
        told = {name: None if isinstance(one, float) and not isfinite(one) else one for name, one in values.items()}
        if progress.validation_accuracy is not None:
            self.say("epoch", told, progress=told)
        elif time.monotonic() - self._reported >= REPORTS:
            self._reported = time.monotonic()
            self.say("progress", told, progress=told)

    def request(self) -> Request:
        """Return whether the training is to stop: because that is wanted, or its time is up and an epoch is done.

        It pauses at the end of the epochs that were asked for.
        """
        is_over = self._spent > self._budget and self._epoch > 1
        if self.wanted == "stop" or is_over:
            return "stop"
        return "pause" if self._ends_epoch and self._epoch in self.asked.pauses else "continue"

    def report(self, values: dict[str, Any]) -> None:
        """Say what became better and worse."""
        self.say("report", values)

    def saved(self, artifact: Artifact, result: TrainingResult) -> None:
        """Say that the run has succeeded, or has not learned, or was stopped with something to keep."""
        stopped = self.wanted == "stop" and result.ended == "stopped"
        state, changes = result_of(self.row, artifact.version, artifact.card, stopped)
        self.end(state, **changes)
        if not stopped:
            Checkpoints(checkpoints_of(self.row.id)).clear()

    def pause(self) -> bool:
        """Record the pause, or the cancellation if one was requested meanwhile.

        Returns:
            Whether this process is done with the run; it is not if a stop was requested meanwhile.
        """
        if self.end("paused", store.RunRow.wanted == "") or self.end("cancelled", store.RunRow.wanted != "stop"):
            return True
        self.wanted = "stop"
        self.listen()  # which ends this process where the run was taken from it
        return False

    def end(self, state: State, *guards: Any, **changes: Any) -> bool:
        """Say how the run ended, however long the database takes nothing; this process hears nothing more of it.

        Returns:
            Whether it still was this process's own, and the guards held.
        """
        self._over.set()
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with self._saying:
                    self._say_rest()
                with store.writing() as session:
                    return change_state(session, self.row.id, ACTIVE, state, *self._own, *guards, **changes)
            except StorageError as error:
                if time.monotonic() > until:
                    raise
                LOGGER.warning("%s", error)
                time.sleep(1)

    def _listen(self, over: threading.Event) -> None:
        said = store.now()
        while not over.wait(LISTEN):
            try:
                with store.reading() as session:
                    wanted = session.scalar(select(store.RunRow.wanted).where(*self._own))
                if over.is_set():
                    return
                if wanted is None or not folder_of(self.row.id).is_dir():
                    os._exit(3)  # taken from this process, or removed with all that it was for
                if wanted == "cancel" and self.saving.acquire(blocking=False):
                    self.end("cancelled")
                    os._exit(0)
                self.wanted = wanted
                with self._saying:
                    self._catch_up()
                if store.now() - said > HEARTBEAT:
                    said = store.now()
                    with store.writing() as session:
                        session.execute(update(store.RunRow).where(*self._own).values(heartbeat=said))
            except RabiscoError as error:
                LOGGER.warning("%s", error)


def claim(run_id: str) -> RunSession | None:
    """Make a run that waits this process's own, if fewer run than may; ``None`` if it is not to be had."""
    with store.alone() as session:
        row = session.get(store.RunRow, run_id)
        if row is None or row.state != "queued":
            return None
        if len(active(session)) >= get_settings().most_trainings:
            session.execute(update(store.RunRow).where(store.RunRow.id == run_id).values(launches=0))
            return None
        begun = {"started": row.started or store.now(), "heartbeat": store.now(), "wanted": "", "launches": 0}
        change_state(session, run_id, ("queued",), "running", **this_process(), **begun)
        session.refresh(row)
        session.expunge(row)
    return RunSession(row)
