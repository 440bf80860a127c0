"""A training ends less than 2 seconds after it is asked to, whatever it is doing.

The real server, and trainings of ``cnn-tiny`` on MNIST started by ``POST /training``: each is cancelled by ``POST`` up
to 2 seconds after it began to wait, start Keras, load its data, train, or be judged, 3 times each. The time
ends when ``GET`` of the run answers ``cancelled`` and its process is gone; it is asked every 10 ms. The baseline is
such a ``GET``.
"""

import random
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from tests.web.serving import Server, serving

from benchmarks import spread
from rabisco.evaluation.tables import markdown_table

MOMENTS = ("waiting", "starting", "loading", "training", "judging")
EACH, LONGEST_WAIT, PATIENCE = 3, 2.0, 900.0
REQUEST = {"dataset": "mnist", "model": "cnn-tiny", "name": "cancelled", "batch_size": 1024}
JSON = {"Accept": "application/json"}


def run() -> dict[str, Any]:
    """Cancel at every moment."""
    chance = random.Random(25)
    taken: dict[str, list[float]] = {moment: [] for moment in MOMENTS}
    asked: list[float] = []
    with tempfile.TemporaryDirectory() as home, serving(Path(home), training_niceness=0) as server:
        for moment in MOMENTS * EACH:
            address = _begin(server, moment)
            time.sleep(chance.uniform(0, LONGEST_WAIT))
            taken[moment].append(_cancel(server, address))
            started = time.perf_counter()
            server.get(address, headers=JSON)
            asked.append(time.perf_counter() - started)
    everything = [seconds for values in taken.values() for seconds in values]
    return {
        "n": len(everything),
        "seconds": spread(everything),
        "moments": {moment: spread(values) for moment, values in taken.items()},
        "get_seconds": spread(asked),
    }


def table(result: dict[str, Any]) -> str:
    """Return the seconds at each moment as a Markdown table."""
    rows = [
        (name, f"{figures['n']}", f"{figures['median']:.2f} s", f"{figures['max']:.2f} s")
        for name, figures in (*result["moments"].items(), ("all of them", result["seconds"]))
    ]
    baseline = result["get_seconds"]
    rows.append(
        ("asking once (baseline)", f"{baseline['n']}", f"{baseline['median']:.2f} s", f"{baseline['max']:.2f} s")
    )
    return markdown_table(("Cancelled while", "Times", "Median", "Longest"), rows)


def _begin(server: Server, moment: str) -> str:
    """Start a training, and return its address once it is there."""
    request = {**REQUEST, "epochs": 1 if moment == "judging" else 1000}
    address = f"/runs/{server.post('/training', json=request).json()['id']}"
    until = time.monotonic() + PATIENCE
    while moment != "waiting" and _phase(server, address) != moment:
        if time.monotonic() > until:
            raise RuntimeError(f"expected a training that is {moment}, received {server.get(address).text}")
        time.sleep(0.05)
    return address


def _phase(server: Server, address: str) -> str:
    events = server.get(f"{address}/events?after=0", headers=JSON).json()["events"]
    return next((one["payload"]["phase"] for one in reversed(events) if one["kind"] == "phase"), "")


def _cancel(server: Server, address: str) -> float:
    run_id = address.rpartition("/")[2]
    processes = [one for one in psutil.process_iter(["cwd"]) if Path(one.info["cwd"] or "").name == run_id]
    started = time.perf_counter()
    server.post(f"{address}/cancel", headers=JSON).raise_for_status()
    while server.get(address, headers=JSON).json()["state"] != "cancelled" or any(_lives(one) for one in processes):
        time.sleep(0.01)
    return time.perf_counter() - started


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
