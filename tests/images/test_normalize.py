"""Ink becomes the pixels of the training images, wherever, however large and in whatever colors it was drawn."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from tests.images.golden import NORMALIZERS as CHARACTER_NORMALIZERS
from tests.images.golden import PICTURES, file_of
from tests.images.pictures import BLACK, WHITE, draw, encode, shade

from rabisco import data
from rabisco.errors import InvalidConfigurationError
from rabisco.images import NORMALIZERS, decode, normalize_pixels, prepare, shape_of
from rabisco.images.geometry import redraw, stroke_width
from rabisco.intake.loading import fit

SEVEN = prepare(draw(), "mnist@1").pixels.astype(int)


def difference(picture: np.ndarray, normalizer: str = "mnist@1") -> float:
    """Return the mean difference from the seven that all other tests draw otherwise, in gray levels."""
    return float(np.abs(prepare(picture, normalizer).pixels.astype(int) - SEVEN).mean())


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("normalizer", CHARACTER_NORMALIZERS)
def test_the_pixels_are_those_on_file(name: str, normalizer: str) -> None:
    with Image.open(file_of(name, normalizer)) as image:
        expected = np.asarray(image).astype(int)
    pixels = prepare(PICTURES[name](), normalizer).pixels[..., 0]
    assert np.abs(pixels - expected).max() <= 3


def test_models_that_want_the_same_of_ink_share_it_and_see_what_they_would_see_alone() -> None:
    first = prepare(draw(), "mnist@1")
    again, sheared = (prepare(draw(), name, first.ink) for name in ("mnist@1", "mnist-deskew@1"))
    assert np.shares_memory(first.pixels, again.pixels)
    np.testing.assert_array_equal(sheared.pixels, prepare(draw(), "mnist-deskew@1").pixels)


@pytest.mark.parametrize("name", NORMALIZERS)
def test_every_normalizer_gives_bytes_of_its_shape(name: str) -> None:
    pixels = prepare(draw(), name).pixels
    assert pixels.dtype == np.uint8
    assert pixels.shape == shape_of(name)


def test_an_unknown_normalizer_is_a_wrong_configuration() -> None:
    for act in (prepare, normalize_pixels):
        with pytest.raises(InvalidConfigurationError, match="mnist@2"):
            act(draw(), "mnist@2")


def test_the_character_fits_twenty_pixels_with_its_center_of_mass_in_the_middle() -> None:
    image = SEVEN[..., 0]
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    assert ndimage.center_of_mass(image) == pytest.approx((14, 14), abs=0.6)
    assert image.max() == 255


@pytest.mark.parametrize("place", [(10, 10), (170, 10), (10, 130), (170, 130), (93, 57)])
def test_where_it_is_drawn_does_not_matter(place: tuple[int, int]) -> None:
    assert difference(draw(place=place)) == 0


@pytest.mark.parametrize("height", [70, 105, 210, 245])
def test_how_large_it_is_drawn_does_not_matter(height: int) -> None:
    assert difference(draw(place=(40, 15), height=height, width=round(18 * height / 140))) < 4


@pytest.mark.parametrize("size", [(280, 280), (600, 300), (300, 900), (1500, 1500)])
def test_how_large_the_canvas_is_does_not_matter(size: tuple[int, int]) -> None:
    assert difference(draw(size, place=(120, 90))) < 4


def test_black_on_white_is_the_same_as_white_on_black() -> None:
    assert difference(draw(pen=WHITE, paper=BLACK)) == 0
    assert difference(255 - shade(draw())) < 12


@pytest.mark.parametrize(
    ("pen", "paper"),
    [
        ((200, 30, 30), (255, 255, 255)),
        ((30, 60, 200), (250, 245, 220)),
        ((255, 230, 0), (40, 90, 60)),
        ((255, 105, 180), (255, 255, 255)),
        ((0, 150, 0), (255, 160, 160)),
        ((128, 128, 128), (255, 255, 255)),
        ((255, 255, 0), (255, 255, 255)),
    ],
)
def test_colors_do_not_matter(pen: tuple[int, int, int], paper: tuple[int, int, int]) -> None:
    assert difference(draw(pen=pen, paper=paper)) < 1


def test_sixteen_bits_give_the_pixels_of_eight() -> None:
    gray = draw()[..., 0].astype(np.uint16) * 257
    assert difference(decode(encode(gray))) == 0


@pytest.mark.parametrize("quality", [30, 60, 90])
def test_the_noise_of_jpeg_around_strokes_is_cleaned_away(quality: int) -> None:
    assert difference(decode(encode(draw(), "JPEG", quality=quality))) < 4


@pytest.mark.parametrize("darkest", [0.9, 0.7, 0.5])
def test_gradients_and_shadows_do_not_matter(darkest: float) -> None:
    assert difference(shade(draw(), darkest)) < 6


@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_thin_strokes_are_brought_to_the_width_of_the_training_images(width: int) -> None:
    image = prepare(draw(width=width), "mnist@1").pixels[..., 0].astype(np.float32) / 255
    assert 1.6 < stroke_width(image) < 2.8


def test_a_fat_stroke_becomes_thinner_and_stays_one_stroke() -> None:
    image = prepare(draw(width=60), "mnist@1").pixels[..., 0]
    assert stroke_width(image.astype(np.float32) / 255) < 5
    assert ndimage.label(image > 100)[1] == 1


def test_redrawing_gives_the_width_asked_for() -> None:
    bar = np.full((100, 6), 255, np.uint8)
    for width in (2.0, 3.0, 4.0):
        assert stroke_width(redraw(bar, 20, width)) == pytest.approx(width, rel=0.25)


def test_an_empty_picture_is_blank_in_every_character_normalizer() -> None:
    noise = np.random.default_rng(0).normal(200, 4, (200, 300, 3)).clip(0, 255).astype(np.uint8)
    fading = (noise * np.linspace(1, 0.6, 300)[:, np.newaxis]).astype(np.uint8)
    for picture in (np.full((280, 280, 3), 255, np.uint8), np.zeros((1, 1, 3), np.uint8), noise, fading):
        for name in CHARACTER_NORMALIZERS:
            prepared = prepare(picture, name)
            assert prepared.blank
            assert not prepared.pixels.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 2), (3, 500), (28, 28)])
def test_pictures_of_any_shape_are_prepared(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for name in NORMALIZERS:
        assert prepare(picture, name).pixels.dtype == np.uint8


def test_the_steps_tell_how_the_pixels_came_about() -> None:
    prepared = prepare(draw(), "mnist@1")
    assert [step.name for step in prepared.steps] == ["polarity", "ink", "crop", "result"]
    assert all(step.picture.dtype == np.uint8 and step.picture.ndim == 2 for step in prepared.steps)
    np.testing.assert_array_equal(prepared.steps[-1].picture, prepared.pixels[..., 0])
    assert [step.name for step in prepare(draw(), "photo32@1").steps] == ["result"]
    assert len(prepare(np.full((9, 9, 3), 7, np.uint8), "mnist@1").steps) == 4


def test_only_the_deskewing_normalizer_changes_training_images() -> None:
    images = np.stack([SEVEN.astype(np.uint8)] * 2)
    np.testing.assert_array_equal(normalize_pixels(images, "mnist@1"), images)
    upright = normalize_pixels(images, "mnist-deskew@1")
    assert upright.shape == images.shape
    np.testing.assert_array_equal(upright[0], prepare(draw(), "mnist-deskew@1").pixels)
    assert normalize_pixels(images[:0], "mnist-deskew@1").shape == (0, 28, 28, 1)


def test_a_slanted_stroke_stands_upright_after_deskewing() -> None:
    slanted = draw(strokes=(((0.5, 0.0), (0.0, 1.0)),))
    columns = np.flatnonzero(prepare(slanted, "mnist-deskew@1").pixels[..., 0].sum(axis=0) > 255)
    assert np.ptp(columns) <= 4


def test_images_of_mnist_come_through_nearly_unchanged(mnist_folder: Path) -> None:
    images = data.load("mnist").validation.images[:500]
    for invert in (0, 255):
        seen = np.stack([prepare(np.repeat(image ^ invert, 3, axis=2), "mnist@1").pixels for image in images])
        changes = np.abs(seen.astype(int) - images).mean(axis=(1, 2, 3))
        assert np.median(changes) < 1
        assert changes.mean() < 2


@pytest.mark.parametrize("normalizer", CHARACTER_NORMALIZERS)
@pytest.mark.parametrize("shape", [(1, 1), (3, 9), (16, 16), (40, 33)])
def test_an_image_of_a_data_set_that_is_all_but_black_takes_the_form_of_all(
    shape: tuple[int, int], normalizer: str
) -> None:
    image = np.random.default_rng(0).integers(0, 3, (1, *shape, 1)).astype(np.uint8)
    image[0, 0, 0] = 2
    fitted = fit(image, normalizer)
    assert fitted.shape == (1, 28, 28, 1)
