"""Several pictures are read together as each is alone."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.web.serving import draw_seven

from rabisco.artifacts import list_names
from rabisco.errors import N_, InvalidImageError
from rabisco.inference import PART, get_predictor


def pictures() -> list[NDArray[np.uint8]]:
    """Return a digit in two sizes and in negative, an empty sheet, noise, a wide picture and one of a single pixel."""
    seven = np.asarray(draw_seven().convert("RGB"))
    noise = np.random.default_rng(0).integers(0, 256, (90, 70, 3), np.uint8)
    wide, small = np.tile(seven, (1, 3, 1)), np.ascontiguousarray(seven[::4, ::4])
    return [seven, small, 255 - seven, np.full((64, 64, 3), 240, np.uint8), noise, wide, noise[:1, :1]]


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("name", ["mnist-cnn", "emnist-linear", "cifar10-cnn"])
def test_pictures_read_together_get_the_answers_that_each_gets_alone(name: str, beside: bool) -> None:
    if name not in list_names():
        pytest.skip(f"{name} is not here")
    predictor = get_predictor(name)
    alone = [predictor.predict(picture).to_dict() for picture in pictures()]
    for one, other in zip(alone, predictor.predict_many(pictures(), beside=beside), strict=True):
        told = other.to_dict()
        for number in ("probability", "doubt"):
            assert told.pop(number) == pytest.approx(one.pop(number), abs=1e-4)
        for mine, its in zip(told.pop("top_k"), one.pop("top_k"), strict=True):
            assert mine["category"] == its["category"]
            assert mine["probability"] == pytest.approx(its["probability"], abs=1e-5)
        assert told.pop("latency_ms") > 0 < one.pop("latency_ms")
        assert told == one


def test_beside_a_second_thread_few_pictures_are_taken_ahead() -> None:
    taken = list[int]()

    def one_by_one() -> Iterator[NDArray[np.uint8]]:
        for number, picture in enumerate(pictures() * 4, start=1):
            taken.append(number)
            yield picture

    for answered, _ in enumerate(get_predictor("mnist-cnn").predict_many(one_by_one(), beside=True)):
        assert len(taken) <= answered + 3 * PART
    assert answered + 1 == len(taken) == 4 * len(pictures())


def test_beside_a_second_thread_an_error_is_told_and_the_next_pictures_are_read() -> None:
    def broken() -> Iterator[NDArray[np.uint8]]:
        yield from pictures()
        raise InvalidImageError(N_("expected a picture"))

    predictor = get_predictor("mnist-cnn")
    with pytest.raises(InvalidImageError, match="expected a picture"):
        list(predictor.predict_many(broken(), beside=True))
    with pytest.raises(IndexError):  # which the second thread meets
        list(predictor.predict_many([*pictures(), np.zeros(3, np.uint8)], beside=True))
    assert [one.best.category for one in predictor.predict_many(pictures()[:2], beside=True)] == ["7", "7"]
