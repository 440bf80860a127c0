"""Successive halving finds the best of a grid in a third of its epochs or less."""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests import forking

from rabisco import store
from rabisco.artifacts import load_artifact
from rabisco.cli import rabisco
from rabisco.recipes import RecipeTask, Watcher
from rabisco.runs import RunRequest, events, get, list_runs, request_cancel, submit, sweeps, tend
from rabisco.runs.paths import folder_of
from rabisco.runs.process import kill
from rabisco.runs.resolving import check
from rabisco.runs.session import claim
from rabisco.runs.states import State, add_event, change_state
from rabisco.runs.successive_halving import promote_best, rungs
from rabisco.runs.supervisor import supervising_many
from rabisco.runs.sweeps import parse_sweep, read_sweep, request_of
from rabisco.training import train

pytestmark = pytest.mark.training

SIXTEEN = """
recipe = "digits-linear"
solver = "adamw"
search = "asha"
epochs = 9

[grid]
learning_rate = [1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 3e-1]
batch_size = [32, 128]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "search.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_asha_finds_the_best_of_sixteen_in_a_third_of_the_epochs(home: Path, tmp_path: Path) -> None:
    path = written(tmp_path, SIXTEEN)
    told = CliRunner().invoke(rabisco, ["sweep", str(path)])
    assert told.exit_code == 0, told.output
    sweep = read_sweep(path)
    full = []
    for number, values in enumerate(sweep.combinations(), 1):
        task = RecipeTask(check(request_of(sweep, number, values)))
        model, dataset = task.prepare(Watcher())
        result = train(model, dataset, task.configuration)
        full.append(max(row["validation_accuracy"] for row in result.history))
    assert len(full) == 16
    rows = json.loads((tmp_path / "search" / "summary.json").read_text(encoding="utf-8"))
    trained = sum(len(row["history"]) for row in rows)
    assert trained <= 16 * 9 / 3
    assert f"{trained} epochs were trained, of 144" in told.output
    (best,) = [row for row in rows if "test_accuracy" in row]
    assert best["validation_accuracy"] >= max(full) - 0.001
    assert best["validation_accuracy"] == pytest.approx(full[best["number"] - 1], abs=1e-6)
    states = Counter(run.state for run in list_runs())
    assert states == {"outdone": 15, "succeeded": 1}
    run = get(best["run"])
    card = load_artifact(run.artifact, run.artifact_version).card
    assert [row["epoch"] for row in card.history] == list(range(1, 10))
    assert card.history[0]["seconds"] == best["history"][0]["seconds"]  # gone on with, not trained again
    for name in ("summary.png", "parallel.png"):
        assert (tmp_path / "search" / name).read_bytes().startswith(b"\x89PNG")
    again = CliRunner().invoke(rabisco, ["sweep", str(path)])
    assert again.exit_code == 0
    assert len(list_runs()) == 16
    assert json.loads((tmp_path / "search" / "summary.json").read_text(encoding="utf-8")) == rows


def killed_one_of(sweep: sweeps.SweepStanding) -> bool:
    """Kill the process of a training whose turn it is, once others of its sweep pause; tell whether there was one."""
    states = [trial.run.state for trial in sweep.trials]
    if "paused" not in states or "running" not in states:
        return False
    with store.reading() as session:
        row = session.get_one(store.RunRow, sweep.trials[states.index("running")].run.id)
    kill(row.pid, row.process_started)
    return row.pid is not None


def test_a_search_whose_processes_die_ends_as_an_undisturbed_one(home: Path, tmp_path: Path) -> None:
    text = SIXTEEN.replace("[1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 3e-1]", "[1e-3, 1e-2]")
    ends = []
    with ExitStack() as stack:
        supervisor = stack.enter_context(supervising_many())
        for kills in (0, 2):
            name = sweeps.order(parse_sweep(text, "search")).name
            for last in (False,) * kills + (True,):
                while not (found := sweeps.standing(name)).ended and (last or not killed_one_of(found)):
                    tend(supervisor)
                    time.sleep(0.05)
                if not last:
                    stack.close()
                    supervisor = stack.enter_context(supervising_many())  # as after a restart of the server
            ends.append([[row["validation_loss"] for row in trial.history] for trial in found.trials])
            assert Counter(trial.run.state for trial in found.trials) == {"outdone": 3, "succeeded": 1}
            told = [event for trial in found.trials for event in events(trial.run.id) if event.kind == "state"]
            interrupted = sum(event.payload["state"] == "interrupted" for event in told)
            assert min(kills, 1) <= interrupted <= kills  # one that is killed may have paused just before
            assert found.best
            assert found.best.run.state == "succeeded"
    assert ends[0] == ends[1]
    assert sorted(map(len, ends[0])) == [1, 1, 1, 9]


def test_a_combination_that_cannot_be_trained_goes_no_further(home: Path, tmp_path: Path) -> None:
    few = SIXTEEN.replace("epochs = 9", "epochs = 9\nlimit = 150")
    text = few.replace("[32, 128]", "[32]").replace("[1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 3e-1]", "[1e-2, 0]")
    told = CliRunner().invoke(rabisco, ["sweep", str(written(tmp_path, text))])
    assert told.exit_code == 1
    assert "learning_rate: should be greater than or equal to" in told.stderr
    assert "Best on validation images: 1" in told.stdout


def paused(name: str, accuracy: float, loss: float) -> str:
    """Return a training of a sweep that pauses after its first epoch."""
    asked = {"data": {"recipe": "digits-linear"}, "artifact": name, "solver": "adamw", "sweep": "s", "pauses": [1]}
    run_id = submit(RunRequest.parse(asked)).id
    with store.writing() as session:
        add_event(session, run_id, "epoch", {"epoch": 1, "validation_accuracy": accuracy, "validation_loss": loss})
        change_state(session, run_id, ("queued",), "running")
        change_state(session, run_id, ("running",), "paused")
    return run_id


def test_the_best_third_goes_on_once_none_waits_or_runs(database: str) -> None:
    known = [paused(f"m-{number}", number % 4 / 4, float(number)) for number in range(1, 8)]
    last = submit(RunRequest.parse({"data": {"recipe": "digits-linear"}, "artifact": "m-8", "sweep": "s"})).id
    promote_best()
    assert [get(run_id).state for run_id in known] == ["paused"] * 7
    request_cancel(last)
    promote_best()
    states = {number: get(run_id).state for number, run_id in enumerate(known, 1)}
    assert [number for number, state in states.items() if state == "queued"] == [3, 7]  # of equals, the lower loss
    assert Counter(states.values()) == {"queued": 2, "outdone": 5}
    assert "After epoch 1, others" in str(get(known[0]).message)
    assert sweeps.standing("s").actions == ("cancel",)
    assert Counter(one.run.state for one in sweeps.cancel("s").trials) == {"cancelled": 3, "outdone": 5}
    assert Counter(one.run.state for one in sweeps.resume_all("s").trials) == {"queued": 3, "outdone": 5}


def test_one_that_pauses_can_be_cancelled_and_the_others_are_decided_without_it(database: str) -> None:
    first, second = paused("m-1", 0.9, 0.1), paused("m-2", 0.8, 0.2)
    assert request_cancel(first).state == "cancelled"
    promote_best()
    assert get(second).state == "queued"


def waiting() -> str:
    """Return a training of a sweep that pauses after its first epoch."""
    asked = {"data": {"recipe": "digits-linear"}, "artifact": "m", "solver": "adamw", "epochs": 9, "pauses": [1]}
    return submit(RunRequest.parse({**asked, "sweep": "s", "limit": 150})).id


# The process of a run, but that a stop comes at the moment of its pause.
STOPPED_LATE = """
import sys
from rabisco.runs import request_stop, session, worker

class Late(session.RunSession):
    def pause(self):
        request_stop(self.row.id)
        return super().pause()

session.RunSession = Late
worker.main(sys.argv[1])
"""


def test_a_stop_at_the_moment_of_a_pause_keeps_the_best_weights(home: Path) -> None:
    run_id = waiting()
    folder_of(run_id).mkdir(parents=True)
    ended = forking.run_python("training", ["-c", STOPPED_LATE, run_id])
    run = get(run_id)
    told = [event.payload.get("state") for event in events(run_id) if event.kind == "state"]
    assert (run.state, told) == ("stopped", ["queued", "running", "stopping", "stopped"]), ended.stderr
    assert len(load_artifact("m", run.artifact_version).card.history) <= 2  # it was not trained on
    assert run.actions[0] == "resume"


@pytest.mark.parametrize("order", ["cancel", "stop"])
def test_an_order_that_meets_a_pause_halfway_is_not_lost(database: str, order: str) -> None:
    run_id = waiting()
    assert claim(run_id)
    orders = {"cancel": lambda: request_cancel(run_id), "stop": lambda: sweeps.stop("s")}
    with ThreadPoolExecutor(1) as thread:
        with store.writing() as session:
            assert change_state(session, run_id, ("running",), "paused")
            ordered = thread.submit(orders[order])
            assert wait([ordered], timeout=0.5).not_done  # for this transaction
        ordered.result()
    assert get(run_id).state == "cancelled"


@pytest.mark.parametrize(
    ("states", "then"),
    [
        (["running", "interrupted"], ["queued", "paused"]),
        (["running", "stopping", "interrupted"], ["interrupted", "queued"]),
    ],
)
def test_one_whose_process_dies_is_resumed_by_itself_unless_it_was_to_stop(
    database: str, states: list[State], then: list[State]
) -> None:
    other, run_id = paused("m-1", 0.9, 0.1), waiting()
    for before, after in pairwise(["queued", *states]):
        with store.writing() as session:
            assert change_state(session, run_id, (before,), after)
    promote_best()
    assert [get(run_id).state, get(other).state] == then


def test_rungs_grow_threefold() -> None:
    assert [rungs(epochs) for epochs in (1, 2, 3, 4, 9, 10)] == [(), (1,), (1,), (1, 3), (1, 3), (1, 3, 9)]
