"""The kinds of work that processes of their own do, as the supervisor needs to know them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from rabisco import store
from rabisco.errors import RabiscoError
from rabisco.intake import Finding
from rabisco.intake.findings import Parameter
from rabisco.runs import paths
from rabisco.runs.recovery import Dead, process_lives, reconcile, same_process
from rabisco.runs.states import ACTIVE, change_state
from rabisco.runs.successive_halving import promote_best
from rabisco.settings import get_settings
from rabisco.uploads import MOST_LOOKING, folder_of


@dataclass(frozen=True)
class WorkKind:
    """One kind of work. Its rows wait as ``queued``; its processes take them up and say how they ended."""

    name: str  # for the log
    module: str  # what a process runs, with the id of a row
    table: Any  # where the rows are, an ``OfProcess``
    active: tuple[str, ...]  # states of rows that a process works on
    cancelled: str  # state of a row that nobody wants worked on any more
    lock_file: str  # held by whoever supervises
    places: Callable[[], int]  # how many may be worked on at the same time
    folder_of: Callable[[str], Path]  # the folder of a row, for the log
    is_cancelled: Callable[[Any], bool]  # whether the process of an active row is to end
    # Changes the state of every active row whose process is gone, see ``recovery.reconcile``, and of those that waited
    # for others
    reconcile: Callable[..., None]
    fail: Callable[[str, RabiscoError], None]  # ends a row whose process does not start


def found(upload_id: str, result: dict[str, Any], *guards: Any) -> None:
    """Keep what was found in an upload, or why it cannot be read, if the guards hold."""
    state = "refused" if "refusal" in result else "unusable" if result["errors"] else "ready"
    changes = {"state": state, "inspection": result, "pid": None, "process_started": ""}
    with store.writing() as session:
        session.execute(update(store.UploadRow).where(store.UploadRow.id == upload_id, *guards).values(**changes))


def refusal(code: str, **parameters: Parameter) -> dict[str, Any]:
    """Return that an upload cannot be read, as it is kept."""
    return {"refusal": Finding(code, parameters).to_dict()}


def _reconcile_trainings(dead: Collection[Dead] = ()) -> None:
    reconcile(dead)
    promote_best()


def _fail_training(run_id: str, error: RabiscoError) -> None:
    with store.writing() as session:
        change_state(session, run_id, ("queued",), "failed", message=error.sentence)


def _refuse_dead(dead: Collection[Dead] = ()) -> None:
    with store.reading() as session:
        rows = session.scalars(select(store.UploadRow).where(store.UploadRow.state == "looking")).all()
    for row in rows:
        if not process_lives(row, dead):
            found(row.id, refusal("looking-died"), *same_process(row))


def _fail_looking(upload_id: str, error: RabiscoError) -> None:  # noqa: ARG001 - the log says it
    found(upload_id, refusal("looking-died"), store.UploadRow.state == "queued")


TRAINING = WorkKind(
    name="trainings",
    module="rabisco.runs.worker",
    table=store.RunRow,
    active=ACTIVE,
    cancelled="cancelled",
    lock_file=".supervisor",
    places=lambda: get_settings().most_trainings,
    folder_of=paths.folder_of,
    is_cancelled=lambda row: bool(row.wanted == "cancel"),
    reconcile=_reconcile_trainings,
    fail=_fail_training,
)
INSPECTION = WorkKind(
    name="uploads",
    module="rabisco.runs.upload_worker",
    table=store.UploadRow,
    active=("looking",),
    cancelled="waiting",
    lock_file=".supervisor-of-uploads",
    places=lambda: MOST_LOOKING,
    folder_of=folder_of,
    is_cancelled=lambda _: False,  # a cancelled one is no longer active; its process ends by itself
    reconcile=_refuse_dead,
    fail=_fail_looking,
)
