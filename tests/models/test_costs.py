"""Multiply-adds are those that one counts by hand."""

import pytest

from rabisco.models import create_model, multiply_adds
from rabisco.models.backend import start_keras

pytestmark = pytest.mark.training


def test_multiply_adds_are_those_counted_by_hand() -> None:
    start_keras()
    import keras

    layers = keras.layers
    inner = keras.Sequential([layers.Conv2D(4, 3, padding="same", use_bias=False)])
    model = keras.Sequential(
        [
            keras.Input((8, 6, 2)),
            layers.Conv2D(5, 3),  # 6 × 4 places, 3 × 3 × 2 × 5 each
            layers.BatchNormalization(),
            inner,  # 6 × 4 places, 3 × 3 × 5 × 4 each
            layers.DepthwiseConv2D(3, padding="same"),  # 6 × 4 places, 3 × 3 × 4 each
            layers.Flatten(),
            layers.Dense(10),  # 96 × 10
        ]
    )
    by_hand = 24 * 90 + 24 * 180 + 24 * 36 + 960
    assert multiply_adds(model) == by_hand
    assert multiply_adds(create_model("linear", (28, 28, 1), 10)) == 7840
