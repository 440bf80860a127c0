"""Curves that are kept lie on scikit-learn's, each class and their mean; a class without any has none."""

import numpy as np
from scipy.special import softmax
from sklearn import metrics as reference

from rabisco.evaluation.curves import POINTS, Curves

CLASSES = 4


def case(present: int = CLASSES) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    labels = random.integers(0, present, 500)
    return labels, softmax(random.normal(size=(500, CLASSES)) + 1.5 * np.eye(CLASSES)[labels], axis=1)


def test_every_point_is_one_of_scikit_learns() -> None:
    labels, probabilities = case()
    found = Curves.of(labels, probabilities)
    assert found.roc.shape == found.precision_recall.shape == (CLASSES + 1, POINTS, 2)
    for place in range(CLASSES):
        across, up, _ = reference.roc_curve(labels == place, probabilities[:, place], drop_intermediate=False)
        precision, recall, _ = reference.precision_recall_curve(labels == place, probabilities[:, place])
        for kept, points in (
            (found.roc[place], np.stack([across, up], 1)),
            (found.precision_recall[place], np.stack([recall, precision], 1)),
        ):
            nearest = np.abs(kept[:, np.newaxis] - points[np.newaxis]).sum(axis=2).min(axis=1)
            assert nearest.max() < 1e-6
        assert found.roc[place, 0].tolist() == [0, 0]
        assert found.roc[place, -1].tolist() == [1, 1]


def test_the_mean_of_the_roc_curves_has_the_mean_of_their_areas() -> None:
    labels, probabilities = case()
    across, up = Curves.of(labels, probabilities).roc[-1].T.astype(np.float64)
    wanted = reference.roc_auc_score(labels, probabilities, multi_class="ovr")
    assert abs(np.trapezoid(up, across) - wanted) < 0.01
    assert (np.diff(across) >= 0).all()


def test_a_class_without_examples_has_no_curve() -> None:
    found = Curves.of(*case(present=3))
    assert np.isnan(found.roc[3]).all()
    assert not np.isnan(found.roc[[0, 1, 2, -1]]).any()
    alone = Curves.of(np.zeros(5, int), np.full((5, CLASSES), 0.25))
    assert np.isnan(alone.roc).all()
