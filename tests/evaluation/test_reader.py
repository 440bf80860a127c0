"""Models judged on a data set whose images or classes are not quite theirs."""

from types import SimpleNamespace

import numpy as np
import pytest
from tests.drawing import digit_dataset

from rabisco.errors import InvalidConfigurationError
from rabisco.evaluation import DatasetReader, evaluate
from rabisco.images import normalize_pixels


class Knows:
    """Answers with the sums of rows of the image, as many as it knows classes."""

    def __init__(self, names: tuple[str, ...], normalizer: str = "mnist@1") -> None:
        self.card = SimpleNamespace(class_names=names, normalizer=normalizer, names_for=lambda _: names)

    def logits(self, images):
        return images[:, 4 : 4 + len(self.card.class_names), :, 0].sum(axis=2).astype(np.float32)


def test_logits_stand_in_the_data_sets_order_and_unknown_classes_are_never_answered() -> None:
    images = digit_dataset(100).test.images
    model = Knows(("b", "a", "x"))
    reader = DatasetReader(model, ("a", "b", "c"))
    assert reader.class_names == ("a", "b", "c", "x")
    logits = reader.logits(images)
    expected = model.logits(images)
    np.testing.assert_array_equal(logits[:, [1, 0, 3]], expected)
    assert (logits[:, 2] < expected.min() - 1000).all()


def test_an_answer_that_only_the_model_knows_counts_as_a_mistake() -> None:
    split = digit_dataset(100).test
    digits = tuple("0123456789")
    more = DatasetReader(Knows((*digits, "A", "B")), digits)
    matrix = np.array(evaluate(more, split, more.class_names).confusion_matrix)
    assert matrix[:, 10:].sum() > 0
    assert evaluate(more, split, more.class_names).accuracy == pytest.approx(np.trace(matrix) / len(split))
    assert matrix.sum() == len(split)


def test_images_are_stood_upright_for_a_model_trained_on_such() -> None:
    images, names = digit_dataset(100).test.images, tuple("0123456789")
    upright = normalize_pixels(images, "mnist-deskew@1")
    logits = DatasetReader(Knows(names, "mnist-deskew@1"), names).logits(images)
    np.testing.assert_array_equal(logits, Knows(names).logits(upright))


def test_a_model_with_no_class_in_common_is_refused() -> None:
    with pytest.raises(InvalidConfigurationError, match="none in common"):
        DatasetReader(Knows(("0", "1")), ("a", "b"))
