"""Marks that are not writing are dropped from ink: specks, page edges, frames, fingers and ruled lines."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

NEIGHBOURS = np.ones((3, 3), bool)
SOLID = 0.5  # ink from here on belongs to a stroke and not merely to its soft edge


def drop_marks(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ink, float32 ``(H, W)`` in [0, 1], without what cannot be part of a character."""
    labels, count = ndimage.label(ink > 0, NEIGHBOURS)
    if count <= 1:
        return ink
    areas = np.bincount(labels.ravel(), weights=(ink > SOLID).ravel(), minlength=count + 1)
    areas[0] = 0
    keep = areas >= _least_area(ink, float(areas.max()))
    keep[0] = False
    return np.where(keep[labels], ink, 0)


def stroke_width(ink: NDArray[np.float32]) -> float:
    """Return the mean width of the strokes, in pixels: twice the ink over the length of its outline.

    The outline's length is the total variation of the ink, which needs no threshold and suits soft edges.
    """
    across = np.diff(ink, axis=1)[:-1]
    down = np.diff(ink, axis=0)[:, :-1]
    return 2 * float(ink.sum()) / max(float(np.hypot(across, down).sum()), 1e-6)


def _least_area(ink: NDArray[np.float32], largest: float) -> float:
    """A dot is about as long as its pen is wide; what is much smaller is a speck."""
    return min(max(0.35 * stroke_width(ink) ** 2, 0.004 * largest, 1), largest)
