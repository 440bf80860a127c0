"""Where uploads lie."""

import re
from pathlib import Path

from rabisco.settings import get_settings

TRAIN, TEST = "train", "test"
_ID = re.compile(r"[\w-]{1,64}", re.ASCII)


def uploads_dir() -> Path:
    """Return the folder of all uploads."""
    return get_settings().home / "uploads"


def place_of(upload_id: str) -> str:
    """Return the folder of an upload as its row and the object store name it: relative to the settings' ``home``."""
    return f"uploads/{upload_id}"


def folder_of(upload_id: str) -> Path:
    """Return the folder of an upload; that of an id which no upload can have does not exist."""
    return uploads_dir() / (upload_id if _ID.fullmatch(upload_id) else "none")
