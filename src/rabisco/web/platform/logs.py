"""What happened, one line each: every request has an id, which its answer and its log lines carry.

A line holds the route, never the address as it was sent, and nothing of the body: no picture and no secret is written.
"""

import json
import logging
import os
import re
import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from rabisco.settings import Settings

if TYPE_CHECKING:
    from flask import Flask, Response

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,128}")
LOGGER = logging.getLogger("rabisco")


class RequestIDFilter(logging.Filter):
    """Gives each log record the id of the request that it belongs to, ``-`` for none."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id; keep the record."""
        if not hasattr(record, "request_id"):
            flask = sys.modules.get("flask")  # a worker has it once a view is needed
            record.request_id = flask.g.get("request_id", "-") if flask and flask.has_request_context() else "-"
        return True


class JSONFormatter(logging.Formatter):
    """One JSON object per line, for machines."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


_streams: list[TextIO] = []


def capture_stderr() -> None:
    """Make lines of the log of what libraries write past it: NumPy's warnings, libtiff's complaints."""
    if _streams:
        return
    _streams.append(os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8"))
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    threading.Thread(target=_log_lines, args=(reading,), name="standard error", daemon=True).start()


def _log_lines(reading: int) -> None:
    with os.fdopen(reading, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.strip():
                LOGGER.warning("%s", line.rstrip())


def configure(settings: Settings) -> None:
    """Write this process's log to standard error: faults in words, or every request as JSON."""
    as_json = settings.log_format == "json"
    handler = logging.StreamHandler(*_streams)
    handler.addFilter(RequestIDFilter())
    handler.setFormatter(JSONFormatter() if as_json else logging.Formatter("rabisco: [%(request_id)s] %(message)s"))
    LOGGER.handlers[:] = [handler]
    LOGGER.setLevel(logging.INFO if as_json else logging.WARNING)
    LOGGER.propagate = False


def request_id(given: str | None) -> str:
    """Return the id that a client gave, if it is well-formed, else a new one."""
    return given if given and WELL_FORMED.fullmatch(given) else os.urandom(16).hex()


def note_request(  # noqa: PLR0917 - in the order of the line
    method: str, rule: str, status: int, seconds: float, length: int | None, name: str
) -> None:
    """Write the line of a request, where every request has one.

    Args:
        method: As it was sent.
        rule: That it matched.
        status: Of the answer.
        seconds: From the whole request to its answer.
        length: Of the answer, in bytes; ``None`` of one that is still being made.
        name: The request's id.
    """
    if LOGGER.isEnabledFor(logging.INFO):
        facts = {
            "method": method,
            "route": rule,
            "status": status,
            "milliseconds": round(seconds * 1000, 3),
            "bytes": length,
        }
        LOGGER.info("request", extra={"facts": facts, "request_id": name})


def init_app(app: "Flask") -> None:
    """Number the requests and log each; must come before whatever may refuse one."""
    from flask import g, request

    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()
        g.request_id = request_id(request.headers.get(HEADER))

    @app.after_request
    def end(response: "Response") -> "Response":
        response.headers[HEADER] = g.request_id
        note_request(
            request.method, matched_rule(), response.status_code, elapsed(), response.content_length, g.request_id
        )
        return response


def matched_rule() -> str:
    """Return the rule that the current request matched, never its address: that may hold anything."""
    from flask import request

    return request.url_rule.rule if request.url_rule else "unknown"


def elapsed() -> float:
    """Return the seconds since the current request began."""
    from flask import g

    return time.perf_counter() - float(g.started)
