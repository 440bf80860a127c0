"""What flips an answer really flips it, and nothing smaller of what was tried does."""

import numpy as np
import pytest
from tests.web.serving import draw_seven

from rabisco.explanation import get_inside, smallest_flips
from rabisco.explanation.occlusion import FLIP_PARTS, FLIP_SIDES, _places, cover, patches
from rabisco.inference import get_predictor

SEVEN = np.asarray(draw_seven().convert("RGB"))


@pytest.mark.parametrize("name", ["mnist-linear", "mnist-tiny", "emnist-cnn"])
def test_the_changed_image_is_read_as_said_and_differs_in_one_square(name: str) -> None:
    predictor = get_predictor(name)
    prediction = predictor.predict(SEVEN)
    flips = smallest_flips(predictor, prediction)
    assert flips
    pixels = prediction.prepared.pixels
    for flip in flips:
        left, top, width, height = flip.box
        probabilities = predictor.probabilities(flip.image[np.newaxis])[0]
        assert flip.best.category_index == probabilities.argmax() != prediction.best.category_index
        assert flip.best.probability == pytest.approx(float(probabilities.max()), abs=1e-5)
        outside = flip.image != pixels
        outside[top : top + height, left : left + width] = False
        assert not outside.any()
        assert width == height
        square = flip.image[top : top + height, left : left + width]
        assert (square == (0 if flip.change == "erased" else 255)).all()


def test_no_smaller_square_of_a_linear_model_flips() -> None:
    predictor = get_predictor("mnist-linear")
    prediction = predictor.predict(SEVEN)
    pixels, best = prediction.prepared.pixels, prediction.best.category_index
    for flip in smallest_flips(predictor, prediction):
        for side in FLIP_SIDES[: FLIP_SIDES.index(flip.box[2])]:
            for place in _places(pixels[..., 0], side, flip.change, np.ones((28, 28), bool)):
                changed = pixels.copy()
                changed[place] = 0 if flip.change == "erased" else 255
                near = predictor.logits(changed[np.newaxis])[0].argmax() == best
                assert near or flip.change == "added"  # only squares beside the ink are tried


@pytest.mark.slow
def test_a_part_of_a_photograph_is_covered_with_its_mean_color() -> None:
    predictor = get_predictor("cifar10-cnn")
    kept = get_inside(predictor).artifact.training_images
    assert kept is not None
    some = kept.images[::13]
    image = some[predictor.probabilities(some).max(axis=1).argsort()[1]]  # one of those it is least sure of
    prediction = predictor.predict(image)
    pixels, best = prediction.prepared.pixels, prediction.best.category_index
    (flip,) = smallest_flips(predictor, prediction)
    left, top, side, _ = flip.box
    square = (slice(top, top + side), slice(left, left + side))
    assert flip.change == "erased"
    assert (flip.image[square] == pixels.astype(np.float64).mean(axis=(0, 1)).round()).all()
    outside = flip.image != pixels
    outside[square] = False
    assert not outside.any()
    assert predictor.logits(flip.image[np.newaxis])[0].argmax() == flip.best.category_index != best
    for parts in FLIP_PARTS[: [32 // parts for parts in FLIP_PARTS].index(side)]:
        smaller = np.stack([cover(pixels, *place) for place in patches(pixels.shape, parts)])
        assert (predictor.logits(smaller).argmax(axis=1) == best).all()


def test_empty_pictures_have_no_flips() -> None:
    white = np.full((100, 100, 3), 255, np.uint8)
    predictor = get_predictor("mnist-tiny")
    assert smallest_flips(predictor, predictor.predict(white)) == []
