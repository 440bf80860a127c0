"""Successive halving: all combinations are trained a little, the best third three times as long, and so on.

This is ASHA with one worker: nobody waits, so every combination is tried on a rung before the best go on to the next.
A training pauses at the end of an epoch and goes on from its checkpoint, with the weights and the learning-rate
schedule of one that was never paused. Nothing is judged on the test split here.

Source: Li et al., A System for Massively Parallel Hyperparameter Tuning, https://arxiv.org/abs/1810.05934.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from rabisco.artifacts.durable import write_whole
from rabisco.errors import InvalidConfigurationError, RabiscoError
from rabisco.models.backend import start_keras
from rabisco.recipes import RecipeTask
from rabisco.runs.places import checkpoints_of
from rabisco.runs.records import Run
from rabisco.runs.resolving import check
from rabisco.runs.sweep import Sweep, request_of, take_up
from rabisco.runs.tasks import load_data
from rabisco.training import Checkpoints, Progress, Request, train
from rabisco.training.config import GRADIENT_SOLVERS

FACTOR = 3
_STATE = "asha.json"


@dataclass
class Trial:
    """One combination and how far it is.

    Attributes:
        number: From 1.
        values: The settings that vary.
        epochs: That it is trained in full.
        history: One row for each epoch so far; see ``TrainingResult``.
        wrong: Why it cannot be trained.
    """

    number: int
    values: dict[str, Any]
    epochs: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    wrong: str = ""

    @property
    def standing(self) -> tuple[float, float]:
        """Validation accuracy of its best epoch so far and, of those that are equal, the negative loss."""
        return max(
            ((row["validation_accuracy"], -row["validation_loss"]) for row in self.history), default=(-1.0, -inf)
        )

    @property
    def is_trained(self) -> bool:
        """Whether it is trained in full."""
        return bool(self.epochs) and len(self.history) >= self.epochs


def rungs(epochs: int) -> list[int]:
    """Return after how many epochs the trials are compared: 1, 3, 9 and so on, and the last."""
    steps = [1]
    while steps[-1] * FACTOR < epochs:
        steps.append(steps[-1] * FACTOR)
    return [*steps, epochs] if epochs > 1 else steps


def best_of(trials: list[Trial]) -> list[Trial]:
    """Return the third of the trials that goes on, the best first; one at least, where one can be trained."""
    able = sorted((one for one in trials if not one.wrong), key=lambda one: one.standing, reverse=True)
    return able[: max(1, len(able) // FACTOR)]


class Halving:
    """The trials of a sweep, kept in a folder, so that an interrupted search goes on where it stopped.

    Args:
        sweep: What is searched.
        folder: For checkpoints and for how far the search is.
    """

    def __init__(self, sweep: Sweep, folder: Path) -> None:
        self._sweep, self._folder = sweep, folder
        self.trials = [Trial(number, values) for number, values in enumerate(sweep.combinations(), 1)]
        known = json.loads((folder / _STATE).read_text(encoding="utf-8")) if (folder / _STATE).exists() else []
        before = {json.dumps(one["values"]): one for one in known}
        for trial in self.trials:
            told = before.get(json.dumps(trial.values), {})
            trial.history, trial.epochs = told.get("history", []), told.get("epochs", 0)

    def search(self, on_progress: Callable[[Trial, Progress], None] = lambda *_: None) -> Iterator[Trial]:
        """Train the trials from rung to rung; yield each whenever it has been trained as long as its rung is.

        The second of two calls finds all done and yields the same.
        """
        self._check()
        going = self.trials
        for rung in rungs(max(trial.epochs for trial in self.trials)):
            for trial in going:
                until = min(rung, trial.epochs)
                if not trial.wrong and len(trial.history) < until:
                    self._train(trial, until, on_progress)
                yield trial
            going = best_of(going)

    def best(self) -> Trial | None:
        """Return the best of the trials that are trained in full; ``None`` if none is."""
        return max((one for one in self.trials if one.is_trained), key=lambda one: one.standing, default=None)

    def take_up(self, trial: Trial) -> Run:
        """Return the run that makes a model of a trial: it goes on from the trial's checkpoint, and judges it once."""
        run, new = take_up(self._sweep, trial.number, trial.values)
        if new:
            shutil.copytree(self._folder_of(trial), checkpoints_of(run.id), dirs_exist_ok=True)
        return run

    def _check(self) -> None:
        """Find out how long each is trained in full, and which cannot be trained.

        Raises:
            InvalidConfigurationError: None can.
        """
        for trial in self.trials:
            try:
                asked = request_of(self._sweep, trial.number, trial.values)
                configuration = check(asked).configuration
                if configuration.solver not in GRADIENT_SOLVERS:
                    raise InvalidConfigurationError("asha pauses between epochs; choose solver = 'adamw' or 'sgd'")
                if asked.minutes is not None or asked.preset:
                    raise InvalidConfigurationError("asha counts epochs; leave minutes and preset out")
                trial.epochs = configuration.epochs
            except RabiscoError as error:
                trial.wrong = str(error)
        if all(trial.wrong for trial in self.trials):
            raise InvalidConfigurationError(f"no combination can be trained: {self.trials[0].wrong}")

    def _train(self, trial: Trial, until: int, on_progress: Callable[[Trial, Progress], None]) -> None:
        """Train a trial to the end of an epoch and keep where it stands."""
        start_keras()
        asked = request_of(self._sweep, trial.number, trial.values)
        folder = self._folder_of(trial)
        folder.mkdir(parents=True, exist_ok=True)
        last: list[Progress] = []

        def hear(progress: Progress) -> None:
            last[:] = [progress]
            on_progress(trial, progress)

        def pause() -> Request:
            here = last[0]
            return "stop" if here.epoch >= until and here.step == here.steps else "continue"

        task = RecipeTask(check(asked), lambda recipe: load_data(recipe, request=asked, folder=folder), asked.base)
        try:
            model, dataset = task.prepare()
            result = train(model, dataset, task.configuration, hear, pause, checkpoints=Checkpoints(folder))
            trial.history = result.history
            trial.epochs = len(result.history) if result.ended == "patience" else task.configuration.epochs
        except RabiscoError as error:
            trial.wrong = str(error)
        kept = [{"values": one.values, "history": one.history, "epochs": one.epochs} for one in self.trials]
        write_whole(self._folder / _STATE, json.dumps(kept, indent=1) + "\n")

    def _folder_of(self, trial: Trial) -> Path:
        return self._folder / "checkpoints" / str(trial.number)
