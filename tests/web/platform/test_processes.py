"""The death of a worker ends nobody else's work, and what cannot start says so."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import psutil
import requests
from tests.web.serving import PROGRAM, Server, free_port, serving, seven_png, start, wait_until_live

from rabisco.web.platform import processes

SEVEN = seven_png()
UNABLE = "from rabisco.web.platform import server\nserver.uvloop.run = lambda work: work.close() or 1 / 0\n" + PROGRAM


def workers_of(server: Server) -> list[psutil.Process]:
    return psutil.Process(server.process.pid).children()


def wait_for(number: int, server: Server, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while len(workers_of(server)) < number and time.monotonic() < until:
        time.sleep(0.05)
    assert len(workers_of(server)) == number


def test_workers_that_die_are_replaced_while_the_others_serve(tmp_path: Path) -> None:
    server = Server(free_port(), None)  # type: ignore[arg-type]
    server = Server(server.port, start(server.port, tmp_path, workers=2))
    wait_until_live(server)
    answered = 0
    for number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM):
        wait_for(2, server)
        dying = workers_of(server)[0]
        os.kill(dying.pid, number)
        for _ in range(20):
            try:
                answered += server.post("/predict", files={"file": SEVEN}).status_code == 200
            except requests.ConnectionError:  # taken by the one that died
                continue
    wait_for(2, server)
    assert answered > 55
    server.process.send_signal(signal.SIGINT)
    printed, _ = server.process.communicate(timeout=15)
    assert server.process.returncode == 0
    assert printed.count("a worker ended by") == 3
    assert "signal 9" in printed


def ports(worker: psutil.Process) -> set[int]:
    """Return where the clients are whom a worker has connections to."""
    return {one.raddr.port for one in worker.net_connections("tcp") if one.raddr}


def wait_until_even(server: Server, clients: list[http.client.HTTPConnection], most: int) -> None:
    """Ask over all connections until one worker has at most so many more than the other: it hands some over."""
    until = time.monotonic() + 20
    first, second = workers_of(server)
    while abs(len(ports(first)) - len(ports(second))) > most:
        assert time.monotonic() < until
        assert {ask(client) for client in clients} == {200}


def test_workers_have_as_many_connections_each(tmp_path: Path) -> None:
    """One that had half as many again would be the one that all wait for."""
    with serving(tmp_path, workers=2) as server, ExitStack() as stack:

        def connect() -> http.client.HTTPConnection:
            connection = stack.enter_context(closing(server.connect()))
            assert ask(connection) == 200
            return connection

        wait_for(2, server)
        first, _ = workers_of(server)
        clients = [connect() for _ in range(24)]
        wait_until_even(server, clients, 6)  # at once, unless a busy machine lets one worker be late
        left = ports(first)
        leaving = [client for client in clients if client.sock and client.sock.getsockname()[1] in left]
        for client in leaving:
            client.close()
        until = time.monotonic() + 10
        while ports(first) and time.monotonic() < until:
            time.sleep(0.05)
        staying = [client for client in clients if client not in leaving]
        wait_until_even(server, staying + [connect() for _ in leaving], 6)


def test_a_worker_with_more_connections_than_another_hands_some_over(tmp_path: Path) -> None:
    """Clients that connect while the others are busy, as behind a crowd, would have one worker for good."""
    with serving(tmp_path, workers=2) as server, ExitStack() as stack:
        wait_for(2, server)
        first, second = workers_of(server)
        second.suspend()
        clients = [stack.enter_context(closing(server.connect())) for _ in range(8)]
        assert {ask(client) for client in clients} == {200}
        second.resume()
        assert len(ports(first)) > len(ports(second)) + 2  # some may have been told already
        wait_until_even(server, clients, 2)


def ask(client: http.client.HTTPConnection) -> int:
    """Ask for health over a connection, which is made anew where it was closed with the last answer."""
    client.request("GET", "/health/live")
    answer = client.getresponse()
    answer.read()
    return answer.status


def test_a_server_under_load_ends_when_told_and_answers_what_it_had_begun(tmp_path: Path) -> None:
    port = free_port()
    server = Server(port, start(port, tmp_path, workers=2))
    wait_until_live(server)
    over = threading.Event()

    def ask(_: int) -> set[int]:
        statuses, session = set(), requests.Session()
        while not over.is_set():
            try:
                statuses.add(session.post(f"{server.url}/predict?steps=1", files={"file": SEVEN}).status_code)
            except requests.ConnectionError:  # it does not listen any more
                time.sleep(0.01)
        return statuses

    with ThreadPoolExecutor(16) as crowd:
        asked = [crowd.submit(ask, number) for number in range(16)]
        time.sleep(1)
        server.process.send_signal(signal.SIGTERM)
        started = time.perf_counter()
        printed, _ = server.process.communicate(timeout=20)
        seconds = time.perf_counter() - started
        over.set()
    assert server.process.returncode == 0
    assert set().union(*(each.result() for each in asked)) <= {200, 503}, printed
    assert seconds < processes.END_SECONDS + 1


def test_workers_that_served_are_replaced_however_often_they_are_killed(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for _ in range(8):
            wait_for(1, server)
            os.kill(server.worker, signal.SIGKILL)
            assert server.get("/health/live").status_code == 200


def test_a_lone_worker_is_replaced_too_and_connections_wait_for_it(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        os.kill(server.worker, signal.SIGKILL)
        assert server.get("/health/live").status_code == 200
        wait_for(1, server)


def test_workers_that_cannot_start_end_the_server_with_a_word(tmp_path: Path) -> None:
    process = start(free_port(), tmp_path, program=UNABLE)
    printed, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "no worker can be started: 5 attempts failed" in printed
    assert "ZeroDivisionError" in printed


def test_a_server_without_standard_error_serves(tmp_path: Path) -> None:
    port = free_port()
    environment = {**os.environ, "RABISCO_HOME": str(tmp_path), "RABISCO_PORT": str(port), "RABISCO_WORKERS": "1"}
    with subprocess.Popen(f"exec {sys.executable} -c '{PROGRAM}' 2>&-", shell=True, env=environment) as process:
        try:
            wait_until_live(Server(port, process))  # type: ignore[arg-type]
        finally:
            process.terminate()
