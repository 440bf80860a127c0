"""Training data of any size arrive in bounded memory, and leave nothing behind."""

import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.web.serving import Server, problem_of, serving, seven_png
from tests.web.streaming import PROGRAM

SEVEN = seven_png()
BOUNDARY = b"--cut--"
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder, program=PROGRAM, max_training_bytes=300 * MEGABYTE) as running:
        yield running


def rows(megabytes: int) -> Iterator[bytes]:
    """Yield the given number of megabytes of a table as training data have it."""
    row = b"7," + b",".join(b"%d" % (n % 256) for n in range(784)) + b"\n"
    block = row * (MEGABYTE // len(row) + 1)
    for _ in range(megabytes):
        yield block[:MEGABYTE]


def form(megabytes: int) -> tuple[Iterator[bytes], int]:
    """Return a multipart body with a table in the field ``train``, and its length."""
    head = (
        b'--%b\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n--%b\r\nContent-Disposition: form-data; '
        b'name="train"; filename="train.csv"\r\nContent-Type: text/csv\r\n\r\n' % (BOUNDARY, BOUNDARY)
    )
    tail = b"\r\n--%b--\r\n" % BOUNDARY

    def parts() -> Iterator[bytes]:
        yield head
        yield from rows(megabytes)
        yield tail

    return parts(), len(head) + megabytes * MEGABYTE + len(tail)


def send(server: Server, megabytes: int, path: str = "/swallow"):
    body, length = form(megabytes)
    connection = server.connect()
    connection.timeout = 120
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}", "Content-Length": str(length)}
    with suppress(BrokenPipeError, ConnectionResetError):  # refused before all was sent; the answer may be here
        connection.request("POST", path, body=body, headers=headers)
    try:
        response = connection.getresponse()
        return response.status, response.read()
    except (BrokenPipeError, ConnectionResetError):
        return 0, b""
    finally:
        connection.close()


def open_bytes(process: psutil.Process) -> int:
    """Return the bytes in files that a process holds open though nobody can see them."""
    links = Path(f"/proc/{process.pid}/fd").iterdir()
    sizes = 0
    for link in links:
        try:
            if "deleted" in str(link.readlink()):
                sizes += link.stat().st_size
        except FileNotFoundError:
            continue
    return sizes


def test_110_megabytes_arrive_whole_in_little_memory_while_others_are_answered(server: Server, folder: Path) -> None:
    worker = psutil.Process(server.worker)
    assert server.get("/models").status_code == 200  # the pages are there
    assert server.post("/predict", files={"file": SEVEN}).status_code == 200
    before = worker.memory_info().rss
    most, slowest, sent = 0, 0.0, threading.Event()

    def watch() -> None:
        nonlocal most, slowest
        while not sent.is_set():
            most = max(most, worker.memory_info().rss)
            slowest = max(slowest, server.post("/predict", files={"file": SEVEN}).elapsed.total_seconds())

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    status, answer = send(server, 110)
    seconds = time.perf_counter() - began
    sent.set()
    watcher.join()
    digest = hashlib.sha256()
    for block in rows(110):
        digest.update(block)
    assert status == 200
    assert json.loads(answer) == {"bytes": 110 * MEGABYTE, "sha256": digest.hexdigest(), "note": "hello"}
    grown = (most - before) / MEGABYTE
    print(f"110 MB in {seconds:.1f} s, {grown:.1f} MB more memory, slowest /predict meanwhile {slowest:.2f} s")
    assert grown < 40
    assert slowest < 5
    assert list((folder / "uploads").iterdir()) == []


def test_only_training_data_may_be_large_and_only_up_to_their_limit(server: Server) -> None:
    for megabytes, path in ((20, "/predict"), (301, "/swallow")):
        assert send(server, megabytes, path)[0] in (413, 0)


def test_training_data_of_unknown_length_are_small_or_refused(server: Server) -> None:
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
    assert server.post("/swallow", data=form(2)[0], headers=headers).status_code == 200
    response = server.post("/swallow", data=form(20)[0], headers=headers)
    assert response.status_code == 413
    problem_of(response)


def test_a_client_that_vanishes_leaves_no_file(server: Server, folder: Path) -> None:
    worker = psutil.Process(server.worker)
    held = open_bytes(worker)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        kind = b"Content-Type: multipart/form-data; boundary=" + BOUNDARY
        connection.sendall(b"POST /swallow HTTP/1.1\r\nHost: localhost\r\n" + kind)
        connection.sendall(b"\r\nContent-Length: 209715200\r\n\r\n")
        for block in rows(30):
            connection.sendall(block)
        assert waits_for(lambda: open_bytes(worker) > held + 25 * MEGABYTE)
        assert list((folder / "uploads").iterdir()) == []  # it has no name even now
    assert waits_for(lambda: open_bytes(worker) <= held)


def waits_for(condition, seconds: float = 60) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return bool(condition())


def test_slow_uploads_hold_up_nobody(server: Server) -> None:
    connections = []
    for _ in range(20):
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        connection.sendall(
            b"POST /swallow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 209715200\r\n\r\n" + b"x" * 100
        )
        connections.append(connection)
    assert server.post("/predict", files={"file": SEVEN}).elapsed.total_seconds() < 5
    for connection in connections:
        connection.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount a small file system")
def test_a_full_disk_is_said_with_status_507(tmp_path: Path) -> None:
    home = tmp_path / "small"
    home.mkdir()
    if os.system(f"mount -t tmpfs -o size=8m none {home} 2>/dev/null") != 0:
        pytest.skip("no file system can be mounted here")
    try:
        with serving(home, program=PROGRAM) as small:
            status, answer = send(small, 30)
            assert status in (507, 0)
            assert status == 0 or b"urn:rabisco:problem:storage" in answer
            assert small.post("/predict", files={"file": SEVEN}).status_code == 200
    finally:
        os.system(f"umount {home}")
