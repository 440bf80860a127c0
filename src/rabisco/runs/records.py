"""A run and its events as readers see them: values that no longer hang on the store."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rabisco import store
from rabisco.errors import Sentence
from rabisco.runs.places import has_checkpoint
from rabisco.runs.states import RESUMABLE, State

Action = str

_ACTIONS: dict[str, tuple[Action, ...]] = {
    "queued": ("cancel",),
    "running": ("stop", "cancel"),
    "stopping": ("cancel",),
}


@dataclass(frozen=True)
class Run:
    """One training as it stands; the attributes are those of ``rabisco.store.RunRow``, and:

    Attributes:
        dataset: What it is trained on, for people.
        actions: What can be asked of it now: ``stop``, ``cancel``, ``resume``, ``retry``, ``delete``.
        begun: Whether a checkpoint is there, so that to resume it is to go on where it was.
    """

    id: str
    name: str
    notes: str
    state: State
    wanted: str
    request: dict[str, Any]
    data: dict[str, Any]
    dataset: str
    architecture: str
    configuration: dict[str, Any]
    seed: int
    artifact: str
    artifact_version: int | None
    accuracy: float | None
    metrics: dict[str, Any] | None
    progress: dict[str, Any] | None
    message: Sentence
    created: datetime
    queued: datetime
    started: datetime | None
    ended: datetime | None
    owner: str
    retry_of: str | None
    last_event: int
    actions: tuple[Action, ...]
    begun: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as values for JSON; moments as ISO 8601 texts."""
        values = {**asdict(self), "message": str(self.message)}
        return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in values.items()}


@dataclass(frozen=True)
class RunEvent:
    """Something that happened in a run.

    Attributes:
        number: From 1, without gaps; what a client gives back to go on from there.
        kind: ``state``, ``phase``, ``progress``, ``epoch`` or ``report``; see ``docs/runs.md``.
        payload: What there is to say, fit for JSON.
        created: When.
    """

    number: int
    kind: str
    payload: dict[str, Any]
    created: datetime


def run_of(row: store.RunRow) -> Run:
    """Return what readers see of a row."""
    begun = has_checkpoint(row.id)
    actions = _ACTIONS.get(row.state, (*(("resume",) if row.state in RESUMABLE else ()), "retry", "delete"))
    if row.wanted == "cancel":
        actions = ()
    fields = {name: getattr(row, name) for name in Run.__dataclass_fields__ if hasattr(store.RunRow, name)}
    title = next((str(row.data[key]) for key in ("catalog", "recipe", "title", "upload") if row.data.get(key)), "")
    return Run(**fields, dataset=title, actions=actions, begun=begun)


def event_of(row: store.RunEventRow) -> RunEvent:
    """Return what readers see of an event."""
    return RunEvent(row.number, row.kind, row.payload, row.created)
