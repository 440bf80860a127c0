"""Files that were uploaded to be trained on: kept in a folder each, looked through by a process of their own.

They are made from streams, of files of this machine or of drawings, queued to be looked through, found by id and
deleted with their files; ``rabisco.runs.upload_worker`` looks through those that are queued. The folder
``<home>/uploads/<id>/`` holds ``train`` and, if there is one, ``test``; their bytes tell what they are. Whatever takes
an id raises ``UploadNotFoundError`` where no upload has it, and whatever changes something ``StorageError`` where that
cannot be kept.
"""

import io
import re
import secrets
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import func, null, select, update
from sqlalchemy.orm import Session

from rabisco import objects, store
from rabisco.artifacts.durable import told_of_storage
from rabisco.errors import N_, RabiscoError, StorageError, UploadNotFoundError
from rabisco.intake import Choices, Finding, Inspection, inspect
from rabisco.intake.archive import open_members
from rabisco.intake.findings import refuse
from rabisco.settings import get_settings
from rabisco.text import normalized

TRAIN, TEST = "train", "test"
PIECE = 1 << 20
MOST_LOOKING = 2  # uploads that are looked through at the same time; each holds a core
_AGAIN: dict[str, Any] = {"inspection": null(), "progress": null(), "pid": None, "process_started": "", "launches": 0}
State = Literal["waiting", "queued", "looking", "refused", "unusable", "ready"]
OPEN = ("queued", "looking")
_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
_elsewhere: dict[str, dict[str, int]] = {}  # bytes of uploads whose files are not here; they never change


@dataclass(frozen=True)
class Upload:
    """Files that were uploaded together, and what is known of them."""

    id: str  # also the name of the folder
    name: str  # of the training file, for people
    size: int  # bytes of all files
    has_test: bool  # whether there is a test file
    created: datetime  # when they came
    owner: str  # token of who sent them, if the pages know one
    # ``waiting`` until someone wants them looked through, ``queued`` until others have been, ``looking``, ``refused``
    # (cannot be read), ``unusable`` (can be read and not trained on), or ``ready``
    state: State
    rows: int = 0  # rows, or pictures, looked at so far
    share: float | None = None  # of the work done, in [0, 1]; ``None`` where it cannot be told
    inspection: Inspection | None = None  # what was found
    refusal: Finding | None = None  # why they cannot be read

    @property
    def folder(self) -> str:
        """Where the files lie, relative to the settings' ``home``."""
        return place_of(self.id)


def uploads_dir() -> Path:
    """Return the folder of all uploads."""
    return get_settings().home / "uploads"


def place_of(upload_id: str) -> str:
    """Return the folder of an upload as its row and the object store name it: relative to the settings' ``home``."""
    return f"uploads/{upload_id}"


def folder_of(upload_id: str) -> Path:
    """Return the folder of an upload; that of an id which no upload can have does not exist."""
    return uploads_dir() / (upload_id if _ID.fullmatch(upload_id) else "none")


def create(
    files: Mapping[str, IO[bytes]], name: str, owner: str = "", choices: Mapping[str, Any] | None = None
) -> Upload:
    """Keep files, and return them as an upload.

    Args:
        files: The training data as ``train`` and, if there are any, the test data as ``test``; read from where they
            stand to their ends.
        name: Of the training file.
        owner: Token of who sent them.
        choices: What the user decided; given, the upload is queued to be looked through, as by ``look``.

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
        objects.send_folder({path.name: path for path in files_of(folder) if path}, place_of(upload_id))
        state: State = "waiting" if choices is None else "queued"
        name = normalized(name)[:255]
        row = store.UploadRow(id=upload_id, name=name, folder=place_of(upload_id), owner=owner, state=state)
        row.choices = dict(choices or {})
        with store.writing() as session:
            session.add(row)
    except (OSError, RabiscoError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, RabiscoError):
            with suppress(RabiscoError):
                objects.remove_folder(place_of(upload_id))
            raise
        raise StorageError(
            N_(
                "expected room for the upload on the disk. Received: %(reason)s; nothing was kept. Free some space, "
                "or give write permission, and try again"
            ),
            reason=str(error.strerror or error),
        ) from error
    return get(upload_id)


def get(upload_id: str) -> Upload:
    """Return an upload as it stands now.

    Raises:
        UploadNotFoundError: There is none of that id, or its files are gone.
    """
    with store.reading() as session:
        row = session.get(store.UploadRow, upload_id)
        state = _shown_state(session, row) if row else "waiting"
    sizes = _sizes(upload_id) if row else {}
    if row is None or TRAIN not in sizes:
        raise UploadNotFoundError(
            N_(
                "an upload is named by the id that it got when it came. Received: %(received)s, which none has; "
                "upload the files again"
            ),
            received=repr(upload_id[:40]),
        )
    found = row.inspection or {}
    return Upload(
        id=row.id,
        name=row.name,
        size=sum(sizes.values()),
        has_test=TEST in sizes,
        created=row.created,
        owner=row.owner,
        state=state,
        **(row.progress or {}),
        inspection=Inspection.from_dict(found) if found and "refusal" not in found else None,
        refusal=Finding.from_dict(found["refusal"]) if "refusal" in found else None,
    )


def look(upload_id: str, choices: Mapping[str, Any] | None = None) -> Upload:
    """Queue an upload to be looked through, anew if it has been, and return it at once; a supervisor sees to it.

    The choices are what the user decided, as ``Choices.to_dict`` gives it.
    """
    get(upload_id)
    wanted = dict(choices or {})
    with store.writing() as session:
        row = session.get(store.UploadRow, upload_id)
        if row is not None and not (row.state in OPEN and row.choices == wanted):
            again = {"state": "queued", "choices": wanted, "queued": store.now(), **_AGAIN}
            session.execute(update(store.UploadRow).where(store.UploadRow.id == upload_id).values(**again))
    return get(upload_id)


def cancel(upload_id: str) -> Upload:
    """Have nobody look through an upload any more; one that was looked through stays as it is."""
    get(upload_id)
    looked_for = store.UploadRow.id == upload_id, store.UploadRow.state.in_(OPEN)
    with store.writing() as session:
        session.execute(update(store.UploadRow).where(*looked_for).values(state="waiting", **_AGAIN))
    return get(upload_id)


def _shown_state(session: Session, row: store.UploadRow) -> State:
    """Return the state of a row; one whose process is about to start is being looked through already."""
    if row.state == "queued":
        before = (store.UploadRow.state == "queued") & (store.UploadRow.queued < row.queued)
        ahead = select(func.count()).where((store.UploadRow.state == "looking") | before)
        return "looking" if (session.scalar(ahead) or 0) < MOST_LOOKING else "queued"
    return cast("State", row.state)


def delete(upload_id: str) -> None:
    """Delete an upload with its files; runs that were trained on it stay, and cannot be resumed or repeated.

    Raises:
        StorageError: The object store does not answer; nothing is deleted.
    """
    get(upload_id)
    objects.remove_folder(place_of(upload_id))
    with store.writing() as session:
        row = session.get(store.UploadRow, upload_id)
        if row is not None:
            session.delete(row)
    shutil.rmtree(uploads_dir() / upload_id, ignore_errors=True)


def is_kept(place: str) -> bool:
    """Return whether the files of an upload, by its ``folder``, are here or in the object store."""
    return (get_settings().home / place).exists() or objects.manifest_of(place) is not None


def bring(place: str) -> None:
    """Fetch the files of an upload, by its ``folder``, if they are not here but in the object store.

    Raises:
        StorageError: The store does not answer, or what it has is damaged.
    """
    folder = get_settings().home / place
    if not (folder / TRAIN).exists():
        objects.fetch_folder(place, folder)


def _sizes(upload_id: str) -> dict[str, int]:
    """Return the bytes of each file of an upload, which lie here or in the object store."""
    found = {path.name: path.stat().st_size for path in files_of(folder_of(upload_id)) if path and path.is_file()}
    shared = objects.bucket()
    if shared is None or TRAIN in found:
        return found
    if upload_id not in _elsewhere and (manifest := objects.manifest_of(place_of(upload_id))):
        entries = shared.entries(f"{place_of(upload_id)}/")
        _elsewhere[upload_id] = {name: entries[key].size for name, key in manifest.items() if key in entries}
    return _elsewhere.get(upload_id, {})


def files_of(folder: Path) -> tuple[Path, Path | None]:
    """Return the training data of an upload's folder, and its test data if there are any."""
    test = folder / TEST
    return folder / TRAIN, test if test.is_file() else None


def keep(train: Path, test: Path | None = None, choices: Choices | None = None) -> Upload:
    """Copy local data into an upload that is ready for training; later changes to the originals do not affect it.

    Args:
        train: A CSV file, a zip archive of pictures by class, or a folder of them.
        test: Test data, likewise.
        choices: What the user decided; the data decide the rest.

    Raises:
        UnusableDataError: They cannot be trained on; it gives the first reason.
        StorageError: There is no room to keep them.
    """
    inspection = inspect(train, test, choices)
    if inspection.errors:
        raise refuse(inspection.errors[0].code, **inspection.errors[0].parameters)
    paths = {"train": train} if test is None else {"train": train, "test": test}
    with ExitStack() as opened:
        files = {part: opened.enter_context(_as_file(path)) for part, path in paths.items()}
        upload = create(files, train.resolve().name)
    with store.writing() as session:
        row = session.get_one(store.UploadRow, upload.id)
        row.state, row.inspection = "ready", inspection.to_dict()
    return get(upload.id)


@contextmanager
def _as_file(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file, opened; a folder as a zip archive, uncompressed."""
    if path.is_dir():
        with told_of_storage():
            uploads_dir().mkdir(parents=True, exist_ok=True)
            packed = tempfile.TemporaryFile(dir=uploads_dir())  # noqa: SIM115
        with packed:
            _pack(path, packed)
            yield packed
    else:
        with path.open("rb") as file:
            yield file


def _pack(folder: Path, target: IO[bytes]) -> None:
    with told_of_storage(), open_members(folder) as contents, zipfile.ZipFile(target, "w") as archive:
        for member in contents.members:
            archive.writestr(member.name, contents.read(member))
    target.seek(0)


@dataclass(frozen=True)
class LabeledDrawing:
    """One drawing, RGB uint8 ``(H, W, 3)``, and the class that it shows; ``None`` where it cannot be read."""

    class_name: str
    picture: NDArray[np.uint8] | None


def create_of_drawings(drawings: Iterable[LabeledDrawing], name: str) -> Upload:
    """Keep drawings, whose class names must be fit for folders, as an upload that is queued to be looked through.

    Raises:
        StorageError: They could not be kept; nothing is.
    """
    with tempfile.SpooledTemporaryFile(PIECE) as content:
        with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
            for number, one in enumerate(drawings, 1):
                archive.writestr(f"{one.class_name}/{number:05}.png", _encode(one.picture))
        content.seek(0)
        return create({TRAIN: content}, name, choices={})


def _encode(picture: NDArray[np.uint8] | None) -> bytes:
    if picture is None:
        return b""
    content = io.BytesIO()
    Image.fromarray(picture).convert("L").save(content, "PNG", optimize=True)
    return content.getvalue()
