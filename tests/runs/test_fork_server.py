"""A training is begun by a process that has imported Keras before it was ordered."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from tests.homes import at_home
from tests.web.serving import serving

from rabisco import runs
from rabisco.runs.paths import LOG_FILE, folder_of
from rabisco.runs.process import WHOLLY
from rabisco.runs.runners import TRAINING, ForkedProcess, ForkServer, can_fork
from rabisco.settings import get_settings

pytestmark = [
    pytest.mark.training,
    pytest.mark.skipif(not can_fork(), reason="nothing is forked here"),
]
NICENESS = 3
REQUEST = {"data": {"catalog": "digits"}, "artifact": "mine", "architecture": "linear", "epochs": 400}


def wait_until(true: Callable[[], object], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForkServer]:
    monkeypatch.setenv("RABISCO_TRAINING_NICENESS", str(NICENESS))
    get_settings.cache_clear()
    process = ForkServer()
    yield process
    process.end()


def begin(server: ForkServer) -> tuple[str, ForkedProcess]:
    run = runs.submit(runs.RunRequest.parse(REQUEST))
    folder_of(run.id).mkdir(parents=True)
    return run.id, server.begin(run.id, folder_of(run.id))


def test_what_it_begins_is_a_process_of_its_own_that_outlives_it_and_can_be_killed(server: ForkServer) -> None:
    run_id, begun = begin(server)
    wait_until(lambda: runs.get(run_id).state == "running")
    process = psutil.Process(int(begun.told["pid"]))
    assert (os.getsid(process.pid), Path(process.cwd())) == (process.pid, folder_of(run_id))
    niceness = min(19, os.nice(0) + NICENESS)
    assert process.nice() == psutil.Process(server.process.pid).nice() == niceness
    for group in map(
        Path, (f"/proc/{process.pid}/autogroup", f"/proc/{server.process.pid}/autogroup")
    ):  # each has its session
        assert not group.exists() or group.read_text(encoding="ascii").split()[-1] == str(niceness)
    server.end()
    wait_until(lambda: not server.waits)
    wait_until(lambda: runs.get(run_id).progress)
    assert begun.poll() is None
    begun.kill()
    wait_until(lambda: begun.poll() == -1)
    assert runs.get(run_id).state == "interrupted"


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="the system has no such processes")
@pytest.mark.parametrize(("niceness", "policy"), [(WHOLLY, "SCHED_IDLE"), (WHOLLY - 1, "SCHED_OTHER")])
def test_a_process_that_gives_way_wholly_runs_while_no_other_wants_to(niceness: int, policy: str) -> None:
    program = (
        "import os, sys, threading; from rabisco.runs.process import lower_priority\n"
        f"lower_priority({niceness} - os.nice(0))\n"
        "thread = threading.Thread(target=lambda: print(os.sched_getscheduler(threading.get_native_id())))\n"
        "thread.start(); thread.join(); sys.stdout.flush(); os._exit(0)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert int(told) == getattr(os, policy)


def test_it_says_how_a_process_ended_and_begins_the_next(server: ForkServer) -> None:
    for _ in range(2):
        folder = folder_of("nobody")
        folder.mkdir(parents=True, exist_ok=True)
        begun = server.begin("nobody", folder)
        wait_until(lambda begun=begun: begun.poll() is not None)
        assert begun.poll() == 0
        assert "Traceback" not in (folder / LOG_FILE).read_text(encoding="utf-8")
    assert server.waits


def test_where_it_has_died_the_run_is_known_not_to_have_begun(server: ForkServer) -> None:
    psutil.Process(server.process.pid).kill()
    _, begun = begin(server)
    wait_until(lambda: begun.poll() == -1)


@pytest.mark.parametrize("early", [False, True])  # opened before anything was supervised
def test_whoever_fills_in_the_form_of_a_training_finds_keras_imported(tmp_path: Path, early: bool) -> None:
    if early:
        with at_home(tmp_path):
            runs.expect()
    with serving(tmp_path, forked=False) as server:
        server.get("/runs" if early else "/train?dataset=digits", headers={"Accept": "text/html"})
        processes = psutil.Process(server.process.pid)
        wait_until(lambda: any(one.cmdline()[-1:] == [TRAINING.module] for one in processes.children(recursive=True)))
