"""Where a run keeps its files: ``<home>/runs/<id>/`` with ``checkpoints/`` and ``log.txt``."""

from contextlib import suppress
from pathlib import Path

from rabisco import objects
from rabisco.settings import get_settings

LOG_FILE = "log.txt"
CHECKPOINT_SUFFIX = ".checkpoint"
_EXPECTED = ".expected"


def runs_dir() -> Path:
    """Return the folder of all runs."""
    return get_settings().home / "runs"


def cluster_file() -> Path:
    """Return the file that says how the cluster stands on which trainings run."""
    return runs_dir() / ".cluster.json"


def folder_of(run_id: str) -> Path:
    """Return the folder of a run."""
    return runs_dir() / run_id


def checkpoints_of(run_id: str) -> Path:
    """Return the folder of a run's checkpoints."""
    return get_settings().home / place_of(run_id)


def expect() -> None:
    """Say that somebody is about to order a training, so that whoever supervises gets ready."""
    if not get_settings().trainings:
        return
    with suppress(OSError):
        runs_dir().mkdir(parents=True, exist_ok=True)
        (runs_dir() / _EXPECTED).touch()


def expected() -> float:
    """Return when ``expect`` was last called; 0 for never."""
    with suppress(OSError):
        return (runs_dir() / _EXPECTED).stat().st_mtime
    return 0.0


def has_checkpoint(run_id: str) -> bool:
    """Tell whether a run has a checkpoint to go on from, here or, as far as is known here, in the object store."""
    here = any(checkpoints_of(run_id).glob(f"[0-9]*{CHECKPOINT_SUFFIX}"))
    return here or objects.manifest_key(place_of(run_id)) in objects.remembered()


def place_of(run_id: str) -> str:
    """Return the folder of a run's checkpoints as an object store names it: relative to the settings' ``home``."""
    return f"runs/{run_id}/checkpoints"
