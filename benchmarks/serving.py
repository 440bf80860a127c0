"""The server is up in under 2 seconds, imports no TensorFlow, stays below 200 MB and answers a PNG in under 8 ms.

``rabisco serve`` as a process of its own, one worker. Start-up: from starting the command to ``GET /health``
answering 200, 5 times, in turns with the baseline: a Python process that only imports Keras. Latency: 1,000
sequential ``POST /predict`` of 280×280 PNGs over one kept-alive connection, after 50 to warm up, in turns with the
baseline: the same model's Keras ``predict`` on one ready-made image, in process, without HTTP. Memory is read
after those predictions: the largest process's resident set, and that of all together, shared pages counted once.
"""

import http.client
import io
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks import spread
from benchmarks.canvas import draw
from rabisco import data
from rabisco.artifacts import load_artifact
from rabisco.evaluation.tables import markdown_table

MODEL = "mnist-cnn"
WARM_UP, PREDICTIONS = 50, 1000
EVERY = 20  # requests for one run of the baseline
STARTS = 5


def run() -> dict[str, Any]:
    """Measure start-up, latency, memory and imports."""
    startup, keras_import = _startup()
    with _server() as (process, port):
        latency, keras_predict = _latency(port)
        memory = _memory(process)
    return {
        "n": PREDICTIONS,
        "model": MODEL,
        "startup_seconds": spread(startup),
        "keras_import_seconds": spread(keras_import),
        "startup_ratio": float(np.median(startup) / np.median(keras_import)),
        "latency_ms": spread(latency),
        "keras_predict_ms": spread(keras_predict),
        "latency_ratio": float(np.median(latency) / np.median(keras_predict)),
        **memory,
    }


def table(result: dict[str, Any]) -> str:
    """Return each time beside its baseline as a Markdown table, memory and imports below it."""
    startup, latency = result["startup_seconds"], result["latency_ms"]
    rows = [
        (
            "Start until `/health` answers",
            f"{startup['median']:.2f} s",
            f"{startup['p95']:.2f} s",
            f"{result['startup_ratio']:.2f} × importing Keras",
        ),
        (
            "`POST /predict`, 280×280 PNG",
            f"{latency['median']:.2f} ms",
            f"{latency['p95']:.2f} ms",
            f"{result['latency_ratio']:.3f} × Keras `predict` without HTTP",
        ),
    ]
    return (
        f"{markdown_table(('What', 'Median', 'p95', 'Against, in the same run'), rows)}\n\n"
        f"After {result['n']:,} predictions the server's {result['processes']} processes hold "
        f"{result['together_mb']:.0f} MB together, the largest {result['largest_process_mb']:.0f} MB; "
        f"TensorFlow is {'' if result['tensorflow_loaded'] else 'not '}loaded."
    )


@contextmanager
def _server() -> Iterator[tuple[psutil.Process, int]]:
    """Run ``rabisco serve`` until it is healthy, and stop it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("rabisco")), "serve", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_until_healthy(process, port)
            yield psutil.Process(process.pid), port
        finally:
            process.terminate()


def _wait_until_healthy(process: "subprocess.Popen[bytes]", port: int) -> None:
    while process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.01)
    raise RuntimeError(f"rabisco serve ended with status {process.returncode} before it was healthy")


def _startup() -> tuple[list[float], list[float]]:
    ours, baseline = [], []
    for _ in range(STARTS):
        started = time.perf_counter()
        with _server():
            ours.append(time.perf_counter() - started)
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import keras"], check=True, stderr=subprocess.DEVNULL)
        baseline.append(time.perf_counter() - started)
    return ours, baseline


def _latency(port: int) -> tuple[list[float], list[float]]:
    pictures = data.load("mnist").test.images[: WARM_UP + PREDICTIONS]
    baseline = _keras_predict(pictures)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    ours, theirs = [], []
    for turn, png in enumerate(_pngs(pictures)):
        milliseconds = timed_post(connection, png)
        if turn >= WARM_UP:
            ours.append(milliseconds)
        if turn % EVERY == 0:
            theirs.append(_timed(baseline))
    connection.close()
    return ours, theirs


def timed_post(connection: http.client.HTTPConnection, png: bytes) -> float:
    """Return the milliseconds of one prediction over an open connection."""
    return _timed(partial(_post, connection, png))


def _pngs(pictures: np.ndarray) -> Iterator[bytes]:
    random = np.random.default_rng(0)
    for picture in pictures:
        buffer = io.BytesIO()
        draw(picture, random).save(buffer, "PNG")
        yield buffer.getvalue()


def _post(connection: http.client.HTTPConnection, png: bytes) -> None:
    connection.request("POST", f"/predict/{MODEL}", png, {"Content-Type": "image/png"})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200 or not json.loads(body)["predictions"]:
        raise RuntimeError(f"expected a prediction, received {response.status}: {body[:200]!r}")


def _keras_predict(pictures: np.ndarray) -> Callable[[], Any]:
    import keras

    model = keras.saving.load_model(load_artifact(MODEL).weights_path, compile=False)
    model.predict(pictures[:1], verbose=0)
    return lambda: model.predict(pictures[:1], verbose=0)


def _timed(action: Callable[[], Any]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def _memory(process: psutil.Process) -> dict[str, Any]:
    processes = [process, *process.children(recursive=True)]
    mapped = [entry.path for one in processes for entry in one.memory_maps()]
    return {
        "processes": len(processes),
        "together_mb": sum(one.memory_full_info().pss for one in processes) / 1e6,
        "largest_process_mb": max(one.memory_info().rss for one in processes) / 1e6,
        "tensorflow_loaded": any("tensorflow" in path for path in mapped),
    }
