"""The linear model: one weight per pixel and class, and one bias per class."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def build(image_shape: tuple[int, int, int], num_classes: int) -> "keras.Model":
    """Return ``Rescaling → Flatten → Dense``, the shape of multinomial logistic regression.

    Args:
        image_shape: ``(H, W, C)``.
        num_classes: Number of logits.

    Returns:
        A model whose layer ``logits`` has a kernel ``(H·W·C, num_classes)`` and a bias ``(num_classes,)`` over pixels
        scaled to [0, 1]: exactly what scikit-learn's ``LogisticRegression`` finds.
    """
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input(image_shape, dtype="uint8", name="pixels"),
            layers.Rescaling(1 / 255, name="scaled"),
            layers.Flatten(name="flat"),
            layers.Dense(num_classes, name="logits"),
        ],
        name="linear",
    )
