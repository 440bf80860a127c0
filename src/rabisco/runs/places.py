"""Where a run keeps its files: ``<home>/runs/<id>/`` with ``checkpoints/`` and ``log.txt``."""

from pathlib import Path

from rabisco.settings import get_settings

CHECKPOINTS = "checkpoints"
LOG_FILE = "log.txt"
CHECKPOINT_SUFFIX = ".checkpoint"


def runs_dir() -> Path:
    """Return the folder of all runs."""
    return get_settings().home / "runs"


def folder_of(run_id: str) -> Path:
    """Return the folder of a run."""
    return runs_dir() / run_id


def checkpoints_of(run_id: str) -> Path:
    """Return the folder of a run's checkpoints."""
    return folder_of(run_id) / CHECKPOINTS


def has_checkpoint(run_id: str) -> bool:
    """Tell whether a run has a checkpoint to go on from."""
    return any(checkpoints_of(run_id).glob(f"[0-9]*{CHECKPOINT_SUFFIX}"))
