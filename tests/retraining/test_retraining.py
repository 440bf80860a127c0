"""Learning from corrections: a new version nobody uses yet, and an honest account of what changed."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.drawing import digit_dataset, retrain, save_quickly
from tests.images.pictures import draw

from rabisco import artifacts, corrections
from rabisco.artifacts import load_artifact
from rabisco.corrections import CorrectedReading
from rabisco.data.dataset import Split
from rabisco.errors import InvalidConfigurationError
from rabisco.inference import get_predictor
from rabisco.models import create_model
from rabisco.retraining import FINE_TUNING, CorrectionSet, RetrainingReport, difference, gather
from rabisco.training import TrainingConfiguration, train

pytestmark = pytest.mark.training


def test_a_paired_difference_has_the_interval_of_the_textbook() -> None:
    before = np.array([1, 1, 0, 0, 1, 0, 1, 1], np.float64)
    after = np.array([1, 0, 1, 1, 1, 1, 1, 1], np.float64)
    found = difference("test", before, after)
    half = 1.959964 * np.sqrt((0.4 + 0.2 - 0.2**2) / 10)  # Bonett and Price: 3 + 1 and 1 + 1 of 8 + 2
    assert (found.before, found.after, found.change) == (5 / 8, 7 / 8, 0.25)
    assert found.change_low == pytest.approx(0.2 - half, abs=1e-6)
    assert found.change_high == pytest.approx(0.2 + half, abs=1e-6)
    assert not found.worse
    assert difference("test", np.ones(100), np.r_[np.zeros(30), np.ones(70)]).worse


def test_without_corrections_there_is_nothing_to_learn() -> None:
    with pytest.raises(InvalidConfigurationError, match="correct some of its readings first"):
        gather("mnist-linear")
    blank = np.full((40, 40, 3), 255, np.uint8)
    corrections.add(blank, [CorrectedReading("mnist-linear", 0, "1", 0.5)], true_label=None, person="ana")
    with pytest.raises(InvalidConfigurationError, match="correct some of its readings first"):
        gather("mnist-linear")


def test_corrections_are_learned_and_the_new_version_waits_to_be_used() -> None:
    data = digit_dataset(600)
    model = create_model("linear", (28, 28, 1), 10)
    train(model, data, TrainingConfiguration(epochs=3, batch_size=32))
    save_quickly(model, "mine", data)
    seven = draw()
    read = get_predictor("mine").predict(seven)
    wrong = "3" if read.best.category != "3" else "5"  # whatever it reads, it is told otherwise
    for shift in range(4):
        picture = draw(place=(70 + 8 * shift, 60))
        corrections.add(
            picture,
            [CorrectedReading("mine", read.version, read.best.category, read.best.probability)],
            true_label=wrong,
            person="ana",
        )
    before = get_predictor("mine").logits(data.test.images).tobytes()
    configuration = replace(FINE_TUNING, epochs=6, learning_rate=0.02, augmentation=None)
    report = retrain("mine", data, replay=300, robustness_examples=50, fine_tuning=configuration)
    assert (report.trained_on, report.corrected_before) == (4, 0)
    assert report.corrected_after == 4
    assert (report.version_before, report.version) == (1, 2)
    assert artifacts.load_artifact("mine").version == 1
    artifacts.use_version("mine", report.version)
    assert get_predictor("mine").predict(seven).best.category == wrong
    assert "4 corrections" in artifacts.load_artifact("mine").card.notes
    artifacts.rollback("mine")
    assert get_predictor("mine").logits(data.test.images).tobytes() == before
    assert {one.what for one in report.robustness} >= {"mean", "blur", "rotation"}
    assert report.test.examples == len(data.test)
    assert RetrainingReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report


def test_images_that_are_nearest_to_the_corrected_class_are_replayed_first() -> None:
    data = digit_dataset()
    artifact = load_artifact("mnist-cnn")
    images = np.zeros((1, 28, 28, 1), np.uint8)
    given = CorrectionSet(artifact, (), Split(images, np.array([7])))
    doubled = Split(np.concatenate([data.train.images] * 2), np.concatenate([data.train.labels] * 2))
    mixed = given.mixed(replace(data, train=doubled), 200, seed=0)
    replayed = mixed.train.images[mixed.train.images.any(axis=(1, 2, 3))]
    assert len(np.unique(replayed.reshape(len(replayed), -1), axis=0)) == len(replayed) == 200
    logits = get_predictor("mnist-cnn").logits(data.train.images)
    others = data.train.labels != 7
    lead = (logits[np.arange(len(logits)), data.train.labels] - logits[:, 7])[others]
    nearest = data.train.images[others][np.argsort(lead)[:75]]
    assert all((replayed == one).all(axis=(1, 2, 3)).any() for one in nearest)
