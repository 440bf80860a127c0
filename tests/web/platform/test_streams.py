"""Answers in parts: they flow, they end when the client leaves, and they hold up nobody."""

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
import requests
from tests.web.serving import Server, free_port, problem_of, serving, seven_png, start, wait_until_live
from tests.web.streaming import PROGRAM

from rabisco.web.platform.streams import MOST_STREAMS

SEVEN = seven_png()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("streams")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder, program=PROGRAM) as running:
        yield running


def follow(server: Server, path: str) -> socket.socket:
    """Open a stream and return once its first event is here."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    received = b""
    while b'"begun"' not in received:
        part = connection.recv(4096)
        assert part, received
        received += part
    return connection


def appears(mark: Path, seconds: float = 60) -> bool:
    until = time.monotonic() + seconds
    while not mark.exists() and time.monotonic() < until:
        time.sleep(0.05)
    return mark.exists()


def test_events_come_one_by_one_as_they_happen(server: Server) -> None:
    response = server.get("/count", stream=True)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert "content-length" not in response.headers
    arrivals = []
    lines = []
    for line in response.iter_lines(chunk_size=1):
        lines.append(line.decode())
        if line.startswith(b"data"):
            arrivals.append(time.monotonic())
    assert lines[2:6] == ["event: number", "id: 1", 'data: {"número": 1}', ""]
    assert len(arrivals) == 3
    assert all(0.3 < later - earlier < 5 for earlier, later in pairwise(arrivals))


def test_a_browser_that_comes_back_goes_on_after_its_last_event(server: Server) -> None:
    text = server.get("/count", headers={"Last-Event-ID": "2"}).text
    assert [line for line in text.splitlines() if line.startswith("id")] == ["id: 3"]


def test_an_answer_of_another_kind_may_come_in_parts_too_and_still_know_its_request(server: Server) -> None:
    response = server.get("/lines")
    assert response.text == "/lines 0\n/lines 1\n/lines 2\n"
    assert "content-length" not in response.headers


def test_the_generator_is_closed_when_the_client_goes_away(server: Server, folder: Path) -> None:
    response = follow(server, "/forever?mark=left")
    assert not (folder / "left").exists()
    response.close()
    assert appears(folder / "left")


def test_fifty_open_pages_hold_up_nobody_and_all_their_generators_end(server: Server, folder: Path) -> None:
    follow(server, "/forever?mark=first").close()  # now the worker has loaded what it loads with the first page
    alone = sorted(post(server) for _ in range(20))[10]
    before = psutil.Process(server.worker).memory_info().rss
    with ExitStack() as stack:
        for number in range(50):
            stack.enter_context(follow(server, f"/forever?mark=page-{number}"))
        among = sorted(post(server) for _ in range(20))[10]
        grown = (psutil.Process(server.worker).memory_info().rss - before) / 2**20
        busy = psutil.Process(server.worker).cpu_percent(2)
    print(f"/predict {alone:.4f} s alone, {among:.4f} s beside 50 streams; {grown:.1f} MB more, {busy:.0f}% of a core")
    assert among < alone * 4 + 0.2
    assert grown < 20
    assert busy < 60
    assert all(appears(folder / f"page-{number}") for number in range(50))


def post(server: Server) -> float:
    response = server.post("/predict", files={"file": SEVEN})
    assert response.status_code == 200
    return response.elapsed.total_seconds()


def test_one_page_more_than_can_be_followed_is_asked_to_come_again(server: Server, folder: Path) -> None:
    with ExitStack() as stack:
        for number in range(MOST_STREAMS):
            stack.enter_context(follow(server, f"/forever?mark=crowd-{number}"))
        refused = server.get("/forever?mark=one-more")
        assert refused.status_code == 503
        assert problem_of(refused)["type"] == "urn:rabisco:problem:busy"
        assert int(refused.headers["retry-after"]) > 0
        assert post(server) < 5
    assert all(appears(folder / f"crowd-{number}") for number in range(MOST_STREAMS))
    follow(server, "/forever?mark=again").close()
    assert appears(folder / "again")


def test_a_fault_in_the_middle_ends_the_answer_and_tells_the_client_nothing(server: Server) -> None:
    response, told = server.get("/broken", stream=True), list[bytes]()
    with pytest.raises(requests.exceptions.ChunkedEncodingError):  # it does not look like a whole answer
        told.extend(response.iter_content(1))
    assert b"".join(told) == b'retry: 2000\n\ndata: "begun"\n\n'
    assert post(server) < 5


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_server_ends_at_once_though_streams_are_open(tmp_path: Path, end: signal.Signals) -> None:
    server = Server(free_port(), None)  # type: ignore[arg-type]
    server = Server(server.port, start(server.port, tmp_path, program=PROGRAM))
    wait_until_live(server)
    with follow(server, "/forever?mark=ended"):
        server.process.send_signal(end)
        printed, _ = server.process.communicate(timeout=20)
    assert (tmp_path / "ended").exists()  # a process that had to be killed would not have closed the generator
    assert "Traceback" not in printed
