"""How much of what a model misreads is a matter of shape? Some characters look the same in many hands.

Answers are counted three ways: each class by itself, characters of one shape as one, letters without regard to case.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rabisco.characters import LOOKALIKES, alike

Answers = NDArray[np.bool_]


def shape_of(name: str) -> str:
    """Return the first of the classes that look like ``name``, which stands for all of them: ``0`` for an o."""
    return next((group[0] for group in LOOKALIKES if name in group), name)


def counted(class_names: Sequence[str], fold: Callable[[str], str]) -> NDArray[np.int64]:
    """Return the number under which each class counts, ``(classes,)``: the same for classes that ``fold`` joins."""
    names = [fold(name) for name in class_names]
    return np.array([names.index(name) for name in names])


def divide_mistakes(
    labels: NDArray[np.int64], answers: NDArray[np.int64], class_names: Sequence[str]
) -> dict[str, int]:
    """Return how many answers, ``(N,)``, miss their labels, ``(N,)``, and name what.

    Returns:
        Counts: of mistakes within ``one shape``; of letters read as the same letter in the ``other case`` that looks
        otherwise, as a and A; and of all ``other`` mistakes.
    """
    counts = {"one shape": 0, "other case": 0, "other": 0}
    for label, answer in zip(labels[labels != answers], answers[labels != answers], strict=True):
        true, read = class_names[label], class_names[answer]
        kind = "one shape" if alike(true, read) else "other case" if true.lower() == read.lower() else "other"
        counts[kind] += 1
    return counts


def right_within_shape(labels: NDArray[np.int64], logits: NDArray[np.floating], class_names: Sequence[str]) -> Answers:
    """Return where a reader is right that is told the shape and lets the logits, ``(N, classes)``, decide the rest."""
    shapes = counted(class_names, shape_of)
    allowed = shapes[np.newaxis] == shapes[labels][:, np.newaxis]
    return np.asarray(np.where(allowed, logits, -np.inf).argmax(axis=1) == labels)


def right_by_frequency(
    labels: NDArray[np.int64], training_labels: NDArray[np.int64], class_names: Sequence[str]
) -> Answers:
    """Return where a reader is right that is told the shape and answers its most frequent class in training."""
    counts = np.bincount(training_labels, minlength=len(class_names))
    return right_within_shape(labels, np.broadcast_to(counts, (len(labels), len(counts))), class_names)
