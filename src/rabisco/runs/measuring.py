"""Models given the same images: asked for here, done by a process of its own, ``rabisco.runs.measure_worker``.

What is asked and how far it is stands in ``<home>/comparisons/<id>.json``, what came of it in ``<id>.result.json``,
and what each model answered on each image in the folder ``<id>``; see ``rabisco.runs.read_together``.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from rabisco import objects
from rabisco.artifacts import Artifact, load_artifact
from rabisco.artifacts.durable import locked, read_whole, told_of_storage, write_whole
from rabisco.errors import N_, InvalidConfigurationError
from rabisco.evaluation import Comparison
from rabisco.evaluation.robustness import CORRUPTIONS
from rabisco.runs.children import start_alone
from rabisco.runs.process import host, is_gone
from rabisco.settings import get_settings

State = Literal["waiting", "loading", "reading", "timing", "done", "failed"]
ENDED_EARLY = N_("its process ended before it was done; measure again")
CLEAN = "clean"
STALE = 15.0  # seconds without news after which nobody measures any more


class Measuring(BaseModel):
    """How far a measurement is.

    Attributes:
        id: Names the models and their versions.
        models: Their names.
        state: What is done now.
        share: How much of the reading is done, in [0, 1].
        images: Empty where times are measured, too; else the images are only read: ``clean``, or damaged by the
            corruption of that name.
        message: Why it failed, else empty; a sentence and its values.
        host: Machine of the process.
        pid: Of the process.
        process_started: With which it is told from another of that number.
        moment: When this was written, seconds since 1970.
    """

    id: str
    models: tuple[str, ...]
    images: str = ""
    state: State = "waiting"
    share: float = 0.0
    message: str = ""
    host: str = Field(default_factory=host)
    pid: int = 0
    process_started: str = ""
    moment: float = 0.0

    @property
    def lives(self) -> bool:
        """Whether something still comes of it."""
        ended = self.state in ("done", "failed")
        return not ended and not is_gone(self.host, self.pid, self.process_started, self.moment, STALE)


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
    asked = Measuring(id=id_of(artifacts, images), models=chosen, images=images, moment=time.time())
    with locked(comparisons_dir()):
        known = status(asked.id)
        if known and (known.lives or (known.state == "done" and (comparisons_dir() / asked.id).is_dir())):
            return known
        _write(asked)
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
    _write(said.model_copy(update={"state": state, "moment": time.time(), **changes}))


def _write(said: Measuring) -> None:
    comparisons_dir().mkdir(parents=True, exist_ok=True)
    path = comparisons_dir() / f"{said.id}.json"
    write_whole(path, said.model_dump_json() + "\n")
    objects.share(path)


def comparisons_dir() -> Path:
    """Return the folder of all measurements."""
    return get_settings().home / "comparisons"


def id_of(artifacts: Sequence[Artifact], images: str = "") -> str:
    """Return the id of a measurement of these versions; see ``Measuring``."""
    versions = sorted((one.name, one.version, one.card.files.get("model.onnx", "")) for one in artifacts)
    told = [*versions, images] if images else versions
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:20]
