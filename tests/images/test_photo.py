"""Photographs of any size as a model of photographs sees them."""

import numpy as np
import pytest

from rabisco.images import prepare
from rabisco.images.photo import cut_out, mean_over_mirrored, photo_views


def scene(height: int, width: int, seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    rows, columns = np.arange(height) * 8 // height, np.arange(width) * 8 // width
    return coarse[rows][:, columns]


def on_ground(picture_side: int, top: int, left: int, side: int, ground: int = 250) -> np.ndarray:
    picture = np.full((picture_side, picture_side, 3), ground, np.uint8)
    picture[top : top + side, left : left + side] = scene(side, side) // 2
    return picture


def test_an_image_of_the_right_size_is_left_as_it_is() -> None:
    image = scene(32, 32)
    np.testing.assert_array_equal(photo_views(image, 32), image[np.newaxis])


@pytest.mark.parametrize(
    ("height", "width", "views"), [(300, 300, 1), (200, 320, 2), (640, 300, 2), (20, 17, 2), (1, 1, 1)]
)
def test_oblong_pictures_are_seen_whole_and_in_the_middle(height: int, width: int, views: int) -> None:
    made = photo_views(scene(height, width), 32)
    assert made.shape == (views, 32, 32, 3)
    assert made.dtype == np.uint8


def test_the_middle_is_the_middle() -> None:
    picture = np.zeros((100, 300, 3), np.uint8)
    picture[:, 100:200] = scene(100, 100)
    _, middle = photo_views(picture, 32)
    (alone,) = photo_views(np.ascontiguousarray(picture[:, 100:200]), 32)
    assert np.abs(middle.astype(int) - alone).mean() < 6


def test_a_large_picture_is_averaged_not_sampled() -> None:
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[:, ::2] = 255
    (view,) = photo_views(stripes, 32)
    assert np.abs(view.astype(int) - 127).max() < 12


@pytest.mark.parametrize("ground", [250, 6])
@pytest.mark.parametrize("place", [(20, 30), (250, 280), (150, 5)])
def test_a_small_object_on_a_plain_ground_is_cut_out_wherever_it_lies(ground: int, place: tuple[int, int]) -> None:
    picture = on_ground(400, *place, side=110, ground=ground)
    (view,) = photo_views(picture, 32)
    filled = (np.abs(view.astype(int) - ground).max(axis=2) > 40).mean()
    assert 0.4 < filled < 0.7


def test_what_fills_the_picture_or_has_no_plain_ground_is_not_cut_out() -> None:
    for picture in (on_ground(200, 10, 10, 180), scene(200, 300), np.full((90, 80, 3), 200, np.uint8)):
        np.testing.assert_array_equal(np.asarray(cut_out(picture)), picture)


def test_a_picture_of_one_color_is_blank() -> None:
    assert prepare(np.full((90, 80, 3), 200, np.uint8), "photo32@2").blank
    assert not prepare(scene(90, 80), "photo32@2").blank


def test_the_answer_is_the_same_for_an_image_and_its_mirror_image() -> None:
    weights = np.random.default_rng(0).normal(size=(32 * 32 * 3, 4)).astype(np.float32)

    def read(images: np.ndarray) -> np.ndarray:
        return images.reshape(len(images), -1).astype(np.float32) @ weights

    images = np.stack([scene(32, 32, seed) for seed in (1, 2)])
    logits = mean_over_mirrored(read, images)
    np.testing.assert_allclose(logits, mean_over_mirrored(read, images[:, :, ::-1].copy()), rtol=1e-3, atol=0.5)
    np.testing.assert_allclose(logits, (read(images) + read(images[:, :, ::-1])) / 2)


def test_views_begin_with_the_pixels_that_are_shown() -> None:
    prepared = prepare(scene(200, 320), "photo64@2")
    assert prepared.views.shape == (2, 64, 64, 3)
    np.testing.assert_array_equal(prepared.views[0], prepared.pixels)
