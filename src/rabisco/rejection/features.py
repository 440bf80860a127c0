"""The features that a rejection rule is given: what a picture looks like, and what a model's logits say of it."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from rabisco.images.geometry import bounding_box
from rabisco.images.ink import Ink
from rabisco.images.middle import median
from rabisco.images.page import border
from rabisco.images.stroke import framed

SKETCH_SIDE = 48  # pixels of the longer side of the ink's box; enough to count strokes, pieces and holes
SAMPLES = 48  # rows and columns of the picture that its ground is judged by
LEAST_PIECE = 0.02  # share of the ink below which a piece is a speck
NEIGHBOURS = np.ones((3, 3), bool)

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
    if ink.blank:
        return np.zeros(len(TRAITS), np.float32)
    strong = ink.values > 0.5
    crop = ink.values[bounding_box(strong if strong.any() else ink.values)]
    height, width = crop.shape
    sketch = _sketch(crop)
    whole = [
        np.log(width / height),
        np.log(max(height, width) / max(ink.values.shape)),
        float(sketch.mean()),
        _share((sketch > 0.15) & (sketch < 0.85)) / max(_share(sketch > 0.5), 0.02),
        _share(border(ink.values) > 0.5),
    ]
    values = np.array([*whole, *_strokes(sketch), *_ground(ink)], np.float32)
    return np.nan_to_num(values, posinf=0, neginf=0)


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
    top = np.partition(scaled, -2, axis=1)[:, -2:]
    best = top[:, 1]
    energy = np.logaddexp.reduce(scaled, axis=1)
    log_probabilities = scaled - energy[:, np.newaxis]
    probabilities = np.exp(log_probabilities)
    said = np.stack(
        [
            best,
            energy,
            np.log1p(best - top[:, 0]),
            np.log(1e-3 - (probabilities * log_probabilities).sum(axis=1)),
            best - scaled.mean(axis=1),
            scaled.std(axis=1),
            np.log(1 - np.exp(best - energy) + 1e-4),
        ],
        axis=1,
    )
    return np.concatenate([np.asarray(traits, np.float64), said], axis=1)


def _share(mask: NDArray[np.bool_]) -> float:
    return int(np.count_nonzero(mask)) / mask.size


def _sketch(crop: NDArray[np.float32]) -> NDArray[np.float32]:
    step = max(1, max(crop.shape) // (2 * SKETCH_SIDE))
    crop = crop[::step, ::step]
    image = Image.fromarray((crop * 255).astype(np.uint8))
    scale = SKETCH_SIDE / max(crop.shape)
    size = max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale))
    method = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    return framed(np.asarray(image.resize(size, method), np.float32) / np.float32(255))


def _strokes(sketch: NDArray[np.float32]) -> list[float]:
    """Return width, length and variation of the strokes, and how they are laid out."""
    mask = sketch > 0.4
    side = max(sketch.shape)
    area = max(int(np.count_nonzero(mask)), 1)
    inner = ndimage.distance_transform_edt(mask)
    ridge = inner[(inner == _greatest_near(inner)) & mask]
    mean_width = 2 * float(ridge.mean()) if len(ridge) else 1.0
    labels, _ = ndimage.label(mask, NEIGHBOURS)
    areas = np.bincount(labels.ravel())[1:]
    large = areas[areas >= LEAST_PIECE * area] if len(areas) else np.array([area])
    across, down = _runs(mask), _runs(mask.T)
    return [
        np.log(mean_width / side),
        np.log(area / mean_width / side),
        _deviation(ridge) / (mean_width / 2) if len(ridge) else 0.0,
        np.log(max(len(large), 1)),
        float(areas.max() / area) if len(areas) else 1.0,
        np.log1p(max(0, len(areas) - _euler(mask))),
        float(across.mean()),
        float(down.mean()),
        float(across.max()),
        float(down.max()),
        _gap(np.asarray(mask.any(axis=0)), side),
        _gap(np.asarray(mask.any(axis=1)), side),
    ]


def _deviation(values: NDArray[np.floating[Any]]) -> float:
    """Return the standard deviation of a few hundred values in one row, without what NumPy prepares for more."""
    centred = values - values.sum(dtype=np.float64) / len(values)
    return math.sqrt(float(centred @ centred) / len(values))


def _greatest_near(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the greatest of each 3×3 window, for values that are at least 0, and 0 along the border."""
    greatest = np.zeros_like(values)
    tallest = np.maximum(np.maximum(values[:-2], values[1:-1]), values[2:])
    greatest[1:-1, 1:-1] = np.maximum(np.maximum(tallest[:, :-2], tallest[:, 1:-1]), tallest[:, 2:])
    return greatest


def _runs(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return how often each row enters ink."""
    return np.asarray(np.count_nonzero(mask[1:-1, 1:] > mask[1:-1, :-1], axis=1))


def _euler(mask: NDArray[np.bool_]) -> int:
    """Return pieces less holes, for pieces that touch at corners: counted from 2×2 windows (Gray, 1971)."""
    set_bits = mask.astype(np.uint8)
    quads = set_bits[:-1, :-1] + 2 * set_bits[:-1, 1:] + 4 * set_bits[1:, :-1] + 8 * set_bits[1:, 1:]
    counts = np.bincount(quads.ravel(), minlength=16).tolist()
    one, three = sum(counts[kind] for kind in (1, 2, 4, 8)), sum(counts[kind] for kind in (7, 11, 13, 14))
    return int(one - three - 2 * (counts[6] + counts[9])) // 4


def _gap(used: NDArray[np.bool_], side: int) -> float:
    """Return the widest empty stretch between used columns, as a share of the longer side."""
    places = np.flatnonzero(used)
    return float(np.diff(places).max() - 1) / side if len(places) > 1 else 0.0


def _ground(ink: Ink) -> list[float]:
    """Return how strong the ink is, and how much of the picture is neither even ground nor even ink."""
    step = max(1, max(ink.contrast.shape) // SAMPLES)
    contrast, values = ink.contrast[::step, ::step], ink.values[::step, ::step]
    written, ground = contrast[values > 0.6], contrast[values <= 0]
    full = median(written) if len(written) else float(contrast.max())
    full = max(full, 1.0)
    return [
        np.log(full),
        _deviation(ground) / full if len(ground) else 1.0,
        _deviation(written) / full if len(written) else 1.0,
        float(np.count_nonzero(np.abs(ground) > 0.35 * full)) / contrast.size,
    ]
