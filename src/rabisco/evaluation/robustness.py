"""How much worse does a model read when the pictures get worse? Corruptions drawn by code, at fixed strength.

Each corruption takes and returns images as the data sets have them: uint8, ``(N, H, W, 1)``, bright ink on dark.
Strengths are fixed, so that tables of different models and days can stand beside each other; what chance decides (a
sign, a direction, the noise) comes from a seed.

Source: in the spirit of Mu and Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision", 2019.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray
from pydantic import TypeAdapter

from rabisco.data.dataset import Split
from rabisco.errors import N_, InvalidDataError
from rabisco.evaluation.reader import Reader, read_logits
from rabisco.evaluation.statistics import wilson_interval

Images = NDArray[np.uint8]
_Stack = NDArray[np.float32]  # (N, H, W), ink in [0, 255]


def noise(images: Images, random: np.random.Generator) -> Images:
    """Add Gaussian noise, σ = 38 (15% of the range)."""
    stack = _stack(images)
    return _pixels(stack + random.normal(0.0, 38.0, stack.shape).astype(np.float32))


def blur(images: Images, random: np.random.Generator) -> Images:  # noqa: ARG001 - every corruption takes it
    """Blur with a Gaussian, σ = 1 pixel."""
    return _pixels(scipy.ndimage.gaussian_filter(_stack(images), sigma=(0, 1.0, 1.0)))


def rotation(images: Images, random: np.random.Generator) -> Images:
    """Turn each image by 20°, to the left or to the right."""
    angles = np.deg2rad(20.0) * _signs(len(images), random)
    return _warp(images, np.array([[[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]] for a in angles]))


def scale(images: Images, random: np.random.Generator) -> Images:
    """Make each image 25% smaller or 25% larger about its middle."""
    factors = np.where(_signs(len(images), random) > 0, 1.25, 0.75)
    return _warp(images, np.array([np.diag([1 / factor] * 2) for factor in factors], dtype=np.float64))


def shear(images: Images, random: np.random.Generator) -> Images:
    """Slant each image by 0.3 (17°), to the left or to the right."""
    return _warp(images, np.array([[[1.0, 0.0], [0.3 * sign, 1.0]] for sign in _signs(len(images), random)]))


def translation(images: Images, random: np.random.Generator) -> Images:
    """Move each image by 3 pixels along both axes, in one of the four directions."""
    shifts = 3.0 * np.stack([_signs(len(images), random), _signs(len(images), random)], axis=1)
    return _warp(images, np.broadcast_to(np.eye(2), (len(images), 2, 2)), shifts)


def thin_strokes(images: Images, random: np.random.Generator) -> Images:  # noqa: ARG001
    """Make every stroke 1 pixel thinner."""
    return _halve(scipy.ndimage.grey_erosion(_double(images), size=(1, 3, 3)))


def thick_strokes(images: Images, random: np.random.Generator) -> Images:  # noqa: ARG001
    """Make every stroke 2 pixels thicker."""
    return _halve(scipy.ndimage.grey_dilation(_double(images), size=(1, 5, 5)))


def brightness(images: Images, random: np.random.Generator) -> Images:  # noqa: ARG001
    """Make ink and background brighter by 51 (20% of the range)."""
    return _pixels(_stack(images) + 51.0)


def contrast(images: Images, random: np.random.Generator) -> Images:  # noqa: ARG001
    """Shrink each image's contrast to 40% about its mean."""
    stack = _stack(images)
    mean = stack.mean(axis=(1, 2), keepdims=True)
    return _pixels(mean + 0.4 * (stack - mean))


def lines(images: Images, random: np.random.Generator) -> Images:
    """Rule each image with gray lines (102, 40% of the range), 1 pixel wide, every 7 pixels."""
    stack = _stack(images)
    rows = np.arange(stack.shape[1]) + random.integers(0, 7, len(stack))[:, np.newaxis]
    ruled = np.where(rows % 7 == 0, np.float32(102), np.float32(0))
    return _pixels(np.maximum(stack, ruled[:, :, np.newaxis]))


Corruption = Callable[[Images, np.random.Generator], Images]
_ALL = noise, blur, rotation, scale, shear, translation, thin_strokes, thick_strokes, brightness, contrast, lines
CORRUPTIONS: dict[str, Corruption] = {one.__name__.replace("_", " "): one for one in _ALL}  # places are part of seeds
TITLES = {
    "noise": N_("Noise"),
    "blur": N_("Blurred"),
    "rotation": N_("Turned by 20°"),
    "scale": N_("A quarter smaller or larger"),
    "shear": N_("Slanted by 17°"),
    "translation": N_("Moved by 3 pixels"),
    "thin strokes": N_("Thinner strokes"),
    "thick strokes": N_("Thicker strokes"),
    "brightness": N_("Brighter by 20%"),
    "contrast": N_("Contrast cut to 40%"),
    "lines": N_("Ruled with gray lines"),
}


@dataclass(frozen=True)
class CorruptedAccuracy:
    """Accuracy under one corruption, with its 95% Wilson interval; ``strength`` says what was done."""

    corruption: str
    strength: str
    accuracy: float
    accuracy_interval: tuple[float, float]


@dataclass(frozen=True)
class Robustness:
    """A model's accuracy without corruption and under each.

    Attributes:
        examples: Images read, the same under every corruption.
        clean_accuracy: Accuracy on the images as they are.
        mean_accuracy: Mean accuracy over the corruptions, the clean images not counted.
        rows: One per corruption.
    """

    examples: int
    clean_accuracy: float
    mean_accuracy: float
    rows: tuple[CorruptedAccuracy, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values that JSON can hold."""
        return asdict(self)

    @classmethod
    def read_all(cls, path: Path) -> "dict[str, Robustness]":
        """Return what a JSON file says of each model; nothing where it is missing or of another form."""
        try:
            return _form().validate_python(json.loads(path.read_bytes())["models"])
        except (OSError, KeyError, ValueError):
            return {}


@cache
def _form() -> TypeAdapter[dict[str, Robustness]]:
    return TypeAdapter(dict[str, Robustness])


def robustness_table(reader: Reader, split: Split) -> Robustness:
    """Read a split, images ``(N, H, W, 1)``, under each corruption and return the accuracies.

    Raises:
        InvalidDataError: The images have more than one channel.
    """
    if split.images.shape[-1] != 1:
        raise InvalidDataError(
            N_(
                "corruptions are drawn on gray images, (N, H, W, 1); received %(received)s. Choose a data set of "
                "handwriting"
            ),
            received=str(split.images.shape),
        )
    rows = tuple(_read_corrupted(reader, split, name) for name in CORRUPTIONS)
    return Robustness(
        examples=len(split),
        clean_accuracy=_correct(reader, split.images, split.labels) / len(split),
        mean_accuracy=float(np.mean([row.accuracy for row in rows])),
        rows=rows,
    )


def corrupt(images: Images, name: str, seed: int = 0) -> Images:
    """Return images, uint8 ``(N, H, W, 1)``, under the corruption called ``name``; the same for the same seed."""
    return CORRUPTIONS[name](images, np.random.default_rng([seed, list(CORRUPTIONS).index(name)]))


def _read_corrupted(reader: Reader, split: Split, name: str) -> CorruptedAccuracy:
    correct = _correct(reader, corrupt(split.images, name), split.labels)
    return CorruptedAccuracy(
        corruption=name,
        strength=str(CORRUPTIONS[name].__doc__),
        accuracy=correct / len(split),
        accuracy_interval=wilson_interval(correct, len(split)),
    )


def _correct(reader: Reader, images: Images, labels: NDArray[np.int64]) -> int:
    return int((read_logits(reader, images).argmax(axis=1) == labels).sum())


def _warp(images: Images, matrices: NDArray[np.floating], shifts: NDArray[np.floating] | None = None) -> Images:
    stack = _stack(images)
    center = (np.array(stack.shape[1:]) - 1) / 2
    shifts = np.zeros((len(stack), 2)) if shifts is None else shifts
    return _pixels(
        np.stack(
            [
                scipy.ndimage.affine_transform(image, matrix, center - matrix @ (center + shift), order=1)
                for image, matrix, shift in zip(stack, matrices, shifts, strict=True)
            ]
        )
    )


def _signs(count: int, random: np.random.Generator) -> NDArray[np.int64]:
    return random.choice(np.array([-1, 1]), count)


def _stack(images: Images) -> _Stack:
    return images[..., 0].astype(np.float32)


def _pixels(stack: _Stack) -> Images:
    pixels: Images = np.rint(stack.clip(0, 255)).astype(np.uint8)
    return pixels[..., np.newaxis]


def _double(images: Images) -> _Stack:
    return np.asarray(scipy.ndimage.zoom(_stack(images), (1, 2, 2), order=1, grid_mode=True, mode="nearest"))


def _halve(stack: _Stack) -> Images:
    count, height, width = stack.shape
    return _pixels(stack.reshape(count, height // 2, 2, width // 2, 2).mean(axis=(2, 4)))
