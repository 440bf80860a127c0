"""Uploads: made from streams, found by id, deleted with their files."""

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Literal

from rabisco import store
from rabisco.errors import StorageError, UploadNotFoundError
from rabisco.intake import Finding, Inspection
from rabisco.uploads.places import TEST, TRAIN, WANTED, folder_of, is_looked_at, read_progress, uploads_dir

PIECE = 1 << 20
State = Literal["waiting", "queued", "looking", "refused", "unusable", "ready"]


@dataclass(frozen=True)
class Upload:
    """Files that were uploaded together, and what is known of them.

    Attributes:
        id: Also the name of the folder.
        name: Of the training file, for people.
        size: Bytes of all files.
        has_test: Whether there is a test file.
        created: When they came.
        owner: Token of who sent them, if the pages know one.
        state: ``waiting`` to be looked through, ``queued`` until others have been, ``looking``, ``refused`` (cannot be
            read), ``unusable`` (can be read and not trained on), or ``ready``.
        rows: Rows, or pictures, looked at so far.
        share: Of the work done, in [0, 1]; ``None`` where it cannot be told.
        inspection: What was found.
        refusal: Why they cannot be read.
    """

    id: str
    name: str
    size: int
    has_test: bool
    created: datetime
    owner: str
    state: State
    rows: int = 0
    share: float | None = None
    inspection: Inspection | None = None
    refusal: Finding | None = None

    @property
    def folder(self) -> str:
        """Where the files lie, relative to the settings' ``home``."""
        return f"uploads/{self.id}"


def create(files: Mapping[str, IO[bytes]], name: str, owner: str = "") -> Upload:
    """Keep files, and return them as an upload that waits to be looked through.

    Args:
        files: The training data as ``train`` and, if there are any, the test data as ``test``; read from where they
            stand to their ends.
        name: Of the training file.
        owner: Token of who sent them.

    Raises:
        StorageError: They could not be kept; nothing is.
    """
    upload_id = secrets.token_hex(8)
    folder = folder_of(upload_id)
    try:
        folder.mkdir(parents=True, mode=0o700)
        for part in (TRAIN, TEST):
            if part in files:
                with (folder / part).open("wb") as target:
                    shutil.copyfileobj(files[part], target, PIECE)
        with store.writing() as session:
            session.add(store.Upload(id=upload_id, name=name[:255], folder=f"uploads/{upload_id}", owner=owner))
    except (OSError, StorageError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, StorageError):
            raise
        raise StorageError(
            f"expected room for the upload on the disk. Received: {error.strerror or error}; nothing was kept. Free "
            "some space, or give write permission, and try again"
        ) from error
    return get(upload_id)


def get(upload_id: str) -> Upload:
    """Return an upload as it stands now.

    Raises:
        UploadNotFoundError: There is none of that id, or its files are gone.
    """
    folder = folder_of(upload_id)
    busy = is_looked_at(folder)  # before the row is read: what is found is written before the lock is let go of
    with store.reading() as session:
        row = session.get(store.Upload, upload_id)
    if row is None or not (folder / TRAIN).is_file():
        raise UploadNotFoundError(
            f"an upload is named by the id that it got when it came. Received: {upload_id[:40]!r}, which none has; "
            "upload the files again"
        )
    files = [path for path in files_of(folder) if path is not None]
    plain = Upload(
        id=row.id,
        name=row.name,
        size=sum(path.stat().st_size for path in files),
        has_test=len(files) > 1,
        created=row.created,
        owner=row.owner,
        state="waiting",
    )
    if row.inspection is None and busy:
        return replace(plain, state="looking", **read_progress(folder))
    if row.inspection is None:
        return replace(plain, state="queued") if (folder / WANTED).is_file() else plain
    if "refusal" in row.inspection:
        return replace(plain, state="refused", refusal=Finding.from_dict(row.inspection["refusal"]))
    inspection = Inspection.from_dict(row.inspection)
    return replace(plain, state="ready" if inspection.usable else "unusable", inspection=inspection)


def delete(upload_id: str) -> None:
    """Delete an upload with its files; runs that were trained on it stay, and cannot be resumed or repeated.

    Raises:
        UploadNotFoundError: There is none of that id.
    """
    get(upload_id)
    with store.writing() as session:
        row = session.get(store.Upload, upload_id)
        if row is not None:
            session.delete(row)
    shutil.rmtree(uploads_dir() / upload_id, ignore_errors=True)


def files_of(folder: Path) -> tuple[Path, Path | None]:
    """Return the training data of an upload's folder, and its test data if there are any."""
    test = folder / TEST
    return folder / TRAIN, test if test.is_file() else None
