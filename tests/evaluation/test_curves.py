"""Curves that are kept lie on scikit-learn's, each class and their mean; a class without any has none."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics as reference

from rabisco.evaluation.ranking import POINTS, class_curves, mean_curve

CLASSES = 4


def case(present: int = CLASSES) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    labels = random.integers(0, present, 500)
    return labels, softmax(random.normal(size=(500, CLASSES)) + 1.5 * np.eye(CLASSES)[labels], axis=1)


def test_every_point_is_one_of_scikit_learns() -> None:
    labels, probabilities = case()
    roc, precision_recall = class_curves(labels, probabilities)
    assert roc.shape == precision_recall.shape == (CLASSES + 1, POINTS, 2)
    for place in range(CLASSES):
        across, up, _ = reference.roc_curve(labels == place, probabilities[:, place], drop_intermediate=False)
        precision, recall, _ = reference.precision_recall_curve(labels == place, probabilities[:, place])
        for kept, points in (
            (roc[place], np.stack([across, up], 1)),
            (precision_recall[place], np.stack([recall, precision], 1)),
        ):
            nearest = np.abs(kept[:, np.newaxis] - points[np.newaxis]).sum(axis=2).min(axis=1)
            assert nearest.max() < 1e-6
        assert roc[place, 0].tolist() == [0, 0]
        assert roc[place, -1].tolist() == [1, 1]


@pytest.mark.slow
@pytest.mark.parametrize("digits", [None, 1])  # with ties, too
@pytest.mark.parametrize("present", [CLASSES, 2])
def test_the_mean_curves_are_those_worked_out_point_by_point(digits: int | None, present: int) -> None:
    labels, probabilities = case(present)
    probabilities = probabilities if digits is None else probabilities.round(digits)
    rocs, precisions = [], []
    for place in range(present):
        across, up, _ = reference.roc_curve(labels == place, probabilities[:, place], drop_intermediate=False)
        precision, recall, _ = reference.precision_recall_curve(labels == place, probabilities[:, place])
        rocs.append((across, up))
        precisions.append((recall[::-1], precision[::-1]))
    for curves in (rocs, precisions):
        found = mean_curve(curves)
        areas = [reference.auc(*points) for points in curves]
        assert reference.auc(*found) == pytest.approx(np.mean(areas), abs=1e-9)
        for side, step in ((0, -1), (1, 1)):
            for x, ours in zip(found[0][side::2], found[1][side::2], strict=True):
                heights = [height_at(*points, x, step) for points in curves]
                assert ours == pytest.approx(np.mean(heights), abs=1e-9)
    kept = class_curves(labels, probabilities)
    for rows, curves in zip(kept, (rocs, precisions), strict=True):
        whole = np.stack(mean_curve(curves), axis=1)
        assert np.abs(rows[-1][:, None] - whole[None]).sum(axis=2).min(axis=1).max() < 1e-6


def height_at(across: np.ndarray, up: np.ndarray, x: float, step: int) -> float:
    """Return how high a curve is at x, where it comes from (step -1) or goes to (1), one segment after the other."""
    at = [y for place, y in zip(across, up, strict=True) if place == x]
    if at:
        return at[0] if step < 0 else at[-1]
    left = max(place for place in range(len(across)) if across[place] < x)
    share = (x - across[left]) / (across[left + 1] - across[left])
    return up[left] + share * (up[left + 1] - up[left])


def test_the_mean_of_the_roc_curves_has_the_mean_of_their_areas() -> None:
    labels, probabilities = case()
    across, up = class_curves(labels, probabilities)[0][-1].T.astype(np.float64)
    wanted = reference.roc_auc_score(labels, probabilities, multi_class="ovr")
    assert abs(np.trapezoid(up, across) - wanted) < 0.01
    assert (np.diff(across) >= 0).all()


def test_a_class_without_examples_has_no_curve() -> None:
    roc, _ = class_curves(*case(present=3))
    assert np.isnan(roc[3]).all()
    assert not np.isnan(roc[[0, 1, 2, -1]]).any()
    alone, _ = class_curves(np.zeros(5, int), np.full((5, CLASSES), 0.25))
    assert np.isnan(alone).all()
