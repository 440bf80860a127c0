"""A sweep: the same recipe with several combinations of some settings, one after another.

A run is known by its name, which says the sweep and the settings. So a sweep that was interrupted goes on where it
stopped, and one whose file has grown trains what is new.
"""

import itertools
import math
import random
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from rabisco.errors import N_, InvalidConfigurationError
from rabisco.runs.halving import in_rungs
from rabisco.runs.queue import list_runs, resume, submit
from rabisco.runs.records import Run
from rabisco.runs.request import RunRequest
from rabisco.runs.states import INCOMPLETE

Search = Literal["grid", "random", "asha"]
MOST = 200
SEARCHED = 10_000  # newest runs, among which those of a sweep are looked for
_UNREADABLE = N_("%(source)s: expected a readable TOML file. Received: %(received)s")
_TRIES = 50  # to draw a combination that has not been drawn yet


@dataclass(frozen=True)
class Sweep:
    """What a file of a sweep says.

    Attributes:
        name: Of the sweep; models are called after it.
        recipe: Name of the recipe.
        fixed: Settings of all runs, by their names in ``RunRequest``.
        grid: For each setting that varies, its values; or ``low``, ``high`` and whether to draw evenly on a ``log``
            scale.
        search: ``grid`` trains every combination, ``random`` some, ``asha`` all a little and the best of them longer.
        draws: How many combinations are drawn; all if not given.
    """

    name: str
    recipe: str
    fixed: dict[str, Any]
    grid: dict[str, Any]
    search: Search = "grid"
    draws: int | None = None

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

    Args:
        text: Of the file.
        source: What it is called in errors; without its ending, what the sweep is called if it does not say.

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
    """Return what is asked of the run of a combination; its name says the sweep and the settings.

    Raises:
        InvalidConfigurationError: A setting is unknown or a value out of range, or ``asha`` cannot pause it.
    """
    name = f"{sweep.name}: {words_of(values)}"[:120]
    told = {"data": {"recipe": sweep.recipe}, "artifact": f"{sweep.name}-{number}", "name": name}
    asked = RunRequest.parse({**told, **sweep.fixed, **values, "sweep": sweep.name, "varied": values})
    return in_rungs(asked) if sweep.search == "asha" else asked


def take_up(sweep: Sweep, number: int, values: dict[str, Any]) -> Run:
    """Return the run of a combination, a new one if there is none; one that was interrupted is resumed.

    Args:
        sweep: Which.
        number: Of the combination, from 1; the model is called ``<sweep>-<number>``.
        values: The settings that vary.

    Raises:
        InvalidConfigurationError: A setting is unknown or a value out of range.
    """
    asked = request_of(sweep, number, values)
    found = next((run for run in list_runs(SEARCHED) if run.name == asked.name), None)
    if found is None:
        return submit(asked)
    return resume(found.id) if found.state in INCOMPLETE else found
