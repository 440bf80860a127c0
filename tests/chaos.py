"""What a server needs is killed, frozen, filled and stalled, one after the other: ``python -m tests.chaos``.

All the while somebody asks for health and for predictions. What each trouble did to them is a row of the table: the
slowest health, the predictions that failed, and how the training that was going on ended. A connection that a killed
process had taken breaks off, which counts as failed.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests
from tests.databases import frozen, kill_and_restart, running_postgresql
from tests.web.serving import Server, serving, seven_png, start, wait_until_live

SEVEN = seven_png()
KILLS = 20
EPOCHS, PATIENCE = 40, 600.0  # of the training; seconds until it has ended
OPEN = ("queued", "running", "stopping", "interrupted")
Trouble = Callable[[Server, Path, str], None]


@dataclass
class Watch:
    """What those who ask all the while see."""

    slowest_health: float = 0.0
    silent: int = 0
    asked: int = 0
    failed: int = 0


@contextmanager
def watching(server: Server) -> Iterator[Watch]:
    """Ask for health and predictions in this block, each over a connection of its own."""
    seen, over = Watch(), threading.Event()

    def ask_health() -> None:
        while not over.wait(0.05):
            started = time.perf_counter()
            try:
                answered = requests.get(f"{server.url}/health/live", timeout=20).status_code == 200
            except requests.RequestException:
                answered = False
            seen.silent += not answered
            seen.slowest_health = max(seen.slowest_health, time.perf_counter() - started)

    def ask_predictions() -> None:
        while not over.wait(0.02):
            seen.asked += 1
            try:
                answer = requests.post(f"{server.url}/predict", files={"file": SEVEN}, timeout=20)
                seen.failed += answer.status_code != 200
            except requests.RequestException:
                seen.failed += 1

    threads = [threading.Thread(target=ask) for ask in (ask_health, ask_predictions)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()


def answer_of(server: Server, path: str) -> Any:
    """Return what a page says as JSON, however late it comes and however often it has to be asked."""
    until = time.monotonic() + PATIENCE
    while True:
        with suppress(requests.RequestException):
            answer = server.get(path)
            if answer.ok:
                return answer.json()
        assert time.monotonic() < until, f"{path} was not answered"
        time.sleep(0.5)


def kill_workers(server: Server, *_: object) -> None:
    """Kill one worker after the other."""
    draw = random.Random(0)
    for _ in range(KILLS):
        with suppress(IndexError, ProcessLookupError):
            os.kill(draw.choice(psutil.Process(server.process.pid).children()).pid, signal.SIGKILL)
        time.sleep(draw.uniform(0.2, 1))


def kill_server(server: Server, home: Path, address: str) -> None:
    """Kill the server and all its workers, and start it again after two seconds, three times."""
    for _ in range(3):
        processes = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children()]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        server.process.communicate()
        time.sleep(2)
        server.process = start(server.port, home, workers=2, database_url=address)
        wait_until_live(server)
        time.sleep(3)


def kill_database(_: Server, __: Path, address: str) -> None:
    """Kill the database and start it again after five seconds, twice."""
    for _ in range(2):
        kill_and_restart(address, pause=5)
        time.sleep(4)


def kill_training(server: Server, home: Path, *_: object) -> None:
    """Kill the training whenever it runs, and resume it."""
    for _ in range(5):
        for process in psutil.process_iter(["cmdline"]):
            command = process.info["cmdline"] or []
            if "rabisco.runs.worker" in command and str(home) in process.cwd():
                process.kill()
        time.sleep(1.5)
        for run in answer_of(server, "/runs")["runs"]:
            if "resume" in run["actions"]:
                with suppress(requests.RequestException):
                    server.post(f"{run['page']}/resume")
        time.sleep(3)


def freeze_database(_: Server, __: Path, address: str) -> None:
    """Keep the database from answering."""
    with frozen(address):
        time.sleep(15)


def fill_disk(_: Server, home: Path, __: str) -> None:
    """Leave no room on the disk."""
    ballast = home / "ballast"
    with ballast.open("wb") as file, suppress(OSError):
        while True:
            file.write(bytes(2**20))
    time.sleep(8)
    ballast.unlink()


def vanish(server: Server, *_: object) -> None:
    """Connect, send half of what was announced, and stay silent, leave, or take no answer."""
    half = b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: 90000\r\n\r\n\x89PNG"
    large = b"GET /models/cifar10-cnn/pesos.h5 HTTP/1.1\r\nHost: a\r\n\r\n" * 20
    with ExitStack() as stack:
        for number in range(300):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            client.sendall((half, large, b"GET / HT")[number % 3])
            if number % 5 == 0:
                client.close()
        time.sleep(8)


TROUBLES: dict[str, Trouble] = {
    f"{KILLS} workers killed": kill_workers,
    "the server killed three times, for 2 s": kill_server,
    "5 trainings killed, and resumed": kill_training,
    "the database killed twice, for 5 s": kill_database,
    "the database frozen for 15 s": freeze_database,
    "a full disk for 8 s": fill_disk,
    "300 clients that stall or vanish": vanish,
}


@dataclass
class Row:
    """What a trouble did.

    Attributes:
        name: Of the trouble.
        health: Seconds of the slowest answer to a question for health.
        silent: Such questions whose connection broke off.
        asked: Predictions that were asked for.
        failed: Of them, those that did not come.
        state: Of the training, in the end.
        epochs: Whether all its epochs are there, each once.
    """

    name: str
    health: float
    silent: int
    asked: int
    failed: int
    state: str
    epochs: bool

    def __str__(self) -> str:
        """Return it as a line of the table."""
        health = f"{self.health:.2f} s" + (f", {self.silent} broke off" if self.silent else "")
        ended = self.state + ("" if self.epochs else ", epochs are missing")
        return f"| {self.name} | {health} | {self.failed:,} of {self.asked:,} | {ended} |"


def make_trouble(name: str, trouble: Trouble, home: Path, address: str) -> Row:
    """Make one kind of trouble, and return what it did."""
    with serving(home, workers=2, database_url=address) as server:
        run = server.post("/training", json={"recipe": "digits-cnn", "epochs": EPOCHS, "name": "chaos"}).json()["page"]
        time.sleep(4)
        with watching(server) as seen:
            trouble(server, home, address)
        until = time.monotonic() + PATIENCE
        while (state := answer_of(server, run)["state"]) in OPEN and time.monotonic() < until:
            if state == "interrupted":
                with suppress(requests.RequestException):
                    server.post(f"{run}/resume")
            time.sleep(0.5)
        events = answer_of(server, f"{run}/events")["events"]
    epochs = {event["payload"]["epoch"] for event in events if event["kind"] == "epoch"}
    whole = epochs == set(range(1, EPOCHS + 1))
    return Row(name, seen.slowest_health, seen.silent, seen.asked, seen.failed, state, whole)


def table(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield "| Trouble | Slowest health | Predictions failed | The training |"
    yield "| :-- | --: | --: | :-- |"
    yield from map(str, rows)


def make_all(names: Collection[str] = ()) -> Iterator[Row]:
    """Yield what each kind of trouble does, or those named."""
    with running_postgresql() as address:
        for name, trouble in TROUBLES.items():
            if names and not any(part in name for part in names):
                continue
            full = trouble is fill_disk
            with disk(small=full) as home:
                yield make_trouble(name, trouble, home, "" if full else address)


def main() -> None:
    """Make trouble, all of it or what is named by a part of its name, and print what it did."""
    for line in table(make_all(sys.argv[1:])):
        print(line, flush=True)


@contextmanager
def disk(*, small: bool) -> Iterator[Path]:
    """Yield a folder; a small disk of its own if asked, which needs root."""
    folder = Path(tempfile.mkdtemp(prefix="rabisco-chaos-"))
    if small:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(folder)], check=True)
    try:
        yield folder
    finally:
        if small:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
