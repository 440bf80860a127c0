"""Some images of each class of a data set, to be looked at: ``python -m rabisco.runs.sampling <name>`` keeps them.

To read a data set takes seconds and much memory, so a process of its own does it once; what it chose lies in
``<cache>/samples``.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rabisco import data
from rabisco.runs import background
from rabisco.settings import get_settings

PER_CLASS = 40


@dataclass(frozen=True)
class ClassSamples:
    """Images of one class."""

    name: str  # of the class
    # uint8 ``(N, H, W, C)``, at most ``PER_CLASS``; of the test part where training has none
    images: NDArray[np.uint8]
    train: int  # how many images it has to train on, validation included
    test: int  # how many to test on


State = Literal["ready", "reading", "failed"]


def samples(name: str) -> tuple[State, list[ClassSamples]]:
    """Return some images of each class of a local data set, or that a process reads them now or could not.

    Raises:
        UnknownDatasetError: The catalog has none of that name.
        StorageError: They could not be kept.
    """
    entry = data.get_entry(name)
    path = _path(entry.name)
    if path.is_file():
        with np.load(path) as kept:
            counts = kept["counts"]
            return "ready", [
                ClassSamples(name, kept[f"images{label}"], int(counts[label, 0]), int(counts[label, 1]))
                for label, name in enumerate(entry.class_names)
            ]
    if background.make_elsewhere(path, "rabisco.runs.sampling", entry.name):
        return "reading", []
    return "failed", []


def _path(name: str) -> Path:
    return get_settings().cache_dir / "samples" / f"{name}.npz"


def keep(name: str) -> None:
    """Choose images of each class and keep them, one process at a time for each data set."""
    background.make(_path(name), lambda path: np.savez_compressed(path, **_choose(data.load(name))))


def _choose(dataset: data.Dataset) -> dict[str, Any]:
    labels = [np.concatenate([dataset.train.labels, dataset.validation.labels]), dataset.test.labels]
    count = len(dataset.class_names)
    counts = np.stack([np.bincount(each, minlength=count) for each in labels], axis=1)
    chosen: dict[str, Any] = {"counts": counts}
    for label in range(count):
        part = dataset.train if (dataset.train.labels == label).any() else dataset.test
        chosen[f"images{label}"] = part.images[np.flatnonzero(part.labels == label)[:PER_CLASS]]
    return chosen


if __name__ == "__main__":
    background.begin()
    keep(sys.argv[1])
