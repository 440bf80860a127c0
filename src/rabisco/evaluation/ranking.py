"""What the order of probabilities says: top-k accuracy, ROC and precision-recall curves, their mean and areas."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

POINTS = 33  # of a curve that is kept
Floats = NDArray[np.float64]


def top_k_accuracy(labels: NDArray[np.int64], scores: NDArray[np.floating], k: int) -> float:
    """Return the fraction of examples whose class is among the ``k`` with the highest scores.

    Args:
        labels: ``(N,)``, the true classes.
        scores: ``(N, classes)``; of equal ones the later class goes first, as in scikit-learn.
        k: At least 1; where there are no more classes than that, the answer is 1.
    """
    best = np.argsort(scores, axis=1, kind="stable")[:, ::-1][:, :k]
    return float((best == labels[:, np.newaxis]).any(axis=1).mean())


def roc_curve(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Return the ROC curve of one class against the rest, with a point for each distinct score.

    Args:
        positive: ``(N,)``, whether an example is of the class; some must be and some must not.
        scores: ``(N,)``, greater where that is more probable.

    Returns:
        False and true positive rate, each ``(scores + 1,)``, from (0, 0) to (1, 1).
    """
    hits, misses = _counts(positive, scores)
    return np.append(0.0, misses / misses[-1]), np.append(0.0, hits / hits[-1])


def precision_recall_curve(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Return the precision-recall curve of one class, with a point for each distinct score.

    Args:
        positive: ``(N,)``, whether an example is of the class; some must be.
        scores: ``(N,)``, greater where that is more probable.

    Returns:
        Recall and precision, each ``(scores + 1,)``; recall rises from 0, where precision is 1.
    """
    hits, misses = _counts(positive, scores)
    return np.append(0.0, hits / hits[-1]), np.append(1.0, hits / (hits + misses))


def class_curves(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return ROC and precision-recall curves, each ``(classes + 1, POINTS, 2)``, thinned so that they can be kept.

    A point is false and true positive rate, or recall and precision. Curves of a class that has no ROC curve are NaN;
    the last row is the mean of the others.
    """
    count = probabilities.shape[1]
    present = [place for place in range(count) if 0 < np.count_nonzero(labels == place) < len(labels)]
    found = []
    for curve_of in (roc_curve, precision_recall_curve):
        curves = [curve_of(labels == place, probabilities[:, place]) for place in present]
        rows = np.full((count + 1, POINTS, 2), np.nan, np.float32)
        for place, curve in zip(present, curves, strict=True):
            rows[place] = thinned(*curve)
        if curves:
            rows[count] = thinned(*mean_curve(curves))
        found.append(rows)
    return found[0], found[1]


def mean_curve(curves: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Return the mean of curves given as (x, y) with x non-decreasing, two points per distinct x.

    At a vertical step they are the mean of the values before and after it, so the area under the mean is the mean of
    the areas.
    """
    grid = np.unique(np.concatenate([across for across, _ in curves]))
    comes = np.mean([np.interp(-grid, -across[::-1], up[::-1]) for across, up in curves], axis=0)
    goes = np.mean([np.interp(grid, across, up) for across, up in curves], axis=0)
    return np.repeat(grid, 2), np.stack([comes, goes], axis=1).ravel()


def thinned(across: Floats, up: Floats) -> Floats:
    """Return points of a curve, ``(POINTS, 2)``, evenly along its way, its ends among them."""
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(across)) + np.abs(np.diff(up)))])
    places = np.searchsorted(way, np.linspace(0, way[-1], POINTS), side="left").clip(0, len(way) - 1)
    places[0], places[-1] = 0, len(way) - 1
    return np.stack([across[places], up[places]], axis=1)


def roc_auc(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> float | None:
    """Return the area under the ROC curve; ``None`` where all examples are of the class, or none is.

    It is the probability that a random example of the class has a higher score than a random other one, ties counting
    half.
    """
    positives = int(positive.sum())
    if not 0 < positives < len(positive):
        return None
    hits, misses = _counts(positive, scores)
    area = np.trapezoid(np.append(0.0, hits), np.append(0.0, misses))
    return float(area) / (positives * (len(positive) - positives))


def average_precision(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> float | None:
    """Return the mean precision over the steps of recall; ``None`` where no example is of the class."""
    hits, misses = _counts(positive, scores)
    if not hits[-1]:
        return None
    steps = np.diff(hits, prepend=0) / hits[-1]
    return float((steps * hits / (hits + misses)).sum())


def _counts(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Return how many of the class and of the rest reach each distinct score, from the highest score to the lowest."""
    order = np.argsort(-scores, kind="stable")
    falling = np.asarray(scores, dtype=np.float64)[order]
    last = np.flatnonzero(np.append(np.diff(falling) != 0, True))  # of equal scores the last has all of them
    hits = np.cumsum(positive[order], dtype=np.float64)[last]
    return hits, last + 1 - hits
