"""What every architecture in the registry promises."""

import numpy as np
import pytest
from tests.drawing import digit_dataset, save_quickly

from rabisco.artifacts import load_artifact
from rabisco.data.dataset import Dataset, Split
from rabisco.inference import Predictor
from rabisco.models import architecture_names, create_model
from rabisco.training import TrainingConfiguration, train

pytestmark = pytest.mark.training

CLASSES = 10
SHAPE = (28, 28, 1)


@pytest.fixture(params=architecture_names())
def architecture(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def loss(logits: np.ndarray, labels: np.ndarray) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]).mean())


def read(model: object, images: np.ndarray) -> np.ndarray:
    return np.asarray(model.predict(images, verbose=0))  # type: ignore[attr-defined]


def test_turns_raw_pixels_into_one_finite_logit_per_class(architecture: str) -> None:
    model = create_model(architecture, SHAPE, 7)
    logits = read(model, digit_dataset(20).train.images)
    assert logits.shape == (len(digit_dataset(20).train), 7)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()


def test_has_named_intermediates(architecture: str) -> None:
    names = {layer.name for layer in create_model(architecture, SHAPE, CLASSES).layers}
    assert {"scaled", "logits"} <= names


def test_starts_undecided_with_a_loss_near_the_logarithm_of_the_number_of_classes(architecture: str) -> None:
    data = digit_dataset(200).train
    start = loss(read(create_model(architecture, SHAPE, CLASSES), data.images), data.labels)
    assert abs(start - np.log(CLASSES)) < 0.7


def test_memorises_one_batch_in_evaluation_mode(architecture: str) -> None:
    data = digit_dataset(64)
    batch = Split(data.train.images[:32], data.train.labels[:32])
    alone = Dataset("batch", data.class_names, batch, batch, batch, "", 0)
    model = create_model(architecture, SHAPE, CLASSES)
    steps = TrainingConfiguration(epochs=60, batch_size=32, learning_rate=1e-2, weight_decay=0.0, schedule="constant")
    train(model, alone, steps)
    assert (read(model, batch.images).argmax(axis=1) == batch.labels).all()


def test_survives_saving_and_onnx_runtime_agrees_with_keras(architecture: str, home: object) -> None:
    import keras

    data = digit_dataset(300)
    model = create_model(architecture, SHAPE, CLASSES)
    train(model, data, TrainingConfiguration(epochs=1, batch_size=32))
    save_quickly(model, architecture, data)
    expected = read(model, data.test.images)
    artifact = load_artifact(architecture)
    reloaded = keras.models.load_model(artifact.weights_path, compile=False)
    np.testing.assert_allclose(read(reloaded, data.test.images), expected, atol=1e-5)
    np.testing.assert_allclose(Predictor(artifact).logits(data.test.images), expected, atol=1e-4)
