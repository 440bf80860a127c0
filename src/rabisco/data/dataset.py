"""What every data set looks like once it is read: pixels, labels, class names and three splits, drawn from a seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rabisco.errors import N_, InvalidDataError
from rabisco.text import listed

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Images and their labels, row by row; ``split[rows]`` holds some of them, by their numbers, a mask or a slice.

    Attributes:
        images: uint8, ``(N, H, W, C)``, C is 1 or 3; handwriting is bright ink on a dark background, upright.
        labels: int64, ``(N,)``, indices into the data set's ``class_names``.
        targets: float32, ``(N, classes)``, rows summing to 1: what a model is to answer; none: the label, certainly.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    targets: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: slice | list[int] | NDArray[Any]) -> Self:
        targets = None if self.targets is None else self.targets[rows]
        return replace(self, images=self.images[rows], labels=self.labels[rows], targets=targets)


@dataclass(frozen=True)
class Parts:
    """A data set as its authors divided it, and as its reader returns it.

    Attributes:
        train: What train and validation are cut from; empty if the data set is for evaluation only.
        test: The official test part; empty if there is none.
        fingerprint: As in ``Dataset``.
    """

    train: Split
    test: Split
    fingerprint: str


@dataclass(frozen=True)
class Dataset:
    """One data set, split.

    Attributes:
        name: Its name in the catalog, or one given by the user.
        class_names: Name of each class; the label is the index.
        train: What the weights are fitted on.
        validation: What every choice (epochs, thresholds, models) is made on.
        test: Read once, at the end.
        fingerprint: sha256 (hex) over the sha256 of each content read, in order, for the model card.
        split_seed: Seed that drew the validation split.
    """

    name: str
    class_names: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    fingerprint: str
    split_seed: int

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Shape of one image, ``(H, W, C)``."""
        height, width, channels = self.train.images.shape[1:]
        return height, width, channels

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)


def stratified_cut(
    labels: NDArray[np.int64],
    fraction: float,
    seed: int,
    class_names: Sequence[str],
    *,
    least_left: int = 1,
) -> tuple[Indices, Indices]:
    """Return the rows that stay and the rows cut off, both ascending, every class in both.

    The cut has ``round(fraction * N)`` rows where that leaves every class in both parts, and each class gives
    its share of them, to within one. The draw is the same on every machine and with every NumPy: the stream of
    ``RandomState`` is frozen, that of ``default_rng`` is not.

    Args:
        labels: int64, ``(N,)``, indices into ``class_names``. A class without examples is no error.
        fraction: Share to cut off, between 0 and 1, both excluded.
        seed: Of the draw.
        class_names: Name of each class, for the error.
        least_left: Examples of each class that must stay.

    Raises:
        InvalidDataError: A class has too few examples to be in both parts.

    Source: NEP 19, https://numpy.org/neps/nep-0019-rng-policy.html (why ``RandomState``).
    """
    counts = np.bincount(labels, minlength=len(class_names))
    _refuse_rare_classes(counts, 1 + least_left, class_names)
    cut_counts = _allocate(counts, fraction, least_left)
    random = np.random.RandomState(seed)
    cut = np.zeros(len(labels), dtype=bool)
    for label, cut_count in enumerate(cut_counts):
        cut[random.permutation(np.flatnonzero(labels == label))[:cut_count]] = True
    return np.flatnonzero(~cut), np.flatnonzero(cut)


def stratified_split(
    labels: NDArray[np.int64],
    *,
    validation_fraction: float,
    test_fraction: float,
    seed: int,
    class_names: Sequence[str],
) -> tuple[Indices, Indices, Indices]:
    """Return the rows of train, validation and test, each ascending, every class in all three.

    Args:
        labels: int64, ``(N,)``, indices into ``class_names``.
        validation_fraction: Share of all rows for validation.
        test_fraction: Share of all rows for test; the two sum to less than 1.
        seed: Of the draw.
        class_names: Name of each class, for the error.

    Raises:
        InvalidDataError: A class has fewer than three examples.
    """
    rest, test = stratified_cut(labels, test_fraction, seed, class_names, least_left=2)
    share = validation_fraction / (1 - test_fraction)
    train, validation = stratified_cut(labels[rest], share, seed, class_names)
    return rest[train], rest[validation], test


def _refuse_rare_classes(counts: Indices, least: int, class_names: Sequence[str]) -> None:
    rare = np.flatnonzero((counts > 0) & (counts < least))
    if len(rare):
        raise InvalidDataError(
            N_(
                "a split needs at least %(least)s examples of each class; too few are there of %(names)s; "
                "add examples of these classes, or leave the classes out"
            ),
            least=least,
            names=listed([f"{class_names[label]!r} ({counts[label]})" for label in rare.tolist()]),
        )


def _allocate(counts: Indices, fraction: float, least_left: int) -> Indices:
    """Share the rows of a cut among the classes: to each its floor, then one by one to who is owed most."""
    quota = counts * fraction
    floor = np.minimum(counts, 1)
    ceiling = np.maximum(counts - least_left, 0)
    taken = np.clip(quota.astype(np.int64), floor, ceiling)
    missing = round(float(quota.sum())) - int(taken.sum())
    step = 1 if missing > 0 else -1
    for _ in range(abs(missing)):
        open_classes = taken < ceiling if step > 0 else taken > floor
        if not open_classes.any():
            break
        taken[np.where(open_classes, step * (quota - taken), -np.inf).argmax()] += step
    return taken
