"""Small files that are replaced whole, and the lock under which they are: what a kill or a power cut cannot halve."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from rabisco.errors import N_, StorageError

LOCK_FILE = ".lock"
Told = TypeVar("Told", bound=BaseModel)


def sync(path: Path) -> None:
    """Return once the file, or the folder's list of entries, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(path: Path, text: str) -> None:
    """Replace the file at ``path`` by ``text`` in one step; a reader finds the old text or the new, never less.

    Its modification time is later than the replaced file's even where the clock ticks coarsely or goes back, so that
    the time alone tells that it changed. Call it under ``locked``.
    """
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    if path.exists():
        now = max(time.time_ns(), path.stat().st_mtime_ns + 1)
        os.utime(temporary, ns=(now, now))
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


def read_whole(path: Path, kind: type[Told]) -> Told | None:
    """Return what the JSON file at ``path`` tells; ``None`` if there is no such file, or it tells something else."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of ``folder``, which is made if need be, against other processes and threads.

    The system lets go of it when the process ends, however it ends.

    Raises:
        StorageError: The folder cannot be written to, here or by what is done under the lock.
    """
    with told_of_storage():
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


@contextmanager
def told_of_storage() -> Iterator[None]:
    """Turn what the disk refuses into an error for readers, which names no path.

    Raises:
        StorageError: The disk is full, or a folder cannot be written to.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(
            N_(
                "the folder of models must be writable and have room. Received: %(reason)s; nothing was "
                "changed. Free some space, or give write permission, and try again"
            ),
            reason=str(error.strerror or error),
        ) from error


def try_lock(path: Path) -> int | None:
    """Lock the file at ``path``, made if need be, and return its handle; ``None`` if someone else holds it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
