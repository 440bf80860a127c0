"""What is refused before the application sees it: the same shape and headers as everything else, in English."""

import json
from collections.abc import Sequence
from http import HTTPStatus

from rabisco.web.platform.logs import HEADER, note_request, request_id
from rabisco.web.platform.security import HEADERS

# Seconds after which a request refused for want of room may come again.
RETRY_AFTER = "2"
# The headers of ``security`` as the wire has them.
SAFE = [(name.lower(), value) for name, value in HEADERS.items()]
# Status -> name in ``type``, title, detail.
_SAID = {
    400: ("bad-request", "This request cannot be understood", "the request breaks the rules of HTTP; send it again"),
    408: ("too-slow", "This request took too long", "the body must be here within a minute; send it again"),
    431: ("too-large", "This is too large", "the address and the header fields of a request must be short"),
    503: (
        "busy",
        "The server is busy",
        "more requests came than can be answered now; send this one again in a few seconds",
    ),
}

WireAnswer = tuple[int, list[tuple[str, str]], bytes]


class BrokenOffError(Exception):
    """An answer cannot be sent to its end; the log has said why."""


def answer(status: int, asked_id: str | None = None, detail: str = "") -> WireAnswer:
    """Return status, headers and body (RFC 9457) of a refusal, after which the connection closes; it is logged.

    Args:
        status: 400, 408, 431 or 503.
        asked_id: The request's id, if its client gave one.
        detail: What is said instead of the usual.
    """
    kind, title, usual = _SAID[status]
    said = {"type": f"urn:rabisco:problem:{kind}", "title": title, "status": status, "detail": detail or usual}
    body = json.dumps(said).encode() + b"\n"
    name = request_id(asked_id)
    headers = [
        ("content-type", "application/problem+json"),
        ("content-length", str(len(body))),
        ("connection", "close"),
        *SAFE,
        (HEADER.lower(), name),
    ]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(("retry-after", RETRY_AFTER))
    note_request("-", "unknown", status, 0, len(body), name)
    return status, headers, body


def wire(status: int, detail: str = "", default: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """Return a refusal as it is sent over a connection."""
    return as_sent(answer(status, detail=detail), default)


def as_sent(answered: WireAnswer, default: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """Return an answer as it is sent over a connection, with the ``default`` headers that every answer has."""
    status, headers, body = answered
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers)]
    head = "\r\n".join(lines).encode()
    return b"".join((head, *(b"\r\n%b: %b" % one for one in default), b"\r\n\r\n", body))
