"""ROC and precision-recall curves of every class and their mean, thinned so that they can be kept and drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabisco.evaluation.ranking import precision_recall_curve, roc_curve

POINTS = 33
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """Curves of each class against the rest; those of a class that has none are NaN. The last row is their mean.

    Attributes:
        roc: False and true positive rate, ``(classes + 1, POINTS, 2)``.
        precision_recall: Recall and precision, ``(classes + 1, POINTS, 2)``.
    """

    roc: NDArray[np.float32]
    precision_recall: NDArray[np.float32]

    @classmethod
    def of(cls, labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> "Curves":
        """Return the curves of answers.

        Args:
            labels: ``(N,)``, the true classes.
            probabilities: ``(N, classes)``.
        """
        rates, precisions = [], []
        for place in range(probabilities.shape[1]):
            positive, scores = labels == place, probabilities[:, place]
            if not 0 < positive.sum() < len(positive):
                continue
            rates.append((place, *roc_curve(positive, scores)))
            precisions.append((place, *precision_recall_curve(positive, scores)))
        count = probabilities.shape[1]
        return cls(_rows(rates, count), _rows(precisions, count))


def _rows(curves: list[tuple[int, Floats, Floats]], count: int) -> NDArray[np.float32]:
    """Return curves, each with its place, as rows; below them their mean over the classes that have one."""
    rows = np.full((count + 1, POINTS, 2), np.nan, np.float32)
    for place, across, up in curves:
        rows[place] = thinned(across, up)
    if curves:
        rows[count] = thinned(*mean_curve([(across, up) for _, across, up in curves]))
    return rows


def mean_curve(curves: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Return the mean of curves given as (x, y) with x non-decreasing, two points per distinct x.

    At a vertical step they are the mean of the values before and after it, so the area under the mean is the mean of
    the areas.
    """
    grid = np.unique(np.concatenate([across for across, _ in curves]))
    comes = np.mean([np.interp(-grid, -across[::-1], up[::-1]) for across, up in curves], axis=0)
    goes = np.mean([np.interp(grid, across, up) for across, up in curves], axis=0)
    return np.repeat(grid, 2), np.stack([comes, goes], axis=1).ravel()


def thinned(across: Floats, up: Floats, points: int = POINTS) -> Floats:
    """Return points of a curve, ``(points, 2)``, evenly along its way, its ends among them."""
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(across)) + np.abs(np.diff(up)))])
    places = np.searchsorted(way, np.linspace(0, way[-1], points), side="left").clip(0, len(way) - 1)
    places[0], places[-1] = 0, len(way) - 1
    return np.stack([across[places], up[places]], axis=1)
