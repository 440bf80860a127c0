"""Teaching a model single pictures: each is read right at once, and nothing else changes."""

from pathlib import Path

import numpy as np
import pytest

from rabisco import data, teaching
from rabisco.artifacts import load_artifact, rollback, versions
from rabisco.evaluation.reader import read_logits
from rabisco.images import Prepared, normalize_pixels
from rabisco.inference import get_predictor
from rabisco.memory import features

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["mnist-cnn", "mnist-linear"])
def test_twenty_are_remembered_and_no_five_of_10000_change(name: str, mnist_folder: Path) -> None:
    dataset = data.load("mnist").test
    predictor = get_predictor(name)
    images = normalize_pixels(dataset.images, predictor.card.normalizer)
    logits = read_logits(predictor, images)
    wrong = np.flatnonzero(logits.argmax(axis=1) != dataset.labels)[:20]
    names = predictor.card.class_names
    for place in wrong:
        prepared = Prepared(images[place], blank=False)
        result = teaching.teach(name, prepared, str(place), names[int(dataset.labels[place])])
        assert result is not None
        assert result.counted == 10_000
        assert result.unchanged >= 9_980 - 5  # the test images that were taught are among them
    memory = load_artifact(name).memory
    assert memory is not None
    assert len(memory.examples) == 20
    for place in wrong:
        recalled = memory.recall(features(images[place : place + 1], logits[place : place + 1])[0])
        assert recalled is not None
        assert recalled.example.category == names[int(dataset.labels[place])]


def picture(seed: int) -> np.ndarray:
    """Return a picture with one thick stroke that nobody would call a digit."""
    shown = np.full((280, 280, 3), 255, np.uint8)
    for step in np.linspace(0, 1, 60):
        x, y = 60 + 150 * step, 140 + 70 * np.sin((3 + seed) * step + seed)
        shown[int(y) : int(y) + 22, int(x) : int(x) + 22] = 0
    return shown


def test_what_is_taught_answers_and_is_undone_like_a_version() -> None:
    shown = picture(1)
    before = get_predictor("mnist-cnn").predict(shown)
    wanted = next(name for name in "0123456789" if name != before.best.category)
    result = teaching.teach("mnist-cnn", teaching.prepare_for("mnist-cnn", shown), "one", wanted)
    after = get_predictor("mnist-cnn").predict(shown)
    assert result is not None
    assert (after.best.category, after.remembered, after.refused) == (wanted, True, None)
    assert after.best.probability > 0.9
    assert result.unchanged == result.counted == 10_000
    assert rollback("mnist-cnn") == 0
    assert get_predictor("mnist-cnn").predict(shown).best == before.best


def test_twenty_pictures_are_known_and_the_trained_versions_stay() -> None:
    names = load_artifact("mnist-tiny").card.class_names
    for number in range(20):
        prepared = teaching.prepare_for("mnist-tiny", picture(number))
        teaching.teach("mnist-tiny", prepared, str(number), names[number % 10])
    predictor = get_predictor("mnist-tiny")
    read = [predictor.predict(picture(number)) for number in range(20)]
    assert [one.best.category for one in read] == [names[number % 10] for number in range(20)]
    assert all(one.remembered for one in read)
    assert versions("mnist-tiny")[-1].number == 0


def test_a_forgotten_picture_is_read_as_before() -> None:
    shown = picture(2)
    prepared = teaching.prepare_for("mnist-tiny", shown)
    teaching.teach("mnist-tiny", prepared, "two", None, "not-a-character")
    assert get_predictor("mnist-tiny").predict(shown).refused == "not-a-character"
    assert teaching.forget(["two"]) == ["mnist-tiny"]
    assert not get_predictor("mnist-tiny").predict(shown).remembered


def test_an_empty_picture_teaches_nothing() -> None:
    blank = np.full((100, 100, 3), 255, np.uint8)
    assert teaching.teach("mnist-cnn", teaching.prepare_for("mnist-cnn", blank), "x", "1") is None
    assert load_artifact("mnist-cnn").version == 0
