"""Two workers answer about as many requests as a demo of forty lines, in three quarters of its memory.

The baseline is what such a demo does: Pillow, the box of the ink, its longest side to 20 pixels, the center of mass
into 28×28, the same ``mnist-cnn`` on ONNX Runtime with one thread; Flask behind granian, two workers. It looks for no
shade, rules or specks, refuses nothing, and has no limits, request ids, figures or languages. ``wrk`` sends 50
drawings of 280×280 in turn, as forms, over 1, 8 and 32 connections, to one server after the other, in rounds. Memory
is the proportional set size of all processes of a server after its last load.
"""

import http.client
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image, ImageOps

from benchmarks import spread
from benchmarks.canvas import draw_png
from benchmarks.serving import SERVE, running
from rabisco import data
from rabisco.artifacts import load_artifact
from rabisco.errors import InvalidConfigurationError
from rabisco.evaluation.tables import markdown_table

ROUNDS, SECONDS, WORKERS, DRAWINGS = 3, 3, 2, 50
CONNECTIONS = (1, 8, 32)
MODEL = "mnist-cnn"
EDGE = "drawing"
SCRIPT = """
local requests, turn = {{}}, 0
for i = 0, {count} - 1 do
  local file = io.open(string.format("{folder}/%02d", i), "rb")
  local headers = {{["Host"] = "localhost", ["Content-Type"] = "multipart/form-data; boundary={edge}"}}
  requests[i + 1] = wrk.format("POST", nil, headers, file:read("*a"))
  file:close()
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
"""


def run() -> dict[str, Any]:
    """Measure requests per second, processor time of each and memory."""
    if shutil.which("wrk") is None:
        raise InvalidConfigurationError("expected the program wrk, which sends the requests; install it and try again")
    with tempfile.TemporaryDirectory() as folder:
        script = _write_requests(Path(folder))
        rounds = [{name: _measure(start, script) for name, start in SERVERS.items()} for _ in range(ROUNDS)]
    names = list(SERVERS)
    return {
        "n": ROUNDS,
        "workers": WORKERS,
        "load_average": os.getloadavg()[0],
        "servers": {
            name: {
                "per_second": {str(c): spread([one[name]["load"][c][0] for one in rounds]) for c in CONNECTIONS},
                "cpu_ms": {str(c): spread([one[name]["load"][c][1] for one in rounds]) for c in CONNECTIONS},
                "errors": sum(one[name]["load"][c][2] for one in rounds for c in CONNECTIONS),
                "memory_mb": spread([one[name]["memory_mb"] for one in rounds]),
            }
            for name in names
        },
        "ratio": {
            str(c): spread([one[names[0]]["load"][c][0] / one[names[1]]["load"][c][0] for one in rounds])
            for c in CONNECTIONS
        },
    }


def table(result: dict[str, Any]) -> str:
    """Return both servers beside each other as a Markdown table."""
    rows = [
        (
            name,
            *(f"{figures['per_second'][str(c)]['median']:.0f}" for c in CONNECTIONS),
            f"{figures['cpu_ms']['8']['median']:.2f} ms",
            f"{figures['memory_mb']['median']:.0f} MB",
            str(figures["errors"]),
        )
        for name, figures in result["servers"].items()
    ]
    ratios = [f"{result['ratio'][str(c)]['median']:.2f} ×" for c in CONNECTIONS]
    head = ("Requests a second over", *map(str, CONNECTIONS), "Processor time of each", "Memory", "Errors")
    return markdown_table(head, [*rows, ("Ratio, median of the rounds", *ratios, "", "", "")])


def _write_requests(folder: Path) -> Path:
    random = np.random.default_rng(0)
    for number, digit in enumerate(data.load("mnist").test.images[:DRAWINGS]):
        disposition = 'Content-Disposition: form-data; name="file"; filename="digit.png"'
        head = f"--{EDGE}\r\n{disposition}\r\nContent-Type: image/png\r\n\r\n".encode()
        (folder / f"{number:02d}").write_bytes(head + draw_png(digit, random) + f"\r\n--{EDGE}--\r\n".encode())
    script = folder / "requests.lua"
    script.write_text(SCRIPT.format(count=DRAWINGS, folder=folder, edge=EDGE))
    return script


def _measure(start: list[str], script: Path) -> dict[str, Any]:
    body = (script.parent / "00").read_bytes()

    def ask(connection: http.client.HTTPConnection) -> None:
        connection.request("POST", "/predict", body, {"Content-Type": f"multipart/form-data; boundary={EDGE}"})
        connection.getresponse()

    environment = {**os.environ, "BENCHMARK_MODEL": str(load_artifact(MODEL).onnx_path)}
    with (
        tempfile.TemporaryDirectory() as home,
        running(start, ask, {**environment, "RABISCO_HOME": home}) as (process, port),
    ):
        address = f"http://127.0.0.1:{port}/predict"
        _load(process, script, address, 8, 1)
        load = {c: _load(process, script, address, c, SECONDS) for c in CONNECTIONS}
        memory = sum(one.memory_full_info().pss for one in _processes(process)) / 1e6
    return {"load": load, "memory_mb": memory}


def _load(
    process: psutil.Process, script: Path, address: str, connections: int, seconds: int
) -> tuple[float, float, int]:
    """Return requests per second, processor time of one in milliseconds, and how many were not answered by 200."""
    before = _processor_seconds(process)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), address]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    count, took = re.findall(r"(\d+) requests in ([\d.]+)s", said)[0]
    wrong = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", said)))
    wrong += sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", said)))
    if wrong > int(count) / 2:
        raise RuntimeError(f"{wrong} of {count} requests were refused or lost, so their number says nothing")
    return int(count) / float(took), (_processor_seconds(process) - before) / max(int(count), 1) * 1000, wrong


def _processes(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _processor_seconds(process: psutil.Process) -> float:
    return sum(sum(one.cpu_times()[:2]) for one in _processes(process))


def demo() -> Any:
    """Return the baseline, a Flask application."""
    import onnxruntime
    from flask import Flask, request

    app = Flask("demo")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(os.environ["BENCHMARK_MODEL"], options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    @app.post("/predict")
    def predict() -> dict[str, Any]:
        image = ImageOps.invert(Image.open(request.files["file"]).convert("L"))
        pixels = _centered(image)
        logits = session.run(None, {name: pixels})[0][0]
        powers = np.exp(logits - logits.max())
        chances = powers / powers.sum()
        best = np.argsort(-chances)[:3]
        return {
            "category": str(best[0]),
            "top_k": [{"category": str(k), "probability": float(chances[k])} for k in best],
        }

    return app


def _centered(image: Image.Image) -> np.ndarray:
    field = np.zeros((1, 28, 28, 1), np.uint8)
    box = image.point([255 * (value > 32) for value in range(256)]).getbbox()
    if box is None:
        return field
    image = image.crop(box)
    width, height = (max(1, round(side * 20 / max(image.size))) for side in image.size)
    ink = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    mass = max(int(ink.sum()), 1)
    left = min(max(round(13.5 - int(ink.sum(0) @ np.arange(width)) / mass), 0), 28 - width)
    top = min(max(round(13.5 - int(ink.sum(1) @ np.arange(height)) / mass), 0), 28 - height)
    field[0, top : top + height, left : left + width, 0] = ink
    return field


SERVERS = {
    "`rabisco serve`": [*SERVE, "--workers", str(WORKERS)],
    "A demo of forty lines": [
        str(Path(sys.executable).with_name("granian")),
        *("--interface", "wsgi", "--factory", "--port", "{port}", "--workers", str(WORKERS)),
        *("--blocking-threads", "1", "--no-access-log", "--log-level", "error", "benchmarks.throughput:demo"),
    ],
}
