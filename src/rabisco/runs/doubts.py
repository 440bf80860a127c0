"""Labels that are probably wrong, in data that can be trained on; ``rabisco.runs.doubt_worker`` finds them.

What is asked and how far it is stands in ``<home>/label-errors/<id>.json``, what was found in ``<id>.npz``.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rabisco.artifacts.durable import locked, read_whole, told_of_storage
from rabisco.runs.children import start_alone
from rabisco.runs.errand import Errand
from rabisco.runs.process import host
from rabisco.runs.request import Source
from rabisco.settings import get_settings

State = Literal["unasked", "reading", "ready", "failed"]


class Asked(Errand):
    """What is asked, and how far it is.

    Attributes:
        source: The data.
        state: How far it is.
    """

    source: Source
    state: State = "reading"


@dataclass(frozen=True)
class Doubtful:
    """Images that one should look at.

    Attributes:
        class_names: The classes; the rest are indices into them.
        keys: Names each image by its pixels, ``(N,)``; see ``key_of``.
        images: uint8 ``(N, H, W, C)``.
        labels: As given, ``(N,)``.
        suggested: What each seems to be, ``(N,)``; its own label where it is only hard.
        margins: Probability of the label less that of the most probable other class, ``(N,)``.
        examined: How many images were looked at.
        found: How many labels are suspected; at most some are kept here.
    """

    class_names: tuple[str, ...]
    keys: NDArray[np.str_]
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    suggested: NDArray[np.int64]
    margins: NDArray[np.float64]
    examined: int
    found: int


def key_of(image: NDArray[np.uint8]) -> str:
    """Return a name of an image by its pixels: the same wherever it stands and however the data are split."""
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()[:16]


def start(source: Source) -> Asked:
    """Have data looked through for wrong labels, once, and return how far that is.

    Raises:
        StorageError: It could not be kept.
    """
    with locked(folder()):
        known = status(source)
        if known.state in ("reading", "ready"):
            return known
        asked = Asked(source=source)
        write(asked)
    with told_of_storage(), (folder() / f"{id_of(source)}.log").open("wb") as log:
        start_alone("rabisco.runs.doubt_worker", id_of(source), log=log)
    return asked


def status(source: Source) -> Asked:
    """Return how far the look at data is; one whose process died has failed."""
    return at(id_of(source)) or Asked(source=source, state="unasked")


def at(doubt_id: str) -> Asked | None:
    """Return what is asked under an id; ``None`` if nothing is."""
    found = read_whole(folder() / f"{doubt_id}.json", Asked)
    if found is None:
        return None
    if found.state == "ready" and found.host != host() and not (folder() / f"{doubt_id}.npz").is_file():
        found.state = "reading"  # what was found is still under way to here
    if found.state == "reading" and found.is_gone:
        found.state = "failed"
    return found


def result(source: Source) -> Doubtful | None:
    """Return what was found; ``None`` where that is not there."""
    try:
        with np.load(folder() / f"{id_of(source)}.npz", allow_pickle=False) as kept:
            return Doubtful(
                tuple(kept["class_names"].tolist()),
                *(kept[name] for name in ("keys", "images", "labels", "suggested", "margins")),
                *(int(kept[name]) for name in ("examined", "found")),
            )
    except (OSError, ValueError, KeyError):
        return None


def write(asked: Asked) -> None:
    """Write how far it is, for all servers."""
    asked.write(folder() / f"{id_of(asked.source)}.json")


def id_of(source: Source) -> str:
    """Return the id of a look at data."""
    return hashlib.sha256(json.dumps(source.model_dump(), sort_keys=True).encode()).hexdigest()[:20]


def folder() -> Path:
    """Return the folder of all of them."""
    return get_settings().home / "label-errors"
