"""Logistic regression equals scikit-learn's, and says of rows it did not see what a rule without them would."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from rabisco.rejection.fitting import FOLDS, PENALTY, Examples, regress, regress_and_cross_validate


@pytest.fixture(scope="module")
def material() -> Examples:
    random = np.random.default_rng(0)
    outcomes = random.integers(0, 5, 300)
    columns = random.normal(0, 1, (300, 6)) + np.eye(5)[outcomes] @ random.normal(0, 1, (5, 6))
    return Examples(columns, outcomes, random.uniform(0.5, 3, 300))


def reference(material: Examples) -> LogisticRegression:
    read, counts = material.outcomes == 0, material.counts
    shares = counts / np.where(read, counts[read].sum(), counts[~read].sum()) / 2
    model = LogisticRegression(C=len(shares) / PENALTY, tol=1e-10, max_iter=10_000)
    return model.fit(material.columns, material.outcomes, sample_weight=shares)


def test_weights_are_those_of_scikit_learn(material: Examples) -> None:
    weights, biases = regress(material)
    expected = reference(material)
    assert pytest.approx(expected.coef_, abs=2e-3) == weights.T
    assert biases - biases.mean() == pytest.approx(expected.intercept_ - expected.intercept_.mean(), abs=2e-3)


def test_a_row_is_foreseen_by_what_was_fitted_without_its_third(material: Examples) -> None:
    weights, biases, logits = regress_and_cross_validate(material)
    np.testing.assert_array_equal(np.vstack([weights, biases]), np.vstack(regress(material)))
    for fold in range(FOLDS):
        rows = np.arange(300) % FOLDS == fold
        expected = reference(material.only(~rows)).predict_log_proba(material.columns[rows])
        found = logits[rows] - np.logaddexp.reduce(logits[rows], axis=1, keepdims=True)
        assert found == pytest.approx(expected, abs=0.02)
