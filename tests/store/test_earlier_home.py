"""A home that an earlier version left is opened, changed to what this one keeps, and used as a whole.

``earlier/make.py`` made it with commit 64471f5, the last before one picture was stored once.
"""

import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.store.earlier.make import EPOCHS, READER, picture
from tests.web.serving import Server, serving
from tests.web.training import wait_for

ARCHIVE = Path(__file__).parent / "earlier" / "home-64471f5.tar.xz"
COOKIE = {"reader": READER}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this version over the home of that one."""
    home = tmp_path_factory.mktemp("earlier")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(home, filter="data")
    with closing(sqlite3.connect(home / "rabisco.db")) as database:
        database.executescript((home / "rabisco.sql").read_text(encoding="utf-8"))
    with serving(home, training_niceness=0) as running:
        yield running


@pytest.fixture(scope="module")
def runs(server: Server) -> list[dict[str, Any]]:
    """The runs, the newest first."""
    return server.get("/runs").json()["runs"]


def named(server: Server) -> dict[str, Any]:
    """Return what the model of the home answers to a picture."""
    return server.post("/predict", json={"image": picture(), "model": "mine"}).json()["predictions"][0]


def test_its_runs_are_listed_with_all_that_they_told(server: Server, runs: list[dict[str, Any]]) -> None:
    assert [run["state"] for run in runs] == ["interrupted", "succeeded", "unlearned"]
    assert [run["artifact_version"] for run in runs] == [None, 2, 1]
    told = server.get(f"/runs/{runs[1]['id']}/events", headers={"Accept": "application/json"}).json()
    assert [event["payload"]["epoch"] for event in told["events"] if event["kind"] == "epoch"] == [1, 2, 3]
    assert server.get(f"/runs/{runs[0]['id']}", headers={"Accept": "text/html"}).ok


def test_its_upload_is_ready_and_can_be_looked_through_again(server: Server, runs: list[dict[str, Any]]) -> None:
    address = "/" + runs[0]["data"]["upload"]
    upload = server.get(address).json()
    assert (upload["state"], upload["inspection"]["train"]["rows"]) == ("ready", 60)
    assert server.post(f"{address}/inspect").json()["state"] == "looking"
    again = wait_for(lambda: server.get(address).json(), "ready")
    assert again["inspection"]["classes"] == upload["inspection"]["classes"]


def test_a_picture_that_two_models_read_is_one_with_two_readings(server: Server) -> None:
    listing = server.get("/corrections", cookies=COOKIE).json()
    assert (listing["total"], listing["pictures"]) == (2, 1)
    assert [(one["model"], one["true_label"], one["right"]) for one in listing["corrections"]] == [
        ("mnist-cnn", "0", True),
        ("mine", "0", False),
    ]
    assert server.get("/corrections/export", cookies=COOKIE).content.startswith(b"PK")
    ordered = server.post("/corrections/retrain", json={"model": "mine"})
    assert ordered.status_code == 202
    assert server.post(f"/runs/{ordered.json()['id']}/cancel").ok


def test_its_model_answers_and_is_rolled_back(server: Server) -> None:
    answered = named(server)
    assert {one["category"] for one in answered["top_k"]} == {"0", "1"}
    assert server.post("/models/mine/rollback").ok
    assert named(server)["version"] == answered["version"] - 1


@pytest.mark.training
def test_its_interrupted_run_goes_on_from_its_checkpoint(server: Server, runs: list[dict[str, Any]]) -> None:
    address = f"/runs/{runs[0]['id']}"
    assert server.post(f"{address}/resume").ok
    wait_for(lambda: {"state": str(server.get(address).json()["progress"]["epoch"] > 2)}, "True", seconds=60)
    assert server.post(f"{address}/stop").ok
    ended = wait_for(lambda: server.get(address).json(), "stopped", "failed", "interrupted")
    told = server.get(f"{address}/events", headers={"Accept": "application/json"}).json()["events"]
    epochs = [event["payload"]["epoch"] for event in told if event["kind"] == "epoch"]
    assert (ended["state"], ended["message"]) == ("stopped", "")
    assert epochs == list(range(1, len(epochs) + 1))
    assert len(epochs) < EPOCHS
    assert named(server)["version"] == ended["artifact_version"] == 3
