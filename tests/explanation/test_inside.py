"""What is seen inside is what Keras computes: maps, features, gradients; and what a linear model adds up."""

import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.web.serving import draw_seven

from rabisco.artifacts import load_artifact
from rabisco.explanation import Inside, decision, get_inside, grad_cam
from rabisco.images import prepare
from rabisco.inference import get_predictor

SEVEN = np.asarray(draw_seven().convert("RGB"))
LINEAR = ("mnist-linear", "emnist-linear")
NETWORKS = ("mnist-cnn", "mnist-tiny", "emnist-cnn", "cifar10-cnn", "cifar10-resnet18")


def seen_by(name: str) -> np.ndarray:
    if name.startswith("cifar10"):
        return np.random.default_rng(3).integers(0, 256, (32, 32, 3), np.uint8)
    return prepare(SEVEN, get_predictor(name).card.normalizer).pixels


@cache
def keras_model(name: str) -> Any:
    import keras

    return keras.saving.load_model(load_artifact(name).weights_path, compile=False)


@pytest.mark.parametrize("name", [*LINEAR, *NETWORKS])
def test_the_parts_of_every_class_sum_to_its_logit(name: str) -> None:
    inside, image = get_inside(get_predictor(name)), seen_by(name)
    seen = inside.run(image)
    np.testing.assert_allclose(seen.logits, inside._session.run(None, {"pixels": image[np.newaxis]})[0][0], atol=1e-5)
    for index in range(len(seen.logits)):
        decided = decision(inside, seen, index)
        assert decided
        assert decided.logit == pytest.approx(float(seen.logits[index]), abs=1e-5)
        assert decided.parts[decided.order[0]] == decided.parts.max()


@pytest.mark.parametrize("name", LINEAR)
def test_the_evidence_of_a_linear_model_is_weight_times_pixel(name: str) -> None:
    inside, image = get_inside(get_predictor(name)), seen_by(name)
    decided = decision(inside, inside.run(image), 3)
    assert inside.is_linear
    assert inside.kernels is None
    assert decided
    assert inside.weights is not None
    np.testing.assert_allclose(decided.parts, image.ravel() / 255 * inside.weights[:, 3], atol=1e-6)


@pytest.mark.training
@pytest.mark.parametrize("name", NETWORKS)
def test_maps_features_and_kernels_are_those_of_keras(name: str) -> None:
    import keras

    model, image, inside = keras_model(name), seen_by(name), get_inside(get_predictor(name))
    seen = inside.run(image)
    assert [*seen.stages] == [one.name for one in model.layers if re.fullmatch(r"stem|stage\d", one.name)]
    assert len(seen.stages) >= 3
    layers = [*seen.stages, "features", "logits"]
    expected = keras.Model(model.input, [model.get_layer(layer).output for layer in layers])(image[np.newaxis])
    found = [*seen.stages.values(), seen.features, seen.logits]
    tolerance = 2e-2 if name == "cifar10-resnet18" else 1e-4  # some of its weights are stored as float16
    for own, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(own, np.asarray(theirs)[0], atol=tolerance)
    first = next(layer for layer in model.layers if "Conv2D" in type(layer).__name__)
    assert inside.kernels is not None
    assert seen.answers is not None
    kernels, answered = np.asarray(first.kernel).transpose(3, 0, 1, 2), first.output
    if name == "cifar10-resnet18":  # the normalization is part of its first layer
        norm = model.get_layer("stem_norm")
        scales = norm.gamma / np.sqrt(norm.moving_variance + norm.epsilon)
        kernels, answered = kernels * np.asarray(scales)[:, None, None, None], norm.output
    narrow = {"rtol": 1e-3} if name == "cifar10-resnet18" else {}  # float16
    np.testing.assert_allclose(inside.kernels, kernels, atol=1e-6, **narrow)
    answers = keras.Model(model.input, answered)(image[np.newaxis])
    np.testing.assert_allclose(seen.answers, np.asarray(answers)[0], atol=5e-3 if narrow else 1e-4)


@pytest.mark.training
@pytest.mark.parametrize("name", NETWORKS)
def test_grad_cam_is_what_keras_gradients_give(name: str) -> None:
    import keras
    import tensorflow as tf

    model, image, inside = keras_model(name), seen_by(name), get_inside(get_predictor(name))
    seen = inside.run(image)
    index = int(seen.logits.argmax())
    both = keras.Model(model.input, [model.get_layer([*seen.stages][-1]).output, model.get_layer("logits").output])
    with tf.GradientTape() as tape:
        maps, logits = both(image[np.newaxis])
        chosen = logits[0, index]
    weights = tf.reduce_mean(tape.gradient(chosen, maps)[0], axis=(0, 1))
    expected = np.asarray(tf.nn.relu(tf.reduce_sum(weights * maps[0], axis=-1)))
    found = grad_cam(inside, seen, index)
    assert found is not None
    assert found.max() > 0
    np.testing.assert_allclose(found, expected, atol=1e-2 if name.startswith("cifar10") else 1e-4)


@pytest.mark.training
def test_grad_cam_follows_features_that_are_the_mean_of_the_maps() -> None:
    import keras
    import tensorflow as tf
    from tests.drawing import digit_dataset, save_quickly

    keras.utils.set_random_seed(1)
    pixels = keras.Input((28, 28, 1), dtype="uint8", name="pixels")
    maps = keras.layers.Rescaling(1 / 255, name="scaled")(pixels)
    maps = keras.layers.Conv2D(6, 5, strides=2, activation="relu", name="stem")(maps)
    maps = keras.layers.Conv2D(7, 3, activation="relu", name="stage1")(maps)
    features = keras.layers.GlobalAveragePooling2D(name="features")(maps)
    model = keras.Model(pixels, keras.layers.Dense(10, name="logits")(features), name="cnn")
    inside = Inside(save_quickly(model, "mean", digit_dataset(20)))
    image = seen_by("mnist-cnn")
    seen = inside.run(image)
    assert [*seen.stages] == ["stem", "stage1"]
    assert inside.link == ("mean", pytest.approx(1.0, abs=1e-5))
    both = keras.Model(pixels, [maps, model.output])
    with tf.GradientTape() as tape:
        computed, logits = both(image[np.newaxis])
        chosen = logits[0, 4]
    weights = tf.reduce_mean(tape.gradient(chosen, computed)[0], axis=(0, 1))
    expected = np.asarray(tf.nn.relu(tf.reduce_sum(weights * computed[0], axis=-1)))
    np.testing.assert_allclose(grad_cam(inside, seen, 4), expected, atol=1e-5)


@pytest.mark.training
def test_features_are_found_in_maps_that_only_faint_images_light() -> None:
    import keras
    from tests.drawing import digit_dataset, save_quickly

    pixels = keras.Input((28, 28, 1), dtype="uint8", name="pixels")
    maps = keras.layers.Rescaling(1 / 255, name="scaled")(pixels)
    maps = keras.layers.Conv2D(1, 5, strides=5, activation="relu", name="stem")(maps)
    features = keras.layers.Flatten(name="features")(maps)
    model = keras.Model(pixels, keras.layers.Dense(10, name="logits")(features), name="cnn")
    model.get_layer("stem").set_weights([np.full((5, 5, 1, 1), -1 / 25), np.array([0.2])])
    inside = Inside(save_quickly(model, "faint", digit_dataset(20)))
    dense = np.random.default_rng(0).integers(0, 256, (28, 28, 1), np.uint8)
    assert not inside.run(dense).stages["stem"].any()
    assert inside.link == ("flat", pytest.approx(1.0, abs=1e-5))


def test_predicting_loads_no_inside() -> None:
    from rabisco.explanation.inside import _load

    _load.cache_clear()
    get_predictor("mnist-cnn").predict(SEVEN)
    assert _load.cache_info().currsize == 0
    first, second = (get_inside(get_predictor("mnist-cnn")) for _ in range(2))
    assert first is second
