"""Where a training stands, on disk: all it takes to go on as if nothing had happened.

A checkpoint is one file, written beside its place, brought to the disk and then renamed: it is whole or not there. It
holds every variable of the model (weights, moving statistics, the states of random number generators), those of the
optimizer (iterations, moments, averages), those of the running metrics within an epoch, the best weights so far and
the history. The order of the images follows from seed and epoch, so that epoch and step say where to go on.
"""

import json
import os
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabisco.errors import N_, InvalidConfigurationError, StorageError

SUFFIX = ".checkpoint"
KEPT = 2
Arrays = list[NDArray[Any]]


@dataclass
class Position:
    """Where a training stands."""

    epoch: int = 0  # epochs completed
    step: int = 0  # batches done of the epoch after these
    seconds: float = 0.0  # spent so far
    history: list[dict[str, float]] = field(default_factory=list)  # one row per epoch that was judged
    best: tuple[float, float] = (-1.0, 0.0)  # highest validation accuracy, and negative validation loss of that epoch
    highest_epoch: int = 0  # that had it; from 1, 0 before the first
    best_epoch: int = 0  # whose weights are kept
    ended: str = ""  # why it ended, if it did: completed or patience
    identity: str = ""  # what it belongs to; a training of another identity does not go on from it
    arrays: dict[str, Arrays] = field(default_factory=dict)  # variables, optimizer, metrics and best_weights


class Checkpoints:
    """The checkpoints of one training, in a folder of its own.

    Args:
        folder: Made when the first is written.
        every_seconds: Write one within an epoch after so many seconds without.
    """

    def __init__(self, folder: Path, every_seconds: float = 60.0) -> None:
        self.folder = folder
        self.every_seconds = every_seconds

    @property
    def begun(self) -> bool:
        """Whether there is anything to go on from."""
        return any(self.folder.glob("*"))

    def save(self, position: Position) -> None:
        """Write where the training stands, and remove what is older than the one before.

        Raises:
            StorageError: The disk is full or the folder cannot be written to; earlier checkpoints are still there.
        """
        values = {name: value for name, value in vars(position).items() if name != "arrays"}
        flat = {f"{kind}-{at}": array for kind, arrays in position.arrays.items() for at, array in enumerate(arrays)}
        counts = {kind: len(arrays) for kind, arrays in position.arrays.items()}
        text = json.dumps({**values, "counts": counts})
        target = self.folder / f"{position.epoch:06}-{position.step:08}{SUFFIX}"
        temporary = self.folder / f".new{SUFFIX}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                np.savez(file, allow_pickle=False, **flat, position=np.array(text))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
            self._sync_folder()
            for old in self._found()[:-KEPT]:
                old.unlink(missing_ok=True)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise StorageError(
                N_(
                    "a checkpoint must fit on the disk. Received: %(reason)s; the training ended at the last one "
                    "that did. Free some space or give write permission, and resume it"
                ),
                reason=str(error.strerror or error),
            ) from error

    def load(self, identity: str) -> Position | None:
        """Return where the training stood last; ``None`` if it has not begun.

        Raises:
            InvalidConfigurationError: The checkpoint belongs to a training of another identity.
        """
        for path in reversed(self._found()):
            position = _read(path)
            if position is not None:
                if position.identity != identity:
                    raise InvalidConfigurationError(
                        N_(
                            "a training goes on only from a checkpoint of the same data, architecture and "
                            "configuration. "
                            "Received: one of others; train anew"
                        )
                    )
                return position
        return None

    def clear(self) -> None:
        """Remove every checkpoint."""
        for path in self.folder.rglob(f"*{SUFFIX}"):
            path.unlink(missing_ok=True)

    def _found(self) -> list[Path]:
        return sorted(self.folder.glob(f"[0-9]*{SUFFIX}"))

    def _sync_folder(self) -> None:
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _read(path: Path) -> Position | None:
    """Return what a file holds; ``None`` if the disk has damaged it, so that the one before is taken."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            values = json.loads(str(stored["position"]))
            arrays = {
                kind: [stored[f"{kind}-{at}"] for at in range(count)] for kind, count in values.pop("counts").items()
            }
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    values.setdefault("highest_epoch", values["best_epoch"])  # earlier versions kept that one
    return Position(**{**values, "best": tuple(values["best"]), "arrays": arrays})
