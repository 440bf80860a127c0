"""Marks that are not writing are dropped from ink: specks, page edges, frames, fingers and ruled lines."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rabisco.images.geometry import bounding_box
from rabisco.images.stroke import stroke_width

NEIGHBOURS = np.ones((3, 3), bool)
SOLID = 0.5  # ink from here on belongs to a stroke and not merely to its soft edge
THIN_LINE = 0.06  # share of a side that a line between cells is wide
MARGIN = 0.08  # share of the shorter side along the border where page edges, frames and fingers lie


def drop_marks(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ink, float32 ``(H, W)`` in [0, 1], without what cannot be part of a character."""
    written = ink > 0
    if not written.any():
        return ink
    box = bounding_box(written)  # what lies outside need not be looked at: a drawing mostly is one piece
    pieces, count = ndimage.label(written[box], NEIGHBOURS)
    if count == 1:
        return ink
    labels = np.zeros(ink.shape, np.int32)
    labels[box] = pieces
    solid = (ink > SOLID).ravel()
    areas = np.bincount(labels.ravel()[solid], minlength=count + 1)
    keep = areas >= _least_area(ink, float(areas.max()))
    keep[0] = False
    for marks in (_lies_along_border(labels, solid, areas), _crosses_picture(labels)):
        if (keep & ~marks).any():
            keep &= ~marks
    return np.where(keep[labels], ink, 0)


def _lies_along_border(
    labels: NDArray[np.int32], solid: NDArray[np.bool_], areas: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return for each label whether it touches the border and keeps mostly to the margin."""
    margin = max(1, round(MARGIN * min(labels.shape)))
    ring = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    touching = np.zeros(len(areas), bool)
    touching[ring] = True
    inner = labels[margin:-margin, margin:-margin].ravel()
    inner_solid = solid.reshape(labels.shape)[margin:-margin, margin:-margin].ravel()
    inside = np.bincount(inner[inner_solid], minlength=len(areas))
    return np.asarray(touching & (inside < 0.4 * areas))


def _crosses_picture(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return for each label whether it is a straight line from border to opposite border, as between cells of a form.

    Where one mark crosses the picture without being a line, the picture is cut close, and none is taken for a line.
    """
    height, width = labels.shape
    line = np.zeros(int(labels.max()) + 1, bool)
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        tall, wide = rows.stop - rows.start, columns.stop - columns.start
        if tall == height or wide == width:
            line[number] = min(tall / height, wide / width) < THIN_LINE
            if not line[number]:
                return np.zeros_like(line)
    return line


def _least_area(ink: NDArray[np.float32], largest: float) -> float:
    """A dot is about as long as its pen is wide; what is much smaller is a speck."""
    return min(max(0.35 * stroke_width(ink) ** 2, 0.004 * largest, 1), largest)
