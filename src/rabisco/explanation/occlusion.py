"""What mattered to a model: how much less probable its answer becomes where a part of the image is covered.

Source: Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (2014), section 4.2.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from rabisco.characters import Among
from rabisco.inference import Prediction, Predictor

PARTS = 4  # a patch is so many times shorter than the image
INK = 1  # channels of an image of ink, whose ground is 0


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


def patches(shape: tuple[int, ...], parts: int = PARTS) -> list[tuple[slice, slice]]:
    """Return where the patches lie in an image of a shape ``(H, W, C)``: squares that overlap by half, all over it."""
    side = max(1, min(shape[:2]) // parts)
    rows, columns = (sorted({*range(0, length - side, max(1, side // 2)), length - side}) for length in shape[:2])
    return [(slice(top, top + side), slice(left, left + side)) for top, left in product(rows, columns)]


def cover(pixels: NDArray[np.uint8], rows: slice, columns: slice) -> NDArray[np.uint8]:
    """Return a copy of an image with one patch of its ground: no ink, or a photo's mean color."""
    copy = pixels.copy()
    copy[rows, columns] = 0 if pixels.shape[-1] == INK else pixels.mean(axis=(0, 1)).round()
    return copy
