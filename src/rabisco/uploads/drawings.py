"""User-supplied drawings as an upload: a zip of pictures, one folder per class, as it could have been sent."""

import io
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco.uploads.keeping import PIECE, TRAIN, Upload, create


@dataclass(frozen=True)
class LabeledDrawing:
    """One drawing, RGB uint8 ``(H, W, 3)``, and the class that it shows; ``None`` where it cannot be read."""

    class_name: str
    picture: NDArray[np.uint8] | None


def create_of_drawings(drawings: Iterable[LabeledDrawing], name: str, owner: str = "") -> Upload:
    """Keep drawings as an upload, queued to be looked through.

    Args:
        drawings: In any order; a class name must be fit for a folder.
        name: Of the upload, for people.
        owner: Token of who drew them.

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
