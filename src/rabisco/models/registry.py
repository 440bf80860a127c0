"""The architectures by name: every ``ARCHITECTURES`` in a module of this package."""

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from rabisco import models
from rabisco.errors import N_, InvalidConfigurationError
from rabisco.images import ImageKind
from rabisco.models.architecture import Architecture
from rabisco.models.backend import start_keras

if TYPE_CHECKING:
    import keras

# What is trained where nobody chooses. For characters the small network is as good within half a tenth of a point.
DEFAULTS: dict[ImageKind, str] = {"grey": "cnn-small", "colour": "cnn"}


class Choice(NamedTuple):
    """What people choose as the kind of a model: an architecture, and the solver if that is one of its own."""

    summary: str
    architecture: Architecture
    solver: str | None = None


@cache
def _architectures() -> dict[str, Architecture]:
    modules = [import_module(f"{models.__name__}.{one.name}") for one in pkgutil.iter_modules(models.__path__)]
    return {one.name: one for module in modules for one in getattr(module, "ARCHITECTURES", ())}


def architecture_names() -> list[str]:
    """Return the names that ``create_model`` knows."""
    return list(_architectures())


def get_architecture(name: str) -> Architecture:
    """Return the architecture called ``name``.

    Raises:
        InvalidConfigurationError: There is none.
    """
    if name not in _architectures():
        names = ", ".join(_architectures())
        raise InvalidConfigurationError(
            N_("architecture must be one of %(names)s. Received: %(name)s"), names=names, name=repr(name)
        )
    return _architectures()[name]


def choices(kind: ImageKind | None = None) -> dict[str, Choice]:
    """Return what may be chosen as the kind of a model, by name; only what reads images of ``kind`` if given."""
    found: dict[str, Choice] = {}
    for one in _architectures().values():
        if kind is None or kind in one.augmentation:
            found[one.name] = Choice(one.summary, one)
            found |= {solver: Choice(summary, one, solver) for solver, summary in one.solvers.items()}
    return found


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
    entry = get_architecture(architecture)
    if num_classes < 2:
        raise InvalidConfigurationError(
            N_("a classifier needs at least 2 classes. Received: %(num_classes)s"), num_classes=num_classes
        )
    start_keras()
    return entry.build(image_shape, num_classes)
