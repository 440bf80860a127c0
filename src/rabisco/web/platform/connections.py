"""The connections of one process: uvicorn speaks HTTP/1.1 over them; here are deadlines, shares, and who gives way.

No client holds a place by doing nothing: heads and answers have deadlines, an address has a share, idle connections
give way when all places are taken. Beyond all places a few are still answered: health, or why there is no place.
"""

import asyncio
import fcntl
import logging
import re
import socket
import struct
import sys
import termios
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from rabisco.settings import Settings
from rabisco.web.platform import refusals
from rabisco.web.platform.asgi import MOST_AT_ONCE, ASGIApplication

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

# A client that has not sent the whole head of a request by then is dropped; one that has none to send, later.
HEAD_SECONDS = 10
IDLE_SECONDS = 60
# A client that takes less than LEAST_TAKEN bytes of its answer in ANSWER_SECONDS is dropped.
ANSWER_SECONDS, LEAST_TAKEN = 15, 4096
# A small body that has not come whole by then is waited for by the application.
WAITED_SECONDS = 0.5
# A client that has closed its half may have gone: after that it is asked, by a line that HTTP lets pass.
PROBE_SECONDS = 0.4
PROBE = b"HTTP/1.1 102 Processing\r\n\r\n"
# Bytes of address and header fields; how many of these.
MOST_HEAD, MOST_FIELDS = 64 * 1024, 100
# Bytes that may come beside the content of a request: its head, lengths and extensions of chunks, trailers. A body may
# have as many more as it has content.
MOST_BESIDE = 512 * 1024
# What is still read of a body that was refused, so that its client sees why.
MOST_REFUSED = 64 * 2**20
# Bytes of an answer that the system keeps for a client that is slow to take them.
UNSENT = 256 * 1024
# Connections beyond all places, answered health or why there is no place.
RESERVE = 64
# Taken in one go; then others have TURN_SECONDS to take some, for the first to wake would take all. Who has more
# connections than another leaves them to it as long: longer would cost those who connect for each request.
ACCEPTED_AT_ONCE, TURN_SECONDS, LEAD = 32, 0.001, 1
SWEEP_SECONDS = 0.25
# Who has UNEVEN times an even share closes some, once in EVEN_SECONDS, with their next answer.
UNEVEN, EVEN_SECONDS = 1.25, 1.0
# A connection that was used just now does not give way.
HOLD_SECONDS = 1
# How many connections each process has, in memory that all share, and which of these counts is one's own.
Share = tuple[memoryview, int]
_HOST = re.compile(rb"(?:[A-Za-z0-9._~-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


class Places:
    """The connections of one process.

    Args:
        listening: The socket that all processes share.
        application: Answers requests.
        settings: ``max_connections``, ``max_connections_per_address`` and ``trusted_proxies`` are obeyed.
        share: The connections of all processes, which take as many each.

    Attributes:
        application: Answers requests.
        leaving: How many connections are to be closed with their next answer, so that others take them.
    """

    def __init__(
        self, listening: socket.socket, application: ASGIApplication, settings: Settings, share: Share
    ) -> None:
        self.application = application
        self._config = Config(
            application,
            interface="asgi3",
            log_config=None,
            ws="none",
            lifespan="off",
            proxy_headers=False,  # the settings say which proxies are believed
            timeout_keep_alive=IDLE_SECONDS,
        )
        self._config.load()
        self._state = ServerState()
        self._listening = listening
        self._most, self._share = settings.max_connections, settings.max_connections_per_address
        self._proxies = [ip_network(one, strict=False) for one in settings.trusted_proxies.replace(",", " ").split()]
        self._places: set[Connection] = set()
        self._reserve: dict[Connection, None] = {}
        self._addresses: Counter[str] = Counter()
        self._counts, self._own = share
        self._counts[self._own] = 0
        self.leaving, self._evened = 0, 0.0
        self._starting: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.get_running_loop()
        listening.setblocking(False)
        self._resuming = self._loop.call_soon(self._listen)
        self._sweep()

    async def end(self, seconds: float) -> None:
        """Accept nobody more; return once all that is under way is answered, or after ``seconds`` refused."""
        self._sweeping.cancel()
        self._resuming.cancel()
        self._loop.remove_reader(self._listening.fileno())
        if self._starting:  # taken from the system, and not yet there
            await asyncio.wait(set(self._starting), timeout=seconds)
        for connection in [*self._places, *self._reserve]:
            if connection.transport is not None:
                connection.shutdown()
        while self.application.has_turns:
            await asyncio.sleep(0)
        if self._state.tasks:
            await asyncio.wait(set(self._state.tasks), timeout=seconds)
        for connection in [*self._places, *self._reserve]:
            connection.break_off()
        await asyncio.sleep(0)

    def leave(self, connection: "Connection") -> None:
        """Give the place of a connection to others."""
        self._reserve.pop(connection, None)
        if connection in self._places:
            self._places.discard(connection)
            self._counts[self._own] = len(self._places)
            self._addresses[connection.address] -= 1
            if not self._addresses[connection.address]:
                del self._addresses[connection.address]

    def _accept(self, *, left: bool = False) -> None:
        """Take a few connections, so that several processes that wait share them; also those that others ``left``."""
        for _ in range(ACCEPTED_AT_ONCE):
            if not left and self._counts[self._own] > min(self._counts) + LEAD:
                self._pause(TURN_SECONDS, self._accept_left)
                return
            try:
                client, address = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return  # all are taken, or the client has gone
            except OSError:  # no descriptors are left: an idle connection gives way
                self._shed(0)
                return
            self._take(client, str(address[0]))
        self._pause(TURN_SECONDS, self._listen)

    def _pause(self, seconds: float, then: Callable[[], None]) -> None:
        self._loop.remove_reader(self._listening.fileno())
        self._resuming = self._loop.call_later(seconds, then)

    def _listen(self) -> None:
        self._loop.add_reader(self._listening.fileno(), self._accept)

    def _accept_left(self) -> None:
        self._listen()
        self._accept(left=True)

    def _take(self, client: socket.socket, address: str) -> None:
        client.setblocking(False)
        with suppress(OSError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNSENT)
        connection = Connection(self._config, self._state, self, address)
        self._seat(connection)
        starting = self._loop.create_task(self._start(connection, client))
        self._starting.add(starting)
        starting.add_done_callback(self._starting.discard)

    async def _start(self, connection: "Connection", client: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: connection, client)
        except OSError:
            self.leave(connection)

    def _seat(self, connection: "Connection") -> None:
        address = connection.address
        if self._addresses[address] >= self._share and not self._is_proxy(address):
            connection.refusal = "this address has as many connections as one may have; close some"
        elif len(self._places) >= self._most and not self._shed(HOLD_SECONDS):
            connection.refusal = "more connections came than can be served; come again in a few seconds"
        else:
            self._places.add(connection)
            self._counts[self._own] = len(self._places)
            self._addresses[address] += 1
            return
        if len(self._reserve) >= RESERVE:
            next(iter(self._reserve)).abort()
        self._reserve[connection] = None

    def _is_proxy(self, address: str) -> bool:
        return any(ip_address(address.partition("%")[0]) in network for network in self._proxies)

    def _shed(self, least: float) -> bool:
        """Close the connection that has been idle longest, if one has been for ``least`` seconds."""
        oldest = min((one for one in self._places if one.idle), key=lambda one: one.since, default=None)
        if oldest is None or time.monotonic() - oldest.since < least:
            return False
        oldest.abort()
        return True

    def _sweep(self) -> None:
        self._state.default_headers[:] = [(b"date", formatdate(usegmt=True).encode())]
        now = time.monotonic()
        for connection in [*self._places, *self._reserve]:
            connection.check(now)
        if now - self._evened > EVEN_SECONDS:
            self._evened, even = now, sum(self._counts) / len(self._counts)
            self.leaving = int(len(self._places) - even) if len(self._places) > UNEVEN * even else 0
        self._sweeping = self._loop.call_later(SWEEP_SECONDS, self._sweep)


class Connection(HttpToolsProtocol):
    """One connection with deadlines.

    Attributes:
        address: Of the client.
        refusal: Why it has no place, so that health alone is answered; empty for one that has.
        since: When it last began or ended anything, by the monotonic clock.
    """

    def __init__(self, config: Config, state: ServerState, places: Places, address: str) -> None:
        super().__init__(config, state, {})
        self.address, self.refusal = address, ""
        self.since = time.monotonic()
        self._places = places
        self._in_head = True
        self._held: tuple[RequestResponseCycle, Any] | None = None
        self._head_bytes = self._refused_bytes = 0
        self._beside = self._content = 0
        self._fault: tuple[int, str] = (400, "")
        self._half_closed = 0.0
        self._unsent, self._taken = 0, self.since

    @property
    def idle(self) -> bool:
        """Whether nothing is under way but perhaps a head."""
        return not self.cycle or self.cycle.response_complete

    def abort(self) -> None:
        """End it at once, also for the system, which would keep what was not taken."""
        self._places.leave(self)
        if self.transport:
            with suppress(OSError):
                connection = self.transport.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()

    def check(self, now: float) -> None:
        """End it if its client lets a deadline pass."""
        if not self.transport:
            return
        unsent = self.transport.get_write_buffer_size()
        if unsent:
            unsent += _in_system(self.transport.get_extra_info("socket"))
        if not unsent or unsent <= self._unsent - LEAST_TAKEN:
            self._unsent, self._taken = unsent, now
        self._unsent = max(self._unsent, unsent)
        if now - self._taken > ANSWER_SECONDS:
            self.abort()
        elif self._in_head and self.idle and now - self.since > HEAD_SECONDS:
            self._places.leave(self)
            self.transport.close()
        elif self._held and now - self.since > WAITED_SECONDS:
            self._begin()
        elif self._half_closed and now - self._half_closed > PROBE_SECONDS:
            self._half_closed = now
            if not self.cycle.response_started and self.cycle.scope["http_version"] == "1.1":
                self.transport.write(PROBE)

    def resume_writing(self) -> None:
        """Note that a part of an answer was taken."""
        self._taken = time.monotonic()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give its place to others."""
        self._held = None
        self._places.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come; of a head no more than one may have."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._beside += len(data)
        if self._beside > MOST_BESIDE + self._content and not self.transport.is_closing():
            self._fault = 400, "expected a body in a few chunks, received far more bytes beside it"
            self.send_400_response("")
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD and not self.transport.is_closing():
                self._fault = 431, ""
                self.send_400_response("")

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer a client that has half-closed the connection; reject a request whose body is incomplete."""
        if self.idle or self.cycle.response_started:
            return False
        if self.cycle.more_body:
            self.send_400_response("")
            return False
        self._half_closed = time.monotonic()
        return True

    def shutdown(self) -> None:
        """Answer what is under way, and nothing more."""
        if self._held:
            self._begin()  # by a task, for which the process waits
        super().shutdown()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words
        """Reject malformed or oversized HTTP; whatever the application is still computing is discarded."""
        cycle, (status, detail) = self.cycle, self._fault
        if cycle and cycle.response_complete and cycle.more_body:
            self.abort()
            return
        if cycle and not cycle.response_complete:
            if cycle.response_started or not cycle.more_body:
                self.abort()  # the answer to an earlier request would be taken for this one
                return
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.write(refusals.wire(status, detail, self.server_state.default_headers))
        self.transport.close()

    def break_off(self) -> None:
        """Refuse a request for whose answer no time is left; end an answer that has begun."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete or self.transport is None or self.transport.is_closing():
            return
        if not cycle.response_started:
            self.transport.write(refusals.wire(503, default=self.server_state.default_headers))
        cycle.disconnected = True
        self.transport.close()

    def on_message_begin(self) -> None:
        """Begin to read a head."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self._beside = self._content = 0
        self.since = time.monotonic()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header field; those behind a body are of no use to anybody."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Look at a head, and begin to answer."""
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(self.headers) > MOST_FIELDS:
            self._fault = 431, ""
            raise httptools.HttpParserError
        needs_host = self.parser.get_http_version() != "1.0"
        if len(hosts) > 1 or (hosts and not _HOST.fullmatch(hosts[0])) or (needs_host and not hosts):
            self._fault = 400, "expected one Host, the name or address of this server"
            raise httptools.HttpParserError
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        if codings and (codings != [b"chunked"] or self.parser.get_http_version() == "1.0"):
            self._fault = 400, "expected a body as it is, or in chunks (Transfer-Encoding: chunked)"
            raise httptools.HttpParserError
        self._in_head = False
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: "RequestResponseCycle", app: Any) -> None:
        self.since = time.monotonic()
        if self.refusal and not cycle.scope["path"].startswith("/health"):
            self.transport.write(refusals.wire(503, self.refusal, self.server_state.default_headers))
            cycle.disconnected = cycle.response_complete = True
            self.transport.close()
            return
        if self._places.leaving and not self.pipeline:
            self._places.leaving -= 1
            cycle.keep_alive = False
        self._held = cycle, app
        if not cycle.more_body or cycle.waiting_for_100_continue or not _is_small_prediction(cycle.scope):
            self._begin()

    def on_message_complete(self) -> None:
        """Begin to answer a prediction that waited for its body."""
        super().on_message_complete()
        if self._held:
            self._begin()

    def _begin(self) -> None:
        """Begin to answer; a small prediction that has come whole has its turn and needs no task."""
        assert self._held
        (cycle, app), self._held = self._held, None
        if cycle.disconnected:
            return
        whole = not cycle.more_body and not self.flow.write_paused and _is_small_prediction(cycle.scope)
        tell = partial(self._answer, cycle, app)
        if not (whole and self._places.application.offer(cycle.scope, bytes(cycle.body), tell)):
            super()._start_asgi_task(cycle, app)

    def _answer(self, cycle: "RequestResponseCycle", app: Any, answer: refusals.WireAnswer | None) -> None:
        if cycle.disconnected or self.transport.is_closing():
            return
        if answer is None:
            super()._start_asgi_task(cycle, app)
            return
        cycle.response_started = cycle.response_complete = True
        closing = () if cycle.keep_alive else ((b"connection", b"close"),)
        self.transport.write(refusals.as_sent(answer, (*self.server_state.default_headers, *closing)))
        if closing:
            self.transport.close()
        self.on_response_complete()

    def on_body(self, body: bytes) -> None:
        """Keep a part of a body; of one that was refused only so much is read."""
        self._beside -= len(body)
        self._content += len(body)
        if self.cycle.response_complete:
            self._refused_bytes += len(body)
            if self._refused_bytes > MOST_REFUSED:
                self.abort()
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Wait for the next request, or close if there is none to come."""
        self.since = time.monotonic()
        super().on_response_complete()
        if (self._half_closed and not self.pipeline) or self.refusal:
            self.transport.close()


def _is_small_prediction(scope: Any) -> bool:
    """Return whether a request is a prediction of pictures that fit into a few packets."""
    if scope["method"] != "POST" or not scope["path"].startswith("/predict"):
        return False
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return length.isdigit() and int(length) <= MOST_AT_ONCE


def _in_system(connection: socket.socket) -> int:
    """Return how many bytes the system has that the client has not taken yet, where it tells that."""
    try:
        return int.from_bytes(fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    except OSError:
        return 0


def quiet_uvicorn(logger: logging.Logger) -> None:
    """Let uvicorn write faults into a log of ours, and nothing else anywhere."""
    errors = logging.getLogger("uvicorn.error")
    errors.handlers[:], errors.propagate = logger.handlers, False
    errors.setLevel(logging.ERROR)
    told = (refusals.BrokenOffError, asyncio.CancelledError)  # of which the log, or the client, has been told
    errors.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], told)))
    logging.getLogger("uvicorn.access").propagate = False
