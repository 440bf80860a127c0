"""A CSV file of 1,000,000 images is looked through and loaded in less than 400 MB of memory.

MNIST's 60,000 training images as a CSV file (110 MB), and 1,000,000 rows of them (1.8 GB; each repetition of an image
differs in one pixel), written to a temporary folder. ``inspect`` and ``load`` each run in a process of their own,
whose greatest resident set and processor time are read at its end. The baselines, which check nothing, read the
smaller file to a matrix: ``numpy.loadtxt`` and, where it is installed, Polars.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from rabisco import data
from rabisco.evaluation.tables import markdown_table

ROWS = (60_000, 1_000_000)
_CHILD = """
import json, sys, time
from pathlib import Path
{setup}
started = time.perf_counter(), time.process_time()
{work}
status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
figures = {{
    "seconds": time.perf_counter() - started[0],
    "processor_seconds": time.process_time() - started[1],
    "peak_mb": int(status["VmHWM"].split()[0]) * 1024 / 1e6,
    "rows": rows,
}}
print(json.dumps(figures))
"""
_WORK = {
    "import": ("from rabisco import intake", "rows = 0"),
    "inspect": ("from rabisco import intake", "rows = intake.inspect(Path(sys.argv[1])).train.rows"),
    "load": (
        "from rabisco import intake\ndialect = intake.inspect(Path(sys.argv[2])).dialect",
        "own = intake.load(Path(sys.argv[1]), dialect, folder=Path(sys.argv[1]).parent)\n"
        "rows = len(own.train) + len(own.validation) + len(own.test)",
    ),
    "loadtxt": (
        "import numpy as np",
        "rows = len(np.loadtxt(sys.argv[1], dtype=np.uint8, delimiter=',', skiprows=1))",
    ),
    "polars": ("import polars", "rows = len(polars.read_csv(sys.argv[1]).to_numpy())"),
}


def run() -> dict[str, Any]:
    """Measure both files, and the baseline on the smaller one."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = (Path(folder) / f"{rows}.csv" for rows in ROWS)
        _write(small, ROWS[0])
        baseline = _measure("loadtxt", small)
        polars = _measure("polars", small) if importlib.util.find_spec("polars") else None
        figures = [_of(small, small, baseline)]
        _write(large, ROWS[1])
        figures.append(_of(large, small, baseline))
        imported = _measure("import", small)
    return {"n": ROWS[-1], "files": figures, "loadtxt": baseline, "polars": polars, "import_mb": imported["peak_mb"]}


def table(result: dict[str, Any]) -> str:
    """Return time and memory of each step as a Markdown table."""
    rows = [
        (
            f"`{step}`, {file['rows']:,} rows, {file['megabytes']:,.0f} MB",
            f"{file[step]['processor_seconds']:.1f} s",
            f"{file[step]['peak_mb']:.0f} MB",
            f"{file[step]['ratio']:.2f} ×",
        )
        for file in result["files"]
        for step in ("inspect", "load")
    ]
    baseline = result["loadtxt"]
    for title, name in (("`numpy.loadtxt`", "loadtxt"), ("Polars", "polars")):
        if figures := result.get(name):
            ratio = figures["processor_seconds"] / baseline["processor_seconds"]
            rows.append(
                (
                    f"{title}, 60,000 rows",
                    f"{figures['processor_seconds']:.1f} s",
                    f"{figures['peak_mb']:.0f} MB",
                    f"{ratio:.2f} ×",
                )
            )
    header = ("Step", "Processor time", "Peak memory", "Time per row, against `numpy.loadtxt`")
    return f"{markdown_table(header, rows)}\n\nImporting alone takes {result['import_mb']:.0f} MB."


def _of(path: Path, small: Path, baseline: dict[str, float]) -> dict[str, Any]:
    measured: dict[str, Any] = {step: _measure(step, path, small) for step in ("inspect", "load")}
    for figures in measured.values():
        per_row = figures["processor_seconds"] / figures["rows"]
        figures["ratio"] = per_row / (baseline["processor_seconds"] / baseline["rows"])
    return {"rows": measured["inspect"]["rows"], "megabytes": path.stat().st_size / 1e6, **measured}


def _measure(step: str, *paths: Path) -> dict[str, float]:
    setup, work = _WORK[step]
    command = [sys.executable, "-c", _CHILD.format(setup=setup, work=work), *map(str, paths)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    figures: dict[str, float] = json.loads(output)
    return figures


def _write(path: Path, rows: int) -> None:
    """Write so many rows of MNIST; the corner pixel, 0 in all of them, counts the repetitions."""
    dataset = data.load("mnist")
    words = np.array([b"%d" % value for value in range(256)], dtype=object)
    images = np.concatenate([dataset.train.images, dataset.validation.images]).reshape(-1, 784)
    labels = np.concatenate([dataset.train.labels, dataset.validation.labels])
    names = b",".join(b"%dx%d" % (row, column) for row in range(1, 29) for column in range(1, 29))
    rest = [b",".join(words[image[1:]]) for image in images]
    with path.open("wb") as file:
        file.write(b"label," + names + b"\n")
        for start in range(0, rows, len(rest)):
            repetition = start // len(rest)
            count = min(len(rest), rows - start)
            file.writelines(
                b"%d,%d,%s\n" % (label, repetition, pixels)
                for label, pixels in zip(labels[:count].tolist(), rest[:count], strict=True)
            )
