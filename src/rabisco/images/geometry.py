"""Ink takes the size, place and stroke width that characters have in the training images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from rabisco.images.stroke import redraw, resize_ink, stroke_width

SIDE = 28
MNIST_BOX = 20
MNIST_WIDTHS = (1.65, 3.7)  # pixels; 90% of the training images have mean stroke widths between these two
MNIST_THIN = 2.2  # thinner strokes become this wide: a little thinner than the median, 2.4
EMNIST_BOX = 24
EMNIST_WIDTHS = (1.95, 4.5)
EMNIST_THIN = 2.6
EMNIST_FINE = 4
EMNIST_BLUR = 1.2  # standard deviation on the fine grid: 1 pixel where a character of NIST is 80 high


def as_mnist(ink: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return ink as MNIST shows it: in a 20×20 box, placed in 28×28 by its centre of mass.

    An image of MNIST itself keeps its pixels: its box is already of that size.

    Args:
        ink: float32 ``(H, W)`` in [0, 1], some of it above 0.

    Returns:
        uint8 ``(28, 28)``.

    Source: Y. LeCun et al., "Gradient-based learning applied to document recognition", Proc. IEEE 86(11), 1998.
    """
    crop = ink[bounding_box(ink)]
    enlarged = max(crop.shape) < MNIST_BOX
    small = resize_ink(crop, MNIST_BOX, Image.Resampling.BICUBIC if enlarged else Image.Resampling.BOX)
    small = _with_width(crop, small, MNIST_WIDTHS, MNIST_THIN)
    return _centre_mass((small * 255).astype(np.uint8))


def as_emnist(ink: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return ink as EMNIST shows it: softened, in the middle of 28×28 with two pixels of border, in full contrast.

    Args:
        ink: float32 ``(H, W)`` in [0, 1], some of it above 0.

    Returns:
        uint8 ``(28, 28)``.

    Source: G. Cohen et al., "EMNIST: an extension of MNIST to handwritten letters", arXiv:1702.05373, 2017.
    """
    crop = ink[bounding_box(ink)]
    reduced = resize_ink(crop, EMNIST_BOX, Image.Resampling.BOX)
    wide = _with_width(crop, reduced, EMNIST_WIDTHS, EMNIST_THIN)
    crop = crop if wide is reduced else wide
    if max(crop.shape) <= SIDE:  # as soft already as its few pixels make it
        small = resize_ink(crop, EMNIST_BOX, Image.Resampling.BICUBIC)
    else:
        fine = resize_ink(crop, EMNIST_FINE * (EMNIST_BOX - 1), Image.Resampling.BOX)
        soft = ndimage.gaussian_filter(np.pad(fine, EMNIST_FINE // 2), EMNIST_BLUR)
        small = resize_ink(soft, EMNIST_BOX, Image.Resampling.BICUBIC)
    field = np.zeros((SIDE, SIDE), np.float32)
    top, left = ((SIDE - side) // 2 for side in small.shape)
    field[top : top + small.shape[0], left : left + small.shape[1]] = small
    return np.asarray(field * (255 / field.max()), dtype=np.uint8)


def deskew(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a normalised image sheared so that its strokes stand upright: slant is noise to a linear model.

    The shear is the slope of the line through the rows' centres of mass, by least squares.

    Args:
        image: uint8 ``(28, 28)``, bright = ink.
    """
    weights = image.astype(np.float64)
    total = weights.sum()
    if not total:
        return image
    row, column = (np.arange(side, dtype=np.float64) for side in image.shape)
    row_mean = float(weights.sum(axis=1) @ row) / total
    column_mean = float(weights.sum(axis=0) @ column) / total
    spread = float(weights.sum(axis=1) @ (row - row_mean) ** 2)
    slope = float((row - row_mean) @ weights @ (column - column_mean)) / max(spread, 1e-6)
    matrix = np.array([[1.0, 0.0], [slope, 1.0]])
    sheared = ndimage.affine_transform(weights, matrix, offset=(0.0, -slope * row_mean), order=1)
    return np.asarray(np.clip(sheared + 0.5, 0, 255), dtype=np.uint8)


def bounding_box(ink: NDArray[Any]) -> tuple[slice, slice]:
    """Return rows and columns that hold all ink, what is true or above 0; there must be some."""
    written = ink if ink.dtype == bool else ink > 0
    rows, columns = np.flatnonzero(written.any(axis=1)), np.flatnonzero(written.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _with_width(
    crop: NDArray[np.float32], small: NDArray[np.float32], usual: tuple[float, float], thin: float
) -> NDArray[np.float32]:
    """Return ``small``, which is the crop reduced, if its strokes have a usual width; else redraw the crop so."""
    width = stroke_width(small)
    if usual[0] <= width <= usual[1]:
        return small
    return redraw(crop, max(small.shape), thin if width < thin else usual[1])


def _centre_mass(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = small.shape
    total = max(float(small.sum()), 1.0)
    row = float(small.sum(axis=1) @ np.arange(height)) / total
    column = float(small.sum(axis=0) @ np.arange(width)) / total
    top = min(max(round(SIDE / 2 - row), 0), SIDE - height)
    left = min(max(round(SIDE / 2 - column), 0), SIDE - width)
    field = np.zeros((SIDE, SIDE), np.uint8)
    field[top : top + height, left : left + width] = small
    return field
