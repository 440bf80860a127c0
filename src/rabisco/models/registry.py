"""The one table of architectures."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from rabisco.errors import InvalidConfigurationError
from rabisco.models import cnn, linear
from rabisco.models.backend import start_keras

if TYPE_CHECKING:
    import keras

_ARCHITECTURES: dict[str, Callable[[tuple[int, int, int], int], "keras.Model"]] = {
    "linear": linear.build,
    "cnn": cnn.build,
    "cnn-tiny": cnn.build_tiny,
}


def architecture_names() -> list[str]:
    """Return the names that ``create_model`` knows."""
    return list(_ARCHITECTURES)


def create_model(architecture: str, image_shape: tuple[int, int, int], num_classes: int) -> "keras.Model":
    """Return a new, untrained model.

    Args:
        architecture: A name in ``architecture_names()``.
        image_shape: ``(H, W, C)`` of the uint8 images it will read.
        num_classes: Number of logits it will give, at least 2.

    Returns:
        A Keras model from uint8 ``(B, H, W, C)`` to float32 logits ``(B, num_classes)``. Its layers are named, so
        that intermediates can be had by ``keras.Model(model.input, model.get_layer(name).output)``.

    Raises:
        InvalidConfigurationError: No such architecture, or fewer than two classes.
        MissingExtraError: Keras is not installed.
    """
    if architecture not in _ARCHITECTURES:
        names = ", ".join(_ARCHITECTURES)
        raise InvalidConfigurationError(f"architecture must be one of {names}. Received: {architecture!r}")
    if num_classes < 2:
        raise InvalidConfigurationError(f"a classifier needs at least 2 classes. Received: {num_classes}")
    start_keras()
    return _ARCHITECTURES[architecture](image_shape, num_classes)
