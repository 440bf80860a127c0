"""Models given the same images: asked for here, done by a process of its own, ``rabisco.runs.measurement_worker``.

What is asked and how far it is stands in ``<home>/comparisons/<id>.json``, what came of it in ``<id>.result.json``,
and what each model answered on each image in the folder ``<id>``.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from rabisco.artifacts import Artifact, load_artifact
from rabisco.artifacts.durable import locked, read_whole, write_whole
from rabisco.data.dataset import Split
from rabisco.errors import N_, InvalidConfigurationError
from rabisco.evaluation import Comparison
from rabisco.evaluation.readings import Readings
from rabisco.evaluation.robustness import CORRUPTIONS
from rabisco.runs.background import BackgroundJob
from rabisco.settings import get_settings

ENDED_EARLY = N_("its process ended before it was done; measure again")
CLEAN = "clean"
_ABOUT, _IMAGES = "about.json", "images.npy"


class MeasurementJob(BackgroundJob):
    """How far a measurement is."""

    id: str  # names the models and their versions
    models: tuple[str, ...]  # their names
    # Empty where times are measured, too; else the images are only read: ``clean``, or damaged by the corruption of
    # that name
    images: str = ""
    state: Literal["waiting", "loading", "reading", "timing", "done", "failed"] = "waiting"  # what is done now
    share: float = 0.0  # how much of the reading is done, in [0, 1]

    @property
    def path(self) -> Path:
        """The file that tells it."""
        return comparisons_dir() / f"{self.id}.json"

    @property
    def answers(self) -> Path:
        """The folder of what the models answered."""
        return comparisons_dir() / self.id


def start(names: Sequence[str], images: str = "") -> MeasurementJob:
    """Have models measured on the same images and return how far that is; it is not begun twice.

    One model is enough where images are only read; see ``MeasurementJob``.

    Raises:
        InvalidConfigurationError: There is nothing to compare.
        ModelNotFoundError: There is no such model.
        StorageError: It could not be kept.
    """
    chosen = tuple(dict.fromkeys(names))
    if images and images != CLEAN and images not in CORRUPTIONS:
        raise InvalidConfigurationError(
            N_("images are read as they are, “clean”, or damaged: %(names)s. Received: %(received)s; choose one"),
            names=", ".join(CORRUPTIONS),
            received=images[:40],
        )
    if len(chosen) < (1 if images else 2):
        raise InvalidConfigurationError(
            N_("a comparison needs at least two models. Received: %(count)s; choose another"), count=len(chosen)
        )
    artifacts = [load_artifact(name) for name in chosen]
    job = MeasurementJob(id=id_of(artifacts, images), models=chosen, images=images)
    with locked(comparisons_dir()):
        known = status(job.id)
        if known and known.state != "failed" and (known.state != "done" or job.answers.is_dir()):
            return known
        job.write()
    job.start("rabisco.runs.measurement_worker")
    return job


def status(measurement_id: str) -> MeasurementJob | None:
    """Return how far a measurement is; ``None`` if nobody asked for it. One whose process died has failed."""
    path = comparisons_dir() / f"{measurement_id}.json"
    found = read_whole(path, MeasurementJob) if measurement_id.isalnum() else None
    return found and found.as_found("done", found.answers, ENDED_EARLY)


def results() -> list[Comparison]:
    """Return what was measured here, the newest first."""
    paths = sorted(comparisons_dir().glob("*.result.json"), key=lambda path: -path.stat().st_mtime)
    return [found for path in paths if (found := Comparison.read(path))]


def comparisons_dir() -> Path:
    """Return the folder of all measurements."""
    return get_settings().home / "comparisons"


def id_of(artifacts: Sequence[Artifact], images: str = "") -> str:
    """Return the id of a measurement of these versions; see ``MeasurementJob``."""
    versions = sorted((one.name, one.version, one.card.files.get("model.onnx", "")) for one in artifacts)
    told = [*versions, images] if images else versions
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:20]


@dataclass
class ComparedAnswers:
    """The same images, and what several models answered on them."""

    dataset: str  # name of the data set
    # Its classes, then those that only models know; labels and answers are indices into it
    class_names: tuple[str, ...]
    split: Split  # the images, uint8 ``(N, H, W, C)``, as the data set has them, and labels
    readings: dict[str, Readings] = field(default_factory=dict)  # by the model's name

    def add(self, name: str, class_names: tuple[str, ...], logits: NDArray[np.float32], temperature: float) -> None:
        """Keep what a model answered: logits of the data set's classes, then of its own further ones."""
        self.class_names += tuple(one for one in class_names if one not in self.class_names)
        found = Readings.of(self.split, logits, temperature, keep=False)
        places = np.array([self.class_names.index(one) for one in class_names], np.int16)
        self.readings[name] = Readings(**{**vars(found), "answers": places[found.answers]})

    def write(self, folder: Path) -> None:
        """Write it into a folder; it can be read once it is whole."""
        folder.mkdir(exist_ok=True)
        np.save(folder / _IMAGES, self.split.images)
        for place, one in enumerate(self.readings.values()):
            one.write(folder / f"{place}.npz")
        about = {"dataset": self.dataset, "class_names": self.class_names, "models": list(self.readings)}
        write_whole(folder / _ABOUT, json.dumps(about) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return what is in a folder, its images left on the disk; ``None`` where there is nothing whole."""
        try:
            about = json.loads((folder / _ABOUT).read_bytes())
            readings = [Readings.read(folder / f"{place}.npz") for place in range(len(about["models"]))]
            images = np.load(folder / _IMAGES, mmap_mode="r")
            split = Split(images, readings[0].labels.astype(np.int64))
            named = dict(zip(about["models"], readings, strict=True))
            return cls(about["dataset"], tuple(about["class_names"]), split, named)
        except (OSError, ValueError, KeyError, IndexError):
            return None
