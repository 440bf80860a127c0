"""The training images that a model takes for most alike to one: those with the nearest features."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rabisco.explanation.inside import Inside, Intermediates
from rabisco.training_images import TrainingImages


@dataclass(frozen=True)
class Neighbor:
    """A training image, uint8 ``(H, W, C)``, the class that it was trained as, and how far its features are."""

    image: NDArray[np.uint8]
    category: str
    distance: float


def nearest(inside: Inside, seen: Intermediates, count: int = 6) -> list[Neighbor] | None:
    """Return the training images with the nearest features, the nearest first; ``None`` where none were kept.

    Args:
        inside: The model.
        seen: What it made of the image.
        count: How many.
    """
    found = _index(inside)
    if found is None:
        return None
    kept, features = found
    apart = features - seen.features
    distances = np.sqrt(np.einsum("nf,nf->n", apart, apart))
    names = inside.artifact.card.class_names
    return [
        Neighbor(kept.images[place], names[kept.labels[place]], float(distances[place]))
        for place in np.argsort(distances, kind="stable")[:count]
    ]


@lru_cache(maxsize=4)
def _index(inside: Inside) -> tuple[TrainingImages, NDArray[np.float32]] | None:
    """Return the training images that were kept and their features, ``(N, F)``; computed where they are not kept."""
    kept = inside.artifact.training_images
    if kept is None or not len(kept.images):
        return None
    features = inside.features(kept.images) if kept.features is None else kept.features.astype(np.float32)
    return kept, features
