"""What was written is told from what merely is in the picture: shade, rules, frames, desks, specks."""

import numpy as np
import pytest
from scipy import ndimage
from tests.images.pictures import draw, shade

from rabisco.images import Ink, find_ink, prepare
from rabisco.images.background import is_uneven

SEVEN = find_ink(draw()).values > 127
GENERATOR = np.random.default_rng(1)


def agreement(ink: Ink) -> float:
    """Return the intersection over the union of the ink found and the seven drawn."""
    found = np.zeros_like(SEVEN)
    row, column = ink.origin
    height, width = ink.values.shape
    found[row : row + height, column : column + width] = ink.values > 127
    return float((found & SEVEN).sum() / (found | SEVEN).sum())


def test_ink_is_soft_and_lies_between_none_and_all() -> None:
    values = find_ink(shade(draw(pen=(60, 60, 60)))).values
    assert values.dtype == np.uint8
    assert values.min() == 0
    assert values.max() == 255
    assert ((values > 0) & (values < 255)).any()


@pytest.mark.parametrize("darkest", [0.4, 0.6, 0.8])
def test_shade_is_no_ink(darkest: float) -> None:
    picture = shade(draw(), darkest)
    assert is_uneven(picture)
    assert agreement(find_ink(picture)) > 0.85


def test_even_light_is_left_alone() -> None:
    assert not is_uneven(draw())
    assert not is_uneven(draw(width=60, place=(60, 60)))


def ellipse(shape: tuple[int, int], pen: float, ink: int, paper: int) -> tuple[Ink, np.ndarray]:
    """Return the ink found in a soft ellipse that fills its picture, and where it was drawn."""
    row, column = (np.linspace(-1, 1, side) for side in shape)
    inner = (row[:, np.newaxis] / (1 - pen)) ** 2 + (column / (1 - pen)) ** 2 > 1
    drawn = inner & (row[:, np.newaxis] ** 2 + column**2 <= 1.05)
    soft = ndimage.gaussian_filter(drawn.astype(float), min(shape) / 35)
    gray = (paper + (ink - paper) * soft).astype(np.uint8)
    return find_ink(np.repeat(gray[..., np.newaxis], 3, axis=2)), drawn


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (90, 200)])
@pytest.mark.parametrize("shape", [(28, 20), (60, 44), (200, 150), (150, 200)])
def test_a_picture_cut_at_the_edge_of_its_writing_is_not_in_the_shade(
    shape: tuple[int, int], ink: int, paper: int
) -> None:
    found, drawn = ellipse(shape, 0.3, ink, paper)
    assert ((found.values > 127) & drawn).sum() > 0.85 * ((found.values > 127) | drawn).sum()


def test_writing_that_takes_more_than_half_of_the_border_is_not_the_paper() -> None:
    picture = np.full((120, 100, 3), 250, np.uint8)
    for rows, columns in ((slice(0, 14), slice(None)), (slice(None), slice(0, 14)), (slice(106, None), slice(0, 40))):
        picture[rows, columns] = 20  # a square bracket, cut at its edges
    values = find_ink(picture).values
    assert min(values[10, 50], values[60, 10], values[110, 30]) > 252
    assert values[60, 60] == values[100, 95] == 0


@pytest.mark.parametrize("step", [24, 40])
@pytest.mark.parametrize("squared", [False, True])
def test_rules_on_the_paper_are_no_ink(step: int, squared: bool) -> None:
    paper = np.full((280, 280, 3), 240, np.uint8)
    paper[::step] = (150, 170, 220)
    if squared:
        paper[:, ::step] = (150, 170, 220)
    noise = np.random.default_rng(0).normal(0, 3, paper.shape)
    picture = np.where(SEVEN[..., np.newaxis], 40, np.clip(paper + noise, 0, 255)).astype(np.uint8)
    assert agreement(find_ink(picture)) > 0.9


@pytest.mark.parametrize("thickness", [1, 3, 8])
def test_a_frame_is_no_ink(thickness: int) -> None:
    picture = draw()
    framed = np.zeros_like(picture)
    framed[thickness:-thickness, thickness:-thickness] = picture[thickness:-thickness, thickness:-thickness]
    ink = find_ink(framed)
    assert agreement(ink) > 0.9
    assert ink.values.sum() / 255 == pytest.approx(SEVEN.sum(), rel=0.1)


def test_a_desk_around_the_sheet_is_no_ink() -> None:
    desk = GENERATOR.normal(70, 6, (360, 380, 3)).clip(0, 255).astype(np.uint8)
    desk[40:320, 50:330] = shade(draw(), 0.8)
    ink = find_ink(desk)
    assert ink.values.sum() / 255 == pytest.approx(SEVEN.sum(), rel=0.2)
    assert ink.origin[0] >= 40
    assert ink.origin[1] >= 50


@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
def test_a_strip_of_desk_at_the_border_is_no_ink(side: str) -> None:
    picture = shade(draw())
    place = {"top": np.s_[:12], "bottom": np.s_[-12:], "left": np.s_[:, :12], "right": np.s_[:, -12:]}[side]
    picture[place] = 50
    assert find_ink(picture).values.sum() / 255 == pytest.approx(SEVEN.sum(), rel=0.2)


def test_specks_are_dropped_and_dots_are_kept() -> None:
    picture = draw()
    picture[20:22, 20:22] = 0  # a speck
    picture[240:256, 200:216] = 0  # as large as the pen
    values = find_ink(picture).values
    assert not values[20:22, 20:22].any()
    assert values[240:256, 200:216].all()


def test_a_finger_at_the_border_is_dropped() -> None:
    picture = draw()
    picture[100:160, :14] = (180, 120, 100)
    assert not find_ink(picture).values[100:160, :14].any()


def test_a_character_that_touches_the_border_is_kept() -> None:
    picture = draw(place=(0, 0), height=270, width=30)
    assert find_ink(picture).values[:10].any()


def test_a_line_between_the_cells_of_a_form_is_dropped() -> None:
    picture = draw((400, 280))
    picture[:, 300:306] = 60
    assert not find_ink(picture).values[:, 298:308].any()
    assert find_ink(picture).values[:, :280].sum() / 255 == pytest.approx(SEVEN.sum(), rel=0.05)


def test_faint_noise_is_blank_and_faint_writing_is_not() -> None:
    noise = GENERATOR.normal(200, 3, (200, 200, 3)).clip(0, 255).astype(np.uint8)
    assert find_ink(noise).blank
    assert not find_ink(draw(pen=(225, 225, 225), paper=(250, 250, 250))).blank


def test_a_frame_of_several_grays_is_not_taken_for_the_edges_of_writing() -> None:
    form = np.full((180, 900, 3), 225, np.uint8)
    form[:5] = form[:, :5] = form[:, -5:] = 100
    form[-3:] = np.linspace(100, 190, 900).astype(np.uint8)[:, np.newaxis]  # the camera saw only a part of the line
    assert is_uneven(form)


@pytest.mark.parametrize("height", [1, 2, 3, 5, 8, 12, 28, 280])
@pytest.mark.parametrize("width", [1, 2, 3, 5, 8, 12, 28, 280])
def test_a_picture_of_few_pixels_is_read_like_any_other(height: int, width: int) -> None:
    random = np.random.default_rng(height * 1000 + width)
    for _ in range(20):
        marks = random.random((height, width)) < random.random()
        picture = np.where(marks[..., np.newaxis], random.integers(0, 256, 3), random.integers(0, 256, 3))
        prepared = prepare(picture.astype(np.uint8), "mnist@1")
        assert prepared.blank != prepared.pixels.any()
