"""Is a model as often right as it says? Calibration error, reliability table, temperature."""

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray

from rabisco.errors import N_, InvalidDataError

BINS = 15


@dataclass(frozen=True)
class ReliabilityBin:
    """The answers whose confidence lies above ``low``, up to ``high``; their means are 0 if there are none."""

    low: float  # inclusive where it is 0
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability_table(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> tuple[ReliabilityBin, ...]:
    """Return confidence beside accuracy in 15 equally wide intervals of the confidence.

    Args:
        labels: ``(N,)``, the true classes.
        probabilities: ``(N, classes)``, rows summing to 1; the confidence is a row's greatest.
    """
    confidence, correct = _confidence(labels, probabilities)
    edges = np.linspace(0.0, 1.0, BINS + 1)
    places = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, BINS - 1)
    return tuple(
        _bin(edges[place], edges[place + 1], confidence[places == place], correct[places == place])
        for place in range(BINS)
    )


def calibration_error(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
    """Return the expected calibration error: the mean gap of confidence and accuracy over equally wide bins.

    Args:
        labels: ``(N,)``, the true classes.
        probabilities: ``(N, classes)``, rows summing to 1.

    Returns:
        A fraction in [0, 1]; 0 is perfect.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    return _mean_gap(reliability_table(labels, probabilities))


def adaptive_calibration_error(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
    """Return the calibration error over bins that hold equally many answers each.

    A good model gives nearly all answers with confidence above 0.93, all in one equally wide bin; these bins look
    inside it.

    Source: Nguyen and O'Connor, "Posterior calibration and exploratory analysis for NLP models", EMNLP 2015.
    """
    confidence, correct = _confidence(labels, probabilities)
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    return _mean_gap(
        tuple(_bin(confidence[part[0]], confidence[part[-1]], confidence[part], correct[part]) for part in parts)
    )


def negative_log_likelihood(labels: NDArray[np.int64], logits: NDArray[np.floating]) -> float:
    """Return the mean cross-entropy in nats: minus the log of the probability given to the true class.

    Args:
        labels: ``(N,)``, the true classes.
        logits: ``(N, classes)``.
    """
    log_probabilities = scipy.special.log_softmax(np.asarray(logits, dtype=np.float64), axis=1)
    return float(-log_probabilities[np.arange(len(labels)), labels].mean())


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """Return the temperature that makes ``softmax(logits / temperature)`` most likely to give the labels.

    Fit it on the validation split, never on the test split. Dividing by a temperature changes no answer, only how
    sure the model says it is.

    Args:
        logits: ``(N, classes)``.
        labels: ``(N,)``, the true classes.

    Returns:
        A number in [0.05, 20]; above 1 if the model was too sure of itself.

    Raises:
        InvalidDataError: There are no examples to fit it on.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    if not len(labels):
        raise InvalidDataError(N_("a temperature needs at least one validation example; received none"))
    logits = np.asarray(logits, dtype=np.float64)
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log_temperature: negative_log_likelihood(labels, logits / np.exp(log_temperature)),
        bounds=(np.log(0.05), np.log(20.0)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))


def _confidence(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    return probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1) == labels


def _bin(low: float, high: float, confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> ReliabilityBin:
    count = len(confidence)
    if not count:
        return ReliabilityBin(float(low), float(high), 0, 0.0, 0.0)
    return ReliabilityBin(float(low), float(high), count, float(confidence.mean()), float(correct.mean()))


def _mean_gap(table: tuple[ReliabilityBin, ...]) -> float:
    total = sum(row.count for row in table)
    return sum(row.count * abs(row.confidence - row.accuracy) for row in table) / total
