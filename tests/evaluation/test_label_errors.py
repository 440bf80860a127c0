"""Confident learning does what the paper's definition says, and finds labels that were changed on purpose."""

import numpy as np
import pytest
from scipy.special import softmax
from tests.drawing import digit_dataset

from rabisco.evaluation.label_errors import confident_joint, expected_errors, hardest, suspected
from rabisco.runs.label_errors import key_of
from rabisco.runs.label_errors_worker import look_through


def by_definition(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the confident joint, counted as the paper defines it, one image after the other."""
    count = probabilities.shape[1]
    thresholds = [
        np.mean([row[place] for row, label in zip(probabilities, labels, strict=True) if label == place])
        if (labels == place).any()
        else np.inf
        for place in range(count)
    ]
    joint = np.zeros((count, count), int)
    for row, label in zip(probabilities, labels, strict=True):
        reached = [place for place in range(count) if row[place] >= thresholds[place] - 1e-12]
        if reached:
            joint[label, max(reached, key=lambda place: row[place])] += 1
    return joint


@pytest.mark.parametrize("present", [4, 3, 1])
def test_the_confident_joint_is_that_of_the_papers_definition(present: int) -> None:
    random = np.random.default_rng(present)
    labels = random.integers(0, present, 400)
    probabilities = softmax(random.normal(size=(400, 4)) * 2 + np.eye(4)[labels], axis=1)
    joint = confident_joint(labels, probabilities)
    assert joint.tolist() == by_definition(labels, probabilities).tolist()
    found = suspected(labels, probabilities)
    expected = expected_errors(labels, probabilities)
    rates = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1)
    assert np.allclose(
        expected + np.diag(np.diag(rates * np.bincount(labels, minlength=4)[:, None])),
        rates * np.bincount(labels, minlength=4)[:, None],
        atol=0.5,
    )
    for one in found:
        assert one.label == labels[one.row]
        assert one.margin == probabilities[one.row, one.label] - probabilities[one.row, one.suggested] < 0
        assert one.suggested == probabilities[one.row].argmax()
    assert (np.bincount([one.label for one in found], minlength=4) <= expected.sum(axis=1)).all()
    margins = [one.margin for one in found]
    assert margins == sorted(margins)
    rows = hardest(labels, probabilities, found, 20)
    assert not set(rows.tolist()) & {one.row for one in found}
    assert (np.diff(probabilities[rows, labels[rows]]) >= 0).all()


@pytest.mark.slow
def test_labels_that_were_changed_are_found_first() -> None:
    dataset = digit_dataset(900)
    split, random = dataset.train, np.random.default_rng(3)
    changed = random.choice(len(split), 40, replace=False)
    true = split.labels[changed].copy()
    split.labels[changed] = (true + random.integers(1, 10, 40)) % 10
    try:
        found = look_through(dataset)
    finally:
        split.labels[changed] = true
    keys = {key_of(split.images[row]) for row in changed}
    suspects = found.keys[found.labels != found.suggested].tolist()
    assert len(keys & set(suspects)) >= 28
    assert len(keys & set(suspects[:30])) >= 26
    right = dict(zip((key_of(split.images[row]) for row in changed), true.tolist(), strict=True))
    suggested = dict(zip(found.keys.tolist(), found.suggested.tolist(), strict=True))
    assert np.mean([suggested[key] == right[key] for key in keys & set(suspects)]) > 0.8
    assert len(found.keys) > len(suspects)  # the hardest stand behind them
