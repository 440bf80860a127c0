"""Gives models the same images and says how far that is: ``python -m rabisco.runs.measurement_worker <id>``.

One measures at a time, for times measured side by side would disturb each other; another waits for its turn.
"""

import json
import logging
import sys
import time
from collections.abc import Sequence
from math import inf

import numpy as np
from numpy.typing import NDArray

from rabisco import data, objects
from rabisco.artifacts import Artifact, load_artifact
from rabisco.artifacts.durable import locked, write_whole
from rabisco.data.dataset import Dataset, Split
from rabisco.errors import N_, InvalidConfigurationError, RabiscoError
from rabisco.evaluation import Comparison, Contestant, DatasetReader, compare, read_logits
from rabisco.evaluation.robustness import CORRUPTIONS, corrupt
from rabisco.inference import Predictor
from rabisco.runs import background
from rabisco.runs.held_out import request_of
from rabisco.runs.load_cost import measure_load_cost
from rabisco.runs.measurements import ENDED_EARLY, ComparedAnswers, MeasurementJob, comparisons_dir, status
from rabisco.runs.process import this_process
from rabisco.runs.resolving import check
from rabisco.runs.tasks import load_data

LOGGER = logging.getLogger("rabisco.runs")
FALLBACK = "digits"  # which comes with scikit-learn
MOST_IMAGES, MOST_ONLY_READ = 10_000, 20_000
PAUSE, SHARED_PAUSE = 0.3, 2.0  # seconds between two reports; more where they are sent to an object store
SINGLE_RUNS, BATCHED_RUNS, BATCH = 200, 20, 128


def main(measurement_id: str) -> None:
    """Measure what is asked for under an id, and say how far that is."""
    background.begin()
    asked = status(measurement_id)
    if asked is None:
        return
    job = asked.model_copy(update={**this_process(), "message": ""})
    job.write(state="waiting")
    with job.failing(ENDED_EARLY):
        with locked(comparisons_dir() / ".measuring"):
            job.write(state="loading")
            comparison = _measure(job)
            if comparison is not None:
                path = comparisons_dir() / f"{job.id}.result.json"
                write_whole(path, json.dumps(comparison.to_dict()) + "\n")
                objects.share(path)
            objects.share(job.answers)
        job.write(state="done", share=1.0)


class _Watched:
    """A reader that says how much has been read."""

    def __init__(self, reader: DatasetReader, images: int, job: MeasurementJob, place: int) -> None:
        self._reader, self._images, self._job, self._place = reader, images, job, place
        self._read, self._told = 0, 0.0

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return what the model makes of images; see ``DatasetReader.logits``."""
        found = self._reader.logits(images)
        self._read += len(images)
        pause = {"": PAUSE, "ok": SHARED_PAUSE, "away": inf}[objects.state()]
        if time.monotonic() - self._told > pause:
            self._told = time.monotonic()
            models, done = len(self._job.models), min(1.0, self._read / self._images)
            reading = self._read <= self._images
            self._job.write(state="reading" if reading else "timing", share=(self._place + done) / models)
        return found


def _measure(job: MeasurementJob) -> Comparison | None:
    """Have the models read the same images, and measure their times if that is wanted, too."""
    artifacts = [load_artifact(name) for name in job.models]
    dataset = _common_data(artifacts)
    test = dataset.test
    most = MOST_ONLY_READ if job.images else MOST_IMAGES
    if len(test) > most:
        rows = np.linspace(0, len(test) - 1, most).astype(int)
        test = test[rows]
    if job.images in CORRUPTIONS:
        test = Split(corrupt(test.images, job.images), test.labels)
    answers = ComparedAnswers(dataset.name, dataset.class_names, test)
    contestants, readers = [], {}
    temperatures = {artifact.name: artifact.card.temperature for artifact in artifacts}
    for place, artifact in enumerate(artifacts):
        readers[artifact.name] = reader = DatasetReader(Predictor(artifact), dataset.class_names)
        cost = None if job.images else measure_load_cost(artifact.name)
        taken = (cost.load_ms, cost.memory_bytes) if cost else ()
        contestants.append(Contestant.of(artifact, _Watched(reader, len(test), job, place), *taken))

    def keep(name: str, logits: NDArray[np.float32]) -> None:
        answers.add(name, readers[name].class_names, logits, temperatures[name])

    comparison = None
    if job.images:
        for one in contestants:
            keep(one.name, read_logits(one.reader, test.images, BATCH))
    else:
        comparison = compare(
            contestants,
            test,
            dataset.name,
            batch_size=BATCH,
            single_runs=SINGLE_RUNS,
            batched_runs=BATCHED_RUNS,
            on_read=keep,
        )
    answers.write(job.answers)
    return comparison


def _common_data(artifacts: Sequence[Artifact]) -> Dataset:
    """Return data that every model reads: what one of them was tested on, if it is here; a user's own before others.

    Raises:
        InvalidConfigurationError: There is nothing that all of them read.
    """
    for artifact in sorted(artifacts, key=lambda one: not one.card.run):
        for dataset in _own_data(artifact):
            if all(_reads(one, dataset) for one in artifacts):
                return dataset
    raise InvalidConfigurationError(
        N_(
            "models are measured on images that each of them reads. Received: %(names)s, whose test images are not on "
            "this machine or fit only some of them; train on data that are kept here, or choose others"
        ),
        names=", ".join(artifact.name for artifact in artifacts),
    )


def _own_data(artifact: Artifact) -> list[Dataset]:
    """Return what a model was tested on, as far as it is here; a small bundled data set after it."""
    found, card, request = [], artifact.card, request_of(artifact)
    try:
        if request is not None and request.data.upload is not None:
            found.append(load_data(check(request), request=request, folder=comparisons_dir())[1])
    except RabiscoError:
        LOGGER.info("the data of %s are gone", artifact.name)
    names = [name for name in dict.fromkeys((card.dataset.name, FALLBACK)) if name in data.dataset_names()]
    found += [data.load(name, seed=card.dataset.split_seed) for name in names if data.is_local(name)]
    return [one for one in found if len(one.test)]


def _reads(artifact: Artifact, dataset: Dataset) -> bool:
    shape = tuple(artifact.card.image_shape) == tuple(dataset.image_shape)
    return shape and bool(set(artifact.card.names_for(dataset.class_names)) & set(dataset.class_names))


if __name__ == "__main__":
    main(sys.argv[1])
