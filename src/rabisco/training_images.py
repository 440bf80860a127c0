"""Some of the images that a model was trained on, kept with it, so that it can show what a picture reminded it of."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rabisco.arrays import ArrayFile

MOST, MOST_BYTES = 1000, 800_000  # images, and what they may weigh unpacked


@dataclass(frozen=True)
class TrainingImages(ArrayFile):
    """Images of the training split, as many of each class as there are room for."""

    images: NDArray[np.uint8]  # (N, H, W, C), normalized
    labels: NDArray[np.int16]  # (N,)
    features: NDArray[np.float16] | None = None  # (N, F), what the last layer gets, unless that is quickly computed

    @classmethod
    def of(cls, images: NDArray[np.uint8], labels: NDArray[np.integer]) -> Self:
        """Return evenly chosen images of each class, at most 1,000 and 0.8 MB in all; the same ones every time."""
        most = min(MOST, MOST_BYTES // max(1, int(np.prod(images.shape[1:]))))
        classes, counts = np.unique(labels, return_counts=True)
        each = _share(counts, most)
        chosen = [
            np.flatnonzero(labels == one)[np.linspace(0, count - 1, share).astype(np.int64)]
            for one, count, share in zip(classes, counts, each, strict=True)
        ]
        rows = np.concatenate(chosen) if chosen else np.zeros(0, np.int64)
        return cls(images[rows], labels[rows].astype(np.int16))


def _share(counts: NDArray[np.integer], most: int) -> NDArray[np.int64]:
    """Return how many to keep of each class: all of small ones, the room left divided among the others."""
    each: NDArray[np.int64] = np.minimum(counts, max(1, most // max(1, len(counts)))).astype(np.int64)
    while each.sum() < min(most, counts.sum()):
        more = counts > each
        step = max(1, int((min(most, counts.sum()) - each.sum()) // more.sum()))
        places = np.flatnonzero(more)[: max(1, min(most, counts.sum()) - each.sum())]
        each[places] = np.minimum(counts[places], each[places] + step)
    return each
