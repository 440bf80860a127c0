"""Which version of a model answers, and which model answers by default: choose, go back, delete.

Of a name that there is not all raise ``ModelNotFoundError``, or ``NoModelError`` where there is none at all; of a
version that there is not ``VersionNotFoundError``, and ``InvalidArtifactError`` if its card is damaged.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rabisco import objects
from rabisco.artifacts.card import Card
from rabisco.artifacts.durable import sync, write_whole
from rabisco.artifacts.loading import read_card
from rabisco.artifacts.paths import (
    BUNDLED,
    CARD_FILE,
    DEFAULT_FILE,
    DEFAULT_KEY,
    POINTER_FILE,
    Default,
    Pointer,
    exists,
    find,
    folders,
    pointer_key,
    pointer_of,
    promoted,
    read_default,
    version_key,
    write_pointer,
)
from rabisco.artifacts.sharing import changing
from rabisco.errors import N_, InvalidArtifactError, VersionConflictError
from rabisco.settings import get_settings

_DELETED = ".deleted-"


@dataclass(frozen=True)
class Version:
    """One version of a model.

    Attributes:
        number: 0 for the bundled one.
        card: Its card; ``None`` if it cannot be read.
        current: Whether it is the one that answers.
        previous: Whether a roll-back goes to it.
    """

    number: int
    card: Card | None
    current: bool
    previous: bool


def versions(name: str) -> list[Version]:
    """Return every version of a model, the newest first.

    Raises:
        NoModelError: No artifact is there at all.
        ModelNotFoundError: None has that name.
    """
    find(name)
    pointer, there = pointer_of(name), folders(name)
    previous = _previous(pointer, there)
    return [
        Version(number, _card_or_none(name, folder), number == pointer.version, number == previous)
        for number, folder in reversed(there.items())
    ]


def use_version(name: str, version: int) -> None:
    """Let another version of a model answer from now on, in every process.

    Raises:
        ModelNotFoundError: There is no such model.
        VersionNotFoundError: It has no such version.
        InvalidArtifactError: That version's card is damaged.
    """
    with changing(name) as behind:
        _, folder = find(name, version)
        read_card(name, folder)
        pointer = pointer_of(name)
        if behind or pointer.version != version:
            write_pointer(name, pointer.to(version))


def rollback(name: str) -> int:
    """Let the version answer that did before the current one, and return its number.

    Raises:
        VersionConflictError: There is none to go back to.
    """
    with changing(name):
        find(name)
        pointer, there = pointer_of(name), folders(name)
        previous = _previous(pointer, there)
        if previous is None:
            raise VersionConflictError(
                N_(
                    "going back needs a version of “%(name)s” that answered before version %(number)s; there is "
                    "none. Choose a version by its number instead"
                ),
                name=name,
                number=pointer.version,
            )
        before = pointer.before[: len(pointer.before) - 1 - pointer.before[::-1].index(previous)]
        write_pointer(name, Pointer(version=previous, before=before, last=max(pointer.last, *there)))
        return previous


def delete(name: str, version: int) -> None:
    """Delete one version of a model for good.

    Raises:
        VersionConflictError: It is the current one, or comes with the package.
    """
    with changing(name):
        find(name, version)
        pointer = pointer_of(name)
        if version == BUNDLED:
            raise VersionConflictError(
                N_("version 0 comes with the package and cannot be deleted; use another instead")
            )
        if version == pointer.version:
            raise VersionConflictError(
                N_(
                    "version %(number)s of “%(name)s” is the one that answers, so it was not deleted; use another "
                    "first"
                ),
                number=version,
                name=name,
            )
        write_pointer(name, pointer.model_copy(update={"last": max(pointer.last, *folders(name))}))
        remove(name, version)


def delete_model(name: str) -> None:
    """Delete every version of a model that was trained here; of a bundled one, version 0 stays and answers.

    Raises:
        VersionConflictError: It is the promoted default, or only bundled.
    """
    with changing(name):
        find(name)
        if set(folders(name)) == {BUNDLED}:
            raise VersionConflictError(N_("“%(name)s” comes with the package and cannot be deleted"), name=name)
        if promoted() == name and BUNDLED not in folders(name):
            raise VersionConflictError(
                N_("“%(name)s” answers by default, so it was not deleted; promote another first"), name=name
            )
        if shared := objects.bucket():
            for number in folders(name):
                shared.remove(version_key(name, number))
            shared.remove(pointer_key(name))
        discard(get_settings().artifacts_dir / name)


def promote(name: str, version: int | None = None) -> None:
    """Make a model the one that answers when a request names none; with a version, that version of it.

    Raises:
        ModelNotFoundError: There is no such model.
        VersionNotFoundError: It has no such version.
        InvalidArtifactError: Its card is damaged.
    """
    _, folder = find(name, version)
    read_card(name, folder)
    if version is not None:
        use_version(name, version)
    with changing():
        default = read_default()
        if default.name != name:
            _write_default(Default(name=name, before=(*default.before, default.name)[-100:]))


def rollback_default() -> str | None:
    """Let the model answer by default that did before; return its name, ``None`` where the settings decide again.

    Raises:
        VersionConflictError: None was ever promoted.
    """
    with changing():
        default = read_default()
        before = [name for name in default.before if not name or exists(name)]
        if not before:
            raise VersionConflictError(N_("going back needs a model that answered by default before; there is none"))
        _write_default(Default(name=before[-1], before=tuple(before[:-1])))
        return before[-1] or None


def previous_default() -> str | None:
    """Return where ``rollback_default`` goes: a name, an empty text for the settings' choice, ``None`` for nowhere."""
    before = [name for name in read_default().before if not name or exists(name)]
    return before[-1] if before else None


def remove(name: str, version: int) -> None:
    """Remove a version, for all servers; call it under the lock, for one that nothing points to."""
    if shared := objects.bucket():
        shared.remove(version_key(name, version))
    remove_folder(name, version)


def remove_folder(name: str, version: int) -> None:
    """Remove the folder of a version that nothing points to, or that another server removed, under the lock."""
    folder = folders(name)[version]
    if folder == get_settings().artifacts_dir / name:
        (folder / CARD_FILE).unlink()  # without it, it is no version any more
        for path in folder.iterdir():
            if path.is_file() and path.name != POINTER_FILE:
                path.unlink()
    else:
        discard(folder)


def discard(folder: Path) -> None:
    """Take a folder out of sight in one step, then remove it and what earlier, killed removals left."""
    home = get_settings().artifacts_dir
    hidden = Path(tempfile.mkdtemp(dir=home, prefix=_DELETED))
    folder.replace(hidden / "gone")
    sync(folder.parent)
    for left in home.glob(f"{_DELETED}*"):
        shutil.rmtree(left, ignore_errors=True)


def _previous(pointer: Pointer, there: dict[int, Path]) -> int | None:
    return next((n for n in reversed(pointer.before) if n in there and n != pointer.version), None)


def _card_or_none(name: str, folder: Path) -> Card | None:
    try:
        return read_card(name, folder)
    except InvalidArtifactError:
        return None


def _write_default(default: Default) -> None:
    if shared := objects.bucket():
        shared.write(DEFAULT_KEY, default.model_dump_json().encode())
    write_whole(get_settings().artifacts_dir / DEFAULT_FILE, default.model_dump_json() + "\n")
