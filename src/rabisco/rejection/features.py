"""The features that a rejection rule is given: what a picture looks like, and what a model's logits say of it."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco.images.geometry import FULL, border, bounding_box, fast_median, resize_ink, squared_distance_inside
from rabisco.images.ink import SOLID, Ink

SKETCH_SIDE = 48  # pixels of the longer side of the ink's box; enough to count strokes, pieces and holes
SAMPLES = 48  # rows and columns of the picture that its ground is judged by
WRITTEN = 153  # ink above it is no edge
LEAST_PIECE = 0.02  # share of the ink below which a piece is a speck
_AROUND = np.ones((3, 3), np.uint8)
_SUM, _WHOLE = cv2.REDUCE_SUM, cv2.CV_32S

TRAITS = (
    "aspect",
    "box_share",
    "fill",
    "edge_greys",
    "border_ink",
    "stroke_width",
    "stroke_length",
    "width_variation",
    "pieces",
    "largest_piece",
    "holes",
    "runs_per_row",
    "runs_per_column",
    "most_runs_per_row",
    "most_runs_per_column",
    "column_gap",
    "row_gap",
    "contrast",
    "ground_variation",
    "ink_variation",
    "clutter",
)
LOGIT_FEATURES = ("max_logit", "energy", "margin", "entropy", "lead", "spread", "doubt")
FEATURES = (*TRAITS, *LOGIT_FEATURES)


def describe(ink: Ink) -> NDArray[np.float32]:
    """Return the traits of a picture, float32 ``(len(TRAITS),)``; all 0 where nothing was written.

    They are counted on a sketch, the ink's box reduced to 48 pixels, and on every few pixels of the picture, so that
    they cost a fraction of a millisecond.

    Args:
        ink: What ``find_ink`` found in the picture, in whatever resolution.
    """
    if describe in ink.shapes:
        return ink.shapes[describe]
    if ink.box is None:
        return np.zeros(len(TRAITS), np.float32)
    crop = ink.values[ink.box]
    rows, columns = bounding_box(crop > SOLID)
    crop = crop[rows, columns] if rows.stop else crop
    height, width = crop.shape
    sketch, ring = _sketch(crop), border(ink.values)
    whole = [
        math.log(width / height),
        math.log(max(height, width) / max(ink.values.shape)),
        float(sketch.sum()) / sketch.size,
        int(np.count_nonzero((sketch > 0.15) & (sketch < 0.85)))
        / max(int(np.count_nonzero(sketch > 0.5)), 0.02 * sketch.size),
        np.count_nonzero(ring > SOLID) / ring.size,
    ]
    mask = sketch > 0.4
    area = max(int(np.count_nonzero(mask)), 1)
    traits = (*whole, *_strokes(mask, area), *_layout(mask, area), *_ground(ink))
    ink.shapes[describe] = np.array([value if math.isfinite(value) else 0.0 for value in traits], np.float32)
    return ink.shapes[describe]


def picture_features(
    traits: NDArray[np.floating] | Sequence[NDArray[np.floating]], logits: NDArray[np.floating], temperature: float
) -> NDArray[np.float64]:
    """Return what the rule is given: traits of the pictures, then what the logits say, ``(N, len(FEATURES))``.

    Args:
        traits: ``(N, len(TRAITS))``; see ``describe``.
        logits: ``(N, classes)``.
        temperature: The logits are divided by it.

    Source: Liu et al., "Energy-based out-of-distribution detection", NeurIPS 2020 (energy); Hendrycks and Gimpel,
    "A baseline for detecting misclassified and out-of-distribution examples", ICLR 2017 (doubt).
    """
    scaled = np.asarray(logits, np.float64) / temperature
    top = np.partition(scaled, -2, axis=1)
    best, second = top[:, -1], top[:, -2]
    energy = np.logaddexp.reduce(scaled, axis=1)
    log_probabilities = scaled - energy[:, np.newaxis]
    mean = scaled.sum(axis=1) / scaled.shape[1]
    centered = scaled - mean[:, np.newaxis]
    features = np.empty((len(scaled), len(FEATURES)))
    features[:, : len(TRAITS)] = traits
    said = features[:, len(TRAITS) :].T
    said[0] = best
    said[1] = energy
    said[2] = np.log1p(best - second)
    said[3] = np.log(1e-3 - (np.exp(log_probabilities) * log_probabilities).sum(axis=1))
    said[4] = best - mean
    said[5] = np.sqrt((centered * centered).sum(axis=1) / scaled.shape[1])
    said[6] = np.log(1 - np.exp(best - energy) + 1e-4)
    return features


def _sketch(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    step = max(1, max(crop.shape) // (2 * SKETCH_SIDE))
    crop = np.ascontiguousarray(crop[::step, ::step])
    method = Image.Resampling.BOX if max(crop.shape) > SKETCH_SIDE else Image.Resampling.BILINEAR
    small = resize_ink(crop, SKETCH_SIDE, method) / np.float32(FULL)
    return np.asarray(cv2.copyMakeBorder(small, 1, 1, 1, 1, cv2.BORDER_CONSTANT))


def _strokes(mask: NDArray[np.bool_], area: int) -> list[float]:
    """Return width, length and variation of the strokes of a sketch; no ink lies along its border."""
    side = max(mask.shape)
    inner = squared_distance_inside(mask)
    ridge = np.sqrt(inner[(inner == cv2.dilate(inner, _AROUND)) & mask])
    if not len(ridge):
        return [math.log(1 / side), math.log(area / side), 0.0]
    width = 2 * float(ridge.sum()) / len(ridge)
    return [math.log(width / side), math.log(area / width / side), cv2.meanStdDev(ridge)[1].item() / (width / 2)]


def _layout(mask: NDArray[np.bool_], area: int) -> list[float]:
    """Return how the strokes of a sketch are laid out: pieces, holes, how often a row or column enters ink, gaps."""
    bits = mask.view(np.uint8)
    areas = cv2.connectedComponentsWithStats(bits)[2][1:, cv2.CC_STAT_AREA].tolist()
    large = sum(piece >= LEAST_PIECE * area for piece in areas)
    holes = cv2.connectedComponents(bits ^ 1, connectivity=4)[0] - 2  # the ink and the ground around it count too
    runs, gaps = [], []
    for lines in (bits, np.ascontiguousarray(bits.T)):
        entries = cv2.reduce(
            np.ascontiguousarray(lines[1:-1, 1:] > lines[1:-1, :-1]).view(np.uint8), 1, _SUM, dtype=_WHOLE
        )
        runs.append(entries.ravel().tolist())
        used = cv2.reduce(lines, 0, cv2.REDUCE_MAX).ravel().nonzero()[0].tolist()
        gaps.append(max(map(int.__sub__, used[1:], used), default=1) - 1)
    return [
        math.log(max(large, 1)),
        max(areas) / area if areas else 1.0,
        math.log1p(max(0, holes)),
        *(sum(entries) / len(entries) for entries in runs),
        *(float(max(entries)) for entries in runs),
        *(gap / max(mask.shape) for gap in gaps),
    ]


def _ground(ink: Ink) -> list[float]:
    """Return how strong the ink is, and how much of the picture is neither even ground nor even ink."""
    step = max(1, max(ink.shades.shape) // SAMPLES)
    shades, values = (np.ascontiguousarray(one[::step, ::step]) for one in (ink.shades, ink.values))
    contrast = cv2.LUT(shades, ink.contrasts)
    written, ground = contrast[values > WRITTEN], contrast[values == 0]
    full = fast_median(written) if len(written) else float(contrast.max())
    full = max(full, 1.0)
    return [
        math.log(full),
        cv2.meanStdDev(ground)[1].item() / full if len(ground) else 1.0,
        cv2.meanStdDev(written)[1].item() / full if len(written) else 1.0,
        float(np.count_nonzero(np.abs(ground) > 0.35 * full)) / contrast.size,
    ]
