"""The convolutional networks for handwriting: small enough to train on a laptop, to download, and to look into."""

from typing import TYPE_CHECKING, Any

from rabisco.errors import N_
from rabisco.models.registry import Architecture
from rabisco.training.config import TrainingConfiguration

if TYPE_CHECKING:
    import keras

# Keras's default of 0.99 averages over hundreds of steps, more than a short training has.
BATCH_NORM_MOMENTUM = 0.9


def build(image_shape: tuple[int, int, int], num_classes: int) -> "keras.Model":
    """Return a network of five convolutions in three stages, about 290,000 weights for ten classes.

    Args:
        image_shape: ``(H, W, C)``, sides of at least 8.
        num_classes: Number of logits.

    Returns:
        A model with the named intermediates ``stage1`` … ``stage3`` (maps) and ``features`` (vector).
    """
    return _build("cnn", image_shape, num_classes, ((32,), (64, 64), (128, 128)), dropout=0.3)


def build_small(image_shape: tuple[int, int, int], num_classes: int) -> "keras.Model":
    """Return the same at half the widths, a quarter of the arithmetic, about 76,000 weights; see ``build``."""
    return _build("cnn-small", image_shape, num_classes, ((16,), (32, 32), (64, 64)), dropout=0.2)


def build_tiny(image_shape: tuple[int, int, int], num_classes: int) -> "keras.Model":
    """Return the same in small, at most 10,000 weights for 28×28 images of ten classes; see ``build``."""
    return _build("cnn-tiny", image_shape, num_classes, ((8,), (16, 16), (24,)), dropout=0.1)


def _build(
    name: str,
    image_shape: tuple[int, int, int],
    num_classes: int,
    stages: tuple[tuple[int, ...], ...],
    dropout: float,
) -> "keras.Model":
    """Return stages of 3×3 convolutions, each stage's last one pooled, then one dense layer.

    Each convolution is followed by batch normalization and ReLU; pooling comes before these two, which then have a
    quarter of the work. The last maps are laid out as one vector, not averaged: where a stroke is tells a 6 from a 9.
    """
    import keras
    from keras import layers

    pixels = keras.Input(image_shape, dtype="uint8", name="pixels")
    maps = layers.Rescaling(1 / 255, name="scaled")(pixels)
    for number, widths in enumerate(stages, 1):
        for place, filters in enumerate(widths):
            last = place == len(widths) - 1
            maps = _convolution(maps, filters, f"stage{number}" if last else f"conv{number}{'abc'[place]}", last)
    features = layers.Flatten(name="features")(maps)
    features = layers.Dropout(dropout, name="dropout")(features)
    return keras.Model(pixels, layers.Dense(num_classes, name="logits")(features), name=name)


def _convolution(maps: Any, filters: int, name: str, pooled: bool) -> Any:
    from keras import layers

    maps = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_weights")(maps)
    if pooled:
        maps = layers.MaxPooling2D(name=f"{name}_pooled")(maps)
    maps = layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"{name}_normalized")(maps)
    return layers.ReLU(name=name)(maps)


ARCHITECTURES = (
    Architecture("cnn", N_("Neural network"), N_("Neural network: the best, and the slowest"), build),
    Architecture(
        "cnn-small",
        N_("Small neural network"),
        N_("Small neural network: nearly as good, three times as fast to train"),
        build_small,
        configuration=TrainingConfiguration(learning_rate=1e-2, schedule="one-cycle", warmup_epochs=3),
    ),
    Architecture(
        "cnn-tiny", N_("Tiny neural network"), N_("Tiny neural network: nearly as good, much faster"), build_tiny
    ),
)
