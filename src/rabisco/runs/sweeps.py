"""Sweeps as the pages know them: their trainings, told by what they were asked for."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select

from rabisco import store
from rabisco.errors import N_, InvalidConfigurationError, RunNotFoundError
from rabisco.runs.queue import submit
from rabisco.runs.reconcile import as_found
from rabisco.runs.records import Run, run_of
from rabisco.runs.resolving import check
from rabisco.runs.states import ENDED
from rabisco.runs.sweep import MOST, Sweep, request_of

_SWEEP = store.RunRow.request["sweep"].as_string()


@dataclass(frozen=True)
class SweepTrial:
    """One training of a sweep.

    Attributes:
        run: It.
        values: The settings in which it differs from the others.
        accuracy: On the validation images, of its best epoch so far; none before the first.
    """

    run: Run
    values: dict[str, Any]
    accuracy: float | None


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
        InvalidConfigurationError: It pauses trainings, which only the command does, or a combination cannot be
            trained; none is submitted then.
    """
    if sweep.search == "asha":
        raise InvalidConfigurationError(
            N_("a page orders search = 'grid' or 'random'. Received: 'asha'; use it in a terminal: rabisco sweep")
        )
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


def names() -> list[str]:
    """Return the names of the sweeps, the newest first."""
    named = select(_SWEEP.label("name"), store.RunRow.created).where(_SWEEP != "").subquery()
    query = select(named.c.name).group_by(named.c.name).order_by(func.max(named.c.created).desc())
    with store.reading() as session:
        return list(session.scalars(query))


def standing(name: str) -> SweepStanding:
    """Return how a sweep stands.

    Raises:
        RunNotFoundError: There is none of that name.
    """
    query = select(store.RunRow).where(_SWEEP.in_([name])).order_by(store.RunRow.created, store.RunRow.id)
    with store.reading() as session:
        rows = list(session.scalars(query.limit(2 * MOST)))
        if not rows:
            raise RunNotFoundError(
                N_("a sweep is named by its name. Received: %(received)s, which none has"), received=repr(name[:60])
            )
        ids = [row.id for row in rows]
        of_epochs = store.RunEventRow.run_id.in_(ids), store.RunEventRow.kind == "epoch"
        told = select(store.RunEventRow.run_id, store.RunEventRow.payload).where(*of_epochs)
        epochs = session.execute(told).all()
    best: dict[str, float] = {}
    for run_id, payload in epochs:
        best[run_id] = max(best.get(run_id, 0.0), payload.get("validation_accuracy") or 0.0)
    trials = []
    for row in rows:
        run = run_of(as_found(row))
        accuracy = (run.metrics or {}).get("validation_accuracy", best.get(run.id))
        trials.append(SweepTrial(run, dict(row.request.get("varied", {})), accuracy))
    return SweepStanding(name, trials)
