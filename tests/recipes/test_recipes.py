"""Running a recipe from data set to artifact."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.drawing import digit_dataset, save_quickly

from rabisco import data
from rabisco.artifacts import BUNDLED_DIR, load_artifact, save_again
from rabisco.data import dataset_names
from rabisco.errors import DataUnavailableError, InvalidConfigurationError
from rabisco.explanation import Inside
from rabisco.images import normalize_pixels
from rabisco.inference import get_predictor
from rabisco.memory import Memory
from rabisco.models import architecture_names, create_model
from rabisco.recipes import (
    RecipeTask,
    Watcher,
    get_recipe,
    kept_images,
    load_material,
    normalized,
    recipe_names,
    run,
    with_supplements,
    with_teacher,
    without_empty_classes,
)
from rabisco.runs import RunRequest
from rabisco.runs.resolving import check
from rabisco.training import TrainingConfiguration


def test_every_recipe_names_a_known_data_set_and_architecture() -> None:
    for name in recipe_names():
        recipe = get_recipe(name)
        assert {recipe.dataset, *recipe.supplements} <= set(dataset_names())
        assert recipe.architecture in architecture_names()


def test_an_unknown_recipe_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InvalidConfigurationError, match="mnist-cnn"):
        get_recipe("mnist-quantum")


@pytest.mark.training
@pytest.mark.parametrize(("name", "least"), [("digits-linear", 0.88), ("digits-cnn", 0.9)])
def test_a_recipe_yields_an_artifact_that_reads_what_its_card_says(home: Path, name: str, least: float) -> None:
    recipe = get_recipe(name)
    if recipe.architecture == "cnn":  # at half the widths it learns in a quarter of the time
        recipe = replace(recipe, architecture="cnn-small", configuration=replace(recipe.configuration, epochs=4))
    artifact = run(RecipeTask(recipe))
    card = load_artifact(name).card
    test = digit_dataset().test
    predictor = get_predictor(name)
    probabilities = predictor.probabilities(test.images)
    accuracy = float((probabilities.argmax(axis=1) == test.labels).mean())
    assert card == artifact.card
    assert card.metrics["test_accuracy"] == pytest.approx(accuracy, abs=0.005)
    kept = artifact.training_images
    assert kept
    assert kept.features is None
    trained = {image.tobytes() for image in normalized(digit_dataset(), recipe.normalizer).train.images}
    assert len(kept.images) == min(1000, len(trained))
    assert all(image.tobytes() in trained for image in kept.images)
    again = save_again(artifact, card, memory=Memory())
    assert again.training_images
    np.testing.assert_array_equal(again.training_images.images, kept.images)
    assert accuracy > least
    assert card.metrics["test_accuracy_low"] < accuracy < card.metrics["test_accuracy_high"]
    assert card.dataset.fingerprint == digit_dataset().fingerprint
    assert card.training_seconds > 0
    assert np.trace(card.confusions or []) / len(test) == pytest.approx(card.metrics["test_accuracy"])
    assert {"keras", "numpy", "python"} <= set(card.versions)
    logits = predictor.logits(test.images[:50]).astype(np.float64) / card.temperature
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities[:50], expected, atol=1e-5)
    assert card.temperature != 1.0


@pytest.mark.training
def test_slow_models_keep_the_features_of_their_training_images(monkeypatch: pytest.MonkeyPatch) -> None:
    digits = digit_dataset(60)
    model = create_model("cnn-tiny", digits.image_shape, digits.num_classes)
    monkeypatch.setattr("rabisco.recipes.card_builder.SLOW", 0)
    kept = kept_images(model, digits.train)
    inside = Inside(save_quickly(model, "slow", digits))
    assert kept.features is not None
    np.testing.assert_allclose(kept.features, inside.features(kept.images), atol=2e-3)


@pytest.mark.slow
def test_a_quick_try_takes_as_small_a_share_of_the_supplements() -> None:
    recipe = replace(get_recipe("digits-cnn"), supplements=("digit-forms",))
    dataset = digit_dataset(200)
    supplemented = with_supplements(recipe, dataset, limit=200)
    added = supplemented.train[len(dataset.train) :]
    assert len(added) == 20
    assert set(added.labels) <= {1, 3, 4, 7, 9}
    assert added.images.any(axis=(1, 2, 3)).all()


def test_what_a_teacher_answers_is_most_of_the_targets() -> None:
    digits = digit_dataset(300)
    renamed = replace(digits, class_names=(*digits.class_names[:9], "zeta"))
    taught = with_teacher(replace(get_recipe("digits-cnn"), teacher="mnist-tiny@0"), renamed)
    targets, labels = taught.train.targets, taught.train.labels
    assert targets is not None
    own = targets[np.arange(len(labels)), labels]
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-5)
    assert (own[labels == 9] == 1).all()  # the teacher knows no zeta
    assert 0.5 < own[labels != 9].mean() < 0.99
    logits = get_predictor("mnist-tiny").logits(digits.train.images)
    wrong = logits.argmax(axis=1) != labels
    assert own[wrong & (labels != 9)].mean() < own[~wrong & (labels != 9)].mean() - 0.1
    assert taught.train[labels == 3].targets is not None
    again = with_teacher(replace(get_recipe("digits-cnn"), teacher="mnist-tiny@0"), renamed)
    np.testing.assert_array_equal(again.train.targets, targets)
    assert with_teacher(get_recipe("digits-cnn"), digits) is digits


@pytest.mark.training
def test_a_training_says_how_far_the_asking_of_its_teacher_is() -> None:
    heard: list[tuple[str, dict[str, float]]] = []

    class Hearing(Watcher):
        def phase(self, name: str, **facts: float) -> None:
            heard.append((name, facts))

    _, dataset = RecipeTask(replace(get_recipe("digits-cnn"), teacher="mnist-tiny@0")).prepare(Hearing())
    assert dataset.train.targets is not None
    parts = -(-len(dataset.train) // 500)
    assert heard == [("asking", {"share": round(500 * part / len(dataset.train), 2)}) for part in range(parts)]


def test_a_teacher_is_asked_only_where_the_recipe_is_trained_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "is_local", lambda name: True)  # noqa: ARG005
    asked = {"data": {"recipe": "mnist-cnn-small"}, "artifact": "mine"}
    assert check(RunRequest.parse(asked)).teacher == "mnist-cnn@0"
    for changed in ({"preset": "fast"}, {"preset": "seconds"}, {"architecture": "cnn-tiny"}):
        assert check(RunRequest.parse({**asked, **changed})).teacher == ""


def test_a_class_without_training_images_is_left_out_with_its_test_images() -> None:
    dataset = digit_dataset()
    rows = dataset.train.labels != 3
    fewer = replace(dataset, train=dataset.train[rows])
    known = without_empty_classes(fewer)
    assert known.class_names == ("0", "1", "2", "4", "5", "6", "7", "8", "9")
    for before, after in ((fewer.train, known.train), (fewer.validation, known.validation), (fewer.test, known.test)):
        names = [dataset.class_names[label] for label in before.labels if label != 3]
        assert [known.class_names[label] for label in after.labels] == names
        np.testing.assert_array_equal(after.images, before.images[before.labels != 3])
    assert without_empty_classes(dataset) is dataset


def test_images_are_stood_upright_for_a_model_whose_normalizer_does_so() -> None:
    dataset = digit_dataset(100)
    np.testing.assert_array_equal(normalized(dataset, "mnist@1").test.images, dataset.test.images)
    upright = normalized(dataset, "mnist-deskew@1")
    np.testing.assert_array_equal(upright.test.images, normalize_pixels(dataset.test.images, "mnist-deskew@1"))
    assert (upright.test.images != dataset.test.images).any()
    np.testing.assert_array_equal(upright.train.labels, dataset.train.labels)


@pytest.mark.slow
def test_the_tiny_network_has_at_most_ten_thousand_weights() -> None:
    recipe = get_recipe("mnist-tiny")
    assert create_model(recipe.architecture, (28, 28, 1), 10).count_params() <= 10_000


def test_a_recipe_whose_supplements_are_absent_stops_with_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "is_local", lambda name: name != "digits-scan")
    recipe = get_recipe("mnist-cnn")
    with pytest.raises(DataUnavailableError, match=r"Received: no digits-scan; .* --without-supplements"):
        load_material(recipe)
    asked = {"data": {"recipe": "mnist-cnn"}, "artifact": "mine"}
    with pytest.raises(DataUnavailableError, match="digits-scan"):
        check(RunRequest.parse(asked))
    assert check(RunRequest.parse({**asked, "without_supplements": True})).supplements == ()
    retrained = check(RunRequest.parse({**asked, "artifact": "mnist-cnn", "corrections": True}))
    assert retrained.supplements == ("handwriting-extra", "digit-forms")


def test_a_bundled_model_is_what_its_recipe_trains_seed_included() -> None:
    for path in BUNDLED_DIR.glob("*/card.json"):
        card = json.loads(path.read_text(encoding="utf-8"))
        recipe = get_recipe(card["name"])
        assert TrainingConfiguration.from_dict(card["configuration"]) == recipe.configuration
        assert card["architecture"] == recipe.architecture
        assert card["normalizer"] == recipe.normalizer
        assert card["dataset"]["name"] == recipe.dataset
        assert card["dataset"]["split_seed"] == recipe.configuration.seed
        assert all(name in card["notes"] for name in recipe.supplements)
