"""Pictures of more bits than eight, or of fewer than they have room for, are as bright as was meant."""

import cv2
import numpy as np
import pytest
from tests.images.pictures import draw, encode

from rabisco.images import decode

SEVEN = draw()


def deep_png(values: np.ndarray) -> bytes:
    return cv2.imencode(".png", values.astype(np.uint16))[1].tobytes()


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_colors_of_48_bits_that_hold_fewer_are_as_bright_as_they_were(bits: int) -> None:
    red = SEVEN.astype(np.uint16) * (1, 0, 0)
    np.testing.assert_array_equal(decode(deep_png(red[..., ::-1] << (bits - 8))), red)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_a_tiff_of_48_bits_is_as_bright_as_it_was(bits: int) -> None:
    values = np.array(SEVEN, np.uint16) << (bits - 8)
    np.testing.assert_array_equal(decode(cv2.imencode(".tiff", values)[1].tobytes()), SEVEN)


@pytest.mark.parametrize("bits", [8, 16])
def test_transparency_of_sixteen_bits_may_hold_fewer_too(bits: int) -> None:
    values = np.zeros((280, 280, 4), np.uint16)
    values[..., 3] = (255 - SEVEN[..., 0]).astype(np.uint16) << (bits - 8)
    np.testing.assert_array_equal(decode(deep_png(values)), SEVEN)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_mask_of_nought_and_one_is_black_and_white(channels: int, dtype: type) -> None:
    mask = (SEVEN[..., :channels] // 255).astype(dtype)
    np.testing.assert_array_equal(decode(cv2.imencode(".png", mask)[1].tobytes()), SEVEN)


def test_a_black_picture_stays_black() -> None:
    assert decode(encode(np.zeros((40, 40, 3), np.uint8))).max() == 0
