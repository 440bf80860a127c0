"""Several characters are found in reading order; what belongs together stays so, what merely touches is parted."""

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.images.pictures import SEVEN, draw, shade

from rabisco.images import Character, find_ink, prepare, prepare_ink, segment

ONE = ((0.0, 0.0), (0.0, 1.0))
BAR_OVER_HOOK = (((0.0, 0.0), (0.45, 0.0)), ((0.0, 0.2), (0.0, 0.5), (0.45, 0.6), (0.4, 0.95), (0.0, 1.0)))
LETTER_I = (((0.0, 0.0), (0.0, 0.01)), ((0.0, 0.3), (0.0, 1.0)))


def row(*places: tuple[int, int], size: tuple[int, int] = (500, 160), width: int = 8) -> NDArray[np.uint8]:
    """Return sevens, 80 pixels high, at places."""
    return np.min([draw(size, place=place, height=80, width=width) for place in places], axis=0)


def lefts(characters: list[Character]) -> list[int]:
    return [character.box.left for character in characters]


def test_an_empty_picture_holds_no_character() -> None:
    assert segment(np.full((100, 200, 3), 255, np.uint8)) == []


def test_a_row_is_read_from_left_to_right() -> None:
    characters = segment(row((300, 40), (40, 45), (170, 35)))
    assert len(characters) == 3
    assert lefts(characters) == sorted(lefts(characters))
    assert {character.line for character in characters} == {0}


def test_lines_are_read_from_top_to_bottom() -> None:
    picture = row((40, 20), (160, 28), (40, 150), (160, 145), (280, 155), size=(400, 280))
    characters = segment(picture)
    assert [character.line for character in characters] == [0, 0, 1, 1, 1]


def test_a_rising_line_stays_one_line() -> None:
    characters = segment(row(*[(40 + 90 * step, 120 - 22 * step) for step in range(5)], size=(520, 240)))
    assert [character.line for character in characters] == [0] * 5


@pytest.mark.parametrize("strokes", [LETTER_I, BAR_OVER_HOOK], ids=["dot of an i", "bar of a 5"])
def test_the_parts_of_one_character_are_joined(strokes: tuple[tuple[tuple[float, float], ...], ...]) -> None:
    assert len(segment(draw((400, 160), place=(60, 30), height=100, width=10, strokes=strokes))) == 1


def test_touching_characters_are_parted() -> None:
    picture = row((40, 40), (40 + 56, 40))
    assert len(segment(picture)) == 2


def test_the_boxes_lie_in_the_picture_that_was_given() -> None:
    large = row((300, 340), (740, 345), size=(1600, 800))
    for character in segment(large):
        box = character.box
        assert (large[box.top : box.bottom, box.left : box.right] < 128).any()
        assert box.height == pytest.approx(88, abs=6)
        assert box.width == pytest.approx(64, abs=6)


def test_boxes_on_a_sheet_on_a_desk_lie_in_the_whole_picture() -> None:
    desk = np.full((300, 620, 3), 60, np.uint8)
    desk[60:220, 60:560] = row((40, 40), (240, 40))
    assert lefts(segment(desk)) == pytest.approx([97, 297], abs=4)


def test_shade_and_cell_borders_do_not_become_characters() -> None:
    picture = shade(row((40, 40), (170, 35), (300, 42)), 0.6)
    assert len(segment(picture)) == 3
    form = row((40, 40), (240, 40))
    form[:, 150:153] = 60
    assert len(segment(form)) == 2


def test_a_character_cut_out_is_normalised_as_if_it_were_alone() -> None:
    alone = prepare(draw((200, 160), place=(40, 40), height=80, width=8), "mnist@1").pixels.astype(int)
    for character in segment(row((40, 40), (200, 40))):
        assert np.abs(prepare_ink(character.ink, "mnist@1").pixels - alone).mean() < 3


def test_a_tall_stroke_is_no_reason_to_part_a_wide_character() -> None:
    assert len(segment(draw((300, 200), place=(60, 40), height=100, width=10, strokes=(SEVEN,)))) == 1
    assert not find_ink(draw()).blank
