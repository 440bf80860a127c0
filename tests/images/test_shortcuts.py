"""What is computed here for a few pixels, because the libraries take longer over so few, is what the libraries say."""

import numpy as np
import pytest

from rabisco.images.geometry import fast_median, framed
from rabisco.rejection.features import _deviation


@pytest.mark.parametrize("shape", [(1,), (2,), (7,), (40, 25), (1000,)])
def test_the_median_and_the_deviation_are_numpys(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).integers(0, 20, shape).astype(np.float32)
    assert fast_median(values) == np.median(values)
    assert _deviation(values.ravel()) == pytest.approx(float(values.std()), abs=1e-5)


def test_a_frame_is_a_border_without_ink() -> None:
    ink = np.random.default_rng(0).random((5, 9)).astype(np.float32)
    np.testing.assert_array_equal(framed(ink), np.pad(ink, 1))
