"""A real server process for tests, and the pictures that are sent to it."""

import asyncio
import http.client
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import psutil
import requests
from PIL import Image, ImageDraw
from tests import forking

from rabisco import artifacts

T = TypeVar("T")
FORKS = False  # whether servers are copies of a process that has imported the application, as in the tests
WITHOUT_BUNDLED = "import pathlib, rabisco.artifacts.paths as a; a.BUNDLED_DIR = pathlib.Path('/nowhere'); "
PROGRAM = (
    "from rabisco.settings import get_settings; from rabisco.web.platform.server import serve; serve(get_settings())"
)


@dataclass
class Server:
    """A running server."""

    port: int
    process: Any  # a subprocess.Popen[str], or what is like it

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=60, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return requests.post(self.url + path, timeout=60, **options)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    @property
    def worker(self) -> int:
        """Process id of the first worker."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children.split()[0])


def run_elsewhere(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread of its own: browser tests leave an event loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    home: Path, bundled: bool = True, program: str = PROGRAM, port: int = 0, *, forked: bool = True, **settings: object
) -> Iterator[Server]:
    """Run the production server; ``settings`` as in ``rabisco.settings``; without the bundled models if asked.

    ``program`` may add routes to the application before it is served; without ``port`` any free one will do. What is
    not ``forked`` has imported nothing when it begins.
    """
    port = port or free_port()
    server = Server(port, start(port, home, bundled, program, forked=forked, **settings))
    try:
        wait_until_live(server)
        wait_for_processes(server, int(str(settings.get("workers", 1))))
        yield server
    finally:
        server.process.send_signal(signal.SIGINT)
        server.process.communicate(timeout=20)


def wait_for_processes(server: Server, count: int, seconds: float = 60) -> None:
    """Return once the given number of processes serve: the first may answer before another is there."""
    until = time.monotonic() + seconds
    while len(psutil.Process(server.process.pid).children()) < count:
        assert time.monotonic() < until, f"{count} processes did not start in time"
        time.sleep(0.05)


def start(
    port: int, home: Path, bundled: bool = True, program: str = PROGRAM, *, forked: bool = True, **settings: object
) -> Any:
    """Start the server and return at once."""
    given = {"home": home, "port": port, "rate_limit": "", "workers": 1, **settings}
    environment = {**os.environ, **{f"RABISCO_{name.upper()}": str(value) for name, value in given.items()}}
    program = program if bundled else WITHOUT_BUNDLED + program
    if FORKS and forked and bundled:  # a fork knows where the bundled models lie
        return forking.start_server(program, environment)
    return subprocess.Popen(
        [sys.executable, "-c", program],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_until_live(server: Server, seconds: float = 60) -> None:
    """Return once the server answers; fail with what it printed when it ends or never does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert server.process.poll() is None, server.process.communicate()[0]
        try:
            socket.create_connection(
                ("127.0.0.1", server.port), timeout=20
            ).close()  # costs little while nobody listens
            server.get("/health/live")
        except (ConnectionError, requests.ConnectionError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not answer in time")


def copy_model(home: Path, name: str) -> None:
    """Put the bundled network under another name among the artifacts of a home."""
    folder = home / "artifacts" / name
    shutil.copytree(artifacts.BUNDLED_DIR / "mnist-cnn", folder)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    (folder / "card.json").write_text(json.dumps({**card, "name": name}), encoding="utf-8")


def draw_seven(side: int = 280) -> Image.Image:
    """Return a 7 as a person draws it, black on white."""
    image = Image.new("L", (side, side), 255)
    points = [(0.29 * side, 0.25 * side), (0.71 * side, 0.25 * side), (0.46 * side, 0.79 * side)]
    ImageDraw.Draw(image).line(points, fill=0, width=round(0.07 * side), joint="curve")
    return image


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    """Return the image as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def seven_png() -> bytes:
    """Return the drawn 7 as PNG."""
    return encoded(draw_seven())


def noise_png(side: int) -> bytes:
    """Return a PNG that does not compress: about ``side * side`` bytes."""
    return encoded(Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side), np.uint8)))


def problem_of(response: requests.Response) -> dict[str, Any]:
    """Return the body of an error, having checked that it has RFC 9457's shape."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    body: dict[str, Any] = json.loads(response.text)
    assert body.keys() == {"type", "title", "status", "detail"}
    assert body["status"] == response.status_code
    return body
