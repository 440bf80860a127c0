"""Curves, areas and averages equal scikit-learn's to 1e-9, on random cases and on adversarial ones."""

import json

import numpy as np
import pytest
from scipy.special import logsumexp, softmax
from sklearn import metrics as reference

from rabisco.evaluation.metrics import evaluate_logits
from rabisco.evaluation.ranking import (
    average_precision,
    precision_recall_curve,
    roc_auc,
    roc_curve,
    top_k_accuracy,
)

CLASSES = 6
EXACT = {"rtol": 1e-9, "atol": 1e-9}


def case(seed: int, *, examples: int = 300, present: int = CLASSES, digits: int | None = None, quality: float = 1.5):
    """Return labels of the first ``present`` classes, and logits; with ``digits``, many of them equal."""
    random = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(present), random.integers(0, present, examples - present)])
    logits = random.normal(size=(examples, CLASSES)) + quality * np.eye(CLASSES)[labels]
    return labels, logits if digits is None else logits.round(digits)


CASES = {
    "random": case(0),
    "no better than chance": case(1, quality=0.0),
    "always right": case(2, quality=60.0),
    "always wrong": case(3, quality=-60.0),
    "ties": case(4, digits=0),
    "all equal": (case(5)[0], np.zeros((300, CLASSES))),
    "missing classes": case(6, present=3),
    "one class": case(9, present=1),
    "a class never answered": (case(10)[0], case(10)[1] - 1e3 * np.eye(CLASSES)[2]),
    "few": case(7, examples=CLASSES),
    "large": (case(8)[0], case(8)[1] * 1e3),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def answered(request: pytest.FixtureRequest):
    labels, logits = request.param
    return labels, logits, softmax(logits, axis=1)


def test_curves_and_areas_of_each_class_equal_those_of_scikit_learn(answered) -> None:
    labels, _, probabilities = answered
    for index in range(labels.max() + 1):
        positive, scores = labels == index, probabilities[:, index]
        found = average_precision(positive, scores)
        assert found == pytest.approx(reference.average_precision_score(positive, scores), abs=1e-9)
        precision, recall, _ = reference.precision_recall_curve(positive, scores)
        for ours, theirs in zip(
            precision_recall_curve(positive, scores), (recall[::-1], precision[::-1]), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, **EXACT)
        if positive.all():  # no ROC curve
            assert roc_auc(positive, scores) is None
            continue
        *expected, _ = reference.roc_curve(positive, scores, drop_intermediate=False)
        for ours, theirs in zip(roc_curve(positive, scores), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, **EXACT)
        assert roc_auc(positive, scores) == pytest.approx(reference.roc_auc_score(positive, scores), abs=1e-9)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_accuracy_equals_that_of_scikit_learn(answered, k: int) -> None:
    labels, _, probabilities = answered
    expected = reference.top_k_accuracy_score(labels, probabilities, k=k, labels=range(CLASSES))
    assert top_k_accuracy(labels, probabilities, k) == pytest.approx(expected, abs=1e-9)


def test_averages_loss_and_brier_score_equal_those_of_scikit_learn(answered) -> None:
    labels, logits, probabilities = answered
    found, answers = evaluate_logits(labels, logits), probabilities.argmax(axis=1)
    for name, ours in (("macro", found.macro), ("weighted", found.weighted)):
        expected = reference.precision_recall_fscore_support(labels, answers, average=name, zero_division=0)[:3]
        assert (ours.precision, ours.recall, ours.f1) == pytest.approx(expected, abs=1e-9)
    ours = [(one.precision, one.recall, one.f1, one.support) for one in found.classes]
    expected = reference.precision_recall_fscore_support(labels, answers, labels=range(CLASSES), zero_division=0)
    np.testing.assert_allclose(ours, np.transpose(expected), **EXACT)
    assert found.accuracy == pytest.approx(reference.accuracy_score(labels, answers), abs=1e-9)
    areas = (
        [reference.roc_auc_score(labels == one, probabilities[:, one]) for one in set(labels)] if any(labels) else []
    )
    assert found.roc_auc == pytest.approx(np.mean(areas) if areas else np.nan, abs=1e-9, nan_ok=True)
    areas = [reference.average_precision_score(labels == one, probabilities[:, one]) for one in set(labels)]
    assert found.average_precision == pytest.approx(np.mean(areas), abs=1e-9)
    losses = logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels]
    assert found.loss == pytest.approx(losses.mean(), rel=1e-9, abs=1e-9)
    if probabilities.min() > 1e-12:  # below that scikit-learn rounds
        assert found.loss == pytest.approx(reference.log_loss(labels, probabilities, labels=range(CLASSES)), abs=1e-9)
    hot = np.eye(CLASSES)[labels]
    expected = reference.brier_score_loss(labels, probabilities, labels=range(CLASSES), scale_by_half=False)
    assert found.brier == pytest.approx(expected, abs=1e-9)
    assert found.brier == pytest.approx(np.square(probabilities - hot).sum(axis=1).mean(), abs=1e-9)
    assert (found.top_3, found.top_5) == tuple(top_k_accuracy(labels, probabilities, k) for k in (3, 5))


def test_a_class_without_examples_has_no_area_and_is_left_out_of_the_averages() -> None:
    labels, logits = CASES["missing classes"]
    found = evaluate_logits(labels, logits)
    assert [one.average_precision is None for one in found.classes] == [False] * 3 + [True] * 3
    present = softmax(logits, axis=1)
    expected = np.mean([reference.average_precision_score(labels == index, present[:, index]) for index in range(3)])
    assert found.average_precision == pytest.approx(expected, abs=1e-9)


def test_one_class_alone_has_no_area_and_says_so() -> None:
    found = evaluate_logits(np.zeros(5, np.int64), np.random.default_rng(0).normal(size=(5, 3)))
    assert found.classes[0].roc_auc is None
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["roc_auc"] is None
