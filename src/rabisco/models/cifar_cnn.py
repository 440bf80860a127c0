"""A small network for color images of 32×32 pixels, made to be trained on a processor in about an hour.

Its first layer is not learned: it makes the 2×2 patches of the training images white, so that what comes after sees
twelve uncorrelated channels of equal size and their negatives. Six wide convolutions follow, with pooling before
normalization and a few weights that begin as the identity.

Source: Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024 (https://arxiv.org/abs/2404.00498).
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabisco.errors import N_
from rabisco.models.registry import Architecture
from rabisco.models.resnet import scaled
from rabisco.training.config import TrainingConfiguration
from rabisco.training.photos import PhotoAugmentation

if TYPE_CHECKING:
    import keras

WIDTHS = (64, 256, 256)
MEAN = (125.31, 122.95, 113.87)  # of CIFAR-10's training images in each channel, 0 to 255
DEVIATION = (62.99, 62.09, 66.70)
BATCH_NORM_MOMENTUM = 0.6
FEATURE_SCALE = 1 / 9
MOST_PATCHES = 5_000_000


def build(image_shape: tuple[int, int, int], num_classes: int) -> "keras.Model":
    """Return the network, about 2,000,000 weights for ten classes; whiten it before it is trained.

    Args:
        image_shape: ``(H, W, C)``, sides of at least 9.
        num_classes: Number of logits.

    Returns:
        A model with the named intermediates ``stage1`` … ``stage3`` (maps) and ``features`` (vector).
    """
    import keras
    from keras import layers

    pixels = keras.Input(image_shape, dtype="uint8", name="pixels")
    maps = scaled(pixels, MEAN, DEVIATION)
    maps = layers.Conv2D(8 * image_shape[2], 2, use_bias=False, trainable=False, name="whitening")(maps)
    maps = layers.Activation("gelu", name="whitened")(maps)
    for number, width in enumerate(WIDTHS, 1):
        maps = _convolution(maps, width, f"conv{number}a", pooled=True)
        maps = _convolution(maps, width, f"stage{number}", pooled=False)
    features = layers.GlobalMaxPooling2D(name="strongest")(maps)
    features = layers.Rescaling(FEATURE_SCALE, name="features")(features)
    return keras.Model(pixels, layers.Dense(num_classes, use_bias=False, name="logits")(features), name="cifar-cnn")


def _convolution(maps: Any, filters: int, name: str, pooled: bool) -> Any:
    from keras import initializers, layers

    start = initializers.VarianceScaling(1 / 3, mode="fan_in", distribution="uniform")
    maps = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer=start, name=f"{name}_weights")(
        maps
    )
    if pooled:
        maps = layers.MaxPooling2D(name=f"{name}_pooled")(maps)
    maps = layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, scale=False, name=f"{name}_normalized")(maps)
    return layers.Activation("gelu", name=name)(maps)


def adapt(model: "keras.Model", images: NDArray[np.uint8]) -> None:
    """Fit the first layer to the training images, and let the first filters of the others pass on what they get.

    Args:
        model: From ``build``, not trained yet.
        images: uint8 ``(N, H, W, C)``; some thousands are enough.
    """
    model.get_layer("whitening").set_weights([whitening_kernel(images)])
    for layer in model.layers:
        if layer.name.endswith("_weights"):
            (kernel,) = layer.get_weights()  # (3, 3, inputs, filters)
            passed = min(kernel.shape[2:])
            kernel[:, :, :, :passed] = 0
            kernel[1, 1, range(passed), range(passed)] = 1
            layer.set_weights([kernel])


def whitening_kernel(images: NDArray[np.uint8], smallest: float = 5e-4) -> NDArray[np.float32]:
    """Return the eigenvectors of the covariance of 2×2 patches, each divided by its deviation, and their negatives.

    Args:
        images: uint8 ``(N, H, W, C)``.
        smallest: Added to the variances, so that what hardly varies is not blown up.

    Returns:
        float32 ``(2, 2, C, 8·C)``.
    """
    images = images[: max(1, MOST_PATCHES // (images.shape[1] * images.shape[2]))]
    mean, deviation = np.array(MEAN, np.float32), np.array(DEVIATION, np.float32)
    if images.shape[-1] != len(MEAN):
        mean, deviation = mean.mean(), deviation.mean()
    pixels = (images.astype(np.float32) - mean) / deviation
    corners = [pixels[:, row : row - 1 or None, column : column - 1 or None] for row in (0, 1) for column in (0, 1)]
    patches = np.stack(corners, axis=-2).reshape(-1, 4 * pixels.shape[-1])
    variances, vectors = np.linalg.eigh(patches.T @ patches / len(patches))
    white = vectors / np.sqrt(variances + smallest)  # a column for each filter
    kernel = np.concatenate([white, -white], axis=1)
    return np.asarray(kernel.reshape(2, 2, pixels.shape[-1], -1), np.float32)


ARCHITECTURES = (
    Architecture(
        "cifar-cnn",
        N_("Small network for photographs"),
        N_("Small network for photographs: good and fast"),
        build,
        augmentation={"colour": PhotoAugmentation(shift=2, erasing=0, zoom=0.2, zoomed=0.4, alternate=True)},
        configuration=TrainingConfiguration(
            solver="sgd",
            epochs=16,
            cooldown_epochs=5,
            batch_size=512,
            learning_rate=0.75,
            weight_decay=0.009,
            momentum=0.85,
            schedule="one-cycle",
            warmup_epochs=3.5,
            label_smoothing=0.2,
            precision="mixed_bfloat16",
        ),
        adapt=adapt,
        rounded=True,
    ),
)
