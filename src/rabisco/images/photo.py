"""A photograph of any size becomes the small squares that a model of photographs reads.

Two views are made where the sides differ: the whole picture, squeezed into a square, and the square in its middle. A
small object on a plain ground, as shops show them, is cut out first with some of the ground around it. The model's
answer is the mean over the views.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco.images.geometry import border

Pixels = NDArray[np.uint8]
Logits = NDArray[np.float32]

LOOKED_AT = 48  # pixels, longer side of the small copy in which an object on a plain ground is looked for
BLANK = 8  # of 255, what varies less shows nothing
PLAIN = 24  # of 255, the most that a plain ground differs from its own color
MOSTLY = 0.85  # share of the border that is plain
OBJECT = 40  # of 255, what differs that much from the ground belongs to the object
SMALL = 0.75  # share of the longer side; what fills more is left where it is
MARGIN = 0.15  # of the object's longer side, on each side of it
NEARLY_SQUARE = 1.05


def photo_views(picture: Pixels, side: int) -> Pixels:
    """Return one or two views of a picture, uint8 ``(V, side, side, 3)``; one of that size is returned as it is.

    Args:
        picture: RGB, uint8 ``(H, W, 3)``.
        side: Pixels.
    """
    if picture.shape[:2] == (side, side):
        return picture[np.newaxis]
    image = cut_out(picture)
    width, height = image.size
    boxes: list[tuple[float, float, float, float]] = [(0, 0, width, height)]
    if max(width, height) > NEARLY_SQUARE * min(width, height):
        short = min(width, height)
        left, top = (width - short) / 2, (height - short) / 2
        boxes.append((left, top, left + short, top + short))
    return np.stack([np.asarray(_shrunk(image, side, box)) for box in boxes])


def mean_over_mirrored(read: Callable[[Pixels], Logits], images: Pixels) -> Logits:
    """Return what a model makes of images and of their mirror images, on average: the same things, seen twice.

    Args:
        read: From uint8 ``(N, H, W, 3)`` to logits ``(N, classes)``.
        images: uint8 ``(N, H, W, 3)``.
    """
    logits = read(np.concatenate([images, images[:, :, ::-1]]))
    return np.asarray((logits[: len(images)] + logits[len(images) :]) / 2, np.float32)


def cut_out(picture: Pixels) -> Image.Image:
    """Return the square around a small object on a plain ground, or the picture where there is none."""
    image = Image.fromarray(picture)
    factor = max(1, max(image.size) // LOOKED_AT)
    small = np.asarray(image.reduce(factor) if factor > 1 else image, np.int16)
    edge = border(small)
    ground = np.median(edge, axis=0)
    if (np.abs(edge - ground).max(axis=1) <= PLAIN).mean() < MOSTLY:
        return image
    rows, columns = np.nonzero(np.abs(small - ground).max(axis=2) > OBJECT)
    if not len(rows):
        return image
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    length = max(bottom - top, right - left)
    if length > SMALL * max(small.shape[:2]):
        return image
    half = (0.5 + MARGIN) * length * factor
    across, down = (left + right) / 2 * factor, (top + bottom) / 2 * factor
    box = [round(side) for side in (across - half, down - half, across + half, down + half)]
    square = Image.new("RGB", (box[2] - box[0], box[3] - box[1]), tuple(int(one) for one in ground))
    square.paste(image, (-box[0], -box[1]))
    return square


def _shrunk(image: Image.Image, side: int, box: tuple[float, float, float, float]) -> Image.Image:
    return image.resize((side, side), Image.Resampling.BICUBIC, box, reducing_gap=3.0)
