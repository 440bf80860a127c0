"""Serving at a share of capacity for a long time, with a training beside it: ``python -m tests.soak --seconds 1800``.

First, eight clients ask as fast as they are answered, for a minute beside a training, so that it is known how much of
the processors serving takes at most. Then clients come at moments that are fixed beforehand, however long the answers
take, so that waiting shows: as many as take four fifths of that. A request is made once and sent as bytes, for the
clients share the processors with the server. Trainings give way wholly. Memory is that of all workers, shared pages
counted once.

Where other machines share the processors, these are a third slower for seconds or minutes, and what was four fifths
before is more than they can do then. So the rate follows what a prediction costs, server and clients together, in the
slower seconds of the last ten.
"""

import argparse
import http.client
import json
import statistics
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import requests
from tests.web.serving import Server, serving, seven_png

from rabisco.runs.process import WHOLLY

_PREPARED = requests.Request("POST", "http://127.0.0.1/predict", files={"file": seven_png()}).prepare()
BODY, HEADERS = bytes(_PREPARED.body), {"Content-Type": _PREPARED.headers["Content-Type"]}  # type: ignore[arg-type]
SHARE = 0.8
WARM_UP, CAPACITY_SECONDS, WINDOWS = 10.0, 10.0, 6
CLIENTS, MOST_AT_ONCE = 8, 32


@dataclass
class Soak:
    """What happened: milliseconds of each answer, errors, megabytes from time to time, trainings that ended.

    Besides, how many predictions were asked for in each second.
    """

    idle: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    errors: int = 0
    megabytes: list[float] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


class Cost:
    """What a prediction costs the processors, of server and clients."""

    def __init__(self, server: Server) -> None:
        first = psutil.Process(server.process.pid)
        self._processes = [psutil.Process(), first, *first.children()]
        self._answered, self._lock = 0, threading.Lock()
        self._seen = deque[tuple[float, int]](maxlen=11)  # ten seconds

    @property
    def spent(self) -> float:
        """Seconds of processor time so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self._processes)

    def count(self) -> None:
        """Count a prediction."""
        with self._lock:
            self._answered += 1

    def look(self) -> None:
        """Keep what was spent and answered so far, once a second."""
        self._seen.append((self.spent, self._answered))

    @property
    def seconds(self) -> float:
        """Seconds of processor time for a prediction, at most, in nine of the last ten seconds."""
        each = [(b[0] - a[0]) / max(1, b[1] - a[1]) for a, b in pairwise(self._seen)]
        return sorted(each)[len(each) * 9 // 10]


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


def capacity(server: Server, cost: Cost) -> float:
    """Return how many processors serving keeps busy at most, while a training goes on."""
    begun, until = cost.spent, time.monotonic() + CAPACITY_SECONDS

    def hurry(_: int) -> None:
        with closing(server.connect()) as connection:
            while time.monotonic() < until:
                ask(connection)
                cost.count()

    with ThreadPoolExecutor(CLIENTS) as crowd:
        for _ in crowd.map(hurry, range(CLIENTS)):
            pass
    return (cost.spent - begun) / CAPACITY_SECONDS


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


def moments(seconds: float, share: float, cost: Cost, rates: list[float]) -> Iterator[float]:
    """Yield when clients come: as many as keep ``share`` processors busy; keep the rate of each second."""
    begun = moment = time.monotonic()
    while moment < begun + seconds:
        rate = share / cost.seconds
        if moment - begun >= len(rates):
            rates.append(rate)
        yield moment
        moment += 1 / rate


def soak(seconds: float) -> Soak:
    """Serve for so long, and return what happened."""
    result, trains, ended = Soak(), threading.Event(), threading.Event()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        serving(Path(home), workers=2, training_niceness=WHOLLY) as server,
    ):
        with closing(server.connect()) as connection:
            result.idle = [ask(connection)[0] for _ in range(200)][50:]
        trainer = threading.Thread(target=train, args=(server, result, trains, ended), daemon=True)
        trainer.start()
        assert trains.wait(120)
        cost = Cost(server)

        def watch() -> None:
            while not ended.wait(1):
                cost.look()

        threading.Thread(target=watch, daemon=True).start()
        share = SHARE * min(capacity(server, cost) for _ in range(WINDOWS))
        coming, next_one = moments(seconds, share, cost, result.rates), threading.Lock()
        begun = time.monotonic()

        def come(_client: int) -> None:
            with closing(server.connect()) as connection:
                while True:
                    with next_one:
                        moment = next(coming, None)
                    if moment is None:
                        return
                    time.sleep(max(0.0, moment - time.monotonic()))
                    _, right = ask(connection)
                    result.milliseconds.append((time.monotonic() - moment) * 1000)
                    result.errors += not right
                    cost.count()

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
    return result


def figures(result: Soak, seconds: float) -> dict[str, Any]:
    """Return what happened in a few figures."""
    percent = statistics.quantiles(result.milliseconds, n=100)
    third = max(1, len(result.megabytes) // 3)
    return {
        "n": len(result.milliseconds),
        "seconds": seconds,
        "rates": [min(result.rates), statistics.median(result.rates), max(result.rates)],
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
    least, usual, most = seen["rates"]
    growth = 100 * (seen["last_megabytes"] / seen["first_megabytes"] - 1)
    times = f"{seen['median_ms']:.1f} ms, {seen['p99_ms']:.1f} ms ({seen['p99_ms'] / seen['idle_ms']:.1f} × idle)"
    rows = [
        (
            "Predictions",
            f"{seen['n']:,} in {seen['seconds'] / 60:.0f} minutes, {usual:.0f} a second ({least:.0f} to {most:.0f})",
        ),
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
    print(table(figures(soak(seconds), seconds)))


if __name__ == "__main__":
    main()
