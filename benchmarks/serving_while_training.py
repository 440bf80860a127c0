"""While a training runs on all cores, the median ``POST /predict`` takes less than 5 times what it takes without.

The real server; a real training of ``cnn`` on MNIST's 60,000 images, started by ``POST /training``, once it is in its
epochs. It is held (SIGSTOP) and let go on (SIGCONT) in turns, 20 times each, and in each turn 30 predictions of a PNG
(280×280) are asked for over one kept-alive connection, after 3 to warm up: what else the machine does disturbs both
alike. The same with trainings that give way (``RABISCO_TRAINING_NICENESS``, by default) and that do not (0), the
baseline. How many cores the training had meanwhile is measured too, and how many the machine was asked for before.
"""

import http.client
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from tests.web.serving import Server, serving, seven_png

from benchmarks import spread
from benchmarks.serving import timed_post
from rabisco.evaluation.tables import markdown_table
from rabisco.settings import Settings

TURNS, PREDICTIONS, WARM_UP = 20, 30, 3
SETTLE = 0.5  # seconds between the signal and the first prediction
PATIENCE = 1200  # seconds until the training is in its epochs
REQUEST = {"dataset": "mnist", "model": "cnn", "name": "busy", "epochs": 50}


def run() -> dict[str, Any]:
    """Measure with the usual niceness and with none."""
    usual = int(Settings.model_fields["training_niceness"].default)
    return {
        "n": TURNS * PREDICTIONS,
        "load_before": os.getloadavg()[0],
        "niceness": {str(niceness): _measure(niceness) for niceness in (usual, 0)},
    }


def table(result: dict[str, Any]) -> str:
    """Return latency with the training held and running, and their ratio, as a Markdown table."""
    rows = [
        (
            f"niceness {niceness}" + (" (baseline)" if niceness == "0" else ""),
            *(f"{figures[kind]['median']:.1f} ms, {figures[kind]['p95']:.1f} ms" for kind in ("held", "running")),
            f"{figures['median_ratio']:.2f} ×",
            f"{figures['p95_ratio']:.2f} ×",
            f"{figures['training_cores']:.2f}",
        )
        for niceness, figures in result["niceness"].items()
    ]
    header = (
        "Training with",
        "Held: median, p95",
        "Running: median, p95",
        "Ratio of medians",
        "Ratio of p95",
        "Cores it had",
    )
    load = (
        f"The load average of the {result['hardware']['cores']} cores was {result['load_before']:.1f} before: what "
        "the trainings did not have of them, other programs had."
    )
    return f"{markdown_table(header, rows)}\n\n{load}"


def _measure(niceness: int) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), training_niceness=niceness, training_threads=0) as server,
    ):
        address = f"/runs/{server.post('/training', json=REQUEST).json()['id']}"
        try:
            process = _training(server, address)
            return _in_turns(server, process)
        finally:
            server.post(f"{address}/cancel", headers={"Accept": "application/json"})
            _wait_until_over(server, address)


def _in_turns(server: Server, process: psutil.Process) -> dict[str, Any]:
    taken: dict[str, list[float]] = {"held": [], "running": []}
    seconds = processor = 0.0
    connection, png = server.connect(), seven_png()
    for turn in range(2 * TURNS):
        kind = ("held", "running")[turn % 2]
        process.send_signal(signal.SIGSTOP if kind == "held" else signal.SIGCONT)
        time.sleep(SETTLE)
        started, before = time.perf_counter(), sum(process.cpu_times()[:2])
        taken[kind] += _predictions(connection, png)
        if kind == "running":
            seconds += time.perf_counter() - started
            processor += sum(process.cpu_times()[:2]) - before
    process.send_signal(signal.SIGCONT)
    connection.close()
    return {
        **{kind: spread(values) for kind, values in taken.items()},
        "median_ratio": float(np.median(taken["running"]) / np.median(taken["held"])),
        "p95_ratio": float(np.percentile(taken["running"], 95) / np.percentile(taken["held"], 95)),
        "training_cores": processor / seconds,
        "training_threads": process.num_threads(),
    }


def _predictions(connection: http.client.HTTPConnection, png: bytes) -> list[float]:
    return [timed_post(connection, png) for _ in range(WARM_UP + PREDICTIONS)][WARM_UP:]


def _training(server: Server, address: str) -> psutil.Process:
    """Return the process of the training once it is in its epochs."""
    until = time.monotonic() + PATIENCE
    run_id = address.rpartition("/")[2]
    while True:
        run = server.get(address).json()
        if run["state"] == "running" and (run["progress"] or {}).get("step", 0) > 10:
            return next(one for one in psutil.process_iter(["cwd"]) if Path(one.info["cwd"] or "").name == run_id)
        if run["state"] not in ("queued", "running") or time.monotonic() > until:
            raise RuntimeError(f"expected a training in its epochs, received {run['state']}: {run['message']}")
        time.sleep(1)


def _wait_until_over(server: Server, address: str) -> None:
    while server.get(address).json()["state"] in ("queued", "running", "stopping"):
        time.sleep(0.2)
