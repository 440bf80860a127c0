"""Mistakes divided by shape, and readers that are told the shape: by hand; the interval beside plain resampling."""

import numpy as np
from benchmarks.lookalikes import (
    counted,
    divide_mistakes,
    right_by_frequency,
    right_within_shape,
    shape_of,
)

NAMES = ("0", "1", "A", "O", "S", "a", "o", "s")


def indices(names: str) -> np.ndarray:
    return np.array([NAMES.index(name) for name in names])


def test_classes_of_one_shape_count_as_one_and_so_do_cases() -> None:
    assert [NAMES[number] for number in counted(NAMES, shape_of)] == ["0", "1", "A", "0", "S", "a", "0", "S"]
    assert [NAMES[number] for number in counted(NAMES, str.lower)] == ["0", "1", "A", "O", "S", "A", "O", "S"]


def test_mistakes_are_of_one_shape_or_of_case_or_other() -> None:
    truth, read = indices("0oSAa1s1"), indices("Oosaa0S1")
    assert divide_mistakes(truth, read, NAMES) == {"one shape": 3, "other case": 1, "other": 1}


def test_a_reader_who_is_told_the_shape_errs_only_within_it() -> None:
    labels = indices("0oSAa")
    logits = np.zeros((5, len(NAMES)))
    logits[:, NAMES.index("1")] = 9  # what it would read if it were not told
    logits[:, NAMES.index("O")] = 1
    logits[:, NAMES.index("S")] = 1
    assert right_within_shape(labels, logits, NAMES).tolist() == [False, False, True, True, True]


def test_the_most_frequent_class_in_training_stands_for_its_shape() -> None:
    right = right_by_frequency(indices("0OosSA"), indices("ooO0sss1"), NAMES)
    assert right.tolist() == [False, False, True, True, False, True]
