"""Pixels of more bits than eight, or of fewer than there is room for, become eight bits as bright as was meant."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

DEPTHS = (1, 8, 10, 12, 14, 16)  # bits that masks, scanners, cameras and programs use of sixteen
PNG_DEPTH = 24  # where the bits of one value of one pixel stand in a PNG file, and after them which values a pixel has
GREY = 0


def eight_bits(image: Image.Image) -> Image.Image:
    """Bring grey pictures of 16 and 32 bits to 8; leave the others as they are."""
    if image.mode.startswith("I;16"):
        return Image.fromarray(_narrow(np.asarray(image).astype(np.uint16, copy=False)))
    if image.mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(image, dtype=np.float64))
        low, high = float(values.min()), float(values.max())
        return Image.fromarray(((values - low) * (255.0 / max(high - low, 1e-9))).astype(np.uint8))
    return image


def deep_png(data: bytes) -> Image.Image | None:
    """Return a PNG of 16 bits a value, RGB or RGBA; ``None`` if it is grey.

    Pillow keeps the upper half of each value only, which is 0 where a program wrote 0 to 255 into 16 bits.
    """
    if data[PNG_DEPTH + 1] == GREY:
        return None
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if read is None or read.dtype != np.uint16 or read.ndim != 3:
        return None
    values: NDArray[np.uint16] = read.astype(np.uint16, copy=False)
    colours = _narrow(values[..., 2::-1])
    if values.shape[-1] == 3:
        return Image.fromarray(colours)
    return Image.fromarray(np.dstack([colours, _narrow(values[..., 3])]))


def brightened(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture of eight bits that holds nothing but 0 and 1, as masks do, in black and white."""
    if pixels[::16, ::16].max() > 1 or pixels.max() != 1:
        return pixels
    return pixels * np.uint8(255)


def _narrow(values: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return values of sixteen bits, which may hold as few as one, as eight."""
    most = int(values.max())
    depth = next(bits for bits in DEPTHS if most < 1 << bits)
    if depth == 1:
        return (values * 255).astype(np.uint8)
    return (values >> (depth - 8)).astype(np.uint8)
