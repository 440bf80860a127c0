"""Files in an object store that servers share: what the setting ``storage`` names, by way of ``s3fs``.

::

    objects/<sha256>                files of models' versions, written once; several versions may hold one
    <place>/<sha256>                files of another folder of the home: ``uploads/<id>``, ``runs/<id>/checkpoints``
    manifests/<place>.json          which objects the files of a folder are; a folder is there once its manifest is
    manifests/files/<place>         small files of the home as they are, such as how far a comparison of models is
    manifests/secret_key            the key that signs cookies; where it is missing, the store is not ours

A file is hashed before it is sent and after it has come. A manifest is small, and is made by one server alone. The
modules that own a folder say what is sent and fetched; without the setting, none of this is imported or asked.

``buckets`` knows objects; here are the folders of the home, each with a manifest, and what was last seen of the store.
"""

import json
import logging
import os
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

from rabisco.errors import RabiscoError
from rabisco.objects.buckets import OLD, Bucket, DamagedObjectError, bucket, forget_connection, haste, patience
from rabisco.settings import get_settings

__all__ = [
    "MANIFESTS",
    "OLD",
    "SECRET_KEY",
    "Bucket",
    "DamagedObjectError",
    "bucket",
    "fetch_folder",
    "forget_connection",
    "from_text",
    "haste",
    "manifest_key",
    "manifest_of",
    "patience",
    "remember",
    "remembered",
    "remove_folder",
    "send_folder",
    "share",
    "state",
    "take",
    "to_text",
]

LOGGER = logging.getLogger("rabisco.objects")
MANIFESTS = "manifests"
FILES = f"{MANIFESTS}/files/"
SECRET_KEY = f"{MANIFESTS}/secret_key"
SILENT = 15.0  # seconds without an answer after which the store counts as away


def send_folder(files: Mapping[str, Path], place: str) -> None:
    """Send the files of a folder, say in its manifest that they are there, and remove what it held before.

    Args:
        files: Each by its path in the folder.
        place: Path of the folder in the home, such as ``uploads/<id>``.
    """
    if shared := bucket():
        sent = {name: shared.send(path, place) for name, path in files.items()}
        shared.write(manifest_key(place), to_text(sent))
        for key in shared.entries(f"{place}/").keys() - sent.values():
            shared.remove(key)


def manifest_of(place: str) -> dict[str, str] | None:
    """Return the key of each file of a folder; ``None`` if the store has no such folder, or there is no store."""
    shared = bucket()
    content = shared.read(manifest_key(place)) if shared else None
    return None if content is None else from_text(content)


def fetch_folder(place: str, folder: Path) -> bool:
    """Fetch what is missing of a folder, each file whole or not at all; tell whether the store has it."""
    manifest, shared = manifest_of(place), bucket()
    if manifest is None or shared is None:
        return False
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fetched = {}
    for number, (name, key) in enumerate(manifest.items()):
        if not (folder / name).exists():
            fetched[name] = folder / f".fetching-{number}.{os.getpid()}"
            shared.fetch(key, fetched[name])
    for name, partial in fetched.items():
        (folder / name).parent.mkdir(exist_ok=True)
        partial.replace(folder / name)
    return True


def remove_folder(place: str) -> None:
    """Remove a folder whose objects are its own: first its manifest, then they."""
    if shared := bucket():
        shared.remove(manifest_key(place))
        for key in shared.entries(f"{place}/"):
            shared.remove(key)


def share(path: Path) -> None:
    """Give all servers a small file of the home as it is now, or a folder of larger ones that stay as they are.

    Where the store is away, they do not get it.
    """
    place = path.relative_to(get_settings().home).as_posix()
    try:
        if path.is_dir():
            send_folder({one.name: one for one in path.iterdir()}, place)
        elif shared := bucket():
            shared.write(FILES + place, path.read_bytes())
    except RabiscoError as error:
        LOGGER.warning("other servers do not see %s: %s", place, error)


def take(shared: Bucket, keys: Iterable[str], parents: Iterable[str]) -> None:
    """Write here what servers gave of these folders of the home."""
    home = get_settings().home
    for key, parent in ((key, parent) for key in keys for parent in parents):
        place = key.removeprefix(f"{MANIFESTS}/").removesuffix(".json")
        try:
            if place.startswith(f"{parent}/"):
                fetch_folder(place, home / place)
            elif key.startswith(f"{FILES}{parent}/") and (content := shared.read(key)) is not None:
                _take_file(home / parent / Path(key).name, content)
        except DamagedObjectError as error:
            LOGGER.warning("%s is left out: %s", place, error)


def _take_file(path: Path, content: bytes) -> None:
    if path.exists() and _moment(path.read_bytes()) > _moment(content):
        return  # what was written here since is still being sent
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_whole(path, content)


def _write_whole(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.new")
    partial.write_bytes(content)
    partial.replace(path)


def _moment(content: bytes) -> float:
    """Return when something was said that says so; 0 for anything else."""
    try:
        return float(json.loads(content)["moment"])
    except (ValueError, KeyError, TypeError):
        return 0.0


def remember(listing: Mapping[str, str]) -> None:
    """Keep which manifests the store has, and that it answered now."""
    path = _memory_file()
    content = json.dumps({"storage": get_settings().storage, "listing": listing}).encode()
    if not path.exists() or path.read_bytes() != content:
        _write_whole(path, content)
    os.utime(path)


def remembered() -> dict[str, str]:
    """Return the manifests that the store had when it last answered; none if it never did, or is another."""
    storage = get_settings().storage
    try:
        return _read(str(_memory_file()), _memory_file().stat().st_mtime_ns, storage) if storage else {}
    except (OSError, ValueError, KeyError):
        return {}


def state() -> Literal["", "ok", "away"]:
    """Return whether the store answered of late to the process that follows it; empty without a store."""
    if not get_settings().storage:
        return ""
    try:
        return "ok" if time.time() - _memory_file().stat().st_mtime < SILENT else "away"
    except OSError:
        return "away"


@lru_cache(maxsize=1)
def _read(path: str, _: int, storage: str) -> dict[str, str]:
    told = json.loads(Path(path).read_text(encoding="utf-8"))
    return dict(told["listing"]) if told["storage"] == storage else {}


def _memory_file() -> Path:
    return get_settings().home / ".storage.json"


def manifest_key(place: str) -> str:
    """Return the key of a folder's manifest."""
    return f"{MANIFESTS}/{place}.json"


def to_text(files: Mapping[str, str]) -> bytes:
    """Return a manifest as it is written: the same for the same files."""
    return json.dumps(dict(sorted(files.items())), indent=1).encode()


def from_text(content: bytes) -> dict[str, str]:
    """Return the files of a manifest; none that would lie outside of a folder."""
    return {name: key for name, key in json.loads(content).items() if ".." not in name and not name.startswith("/")}
