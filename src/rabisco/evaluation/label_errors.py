"""Which labels are probably wrong, and which images are hardest: confident learning on out-of-sample probabilities.

Source: Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", Journal of
Artificial Intelligence Research 70, 2021.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Suspicion:
    """An image whose label is probably wrong, and the most probable class, which is suggested."""

    row: int
    label: int
    suggested: int
    margin: float  # probability of the label less that of the class suggested, in [-1, 0); the lower, the surer


def confident_labels(labels: NDArray[np.int64], probabilities: Floats) -> NDArray[np.int64]:
    """Return the class that each image confidently belongs to, ``(N,)``; -1 where there is none.

    An image confidently belongs to a class if the class is at least as probable for it as it is, on average, for the
    images that are labeled so; of several such classes, to the most probable.

    Args:
        labels: ``(N,)``, as given.
        probabilities: Out of sample, ``(N, classes)``: of a model that has not seen the image.
    """
    count = probabilities.shape[1]
    images = np.bincount(labels, minlength=count)
    of_label = np.asarray(probabilities, np.float64)[np.arange(len(labels)), labels]
    sums = np.bincount(labels, weights=of_label, minlength=count)
    thresholds = np.where(images > 0, sums / np.maximum(images, 1), np.inf)
    reached = np.where(probabilities >= thresholds - 1e-12, probabilities, -np.inf)
    found = reached.argmax(axis=1)
    return np.where(np.isfinite(reached.max(axis=1)), found, -1)


def confident_joint(labels: NDArray[np.int64], probabilities: Floats) -> NDArray[np.int64]:
    """Return how many images labeled as one class confidently belong to another, ``(classes, classes)``."""
    confident, count = confident_labels(labels, probabilities), probabilities.shape[1]
    known = confident >= 0
    cells = labels[known] * count + confident[known]
    return np.bincount(cells, minlength=count**2).reshape(count, count)


def expected_errors(labels: NDArray[np.int64], probabilities: Floats) -> NDArray[np.int64]:
    """Return how many images of each class are probably another, ``(classes, classes)``; 0 on the diagonal.

    It is the confident joint, each row scaled to the images that are labeled so.
    """
    joint = confident_joint(labels, probabilities).astype(np.float64)
    images = np.bincount(labels, minlength=len(joint))
    joint *= (images / np.maximum(joint.sum(axis=1), 1))[:, np.newaxis]
    np.fill_diagonal(joint, 0)
    return np.rint(joint).astype(np.int64)


def suspected(labels: NDArray[np.int64], probabilities: Floats) -> list[Suspicion]:
    """Return the images whose labels are probably wrong, the surest first: the paper's “prune by noise rate”.

    Of the images labeled as one class, those with the largest margin for another are suspected: as many as are
    expected, as far as it is the more probable one. What is suggested is the most probable class.

    Args:
        labels: ``(N,)``, as given.
        probabilities: Out of sample, ``(N, classes)``.
    """
    chosen: set[int] = set()
    counts = expected_errors(labels, probabilities)
    for label, other in np.argwhere(counts).tolist():
        rows = np.flatnonzero(labels == label)
        margins = probabilities[rows, label] - probabilities[rows, other]
        surest = np.argsort(margins, kind="stable")[: counts[label, other]]
        chosen.update(rows[surest][margins[surest] < 0].tolist())
    likeliest = probabilities.argmax(axis=1)
    found = []
    for row in sorted(chosen):
        label, other = int(labels[row]), int(likeliest[row])
        found.append(Suspicion(row, label, other, float(probabilities[row, label] - probabilities[row, other])))
    return sorted(found, key=lambda one: one.margin)


def hardest(
    labels: NDArray[np.int64], probabilities: Floats, suspicions: list[Suspicion], most: int
) -> NDArray[np.int64]:
    """Return the rows whose label is least probable, at most so many, that are not among the suspicions."""
    left = np.ones(len(labels), bool)
    left[[one.row for one in suspicions]] = False
    rows = np.flatnonzero(left)
    return rows[np.argsort(probabilities[rows, labels[rows]], kind="stable")][:most]
