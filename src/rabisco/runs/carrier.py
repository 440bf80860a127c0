"""What carries a training on a machine of a cluster: a Ray actor, whose child is the training's process."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from rabisco.runs.places import LOG_FILE
from rabisco.runs.process import identity

LINGER = 60  # seconds that it waits to be asked how its training ended
LOOK = 0.1  # seconds between two looks for its child


class Carrier:
    """One training on one machine."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._parent = os.getppid()

    def begin(self, run_id: str, folder: str, told: dict[str, str]) -> dict[str, Any]:
        """Begin the training, unless it has begun; return number and identity of its process."""
        with self._lock:
            if self._process is None:
                Path(folder).mkdir(parents=True, exist_ok=True)
                with Path(folder, LOG_FILE).open("ab") as log:
                    self._process = subprocess.Popen(
                        [sys.executable, "-m", "rabisco.runs.worker", run_id, "while-heard"],
                        env={**os.environ, **told},
                        cwd=folder,
                        stdin=subprocess.PIPE,  # closed when this process dies
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                threading.Thread(target=self._leave, name="end", daemon=True).start()
            pid = self._process.pid
        return {"pid": pid, "identity": identity(pid) or ""}

    def wait(self) -> int:
        """Return the exit status of the training, once it has ended."""
        while self._process is None:
            time.sleep(LOOK)
        return self._process.wait()

    def _leave(self) -> None:
        """End with the node, training and all; give the machine back where nobody asks how the training ended."""
        assert self._process is not None
        while self._process.poll() is None and os.getppid() == self._parent:
            time.sleep(LOOK)
        if self._process.returncode is not None:
            time.sleep(LINGER)
        os._exit(0)
