"""Pictures drawn by code: a seven and other strokes, in any size, place, color and file format."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SEVEN = ((0.0, 0.0), (0.7, 0.0), (0.25, 1.0))
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def draw(
    size: tuple[int, int] = (280, 280),
    *,
    place: tuple[int, int] = (90, 70),
    height: int = 140,
    width: int = 18,
    pen: tuple[int, int, int] = BLACK,
    paper: tuple[int, int, int] = WHITE,
    strokes: tuple[tuple[tuple[float, float], ...], ...] = (SEVEN,),
) -> NDArray[np.uint8]:
    """Return strokes with round ends on paper, RGB; their points are in units of ``height`` from ``place``."""
    image = Image.new("RGB", size, paper)
    pencil = ImageDraw.Draw(image)
    for stroke in strokes:
        points = [(place[0] + x * height, place[1] + y * height) for x, y in stroke]
        pencil.line(points, fill=pen, width=width)
        for x, y in points:
            radius = (width - 1) / 2
            pencil.ellipse((x - radius, y - radius, x + radius, y + radius), fill=pen)
    return np.array(image)


def encode(picture: NDArray[Any] | Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    """Return a picture as the content of a file."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def shade(picture: NDArray[np.uint8], darkest: float = 0.5, seed: int = 0) -> NDArray[np.uint8]:
    """Return the picture as a telephone would take it: light falling from left to right, a shadow's edge, noise."""
    height, width = picture.shape[:2]
    row, column = np.mgrid[:height, :width]
    light = 1 - (1 - darkest) * column / width
    light = light * np.where(row + 0.3 * column > 0.8 * height, 0.75, 1.0)
    noise = np.random.default_rng(seed).normal(0, 2, (height, width, 1))
    return np.clip(picture * light[..., np.newaxis] * 0.9 + noise, 0, 255).astype(np.uint8)
