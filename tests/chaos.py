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
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests
from tests.databases import frozen, running_postgresql
from tests.web.serving import Server, serving, seven_png

SEVEN = seven_png()
KILLS = 20
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


def kill_workers(server: Server, *_: object) -> None:
    """Kill one worker after the other."""
    draw = random.Random(0)
    for _ in range(KILLS):
        with suppress(IndexError, ProcessLookupError):
            os.kill(draw.choice(psutil.Process(server.process.pid).children()).pid, signal.SIGKILL)
        time.sleep(draw.uniform(0.2, 1))


def kill_training(server: Server, home: Path, *_: object) -> None:
    """Kill the training whenever it runs, and resume it."""
    for _ in range(5):
        for process in psutil.process_iter(["cmdline"]):
            command = process.info["cmdline"] or []
            if "rabisco.runs.worker" in command and str(home) in process.cwd():
                process.kill()
        time.sleep(1.5)
        for run in server.get("/runs").json()["runs"]:
            if "resume" in run["actions"]:
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
    "5 trainings killed, and resumed": kill_training,
    "the database frozen for 15 s": freeze_database,
    "a full disk for 8 s": fill_disk,
    "300 clients that stall or vanish": vanish,
}


def row(name: str, trouble: Trouble, home: Path, address: str) -> str:
    """Return what a trouble did, as a line of the table."""
    with serving(home, workers=2, database_url=address) as server:
        run = server.post("/training", json={"recipe": "digits-cnn", "epochs": 40, "name": "chaos"}).json()["page"]
        time.sleep(4)
        with watching(server) as seen:
            trouble(server, home, address)
        until = time.monotonic() + 300
        while (state := server.get(run).json()["state"]) in ("queued", "running") and time.monotonic() < until:
            time.sleep(0.5)
    health = f"{seen.slowest_health:.2f} s" + (f", {seen.silent} broke off" if seen.silent else "")
    return f"| {name} | {health} | {seen.failed} of {seen.asked} | {state} |"


def main() -> None:
    """Make trouble, and print what it did."""
    print("| Trouble | Slowest health | Predictions failed | The training |\n| :-- | --: | --: | :-- |", flush=True)
    with running_postgresql() as address:
        for name, trouble in TROUBLES.items():
            with disk(small=trouble is fill_disk) as home:
                print(row(name, trouble, home, "" if trouble is fill_disk else address), flush=True)


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
