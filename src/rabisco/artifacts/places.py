"""An artifact as files: saved whole or not at all, found by name, and verified before it is used."""

import hashlib
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from rabisco.artifacts.card import Card
from rabisco.errors import InvalidArtifactError, ModelNotFoundError, NoModelError
from rabisco.settings import get_settings

WEIGHTS_FILE = "pesos.h5"
ONNX_FILE = "model.onnx"
CARD_FILE = "card.json"
BUNDLED_DIR = Path(__file__).parent.parent / "bundled"


@dataclass(frozen=True)
class Artifact:
    """An artifact whose files have been checked against its card."""

    card: Card
    folder: Path

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


def load_artifact(name: str) -> Artifact:
    """Return the artifact called ``name``, verified.

    Raises:
        NoModelError: No artifact is there at all.
        ModelNotFoundError: None has that name.
        InvalidArtifactError: Its files are missing or differ from its card.
    """
    return _read(_find(name))


def stamp(name: str) -> str:
    """Return a text that changes whenever the artifact called ``name`` is replaced; cheap enough for every request.

    Raises:
        NoModelError: No artifact is there at all.
        ModelNotFoundError: None has that name.
    """
    folder = _find(name)
    status = (folder / CARD_FILE).stat()
    return f"{folder}:{status.st_ino}:{status.st_mtime_ns}"


def list_names() -> list[str]:
    """Return the names of all artifacts, sorted."""
    return sorted(_folders())


def list_artifacts() -> list[Artifact]:
    """Return every artifact that passes verification, sorted by name; a damaged one is left out."""
    found = []
    for name in list_names():
        try:
            found.append(load_artifact(name))
        except (InvalidArtifactError, ModelNotFoundError, NoModelError):
            continue
    return found


def save_artifact(model: Any, card: Card, parent: Path | None = None) -> Artifact:
    """Write a Keras model and its card as an artifact, whole or not at all.

    Args:
        model: A built Keras model, ``save`` and ``export`` of which are called.
        card: Its card; ``files`` is filled in here.
        parent: Folder that will hold the artifact's folder; the settings' artifact folder if not given.

    Returns:
        The artifact, in place of any earlier one of that name.
    """
    parent = parent or get_settings().artifacts_dir
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=f".{card.name}-") as temporary:
        folder = Path(temporary) / card.name
        folder.mkdir()
        _export(model, card, folder)
        return install(folder, card, parent)


def install(folder: Path, card: Card, parent: Path) -> Artifact:
    """Finish ``folder`` with the card and move it into ``parent`` in one step, replacing an earlier one."""
    hashes = {name: _sha256(folder / name) for name in (WEIGHTS_FILE, ONNX_FILE)}
    card = card.model_copy(update={"files": hashes})
    (folder / CARD_FILE).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    _sync(folder)
    target = parent / card.name
    if target.exists():
        retired = folder.parent / "retired"
        target.replace(retired)
        folder.replace(target)
        shutil.rmtree(retired)
    else:
        folder.replace(target)
    return Artifact(card, target)


def _export(model: Any, card: Card, folder: Path) -> None:
    model(np.zeros((1, *card.image_shape), dtype=np.uint8))  # a model must have been called before it can be exported
    log = logging.getLogger("absl")
    level = log.level
    log.setLevel(logging.ERROR)  # HDF5 is what was asked for: no advice against it
    try:
        model.save(folder / WEIGHTS_FILE, include_optimizer=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of Keras's converter, about NumPy
            model.export(str(folder / ONNX_FILE), format="onnx", verbose=False)
    finally:
        log.setLevel(level)


def _find(name: str) -> Path:
    folders = _folders()
    if name in folders:
        return folders[name]
    if not folders:
        raise NoModelError("no model has been trained yet; train one first: rabisco train mnist-cnn")
    raise ModelNotFoundError(
        f"a model is one of {', '.join(sorted(folders))}. Received: {name!r}; "
        "choose one of them, or train another: rabisco train --help"
    )


def _folders() -> dict[str, Path]:
    return {folder.name: folder for parent in (BUNDLED_DIR, get_settings().artifacts_dir) for folder in _in(parent)}


def _in(parent: Path) -> Iterator[Path]:
    if parent.is_dir():
        for folder in parent.iterdir():
            if not folder.name.startswith(".") and (folder / CARD_FILE).is_file():
                yield folder


def _read(folder: Path) -> Artifact:
    try:
        card = Card.model_validate_json((folder / CARD_FILE).read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise InvalidArtifactError(
            f"the card of model {folder.name!r} cannot be read; train it again: rabisco train {folder.name}"
        ) from error
    for name, expected in card.files.items():
        path = folder / name
        if not path.is_file() or _sha256(path) != expected:
            raise InvalidArtifactError(
                f"{name} of model {folder.name!r} is missing or is not the file its card describes; "
                f"restore it or train again: rabisco train {folder.name}"
            )
    return Artifact(card, folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
