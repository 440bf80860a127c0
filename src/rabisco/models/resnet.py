"""ResNet-18: eight blocks of two 3×3 convolutions with a way around each, in four stages.

Small images get a first layer of 3×3 that keeps their size; large ones ImageNet's, which halves it twice. Layers are
named ``stage2_block1_conv1`` and so on, so that published weights find their place (``rabisco.models.pretrained``).

Source: He et al., "Deep Residual Learning for Image Recognition", 2015 (https://arxiv.org/abs/1512.03385).
"""

from typing import TYPE_CHECKING, Any

from rabisco.errors import N_
from rabisco.models.pretrained import load_published
from rabisco.models.registry import Architecture
from rabisco.training.config import TrainingConfiguration
from rabisco.training.photos import PhotoAugmentation

if TYPE_CHECKING:
    import keras

WIDTHS = (64, 128, 256, 512)
BLOCKS = 2  # in each stage
MEAN = (123.675, 116.28, 103.53)  # of ImageNet's training images in each channel, 0 to 255
DEVIATION = (58.395, 57.12, 57.375)
SMALL_SIDE = 48  # pixels; what is larger gets ImageNet's first layers
BATCH_NORM_MOMENTUM = 0.9
EPSILON = 1e-5


def build(image_shape: tuple[int, int, int], num_classes: int) -> "keras.Model":
    """Return ResNet-18: 11,689,512 weights for ImageNet's 1,000 classes, 11,173,962 for ten on small images.

    The moving statistics of the normalizations, 9,600 numbers, are not counted, as the paper does not.

    Args:
        image_shape: ``(H, W, C)``; sides up to 48 keep their size in the first layer.
        num_classes: Number of logits.

    Returns:
        A model with the named intermediates ``stem``, ``stage1`` … ``stage4`` (maps) and ``features`` (512 numbers).
    """
    import keras
    from keras import layers

    pixels = keras.Input(image_shape, dtype="uint8", name="pixels")
    maps = scaled(pixels, MEAN, DEVIATION)
    if max(image_shape[:2]) <= SMALL_SIDE:
        maps = _normalized(_convolution(maps, WIDTHS[0], 3, 1, "stem_conv"), "stem_norm")
        maps = layers.ReLU(name="stem")(maps)
    else:
        maps = _normalized(_convolution(maps, WIDTHS[0], 7, 2, "stem_conv"), "stem_norm")
        maps = layers.ReLU(name="stem_relu")(maps)
        maps = layers.ZeroPadding2D(1, name="stem_padded")(maps)  # nothing here is below 0
        maps = layers.MaxPooling2D(3, 2, name="stem")(maps)
    for stage, width in enumerate(WIDTHS, 1):
        for block in range(1, BLOCKS + 1):
            stride = 2 if stage > 1 and block == 1 else 1
            name = f"stage{stage}" if block == BLOCKS else f"stage{stage}_block{block}"
            maps = _block(maps, width, stride, f"stage{stage}_block{block}", name)
    features = layers.GlobalAveragePooling2D(name="features")(maps)
    start = keras.initializers.RandomNormal(stddev=0.01)
    logits = layers.Dense(num_classes, kernel_initializer=start, name="logits")(features)
    return keras.Model(pixels, logits, name="resnet18")


def scaled(pixels: Any, mean: tuple[float, ...], deviation: tuple[float, ...]) -> Any:
    """Return the layer ``scaled``: each channel with about zero mean and unit deviation; gray by the colors' mean."""
    from keras import layers

    if pixels.shape[-1] != len(mean):
        mean, deviation = (sum(mean) / len(mean),), (sum(deviation) / len(deviation),)
    offset = [-one / by for one, by in zip(mean, deviation, strict=True)]
    return layers.Rescaling([1 / by for by in deviation], offset, name="scaled")(pixels)


def _block(maps: Any, width: int, stride: int, prefix: str, name: str) -> Any:
    """Return two convolutions and what went in beside them, brought to the same shape where it changes."""
    from keras import layers

    around = maps
    if stride > 1 or maps.shape[-1] != width:
        around = _normalized(_convolution(maps, width, 1, stride, f"{prefix}_around_conv"), f"{prefix}_around_norm")
    maps = _normalized(_convolution(maps, width, 3, stride, f"{prefix}_conv1"), f"{prefix}_norm1")
    maps = layers.ReLU(name=f"{prefix}_relu1")(maps)
    maps = _normalized(_convolution(maps, width, 3, 1, f"{prefix}_conv2"), f"{prefix}_norm2", gamma="zeros")
    return layers.ReLU(name=name)(layers.Add(name=f"{prefix}_sum")([maps, around]))


def _convolution(maps: Any, filters: int, size: int, stride: int, name: str) -> Any:
    """Return a convolution padded alike on all sides, which ``same`` is not where the stride is 2."""
    from keras import layers

    padding = "same"
    if stride > 1 and size > 1:
        maps, padding = layers.ZeroPadding2D(size // 2, name=f"{name}_padded")(maps), "valid"
    convolution = layers.Conv2D(
        filters, size, stride, padding=padding, use_bias=False, kernel_initializer="he_normal", name=name
    )
    return convolution(maps)


def _normalized(maps: Any, name: str, gamma: str = "ones") -> Any:
    """Return a normalization; the last of a block begins with 0, so that the block begins as the way around it."""
    from keras import layers

    return layers.BatchNormalization(
        momentum=BATCH_NORM_MOMENTUM, epsilon=EPSILON, gamma_initializer=gamma, name=name
    )(maps)


ARCHITECTURES = (
    Architecture(
        "resnet18",
        N_("ResNet-18"),
        N_("ResNet-18: the best for photographs, and by far the slowest"),
        build,
        augmentation={"colour": PhotoAugmentation(shift=3, erasing=0, zoom=0.2, zoomed=0.4, alternate=True)},
        configuration=TrainingConfiguration(
            solver="sgd",
            epochs=16,
            batch_size=128,
            learning_rate=0.1,
            weight_decay=5e-3,
            schedule="one-cycle",
            warmup_epochs=4,
            label_smoothing=0.1,
            precision="mixed_bfloat16",
            first_side=16,
        ),
        pretrained=load_published,
        rounded=True,
    ),
)
