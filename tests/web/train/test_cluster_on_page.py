"""The page of trainings says how the cluster stands on which they run."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from rabisco import runs, store
from rabisco.runs.paths import cluster_file
from rabisco.runs.process import host
from rabisco.runs.states import change_state
from rabisco.settings import get_settings
from rabisco.web import create_app

NODE = {"cpus": 3.0, "gpus": 1.0, "memory": 32e9}
STATE = {
    "fault": "",
    "nodes": [{**NODE, "name": "node-1"}, {**NODE, "name": "node-2"}],
    "free": {"cpus": 4.0, "gpus": 2.0, "memory": 12e9},
}
PAGE = {"Accept": "text/html"}


@pytest.fixture
def client(home: Path) -> Iterator[FlaskClient]:
    store.close()
    yield create_app(get_settings()).test_client()
    store.close()


@pytest.fixture
def clustered(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setenv("RABISCO_RUNNER", "ray://head:10001")
    get_settings.cache_clear()
    cluster_file().parent.mkdir(parents=True, exist_ok=True)
    return client


def say(age: float = 0.0) -> None:
    cluster_file().write_text(json.dumps({**STATE, "moment": time.time() - age}))


def test_the_machines_and_what_is_free_are_shown_to_people_and_to_programs(clustered: FlaskClient) -> None:
    say()
    page = clustered.get("/runs", headers=PAGE).get_data(as_text=True)
    for words in ("Cluster", "node-1", "node-2", "4 of 6 processors", "2 of 2 GPUs", "12 GB of 64 GB of memory"):
        assert words in page
    told = clustered.get("/runs").get_json()["cluster"]
    assert [node["name"] for node in told["nodes"]] == ["node-1", "node-2"]
    assert told["free"] == STATE["free"]


def test_a_cluster_that_has_not_been_heard_of_for_long_does_not_answer(clustered: FlaskClient) -> None:
    for age in (60.0, None):
        cluster_file().unlink(missing_ok=True) if age is None else say(age)
        page = clustered.get("/runs", headers=PAGE).get_data(as_text=True)
        assert "The cluster does not answer" in page
        assert clustered.get("/runs").get_json()["cluster"]["fault"]


def test_without_a_cluster_nothing_is_said_of_one(client: FlaskClient) -> None:
    assert "Cluster" not in client.get("/runs", headers=PAGE).get_data(as_text=True)
    assert client.get("/runs").get_json()["cluster"] is None


def test_what_a_training_is_to_get_is_asked_only_where_there_is_a_cluster(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = [f'name="{name}"' for name in ("cpus", "gpus", "memory")]
    page = client.get("/train?dataset=digits", headers=PAGE).get_data(as_text=True)
    assert [field for field in fields if field in page] == []
    monkeypatch.setenv("RABISCO_RUNNER", "ray://head:10001")
    get_settings.cache_clear()
    page = client.get("/train?dataset=digits", headers=PAGE).get_data(as_text=True)
    assert [field for field in fields if field in page] == fields
    (token,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', page))
    form = {"csrf_token": token, "dataset": "digits", "name": "mine", "epochs": "", "cpus": "0,5", "memory": "lots"}
    refused = client.post("/training", data=form, headers=PAGE)
    assert refused.status_code == 422
    assert 'id="memory-wrong"' in refused.get_data(as_text=True)
    told = client.post("/training", data={**form, "memory": "", "gpus": "1"}, headers=PAGE)
    assert told.status_code == 303
    (run,) = runs.list_runs()
    assert [run.request[name] for name in ("cpus", "gpus", "memory")] == [0.5, 1.0, None]


@pytest.mark.parametrize(("machine", "said"), [("node-2", True), (host(), False)])
def test_a_training_that_failed_elsewhere_says_where_its_log_is(client: FlaskClient, machine: str, said: bool) -> None:
    run_id = runs.submit(runs.RunRequest.parse({"data": {"catalog": "digits"}, "artifact": "mine"})).id
    with store.writing() as session:
        assert change_state(session, run_id, ("queued",), "failed", host=machine)
    page = " ".join(client.get(f"/runs/{run_id}", headers=PAGE).get_data(as_text=True).split())
    assert (f"Its log is on the machine node-2, in the folder runs/{run_id}" in page) == said
