"""One picture, and one training run, pass few of the project's own modules and functions.

A 280×280 PNG of a digit is sent with the default model, once everything has been loaded; every function of the package
that is entered is noted by Python's own tracing, in all threads. Counted is the way from the application on, as
``test_client`` calls it, and the way under ``rabisco serve``, from a connection that has the whole request on.

The run trains the tiny network on scikit-learn's digits, as its process does: from the row that waits to the saved
artifact. Apart from it, what every batch enters.
"""

import asyncio
import io
import math
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Any
from unittest.mock import patch

from flask import Flask
from PIL import Image, ImageDraw

import rabisco
from benchmarks import own_home
from rabisco import runs
from rabisco.evaluation.tables import markdown_table
from rabisco.runs import session, worker
from rabisco.runs.paths import folder_of
from rabisco.settings import Settings
from rabisco.web import create_app
from rabisco.web.platform.asgi import ASGIApplication

PACKAGE = f"{Path(rabisco.__file__).parent}{os.sep}"
SIDE = 280
SEVEN = ((70, 60), (205, 60), (120, 225))
COMPREHENSIONS = ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>")
END_OF_BATCH = "on_train_batch_end"
CORE = ("artifacts", "characters", "images", "inference", "rejection", "settings")


def run() -> dict[str, Any]:
    """Count the functions entered by one prediction, each way, and by a training run."""
    whole, batch = train()
    ways = {**predict(), "training": whole, "batch": batch}
    return {"n": 1, **{way: figures(functions) for way, functions in ways.items()}}


def predict() -> dict[str, list[str]]:
    """Return the package's functions that a prediction enters, from the application and from a connection on."""
    with own_home() as settings:
        app = create_app(settings)
        return {"application": entered(lambda: post(app)), "server": entered(through_server(app, settings))}


def table(result: dict[str, Any]) -> str:
    """Return the modules and functions of each way as a Markdown table."""
    ways = (
        ("`POST /predict`, from the application on", "application"),
        ("`POST /predict`, from a connection on", "server"),
        ("A training run, from its row to the artifact", "training"),
        ("Of it, every batch", "batch"),
    )
    rows = [
        (way, *(str(result[key][part][kind]) for part in ("all", "core") for kind in ("modules", "functions")))
        for way, key in ways
        if key in result
    ]
    return markdown_table(("Way", "Modules", "Functions", "Modules, core", "Functions, core"), rows)


def entered(action: Callable[[], object]) -> list[str]:
    """Return the package's functions that a second call of ``action`` enters; the first starts the threads."""
    with noting() as calls:
        action()
        calls.clear()
        action()
    return names(calls)


def train() -> tuple[list[str], list[str]]:
    """Return the package's functions that a training run enters, and those that its median batch enters.

    Progress is said every quarter of a second, which is at each batch where batches are slow; here, after epochs only.
    """
    with own_home(), patch.object(session, "REPORTS", math.inf):
        _train_once()  # what is imported and built for the first time does not count
        with noting() as calls:
            _train_once()
    ends = [place for place, code in enumerate(calls) if code.co_name == END_OF_BATCH]
    batches = sorted((names(calls[first:last]) for first, last in pairwise(ends)), key=len)
    return names(calls), batches[len(batches) // 2]


def _train_once() -> None:
    """Carry a run through in this process."""
    asked = {"data": {"catalog": "digits"}, "artifact": "counted", "architecture": "cnn-tiny", "epochs": 1}
    run = runs.submit(runs.RunRequest.parse(asked))
    folder_of(run.id).mkdir(parents=True)
    worker.main(run.id)
    ended = runs.get(run.id)
    assert ended.state in ("succeeded", "unlearned"), ended.message


@contextmanager
def noting() -> Iterator[list[CodeType]]:
    """Yield the functions of the package in the order in which they are entered, in all new threads too."""
    calls: list[CodeType] = []

    def note(frame: FrameType, *_: object) -> None:
        if frame.f_code.co_filename.startswith(PACKAGE):
            calls.append(frame.f_code)

    threading.settrace(note)
    sys.settrace(note)
    try:
        yield calls
    finally:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]


def names(codes: Iterable[CodeType]) -> list[str]:
    """Return functions as ``module.py:name:line``, sorted; comprehensions do not count."""
    named = {code: f"{code.co_filename.removeprefix(PACKAGE)}:{code.co_qualname}" for code in codes}
    return sorted(f"{name}:{code.co_firstlineno}" for code, name in named.items() if not name.endswith(COMPREHENSIONS))


def post(app: Flask) -> None:
    """Send one picture to the application."""
    answer = app.test_client().post("/predict", data={"file": (io.BytesIO(seven()), "seven.png")})
    assert answer.status_code == 200, answer.text


def through_server(app: Flask, settings: Settings) -> Callable[[], None]:
    """Return what hands one picture to the application as a connection does."""
    application = ASGIApplication(app, settings)

    def send() -> None:
        body, answers = seven(), list[tuple[int, Any, bytes]]()

        async def ask() -> None:
            answered = asyncio.get_running_loop().create_future()
            assert application.offer(scope_of(body), body, answered.set_result)
            answers.append(await answered)

        loop = threading.Thread(target=lambda: asyncio.run(ask()))
        loop.start()  # in a thread of its own, for the caller's may have a loop that runs
        loop.join()
        assert answers[0][0] == 200

    return send


def seven() -> bytes:
    """Return a digit as the drawing page sends it, PNG."""
    image = Image.new("RGB", (SIDE, SIDE), "white")
    ImageDraw.Draw(image).line(SEVEN, fill="black", width=20, joint="curve")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def scope_of(body: bytes) -> dict[str, object]:
    """Return a request for a prediction, as a connection describes it."""
    headers = [(b"host", b"localhost"), (b"content-type", b"image/png"), (b"content-length", str(len(body)).encode())]
    return {
        "method": "POST",
        "path": "/predict",
        "scheme": "http",
        "query_string": b"",
        "http_version": "1.1",
        "server": ("127.0.0.1", 3000),
        "client": ("127.0.0.1", 40000),
        "headers": headers,
    }


def figures(functions: list[str]) -> dict[str, Any]:
    """Return how many modules and functions there are, of all and of the core."""
    core = [function for function in functions if function.partition(":")[0].startswith(CORE)]
    return {"all": _numbers(functions), "core": _numbers(core), "entered": functions}


def _numbers(functions: list[str]) -> dict[str, int]:
    return {"modules": len({function.partition(":")[0] for function in functions}), "functions": len(functions)}


if __name__ == "__main__":
    result = run()
    for way in ("server", "training", "batch"):
        print(*result[way]["entered"], "", sep="\n")
    print(table(result))
