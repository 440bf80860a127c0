"""An artifact read from disk, its files checked against its card."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from rabisco.artifacts.card import Card
from rabisco.artifacts.paths import (
    CARD_FILE,
    MEMORY_FILE,
    ONNX_FILE,
    READINGS_FILE,
    REFERENCE_FILE,
    REJECTION_FILE,
    TRAINING_FILE,
    WEIGHTS_FILE,
    divided,
    find,
    list_names,
    stamp,
)
from rabisco.errors import N_, InvalidArtifactError, ModelNotFoundError, NoModelError
from rabisco.memory import Memory, Reference
from rabisco.rejection import RejectionRule
from rabisco.training_images import TrainingImages

if TYPE_CHECKING:
    from rabisco.evaluation.readings import Readings

Kept = TypeVar("Kept")
SETTLED = 2_000_000_000  # nanoseconds


@dataclass(frozen=True)
class Artifact:
    """An artifact whose files have been checked against its card.

    Attributes:
        card: What it is.
        folder: Where its files are.
        version: Its number among those of its name; 0 is the bundled one.
    """

    card: Card
    folder: Path
    version: int = 0

    @property
    def name(self) -> str:
        """Name under which it is asked for."""
        return self.card.name

    @property
    def weights_path(self) -> Path:
        """The whole Keras model, HDF5."""
        return self.folder / WEIGHTS_FILE

    @property
    def onnx_path(self) -> Path:
        """The same model for ONNX Runtime."""
        return self.folder / ONNX_FILE

    @property
    def reference(self) -> Reference | None:
        """What it answers on images that it was validated and tested on; ``None`` where that was not kept.

        Raises:
            InvalidArtifactError: The file is damaged.
        """
        return self._kept(REFERENCE_FILE, Reference.read)

    @property
    def readings(self) -> "Readings | None":
        """What it answered on each test image, and some of the images; ``None`` where that was not kept.

        Raises:
            InvalidArtifactError: The file is damaged.
        """
        from rabisco.evaluation.readings import Readings  # what answers a picture needs nothing that judges models

        return self._kept(READINGS_FILE, Readings.read)

    @property
    def training_images(self) -> TrainingImages | None:
        """Some of the images that it was trained on; ``None`` where none were kept.

        Raises:
            InvalidArtifactError: The file is damaged.
        """
        return self._kept(TRAINING_FILE, TrainingImages.read)

    @property
    def memory(self) -> Memory | None:
        """The examples that it was taught; ``None`` without any.

        Raises:
            InvalidArtifactError: The file is damaged.
        """
        return self._kept(MEMORY_FILE, lambda path: Memory.model_validate_json(path.read_bytes()))

    def _kept(self, file: str, read: Callable[[Path], Kept]) -> Kept | None:
        if file not in self.card.files:
            return None
        try:
            return read(self.folder / file)
        except (OSError, ValueError) as error:
            raise _damaged(file, self.name) from error


def load_artifact(name: str, version: int | None = None) -> Artifact:
    """Return a version of the artifact called ``name``, the current one if none is given, verified.

    ``mnist-cnn@2`` is version 2, and is called so: two versions of one name can stand beside each other.

    Raises:
        NoModelError: No artifact is there at all.
        ModelNotFoundError: None has that name.
        VersionNotFoundError: It has no such version.
        InvalidArtifactError: Its files are missing or differ from its card.
    """
    base, asked = divided(name, version)
    number, folder = find(base, asked)
    card = read_verified(base, folder)
    return Artifact(card if version == asked else card.model_copy(update={"name": name}), folder, number)


def list_artifacts() -> list[Artifact]:
    """Return the current version of every artifact that passes verification, sorted by name."""
    return [one for one in _all().values() if isinstance(one, Artifact)]


def list_damaged() -> dict[str, InvalidArtifactError]:
    """Return what is wrong with every artifact that ``list_artifacts`` leaves out, by name."""
    return {name: one for name, one in _all().items() if isinstance(one, InvalidArtifactError)}


def _all() -> dict[str, Artifact | InvalidArtifactError]:
    found: dict[str, Artifact | InvalidArtifactError] = {}
    for name in list_names():
        try:
            found[name] = load_artifact(name)
        except InvalidArtifactError as error:
            found[name] = error
        except (ModelNotFoundError, NoModelError):
            continue  # deleted meanwhile
    return found


def read_card(name: str, folder: Path) -> Card:
    """Return the card in a folder, with its rejection rule; its files are not checked.

    Raises:
        InvalidArtifactError: It is missing or damaged.
    """
    try:
        card = Card.model_validate_json((folder / CARD_FILE).read_text(encoding="utf-8"))
        if REJECTION_FILE not in card.files:
            return card
        rule = RejectionRule.model_validate_json((folder / REJECTION_FILE).read_text(encoding="utf-8"))
        return card.model_copy(update={"refusal": rule})
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise InvalidArtifactError(
            N_("the card of model “%(name)s” cannot be read; train it again: rabisco train %(name)s"), name=name
        ) from error


def card_of(name: str) -> Card:
    """Return the card of the current version of ``name``; its files are neither checked nor loaded.

    Raises:
        NoModelError: No artifact is there at all.
        ModelNotFoundError: None has that name.
        InvalidArtifactError: Its card is missing or damaged.
    """
    return _current_card(name, stamp(name))


@lru_cache(maxsize=256)
def _current_card(name: str, stamped: str) -> Card:  # noqa: ARG001 - part of the cache's key
    return read_card(name, find(name)[1])


def read_verified(name: str, folder: Path) -> Card:
    """Return the card in a folder whose other files are those that it names.

    Raises:
        InvalidArtifactError: One is missing, damaged or another.
    """
    card = read_card(name, folder)
    for file, expected in card.files.items():
        if sha256(folder / file) != expected:
            raise _damaged(file, name)
    return card


def sha256(path: Path) -> str:
    """Return the sha256 of a file, hex; empty if there is no such file. It is read once, and again when it changes."""
    try:
        told = path.stat()
        changed = max(told.st_mtime_ns, told.st_ctime_ns)
        state = (told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns)
        # What has just been written may be written once more before its times tell.
        return _sha256(path, state) if time.time_ns() - changed > SETTLED else _sha256.__wrapped__(path, state)
    except OSError:
        return ""


@lru_cache(maxsize=1024)
def _sha256(path: Path, state: tuple[int, ...]) -> str:  # noqa: ARG001 - part of the cache's key
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(file: str, name: str) -> InvalidArtifactError:
    return InvalidArtifactError(
        N_(
            "%(file)s of model “%(name)s” is missing or is not the file its card describes; "
            "restore it or train again: rabisco train %(name)s"
        ),
        file=file,
        name=name,
    )
