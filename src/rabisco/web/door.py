"""The way from the server to the application: a request is received whole before a thread is given to it.

Under plain WSGI a thread reads the body itself, and as many slow clients as there are threads stop everything: four
connections that announced a body and never sent it did (see ``tests/web/test_slow_clients.py``). Here the event loop
waits, for a bounded time, and threads only compute.
"""

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from flask import Flask

from rabisco.settings import Settings
from rabisco.web.journal import HEADER, request_id

# A client that has not sent its whole body by then is turned away.
BODY_SECONDS = 60

Headers = list[tuple[str, str]]


class Exchange(Protocol):
    """One request and the way to answer it, as granian's RSGI gives it."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None: ...
    def response_empty(self, status: int, headers: Headers) -> None: ...


class Door:
    """Answers each request by a WSGI application in one of a few threads.

    Args:
        app: The application.
        settings: ``threads`` and ``max_upload_bytes`` are obeyed.
    """

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._limit = settings.max_upload_bytes
        self._threads = ThreadPoolExecutor(settings.threads)

    async def __rsgi__(self, scope: Any, exchange: Exchange) -> None:
        """Answer one request; one that does not arrive in time gets a bare 408."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self._receive(scope, exchange)
        except TimeoutError:
            name = request_id(scope.headers.get(HEADER.lower()))
            exchange.response_empty(408, [("connection", "close"), (HEADER.lower(), name)])
            return
        loop = asyncio.get_running_loop()
        exchange.response_bytes(*await loop.run_in_executor(self._threads, self._answer, environment(scope, body)))

    async def _receive(self, scope: Any, exchange: Exchange) -> bytes:
        """Return the body, or as much of one too large as shows that it is; the application refuses it."""
        if int(scope.headers.get("content-length") or 0) > self._limit:
            return b""
        body = bytearray()
        async for chunk in exchange:
            body += chunk
            if len(body) > self._limit:
                break
        return bytes(body)

    def _answer(self, environ: dict[str, Any]) -> tuple[int, Headers, bytes]:
        started: list[tuple[int, Headers]] = []

        def start_response(status: str, headers: Headers, _: object = None) -> None:
            started.append((int(status[:3]), [(name.lower(), value) for name, value in headers]))

        parts: Iterable[bytes] = self._app.wsgi_app(environ, start_response)  # type: ignore[arg-type]
        try:
            body = b"".join(parts)
        finally:
            getattr(parts, "close", bool)()
        return *started[-1], body


def environment(scope: Any, body: bytes) -> dict[str, Any]:
    """Return the WSGI environment (PEP 3333) of a request whose body is already here."""
    host, _, port = scope.server.rpartition(":")
    return {
        **_headers(scope.headers.items()),
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def _headers(items: Headers) -> dict[str, str]:
    """Return header fields under their WSGI names; one sent several times becomes one, as HTTP says."""
    fields: dict[str, str] = {}
    for name, value in items:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        separator = "; " if key == "HTTP_COOKIE" else ", "
        fields[key] = f"{fields[key]}{separator}{value}" if key in fields else value
    return fields
