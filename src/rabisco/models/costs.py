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
    total = 0
    for layer in model._flatten_layers(include_self=False):  # also those within layers
        kernel = getattr(layer, "kernel", None)
        if kernel is not None:
            total += math.prod(kernel.shape) * math.prod(layer.output.shape[1:-1])  # at each place of the output
    return total
