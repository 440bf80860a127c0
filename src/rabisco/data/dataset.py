"""What every data set looks like once it is read: pixels, labels, class names and three splits."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Split:
    """Images and their labels, row by row; ``split[rows]`` holds some of them, by their numbers, a mask or a slice.

    Attributes:
        images: uint8, ``(N, H, W, C)``, C is 1 or 3; handwriting is bright ink on a dark background, upright.
        labels: int64, ``(N,)``, indices into the data set's ``class_names``.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: slice | list[int] | NDArray[Any]) -> Self:
        return replace(self, images=self.images[rows], labels=self.labels[rows])


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
