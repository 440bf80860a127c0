"""What ordinary people drew, scanned and photographed is read by the CNNs: 98% of the digits, 85% of the letters.

The pictures of the development part (``realworld/digits`` and ``realworld/letters`` in RABISCO_DATA_DIR), but for
those by people whose handwriting the models have trained on, go through ``decode``, ``prepare`` and the model, and are
counted by kind; letters are read without regard to case, once among all classes and once, as with ``among=letters``,
among the letters alone. The baseline is what most demos do with the same file and the same model: shrink the whole
picture to 28×28 and invert it if it is light. Nothing was tuned to single pictures, but these are the pictures that
general faults were found on; a figure for other people's is in nobody's hands here.
"""

import csv
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import CHARACTER_MODELS, DIGIT_MODELS, accuracy_of, interval
from rabisco.characters import Among
from rabisco.errors import DataUnavailableError
from rabisco.evaluation.tables import markdown_table
from rabisco.images import decode, prepare
from rabisco.inference import get_predictor
from rabisco.settings import get_settings

# Other pictures by these people are in `handwriting-extra` and `digits-scan`, on which models have trained.
TRAINED_ON = {
    "Bishwaprotapi/Hand-Written",
    "minichazer/mnist-cnn-lab",
    "vincentho627/AI-Distinguish-Handwritten-Alphabet",
    "kishieel/federated-handwritten-letters",
    "mingyanying/SingleLetterRecognizing",
    "brendenlake/omniglot",
}
Reader = Callable[[NDArray[np.uint8]], NDArray[Any]]
EVERY_KIND = "all"


def run() -> dict[str, Any]:
    """Read every digit with every digit model and every letter with every character model, ours and naively."""
    parts = {
        "digits": _read_part(DIGIT_MODELS, "digits"),
        "letters": _read_part(CHARACTER_MODELS, "letters"),
        "letters, said to be": _read_part(CHARACTER_MODELS, "letters", "letters"),
    }
    counts = [next(iter(parts[part].values()))[EVERY_KIND]["ours"]["n"] for part in ("digits", "letters")]
    return {"n": sum(counts), "parts": parts}


def table(result: dict[str, Any]) -> str:
    """Return the accuracies of each model and kind of picture as a Markdown table."""
    rows = [
        (part, f"`{name}`", kind, *_figures(ways))
        for part, models in result["parts"].items()
        for name, kinds in models.items()
        for kind, ways in kinds.items()
    ]
    return markdown_table(("", "Model", "Kind", "Pictures", "Shrunk to 28×28", "Rabisco", "95% interval"), rows)


def table_in_short(result: dict[str, Any]) -> str:
    """Return the accuracies of each model on all kinds of pictures together as a Markdown table."""
    rows = [
        (part, f"`{name}`", *_figures(kinds[EVERY_KIND]))
        for part, models in result["parts"].items()
        for name, kinds in models.items()
    ]
    return markdown_table(("", "Model", "Pictures", "Shrunk to 28×28", "Rabisco", "95% interval"), rows)


def _figures(ways: dict[str, Any]) -> tuple[str, str, str, str]:
    ours = ways["ours"]
    return f"{ours['n']:,}", f"{ways['naive']['accuracy']:.1%}", f"{ours['accuracy']:.1%}", interval(ours)


def _read_part(models: tuple[str, ...], part: str, among: Among = "any") -> dict[str, Any]:
    read = {}
    for name in models:
        predictor = get_predictor(name)
        card = predictor.card
        read[name] = measure(
            partial(predictor.probabilities, among=among),
            card.class_names,
            card.normalizer,
            part,
            ignore_case=part == "letters",
        )
    return read


def measure(
    scores: Reader, class_names: tuple[str, ...], normalizer: str, part: str = "digits", *, ignore_case: bool = False
) -> dict[str, dict[str, Any]]:
    """Return the accuracy of any model on a part of the real pictures, by kind, ours beside the naive way.

    Args:
        scores: Images, uint8 ``(N, H, W, C)``, to logits or probabilities, ``(N, classes)``.
        class_names: Name of each class, in the order of the scores.
        normalizer: The one that makes such images, such as ``mnist@1``.
        part: Folder under ``realworld``: ``digits`` or ``letters``.
        ignore_case: Whether ``a`` counts as a right answer for ``A``.

    Raises:
        DataUnavailableError: The pictures are not in RABISCO_DATA_DIR.
    """
    rows = unseen_characters(part)
    files = [folder_of(part) / row["file"] for row in rows]
    images = {
        "ours": np.stack([prepare(decode(file.read_bytes()), normalizer).pixels for file in files]),
        "naive": np.stack([naive_pixels(file) for file in files]),
    }
    fold = str.lower if ignore_case else str
    labels = np.array([fold(row["label"]) for row in rows])
    names = np.array([fold(name) for name in class_names])
    right = {way: names[scores(pixels).argmax(axis=1)] == labels for way, pixels in images.items()}
    kinds = np.array([row["kind"] for row in rows])
    chosen = {kind: kinds == kind for kind in sorted(set(kinds))} | {EVERY_KIND: np.ones(len(rows), bool)}
    return {
        kind: {way: accuracy_of(int(answers[mask].sum()), int(mask.sum())) for way, answers in right.items()}
        for kind, mask in chosen.items()
    }


def read_manifest(part: str) -> list[dict[str, str]]:
    """Return the rows that describe the pictures of a part.

    Raises:
        DataUnavailableError: The pictures are not in RABISCO_DATA_DIR.
    """
    manifest = folder_of(part) / "manifest.csv"
    if not manifest.is_file():
        raise DataUnavailableError(
            f"expected realworld/{part}/manifest.csv in RABISCO_DATA_DIR, found none; put it there"
        )
    with manifest.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def unseen_characters(part: str) -> list[dict[str, str]]:
    """Return the rows of a part of characters by people on whom no model was trained; see ``read_manifest``."""
    return [row for row in read_manifest(part) if row["source_repo"] not in TRAINED_ON]


def read_pictures(part: str, rows: list[dict[str, str]]) -> list[NDArray[np.uint8]]:
    """Return the decoded pictures of some rows of a part's manifest, RGB."""
    return [decode((folder_of(part) / row["file"]).read_bytes()) for row in rows]


def folder_of(part: str) -> Path:
    """Return the folder in which the pictures of a part would lie."""
    return (get_settings().data_dir or Path(os.curdir)) / "realworld" / part


def naive_pixels(file: Path) -> NDArray[np.uint8]:
    """Return the whole picture shrunk to 28×28, inverted if it is light, uint8 ``(28, 28, 1)``."""
    with Image.open(file) as image:
        shrunk = np.asarray(image.convert("L").resize((28, 28)))
    return (255 - shrunk if shrunk.mean() > 127 else shrunk)[..., np.newaxis]
