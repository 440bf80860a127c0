"""A sweep: the same recipe with every combination of some settings, one run after another.

A run is known by its name, which says the sweep and the settings. So a sweep that was interrupted goes on where it
stopped, and one whose file has grown trains what is new.
"""

import itertools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rabisco.errors import InvalidConfigurationError
from rabisco.runs.queue import list_runs, resume, submit
from rabisco.runs.records import Run
from rabisco.runs.request import RunRequest
from rabisco.runs.states import RESUMABLE

MOST = 200
SEARCHED = 10_000  # newest runs, among which those of a sweep are looked for


@dataclass(frozen=True)
class Sweep:
    """What a file of a sweep says.

    Attributes:
        name: Of the sweep; models are called after it.
        recipe: Name of the recipe.
        fixed: Settings of all runs, by their names in ``RunRequest``.
        grid: For each setting that varies, its values.
    """

    name: str
    recipe: str
    fixed: dict[str, Any]
    grid: dict[str, list[Any]]

    def combinations(self) -> list[dict[str, Any]]:
        """Return the settings of each run, the last one of the grid varying fastest."""
        return [dict(zip(self.grid, values, strict=True)) for values in itertools.product(*self.grid.values())]


def read_sweep(path: Path) -> Sweep:
    """Return the sweep that a TOML file describes: ``recipe``, further settings, and the table ``grid`` of lists.

    Raises:
        InvalidConfigurationError: It is no TOML, or describes none.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidConfigurationError(f"{path.name}: expected a readable TOML file. Received: {error}") from error
    grid = told.pop("grid", None)
    recipe = told.pop("recipe", None)
    if not isinstance(recipe, str):
        raise InvalidConfigurationError(f"{path.name}: expected recipe = the name of a recipe. Received: {recipe!r}")
    if not isinstance(grid, dict) or not grid or not all(isinstance(one, list) and one for one in grid.values()):
        raise InvalidConfigurationError(f"{path.name}: expected a table [grid] of lists of values. Received: {grid!r}")
    sweep = Sweep(str(told.pop("name", path.stem)), recipe, told, grid)
    if len(sweep.combinations()) > MOST:
        raise InvalidConfigurationError(f"{path.name}: expected at most {MOST} runs. Received: more; vary less")
    return sweep


def words_of(values: dict[str, Any]) -> str:
    """Return the settings of a run as one line."""
    return ", ".join(f"{name}={value}" for name, value in values.items())


def take_up(sweep: Sweep, number: int, values: dict[str, Any]) -> Run:
    """Return the run of a combination: the one there is, resumed if it was interrupted, else a new one.

    Args:
        sweep: Which.
        number: Of the combination, from 1; the model is called ``<sweep>-<number>``.
        values: The settings that vary.

    Raises:
        InvalidConfigurationError: A setting is unknown or a value out of range.
    """
    name = f"{sweep.name}: {words_of(values)}"[:120]
    found = next((run for run in list_runs(SEARCHED) if run.name == name), None)
    if found is not None:
        return resume(found.id) if found.state in RESUMABLE else found
    told = {"data": {"recipe": sweep.recipe}, "artifact": f"{sweep.name}-{number}", "name": name}
    return submit(RunRequest.parse({**told, **sweep.fixed, **values}))
