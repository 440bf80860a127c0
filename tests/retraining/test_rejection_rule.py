"""What readers call "not a character" is refused after retraining; what is a character goes on being read."""

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.drawing import digit_dataset, retrain

from rabisco import artifacts, corrections
from rabisco.corrections import CorrectedReading
from rabisco.data.dataset import Dataset
from rabisco.data.pen import TURN, draw_strokes
from rabisco.inference import Predictor, get_predictor
from rabisco.rejection.pictures import draw_characters
from rabisco.retraining import RetrainingReport, gather
from rabisco.retraining.rejection_rule import divide, fit_again, of_readers

pytestmark = pytest.mark.training
MODEL = "mnist-cnn"
Picture = NDArray[np.uint8]


def draw_drop(index: int) -> Picture:
    """Return a drop of water on a plain canvas, each index another; it is nearly a 0, and is read as one."""
    random = np.random.default_rng([8, index])
    time = np.linspace(0, TURN, 60)
    across = 0.5 + random.uniform(0.3, 0.45) * np.sin(time) * np.sin(time / 2) ** 1.5
    ink = draw_strokes([np.stack([across, 0.5 - 0.5 * np.cos(time)], axis=1)], random)[..., np.newaxis]
    return np.repeat((255 - 235 * ink).astype(np.uint8), 3, axis=-1)


def correct(predictor: Predictor, picture: Picture, true_label: str | None = None) -> None:
    corrections.add(
        picture,
        [CorrectedReading(predictor.card.name, predictor.version, "0", 0.9)],
        true_label=true_label,
        person="ana",
    )


def refused(predictor: Predictor, pictures: list[Picture]) -> int:
    return sum(predictor.predict(one).refused is not None for one in pictures)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    """Bundled digits that the network was not trained on, few to test on."""
    found = digit_dataset()
    return replace(found, test=found.test[:50])


def test_drops_that_were_read_are_refused_and_digits_go_on_being_read(digits: Dataset) -> None:
    before = get_predictor(MODEL)
    version = artifacts.load_artifact(MODEL)
    drawings = [draw_drop(index) for index in range(60)]
    unseen = [draw_drop(index) for index in range(100, 140)]
    read = [one for one in drawings if before.predict(one).refused is None][:15]
    characters = list(draw_characters(digits.test.images, 100, seed=5))
    refused_before, wrongly_before = refused(before, unseen), refused(before, characters)
    assert len(read) == 15
    assert refused_before < 5
    for picture in read:
        correct(before, picture)
    report = retrain(MODEL, digits)
    assert (report.trained_on, report.not_characters, report.refused_before) == (0, 15, 0)
    assert report.rule is not None
    assert report.rule.kept
    assert report.refused_after >= 5
    assert report.test.change == 0
    assert RetrainingReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report
    artifacts.use_version(MODEL, report.version)
    after = get_predictor(MODEL)
    assert refused(after, unseen) >= refused_before + 20
    assert refused(after, characters) <= wrongly_before + 3
    new = artifacts.load_artifact(MODEL)
    assert new.weights_path.read_bytes() == version.weights_path.read_bytes()
    assert new.onnx_path.read_bytes() == version.onnx_path.read_bytes()
    assert new.card.refusal.fitted_on["readers' non-characters"] == 15 * 9
    artifacts.rollback(MODEL)
    assert refused(get_predictor(MODEL), unseen) == refused_before


def test_whoever_calls_digits_no_characters_does_not_stop_them_from_being_read(digits: Dataset) -> None:
    predictor = get_predictor("mnist-linear")
    for picture in draw_characters(digits.train.images, 30, seed=6):
        correct(predictor, picture)
    report = retrain("mnist-linear", digits)
    assert report.rule is not None
    assert not report.rule.characters.worse
    assert report.rule.wrongly_refused[1] <= 0.05 * report.rule.characters.examples


def test_where_a_new_rule_is_worse_the_earlier_one_stays(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = get_predictor("mnist-tiny")
    for index in range(3):
        correct(predictor, draw_drop(index))
    given = gather("mnist-tiny")
    rule = predictor.card.refusal
    eager = rule.model_copy(update={"threshold": -50.0})  # refuses whatever it sees
    monkeypatch.setattr("rabisco.retraining.rejection_rule.learn", lambda *_: eager)
    told: list[float] = []
    card, report = fit_again(given, predictor, predictor.card, digits.validation.images, told.append)
    assert card.refusal == rule
    assert report is not None
    assert not report.kept
    assert report.characters.change == report.others.change == 0
    assert told == sorted(told)
    assert 10 < len(told) <= 20
    assert 0.8 < told[-1] < 1


def test_a_model_without_a_rule_learns_nothing_from_what_is_no_character(digits: Dataset) -> None:
    predictor = get_predictor("mnist-linear")
    card = predictor.card.model_copy(update={"refusal": None})
    correct(predictor, draw_drop(0))
    given = gather("mnist-linear")
    assert not given.changes_weights
    assert fit_again(given, predictor, card, digits.validation.images) == (card, None)


def test_what_judges_a_rule_is_not_what_it_is_fitted_on() -> None:
    images = np.arange(400, dtype=np.uint16).astype(np.uint8).reshape(100, 2, 2, 1)
    fitting, judging = divide(images, digit_dataset().class_names)
    assert (len(fitting.images), len(judging.images)) == (75, 25)
    assert not {one.tobytes() for one in fitting.images} & {one.tobytes() for one in judging.images}
    assert fitting.seed != judging.seed
    assert fitting.further.keys() == judging.further.keys()
    for name, pictures in fitting.further.items():
        assert len(pictures) == pytest.approx(3 * len(judging.further[name]), abs=3)


def test_readers_pictures_are_drawn_anew_but_blank_ones_left_out() -> None:
    predictor = get_predictor("mnist-linear")
    for picture in (draw_drop(0), np.full((50, 50, 3), 255, np.uint8), draw_drop(1)):
        correct(predictor, picture)
    found = of_readers(corrections.to_train_on("mnist-linear"), predictor.card.normalizer)
    assert (len(found.drawn), found.size) == (2, 18)
    told: list[int] = []
    described = found.describe(predictor, predictor.card, told.append)
    assert told == [18]
    assert len(np.unique(described.features.round(6), axis=0)) == 18
