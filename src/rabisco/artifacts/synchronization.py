"""Synchronization with the object store: what other servers made is brought here, what was made here is sent.

One process of each server does so every two seconds, in nobody's request. It keeps which manifests the store had, so
that one which is missing later is known to have been removed, and not to be new here.
"""

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

from rabisco import objects
from rabisco.artifacts.durable import locked
from rabisco.artifacts.loading import read_card
from rabisco.artifacts.paths import (
    BUNDLED,
    CARD_FILE,
    DEFAULT_FILE,
    DEFAULT_KEY,
    VERSIONS_DIR,
    folders,
    pointer_key,
    pointer_of,
    read_default,
    write_pointer,
)
from rabisco.artifacts.sharing import (
    FETCHING,
    KEYS,
    LOGGER,
    MARK,
    UNDER,
    bring,
    claim,
    is_marked,
    mark,
    point,
    send,
    versions_in,
)
from rabisco.artifacts.versions import discard, remove_folder
from rabisco.errors import N_, InvalidArtifactError, StorageError
from rabisco.settings import get_settings

FOUND = ("comparisons", "label-errors")  # folders of the home: what a server was asked to find out
SWEEP_SECONDS = 3600.0
SESSIONS = "sessions"  # files of the home, each of somebody who has signed in
LEFT_SECONDS = 24 * 3600.0  # after which a fetched folder that is still in no place was left by a killed process


class Synchronizer:
    """What one process knows of the store."""

    def __init__(self, shared: objects.Bucket) -> None:
        self.shared = shared
        self._known = objects.remembered()
        self._swept = time.monotonic() - SWEEP_SECONDS / 2

    def synchronize(self) -> None:
        """Do once all that is to be done.

        Raises:
            StorageError: The store does not answer, or was emptied; or the folder cannot be written to.
            InvalidConfigurationError: There is no such bucket, or the credentials are wrong.
        """
        here = self._here()
        sessions = list((get_settings().home / SESSIONS).glob("*"))  # before the listing, in which all of them must be
        listing = {key: entry.tag for key, entry in self.shared.entries(f"{objects.MANIFESTS}/").items()}
        if objects.SECRET_KEY not in listing:
            raise StorageError(
                N_(
                    "an object store must hold what was put there. Received: none of it; nothing is changed here. "
                    "Restore it, or set RABISCO_STORAGE to another"
                )
            )
        for name, numbers in here.items():
            for number in sorted(numbers):
                self._send(name, number)
        bring(self.shared, listing)
        changed = {key for key in listing if listing[key] != self._known.get(key)}
        with locked(get_settings().artifacts_dir):
            behind = point(self.shared, changed)
            self._remove(here, versions_in(listing))
            self._tell_pointers(here, listing)
        objects.take(self.shared, changed, FOUND)
        for path in sessions:  # whose visitor may have signed out elsewhere
            if objects.manifest_key(f"{SESSIONS}/{path.name}") not in listing:
                path.unlink(missing_ok=True)
        self._forget(self._known.keys() - listing.keys())
        self._known = {key: tag for key, tag in listing.items() if key not in behind}
        objects.remember(self._known)
        if time.monotonic() - self._swept > SWEEP_SECONDS:
            self._swept = time.monotonic()
            self.sweep()

    def sweep(self) -> None:
        """Remove objects that no version needs, nor one that is being saved, and what was half fetched."""
        before = datetime.now(UTC) - objects.OLD
        old = {key for key, entry in self.shared.entries(f"{UNDER}/").items() if entry.written < before}
        needed = set()
        for key in self.shared.entries(KEYS):
            if versions_in([key]) and (content := self.shared.read(key)):
                needed |= set(objects.from_text(content).values())
        for key in old - needed:
            written = self.shared.written(key)  # again: a version that is being saved may have written it anew
            if written and written < before:
                self.shared.remove(key)
        for left in get_settings().artifacts_dir.glob(f"{FETCHING}*"):
            if time.time() - left.stat().st_mtime > LEFT_SECONDS:
                shutil.rmtree(left, ignore_errors=True)

    def _here(self) -> dict[str, set[int]]:
        """Return the versions that were saved in this home, by name."""
        home = get_settings().artifacts_dir
        names = [path.name for path in home.iterdir()] if home.is_dir() else []
        return {name: set(folders(name)) - {BUNDLED} for name in names if not name.startswith(".")}

    def _send(self, name: str, number: int) -> None:
        """Send a version that was saved here without the store; it gets another number where that one is given."""
        folder = folders(name).get(number)
        if folder is None or is_marked(folder):
            return
        try:
            manifest = send(folder, [CARD_FILE, *read_card(name, folder).files])
        except (InvalidArtifactError, OSError):
            return
        with locked(get_settings().artifacts_dir):
            if is_marked(folder) or not (folder / CARD_FILE).exists():
                return  # seen while it was saved, or removed meanwhile
            given = claim(name, number, manifest)
            LOGGER.warning("version %s of %s, saved without the object store, is %s there", number, name, given)
            mark(folder)
            if number != given:
                self._move(folder, name, given)

    def _move(self, folder: Path, name: str, number: int) -> None:
        """Give a version another number, also one that lies as earlier releases have it."""
        home = get_settings().artifacts_dir / name
        target = home / VERSIONS_DIR / str(number)
        if folder != home:
            folder.replace(target)
            return
        target.mkdir(parents=True)
        for file in (*read_card(name, folder).files, MARK, CARD_FILE):
            (folder / file).replace(target / file)

    def _tell_pointers(self, here: dict[str, set[int]], listing: dict[str, str]) -> None:
        """Tell the store the pointers of models that it has none of."""
        for name, numbers in here.items():
            if numbers and pointer_key(name) not in listing and folders(name):
                write_pointer(name, pointer_of(name))
        if DEFAULT_KEY not in listing and (get_settings().artifacts_dir / DEFAULT_FILE).exists():
            self.shared.write(DEFAULT_KEY, read_default().model_dump_json().encode())

    def _remove(self, here: dict[str, set[int]], there: dict[str, set[int]]) -> None:
        """Remove here the versions, and with the last the model, that another server removed."""
        for name, numbers in here.items():
            for number in numbers - there.get(name, set()):
                folder = folders(name).get(number)
                if folder and is_marked(folder):
                    remove_folder(name, number)
            if numbers and name not in there and not set(folders(name)) - {BUNDLED}:
                discard(get_settings().artifacts_dir / name)

    def _forget(self, gone: set[str]) -> None:
        """Remove here the other folders that another server removed."""
        for key in gone:
            place = key.removeprefix(f"{objects.MANIFESTS}/").removesuffix(".json")
            if not key.startswith(KEYS) and "/" in place:
                shutil.rmtree(get_settings().home / place, ignore_errors=True)
