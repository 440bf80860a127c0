"""What is computed here for a few pixels, because the libraries take longer over so few, is what the libraries say."""

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from rabisco.images.geometry import (
    deskew,
    distance_inside,
    fast_median,
    histogram,
    medians,
    resize_ink,
    soften,
    weighted_median,
)


@pytest.mark.parametrize("shape", [(1,), (2,), (7,), (40, 25), (1000,)])
def test_the_median_is_numpys(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).integers(0, 20, shape).astype(np.float32)
    assert fast_median(values) == np.median(values)
    assert fast_median(np.minimum(values, 2)) == np.median(np.minimum(values, 2))


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("count", [1, 2, 101, 1000])
def test_the_medians_of_the_channels_are_numpys(kind: type[np.generic], count: int) -> None:
    colors = (np.random.default_rng(0).random((count, 3)) * 255).astype(kind)
    np.testing.assert_array_equal(medians(colors), np.median(colors, axis=0).astype(np.float32))


def test_distances_are_exact_and_the_same_wherever_in_memory_the_mask_lies() -> None:
    mask = np.pad(np.random.default_rng(1).random((40, 33)) < 0.9, 1)
    exact = ndimage.distance_transform_edt(mask)
    for start in range(8):
        room = np.empty(mask.size + 8, bool)
        moved = room[start : start + mask.size].reshape(mask.shape)
        moved[...] = mask
        np.testing.assert_array_equal(distance_inside(moved), exact.astype(np.float32))


def test_softening_and_shearing_are_scipys() -> None:
    ink = np.random.default_rng(2).random((31, 22)).astype(np.float32)
    np.testing.assert_allclose(soften(ink, 1.2), ndimage.gaussian_filter(ink, 1.2), atol=1e-6)
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 6:20] = np.tri(20, 14) * 250
    weights = image.astype(np.float64)
    row = np.arange(28.0) - weights.sum(axis=1) @ np.arange(28) / weights.sum()
    slope = (row @ weights @ (np.arange(28) - weights.sum(axis=0) @ np.arange(28) / weights.sum())) / (
        weights.sum(axis=1) @ row**2
    )
    sheared = ndimage.affine_transform(weights, np.array([[1, 0], [slope, 1]]), (0, slope * row[0]), order=1)
    np.testing.assert_array_equal(deskew(image), np.clip(sheared + 0.5, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("longer", [20, 48, 92])
def test_means_over_boxes_are_those_of_pillow_but_for_its_second_rounding(longer: int) -> None:
    random = np.random.default_rng(0)
    for height, width in random.integers(1, 300, (300, 2)).tolist():
        if max(height, width) <= longer:
            continue
        ink = random.integers(0, 256, (height, width)).astype(np.uint8)
        scale = longer / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        expected = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BOX))
        found = resize_ink(ink, longer, Image.Resampling.BOX)
        assert found.shape == expected.shape
        assert np.abs(found.astype(int) - expected).max() <= 1


def test_the_median_of_counted_shades_is_that_of_the_pixels() -> None:
    random = np.random.default_rng(0)
    for size in (1, 2, 3, 10, 999, 1000):
        shades = random.integers(0, 256, (size, 1)).astype(np.uint8)
        counts = histogram(shades)
        assert counts.sum() == size
        assert weighted_median(np.arange(256, dtype=np.float32), counts) == np.median(shades)


def test_pieces_have_the_same_numbers_with_and_without_their_measures() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        ink = (random.random((60, 60)) < 0.3).astype(np.uint8)
        np.testing.assert_array_equal(cv2.connectedComponents(ink)[1], cv2.connectedComponentsWithStats(ink)[1])
