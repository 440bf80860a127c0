"""A real training watched through the API: every event once, in order, replayed, however it is asked for."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from tests.web.serving import Server, serving
from tests.web.training import cancel_all, digits_csv, send, wait_for

pytestmark = pytest.mark.training

PATIENCE = 480  # seconds; a machine whose cores train something else is slow to start Keras
STREAM = {"Accept": "text/event-stream"}


@pytest.fixture(scope="module")
def training_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("events"), workers=2) as running:
        yield running
        cancel_all(running)


@pytest.fixture(scope="module")
def run(training_server: Server) -> dict:
    """The seeds' one step: both files and the epochs, and an answer at once."""
    sent = time.monotonic()
    parts = {"train": digits_csv(0, 190), "test": digits_csv(1400), "epochs": "3", "model": "linear"}
    parts |= {"batch_size": "8", "learning_rate": "0.01"}
    started = send(training_server, "/training", **parts)
    assert time.monotonic() - sent < 20
    assert started["state"] == "queued"
    return started


def told(response: requests.Response) -> list[tuple[int, dict]]:
    """Return id and data of each server-sent event until the stream says that it ends."""
    found: list[tuple[int, dict]] = []
    fields: dict[str, str] = {}
    for line in response.iter_lines(decode_unicode=True):
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            if fields.get("event") == "end":
                return found
            found.append((int(fields["id"]), json.loads(fields["data"])))
            fields = {}
    return found


def test_the_stream_tells_every_event_until_the_training_has_succeeded(training_server: Server, run: dict) -> None:
    address = training_server.url + run["events"]
    with requests.get(address, headers=STREAM, stream=True, timeout=PATIENCE) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = told(response)
    assert [number for number, _ in events] == list(range(1, len(events) + 1))
    kinds = [event["kind"] for _, event in events]
    assert kinds.count("epoch") == 3
    assert events[-1][1]["payload"]["state"] == "succeeded"
    done = training_server.get(run["page"]).json()
    assert done["state"] == "succeeded"
    assert done["accuracy"] > 0.5
    assert done["last_event"] == len(events)

    with requests.get(address, headers={**STREAM, "Last-Event-ID": "3"}, stream=True, timeout=30) as response:
        assert told(response) == events[3:]
    asked = training_server.get(f"{run['events']}?after=3").json()
    assert asked["events"] == [event for _, event in events[3:]]
    assert (asked["last"], asked["state"], asked["ended"]) == (len(events), "succeeded", True)
    assert training_server.get(f"{run['events']}?after=x").status_code == 400


def test_the_page_says_success_and_accuracy_and_the_model_answers(training_server: Server, run: dict) -> None:
    done = wait_for(lambda: training_server.get(run["page"]).json(), "succeeded", seconds=PATIENCE)
    page = training_server.get(run["page"], headers={"Accept": "text/html"}).text
    assert "Training succeeded" in page
    assert f"{done['accuracy']:.2%}" in page
    assert "95% interval" in page
    assert "http-equiv" not in page
    listed = training_server.get("/runs?state=succeeded").json()["runs"]
    assert [one["id"] for one in listed] == [run["id"]]
    assert training_server.get(f"/models/{done['artifact']}").json()["run"] == run["id"]


def test_a_server_that_stops_leaves_a_row_that_tells_the_truth(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        run = first.post("/training", json={"dataset": "digits", "model": "linear", "epochs": 9000}).json()
        wait_for(lambda: first.get(run["page"]).json(), "running", seconds=PATIENCE)
    with serving(tmp_path) as second:  # the training outlived the first server, and this one finds it
        assert second.get(run["page"]).json()["state"] == "running"
        assert second.post(f"/runs/{run['id']}/cancel", headers={"Accept": "application/json"}).status_code == 202
        wait_for(lambda: second.get(run["page"]).json(), "cancelled", seconds=60)
