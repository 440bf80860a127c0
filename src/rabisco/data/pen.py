"""A pen that draws strokes on a sheet, and the curves that strokes are made of."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Random = np.random.Generator
Points = NDArray[np.float64]
FINE = 2  # times larger that strokes are drawn, for soft edges
TURN = 2 * np.pi


def draw_strokes(
    strokes: Sequence[Points], random: Random, side: int = 280, *, filled: bool = False
) -> NDArray[np.float32]:
    """Return strokes as ink, float32 ``(side, side)`` in [0, 1], somewhere on a sheet, turned a little.

    Args:
        strokes: Points ``(n, 2)``, x and y in [0, 1], each stroke one line.
        random: Chooses size, place and pen.
        side: Of the sheet, in pixels.
        filled: Whether each stroke is the outline of a filled area.
    """
    size = random.uniform(0.35, 0.9)
    place = random.uniform(0.03, 0.97 - size, 2)
    angle = random.normal(0, 0.12)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretch = random.uniform(0.8, 1.2, 2)
    pen = random.uniform(0.015, 0.09) * size * side * FINE
    image = Image.new("L", (side * FINE, side * FINE))
    pencil = ImageDraw.Draw(image)
    for stroke in strokes:
        points = ((((stroke - 0.5) * stretch) @ turn.T + 0.5) * size + place) * side * FINE
        corners = [tuple(point) for point in points]
        if filled and len(corners) > 2:
            pencil.polygon(corners, fill=255)
            continue
        pencil.line(corners, fill=255, width=max(2, round(pen)), joint="curve")
        for x, y in (corners[0], corners[-1]):
            pencil.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    return np.asarray(image.reduce(FINE), np.float32) / np.float32(255)


def circle(x: float, y: float, radius: float, start: float = 0.0, stop: float = 1.0) -> Points:
    """Return points of a circle, from and to fractions of a turn."""
    angles = TURN * np.linspace(start, stop, 40)
    return np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1)


def smooth(corners: Points, steps: int = 12) -> Points:
    """Return a smooth curve that follows corners: a uniform quadratic B-spline."""
    time = np.linspace(0, 1, steps, endpoint=False)[:, np.newaxis]
    first, second, third = corners[:-2], corners[1:-1], corners[2:]
    pieces = [
        0.5 * (1 - time) ** 2 * a + (0.5 + time * (1 - time)) * b + 0.5 * time**2 * c
        for a, b, c in zip(first, second, third, strict=True)
    ]
    return np.concatenate(pieces)
