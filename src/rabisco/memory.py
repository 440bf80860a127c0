"""What a model was told about single pictures: examples beside its frozen weights, each with a reach of its own.

An example answers for pictures that look like it and that the model reads alike. How far it reaches is fitted on
images that the model was validated on: half the way to the nearest one whose answer it would change. So teaching it
one picture changes nothing else.
"""

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from rabisco.arrays import ArrayFile
from rabisco.rejection import Reason

FREQUENCIES = {1: 6, 3: 4}  # lowest frequencies of an image, along each side, by its channels
LOGITS_WEIGHT = 0.7  # of what the model makes of an image, beside what it looks like
MOST_LOGITS = 16  # logits of more classes are mixed down to so many
REACH = 0.5  # of the distance to the nearest image that would be answered otherwise
LEAST_REACH = 0.01  # the same picture is recalled whatever lies beside it
WITHOUT_REFERENCE = 0.05  # reach where no image says how far one may go: the same picture, saved again
LEAST_STRENGTH = 0.6  # probability of the taught class at the edge of an example's reach; at its middle it is 0.99
MOST_FITTED_ON, MOST_COUNTED = 2000, 10_000  # validation and test images in a reference
Features = NDArray[np.float32]


class Example(BaseModel):
    """One picture and what it is.

    Attributes:
        key: Names the picture, so that it can be forgotten.
        features: See ``features``.
        reach: Pictures nearer than that are answered like this one.
        category: The class that it is; ``None`` where the model knows none for it.
        reason: Why it is refused then.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    features: tuple[float, ...]
    reach: float
    category: str | None = None
    reason: Reason | None = None


@dataclass(frozen=True)
class Recall:
    """The example that answers for a picture, and how strongly: the probability of its class, in (0.5, 1)."""

    example: Example
    strength: float


@dataclass(frozen=True)
class Reference(ArrayFile):
    """What a model answers on images that it was validated and tested on, as features.

    Attributes:
        seen: Of validation images, int8 ``(N, F)``; how far examples reach is fitted on them.
        answers: Class that the model answers for each, ``(N,)``.
        counted: Of test images, int8 ``(M, F)``; on them is counted what changed.
        counted_answers: ``(M,)``.
    """

    seen: NDArray[np.int8]
    answers: NDArray[np.int16]
    counted: NDArray[np.int8]
    counted_answers: NDArray[np.int16]

    @classmethod
    def of(
        cls,
        validation: tuple[NDArray[np.uint8], NDArray[np.float32]],
        test: tuple[NDArray[np.uint8], NDArray[np.float32]],
    ) -> Self:
        """Return the reference made of images and logits of both splits; of many images, of some."""
        seen, counted = (_some(*split, most) for split, most in ((validation, MOST_FITTED_ON), (test, MOST_COUNTED)))
        return cls(*seen, *counted)


class Memory(BaseModel):
    """The examples of one version of a model; stored as ``memory.json``.

    Attributes:
        examples: In the order in which they were taught.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    examples: tuple[Example, ...] = ()

    def recall(self, features: Features) -> Recall | None:
        """Return which example answers for a picture, ``(F,)``; ``None`` if it looks like none of them."""
        distances, nearest = self._nearest(features[np.newaxis])
        if nearest[0] < 0:
            return None
        example = self.examples[int(nearest[0])]
        nearness = 1 - float(distances[0]) / example.reach
        return Recall(example, LEAST_STRENGTH + (0.99 - LEAST_STRENGTH) * nearness)

    def with_example(
        self, key: str, features: Features, category: str | None, reason: Reason | None, reach: float
    ) -> "Memory":
        """Return a memory that knows one picture more; what it knew of the same picture is replaced."""
        values = tuple(round(float(value), 5) for value in features)
        example = Example(key=key, features=values, reach=reach, category=category, reason=reason)
        return Memory(examples=(*self._others([key]), example))

    def without(self, keys: Iterable[str]) -> "Memory":
        """Return a memory that knows nothing of these pictures."""
        return Memory(examples=self._others(keys))

    def unchanged(self, reference: Reference, class_names: tuple[str, ...]) -> int:
        """Return for how many of the reference's test images the answer is what it was without any example."""
        if not len(reference.counted) or not self.examples:
            return len(reference.counted)
        _, nearest = self._nearest(_restored(reference.counted))
        taught = np.array([-1 if one.category is None else class_names.index(one.category) for one in self.examples])
        return int(np.count_nonzero((nearest < 0) | (taught[nearest] == reference.counted_answers)))

    def _others(self, keys: Iterable[str]) -> tuple[Example, ...]:
        forgotten = frozenset(keys)
        return tuple(one for one in self.examples if one.key not in forgotten)

    def _nearest(self, features: Features) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return distance and number of the nearest example within reach for each picture; -1 where there is none."""
        places, reaches = self._arrays
        distances = _distances(features, places)
        distances[distances >= reaches] = np.inf
        nearest = distances.argmin(axis=1)
        least = distances[np.arange(len(features)), nearest]
        return least, np.where(np.isfinite(least), nearest, -1)

    @cached_property
    def _arrays(self) -> tuple[Features, Features]:
        places = np.array([one.features for one in self.examples], np.float32)
        return places, np.array([one.reach for one in self.examples], np.float32)


def features(images: NDArray[np.uint8], logits: NDArray[np.float32]) -> Features:
    """Return what examples are told apart by, float32 ``(N, F)``: how images look, and what the model makes of them.

    They are the image's lowest frequencies but the mean, and the logits, each of length 1, the logits weighing less.

    Args:
        images: Normalized, uint8 ``(N, H, W, C)``.
        logits: Of the model, ``(N, classes)``.
    """
    _, height, width, channels = images.shape
    count = FREQUENCIES[channels]
    rows, columns = _cosines(height, count), _cosines(width, count)
    looks = np.einsum("ah,nhwc,bw->nabc", rows, images.astype(np.float32), columns, optimize=True)
    said = _unit((logits - logits.mean(axis=1, keepdims=True)).astype(np.float32))
    if said.shape[1] > MOST_LOGITS:
        said = said @ _mixing(said.shape[1])
    return np.concatenate([_unit(looks.reshape(len(images), -1)[:, channels:]), LOGITS_WEIGHT * said], axis=1)


def reach_of(example: Features, answer: int, reference: Reference | None) -> float:
    """Return how far an example may reach without changing what the model answers on the reference.

    Args:
        example: Its features, ``(F,)``.
        answer: Place of its class; -1 where the model knows none for it.
        reference: ``None`` if the model has none.
    """
    if reference is None or not len(reference.seen):
        return WITHOUT_REFERENCE
    distances = _distances(_restored(reference.seen), example[np.newaxis])[:, 0]
    others = distances[reference.answers != answer]
    return max(REACH * float(others.min()), LEAST_REACH) if len(others) else WITHOUT_REFERENCE


def _some(
    images: NDArray[np.uint8], logits: NDArray[np.float32], most: int
) -> tuple[NDArray[np.int8], NDArray[np.int16]]:
    """Return features and answers of evenly chosen images, at most so many."""
    rows = np.linspace(0, len(images) - 1, min(most, len(images))).astype(np.int64)
    chosen = logits[rows]
    values = features(images[rows], chosen)
    return np.clip(np.rint(values * 127), -127, 127).astype(np.int8), chosen.argmax(axis=1).astype(np.int16)


def _restored(values: NDArray[np.int8]) -> Features:
    return values.astype(np.float32) / np.float32(127)


def _distances(first: Features, second: Features) -> Features:
    """Return Euclidean distances, ``(N, F)``, ``(M, F)`` → ``(N, M)``."""
    squares = np.square(first).sum(axis=1)[:, np.newaxis] + np.square(second).sum(axis=1) - 2 * first @ second.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)), np.float32)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6), np.float32)


@lru_cache
def _cosines(side: int, count: int) -> NDArray[np.float32]:
    """Return the first basis vectors of the discrete cosine transform, ``(count, side)``, each of length 1."""
    waves = np.cos(np.pi * np.outer(np.arange(count), 2 * np.arange(side) + 1) / (2 * side))
    return _unit(waves.astype(np.float32))


@lru_cache
def _mixing(classes: int) -> NDArray[np.float32]:
    """Return a random matrix that keeps distances roughly, ``(classes, MOST_LOGITS)``; the same on every machine.

    Source: Johnson and Lindenstrauss, "Extensions of Lipschitz mappings into a Hilbert space", 1984.
    """
    draw = random.Random(classes)
    values = [[draw.gauss(0, 1) for _ in range(MOST_LOGITS)] for _ in range(classes)]
    return np.array(values, np.float32) / np.float32(math.sqrt(MOST_LOGITS))
