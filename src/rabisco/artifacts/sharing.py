"""Versions and pointers in an object store that several servers share; the folder here is what other code reads.

A version is sent before it is there: its files, then its manifest, by which it gets its number, then the pointer. What
other servers made is brought before anything is changed, and by ``synchronization`` all the time: files are fetched
and checked, the version is renamed into place, and only then is the pointer replaced. Without a store the lock is all.
"""

import logging
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.parse import quote, unquote

from rabisco import objects
from rabisco.artifacts.durable import locked, read_whole, sync, told_of_storage, write_whole
from rabisco.artifacts.paths import (
    DEFAULT_FILE,
    DEFAULT_KEY,
    PLACE,
    POINTER_FILE,
    VERSIONS_DIR,
    Default,
    Pointer,
    folders,
    pointer_key,
    version_key,
)
from rabisco.settings import get_settings

LOGGER = logging.getLogger("rabisco.objects")
UNDER = "objects"
KEYS = f"{objects.MANIFESTS}/{PLACE}/"
DAMAGED_SECONDS = 60.0  # until a version with damaged objects is fetched again
FETCHING, MARK = ".fetching-", ".shared"
_damaged: dict[tuple[objects.Bucket, str], float] = {}


def send(folder: Path, names: Iterable[str] | None = None) -> dict[str, str]:
    """Send the files of a version, all or those of ``names``, and return its manifest; empty without a store."""
    shared = objects.bucket()
    names = sorted(names or (path.name for path in folder.iterdir()))
    return {name: shared.send(folder / name, UNDER) for name in names} if shared else {}


def claim(name: str, number: int, manifest: Mapping[str, str]) -> int:
    """Give a version that was sent its number, the first from ``number`` on that no server has given; return it."""
    shared = objects.bucket()
    content = objects.to_text(manifest)
    while shared and manifest:
        key = version_key(name, number)
        if shared.create(key, content) or shared.read(key) == content:
            break
        number += 1
    return number


def mark(folder: Path) -> None:
    """Note in the folder of a version that the store has it: where it is missing there later, it was removed."""
    if storage := get_settings().storage:
        (folder / MARK).write_text(storage, encoding="utf-8")
        sync(folder / MARK)
        sync(folder)


def is_marked(folder: Path) -> bool:
    """Tell whether the store has, or had, the version in a folder."""
    try:
        return (folder / MARK).read_text(encoding="utf-8") == get_settings().storage
    except OSError:
        return False


@contextmanager
def changing(name: str | None = None) -> Iterator[bool]:
    """Hold the lock of all artifacts, having brought what other servers made of a model, or the choice of the default.

    Yields:
        Whether the store points to a version that cannot be had here.

    Raises:
        StorageError: The folder cannot be written to, or the object store does not answer; nothing is changed.
    """
    with locked(get_settings().artifacts_dir), objects.haste():
        behind = False
        if shared := objects.bucket():
            listing = shared.entries(f"{KEYS}{quote(name)}/" if name else DEFAULT_KEY)
            bring(shared, listing, lock=False)
            behind = bool(point(shared, listing))
        yield behind


def bring(shared: objects.Bucket, listing: Iterable[str], *, lock: bool = True) -> None:
    """Fetch each version of a listing that is not here, whole, and rename it into place.

    One whose objects are damaged is left out, and tried again a minute later; the log says so. Without ``lock``, it
    is held already.
    """
    for name, numbers in versions_in(listing).items():
        for number in sorted(numbers - set(folders(name))):
            place = shared, version_key(name, number)
            if time.monotonic() < _damaged.get(place, 0.0):
                continue
            try:
                _bring(shared, name, number, lock=lock)
            except objects.DamagedObjectError as error:
                _damaged[place] = time.monotonic() + DAMAGED_SECONDS
                LOGGER.warning("version %s of %s is left out: %s", number, name, error)


def point(shared: objects.Bucket, listing: Iterable[str]) -> set[str]:
    """Replace the pointers of a listing, under the lock; return the keys of those to versions that are not here."""
    behind, home = set(), get_settings().artifacts_dir
    for key in listing:
        name = _name_in(key)
        if key == DEFAULT_KEY and (content := shared.read(key)):
            _replace(home / DEFAULT_FILE, content, Default)
        elif name and key == pointer_key(name) and (content := shared.read(key)):
            pointer = Pointer.model_validate_json(content)
            if pointer.version in folders(name):
                _replace(home / name / POINTER_FILE, content, Pointer)
            else:
                behind.add(key)
    return behind


def versions_in(listing: Iterable[str]) -> dict[str, set[int]]:
    """Return the versions whose manifests are in a listing, by name."""
    found: dict[str, set[int]] = {}
    for key in listing:
        number = key.rpartition("/")[2].removesuffix(".json")
        if (name := _name_in(key)) and number.isdecimal():
            found.setdefault(name, set()).add(int(number))
    return found


def _name_in(key: str) -> str:
    return unquote(key.removeprefix(KEYS).rpartition("/")[0]) if key.startswith(KEYS) else ""


def _bring(shared: objects.Bucket, name: str, number: int, *, lock: bool) -> None:
    content = shared.read(version_key(name, number))
    if content is None:  # removed meanwhile
        return
    home = get_settings().artifacts_dir
    with told_of_storage():
        home.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=home, prefix=FETCHING))
        try:
            folder = temporary / "version"
            folder.mkdir()
            for file, key in objects.from_text(content).items():
                shared.fetch(key, folder / file)
                sync(folder / file)
            mark(folder)
            with locked(home) if lock else nullcontext():
                _settle(folder, name, number)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _settle(folder: Path, name: str, number: int) -> None:
    target = get_settings().artifacts_dir / name / VERSIONS_DIR / str(number)
    if number in folders(name):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        shutil.rmtree(target)  # a version without card: none that anything can read
    folder.replace(target)
    sync(target.parent)


def _replace(path: Path, content: bytes, kind: type[Pointer] | type[Default]) -> None:
    """Write a pointer unless it says so already: models are looked at anew whenever it is written."""
    told = kind.model_validate_json(content)
    if read_whole(path, kind) != told:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, told.model_dump_json() + "\n")
