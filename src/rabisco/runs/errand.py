"""What a page asks a process of its own to find out: how far that is stands in a file, for all servers."""

import time
from pathlib import Path

from pydantic import BaseModel, Field

from rabisco import objects
from rabisco.artifacts.durable import write_whole
from rabisco.runs.process import host, identity

BEGINS = 30.0  # seconds after which a process that never began is gone
SILENT = 3600.0  # seconds after which what another machine said last is no longer so


class Errand(BaseModel):
    """Which process finds it out, and what it said last.

    Attributes:
        message: Why it failed, else empty; a sentence and its values.
        host: Machine of the process.
        pid: Of the process, 0 before it began.
        process_started: Distinguishes it from a later process with the same PID.
        moment: When this was written, in seconds since 1970.
    """

    message: str = ""
    host: str = Field(default_factory=host)
    pid: int = 0
    process_started: str = ""
    moment: float = Field(default_factory=time.time)

    @property
    def is_gone(self) -> bool:
        """Whether its process has ended, or never began."""
        if self.host != host():
            return time.time() - self.moment > SILENT
        return identity(self.pid) != self.process_started if self.pid else time.time() - self.moment > BEGINS

    def write(self, path: Path) -> None:
        """Write it to a file of all servers."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, self.model_copy(update={"moment": time.time()}).model_dump_json() + "\n")
        objects.share(path)
