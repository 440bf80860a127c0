"""One picture passes few of the project's own modules and functions on its way through ``POST /predict``.

A 280×280 PNG of a digit is sent with the default model, once everything has been loaded; every function of the package
that is entered is counted by Python's own profiler, in all threads. Counted is the way from the application on, as
``test_client`` calls it, and the whole way that a request takes under ``rabisco serve``, the server's side included.
"""

import asyncio
import io
import os
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType, SimpleNamespace
from typing import Any

from flask import Flask
from PIL import Image, ImageDraw

import rabisco
from rabisco.evaluation.tables import markdown_table
from rabisco.settings import Settings, get_settings
from rabisco.web import create_app
from rabisco.web.platform.rsgi import RSGIApplication

PACKAGE = f"{Path(rabisco.__file__).parent}{os.sep}"
SIDE = 280
SEVEN = ((70, 60), (205, 60), (120, 225))
COMPREHENSIONS = ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>")
CORE = ("artifacts", "characters", "images", "inference", "rejection", "settings")


def run() -> dict[str, Any]:
    """Count the functions entered through the application, and through the server's side of it."""
    with _own_home() as settings:
        app = create_app(settings)
        counted = {"application": entered(lambda: post(app)), "server": entered(through_server(app, settings))}
    return {"n": 1, **{way: _figures(functions) for way, functions in counted.items()}}


def table(result: dict[str, Any]) -> str:
    """Return the modules and functions of each way as a Markdown table."""
    rows = [
        (way, *(str(result[key][part][kind]) for part in ("all", "core") for kind in ("modules", "functions")))
        for way, key in (("From the application on", "application"), ("From the socket on", "server"))
    ]
    return markdown_table(("One `POST /predict`", "Modules", "Functions", "Modules, core", "Functions, core"), rows)


def entered(action: Callable[[], object]) -> list[str]:
    """Return the package's functions that a second call of ``action`` enters, as ``module.py:name:line``, sorted.

    The first call starts the threads, which are watched from their start. Comprehensions do not count.
    """
    codes: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            codes.add(frame.f_code)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        action()
        codes.clear()
        action()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    named = {code: f"{code.co_filename.removeprefix(PACKAGE)}:{code.co_qualname}" for code in codes}
    return sorted(f"{name}:{code.co_firstlineno}" for code, name in named.items() if not name.endswith(COMPREHENSIONS))


def post(app: Flask) -> None:
    """Send one picture to the application."""
    answer = app.test_client().post("/predict", data={"file": (io.BytesIO(seven()), "seven.png")})
    assert answer.status_code == 200, answer.text


def through_server(app: Flask, settings: Settings) -> Callable[[], None]:
    """Return what sends one picture to the application as the server does, threads included."""
    application = RSGIApplication(app, settings)

    def send() -> None:
        exchange = _Exchange(seven())
        loop = threading.Thread(target=lambda: asyncio.run(application.__rsgi__(exchange.scope, exchange)))
        loop.start()  # in a thread of its own, for the caller's may have a loop that runs
        loop.join()
        assert exchange.status == 200

    return send


def seven() -> bytes:
    """Return a digit as the drawing page sends it, PNG."""
    image = Image.new("RGB", (SIDE, SIDE), "white")
    ImageDraw.Draw(image).line(SEVEN, fill="black", width=20, joint="curve")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


class _Exchange:
    """One request and its answer, as granian hands them to the application."""

    def __init__(self, body: bytes) -> None:
        self.status = 0
        self._body = body
        headers = {"host": "localhost", "content-type": "image/png", "content-length": str(len(body))}
        self.scope = SimpleNamespace(
            method="POST",
            path="/predict",
            scheme="http",
            query_string="",
            http_version="1.1",
            server="127.0.0.1:3000",
            client="127.0.0.1:40000",
            headers=headers,
        )

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body

    async def client_disconnect(self) -> None:
        await asyncio.Event().wait()

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:  # noqa: ARG002
        self.status = status


@contextmanager
def _own_home() -> Iterator[Settings]:
    """Yield settings in which nothing has been trained or kept yet."""
    before = os.environ.get("RABISCO_HOME")
    with tempfile.TemporaryDirectory() as home:
        os.environ["RABISCO_HOME"] = home
        get_settings.cache_clear()
        try:
            yield get_settings()
        finally:
            os.environ.pop("RABISCO_HOME")
            if before is not None:
                os.environ["RABISCO_HOME"] = before
            get_settings.cache_clear()


def _figures(functions: list[str]) -> dict[str, Any]:
    core = [function for function in functions if function.partition(":")[0].startswith(CORE)]
    return {"all": _numbers(functions), "core": _numbers(core), "entered": functions}


def _numbers(functions: list[str]) -> dict[str, int]:
    return {"modules": len({function.partition(":")[0] for function in functions}), "functions": len(functions)}


if __name__ == "__main__":
    result = run()
    print(*result["server"]["entered"], "", table(result), sep="\n")
