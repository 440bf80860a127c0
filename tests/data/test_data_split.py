"""Stratified splits: shares, seeds, and classes too small to be split."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabisco.data.dataset import stratified_cut, stratified_split
from rabisco.errors import InvalidDataError

NAMES = tuple("abcdefghij")


def balanced(each: int) -> np.ndarray:
    return np.tile(np.arange(10), each)


def test_a_cut_takes_its_share_of_each_class() -> None:
    labels = np.repeat(np.arange(3), [100, 50, 10])
    kept, cut = stratified_cut(labels, 0.1, 25, NAMES[:3])
    assert np.bincount(labels[cut]).tolist() == [10, 5, 1]
    assert np.bincount(labels[kept]).tolist() == [90, 45, 9]


def test_the_same_seed_draws_the_same_rows_on_every_machine() -> None:
    _, cut = stratified_cut(balanced(10), 0.1, 25, NAMES)
    assert cut.tolist() == [6, 17, 18, 22, 34, 35, 50, 63, 79, 91]


def test_another_seed_draws_other_rows() -> None:
    cuts = {tuple(stratified_cut(balanced(10), 0.1, seed, NAMES)[1]) for seed in range(20)}
    assert len(cuts) == 20


def test_rows_stay_in_their_order() -> None:
    for rows in stratified_cut(balanced(10), 0.3, 7, NAMES):
        assert (np.diff(rows) > 0).all()


def test_a_rare_class_is_in_every_split() -> None:
    labels = np.repeat(np.arange(3), [1000, 1000, 3])
    splits = stratified_split(labels, validation_fraction=0.1, test_fraction=0.1, seed=1, class_names=NAMES[:3])
    assert [np.bincount(labels[rows]).tolist() for rows in splits] == [[801, 801, 1], [100, 99, 1], [99, 100, 1]]


def test_a_class_without_examples_is_left_alone() -> None:
    labels = np.array([0, 0, 2, 2])
    kept, cut = stratified_cut(labels, 0.5, 1, NAMES[:4])
    assert sorted(labels[kept]) == sorted(labels[cut]) == [0, 2]


def test_nothing_is_split_into_nothing() -> None:
    kept, cut = stratified_cut(np.zeros(0, np.int64), 0.1, 1, NAMES)
    assert len(kept) == len(cut) == 0


def test_a_class_too_small_for_its_splits_is_named_with_its_size() -> None:
    labels = np.repeat(np.arange(3), [5, 1, 2])
    with pytest.raises(InvalidDataError, match=r"at least 2 examples of each class; too few are there of 'b' \(1\);"):
        stratified_cut(labels, 0.1, 1, NAMES[:3])
    with pytest.raises(InvalidDataError, match=r"at least 3 .* of 'b' \(1\), 'c' \(2\); add examples"):
        stratified_split(labels, validation_fraction=0.1, test_fraction=0.1, seed=1, class_names=NAMES[:3])


def test_many_small_classes_are_counted_and_not_all_named() -> None:
    with pytest.raises(InvalidDataError, match=r"'e' \(1\) \(\+5\); add"):
        stratified_cut(np.arange(10), 0.1, 1, NAMES)


@given(
    st.lists(st.one_of(st.just(0), st.integers(3, 60)), min_size=1, max_size=10),
    st.floats(0.01, 0.45),
    st.floats(0.01, 0.45),
    st.integers(0, 2**32 - 1),
)
def test_three_splits_cover_every_row_once_and_hold_every_class(
    counts: list[int], validation: float, test: float, seed: int
) -> None:
    labels = np.random.RandomState(0).permutation(np.repeat(np.arange(len(counts)), counts))
    names = NAMES[: len(counts)]
    splits = stratified_split(labels, validation_fraction=validation, test_fraction=test, seed=seed, class_names=names)
    assert sorted(np.concatenate(splits).tolist()) == list(range(len(labels)))
    for rows in splits:
        assert set(labels[rows].tolist()) == set(labels.tolist())


@given(st.lists(st.integers(20, 300), min_size=1, max_size=10), st.floats(0.05, 0.5))
def test_a_cut_has_the_size_asked_for_and_each_class_its_share_within_one(counts: list[int], fraction: float) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    _, cut = stratified_cut(labels, fraction, 3, NAMES[: len(counts)])
    assert len(cut) == round(float(np.sum(np.array(counts) * fraction)))
    assert np.abs(np.bincount(labels[cut], minlength=len(counts)) - np.array(counts) * fraction).max() < 1
