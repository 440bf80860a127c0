"""What every architecture promises, for every kind of images that its entry names."""

import contextlib
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from tests.drawing import colored, digit_dataset, save_quickly

from rabisco.artifacts import load_artifact
from rabisco.artifacts.saving import SHRUNK
from rabisco.data.dataset import Dataset, Split
from rabisco.explanation import Inside, decision, grad_cam
from rabisco.images import ImageKind
from rabisco.inference import Predictor
from rabisco.models import Architecture, architecture_names, choices, cifar_cnn, create_model, get_architecture, resnet
from rabisco.training import TrainingConfiguration, train
from rabisco.web.models.titles import keras_code

pytestmark = pytest.mark.training

CLASSES = 10
CASES = [(name, kind) for name in architecture_names() for kind in get_architecture(name).augmentation]
# Each architecture once, for the same layers are built for every kind, and exported alike.
ONE_EACH = {**dict(CASES), "cnn-small": "grey", "linear": "grey"}


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let networks of photographs have a quarter of their channels; the whole of ResNet-18 is exported elsewhere."""
    for network in (cifar_cnn, resnet):
        monkeypatch.setattr(network, "WIDTHS", tuple(width // 4 for width in network.WIDTHS))


class Case(NamedTuple):
    """An architecture and a kind of images that it reads."""

    entry: Architecture
    kind: ImageKind

    def data(self, limit: int | None = None) -> Dataset:
        digits = digit_dataset(limit)
        return colored(digits) if self.kind == "colour" else digits

    def create(self, num_classes: int = CLASSES):
        return create_model(self.entry.name, self.data(20).image_shape, num_classes)


@pytest.fixture(params=CASES, ids="-".join)
def case(request: pytest.FixtureRequest) -> Case:
    name, kind = request.param
    return Case(get_architecture(name), kind)


def loss(logits: np.ndarray, labels: np.ndarray) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]).mean())


def read(model: object, images: np.ndarray) -> np.ndarray:
    return np.asarray(model(images, training=False))  # type: ignore[operator] # to trace it takes longer than to read


@cache
def untrained(name: str, kind: ImageKind):
    """Return a model that no test changes."""
    return Case(get_architecture(name), kind).create()


def test_its_entry_says_what_people_choose_and_how_it_is_trained(case: Case) -> None:
    assert case.entry.title
    assert choices(case.kind)[case.entry.name].summary == case.entry.summary
    assert case.entry.usual(case.kind).augmentation == case.entry.augmentation[case.kind]
    assert untrained(case.entry.name, case.kind).name == case.entry.name


def test_turns_raw_pixels_into_one_finite_logit_per_class(case: Case) -> None:
    images = case.data(20).train.images
    logits = read(case.create(7), images)
    assert logits.shape == (len(images), 7)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()


def test_has_named_intermediates(case: Case) -> None:
    assert {"scaled", "logits"} <= {layer.name for layer in untrained(case.entry.name, case.kind).layers}


def test_starts_undecided_with_a_loss_near_the_logarithm_of_the_number_of_classes(case: Case) -> None:
    data = case.data(40).train
    start = loss(read(untrained(case.entry.name, case.kind), data.images), data.labels)
    assert abs(start - np.log(CLASSES)) < 0.7


@pytest.mark.parametrize("case", ONE_EACH.items(), indirect=True, ids="-".join)
def test_memorises_one_batch_in_evaluation_mode(case: Case) -> None:
    data = case.data(32)
    step = 2 if case.kind == "colour" else 1  # a quarter of the pixels
    batch = Split(data.train.images[:16, ::step, ::step], data.train.labels[:16])
    often = Split(np.tile(batch.images, (10, 1, 1, 1)), np.tile(batch.labels, 10))  # an epoch begins and ends slowly
    alone = Dataset("batch", data.class_names, often, batch, batch, "", 0)
    model = create_model(case.entry.name, alone.image_shape, CLASSES)
    steps = TrainingConfiguration(epochs=9, batch_size=16, learning_rate=3e-3, weight_decay=0.0, schedule="constant")
    reached: list[float] = []
    train(
        model,
        alone,
        steps,
        lambda progress: reached.append(progress.validation_accuracy or 0),
        lambda: "stop" if 1.0 in reached else "continue",
    )
    assert (read(model, batch.images).argmax(axis=1) == batch.labels).all()


@pytest.mark.parametrize("case", ONE_EACH.items(), indirect=True, ids="-".join)
def test_its_usual_configuration_trains_and_onnx_runtime_agrees_with_keras(case: Case, home: object) -> None:
    import keras

    keras.utils.set_random_seed(25)  # of some weights, the class that is looked into has none that speak for it
    data = case.data(20)
    model = case.create()
    usual = case.entry.usual(case.kind)
    result = train(model, data, replace(usual, epochs=1, cooldown_epochs=min(1, usual.cooldown_epochs), batch_size=8))
    assert np.isfinite(result.history[0]["loss"])
    save_quickly(model, f"my-{case.entry.name}", data)
    images = data.test.images
    expected = read(model, images)
    artifact = load_artifact(f"my-{case.entry.name}")
    reloaded = keras.models.load_model(artifact.weights_path, compile=False)
    np.testing.assert_allclose(read(reloaded, images), expected, atol=1e-5)
    folder = artifact.folder
    np.save(folder / "images.npy", images)
    seen: dict[str, object] = {}
    with contextlib.chdir(folder):
        exec(keras_code(artifact.card), seen)
    np.testing.assert_allclose(np.asarray(seen["logits"]), expected, atol=1e-5)
    np.testing.assert_allclose(np.asarray(seen["probabilities"]).sum(axis=1), 1, atol=1e-5)
    halved = artifact.card.parameters > SHRUNK
    within = (2e-2 if halved else 1e-4) * max(1, float(np.abs(expected).max()) / 100)  # cifar-cnn came to 840
    np.testing.assert_allclose(Predictor(artifact).logits(images), expected, atol=within)
    assert artifact.onnx_path.stat().st_size < artifact.card.parameters * (2.1 if halved else 4.1) + 20_000
    inside = Inside(artifact)
    looked = inside.run(images[0])
    outputs = {stage: reloaded.get_layer(stage).output for stage in looked.stages}
    computed = keras.Model(reloaded.input, outputs)(images[:1]) if outputs else {}
    for stage, maps in looked.stages.items():
        largest = max(1, float(np.abs(maps).max()))
        np.testing.assert_allclose(maps, np.asarray(computed[stage])[0], atol=within * largest)
    decided = decision(inside, looked, 3)
    assert decided
    assert decided.logit == pytest.approx(expected[0, 3], abs=within)
    assert inside.is_linear or (grad_cam(inside, looked, 3) is not None and looked.stages)
