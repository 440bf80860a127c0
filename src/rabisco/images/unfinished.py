"""JPEG files that lack only their end: what is there is read, what is missing is counted."""

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

END = b"\xff\xd9"
MOST_MISSING = 0.1  # of the pixels
BLOCK = 16  # rows that are coded together, at most
FILLER = b"\x55\xaa" * 50_000
SCAN, BASELINE, PROGRESSIVE = 0xDA, (0xC0, 0xC1), 0xC2
FRAMES = range(0xC0, 0xD0)
NO_FRAMES = (0xC4, 0xC8, 0xCC)  # tables, which stand in the same range


def without_end(data: bytes, read: Callable[[bytes], Image.Image]) -> Image.Image | None:
    """Return a JPEG of whose last scan at most a tenth is missing; ``None`` if it lacks more.

    What is missing shows where the picture differs when the file is ended in two ways; there it gets the color that
    the rest mostly has.

    Args:
        data: The file, truncated.
        read: Decodes a file.
    """
    if not _reached_last_scan(data):
        return None
    data = data.rstrip(b"\xff")  # half of the end
    image, other = read(data + END), read(data + FILLER + END)
    pixels, filled = np.array(image), np.asarray(other)
    if pixels.shape != filled.shape:
        return None
    missing = (pixels != filled).reshape(*pixels.shape[:2], -1).any(axis=2)
    rows = missing.any(axis=1)
    if not rows.any():
        return image
    top = int(rows.argmax())
    left = int(missing[top].argmax())
    height, width = missing.shape
    if width * (height - top) - BLOCK * left > MOST_MISSING * missing.size:
        return None
    pixels[missing] = np.median(pixels[~missing], axis=0)
    return Image.fromarray(pixels, image.mode)


def _reached_last_scan(data: bytes) -> bool:
    """Return whether a file breaks off in the scan that an ordinary encoder writes last."""
    components, progressive, last = 0, False, b""
    for marker, content in _segments(data):
        if marker in FRAMES and marker not in NO_FRAMES:
            progressive, components = marker == PROGRESSIVE, content[5]
            if not progressive and marker not in BASELINE:
                return False
        elif marker == SCAN:
            last = content
    if not last or not components:
        return False
    if not progressive:
        return last[0] == components
    start, steps = last[-3], last[-1]
    return last[0] == 1 and start > 0 and steps == 0x10  # the last bit of one component's details


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each marker of a JPEG that has a content, and the content."""
    position = 2
    while 0 <= position < len(data) - 4:
        marker = data[position + 1]
        if data[position] != 0xFF or marker in (0, 0xFF) or 0xD0 <= marker <= 0xD9:
            position = data.find(b"\xff", position + 1)
            continue
        length = int.from_bytes(data[position + 2 : position + 4])
        content = data[position + 4 : position + 2 + length]
        if len(content) == length - 2 and content:
            yield marker, content
        position += 2 + length
