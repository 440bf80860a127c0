"""The same training on whichever backends of Keras are installed: it learns, goes on, and is read by ONNX Runtime."""

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from tests import forking

pytestmark = pytest.mark.training
PROGRAM = """
import sys
from dataclasses import replace
from pathlib import Path
import numpy as np
from rabisco import data
from rabisco.artifacts.exporting import export
from rabisco.data.dataset import Dataset, Split
from rabisco.models import create_model, get_architecture
from rabisco.models.backend import device, start_keras
from rabisco.training import Checkpoints, train

folder = Path(sys.argv[1])
start_keras()
import keras

keras.config.disable_traceback_filtering()
digits = data.load("digits", limit=400)
coarse = np.random.default_rng(0).integers(0, 256, (96, 8, 8, 3))
photos = Split(np.kron(coarse, np.ones((1, 4, 4, 1))).astype(np.uint8), coarse[:, 0, 0, 0] // 128)
photographs = Dataset("photographs", ("dark", "light"), photos, photos, photos, fingerprint="0" * 64, split_seed=0)


def trained(name, dataset, kind, checkpoints=None, stop=False, **changes):
    keras.utils.set_random_seed(3)
    model = create_model(name, dataset.image_shape, dataset.num_classes)
    told = replace(get_architecture(name).usual(kind), cooldown_epochs=0, patience=None, **changes)
    batches = iter(range(10_000))
    ask = lambda: "stop" if stop and next(batches) == 12 else "continue"
    return model, train(model, dataset, told, request=ask, checkpoints=checkpoints)


few = {"epochs": 4, "batch_size": 16}
whole, result = trained("cnn-tiny", digits, "grey", **few)
_, first = trained("cnn-tiny", digits, "grey", Checkpoints(folder), stop=True, **few)
assert first.ended == "stopped"
resumed, _ = trained("cnn-tiny", digits, "grey", Checkpoints(folder), **few)
alike = [np.array_equal(*pair) for pair in zip(whole.get_weights(), resumed.get_weights())]
assert all(alike), f"{alike.count(False)} of {len(alike)} arrays are others than without the interruption"
models = {"cnn-tiny": (whole, digits.test.images[:50])}
for name in sys.argv[2:]:
    model, _ = trained(name, photographs, "colour", epochs=2, batch_size=48)
    models[name] = model, photos.images[:8]
for name, (model, images) in models.items():
    logits = keras.ops.convert_to_numpy(model(images))
    model.save(folder / f"{name}.h5", include_optimizer=False)
    export(model, folder / f"{name}.h5", folder / f"{name}.onnx")
    np.savez(folder / f"{name}.npz", images=images, logits=logits)
print(keras.backend.backend(), device(), result.history[-1]["accuracy"], sep="\\n")
"""


@pytest.mark.parametrize(
    ("backend", "others"),
    [("tensorflow", ()), ("torch", ("cifar-cnn", "resnet18")), ("jax", ("cifar-cnn", "resnet18"))],
)
def test_a_training_is_the_same_on_every_backend(backend: str, others: tuple[str, ...], tmp_path: Path) -> None:
    """What TensorFlow makes of the other networks is seen in other tests."""
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    program = ["-c", PROGRAM, str(tmp_path), *others]
    told = forking.run_python("training", program, timeout=600, env={**os.environ, "KERAS_BACKEND": backend})
    assert told.returncode == 0, told.stderr[-3000:]
    used, device, accuracy = told.stdout.split()[-3:]
    assert (used, ":" in device) == (backend, True)
    assert float(accuracy) > 0.5
    for name in ("cnn-tiny", *others):
        kept = np.load(tmp_path / f"{name}.npz")
        session = onnxruntime.InferenceSession(tmp_path / f"{name}.onnx")
        (read,) = session.run(None, {session.get_inputs()[0].name: kept["images"]})
        np.testing.assert_allclose(read, kept["logits"], atol=2e-3, rtol=1e-3)
