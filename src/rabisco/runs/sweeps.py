"""Sweeps as the pages know them: their trainings, told by what they were asked for."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select

from rabisco import store
from rabisco.errors import N_, RunConflictError, RunNotFoundError
from rabisco.runs.halving import SWEEP
from rabisco.runs.queue import request_cancel, request_end, resume, submit
from rabisco.runs.reconcile import as_found
from rabisco.runs.records import Run, run_of
from rabisco.runs.resolving import check
from rabisco.runs.states import ENDED, INCOMPLETE, State
from rabisco.runs.sweep import MOST, Sweep, request_of


@dataclass(frozen=True)
class SweepTrial:
    """One training of a sweep.

    Attributes:
        run: It.
        values: The settings in which it differs from the others.
        history: A row for each epoch so far, as a model card has it.
    """

    run: Run
    values: dict[str, Any]
    history: list[dict[str, Any]]

    @property
    def accuracy(self) -> float | None:
        """On the validation images, of its best epoch so far; none before the first."""
        so_far = [row["validation_accuracy"] for row in self.history if row.get("validation_accuracy") is not None]
        best: float | None = (self.run.metrics or {}).get("validation_accuracy", max(so_far, default=None))
        return best


@dataclass(frozen=True)
class SweepStanding:
    """How a sweep stands.

    Attributes:
        name: Its name.
        trials: Its trainings, the oldest first.
    """

    name: str
    trials: list[SweepTrial]

    @property
    def varied(self) -> list[str]:
        """The settings that vary."""
        return list(dict.fromkeys(name for trial in self.trials for name in trial.values))

    @property
    def actions(self) -> tuple[str, ...]:
        """What can be asked of it now: ``stop``, ``cancel``, ``resume``."""
        states = {trial.run.state for trial in self.trials}
        last = ("cancel",) if not self.ended else ("resume",) if states & set(INCOMPLETE) else ()
        return (*(("stop",) if "running" in states else ()), *last)

    @property
    def ended(self) -> bool:
        """Whether all trainings have ended."""
        return all(trial.run.state in ENDED for trial in self.trials)

    @property
    def best(self) -> SweepTrial | None:
        """The best on validation images once all have ended; only of this one the accuracy on test images counts."""
        made = [one for one in self.trials if one.run.artifact_version is not None and one.accuracy is not None]
        return max(made, key=lambda one: one.accuracy or 0.0, default=None) if self.ended else None


def order(sweep: Sweep, owner: str = "") -> SweepStanding:
    """Submit every training of a sweep at once; under a name of its own where one is so called already.

    Raises:
        InvalidConfigurationError: A combination cannot be trained; none is submitted then.
    """
    known, wished = set(names()), sweep.name
    free = next(name for name in (wished, *(f"{wished}-{n}" for n in range(2, len(known) + 3))) if name not in known)
    named = replace(sweep, name=free)
    asked = [
        request_of(named, number, values).model_copy(update={"owner": owner})
        for number, values in enumerate(named.combinations(), 1)
    ]
    for request in asked:
        check(request)
    for request in asked:
        submit(request)
    return standing(free)


def stop(name: str) -> SweepStanding:
    """End a sweep: trainings that run keep their best weights, those that wait or pause are cancelled.

    Raises:
        RunNotFoundError: There is none of that name.
    """
    return _ask(name, dict.fromkeys(("queued", "paused", "running"), request_end))


def cancel(name: str) -> SweepStanding:
    """End every training of a sweep that has not ended.

    Raises:
        RunNotFoundError: There is none of that name.
    """
    return _ask(name, dict.fromkeys(("queued", "paused", "running", "stopping"), request_cancel))


def go_on(name: str) -> SweepStanding:
    """Resume every training of a sweep that ended early.

    Raises:
        RunNotFoundError: There is none of that name.
    """
    return _ask(name, dict.fromkeys(INCOMPLETE, resume))


def _ask(name: str, orders: dict[State, Callable[[str], Run]]) -> SweepStanding:
    """Send each training the order for its state, one state at a time; skip trainings whose state has changed."""
    found = standing(name).trials
    for state, order in orders.items():
        for trial in found:
            if trial.run.state == state:
                with suppress(RunConflictError):
                    order(trial.run.id)
    return standing(name)


def names() -> list[str]:
    """Return the names of the sweeps, the newest first."""
    named = select(SWEEP.label("name"), store.RunRow.created).where(SWEEP != "").subquery()
    query = select(named.c.name).group_by(named.c.name).order_by(func.max(named.c.created).desc())
    with store.reading() as session:
        return list(session.scalars(query))


def standing(name: str) -> SweepStanding:
    """Return how a sweep stands.

    Raises:
        RunNotFoundError: There is none of that name.
    """
    query = select(store.RunRow).where(SWEEP.in_([name])).order_by(store.RunRow.created, store.RunRow.id)
    with store.reading() as session:
        rows = list(session.scalars(query.limit(2 * MOST)))
        if not rows:
            raise RunNotFoundError(
                N_("a sweep is named by its name. Received: %(received)s, which none has"), received=repr(name[:60])
            )
        ids = [row.id for row in rows]
        of_epochs = store.RunEventRow.run_id.in_(ids), store.RunEventRow.kind == "epoch"
        told = select(store.RunEventRow.run_id, store.RunEventRow.payload).where(*of_epochs)
        epochs = session.execute(told.order_by(store.RunEventRow.number)).all()
    rows_of: dict[str, dict[int, dict[str, Any]]] = {row.id: {} for row in rows}
    for run_id, payload in epochs:
        rows_of[run_id][payload["epoch"]] = payload  # one that was interrupted may tell an epoch twice
    return SweepStanding(
        name,
        [
            SweepTrial(run_of(as_found(row)), dict(row.request.get("varied", {})), list(rows_of[row.id].values()))
            for row in rows
        ],
    )
