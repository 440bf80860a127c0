"""The way from the server to the application: a request is received whole before a thread is given to it.

Under plain WSGI a thread reads the body itself, and as many slow clients as there are threads stop everything: four
connections that announced a body and never sent it did (``tests/web/platform/test_slow_clients.py``). Here the event
loop waits, for a bounded time, and threads only compute. So it is with answers that come in parts (``streams``): a
thread makes a part, and none waits for the next.
"""

import asyncio
import contextvars
import io
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Protocol

from rabisco.settings import Settings
from rabisco.web.platform import bodies
from rabisco.web.platform.handover import BUSY, GONE, OPEN_STREAMS, PAUSE_SECONDS, REFUSAL, STARTED, STORAGE
from rabisco.web.platform.late import LateApplication
from rabisco.web.platform.lines import HEADER, LOGGER, request_id
from rabisco.web.platform.neighbours import believe

if TYPE_CHECKING:
    from rabisco.web.platform.routing import Application

# Threads for what takes no time: the next part of a stream, a piece of a body to the disk, a refusal, a health check.
ASIDE_THREADS = 2
# A request that takes so long is given up when its client leaves.
WATCH_SECONDS = 0.5

Headers = list[tuple[str, str]]


class Transport(Protocol):
    """Where the parts of an answer go."""

    async def send_bytes(self, data: bytes) -> None: ...


class Exchange(Protocol):
    """One request and the way to answer it, as granian's RSGI gives it."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def client_disconnect(self) -> None: ...
    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None: ...
    def response_empty(self, status: int, headers: Headers) -> None: ...
    def response_stream(self, status: int, headers: Headers) -> Transport: ...


@dataclass(frozen=True)
class Answer:
    """What the application answered: a whole body, or parts that are still to be made."""

    status: int
    headers: Headers
    body: bytes = b""
    parts: Iterator[bytes] | None = None
    close: Callable[[], object] = bool


class RSGIApplication:
    """Answers each request by a WSGI application in one of a few threads.

    Args:
        app: The application.
        settings: ``threads``, ``max_waiting`` and the limits of bodies are obeyed.
    """

    def __init__(self, app: "Application | LateApplication", settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._threads = ThreadPoolExecutor(settings.threads, "answer")
        self._aside = ThreadPoolExecutor(ASIDE_THREADS, "aside")
        self._busy, self._most = 0, settings.threads + settings.max_waiting
        self._streams = 0
        self._stopping = asyncio.Event()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the streams when the process is told to end; the server would wait for them."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._end_streams_at(number, loop)

    async def __rsgi__(self, scope: Any, exchange: Exchange) -> None:
        """Answer one request; one that does not arrive in time gets a bare 408, one that breaks off nothing."""
        environ = environment(scope, io.BytesIO())
        if self._settings.trusted_proxies:
            believe(environ, self._settings)
        with ExitStack() as stack:
            try:
                await self._receive(scope, exchange, environ, stack)
            except TimeoutError:
                name = request_id(scope.headers.get(HEADER.lower()))
                headers = [("connection", "close"), ("content-type", "text/plain"), (HEADER.lower(), name)]
                exchange.response_empty(408, headers)
                return
            except bodies.IncompleteBodyError:
                exchange.response_empty(400, [("connection", "close")])
                return
            await self._serve(exchange, environ)

    async def _receive(self, scope: Any, exchange: Exchange, environ: dict[str, Any], stack: ExitStack) -> None:
        """Put the body into the environment; nothing of one that is too large, for the application refuses it."""
        length = scope.headers.get("content-length")
        announced = int(length) if length else None
        limit: int = self._settings.max_upload_bytes
        if announced is None or announced > limit:
            limit = await self._run_aside(self._limit, environ)
        if (announced or 0) > limit:
            return
        large = announced > bodies.PIECE if announced is not None else "transfer-encoding" in scope.headers
        try:
            file: IO[bytes] = bodies.temporary_file(self._settings) if large else io.BytesIO()
            environ["wsgi.input"] = stack.enter_context(file)
            await bodies.receive(exchange, announced, limit, file, self._run_aside)
        except TimeoutError:  # an OSError too
            raise
        except OSError:
            environ["wsgi.input"] = io.BytesIO()
            environ[REFUSAL] = STORAGE

    def _limit(self, environ: dict[str, Any]) -> int:
        """Return the largest body of a request; which routes take more than pictures is known once all are there."""
        from rabisco.web.platform.limits import body_limit

        if isinstance(self._app, LateApplication):
            self._app.make()
        return body_limit(self._settings, environ)

    async def _serve(self, exchange: Exchange, environ: dict[str, Any]) -> None:
        if await self._serve_directly(exchange, environ):
            return
        context = contextvars.copy_context()  # of this request: Flask's lives on from part to part
        pool = self._aside if environ["PATH_INFO"].startswith("/health") else self._threads
        if self._busy >= self._most:
            environ[REFUSAL] = BUSY
            pool = self._aside
        environ[OPEN_STREAMS] = self._streams
        environ[STARTED], environ[GONE] = time.perf_counter(), threading.Event()
        self._busy += 1
        try:
            answering = asyncio.ensure_future(self._run(pool, context.run, self._answer, environ))
            await self._watch(exchange, answering, environ[GONE])
            answer = await answering
        finally:
            self._busy -= 1
        if answer.parts is None:
            exchange.response_bytes(answer.status, answer.headers, answer.body)
            return
        self._streams += 1
        try:
            await self._stream(exchange, answer, context)
        finally:
            self._streams -= 1

    async def _serve_directly(self, exchange: Exchange, environ: dict[str, Any]) -> bool:
        """Answer here what takes a moment, for handing it to a thread takes as long; tell whether it was done."""
        direct: Any = getattr(self._app, "direct", None)
        path = environ["PATH_INFO"]
        healthy = path.startswith("/health")  # answered even in a crowd
        if direct is None or not (healthy or (path.startswith("/predict") and self._busy < self._most)):
            return False
        self._busy += 1
        try:
            if self._busy > 1:  # all that came by now are counted before the next is answered
                await asyncio.sleep(0)
            answer = direct(environ, only_small=True)
        finally:
            self._busy -= 1
        if answer:
            exchange.response_bytes(*answer)
        return answer is not None

    async def _watch(self, exchange: Exchange, answering: "asyncio.Future[Answer]", gone: threading.Event) -> None:
        """Return once there is an answer; tell whoever makes one that takes long when nobody waits for it."""
        await asyncio.wait({answering}, timeout=WATCH_SECONDS)
        if not answering.done():
            left: asyncio.Future[Any] = asyncio.ensure_future(exchange.client_disconnect())
            await asyncio.wait([answering, left], return_when=asyncio.FIRST_COMPLETED)
            if left.done():
                gone.set()
            left.cancel()

    def _answer(self, environ: dict[str, Any]) -> Answer:
        started: list[tuple[int, Headers]] = []

        def start_response(status: str, headers: Headers, _: object = None) -> None:
            started.append((int(status[:3]), [(name.lower(), value) for name, value in headers]))

        parts = self._app.wsgi_app(environ, start_response)
        status, headers = started[-1]
        close = getattr(parts, "close", bool)
        if parts and not any(name == "content-length" for name, _ in headers):
            return Answer(status, headers, parts=iter(parts), close=close)
        try:
            return Answer(status, headers, b"".join(parts))
        finally:
            close()

    async def _stream(self, exchange: Exchange, answer: Answer, context: contextvars.Context) -> None:
        """Send part by part until there are no more, the client has gone, or the process is to end."""
        assert answer.parts is not None
        transport = exchange.response_stream(answer.status, answer.headers)
        ends = [asyncio.ensure_future(exchange.client_disconnect()), asyncio.ensure_future(self._stopping.wait())]
        try:
            while not any(end.done() for end in ends):
                part = await self._run_aside(context.run, next, answer.parts, None)
                if part is None:
                    break
                if part:
                    await transport.send_bytes(part)
                else:
                    await asyncio.wait(ends, timeout=PAUSE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        except Exception as error:
            if not ends[0].done():
                LOGGER.error("an answer broke off", exc_info=error)
        finally:
            for end in ends:
                end.cancel()
            await self._run_aside(context.run, answer.close)

    async def _run_aside(self, function: Callable[..., Any], *arguments: object) -> Any:
        return await self._run(self._aside, function, *arguments)

    async def _run(self, pool: ThreadPoolExecutor, function: Callable[..., Any], *arguments: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)

    def _end_streams_at(self, number: signal.Signals, loop: asyncio.AbstractEventLoop) -> None:
        before = signal.getsignal(number)

        def end(received: int, frame: Any) -> None:
            loop.call_soon_threadsafe(self._stopping.set)
            if callable(before):
                before(received, frame)

        signal.signal(number, end)


def environment(scope: Any, body: IO[bytes]) -> dict[str, Any]:
    """Return the WSGI environment (PEP 3333) of a request whose body is already here.

    A header field that was sent several times becomes one, as HTTP says.
    """
    fields: dict[str, str] = {}
    for name, value in scope.headers.items():
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        separator = "; " if key == "HTTP_COOKIE" else ", "
        fields[key] = f"{fields[key]}{separator}{value}" if key in fields else value
    host, _, port = scope.server.rpartition(":")
    return {
        **fields,
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
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
