"""The served ONNX models give the logits of the Keras models they were exported from, to 1e-4, on 1,000 images.

The first 1,000 test images of MNIST, raw pixels, through ``pesos.h5`` with Keras (the baseline) and through
``model.onnx`` with ONNX Runtime, for each bundled digit model.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import DIGIT_MODELS
from rabisco import data
from rabisco.artifacts import load_artifact
from rabisco.evaluation import read_logits
from rabisco.evaluation.tables import markdown_table
from rabisco.inference import get_predictor
from rabisco.models.backend import start_keras


def run() -> dict[str, Any]:
    """Compare the logits of both forms of each model."""
    images = data.load("mnist").test.images[:1000]
    return {"n": len(images), "models": {name: _agreement(name, images) for name in DIGIT_MODELS}}


def table(result: dict[str, Any]) -> str:
    """Return how far the logits are apart as a Markdown table."""
    rows = [
        (f"`{name}`", f"{one['max_difference']:.1e}", f"{one['largest_logit']:.1f}", f"{one['same_answers']:.1%}")
        for name, one in result["models"].items()
    ]
    return markdown_table(("Model", "Largest difference of a logit", "Largest logit", "Same answer"), rows)


def _agreement(name: str, images: NDArray[np.uint8]) -> dict[str, float]:
    start_keras()
    import keras

    model = keras.saving.load_model(load_artifact(name).weights_path, compile=False)
    expected = np.asarray(model.predict(images, verbose=0))
    received = read_logits(get_predictor(name), images)
    return {
        "max_difference": float(np.abs(expected - received).max()),
        "largest_logit": float(np.abs(expected).max()),
        "same_answers": float((expected.argmax(axis=1) == received.argmax(axis=1)).mean()),
    }
