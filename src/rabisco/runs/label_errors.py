"""Labels that are probably wrong, in data that can be trained on; ``rabisco.runs.label_errors_worker`` finds them.

What is asked and how far it is stands in ``<home>/label-errors/<id>.json``, what was found in ``<id>.npz``.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rabisco.artifacts.durable import locked, read_whole
from rabisco.runs.background import BackgroundJob
from rabisco.runs.request import Source
from rabisco.settings import get_settings

State = Literal["unasked", "reading", "ready", "failed"]


class LabelErrorsJob(BackgroundJob):
    """What is asked, and how far it is."""

    source: Source
    state: State = "reading"

    @property
    def path(self) -> Path:
        """The file that tells it."""
        return folder() / f"{id_of(self.source)}.json"

    @property
    def result(self) -> Path:
        """The file of what was found."""
        return self.path.with_suffix(".npz")


@dataclass(frozen=True)
class SuspectedLabels:
    """Images that one should look at."""

    class_names: tuple[str, ...]  # the classes; the rest are indices into them
    keys: NDArray[np.str_]  # names each image by its pixels, ``(N,)``; see ``key_of``
    images: NDArray[np.uint8]  # uint8 ``(N, H, W, C)``
    labels: NDArray[np.int64]  # as given, ``(N,)``
    suggested: NDArray[np.int64]  # what each seems to be, ``(N,)``; its own label where it is only hard
    margins: NDArray[np.float64]  # probability of the label less that of the most probable other class, ``(N,)``
    examined: int  # how many images were looked at
    found: int  # how many labels are suspected; at most some are kept here


def key_of(image: NDArray[np.uint8]) -> str:
    """Return a name of an image by its pixels: the same wherever it stands and however the data are split."""
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()[:16]


def start(source: Source) -> LabelErrorsJob:
    """Have data looked through for wrong labels, once, and return how far that is."""
    with locked(folder()):
        known = status(source)
        if known.state in ("reading", "ready"):
            return known
        job = LabelErrorsJob(source=source)
        job.write()
    job.start("rabisco.runs.label_errors_worker")
    return job


def status(source: Source) -> LabelErrorsJob:
    """Return how far the look at data is; one whose process died has failed."""
    return at(id_of(source)) or LabelErrorsJob(source=source, state="unasked")


def at(job_id: str) -> LabelErrorsJob | None:
    """Return what is asked under an id; ``None`` if nothing is."""
    found = read_whole(folder() / f"{job_id}.json", LabelErrorsJob)
    return found and found.as_found("ready", found.result)


def result(source: Source) -> SuspectedLabels | None:
    """Return what was found; ``None`` where that is not there."""
    try:
        with np.load(LabelErrorsJob(source=source).result, allow_pickle=False) as kept:
            return SuspectedLabels(
                tuple(kept["class_names"].tolist()),
                *(kept[name] for name in ("keys", "images", "labels", "suggested", "margins")),
                *(int(kept[name]) for name in ("examined", "found")),
            )
    except (OSError, ValueError, KeyError):
        return None


def id_of(source: Source) -> str:
    """Return the id of a look at data."""
    return hashlib.sha256(json.dumps(source.model_dump(), sort_keys=True).encode()).hexdigest()[:20]


def folder() -> Path:
    """Return the folder of all of them."""
    return get_settings().home / "label-errors"
