"""Clients that send slowly, or stop sending, hold up nobody else."""

import asyncio
import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psutil
import pytest
from tests.web.serving import Server, run_elsewhere, seven_png

from rabisco.settings import Settings
from rabisco.web.platform import asgi, bodies

SEVEN = seven_png()
HALF = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 100000\r\n\r\n\x89PNG"


@pytest.fixture
def stalled(server: Server) -> Iterator[list[socket.socket]]:
    """Forty connections that announced a picture and sent its first bytes."""
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20)) for _ in range(40)
        ]
        for connection in sockets:
            connection.sendall(HALF)
        yield sockets


def test_stalled_uploads_hold_up_nobody(server: Server, stalled: list[socket.socket]) -> None:
    for _ in range(3):
        assert server.post("/predict", files={"file": SEVEN}).elapsed.total_seconds() < 5


def test_a_picture_sent_in_pieces_is_read(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    pieces = (SEVEN[start : start + 100] for start in range(0, len(SEVEN), 100))
    connection.request("POST", "/predict", body=pieces, headers={"Content-Type": "image/png"}, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()


def test_a_client_that_leaves_halfway_is_forgotten(server: Server) -> None:
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(HALF)
    assert server.post("/predict", files={"file": SEVEN}).status_code == 200


def test_a_body_that_never_comes_is_answered_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.01)
    answers: list[Any] = []

    async def receive() -> dict[str, object]:
        await asyncio.sleep(60)
        return {}

    async def send(message: Any) -> None:
        answers.append(message)

    stalled_door = asgi.ASGIApplication(None, Settings(threads=1))
    answer = stalled_door(request_of([(b"x-request-id", b"late"), (b"content-length", b"9")]), receive, send)
    run_elsewhere(answer)
    assert answers[0]["status"] == 408
    assert (b"x-request-id", b"late") in answers[0]["headers"]
    assert json.loads(answers[1]["body"])["type"] == "urn:rabisco:problem:too-slow"


def test_repeated_headers_and_foreign_letters_arrive_as_wsgi_wants_them() -> None:
    fields = [
        (b"accept", b"text/html"),
        (b"accept", b"*/*"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"content-type", b"x/y"),
        (b"x-forwarded-for", b"1.2.3.4"),
        (b"x_forwarded_for", b"6.6.6.6"),
    ]
    environ = asgi.environment(request_of(fields), Settings())
    assert environ["HTTP_ACCEPT"] == "text/html, */*"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["CONTENT_TYPE"] == "x/y"
    assert environ["HTTP_X_FORWARDED_FOR"] == "1.2.3.4"
    assert environ["PATH_INFO"] == "/\xc3\xa9"
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"], environ["REMOTE_ADDR"]) == ("::1", "3000", "::2")


def request_of(headers: list[tuple[bytes, bytes]]) -> dict[str, object]:
    """Return a request as a connection describes it."""
    return {
        "headers": headers,
        "server": ("::1", 3000),
        "client": ("::2", 99),
        "method": "GET",
        "path": "/é",
        "query_string": b"q=1",
        "http_version": "1.1",
        "scheme": "http",
    }


def test_a_large_file_is_not_held_for_clients_that_do_not_take_it(server: Server) -> None:
    def memory() -> float:
        return sum(one.memory_info().rss for one in psutil.Process(server.process.pid).children()) / 1e6

    path = "/models/cifar10-resnet18/pesos.h5"
    whole = server.get(path)
    assert len(whole.content) == int(whole.headers["Content-Length"]) > 10_000_000
    before = memory()
    with ExitStack() as stack:
        for _ in range(60):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", server.port))
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        time.sleep(2)
        assert memory() - before < 200
