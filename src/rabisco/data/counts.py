"""Small images that count ink, such as the digits of scikit-learn, in the manner of MNIST."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE = 28
_BOX = 20


def to_mnist(counts: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return one image as MNIST would show it, uint8 ``(28, 28)``, from counts in [0, 16], ``(8, 8)``."""
    ink = _scale_to_box(_crop(counts) * (255 / 16))
    total = ink.sum(dtype=np.float64)
    canvas = np.zeros((_SIDE, _SIDE), np.uint8)
    corner = []
    for axis, size in enumerate(ink.shape):
        centre = float((ink.sum(axis=1 - axis) * (np.arange(size) + 0.5)).sum() / total)
        corner.append(min(max(round(_SIDE / 2 - centre), 0), _SIDE - size))
    canvas[corner[0] : corner[0] + ink.shape[0], corner[1] : corner[1] + ink.shape[1]] = ink
    return canvas


def _crop(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = np.flatnonzero(counts.any(axis=1))
    columns = np.flatnonzero(counts.any(axis=0))
    return counts[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scale_to_box(ink: NDArray[np.float64]) -> NDArray[np.uint8]:
    factor = _BOX / max(ink.shape)
    height, width = (max(1, round(size * factor)) for size in ink.shape)
    picture = Image.fromarray(ink.astype(np.float32))
    scaled = np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))
    return np.asarray(np.clip(scaled, 0, 255).round(), dtype=np.uint8)
