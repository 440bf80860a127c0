"""The first answer comes in under a second, a PNG takes under 4 ms, and two workers stay below 150 MB.

``rabisco serve`` as a process of its own. Start-up: from starting the command to the first ``POST /predict``
answered, 5 times, in turns with the baseline: a Python process that only imports Keras. Latency: 1,000 sequential
``POST /predict`` of 280×280 PNGs over one kept-alive connection, after 50 to warm up, in turns with the baseline: the
same model's Keras ``predict`` on one ready-made image, in process, without HTTP; then 64 PNGs in one request, 8 times.
Memory is read after the 1,000, shared pages counted once.
"""

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks import spread
from benchmarks.canvas import draw_png
from rabisco import data
from rabisco.artifacts import load_artifact
from rabisco.evaluation.tables import markdown_table

MODEL = "mnist-cnn"
WARM_UP, PREDICTIONS = 50, 1000
EVERY = 20  # requests for one run of the baseline
STARTS = 5
SERVE = (str(Path(sys.executable).with_name("rabisco")), "serve", "--port", "{port}")


def run() -> dict[str, Any]:
    """Measure start-up, latency, memory and imports."""
    startup, keras_import = _startup()
    together = {}
    for workers in (1, 2):
        with _server(workers) as (process, port):
            latency, keras_predict = _latency(port)
            memory = _memory(process)
            many = [_timed(partial(_post_many, port, _some_pngs(64))) for _ in range(8)]
            together[str(workers)] = memory["together_mb"]
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
        "together_mb": together,
        "many_ms": spread(many),
    }


def table(result: dict[str, Any]) -> str:
    """Return each time beside its baseline as a Markdown table, memory and imports below it."""
    startup, latency = result["startup_seconds"], result["latency_ms"]
    rows = [
        (
            "Start until the first answer",
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
        (
            "`POST /predict`, 64 such PNGs",
            f"{result['many_ms']['median']:.1f} ms",
            f"{result['many_ms']['p95']:.1f} ms",
            f"{result['many_ms']['median'] / 64 / latency['median']:.2f} × one PNG, for each",
        ),
    ]
    return (
        f"{markdown_table(('What', 'Median', 'p95', 'Against, in the same run'), rows)}\n\n"
        f"After {result['n']:,} predictions one worker and the process that started it hold "
        f"{result['together_mb']['1']:.0f} MB together, two and that process {result['together_mb']['2']:.0f} MB; "
        f"TensorFlow is {'' if result['tensorflow_loaded'] else 'not '}loaded."
    )


def _server(workers: int = 1) -> AbstractContextManager[tuple[psutil.Process, int]]:
    """Run ``rabisco serve``; see ``running``."""
    (png,) = _some_pngs(1)
    return running([*SERVE, "--workers", str(workers)], lambda connection: _post(connection, png))


@contextmanager
def running(
    start: Sequence[str], ask: Callable[[http.client.HTTPConnection], None], environment: dict[str, str] | None = None
) -> Iterator[tuple[psutil.Process, int]]:
    """Run a server until it answers, yield its process and port, and stop it afterwards.

    Args:
        start: The command, with ``{port}`` where the port belongs.
        ask: Sends one request; it raises ``OSError`` while the server does not listen.
        environment: Of the server; this one's if not given.

    Raises:
        RuntimeError: The server ended before it answered.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [part.format(port=port) for part in start]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) as process:
        try:
            _wait(process, port, ask)
            yield psutil.Process(process.pid), port
        finally:
            process.terminate()


def _wait(process: "subprocess.Popen[bytes]", port: int, ask: Callable[[http.client.HTTPConnection], None]) -> None:
    while process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            ask(connection)
        except OSError:
            time.sleep(0.01)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"a server ended with status {process.returncode} before it answered")


def _startup() -> tuple[list[float], list[float]]:
    ours, baseline = [], []
    _some_pngs(1)  # whose reading is no part of a start
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


@cache
def _some_pngs(count: int) -> list[bytes]:
    return list(_pngs(data.load("mnist").test.images[:count]))


def _post_many(port: int, pngs: list[bytes]) -> None:
    edge = "drawing"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'.encode()
    body = b"".join(head + png + b"\r\n" for png in pngs) + f"--{edge}--\r\n".encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/predict", body, {"Content-Type": f"multipart/form-data; boundary={edge}"})
    response = connection.getresponse()
    if response.status != 200 or len(json.loads(response.read())["predictions"]) != len(pngs):
        raise RuntimeError(f"expected {len(pngs)} predictions, received {response.status}")
    connection.close()


def _pngs(pictures: np.ndarray) -> Iterator[bytes]:
    random = np.random.default_rng(0)
    return (draw_png(picture, random) for picture in pictures)


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
