"""Trainings on a Ray cluster of two nodes: a real one, on this machine, of which one node is killed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from sqlalchemy import select
from tests.kills import _weights_of as weights_of

from rabisco import runs, store
from rabisco.runs import runners, sweeps
from rabisco.runs.cluster import ClusterRunner, cluster_state
from rabisco.runs.kinds import TRAINING
from rabisco.runs.paths import LOG_FILE, folder_of
from rabisco.runs.supervisor import Supervisor
from rabisco.runs.sweeps import parse_sweep
from rabisco.settings import get_settings

RUNS, EPOCHS = 6, 30
REQUEST = {"data": {"catalog": "digits"}, "architecture": "linear", "epochs": EPOCHS, "batch_size": 16}
SMALL = {"object_store_memory": 80 * 1024 * 1024}
PATIENCE = 600  # seconds; other processes may need the cores too


@pytest.fixture(autouse=True)
def nothing_is_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Ray speak from a process that is started."""
    monkeypatch.setattr(runners, "subprocess", subprocess)


@contextmanager
def two_nodes() -> Iterator[tuple[str, Any]]:
    """Yield the address of a cluster, and its second node."""
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    head = {"num_cpus": RUNS - 2, "include_dashboard": False, **SMALL}
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
    try:
        yield cluster.address, cluster.add_node(num_cpus=2, **SMALL)
    finally:
        cluster.shutdown()


def wait_for(come: Callable[[], object], supervisor: Supervisor) -> None:
    until = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < until, [(run.state, run.progress, str(run.message)) for run in runs.list_runs()]
        supervisor.look()
        time.sleep(0.1)


def epochs_of(run_id: str) -> list[int]:
    return [event.payload["epoch"] for event in runs.events(run_id, limit=10_000) if event.kind == "epoch"]


def states_of(run_id: str) -> list[str]:
    return [event.payload["state"] for event in runs.events(run_id, limit=10_000) if event.kind == "state"]


def raylet_above(pid: int) -> int:
    return next(one.pid for one in psutil.Process(pid).parents() if "raylet" in one.name())


@pytest.mark.slow
@pytest.mark.training
@pytest.mark.filterwarnings("ignore")  # of Ray's own code
def test_trainings_on_a_node_that_dies_go_on_elsewhere_to_the_same_weights(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABISCO_TRAINING_NICENESS", "0")
    monkeypatch.setenv("RABISCO_TRAINING_THREADS", "1")
    with two_nodes() as (address, doomed):
        monkeypatch.setenv("RABISCO_RUNNER", address)
        get_settings.cache_clear()
        store.close()
        supervisor = Supervisor(TRAINING, ClusterRunner(address))
        known = [
            runs.submit(runs.RunRequest.parse({**REQUEST, "artifact": f"digits-{number}"})).id
            for number in range(1, RUNS + 1)
        ]
        wait_for(lambda: all(runs.get(one).state == "running" for one in known), supervisor)
        stands = cluster_state()
        assert stands is not None
        assert (len(stands.nodes), stands.whole.cpus) == (2, RUNS)
        raylet = doomed.all_processes["raylet"][0].process.pid
        with store.reading() as session:
            pids = {one: session.get_one(store.RunRow, one).pid or 0 for one in known}
        victims = [one for one in known if raylet_above(pids[one]) == raylet]
        assert len(victims) == 2
        wait_for(lambda: any(len(epochs_of(one)) > 2 for one in victims), supervisor)
        processes = [psutil.Process(pids[one]) for one in victims]
        psutil.Process(raylet).kill()
        assert psutil.wait_procs(processes, timeout=60)[1] == []
        wait_for(lambda: all(runs.get(one).state == "succeeded" for one in known), supervisor)
    for one in known:
        expected = ["queued", "running", *(["interrupted", "queued", "running"] * (one in victims)), "succeeded"]
        assert states_of(one) == expected
        assert sorted(set(epochs_of(one))) == list(range(1, EPOCHS + 1))
        assert (folder_of(one) / LOG_FILE).is_file()
        for own, other in zip(weights_of(runs.get(one)), weights_of(runs.get(known[0])), strict=True):
            np.testing.assert_array_equal(own, other)
    assert any(len(epochs_of(one)) < EPOCHS + 3 for one in victims)  # from the last checkpoint, not from the start
    store.close()


SWEEP = """
recipe = "digits-linear"
solver = "adamw"
epochs = 4000
batch_size = 16

[grid]
learning_rate = [1e-4, 1e-3, 1e-2]
seed = [1, 2]
"""


@pytest.mark.slow
@pytest.mark.training
@pytest.mark.filterwarnings("ignore")  # of Ray's own code
def test_a_grid_is_trained_at_once_on_two_nodes_and_cancelled_as_a_whole(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABISCO_TRAINING_NICENESS", "0")
    monkeypatch.setenv("RABISCO_TRAINING_THREADS", "1")
    with two_nodes() as (address, second):
        monkeypatch.setenv("RABISCO_RUNNER", address)
        get_settings.cache_clear()
        store.close()
        supervisor = Supervisor(TRAINING, ClusterRunner(address))
        grid = sweeps.order(parse_sweep(SWEEP, "grid")).name
        known = [one.run.id for one in sweeps.standing(grid).trials]
        assert len(known) == RUNS
        wait_for(lambda: all(runs.get(one).state == "running" for one in known), supervisor)
        raylet = second.all_processes["raylet"][0].process.pid
        with store.reading() as session:
            pids = [session.get_one(store.RunRow, one).pid or 0 for one in known]
        assert sum(raylet_above(pid) == raylet for pid in pids) == 2
        sweeps.cancel(grid)
        wait_for(lambda: sweeps.standing(grid).ended, supervisor)
        states = {one.run.state for one in sweeps.standing(grid).trials}
    assert states == {"cancelled"}
    store.close()


HALVED = """
recipe = "digits-linear"
solver = "adamw"
search = "asha"
epochs = 3
batch_size = 32

[grid]
learning_rate = [1e-5, 1e-3, 3e-3, 1e-2, 3e-1]
"""
IN_FULL = HALVED.replace('"asha"', '"grid"').replace("1e-5, 1e-3, 3e-3,", "")


def searched(file: Path, text: str) -> tuple[list[dict[str, Any]], set[int]]:
    """Return what ``rabisco sweep`` says of each training, and the nodes on which trainings were seen."""
    file.write_text(text, encoding="utf-8")
    nodes, until = set[int](), time.monotonic() + PATIENCE
    with (file.with_suffix(".log")).open("wb") as log:
        command = subprocess.Popen([sys.executable, "-m", "rabisco", "sweep", str(file)], stdout=log, stderr=log)
        try:
            while command.poll() is None:
                assert time.monotonic() < until, file.with_suffix(".log").read_text()
                with store.reading() as session:
                    pids = session.scalars(select(store.RunRow.pid).where(store.RunRow.pid.is_not(None))).all()
                for pid in pids:
                    with suppress(psutil.NoSuchProcess, StopIteration):  # it has ended, or no node began it
                        nodes.add(raylet_above(pid))
                time.sleep(0.2)
        finally:
            command.kill()
    assert command.returncode == 0, file.with_suffix(".log").read_text()
    return json.loads((file.with_suffix("") / "summary.json").read_text(encoding="utf-8")), nodes


@pytest.mark.slow
@pytest.mark.training
@pytest.mark.filterwarnings("ignore")  # of Ray's own code
def test_a_search_on_two_nodes_ends_as_on_this_machine(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.close()
    here, _ = searched(tmp_path / "here.toml", HALVED)
    with two_nodes() as (address, second):
        monkeypatch.setenv("RABISCO_RUNNER", address)
        there, nodes = searched(tmp_path / "there.toml", HALVED)
        assert second.all_processes["raylet"][0].process.pid in nodes
        assert len(nodes) == 2
        grid, _ = searched(tmp_path / "grid.toml", IN_FULL)
    known = [row["run"] for row in there]
    assert sorted(map(tuple, map(states_of, known)), key=len) == [
        *[("queued", "running", "paused", "outdone")] * 4,
        ("queued", "running", "paused", "queued", "running", "succeeded"),
    ]
    assert sorted(map(len, map(epochs_of, known))) == [1, 1, 1, 1, 3]
    told = [(event.payload.get("phase"), one) for one in known for event in runs.events(one, limit=10_000)]
    (best,) = [row for row in there if "test_accuracy" in row]
    assert [one for phase, one in told if phase == "judging"] == [best["run"]]
    for ours, local in zip(there, here, strict=True):
        for name in ("number", "validation_accuracy", "test_accuracy"):
            assert ours.get(name) == local.get(name)
        figures = "validation_loss", "loss", "epoch"
        assert [[row[one] for one in figures] for row in ours["history"]] == [
            [row[one] for one in figures] for row in local["history"]
        ]
    assert [(states_of(row["run"])[-1], len(row["history"])) for row in grid] == [("succeeded", 3)] * 2
    assert ["test_accuracy" in row for row in grid].count(True) == 1
    assert max(grid, key=lambda row: row["validation_accuracy"])["test_accuracy"] > 0.8
    store.close()
