"""The linear model trained without Keras: the weights that Keras finds, and the same after an interruption."""

import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.drawing import digit_dataset
from tests.training.test_resume import assert_same, linear, run

from rabisco.models.backend import start_keras
from rabisco.training import Checkpoints, TrainingConfiguration, train
from rabisco.training.config import Schedule
from rabisco.training.linear import suits

pytestmark = pytest.mark.training

LOOP = importlib.import_module("rabisco.training.train")  # whose function hides it in the package
CONFIGURATION = TrainingConfiguration(epochs=3, batch_size=64, learning_rate=0.01, label_smoothing=0.1)
SCHEDULES: tuple[Schedule, ...] = ("cosine", "one-cycle", "step", "constant")


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_it_finds_what_keras_finds(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    start_keras()
    data, configuration = digit_dataset(300), replace(CONFIGURATION, schedule=schedule)
    ours, theirs = linear(), linear()
    theirs.set_weights(ours.get_weights())
    assert suits(ours, configuration)
    result = train(ours, data, configuration)
    monkeypatch.setattr(LOOP, "suits", lambda *_: False)
    expected = train(theirs, data, configuration)
    for weight, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(weight, other, atol=2e-5)
    for row, other in zip(result.history, expected.history, strict=True):
        for name in ("loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate"):
            assert row[name] == pytest.approx(other[name], abs=1e-4), name


@pytest.mark.parametrize("answer", ["cancel", "stop"])
def test_an_interrupted_one_ends_with_the_same_weights(answer: str, tmp_path: Path) -> None:
    whole = run(CONFIGURATION, None, create=linear)
    checkpoints = Checkpoints(tmp_path, every_seconds=0)
    run(CONFIGURATION, checkpoints, lambda at: (at.epoch, at.step) == (2, 3), answer, create=linear)
    assert_same(run(CONFIGURATION, checkpoints, create=linear), whole)


def test_a_checkpoint_that_keras_wrote_is_gone_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = run(CONFIGURATION, None, create=linear)
    checkpoints = Checkpoints(tmp_path, every_seconds=0)
    with monkeypatch.context() as earlier:
        earlier.setattr(LOOP, "suits", lambda *_: False)
        run(CONFIGURATION, checkpoints, lambda at: (at.epoch, at.step) == (2, 3), create=linear)
    weights, _ = run(CONFIGURATION, checkpoints, create=linear)
    for weight, other in zip(weights, whole, strict=True):
        np.testing.assert_allclose(weight, other, atol=2e-5)


@pytest.mark.parametrize(
    "other", [{"solver": "sgd"}, {"precision": "mixed_bfloat16"}, {"first_side": 8}, {"mixup": 0.2}], ids=str
)
def test_whatever_else_is_asked_for_is_left_to_keras(other: dict[str, object]) -> None:
    start_keras()
    assert not suits(linear(), replace(CONFIGURATION, **other))  # type: ignore[arg-type]
