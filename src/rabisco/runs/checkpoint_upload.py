"""The checkpoints of a run in the object store: from where any server can go on with it.

They are fetched before a training begins and sent beside it, in a thread of its own: a training waits for no store and
does not fail because it is away. Each time the newest is sent; what is written meanwhile is not.
"""

import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rabisco import objects
from rabisco.errors import RabiscoError
from rabisco.runs.paths import CHECKPOINT_SUFFIX, checkpoints_of, folder_of, place_of

LOGGER = logging.getLogger("rabisco.runs")
PATIENCE = 3600  # seconds that a training waits, before it begins and to save its model, for a store that is away
LEAST_PAUSE = 3.0  # seconds between two checkpoints that are sent; more where sending takes long
SHARE = 10  # sending takes at most 1/SHARE of the time


@contextmanager
def uploaded_checkpoints(run_id: str) -> Iterator[None]:
    """Bring the checkpoints of a run, and send them while it goes on; remove them where it leaves none behind.

    Raises:
        StorageError: The store did not answer for an hour.
    """
    if objects.bucket() is None:
        yield
        return
    try:
        with objects.patience(PATIENCE):
            fetched = objects.fetch_folder(place_of(run_id), checkpoints_of(run_id))
    except objects.DamagedObjectError as error:
        LOGGER.warning("%s", error)  # it goes on from what is here, or begins anew
        fetched = False
    sender = _Sender(run_id, fetched)
    sender.start()
    try:
        yield
    finally:
        sender.end()


class _Sender(threading.Thread):
    """Sends the newest checkpoints of a run until told to end; those that were ``fetched`` are there already."""

    def __init__(self, run_id: str, fetched: bool) -> None:
        super().__init__(name="checkpoints", daemon=True)
        self._run = run_id
        self._over = threading.Event()
        self._sent = set(_newest(checkpoints_of(run_id))) if fetched else set[str]()

    def run(self) -> None:
        """Send now and then."""
        pause = LEAST_PAUSE
        while not self._over.wait(pause):
            begun = time.monotonic()
            self._try()
            pause = max(LEAST_PAUSE, SHARE * (time.monotonic() - begun))

    def end(self) -> None:
        """Send what is left to be sent, or remove it all where the run has no checkpoints any more."""
        self._over.set()
        self.join()
        self._try()

    def _try(self) -> None:
        try:
            self._send()
        except (RabiscoError, OSError) as error:
            LOGGER.warning("checkpoints are not in the object store yet: %s", error)

    def _send(self) -> None:
        found = _newest(checkpoints_of(self._run))
        if found.keys() == self._sent:
            return
        if not found:
            objects.remove_folder(place_of(self._run))
            self._sent = set()
            return
        links = folder_of(self._run) / f".sending.{os.getpid()}"
        links.mkdir(exist_ok=True)
        try:
            for number, path in enumerate(found.values()):
                os.link(path, links / str(number))  # the training may remove it meanwhile
            held = {name: links / str(number) for number, name in enumerate(found)}
            objects.send_folder(held, place_of(self._run))
            self._sent = set(found)
        finally:
            shutil.rmtree(links, ignore_errors=True)


def _newest(folder: Path) -> dict[str, Path]:
    """Return the newest checkpoint in a folder and in each folder in it, by the path there."""
    newest: dict[Path, Path] = {}
    with suppress(OSError):
        for path in sorted(folder.rglob(f"[0-9]*{CHECKPOINT_SUFFIX}")):
            newest[path.parent] = path
    return {str(path.relative_to(folder)): path for path in newest.values()}
