"""The linear model: one weight per pixel and class, and one bias per class."""

from typing import TYPE_CHECKING

from rabisco.errors import N_
from rabisco.models.registry import Architecture

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


ARCHITECTURES = (
    Architecture(
        "linear",
        N_("Linear model"),
        N_("Linear model: very fast, makes more mistakes"),
        build,
        augmentation={"grey": None, "colour": None},  # it only learns less from changed images
        solvers={"logistic-regression": N_("Logistic regression: a linear model, trained with scikit-learn")},
    ),
)
