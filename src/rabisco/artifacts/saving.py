"""A model becomes a new version of an artifact: whole or not at all, whatever happens meanwhile.

The files are made in a folder of their own beside the artifacts, brought to the disk, and renamed into their place in
one step; then the pointer is replaced in one step. Whoever is killed between the two leaves a version that nobody
points to, and the earlier one current. What killed processes leave beside the artifacts is swept by the next save.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rabisco.artifacts.card import RENAMED, Card, with_note
from rabisco.artifacts.durable import locked, sync, told_of_storage, try_lock
from rabisco.artifacts.exporting import compress_weights, export, shrink_onnx
from rabisco.artifacts.loading import Artifact, load_artifact, sha256
from rabisco.artifacts.paths import (
    BUNDLED,
    CARD_FILE,
    MEMORY_FILE,
    ONNX_FILE,
    READINGS_FILE,
    REFERENCE_FILE,
    REJECTION_FILE,
    TRAINING_FILE,
    VERSIONS_DIR,
    WEIGHTS_FILE,
    check_name,
    folders,
    pointer_of,
    write_pointer,
)
from rabisco.artifacts.sharing import changing, claim, mark, send
from rabisco.artifacts.versions import remove
from rabisco.errors import N_, InvalidConfigurationError, Sentence
from rabisco.memory import Memory, Reference
from rabisco.settings import get_settings
from rabisco.training_images import TrainingImages

if TYPE_CHECKING:
    from rabisco.evaluation.readings import Readings

_SAVING = ".saving-"
_IN_USE = "in-use"
SHRUNK = 1_000_000  # weights; the files of models with more are made smaller
_BESIDE = (REFERENCE_FILE, READINGS_FILE, TRAINING_FILE)
_KEPT = (WEIGHTS_FILE, ONNX_FILE, *_BESIDE)  # by a version of the same weights


def save_artifact(
    model: Any,
    card: Card,
    *,
    use: bool = True,
    reference: Reference | None = None,
    readings: "Readings | None" = None,
    memory: Memory | None = None,
    training_images: TrainingImages | None = None,
) -> Artifact:
    """Write a Keras model and its card as a new version of the artifact that the card names.

    Args:
        model: A built Keras model, ``save`` and ``export`` of which are called.
        card: Its card; ``files`` is filled in here.
        use: Whether the new version becomes the current one; a name's only version always is.
        reference: What the model answers on images that it was judged on; examples are taught by it.
        readings: What it answered on each test image.
        memory: The examples that it knows from the beginning.
        training_images: Some of what it was trained on, to be shown beside a picture.

    Returns:
        The new version. Earlier ones are kept, as many as the settings say.

    Raises:
        InvalidConfigurationError: The name cannot be one.
        StorageError: The disk is full or the folder cannot be written to; the earlier version still answers.
    """
    check_name(card.name)
    with told_of_storage(), _workplace() as folder:
        _export(model, card, folder)
        for kept, file in zip((reference, readings, training_images), _BESIDE, strict=True):
            if kept is not None:
                kept.write(folder / file)
        return install(folder, _with_memory(folder, card, memory or Memory()), use=use)


def save_again(artifact: Artifact, card: Card, *, use: bool = True, memory: Memory | None = None) -> Artifact:
    """Make a new version of an artifact's weights with another card, which keeps its name; see ``save_artifact``."""
    with told_of_storage(), _workplace() as folder:
        _take_over(artifact, folder, (*_KEPT, *((MEMORY_FILE,) if memory is None else ())))
        return install(folder, card if memory is None else _with_memory(folder, card, memory), use=use)


def rename_classes(name: str, given: Mapping[str, str] | Sequence[str]) -> Artifact:
    """Make a version of a model whose classes are called otherwise, and let it answer.

    Args:
        name: Of the model; one that was trained here.
        given: For some classes their new names, or the names of all in the order of the logits.

    Raises:
        InvalidConfigurationError: It is a bundled model, has no such class, or two classes would have one name.
        UnusableDataError: There are more or fewer names than classes.
    """
    from rabisco.intake.naming import matched, unmatched  # a server that only answers pictures reads no user's data

    artifact = load_artifact(name)
    card = artifact.card
    if artifact.version == BUNDLED:
        raise InvalidConfigurationError(
            N_(
                "the classes of a model that was trained here can be renamed. Received: “%(name)s”, which came with it"
            ),
            name=name,
        )
    if unknown := unmatched(given, card.class_names):
        raise InvalidConfigurationError(
            N_("“%(name)s” has no class called %(unknown)s; its classes are %(classes)s"),
            name=name,
            unknown=", ".join(unknown)[:100],
            classes=", ".join(card.class_names)[:200],
        )
    names = matched(given, card.class_names)
    now = tuple(names.get(old, old) for old in card.class_names)
    if len(set(now)) < len(now):
        raise InvalidConfigurationError(
            N_("each class of a trained model must keep a name of its own. Received: %(name)s for two of them"),
            name=next(one for one in now if now.count(one) > 1),
        )
    if not names:
        return artifact
    changed = ", ".join(f"{old} = {new}" for old, new in list(names.items())[:10])
    memory = artifact.memory
    if memory is not None:
        called = [(one, names.get(one.category or "", one.category)) for one in memory.examples]
        memory = Memory(examples=tuple(one.model_copy(update={"category": category}) for one, category in called))
    update = {
        "class_names": now,
        "original_class_names": card.original_class_names or card.class_names,
        "created": datetime.now(UTC),
        **with_note(card, Sentence(RENAMED, {"names": changed})),
    }
    return save_again(artifact, card.model_copy(update=update), memory=memory)


def _with_memory(folder: Path, card: Card, memory: Memory) -> Card:
    if memory.examples:
        (folder / MEMORY_FILE).write_text(memory.model_dump_json() + "\n", encoding="utf-8")
    return card.model_copy(update={"taught": len(memory.examples)})


def _take_over(artifact: Artifact, folder: Path, names: tuple[str, ...]) -> None:
    """Put files of a version into the folder of the next: of one that was saved here, as the same file on the disk."""
    for name in names:
        source, target = artifact.folder / name, folder / name
        if not source.exists():
            continue
        if artifact.version != BUNDLED:  # else in the package, which others may replace
            with suppress(OSError):
                os.link(source, target)
        if not target.exists():
            shutil.copyfile(source, target)


def install(folder: Path, card: Card, *, use: bool = True) -> Artifact:
    """Move a folder with ``pesos.h5`` and ``model.onnx`` into place as a new version; see ``save_artifact``.

    The folder must be on the file system of the artifacts.
    """
    card = write_card(folder, card)
    for path in (*folder.iterdir(), folder):
        sync(path)
    manifest = send(folder)
    with changing(card.name):
        return _place(folder, card, use, manifest)


def write_card(folder: Path, card: Card) -> Card:
    """Write ``card.json``, and ``rejection.json`` if there is a rule; return the card with the sha256 of each file."""
    (folder / REJECTION_FILE).unlink(missing_ok=True)
    names = [WEIGHTS_FILE, ONNX_FILE, *(name for name in (*_BESIDE, MEMORY_FILE) if (folder / name).exists())]
    if card.refusal:
        (folder / REJECTION_FILE).write_text(card.refusal.to_text(), encoding="utf-8")
        names.append(REJECTION_FILE)
    card = card.model_copy(update={"files": {name: sha256(folder / name) for name in names}})
    (folder / CARD_FILE).write_text(card.to_text(), encoding="utf-8")
    return card


def _place(folder: Path, card: Card, use: bool, manifest: Mapping[str, str]) -> Artifact:
    there = folders(card.name)
    pointer = pointer_of(card.name) if there else None
    number = claim(card.name, max(pointer.last if pointer else 0, *there, BUNDLED) + 1, manifest)
    versions = get_settings().artifacts_dir / card.name / VERSIONS_DIR
    versions.mkdir(parents=True, exist_ok=True)
    target = versions / str(number)
    if target.exists():
        shutil.rmtree(target)  # a version without card: none that anything can read
    if manifest:
        mark(folder)
    if pointer and not use:
        # said before it is there, so that no crash lets the new version be taken for the current one
        write_pointer(card.name, pointer.model_copy(update={"last": number}))
    folder.replace(target)
    for path in (versions, versions.parent, versions.parent.parent):
        sync(path)
    if use or not pointer:
        write_pointer(card.name, pointer.to(number) if pointer else pointer_of(card.name))
    _prune(card.name)
    return Artifact(card, target, number)


def _prune(name: str) -> None:
    """Remove the oldest versions beyond the settings' number, but never the current one and the one before it.

    Versions that were only taught are counted apart, so that twenty corrections push no training out.
    """
    pointer = pointer_of(name)
    kept = {BUNDLED, pointer.version, *pointer.before[-1:]}
    there = {number: (folder / MEMORY_FILE).exists() for number, folder in folders(name).items()}
    for kind in (False, True):
        numbered = [number for number, taught in there.items() if taught is kind and number != BUNDLED]
        for number in numbered[: max(0, len(numbered) - get_settings().keep_versions)]:
            if number not in kept:
                remove(name, number)


@contextmanager
def _workplace() -> Iterator[Path]:
    """Yield a new folder in which a version is made; it is removed afterwards, as are those of killed processes."""
    home = get_settings().artifacts_dir
    with locked(home):
        for left in home.glob(f"{_SAVING}*"):
            if left.is_dir() and (handle := try_lock(left / _IN_USE)) is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(handle)
        temporary = Path(tempfile.mkdtemp(dir=home, prefix=_SAVING))
        handle = try_lock(temporary / _IN_USE)
    assert handle is not None  # nobody else knows the folder
    try:
        folder = temporary / "version"
        folder.mkdir()
        yield folder
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        os.close(handle)


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Have TensorFlow write the code that it makes for an export, and Python what it compiles of it, into a folder."""
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _export(model: Any, card: Card, folder: Path) -> None:
    model(np.zeros((1, *card.image_shape), dtype=np.uint8))  # a model must have been called before it can be exported
    log = logging.getLogger("absl")
    level = log.level
    log.setLevel(logging.ERROR)  # HDF5 is what was asked for: no advice against it
    try:
        model.save(folder / WEIGHTS_FILE, include_optimizer=False)
        with _temporary_files_in(folder.parent):
            export(model, folder / WEIGHTS_FILE, folder / ONNX_FILE)
        if card.parameters > SHRUNK:
            shrink_onnx(folder / ONNX_FILE)
            compress_weights(folder / WEIGHTS_FILE)
    finally:
        log.setLevel(level)
