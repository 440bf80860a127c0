"""Where a piece of ink may be cut into characters: along the paths from top to bottom that cross least ink."""

import numpy as np
from numpy.typing import NDArray

from rabisco.images.geometry import FULL

SIDEWAYS = 0.25  # pixels of ink that one step aside costs: a cut is upright where nothing speaks against it
NEAREST = 0.16  # of the line's height between two cuts, and between a cut and the piece's end
MOST_CUTS = 3.5  # per width that equals the line's height


def find_cuts(ink: NDArray[np.uint8], line_height: float) -> NDArray[np.intp]:
    """Return the paths along which ink, uint8 ``(h, w)``, may be cut, from left to right.

    Returns:
        First column right of each path, ``(cuts, h)``.
    """
    values = ink * np.float32(1 / FULL)
    half = len(values) // 2
    above, above_from = _cheapest(values[: half + 1])
    below, below_from = _cheapest(values[half:][::-1])
    through = above + below - values[half]
    columns = _valleys(through, max(2, round(NEAREST * line_height)), round(MOST_CUTS * values.shape[1] / line_height))
    upper = _trace(above_from, columns)
    lower = _trace(below_from, columns)
    return np.concatenate([upper[::-1], lower[1:]]).T


def _cheapest(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Return the least cost of a path from the first row to each column of the last, and whence each step came."""
    steps = np.zeros(values.shape, np.int8)
    edged = np.full(values.shape[1] + 2, np.inf, np.float32)  # so that no path leaves at the sides
    cost = edged[1:-1]
    cost[:] = values[0]
    for row in range(1, len(values)):
        aside = np.minimum(edged[:-2], edged[2:]) + np.float32(SIDEWAYS)
        steps[row] = np.where(cost <= aside, 0, np.where(edged[:-2] <= edged[2:], -1, 1))
        cost[:] = np.minimum(cost, aside) + values[row]
    return cost, steps


def _trace(steps: NDArray[np.int8], columns: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the paths back from columns of the last row, last row first, ``(rows, columns)``."""
    path = [columns]
    for row in range(len(steps) - 1, 0, -1):
        path.append(path[-1] + steps[row, path[-1]])
    return np.stack(path)


def _valleys(costs: NDArray[np.float32], apart: int, most: int) -> NDArray[np.intp]:
    """Return the columns where least is crossed, so far apart from each other and from both ends."""
    inner = np.arange(len(costs))[apart : len(costs) - apart]
    chosen: list[int] = []
    for column in inner[np.argsort(costs[inner], kind="stable")]:
        if len(chosen) == most:
            break
        if all(abs(column - other) >= apart for other in chosen):
            chosen.append(int(column))
    return np.array(sorted(chosen), dtype=np.intp)
