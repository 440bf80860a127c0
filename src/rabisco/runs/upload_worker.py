"""``python -m rabisco.runs.upload_worker <id>`` looks through an upload and keeps what it finds; it may be killed."""

import logging
import os
import sys
import threading
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from rabisco import objects, store
from rabisco.errors import RabiscoError, UnusableDataError
from rabisco.intake import Choices, Finding, inspect
from rabisco.runs.kinds import found, refusal
from rabisco.runs.process import this_process
from rabisco.runs.recovery import same_process
from rabisco.uploads import bring, files_of, folder_of, place_of

LOGGER = logging.getLogger("rabisco.runs")
LISTEN_SECONDS = 0.3
HEARTBEAT_SECONDS = 5
PROGRESS_SECONDS = 0.3
PATIENCE = 60  # seconds that an object store may be away which has the files
MEASURED_BYTES = 1 << 20


def main(upload_id: str) -> None:
    """Take an upload up and look through it, unless another process does or nobody wants it any more."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    session = claim(upload_id)
    if session is not None:
        session.listen()
        session.end(_look(upload_id, session))


def _look(upload_id: str, session: "UploadSession") -> dict[str, Any]:
    """Return what was found, as it is kept; whatever goes wrong is a refusal with its reason."""
    try:
        with objects.patience(PATIENCE):
            bring(place_of(upload_id))
        train, test = files_of(folder_of(upload_id))
        session.expect([path for path in (train, test) if path])
        return inspect(train, test, session.choices, on_rows=session.progress).to_dict()
    except UnusableDataError as error:
        return {"refusal": Finding(error.code, error.parameters).to_dict()}
    except RabiscoError as error:
        return refusal("picture-unreadable", reason=error.sentence)
    except MemoryError:
        LOGGER.exception("failed")
        return refusal("looking-memory")
    except Exception as error:
        LOGGER.exception("failed")
        return refusal("looking-failed", kind=type(error).__name__)


def claim(upload_id: str) -> "UploadSession | None":
    """Make an upload that is queued this process's own; ``None`` if it is not to be had."""
    waits = store.UploadRow.id == upload_id, store.UploadRow.state == "queued"
    with store.writing() as session:
        begun = {"state": "looking", "launches": 0, "heartbeat": store.now(), **this_process()}
        taking = update(store.UploadRow).where(*waits).values(begun)
        if session.scalar(taking.returning(store.UploadRow.id)) is None:
            return None
        row = session.get_one(store.UploadRow, upload_id)
        session.expunge(row)
    return UploadSession(row)


class UploadSession:
    """What one process says of the upload that it took up, until the row is no longer its own.

    Attributes:
        choices: What the user decided.
    """

    def __init__(self, row: store.UploadRow) -> None:
        self.choices = Choices.from_dict(row.choices)
        self._own = same_process(row)
        self._id = row.id
        self._rows = 0
        self._said = 0.0
        self._expected: int | None = None

    def listen(self) -> None:
        """End this process as soon as the row is no longer its own, and say meanwhile that it lives."""
        threading.Thread(target=self._listen, name="session", daemon=True).start()

    def expect(self, files: list[Path]) -> None:
        """Foresee how many rows these files hold, for the share of the work that is done."""
        counts = [_expected_rows(path) for path in files]
        self._expected = None if None in counts else sum(count for count in counts if count)

    def progress(self, rows: int) -> None:
        """Say that so many rows more were looked at, a few times a second."""
        self._rows += rows
        if time.monotonic() - self._said > PROGRESS_SECONDS:
            self._said = time.monotonic()
            share = min(0.99, self._rows / self._expected) if self._expected else None
            self._change(progress={"rows": self._rows, "share": share})

    def end(self, result: dict[str, Any]) -> None:
        """Keep what was found."""
        found(self._id, result, *self._own)

    def _change(self, **changes: Any) -> None:
        try:
            with store.writing() as session:
                session.execute(update(store.UploadRow).where(*self._own).values(**changes))
        except RabiscoError as error:  # what is lost is one of many
            LOGGER.warning("%s", error)

    def _listen(self) -> None:
        said = time.monotonic()
        while True:
            time.sleep(LISTEN_SECONDS)
            try:
                with store.reading() as session:
                    if session.scalar(select(store.UploadRow.id).where(*self._own)) is None:
                        os._exit(0)
            except RabiscoError as error:
                LOGGER.warning("%s", error)
            if time.monotonic() - said > HEARTBEAT_SECONDS:
                said = time.monotonic()
                self._change(heartbeat=store.now())


def _expected_rows(path: Path) -> int | None:
    """Return about how many rows or pictures a file holds; ``None`` where that cannot be told."""
    with path.open("rb") as file:
        head = file.read(MEASURED_BYTES)
    if head.startswith(b"\x1f\x8b"):
        return None
    if head.startswith(b"PK"):
        with suppress(Exception), zipfile.ZipFile(path) as archive:  # what is wrong with it is said by ``inspect``
            return len(archive.infolist())
        return None
    lines = head.count(b"\n") or head.count(b"\r") or 1
    return max(1, round(path.stat().st_size * lines / max(1, len(head))))


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)  # at once: nothing is left to be done
