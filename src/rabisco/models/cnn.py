"""The convolutional network for handwriting: small enough to train on a laptop, to download, and to look into."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

# Keras's default of 0.99 averages over hundreds of steps, more than a short training has.
BATCH_NORM_MOMENTUM = 0.9


def build(image_shape: tuple[int, int, int], num_classes: int) -> "keras.Model":
    """Return a network of five convolutions in three stages.

    Each convolution is followed by batch normalisation and ReLU, each stage by max pooling. The last maps are laid out
    as one vector, not averaged: where a stroke is tells a 6 from a 9.

    Args:
        image_shape: ``(H, W, C)``, sides of at least 8.
        num_classes: Number of logits.

    Returns:
        A model with the named intermediates ``stage1`` … ``stage3`` (maps) and ``features`` (vector).
    """
    import keras
    from keras import layers

    pixels = keras.Input(image_shape, dtype="uint8", name="pixels")
    maps = layers.Rescaling(1 / 255, name="scaled")(pixels)
    maps = _convolution(maps, 32, "conv1")
    maps = layers.MaxPooling2D(name="stage1")(maps)
    maps = _convolution(maps, 48, "conv2a")
    maps = _convolution(maps, 64, "conv2b")
    maps = layers.MaxPooling2D(name="stage2")(maps)
    maps = _convolution(maps, 96, "conv3a")
    maps = _convolution(maps, 96, "stage3")
    maps = layers.MaxPooling2D(name="stage3_pooled")(maps)
    features = layers.Flatten(name="features")(maps)
    features = layers.Dropout(0.3, name="dropout")(features)
    return keras.Model(pixels, layers.Dense(num_classes, name="logits")(features), name="cnn")


def _convolution(maps: Any, filters: int, name: str) -> Any:
    from keras import layers

    maps = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_weights")(maps)
    maps = layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"{name}_normalized")(maps)
    return layers.ReLU(name=name)(maps)
