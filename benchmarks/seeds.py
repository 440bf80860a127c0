"""Trained three times with other seeds, the CNN reads at least 99.65% of MNIST's test images in the mean.

Each seed draws other first weights, another order, other augmentation and another validation split of MNIST's 60,000
training images; everything else is the recipe of ``mnist-cnn``. Each model is read on the test split once, at its end.
A training takes the better part of an hour: each is kept as the artifact ``mnist-cnn-seed-…``, and not trained
again if that is there. Runs by name only.
"""

import statistics
from dataclasses import replace
from typing import Any

from rabisco.artifacts import Card, list_names, load_artifact
from rabisco.evaluation.tables import markdown_table
from rabisco.recipes import RecipeTask, get_recipe
from rabisco.recipes import run as train

RECIPE = "mnist-cnn"
SEEDS = (25, 26, 27)


def run() -> dict[str, Any]:
    """Train what is not there yet, and return the figures of every seed."""
    cards = [_card(seed) for seed in SEEDS]
    accuracies = [card.metrics["test_accuracy"] for card in cards]
    return {
        "n": cards[0].dataset.test_examples,
        "recipe": RECIPE,
        "mean": statistics.mean(accuracies),
        "standard_deviation": statistics.stdev(accuracies),
        "seeds": {
            str(seed): {"metrics": card.metrics, "parameters": card.parameters, "seconds": card.training_seconds}
            for seed, card in zip(SEEDS, cards, strict=True)
        },
    }


def table(result: dict[str, Any]) -> str:
    """Return one row per seed, and the mean, as a Markdown table."""
    rows = [
        (
            seed,
            f"{one['metrics']['validation_accuracy']:.2%}",
            f"{one['metrics']['validation_loss']:.4f}",
            f"{one['metrics']['test_accuracy']:.2%}",
            f"{one['metrics']['test_accuracy_low']:.2%} – {one['metrics']['test_accuracy_high']:.2%}",
        )
        for seed, one in result["seeds"].items()
    ]
    mean = ("**mean**", "", "", f"{result['mean']:.3%}", f"standard deviation {result['standard_deviation']:.3%}")
    columns = ("Seed", "Validation accuracy", "Validation loss", "Test accuracy", "95% interval")
    return markdown_table(columns, [*rows, mean])


def _card(seed: int) -> Card:
    name = f"{RECIPE}-seed-{seed}"
    if name in list_names():
        return load_artifact(name).card
    recipe = get_recipe(RECIPE)
    return train(RecipeTask(replace(recipe, name=name, configuration=replace(recipe.configuration, seed=seed)))).card
