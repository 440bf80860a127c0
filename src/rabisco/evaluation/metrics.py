"""How good are a model's answers? Accuracy with its interval, loss, confusions, figures of each class and averages."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray

from rabisco.data.dataset import Split
from rabisco.errors import N_, InvalidDataError
from rabisco.evaluation.calibration import (
    ReliabilityBin,
    adaptive_calibration_error,
    calibration_error,
    negative_log_likelihood,
    reliability_table,
)
from rabisco.evaluation.ranking import average_precision, roc_auc, top_k_accuracy
from rabisco.evaluation.reader import Reader, read_logits
from rabisco.evaluation.statistics import wilson_interval


@dataclass(frozen=True)
class ClassScore:
    """How well one class is read; every figure but its number of examples is a fraction, 0 where nothing divides it.

    The areas under its ROC and precision-recall curves against the rest are ``None`` where it has no such curve.
    """

    category: str
    precision: float
    recall: float
    f1: float
    support: int
    roc_auc: float | None = None
    average_precision: float | None = None


@dataclass(frozen=True)
class Confusion:
    """One class taken for another: how often, and as a fraction of the true class's examples."""

    category: str
    read_as: str
    count: int
    fraction: float


@dataclass(frozen=True)
class Averages:
    """Precision, recall and F1 averaged over classes, in [0, 1]."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Evaluation:
    """What one model does on one split; fractions, not percentages.

    The interval is Wilson's, 95%; the loss the mean cross-entropy in nats, after the temperature; the Brier score lies
    in [0, 2]. ROC AUC, NaN where only one class is present, and average precision are means over the classes present,
    each against the rest. Precision, recall and F1 are averaged over the classes that are present or answered, or
    weighted by their examples. Calibration errors are over 15 equally wide, or equally filled, bins. Rows of the
    confusion matrix are true classes, columns the classes read, in the order of the logits.
    """

    examples: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    loss: float
    roc_auc: float
    average_precision: float
    brier: float
    top_3: float
    top_5: float
    macro: Averages
    weighted: Averages
    calibration_error: float
    adaptive_calibration_error: float
    classes: tuple[ClassScore, ...]
    confusion_matrix: tuple[tuple[int, ...], ...]
    top_confusions: tuple[Confusion, ...]
    reliability: tuple[ReliabilityBin, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values that JSON can hold; what is no number is ``None``."""
        return asdict(self) | ({"roc_auc": None} if np.isnan(self.roc_auc) else {})


def evaluate(
    reader: Reader, split: Split, class_names: Sequence[str] | None = None, temperature: float = 1.0
) -> Evaluation:
    """Read a whole split and return how well that went.

    Classes are in the order of the logits, and called by their indices if no names are given. The logits are divided
    by the temperature before the softmax.

    Raises:
        InvalidDataError: The split is empty, or has labels that the model does not know.
    """
    require_examples(split)
    return evaluate_logits(split.labels, read_logits(reader, split.images), class_names, temperature)


def require_examples(split: Split) -> None:
    """Refuse a split without examples.

    Raises:
        InvalidDataError: It is one.
    """
    if not len(split):
        raise InvalidDataError(N_("an evaluation needs at least one example; received an empty split"))


def evaluate_logits(
    labels: NDArray[np.int64],
    logits: NDArray[np.floating],
    class_names: Sequence[str] | None = None,
    temperature: float = 1.0,
) -> Evaluation:
    """Return how well logits, ``(N, classes)``, fit the labels, ``(N,)``; see ``evaluate``."""
    _check_labels(labels, logits.shape[1])
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    probabilities = scipy.special.softmax(scaled, axis=1)
    names = tuple(class_names or (str(index) for index in range(logits.shape[1])))
    matrix = confusion_matrix(labels, probabilities.argmax(axis=1), len(names))
    classes = class_scores(matrix, names, labels, probabilities)
    areas = [one.roc_auc for one in classes if one.roc_auc is not None]
    precisions = [one.average_precision for one in classes if one.average_precision is not None]
    return Evaluation(
        examples=len(labels),
        accuracy=float(np.trace(matrix) / len(labels)),
        accuracy_interval=wilson_interval(int(np.trace(matrix)), len(labels)),
        loss=negative_log_likelihood(labels, scaled),
        roc_auc=float(np.mean(areas)) if areas else float("nan"),
        average_precision=float(np.mean(precisions)),
        brier=brier_score(labels, probabilities),
        top_3=top_k_accuracy(labels, probabilities, 3),
        top_5=top_k_accuracy(labels, probabilities, 5),
        macro=averages(classes, ((matrix.sum(axis=0) + matrix.sum(axis=1)) > 0).tolist()),
        weighted=averages(classes, [one.support for one in classes]),
        calibration_error=calibration_error(labels, probabilities),
        adaptive_calibration_error=adaptive_calibration_error(labels, probabilities),
        classes=classes,
        confusion_matrix=tuple(tuple(row) for row in matrix.tolist()),
        top_confusions=top_confusions(matrix, names),
        reliability=reliability_table(labels, probabilities),
    )


def confusion_matrix(labels: NDArray[np.int64], answers: NDArray[np.int64], num_classes: int) -> NDArray[np.int64]:
    """Return the counts ``(classes, classes)``; row: true class, column: class read."""
    cells = labels.astype(np.int64) * num_classes + answers
    return np.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes).astype(np.int64)


def class_scores(
    matrix: NDArray[np.int64],
    class_names: Sequence[str],
    labels: NDArray[np.int64],
    probabilities: NDArray[np.floating],
) -> tuple[ClassScore, ...]:
    """Return precision, recall, F1, support and areas of each class, the first four from the confusion matrix."""
    right = np.diag(matrix).astype(np.float64)
    support = matrix.sum(axis=1)
    precision = right / np.maximum(matrix.sum(axis=0), 1)
    recall = right / np.maximum(support, 1)
    total = precision + recall
    f1 = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
    return tuple(
        ClassScore(
            category=name,
            precision=float(precision[index]),
            recall=float(recall[index]),
            f1=float(f1[index]),
            support=int(support[index]),
            roc_auc=roc_auc(labels == index, probabilities[:, index]),
            average_precision=average_precision(labels == index, probabilities[:, index]),
        )
        for index, name in enumerate(class_names)
    )


def averages(classes: Sequence[ClassScore], weights: Sequence[int]) -> Averages:
    """Return the figures of the classes averaged with these weights, not all of them 0."""
    figures = np.array([(one.precision, one.recall, one.f1) for one in classes])
    return Averages(*map(float, np.average(figures, axis=0, weights=weights)))


def top_confusions(matrix: NDArray[np.int64], class_names: Sequence[str]) -> tuple[Confusion, ...]:
    """Return the ten most frequent mistakes of a confusion matrix, most frequent first."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    fractions = wrong / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    order = np.argsort(-wrong, axis=None, kind="stable")[:10]
    pairs = [divmod(int(cell), len(class_names)) for cell in order]
    return tuple(
        Confusion(class_names[true], class_names[read], int(wrong[true, read]), float(fractions[true, read]))
        for true, read in pairs
        if wrong[true, read]
    )


def brier_score(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
    """Return the mean squared distance of the probabilities from 1 for the true class and 0 for the others, in [0, 2].

    Source: Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 1950.
    """
    true = probabilities[np.arange(len(labels)), labels]
    return float((np.square(probabilities).sum(axis=1) - 2 * true + 1).mean())


def _check_labels(labels: NDArray[np.int64], num_classes: int) -> None:
    if labels.min() < 0 or labels.max() >= num_classes:
        raise InvalidDataError(
            N_(
                "labels must lie in 0…%(last)s, the classes of this model; received %(lowest)s…%(highest)s. "
                "Evaluate it on the data set it was trained on"
            ),
            last=num_classes - 1,
            lowest=int(labels.min()),
            highest=int(labels.max()),
        )
