"""``python -m rabisco.uploads.worker <id> <choices>``: looks through an upload and keeps what it finds."""

import json
import os
import sys
import threading
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from rabisco import store
from rabisco.errors import RabiscoError, UnusableDataError
from rabisco.intake import Choices, Finding, inspect
from rabisco.uploads.keeping import files_of
from rabisco.uploads.places import CANCEL, folder_of, write_progress

POLL_SECONDS = 0.2
PROGRESS_SECONDS = 0.3
MEASURED_BYTES = 1 << 20


def main(upload_id: str, choices: str) -> None:
    """Look through the upload with what the user decided, given as JSON."""
    folder = folder_of(upload_id)
    threading.Thread(target=_end_if_cancelled, args=(folder,), daemon=True).start()
    train, test = files_of(folder)
    progress = _Progress(folder, [path for path in (train, test) if path])
    try:
        found = inspect(train, test, Choices.from_dict(json.loads(choices)), on_rows=progress)
        result: dict[str, Any] = found.to_dict()
    except UnusableDataError as error:
        result = {"refusal": Finding(error.code, error.parameters).to_dict()}
    except RabiscoError as error:
        result = {"refusal": Finding("picture-unreadable", {"reason": str(error)}).to_dict()}
    with store.writing() as session:
        row = session.get(store.Upload, upload_id)
        if row is not None:
            row.inspection = result


class _Progress:
    """Writes how many rows were looked at, a few times a second."""

    def __init__(self, folder: Path, files: list[Path]) -> None:
        self._folder = folder
        self._rows = 0
        self._said = 0.0
        counts = [_expected_rows(path) for path in files]
        self._expected = None if None in counts else sum(count for count in counts if count)

    def __call__(self, rows: int) -> None:
        self._rows += rows
        if time.monotonic() - self._said > PROGRESS_SECONDS:
            self._said = time.monotonic()
            share = min(0.99, self._rows / self._expected) if self._expected else None
            write_progress(self._folder, {"rows": self._rows, "share": share})


def _expected_rows(path: Path) -> int | None:
    """Return about how many rows or pictures a file holds; ``None`` where it is compressed whole."""
    with path.open("rb") as file:
        head = file.read(MEASURED_BYTES)
    if head.startswith(b"\x1f\x8b"):
        return None
    if head.startswith(b"PK"):
        with suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
            return len(archive.infolist())
        return None
    lines = head.count(b"\n") or head.count(b"\r") or 1
    return max(1, round(path.stat().st_size * lines / max(1, len(head))))


def _end_if_cancelled(folder: Path) -> None:
    while not (folder / CANCEL).exists():
        time.sleep(POLL_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # at once, for the lock ends with the process
