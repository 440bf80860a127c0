"""Every figure equals scikit-learn's, or one worked out by hand."""

import io
import json

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics as reference

from rabisco.data.dataset import Split
from rabisco.errors import InvalidDataError
from rabisco.evaluation import evaluate
from rabisco.evaluation.metrics import (
    confusion_matrix,
    evaluate_logits,
    top_confusions,
)
from rabisco.evaluation.ranking import roc_auc
from rabisco.evaluation.tables import evaluation_table

NAMES = ("zero", "one", "two", "three", "four")


class Memory:
    """A reader that answers with what was written into its images: pixel [0, 0] is the class it reads."""

    def logits(self, images):
        return (10.0 * np.eye(5)[images[:, 0, 0, 0]]).astype(np.float32)


@pytest.fixture
def labels():
    return np.random.default_rng(0).integers(0, 5, 400)


@pytest.fixture
def logits(labels):
    random = np.random.default_rng(1)
    return (random.normal(size=(400, 5)) + 1.5 * np.eye(5)[labels]).astype(np.float32)


def test_accuracy_and_loss_equal_those_of_scikit_learn(labels, logits):
    evaluation = evaluate_logits(labels, logits)
    probabilities = softmax(logits.astype(np.float64), axis=1)
    assert evaluation.accuracy == pytest.approx(reference.accuracy_score(labels, logits.argmax(axis=1)))
    assert evaluation.loss == pytest.approx(reference.log_loss(labels, probabilities))


def test_confusion_matrix_equals_that_of_scikit_learn(labels, logits):
    answers = logits.argmax(axis=1)
    ours = confusion_matrix(labels, answers, 5)
    assert np.array_equal(ours, reference.confusion_matrix(labels, answers))


def test_class_scores_equal_those_of_scikit_learn(labels, logits):
    scores = evaluate_logits(labels, logits, NAMES).classes
    expected = reference.precision_recall_fscore_support(labels, logits.argmax(axis=1))
    ours = np.array([(score.precision, score.recall, score.f1, score.support) for score in scores]).T
    assert ours == pytest.approx(np.array(expected))
    assert tuple(score.category for score in scores) == NAMES


def test_class_that_is_neither_present_nor_read_scores_zero():
    absent = evaluate_logits(np.array([0, 1]), np.array([[9.0, 0, 0], [0, 9.0, 0]])).classes[2]
    assert (absent.precision, absent.recall, absent.f1, absent.support) == (0.0, 0.0, 0.0, 0)


def test_roc_auc_equals_that_of_scikit_learn(labels, logits):
    probabilities = softmax(logits.astype(np.float64), axis=1)
    expected = reference.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    assert evaluate_logits(labels, logits).roc_auc == pytest.approx(expected)


def test_roc_auc_counts_ties_half(labels, logits):
    coarse = softmax(logits.astype(np.float64), axis=1).round(1) + 1e-3
    coarse /= coarse.sum(axis=1, keepdims=True)
    expected = np.mean([reference.roc_auc_score(labels == index, coarse[:, index]) for index in range(5)])
    assert np.mean([roc_auc(labels == index, coarse[:, index]) for index in range(5)]) == pytest.approx(expected)


def test_roc_auc_leaves_out_classes_without_examples(labels, logits):
    more = evaluate_logits(labels, np.column_stack([logits, np.full(400, -1e3)]))
    assert more.classes[5].roc_auc is None
    assert more.roc_auc == pytest.approx(evaluate_logits(labels, logits).roc_auc)


def test_roc_auc_of_a_single_class_is_not_a_number():
    assert np.isnan(evaluate_logits(np.array([1, 1]), np.log([[0.1, 0.9], [0.2, 0.8]])).roc_auc)


def test_top_confusions_are_named_and_in_order():
    matrix = np.array([[8, 2, 0], [0, 9, 1], [5, 0, 5]])
    named = [(one.category, one.read_as, one.count, one.fraction) for one in top_confusions(matrix, "abc")]
    assert named == [("c", "a", 5, 0.5), ("a", "b", 2, 0.2), ("b", "c", 1, 0.1)]


def test_temperature_changes_the_loss_and_no_answer(labels, logits):
    sharp, flat = evaluate_logits(labels, logits), evaluate_logits(labels, logits, temperature=5.0)
    assert sharp.accuracy == flat.accuracy
    assert sharp.loss != pytest.approx(flat.loss)


def test_evaluate_reads_the_whole_split_in_batches(labels):
    images = np.zeros((400, 2, 2, 1), dtype=np.uint8)
    images[:, 0, 0, 0] = np.where(np.arange(400) < 100, (labels + 1) % 5, labels)
    evaluation = evaluate(Memory(), Split(images, labels), NAMES)
    assert evaluation.accuracy == 0.75
    assert evaluation.examples == 400
    assert sum(map(sum, evaluation.confusion_matrix)) == 400


def test_evaluation_survives_json(labels, logits):
    values = evaluate_logits(labels, logits, NAMES).to_dict()
    assert json.loads(json.dumps(values))["top_confusions"][0]["count"] > 0


def test_evaluation_is_shown_as_a_table(labels, logits):
    from rich.console import Console

    evaluation = evaluate_logits(labels, logits, NAMES)
    console = Console(width=100, file=io.StringIO())
    console.print(evaluation_table(evaluation, "mnist-cnn"))
    shown = console.file.getvalue()
    assert "Accuracy" in shown
    assert "read as" in shown
    assert f"{evaluation.accuracy:.2%}" in shown


def test_empty_split_is_refused():
    empty = Split(np.zeros((0, 2, 2, 1), dtype=np.uint8), np.zeros(0, dtype=np.int64))
    with pytest.raises(InvalidDataError, match="at least one example"):
        evaluate(Memory(), empty)


def test_labels_that_the_model_does_not_know_are_refused():
    split = Split(np.zeros((2, 2, 2, 1), dtype=np.uint8), np.array([0, 7]))
    with pytest.raises(InvalidDataError, match=r"0…4.*0…7"):
        evaluate(Memory(), split)
