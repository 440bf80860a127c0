"""Reconcile rows with processes: a run whose process died is told by what that process left behind."""

import math
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement

from rabisco import artifacts, store
from rabisco.artifacts import Card
from rabisco.errors import N_, Sentence
from rabisco.runs.process import host, lives
from rabisco.runs.states import ACTIVE, State, active, change_state, has_learned
from rabisco.store import OfProcess

Dead = tuple[str, int, str]  # row, number and identity of a process of another machine
SILENT = timedelta(minutes=2)  # without a heartbeat, on another machine, whose processes cannot be seen from here
KILLED = N_("its process ended before the training did; resume it to go on from the last checkpoint")


def reconcile(dead: Collection[Dead] = ()) -> None:
    """Change the state of every run whose process is gone, or known to be dead; any process may do so at any time.

    The model of a run that died between saving it and saying so is found by its card, and the run has succeeded. Of
    the others, those that were to be cancelled are, and the rest is interrupted.
    """
    with store.reading() as session:
        gone = [row for row in active(session) if not process_lives(row, dead)]
    for row in gone:
        target, changes = _outcome(row)
        with store.writing() as session:
            change_state(session, row.id, ACTIVE, target, *same_process(row), **changes)


def as_found(row: store.RunRow) -> store.RunRow:
    """Return a detached row in the state that ``reconcile`` would give it.

    It is read again where its process is gone, which may have said how it ended after the row was read.
    """
    # It is asked once: a process that lives may have ended by the next question.
    if row.state not in ACTIVE or process_lives(row):
        return row
    with store.reading() as session:
        row = session.get(store.RunRow, row.id) or row
    if row.state in ACTIVE and not process_lives(row):
        row.state, changes = _outcome(row)
        changes = {"pid": None, "process_started": "", "wanted": "", "ended": row.heartbeat, **changes}
        for name, value in changes.items():
            setattr(row, name, value)
    return row


def result_of(row: store.RunRow, version: int, card: Card, stopped: bool) -> tuple[State, dict[str, Any]]:
    """Return how a run ended that made a model, and the columns that say what it came to.

    A retraining succeeds whatever it gained, for its report says that.
    """
    learned = row.request.get("corrections") or has_learned(card)
    ended: State = "stopped" if stopped else "succeeded" if learned else "unlearned"
    return ended, {
        "artifact_version": version,
        "accuracy": card.metrics.get("test_accuracy"),
        "metrics": {key: value for key, value in card.metrics.items() if math.isfinite(value)},
        "message": Sentence(""),
    }


def process_lives(row: OfProcess, dead: Collection[Dead] = ()) -> bool:
    """Tell whether the process lives that a row names, and is not known to be dead."""
    if (row.id, row.pid, row.process_started) in dead:
        return False
    if row.host == host():
        return lives(row.pid, row.process_started)
    return row.heartbeat is not None and store.now() - row.heartbeat < SILENT


def same_process(row: OfProcess) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which a row still is that of the process that it names."""
    table = type(row)
    return table.id == row.id, table.pid == row.pid, table.process_started == row.process_started


def _outcome(row: store.RunRow) -> tuple[State, dict[str, Any]]:
    versions = artifacts.versions(row.artifact) if artifacts.exists(row.artifact) else []
    saved = next(((one.number, one.card) for one in versions if one.card and one.card.run == row.id), None)
    if saved is not None and (row.artifact_version is None or saved[0] > row.artifact_version):
        return result_of(row, *saved, row.wanted == "stop")
    if row.wanted == "cancel":
        return "cancelled", {}
    return "interrupted", {"message": Sentence(KILLED)}
