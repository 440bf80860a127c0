"""Measures of pictures and ink, and the size, place and stroke width that characters have in the training images."""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 28
FULL = 255  # the ink of a full stroke
GRAYS: NDArray[np.float32] = np.arange(256, dtype=np.float32)
MNIST_BOX = 20
MNIST_WIDTHS = (1.65, 3.7)  # pixels; 90% of the training images have mean stroke widths between these two
MNIST_THIN = 2.2  # thinner strokes become this wide: a little thinner than the median, 2.4
EMNIST_BOX = 24
EMNIST_WIDTHS = (1.95, 4.5)
EMNIST_THIN = 2.6
EMNIST_FINE = 4
FINE = 4  # strokes are redrawn on a grid this many times finer than the training images'
EMNIST_BLUR = 1.2  # standard deviation on the fine grid: 1 pixel where a character of NIST is 80 high

cv2.setNumThreads(1)  # pictures are small, and requests must not fight


def as_mnist(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return ink as MNIST shows it: in a 20×20 box, placed in 28×28 by its center of mass.

    An image of MNIST itself keeps its pixels: its box is already of that size.

    Args:
        crop: uint8 ``(h, w)``, bright = ink, without empty border.

    Returns:
        uint8 ``(28, 28)``.

    Source: Y. LeCun et al., "Gradient-based learning applied to document recognition", Proc. IEEE 86(11), 1998.
    """
    enlarged = max(crop.shape) < MNIST_BOX
    small = resize_ink(crop, MNIST_BOX, Image.Resampling.BICUBIC if enlarged else Image.Resampling.BOX)
    width = stroke_width(small)
    if not MNIST_WIDTHS[0] <= width <= MNIST_WIDTHS[1]:
        small = redraw(crop, max(small.shape), MNIST_THIN if width < MNIST_THIN else MNIST_WIDTHS[1])
    return center_mass(small)


def counts_as_mnist(counts: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return a small image that counts ink, as scikit-learn's digits do, as MNIST would show it, uint8 ``(28, 28)``.

    Args:
        counts: ``(8, 8)``, in [0, 16].
    """
    crop = (counts[bounding_box(counts)] * (255 / 16) + 0.5).astype(np.uint8)
    return center_mass(resize_ink(crop, MNIST_BOX, Image.Resampling.BICUBIC))


def center_mass(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a small image, uint8 ``(h, w)``, in 28×28: its center of mass at row and column 14, counted from 0.

    That is where MNIST's images have it; what does not fit is moved as little as it must be.
    """
    moments = cv2.moments(small)
    total = max(moments["m00"], 1.0)
    field = np.zeros((SIDE, SIDE), np.uint8)
    (height, width), centers = small.shape, (moments["m01"] / total, moments["m10"] / total)
    top, left = (
        min(max(round(SIDE / 2 - center), 0), SIDE - side)
        for center, side in zip(centers, (height, width), strict=True)
    )
    field[top : top + height, left : left + width] = small
    return field


def as_emnist(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return ink as EMNIST shows it: softened, in the middle of 28×28 with two pixels of border, in full contrast.

    Args:
        crop: uint8 ``(h, w)``, bright = ink, without empty border.

    Returns:
        uint8 ``(28, 28)``.

    Source: G. Cohen et al., "EMNIST: an extension of MNIST to handwritten letters", arXiv:1702.05373, 2017.
    """
    reduced = resize_ink(crop, EMNIST_BOX, Image.Resampling.BOX)
    width = stroke_width(reduced)
    if not EMNIST_WIDTHS[0] <= width <= EMNIST_WIDTHS[1]:
        crop = redraw(crop, max(reduced.shape), EMNIST_THIN if width < EMNIST_THIN else EMNIST_WIDTHS[1])
    if max(crop.shape) <= SIDE:  # as soft already as its few pixels make it
        small = resize_ink(crop, EMNIST_BOX, Image.Resampling.BICUBIC)
    else:
        fine = resize_ink(crop, EMNIST_FINE * (EMNIST_BOX - 1), Image.Resampling.BOX)
        soft = soften(np.pad(fine, EMNIST_FINE // 2).astype(np.float32), EMNIST_BLUR)
        small = resize_ink(np.rint(soft).astype(np.uint8), EMNIST_BOX, Image.Resampling.BICUBIC)
    field = np.zeros((SIDE, SIDE), np.uint8)
    top, left = ((SIDE - side) // 2 for side in small.shape)
    field[top : top + small.shape[0], left : left + small.shape[1]] = small
    return np.asarray(field * (255 / max(int(field.max()), 1)), dtype=np.uint8)


def deskew(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a normalized image sheared so that its strokes stand upright: slant is noise to a linear model.

    The shear is the slope of the line through the rows' centers of mass, by least squares.

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
    source = column + slope * (row[:, np.newaxis] - row_mean)  # where each pixel comes from, in its own row
    left = np.floor(source).astype(np.intp)
    share = source - left
    inside = (source >= 0) & (source <= len(column) - 1)
    near, far = (np.clip(place, 0, len(column) - 1) for place in (left, left + 1))
    rows = np.arange(len(row))[:, np.newaxis]
    sheared = np.where(inside, weights[rows, near] * (1 - share) + weights[rows, far] * share, 0)
    return np.asarray(np.clip(sheared + 0.5, 0, 255), dtype=np.uint8)


def soften(values: NDArray[np.float32], deviation: float) -> NDArray[np.float32]:
    """Return values, float32 ``(h, w)``, blurred by a Gaussian of that standard deviation, in pixels."""
    side = 2 * int(4 * deviation + 0.5) + 1
    return np.asarray(cv2.GaussianBlur(values, (side, side), deviation, borderType=cv2.BORDER_REFLECT))


def distance_inside(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return for each pixel of ``(h, w)`` how far it is from the nearest one that is not in the mask, in pixels."""
    return np.asarray(np.sqrt(squared_distance_inside(mask)))


def squared_distance_inside(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the squares of ``distance_inside``, which are whole numbers."""
    distance = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    np.multiply(distance, distance, out=distance)
    return np.asarray(np.rint(distance, out=distance))  # the last digit depends on where in memory the mask lies


def border(values: NDArray[Any]) -> NDArray[Any]:
    """Return the outermost pixels of ``(H, W, ...)`` in one row."""
    return np.concatenate([values[0], values[-1], values[1:-1, 0], values[1:-1, -1]])


def brightness(colors: NDArray[Any]) -> NDArray[np.float32]:
    """Return the mean of the channels, float32 ``(...)``, of colors, uint8 ``(..., 3)`` or gray ``(..., 1)``."""
    if colors.shape[-1] == 1:
        return colors[..., 0].astype(np.float32)
    return np.asarray(colors.astype(np.float32) @ np.full(3, 1 / 3, np.float32))


def fast_median(values: NDArray[np.number[Any]]) -> float:
    """Return the median, as ``numpy.median`` does, at half of what that costs for a few thousand values.

    Where one value is that of more than half of them, as on clean paper, nothing needs to be sorted.

    Args:
        values: Any shape, at least one of them, none of them NaN.
    """
    flat = values.ravel()
    guess = flat[flat.size // 2]
    if 2 * np.count_nonzero(flat == guess) > flat.size:
        return float(guess)
    middle = flat.size // 2
    parted = np.partition(flat, middle)  # by one place: NumPy is many times slower by two
    upper = float(parted[middle])
    return upper if flat.size % 2 else (float(parted[:middle].max()) + upper) / 2


def medians(colors: NDArray[Any]) -> NDArray[np.float32]:
    """Return the median of each channel, float32 ``(C,)``, of colors ``(..., C)``."""
    return np.array([fast_median(colors[..., channel]) for channel in range(colors.shape[-1])], np.float32)


def histogram(shades: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how many pixels have each of 256 shades, ``(256,)``."""
    if not shades.size:
        return np.zeros(256, np.float32)
    return np.asarray(cv2.calcHist([shades], [0], None, [256], [0, 256]), np.float32).ravel()


def weighted_median(values: NDArray[np.float32], counts: NDArray[np.float32]) -> float:
    """Return the median of ascending ``values``, each of which occurs ``counts`` times."""
    reached = counts.cumsum()
    middle = reached[-1] / 2
    return float(values[reached.searchsorted(middle)] + values[reached.searchsorted(middle, side="right")]) / 2


def bounding_box(ink: NDArray[Any]) -> tuple[slice, slice]:
    """Return rows and columns that hold all ink, what is true or above 0; none where there is none."""
    written = ink if ink.dtype in (bool, np.uint8) else ink > 0
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(written).view(np.uint8))
    return slice(top, top + height), slice(left, left + width)


def stroke_width(ink: NDArray[Any]) -> float:
    """Return the mean width of the strokes, in pixels: twice the ink over the length of its outline.

    The outline's length is the total variation of the ink, which needs no threshold and suits soft edges.

    Args:
        ink: ``(h, w)``, whatever a full stroke is.
    """
    padded = cv2.copyMakeBorder(ink.astype(np.float32), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    corner = padded[:-1, :-1]
    across, down = padded[:-1, 1:] - corner, padded[1:, :-1] - corner
    return 2 * float(padded.sum()) / max(float(cv2.magnitude(across, down).sum()), 1e-6)


def redraw(crop: NDArray[np.uint8], box: int, width: float) -> NDArray[np.uint8]:
    """Return ink scaled to fit ``box`` pixels with its strokes ``width`` pixels wide.

    On a grid ``FINE`` times finer every stroke's outline is moved outwards (or inwards) by the same distance, before
    the reduction: a line of one pixel that is reduced first would only fade.

    Args:
        crop: uint8 ``(h, w)``, without empty border.
        box: Side of the square that the result fits, in pixels.
        width: Mean width of the strokes, in pixels of the result.

    Returns:
        uint8 ``(H, W)``, the longer side ``box``.
    """
    now = stroke_width(crop) * box / max(crop.shape)
    growth = round(FINE * (width - now) / 2)
    fine = resize_ink(crop, FINE * box - 2 * max(growth, 0), Image.Resampling.BILINEAR)
    strokes = fine[fine > 0.05 * FULL]
    if not len(strokes):  # so faint an image of a data set has no outline
        return resize_ink(crop, box, Image.Resampling.BOX)
    ordered, place = np.sort(strokes), 0.9 * (len(strokes) - 1)  # as ``numpy.percentile``, sooner
    lower, upper = ordered[int(place) : int(place) + 2][[0, -1]].tolist()
    threshold = 0.42 * min(FULL, lower + (upper - lower) * (place % 1))
    around = 4 * (max(growth, 0) + 1,)
    mask = cv2.copyMakeBorder((fine > threshold).view(np.uint8), *around, cv2.BORDER_CONSTANT).view(bool)
    if growth > 0:
        drawn = np.clip(growth + 1 - distance_inside(~mask), 0, 1)
    else:
        drawn = np.clip(growth + distance_inside(mask), 0, 1)
    if not drawn.any():  # there was nothing but outline
        drawn = mask
    tight = np.asarray(drawn * np.float32(FULL) + np.float32(0.5), np.uint8)
    return resize_ink(tight[bounding_box(drawn)], box, Image.Resampling.BOX)


def reduced(picture: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Return a picture, ``(H, W, 3)``, made smaller by a whole factor; a gray one that is kept once stays so."""
    if picture.strides[2]:
        return np.asarray(Image.fromarray(picture).reduce(factor))
    return as_rgb(np.asarray(Image.fromarray(picture[..., 0]).reduce(factor)))


def as_rgb(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a gray picture, ``(H, W)``, as RGB, ``(H, W, 3)``, that is kept once and cannot be written to."""
    shown: NDArray[np.uint8] = np.ndarray((*gray.shape, 3), np.uint8, gray, strides=(*gray.strides, 0))
    shown.flags.writeable = False
    return shown


def resize_ink(ink: NDArray[np.uint8], longer: int, method: Image.Resampling) -> NDArray[np.uint8]:
    """Return ink, uint8 ``(h, w)``, resized with its aspect kept until its longer side is ``longer``.

    The result is Pillow's. Means over boxes are computed from sums, in six tenths of Pillow's time; they differ from
    Pillow's by one at most, because it rounds twice.
    """
    scale = longer / max(ink.shape)
    size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
    if method is not Image.Resampling.BOX or scale >= 1:
        return np.asarray(Image.fromarray(ink).resize(size, method))
    rows, columns = _boxes(ink.shape[0], size[1]), _boxes(ink.shape[1], size[0])
    sums = cv2.integral(ink)
    sums = sums.take(rows[1], 0) - sums.take(rows[0], 0)
    means = (sums.take(columns[1], 1) - sums.take(columns[0], 1)) / (rows[2][:, np.newaxis] * columns[2])
    means += 0.5
    return np.asarray(means, np.uint8)


@lru_cache(maxsize=2048)
def _boxes(old: int, new: int) -> NDArray[np.intp]:
    """Return for each of ``new`` pixels the first source pixel it covers, the one after the last, and how many.

    The result is ``(3, new)``. A source pixel on a boundary is assigned as Pillow's rounding assigns it: to one box or
    to neither.
    """
    scale = old / new
    centers = (np.arange(new) + 0.5) * scale
    starts, stops = ((centers + half + 0.5).astype(np.intp) for half in (-scale / 2, scale / 2))
    stops = np.minimum(stops, old)
    starts += (starts - centers + 0.5) * (1 / scale) <= -0.5
    stops -= (stops - 1 - centers + 0.5) * (1 / scale) > 0.5
    return np.stack([starts, stops, stops - starts])
