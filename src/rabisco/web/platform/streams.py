"""Server-sent events: a view returns ``events(follow())``, and ``follow`` is a generator that never waits.

It yields an ``Event`` for each piece of news and ``None`` when there is none yet; then the server pauses without
holding a thread and asks again. When the client goes away the generator is closed: its ``finally`` runs.
"""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from rabisco.errors import N_, BusyError
from rabisco.web.platform.environ import OPEN_STREAMS, PAUSE_SECONDS

# A line without meaning so often: proxies and phones drop connections that are silent.
HEARTBEAT_SECONDS = 15
# A stream ends after so long and the browser opens the next by itself; so none is kept for a client that is asleep.
STREAM_SECONDS = 600
# Streams that one process keeps open; each is a connection, and others need some too.
MOST_STREAMS = 128


@dataclass(frozen=True)
class Event:
    """One server-sent event.

    Attributes:
        data: Anything that JSON can hold.
        name: What the page listens for; ``message`` if empty.
        id: Comes back in ``last_event_id`` when the browser connects again.
    """

    data: Any
    name: str = ""
    id: str = ""

    def __bytes__(self) -> bytes:
        """Return the event as it is sent."""
        data = json.dumps(self.data, ensure_ascii=False)
        fields = {"event": self.name, "id": self.id, "data": data}
        lines = (f"{field}: {value}\n" for field, value in fields.items() if value)
        return ("".join(lines) + "\n").encode()


def events(source: Iterable[Event | None]) -> Response:
    """Return an answer that sends events as they come.

    Args:
        source: Yields events, and ``None`` where there is no news; it must not wait, and needs no request.

    Raises:
        BusyError: As many streams are open as one process keeps.
    """
    if request.environ.get(OPEN_STREAMS, 0) >= MOST_STREAMS:
        raise BusyError(N_("too many pages are following at the same time; ask again in a few seconds"))
    waits = OPEN_STREAMS in request.environ
    return Response(
        _encoded(iter(source), waits),
        mimetype="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def last_event_id() -> str:
    """Return the id of the last event that this client received, or an empty string."""
    return request.headers.get("Last-Event-ID", "")


def _encoded(source: Iterator[Event | None], waits: bool) -> Iterator[bytes]:
    """Yield events as bytes, and nothing (``b""``, as PEP 3333 allows) where the server shall pause."""
    began = spoke = time.monotonic()
    try:
        yield b"retry: 2000\n\n"
        for event in source:
            now = time.monotonic()
            if event is not None:
                spoke = now
                yield bytes(event)
            elif now - spoke > HEARTBEAT_SECONDS:
                spoke = now
                yield b": still here\n\n"
            else:
                if not waits:  # a server that would ask again at once
                    time.sleep(PAUSE_SECONDS)
                yield b""
            if now - began > STREAM_SECONDS:
                return
    finally:
        getattr(source, "close", bool)()
