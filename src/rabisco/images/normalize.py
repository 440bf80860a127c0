"""Ink becomes the pixels a model was trained on; one table names every way of doing so, with its version."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco.errors import N_, InvalidConfigurationError, Sentence
from rabisco.images.geometry import SIDE, as_emnist, as_mnist, deskew, reduced
from rabisco.images.ink import Ink, find_ink
from rabisco.images.photo import BLANK, photo_views

ImageKind = Literal["grey", "colour"]
STEPS = {
    "polarity": N_("Light on dark"),
    "ink": N_("Only the ink"),
    "crop": N_("Cut out"),
    "result": N_("28 × 28, centered"),
}
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

    @property
    def title(self) -> Sentence:
        """What people call it."""
        if self.name == "result" and self.picture.ndim == 3:
            height, width = self.picture.shape[:2]
            return Sentence(N_("%(height)s × %(width)s pixels"), {"height": height, "width": width})
        return Sentence(STEPS[self.name])


@dataclass(frozen=True)
class Prepared:
    """A picture made ready for a model.

    Attributes:
        pixels: uint8 ``(28, 28, 1)``, bright = ink; or ``(32, 32, 3)`` for photos.
        blank: Whether no ink was found, and the pixels are all 0; or a photo is of one color.
        ink: The ink they were made from; ``None`` for photos.
        others: Further views of a photo, uint8 ``(V, H, W, 3)``; see ``views``.
    """

    pixels: NDArray[np.uint8]
    blank: bool
    ink: Ink | None = None
    others: NDArray[np.uint8] | None = None

    @property
    def views(self) -> NDArray[np.uint8]:
        """The pixels and, of a photograph that is not square, its middle: the answer is the mean over them."""
        return self.pixels[np.newaxis] if self.others is None else np.stack([self.pixels, *self.others])

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The stages from picture to pixels, drawn when first asked for."""
        result = Step("result", self.pixels[..., 0] if self.pixels.shape[2] == 1 else self.pixels)
        if self.ink is None:
            return (result,)
        return *(Step(name, picture) for name, picture in self.ink.stages.items()), result


def prepare(picture: NDArray[np.uint8], normalizer: str, ink: Ink | None = None) -> Prepared:
    """Return the pixels that a model whose card names ``normalizer`` expects.

    Args:
        picture: RGB, uint8 ``(H, W, 3)``, as ``decode`` returns it.
        normalizer: Name and version, such as ``mnist@1``.
        ink: What was found in the picture for another model; looked for if not given.

    Raises:
        InvalidConfigurationError: No normalizer has that name.
    """
    if ink is not None and normalizer in CHARACTERS:
        return prepare_ink(ink, normalizer)
    if normalizer in CHARACTERS:
        factor = max(picture.shape[:2]) // WORKING_SIDE
        return prepare_ink(find_ink(picture if factor < 2 else reduced(picture, factor)), normalizer)
    if normalizer not in PHOTOS:
        raise _unknown(normalizer, NORMALIZERS)
    return _photo(picture, normalizer)


def image_kind(normalizer: str) -> ImageKind:
    """Return what a normalizer makes of pictures: gray characters or photographs in color."""
    return "grey" if normalizer in CHARACTERS else "colour"


def shape_of(normalizer: str) -> tuple[int, int, int]:
    """Return the shape of the images that a normalizer makes, ``(H, W, C)``."""
    if image_kind(normalizer) == "grey":
        return SIDE, SIDE, 1
    side = int(normalizer.removeprefix("photo").split("@")[0])
    return side, side, 3


def is_mirrored(normalizer: str) -> bool:
    """Return whether a model of such images answers with the mean over each image and its mirror image."""
    return normalizer in PHOTOS and normalizer != FIRST_PHOTO


def normalize_pixels(pixels: NDArray[np.uint8], normalizer: str) -> NDArray[np.uint8]:
    """Return training images as ``prepare`` would have made them, where they are normalized already but for a shear.

    A data set's own images must reach a model in the form that a user's pictures do. MNIST's and EMNIST's are in it;
    only ``mnist-deskew@1`` still changes them.

    Args:
        pixels: uint8 ``(N, H, W, C)``.
        normalizer: Name and version, such as ``mnist-deskew@1``.

    Raises:
        InvalidConfigurationError: No normalizer has that name.
    """
    if normalizer not in NORMALIZERS:
        raise _unknown(normalizer, NORMALIZERS)
    if normalizer not in DESKEWED:
        return pixels
    return np.stack([deskew(image[..., 0])[..., np.newaxis] for image in pixels]) if len(pixels) else pixels


def prepare_ink(ink: Ink, normalizer: str) -> Prepared:
    """Return the pixels for ink that has been found already, such as that of one character among several.

    Raises:
        InvalidConfigurationError: No normalizer for characters has that name.
    """
    if normalizer not in CHARACTERS:
        raise _unknown(normalizer, CHARACTERS)
    if ink.box is None:
        return Prepared(np.zeros((SIDE, SIDE, 1), np.uint8), True, ink)
    shape = CHARACTERS[normalizer]
    if shape not in ink.shapes:
        ink.shapes[shape] = shape(ink.values[ink.box])
    pixels = deskew(ink.shapes[shape]) if normalizer in DESKEWED else ink.shapes[shape]
    return Prepared(pixels[..., np.newaxis], False, ink)


def _photo(picture: NDArray[np.uint8], normalizer: str) -> Prepared:
    if normalizer == FIRST_PHOTO:
        return Prepared(np.array(Image.fromarray(picture).resize((32, 32), Image.Resampling.BOX)), blank=False)
    first, *others = photo_views(picture, shape_of(normalizer)[0])
    blank = bool(np.ptp(first.reshape(-1, 3), axis=0).max() < BLANK)
    return Prepared(first, blank, others=np.stack(others) if others else None)


DESKEWED = {"mnist-deskew@1": "mnist@1"}  # and what makes the same images but for the shear
CHARACTERS: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "mnist@1": as_mnist,
    "mnist-deskew@1": as_mnist,
    "emnist@1": as_emnist,
}
FIRST_PHOTO = "photo32@1"
PHOTOS = (FIRST_PHOTO, "photo32@2", "photo64@2")
NORMALIZERS = (*CHARACTERS, *PHOTOS)


def _unknown(name: str, known: Iterable[str]) -> InvalidConfigurationError:
    return InvalidConfigurationError(
        N_("no normalizer of that kind is called “%(name)s”; use the one that the model's card names: %(names)s"),
        name=name,
        names=", ".join(known),
    )
