"""The states of a run, and the only code that changes them: each change is one guarded UPDATE with its event.

::

    queued ──► running ──► succeeded, unlearned
       │          │  └───► failed, interrupted
       │          │  └───► paused ──► queued, outdone, cancelled
       │          ▼
       │       stopping ─► stopped, cancelled, failed, interrupted, succeeded, unlearned
       └─────────────────► cancelled, failed
    stopped, cancelled, failed, interrupted, outdone ──► queued (resume)
"""

from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from rabisco import store
from rabisco.artifacts import Card
from rabisco.errors import N_

State = Literal[
    "queued",
    "running",
    "stopping",
    "paused",
    "succeeded",
    "unlearned",
    "stopped",
    "outdone",
    "cancelled",
    "failed",
    "interrupted",
]
STATES: dict[State, str] = {
    "queued": N_("waiting"),
    "running": N_("running"),
    "stopping": N_("stopping"),
    "paused": N_("paused"),
    "succeeded": N_("succeeded"),
    "unlearned": N_("not learned yet"),
    "stopped": N_("stopped early"),
    "outdone": N_("outdone"),
    "cancelled": N_("cancelled"),
    "failed": N_("failed"),
    "interrupted": N_("interrupted"),
}
PHASES = {
    "starting": N_("starting"),
    "loading": N_("reading the data"),
    "asking": N_("asking its teacher"),
    "training": N_("training"),
    "refusing": N_("learning what to refuse"),
    "judging": N_("judging it on images it never saw"),
    "saving": N_("saving the model"),
}
ACTIVE: tuple[State, ...] = ("running", "stopping")
KEPT: tuple[State, ...] = ("succeeded", "unlearned", "stopped")  # there is a model
ENDED: tuple[State, ...] = (*KEPT, "outdone", "cancelled", "failed", "interrupted")
INCOMPLETE: tuple[State, ...] = ("stopped", "cancelled", "failed", "interrupted")
RESUMABLE: tuple[State, ...] = (*INCOMPLETE, "outdone")
LEAST_GAIN = 0.1  # in accuracy above chance; with few classes twice chance would ask for too much


def change_state(
    session: Session, run_id: str, sources: tuple[State, ...], target: State, *guards: Any, **changes: Any
) -> bool:
    """Change a run's state, and further columns in the same step; tell whether it was.

    It is changed only if it still is one of ``sources`` and the guards, conditions on the row, hold.
    """
    if target in ENDED:
        changes = {"ended": store.now(), **changes}
    if target in (*ENDED, "paused"):
        changes = {"pid": None, "process_started": "", "wanted": "", **changes}
    said = {key: changes[key] for key in ("accuracy", "artifact_version") if changes.get(key)}
    if changes.get("message"):
        said["message"] = str(changes["message"])
    if changes.get("wanted"):
        said["wanted"] = changes["wanted"]
    guards = store.RunRow.state.in_(sources), *guards
    return add_event(session, run_id, "state", {"state": target, **said}, *guards, state=target, **changes)


def add_event(session: Session, run_id: str, kind: str, payload: dict[str, Any], *guards: Any, **changes: Any) -> bool:
    """Add an event to a run if the guards hold; tell whether they did."""
    number = session.scalar(
        update(store.RunRow)
        .where(store.RunRow.id == run_id, *guards)
        .values(last_event=store.RunRow.last_event + 1, **changes)
        .returning(store.RunRow.last_event)
        .execution_options(synchronize_session=False)
    )
    if number is None:
        return False
    session.add(store.RunEventRow(run_id=run_id, number=number, kind=kind, payload=payload))
    session.flush()
    return True


def active(session: Session) -> list[store.RunRow]:
    """Return the runs that a process works on, or is said to."""
    return list(session.scalars(select(store.RunRow).where(store.RunRow.state.in_(ACTIVE))))


def has_learned(card: Card) -> bool:
    """Return whether a model reads more than about twice as many test images as whoever always says the same."""
    accuracy = card.metrics.get("test_accuracy")
    if accuracy is None:
        return True
    chance = 1 / len(card.class_names)
    if card.confusions:
        rows = [sum(row) for row in card.confusions]
        chance = max(rows) / max(1, sum(rows))
    return accuracy >= min(2 * chance, chance + LEAST_GAIN)
