"""Starting the process that looks through an upload, and ending it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rabisco import store
from rabisco.artifacts.durable import told_of_storage, try_lock
from rabisco.settings import get_settings
from rabisco.uploads.keeping import Upload, get
from rabisco.uploads.places import CANCEL, LOCK, WANTED, folder_of, is_looked_at, uploads_dir, write_progress

MOST = 2  # uploads that are looked through at the same time; each holds a core
ENDING_SECONDS = 5
LOG_FILE = "log.txt"
_PASSED_ON = ("home", "data_dir", "cache_dir", "database_url")
_children: list["subprocess.Popen[bytes]"] = []


def look(upload_id: str, choices: Mapping[str, Any] | None = None) -> Upload:
    """Have a process look through an upload, and return at once.

    The process holds a lock that the system lets go of however it ends: so nothing has to be remembered of it. Where
    one looks through this upload already, no other is started; where as many are at work as may be, the upload is
    queued, and ``take_up`` starts one later.

    Args:
        upload_id: Which.
        choices: What the user decided, as ``Choices.to_dict`` gives it.

    Raises:
        UploadNotFoundError: There is none of that id.
        StorageError: Its folder cannot be written to.
    """
    state = get(upload_id).state
    folder = folder_of(upload_id)
    _children[:] = [child for child in _children if child.poll() is None]
    with told_of_storage():
        held = _locks(folder, 0 if state in ("looking", "queued") else ENDING_SECONDS)
        if not held and state != "looking" and not is_looked_at(folder):  # another request may have begun it just now
            _forget(upload_id, folder)
            (folder / WANTED).write_text(json.dumps(dict(choices or {})), encoding="utf-8")
        if held:
            try:
                _forget(upload_id, folder)
                _children.append(_start(upload_id, folder, choices or {}, held))
            finally:
                for handle in held:
                    os.close(handle)
    return get(upload_id)


def take_up(upload_id: str) -> Upload:
    """Begin to look through an upload that was queued, if there is a place now, and return it.

    Raises:
        UploadNotFoundError: There is none of that id.
        StorageError: Its folder cannot be written to.
    """
    upload = get(upload_id)
    if upload.state != "queued":
        return upload
    return look(upload_id, json.loads((folder_of(upload_id) / WANTED).read_text(encoding="utf-8")))


def cancel(upload_id: str) -> Upload:
    """Have the process that looks through an upload end, or take the upload out of the queue; it waits then.

    Raises:
        UploadNotFoundError: There is none of that id.
    """
    upload = get(upload_id)
    if upload.state == "looking":
        with told_of_storage():
            (folder_of(upload_id) / CANCEL).touch()
    if upload.state == "queued":
        (folder_of(upload_id) / WANTED).unlink(missing_ok=True)
    return upload


def _locks(folder: Path, seconds: float) -> list[int]:
    """Return the lock of the upload and that of one place among ``MOST``; nothing if either is not to be had.

    A process that has said what it found may take so many seconds to be gone.
    """
    until = time.monotonic() + seconds
    while (own := try_lock(folder / LOCK)) is None:
        if time.monotonic() >= until:
            return []
        time.sleep(0.02)
    for number in range(MOST):
        place = try_lock(uploads_dir() / f".place-{number}")
        if place is not None:
            return [own, place]
    os.close(own)
    return []


def _forget(upload_id: str, folder: Path) -> None:
    (folder / CANCEL).unlink(missing_ok=True)
    (folder / WANTED).unlink(missing_ok=True)
    write_progress(folder, {"rows": 0, "share": None})
    with store.writing() as session:
        row = session.get(store.Upload, upload_id)
        if row is not None:
            row.inspection = None


def _start(upload_id: str, folder: Path, choices: Mapping[str, Any], held: list[int]) -> "subprocess.Popen[bytes]":
    settings = get_settings()
    given = {name: getattr(settings, name) for name in _PASSED_ON}
    environment = {f"RABISCO_{name.upper()}": str(value) for name, value in given.items() if value not in (None, "")}
    with (folder / LOG_FILE).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "rabisco.uploads.worker", upload_id, json.dumps(dict(choices))],
            env={**os.environ, **environment},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=held,
        )
