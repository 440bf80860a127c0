"""What mattered to a model: how its answer changes where a part of the image is covered, erased or filled.

Source: Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (2014), section 4.2.
"""

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
Place = tuple[slice, slice]  # rows, columns
PARTS = 4  # a patch is so many times shorter than the image
INK = 1  # channels of an image of ink, whose ground is 0
FLIP_SIDES = (2, 3, 4, 6, 8, 10)  # of the squares that may flip an answer, in pixels of 28
FLIP_PARTS = (5, 4, 3, 2)  # of a photograph: such a square is so many times shorter
NEAR = 7  # side of the neighborhood of ink that ink is added in
DARK = 64  # a square whose mean is below is one without ink
FULL = 255


@dataclass(frozen=True)
class Explanation:
    """A prediction, and what mattered to it.

    Attributes:
        prediction: What is explained; its best class is.
        importance: float32 ``(H, W)`` of the image that the model saw, in [-1, 1]: by how much the probability of the
            best class falls, on average over the patches that cover a pixel; below 0 where it rises.
    """

    prediction: Prediction
    importance: NDArray[np.float32]


def explain(predictor: Predictor, picture: NDArray[np.uint8], among: Among = "any") -> Explanation:
    """Read a decoded picture, and again with each patch covered; an empty picture explains nothing.

    Args:
        predictor: The model.
        picture: RGB, uint8, ``(H, W, 3)``, any size.
        among: What is expected to be written.
    """
    prediction = predictor.predict(picture, among=among)
    pixels = prediction.prepared.pixels
    if prediction.prepared.blank:
        return Explanation(prediction, np.zeros(pixels.shape[:2], np.float32))
    places = patches(pixels.shape)
    index = prediction.best.category_index
    images = np.stack([cover(pixels, *place) for place in places])
    covered = predictor.probabilities(images, among)[:, index]
    falls, times = np.zeros((2, *pixels.shape[:2]), np.float32)
    for (rows, columns), probability in zip(places, covered, strict=True):
        falls[rows, columns] += prediction.best.probability - probability
        times[rows, columns] += 1
    return Explanation(prediction, falls / times)


def patches(shape: tuple[int, ...], parts: int = PARTS) -> list[Place]:
    """Return where the patches lie in an image of a shape ``(H, W, C)``: squares that overlap by half, all over it."""
    side = max(1, min(shape[:2]) // parts)
    rows, columns = (sorted({*range(0, length - side, max(1, side // 2)), length - side}) for length in shape[:2])
    return [(slice(top, top + side), slice(left, left + side)) for top, left in product(rows, columns)]


def cover(pixels: NDArray[np.uint8], rows: slice, columns: slice) -> NDArray[np.uint8]:
    """Return a copy of an image with one patch of its ground: no ink, or a photo's mean color."""
    copy = pixels.copy()
    copy[rows, columns] = 0 if pixels.shape[-1] == INK else pixels.mean(axis=(0, 1)).round()
    return copy


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
        images = np.stack([cover(pixels, *place) for place in places])
        if change == "added":
            for image, place in zip(images, places, strict=True):
                image[place] = FULL
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
        found = ([*_places(pixels[..., 0], side, change, near)] for side in FLIP_SIDES)
    else:
        found = (patches(pixels.shape, parts) for parts in FLIP_PARTS)
    yield from filter(None, found)


def _places(ink: NDArray[np.uint8], side: int, change: Change, near: NDArray[np.bool_]) -> Iterator[Place]:
    """Yield the squares that are worth a try: with ink to erase, or without, but beside some."""
    step = max(2, side // 2)
    height, width = ink.shape
    for top, left in product(range(0, height - side + 1, step), range(0, width - side + 1, step)):
        place = (slice(top, top + side), slice(left, left + side))
        has_ink = ink[place].mean() >= DARK
        if has_ink if change == "erased" else not has_ink and near[place].any():
            yield place
