"""What mattered is what a model really looks at: known for a model whose weights are known."""

import numpy as np
import pytest
from tests.web.serving import draw_seven

from rabisco.explanation.occlusion import cover, explain, patches
from rabisco.inference import get_predictor

SEVEN = np.asarray(draw_seven().convert("RGB"))


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (8, 8, 1), (9, 13, 1)])
def test_patches_cover_every_pixel_and_lie_within(shape: tuple[int, int, int]) -> None:
    covered = np.zeros(shape[:2], int)
    for rows, columns in patches(shape):
        assert covered[rows, columns].shape == (min(shape[:2]) // 4,) * 2
        covered[rows, columns] += 1
    assert covered.min() >= 1


def test_covering_leaves_no_ink_or_the_mean_color_and_the_image_itself_alone() -> None:
    ink = np.full((28, 28, 1), 200, np.uint8)
    photo = np.zeros((32, 32, 3), np.uint8)
    photo[:, :16] = (100, 200, 40)
    place = (slice(0, 7), slice(0, 7))
    assert cover(ink, *place)[:7, :7].max() == 0
    assert cover(ink, *place)[7:].min() == 200
    assert cover(photo, *place)[0, 0].tolist() == [50, 100, 20]
    assert ink.min() == 200


@pytest.mark.parametrize("name", ["mnist-cnn", "mnist-linear"])
def test_only_where_there_is_ink_can_covering_matter(name: str) -> None:
    explained = explain(get_predictor(name), SEVEN)
    pixels = explained.prediction.prepared.pixels[..., 0]
    assert explained.importance.shape == pixels.shape
    far = np.ones_like(pixels, bool)
    for row, column in np.argwhere(pixels > 0):
        far[max(0, row - 6) : row + 7, max(0, column - 6) : column + 7] = False
    assert far.any()
    assert np.abs(explained.importance[far]).max() < 1e-5
    assert explained.importance.max() > 0
    assert np.abs(explained.importance).max() <= 1


def test_it_is_the_mean_fall_over_the_patches_on_a_pixel() -> None:
    predictor = get_predictor("mnist-linear")
    explained = explain(predictor, SEVEN)
    pixels, best = explained.prediction.prepared.pixels, explained.prediction.best
    row, column = np.unravel_index(explained.importance.argmax(), explained.importance.shape)
    falls = [
        best.probability - predictor.probabilities(cover(pixels, rows, columns)[np.newaxis])[0, best.category_index]
        for rows, columns in patches(pixels.shape)
        if rows.start <= row < rows.stop and columns.start <= column < columns.stop
    ]
    assert explained.importance[row, column] == pytest.approx(np.mean(falls), abs=1e-5)


def test_an_empty_picture_explains_nothing() -> None:
    explained = explain(get_predictor("mnist-cnn"), np.full((100, 100, 3), 255, np.uint8))
    assert explained.prediction.prepared.blank
    assert not explained.importance.any()
