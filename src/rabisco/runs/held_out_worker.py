"""Keeps the test images of a model: ``python -m rabisco.runs.held_out_worker <name> <version>``."""

import logging
import os
import sys
from pathlib import Path

import numpy as np

from rabisco import data
from rabisco.artifacts import Artifact, load_artifact
from rabisco.artifacts.durable import try_lock
from rabisco.data.dataset import Dataset
from rabisco.recipes.material import with_classes
from rabisco.runs.held_out import path_of, request_of
from rabisco.runs.process import give_way
from rabisco.runs.resolving import check
from rabisco.runs.tasks import load_data
from rabisco.settings import get_settings

LOGGER = logging.getLogger("rabisco.runs")


def keep(artifact: Artifact) -> None:
    """Read the images that a version was tested on and keep them, one process at a time."""
    path = path_of(artifact)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = try_lock(path.with_suffix(".lock"))
    if lock is None or path.is_file():
        return
    try:
        test = with_classes(load(artifact, path.parent), artifact.card.class_names).test
        readings = artifact.readings
        if readings is not None and not np.array_equal(test.labels, readings.labels):
            LOGGER.error("%s was tested on other images", artifact.name)
            path.with_suffix(".failed").write_text("")
            return
        being_written = path.with_suffix(".new.npy")
        np.save(being_written, test.images)
        being_written.replace(path)
    except Exception:
        LOGGER.exception("no test images of %s", artifact.name)
        path.with_suffix(".failed").write_text("")
    finally:
        os.close(lock)


def load(artifact: Artifact, folder: Path) -> Dataset:
    """Return the data of a version as it was trained on them; of the catalog's without a run, as they are.

    Args:
        artifact: The version.
        folder: For what does not fit into memory.

    Raises:
        RabiscoError: They are not to be had any more.
    """
    card, request = artifact.card, request_of(artifact)
    if request is not None:
        dataset = load_data(check(request), request=request, folder=folder)[1]
    else:
        dataset = data.load(card.dataset.name, seed=card.dataset.split_seed)
    return _called_as_now(dataset, artifact)


def _called_as_now(dataset: Dataset, artifact: Artifact) -> Dataset:
    """Return a data set whose classes have been given the names that the model now uses for them."""
    card = artifact.card
    if not set(card.original_class_names) - set(card.class_names):
        return dataset
    names = tuple(card.name_now(name) or name for name in dataset.class_names)
    return Dataset(**{**vars(dataset), "class_names": names})


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    give_way(get_settings().training_niceness)
    keep(load_artifact(sys.argv[1], int(sys.argv[2])))
