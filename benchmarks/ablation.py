"""Each part of the recipe `cifar10-cnn`, left out or changed by itself, and what it costs.

The recipe's network is trained for 8 epochs on 5,000 of CIFAR-10's training images, in batches of 256 with half the
learning rate, once as the recipe says and once for each change, with the same seeds; it is judged on the recipe's
5,000 validation images. The whole recipe takes twenty times as long: what pays late, such as stronger augmentation,
may show as a loss here. The cost is that of all training steps, each counted with the median processor time of its
epoch, beside the recipe's in the same round. Each round has another seed. It may be ended at any time, and the next
run goes on. Runs by name only.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rabisco.data.dataset import Dataset
from rabisco.errors import InvalidConfigurationError
from rabisco.evaluation.tables import markdown_table
from rabisco.recipes import get_recipe
from rabisco.recipes.card_builder import KerasReader
from rabisco.recipes.material import load_material
from rabisco.recipes.run import new_model
from rabisco.training import Checkpoints, Progress, TrainingConfiguration, cooldown, train
from rabisco.training.callback import assign
from rabisco.training.checkpoint import Position
from rabisco.training.photos import PhotoAugmentation

if TYPE_CHECKING:
    import keras

RECIPE, IMAGES, EPOCHS, BATCH, COOLDOWN = "cifar10-cnn", 5_000, 8, 256, 2
SEEDS = (25, 26, 27)
BASE = "the recipe"
AVERAGED = 3  # epochs


class LastEpochs(Checkpoints):
    """Keeps in memory what a model was at the end of each epoch."""

    def __init__(self) -> None:
        self.every_seconds = float("inf")
        self.ends: list[list[Any]] = []

    def load(self, identity: str) -> None:
        """Return that nothing was trained before."""

    def save(self, position: Position) -> None:
        """Keep what the model is now."""
        self.ends.append(position.arrays["variables"])


class StepCost:
    """Adds up the processor time of training steps, each counted with the median of its epoch."""

    def __init__(self) -> None:
        self.seconds, self._last, self._steps = 0.0, 0.0, list[float]()

    def __call__(self, progress: Progress) -> None:
        """Take the time after a step, and count the steps of an epoch at its end."""
        now = time.process_time()
        if progress.validation_loss is not None:
            self.seconds += progress.steps * statistics.median(self._steps)
        elif progress.step == 1:
            self._steps = []
        else:
            self._steps.append(now - self._last)
        self._last = now


Trained = Callable[["keras.Model", Dataset, TrainingConfiguration, StepCost], object]


def _train(model: "keras.Model", dataset: Dataset, told: TrainingConfiguration, cost: StepCost) -> None:
    train(model, dataset, told, on_progress=cost)


@dataclass(frozen=True)
class Change:
    """One row: how the configuration differs, how it is trained, whether an image is read with its mirror image."""

    configuration: Callable[[TrainingConfiguration], TrainingConfiguration] = lambda told: told
    trained: Trained = _train
    mirrored: bool = True


def _set(**values: Any) -> Change:
    return Change(lambda told: replace(told, **values))


def _changed(**values: Any) -> Change:
    def configuration(told: TrainingConfiguration) -> TrainingConfiguration:
        assert isinstance(told.augmentation, PhotoAugmentation)
        return replace(told, augmentation=replace(told.augmentation, **values))

    return Change(configuration)


def _average(model: "keras.Model", dataset: Dataset, told: TrainingConfiguration, cost: StepCost) -> None:
    last = LastEpochs()
    train(model, dataset, told, checkpoints=last, on_progress=cost)
    assign(model.variables, [np.mean(same, axis=0) for same in zip(*last.ends[-AVERAGED:], strict=True)])


def _cooled_down(
    model: "keras.Model", dataset: Dataset, told: TrainingConfiguration, cost: StepCost, *, frozen: bool = False
) -> None:
    import keras

    first = replace(told, epochs=EPOCHS - COOLDOWN)
    train(model, dataset, first, on_progress=cost)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = not frozen  # which then normalizes with its running statistics
    train(model, dataset, cooldown(replace(first, cooldown_epochs=COOLDOWN)), on_progress=cost)


CHANGES = {
    BASE: Change(),
    "read without the mirror image": Change(mirrored=False),
    "no label smoothing": _set(label_smoothing=0.0),
    "mirrored at random, not in every other epoch": _changed(alternate=False),
    "not mirrored": _changed(alternate=False, flip=0.0),
    "not moved, not resized": _changed(shift=0.0, zoom=0.0),
    "cutout of 8 pixels": _changed(erasing=8.0),
    "mixup (0.2)": _set(mixup=0.2),
    "progressive resizing, from 16 pixels": _set(first_side=16),
    f"weights averaged over the last {AVERAGED} epochs": Change(trained=_average),
    f"the last {COOLDOWN} epochs as cooldown": Change(trained=_cooled_down),
    "the same, statistics of normalization frozen in it": Change(
        trained=lambda model, dataset, told, cost: _cooled_down(model, dataset, told, cost, frozen=True)
    ),
}


def grow(earlier: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Train what is not there yet, seed by seed, and yield the figures so far after each training."""
    rounds: dict[str, dict[str, Any]] = {seed: dict(rows) for seed, rows in earlier.get("rounds", {}).items()}
    recipe, dataset = load_material(get_recipe(RECIPE))
    chosen = np.random.default_rng(0).choice(len(dataset.train), IMAGES, replace=False)
    few = replace(dataset, train=dataset.train[chosen])
    usual = recipe.configuration
    rate = usual.learning_rate * BATCH / usual.batch_size
    usual = replace(usual, epochs=EPOCHS, cooldown_epochs=0, warmup_epochs=2.0, batch_size=BATCH, learning_rate=rate)
    for seed in SEEDS:
        rows = rounds.setdefault(str(seed), {})
        told = replace(usual, seed=seed)
        for name, change in CHANGES.items():
            if name not in rows:
                rows[name] = _measure(replace(recipe, configuration=change.configuration(told)), few, change)
                if name == BASE:
                    rows["read without the mirror image"] = rows[BASE] | {"accuracy": rows[BASE].pop("single")}
                yield {"n": len(few.validation), "images": IMAGES, "epochs": EPOCHS, "rounds": rounds}


def _measure(recipe: Any, dataset: Dataset, change: Change) -> dict[str, float]:
    model, cost = new_model(recipe, dataset), StepCost()
    try:
        change.trained(model, dataset, recipe.configuration, cost)
    except InvalidConfigurationError:  # the loss is no number any more
        return {}

    def accuracy(*, mirrored: bool) -> float:
        logits = KerasReader(model, mirrored).logits(dataset.validation.images)
        return float((logits.argmax(axis=1) == dataset.validation.labels).mean())

    figures = {"accuracy": accuracy(mirrored=True), "step_seconds": cost.seconds}
    return figures | ({"single": accuracy(mirrored=False)} if change is CHANGES[BASE] else {})


def table(result: dict[str, Any]) -> str:
    """Return one row for each change, with the mean over the rounds that have it, as a Markdown table."""
    rounds = result["rounds"].values()
    rows = []
    for name in CHANGES:
        pairs = [(one[name], one[BASE]) for one in rounds if name in one]
        if not pairs:
            continue
        if not all(changed for changed, _ in pairs):
            rows.append((name, "diverged", "", "", str(len(pairs))))
            continue
        gains = [100 * (changed["accuracy"] - base["accuracy"]) for changed, base in pairs]
        costs = [changed["step_seconds"] / base["step_seconds"] for changed, base in pairs if "step_seconds" in base]
        rows.append(
            (
                name,
                f"{statistics.mean(changed['accuracy'] for changed, _ in pairs):.1%}",
                "" if name == BASE else f"{statistics.mean(gains):+.1f}{_spread(gains, 1)}",
                "" if name == BASE else f"{statistics.mean(costs):.2f}{_spread(costs, 2)}" if costs else "",
                str(len(pairs)),
            )
        )
    return markdown_table(("Change", "Validation accuracy", "Points more", "Times the cost", "Trainings"), rows)


def _spread(values: list[float], digits: int) -> str:
    return f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
