"""The application with routes that stream, for the tests of the server."""

import hashlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import ClassVar

from flask import Flask, Response, jsonify, request, stream_with_context
from flask_babel import lazy_gettext

from rabisco import web
from rabisco.settings import Settings
from rabisco.web.platform.fields import Fields
from rabisco.web.platform.routing import ROUTES, Route
from rabisco.web.platform.streams import Event, events, last_event_id

PROGRAM = (
    "from rabisco.settings import get_settings; from rabisco.web.platform import lazy, server; "
    "from tests.web import streaming; lazy.create_app = streaming.create_app; server.serve(get_settings())"
)


class Swallowed(Fields):
    """A file and a note."""

    files: ClassVar = {"train": ()}

    note: str = ""


def create_app(settings: Settings) -> Flask:
    """Return the application with more routes."""
    swallowing = Route("POST", "/swallow", "swallow", lazy_gettext("Swallows."), (), receives=Swallowed, large=True)
    ROUTES["POST", "/swallow"] = swallowing
    app = web.create_app(settings)

    @app.get("/count")
    def count_up() -> Response:
        return events(numbers(int(last_event_id() or 0)))

    @app.get("/forever")
    def forever() -> Response:
        return events(watch(settings.home / request.args["mark"]))

    @app.get("/broken")
    def broken() -> Response:
        return events(fall())

    @app.get("/lines")
    def lines() -> Response:
        return Response(stream_with_context(f"{request.path} {n}\n" for n in range(3)), mimetype="text/csv")

    @app.post("/swallow")
    def swallow() -> Response:
        upload = request.files["train"].stream
        digest = hashlib.file_digest(upload, "sha256")
        return jsonify(bytes=upload.tell(), sha256=digest.hexdigest(), note=request.form.get("note"))

    return app


def numbers(after: int) -> Iterator[Event | None]:
    """Yield three events, and no news between them."""
    for number in range(after + 1, 4):
        yield None
        yield Event({"número": number}, name="number", id=str(number))


def watch(mark: Path) -> Iterator[Event | None]:
    """Yield one event and then no news; leave a mark when closed."""
    try:
        yield Event("begun")
        for _ in count():
            yield None
    finally:
        mark.touch()


def fall() -> Iterator[Event | None]:
    """Yield one event and fail."""
    yield Event("begun")
    raise RuntimeError("k3y of the fault")
