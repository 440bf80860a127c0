"""Plots: PNG files, with what they must show."""

import io
import subprocess
import sys
from unittest.mock import patch

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from rabisco.errors import InvalidDataError
from rabisco.evaluation import plots
from rabisco.evaluation.metrics import evaluate_logits
from rabisco.evaluation.plots import plot_confusion_matrix, plot_learning_curves, plot_reliability

HISTORY = [
    {"loss": 0.9, "accuracy": 0.7, "validation_loss": 0.6, "validation_accuracy": 0.80},
    {"loss": 0.5, "accuracy": 0.8, "validation_loss": 0.4, "validation_accuracy": 0.90},
    {"loss": 0.3, "accuracy": 0.9, "validation_loss": 0.5, "validation_accuracy": 0.85},
]


def evaluation(num_classes):
    random = np.random.default_rng(0)
    labels = random.integers(0, num_classes, 3000)
    logits = random.normal(size=(3000, num_classes)) + 5 * np.eye(num_classes)[labels]
    return evaluate_logits(labels, logits, [chr(48 + index) for index in range(num_classes)])


def texts_of(plot, *arguments):
    """Return all texts in a plot."""
    with patch.object(plots, "_file") as file:
        plot(*arguments)
    (figure,) = file.call_args.args
    return {text.get_text() for text in figure.findobj(Text)}


@pytest.mark.slow
@pytest.mark.parametrize("num_classes", [2, 10, 47, 62])
def test_confusion_matrix_is_a_picture_large_enough_for_its_classes(num_classes):
    picture = Image.open(io.BytesIO(plot_confusion_matrix(evaluation(num_classes), "mnist-cnn")))
    assert picture.format == "PNG"
    assert picture.width / num_classes > 25
    assert np.asarray(picture.convert("L")).std() > 10


def test_counts_stand_in_the_cells_of_a_small_matrix():
    made = evaluation(10)
    shown = texts_of(plot_confusion_matrix, made)
    assert {str(made.confusion_matrix[3][3]), "true class"} <= shown


def test_learning_curves_show_training_validation_and_the_highest_epoch():
    shown = texts_of(plot_learning_curves, HISTORY, "mnist-cnn")
    assert {"training", "validation", "highest: epoch 2", "accuracy", "loss", "mnist-cnn"} <= shown


def test_learning_curves_do_without_validation():
    shown = texts_of(plot_learning_curves, [{"loss": 1.0, "accuracy": 0.5}])
    assert "training" in shown
    assert "validation" not in shown


def test_learning_curves_without_epochs_are_refused():
    with pytest.raises(InvalidDataError, match="at least one epoch"):
        plot_learning_curves([])


def test_reliability_diagram_is_a_picture():
    picture = Image.open(io.BytesIO(plot_reliability(evaluation(10).reliability, "mnist-cnn")))
    assert picture.size == (720, 864)


def test_same_figure_makes_the_same_file():
    assert plot_learning_curves(HISTORY) == plot_learning_curves(HISTORY)


@pytest.mark.slow
def test_plots_are_drawn_without_pyplot_and_evaluation_imports_without_matplotlib():
    code = (
        "import sys; import rabisco.evaluation, rabisco.evaluation.plots as plots\n"
        "assert not {'matplotlib', 'keras', 'onnxruntime', 'sklearn'} & set(sys.modules)\n"
        "plots.plot_learning_curves([{'loss': 1.0, 'accuracy': 0.5}])\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
