"""Keeps the test images of a model: ``python -m rabisco.runs.held_out_worker <name> <version>``."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from rabisco import data
from rabisco.artifacts import Artifact, load_artifact
from rabisco.data.dataset import Dataset
from rabisco.recipes.material import with_classes
from rabisco.runs import background
from rabisco.runs.held_out import Images, path_of, request_of
from rabisco.runs.resolving import check
from rabisco.runs.tasks import load_data


def keep(artifact: Artifact) -> None:
    """Read the images that a version was tested on and keep them, one process at a time."""
    background.make(path_of(artifact), lambda path: np.save(path, _test_images(artifact, path.parent)))


def _test_images(artifact: Artifact, folder: Path) -> Images:
    test = with_classes(_load(artifact, folder), artifact.card.class_names).test
    readings = artifact.readings
    if readings is not None and not np.array_equal(test.labels, readings.labels):
        raise ValueError(f"{artifact.name} was tested on other images")
    return test.images


def _load(artifact: Artifact, folder: Path) -> Dataset:
    """Return the data of a version as it was trained on them, with the names that it now uses for their classes."""
    card, request = artifact.card, request_of(artifact)
    if request is not None:
        dataset = load_data(check(request), request=request, folder=folder)[1]
    else:
        dataset = data.load(card.dataset.name, seed=card.dataset.split_seed)
    if not set(card.original_class_names) - set(card.class_names):
        return dataset
    return replace(dataset, class_names=tuple(card.name_now(name) or name for name in dataset.class_names))


if __name__ == "__main__":
    background.begin()
    keep(load_artifact(sys.argv[1], int(sys.argv[2])))
