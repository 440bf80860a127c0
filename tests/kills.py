"""Killing trainings and the server at random moments, and looking whether anything was lost or is untrue.

The server is the real one, with two worker processes, in a home of its own; trainings are submitted to it by HTTP. A
*moment* is what is waited for before the kill, so that short ones are met too: a checkpoint that is being written, a
model that is being saved.
"""

import random
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
import psutil
import requests
from tests.web import serving

from rabisco import artifacts, runs, store
from rabisco.runs.paths import checkpoints_of, has_checkpoint
from rabisco.runs.process import lives
from rabisco.settings import get_settings

Victim = Literal["training", "server", "both"]
VICTIMS: tuple[Victim, ...] = ("training", "server", "both")
MOMENTS = ("anytime", "starting", "an epoch", "a checkpoint", "judging", "saving")
MODEL, EPOCHS = "killed", 40
REQUEST = {"dataset": "digits", "model": "linear", "name": MODEL, "epochs": EPOCHS, "batch_size": 16}
PATIENCE = 900.0  # seconds; other processes may need the cores too


@dataclass
class Tally:
    """What happened.

    Attributes:
        kills: Victim and moment of each kill, in order; a moment that did not come is ``after the end``.
        states: How many runs were found in each state after a kill.
        phases: How many kills came in each phase of a run, as its last event before them says it.
        halves: How many kills left a checkpoint or a model behind that was half written: neither was ever read.
        resumed: How many of the interrupted had a checkpoint to go on from.
        finished: Runs that succeeded, each with the weights of the one that nobody killed.
    """

    kills: list[tuple[Victim, str]] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    halves: Counter[str] = field(default_factory=Counter)
    resumed: int = 0
    finished: int = 0


class Server:
    """The real server, which is killed and started again."""

    def __init__(self) -> None:
        self.port = serving.free_port()
        self.running: serving.Server | None = None

    def ensure(self) -> None:
        """Have it run."""
        if self.running is None:
            home, port = get_settings().home, self.port
            # a training that gives way would take all day where other processes compute
            process = serving.start(port, home, workers=2, training_niceness=0, keep_versions=1000)
            self.running = serving.Server(port, process)
            serving.wait_until_live(self.running, seconds=180)

    def ask(self, path: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what it answers to a GET, or to a POST of these values."""
        self.ensure()
        assert self.running is not None
        url, accept = self.running.url + path, {"Accept": "application/json"}
        response = (
            requests.get(url, headers=accept, timeout=60)
            if values is None
            else requests.post(url, json=values, headers=accept, timeout=60)
        )
        assert response.ok, f"{response.text}\n{self.printed()}"
        answer: dict[str, Any] = response.json()
        return answer

    def processes(self) -> list[psutil.Process]:
        """Return its processes, the first of them first; not the trainings that they started."""
        if self.running is None:
            return []
        first = psutil.Process(self.running.process.pid)
        return [first, *(child for child in first.children() if not _trains(child))]

    def printed(self) -> str:
        """Kill it, and return what it printed."""
        assert self.running is not None
        for process in self.processes():
            process.kill()
        said = self.running.process.communicate()[0]
        self.running = None
        return said

    def end(self) -> None:
        """Kill all of its processes, if it runs."""
        processes = self.processes()
        for process in processes:
            process.kill()
        if processes:
            self.bury(processes)

    def bury(self, processes: list[psutil.Process]) -> None:
        """Look that none of its processes is left once the first was killed, and that the port is free."""
        assert self.running is not None
        self.running.process.communicate()
        self.running = None
        assert psutil.wait_procs(processes, timeout=30)[1] == []
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", self.port))


def kill_and_resume(kills: int, seed: int, seconds: float) -> Tally:
    """Kill ``kills`` times, resume whatever was interrupted, and finish every run.

    Args:
        kills: How often; every victim and every moment come equally often.
        seed: Of their order, and of the time until each kill.
        seconds: The longest time that ``anytime`` lasts.

    Returns:
        What happened; anything lost, half written or untrue is an ``AssertionError``.
    """
    chance, tally, server = random.Random(seed), Tally(), Server()
    plan = [(VICTIMS[at % len(VICTIMS)], MOMENTS[at // len(VICTIMS) % len(MOMENTS)]) for at in range(kills)]
    chance.shuffle(plan)
    try:
        known = [server.ask("/training", REQUEST)["id"]]
        _wait_until_finished(server, known, resume=False)
        expected = runs.get(known[0])
        for victim, moment in plan:
            if runs.get(known[-1]).state in runs.ENDED:
                known.append(server.ask("/training", REQUEST)["id"])
            _strike(victim, moment, known[-1], server=server, chance=chance, seconds=seconds, tally=tally)
        _wait_until_finished(server, known)
        for run_id in known:
            _check_finished(run_id, expected)
        assert {run["id"] for run in server.ask("/runs")["runs"]} == set(known)
    finally:
        server.end()
        _end_trainings()
    tally.finished = len(known)
    return tally


def _strike(
    victim: Victim, moment: str, run_id: str, *, server: Server, chance: random.Random, seconds: float, tally: Tally
) -> None:
    """Kill once, look whether all is as it should be, and resume what was interrupted."""
    server.ensure()
    met = _wait_for(moment, run_id, chance, seconds)
    phase, trainings, serving_processes = _phase_of(run_id), _trainings(run_id), server.processes()
    aimed = [] if victim == "server" else trainings
    if victim != "training":
        aimed = aimed + (serving_processes if chance.random() < 0.5 else serving_processes[:1])
    met = met and _come(moment, run_id)
    for process in aimed:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(aimed, timeout=30)
    if victim != "training":
        server.bury(serving_processes)
    tally.kills.append((victim, moment if met else "after the end"))
    tally.phases[phase] += 1
    tally.halves["checkpoints"] += _new_checkpoint(run_id).exists()
    tally.halves["models"] += bool(list(get_settings().artifacts_dir.glob(".saving-*/version/*")))
    state = _check(run_id, server, killed=victim != "server" and bool(trainings))
    tally.states[state] += 1
    if state == "interrupted":
        tally.resumed += has_checkpoint(run_id)
        server.ask(f"/runs/{run_id}/resume", {})


def _wait_for(moment: str, run_id: str, chance: random.Random, seconds: float) -> bool:
    """Return at that moment of a run, or just before it; ``False`` if the run ended before it came."""
    if moment == "anytime":
        time.sleep(chance.uniform(0, seconds))
        return True
    phase = {"an epoch": "training", "a checkpoint": "training"}.get(moment, moment)
    met = _until(lambda: _phase_of(run_id) == phase, run_id)
    if moment != "a checkpoint":
        time.sleep(chance.uniform(0, 1))
    return met


def _come(moment: str, run_id: str) -> bool:
    """Wait for what is too short to do anything between it and the kill."""
    if moment == "a checkpoint":
        return _until(_new_checkpoint(run_id).exists, run_id)
    return True


def _until(here: Callable[[], bool], run_id: str) -> bool:
    until = time.monotonic() + PATIENCE
    looks = 0
    while not here():
        looks += 1
        if looks % 1000 == 0:
            assert time.monotonic() < until, runs.get(run_id)
            if runs.get(run_id).state in runs.ENDED:
                return False
        time.sleep(0.0005)
    return True


def _phase_of(run_id: str) -> str:
    """Return the last phase, or the state where that is younger, of what a run told."""
    with store.reading() as session:
        last = session.get_one(store.RunRow, run_id).last_event
    for event in reversed(runs.events(run_id, after=max(0, last - 400))):
        if event.kind in ("phase", "state"):
            return str(event.payload.get("phase") or event.payload["state"])
    return "training"


def _new_checkpoint(run_id: str) -> Path:
    return checkpoints_of(run_id) / ".new.checkpoint"


def _trains(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "rabisco.runs.worker" in process.cmdline()
    return False


def _trainings(run_id: str) -> list[psutil.Process]:
    """Return the processes of a run, also one that has not taken it up yet."""
    return [one for one in psutil.process_iter(["cwd"]) if Path(one.info["cwd"] or "").name == run_id]


def _check(run_id: str, server: Server, *, killed: bool) -> str:
    """Look whether what the server says is true, and whether every model is whole; return the state of the run."""
    told = server.ask(f"/runs/{run_id}")["state"]
    with store.reading() as session:
        row = session.get_one(store.RunRow, run_id)
    assert told in ("queued", "running", "succeeded") or (killed and told == "interrupted"), runs.get(run_id)
    if row.state == "running":
        alive, now = lives(row.pid, row.process_started), runs.get(run_id).state
        assert alive or now == "succeeded" or now == told == "interrupted", (told, now, killed, row.pid)
        # killed before it had taken the run up, and started again; or nobody has written down yet what is told
        assert not killed or told in ("queued", "interrupted")
    else:
        assert row.pid is None
    if artifacts.exists(MODEL):
        for version in artifacts.versions(MODEL):
            assert version.card is not None
            artifacts.load_artifact(MODEL, version.number)  # compares every file with its checksum
    return str(told)


def _wait_until_finished(server: Server, known: list[str], *, resume: bool = True) -> None:
    until = time.monotonic() + PATIENCE
    while waiting := [run for run in map(runs.get, known) if run.state != "succeeded"]:
        states = [(run.state, run.message) for run in waiting]
        assert time.monotonic() < until, states
        assert not any(state in ("failed", "stopped", "cancelled") for state, _ in states), states
        for run in waiting:
            if run.state == "interrupted":
                assert resume, states
                server.ask(f"/runs/{run.id}/resume", {})
        time.sleep(0.5)


def _check_finished(run_id: str, expected: runs.Run) -> None:
    """Look whether a run told everything, and came to what it would have without the kills."""
    run, told = runs.get(run_id), runs.events(run_id, limit=100_000)
    assert (run.metrics, run.accuracy) == (expected.metrics, expected.accuracy)
    card = artifacts.load_artifact(run.artifact, run.artifact_version).card
    assert (card.run, card.metrics["test_accuracy"]) == (run_id, run.accuracy)
    assert [row["epoch"] for row in card.history] == list(range(1, EPOCHS + 1))
    assert [event.number for event in told] == list(range(1, len(told) + 1))
    assert {event.payload["epoch"] for event in told if event.kind == "epoch"} == set(range(1, EPOCHS + 1))
    for own, other in zip(_weights_of(run), _weights_of(expected), strict=True):
        np.testing.assert_array_equal(own, other)


def _weights_of(run: runs.Run) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    with h5py.File(artifacts.load_artifact(run.artifact, run.artifact_version).weights_path) as file:
        file["model_weights"].visititems(
            lambda _, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None
        )
    assert found
    return found


def _end_trainings() -> None:
    for run in runs.list_runs():
        for process in _trainings(run.id):
            with suppress(psutil.NoSuchProcess):
                process.kill()
