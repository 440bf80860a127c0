"""Measurements that the documentation quotes: ``python -m benchmarks [--print] [name …]``.

Each module states its claim in the first line of its docstring and has ``run() -> dict`` and ``table(dict) -> str``.
What ``run`` returns is written to ``results/<name>.json`` together with the hardware, versions, commit and date;
``tables`` puts what ``table`` makes of those files (Markdown) into the documents. A time is given beside that of a
named baseline measured in the same run. With ``--print`` the tables are printed and nothing is written.

What takes hours has ``grow(earlier)`` in place of ``run``: it yields the figures from time to time, with all that was
counted before, so it may be ended at any moment and goes on the next time. ``pieces`` tells how much of ``n`` was
counted at which commit.
"""

import importlib
import importlib.metadata
import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from rabisco.errors import InvalidConfigurationError
from rabisco.settings import Settings, get_settings

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
            f"{len(changed.splitlines())} files; commit them, or print without writing: "
            f"python -m benchmarks --print {name}"
        )
    module = importlib.import_module(f"benchmarks.{name}")
    claim = str(module.__doc__).strip().splitlines()[0]
    if not hasattr(module, "grow"):
        return _written(name, {"benchmark": name, "claim": claim, **module.run(), **environment()})
    result = earlier = read(name) if (RESULTS_DIR / f"{name}.json").is_file() else {}
    for figures in module.grow(earlier):
        grown = {"benchmark": name, "claim": claim, **figures, **environment()}
        result = _written(name, {**grown, "pieces": _pieces(earlier, grown)})
    return result


def show(name: str) -> None:
    """Run one benchmark and print its table, again whenever its figures have grown; write nothing."""
    module = importlib.import_module(f"benchmarks.{name}")
    for figures in module.grow({}) if hasattr(module, "grow") else [module.run()]:
        print(module.table(figures), flush=True)


@contextmanager
def own_home() -> Iterator[Settings]:
    """Yield settings of a temporary home, in which nothing has been trained or kept yet."""
    from rabisco import store

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:  # a process that was killed may still write
        store.close()
        get_settings.cache_clear()
        try:
            with patch.dict(os.environ, RABISCO_HOME=home):
                yield get_settings()
        finally:
            store.close()
            get_settings.cache_clear()


def _pieces(earlier: Mapping[str, Any], grown: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return how much was counted at each commit, and when last."""
    counted, pieces = earlier.get("n", 0), dict(earlier.get("pieces", {}))
    if counted and not pieces:
        pieces[earlier["commit"]] = {"n": counted, "date": earlier["date"]}
    before = pieces.get(grown["commit"], {"n": 0})["n"]
    return {**pieces, grown["commit"]: {"n": before + grown["n"] - counted, "date": grown["date"]}}


def _written(name: str, result: dict[str, Any]) -> dict[str, Any]:
    RESULTS_DIR.mkdir(exist_ok=True)
    text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False)
    new = RESULTS_DIR / f"{name}.json.new"
    new.write_text(text + "\n", encoding="utf-8")
    new.replace(RESULTS_DIR / f"{name}.json")
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


def accuracy_of(right: int, examples: int) -> dict[str, Any]:
    """Return the number of examples, the fraction that is right and its 95% Wilson interval."""
    from rabisco.evaluation.statistics import wilson_interval

    return {"n": examples, "accuracy": right / examples, "accuracy_interval": wilson_interval(right, examples)}


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
