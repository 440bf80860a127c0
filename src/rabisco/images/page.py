"""Where the sheet lies in a picture that also shows the desk, a frame or another page's edge."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco.images.geometry import border, brightness, fast_median

Region = tuple[slice, slice]

SMALL_SIDE = 140  # resolution at which the sheet is looked for
MOST_CROSSING = 0.2  # share of the border that a sheet on a desk may reach
SHEET_CONTRAST = 0.22  # share of the greatest difference from the desk that makes a sheet, shaded as it may be
LEAST_PAGE = 0.3  # share of the picture that a sheet on a desk covers
MOST_WRITTEN = 0.35  # share of a sheet that its writing covers
LEAST_SHEET = 8  # pixels of its shorter side, as the sheet is looked for
INSETS = (0.03, 0.06, 0.1, 0.14)  # shares of a sheet's sides
LEAST_STRAIGHT = 0.88  # share of a side that must be sheet; of an ellipse, such as the digit 0, it is at most 0.7
LEAST_WRITING = 0.15  # change of brightness inside a sheet, as a share of its difference from the desk
LEAST_STEP = 0.2  # change of brightness, as a share of the brighter side, that makes an edge
WIDEST_EDGE = 0.12  # share of a side that a strip of desk may take


def find_sheet(picture: NDArray[np.uint8]) -> Region | None:
    """Return rows and columns of a sheet on a desk, or of the field inside a frame; ``None`` where there is neither.

    Args:
        picture: uint8, RGB ``(H, W, 3)`` or gray ``(H, W, 1)``.
    """
    ring = brightness(border(picture))
    desk = fast_median(ring)
    gray, factor = _small(picture)
    difference = gray - desk
    sign = 1 if difference.sum() >= 0 else -1
    least = SHEET_CONTRAST * float((sign * difference).max())
    if (sign * (ring - desk) > least).mean() > MOST_CROSSING:
        return None
    found = _find_rectangle(sign * difference, least)
    return None if found is None else _enlarge(found, factor)


def inside_strips(picture: NDArray[np.uint8]) -> Region:
    """Return rows and columns of the picture without strips of desk along its border."""
    gray, factor = _small(picture)
    rows, columns = np.median(gray, axis=1), np.median(gray, axis=0)
    region = (
        slice(_strip(rows), len(rows) - _strip(rows[::-1])),
        slice(_strip(columns), len(columns) - _strip(columns[::-1])),
    )
    return _enlarge(region, factor)


def _small(picture: NDArray[np.uint8]) -> tuple[NDArray[np.float32], int]:
    factor = max(1, max(picture.shape[:2]) // SMALL_SIDE)
    gray = Image.fromarray(picture[..., 0]) if picture.shape[2] == 1 else Image.fromarray(picture).convert("L")
    return np.asarray(gray.reduce(factor), dtype=np.float32), factor


def _enlarge(region: Region, factor: int) -> Region:
    rows, columns = region
    return slice(rows.start * factor, rows.stop * factor), slice(columns.start * factor, columns.stop * factor)


def _find_rectangle(difference: NDArray[np.float32], least: float) -> Region | None:
    """Return rows and columns of one upright, nearly filled rectangle of some size that holds writing."""
    mask = difference > least
    if mask.mean() < LEAST_PAGE:
        return None
    _, labels, facts, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=4)
    largest = 1 + int(np.argmax(facts[1:, cv2.CC_STAT_AREA]))
    left, top, width, height, _ = facts[largest].tolist()
    rows, columns = slice(top, top + height), slice(left, left + width)
    if min(width, height) < LEAST_SHEET:
        return None
    blob = labels[rows, columns] == largest
    filled = _without_holes(blob)
    inset = _inset(filled)
    if inset is None or blob.size < LEAST_PAGE * mask.size or blob.sum() < (1 - MOST_WRITTEN) * filled.sum():
        return None
    top, left = inset
    found = slice(rows.start + top, rows.stop - top), slice(columns.start + left, columns.stop - left)
    inside = difference[found]
    return found if np.ptp(inside) > LEAST_WRITING * inside.max() else None


def _without_holes(blob: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask with all that it encloses."""
    field = np.pad(blob, 1).view(np.uint8)
    cv2.floodFill(field, None, (0, 0), 2)  # the ground outside, by sides and not by corners
    return np.asarray(field[1:-1, 1:-1] != 2)


def _inset(filled: NDArray[np.bool_]) -> tuple[int, int] | None:
    """Return how far inside its bounding box the sides of a sheet are straight: the farther, the more it is turned."""
    for share in INSETS:
        top, left = (max(1, round(share * side)) for side in filled.shape)
        sides = (filled[top], filled[-1 - top], filled[:, left], filled[:, -1 - left])
        if min(side.mean() for side in sides) > LEAST_STRAIGHT:
            return top, left
    return None


def _strip(profile: NDArray[np.float32]) -> int:
    """Return how many leading entries lie before an edge; 0 where there is none."""
    reach = min(max(1, round(WIDEST_EDGE * len(profile))), len(profile) - 1)
    steps = np.abs(profile[: reach + 1] - profile[reach])
    if steps[0] < LEAST_STEP * max(profile[0], profile[reach]):
        return 0
    return 1 + int(np.argmax(steps < 0.25 * steps[0]))
