"""Digits re-drawn anywhere on a canvas, 70 to 260 pixels large, are read through /predict: the CNN at least 99%.

The first 500 test digits of each of MNIST's classes are cut to their ink, enlarged so that the longer side is 70 to
260 pixels (uniform), put at a random place on a 280×280 canvas (seed 0), saved as PNG and sent to the real
application's ``POST /predict``; black on white, white on black, and once more each cut at the edge of its ink, where
no paper is left around the digit. The baseline is what most demos do with the same PNG and the same model: shrink it
to 28×28 and invert it if it is light.
"""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import DIGIT_MODELS, accuracy_of, interval
from rabisco import data
from rabisco.data.dataset import Split
from rabisco.evaluation import read_logits
from rabisco.evaluation.tables import markdown_table
from rabisco.inference import get_predictor
from rabisco.web import create_app

SIDE = 280
INKS = {  # name -> whether the ink is dark, whether the canvas is cut at its edge
    "black on white": (True, False),
    "white on black": (False, False),
    "black on white, cut at its edge": (True, True),
    "white on black, cut at its edge": (False, True),
}
PER_CLASS = 500
FILES_PER_REQUEST = 50


def run() -> dict[str, Any]:
    """Read every canvas with every model, through the application and naively."""
    test = _first_of_each_class(data.load("mnist").test)
    results: dict[str, dict[str, Any]] = {name: {} for name in DIGIT_MODELS}
    for ink, (dark, cut) in INKS.items():
        canvases = list(_canvases(test, dark_ink=dark, cut=cut))
        for name in DIGIT_MODELS:
            answers = {"ours": _through_application(name, canvases), "naive": _naively(name, canvases)}
            right = {way: int((read == test.labels).sum()) for way, read in answers.items()}
            results[name][ink] = {way: accuracy_of(count, len(test)) for way, count in right.items()}
    return {"n": len(test), "canvas": SIDE, "digit_pixels": [70, 260], "seed": 0, "models": results}


def table(result: dict[str, Any]) -> str:
    """Return the accuracies of each model and ink as a Markdown table."""
    rows = [
        (f"`{name}`", ink, f"{ways['naive']['accuracy']:.2%}", f"{ours['accuracy']:.2%}", interval(ours))
        for name, inks in result["models"].items()
        for ink, ways in inks.items()
        for ours in [ways["ours"]]
    ]
    return markdown_table(("Model", "Ink", "Shrunk to 28×28", "`POST /predict`", "95% interval"), rows)


def draw(image: NDArray[np.uint8], random: np.random.Generator) -> Image.Image:
    """Return a digit, uint8 ``(28, 28, 1)``, at a random place and size on a black 280×280 canvas."""
    digit = Image.fromarray(image[..., 0])
    digit = digit.crop(digit.getbbox())
    factor = random.uniform(70, 260) / max(digit.size)
    width, height = (max(1, round(side * factor)) for side in digit.size)
    canvas = Image.new("L", (SIDE, SIDE), 0)
    place = int(random.integers(0, SIDE - width + 1)), int(random.integers(0, SIDE - height + 1))
    canvas.paste(digit.resize((width, height), Image.Resampling.BICUBIC), place)
    return canvas


def draw_png(image: NDArray[np.uint8], random: np.random.Generator) -> bytes:
    """Return what ``draw`` does, as a PNG."""
    buffer = io.BytesIO()
    draw(image, random).save(buffer, "PNG")
    return buffer.getvalue()


def _first_of_each_class(split: Split) -> Split:
    chosen = np.concatenate([np.flatnonzero(split.labels == label)[:PER_CLASS] for label in range(10)])
    return split[chosen]


def _canvases(split: Split, *, dark_ink: bool, cut: bool) -> Iterator[bytes]:
    random = np.random.default_rng(0)
    for image in split.images:
        canvas = draw(image, random)
        canvas = canvas.crop(canvas.getbbox()) if cut else canvas
        buffer = io.BytesIO()
        (canvas.point([255 - level for level in range(256)]) if dark_ink else canvas).save(buffer, "PNG")
        yield buffer.getvalue()


def _through_application(name: str, canvases: list[bytes]) -> NDArray[np.int64]:
    client = create_app().test_client()
    answers: list[int] = []
    for start in range(0, len(canvases), FILES_PER_REQUEST):
        files = [(io.BytesIO(png), "canvas.png") for png in canvases[start : start + FILES_PER_REQUEST]]
        response = client.post(f"/predict/{name}", data={"file": files})
        answers += [prediction["category_index"] for prediction in response.get_json()["predictions"]]
    return np.array(answers)


def _naively(name: str, canvases: list[bytes]) -> NDArray[np.int64]:
    shrunk = np.stack([np.asarray(Image.open(io.BytesIO(png)).resize((28, 28))) for png in canvases])
    light = shrunk.mean(axis=(1, 2)) > 127
    shrunk[light] = 255 - shrunk[light]
    answers: NDArray[np.int64] = read_logits(get_predictor(name), shrunk[..., np.newaxis]).argmax(axis=1)
    return answers
