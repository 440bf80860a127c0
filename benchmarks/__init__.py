"""Measurements that the documentation quotes: ``python -m benchmarks [name …]``.

Each module states its claim in the first line of its docstring and has ``run() -> dict`` and ``table(dict) -> str``.
What ``run`` returns is written to ``results/<name>.json`` together with the hardware, versions, commit and date;
``tables`` puts what ``table`` makes of those files (Markdown) into the documents. A time is given beside that of a
named baseline measured in the same run.
"""

import importlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabisco.errors import InvalidConfigurationError

ROOT = Path(__file__).parent.parent
RESULTS_DIR = Path(__file__).parent / "results"
DIGIT_MODELS = ("mnist-cnn", "mnist-linear")
TINY_MODEL = "mnist-tiny"
CHARACTER_MODELS = ("emnist-cnn", "emnist-linear")
_LIBRARIES = ("rabisco", "numpy", "pillow", "onnxruntime", "flask", "uvicorn", "keras", "tensorflow-cpu")


def run(name: str) -> dict[str, Any]:
    """Run one benchmark, write its result and return it.

    Raises:
        InvalidConfigurationError: The code differs from the commit that the result would name.
    """
    if changed := _git("status", "--porcelain", "--", "src", "benchmarks/*.py"):
        raise InvalidConfigurationError(
            f"a result names the commit that it was measured on, so the code must be committed. Received: changes in "
            f"{len(changed.splitlines())} files; commit them, or print without writing: python -m benchmarks.{name}"
        )
    module = importlib.import_module(f"benchmarks.{name}")
    claim = str(module.__doc__).strip().splitlines()[0]
    result = {"benchmark": name, "claim": claim, **module.run(), **environment()}
    RESULTS_DIR.mkdir(exist_ok=True)
    text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False)
    (RESULTS_DIR / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return result


def read(name: str) -> dict[str, Any]:
    """Return the committed result of one benchmark."""
    result: dict[str, Any] = json.loads((RESULTS_DIR / f"{name}.json").read_text(encoding="utf-8"))
    return result


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return how many values there are, their median, mean, 5th and 95th percentile, least and greatest."""
    array = np.asarray(values, dtype=np.float64)
    low, median, high = np.percentile(array, [5, 50, 95])
    figures = {"median": median, "mean": array.mean(), "p5": low, "p95": high, "min": array.min(), "max": array.max()}
    return {"n": len(array), **{name: float(value) for name, value in figures.items()}}


def interval(figures: Mapping[str, Any]) -> str:
    """Return the ``accuracy_interval`` among the figures as text."""
    low, high = figures["accuracy_interval"]
    return f"{low:.2%} – {high:.2%}"


def environment() -> dict[str, Any]:
    """Return where and when this runs: hardware, versions, commit, date."""
    return {
        "hardware": {"processor": _processor(), "cores": os.cpu_count(), "system": platform.platform(terse=True)},
        "versions": {"python": platform.python_version(), **_versions()},
        "commit": _commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _versions() -> dict[str, str]:
    installed = {}
    for library in _LIBRARIES:
        try:
            installed[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return installed


def _commit() -> str:
    return _git("rev-parse", "--short=12", "HEAD")


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf-8").splitlines() if information.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
