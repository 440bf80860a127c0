"""Large pictures become small ones in little memory: decoded one at a time, and reduced strip by strip."""

import threading
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

WORKING_SIDE = 1000  # pixels; a character needs 20, a row of thirty still has 33 each
LARGE = 8_000_000  # pixels from which on only one picture of a process is decoded at a time
STRIP = 64  # rows of the reduced picture that are made at once

one_at_a_time = threading.Lock()

_REDUCED = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}


def large_webp(data: bytes, image: Image.Image) -> Image.Image | None:
    """Return a WebP of many pixels, RGB reduced or RGBA; ``None`` if it cannot be read so.

    Pillow keeps four copies of it, of four bytes a pixel.
    """
    encoded = np.frombuffer(data, np.uint8)
    if image.mode == "RGB":
        factor = next((factor for factor in _REDUCED if max(image.size) >= factor * WORKING_SIDE), None)
        read = None if factor is None else cv2.imdecode(encoded, _REDUCED[factor])
    else:
        read = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    if read is None or read.dtype != np.uint8 or read.ndim != 3:
        return None
    order = cv2.COLOR_BGR2RGB if read.shape[-1] == 3 else cv2.COLOR_BGRA2RGBA
    cv2.cvtColor(read, order, dst=read)  # in place
    return Image.fromarray(read)


def reduced(image: Image.Image, mode: str, factor: int) -> Image.Image:
    """Return a picture in another mode, each side divided by a whole number; never is all of it there twice."""
    width, height = -(-image.width // factor), -(-image.height // factor)
    small = Image.new(mode, (width, height))
    for top in range(0, height, STRIP):
        strip = image.crop((0, top * factor, image.width, min((top + STRIP) * factor, image.height)))
        small.paste((strip if strip.mode == mode else strip.convert(mode)).reduce(factor), (0, top))
    return small


def joined(
    picture_of: Callable[[NDArray[np.uint16]], Image.Image], values: NDArray[np.uint16], factor: int
) -> Image.Image:
    """Return the picture of values ``(H, W, C)``, made and reduced strip by strip.

    Args:
        picture_of: Makes the picture of a strip.
        values: Of all pixels.
        factor: That each side is divided by; below 2 all is made at once.
    """
    if factor < 2:
        return picture_of(values)
    rows = STRIP * factor
    strips = [picture_of(values[top : top + rows]).reduce(factor) for top in range(0, len(values), rows)]
    whole = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
    for index, strip in enumerate(strips):
        whole.paste(strip, (0, index * STRIP))
    return whole
