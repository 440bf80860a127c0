"""The test images of a model, where its data are at hand.

To read a data set takes seconds and much memory, so a process of its own does it once, ``held_out_worker``; the images
lie in ``<cache>/test-images`` as an array of which pages read only the rows that they show.
"""

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rabisco import data, store, uploads
from rabisco.artifacts import Artifact
from rabisco.errors import RabiscoError
from rabisco.runs import background
from rabisco.runs.request import RunRequest
from rabisco.settings import get_settings

Images = NDArray[np.uint8]
# ``gone``: the data are not on this machine, or are no longer what the model was tested on.
State = Literal["ready", "reading", "gone"]


def test_images(artifact: Artifact) -> tuple[State, Images | None]:
    """Return the test images of a version, uint8 ``(N, H, W, C)``, or ``"reading"`` while a process loads them."""
    path = path_of(artifact)
    if path.is_file():
        return "ready", np.load(path, mmap_mode="r")
    worker = "rabisco.runs.held_out_worker", artifact.name, str(artifact.version)
    if _at_hand(artifact) and background.make_elsewhere(path, *worker):
        return "reading", None
    return "gone", None


def request_of(artifact: Artifact) -> RunRequest | None:
    """Return what the run that made a version was asked for; ``None`` where no run did, or it was deleted."""
    if not artifact.card.run:
        return None
    try:
        with store.reading() as session:
            row = session.get(store.RunRow, artifact.card.run)
            return RunRequest.parse(row.request) if row else None
    except RabiscoError:
        return None


def _at_hand(artifact: Artifact) -> bool:
    request = request_of(artifact)
    if request is not None and request.data.upload is not None:
        return uploads.is_kept(request.data.upload)
    name = artifact.card.dataset.name
    return name in data.dataset_names() and data.is_local(name)


def path_of(artifact: Artifact) -> Path:
    """Return where the images lie; models that were tested on the same ones share them."""
    card = artifact.card
    own = (card.run, card.normalizer) if card.dataset.name not in data.dataset_names() else ()
    told = (card.dataset.name, card.dataset.fingerprint, card.dataset.test_examples, card.class_names, *own)
    key = hashlib.sha256(repr(told).encode()).hexdigest()[:20]
    return get_settings().cache_dir / "test-images" / f"{key}.npy"
