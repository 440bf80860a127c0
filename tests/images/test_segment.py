"""Several characters are found in reading order; what belongs together stays so, what may be two can be parted."""

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.images.pictures import SEVEN, draw, shade

from rabisco.errors import TooLargeError
from rabisco.images import Group, find_ink, prepare, prepare_ink, segment

BAR_OVER_HOOK = (((0.0, 0.0), (0.45, 0.0)), ((0.0, 0.2), (0.0, 0.5), (0.45, 0.6), (0.4, 0.95), (0.0, 1.0)))
LETTER_I = (((0.0, 0.0), (0.0, 0.01)), ((0.0, 0.3), (0.0, 1.0)))
LETTER_J = (((0.25, 0.0), (0.25, 0.01)), ((0.2, 0.25), (0.2, 0.9), (0.05, 1.0), (-0.1, 0.9)))
UMLAUT = (
    ((0.1, 0.0), (0.1, 0.01)),
    ((0.4, 0.0), (0.4, 0.01)),
    ((0.5, 0.4), (0.1, 0.4), (0.0, 0.7), (0.1, 1.0), (0.5, 0.95), (0.5, 0.4), (0.55, 1.0)),
)
EQUALS = (((0.0, 0.0), (0.7, 0.0)), ((0.0, 0.3), (0.7, 0.3)))


def row(*places: tuple[int, int], size: tuple[int, int] = (500, 160), width: int = 8) -> NDArray[np.uint8]:
    """Return sevens, 80 pixels high, at places."""
    return np.min([draw(size, place=place, height=80, width=width) for place in places], axis=0)


def whole(groups: list[Group]) -> list[Group]:
    """Return the groups, having checked that each may be taken for one character."""
    assert all(any(each.start == 0 and each.stop == group.length for each in group.candidates) for group in groups)
    return groups


def boxes(groups: list[Group]) -> list[tuple[int, int, int, int]]:
    """Return left, top, width and height of each group."""
    characters = [
        each.character
        for group in groups
        for each in group.candidates
        if each.stop - each.start == group.length and each.character
    ]
    return [(each.box.left, each.box.top, each.box.width, each.box.height) for each in characters]


def lefts(groups: list[Group]) -> list[int]:
    return [box[0] for box in boxes(groups)]


def lines(groups: list[Group]) -> list[int]:
    return [next(each.character.line for each in group.candidates if each.character) for group in groups]


def test_an_empty_picture_holds_no_character() -> None:
    assert segment(np.full((100, 200, 3), 255, np.uint8)) == []


def test_a_row_is_found_from_left_to_right() -> None:
    groups = whole(segment(row((300, 40), (40, 45), (170, 35))))
    assert len(groups) == 3
    assert lefts(groups) == sorted(lefts(groups))
    assert lines(groups) == [0, 0, 0]


def test_lines_are_found_from_top_to_bottom() -> None:
    picture = row((40, 20), (160, 28), (40, 150), (160, 145), (280, 155), size=(400, 280))
    assert lines(segment(picture)) == [0, 0, 1, 1, 1]


def test_a_rising_line_stays_one_line() -> None:
    groups = segment(row(*[(40 + 90 * step, 120 - 22 * step) for step in range(5)], size=(520, 240)))
    assert lines(groups) == [0] * 5


@pytest.mark.parametrize(
    "strokes",
    [LETTER_I, LETTER_J, UMLAUT, EQUALS, BAR_OVER_HOOK],
    ids=["dot of an i", "dot of a j", "dots of an a", "bars of an equals sign", "bar of a 5"],
)
def test_the_parts_of_one_character_are_joined(strokes: tuple[tuple[tuple[float, float], ...], ...]) -> None:
    (group,) = whole(segment(draw((400, 200), place=(60, 40), height=100, width=10, strokes=strokes)))
    (box,) = boxes([group])
    assert box[1] == pytest.approx(35, abs=2)  # the uppermost part is in it


def test_dots_belong_to_the_letter_below_them_and_not_to_the_line_above() -> None:
    letters = draw((200, 330), place=(60, 190), height=100, width=10, strokes=LETTER_I)
    picture = np.minimum(letters, draw((200, 330), place=(50, 40), height=100, width=10))
    groups = segment(picture)
    assert lines(groups) == [0, 1]
    assert boxes(groups)[1][3] == pytest.approx(110, abs=3)


def test_a_bar_that_does_not_touch_is_offered_as_part_of_its_character() -> None:
    five = (((0.5, 0.02), (0.85, 0.0)), ((0.3, 0.05), (0.1, 0.45), (0.45, 0.6), (0.4, 0.95), (0.0, 1.0)))
    (group,) = whole(segment(draw((300, 200), place=(60, 40), height=100, width=8, strokes=five)))
    assert boxes([group])[0][2] == pytest.approx(93, abs=4)


def test_touching_characters_may_be_parted_where_they_touch() -> None:
    (group,) = segment(row((40, 40), (40 + 56, 40)))
    borders = {each.character.box.right for each in group.candidates if each.start == 0 and each.character}
    assert any(abs(border - 96) <= 8 for border in borders)


def test_what_only_soft_edges_join_is_parted() -> None:
    picture = row((40, 40), (170, 40))
    picture[40:48, 96:170] = 240
    assert len(segment(picture)) == 2


def test_the_boxes_lie_in_the_picture_that_was_given() -> None:
    large = row((300, 340), (740, 345), size=(2100, 800))
    found = boxes(segment(large))
    assert len(found) == 2
    for left, top, width, height in found:
        assert (large[top : top + height, left : left + width] < 128).any()
        assert height == pytest.approx(88, abs=6)
        assert width == pytest.approx(64, abs=6)


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


def test_a_character_cut_out_is_normalized_as_if_it_were_alone() -> None:
    alone = prepare(draw((200, 160), place=(40, 40), height=80, width=8), "mnist@1").pixels.astype(int)
    for group in segment(row((40, 40), (200, 40))):
        one = next(each for each in group.candidates if each.stop - each.start == group.length)
        assert one.character
        assert np.abs(prepare_ink(one.character.ink, "mnist@1").pixels - alone).mean() < 3


def test_every_group_can_be_divided() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        picture = np.full((120, 300, 3), 255, np.uint8)
        for left, top in rng.integers(0, (250, 80), (12, 2)):
            picture[top : top + rng.integers(2, 40), left : left + rng.integers(2, 50)] = rng.integers(0, 180)
        for group in segment(picture):
            reached = {0}
            for each in group.candidates:
                if each.start in reached:
                    reached.add(each.stop)
            assert group.length in reached


def test_more_characters_than_allowed_are_refused() -> None:
    picture = row(*[(10 + 80 * column, 20 + 100 * line) for column in range(6) for line in range(2)], size=(500, 240))
    assert len(segment(picture, most=12)) == 12
    with pytest.raises(TooLargeError, match="at most 11 characters in one picture, found 12"):
        segment(picture, most=11)


def test_a_tall_stroke_is_no_reason_to_part_a_wide_character() -> None:
    assert len(segment(draw((300, 200), place=(60, 40), height=100, width=10, strokes=(SEVEN,)))) == 1
    assert not find_ink(draw()).blank
