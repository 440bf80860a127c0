"""A cache of what the drawing of pictures comes to: whoever trains again on the same images need not draw again."""

import fcntl
import hashlib
import os
import sys
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL
from numpy.typing import NDArray

import rabisco
from rabisco.settings import get_settings

MOST = 24  # files; that which was used longest ago makes room
Arrays = Mapping[str, NDArray[Any]]


def path_of(facts: object, images: Iterable[NDArray[Any]]) -> Path:
    """Return where what is drawn of these images is kept; another where the drawing or the preparation has changed.

    Args:
        facts: All else that decides what comes of it, such as numbers and seeds, by its ``repr``.
        images: Any arrays.
    """
    digest = hashlib.sha256(f"{_code()} {facts!r}".encode())
    for image in images:
        digest.update(f"{image.shape} {image.dtype}".encode())
        digest.update(np.ascontiguousarray(image).data)
    return _folder() / f"{digest.hexdigest()[:32]}.npz"


def is_anything_kept() -> bool:
    """Return whether pictures of any training were drawn on this machine."""
    return any(_folder().glob("[!.]*.npz"))


def _folder() -> Path:
    return get_settings().cache_dir / "rejection"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a cache file, so that only one of several trainings started together draws its pictures."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(_lock_of(path), os.O_RDWR | os.O_CREAT, 0o644)
    except OSError:  # where nothing can be kept, each draws for itself
        yield
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def load(path: Path) -> Arrays | None:
    """Return what is kept there; ``None`` if there is nothing, or nothing that can be read."""
    with suppress(OSError, ValueError, EOFError, zipfile.BadZipFile), path.open("rb") as file, np.load(file) as kept:
        found = dict(kept)
        os.utime(path, ns=(time.time_ns(),) * 2)
        return found
    return None


def save(path: Path, arrays: Arrays) -> None:
    """Keep arrays there, in one step; where the cache cannot be written to, they are drawn again the next time."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        being_written = path.with_name(f".{path.stem}-{os.getpid()}.npz")
        try:
            np.savez_compressed(being_written, **dict[str, Any](arrays))
            being_written.replace(path)
        finally:
            being_written.unlink(missing_ok=True)
        for old in sorted(path.parent.glob("[!.]*.npz"), key=lambda one: -one.stat().st_mtime)[MOST:]:
            old.unlink(missing_ok=True)
            _lock_of(old).unlink(missing_ok=True)


def _lock_of(path: Path) -> Path:
    return path.with_name(f".{path.stem}.lock")


@cache
def _code() -> str:
    """Return what tells today's drawing and preparation from others: sources, and versions of what they build on."""
    package = Path(rabisco.__file__).parent
    sources = sorted([*package.glob("rejection/*.py"), *package.glob("images/*.py"), package / "data" / "pen.py"])
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    return f"{digest} {sys.version_info[:2]} {np.__version__} {cv2.__version__} {PIL.__version__}"
