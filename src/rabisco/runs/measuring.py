"""Models given the same images: asked for here, done by a process of its own, ``rabisco.runs.measure_worker``.

What is asked and how far it is stands in ``<home>/comparisons/<id>.json``, what came of it in ``<id>.result.json``,
and what each model answered on each image in the folder ``<id>``; see ``rabisco.runs.read_together``.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from rabisco.artifacts import Artifact, load_artifact
from rabisco.artifacts.durable import locked, read_whole, told_of_storage
from rabisco.errors import N_, InvalidConfigurationError
from rabisco.evaluation import Comparison
from rabisco.evaluation.robustness import CORRUPTIONS
from rabisco.runs.children import start_alone
from rabisco.runs.errand import Errand
from rabisco.runs.process import host
from rabisco.settings import get_settings

State = Literal["waiting", "loading", "reading", "timing", "done", "failed"]
ENDED_EARLY = N_("its process ended before it was done; measure again")
CLEAN = "clean"


class Measuring(Errand):
    """How far a measurement is.

    Attributes:
        id: Names the models and their versions.
        models: Their names.
        state: What is done now.
        share: How much of the reading is done, in [0, 1].
        images: Empty where times are measured, too; else the images are only read: ``clean``, or damaged by the
            corruption of that name.
    """

    id: str
    models: tuple[str, ...]
    images: str = ""
    state: State = "waiting"
    share: float = 0.0

    @property
    def lives(self) -> bool:
        """Whether something still comes of it."""
        return self.state not in ("done", "failed") and not self.is_gone


def start(names: Sequence[str], images: str = "") -> Measuring:
    """Have models measured on the same images and return how far that is; it is not begun twice.

    Args:
        names: At least two models; one is enough where its images are only read.
        images: See ``Measuring``.

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
    asked = Measuring(id=id_of(artifacts, images), models=chosen, images=images)
    with locked(comparisons_dir()):
        known = status(asked.id)
        if known and (known.lives or (known.state == "done" and (comparisons_dir() / asked.id).is_dir())):
            return known
        say(asked, "waiting")
    with told_of_storage(), (comparisons_dir() / f"{asked.id}.log").open("wb") as log:
        start_alone("rabisco.runs.measure_worker", asked.id, log=log)
    return asked


def status(measuring_id: str) -> Measuring | None:
    """Return how far a measurement is; ``None`` if nobody asked for it. One whose process died has failed."""
    found = read_whole(comparisons_dir() / f"{measuring_id}.json", Measuring) if measuring_id.isalnum() else None
    if found is None:
        return None
    if found.state == "done" and found.host != host() and not (comparisons_dir() / measuring_id).is_dir():
        found.state = "reading"  # what came of it is still under way to here
    if not found.lives and found.state not in ("done", "failed"):
        return found.model_copy(update={"state": "failed", "message": ENDED_EARLY})
    return found


def results() -> list[Comparison]:
    """Return what was measured here, the newest first."""
    paths = sorted(comparisons_dir().glob("*.result.json"), key=lambda path: -path.stat().st_mtime)
    return [found for path in paths if (found := Comparison.read(path))]


def say(said: Measuring, state: State, **changes: Any) -> None:
    """Write how far a measurement is."""
    said.model_copy(update={"state": state, **changes}).write(comparisons_dir() / f"{said.id}.json")


def comparisons_dir() -> Path:
    """Return the folder of all measurements."""
    return get_settings().home / "comparisons"


def id_of(artifacts: Sequence[Artifact], images: str = "") -> str:
    """Return the id of a measurement of these versions; see ``Measuring``."""
    versions = sorted((one.name, one.version, one.card.files.get("model.onnx", "")) for one in artifacts)
    told = [*versions, images] if images else versions
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:20]
