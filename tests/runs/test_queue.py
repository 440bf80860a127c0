"""Orders, states and truth, without any training: rows, and real processes that are killed."""

import logging
import math
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text, update

from rabisco import runs, store
from rabisco.errors import InvalidConfigurationError, ModelNotFoundError, RunConflictError, RunNotFoundError
from rabisco.models import get_architecture
from rabisco.runs import supervisor
from rabisco.runs.paths import folder_of
from rabisco.runs.process import host, identity, kill, lives
from rabisco.runs.recovery import as_found, reconcile
from rabisco.runs.resolving import check, in_fast_epochs
from rabisco.runs.session import LOGGER, claim
from rabisco.runs.states import change_state
from rabisco.store import database as database_module
from rabisco.training import Progress

SUBMIT_AND_LOOK = """
import sys
from rabisco import runs
from rabisco.web import create_app
create_app()
asked = {"data": {"recipe": "mnist-cnn"}, "artifact": "mine", "base": "mnist-cnn", "without_supplements": True}
runs.submit(runs.RunRequest.parse(asked))
print(sorted({"keras", "tensorflow", "sklearn", "matplotlib"} & set(sys.modules)))
"""


def a_request(**changes: object) -> runs.RunRequest:
    return runs.RunRequest.parse({"data": {"catalog": "digits"}, "artifact": "mine", **changes})


def submit(**changes: object) -> runs.Run:
    return runs.submit(a_request(**changes))


@contextmanager
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        yield process
        process.kill()


def belongs_to(run: runs.Run, process: "subprocess.Popen[bytes]", state: str = "running", wanted: str = "") -> None:
    """Let the row say that a process works on the run."""
    columns = {"pid": process.pid, "process_started": identity(process.pid) or "", "host": host()}
    with store.writing() as session:
        session.execute(
            update(store.RunRow).where(store.RunRow.id == run.id).values(state=state, wanted=wanted, **columns)
        )


def states_of(run: runs.Run) -> list[str]:
    return [event.payload["state"] for event in runs.events(run.id) if event.kind == "state"]


def test_a_run_waits_with_all_that_it_was_asked_for(database: str) -> None:
    run = submit(epochs="3", learning_rate="0.01", notes="why", owner="me")
    assert (run.state, run.name, run.artifact, run.notes, run.owner) == ("queued", "mine", "mine", "why", "me")
    assert (run.dataset, run.architecture, run.actions) == ("digits", "cnn-small", ("cancel",))
    assert (run.configuration["epochs"], run.configuration["learning_rate"]) == (3, 0.01)
    assert run.configuration["augmentation"] is not None
    assert runs.list_runs() == [run]
    assert runs.list_runs(owner="somebody else") == []
    assert [(event.number, event.kind) for event in runs.events(run.id)] == [(1, "state")]
    assert runs.events(run.id, after=1) == []
    assert run.to_dict()["created"].endswith("+00:00")


def test_a_recipe_brings_what_the_request_leaves_out(home: Path) -> None:
    run = runs.submit(runs.RunRequest.parse({"data": {"recipe": "digits-linear"}, "artifact": "mine"}))
    assert run.architecture == "linear"
    assert run.configuration["solver"] == "logistic-regression"
    network = runs.submit(
        runs.RunRequest.parse({"data": {"recipe": "digits-linear"}, "artifact": "mine", "architecture": "cnn"})
    )
    assert network.configuration["solver"] == "adamw"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("schedule", "step"),
        ("step_epochs", 7),
        ("cooldown_epochs", 0),
        ("momentum", 0.8),
        ("weight_decay", 5e-4),
        ("label_smoothing", 0.05),
    ],
)
def test_how_to_train_can_be_asked_for_in_detail(home: Path, setting: str, value: object) -> None:
    told = {"data": {"recipe": "digits-cnn"}, "artifact": "mine", setting: value}
    assert runs.submit(runs.RunRequest.parse(told)).configuration[setting] == value
    with pytest.raises(InvalidConfigurationError, match=setting):
        runs.RunRequest.parse({**told, setting: -1})


def test_the_preset_is_small_and_augmentation_is_a_strength(home: Path) -> None:
    run = submit(preset="seconds", augmentation="0.5")
    assert (run.architecture, run.configuration["epochs"]) == ("cnn-tiny", 12)
    assert run.configuration["augmentation"]["rotation"] == 5
    assert submit(augmentation=0).configuration["augmentation"] is None
    assert submit(base="mnist-cnn").configuration["learning_rate"] == 1e-3


def test_the_preset_fast_is_small_and_sees_few_images_as_often_as_it_takes(home: Path) -> None:
    recipe = check(runs.RunRequest.parse({"data": {"recipe": "mnist-cnn"}, "artifact": "mine", "preset": "fast"}))
    assert (recipe.architecture, recipe.supplements, recipe.configuration.augmentation) == ("cnn-small", (), None)
    assert recipe.configuration.schedule == "one-cycle"
    assert [in_fast_epochs(recipe, images).configuration.epochs for images in (54_000, 13_000, 900)] == [1, 4, 20]
    assert in_fast_epochs(recipe, 13_000).configuration.warmup_epochs == pytest.approx(1.2)
    photographs = runs.RunRequest.parse({"data": {"catalog": "cifar-10"}, "artifact": "mine", "preset": "fast"})
    assert "colour" in get_architecture(check(photographs).architecture).augmentation


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"epochs": 0}, "epochs: .* greater than or equal to 1. Received: 0"),
        ({"epochs": "many"}, "epochs: .*integer"),
        ({"learning_rate": -1}, "learning_rate: .* Received: -1"),
        ({"colour": "red"}, "colour: "),
        ({"data": {}}, "exactly one of catalog, recipe and upload"),
        ({"data": {"catalog": "a", "recipe": "b"}}, "exactly one"),
        ({"artifact": "../x"}, "a model's name must be"),
        ({"architecture": "brain"}, "architecture must be one of"),
        ({"data": {"upload": "../../etc"}}, "upload the files again"),
        ({"data": {"upload": "uploads/none"}}, "upload the files again"),
        ({"base": "mnist-linear", "architecture": "cnn"}, "a base must have the architecture"),
        ({"data": {"recipe": "nope"}}, "a recipe must be one of"),
    ],
)
def test_what_cannot_be_trained_is_refused_at_once(home: Path, values: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidConfigurationError, match=said):
        submit(**values)
    assert runs.list_runs() == []


def test_an_unknown_base_is_refused(home: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        submit(base="nobody")


def test_an_unknown_run_is_told_of_by_every_order(database: str) -> None:
    for order in (runs.get, runs.events, runs.request_stop, runs.request_cancel, runs.resume, runs.retry, runs.delete):
        with pytest.raises(RunNotFoundError, match="'nobody'"):
            order("nobody")
    with pytest.raises(RunNotFoundError):
        runs.rename("nobody", "x")


def test_a_waiting_run_is_cancelled_resumed_repeated_and_deleted(database: str) -> None:
    run = runs.request_cancel(submit().id)
    assert (run.state, run.actions) == ("cancelled", ("resume", "retry", "delete"))
    assert run.ended is not None
    assert runs.request_cancel(run.id).state == "cancelled"
    assert (runs.resume(run.id).state, runs.get(run.id).ended) == ("queued", None)
    assert states_of(run) == ["queued", "cancelled", "queued"]
    again = runs.retry(run.id)
    assert (again.retry_of, again.configuration, again.id != run.id) == (run.id, run.configuration, True)
    with pytest.raises(RunConflictError, match="one that has ended"):
        runs.delete(run.id)
    runs.request_cancel(run.id)
    folder_of(run.id).mkdir(parents=True)
    runs.delete(run.id)
    assert not folder_of(run.id).exists()
    with pytest.raises(RunNotFoundError):
        runs.get(run.id)
    assert runs.get(again.id).retry_of is None


def test_a_run_is_renamed_and_noted_on(database: str) -> None:
    run = submit()
    assert runs.rename(run.id, "  Another   name ").name == "Another name"
    assert runs.set_notes(run.id, "Línea 1\nlinea 2").notes == "Línea 1\nlinea 2"
    for name in ("", " ", "x" * 121):
        with pytest.raises(InvalidConfigurationError):
            runs.rename(run.id, name)
    with pytest.raises(InvalidConfigurationError):
        runs.set_notes(run.id, "x" * 20_001)


@pytest.mark.parametrize("name", ["linear", "CNN", "mnist-cnn", "MNIST-Linear"])
def test_no_run_is_called_as_a_model_that_it_did_not_make(name: str, home: Path) -> None:
    with pytest.raises(InvalidConfigurationError, match=f"such as mine {name}"):
        runs.rename(submit().id, name)


def test_no_run_is_told_from_another_by_capitals_or_accents_alone(home: Path) -> None:
    first, second = submit(), submit()
    assert runs.rename(first.id, "mine").name == "mine"
    runs.rename(first.id, "Avaliação")
    assert runs.get(first.id).name == "Avaliação"
    with pytest.raises(InvalidConfigurationError, match="from the run “Avaliação”"):
        runs.rename(second.id, "avaliacao")
    assert runs.rename(second.id, "Avaliação").name == "Avaliação"


def test_a_damaged_row_hides_no_other(home: Path) -> None:
    first, second = submit(), submit()
    with store.writing() as session:
        session.execute(text("UPDATE runs SET configuration = '{' WHERE id = :id"), {"id": first.id})
    assert [run.id for run in runs.list_runs()] == [second.id]


def test_stop_is_for_a_run_that_runs(database: str) -> None:
    run = submit()
    with pytest.raises(RunConflictError, match="which waits"):
        runs.request_stop(run.id)
    with sleeper() as process:
        belongs_to(run, process)
        assert runs.get(run.id).actions == ("stop", "cancel")
        stopping = runs.request_stop(run.id)
        assert (stopping.state, stopping.wanted, stopping.actions) == ("stopping", "stop", ("cancel",))
        assert runs.request_stop(run.id).state == "stopping"
        assert runs.request_cancel(run.id).wanted == "cancel"
        with pytest.raises(RunConflictError):
            runs.resume(run.id)


@pytest.mark.parametrize(
    ("state", "wanted", "then"),
    [("running", "", "interrupted"), ("stopping", "stop", "interrupted"), ("stopping", "cancel", "cancelled")],
)
def test_a_run_whose_process_is_killed_says_so(database: str, state: str, wanted: str, then: str) -> None:
    run = submit()
    with sleeper() as process:
        belongs_to(run, process, state, wanted)
        assert runs.get(run.id).state == state
        process.kill()
        while lives(process.pid, identity(process.pid) or ""):  # until it is dead, though not noticed by its parent
            time.sleep(0.01)
        assert runs.get(run.id).state == then
    assert runs.get(run.id).wanted == ""
    assert states_of(run)[-1] != then  # whoever only looks writes nothing
    reconcile()
    assert states_of(run)[-1] == then
    assert runs.get(run.id).state == then


def test_another_process_of_the_same_number_is_not_taken_for_it(database: str) -> None:
    run = submit()
    with sleeper() as process:
        belongs_to(run, process)
        with store.writing() as session:
            session.execute(update(store.RunRow).values(process_started="another boot 123"))
        kill(process.pid, "another boot 123")
        assert lives(process.pid, identity(process.pid) or "")
        assert runs.get(run.id).state == "interrupted"


def test_a_run_of_another_machine_is_believed_as_long_as_it_is_heard_of(database: str) -> None:
    run = submit()
    with sleeper() as process:
        belongs_to(run, process)
    with store.writing() as session:
        session.execute(update(store.RunRow).values(host="elsewhere", heartbeat=store.now()))
    assert runs.get(run.id).state == "running"
    with store.writing() as session:
        long_ago = store.now().replace(year=2020)
        session.execute(update(store.RunRow).values(heartbeat=long_ago))
    assert runs.get(run.id).state == "interrupted"


def test_what_a_process_said_just_before_it_ended_counts(database: str) -> None:
    run = submit()
    with sleeper() as process:
        belongs_to(run, process)
        with store.reading() as session:
            row = session.get_one(store.RunRow, run.id)
        with store.writing() as session:
            session.execute(update(store.RunRow).where(store.RunRow.id == run.id).values(state="succeeded"))
    assert as_found(row).state == "succeeded"


def test_a_run_whose_process_ends_while_it_is_looked_at_is_not_shown_as_interrupted(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = submit()
    with sleeper() as process:
        belongs_to(run, process)
        with store.reading() as session:
            row = session.get_one(store.RunRow, run.id)

        def look(pid: int | None, known: str) -> bool:
            found = lives(pid, known)
            process.kill()
            process.wait()
            return found

        monkeypatch.setattr("rabisco.runs.recovery.lives", look)
        assert as_found(row).state == "running"


def test_of_several_that_change_a_state_one_succeeds(database: str) -> None:
    run = submit()
    won: list[bool] = []

    def try_it() -> None:
        with store.writing() as session:
            won.append(change_state(session, run.id, ("queued",), "running"))

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]
    assert [event.number for event in runs.events(run.id)] == [1, 2]


def test_one_run_is_taken_up_at_a_time(database: str) -> None:
    first, second = submit(), submit()
    taken = claim(first.id)
    assert taken is not None
    assert (taken.row.pid, runs.get(first.id).state) == (os.getpid(), "running")
    assert claim(second.id) is None
    assert claim(first.id) is None
    taken.end("succeeded")
    assert claim(second.id) is not None


def test_events_are_numbered_without_gaps_whoever_writes_them(database: str) -> None:
    run = submit()
    session = claim(run.id)
    assert session is not None
    threads = [threading.Thread(target=lambda: [session.say("phase", {"n": n}) for n in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [event.number for event in runs.events(run.id)]
    assert numbers == list(range(1, 43))
    assert [event.number for event in runs.events(run.id, after=40)] == [41, 42]
    assert len(runs.events(run.id, limit=7)) == 7


class Release(logging.Handler):
    """Frees the database once a run has said for the second time that it does not get it."""

    def __init__(self, holder: sqlite3.Connection) -> None:
        super().__init__()
        self._holder, self._said = holder, 0

    def emit(self, _record: logging.LogRecord) -> None:
        self._said += 1
        if self._said == 2:
            self._holder.rollback()


@pytest.mark.slow
def test_a_run_does_not_end_before_all_is_said_that_the_database_did_not_take(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.close()
    run = submit()
    session = claim(run.id)
    assert session is not None
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.2)
    with closing(sqlite3.connect(home / "rabisco.db")) as holder:
        holder.execute("BEGIN IMMEDIATE")
        release = Release(holder)
        LOGGER.addHandler(release)
        try:
            session.say("epoch", {"epoch": 1})
            assert session.end("paused")
        finally:
            LOGGER.removeHandler(release)
    assert [event.kind for event in runs.events(run.id)][-2:] == ["epoch", "state"]
    store.close()


@pytest.mark.slow
def test_progress_is_told_at_most_four_times_a_second(database: str) -> None:
    run = submit()
    session = claim(run.id)
    assert session is not None
    progress = Progress(1, 1, 7, 10, math.inf, 0.1, 0.01, None, None, 0.0)
    begun = time.monotonic()
    while time.monotonic() - begun < 1.1:
        session.progress(progress)
    told = [event for event in runs.events(run.id) if event.kind == "progress"]
    assert 1 <= len(told) <= 5
    last = runs.get(run.id).progress
    assert last is not None
    assert (last["step"], last["loss"], last["eta_seconds"]) == (7, None, None)


@pytest.mark.slow
def test_a_run_that_is_cancelled_while_its_process_starts_leaves_none(home: Path) -> None:
    store.close()
    for _ in range(5):
        run = submit()
        runs.tend()
        child = supervisor.SUPERVISORS[0].children[run.id]
        state = runs.request_cancel(run.id).state
        if state == "cancelled":
            break
        child.wait(timeout=60)  # its process was faster
    assert state == "cancelled"
    runs.tend()
    assert child.wait(timeout=5) in (-signal.SIGKILL, 0)  # it may have seen by itself that nothing is to be done
    assert runs.get(run.id).state == "cancelled"
    store.close()


@pytest.mark.slow
def test_a_training_gives_way_as_far_as_the_settings_say() -> None:
    program = (
        "import os, pathlib; from rabisco.runs.process import lower_priority; lower_priority(7); "
        "print(os.nice(0), end=' '); "
        "group = pathlib.Path('/proc/self/autogroup'); "
        "print(group.read_text().split()[-1] if group.exists() else os.nice(0))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=True)
    assert done.stdout.split() == [str(min(19, os.nice(0) + 7))] * 2


@pytest.mark.slow
def test_serving_and_submitting_load_nothing_that_trains(home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SUBMIT_AND_LOOK], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
