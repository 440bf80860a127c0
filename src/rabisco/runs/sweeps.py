"""A sweep: the same recipe with several combinations of some settings, whose trainings stand side by side.

A run is known by its name, which says the sweep and the settings. So a sweep that was interrupted goes on where it
stopped, and one whose file has grown trains what is new. Whatever takes the name of a sweep raises
``RunNotFoundError`` where there is none.
"""

import itertools
import math
import random
import tomllib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from sqlalchemy import func, select

from rabisco import store
from rabisco.errors import N_, InvalidConfigurationError, RunConflictError, RunNotFoundError
from rabisco.runs.queue import list_runs, request_cancel, request_end, resume, submit
from rabisco.runs.records import Run, run_of
from rabisco.runs.request import RunRequest
from rabisco.runs.resolving import check
from rabisco.runs.states import ENDED, INCOMPLETE, State
from rabisco.runs.successive_halving import SWEEP, in_rungs

Search = Literal["grid", "random", "asha"]
MOST = 200
SEARCHED = 10_000  # newest runs, among which those of a sweep are looked for
_UNREADABLE = N_("%(source)s: expected a readable TOML file. Received: %(received)s")
_TRIES = 50  # to draw a combination that has not been drawn yet


@dataclass(frozen=True)
class Sweep:
    """What a file of a sweep says."""

    name: str  # of the sweep; models are called after it
    recipe: str  # name of the recipe
    fixed: dict[str, Any]  # settings of all runs, by their names in ``RunRequest``
    # For each setting that varies, its values; or ``low``, ``high`` and whether to draw evenly on a ``log`` scale
    grid: dict[str, Any]
    # ``grid`` trains every combination, ``random`` some, ``asha`` all a little and the best of them longer
    search: Search = "grid"
    draws: int | None = None  # how many combinations are drawn; all if not given

    def combinations(self) -> list[dict[str, Any]]:
        """Return the settings of each run: the last of the grid varies fastest; drawn ones begin as fewer would."""
        if self.draws is None:
            return [dict(zip(self.grid, values, strict=True)) for values in itertools.product(*self.grid.values())]
        chance = random.Random(self.fixed.get("seed", 0))
        found: list[dict[str, Any]] = []
        for _ in range(_TRIES * self.draws):
            drawn = {name: _drawn(values, chance) for name, values in self.grid.items()}
            if drawn not in found:
                found.append(drawn)
            if len(found) == self.draws:
                break
        return found


def _drawn(values: Any, chance: random.Random) -> Any:
    if isinstance(values, list):
        return chance.choice(values)
    low, high = values["low"], values["high"]
    if values.get("log"):
        return float(f"{math.exp(chance.uniform(math.log(low), math.log(high))):.4g}")
    if isinstance(low, int) and isinstance(high, int):
        return chance.randint(low, high)
    return float(f"{chance.uniform(low, high):.4g}")


def read_sweep(path: Path) -> Sweep:
    """Return the sweep that a TOML file describes: ``recipe``, ``search``, ``draws``, settings, the table ``grid``.

    Raises:
        InvalidConfigurationError: It is no TOML, or describes none.
    """
    try:
        return parse_sweep(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfigurationError(_UNREADABLE, source=path.name, received=str(error)) from error


def parse_sweep(text: str, source: str) -> Sweep:
    """Return the sweep that a text of TOML describes; see ``read_sweep``.

    Errors call it ``source``; without its ending, that is what the sweep is called if it does not say.

    Raises:
        InvalidConfigurationError: It is no TOML, or describes none.
    """
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidConfigurationError(_UNREADABLE, source=source, received=str(error)) from error
    grid, recipe = told.pop("grid", None), told.pop("recipe", None)
    draws, search = told.pop("draws", None), told.pop("search", "grid")
    if not isinstance(recipe, str):
        raise InvalidConfigurationError(
            N_("%(source)s: expected recipe = the name of a recipe. Received: %(received)s"),
            source=source,
            received=repr(recipe),
        )
    if search not in get_args(Search):
        raise InvalidConfigurationError(
            N_("%(source)s: expected search = one of %(names)s. Received: %(received)s"),
            source=source,
            names=", ".join(get_args(Search)),
            received=repr(search),
        )
    ways = grid.values() if isinstance(grid, dict) else ()
    if not ways or not all(_is_range(one) or (isinstance(one, list) and one) for one in ways):
        raise InvalidConfigurationError(
            N_(
                "%(source)s: expected a table [grid] of lists of values, or of ranges such as %(example)s. "
                "Received: %(received)s"
            ),
            source=source,
            example="{low = 1e-4, high = 1e-1, log = true}",
            received=repr(grid),
        )
    drawn = search == "random" or any(map(_is_range, grid.values()))
    if (draws is not None or drawn) and (not isinstance(draws, int) or draws < 1 or search == "grid"):
        raise InvalidConfigurationError(
            N_(
                "%(source)s: expected draws = how many runs, with search = 'random' or 'asha', where runs are drawn. "
                "Received: draws = %(draws)s, search = %(search)s"
            ),
            source=source,
            draws=repr(draws),
            search=repr(search),
        )
    sweep = Sweep(str(told.pop("name", Path(source).stem)), recipe, told, grid, search, draws)
    if (draws or math.prod(map(len, grid.values()))) > MOST:
        raise InvalidConfigurationError(
            N_("%(source)s: expected at most %(limit)s runs. Received: more; vary less"), source=source, limit=MOST
        )
    return sweep


def _is_range(values: Any) -> bool:
    if not isinstance(values, dict) or not {"low", "high"} <= set(values) <= {"low", "high", "log"}:
        return False
    low, high = values["low"], values["high"]
    numbers = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in (low, high))
    return numbers and low < high and (low > 0 or not values.get("log"))


def words_of(values: dict[str, Any]) -> str:
    """Return the settings of a run as one line."""
    return ", ".join(f"{name}={value}" for name, value in values.items())


def request_of(sweep: Sweep, number: int, values: dict[str, Any]) -> RunRequest:
    """Return what is asked of the run of a combination, counted from 1; its name says the sweep and the settings.

    Raises:
        InvalidConfigurationError: A setting is unknown or a value out of range, or ``asha`` cannot pause it.
    """
    name = f"{sweep.name}: {words_of(values)}"[:120]
    told = {"data": {"recipe": sweep.recipe}, "artifact": f"{sweep.name}-{number}", "name": name}
    asked = RunRequest.parse({**told, **sweep.fixed, **values, "sweep": sweep.name, "varied": values})
    return in_rungs(asked) if sweep.search == "asha" else asked


def submit_or_resume(sweep: Sweep, number: int, values: dict[str, Any]) -> Run:
    """Return the run of a combination, a new one if there is none; one that was interrupted is resumed.

    Raises:
        InvalidConfigurationError: A setting is unknown or a value out of range.
    """
    asked = request_of(sweep, number, values)
    found = next((run for run in list_runs(SEARCHED) if run.name == asked.name), None)
    if found is None:
        return submit(asked)
    return resume(found.id) if found.state in INCOMPLETE else found


@dataclass(frozen=True)
class SweepTrial:
    """One training of a sweep."""

    run: Run
    values: dict[str, Any]  # the settings in which it differs from the others
    history: list[dict[str, Any]]  # a row for each epoch so far, as a model card has it

    @property
    def accuracy(self) -> float | None:
        """On the validation images, of its best epoch so far; none before the first."""
        so_far = [row["validation_accuracy"] for row in self.history if row.get("validation_accuracy") is not None]
        best: float | None = (self.run.metrics or {}).get("validation_accuracy", max(so_far, default=None))
        return best


@dataclass(frozen=True)
class SweepStanding:
    """How a sweep stands, with its trainings, the oldest first."""

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
    """End a sweep: trainings that run keep their best weights, those that wait or pause are cancelled."""
    return _ask(name, request_end, "queued", "paused", "running")


def cancel(name: str) -> SweepStanding:
    """End every training of a sweep that has not ended."""
    return _ask(name, request_cancel, "queued", "paused", "running", "stopping")


def resume_all(name: str) -> SweepStanding:
    """Resume every training of a sweep that ended early."""
    return _ask(name, resume, *INCOMPLETE)


def _ask(name: str, order: Callable[[str], Run], *states: State) -> SweepStanding:
    """Send the order to trainings in each of these states in turn; skip trainings whose state has changed."""
    found = standing(name).trials
    for state in states:
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
    trials = [SweepTrial(run_of(row), row.request.get("varied", {}), list(rows_of[row.id].values())) for row in rows]
    return SweepStanding(name, trials)
