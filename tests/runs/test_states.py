"""Whether a model has learned: more than guessing, however uneven the classes are."""

import pytest

from rabisco.artifacts import Card, load_artifact
from rabisco.runs.states import has_learned


def card(accuracy: float, confusions: list[list[int]]) -> Card:
    names = tuple(str(place) for place in range(len(confusions)))
    changes = {"metrics": {"test_accuracy": accuracy}, "confusions": confusions, "class_names": names}
    return load_artifact("mnist-tiny", 0).card.model_copy(update=changes)


def even(classes: int) -> list[list[int]]:
    return [[10] + [0] * (classes - 1) for _ in range(classes)]


@pytest.mark.parametrize(
    ("accuracy", "confusions", "learned"),
    [
        (0.112, even(10), False),
        (0.19, even(10), False),
        (0.22, even(10), True),
        (0.55, even(2), False),
        (0.75, even(2), True),
        (0.82, [[80, 0], [20, 0]], False),  # whoever always says the first class is right on 80%
        (0.95, [[80, 0], [5, 15]], True),
    ],
)
def test_who_is_hardly_better_than_guessing_has_not_learned(
    accuracy: float, confusions: list[list[int]], learned: bool
) -> None:
    assert has_learned(card(accuracy, confusions)) is learned
