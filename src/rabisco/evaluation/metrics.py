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
    """How well one class is read; every figure a fraction, 0 where it would divide by nothing.

    Attributes:
        category: Name of the class.
        precision: Of the answers that name it, the fraction that is right.
        recall: Of its examples, the fraction that is read.
        f1: Harmonic mean of the two.
        support: Number of its examples.
        roc_auc: Area under its ROC curve against the rest; none where all examples are its own, or none is.
        average_precision: Mean precision over its precision-recall curve; none where it has no example.
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

    Attributes:
        examples: Number of examples.
        accuracy: Fraction read correctly.
        accuracy_interval: Its 95% Wilson interval.
        loss: Mean cross-entropy in nats, after the temperature.
        roc_auc: Macro one-vs-rest area under the ROC curve, over the classes present; NaN where only one is.
        average_precision: Macro one-vs-rest mean precision, over the classes present.
        brier: Brier score of the probabilities, in [0, 2].
        top_3: Fraction whose class is among the three most probable.
        top_5: Among the five most probable.
        macro: Precision, recall and F1 averaged over the classes that are present or answered.
        weighted: The same, each class counting as often as it has examples.
        calibration_error: Expected calibration error over 15 equally wide bins.
        adaptive_calibration_error: The same over 15 equally filled bins.
        classes: One row per class, in the order of the logits.
        confusion_matrix: Row: true class, column: class read; counts.
        top_confusions: The most frequent mistakes, most frequent first.
        reliability: Confidence beside accuracy, per bin of the confidence.
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

    Args:
        reader: The model.
        split: The examples, at least one.
        class_names: Name of each class, in the order of the logits; the indices if not given.
        temperature: The logits are divided by it before the softmax.

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
    """Return precision, recall, F1, support and areas of each class.

    Args:
        matrix: Confusion matrix of the examples.
        class_names: Name of each class.
        labels: ``(N,)``, the true classes.
        probabilities: ``(N, classes)``.
    """
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
