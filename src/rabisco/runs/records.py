"""A run as readers see it: values that no longer hang on the store."""

from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rabisco import artifacts, store
from rabisco.errors import RabiscoError, Sentence
from rabisco.runs.paths import has_checkpoint
from rabisco.runs.recovery import as_found
from rabisco.runs.states import RESUMABLE, State, has_learned

DOUBTFUL = 0.6  # an accuracy that may be no better than guessing

_ACTIONS: dict[str, tuple[str, ...]] = {
    "queued": ("cancel",),
    "running": ("stop", "cancel"),
    "stopping": ("cancel",),
    "paused": ("cancel",),
    "unlearned": ("longer", "retry", "delete"),
}


@dataclass(frozen=True)
class Run:
    """One training as it stands; the attributes are those of ``rabisco.store.RunRow``, and:

    Attributes:
        dataset: What it is trained on, for people.
        actions: What can be asked of it now: ``stop``, ``cancel``, ``resume``, ``longer``, ``retry``, ``delete``.
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
    host: str
    retry_of: str | None
    last_event: int
    actions: tuple[str, ...]
    begun: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as values for JSON; moments as ISO 8601 texts."""
        values = {**asdict(self), "message": str(self.message)}
        return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in values.items()}


def run_of(row: store.RunRow) -> Run:
    """Return what readers see of a row, in the state in which it is found."""
    row = as_found(row)
    begun, state = has_checkpoint(row.id), _state_of(row)
    actions = _ACTIONS.get(state, (*(("resume",) if state in RESUMABLE else ()), "retry", "delete"))
    if row.wanted == "cancel":
        actions = ()
    fields = {name: getattr(row, name) for name in Run.__dataclass_fields__ if hasattr(store.RunRow, name)}
    fields["state"] = state
    title = next((str(row.data[key]) for key in ("catalog", "recipe", "title", "upload") if row.data.get(key)), "")
    return Run(**fields, dataset=title, actions=actions, begun=begun)


def _state_of(row: store.RunRow) -> State:
    """Return the state of a row, also where it was written before there was ``unlearned``."""
    doubtful = row.state == "succeeded" and row.accuracy is not None and row.accuracy < DOUBTFUL
    if doubtful and row.artifact_version is not None and not row.request.get("corrections"):
        with suppress(RabiscoError):
            card = artifacts.load_artifact(row.artifact, row.artifact_version).card
            return "succeeded" if has_learned(card) else "unlearned"
    return row.state  # type: ignore[return-value]
