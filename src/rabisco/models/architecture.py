"""An architecture as one entry: how it is built, what it reads, how it is usually trained, what people call it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabisco.images import ImageKind
from rabisco.training.augment import USUAL, AnyAugmentation
from rabisco.training.config import TrainingConfiguration

if TYPE_CHECKING:
    import keras


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
