"""Receives each request completely on the event loop before handing it to a thread.

Under plain WSGI a thread reads the body itself, so as many slow clients as there are threads stop everything. Streamed
answers (``streams``) work the same way: a thread produces one part at a time and never waits for the next.
"""

import asyncio
import contextvars
import io
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from rabisco.settings import Settings
from rabisco.web.platform import bodies, refusals
from rabisco.web.platform.environ import BUSY, GONE, OPEN_STREAMS, PAUSE_SECONDS, REFUSAL, STARTED, STORAGE
from rabisco.web.platform.lazy import LazyApplication
from rabisco.web.platform.logs import LOGGER
from rabisco.web.platform.origins import apply_proxy_headers
from rabisco.web.read.direct import STATIC

if TYPE_CHECKING:
    from rabisco.web.platform.routing import Application

# Threads for what takes no time: the next part of a stream, a piece of a body to the disk, a refusal, a health check.
ASIDE_THREADS = 2
# What asks no database: it has threads of its own, for the others may all wait for one that is silent.
READING = ("/predict", "/explain", STATIC, "/metrics")
# A request that takes so long is given up when its client leaves.
WATCH_SECONDS = 0.5
# Predictions answered together, here, for handing one to a thread takes as long as a tenth of it; between two such
# batches is looked at what else has come. And how many may wait.
AT_ONCE, MOST_TURNS = 8, 512
# Bytes of a body that have mostly come by the time that its head is looked at.
MOST_AT_ONCE = 64 * 1024
# Where a request keeps its environment once it was made.
ENVIRON = "rabisco.environ"
# A file that is larger is sent in parts: whole, it would be held for every client that is slow to take it.
MOST_WHOLE, PART = 1 << 20, 1 << 17
# Pages that say in a crowd that there is one; more of them get what programs get.
MOST_PAGES = 16

Headers = list[tuple[str, str]]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True)
class Answer:
    """What the application answered: a whole body, parts that are still to be made, or a large file in parts."""

    status: int
    headers: Headers
    body: bytes = b""
    parts: Iterator[bytes] | None = None
    close: Callable[[], object] = bool
    is_file: bool = False


class Lane:
    """Threads for one kind of requests, and how many of these they have or wait for them."""

    def __init__(self, threads: int, name: str) -> None:
        self.threads = ThreadPoolExecutor(threads, name)
        self.busy = 0


class ASGIApplication:
    """Answers each request by a WSGI application in one of a few threads.

    Args:
        app: The application.
        settings: ``threads``, ``max_waiting`` and the limits of bodies are obeyed.
    """

    def __init__(self, app: "Application | LazyApplication", settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._reading, self._others = Lane(settings.threads, "read"), Lane(settings.threads, "answer")
        self._aside = ThreadPoolExecutor(ASIDE_THREADS, "aside")
        self._health = ThreadPoolExecutor(1, "health")
        self._most = settings.threads + settings.max_waiting
        self._pages = self._streams = 0
        self._turns: deque[tuple[dict[str, Any], Callable[[Any], object]]] = deque()
        self._stopping = asyncio.Event()

    def end_streams(self) -> None:
        """End the answers that come in parts: the process is to end, and would wait for them."""
        self._stopping.set()

    @property
    def has_turns(self) -> bool:
        """Whether predictions wait for their turns."""
        return bool(self._turns)

    def offer(self, scope: Any, body: bytes, tell: Callable[[Any], object]) -> bool:
        """Queue a fully received prediction request for the next batch; return whether it was accepted.

        Args:
            scope: The request, for a prediction.
            body: The whole of it.
            tell: Is given status, headers and body of the answer; ``None`` where a call is to answer.
        """
        if not self._app.direct or len(self._turns) >= MOST_TURNS or self._reading.busy >= self._most:
            return False
        environ = scope[ENVIRON] = environment(scope, self._settings)
        environ["wsgi.input"] = io.BytesIO(body)
        self._turns.append((environ, tell))
        if len(self._turns) == 1:
            asyncio.get_running_loop().call_soon(self._give_turns)
        return True

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request. A request that arrives incomplete or too late is not carried out."""
        environ = scope.get(ENVIRON) or environment(scope, self._settings)
        lane = self._reading if environ["PATH_INFO"].startswith(READING) else self._others
        if lane.busy >= self._most and self._is_refused(environ):
            await _send_whole(send, Answer(*refusals.answer(503, environ.get("HTTP_X_REQUEST_ID"))))
            return
        with ExitStack() as stack:
            try:
                await self._receive(environ, receive, stack)
            except TimeoutError:
                await _send_whole(send, Answer(*refusals.answer(408, environ.get("HTTP_X_REQUEST_ID"))))
                return
            except bodies.IncompleteBodyError:
                return  # the connection answers, if anybody is there
            await self._serve(lane, environ, receive, send)

    def _is_refused(self, environ: dict[str, Any]) -> bool:
        """Return whether a request is refused in a crowd before its body is read; health has its own way."""
        is_person = "text/html" in environ.get("HTTP_ACCEPT", "") and self._pages < MOST_PAGES  # is told by a page
        return not is_person and not environ["PATH_INFO"].startswith("/health")

    async def _receive(self, environ: dict[str, Any], receive: Receive, stack: ExitStack) -> None:
        """Put the body into the environment; nothing of one that is too large, for the application refuses it."""
        announced = int(environ["CONTENT_LENGTH"]) if "CONTENT_LENGTH" in environ else None
        chunked = "HTTP_TRANSFER_ENCODING" in environ
        if not announced and not chunked:
            return
        limit: int = self._settings.max_upload_bytes
        if announced is None or announced > limit:
            limit = await self._run_aside(self._limit, environ)
        if (announced or 0) > limit:
            return
        large = chunked or (announced or 0) > bodies.PIECE
        first = None
        if announced and announced <= MOST_AT_ONCE:
            async with asyncio.timeout(bodies.BODY_SECONDS):
                first = await receive()
        if first and first["type"] == "http.request" and not first["more_body"]:
            environ["wsgi.input"] = io.BytesIO(first["body"])
            return
        try:
            file: IO[bytes] = bodies.temporary_file(self._settings) if large else io.BytesIO()
            environ["wsgi.input"] = stack.enter_context(file)
            await bodies.receive(_parts(receive, first), limit, file, self._run_aside)
        except TimeoutError:  # an OSError too
            raise
        except OSError:
            environ["wsgi.input"] = io.BytesIO()
            environ[REFUSAL] = STORAGE

    def _limit(self, environ: dict[str, Any]) -> int:
        """Return the largest body of a request; which routes take more than pictures is known once all are there."""
        if isinstance(self._app, LazyApplication):
            self._app.make()
        from rabisco.web.platform.limits import body_limit  # which imports much that this has imported by now

        return body_limit(self._settings, environ)

    async def _serve(self, lane: "Lane", environ: dict[str, Any], receive: Receive, send: Send) -> None:
        direct: Any = self._app.direct
        if direct and environ["PATH_INFO"].startswith("/health") and (well := direct.health(environ)):
            await _send_whole(send, Answer(*well))  # at once: handing it to a thread takes longer
            return
        is_static = direct is not None and environ["PATH_INFO"].startswith(STATIC)
        if is_static and (kept := direct.static(environ)):
            await _send_whole(send, Answer(*kept))
            return
        context = contextvars.copy_context()  # of this request: Flask's lives on from part to part
        pool = self._health if environ["PATH_INFO"].startswith("/health") else lane.threads
        page = lane.busy >= self._most and pool is lane.threads
        if page:
            environ[REFUSAL] = BUSY
            pool = self._aside
        environ[OPEN_STREAMS] = self._streams
        environ[STARTED], environ[GONE] = time.perf_counter(), threading.Event()
        lane.busy += 1
        self._pages += page
        try:
            answering = asyncio.get_running_loop().run_in_executor(pool, context.run, self._answer, environ)
            await self._watch(receive, answering, environ[GONE])
            answer = await answering
        finally:
            lane.busy -= 1
            self._pages -= page
        if answer.parts is None:
            if is_static:
                direct.keep_static(environ, answer.status, answer.headers, answer.body)
            await _send_whole(send, answer)
            return
        self._streams += not answer.is_file
        try:
            await self._stream(receive, send, answer, context)
        finally:
            self._streams -= not answer.is_file

    def _give_turns(self) -> None:
        taken = [self._turns.popleft() for _ in range(min(AT_ONCE, len(self._turns)))]
        if self._turns:
            asyncio.get_running_loop().call_soon(self._give_turns)
        direct: Any = self._app.direct
        try:
            answers = direct.together([environ for environ, _ in taken])
        except Exception:  # else nobody of them would ever hear anything
            LOGGER.exception("predictions are left to the views")
            answers = [None] * len(taken)
        for (_, tell), answer in zip(taken, answers, strict=True):
            tell(answer)

    async def _watch(self, receive: Receive, answering: "asyncio.Future[Answer]", gone: threading.Event) -> None:
        """Return once there is an answer; tell whoever makes one that takes long when nobody waits for it."""
        await asyncio.wait({answering}, timeout=WATCH_SECONDS)
        if not answering.done():
            left: asyncio.Future[Any] = asyncio.ensure_future(_left(receive))
            await asyncio.wait([answering, left], return_when=asyncio.FIRST_COMPLETED)
            if left.done():
                gone.set()
            left.cancel()

    def _answer(self, environ: dict[str, Any]) -> Answer:
        if environ[GONE].is_set():
            return Answer(503, [])
        started: list[tuple[int, Headers]] = []

        def start_response(status: str, headers: Headers, _: object = None) -> None:
            started.append((int(status[:3]), headers))

        parts = self._app.wsgi_app(environ, start_response)
        status, headers = started[-1]
        close = getattr(parts, "close", bool)
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), None)
        if parts and length is None:
            return Answer(status, headers, parts=iter(parts), close=close)
        if (length or 0) > MOST_WHOLE:
            return Answer(status, headers, parts=_joined(parts), close=close, is_file=True)
        try:
            return Answer(status, headers, b"".join(parts))
        finally:
            close()

    async def _stream(self, receive: Receive, send: Send, answer: Answer, context: contextvars.Context) -> None:
        """Send part by part until there are no more, the client has gone, or the process is to end."""
        assert answer.parts is not None
        await _send_whole(send, answer, more=True)
        ends = [asyncio.ensure_future(_left(receive)), asyncio.ensure_future(self._stopping.wait())]
        try:
            while not any(end.done() for end in ends):
                part = await self._run_aside(context.run, next, answer.parts, None)
                if part is None:
                    await send({"type": "http.response.body"})
                    return
                if part:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                else:
                    await asyncio.wait(ends, timeout=PAUSE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        except Exception as error:
            if not ends[0].done():
                LOGGER.error("an answer broke off", exc_info=error)
            raise refusals.BrokenOffError from error
        finally:
            for end in ends:
                end.cancel()
            await self._run_aside(context.run, answer.close)
        if answer.is_file:  # it is not whole
            raise refusals.BrokenOffError
        await send({"type": "http.response.body"})

    def _run_aside(self, function: Callable[..., Any], *arguments: object) -> "asyncio.Future[Any]":
        return asyncio.get_running_loop().run_in_executor(self._aside, function, *arguments)


async def _parts(receive: Receive, message: Message | None) -> AsyncIterator[bytes]:
    """Yield a body in parts, of which the first may have come.

    Raises:
        IncompleteBodyError: It breaks off.
    """
    while True:
        message = message or await receive()
        if message["type"] != "http.request":
            raise bodies.IncompleteBodyError
        yield message["body"]
        if not message["more_body"]:
            return
        message = None


def _joined(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the small parts of a file in larger ones."""
    held, size = [], 0
    for part in parts:
        held.append(part)
        size += len(part)
        if size >= PART:
            yield b"".join(held)
            held, size = [], 0
    if size:
        yield b"".join(held)


async def _left(receive: Receive) -> None:
    """Return once nobody waits for the answer any more."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_whole(send: Send, answer: Answer, *, more: bool = False) -> None:
    own = ((name, value) for name, value in answer.headers if name.lower() != "date")  # every answer has one
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in own]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": more})


def environment(scope: Any, settings: Settings) -> dict[str, Any]:
    """Return the WSGI environment (PEP 3333) of a request, with what a trusted proxy says of its client.

    A header field that was sent several times becomes one, as HTTP says; one whose name holds ``_`` is left out, for
    it would be taken for another.
    """
    fields: dict[str, str] = {}
    for name, value in scope["headers"]:
        if b"_" in name:
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        text = value.decode("latin-1")
        fields[key] = f"{fields[key]}{'; ' if key == 'HTTP_COOKIE' else ', '}{text}" if key in fields else text
    (server, port), (client, _) = scope["server"], scope["client"]
    environ = {
        **fields,
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if settings.trusted_proxies:
        apply_proxy_headers(environ, settings)
    return environ
