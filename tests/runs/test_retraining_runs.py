"""Ordering a run that learns from corrections: what it begins with, and what is refused at once."""

from pathlib import Path

import pytest
from tests.images.pictures import draw

from rabisco import artifacts, corrections, runs
from rabisco.corrections import CorrectedReading
from rabisco.errors import InvalidConfigurationError, ModelNotFoundError


def correct(model: str, true_label: str | None = "7") -> None:
    corrections.add(draw(), [CorrectedReading(model, 0, "1", 0.6)], true_label=true_label, person="ana")


def test_such_a_run_begins_with_the_version_that_answers_and_with_its_own_images(home: Path) -> None:
    correct("mnist-cnn")
    run = runs.retrain("mnist-cnn", owner="ana")
    assert (run.state, run.artifact, run.owner) == ("queued", "mnist-cnn", "ana")
    assert run.data == {"recipe": "mnist-cnn"}
    asked = run.request
    assert (asked["corrections"], asked["version"], asked["use"]) == (True, 0, False)
    card = runs.report_of(run.id)
    assert card is None
    assert run.seed == 26  # of the split that it was trained on, so that no validation image is trained on
    assert run.configuration["epochs"] == 3
    assert run.configuration["augmentation"]["rotation"] == 10


def test_a_linear_model_is_fine_tuned_by_gradient(home: Path) -> None:
    correct("mnist-linear")
    run = runs.retrain("mnist-linear")
    assert (run.architecture, run.configuration["solver"]) == ("linear", "adamw")


def test_without_a_correction_there_is_nothing_to_learn(home: Path) -> None:
    with pytest.raises(InvalidConfigurationError, match="correct some of its readings first"):
        runs.retrain("mnist-cnn")
    with pytest.raises(ModelNotFoundError):
        runs.retrain("nobody")
    assert runs.list_runs() == []


def test_what_is_no_character_is_learned_where_the_model_has_a_rule_of_refusal(home: Path) -> None:
    bundled = artifacts.load_artifact("mnist-linear")
    artifacts.save_again(bundled, bundled.card.model_copy(update={"name": "reads-all", "refusal": None}))
    for model in ("mnist-linear", "reads-all"):
        correct(model, None)
    assert runs.retrain("mnist-linear").request["corrections"]
    with pytest.raises(InvalidConfigurationError, match="where it has a rule by which it refuses"):
        runs.retrain("reads-all")
