"""Strokes are brought to the width that the training images have, where a pen was far thinner or fatter."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

FINE = 4  # strokes are redrawn on a grid this many times finer than the training images'


def stroke_width(ink: NDArray[np.float32]) -> float:
    """Return the mean width of the strokes, in pixels: twice the ink over the length of its outline.

    The outline's length is the total variation of the ink, which needs no threshold and suits soft edges.
    """
    padded = framed(ink)
    corner = padded[:-1, :-1]
    across, down = padded[:-1, 1:] - corner, padded[1:, :-1] - corner
    return 2 * float(ink.sum()) / max(float(np.hypot(across, down).sum()), 1e-6)


def framed(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ink, float32 ``(h, w)``, with a border of one pixel without any."""
    padded = np.zeros((ink.shape[0] + 2, ink.shape[1] + 2), np.float32)
    padded[1:-1, 1:-1] = ink
    return padded


def redraw(crop: NDArray[np.float32], box: int, width: float) -> NDArray[np.float32]:
    """Return ink scaled to fit ``box`` pixels with its strokes ``width`` pixels wide.

    On a grid ``FINE`` times finer every stroke's outline is moved outwards (or inwards) by the same distance, before
    the reduction: a line of one pixel that is reduced first would only fade.

    Args:
        crop: float32 ``(h, w)`` in [0, 1], without empty border.
        box: Side of the square that the result fits, in pixels.
        width: Mean width of the strokes, in pixels of the result.

    Returns:
        float32 ``(H, W)`` in [0, 1], the longer side ``box``.
    """
    now = stroke_width(crop) * box / max(crop.shape)
    growth = round(FINE * (width - now) / 2)
    fine = resize_ink(crop, FINE * box - 2 * max(growth, 0), Image.Resampling.BILINEAR)
    threshold = 0.42 * min(1.0, float(np.percentile(fine[fine > 0.05], 90)))
    mask = np.pad(fine > threshold, max(growth, 0) + 1)
    if growth > 0:
        drawn = np.clip(growth + 1 - ndimage.distance_transform_edt(~mask), 0, 1)
    else:
        drawn = np.clip(growth + ndimage.distance_transform_edt(mask), 0, 1)
    if not drawn.any():  # there was nothing but outline
        drawn = mask
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    tight = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
    return resize_ink(tight, box, Image.Resampling.BOX)


def resize_ink(ink: NDArray[np.float32], longer: int, method: Image.Resampling) -> NDArray[np.float32]:
    """Return ink, float32 ``(h, w)`` in [0, 1], resized with its aspect kept until its longer side is ``longer``."""
    scale = longer / max(ink.shape)
    size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
    image = Image.fromarray((ink * 255 + 0.5).astype(np.uint8)).resize(size, method)
    return np.asarray(image, dtype=np.float32) * np.float32(1 / 255)
