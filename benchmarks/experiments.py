"""Four experiments of a course on CIFAR-10, as they were and trained again, beside the recipe's own settings.

The course trained ResNet-18 from ImageNet's weights, with SGD and a learning rate that falls every period of epochs,
and says of each training its epochs, its learning rate, its accuracies and its speed. Here the same network is trained
on 500 images from weights drawn at random, for published ones were not at hand: four times with the course's settings,
and once with those of the recipe `cifar10-resnet18`. All are judged after each epoch on the same 500 validation
images. It may be ended between two trainings, and the next run goes on. Runs by name only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rabisco.artifacts import load_artifact
from rabisco.data.dataset import Dataset, Split
from rabisco.evaluation.plots import plot_sweep
from rabisco.evaluation.statistics import wilson_interval
from rabisco.evaluation.tables import markdown_table
from rabisco.recipes import get_recipe
from rabisco.recipes.material import load_material
from rabisco.recipes.run import new_model
from rabisco.training import TrainingConfiguration, train
from rabisco.training.photos import PhotoAugmentation

RECIPE, IMAGES, BATCH = "cifar10-resnet18", 500, 32
OURS = 30  # epochs
PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "experiments.png"


@dataclass(frozen=True)
class Experiment:
    """One of the course's, with what it says of it."""

    epochs: int
    learning_rate: float
    train_accuracy: float
    validation_accuracy: float
    examples_per_second: float


COURSE = (
    Experiment(30, 1e-3, 0.630, 0.438, 286.1),
    Experiment(30, 1e-4, 0.767, 0.525, 285.3),
    Experiment(50, 1e-3, 0.813, 0.475, 286.9),
    Experiment(20, 1e-3, 0.477, 0.537, 286.1),
)


def _trainings(recipe: TrainingConfiguration) -> dict[str, TrainingConfiguration]:
    """Return how each training is done, by its title: the course's four, and the recipe's."""
    rate = recipe.learning_rate * BATCH / recipe.batch_size
    ours = replace(recipe, cooldown_epochs=0, batch_size=BATCH, learning_rate=rate, first_side=None)
    theirs = replace(
        ours,
        schedule="step",
        step_epochs=10,
        weight_decay=5e-4,
        label_smoothing=0.0,
        augmentation=PhotoAugmentation(shift=4, erasing=0),
    )
    told = {
        f"{one.epochs} epochs, learning rate {one.learning_rate:g}": replace(
            theirs, epochs=one.epochs, learning_rate=one.learning_rate
        )
        for one in COURSE
    }
    return {**told, f"{OURS} epochs, as the recipe": replace(ours, epochs=OURS)}


def grow(earlier: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Train what is not there yet, and yield the figures so far after each training."""
    recipe, dataset = load_material(get_recipe(RECIPE))
    few = replace(dataset, train=_some(dataset.train), validation=_some(dataset.validation))
    rows: dict[str, dict[str, Any]] = dict(earlier.get("trainings", {}))
    for title, told in _trainings(recipe.configuration).items():
        if title not in rows:
            rows[title] = _measure(replace(recipe, configuration=told), few)
            figures = {"n": len(few.validation), "images": IMAGES, "course": [asdict(one) for one in COURSE]}
            PICTURE.write_bytes(plot_sweep({name: row["history"] for name, row in rows.items()}))
            yield {**figures, "trainings": rows, "bundled": load_artifact(RECIPE).card.metrics["validation_accuracy"]}


def _some(split: Split) -> Split:
    chosen = np.random.default_rng(0).choice(len(split), IMAGES, replace=False)
    return split[chosen]


def _measure(recipe: Any, dataset: Dataset) -> dict[str, Any]:
    result = train(new_model(recipe, dataset), dataset, recipe.configuration)
    kept = ("epoch", "loss", "accuracy", "validation_accuracy", "examples_per_second")
    history = [{name: round(float(row[name]), 4) for name in kept} for row in result.history]
    last = history[-1]
    print(
        f"loss {last['loss']:.3f}, train acc {last['accuracy']:.3f}, valid acc {last['validation_accuracy']:.3f}\n"
        f"{last['examples_per_second']:.1f} examples/sec",
        flush=True,
    )
    return {"epochs": recipe.configuration.epochs, "minutes": round(result.seconds / 60, 1), "history": history}


def table(result: dict[str, Any]) -> str:
    """Return the course's experiments and ours as a Markdown table."""
    n, course = result["n"], result["course"]
    rows = []
    for place, (title, one) in enumerate(result["trainings"].items()):
        last = one["history"][-1]
        low, high = wilson_interval(round(n * last["validation_accuracy"]), n)
        theirs = f"{course[place]['validation_accuracy']:.1%}" if place < len(course) else ""
        rows.append(
            (
                title,
                theirs,
                f"{last['validation_accuracy']:.1%} ({low:.1%} – {high:.1%})",
                f"{last['accuracy']:.1%}",
                f"{last['loss']:.3f}",
                f"{last['examples_per_second']:.0f}",
            )
        )
    rows.append(("bundled, 45,000 images", "", f"{result['bundled']:.1%}", "", "", ""))
    head = ("Training", "Validation, the course", "Validation", "Training images", "Loss", "Examples a second")
    return markdown_table(head, rows)
