"""The server process: quick to start, small, without what trains, and clear about its end."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from tests.web.serving import Server, free_port, serving, seven_png, start, wait_until_live

from rabisco.errors import InvalidConfigurationError
from rabisco.settings import Settings
from rabisco.web.platform.server import holds_work, number_of_workers, serve

SEVEN = seven_png()
LISTING = """
import sys
from rabisco.web import create_app
import io
client = create_app().test_client()
answer = client.post("/predict", data={"file": (io.BytesIO(sys.stdin.buffer.read()), "seven.png")})
assert answer.json["predictions"][0]["category"] == "7", answer.json
assert "scipy.ndimage" not in sys.modules and "scipy.special" not in sys.modules  # that takes 0.2 s and 18 MB
print(*sorted(name for name in sys.modules if "." not in name))
"""

MEETING = """
import sys, threading
from importlib.machinery import PathFinder
import rabisco.store  # which takes time
from rabisco.settings import get_settings
from rabisco.web.platform.lazy import LazyApplication, start_supervisor

errors, inside, met = [], threading.Event(), threading.Event()

class Meeting:
    def find_spec(self, name, path=None, target=None):
        if name == "rabisco.runs.request":
            threading.Timer(0.3, met.set).start()
        if name != "rabisco.training":
            return None
        spec = PathFinder.find_spec(name, path)
        run = spec.loader.exec_module
        spec.loader.exec_module = lambda module: (inside.set(), met.wait(3), run(module))
        return spec

sys.meta_path.insert(0, Meeting())
threading.excepthook = lambda given: errors.append(repr(given.exc_value))
app = LazyApplication(get_settings())
made = threading.Thread(target=app.make)
made.start()
inside.wait()
supervision = threading.Thread(target=start_supervisor)
supervision.start()
made.join()
supervision.join()
assert errors == [], errors
"""

FIRST_ANSWER = """
import sys
from rabisco.settings import get_settings
from rabisco.web.platform.server import _load_default_model
_load_default_model(get_settings())
print(*sorted(sys.modules))
"""


def test_the_web_process_imports_nothing_that_trains() -> None:
    result = subprocess.run([sys.executable, "-c", LISTING], input=SEVEN, capture_output=True, check=True)
    modules = set(result.stdout.decode().split())
    assert {"rabisco", "flask", "onnxruntime"} <= modules
    assert modules.isdisjoint({"keras", "tensorflow", "torch", "jax", "sklearn", "matplotlib", "onnx", "tf2onnx"})


def test_the_first_answer_waits_for_nothing_that_it_does_not_need() -> None:
    result = subprocess.run([sys.executable, "-c", FIRST_ANSWER], capture_output=True, check=True)
    modules = set(result.stdout.decode().split())
    assert {"rabisco.inference", "rabisco.web.read.direct"} <= modules
    unneeded = {"rabisco.data", "rabisco.evaluation", "rabisco.intake", "rabisco.store"}
    assert modules.isdisjoint({*unneeded, "flask", "limits", "pooch", "requests", "rich", "scipy", "sqlalchemy"})


def test_the_first_prediction_comes_soon_and_a_thousand_leave_the_process_small(tmp_path: Path) -> None:
    started = time.perf_counter()
    with serving(tmp_path, forked=False) as server:
        assert server.post("/predict", files={"file": SEVEN}).status_code == 200
        seconds = time.perf_counter() - started
        for _ in range(20):
            answer = server.post("/predict", files=[("file", ("seven.png", SEVEN))] * 50)
            assert len(answer.json()["predictions"]) == 50
        megabytes = psutil.Process(server.worker).memory_info().rss / 2**20
    print(f"first answer after {seconds:.2f} s; {megabytes:.0f} MB after 1,000 predictions")
    assert megabytes < 180
    assert seconds < 10  # about 1.5 s alone; these machines are shared


def test_there_are_as_many_workers_as_processors_unless_each_would_count_for_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for processors, workers in ((1, 1), (2, 2), (64, 4)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, n=processors: set(range(n)), raising=False)
        assert number_of_workers(Settings()) == workers
    assert number_of_workers(Settings(rate_limit="60/minute")) == 1
    assert number_of_workers(Settings(workers=3, rate_limit="60/minute")) == 3


def test_predictions_and_health_load_no_page_and_a_page_is_there_when_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path, forked=False) as server:
        assert server.post("/predict", files={"file": SEVEN}).status_code == 200
        assert server.get("/health").json()["status"] == "ready"
        before = psutil.Process(server.worker).memory_info().rss
        assert "canvas" in server.get("/", headers={"Accept": "text/html"}).text
        assert psutil.Process(server.worker).memory_info().rss > before + 10 * 2**20
        assert 'route="/predict"' in server.get("/metrics").text  # what was counted before the page was there


def test_what_an_earlier_server_left_to_be_done_is_seen_without_loading_what_does_it(tmp_path: Path) -> None:
    database = tmp_path / "rabisco.db"
    assert not holds_work(database)
    with closing(sqlite3.connect(database)) as connection:
        assert holds_work(database)  # of an earlier release, or damaged: whoever knows better is asked
        connection.executescript("CREATE TABLE runs (state); CREATE TABLE uploads (state);")
        connection.executescript("INSERT INTO runs VALUES ('succeeded'); INSERT INTO uploads VALUES ('ready');")
        assert not holds_work(database)
        for table, state in (("runs", "queued"), ("uploads", "looking")):
            connection.execute(f"INSERT INTO {table} VALUES (?)", (state,))
            connection.commit()
            assert holds_work(database)
            connection.execute(f"DELETE FROM {table}")
            connection.commit()


def test_a_port_that_is_taken_is_named_with_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidConfigurationError, match=f"127.0.0.1:{port}.*rabisco serve --port {port + 1}"):
            serve(Settings(port=port))


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(InvalidConfigurationError, match="cannot be had"):
        serve(Settings(host="192.0.2.1", port=free_port()))


def test_a_name_instead_of_an_address_and_any_free_port_will_do(tmp_path: Path) -> None:
    process = start(0, tmp_path, host="localhost", workers=2, forked=False)
    assert process.stdout
    url = process.stdout.readline().split()[3]
    try:
        wait_until_live(Server(int(url.rsplit(":", 1)[1].strip("/")), process))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=15)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_termination_end_it_in_silence(tmp_path: Path, end: signal.Signals) -> None:
    port = free_port()
    server = Server(port, start(port, tmp_path, forked=False))
    wait_until_live(server)
    workers = psutil.Process(server.process.pid).children()
    server.process.send_signal(end)
    printed, _ = server.process.communicate(timeout=15)
    assert server.process.returncode == 0
    assert printed == f"Rabisco is at http://127.0.0.1:{port}/ (stop with Ctrl-C)\n"
    assert not [worker for worker in workers if worker.is_running()]


def test_a_killed_server_takes_its_workers_with_it_and_frees_its_port(tmp_path: Path) -> None:
    with serving(tmp_path, workers=2) as killed:
        workers = psutil.Process(killed.process.pid).children()
        killed.process.kill()
        killed.process.wait()
        gone, alive = psutil.wait_procs(workers, timeout=10)
        assert (len(gone), alive) == (2, [])
        with serving(tmp_path, port=killed.port) as again:
            assert again.get("/health/live").status_code == 200


def test_the_environment_of_the_server_does_not_leak_into_answers(tmp_path: Path) -> None:
    os.environ["RABISCO_TEST_SECRET"] = "k3y"
    try:
        with serving(tmp_path) as server:
            bodies = [server.get(path).text for path in ("/", "/nothing", "/health", "/models", "/docs")]
    finally:
        del os.environ["RABISCO_TEST_SECRET"]
    assert not any("k3y" in body or str(tmp_path) in body or "Traceback" in body for body in bodies)


def test_threads_that_import_parts_of_the_application_wait_for_each_other(tmp_path: Path) -> None:
    """One is within a package as the other begins a module of it, which Python took for a deadlock."""
    done = subprocess.run(
        [sys.executable, "-c", MEETING],
        env={**os.environ, "RABISCO_HOME": str(tmp_path), "RABISCO_TRAININGS": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
