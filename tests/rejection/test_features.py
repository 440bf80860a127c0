"""What is said of a picture without a model."""

import numpy as np
import pytest
from tests.images.pictures import SEVEN, draw

from rabisco.images import find_ink
from rabisco.images.ink import Ink
from rabisco.rejection.features import TRAITS, describe

RING = tuple((0.5 + 0.4 * np.cos(angle), 0.5 + 0.5 * np.sin(angle)) for angle in np.linspace(0, 6.4, 40))


def traits(picture: np.ndarray) -> dict[str, float]:
    return dict(zip(TRAITS, describe(find_ink(picture)).tolist(), strict=True))


def test_one_stroke_is_one_piece_without_holes_and_a_ring_has_one() -> None:
    seven, ring = traits(draw()), traits(draw(strokes=(RING,)))
    assert seven["pieces"] == ring["pieces"] == 0  # the logarithm of one
    assert seven["holes"] == 0
    assert ring["holes"] == pytest.approx(np.log(2))
    assert seven["largest_piece"] == 1


def test_two_characters_are_two_pieces_with_a_gap() -> None:
    other = tuple((x + 0.9, y) for x, y in SEVEN)
    two = traits(draw(strokes=(SEVEN, other), height=90, place=(40, 90), width=10))
    assert two["pieces"] == pytest.approx(np.log(2))
    assert two["column_gap"] > 0.02
    assert two["aspect"] > traits(draw())["aspect"]
    assert two["most_runs_per_row"] == 2


def test_the_stroke_is_measured_relative_to_the_character() -> None:
    thin, fat = traits(draw(width=6)), traits(draw(width=30))
    assert fat["stroke_width"] > thin["stroke_width"] + 1
    assert fat["stroke_length"] < thin["stroke_length"]
    large = traits(draw((560, 560), place=(180, 140), height=280, width=36))
    assert large["stroke_width"] == pytest.approx(traits(draw())["stroke_width"], abs=0.15)


def test_a_photograph_has_ink_at_the_border_that_is_not_even() -> None:
    down, across = np.mgrid[:280, :280]
    scene = np.full((280, 280, 3), 190, np.uint8)
    scene[160:] = (40, 90, 50)
    scene[(down - 120) ** 2 + (across - 190) ** 2 < 50**2] = (220, 60, 40)
    scene[100:230, 30:110] = (120, 70, 30)
    calm = traits(draw(pen=(20, 30, 120), paper=(250, 245, 240)))
    wild = traits(scene)
    assert wild["border_ink"] > 0.2
    assert calm["border_ink"] == 0
    assert wild["ink_variation"] > calm["ink_variation"] + 0.05


def test_nothing_is_said_of_a_blank_picture() -> None:
    blank = np.full((60, 60, 3), 255, np.uint8)
    assert not describe(find_ink(blank)).any()


@pytest.mark.parametrize("shape", [(1, 1), (2, 40), (40, 1), (3, 3)])
def test_ink_of_any_shape_has_finite_traits(shape: tuple[int, int]) -> None:
    ink = Ink(np.full(shape, 255, np.uint8), np.full(shape, 200, np.uint8))
    values = describe(ink)
    assert values.shape == (len(TRAITS),)
    assert np.isfinite(values).all()
