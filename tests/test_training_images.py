"""The training images that a model keeps: some of each class, the same ones every time, few enough."""

import numpy as np
import pytest

from rabisco.artifacts import TRAINING_FILE
from rabisco.training_images import TrainingImages


def drawn(counts: list[int], shape: tuple[int, int, int] = (8, 8, 1)) -> tuple[np.ndarray, np.ndarray]:
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(1).integers(0, 256, (len(labels), *shape), np.uint8), labels


@pytest.mark.parametrize(
    ("counts", "kept"),
    [([5, 7], [5, 7]), ([3000, 10, 5000], [495, 10, 495]), ([400] * 10, [100] * 10), ([0, 4], [4]), ([2000], [1000])],
)
def test_small_classes_are_kept_whole_and_large_ones_in_part(counts: list[int], kept: list[int]) -> None:
    found = TrainingImages.of(*drawn(counts))
    assert np.unique(found.labels, return_counts=True)[1].tolist() == kept


def test_more_classes_than_places_keep_at_most_that_many() -> None:
    assert len(TrainingImages.of(*drawn([2] * 1500)).labels) <= 1500


def test_large_images_are_fewer() -> None:
    found = TrainingImages.of(*drawn([30, 30], (300, 300, 3)))
    assert found.images.nbytes <= 800_000
    assert set(found.labels.tolist()) == {0, 1}


def test_none_are_kept_of_none(tmp_path) -> None:
    kept = TrainingImages.of(*drawn([0]))
    kept.write(tmp_path / TRAINING_FILE)
    assert len(TrainingImages.read(tmp_path / TRAINING_FILE).images) == 0


def test_they_are_written_and_read(tmp_path) -> None:
    images, labels = drawn([40, 50])
    kept = TrainingImages(images, labels.astype(np.int16), np.ones((90, 3), np.float16))
    kept.write(tmp_path / TRAINING_FILE)
    read = TrainingImages.read(tmp_path / TRAINING_FILE)
    assert read.features is not None
    for name in ("images", "labels", "features"):
        np.testing.assert_array_equal(getattr(read, name), getattr(kept, name))
    (tmp_path / TRAINING_FILE).write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"pickled|archive|file"):
        TrainingImages.read(tmp_path / TRAINING_FILE)
