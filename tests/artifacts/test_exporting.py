"""Files of large models: a quarter of their size, and exactly the model that was judged."""

import numpy as np
import pytest
from tests.drawing import colored, digit_dataset, save_quickly

from rabisco.artifacts.exporting import round_kernels
from rabisco.inference import Predictor
from rabisco.models import create_model, resnet
from rabisco.models.backend import start_keras

pytestmark = pytest.mark.training


def test_a_rounded_network_takes_a_quarter_of_the_size_and_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resnet, "WIDTHS", tuple(width // 2 for width in resnet.WIDTHS))
    start_keras()
    import keras

    data = colored(digit_dataset(40))
    model = create_model("resnet18", data.image_shape, 10)
    random = np.random.default_rng(0)
    for layer in model.layers:  # as after training: normalizations that do something
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            layer.set_weights([gamma + random.uniform(0.3, 0.6, gamma.shape), beta, mean, variance])
    images = data.test.images[:16]
    before = model.predict(images, verbose=0)
    round_kernels(model)
    logits = model.predict(images, verbose=0)
    assert np.abs(logits - before).max() < 0.05 * np.abs(before).max()
    artifact = save_quickly(model, "smaller", data)
    assert artifact.onnx_path.stat().st_size < 1.1 * model.count_params()
    assert artifact.weights_path.stat().st_size < 1.4 * model.count_params()
    np.testing.assert_allclose(Predictor(artifact).logits(images), logits, atol=6e-4 * np.abs(logits).max())
    reloaded = keras.models.load_model(artifact.weights_path, compile=False)
    for one, other in zip(reloaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
