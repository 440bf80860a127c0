"""A process that has imported Keras and waits: a run that it begins is at its first batch seconds earlier."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rabisco.runs.process import kill, lives

MODULE = "rabisco.runs.worker"  # without the id of a run, it waits for orders
_GPU = Path("/dev/nvidiactl")  # what has been begun on a GPU does not survive a fork


def can_fork() -> bool:
    """Tell whether a process that has imported Keras may be forked here: on Linux, TensorFlow, without a GPU."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    return sys.platform == "linux" and backend == "tensorflow" and not _GPU.exists()


class WarmProcess:
    """The supervisor's side of it.

    Args:
        environment: Of the process, and of all that it begins.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", MODULE],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )
        self._told: dict[str, dict[str, Any]] = {}
        self._listener = threading.Thread(target=self._listen, name="warm", daemon=True)
        self._listener.start()

    @property
    def waits(self) -> bool:
        """Whether it still takes orders."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def end(self) -> None:
        """Let it end; what it has begun goes on."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            pipe.close()

    def keep(self) -> None:
        """Let it wait longer."""
        self._say({})

    def begin(self, row_id: str, folder: Path) -> "Begun":
        """Let a process of its own begin the run, in its folder."""
        self._told.pop(row_id, None)
        self._say({"id": row_id, "folder": str(folder)})
        return Begun(self, row_id)

    def told(self, row_id: str) -> dict[str, Any]:
        """Return ``pid`` and ``identity`` of the run's process once it has begun, and ``status`` once it has ended."""
        return self._told.get(row_id, {})

    def _say(self, order: dict[str, str]) -> None:
        with contextlib.suppress(OSError, ValueError):  # it has ended, as whoever waits for its child sees
            assert self._process.stdin
            self._process.stdin.write(json.dumps(order).encode() + b"\n")

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            told = json.loads(line)
            self._told.setdefault(told.pop("id"), {}).update(told)


class Begun:
    """A process that a warm one began; what the supervisor needs of a ``subprocess.Popen``."""

    def __init__(self, warm: WarmProcess, row_id: str) -> None:
        self._warm, self._id = warm, row_id

    def poll(self) -> int | None:
        """Return the exit status, once it has ended; -1 where nobody is left who could tell."""
        told = self._warm.told(self._id)
        if "status" in told:
            return int(told["status"])
        if self._warm.waits or ("pid" in told and lives(told["pid"], told["identity"])):
            return None
        return -1

    def kill(self) -> None:
        """End it, if it has begun."""
        told = self._warm.told(self._id)
        kill(told.get("pid"), told.get("identity", ""))
