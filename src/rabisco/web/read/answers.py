"""Predictions as the API answers them and as pages show them."""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco.inference import ClassProbability, Prediction
from rabisco.text_reading import ReadCharacter
from rabisco.web import refusals
from rabisco.web.read.steps import step_title


def as_json(prediction: Prediction, with_steps: bool = False) -> dict[str, Any]:
    """Return one entry of ``predictions``; the first two keys are the contract, the rest may grow."""
    answer = {
        **_as_json(prediction.best),
        "top_k": [_as_json(candidate) for candidate in prediction.top_k],
        "alike": list(prediction.alike),
        "among": prediction.among,
        "model": prediction.model,
        "version": prediction.version,
        "latency_ms": round(prediction.latency_ms, 3),
        "blank": prediction.prepared.blank,
        "refused": refusals.as_json(prediction),
        "doubt": None if prediction.doubt is None else round(prediction.doubt, 4),
    }
    if with_steps:
        answer["steps"] = steps(prediction)
    return answer


def steps(prediction: Prediction | ReadCharacter) -> list[dict[str, str]]:
    """Return how the picture became the model's input: name, title and PNG data URL of each step."""
    return [
        {
            "name": step.name,
            "title": step_title(step.name, prediction.prepared.pixels.shape),
            "image": data_url(step.picture),
        }
        for step in prediction.prepared.steps
    ]


def data_url(pixels: NDArray[np.uint8]) -> str:
    """Return uint8 pixels, ``(H, W)``, ``(H, W, 1)`` or ``(H, W, 3)``, as a PNG data URL."""
    buffer = io.BytesIO()
    flat = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels
    Image.fromarray(flat).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def thumbnail(pixels: NDArray[np.uint8], side: int = 192) -> str:
    """Return a picture, reduced to fit a square of ``side`` pixels, as a PNG data URL."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side))
    return data_url(np.asarray(image))


def _as_json(candidate: ClassProbability) -> dict[str, Any]:
    return {
        "category": candidate.category,
        "category_index": candidate.category_index,
        "probability": round(candidate.probability, 6),
    }
