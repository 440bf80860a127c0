"""Serving at a share of capacity for a long time, with a training beside it: ``python -m tests.soak --seconds 1800``.

Capacity is measured first, by eight clients that ask as fast as they are answered: that of the slowest ten seconds of
a minute beside a training, whose parts cost predictions more or less. Then clients come at fixed moments, however long
the answers take, so that waiting shows. A request is made once and sent as bytes: the clients share the processors
with the server. Memory is that of all workers, shared pages counted once.
"""

import argparse
import http.client
import itertools
import json
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests
from tests.web.serving import Server, serving, seven_png

_PREPARED = requests.Request("POST", "http://127.0.0.1/predict", files={"file": seven_png()}).prepare()
BODY, HEADERS = bytes(_PREPARED.body), {"Content-Type": _PREPARED.headers["Content-Type"]}  # type: ignore[arg-type]
SHARE = 0.8
WARM_UP, CAPACITY_SECONDS, WINDOWS = 10.0, 10.0, 6
CLIENTS, MOST_AT_ONCE = 8, 32


@dataclass
class Soak:
    """What happened: milliseconds of each answer, errors, megabytes from time to time, trainings that ended."""

    idle: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    errors: int = 0
    megabytes: list[float] = field(default_factory=list)
    states: list[str] = field(default_factory=list)


def ask(connection: http.client.HTTPConnection) -> tuple[float, bool]:
    """Return the milliseconds of one prediction, and whether it was right."""
    started = time.perf_counter()
    try:
        connection.request("POST", "/predict", BODY, HEADERS)
        answer = connection.getresponse()
        text = answer.read()
        right = answer.status == 200 and json.loads(text)["predictions"][0]["category"] == "7"
    except (OSError, http.client.HTTPException):
        connection.close()
        right = False
    return (time.perf_counter() - started) * 1000, right


def capacity(server: Server) -> float:
    """Return how many predictions a second there are at most, while a training goes on."""
    until = time.monotonic() + CAPACITY_SECONDS

    def hurry(_: int) -> int:
        with closing(server.connect()) as connection:
            answered = 0
            while time.monotonic() < until:
                answered += ask(connection)[1]
            return answered

    with ThreadPoolExecutor(CLIENTS) as crowd:
        return sum(crowd.map(hurry, range(CLIENTS))) / CAPACITY_SECONDS


def megabytes(server: Server) -> float:
    """Return the memory of the server and its workers."""
    first = psutil.Process(server.process.pid)
    return float(sum(one.memory_full_info().pss for one in (first, *first.children())) / 1e6)


def train(server: Server, soak: Soak, begun: threading.Event, ended: threading.Event) -> None:
    """Train one model after the other; say when the first has begun its first epoch."""
    while not ended.is_set():
        try:
            run = server.post("/training", json={"recipe": "digits-cnn", "name": "beside"}).json()["page"]
            while (told := server.get(run).json())["state"] in ("queued", "running") and not ended.wait(1):
                if told["progress"]:
                    begun.set()
            state = told["state"]
        except requests.RequestException:
            state = "not answered"
        if not ended.is_set():
            soak.states.append(state)


def soak(seconds: float) -> tuple[Soak, float]:
    """Serve for so long; return what happened and how many predictions a second were asked for."""
    result, trains, ended = Soak(), threading.Event(), threading.Event()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, serving(Path(home), workers=2) as server:
        with closing(server.connect()) as connection:
            result.idle = [ask(connection)[0] for _ in range(200)][50:]
        trainer = threading.Thread(target=train, args=(server, result, trains, ended), daemon=True)
        trainer.start()
        assert trains.wait(120)
        rate = SHARE * min(capacity(server) for _ in range(WINDOWS))
        begun, numbers = time.monotonic(), itertools.count()

        def come(_client: int) -> None:
            with closing(server.connect()) as connection:
                while (moment := begun + next(numbers) / rate) < begun + seconds:
                    time.sleep(max(0.0, moment - time.monotonic()))
                    _, right = ask(connection)
                    result.milliseconds.append((time.monotonic() - moment) * 1000)
                    result.errors += not right

        def look() -> None:
            while not ended.wait(5):
                if time.monotonic() - begun > WARM_UP:
                    result.megabytes.append(megabytes(server))

        threading.Thread(target=look, daemon=True).start()
        with ThreadPoolExecutor(MOST_AT_ONCE) as crowd:
            for _ in crowd.map(come, range(MOST_AT_ONCE)):
                pass
        ended.set()
        trainer.join(timeout=20)
    return result, rate


def figures(result: Soak, rate: float, seconds: float) -> dict[str, Any]:
    """Return what happened in a few figures."""
    percent = statistics.quantiles(result.milliseconds, n=100)
    third = max(1, len(result.megabytes) // 3)
    return {
        "n": len(result.milliseconds),
        "seconds": seconds,
        "rate": rate,
        "errors": result.errors,
        "idle_ms": statistics.median(result.idle),
        "median_ms": percent[49],
        "p99_ms": percent[98],
        "first_megabytes": statistics.median(result.megabytes[:third]),
        "last_megabytes": statistics.median(result.megabytes[-third:]),
        "trainings": result.states,
    }


def table(seen: dict[str, Any]) -> str:
    """Return the figures as a Markdown table."""
    growth = 100 * (seen["last_megabytes"] / seen["first_megabytes"] - 1)
    times = f"{seen['median_ms']:.1f} ms, {seen['p99_ms']:.1f} ms ({seen['p99_ms'] / seen['idle_ms']:.1f} × idle)"
    rows = [
        ("Predictions", f"{seen['n']:,} in {seen['seconds'] / 60:.0f} minutes, {seen['rate']:.0f} a second"),
        ("Errors", f"{seen['errors']}"),
        ("Median, idle", f"{seen['idle_ms']:.1f} ms"),
        ("Median, p99", times),
        (
            "Memory, first and last third",
            f"{seen['first_megabytes']:.0f} MB, {seen['last_megabytes']:.0f} MB ({growth:+.1f}%)",
        ),
        ("Trainings beside it", ", ".join(seen["trainings"]) or "one that went on"),
    ]
    return "\n".join(["| What | Seen |", "| :-- | :-- |", *(f"| {what} | {value} |" for what, value in rows)])


def main() -> None:
    """Serve, and print what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1800)
    seconds = parser.parse_args().seconds
    print(table(figures(*soak(seconds), seconds)))


if __name__ == "__main__":
    main()
