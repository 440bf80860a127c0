"""Calibration figures, worked out by hand and against scikit-learn."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.calibration import calibration_curve

from rabisco.errors import InvalidDataError
from rabisco.evaluation.calibration import (
    adaptive_calibration_error,
    calibration_error,
    fit_temperature,
    negative_log_likelihood,
    reliability_table,
)


def two_classes(confidences, correct):
    """Return labels and probabilities of answers 'class 0' given with these confidences."""
    confidences = np.asarray(confidences)
    return np.where(correct, 0, 1), np.column_stack([confidences, 1 - confidences])


@pytest.fixture
def calibrated():
    random = np.random.default_rng(3)
    logits = random.normal(scale=2.0, size=(20_000, 4))
    chosen = (softmax(logits, axis=1).cumsum(axis=1) > random.random((20_000, 1))).argmax(axis=1)
    return logits, chosen


def test_calibration_error_of_a_case_worked_out_by_hand():
    labels, probabilities = two_classes([0.9, 0.9, 0.9, 0.9, 0.6, 0.6], [True, True, True, False, True, True])
    # |0.9 - 0.75| over four answers, |0.6 - 1| over two
    assert calibration_error(labels, probabilities) == pytest.approx((4 * 0.15 + 2 * 0.4) / 6)


def test_confidence_of_one_belongs_to_the_last_bin():
    table = reliability_table(*two_classes([1.0, 1.0], [True, False]))
    assert (table[-1].count, table[-1].accuracy, table[-1].confidence) == (2, 0.5, 1.0)
    assert sum(row.count for row in table) == 2


def test_reliability_table_equals_the_calibration_curve_of_scikit_learn(calibrated):
    logits, labels = calibrated
    probabilities = softmax(logits, axis=1)
    right = probabilities.argmax(axis=1) == labels
    expected_accuracy, expected_confidence = calibration_curve(right, probabilities.max(axis=1), n_bins=15)
    rows = [row for row in reliability_table(labels, probabilities) if row.count]
    assert [row.accuracy for row in rows] == pytest.approx(expected_accuracy)
    assert [row.confidence for row in rows] == pytest.approx(expected_confidence)


def test_adaptive_error_equals_the_quantile_curve_of_scikit_learn(calibrated):
    logits, labels = calibrated
    probabilities = softmax(logits[:15_000], axis=1)
    right = probabilities.argmax(axis=1) == labels[:15_000]
    accuracy, confidence = calibration_curve(right, probabilities.max(axis=1), n_bins=15, strategy="quantile")
    ours = adaptive_calibration_error(labels[:15_000], probabilities)
    assert ours == pytest.approx(np.abs(accuracy - confidence).mean(), abs=1e-5)


def test_adaptive_error_looks_inside_the_last_bin():
    confidences = np.repeat([0.95, 0.999], 300)
    right = np.tile([True] * 39 + [False], 15)  # 97.5% right at either confidence: the two gaps nearly cancel
    labels, probabilities = two_classes(confidences, right)
    assert calibration_error(labels, probabilities) < 0.002
    assert adaptive_calibration_error(labels, probabilities) > 0.02


def test_fewer_answers_than_bins_are_fine():
    assert adaptive_calibration_error(*two_classes([0.8], [True])) == pytest.approx(0.2)


def test_temperature_of_a_calibrated_model_is_one(calibrated):
    logits, labels = calibrated
    assert fit_temperature(logits, labels) == pytest.approx(1.0, abs=0.03)


def test_temperature_undoes_too_much_confidence(calibrated):
    logits, labels = calibrated
    found = fit_temperature(3.0 * logits, labels)
    assert found == pytest.approx(3.0, rel=0.03)
    assert calibration_error(labels, softmax(3.0 * logits / found, axis=1)) < 0.01
    assert calibration_error(labels, softmax(3.0 * logits, axis=1)) > 0.1


def test_no_other_temperature_is_more_likely(calibrated):
    logits, labels = calibrated
    found = fit_temperature(2.0 * logits, labels)
    best = negative_log_likelihood(labels, 2.0 * logits / found)
    others = [negative_log_likelihood(labels, 2.0 * logits / (found * factor)) for factor in (0.9, 0.99, 1.01, 1.1)]
    assert best < min(others)


def test_temperature_without_examples_is_refused():
    with pytest.raises(InvalidDataError, match="at least one validation example"):
        fit_temperature(np.zeros((0, 3)), np.zeros(0, dtype=np.int64))
