"""Looks through data for labels that are probably wrong: ``python -m rabisco.runs.label_errors_worker <id>``.

Every image is judged by a model that has not seen it: logistic regression on histograms of gradients, fitted five
times, each time on four fifths of the training and validation images.
"""

import sys

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from rabisco import objects
from rabisco.artifacts import Artifact
from rabisco.artifacts.durable import locked
from rabisco.data.dataset import Dataset
from rabisco.errors import N_, MissingExtraError
from rabisco.evaluation import DatasetReader, read_logits, require_examples
from rabisco.evaluation.label_errors import hardest, suspected
from rabisco.inference import Predictor
from rabisco.runs import background, label_errors
from rabisco.runs.label_errors import SuspectedLabels, key_of
from rabisco.runs.process import this_process
from rabisco.runs.request import RunRequest
from rabisco.runs.resolving import check
from rabisco.runs.tasks import load_data

FOLDS, SEED, ITERATIONS = 5, 25, 60
MOST_EXAMINED = 30_000
MOST_SUSPECTED, MOST_HARDEST = 240, 48
SIDE = 28
CELL, ANGLES = 7, 9


def main(job_id: str) -> None:
    """Look through what is asked for under an id, and keep what was found."""
    background.begin()
    asked = label_errors.at(job_id)
    if asked is None:
        return
    job = asked.model_copy(update={**this_process(), "state": "reading", "message": ""})
    job.write()
    with job.failing():
        with locked(label_errors.folder() / ".looking"):
            request = RunRequest(data=job.source, artifact="label-errors", without_supplements=True)
            _, dataset = load_data(check(request), request=request, folder=label_errors.folder())
            found = look_through(dataset)
            being_written = job.result.with_suffix(".new")  # whoever asks meanwhile finds nothing, not a part
            with being_written.open("wb") as file:
                np.savez_compressed(file, **{**vars(found), "class_names": np.array(found.class_names)})
            being_written.replace(job.result)
            objects.share(job.result)
        job.write(state="ready")


def look_through(dataset: Dataset) -> SuspectedLabels:
    """Return the training and validation images whose labels are suspected, the surest first, and the hardest others.

    Raises:
        MissingExtraError: What trains is not installed.
    """
    images = np.concatenate([dataset.train.images, dataset.validation.images])
    labels = np.concatenate([dataset.train.labels, dataset.validation.labels])
    if len(images) > MOST_EXAMINED:
        rows = np.linspace(0, len(images) - 1, MOST_EXAMINED).astype(int)
        images, labels = images[rows], labels[rows]
    probabilities = out_of_sample(images, labels, dataset.num_classes)
    return _suspected_of(images, labels, probabilities, dataset.class_names)


def judged_by(artifact: Artifact, dataset: Dataset) -> SuspectedLabels:
    """Return the same of the test images, as a model judges them; it has not seen these.

    Raises:
        InvalidConfigurationError: Model and data set have no class in common.
        InvalidDataError: There are no test images.
    """
    require_examples(dataset.test)
    reader = DatasetReader(Predictor(artifact), dataset.class_names)
    logits = read_logits(reader, dataset.test.images).astype(np.float64) / artifact.card.temperature
    return _suspected_of(dataset.test.images, dataset.test.labels, softmax(logits, axis=1), reader.class_names)


def _suspected_of(
    images: NDArray[np.uint8], labels: NDArray[np.int64], probabilities: NDArray[np.float64], names: tuple[str, ...]
) -> SuspectedLabels:
    suspicions = suspected(labels, probabilities)
    shown = suspicions[:MOST_SUSPECTED]
    others = hardest(labels, probabilities, suspicions, MOST_HARDEST)
    rows = np.array([*(one.row for one in shown), *others], np.int64)
    every = np.arange(len(rows))
    without = probabilities[rows].copy()
    without[every, labels[rows]] = -1
    return SuspectedLabels(
        class_names=names,
        keys=np.array([key_of(image) for image in images[rows]], dtype="<U16"),
        images=images[rows],
        labels=labels[rows],
        suggested=np.array([*(one.suggested for one in shown), *labels[others]], np.int64),
        margins=probabilities[rows, labels[rows]] - without.max(axis=1),
        examined=len(images),
        found=len(suspicions),
    )


def out_of_sample(images: NDArray[np.uint8], labels: NDArray[np.int64], num_classes: int) -> NDArray[np.float64]:
    """Return for each image the probabilities, ``(N, classes)``, of a model that was fitted on others.

    Args:
        images: uint8 ``(N, H, W, C)``.
        labels: ``(N,)``, as given.
        num_classes: Number of classes; one without images gets probability 0.

    Raises:
        MissingExtraError: What trains is not installed.
    """
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise MissingExtraError(
            N_("looking for label errors needs the training extra; install it: pip install rabisco[train]")
        ) from error
    import warnings

    values = np.concatenate([_features(images[start : start + 2000]) for start in range(0, len(images), 2000)])
    values = (values - values.mean(axis=0)) / (values.std(axis=0) + 1e-6)
    folds = np.random.RandomState(SEED).permutation(len(images)) % FOLDS
    probabilities = np.zeros((len(images), num_classes))
    for fold in range(FOLDS):
        out = folds == fold
        known = np.unique(labels[~out])
        if len(known) < 2 or not out.any():
            probabilities[np.ix_(out, known)] = 1 / max(1, len(known))
            continue
        model = LogisticRegression(max_iter=ITERATIONS, C=0.02)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it would still get a little better
            model.fit(values[~out], labels[~out])
        probabilities[np.ix_(out, model.classes_)] = model.predict_proba(values[out])
    return probabilities


def _features(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return histograms of the gradients of images, ``(N, F)``; of those in colour also their colours, coarsely.

    Source: Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection", CVPR 2005.
    """
    squares = np.stack([cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for image in images])
    grey = squares.reshape(len(images), SIDE, SIDE, -1).mean(axis=3, dtype=np.float32)
    down, across = np.gradient(grey, axis=(1, 2))
    turns = np.arctan2(down, across) / np.pi % 1 * ANGLES
    bins = np.minimum(turns.astype(np.int64), ANGLES - 1)
    strengths = np.hypot(down, across)[..., np.newaxis] * (bins[..., np.newaxis] == np.arange(ANGLES))
    count = SIDE // CELL
    cells = strengths.reshape(len(images), count, CELL, count, CELL, ANGLES).sum(axis=(2, 4))
    corners = [cells[:, y : y + count - 1, x : x + count - 1] for y in (0, 1) for x in (0, 1)]
    blocks = np.concatenate(corners, axis=3)
    blocks /= np.linalg.norm(blocks, axis=3, keepdims=True) + 1e-3
    found = blocks.reshape(len(images), -1)
    if images.shape[3] > 1:
        small = [cv2.resize(image, (4, 4), interpolation=cv2.INTER_AREA).ravel() / 255 for image in images]
        found = np.concatenate([found, np.stack(small)], axis=1)
    return np.asarray(found, np.float32)


if __name__ == "__main__":
    main(sys.argv[1])
