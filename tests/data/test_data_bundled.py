"""scikit-learn's digits in the manner of MNIST."""

import sys

import numpy as np
import pytest

from rabisco import data
from rabisco.data import bundled
from rabisco.data.bundled import read_counts
from rabisco.errors import MissingExtraError
from rabisco.images.geometry import counts_as_mnist

datasets = pytest.importorskip("sklearn.datasets")


def test_every_digit_of_scikit_learn_is_in_one_split() -> None:
    dataset = data.load("digits")
    assert [len(split) for split in (dataset.train, dataset.validation, dataset.test)] == [1294, 144, 359]
    for split in (dataset.train, dataset.validation, dataset.test):
        assert np.bincount(split.labels, minlength=10).min() >= 12


def test_they_are_those_that_scikit_learn_loads() -> None:
    expected = datasets.load_digits()
    counts, labels = read_counts()
    np.testing.assert_array_equal(counts, expected.images)
    np.testing.assert_array_equal(labels, expected.target)


def test_the_test_part_is_the_same_for_every_seed() -> None:
    one, other = data.load("digits", seed=1), data.load("digits", seed=2)
    np.testing.assert_array_equal(one.test.images, other.test.images)
    assert (one.validation.images.shape, one.fingerprint) == (other.validation.images.shape, other.fingerprint)
    assert not np.array_equal(one.validation.images, other.validation.images)


def test_ink_fills_a_box_of_20_with_its_center_of_mass_in_the_middle() -> None:
    images = data.load("digits").train.images[..., 0].astype(np.float64)
    rows, columns = np.arange(28)[:, None], np.arange(28)[None, :]
    mass = images.sum(axis=(1, 2))
    for weights in (rows, columns):
        centers = (images * weights).sum(axis=(1, 2)) / mass
        assert np.abs(centers - 14).max() <= 0.5
    heights = (images.max(axis=2) > 0).sum(axis=1)
    assert heights.max() == 20
    assert np.median(heights) >= 19


def test_a_bar_on_the_left_stays_upright_and_moves_to_the_middle() -> None:
    counts = np.zeros((8, 8))
    counts[:, 0:2] = 16
    image = counts_as_mnist(counts)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(np.flatnonzero(image.max(axis=0) == 255), np.arange(12, 17))
    assert (image[4:24, 13] == 255).all()
    assert not image[:4].any()
    assert not image[24:].any()


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setattr(bundled, "_as_mnist", bundled._as_mnist.__wrapped__)
    with pytest.raises(MissingExtraError, match=r"pip install 'rabisco\[train\]'"):
        data.load("digits")
