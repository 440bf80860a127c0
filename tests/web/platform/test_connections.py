"""No client holds up others by what it does not do, and nothing half-done counts as done."""

import asyncio
import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.web.serving import PROGRAM, Server, run_elsewhere, serving, seven_png

from rabisco.settings import Settings
from rabisco.web.platform import connections
from rabisco.web.platform.security import HEADERS

SEVEN = seven_png()
RAW = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
ALONE = (memoryview(bytearray(8)).cast("q"), 0)
NOTE = b'{"notes": "HALF-A"}'
QUICK = """
from rabisco.web.platform import bodies, connections
connections.HEAD_SECONDS, connections.ANSWER_SECONDS, bodies.BODY_SECONDS = 1, 2, 3
"""


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of few connections, of which each address has twenty, and short deadlines."""
    folder = tmp_path_factory.mktemp("narrow")
    limits = {"max_connections": 40, "max_connections_per_address": 20, "threads": 2, "max_waiting": 2}
    with serving(folder, program=QUICK + PROGRAM, **limits) as running:
        yield running


def connect(server: Server, address: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10, source_address=(address, 0))


def tell(server: Server, sent: bytes, *, half_close: bool = False) -> tuple[int, dict[str, str], bytes]:
    """Send bytes; return status, header fields and body of the answer, all to the end of the connection."""
    with connect(server) as connection:
        connection.sendall(sent)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while part := connection.recv(65536):
            received += part
    while received.startswith(b"HTTP/1.1 1"):
        received = received.partition(b"\r\n\r\n")[2]
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return (
        int(first.split()[1]),
        {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)},
        body,
    )


def note_on_a_run(server: Server) -> str:
    """Return the address of the notes of a run."""
    return str(server.post("/training", json={"recipe": "digits-linear"}).json()["page"])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"13\r\n" + NOTE + b"\r\n", id="no last chunk"),
        pytest.param(b"13\r\n" + NOTE, id="no end of a chunk"),
        pytest.param(b"13\r\n" + NOTE + b"\r\n0\r\n", id="no end of the body"),
        pytest.param(b"13\r\n" + NOTE + b"\r\nzz\r\n", id="a chunk of no length"),
        pytest.param(b"13\r\n" + NOTE + b"\r\n-1\r\n\r\n", id="a chunk of less than nothing"),
    ],
)
def test_a_chunked_body_that_breaks_off_is_not_carried_out(server: Server, body: bytes) -> None:
    run = note_on_a_run(server)
    head = f"POST {run}/notes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n".encode()
    status, fields, said = tell(server, head + b"Transfer-Encoding: chunked\r\n\r\n" + body, half_close=True)
    assert status == 400
    assert fields["content-type"] == "application/problem+json"
    assert json.loads(said)["status"] == 400
    assert server.get(run).json()["notes"] == ""
    status, *_ = tell(server, head + b"Content-Length: 30\r\n\r\n" + NOTE, half_close=True)
    assert status == 400
    assert server.get(run).json()["notes"] == ""
    whole = head + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n13\r\n" + NOTE + b"\r\n0\r\n\r\n"
    assert tell(server, whole)[0] == 200
    assert server.get(run).json()["notes"] == "HALF-A"
    server.post(f"{run}/cancel")


def test_a_client_that_closes_its_half_is_answered(server: Server) -> None:
    picture = RAW + b"Content-Length: %d\r\n\r\n" % len(SEVEN) + SEVEN
    status, _, body = tell(server, picture, half_close=True)
    assert (status, json.loads(body)["predictions"][0]["category"]) == (200, "7")
    assert tell(server, b"GET /models HTTP/1.1\r\nHost: a\r\n\r\n", half_close=True)[0] == 200
    two = tell(server, b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n" * 2, half_close=True)[2]
    assert two.count(b"HTTP/1.1 200 OK") == 1  # and the first
    slow = tell(server, b"GET /compare HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n", half_close=True)
    assert slow[0] == 200


def test_a_prediction_is_answered_alike_whole_in_parts_and_behind_another(server: Server) -> None:
    close = b"Connection: close\r\n"
    length = b"Content-Length: %d\r\n" % len(SEVEN)
    whole = RAW + length + b"\r\n" + SEVEN
    last = RAW + length + close + b"\r\n" + SEVEN
    old = RAW.replace(b"HTTP/1.1", b"HTTP/1.0") + length + b"\r\n" + SEVEN
    waits = RAW + length + close + b"Expect: 100-continue\r\n\r\n" + SEVEN
    alone, aged, waited = tell(server, last), tell(server, old), tell(server, waits)
    parts = []
    for pause in (0.1, connections.WAITED_SECONDS + 2 * connections.SWEEP_SECONDS):
        with connect(server) as connection:
            connection.sendall(last[:200])
            time.sleep(pause)
            connection.sendall(last[200:])
            parts += read_answers(connection)
    with connect(server) as connection:
        connection.sendall(whole + last)
        behind = read_answers(connection)
    assert (len(parts), len(behind)) == (2, 2)
    for status, fields, body in (alone, aged, waited, *parts, *behind):
        assert (status, json.loads(body)["predictions"][0]["category"]) == (200, "7")
        assert fields.keys() - {"connection"} == alone[1].keys() - {"connection"}
    assert [answer[1].get("connection") for answer in (alone, aged, *behind)] == ["close", "close", None, "close"]


def test_a_small_prediction_that_stops_on_its_way_is_refused(narrow: Server) -> None:
    status, fields, body = tell(narrow, RAW + b"Content-Length: %d\r\n\r\n" % len(SEVEN) + SEVEN[:-1])
    assert (status, fields["connection"]) == (408, "close")
    assert json.loads(body)["type"] == "urn:rabisco:problem:too-slow"


def read_answers(connection: socket.socket) -> list[tuple[int, dict[str, str], bytes]]:
    """Return status, header fields and body of each answer, to the end of the connection."""
    with connection.makefile("rb") as answers:
        found = []
        while first := answers.readline():
            lines = iter(lambda: answers.readline().decode("latin-1").strip(), "")
            fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            found.append((int(first.split()[1]), fields, answers.read(int(fields["content-length"]))))
    return found


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /models HTTP/1.1\r\nHost: [\r\n\r\n", 400),
        (b"GET /models HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET /models HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        (b"GET /models HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
        (b"GET /models HTTP/1.1\r\n\r\n", 400),
        (b"\x00\xff nonsense\r\n\r\n", 400),
        (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (RAW + b"Content-Length: -1\r\n\r\n", 400),
        (RAW + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (RAW + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (RAW + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        (RAW + b"Transfer-Encoding: identity\r\n\r\n", 400),
        (RAW.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (RAW + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * 525_000, 400),
        (RAW + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 131_200, 400),
        (RAW + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n" + b"X: a\r\n" * 87_500, 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 200 + b"\r\n", 431),
        (b"GET /" + b"a" * 70_000, 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70_000, 431),
    ],
)
def test_what_breaks_the_rules_is_refused_with_all_headers(server: Server, sent: bytes, status: int) -> None:
    answered, fields, body = tell(server, sent)
    assert answered == status
    assert {name: fields.get(name.lower()) for name in HEADERS} == HEADERS
    assert json.loads(body).keys() == {"type", "title", "status", "detail"}
    assert fields["x-request-id"]


def test_fields_behind_a_body_are_not_taken_for_those_before_it(server: Server) -> None:
    sent = (
        RAW + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n%x\r\n%b\r\n0\r\nX-Request-ID: behind\r\n\r\n"
    )
    status, fields, _ = tell(server, sent % (len(SEVEN), SEVEN))
    assert status == 200
    assert fields["x-request-id"] != "behind"


def test_health_answers_though_all_places_are_taken_and_idle_ones_give_way(narrow: Server) -> None:
    with ExitStack() as stack:
        taken = [stack.enter_context(connect(narrow, f"127.0.0.{1 + number % 4}")) for number in range(60)]
        for connection in taken:
            connection.sendall(b"GET /models HTTP/1.1\r\nHo")
        started = time.perf_counter()
        assert narrow.get("/health/live").status_code == 200
        assert time.perf_counter() - started < 1
        time.sleep(connections.SWEEP_SECONDS * 2 + 1)  # heads have a deadline
        assert narrow.post("/predict", files={"file": SEVEN}).status_code == 200
        for connection in taken:
            assert connection.recv(1) in (b"", b"H")


def test_an_address_has_its_share_and_the_others_theirs(narrow: Server) -> None:
    # A connection that was just closed has its place until the server has seen that, as it has once this is answered.
    tell(narrow, b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    with ExitStack() as stack:
        held = [stack.enter_context(connect(narrow)) for _ in range(20)]
        for connection in held:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(4096)
        status, _, refused = tell(narrow, b"GET /models HTTP/1.1\r\nHost: a\r\n\r\n")
        assert status == 503
        assert "as many connections as one may have" in json.loads(refused)["detail"]
        assert narrow.get("/health").status_code == 200
        with connect(narrow, "127.0.0.9") as other:
            other.sendall(b"GET /models HTTP/1.1\r\nHost: a\r\n\r\n")
            assert other.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_trusted_proxy_is_given_all_places(tmp_path: Path) -> None:
    with (
        serving(tmp_path, max_connections_per_address=2, trusted_proxies="127.0.0.0/8") as server,
        ExitStack() as stack,
    ):
        for _ in range(10):
            connection = stack.enter_context(connect(server))
            connection.sendall(b"GET /models HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_client_that_takes_no_answers_is_dropped_and_holds_up_nobody(narrow: Server) -> None:
    ask = b"GET /models/cifar10-cnn/pesos.h5 HTTP/1.1\r\nHost: a\r\n\r\n"
    with ExitStack() as stack:
        taken = [stack.enter_context(connect(narrow, f"127.0.0.{1 + number % 4}")) for number in range(30)]
        for connection in taken:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(ask * 40)
        time.sleep(0.5)
        for _ in range(4):
            started = time.perf_counter()
            assert narrow.get("/health/live").status_code == 200
            assert time.perf_counter() - started < 1
        time.sleep(3)
        assert narrow.post("/predict", files={"file": SEVEN}).status_code == 200
        assert [is_dropped(connection) for connection in taken] == [True] * len(taken)


def is_dropped(connection: socket.socket) -> bool:
    """Return whether a connection has ended before 40 whole answers had come."""
    received = 0
    try:
        while part := connection.recv(1 << 20):
            received += len(part)
    except ConnectionError:
        return True
    except TimeoutError:
        print("nothing more after", received)
        return False
    return received < 2_000_000


def test_a_client_that_takes_its_answer_slowly_gets_all_of_it(narrow: Server) -> None:
    whole = narrow.get("/models/cifar10-cnn/pesos.h5").content
    with connect(narrow) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        connection.sendall(b"GET /models/cifar10-cnn/pesos.h5 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        received, until = b"", time.monotonic() + 4
        while part := connection.recv(len(whole) // 64):
            received += part
            if time.monotonic() < until:
                time.sleep(0.1)
    assert received.partition(b"\r\n\r\n")[2] == whole


def test_a_crowd_is_refused_before_its_bodies_are_read(narrow: Server) -> None:
    large = [("file", ("a.png", SEVEN))] * 60

    def ask(_: int) -> int:
        return narrow.post("/explain", files=large[:8]).status_code

    with ThreadPoolExecutor(12) as crowd:
        asked = [crowd.submit(ask, number) for number in range(12)]
        time.sleep(0.2)
        early = tell(narrow, b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n")
        assert narrow.get("/health").status_code == 200
        statuses = {each.result() for each in asked}
    assert statuses == {200, 503}
    assert early[0] == 503
    assert json.loads(early[2])["type"] == "urn:rabisco:problem:busy"
    assert int(early[1]["retry-after"]) > 0


class Never:
    """An application that answers nobody."""

    has_turns = False

    async def __call__(self, scope: object, receive: object, send: object) -> None:  # noqa: ARG002 - of ASGI
        await asyncio.Event().wait()


def test_what_cannot_be_answered_before_the_end_is_refused_and_not_a_fault() -> None:
    """A process that ends waits for its answers, but not for ever."""

    async def ask() -> bytes:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            places = connections.Places(listening, Never(), Settings(), ALONE)  # type: ignore[arg-type]
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await asyncio.sleep(0.2)
            await places.end(0.1)
            answered = await reader.read()
            writer.close()
            return answered

    answered = run_elsewhere(ask())
    assert answered.startswith(b"HTTP/1.1 503 ")
    assert answered.count(b"HTTP/1.1") == 1
    assert b"Retry-After" in answered or b"retry-after" in answered


def test_a_prediction_whose_body_is_on_its_way_is_answered_before_a_process_ends(tmp_path: Path) -> None:
    with serving(tmp_path) as server, connect(server) as connection:
        sent = RAW + b"Content-Length: %d\r\n\r\n" % len(SEVEN) + SEVEN
        connection.sendall(sent[:-100])
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        connection.sendall(sent[-100:])
        ((status, fields, body),) = read_answers(connection)
    assert (status, fields["connection"]) == (200, "close")
    assert json.loads(body)["predictions"][0]["category"] == "7"


def test_a_connection_that_comes_while_a_process_ends_is_closed() -> None:
    async def end_at_once() -> bytes:
        with (
            socket.create_server(("127.0.0.1", 0)) as listening,
            socket.create_connection(listening.getsockname()) as one,
        ):
            places = connections.Places(listening, Never(), Settings(), ALONE)  # type: ignore[arg-type]
            places._accept()
            await places.end(0.1)
            await asyncio.sleep(0.1)
            return one.recv(1)

    assert run_elsewhere(end_at_once()) == b""
