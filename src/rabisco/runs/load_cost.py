"""How long a model takes to load, and how much memory: ``python -m rabisco.runs.load_cost <name>``, by itself."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from pydantic import BaseModel, ValidationError

from rabisco.runs.runners import environment

TIMES = 3  # that it is loaded; the median counts
SECONDS = 120


class LoadCost(BaseModel):
    """What loading a model takes."""

    load_ms: float  # milliseconds from its files to a session that answers, median
    # By how much the process grows when it is loaded and reads one image; ``None`` where the system does not say
    memory_bytes: int | None = None


def measure_load_cost(name: str) -> LoadCost | None:
    """Return what loading a model takes, measured in a process of its own; ``None`` if that fails."""
    command = [sys.executable, "-m", "rabisco.runs.load_cost", name]
    try:
        done = subprocess.run(command, env=environment(), capture_output=True, timeout=SECONDS, check=True)
        return LoadCost.model_validate_json(done.stdout)
    except (OSError, subprocess.SubprocessError, ValidationError):
        return None


def _main(name: str) -> None:
    import numpy as np

    from rabisco.artifacts import load_artifact
    from rabisco.inference import Predictor

    artifact = load_artifact(name)
    image = np.zeros((1, *artifact.card.image_shape), np.uint8)
    before = _resident()
    started = time.perf_counter()
    first = Predictor(artifact)
    times = [time.perf_counter() - started]
    first.logits(image)
    after = _resident()
    for _ in range(TIMES - 1):
        started = time.perf_counter()
        Predictor(artifact)
        times.append(time.perf_counter() - started)
    grown = max(0, after - before) if before is not None and after is not None else None
    print(json.dumps({"load_ms": 1000 * sorted(times)[TIMES // 2], "memory_bytes": grown}))


def _resident() -> int | None:
    """Return the bytes of this process that lie in memory, where the system says so."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    _main(sys.argv[1])
