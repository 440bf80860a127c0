"""Pages, styles and scripts are sent compressed to clients that say they understand it: a quarter of the bytes.

Answers of the API are not: most of one is a PNG, and time counts there. A page holds a proof against forged requests
next to words that come from its address, so the length of its compressed form must tell nobody how well the two agree
(the attack called BREACH): each is made longer by a random amount, in the file name that gzip's format provides for.

Source: RFC 1952, section 2.3; Paulsen et al., "Heal the Breach" (2022).
"""

import gzip
import io
import secrets

from flask import Flask, Response, request

TYPES = {"text/html", "text/css", "text/javascript", "image/svg+xml"}
DOCUMENTS = {"docs.openapi"}  # endpoints of JSON that is as large as a page, and the same for everybody
LEAST = 1000  # bytes; below, headers are most of an answer
LEVEL = 6
LONGEST_NAME = 100  # characters


def init_app(app: Flask) -> None:
    """Compress what gains by it."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if response.mimetype not in TYPES and request.endpoint not in DOCUMENTS:
        return response
    response.vary.add("Accept-Encoding")
    is_stream = response.is_streamed and not response.direct_passthrough  # made bit by bit, as no file is
    if response.status_code in (204, 206, 304) or request.method == "HEAD" or is_stream:
        return response
    if "Content-Encoding" in response.headers or request.accept_encodings.quality("gzip") <= 0:
        return response
    response.direct_passthrough = False  # a file's bytes are wanted here
    body = response.get_data()
    if len(body) < LEAST:
        return response
    response.set_data(compressed(body))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    tag, _ = response.get_etag()
    if tag:
        response.set_etag(tag, weak=True)  # the same file in other bytes
    return response


def compressed(body: bytes) -> bytes:
    """Return bytes as gzip makes them, from 0 to ``LONGEST_NAME`` bytes longer than they need be."""
    buffer = io.BytesIO()
    name = "a" * secrets.randbelow(LONGEST_NAME + 1)
    with gzip.GzipFile(name, "wb", LEVEL, buffer, mtime=0) as file:
        file.write(body)
    return buffer.getvalue()
