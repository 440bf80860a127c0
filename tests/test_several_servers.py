"""Two servers with homes of their own, one PostgreSQL and one object store: what one does, the other has."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import psycopg
import pytest
import requests
from tests import forking
from tests.databases import postgresql
from tests.kills import _trainings as trainings
from tests.kills import _weights_of as weights_of
from tests.stores import CREDENTIALS, Store, running_store, store
from tests.test_deploy import proxied
from tests.web.serving import Server, free_port, serving, seven_png, start, wait_until_live
from tests.web.training import digits_csv, looked_through, send

from rabisco import objects, runs
from rabisco import store as database
from rabisco.runs.paths import place_of
from rabisco.runs.worker import LEAST_PAUSE
from rabisco.settings import get_settings

__all__ = ["postgresql", "running_store", "store"]
PATIENCE = 300.0  # seconds; other processes may need the cores too
EPOCHS = 40
TRAINING = {"model": "linear", "name": "mine", "epochs": EPOCHS, "batch_size": 2}


def until(come: Callable[[], Any], seconds: float = PATIENCE) -> float:
    """Return after how many seconds something has come."""
    begun = time.monotonic()
    while not come():
        assert time.monotonic() - begun < seconds
        time.sleep(0.05)
    return time.monotonic() - begun


def answering(server: Server) -> tuple[str, int]:
    answer = server.post("/predict", files={"file": seven_png()}).json()["predictions"][0]
    return answer["model"], answer["version"]


def epochs_of(run_id: str) -> list[int]:
    return [event.payload["epoch"] for event in runs.events(run_id, limit=10_000) if event.kind == "epoch"]


def end(server: Server, run_id: str) -> None:
    """Kill a server, all that it started, and the training."""
    first = psutil.Process(server.process.pid)
    everything = [first, *first.children(recursive=True), *trainings(run_id)]
    for process in everything:
        process.kill()
    psutil.wait_procs(everything, timeout=30)


@pytest.mark.slow
@pytest.mark.training
def test_a_server_takes_over_from_another_through_the_store_and_the_database(
    store: Store, postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    monkeypatch.setenv("RABISCO_DATABASE_URL", postgresql)
    asked = {"storage": store.storage, "database_url": postgresql}
    homes, ports = [tmp_path / "a", tmp_path / "b"], [free_port(), free_port()]
    with (
        serving(homes[0], port=ports[0], **asked) as first,
        serving(homes[1], port=ports[1], **asked) as second,
        proxied(tmp_path, ports) as address,
    ):
        upload = send(first, train=digits_csv(0, 190))
        assert looked_through(second, upload["id"])["state"] == "ready"
        undisturbed = second.post("/training", json={**TRAINING, "upload": upload["id"]}).json()["id"]
        until(lambda: first.get(f"/runs/{undisturbed}").json()["state"] == "succeeded")
        until(lambda: all("mine" in server.get("/health").json()["models"] for server in (first, second)))
        assert first.post("/models/mine/promote").status_code == 200
        assert until(lambda: answering(second) == ("mine", 1)) < 5

        disturbed = first.post("/training", json={**TRAINING, "upload": upload["id"]}).json()["id"]
        until(lambda: len(epochs_of(disturbed)) > 5)
        (training,) = trainings(disturbed)
        training.suspend()  # a machine with nothing else to do would be done before a checkpoint is sent
        time.sleep(LEAST_PAUSE)
        training.resume()
        until(lambda: objects.manifest_of(place_of(disturbed)))
        training.suspend()  # until it is killed
        victim, other, home = (first, second, homes[1]) if "/a/" in training.cwd() else (second, first, homes[0])
        statuses, over = list[int | str](), threading.Event()
        load = threading.Thread(target=ask, args=[address, statuses, over])
        load.start()
        until(lambda: len(statuses) > 10)
        end(victim, disturbed)
        until(lambda: other.get(f"/runs/{disturbed}").json()["state"] == "interrupted")
        assert other.get(f"/runs/{disturbed}").json()["begun"]
        assert other.post(f"/runs/{disturbed}/resume").status_code in (200, 202)
        until(lambda: other.get(f"/runs/{disturbed}").json()["state"] == "succeeded")
        until(lambda: answering(other) == ("mine", 2))
        over.set()
        load.join()
        assert sum(one != 200 for one in statuses) <= 1  # the one in flight
        monkeypatch.setenv("RABISCO_HOME", str(home))
        get_settings.cache_clear()
        told = epochs_of(disturbed)
        assert len(told) < EPOCHS + 20  # from a checkpoint, not from the start
        assert set(told) == set(range(1, EPOCHS + 1))
        for own, expected in zip(weights_of(runs.get(disturbed)), weights_of(runs.get(undisturbed)), strict=True):
            np.testing.assert_array_equal(own, expected)
        until(lambda: objects.manifest_of(place_of(disturbed)) is None)  # nothing is left of a training that is over
        assert other.post(f"/uploads/{upload['id']}/delete").status_code in (200, 204, 303, 404)
        with store.frozen():
            until(lambda: other.get("/health/ready").json()["storage"] == "away")
            assert answering(other) == ("mine", 2)
        until(lambda: other.get("/health/ready").json()["storage"] == "ok")
    database.close()


def ask(address: str, statuses: list[int | str], over: threading.Event) -> None:
    picture = seven_png()
    while not over.is_set():
        try:
            statuses.append(requests.post(f"{address}/predict", files={"file": picture}, timeout=30).status_code)
        except requests.RequestException as error:
            statuses.append(repr(error))
        time.sleep(0.05)  # as much load as shows a request that fails


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"RABISCO_STORAGE": "s3://there-is-no-such-bucket"}, "there is no such bucket"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "EndpointConnectionError"),
    ],
)
def test_a_store_that_cannot_be_used_is_said_at_the_start(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], said: str
) -> None:
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    ended = forking.run_python("server", ["-m", "rabisco", "serve", "--port", str(free_port())], PATIENCE)
    assert ended.returncode != 0
    assert "RABISCO_STORAGE" in ended.stderr
    assert said in ended.stderr
    assert CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in ended.stdout + ended.stderr


@pytest.mark.slow
def test_a_server_starts_with_what_it_has_while_the_store_is_away(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in (store.url, "http://127.0.0.1:1"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        server = Server(port := free_port(), start(port, tmp_path, storage=store.storage))
        try:
            wait_until_live(server, PATIENCE)
            assert answering(server)[0] == "mnist-cnn"
            if address != store.url:
                refused = server.post("/models/mnist-linear/promote")
                assert (refused.status_code, "object store" in refused.text) == (507, True)
        finally:
            server.process.terminate()
            server.process.communicate()
