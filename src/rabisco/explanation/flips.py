"""What would change a model's mind: the smallest square, of those tried, that flips the answer when it is changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from rabisco.characters import Among
from rabisco.inference import ClassProbability, Prediction, Predictor

Change = Literal["erased", "added"]
SIDES = (2, 3, 4, 6, 8, 10)  # of the squares, in pixels of 28
NEAR = 7  # side of the neighborhood of ink that ink is added in
DARK = 64  # a square whose mean is below is one without ink
FULL = 255


@dataclass(frozen=True)
class Flip:
    """A change of the image and what the model reads then.

    Attributes:
        change: Whether ink was erased or added.
        box: Left, top, width and height of the square, in pixels of the image.
        image: uint8 ``(H, W, C)``, changed.
        best: The class that is read then.
    """

    change: Change
    box: tuple[int, int, int, int]
    image: NDArray[np.uint8]
    best: ClassProbability


def smallest_flips(predictor: Predictor, prediction: Prediction, among: Among = "any") -> list[Flip]:
    """Return the smallest square to erase and the smallest to add, where one flips the answer; none of photographs.

    Args:
        predictor: The model.
        prediction: What it reads; of an image of ink.
        among: What is expected to be written.
    """
    pixels = prediction.prepared.pixels
    if prediction.prepared.ink is None or prediction.prepared.blank:
        return []
    best = int(predictor.probabilities(pixels[np.newaxis], among)[0].argmax())
    found = (_smallest(predictor, pixels, best, change, among) for change in ("erased", "added"))
    return [flip for flip in found if flip]


def _smallest(predictor: Predictor, pixels: NDArray[np.uint8], best: int, change: Change, among: Among) -> Flip | None:
    near = cv2.dilate(pixels[..., 0], np.ones((NEAR, NEAR), np.uint8)) > DARK
    for side in SIDES:
        places = list(_places(pixels[..., 0], side, change, near))
        if not places:
            continue
        images = np.repeat(pixels[np.newaxis], len(places), axis=0)
        for image, (top, left) in zip(images, places, strict=True):
            image[top : top + side, left : left + side] = 0 if change == "erased" else FULL
        probabilities = predictor.probabilities(images, among)
        flipped = np.flatnonzero(probabilities.argmax(axis=1) != best)
        if len(flipped):
            changed = np.abs(images[flipped].astype(np.int16) - pixels).sum(axis=(1, 2, 3))
            chosen = int(flipped[changed.argmin()])
            top, left = places[chosen]
            (read,) = predictor.best_classes(probabilities[chosen], 1)
            return Flip(change, (left, top, side, side), images[chosen], read)
    return None


def _places(ink: NDArray[np.uint8], side: int, change: Change, near: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield top and left of the squares that are worth a try: with ink to erase, or without, but beside some."""
    step = max(2, side // 2)
    height, width = ink.shape
    for top, left in product(range(0, height - side + 1, step), range(0, width - side + 1, step)):
        square = ink[top : top + side, left : left + side]
        has_ink = square.mean() >= DARK
        if has_ink if change == "erased" else not has_ink and near[top : top + side, left : left + side].any():
            yield top, left
