"""What a model answered is kept, selected and sampled so that every figure leads to exactly its images."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from rabisco.data.dataset import Split
from rabisco.evaluation.calibration import reliability_table
from rabisco.evaluation.metrics import confusion_matrix
from rabisco.evaluation.readings import MOST_KEPT, Readings, Selection

CLASSES = 5


def case(seed: int = 0, examples: int = 4000, side: int = 8) -> tuple[Split, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, examples)
    images = random.integers(0, 255, (examples, side, side, 1), dtype=np.uint8)
    return Split(images, labels), random.normal(size=(examples, CLASSES)) * 2 + 3 * np.eye(CLASSES)[labels]


def test_cells_of_the_confusion_matrix_are_the_rows_counted_in_them() -> None:
    split, logits = case()
    readings = Readings.of(split, logits)
    matrix = confusion_matrix(split.labels, logits.argmax(axis=1), CLASSES)
    for true, read in np.ndindex(CLASSES, CLASSES):
        rows = readings.select(Selection(true, read))
        assert len(rows) == matrix[true, read]
        assert (np.diff(readings.confidence[rows]) <= 0).all()
        assert set(rows) == set(np.flatnonzero((split.labels == true) & (logits.argmax(axis=1) == read)))


@pytest.mark.parametrize("seed", range(4))
def test_bars_of_the_reliability_diagram_are_the_rows_counted_in_them(seed: int) -> None:
    split, logits = case(seed)
    readings = Readings.of(split, logits, temperature=1.7)
    for one in reliability_table(split.labels, softmax(logits / 1.7, axis=1)):
        assert len(readings.select(Selection(low=one.low, high=one.high))) == one.count


def test_what_two_models_answer_divides_the_images_into_four() -> None:
    split, logits = case()
    first, second = Readings.of(split, logits), Readings.of(split, case(1)[1] + 2 * np.eye(CLASSES)[split.labels])
    counts = {
        which: len(first.select(Selection(which=which), second))
        for which in ("both-right", "both-wrong", "only-this", "only-other")
    }
    assert counts["only-this"] == int((first.right & ~second.right).sum())
    assert counts["only-other"] == int((second.right & ~first.right).sum())
    assert sum(counts.values()) == len(split)
    with pytest.raises(ValueError, match="second model"):
        first.select(Selection(which="both-wrong"))


def test_kept_images_show_every_kind_of_mistake_before_any_twice() -> None:
    split, logits = case()
    readings = Readings.of(split, logits)
    assert 0 < len(readings.rows) <= MOST_KEPT
    assert np.array_equal(readings.images, split.images[readings.rows])
    kinds = {(int(split.labels[row]), int(readings.answers[row])) for row in np.flatnonzero(~readings.right)}
    kept = {(int(split.labels[row]), int(readings.answers[row])) for row in readings.rows if not readings.right[row]}
    assert kept == kinds
    assert readings.right[readings.rows].any()
    assert len(set(readings.rows.tolist())) == len(readings.rows)


@pytest.mark.parametrize("quality", [-60.0, 60.0])
def test_a_model_that_is_always_right_or_wrong_keeps_images_too(quality: float) -> None:
    split, _ = case(examples=40)
    readings = Readings.of(split, quality * np.eye(CLASSES)[split.labels])
    assert len(readings.rows) == 40
    assert np.allclose(readings.true_probability, float(quality > 0), atol=1e-6)


def test_readings_survive_their_file(tmp_path: Path) -> None:
    split, logits = case()
    readings = Readings.of(split, logits)
    readings.write(tmp_path / "readings.npz")
    again = Readings.read(tmp_path / "readings.npz")
    assert all(np.array_equal(getattr(again, name), value) for name, value in vars(readings).items())
    wanted = softmax(logits, axis=1)[np.arange(len(split)), split.labels]
    assert np.allclose(again.true_probability, wanted, atol=1e-3)
    np.savez(tmp_path / "readings.npz", labels=readings.labels)
    with pytest.raises(ValueError, match="what Readings needs"):
        Readings.read(tmp_path / "readings.npz")
