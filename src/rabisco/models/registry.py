"""The architectures by name: every ``ARCHITECTURES`` in a module of this package."""

import math
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rabisco import models
from rabisco.errors import N_, InvalidConfigurationError
from rabisco.images import ImageKind
from rabisco.models.backend import start_keras
from rabisco.training.augment import USUAL, AnyAugmentation
from rabisco.training.config import TrainingConfiguration

if TYPE_CHECKING:
    import keras

# What is trained where nobody chooses. For characters the small network is as good within half a tenth of a point.
DEFAULTS: dict[ImageKind, str] = {"grey": "cnn-small", "colour": "cnn"}


@dataclass(frozen=True)
class Architecture:
    """One kind of model; commands, forms, the API and the tests know it by this entry alone.

    Attributes:
        name: In commands, recipes and cards.
        title: What pages call such a model, a marked sentence.
        summary: What it is good for and how fast, a marked sentence.
        build: Makes an untrained model for ``(H, W, C)`` uint8 images and a number of classes.
        augmentation: By each kind of images that it reads, the usual random changes to them; ``None``: as they are.
        configuration: How it is usually trained, augmentation apart.
        adapt: Fits to the training images, uint8 ``(N, H, W, C)``, what is not learned; few have anything such.
        pretrained: Gives an untrained model published weights, if there are any.
        rounded: Whether the kernels of a trained one are rounded to 8 bits before it is judged: a quarter of the size.
        solvers: Solvers that fit it besides those by gradient, each with a marked sentence for lists.
    """

    name: str
    title: str
    summary: str
    build: "Callable[[tuple[int, int, int], int], keras.Model]"
    augmentation: Mapping[ImageKind, AnyAugmentation | None] = field(default_factory=lambda: {**USUAL})
    configuration: TrainingConfiguration = field(default_factory=TrainingConfiguration)
    adapt: "Callable[[keras.Model, NDArray[np.uint8]], None] | None" = None
    pretrained: "Callable[[keras.Model], None] | None" = None
    rounded: bool = False
    solvers: Mapping[str, str] = field(default_factory=dict)

    def usual(self, kind: ImageKind) -> TrainingConfiguration:
        """Return how it is usually trained on images of ``kind``."""
        return replace(self.configuration, augmentation=self.augmentation.get(kind))

    def augmented(self, kind: ImageKind, strength: float) -> AnyAugmentation | None:
        """Return its usual changes to images of ``kind`` at ``strength`` times their ranges; ``None`` at 0."""
        return (self.augmentation.get(kind) or USUAL[kind]).scaled(strength) if strength else None


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
