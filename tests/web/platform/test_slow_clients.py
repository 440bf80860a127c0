"""Clients that send slowly, or stop sending, hold up nobody else."""

import asyncio
import http.client
import io
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from tests.web.serving import Server, seven_png

from rabisco.settings import Settings
from rabisco.web.platform import bodies, rsgi

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
    answers = []

    class Stalled:
        async def __aiter__(self):
            yield b"first"
            await asyncio.sleep(60)

        def response_empty(self, *answer: object) -> None:
            answers.append(answer)

    stalled_door = rsgi.RSGIApplication(None, Settings(threads=1))
    answer = stalled_door.__rsgi__(request_of({"x-request-id": "late"}), Stalled())
    with ThreadPoolExecutor(1) as elsewhere:  # the browser tests leave an event loop running in this thread
        elsewhere.submit(asyncio.run, answer).result()
    assert answers == [(408, [("connection", "close"), ("content-type", "text/plain"), ("x-request-id", "late")])]


def test_repeated_headers_and_foreign_letters_arrive_as_wsgi_wants_them() -> None:
    headers = [
        ("accept", "text/html"),
        ("accept", "*/*"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("content-type", "x/y"),
    ]
    environ = rsgi.environment(request_of(SimpleNamespace(items=lambda: headers)), io.BytesIO(b"body"))
    assert environ["HTTP_ACCEPT"] == "text/html, */*"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["CONTENT_TYPE"] == "x/y"
    assert environ["PATH_INFO"] == "/\xc3\xa9"
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"], environ["REMOTE_ADDR"]) == ("::1", "3000", "::2")


def request_of(headers: object) -> SimpleNamespace:
    """Return a request as the server describes it."""
    return SimpleNamespace(
        headers=headers,
        server="[::1]:3000",
        client="[::2]:99",
        method="GET",
        path="/é",
        query_string="q=1",
        http_version="1.1",
        scheme="http",
    )
