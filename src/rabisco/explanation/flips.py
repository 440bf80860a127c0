"""What would change a model's mind: the smallest square, of those tried, that flips the answer when it is changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from rabisco.characters import Among
from rabisco.explanation.occlusion import INK, cover, patches
from rabisco.inference import ClassProbability, Prediction, Predictor

Change = Literal["erased", "added"]
Place = tuple[slice, slice]  # rows, columns
SIDES = (2, 3, 4, 6, 8, 10)  # of the squares, in pixels of 28
PARTS = (5, 4, 3, 2)  # of a photograph: a square is so many times shorter
NEAR = 7  # side of the neighborhood of ink that ink is added in
DARK = 64  # a square whose mean is below is one without ink
FULL = 255


@dataclass(frozen=True)
class Flip:
    """A change of the image and what the model reads then.

    Attributes:
        change: Whether ink was erased or added; of a photograph, "erased" is covered.
        box: Left, top, width and height of the square, in pixels of the image.
        image: uint8 ``(H, W, C)``, changed.
        best: The class that is read then.
    """

    change: Change
    box: tuple[int, int, int, int]
    image: NDArray[np.uint8]
    best: ClassProbability


def smallest_flips(predictor: Predictor, prediction: Prediction, among: Among = "any") -> list[Flip]:
    """Return the smallest square to erase and the smallest to add, where one flips the answer.

    Of photographs, whose parts are covered with their mean color, at most one to erase.

    Args:
        predictor: The model.
        prediction: What it reads.
        among: What is expected to be written.
    """
    pixels = prediction.prepared.pixels
    if prediction.prepared.blank:
        return []
    best = int(predictor.probabilities(pixels[np.newaxis], among)[0].argmax())
    changes: tuple[Change, ...] = ("erased", "added") if pixels.shape[-1] == INK else ("erased",)
    found = (_smallest(predictor, pixels, best, change, among) for change in changes)
    return [flip for flip in found if flip]


def _smallest(predictor: Predictor, pixels: NDArray[np.uint8], best: int, change: Change, among: Among) -> Flip | None:
    for places in _squares(pixels, change):
        images = np.stack([_changed(pixels, place, change) for place in places])
        probabilities = predictor.probabilities(images, among)
        flipped = np.flatnonzero(probabilities.argmax(axis=1) != best)
        if len(flipped):
            changed = np.abs(images[flipped].astype(np.int16) - pixels).sum(axis=(1, 2, 3))
            chosen = int(flipped[changed.argmin()])
            rows, columns = places[chosen]
            (read,) = predictor.best_classes(probabilities[chosen], 1)
            box = (columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
            return Flip(change, box, images[chosen], read)
    return None


def _squares(pixels: NDArray[np.uint8], change: Change) -> Iterator[list[Place]]:
    """Yield the squares of each side that are worth a try, the smallest first."""
    if pixels.shape[-1] == INK:
        near = cv2.dilate(pixels[..., 0], np.ones((NEAR, NEAR), np.uint8)) > DARK
        found = ([*_places(pixels[..., 0], side, change, near)] for side in SIDES)
    else:
        found = (patches(pixels.shape, parts) for parts in PARTS)
    yield from filter(None, found)


def _changed(pixels: NDArray[np.uint8], place: Place, change: Change) -> NDArray[np.uint8]:
    image = cover(pixels, *place)
    if change == "added":
        image[place] = FULL
    return image


def _places(ink: NDArray[np.uint8], side: int, change: Change, near: NDArray[np.bool_]) -> Iterator[Place]:
    """Yield the squares that are worth a try: with ink to erase, or without, but beside some."""
    step = max(2, side // 2)
    height, width = ink.shape
    for top, left in product(range(0, height - side + 1, step), range(0, width - side + 1, step)):
        place = (slice(top, top + side), slice(left, left + side))
        has_ink = ink[place].mean() >= DARK
        if has_ink if change == "erased" else not has_ink and near[place].any():
            yield place
