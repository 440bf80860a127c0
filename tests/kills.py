"""Killing trainings and what supervises them at random moments, and looking whether anything was lost or is untrue."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Literal

from rabisco import artifacts, runs, store
from rabisco.runs.process import lives

Victim = Literal["training", "server", "both"]
SUPERVISE = "import time; from rabisco import runs; runs.start_supervisor(); time.sleep(1e6)"
EPOCHS = 8


@dataclass
class Tally:
    """What happened.

    Attributes:
        kills: Victims, in order.
        states: How many runs were found in each state after a kill.
        finished: Runs that succeeded.
    """

    kills: list[Victim] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)
    finished: int = 0


class Server:
    """A process that supervises runs as a server does, and is killed and started again."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def ensure(self) -> None:
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen([sys.executable, "-c", SUPERVISE], env={**os.environ})

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def kill_and_resume(kills: int, seed: int, seconds: float, patience: float = 600) -> Tally:
    """Kill ``kills`` times, each after up to ``seconds``, resume whatever was interrupted, and finish every run.

    Args:
        kills: How often.
        seed: Of victims and moments.
        seconds: The longest time that a training is let be.
        patience: Seconds that the last runs have to finish.

    Returns:
        What happened; anything lost, half written or untrue is an ``AssertionError``.
    """
    random_numbers, tally, server = random.Random(seed), Tally(), Server()
    known: list[str] = []
    try:
        for _ in range(kills):
            server.ensure()
            if not known or runs.get(known[-1]).state in runs.ENDED:
                known.append(_submit())
            time.sleep(random_numbers.uniform(0, seconds))
            victim: Victim = random_numbers.choice(("training", "server", "both"))
            killed = _kill(victim, known[-1], server)
            tally.kills.append(victim)
            state = _check(known[-1], killed)
            tally.states[state] = tally.states.get(state, 0) + 1
        server.ensure()
        _wait_until_finished(known, patience)
    finally:
        server.kill()
    for run_id in known:
        _check_finished(run_id)
    assert {run.id for run in runs.list_runs()} == set(known)
    tally.finished = len(known)
    return tally


def _submit() -> str:
    values = {"data": {"catalog": "digits"}, "architecture": "linear", "artifact": "killed", "epochs": EPOCHS}
    return runs.submit(runs.RunRequest.parse({**values, "batch_size": 16})).id


def _kill(victim: Victim, run_id: str, server: Server) -> bool:
    """Kill; tell whether a training was among the killed."""
    if victim != "training":
        server.kill()
    with store.reading() as session:
        row = session.get_one(store.Run, run_id)
    if victim != "server" and lives(row.pid, row.process_started):
        assert row.pid is not None
        os.kill(row.pid, signal.SIGKILL)
        while lives(row.pid, row.process_started):  # a large process takes a moment to be gone
            time.sleep(0.05)
        return True
    return False


def _check(run_id: str, killed: bool) -> str:
    """Look whether the row tells the truth and every model is whole; resume what was interrupted."""
    run = runs.get(run_id)
    with store.reading() as session:
        row = session.get_one(store.Run, run_id)
    if run.state in ("running", "stopping"):
        assert not killed
        assert lives(row.pid, row.process_started)
    else:
        assert row.pid is None
    if artifacts.exists("killed"):
        for version in artifacts.versions("killed"):
            assert version.card is not None
            artifacts.load_artifact("killed", version.number)
    if run.state == "interrupted":
        runs.resume(run_id)
    return run.state


def _wait_until_finished(known: list[str], patience: float) -> None:
    until = time.monotonic() + patience
    while any(runs.get(run_id).state != "succeeded" for run_id in known):
        states = [(run.state, run.message) for run in map(runs.get, known)]
        assert time.monotonic() < until, states
        assert not any(state in ("failed", "stopped", "cancelled") for state, _ in states), states
        for run_id in known:
            if runs.get(run_id).state == "interrupted":
                runs.resume(run_id)
        time.sleep(0.5)


def _check_finished(run_id: str) -> None:
    run, told = runs.get(run_id), runs.events(run_id, limit=100_000)
    assert run.artifact_version is not None
    card = artifacts.load_artifact(run.artifact, run.artifact_version).card
    assert (card.run, card.metrics["test_accuracy"]) == (run_id, run.accuracy)
    assert [row["epoch"] for row in card.history] == list(range(1, EPOCHS + 1))
    assert [event.number for event in told] == list(range(1, len(told) + 1))
    assert {event.payload["epoch"] for event in told if event.kind == "epoch"} == set(range(1, EPOCHS + 1))
