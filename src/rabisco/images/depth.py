"""Converts pictures to 8 bits per value at the intended brightness.

They have more than 8 bits per value, or values that use only part of their range.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco.images.large import joined

DEPTHS = (1, 8, 10, 12, 14, 16)  # bits that masks, scanners, cameras and programs use of sixteen
PNG_DEPTH = 24  # where the bits of one value of one pixel stand in a PNG file, and after them which values a pixel has
GRAY = 0


def eight_bits(image: Image.Image) -> Image.Image:
    """Bring a gray picture of 16 or 32 bits to 8."""
    if image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.uint16, copy=False)
        return Image.fromarray(_narrow(values, _depth(int(values.max()))))
    numbers = np.nan_to_num(np.asarray(image, dtype=np.float64))
    low, high = float(numbers.min()), float(numbers.max())
    return Image.fromarray(((numbers - low) * (255.0 / max(high - low, 1e-9))).astype(np.uint8))


def deep_colors(data: bytes, factor: int) -> Image.Image | None:
    """Return a PNG or TIFF of 16 bits a value, RGB or RGBA, each side divided by a whole number; else ``None``.

    Pillow keeps the upper half of each value only, which is 0 where a program wrote 0 to 255 into 16 bits.
    """
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if read is None or read.dtype != np.uint16 or read.ndim != 3:
        return None
    values: NDArray[np.uint16] = read.astype(np.uint16, copy=False)
    kinds = [[2, 1, 0], [3]][: values.shape[-1] - 2]
    depths = [_depth(max(int(values[..., one].max()) for one in kind)) for kind in kinds]

    def narrowed(rows: NDArray[np.uint16]) -> Image.Image:
        parts = [_narrow(rows[..., kind], depth) for kind, depth in zip(kinds, depths, strict=True)]
        return Image.fromarray(np.dstack(parts))

    return joined(narrowed, values, factor)


def brightened(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture of eight bits that holds nothing but 0 and 1, as masks do, in black and white."""
    if pixels[::16, ::16].max() > 1 or pixels.max() != 1:
        return pixels
    return pixels * np.uint8(255)


def _depth(most: int) -> int:
    """Return how many bits a picture uses whose largest value is ``most``."""
    return next(bits for bits in DEPTHS if most < 1 << bits)


def _narrow(values: NDArray[np.uint16], depth: int) -> NDArray[np.uint8]:
    """Return values of sixteen bits, of which ``depth`` are used, as eight."""
    if depth == 1:
        return (values * 255).astype(np.uint8)
    return (values >> (depth - 8)).astype(np.uint8)
