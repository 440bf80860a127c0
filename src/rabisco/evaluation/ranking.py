"""What the order of probabilities says: top-k accuracy, ROC and precision-recall curves, and their areas."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabisco.errors import N_, InvalidDataError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RocCurve:
    """A receiver operating characteristic; each array ``(thresholds + 1,)``, from (0, 0) to (1, 1).

    Attributes:
        false_positive_rate: Fraction of the other examples whose score reaches the threshold.
        true_positive_rate: Fraction of the class's examples whose score does.
        thresholds: Falling; the first is infinite.
    """

    false_positive_rate: Floats
    true_positive_rate: Floats
    thresholds: Floats


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """Precision beside recall; ``precision`` and ``recall`` end with (1, 0), which has no threshold.

    Attributes:
        precision: Of the examples whose score reaches the threshold, the fraction that is of the class.
        recall: Of the class's examples, the fraction whose score does; falling.
        thresholds: Rising, one fewer.
    """

    precision: Floats
    recall: Floats
    thresholds: Floats


def top_k_accuracy(labels: NDArray[np.int64], scores: NDArray[np.floating], k: int) -> float:
    """Return the fraction of examples whose class is among the ``k`` with the highest scores.

    Args:
        labels: ``(N,)``, the true classes.
        scores: ``(N, classes)``; of equal ones the later class goes first, as in scikit-learn.
        k: At least 1; where there are no more classes than that, the answer is 1.
    """
    best = np.argsort(scores, axis=1, kind="stable")[:, ::-1][:, :k]
    return float((best == labels[:, np.newaxis]).any(axis=1).mean())


def roc_curve(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> RocCurve:
    """Return the ROC curve of one class against the rest, a point for every score that occurs.

    Args:
        positive: ``(N,)``, whether an example is of the class.
        scores: ``(N,)``, greater where that is more probable.

    Raises:
        InvalidDataError: All examples are of the class, or none is.
    """
    hits, misses, thresholds = _counts(positive, scores)
    if not hits[-1] or not misses[-1]:
        raise _one_class(int(hits[-1]), len(positive))
    return RocCurve(
        np.concatenate([[0.0], misses / misses[-1]]),
        np.concatenate([[0.0], hits / hits[-1]]),
        np.concatenate([[np.inf], thresholds]),
    )


def precision_recall_curve(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> PrecisionRecallCurve:
    """Return precision and recall of one class for every score that occurs; arguments as for ``roc_curve``.

    Raises:
        InvalidDataError: No example is of the class.
    """
    hits, misses, thresholds = _counts(positive, scores)
    if not hits[-1]:
        raise _one_class(0, len(positive))
    precision = hits / (hits + misses)
    return PrecisionRecallCurve(
        np.concatenate([precision[::-1], [1.0]]), np.concatenate([(hits / hits[-1])[::-1], [0.0]]), thresholds[::-1]
    )


def roc_auc(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> float | None:
    """Return the area under the ROC curve; ``None`` where all examples are of the class, or none is.

    It is the probability that a random example of the class has a higher score than a random other one, ties counting
    half.
    """
    positives = int(positive.sum())
    if not 0 < positives < len(positive):
        return None
    hits, misses, _ = _counts(positive, scores)
    area = np.trapezoid(np.append(0.0, hits), np.append(0.0, misses))
    return float(area) / (positives * (len(positive) - positives))


def average_precision(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> float | None:
    """Return the mean precision over the steps of recall; ``None`` where no example is of the class."""
    hits, misses, _ = _counts(positive, scores)
    if not hits[-1]:
        return None
    steps = np.diff(hits, prepend=0) / hits[-1]
    return float((steps * hits / (hits + misses)).sum())


def macro_roc_auc(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
    """Return the area under the ROC curve, one class against the rest, averaged over the classes that have one.

    Args:
        labels: ``(N,)``, the true classes.
        probabilities: ``(N, classes)``; any score that grows with the probability does.

    Returns:
        A fraction in [0, 1]; NaN if no class has an area.
    """
    areas = [roc_auc(labels == index, probabilities[:, index]) for index in range(probabilities.shape[1])]
    known = [area for area in areas if area is not None]
    return float(np.mean(known)) if known else float("nan")


def _counts(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> tuple[Floats, Floats, Floats]:
    """Return how many of the class and of the rest reach each score that occurs, and the scores, falling."""
    if not len(scores):
        raise InvalidDataError(N_("a curve needs at least one example; received none"))
    order = np.argsort(-scores, kind="stable")
    falling = np.asarray(scores, dtype=np.float64)[order]
    last = np.flatnonzero(np.append(np.diff(falling) != 0, True))  # of equal scores the last has all of them
    hits = np.cumsum(positive[order], dtype=np.float64)[last]
    return hits, last + 1 - hits, falling[last]


def _one_class(positives: int, examples: int) -> InvalidDataError:
    return InvalidDataError(
        N_("a curve needs examples of a class and others. Received: %(positives)s of the class among %(examples)s"),
        positives=positives,
        examples=examples,
    )
