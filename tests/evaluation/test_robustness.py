"""Corruptions: each does what it says, at its strength, the same for the same seed."""

import numpy as np
import pytest
from scipy import ndimage

from rabisco.data.dataset import Split
from rabisco.errors import InvalidDataError
from rabisco.evaluation.robustness import CORRUPTIONS, corrupt, robustness_table

MIDDLE = 13.5


@pytest.fixture
def bars():
    """Ten images of an upright bar, 4 pixels wide and 16 high, in the middle."""
    images = np.zeros((10, 28, 28, 1), dtype=np.uint8)
    images[:, 6:22, 12:16] = 255
    return images


def center(image):
    return np.array(ndimage.center_of_mass(image[..., 0].astype(float)))


def width_of_stroke(image):
    return image[14, :, 0].sum() / 255


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_keeps_shape_and_type_and_changes_the_image(name, bars):
    before = bars.copy()
    after = corrupt(bars, name)
    assert after.shape == bars.shape
    assert after.dtype == np.uint8
    assert not np.array_equal(after, bars)
    assert np.array_equal(bars, before)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_is_the_same_for_the_same_seed(name, bars):
    assert np.array_equal(corrupt(bars, name, seed=4), corrupt(bars, name, seed=4))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_says_what_it_does(name):
    assert str(CORRUPTIONS[name].__doc__).endswith(".")


def test_another_seed_draws_another_noise(bars):
    assert not np.array_equal(corrupt(bars, "noise", seed=1), corrupt(bars, "noise", seed=2))


def test_noise_has_its_strength():
    gray = np.full((50, 28, 28, 1), 128, dtype=np.uint8)
    assert corrupt(gray, "noise").std() == pytest.approx(38, rel=0.02)


def slope(image):
    """Columns to the right per row down, along the bar."""
    columns = [ndimage.center_of_mass(row.astype(float))[0] for row in image[9:19, :, 0]]
    return np.polyfit(np.arange(9, 19), columns, 1)[0]


def test_rotation_turns_by_twenty_degrees_either_way(bars):
    angles = np.degrees(np.arctan([slope(image) for image in corrupt(bars, "rotation")]))
    assert np.abs(angles) == pytest.approx(20, abs=0.5)
    assert min(angles) < 0 < max(angles)


def test_shear_slants_by_its_factor_either_way(bars):
    slopes = [slope(image) for image in corrupt(bars, "shear")]
    assert np.abs(slopes) == pytest.approx(0.3, abs=0.01)
    assert min(slopes) < 0 < max(slopes)


def test_scale_changes_the_height_by_a_quarter(bars):
    heights = corrupt(bars, "scale")[:, :, 13, 0].sum(axis=1) / 255
    assert set(heights.round()) == {12.0, 20.0}


def test_translation_moves_by_three_pixels_along_both_axes(bars):
    moved = np.array([center(image) - MIDDLE for image in corrupt(bars, "translation")])
    assert np.abs(moved) == pytest.approx(3.0)


def test_strokes_become_thinner_and_thicker_by_their_strength(bars):
    assert width_of_stroke(corrupt(bars, "thin strokes")[0]) == pytest.approx(3.0, abs=0.3)
    assert width_of_stroke(corrupt(bars, "thick strokes")[0]) == pytest.approx(6.0, abs=0.3)


def test_stroke_changes_leave_the_center_where_it_was(bars):
    for name in ("thin strokes", "thick strokes", "blur", "scale", "rotation"):
        assert center(corrupt(bars, name)[0]) == pytest.approx([MIDDLE, MIDDLE], abs=0.1)


def test_brightness_lifts_the_background_and_saturates_the_ink(bars):
    assert set(np.unique(corrupt(bars, "brightness"))) == {51, 255}


def test_contrast_keeps_the_mean_and_shrinks_the_range(bars):
    after = corrupt(bars, "contrast").astype(float)
    assert after.mean() == pytest.approx(bars.mean(), abs=0.5)
    assert after.max() - after.min() == pytest.approx(0.4 * 255, abs=1)


def test_lines_are_drawn_every_seven_pixels_behind_the_ink(bars):
    image = corrupt(bars, "lines")[0, :, :, 0]
    assert (image[:, 0] == 102).sum() == 4
    assert (image[6:22, 13] == 255).all()


class Brightest:
    """Reads class 1 where the middle is bright."""

    def logits(self, images):
        middle = images[:, 14, 14, 0] > 127
        return np.stack([~middle, middle], axis=1).astype(np.float32)


def test_robustness_table_has_clean_accuracy_and_a_row_per_corruption(bars):
    table = robustness_table(Brightest(), Split(bars, np.ones(10, dtype=np.int64)))
    assert table.clean_accuracy == 1.0
    assert [row.corruption for row in table.rows] == list(CORRUPTIONS)
    assert table.mean_accuracy == pytest.approx(np.mean([row.accuracy for row in table.rows]))
    accuracies = {row.corruption: row.accuracy for row in table.rows}
    assert accuracies["contrast"] == 0.0  # the middle is no longer above 127
    assert accuracies["lines"] == 1.0
    assert table.to_dict()["rows"][0]["accuracy_interval"][1] <= 1.0


def test_color_images_are_refused():
    split = Split(np.zeros((2, 32, 32, 3), dtype=np.uint8), np.zeros(2, dtype=np.int64))
    with pytest.raises(InvalidDataError, match=r"gray images.*\(2, 32, 32, 3\)"):
        robustness_table(Brightest(), split)
