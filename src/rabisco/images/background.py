"""Uneven light is taken out of a photo: shadows, gradients and vignettes, without touching what was written."""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco.images.geometry import border, brightness, fast_median, medians

SEGMENTS = 80  # the border is judged in this many pieces
LEAST_SIDE = 16  # pixels, below which shade cannot be told from strokes
MAP_SIDE = 96  # resolution of the map of the paper's brightness
WIDEST_STROKE = 0.28  # of the longer side, that is kept
DARK_PAPER = 64.0  # below this brightness light adds to a board rather than multiplying it
DARKEST = 8.0  # brightness below which nothing is divided by
SHADE = (0.08, 0.6)  # share of the greatest contrast: more than paper's noise, less than a stroke
LEAST_SHADE = 3.0  # gray levels
MOST_SHADED = 0.06  # share of the border in shade from which the light counts as uneven
# Least share of the border with no full-strength ink right behind it; below that, the border itself is a frame.
LEAST_APART = 0.15
# Of the longer and, at most, of the shorter side: so near, ink makes the border's grays its soft edges.
EDGE_DEPTH = (0.08, 0.2)


def is_uneven(picture: NDArray[np.uint8]) -> bool:
    """Return whether much of the border lies between paper and pen: then it is shade, not writing.

    Only the border is asked, since the soft edges and weak strokes of writing look like shade elsewhere. Where the
    picture is cut so close that writing reaches the border, its edges are known by the full ink right behind them.

    Args:
        picture: uint8, RGB ``(H, W, 3)`` or gray ``(H, W, 1)``.
    """
    ring = brightness(border(picture))
    if min(picture.shape[:2]) < LEAST_SIDE:
        return False
    pieces = _pieces(ring)
    step = max(1, max(picture.shape[:2]) // 100)
    paper = fast_median(pieces)
    span = float(np.abs(brightness(picture[::step, ::step]) - paper).max())
    if _in_shade(pieces, paper, span).mean() <= MOST_SHADED:
        return False
    behind = _pieces(_strongest_behind(picture, paper))
    apart = np.maximum(behind, np.maximum(np.roll(behind, 1), np.roll(behind, -1))) < SHADE[1] * span
    if apart.mean() < LEAST_APART:
        return True
    shaded = apart & _in_shade(pieces, fast_median(pieces[apart]), span)
    return bool(shaded.mean() > MOST_SHADED)


def _in_shade(pieces: NDArray[np.float32], paper: float, span: float) -> NDArray[np.bool_]:
    shade = np.abs(pieces - paper)
    return np.asarray((shade > max(SHADE[0] * span, LEAST_SHADE)) & (shade < SHADE[1] * span))


def _pieces(ring: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the median of each piece of the border."""
    length = max(1, len(ring) // SEGMENTS)
    # As ``numpy.median``, sooner.
    ordered = np.sort(ring[: len(ring) // length * length].reshape(-1, length), axis=1)
    return np.asarray((ordered[:, (length - 1) // 2] + ordered[:, length // 2]) / 2)


def _strongest_behind(picture: NDArray[np.uint8], paper: float) -> NDArray[np.float32]:
    """Return for each pixel of the border the greatest difference from the paper that lies right behind it."""
    longer, shorter = max(picture.shape[:2]), min(picture.shape[:2])
    depth = max(2, round(min(EDGE_DEPTH[0] * longer, EDGE_DEPTH[1] * shorter)))

    def strongest(strip: NDArray[np.uint8], axis: int) -> NDArray[np.float32]:
        return np.asarray(np.abs(brightness(strip) - paper).max(axis=axis))

    above, below = strongest(picture[:depth], 0), strongest(picture[-depth:], 0)
    left, right = strongest(picture[1:-1, :depth], 1), strongest(picture[1:-1, -depth:], 1)
    return np.concatenate([above, below, left, right])


def flatten_light(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture as it would look under even light.

    Each channel is divided by the paper's brightness there, which a closing (an opening, for light ink) with a window
    wider than any stroke finds. At the border half that window is missing and a closing would stop following a
    gradient, so the general trend is taken out before. On a dark board the paper is subtracted instead: there
    division would only raise noise.

    Args:
        picture: uint8, RGB ``(H, W, 3)`` or gray ``(H, W, 1)``.
    """
    gray = picture.shape[2] == 1
    image = Image.fromarray(picture[..., 0] if gray else picture)
    factor = MAP_SIDE / max(image.size)
    small_size = (max(8, round(image.width * factor)), max(8, round(image.height * factor)))
    small = np.asarray(image.resize(small_size, Image.Resampling.BOX), dtype=np.float32)
    small = small[..., np.newaxis] if gray else small
    window = max(3, round(WIDEST_STROKE * MAP_SIDE) | 1)
    trend = _trend(small.mean(axis=2))[..., np.newaxis]
    paper = _paper(small / trend, window, dark_ink=_is_dark_ink(small)) * trend
    level = medians(paper)
    paper = np.clip(paper[..., 0] if gray else paper, 0, 255).astype(np.uint8)
    full_size = np.asarray(Image.fromarray(paper).resize(image.size, Image.Resampling.BILINEAR), dtype=np.float32)
    full_size = full_size[..., np.newaxis] if gray else full_size
    row = np.tile(level, (image.width, 1))  # NumPy takes a row at a time, not a pixel
    dark = level.mean() < DARK_PAPER
    flat = picture - full_size + row if dark else picture * (row / np.maximum(full_size, DARKEST))
    return np.asarray(np.clip(flat, 0, 255), dtype=np.uint8)


def _trend(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a quadratic surface through the brightness, by least squares without what lies far from it."""
    terms = _terms(gray.shape)
    values = gray.ravel().astype(np.float64)
    kept, targets = terms, values
    for _ in range(3):
        surface = terms @ np.linalg.solve(kept.T @ kept, kept.T @ targets)
        distance = np.abs(values - surface)
        near = distance <= max(2 * fast_median(distance), 1.0)
        kept, targets = terms[near], values[near]
    return np.asarray(np.maximum(surface, DARKEST), dtype=np.float32).reshape(gray.shape)


@lru_cache(maxsize=8)
def _terms(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the terms of a quadratic surface at each pixel of ``(h, w)``, ``(h * w, 6)``."""
    row, column = np.meshgrid(*(np.linspace(-1, 1, side) for side in shape), indexing="ij")
    return np.stack([np.ones_like(row), row, column, row * column, row**2, column**2], axis=-1).reshape(-1, 6)


def _is_dark_ink(small: NDArray[np.float32]) -> bool:
    """Strokes are the few pixels far from their surroundings, so they give the differences their skew."""
    gray = small.mean(axis=2)
    difference = gray - _mean_around(gray, MAP_SIDE // 4)
    return bool((difference**3).sum() < 0)


def _paper(small: NDArray[np.float32], window: int, *, dark_ink: bool) -> NDArray[np.float32]:
    operation = cv2.MORPH_CLOSE if dark_ink else cv2.MORPH_OPEN
    square = np.ones((window, window), np.uint8)
    closed = cv2.morphologyEx(_mean_around(small, 3), operation, square, borderType=cv2.BORDER_REPLICATE)
    return _mean_around(closed, 5).reshape(small.shape)


def _mean_around(values: NDArray[Any], side: int) -> NDArray[np.float32]:
    """Return the mean of the square of ``side`` pixels around each pixel."""
    return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REPLICATE))
