"""Running a recipe from data set to artifact."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.drawing import digit_dataset

from rabisco.artifacts import load_artifact
from rabisco.data import dataset_names
from rabisco.errors import InvalidConfigurationError
from rabisco.inference import get_predictor
from rabisco.models import architecture_names
from rabisco.recipes import get_recipe, recipe_names, run


def test_every_recipe_names_a_known_data_set_and_architecture() -> None:
    for name in recipe_names():
        recipe = get_recipe(name)
        assert recipe.dataset in dataset_names()
        assert recipe.architecture in architecture_names()
        assert recipe.description


def test_an_unknown_recipe_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InvalidConfigurationError, match="mnist-cnn"):
        get_recipe("mnist-quantum")


@pytest.mark.training
@pytest.mark.parametrize(("name", "least"), [("digits-linear", 0.88), ("digits-cnn", 0.9)])
def test_a_recipe_yields_an_artifact_that_reads_what_its_card_says(home: Path, name: str, least: float) -> None:
    recipe = get_recipe(name)
    if recipe.architecture == "cnn":
        recipe = replace(recipe, configuration=replace(recipe.configuration, epochs=8))
    artifact = run(recipe)
    card = load_artifact(name).card
    test = digit_dataset().test
    answers = get_predictor(name).probabilities(test.images).argmax(axis=1)
    accuracy = float((answers == test.labels).mean())
    assert card == artifact.card
    assert card.metrics["test_accuracy"] == pytest.approx(accuracy, abs=0.005)
    assert accuracy > least
    assert card.metrics["test_accuracy_low"] < accuracy < card.metrics["test_accuracy_high"]
    assert card.dataset.fingerprint == digit_dataset().fingerprint
    assert card.training_seconds > 0
    assert {"keras", "numpy", "python"} <= set(card.versions)


@pytest.mark.training
def test_probabilities_are_those_of_the_logits_divided_by_the_temperature(home: Path) -> None:
    run(get_recipe("digits-linear"), limit=200)
    predictor = get_predictor("digits-linear")
    images = digit_dataset().test.images[:50]
    logits = predictor.logits(images).astype(np.float64) / predictor.card.temperature
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(predictor.probabilities(images), expected, atol=1e-5)
    assert predictor.card.temperature != 1.0
