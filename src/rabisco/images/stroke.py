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
    padded = np.pad(ink, 1)
    across = np.diff(padded, axis=1)[:-1]
    down = np.diff(padded, axis=0)[:, :-1]
    return 2 * float(ink.sum()) / max(float(np.hypot(across, down).sum()), 1e-6)


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
    fine = _resize(crop, FINE * box - 2 * max(growth, 0))
    threshold = 0.5 * min(1.0, float(np.percentile(fine[fine > 0.05], 90)))
    margin = max(growth, 0) + 1
    mask = np.pad(fine > threshold, margin)
    if growth > 0:
        drawn = np.clip(growth + 1 - ndimage.distance_transform_edt(~mask), 0, 1)
    else:
        drawn = np.clip(growth + ndimage.distance_transform_edt(mask), 0, 1)
    return _reduce(drawn.astype(np.float32), box)


def _resize(ink: NDArray[np.float32], longer: int) -> NDArray[np.float32]:
    scale = longer / max(ink.shape)
    size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
    image = Image.fromarray((ink * 255).astype(np.uint8))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR), dtype=np.float32) / 255


def _reduce(drawn: NDArray[np.float32], box: int) -> NDArray[np.float32]:
    rows = np.flatnonzero(drawn.any(axis=1))
    columns = np.flatnonzero(drawn.any(axis=0))
    tight = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = box / max(tight.shape)
    size = (max(1, round(tight.shape[1] * scale)), max(1, round(tight.shape[0] * scale)))
    return np.asarray(Image.fromarray((tight * 255).astype(np.uint8)).resize(size, Image.Resampling.BOX), np.float32) / 255
