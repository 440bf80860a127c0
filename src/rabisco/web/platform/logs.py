"""The hooks that give each request its number and its line in the log."""

import time

from flask import Flask, Response, g, request

from rabisco.web.platform.lines import HEADER, note_request, request_id


def init_app(app: Flask) -> None:
    """Number the requests and log each; must come before whatever may refuse one."""
    app.before_request(_begin)
    app.after_request(_end)


def matched_rule() -> str:
    """Return the rule that the current request matched, never its address: that may hold anything."""
    return request.url_rule.rule if request.url_rule else "unknown"


def elapsed() -> float:
    """Return the seconds since the current request began."""
    return time.perf_counter() - float(g.started)


def _begin() -> None:
    g.started = time.perf_counter()
    g.request_id = request_id(request.headers.get(HEADER))


def _end(response: Response) -> Response:
    response.headers[HEADER] = g.request_id
    note_request(
        request.method, matched_rule(), response.status_code, elapsed(), response.content_length, g.request_id
    )
    return response
