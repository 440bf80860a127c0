"""Bulk reading that is killed and started again answers every picture once; its pace beside one process alone.

``rabisco predict --bulk`` over a zip archive of 100,000 PNG files (280×280; 1,000 of MNIST's test digits drawn at a
random place, in turn; ``BENCHMARK_PICTURES`` for another number), and one file in 1,000 that is no picture. It is
ended by SIGKILL in the middle and started again. The baseline reads the same bytes in one process with ``decode`` and
``predict``, 2,000 before the command and 2,000 after it. Pace is pictures per second of processor time, summed over
all processes of the second command. It is measured after its first 1,000 answers (or a tenth of all), when every
process has started; the time before the first answer is reported separately. Processor time is less affected by other
programs than clock time; both are reported. Memory is that of all these processes together (PSS), five times a second.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil

from benchmarks.canvas import draw_png
from rabisco import data
from rabisco.evaluation.tables import markdown_table
from rabisco.images import decode
from rabisco.inference import get_predictor

PICTURES = int(os.environ.get("BENCHMARK_PICTURES", "100000"))
DIFFERENT, ALONE, MODEL = 1000, 2000, "mnist-cnn"
BEGUN = min(1000, PICTURES // 10)  # answers after which each process is held to have begun
ROW = 400  # bytes of one, about
NO_PICTURE = 1000  # one in so many


def run() -> dict[str, Any]:
    """Read all, with a kill in the middle, and count."""
    random = np.random.default_rng(0)
    contents = [draw_png(digit, random) for digit in data.load("mnist").test.images[:DIFFERENT]]
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "scans.zip", Path(folder) / "answers.jsonl"
        names = _write(source, contents)
        alone = [_alone(contents)]
        command = [sys.executable, "-m", "rabisco", "predict", "--bulk", str(source), str(out), "--model", MODEL]
        first = _followed(command, out, PICTURES // 2)
        done = int(json.loads(out.with_name(f"{out.name}.journal.json").read_text())["tally"]["done"])
        size = out.stat().st_size
        second = _followed(command, out, None, size)
        alone.append(_alone(contents))
        files = Counter(json.loads(line)["file"] for path in _outputs(out) for line in path.open(encoding="utf-8"))
        bad = sum(1 for _ in _outputs(out)[1].open(encoding="utf-8"))
        read = sum(1 for _ in out.open(encoding="utf-8")) - second["rows_before"]
    by_processor, by_clock = (float(np.mean([one[at] for one in alone])) for at in (0, 1))
    cores = len(os.sched_getaffinity(0))
    return {
        "n": PICTURES,
        "cores": cores,
        "killed_at": done,
        "repeated": sum(count - 1 for count in files.values()),
        "missing": len(names - set(files)),
        "unreadable": bad,
        "alone": {"per_processor_second": by_processor, "per_second": by_clock},
        "bulk": {
            "per_processor_second": read / second["processor_seconds"],
            "per_second": read / second["seconds"],
        },
        "start_seconds": second["start_seconds"],
        "pace": read / second["processor_seconds"] / by_processor,
        "speed": read / second["seconds"] / by_clock,
        "memory_mb": _thinned([*first["memory_mb"], *second["memory_mb"]]),
        "load_average": os.getloadavg()[0],
    }


def table(result: dict[str, Any]) -> str:
    """Return paces, memory and what the kill cost, as a Markdown table."""
    rows = [
        (name, f"{one['per_processor_second']:,.0f}", f"{one['per_second']:,.0f}")
        for name, one in (("`predict` in one process", result["alone"]), ("`rabisco predict --bulk`", result["bulk"]))
    ]
    rows.append(("Ratio", f"{result['pace']:.2f} ×", f"{result['speed']:.2f} ×"))
    quarters = ", ".join(f"{np.median(part):,.0f}" for part in np.array_split(result["memory_mb"], 4))
    return (
        markdown_table(("", "Pictures for a second of processor time", "Pictures a second"), rows)
        + f"\n\nKilled after {result['killed_at']:,} of {result['n']:,} pictures and started again: "
        f"{result['repeated']} answered twice, {result['missing']} left out, {result['unreadable']:,} listed as "
        f"unreadable, as many as there are. It takes {result['start_seconds']:.1f} s of processor time to begin. "
        f"Memory of all processes, medians of quarters of the time: {quarters} MB. "
        f"The load average of the {result['cores']} cores was {result['load_average']:.1f}: what the command did not "
        "have of them, other programs had."
    )


def _thinned(values: list[float]) -> list[float]:
    return values[:: max(1, len(values) // 200)]


def _write(path: Path, contents: list[bytes]) -> set[str]:
    names = set()
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(PICTURES):
            names.add(f"{number:08}.png")
            content = b"no picture" if number % NO_PICTURE == 0 else contents[number % len(contents)]
            archive.writestr(f"{number:08}.png", content)
    return names


def _outputs(out: Path) -> tuple[Path, Path]:
    return out, out.with_name(f"{out.name}.errors.jsonl")


def _alone(contents: list[bytes]) -> tuple[float, float]:
    """Return the pictures that one process reads in a second of its processor time, and in one of the clock."""
    cv2.setNumThreads(1)  # as in each process of the command
    predictor = get_predictor(MODEL)
    predictor.predict(decode(contents[0]))
    processor, clock = time.process_time(), time.perf_counter()
    for number in range(ALONE):
        json.dumps(predictor.predict(decode(contents[number % len(contents)])).to_dict())
    return ALONE / (time.process_time() - processor), ALONE / (time.perf_counter() - clock)


def _followed(command: list[str], out: Path, until: int | None, size: int = 0) -> dict[str, Any]:
    """Run the command, to its end or until so many pictures are answered and then kill it; return what it took.

    Time is taken from when the output has grown by ``BEGUN`` rows beyond ``size`` bytes.
    """
    before, started, memory = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), []
    first, begun, rows_before = 0.0, 0.0, 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            time.sleep(0.2)
            try:
                everything = [watched, *watched.children(recursive=True)]
                memory.append(sum(one.memory_full_info().pss for one in everything))
                grown = out.stat().st_size - size if out.exists() else 0
                spent = sum(sum(one.cpu_times()[:2]) for one in everything)
                first = first or (spent if grown > 0 else 0.0)
                if not begun and grown > BEGUN * ROW:
                    begun = spent
                    started, rows_before = time.perf_counter(), out.read_bytes().count(b"\n")
            except psutil.Error:
                continue
            if until is not None and grown > until * ROW:
                process.kill()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": time.perf_counter() - started,
        "processor_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime - begun,
        "start_seconds": first,
        "rows_before": rows_before,
        "memory_mb": [round(one / 1e6, 1) for one in memory],
    }
