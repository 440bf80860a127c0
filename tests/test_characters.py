"""Who says what is written is answered nothing else: an O need not be a zero."""

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.images.pictures import draw

from rabisco.characters import AMONG, Among, classes_among
from rabisco.errors import InvalidRequestError
from rabisco.explanation import explain
from rabisco.inference import Predictor, get_predictor
from rabisco.text_reading import read_many

TURN = np.linspace(0, 2 * np.pi, 60)
CIRCLE = tuple((0.4 + 0.4 * float(np.cos(angle)), 0.5 + 0.5 * float(np.sin(angle))) for angle in TURN)
ROUND = draw(place=(85, 70), strokes=(CIRCLE,))
ROW = np.min(
    [draw((560, 280), place=(left, 90), height=90, width=11, strokes=(CIRCLE,)) for left in (60, 240)], axis=0
)
NAMES = ("0", "9", "A", "é", "z", "cat")


@pytest.fixture
def reader() -> Predictor:
    """The bundled network that knows all 62 characters."""
    return get_predictor("emnist-cnn")


@pytest.mark.parametrize(
    ("among", "names"),
    [
        ("any", NAMES),
        ("digits", ("0", "9")),
        ("letters", ("A", "é", "z")),
        ("capitals", ("A",)),
        ("small-letters", ("é", "z")),
    ],
)
def test_a_kind_is_its_characters_and_no_word(among: Among, names: tuple[str, ...]) -> None:
    assert tuple(NAMES[place] for place in classes_among(NAMES, among)) == names


@pytest.mark.parametrize(("among", "expected"), [("digits", "0"), ("letters", "Oo"), ("capitals", "O")])
def test_a_circle_is_what_it_is_said_to_be(reader: Predictor, among: Among, expected: str) -> None:
    prediction = reader.predict(ROUND, top_k=62, among=among)
    assert prediction.best.category in expected
    assert prediction.among == among
    known = [reader.card.class_names[place] for place in classes_among(reader.card.class_names, among)]
    assert {each.category for each in prediction.top_k} <= set(known)
    assert sum(each.probability for each in prediction.top_k) == pytest.approx(1, abs=1e-5)
    assert set(prediction.alike) <= set(known)


def test_probabilities_keep_their_proportions(reader: Predictor) -> None:
    images = np.stack([reader.predict(ROUND).prepared.pixels])
    free, letters = reader.probabilities(images)[0], reader.probabilities(images, "letters")[0]
    places: NDArray[np.intp] = np.array(classes_among(reader.card.class_names, "letters"))
    np.testing.assert_allclose(letters[places], free[places] / free[places].sum(), rtol=1e-4)
    assert np.delete(letters, places).sum() == 0


def test_a_row_is_read_with_what_is_expected(reader: Predictor) -> None:
    assert read_many(reader, ROW, among="digits").text.replace(" ", "") == "00"
    assert read_many(reader, ROW, among="capitals").text.replace(" ", "") == "OO"


def test_what_mattered_is_said_of_the_answer_that_is_given(reader: Predictor) -> None:
    explanation = explain(reader, ROUND, "capitals")
    assert explanation.prediction.best.category == "O"
    assert np.abs(explanation.importance).max() > 0


@pytest.mark.parametrize("among", [kind for kind in AMONG if kind not in ("any", "digits")])
def test_a_model_that_knows_no_such_character_says_so(among: Among) -> None:
    with pytest.raises(InvalidRequestError, match=among):
        get_predictor("mnist-linear").predict(ROUND, among=among)
