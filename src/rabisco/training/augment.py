"""Random changes to training images of characters, drawn anew for every batch: what pens, paper and people do to them.

The geometry is one warp, so that every pixel is interpolated once: rotation, shear, scale and shift, and on top a
smooth elastic field (Simard et al. 2003). Then the look: stroke width (soft gray dilation or erosion) and blur. Last
the damage, which reaches a share of the images only, so that most of what is learned from is clean: a wiped patch,
ruled lines, loss of contrast, a lifted background, noise. All of it is NumPy, on the way from the data set to the
model: the same on every backend, never compiled, and no part of the artifact.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabisco.images import ImageKind
from rabisco.training.photos import PhotoAugmentation

Maps = NDArray[np.float32]
Masks = NDArray[np.bool_]

GRID = 5  # points across the elastic field
PIECE = 64  # images changed at once: what they take stays in the processor's cache
SHARES = ("stroke", "blur", "damage", "lines", "contrast", "brightness")  # at most 1


@dataclass(frozen=True)
class Augmentation:
    """How strongly training images are changed; every range is symmetric and uniform, 0 is off."""

    rotation: float = 10.0  # degrees
    shear: float = 0.15  # slant, in pixels sideways per pixel of height
    scale: float = 0.1  # relative change of each side
    shift: float = 2.0  # pixels
    elastic: float = 0.7  # pixels that the control points of the elastic field move, standard deviation
    stroke: float = 0.4  # largest share of a 3×3 dilation or erosion that is mixed in, 0 to 1
    blur: float = 0.3  # largest share of a 3×3 Gaussian blur that is mixed in, 0 to 1
    damage: float = 0.15  # share of the images that each of the following reaches, independently, 0 to 1
    erasing: float = 8.0  # largest side of a patch that is wiped to background, in pixels
    lines: float = 0.6  # brightest gray of ruled lines, across or down, 1 pixel wide, as a share of the range
    contrast: float = 0.7  # largest share of the contrast, about a gray between black and the mean, that is lost
    brightness: float = 0.3  # largest lift of ink and background, as a share of the range
    noise: float = 0.2  # largest standard deviation of Gaussian noise, as a share of the range

    def scaled(self, strength: float) -> "Augmentation":
        """Return these changes at ``strength`` times their ranges."""
        values = {name: value * strength for name, value in asdict(self).items()}
        return Augmentation(**values | {name: min(1.0, values[name]) for name in SHARES})

    @property
    def gentle(self) -> "Augmentation":
        """The changes of the last epochs."""
        return GENTLE

    def change(self, images: NDArray[np.uint8], random: np.random.Generator) -> Maps:
        """Return uint8 images ``(B, H, W, C)`` changed, float32 of 0 to 255; the channels alike, but for noise."""
        maps = _restyle(_warp(images, self, random), self, random)
        _damage(maps, self, random)
        return maps


GENTLE = Augmentation(rotation=6, shear=0.1, scale=0.06, shift=1, elastic=0.4, stroke=0.2, blur=0.1, damage=0.05)


AnyAugmentation = Augmentation | PhotoAugmentation
USUAL: dict[ImageKind, AnyAugmentation] = {"grey": Augmentation(), "colour": PhotoAugmentation()}


def augmentation_of(values: Mapping[str, Any]) -> AnyAugmentation:
    """Return the augmentation that ``asdict`` made these values from; what an older version did not know is off."""
    kind: type[AnyAugmentation] = PhotoAugmentation if "flip" in values else Augmentation
    return kind(**{field.name: values.get(field.name, 0.0) for field in fields(kind)})


def augmented(
    images: NDArray[np.uint8], augmentation: AnyAugmentation, random: np.random.Generator
) -> NDArray[np.uint8]:
    """Return images changed at random.

    Args:
        images: uint8 ``(B, H, W, C)``; left as they are.
        augmentation: What is changed, and how strongly.
        random: The random numbers.

    Returns:
        uint8 of the same shape: a model sees nothing finer than in serving.
    """
    changed = np.empty_like(images)
    for first in range(0, len(images), PIECE):
        maps = augmentation.change(images[first : first + PIECE], random)
        np.rint(maps, out=maps)
        changed[first : first + PIECE] = np.clip(maps, 0, 255, out=maps)
    return changed


def _uniform(random: np.random.Generator, count: int, low: float, high: float) -> Maps:
    """Return a number for each image, ``(B, 1, 1)``."""
    return (low + (high - low) * random.random((count, 1, 1), np.float32)).astype(np.float32)


def _warp(images: NDArray[np.uint8], augmentation: Augmentation, random: np.random.Generator) -> Maps:
    """Sample ``images`` where an inverse affine map and an elastic field point, bilinearly; outside is background."""
    count, height, width = images.shape[:3]

    def each(limit: float) -> Maps:
        return _uniform(random, count, -limit, limit)

    angle, slant = each(np.radians(augmentation.rotation)), each(augmentation.shear)
    taller, down, wider, right = (each(one) for one in (augmentation.scale, augmentation.shift) * 2)
    sine, cosine = np.sin(angle), np.cos(angle)
    middle = np.array([height - 1, width - 1], np.float32) / 2
    row: Any = np.arange(height, dtype=np.float32)[:, None] - middle[0]
    column: Any = np.arange(width, dtype=np.float32) - middle[1]
    rows: Maps = row * (cosine * (1 + taller)) - column * (sine * (1 + taller))
    columns: Maps = row * ((sine + slant * cosine) * (1 + wider)) + column * ((cosine - slant * sine) * (1 + wider))
    rows += down + middle[0]
    columns += right + middle[1]
    if augmentation.elastic:
        field = _elastic((count, height, width), augmentation.elastic, random)
        rows += field[0]
        columns += field[1]
    return _bilinear(images, rows, columns)


def _elastic(shape: tuple[int, int, int], amount: float, random: np.random.Generator) -> Maps:
    """Return two smooth fields of displacements in pixels, ``(2, B, H, W)``, from coarse grids of normal ones."""
    count, height, width = shape
    coarse = random.standard_normal((2, count, GRID, GRID), np.float32) * np.float32(amount)
    fields: Maps = _bicubic(height) @ coarse @ _bicubic(width).T
    return fields


@cache
def _bicubic(side: int) -> Maps:
    """Return the weight of each point of a grid at every pixel of a side, ``(side, GRID)``."""
    places = (np.arange(side) + 0.5) * GRID / side - 0.5
    away = np.abs(places[:, None] - np.arange(GRID))
    near, far = 1.5 * away**3 - 2.5 * away**2 + 1, -0.5 * away**3 + 2.5 * away**2 - 4 * away + 2
    weights = np.where(away < 1, near, np.where(away < 2, far, 0.0))  # Keys's kernel
    shares: Maps = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def _bilinear(images: NDArray[np.uint8], rows: Maps, columns: Maps) -> Maps:
    """Return ``images`` read at the real-valued ``rows`` and ``columns``, both ``(B, H, W)``."""
    count, height, width, channels = images.shape
    padded = np.zeros((count, height + 3, width + 3, channels), np.float32)  # a border of background
    padded[:, 1 : height + 1, 1 : width + 1] = images
    flat = padded.reshape(-1, channels) if channels > 1 else padded.reshape(-1)
    rows = np.clip(rows + np.float32(1), 0, height + 1)
    columns = np.clip(columns + np.float32(1), 0, width + 1)
    top, left = np.floor(rows), np.floor(columns)
    rows -= top
    columns -= left
    top *= width + 3
    top += left
    index = top.astype(np.intp)
    index += (np.arange(count) * ((height + 3) * (width + 3)))[:, None, None]
    if channels > 1:
        rows, columns = rows[..., None], columns[..., None]

    def between(first: NDArray[np.intp]) -> Maps:
        """Return what lies between a pixel and its right neighbor."""
        here = flat.take(first, axis=0)
        beside = flat.take(first + 1, axis=0)
        beside -= here
        beside *= columns
        beside += here
        return beside

    upper, lower = between(index), between(index + (width + 3))
    lower -= upper
    lower *= rows
    lower += upper
    return lower.reshape(images.shape)


def _restyle(images: Maps, augmentation: Augmentation, random: np.random.Generator) -> Maps:
    """Mix in thicker or thinner strokes and a blur, each by a random share."""
    count = len(images)
    if augmentation.stroke:
        share = _uniform(random, count, -augmentation.stroke, augmentation.stroke)[..., None]
        sign = np.sign(share)
        extreme = _largest_of_nine(images * sign)  # the largest or, below 0, the smallest
        extreme *= sign
        extreme -= images
        extreme *= np.abs(share)
        images += extreme
    if augmentation.blur:
        share = np.maximum(_uniform(random, count, -augmentation.blur, augmentation.blur), 0)[..., None]
        blurred = np.flatnonzero(share)
        images[blurred] += share[blurred] * (_blurred(images[blurred]) - images[blurred])
    return images


def _largest_of_nine(images: Maps) -> Maps:
    """Return the largest value in the 3×3 pixels about each."""
    across = images.copy()
    np.maximum(across[:, :, 1:], images[:, :, :-1], out=across[:, :, 1:])
    np.maximum(across[:, :, :-1], images[:, :, 1:], out=across[:, :, :-1])
    largest = across.copy()
    np.maximum(largest[:, 1:], across[:, :-1], out=largest[:, 1:])
    np.maximum(largest[:, :-1], across[:, 1:], out=largest[:, :-1])
    return largest


def _blurred(images: Maps) -> Maps:
    """Return images under a 3×3 binomial kernel; outside is background."""
    across = images * np.float32(0.5)
    across[:, :, 1:] += np.float32(0.25) * images[:, :, :-1]
    across[:, :, :-1] += np.float32(0.25) * images[:, :, 1:]
    blurred = across * np.float32(0.5)
    blurred[:, 1:] += np.float32(0.25) * across[:, :-1]
    blurred[:, :-1] += np.float32(0.25) * across[:, 1:]
    return blurred


def _damage(images: Maps, augmentation: Augmentation, random: np.random.Generator) -> None:
    """Do to some images what bad pens, paper, light and cameras do; each kind reaches its own random share."""

    def hit(most: float) -> tuple[NDArray[np.intp], Maps]:
        """Return images drawn at the rate of ``damage``, and for each an amount up to ``most``, ``(b, 1, 1, 1)``."""
        places = np.flatnonzero(random.random(len(images)) < augmentation.damage) if most else np.arange(0)
        return places, _uniform(random, len(places), 0, most)[..., None]

    places, side = hit(augmentation.erasing)
    images[places] *= ~_patches(images.shape, side, random)
    places, gray = hit(augmentation.lines)
    images[places] = np.maximum(images[places], 255 * gray * _rules(images.shape, len(places), random))
    places, lost = hit(augmentation.contrast)
    pivot = images[places].mean(axis=(1, 2, 3), keepdims=True) * _uniform(random, len(places), 0, 1)[..., None]
    images[places] = pivot + (1 - lost) * (images[places] - pivot)
    places, lift = hit(augmentation.brightness)
    images[places] += 255 * lift
    places, noise = hit(augmentation.noise)
    images[places] += 255 * noise * random.standard_normal((len(places), *images.shape[1:]), np.float32)


def _patches(shape: tuple[int, ...], side: Maps, random: np.random.Generator) -> Masks:
    """Return where a square of ``side`` pixels, ``(b, 1, 1, 1)``, lies at a random place of each image."""
    rows, columns = _rows_and_columns(shape)
    top = _uniform(random, len(side), 0, shape[1])[..., None]
    left = _uniform(random, len(side), 0, shape[2])[..., None]
    patches: Masks = (np.abs(rows - top) < side / 2) & (np.abs(columns - left) < side / 2)
    return patches


def _rules(shape: tuple[int, ...], count: int, random: np.random.Generator) -> Masks:
    """Return where lines a random 5 to 14 pixels apart are, across or down each of ``count`` images."""
    rows, columns = _rows_and_columns(shape)
    spacing = np.floor(_uniform(random, count, 5, 15))[..., None]
    offset = np.floor(_uniform(random, count, 0, 15))[..., None]
    across = _uniform(random, count, 0, 1)[..., None] < 0.5
    rules: Masks = np.mod(np.where(across, rows, columns) + offset, spacing) < 1
    return rules


def _rows_and_columns(shape: tuple[int, ...]) -> tuple[Maps, Maps]:
    return np.arange(shape[1], dtype=np.float32)[:, None, None], np.arange(shape[2], dtype=np.float32)[:, None]
