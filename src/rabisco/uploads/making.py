"""Uploads that are made here: of files and folders of this machine, looked through at once, and of drawings."""

import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco import store
from rabisco.artifacts.durable import told_of_storage
from rabisco.intake import Choices, inspect
from rabisco.intake.archive import open_members
from rabisco.intake.findings import refusal
from rabisco.uploads.storage import PIECE, TRAIN, Upload, create, get, uploads_dir


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
        raise refusal(inspection.errors[0])
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


def create_of_drawings(drawings: Iterable[LabeledDrawing], name: str, owner: str = "") -> Upload:
    """Keep drawings, whose class names must be fit for folders, as an upload that is queued to be looked through.

    Raises:
        StorageError: They could not be kept; nothing is.
    """
    with tempfile.SpooledTemporaryFile(PIECE) as content:
        with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
            for number, one in enumerate(drawings, 1):
                archive.writestr(f"{one.class_name}/{number:05}.png", _encode(one.picture))
        content.seek(0)
        return create({TRAIN: content}, name, owner, choices={})


def _encode(picture: NDArray[np.uint8] | None) -> bytes:
    if picture is None:
        return b""
    content = io.BytesIO()
    Image.fromarray(picture).convert("L").save(content, "PNG", optimize=True)
    return content.getvalue()
