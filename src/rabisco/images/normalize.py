"""Ink becomes the pixels a model was trained on; one table names every way of doing so, with its version."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco.errors import InvalidConfigurationError
from rabisco.images.ink import Ink, find_ink
from rabisco.images.stroke import redraw, stroke_width

SIDE = 28
BOX = 20
THINNEST = 1.65  # pixels: 90% of MNIST's training images have mean stroke widths between these two
FATTEST = 3.7
THINNEST_AFTER = 2.2
WORKING_SIDE = 320  # pixels; a character that fills a quarter of the picture still has four for each of its own


@dataclass(frozen=True)
class Step:
    """One stage on the way from picture to pixels.

    Attributes:
        name: Stable identifier: ``polarity``, ``ink``, ``crop`` or ``result``.
        picture: uint8 ``(H, W)`` or ``(H, W, 3)``; bright = ink.
    """

    name: str
    picture: NDArray[np.uint8]


@dataclass(frozen=True)
class Prepared:
    """A picture made ready for a model.

    Attributes:
        pixels: uint8 ``(28, 28, 1)``, bright = ink; or ``(32, 32, 3)`` for photos.
        blank: Whether no ink was found; the pixels are then all 0.
        ink: The ink they were made from; ``None`` for photos.
    """

    pixels: NDArray[np.uint8]
    blank: bool
    ink: Ink | None = None

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The stages from picture to pixels, drawn when first asked for."""
        result = Step("result", self.pixels[..., 0] if self.pixels.shape[2] == 1 else self.pixels)
        if self.ink is None:
            return (result,)
        ink = (self.ink.values * 255).astype(np.uint8)
        polarity = np.clip(self.ink.contrast, 0, 255).astype(np.uint8)
        crop = ink if self.blank else ink[bounding_box(self.ink.values)]
        return Step("polarity", polarity), Step("ink", ink), Step("crop", crop), result


def prepare(picture: NDArray[np.uint8], normalizer: str) -> Prepared:
    """Return the pixels that a model whose card names ``normalizer`` expects.

    Args:
        picture: RGB, uint8 ``(H, W, 3)``, as ``decode`` returns it.
        normalizer: Name and version, such as ``mnist@1``.

    Raises:
        InvalidConfigurationError: No normaliser has that name.
    """
    return _find(normalizer)(picture)


def as_mnist(ink: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return ink as MNIST shows it: in a 20×20 box, placed in 28×28 by its centre of mass.

    Source: Y. LeCun et al., "Gradient-based learning applied to document recognition", Proc. IEEE 86(11), 1998.
    """
    crop = ink[bounding_box(ink)]
    width = stroke_width(crop) * BOX / max(crop.shape)
    if not THINNEST <= width <= FATTEST:
        small = redraw(crop, BOX, float(np.clip(width, THINNEST_AFTER, FATTEST)))
    else:
        small = fit(crop, BOX)
    return centre((small * 255).astype(np.uint8))


def fit(crop: NDArray[np.float32], box: int) -> NDArray[np.float32]:
    """Return ink scaled so that its longer side is ``box`` pixels, each the mean of what it covers."""
    scale = box / max(crop.shape)
    size = (max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale)))
    image = Image.fromarray((crop * 255).astype(np.uint8))
    return np.asarray(image.resize(size, Image.Resampling.BOX), dtype=np.float32) / 255


def centre(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return ``small``, at most 20×20, in 28×28 with its centre of mass in the middle, as far as it fits."""
    height, width = small.shape
    total = max(float(small.sum()), 1.0)
    row = float(small.sum(axis=1) @ np.arange(height)) / total
    column = float(small.sum(axis=0) @ np.arange(width)) / total
    top = min(max(round(SIDE / 2 - row), 0), SIDE - height)
    left = min(max(round(SIDE / 2 - column), 0), SIDE - width)
    field = np.zeros((SIDE, SIDE), np.uint8)
    field[top : top + height, left : left + width] = small
    return field


def bounding_box(ink: NDArray[np.float32]) -> tuple[slice, slice]:
    """Return rows and columns that hold all ink; there must be some."""
    rows = np.flatnonzero(ink.any(axis=1))
    columns = np.flatnonzero(ink.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _mnist(picture: NDArray[np.uint8]) -> Prepared:
    ink = find_ink(_working_size(picture))
    pixels = np.zeros((SIDE, SIDE), np.uint8) if ink.blank else as_mnist(ink.values)
    return Prepared(pixels[..., np.newaxis], ink.blank, ink)


def _working_size(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    factor = max(picture.shape[:2]) // WORKING_SIDE
    return picture if factor < 2 else np.asarray(Image.fromarray(picture).reduce(factor))


def _photo32(picture: NDArray[np.uint8]) -> Prepared:
    return Prepared(np.array(Image.fromarray(picture).resize((32, 32), Image.Resampling.BOX)), blank=False)


NORMALIZERS: dict[str, Callable[[NDArray[np.uint8]], Prepared]] = {"mnist@1": _mnist, "photo32@1": _photo32}


def _find(name: str) -> Callable[[NDArray[np.uint8]], Prepared]:
    if name not in NORMALIZERS:
        raise InvalidConfigurationError(
            f"no normaliser is called {name!r}; there are: {', '.join(NORMALIZERS)}. Use the one in the model's card"
        )
    return NORMALIZERS[name]
