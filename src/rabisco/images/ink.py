"""A picture becomes ink: how strongly each pixel was written on, whatever the colours of pen and paper."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_CONTRAST = 16  # grey levels between pen and paper below which nothing has been written
HISTOGRAM_BINS = 256


@dataclass(frozen=True)
class Ink:
    """What was written in a picture.

    Attributes:
        values: float32 ``(H, W)`` in [0, 1], bright = ink.
        contrast: float32 ``(H, W)``, difference from the background before thresholding, in grey levels.
    """

    values: NDArray[np.float32]
    contrast: NDArray[np.float32]

    @property
    def blank(self) -> bool:
        """Whether nothing was written."""
        return not self.values.any()


def find_ink(picture: NDArray[np.uint8]) -> Ink:
    """Return the ink of a picture, dark on light or light on dark, in any colours.

    Args:
        picture: RGB, uint8 ``(H, W, 3)``.
    """
    contrast = colour_contrast(picture)
    return Ink(soft_threshold(contrast), contrast)


def colour_contrast(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return each pixel's difference from the background, along the line from background to pen colour.

    The background is the median of the border, so polarity needs no decision of its own.
    """
    difference = picture.astype(np.float32) - border_colour(picture)
    strength = np.abs(difference).sum(axis=2)
    pen = difference[strength >= 0.5 * strength.max()].mean(axis=0)
    direction = pen / max(float(np.linalg.norm(pen)), 1e-6)
    return np.asarray(difference @ direction.astype(np.float32), dtype=np.float32)


def border_colour(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the median colour, float32 ``(3,)``, of the picture's outermost pixels."""
    ring = np.concatenate([picture[0], picture[-1], picture[1:-1, 0], picture[1:-1, -1]])
    return np.median(ring, axis=0).astype(np.float32)


def soft_threshold(contrast: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ink in [0, 1]: paper and its noise become 0, full strokes 1, edges stay between."""
    level = otsu(contrast)
    strokes = contrast[contrast > level]
    if not strokes.size or level < LEAST_CONTRAST / 2:
        return np.zeros_like(contrast)
    full = float(np.median(strokes))
    paper = contrast[contrast <= level]
    low = min(3 * float(paper.std()), 0.5 * full)
    return np.clip((contrast - low) / (full - low), 0, 1)


def otsu(values: NDArray[np.float32]) -> float:
    """Return the level that splits ``values`` into the two classes with the greatest variance between them.

    Source: N. Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. SMC 9, 1979.
    """
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return low
    counts = np.bincount(((values - low) * ((HISTOGRAM_BINS - 1) / (high - low))).astype(np.intp).ravel())
    weight = np.cumsum(counts) / counts.sum()
    mean = np.cumsum(counts * np.arange(len(counts))) / counts.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (mean[-1] * weight - mean) ** 2 / (weight * (1 - weight))
    best = np.flatnonzero(between[:-1] >= np.nanmax(between[:-1]) * (1 - 1e-6))  # a plateau where a gap is
    return low + (float(best.mean()) + 0.5) * (high - low) / (HISTOGRAM_BINS - 1)
