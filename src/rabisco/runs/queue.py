"""Orders and questions: submit a run, watch it, stop, cancel, resume, repeat, rename, delete it.

Whatever takes an id raises ``RunNotFoundError`` where no run has it.
"""

import logging
import secrets
import shutil
from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from rabisco import artifacts, objects, store
from rabisco.errors import N_, InvalidConfigurationError, RunConflictError, RunNotFoundError, Sentence
from rabisco.runs.paths import folder_of, place_of
from rabisco.runs.records import Run, run_of
from rabisco.runs.recovery import reconcile
from rabisco.runs.request import RunRequest, limits
from rabisco.runs.resolving import check, minutes_of
from rabisco.runs.states import ENDED, RESUMABLE, State, change_state
from rabisco.text import normalized, plain

LOGGER = logging.getLogger("rabisco.runs")
MOST_MOVES = 3  # of a run whose process or machine died, and that goes on by itself
LONGER = 3  # times the epochs, where a training has not learned yet
# How a run stands, for a sentence.
_STANDS: dict[State, str] = {
    "queued": N_("waits"),
    "running": N_("is running"),
    "stopping": N_("is stopping"),
    "paused": N_("pauses"),
    "succeeded": N_("succeeded"),
    "unlearned": N_("has ended without learning"),
    "stopped": N_("is stopped"),
    "outdone": N_("is outdone by others of its sweep"),
    "cancelled": N_("is cancelled"),
    "failed": N_("failed"),
    "interrupted": N_("was interrupted"),
}


def submit(request: RunRequest, *, retry_of: str | None = None) -> Run:
    """Put a run into the queue and return it at once; a supervisor starts it when its turn has come.

    Raises:
        InvalidConfigurationError: It could not be trained; the message says why.
        UnknownDatasetError: The catalog has no such data set.
        ModelNotFoundError: There is no such base to fine-tune from.
        StorageError: It could not be kept.
    """
    recipe = check(request)
    row = store.RunRow(
        id=secrets.token_hex(8),
        name=normalized(request.name) or request.artifact,
        notes=request.notes,
        state="queued",
        request=request.model_dump(mode="json"),
        data=request.data.model_dump(mode="json", exclude_none=True),
        architecture=recipe.architecture,
        configuration=recipe.configuration.to_dict(),
        seed=recipe.configuration.seed,
        artifact=request.artifact,
        owner=request.owner,
        retry_of=retry_of,
        last_event=1,
    )
    with store.writing() as session:
        session.add(row)
        session.flush()
        session.add(store.RunEventRow(run_id=row.id, number=1, kind="state", payload={"state": "queued"}))
    return get(row.id)


def get(run_id: str) -> Run:
    """Return a run as it stands now, one whose process has died as it will be told of; nothing is written.

    Raises:
        RunNotFoundError: There is none of that id.
    """
    with store.reading() as session:
        row = session.get(store.RunRow, run_id)
    if row is None:
        raise _unknown(run_id)
    return run_of(row)


def list_runs(limit: int = 100, owner: str | None = None) -> list[Run]:
    """Return the newest runs, the newest first; of one owner if given."""
    query = select(store.RunRow).order_by(store.RunRow.created.desc(), store.RunRow.id).limit(limit)
    if owner is not None:
        query = query.where(store.RunRow.owner == owner)
    with store.reading() as session:
        try:
            rows = list(session.scalars(query))
        except (ValueError, TypeError):  # one row cannot be read
            ids = session.scalars(query.with_only_columns(store.RunRow.id)).all()
            rows = [row for one in ids if (row := _readable(session, one))]
    return [run_of(row) for row in rows]


def _readable(session: Session, run_id: str) -> store.RunRow | None:
    """Return a row, or ``None``, and a line in the log, if it is damaged: one must not hide the others."""
    try:
        return session.get(store.RunRow, run_id)
    except (ValueError, TypeError):
        LOGGER.warning("the row of run %s is damaged and is left out", run_id)
        return None


def events(run_id: str, after: int = 0, limit: int = 1000) -> list[store.RunEventRow]:
    """Return what happened in a run after event number ``after``, in order, at most ``limit`` of it.

    Cheap enough to be asked several times a second. A run that has ended has no further events once this is empty.
    """
    wanted = store.RunEventRow.run_id == run_id, store.RunEventRow.number > after
    with store.reading() as session:
        query = select(store.RunEventRow).where(*wanted).order_by(store.RunEventRow.number).limit(limit)
        found = list(session.scalars(query))
        if not found and session.get(store.RunRow, run_id) is None:
            raise _unknown(run_id)
    return found


def request_stop(run_id: str) -> Run:
    """Ask a running training to end and keep the best weights so far; return at once.

    Raises:
        RunConflictError: It is not running.
    """
    reconcile()
    with store.writing() as session:
        moved = change_state(session, run_id, ("running",), "stopping", wanted="stop")
    run = get(run_id)
    if not moved and not (run.state == "stopping" and run.wanted == "stop"):
        raise _conflict(
            run, N_("to be stopped, a run must be one that is running. Received: %(name)s, which %(state)s")
        )
    return run


def request_cancel(run_id: str) -> Run:
    """Take a run that waits or pauses out of the queue, or have a running one ended without a result; return at once.

    Raises:
        RunConflictError: It has ended already.
    """
    reconcile()
    with store.writing() as session:
        _hold(session, run_id)
        moved = change_state(session, run_id, ("queued", "paused"), "cancelled") or change_state(
            session, run_id, ("running", "stopping"), "stopping", store.RunRow.wanted != "cancel", wanted="cancel"
        )
    run = get(run_id)
    if not moved and run.state in ENDED and run.state != "cancelled":
        raise _conflict(
            run, N_("to be cancelled, a run must be one that waits or runs. Received: %(name)s, which %(state)s")
        )
    return run


def request_end(run_id: str) -> Run:
    """Cancel a run that waits or pauses, have one that runs end with its best weights, let be what ends already."""
    reconcile()
    with store.writing() as session:
        _hold(session, run_id)
        _ = change_state(session, run_id, ("queued", "paused"), "cancelled") or change_state(
            session, run_id, ("running",), "stopping", wanted="stop"
        )
    return get(run_id)


def _hold(session: Session, run_id: str) -> None:
    """Keep a run in its state until the transaction ends: it may be about to pause, or to be taken up."""
    session.execute(select(store.RunRow.id).where(store.RunRow.id == run_id).with_for_update())


def resume(run_id: str) -> Run:
    """Put a run that ended early back into the queue, to go on from its last checkpoint.

    Raises:
        RunConflictError: It waits, runs or succeeded.
    """
    reconcile()
    with store.writing() as session:
        moved = change_state(session, run_id, RESUMABLE, "queued", **requeued())
    run = get(run_id)
    if not moved:
        raise _conflict(
            run,
            N_(
                "to be resumed, a run must be one that was stopped, cancelled or interrupted, or that failed. "
                "Received: %(name)s, which %(state)s"
            ),
        )
    return run


def requeued() -> dict[str, Any]:
    """Return the columns of a run that waits for its turn once more."""
    return {"queued": store.now(), "ended": None, "message": Sentence(""), "wanted": "", "launches": 0}


def goes_on_by_itself(run_id: str) -> bool:
    """Tell whether an interrupted run is resumed by itself: unless that was too often, or it was to stop."""
    told = store.RunEventRow.run_id == run_id, store.RunEventRow.kind == "state"
    query = select(store.RunEventRow.payload).where(*told).order_by(store.RunEventRow.number)
    with store.reading() as session:
        states = [payload["state"] for payload in session.scalars(query)]
    return states.count("interrupted") <= MOST_MOVES and states[-2:] != ["stopping", "interrupted"]


def retry(run_id: str) -> Run:
    """Submit the same request again, as a run of its own that begins anew, and return that.

    Raises:
        InvalidConfigurationError: What it needs is no longer there.
    """
    before = get(run_id)
    return submit(RunRequest.parse({**before.request, "name": before.name}), retry_of=run_id)


def train_longer(run_id: str) -> Run:
    """Submit the same request with three times the epochs and no less time than they need; return that run.

    Raises:
        InvalidConfigurationError: What it needs is no longer there.
    """
    before = get(run_id)
    epochs = min(LONGER * int(before.configuration.get("epochs", 1)), limits("epochs")[2])
    minutes = LONGER * (minutes_of(RunRequest.parse(before.request)) or 0)
    longer = {"name": before.name, "epochs": int(epochs), "minutes": minutes or None}
    return submit(RunRequest.parse({**before.request, **longer}), retry_of=run_id)


def delete(run_id: str) -> None:
    """Delete a run that has ended, with its events and its folder; the model that it made stays.

    Raises:
        RunConflictError: It has not ended.
        StorageError: The object store does not answer; nothing is deleted.
    """
    reconcile()
    if get(run_id).state in ENDED:
        objects.remove_folder(place_of(run_id))
    with store.writing() as session:
        guard = store.RunRow.id == run_id, store.RunRow.state.in_(ENDED)
        gone = session.scalar(sql_delete(store.RunRow).where(*guard).returning(store.RunRow.id))
    if gone is None:
        raise _conflict(
            get(run_id), N_("to be deleted, a run must be one that has ended. Received: %(name)s, which %(state)s")
        )
    shutil.rmtree(folder_of(run_id), ignore_errors=True)


def rename(run_id: str, name: str) -> Run:
    """Give a run another name, of 1 to 120 characters.

    Raises:
        InvalidConfigurationError: The name is empty or too long.
    """
    name = normalized(name)
    if not 1 <= len(name) <= 120:
        raise InvalidConfigurationError(
            N_("a run's name must be 1 to 120 characters. Received: %(count)s"), count=len(name)
        )
    _check_name(name, get(run_id))
    return _change(run_id, name=name)


def _check_name(name: str, run: Run) -> None:
    """Refuse a run's name that would have it taken for a model that it did not make, or for another run."""
    if plain(name) != plain(run.artifact) and artifacts.is_taken(name):
        raise InvalidConfigurationError(
            N_(
                "“%(name)s” is the name of a model that this run did not make; choose another name, such as "
                "%(suggestion)s"
            ),
            name=name,
            suggestion=f"{run.artifact} {name}",
        )
    with store.reading() as session:
        others = session.scalars(select(store.RunRow.name).where(store.RunRow.id != run.id).distinct()).all()
    alike = next((one for one in others if one != name and plain(one) == plain(name)), None)
    if alike is not None and name not in others:
        raise InvalidConfigurationError(
            N_("only capitals or accents tell “%(name)s” from the run “%(other)s”; choose another name, or that one"),
            name=name,
            other=alike,
        )


def set_notes(run_id: str, notes: str) -> Run:
    """Replace what people noted on a run, at most 20,000 characters.

    Raises:
        InvalidConfigurationError: They are too long.
    """
    if len(notes) > 20_000:
        raise InvalidConfigurationError(
            N_("notes must be at most 20,000 characters. Received: %(count)s"), count=len(notes)
        )
    return _change(run_id, notes=notes)


def _change(run_id: str, **changes: str) -> Run:
    with store.writing() as session:
        session.execute(update(store.RunRow).where(store.RunRow.id == run_id).values(**changes))
    return get(run_id)


def _unknown(run_id: str) -> RunNotFoundError:
    return RunNotFoundError(
        N_(
            "a run is named by the id that it got when it was submitted. Received: %(received)s, which none has; "
            "rabisco runs list shows them"
        ),
        received=repr(run_id[:40]),
    )


def _conflict(run: Run, message: str) -> RunConflictError:
    return RunConflictError(message, name=repr(run.name), state=Sentence(_STANDS[run.state]))
