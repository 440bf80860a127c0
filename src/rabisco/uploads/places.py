"""Where uploads lie, and what tells whether one is being looked through: a lock that ends with the process."""

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from rabisco.artifacts.durable import try_lock
from rabisco.settings import get_settings

TRAIN, TEST = "train", "test"
LOCK = ".looking"
PROGRESS = "progress.json"
CANCEL = "cancel"
WANTED = "wanted.json"  # what the user decided, where the looking waits for its turn
_ID = re.compile(r"[\w-]{1,64}", re.ASCII)


def uploads_dir() -> Path:
    """Return the folder of all uploads."""
    return get_settings().home / "uploads"


def folder_of(upload_id: str) -> Path:
    """Return the folder of an upload; that of an id which no upload can have does not exist."""
    return uploads_dir() / (upload_id if _ID.fullmatch(upload_id) else "none")


def is_looked_at(folder: Path) -> bool:
    """Tell whether a process looks through an upload now; one that was told to end no longer counts."""
    if (folder / CANCEL).exists() or not (folder / LOCK).exists():
        return False
    with suppress(OSError):
        handle = try_lock(folder / LOCK)
        if handle is None:
            return True
        os.close(handle)
    return False


def write_progress(folder: Path, values: dict[str, Any]) -> None:
    """Replace what is known of how far the looking is; a reader finds the old values or the new."""
    temporary = folder / f".{PROGRESS}"
    temporary.write_text(json.dumps(values), encoding="utf-8")
    temporary.replace(folder / PROGRESS)


def read_progress(folder: Path) -> dict[str, Any]:
    """Return how far the looking is: ``rows`` looked at, and the ``share`` of the work done, if it is known."""
    try:
        values: dict[str, Any] = json.loads((folder / PROGRESS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"rows": 0, "share": None}
    return values
