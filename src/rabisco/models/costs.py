"""What a model costs to run, counted from its layers."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def multiply_adds(model: "keras.Model") -> int:
    """Return the multiplications, each with its addition, that one image takes in dense and convolutional layers.

    They are nearly all of the work: normalization, activations and pooling are left out, as is usual.

    Args:
        model: A built Keras model, its images of a fixed size.
    """
    import keras

    total = 0
    for layer in model._flatten_layers(include_self=False):  # also those within layers
        weights = getattr(layer, "kernel", None)
        if weights is None:
            continue
        if isinstance(layer, keras.layers.Dense):
            total += math.prod(weights.shape) * math.prod(layer.output.shape[1:-1])
        elif hasattr(layer, "kernel_size"):
            total += math.prod(weights.shape) * math.prod(_places(layer))
    return total


def _places(layer: "keras.Layer") -> tuple[int, ...]:
    """Return the height and width of what a convolution makes."""
    shape = layer.output.shape
    return tuple(shape[1:-1] if layer.data_format == "channels_last" else shape[2:])
