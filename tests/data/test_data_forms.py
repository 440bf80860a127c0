"""Digits drawn by code: whole, labeled, the same for the same seed, and as varied as people are."""

import numpy as np
import pytest

from rabisco.data.catalog import CHARACTERS, DIGITS
from rabisco.data.forms import read_digit_forms
from rabisco.images import prepare
from rabisco.inference import get_predictor


def test_the_same_seed_draws_the_same_and_another_seed_others() -> None:
    first, again, other = (read_digit_forms(DIGITS, 50, seed) for seed in (1, 1, 2))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert len(np.unique(first.train.images.reshape(50, -1), axis=0)) == 50


def test_every_form_stands_whole_on_its_sheet_in_its_share() -> None:
    split = read_digit_forms(DIGITS, 1000).train
    ink = split.images[..., 0]
    assert (ink.max(axis=(1, 2)) >= 128).all()
    assert not ink[:, [0, -1]].any()
    assert not ink[:, :, [0, -1]].any()
    shares = np.bincount(split.labels, minlength=10) / 1000
    assert shares == pytest.approx([0, 0.4, 0, 0.08, 0.12, 0, 0, 0.3, 0, 0.1], abs=0.04)


def test_labels_follow_the_class_names() -> None:
    names = CHARACTERS[::-1]
    by_name, by_digit = (read_digit_forms(classes, 30).train.labels for classes in (names, DIGITS))
    assert [names[label] for label in by_name] == [DIGITS[label] for label in by_digit]


def test_the_network_that_trained_on_them_reads_drawings_of_another_seed() -> None:
    split = read_digit_forms(DIGITS, 400, seed=99).train
    prepared = [prepare(np.repeat(image, 3, axis=-1), "mnist@1") for image in split.images]
    assert not any(one.blank for one in prepared)
    read = get_predictor("mnist-cnn").logits(np.stack([one.pixels for one in prepared])).argmax(axis=1)
    for digit in (1, 3, 4, 7, 9):
        assert (read == split.labels)[split.labels == digit].mean() >= 0.95, digit
